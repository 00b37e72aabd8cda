package alerting

import (
	"fmt"
	"time"

	"coldchain/sensors"
)

// Side is which way a limit is crossed.
type Side string

// The sides.
const (
	High Side = "high"
	Low  Side = "low"
)

// Limit is one line that a value must not be beyond for longer than Delay: in
// one run or, with Within, all told.
type Limit struct {
	Side  Side
	Level Level
	Value float64 // °C or %RH
	Delay time.Duration
	// Within makes the line cumulative: the times beyond it in the last Within
	// are added up, and together must not reach Delay. 0: each run for itself.
	// WHO's loggers (PQS E006) call the two cumulative and single event.
	Within time.Duration
	// Reached says that a value equal to the limit is already beyond it, as
	// WHO's loggers judge (PQS E006: ">= 30 °C"). Else it is still inside, as on
	// a product label ("at most 4 °C").
	Reached bool
}

// Crossed reports whether v lies outside the limit.
func (l Limit) Crossed(v float64) bool {
	if l.Reached && v == l.Value {
		return true
	}
	if l.Side == High {
		return v > l.Value
	}
	return v < l.Value
}

// Cleared reports whether v lies inside the limit by at least the hysteresis,
// so that a value trembling at the limit does not open and close alarms.
func (l Limit) Cleared(v, hysteresis float64) bool {
	if l.Crossed(v) {
		return false
	}
	if l.Side == High {
		return v <= l.Value-hysteresis
	}
	return v >= l.Value+hysteresis
}

// MaxWithin is the longest that times beyond a limit are added up over: the
// stay of a batch in a cold store, or as much of it as counts.
const MaxWithin = 31 * 24 * time.Hour

// Zone is a room or box as the engine judges it.
type Zone struct {
	ID         string // "site/zone"
	Limits     map[sensors.Quantity][]Limit
	Hysteresis map[sensors.Quantity]float64 // °C or %RH; when absent 0.5 °C, 3 %RH
	Product    *Product                     // nil: only the air is judged
	Masks      map[sensors.Quantity]Mask    // by the zone's switches that excuse it
	// LearnsDefrost lets the zone's defrosts be learned from its air, where no
	// switch tells of them; see package thaw. They excuse as a switch's would.
	LearnsDefrost bool
}

// CheckLimits reports the first contradiction in a set of limits of one
// quantity: a high limit at or under a low one, an excursion milder than a
// warning, a limit the quantity cannot reach, a delay that cannot be.
func CheckLimits(q sensors.Quantity, limits []Limit) error {
	lowest, highest := q.Range()
	for _, l := range limits {
		if !(l.Value >= lowest && l.Value <= highest) { // NaN is outside too
			return fmt.Errorf("%s limit %g is outside what %s can be (%g to %g %s)", l.Side, l.Value, q, lowest, highest, q.Unit())
		}
		switch {
		case l.Within == 0 && (l.Delay < 0 || l.Delay > 24*time.Hour):
			return fmt.Errorf("%s limit %g has a delay of %s; want 0s to 24h", l.Side, l.Value, l.Delay)
		case l.Within != 0 && q.IsState():
			return fmt.Errorf("%s limit %g: times are not added up of a switch", l.Side, l.Value)
		case l.Within < 0 || l.Within > MaxWithin:
			return fmt.Errorf("%s limit %g adds up over %s; want at most %s", l.Side, l.Value, l.Within, MaxWithin)
		case l.Within != 0 && (l.Delay < time.Minute || l.Delay > l.Within):
			return fmt.Errorf("%s limit %g allows %s in %s; want 1m to all of it", l.Side, l.Value, l.Delay, l.Within)
		}
		for _, m := range limits {
			if l.Side == Low && m.Side == High && l.Value >= m.Value {
				return fmt.Errorf("low limit %g is not below high limit %g", l.Value, m.Value)
			}
			milder := l.Side == m.Side && l.Level == Excursion && m.Level == Warning
			if milder && (l.Side == High && l.Value < m.Value || l.Side == Low && l.Value > m.Value) {
				return fmt.Errorf("%s excursion limit %g is milder than the warning at %g", l.Side, l.Value, m.Value)
			}
		}
	}
	return nil
}
