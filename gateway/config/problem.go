package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a configuration: where it is, what is wrong and
// what would be right.
type Problem struct {
	File    string // as given; empty for a configuration that was built in code
	Line    int    // 1 is the first line; 0 when there is no line to point at
	Key     string // the place inside, e.g. "sites[2].zones[0].kind"; empty for the file as a whole
	What    string
	Want    string
	Warning bool // doubtful, but not a reason to refuse
}

// String is the problem on one line, "FILE:LINE: what is wrong; what would be
// right". Without a line the place inside the configuration stands for it.
func (p Problem) String() string {
	var b strings.Builder
	switch {
	case p.Line > 0:
		fmt.Fprintf(&b, "%s:%d: ", p.File, p.Line)
	case p.File != "":
		fmt.Fprintf(&b, "%s: ", p.File)
	case p.Key != "":
		fmt.Fprintf(&b, "%s: ", p.Key)
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.What)
	if p.Want != "" {
		b.WriteString("; " + p.Want)
	}
	return b.String()
}

// Error is a configuration that was refused: every problem that is not merely
// a warning, one on each line.
type Error struct {
	Problems []Problem
}

// Error returns the problems, one on each line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Refusal returns an *Error holding those of the problems that are not
// warnings, and nil when there are none.
func Refusal(problems []Problem) error {
	var bad []Problem
	for _, p := range problems {
		if !p.Warning {
			bad = append(bad, p)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return &Error{Problems: bad}
}

// inFileOrder sorts by line and keeps the order of discovery within a line.
func inFileOrder(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return problems
}
