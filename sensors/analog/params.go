package analog

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"coldchain/sensors"
)

// Signal is what the number to be converted is.
type Signal string

// The signals.
const (
	Volts     Signal = "V"
	Milliamps Signal = "mA"
	Ohms      Signal = "ohm"
	// Share is the voltage over a divider's sensor (or resistor) divided by the
	// voltage over the whole divider, both measured: supply errors cancel.
	Share Signal = "share"
)

// Signals lists them.
func Signals() []Signal { return []Signal{Volts, Milliamps, Ohms, Share} }

// The kinds of conversion.
const (
	MA420  = "ma420"  // transmitter, 4 to 20 mA
	V010   = "v010"   // transmitter, 0 to 10 V
	V210   = "v210"   // transmitter, 2 to 10 V
	NTC    = "ntc"    // thermistor
	PT100  = "pt100"  // platinum, 100 Ω at 0 °C
	PT1000 = "pt1000" // platinum, 1000 Ω at 0 °C
)

// Kinds lists them.
func Kinds() []string { return []string{MA420, V010, V210, NTC, PT100, PT1000} }

// The sides on which the known resistor of a divider may lie.
const (
	PullUp   = "pull-up"   // resistor to the supply, sensor to ground
	PullDown = "pull-down" // sensor to the supply, resistor to ground
)

// Params are the settings of one conversion as a person writes them. A key that
// has no effect on the kind is a mistake.
type Params struct {
	Kind string `yaml:"kind"`

	// Of transmitters.
	Quantity string   `yaml:"quantity"` // temperature (default) or humidity
	From     *float64 `yaml:"from"`     // the value at 4 mA, 0 V or 2 V
	To       *float64 `yaml:"to"`       // the value at 20 mA or 10 V
	Shunt    float64  `yaml:"shunt"`    // Ω, for ma420 measured as a voltage
	Divider  float64  `yaml:"divider"`  // transmitter's voltage / measured voltage, for v010 and v210; default 1

	// Of NTC thermistors: r0 and beta, or a, b and c.
	R0   float64  `yaml:"r0"`   // Ω at t0
	T0   *float64 `yaml:"t0"`   // °C; default 25
	Beta float64  `yaml:"beta"` // K
	A    float64  `yaml:"a"`    // Steinhart-Hart, for R in Ω
	B    float64  `yaml:"b"`
	C    float64  `yaml:"c"`

	// How a resistance is measured, unless the number is one.
	Resistor float64 `yaml:"resistor"` // Ω, the known half of the divider
	Side     string  `yaml:"side"`     // where it lies: pull-up or pull-down
	Supply   float64 `yaml:"supply"`   // V over the divider
	// SupplyTolerance is how far the supply may really be off, as a share. It
	// is what an open wire may be mistaken by. Default 0.02.
	SupplyTolerance *float64 `yaml:"supply_tolerance"`
	Current         float64  `yaml:"current"` // mA through a pt100 or pt1000, instead of a divider
	Lead            float64  `yaml:"lead"`    // Ω of both wires to a pt100 or pt1000

	// Min and Max are what the sensor can really meet, °C: a reading beyond is
	// bad. Default −50 to 85 for ntc, −90 to 150 for pt100 and pt1000.
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
}

// Mistake is one thing wrong with Params.
type Mistake struct {
	Key  string // the YAML key
	What string
	Want string // what to write instead
}

// Error says all three.
func (m Mistake) Error() string { return fmt.Sprintf("%s: %s; %s", m.Key, m.What, m.Want) }

// value is one key as it was written.
type value struct {
	key    string
	number float64
	set    bool
}

func (p Params) values() []value {
	number := func(key string, v float64) value { return value{key, v, v != 0} }
	pointer := func(key string, v *float64) value {
		if v == nil {
			return value{key: key}
		}
		return value{key, *v, true}
	}
	return []value{
		{"quantity", 0, p.Quantity != ""}, pointer("from", p.From), pointer("to", p.To), number("shunt", p.Shunt),
		number("divider", p.Divider), number("r0", p.R0), pointer("t0", p.T0), number("beta", p.Beta),
		number("a", p.A), number("b", p.B), number("c", p.C), number("resistor", p.Resistor), {"side", 0, p.Side != ""},
		number("supply", p.Supply), pointer("supply_tolerance", p.SupplyTolerance), number("current", p.Current),
		number("lead", p.Lead), pointer("min", p.Min), pointer("max", p.Max),
	}
}

// keys are those that have an effect on a kind at a signal; needed must be
// there.
func (p Params) keys(s Signal) (needed, allowed []string) {
	switch p.Kind {
	case MA420:
		needed, allowed = []string{"from", "to"}, []string{"quantity"}
		if s == Volts {
			needed = append(needed, "shunt")
		}
		return needed, allowed
	case V010, V210:
		return []string{"from", "to"}, []string{"quantity", "divider"}
	case NTC:
		needed = []string{"r0", "beta"}
		if p.A != 0 || p.B != 0 || p.C != 0 {
			needed = []string{"a", "b"} // c is 0 for some
		}
		allowed = []string{"t0", "min", "max"}
		if needed[0] == "a" {
			allowed = []string{"c", "min", "max"}
		}
	case PT100, PT1000:
		allowed = []string{"lead", "min", "max"}
		if s == Volts && p.Current != 0 {
			return []string{"current"}, allowed
		}
	}
	switch s {
	case Volts:
		needed = append(needed, "resistor", "side", "supply")
		allowed = append(allowed, "supply_tolerance")
	case Share:
		needed = append(needed, "resistor", "side")
	}
	return needed, allowed
}

// fits reports whether a kind can be made of a signal.
func fits(kind string, s Signal) bool {
	switch kind {
	case MA420:
		return s == Milliamps || s == Volts
	case V010, V210:
		return s == Volts
	}
	return s == Volts || s == Ohms || s == Share
}

// Validate reports every mistake in the settings for numbers of signal s.
func (p Params) Validate(s Signal) []Mistake {
	var found []Mistake
	mistake := func(key, want, what string, a ...any) {
		found = append(found, Mistake{key, fmt.Sprintf(what, a...), want})
	}
	if !slices.Contains(Kinds(), p.Kind) {
		mistake("kind", "one of "+strings.Join(Kinds(), ", "), "%.40q is no conversion", p.Kind)
		return found
	}
	if !fits(p.Kind, s) {
		mistake("kind", "another kind, or another signal", "%s cannot be made of %s", p.Kind, s)
		return found
	}
	needed, allowed := p.keys(s)
	for _, v := range p.values() {
		isNeeded := slices.Contains(needed, v.key)
		switch {
		case isNeeded && !v.set:
			mistake(v.key, "add it; "+p.Kind+" needs "+strings.Join(needed, ", "), "is missing")
		case v.set && !isNeeded && !slices.Contains(allowed, v.key):
			mistake(v.key, "remove it", "has no effect on %s measured as %s", p.Kind, s)
		case math.IsNaN(v.number) || math.Abs(v.number) > 1e9:
			mistake(v.key, "a number that can be meant", "%v is too much", v.number)
		case v.number < 0 && !slices.Contains([]string{"from", "to", "t0", "a", "min", "max"}, v.key):
			mistake(v.key, "a number above 0", "%v is negative", v.number)
		}
	}
	if len(found) > 0 {
		return found
	}
	return p.judge(s)
}

// judge looks for settings that are each in order and make no sense together.
func (p Params) judge(s Signal) []Mistake {
	var found []Mistake
	mistake := func(key, want, what string, a ...any) {
		found = append(found, Mistake{key, fmt.Sprintf(what, a...), want})
	}
	if p.Quantity != "" && p.Quantity != string(sensors.Temperature) && p.Quantity != string(sensors.Humidity) {
		mistake("quantity", "temperature or humidity", "%.40q is not what transmitters measure here", p.Quantity)
	}
	if p.From != nil && p.To != nil && *p.From == *p.To {
		mistake("to", "the value at the other end of the signal", "is the same as from")
	}
	if p.Side != "" && p.Side != PullUp && p.Side != PullDown {
		mistake("side", "pull-up (resistor to the supply) or pull-down (resistor to ground)", "%.40q is no side", p.Side)
	}
	if p.SupplyTolerance != nil && *p.SupplyTolerance > 0.2 {
		mistake("supply_tolerance", "a share up to 0.2, or measure the supply", "%v is too much to measure with", *p.SupplyTolerance)
	}
	if p.T0 != nil && (*p.T0 < -50 || *p.T0 > 150) {
		mistake("t0", "°C, usually 25", "%v °C is not where thermistors are specified", *p.T0)
	}
	if len(found) > 0 || !p.resistive() {
		return found
	}
	if m, ok := p.circuit(s).confused(p); ok {
		found = append(found, m)
	}
	return found
}

func (p Params) resistive() bool { return p.Kind == NTC || p.Kind == PT100 || p.Kind == PT1000 }
