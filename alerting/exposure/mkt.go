package exposure

import "math"

// activation is ΔH/R of the mean kinetic temperature in kelvin: 83.144 kJ/mol
// over 8.3144 J/(mol K) (USP <1160>: "unless more accurate information is
// available").
const activation = 10_000.0

const zeroC = 273.15 // K

// kinetic adds up exp(-ΔH/(R T)) weighted by time. What is kept is the largest
// exponent and the sum relative to it, so that a deep-frozen series, whose
// terms are below 1e-20, keeps its digits.
type kinetic struct {
	weight  float64
	largest float64
	scaled  float64 // Σ w·exp(x - largest)
}

// add takes a temperature in °C that held for a weight above 0.
func (k *kinetic) add(c, weight float64) { k.term(-activation/(c+zeroC), weight) }

func (k *kinetic) term(x, scaled float64) {
	k.weight += scaled
	k.scale(x, scaled)
}

func (k *kinetic) scale(x, scaled float64) {
	switch {
	case k.scaled == 0:
		k.largest, k.scaled = x, scaled
	case x <= k.largest:
		k.scaled += scaled * math.Exp(x-k.largest)
	default:
		k.scaled = k.scaled*math.Exp(k.largest-x) + scaled
		k.largest = x
	}
}

func (k *kinetic) join(o kinetic) {
	if o.scaled > 0 {
		k.weight += o.weight
		k.scale(o.largest, o.scaled)
	}
}

// value is the mean kinetic temperature in °C; ok is false when nothing had any
// weight.
func (k kinetic) value() (c float64, ok bool) {
	if k.weight <= 0 {
		return 0, false
	}
	return activation/-(k.largest+math.Log(k.scaled/k.weight)) - zeroC, true
}
