package alerting

import (
	"fmt"
	"slices"
	"time"

	"coldchain/sensors"
)

// Mask is how far a defrost or an open door excuses a room that is too warm. It
// holds back warnings only, never an excursion, and what it held back is still
// exposure: see MaskedTimes.
type Mask struct {
	For   time.Duration // at most so long from the switch's first reading on
	After time.Duration // and so long after it is off again, while the room recovers
	Above float64       // °C above the limit; what is warmer is no defrost's doing
}

// The hard ceilings: ATP's brief rise of 3 °C, and the longest defrost [E].
const (
	MaxMask      = 45 * time.Minute
	MaxMaskAbove = 3.0
)

// DefaultMask returns the mask of a switch that nobody has set; ok is false for
// a quantity that excuses nothing.
func DefaultMask(q sensors.Quantity) (m Mask, ok bool) {
	switch q {
	case sensors.Defrost:
		return Mask{MaxMask, 10 * time.Minute, MaxMaskAbove}, true // [E], rise [S ATP annex 2]
	case sensors.Door:
		return Mask{15 * time.Minute, 10 * time.Minute, MaxMaskAbove}, true // [E]
	}
	return Mask{}, false
}

// CheckMask reports why a mask cannot be.
func CheckMask(q sensors.Quantity, m Mask) error {
	if _, ok := DefaultMask(q); !ok {
		return fmt.Errorf("%s masks nothing; only defrost and door do", q)
	}
	if m.For < 0 || m.For > MaxMask || m.After < 0 || m.After > MaxMask {
		return fmt.Errorf("a mask by %s for %s, and %s after; want 0s to %s", q, m.For, m.After, MaxMask)
	}
	if !(m.Above >= 0 && m.Above <= MaxMaskAbove) {
		return fmt.Errorf("a mask by %s up to %g °C above a limit; want 0 to %g", q, m.Above, MaxMaskAbove)
	}
	return nil
}

// Swing is one time that a switch was on. Off is zero while it is.
type Swing struct{ On, Off time.Time }

// maxSwings bounds what is remembered of a switch, for late readings of the room.
const maxSwings = 16

// Swings are the newest times that a switch was on, oldest first.
type Swings []Swing

// Observe returns the swings after a reading of the switch, which comes in order
// of time. A switch nobody can read is off: it excuses nothing. One that is on
// again before the room had time to recover goes on with the same mask, so that
// a door which is opened all day does not excuse the day.
func (s Swings) Observe(at time.Time, on bool, m Mask) Swings {
	n := len(s)
	switch {
	case on && n > 0 && !s[n-1].Off.IsZero() && at.Sub(s[n-1].Off) <= m.After:
		s[n-1].Off = time.Time{}
	case on && (n == 0 || !s[n-1].Off.IsZero()):
		if n == maxSwings {
			s = slices.Delete(s, 0, 1)
		}
		s = append(s, Swing{On: at})
	case !on && n > 0 && s[n-1].Off.IsZero():
		s[n-1].Off = at
	}
	return s
}

// Covers reports whether the room is masked at a moment. The moment of the
// switch's first reading is not: what was measured with it is of before.
func (s Swings) Covers(at time.Time, m Mask) bool {
	for _, x := range s {
		if at.After(x.On) && !at.After(x.end(m)) {
			return true
		}
	}
	return false
}

func (x Swing) end(m Mask) time.Time {
	end := x.On.Add(m.For)
	if !x.Off.IsZero() && x.Off.Add(m.After).Before(end) {
		end = x.Off.Add(m.After)
	}
	return end
}

// Span is a stretch of time, with its first and without its last moment.
type Span struct{ From, To time.Time }

// MaskedTimes returns when a room was masked by a switch, from the switch's
// readings in order of time: what the engine held warnings back for. Exposure
// counts these times like all others and names them. Defrosts that no switch
// tells of are in the air's own readings: see thaw.Learner.Defrosts.
func MaskedTimes(m Mask, switched []sensors.Reading) (out []Span) {
	var s Swings
	note := func(x Swing) {
		if end := x.end(m); end.After(x.On) {
			out = append(out, Span{x.On, end})
		}
	}
	for _, r := range switched {
		v, ok := r.Value()
		before := len(s)
		var oldest Swing
		if before == maxSwings {
			oldest = s[0]
		}
		s = s.Observe(r.Time, ok && v >= 0.5, m)
		if before == maxSwings && s[0] != oldest {
			note(oldest)
		}
	}
	for _, x := range s {
		note(x)
	}
	return out
}
