package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Table is what a run prints at its end.
type Table struct {
	Strikes  map[Kind]int
	Skipped  map[Kind]int // could not be done on this machine
	Account  Account
	Apart    map[string]int  // quarantined by reason, without what was sent as poison
	Recovery []time.Duration // from a strike's end to every site's newest reading stored
	Took     time.Duration
}

// Line is the table so far in one line, so that a soak that is broken off has
// said something.
func (t Table) Line() string {
	a, strikes := t.Account, 0
	for _, n := range t.Strikes {
		strikes += n
	}
	return fmt.Sprintf("so far: %d faults, %d polls answered, %d readings stored, %d inside %d declared gaps; lost %d, doubled %d, altered %d, out of order %d, gaps without a fault %d; %s",
		strikes, a.Answered, a.Stored, a.Declared, a.Gaps, a.Lost.Count, a.Doubled.Count, a.Altered.Count, a.Unordered.Count, a.Undeclared.Count, t.Took.Round(time.Second))
}

// String is the table as text.
func (t Table) String() string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "| %-42s | %12v |\n", name, value) }
	b.WriteString("\n")
	line("fault", "times")
	fmt.Fprintf(&b, "|%s|%s|\n", strings.Repeat("-", 44), strings.Repeat("-", 14))
	for _, k := range slices.Sorted(maps.Keys(t.Strikes)) {
		line(string(k), t.Strikes[k])
	}
	for _, k := range slices.Sorted(maps.Keys(t.Skipped)) {
		line(string(k)+" (needs root)", "not run")
	}
	a := t.Account
	b.WriteString("\n")
	line("outcome", "")
	fmt.Fprintf(&b, "|%s|%s|\n", strings.Repeat("-", 44), strings.Repeat("-", 14))
	line("polls answered / not on purpose", fmt.Sprintf("%d / %d", a.Answered, a.Unanswered))
	line("readings stored with a value", a.Stored)
	line("bad readings of unanswered polls", a.Bad)
	line("inside declared gaps", a.Declared)
	line("declared gaps", a.Gaps)
	line("answered too late for the agent", a.Late)
	line("lost", a.Lost.Count)
	line("doubled", a.Doubled.Count)
	line("altered", a.Altered.Count)
	line("out of order", a.Unordered.Count)
	line("gaps without a fault", a.Undeclared.Count)
	for _, reason := range slices.Sorted(maps.Keys(t.Apart)) {
		line("quarantined, "+reason, t.Apart[reason])
	}
	line("oldest reading that a kill took", a.LongestLoss.Round(time.Millisecond))
	if r := slices.Sorted(slices.Values(t.Recovery)); len(r) > 0 {
		line("recovery, median", r[len(r)/2].Round(100*time.Millisecond))
		line("recovery, longest", r[len(r)-1].Round(100*time.Millisecond))
	}
	line("time", t.Took.Round(time.Second))
	return b.String()
}
