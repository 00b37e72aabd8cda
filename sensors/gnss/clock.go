package gnss

import "time"

const (
	// horizon is how long after its build a program believes a date.
	horizon = 5 // years
	// needed is how many times in a row the receiver's time must have advanced
	// as ours did. A receiver that has just learnt the leap seconds steps once.
	needed = 3
	// evenly is the difference two advances may have; sentences wait behind
	// others on a slow line.
	evenly = time.Second
)

// clock judges the receiver's time.
type clock struct {
	from, before time.Time // possible dates
	utc, at      time.Time // the last report with a time
	even         int       // how often in a row it advanced as ours did
}

func newClock(built time.Time) clock {
	year := built.UTC().Year()
	return clock{
		from:   time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC),
		before: built.UTC().AddDate(horizon, 0, 0),
	}
}

func (c *clock) reset() { c.utc, c.at, c.even = time.Time{}, time.Time{}, 0 }

func (c *clock) take(r report) {
	if !r.fix || r.utc.IsZero() || r.utc.Before(c.from) || !r.utc.Before(c.before) {
		c.reset()
		return
	}
	if r.utc.Equal(c.utc) {
		return // said twice; the first was earlier and so nearer
	}
	if !c.utc.IsZero() {
		off := r.utc.Sub(c.utc) - r.at.Sub(c.at)
		if off > evenly || off < -evenly {
			c.even = 0
		} else {
			c.even++
		}
	}
	c.utc, c.at = r.utc, r.at
}

// Time offers the receiver's time: it was t when our clock, with its monotonic
// reading, showed at. It is late by what the receiver and the line need, up to
// one second. ok is false unless the receiver has a fix not older than three
// periods, the date is possible, and its time has run evenly with ours for three
// fixes.
func (r *Receiver) Time() (t, at time.Time, ok bool) {
	now := r.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clock.even < needed || !r.fresh(r.clock.at, now) {
		return time.Time{}, time.Time{}, false
	}
	return r.clock.utc, r.clock.at, true
}
