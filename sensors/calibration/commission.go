package calibration

import (
	"fmt"
	"math"
	"slices"

	"coldchain/sensors"
)

// Need is a comparison that the commissioning of a temperature point still
// lacks.
type Need struct {
	At     float64 `json:"at"`     // °C
	Within float64 `json:"within"` // the reference may be this far from At, °C
	// Certified says that the reference must be an instrument with a
	// certificate; melting ice needs none.
	Certified bool `json:"certified"`
}

// String is for the installer.
func (n Need) String() string {
	if !n.Certified {
		return fmt.Sprintf("%.0f °C in melting ice", n.At)
	}
	return fmt.Sprintf("%.0f °C (± %.0f °C) against a certified reference", n.At, n.Within)
}

const (
	iceWithin     = 0.1  // °C, what a careful ice bath holds
	workingWithin = 5.0  // °C
	iceSpeaksTo   = 15.0 // °C from zero; beyond, the ice point says nothing
)

// Missing lists the comparisons that are still needed for a temperature point
// whose zone works at a temperature (°C): the ice point for every point, and for
// those that work far from it, as frozen ones do, one at working temperature
// too.
func Missing(working float64, done []Pair) []Need {
	needs := []Need{{At: 0, Within: iceWithin}}
	if math.Abs(working) > iceSpeaksTo {
		needs = append(needs, Need{At: working, Within: workingWithin, Certified: true})
	}
	return slices.DeleteFunc(needs, func(n Need) bool {
		return slices.ContainsFunc(done, func(p Pair) bool { return math.Abs(p.Reference-n.At) <= n.Within+1e-9 })
	})
}

// MaxError is the largest error a probe may show at a reference value (GSP
// appendix 3, article on measuring ranges: ±0.5 °C from 0 to 40 °C, ±1.0 °C
// below, ±5 %RH). A probe beyond it needs a correction.
func MaxError(q sensors.Quantity, reference float64) (bound float64, ok bool) {
	switch {
	case q == sensors.Humidity:
		return 5, true
	case q == sensors.Temperature && reference < 0:
		return 1, true
	case q == sensors.Temperature:
		return 0.5, true
	}
	return 0, false
}

// settledAfter is how many readings in a row make a comparison.
const settledAfter = 5

// Settled reports whether the last five values lie within a spread, and their
// mean: the probe has come to rest in the bath.
func Settled(values []float64, spread float64) (mean float64, ok bool) {
	if len(values) < settledAfter {
		return 0, false
	}
	last := values[len(values)-settledAfter:]
	if !(slices.Max(last)-slices.Min(last) <= spread+1e-9) {
		return 0, false
	}
	for _, v := range last {
		mean += v / settledAfter
	}
	return milli(mean), true
}
