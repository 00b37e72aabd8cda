package exposure

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Limits are what goods must not go beyond, °C; nil is no limit. The limit
// itself is inside.
type Limits struct{ Low, High *float64 }

// Hole is a stretch for which somebody has said why there are no readings, such
// as a gap that a journal declared.
type Hole struct {
	From, To time.Time
	Cause    string
}

// The causes of gaps that this package gives by itself.
const (
	CauseUnknown = "unknown"
)

// DefaultHoleFactor is how many intervals may pass between two readings before
// the time between them is a gap.
const DefaultHoleFactor = 3.0

// Options say how readings become an exposure. The same options hold for all
// stays of a batch.
type Options struct {
	Method Method // default Step
	Limits Limits
	// Interval is the time between readings that was asked for.
	Interval time.Duration
	// HoleFactor: readings that are more than HoleFactor times Interval apart
	// have a gap between them, all of that time. Default DefaultHoleFactor.
	HoleFactor float64
	// Frozen goods have no mean kinetic temperature.
	Frozen bool
	// Model is how the goods age; nil: nobody said.
	Model *Model
}

func (o Options) check() (Options, error) {
	if o.Method == "" {
		o.Method = Step
	}
	if o.HoleFactor == 0 {
		o.HoleFactor = DefaultHoleFactor
	}
	var wrong []error
	if o.Method != Step && o.Method != Trapezoid {
		wrong = append(wrong, fmt.Errorf("method %.20q: want %s or %s", o.Method, Step, Trapezoid))
	}
	if o.Interval < time.Millisecond {
		wrong = append(wrong, fmt.Errorf("an interval of %s between readings: want at least 1 ms", o.Interval))
	}
	if !(o.HoleFactor >= 1) || math.IsInf(o.HoleFactor, 0) {
		wrong = append(wrong, fmt.Errorf("hole factor %g: want 1 or more intervals before a gap begins", o.HoleFactor))
	}
	for _, l := range []*float64{o.Limits.Low, o.Limits.High} {
		if l != nil && !possible(*l) {
			wrong = append(wrong, fmt.Errorf("a limit of %g °C: want a temperature above %g °C", *l, -zeroC))
		}
	}
	if o.Limits.Low != nil && o.Limits.High != nil && *o.Limits.Low > *o.Limits.High {
		wrong = append(wrong, fmt.Errorf("the low limit %g °C is above the high one, %g °C", *o.Limits.Low, *o.Limits.High))
	}
	if o.Model != nil && o.Model.Ager == nil {
		wrong = append(wrong, errors.New("a model of life needs its rate"))
	}
	return o, errors.Join(wrong...)
}

// possible reports whether a number can be a temperature in °C.
func possible(c float64) bool { return c > -zeroC && !math.IsInf(c, 0) } // NaN compares false

func (o Options) hole() int64 { return int64(o.HoleFactor * float64(o.Interval) / 1e6) }
