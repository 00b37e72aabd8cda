package alerting

import (
	"fmt"
	"time"

	"coldchain/sensors"
)

// Product is how the goods themselves are judged, whose temperature follows that
// of the air slowly: by a probe in them or, without one, by an estimate.
type Product struct {
	// Probe is the point whose probe is in the goods or in a dummy of them. Its
	// readings are judged by Limits, and nothing is estimated.
	Probe sensors.PointID
	// Air is the point that measures the air around the goods.
	Air sensors.PointID
	// TimeConstant is how long the goods take for 63 % of a step of the air:
	// dT/dt = (air - T) / TimeConstant.
	TimeConstant time.Duration
	Limits       []Limit // of the product's temperature, °C; each run for itself
}

// The bounds of a time constant: a slice of meat, and a pallet of frozen blocks.
const (
	MinTimeConstant = time.Minute
	MaxTimeConstant = 72 * time.Hour
)

// DefaultProduct returns the time constant and the limits of the product in a
// zone of the given kind; ok is false for a kind without goods.
//
// The time constants are estimates [E]: ρ·c·V/(h·A) with h = 10 W/m²K of the
// smallest pack that lies there, alone in the air (1 kg of meat: 1050 kg/m³ ×
// 3500 J/kgK × 0.0143 m / h = 1.5 h; frozen it stores half as much heat and more
// than 80 min are not to be counted on; a litre of milk 1.9 h; one potato 1.1 h).
// What lies in the middle of a stack is slower: the estimate is of the pack that
// suffers first. Limits: [S] ATP annexes 2 and 3, [E] experience of the trade.
func DefaultProduct(kind string) (tau time.Duration, limits []Limit, ok bool) {
	switch kind {
	case "frozen", "frozen-box": // -18 °C, and 3 °C more for a short time [S ATP annex 2]
		return 80 * time.Minute, []Limit{line(High, Excursion, -15, 0)}, true
	case "chilled", "chilled-box":
		return 90 * time.Minute, []Limit{line(High, Excursion, 7, 0)}, true // red meat [S ATP annex 3]
	case "dairy":
		return 110 * time.Minute, []Limit{line(High, Excursion, 7, 0), line(Low, Excursion, 0, 0)}, true // label's 6 °C and one more [E]
	case "vegetable":
		return 70 * time.Minute, []Limit{line(Low, Excursion, -0.5, 0)}, true // begins to freeze [E]
	case "potato":
		return 70 * time.Minute, []Limit{line(Low, Excursion, 1, 0)}, true // [E]
	case "warm-crop":
		return 60 * time.Minute, []Limit{line(Low, Excursion, 4, 60*time.Minute)}, true // chilling injury [E]
	}
	return 0, nil, false
}

// CheckProduct reports the first contradiction in how a product is judged.
func CheckProduct(p Product) error {
	if p.Probe == "" && p.Air == "" {
		return fmt.Errorf("a product with neither a probe nor air around it")
	}
	if p.Probe == "" && (p.TimeConstant < MinTimeConstant || p.TimeConstant > MaxTimeConstant) {
		return fmt.Errorf("time constant of the product %s; want %s to %s", p.TimeConstant, MinTimeConstant, MaxTimeConstant)
	}
	for _, l := range p.Limits {
		if l.Within != 0 {
			return fmt.Errorf("%s limit %g of the product: times are not added up of a product", l.Side, l.Value)
		}
	}
	return CheckLimits(sensors.Temperature, p.Limits)
}
