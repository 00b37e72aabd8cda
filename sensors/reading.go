package sensors

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Reading is a point's value at a time, with its quality. Build one with
// NewGood, NewUncertain or NewBad: a bad reading cannot hold a value and a good
// one cannot lack it.
type Reading struct {
	Point   PointID
	Time    time.Time // when it was measured
	Quality Quality
	Reason  Reason // why the quality is not good; empty when it is
	value   float64
	raw     float64
	hasRaw  bool
}

// NewGood returns a trustworthy reading. A value that is not a finite number
// makes it a bad one with reason SensorFault, so NaN and infinity cannot pass.
func NewGood(p PointID, at time.Time, value float64) Reading {
	if !finite(value) {
		return NewBad(p, at, SensorFault)
	}
	return Reading{Point: p, Time: at, Quality: Good, value: value}
}

// NewUncertain returns a reading whose value is doubtful for a reason.
func NewUncertain(p PointID, at time.Time, value float64, why Reason) Reading {
	if !finite(value) {
		return NewBad(p, at, SensorFault)
	}
	return Reading{Point: p, Time: at, Quality: Uncertain, Reason: why, value: value}
}

// NewBad returns a reading without a value: the poll happened and failed.
func NewBad(p PointID, at time.Time, why Reason) Reading {
	return Reading{Point: p, Time: at, Quality: Bad, Reason: why}
}

// Value returns the measured value in the quantity's canonical unit; ok is
// false when the quality is bad, and then there is no value.
func (r Reading) Value() (v float64, ok bool) { return r.value, r.Quality != Bad }

// Raw returns what the device said before calibration or screening (for a
// sentinel, the register's number), kept for the technician. It is never a
// measurement. ok is false when it does not differ from the value.
func (r Reading) Raw() (v float64, ok bool) { return r.raw, r.hasRaw }

// WithRaw returns a copy that remembers the device's own number.
func (r Reading) WithRaw(raw float64) Reading {
	if finite(raw) {
		r.raw, r.hasRaw = raw, true
	}
	return r
}

// String is for logs and test failures.
func (r Reading) String() string {
	at := r.Time.UTC().Format("2006-01-02T15:04:05.000Z")
	if v, ok := r.Value(); ok {
		s := fmt.Sprintf("%s %s %s %s", r.Point, at, strconv.FormatFloat(v, 'f', -1, 64), r.Quality)
		if r.Reason != NoReason {
			s += "(" + string(r.Reason) + ")"
		}
		return s
	}
	return fmt.Sprintf("%s %s bad(%s)", r.Point, at, r.Reason)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
