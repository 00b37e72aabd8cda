// Package thaw learns from a room's own air when its machine defrosts, where no
// switch tells. It is pure: readings and their times are parameters, the state is
// one JSON object. It guarantees that it says "a defrost" only of a hump that comes
// when the room's defrosts of the last days came, and for 45 minutes at most: what
// has no pattern, grows, lasts too long or comes too often is learned as nothing.
//
// A timer defrosts a coil two to six times a day at equal distances. The air rises
// fast while the heater is on, for 15 to 45 minutes with the recovery, and comes
// back to where it was. A failing machine makes humps, too: they come when it
// trips, again and again, or grow, or rise slowly.
package thaw

import (
	"math"
	"slices"
	"time"
)

// Lead is how long the air has to be observed before a moment of the past by who
// asks about it: the humps of four days, and half a day to see how the room is.
const Lead = (4*24 + 12) * time.Hour

// Most is how long a hump may excuse its room.
const Most = 45 * time.Minute

const (
	minute = int64(60_000)
	hour   = 60 * minute

	hole      = 10 * minute // between readings: what lies in it is not known
	settles   = 2 * hour    // time constant of the room's usual temperature
	warmUp    = 6 * hour    // before a hump is told from how the room usually is
	leastRise = 1.0         // °C that a hump stands out by [E]
	swings    = 2.5         // and by so many times the room's usual swing [E]
	rises     = 15 * minute // within which it must have [E]
	shortest  = 12 * minute // of a hump, until it is nearly back [E]
	longest   = 55 * minute
	remembers = 4 * 24 * hour
	mostHumps = 48
	shows     = 60 * hour   // a pattern must have shown for so long
	offBy     = 10 * minute // a hump may be off its time by
	least     = 4           // humps that make a pattern
	hit       = 0.8         // of the times at which one was due
	crowd     = 1.5         // humps of its height to each that was due: more is a machine that trips
	resembles = 0.6         // of the middle height: less is a visit
	alike     = 1.6         // times the middle height, at most
	grows     = 1.15        // the newer half to the older, at most
)

// periods are those of two to six defrosts a day.
func periods() []int64 { return []int64{12 * hour, 8 * hour, 6 * hour, 24 * hour / 5, 4 * hour} }

// hump is one time that the air stood out.
type hump struct {
	At     int64   `json:"at"` // it began to rise
	Height float64 `json:"h"`  // °C above what is usual
	Sound  bool    `json:"ok"` // its shape is that of a defrost
}

// Learner is what is known of one room's air.
type Learner struct {
	first  int64 // reading; 0: none
	newest int64
	value  float64
	usual  float64 // °C, a slow mean without humps
	swing  float64 // mean distance from it
	calm   int64   // when the air was last near to what is usual
	cur    *rising
	humps  []hump // oldest first
	period int64  // of the pattern that is known; 0: none
	phase  int64  // of its times
}

// rising is a hump that has not ended.
type rising struct {
	At   int64   `json:"at"`
	Peak float64 `json:"peak"` // °C above what is usual
	Fast bool    `json:"fast"`
}

// Observe takes a good reading of the air, °C. Readings come in the order of their
// times; others say nothing.
func (l *Learner) Observe(at time.Time, celsius float64) {
	t := at.UnixMilli()
	if t <= l.newest || math.IsNaN(celsius) || math.IsInf(celsius, 0) {
		return
	}
	dt := t - l.newest
	switch {
	case l.first == 0:
		l.first, l.newest, l.value, l.usual, l.calm = t, t, celsius, celsius, t
		return
	case dt > hole: // what was rising may have been anything
		l.cur, l.calm = nil, t
		if dt > remembers {
			*l = Learner{first: t, newest: t, value: celsius, usual: celsius, calm: t}
			return
		}
	}
	l.newest, l.value = t, celsius
	above := celsius - l.usual
	stands := max(leastRise, swings*l.swing)
	if l.cur == nil && above < stands {
		share := 1 - math.Exp(-float64(min(dt, hole))/float64(settles))
		l.usual += share * above
		l.swing += share * (math.Abs(above) - l.swing)
		if above < stands/2 {
			l.calm = t
		}
		return
	}
	if t-l.first < warmUp {
		l.cur = nil
		l.usual += (1 - math.Exp(-float64(min(dt, hole))/float64(settles))) * above
		return
	}
	if l.cur == nil {
		l.cur = &rising{At: l.calm, Fast: t-l.calm <= rises}
	}
	c := l.cur
	c.Peak = max(c.Peak, above)
	switch lasts := t - c.At; {
	case above <= stands/2:
		l.end(hump{c.At, c.Peak, c.Fast && lasts >= shortest && lasts <= longest})
		l.calm = t
	case lasts > 2*longest: // no hump: the room is otherwise now, and has to be learned anew
		l.cur, l.humps, l.period, l.phase = nil, nil, 0, 0
		l.usual, l.calm = celsius, t
	}
}

// end remembers a hump and looks for the pattern.
func (l *Learner) end(h hump) {
	l.cur = nil
	l.humps = append(l.humps, h)
	for len(l.humps) > mostHumps || len(l.humps) > 0 && l.newest-l.humps[0].At > remembers {
		l.humps = l.humps[1:]
	}
	l.humps = slices.Clip(l.humps)
	l.learn()
}

// learn finds the period and phase that the room's humps have come by.
func (l *Learner) learn() {
	l.period, l.phase = 0, 0
	if len(l.humps) < least {
		return
	}
	from := l.humps[0].At
	for _, p := range periods() {
		for _, candidate := range l.humps {
			if !candidate.Sound {
				continue
			}
			phase := candidate.At % p
			if l.fits(p, phase, from) {
				l.period, l.phase = p, phase
				return
			}
		}
	}
}

// fits reports whether humps came by a period from a moment to now.
func (l *Learner) fits(period, phase, from int64) bool {
	if l.newest-from < shows {
		return false
	}
	var on []hump
	for _, h := range l.humps {
		if h.Sound && near(h.At, period, phase) {
			on = append(on, h)
		}
	}
	due := float64(l.newest-from)/float64(period) + 1
	if len(on) < least || float64(len(on)) < hit*math.Floor(due) {
		return false
	}
	heights := make([]float64, len(on))
	for i, h := range on {
		heights[i] = h.Height
	}
	n := len(heights) / 2
	grown := mean(heights[n:]) / mean(heights[:n])
	slices.Sort(heights)
	middle, like := heights[n], 0
	for _, h := range l.humps {
		if h.Height >= resembles*middle {
			like++
		}
	}
	return heights[len(heights)-1] <= alike*middle && grown <= grows && float64(like) <= crowd*due
}

func mean(list []float64) (m float64) {
	for _, v := range list {
		m += v / float64(len(list))
	}
	return m
}

// near reports whether a moment is one at which a hump is due.
func near(t, period, phase int64) bool {
	off := ((t-phase)%period + period) % period
	return min(off, period-off) <= offBy
}

// Defrosts reports whether what the air does at a moment is a defrost by what was
// learned of the room: a hump that began when one was due, rose fast, and has not
// lasted longer than one may.
func (l *Learner) Defrosts(at time.Time) bool {
	if l == nil || l.period == 0 || l.cur == nil {
		return false
	}
	t := at.UnixMilli()
	return l.cur.Fast && t >= l.cur.At && t-l.cur.At <= Most.Milliseconds() && near(l.cur.At, l.period, l.phase)
}

// Pattern is what was learned: how often it defrosts a day, 0 when nothing was.
func (l *Learner) Pattern() (aDay int) {
	if l == nil || l.period == 0 {
		return 0
	}
	return int(24 * hour / l.period)
}
