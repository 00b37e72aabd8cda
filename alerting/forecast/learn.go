package forecast

import (
	"math"
	"time"
)

// Stretches from which a constant is learned.
const (
	longEnough = 20 * time.Minute
	farEnough  = 1.0              // °C that the room must have moved
	hole       = 10 * time.Minute // between readings
)

// Learn returns what a stretch of the past says about a room's time constant:
// each run in which it only came nearer to its surroundings, far and long
// enough. readings are oldest first; outside tells the surroundings' temperature
// at a time, and false when nobody knows. What was learned before is widened.
func Learn(before Constant, readings []Sample, outside func(time.Time) (float64, bool)) Constant {
	from := 0
	for i := 1; i <= len(readings); i++ {
		if i < len(readings) && goesOn(readings[from], readings[i-1], readings[i], outside) {
			continue
		}
		before = before.with(readings[from:i], outside)
		from = i
	}
	return before
}

func goesOn(first, last, next Sample, outside func(time.Time) (float64, bool)) bool {
	s, known := outside(next.At)
	if !known || next.At.Sub(last.At) > hole {
		return false
	}
	if s > first.Value {
		return next.Value >= last.Value && next.Value < s-outdoorGap
	}
	return next.Value <= last.Value && next.Value > s+outdoorGap
}

// with adds one run, in its two halves: the first is the air's, the second
// more the goods'.
func (c Constant) with(run []Sample, outside func(time.Time) (float64, bool)) Constant {
	if len(run) < 2*fewest {
		return c
	}
	if last := run[len(run)-1]; last.At.Sub(run[0].At) < longEnough || math.Abs(last.Value-run[0].Value) < farEnough {
		return c
	}
	found := false
	for _, half := range [][]Sample{run[:len(run)/2], run[len(run)/2:]} {
		s, known := outside(half[len(half)-1].At)
		a, b := half[0], half[len(half)-1]
		share := (s - a.Value) / (s - b.Value)
		if !known || !(share > 1) {
			continue
		}
		tau := time.Duration(float64(b.At.Sub(a.At)) / math.Log(share))
		if tau < quickest || tau > slowest {
			continue
		}
		if c.Quick == 0 || tau < c.Quick {
			c.Quick = tau
		}
		c.Slow, found = max(c.Slow, tau), true
	}
	if found {
		c.Seen++
	}
	return c
}
