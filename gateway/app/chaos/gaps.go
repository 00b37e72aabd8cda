package chaos

import (
	"fmt"
	"time"
)

// gaps looks at the declarations: each has a fault behind it, and a restart's
// has nothing inside it that was stored.
func (j *judge) gaps() {
	j.a.Gaps = len(j.Gaps)
	for _, g := range j.Gaps {
		if why := j.unfounded(g); why != "" {
			j.a.Undeclared.add("%s: gap %s: %s", j.Name, g.text(), why)
		}
	}
}

// unfounded says what is wrong with a gap, or nothing.
func (j *judge) unfounded(g Gap) string {
	switch g.Cause {
	case causeRestart:
		if _, ok := j.restarted(g); !ok {
			return "the agent did not end then"
		}
		return j.notEmpty(g)
	case "journal-corrupt":
		if !j.damaged(j.real(g.From), time.Time{}, JournalTruncated, JournalFlipped, WALDamaged) {
			return "nothing was done to the journal"
		}
	case "journal-not-writable":
		if !j.damaged(j.real(g.From), time.Time{}, DiskFilled) {
			return "the disk had room"
		}
	default:
		return "no fault of ours has that cause"
	}
	return ""
}

// real is the earliest time on the harness's clock that the agent may have
// called so.
func (j *judge) real(at time.Time) time.Time {
	least := at
	for _, s := range j.Clock {
		if t := at.Add(-s.Offset); t.Before(least) {
			least = t
		}
	}
	return least
}

// restarted reports whether one life ended and the next began inside the gap,
// and how much too late the gap may begin.
func (j *judge) restarted(g Gap) (late time.Duration, ok bool) {
	for i := range len(j.Lives) - 1 {
		ended, began := j.Lives[i].Ended, j.Lives[i+1].Began
		late := j.placedLate(ended)
		for _, o := range j.offsets(ended, ended) {
			for _, p := range j.offsets(began, time.Time{}) {
				if !g.From.After(ended.Add(o+late+rounding)) && !g.To.Before(began.Add(p-rounding)) {
					return late, true
				}
			}
		}
	}
	return 0, false
}

// longAgo is what no clock that somebody has set is off by.
const longAgo = 365 * 24 * time.Hour

// placedLate is how much too late the last record of a life may lie: of a start
// that never had a clock, which was put where it can have begun at the latest. A
// restart's gap begins at that record.
func (j *judge) placedLate(ended time.Time) (late time.Duration) {
	var start Setting
	for _, s := range j.Clock {
		if !s.From.After(ended) {
			start = s
		}
	}
	if start.Offset > -longAgo {
		return 0
	}
	for _, b := range j.Bounds {
		if !b.Earliest.After(start.From.Add(apart)) && !b.Latest.Before(start.From.Add(-apart)) {
			late = max(late, b.Began.Sub(start.From)+apart)
		}
	}
	return late
}

// notEmpty looks for a stored reading inside a gap. An agent whose journal was
// cut or replaced cannot know what it has sent; nor are times that were worked
// out later held against it.
func (j *judge) notEmpty(g Gap) string {
	if len(j.Clock) > 0 || j.damaged(g.From, g.To, JournalTruncated, JournalFlipped, WALDamaged, JournalRestored) {
		return ""
	}
	for _, r := range j.Rows {
		if r.At.After(g.From) && r.At.Before(g.To) {
			return "stored inside it: " + r.text()
		}
	}
	return ""
}

func (r Row) text() string {
	what := r.Reason
	if r.HasValue {
		what = fmt.Sprintf("%g", r.Value)
	}
	flags := ""
	if r.Reconstructed {
		flags += " reconstructed"
	}
	if r.Uncertain {
		flags += " uncertain"
	}
	return fmt.Sprintf("%s %s at %s%s (epoch %d sequence %d)", r.Channel, what, stamp(r.At), flags, r.Epoch, r.Seq)
}
