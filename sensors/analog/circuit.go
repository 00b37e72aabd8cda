package analog

import (
	"fmt"
	"math"

	"coldchain/sensors"
)

// How near to a rail a divider's voltage may come before the wire to its sensor
// counts as open or shorted, with everything measured: many times what an ADC
// is off. Open is the dangerous one, it makes a thermistor cold.
const (
	openShare  = 0.005
	shortShare = 0.001
)

// defaultTolerance is a usual regulator's.
const defaultTolerance = 0.02

// beyond is how many K past the sensor's range a resistance still counts as a
// temperature that cannot be, and not as a broken wire.
const beyond = 10

// What a sensor's resistance may be at the ends of its range, Ω.
const (
	fewest = 1
	most   = 1e9
)

// circuit is how a resistance is measured and what it means.
type circuit struct {
	signal          Signal
	resistor        float64
	pullUp          bool
	supply          float64
	tolerance       float64 // of the supply, when it is not measured
	current         float64 // mA; 0 with a divider
	lead            float64
	element         Element
	lowest, highest float64 // °C
}

// circuit is built of params whose keys are in order.
func (p Params) circuit(s Signal) circuit {
	c := circuit{signal: s, resistor: p.Resistor, pullUp: p.Side == PullUp, supply: p.Supply, current: p.Current, lead: p.Lead}
	if s == Volts && p.Current == 0 {
		c.tolerance = or(p.SupplyTolerance, defaultTolerance)
	}
	switch p.Kind {
	case NTC:
		c.lowest, c.highest = or(p.Min, -50), or(p.Max, 85)
		c.element = SteinhartHart{p.A, p.B, p.C}
		if p.Beta != 0 {
			c.element = Beta{R0: p.R0, T0: or(p.T0, 25), B: p.Beta}
		}
	default:
		low, high := sensors.Temperature.Range()
		c.lowest, c.highest = or(p.Min, low), or(p.Max, high)
		c.element = Platinum{R0: 100}
		if p.Kind == PT1000 {
			c.element = Platinum{R0: 1000}
		}
	}
	return c
}

func or(v *float64, otherwise float64) float64 {
	if v == nil {
		return otherwise
	}
	return *v
}

// ohms returns the sensor's resistance.
func (c circuit) ohms(raw float64) (ohms float64, why sensors.Reason) {
	switch {
	case c.signal == Ohms:
		ohms = raw
	case c.current != 0:
		ohms = raw / c.current * 1000
	default:
		share := raw
		if c.signal == Volts {
			share /= c.supply
		}
		low, high := openShare, 1-shortShare
		if c.pullUp {
			low, high = shortShare, 1-openShare
		}
		// A supply that is off moves the rail at the top, not the one at 0.
		if !(share > low && share < high-c.tolerance) {
			return 0, sensors.SensorFault
		}
		ohms = c.resistor * (1 - share) / share
		if c.pullUp {
			ohms = c.resistor * share / (1 - share)
		}
	}
	ohms -= c.lead
	if !(ohms > 0) || math.IsInf(ohms, 0) {
		return 0, sensors.SensorFault
	}
	return ohms, sensors.NoReason
}

// raw is the inverse of ohms, with the supply as it should be.
func (c circuit) raw(ohms float64) float64 {
	ohms += c.lead
	switch {
	case c.signal == Ohms:
		return ohms
	case c.current != 0:
		return ohms * c.current / 1000
	}
	share := c.resistor / (c.resistor + ohms)
	if c.pullUp {
		share = ohms / (c.resistor + ohms)
	}
	if c.signal == Volts {
		return share * c.supply
	}
	return share
}

// celsius tells a temperature from an impossible one and from a broken wire.
func (c circuit) celsius(raw float64) (t float64, why sensors.Reason) {
	ohms, why := c.ohms(raw)
	if why != sensors.NoReason {
		return 0, why
	}
	t, why = c.element.Celsius(ohms)
	switch {
	case why != sensors.NoReason:
		return 0, why
	case t < c.lowest-beyond || t > c.highest+beyond:
		return 0, sensors.SensorFault
	case t < c.lowest || t > c.highest:
		return 0, sensors.OutOfRange
	}
	return t, sensors.NoReason
}

// confused reports a circuit that cannot tell the ends of its range from a
// broken wire, or has no range.
func (c circuit) confused(p Params) (Mistake, bool) {
	low, high := sensors.Temperature.Range()
	if !(c.lowest < c.highest) || c.lowest < low || c.highest > high {
		return Mistake{"min", fmt.Sprintf("%v to %v °C is no range of a sensor here", c.lowest, c.highest),
			fmt.Sprintf("min below max, both between %v and %v °C", low, high)}, true
	}
	for _, end := range []struct {
		key string
		t   float64 // a little inside, so that rounding does not decide
	}{{"min", c.lowest + 0.001}, {"max", c.highest - 0.001}} {
		ohms, why := c.element.Ohms(end.t)
		if own, bad := c.element.Celsius(ohms); why != sensors.NoReason || bad != sensors.NoReason || !(math.Abs(own-end.t) < 0.001) || ohms < fewest || ohms > most {
			return Mistake{p.elementKey(), fmt.Sprintf("the sensor's equation does not hold at %.0f °C", end.t), "compare the numbers with its datasheet"}, true
		}
		if back, why := c.celsius(c.raw(ohms)); why == sensors.NoReason && math.Abs(back-end.t) < 0.001 {
			continue
		}
		want := "narrow the range or take another resistor"
		if c.signal == Volts {
			want += ", or measure the supply through a reference channel"
		}
		return Mistake{end.key, fmt.Sprintf("with this circuit %.0f °C cannot be told from a broken wire", end.t), want}, true
	}
	return Mistake{}, false
}

// elementKey is the key to blame for an equation.
func (p Params) elementKey() string {
	switch {
	case p.Kind != NTC:
		return "kind"
	case p.Beta != 0:
		return "beta"
	}
	return "a"
}
