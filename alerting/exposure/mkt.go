package exposure

import "coldchain/alerting/sums"

// activation is ΔH/R of the mean kinetic temperature in kelvin: 83.144 kJ/mol
// over 8.3144 J/(mol K) (USP <1160>: "unless more accurate information is
// available").
const activation = 10_000.0

const zeroC = 273.15 // K

// kinetic adds up exp(-ΔH/(R T)) weighted by time.
type kinetic struct{ sums.LogMean }

// add takes a temperature in °C that held for a weight.
func (k *kinetic) add(c, weight float64) { k.Add(-activation/(c+zeroC), weight) }

func (k *kinetic) join(o kinetic) { k.Join(o.LogMean) }

// value is the mean kinetic temperature in °C; ok is false when nothing had any
// weight.
func (k kinetic) value() (c float64, ok bool) {
	x, ok := k.Value()
	if !ok {
		return 0, false
	}
	return activation/-x - zeroC, true
}
