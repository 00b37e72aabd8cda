package alerting

import (
	"slices"
	"time"
)

// Switch is a moment from which the limits of a zone's goods hold (On), or do
// not: nothing lies there that they could protect.
type Switch struct {
	At time.Time
	On bool
}

// Timeline says when the limits of a zone's goods hold: its switches, oldest
// first. Before the first switch they hold, so that the zero value means always.
type Timeline []Switch

// At reports whether the limits hold at t, and since when that is so; the zero
// time when it was never otherwise.
func (l Timeline) At(t time.Time) (on bool, since time.Time) {
	on = true
	for _, s := range l {
		if s.At.After(t) {
			break
		}
		if s.On != on {
			on, since = s.On, s.At
		}
	}
	return on, since
}

// Either returns when at least one of two timelines holds.
func (l Timeline) Either(m Timeline) Timeline {
	return l.with(m, func(x, y bool) bool { return x || y })
}

// Both returns when two timelines hold.
func (l Timeline) Both(m Timeline) Timeline {
	return l.with(m, func(x, y bool) bool { return x && y })
}

func (l Timeline) with(m Timeline, join func(x, y bool) bool) Timeline {
	var times []time.Time
	for _, s := range slices.Concat(l, m) {
		times = append(times, s.At)
	}
	slices.SortFunc(times, time.Time.Compare)
	var out Timeline
	on := true
	for i, t := range times {
		if i > 0 && t.Equal(times[i-1]) {
			continue
		}
		x, _ := l.At(t)
		y, _ := m.At(t)
		if now := join(x, y); now != on {
			out, on = append(out, Switch{t, now}), now
		}
	}
	return out
}
