package chaos

import (
	"cmp"
	"slices"
	"time"
)

const (
	// rounding is what whole milliseconds take from a time, once when it is
	// measured and once when it is told.
	rounding = 2 * time.Millisecond
	// noticing is how late an agent may see that its wall clock was set.
	noticing = 5 * time.Second
	// apart is how much later than its place a reconstructed record may lie, so
	// that it shares its millisecond with no other.
	apart = time.Second
	// flushing is what a commit may take on a busy disk, beyond the wait for it.
	flushing = 2 * time.Second
)

// judge works on one site.
type judge struct {
	Site
	a         Account
	byCounter map[uint32]int // index of an answered poll
	stored    map[string]map[uint32]bool
	bad       map[string][]Row // by channel, in order of time
}

// Account compares poll by poll.
func (s Site) Account() Account {
	j := &judge{Site: s, byCounter: map[uint32]int{}, stored: map[string]map[uint32]bool{}, bad: map[string][]Row{}}
	for i, p := range s.Polls {
		if p.wasAnswered() {
			j.byCounter[p.Counter] = i
		}
	}
	j.rows()
	j.order()
	for i := range s.Polls {
		j.poll(i)
	}
	j.gaps()
	return j.a
}

// rows looks at what is stored: known, unaltered, once.
func (j *judge) rows() {
	type identity struct{ epoch, seq uint64 }
	seen := map[identity]Row{}
	for _, c := range Channels() {
		j.stored[c.Name] = map[uint32]bool{}
		for _, r := range j.Rows {
			if r.Channel != c.Name {
				continue
			}
			id := identity{r.Epoch, r.Seq}
			if other, twice := seen[id]; twice && !j.bothRestored() {
				j.a.Doubled.add("%s: epoch %d sequence %d is stored twice: %s and %s", j.Name, r.Epoch, r.Seq, other.text(), r.text())
			}
			seen[id] = r
			if !r.HasValue {
				j.bad[c.Name] = append(j.bad[c.Name], r)
				continue
			}
			j.value(c, r)
		}
		slices.SortStableFunc(j.bad[c.Name], func(a, b Row) int { return a.At.Compare(b.At) })
	}
}

func (j *judge) value(c Channel, r Row) {
	counter, ok := c.Counter(r.Value)
	i, asked := j.byCounter[counter]
	if !ok || !asked {
		j.a.Altered.add("%s: %s was never answered", j.Name, r.text())
		return
	}
	if j.stored[c.Name][counter] {
		j.a.Doubled.add("%s: poll %d is stored twice, the second time as %s", j.Name, counter, r.text())
		return
	}
	j.stored[c.Name][counter] = true
	j.a.Stored++
	if p := j.Polls[i]; !j.timeFits(r, p.Answered, j.end(i)) {
		j.a.Altered.add("%s: poll %d was answered at %s, the next asked at %s, and is stored as %s", j.Name, counter, stamp(p.Answered), stamp(j.end(i)), r.text())
	}
}

// end is when the reading of a poll must have had its time at the latest: when
// the next question came.
func (j *judge) end(i int) time.Time {
	if i+1 < len(j.Polls) {
		return j.Polls[i+1].Asked
	}
	return j.Polls[i].Asked.Add(time.Minute)
}

// timeFits reports whether the row's time lies between two of the harness's.
func (j *judge) timeFits(r Row, from, to time.Time) bool {
	late := time.Duration(0)
	until := from
	if r.Reconstructed {
		late, until = apart, time.Time{}
	}
	if (r.Uncertain || r.Reconstructed && !r.HasValue) && j.bounded(r, from, to) {
		return true
	}
	if r.Uncertain && !r.Reconstructed {
		return false
	}
	for _, o := range j.offsets(from, until) {
		if !r.At.Before(from.Add(o-rounding)) && !r.At.After(to.Add(o+late+rounding)) {
			return true
		}
	}
	return false
}

// bounded reports whether a row of a start that never had a clock lies where
// one of the agent's words puts it: as far from the truth as where the start was
// put is from where it can have begun.
func (j *judge) bounded(r Row, from, to time.Time) bool {
	return slices.ContainsFunc(j.Bounds, func(b Bound) bool {
		early, late := b.Latest.Sub(b.Began)+apart, b.Began.Sub(b.Earliest)+apart
		return !r.At.Before(from.Add(-early)) && !r.At.After(to.Add(late))
	})
}

// offsets lists what the wall clock may have been off by between two times; a
// zero until is the end.
func (j *judge) offsets(from, until time.Time) []time.Duration {
	if len(j.Clock) == 0 {
		return []time.Duration{0}
	}
	var out []time.Duration
	for i, s := range j.Clock {
		over := i+1 < len(j.Clock) && j.Clock[i+1].From.Before(from.Add(-noticing))
		if !over && (until.IsZero() || s.From.Before(until.Add(noticing))) {
			out = append(out, s.Offset)
		}
	}
	return out
}

// bothRestored reports whether the site's journal and the county's memory of it
// were both set back. Then nobody knows that a number was given before.
func (j *judge) bothRestored() bool {
	if j.damaged(time.Time{}, time.Time{}, JournalRestored) && j.damaged(time.Time{}, time.Time{}, CountyRestored) {
		return true
	}
	return slices.ContainsFunc(j.Damages, func(d Damage) bool {
		return d.Kind == WALDamaged && j.damaged(d.From, d.To.Add(unheard), CountyRestored)
	})
}

// unheard is how long after its journal's log was lost an agent may not have
// heard a county that still knew its numbers. When it has, it begins an epoch.
const unheard = 30 * time.Second

// order: within a channel and epoch the sequence is the order of the polls.
func (j *judge) order() {
	if j.bothRestored() {
		return
	}
	type run struct {
		channel string
		epoch   uint64
	}
	runs := map[run][]Row{}
	for _, r := range j.Rows {
		if r.HasValue {
			runs[run{r.Channel, r.Epoch}] = append(runs[run{r.Channel, r.Epoch}], r)
		}
	}
	for _, c := range Channels() {
		for id, rows := range runs {
			if id.channel != c.Name {
				continue
			}
			slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Seq, b.Seq) })
			for i := 1; i < len(rows); i++ {
				before, _ := c.Counter(rows[i-1].Value)
				after, _ := c.Counter(rows[i].Value)
				if after < before {
					j.a.Unordered.add("%s: %s before %s", j.Name, rows[i-1].text(), rows[i].text())
				}
			}
		}
	}
}

// poll looks for what became of one.
func (j *judge) poll(i int) {
	p := j.Polls[i]
	if p.wasAnswered() {
		j.a.Answered++
	} else {
		j.a.Unanswered++
	}
	for _, c := range Channels() {
		switch {
		case p.wasAnswered() && j.stored[c.Name][p.Counter]:
		case p.wasAnswered() && j.gaveUp(c.Name, i):
			j.a.Late++
		case !p.wasAnswered() && j.isBad(c.Name, i, p.Reason):
			j.a.Bad++
		default:
			j.missing(c, i)
		}
	}
}

// gaveUp reports whether the agent says that the answer came too late. It asked
// after the answer before and waited its whole time; on a starved machine the
// slave may have got the question when that was over.
func (j *judge) gaveUp(channel string, i int) bool {
	asked := j.Polls[i].Asked
	if i > 0 {
		asked = j.Polls[i-1].Asked
		if j.Polls[i-1].wasAnswered() {
			asked = j.Polls[i-1].Answered
		}
	}
	return j.found(channel, asked.Add(j.Timeout-50*time.Millisecond), j.end(i), "timeout")
}

func (j *judge) isBad(channel string, i int, reason string) bool {
	return j.found(channel, j.Polls[i].Asked, j.end(i), reason)
}

func (j *judge) found(channel string, from, to time.Time, reason string) bool {
	return slices.ContainsFunc(j.bad[channel], func(r Row) bool { return r.Reason == reason && j.timeFits(r, from, to) })
}

// missing looks for the gap that declares it. A gap that begins with lost
// readings begins at the first one's own time: when the agent had the answer.
func (j *judge) missing(c Channel, i int) {
	p := j.Polls[i]
	at := p.Answered
	if !p.wasAnswered() {
		at = p.Asked.Add(j.Timeout)
	}
	why := "is neither stored nor inside a declared gap"
	for _, g := range j.Gaps {
		if !j.inside(g, p.Asked) && !j.inside(g, at) && !j.begins(g, at, j.had(i)) {
			continue
		}
		before, excused, ok := j.mayTake(g, p.Asked, at)
		if !ok {
			why = "lies inside a gap " + g.text() + " but was answered " + before.Round(time.Millisecond).String() + " before the agent ended, longer than a commit may take"
			continue
		}
		if g.Cause == causeRestart && !excused {
			j.a.LongestLoss = max(j.a.LongestLoss, before)
		}
		if p.wasAnswered() {
			j.a.Declared++
		}
		return
	}
	j.a.Lost.add("%s/%s: poll %d of %s %s", j.Name, c.Name, p.Counter, stamp(at), why)
}

// had is when the agent had a poll's answer at the latest.
func (j *judge) had(i int) time.Time {
	at := j.Polls[i].Asked.Add(j.Timeout)
	if end := j.end(i); end.Before(at) {
		return end
	}
	return at
}

// begins reports whether a gap begins between two of the harness's times.
func (j *judge) begins(g Gap, from, to time.Time) bool {
	return slices.ContainsFunc(j.offsets(from, from), func(o time.Duration) bool {
		return !g.From.Before(from.Add(o-rounding)) && !g.From.After(to.Add(o+rounding))
	})
}

const causeRestart = "restart"

// mayTake reports whether a gap may have taken what was asked and known then: of
// a restart, no more than one commit interval before the end of the agent that
// had asked, unless that is excused by what was done to the disk. before is how
// long before the end it was known; nothing, when the agent ended while it waited
// for the answer.
func (j *judge) mayTake(g Gap, asked, known time.Time) (before time.Duration, excused, ok bool) {
	if g.Cause != causeRestart {
		return 0, true, true
	}
	for i, l := range j.Lives {
		if asked.Before(l.Began) || !l.Ended.IsZero() && asked.After(l.Ended) {
			continue
		}
		if l.Ended.IsZero() {
			return 0, false, false // it lives
		}
		before = max(0, l.Ended.Sub(known))
		next := l.Ended
		if i+1 < len(j.Lives) {
			next = j.Lives[i+1].Began
		}
		excused = j.damaged(known, next, DiskFilled) || j.taken(known)
		return before, excused, excused || before <= j.Commit+flushing || j.few(known, l.Ended)
	}
	return 0, true, true // nobody was there to ask for it again
}

// few reports whether no more polls lie between two times than an agent makes in
// a commit interval: on a machine that starves it, its time is longer, and so
// are its polls apart.
func (j *judge) few(from, to time.Time) bool {
	n := 0
	for _, p := range j.Polls {
		if p.Asked.After(from) && p.Asked.Before(to) {
			n++
		}
	}
	return j.Period > 0 && n <= int((j.Commit+flushing)/j.Period)
}

// taken reports whether what was answered then may have gone with a journal
// that was cut or replaced.
func (j *judge) taken(at time.Time) bool {
	return slices.ContainsFunc(j.Damages, func(d Damage) bool {
		return (d.Kind == WALDamaged || d.Kind == JournalRestored) && !at.Before(d.reach()) && !at.After(d.To)
	})
}

// damaged reports whether anything was done to the disk between two times.
func (j *judge) damaged(from, to time.Time, kinds ...Kind) bool {
	return slices.ContainsFunc(j.Damages, func(d Damage) bool {
		return !d.To.Before(from) && (to.IsZero() || !d.From.After(to)) && (len(kinds) == 0 || slices.Contains(kinds, d.Kind))
	})
}

func (j *judge) inside(g Gap, at time.Time) bool {
	late := time.Duration(0)
	if g.Cause == causeRestart {
		late, _ = j.restarted(g)
	}
	return slices.ContainsFunc(j.offsets(at, at), func(o time.Duration) bool {
		return !at.Add(o).Before(g.From.Add(-late-rounding)) && !at.Add(o).After(g.To.Add(rounding))
	})
}

func stamp(t time.Time) string { return t.UTC().Format("15:04:05.000") }

func (g Gap) text() string {
	return g.Cause + " from " + stamp(g.From) + " to " + stamp(g.To)
}
