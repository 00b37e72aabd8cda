package analog

import (
	"math"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"coldchain/sensors"
)

// params reads settings as a person writes them.
func params(t *testing.T, text string) Params {
	t.Helper()
	var p Params
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func conversion(t *testing.T, text string, s Signal) *Conversion {
	t.Helper()
	c, err := New(params(t, text), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	loop   = "{kind: ma420, from: -50, to: 50}"
	shunt  = "{kind: ma420, shunt: 165, from: -50, to: 50}"
	damp   = "{kind: ma420, quantity: humidity, from: 0, to: 100}"
	tenV   = "{kind: v010, divider: 3, from: -40, to: 60}"
	twoV   = "{kind: v210, from: 0, to: 100}"
	fridge = "{kind: ntc, a: 1.12924e-3, b: 2.34108e-4, c: 0.87755e-7, resistor: 10000, side: pull-up}"
	down   = "{kind: ntc, r0: 10000, beta: 3950, resistor: 10000, side: pull-down, supply: 3.3}"
	pt     = "{kind: pt100}"
	bridge = "{kind: pt1000, resistor: 1000, side: pull-up, lead: 0.8}"
	source = "{kind: pt100, current: 1}"
)

func TestConvert(t *testing.T) {
	const (
		good      = sensors.Good
		uncertain = sensors.Uncertain
		bad       = sensors.Bad
	)
	tests := []struct {
		params  string
		signal  Signal
		raw     float64
		value   float64
		quality sensors.Quality
		why     sensors.Reason
	}{
		{loop, Milliamps, 4, -50, good, ""},
		{loop, Milliamps, 12, 0, good, ""},
		{loop, Milliamps, 9.04, -18.5, good, ""},
		{loop, Milliamps, 20, 50, good, ""},
		// NAMUR NE 43.
		{loop, Milliamps, 3.8, -51.25, good, ""},
		{loop, Milliamps, 3.79, -51.31, uncertain, sensors.OutOfRange},
		{loop, Milliamps, 3.61, -52.44, uncertain, sensors.OutOfRange},
		{loop, Milliamps, 3.6, 0, bad, sensors.SensorFault},
		{loop, Milliamps, 0, 0, bad, sensors.SensorFault},
		{loop, Milliamps, -1, 0, bad, sensors.SensorFault},
		{loop, Milliamps, 20.5, 53.13, good, ""},
		{loop, Milliamps, 20.51, 53.19, uncertain, sensors.OutOfRange},
		{loop, Milliamps, 20.99, 56.19, uncertain, sensors.OutOfRange},
		{loop, Milliamps, 21, 0, bad, sensors.SensorFault},
		{loop, Milliamps, 24, 0, bad, sensors.SensorFault},
		// The same through 165 Ω.
		{shunt, Volts, 1.98, 0, good, ""},
		{shunt, Volts, 0.594, 0, bad, sensors.SensorFault},  // 3.6 mA
		{shunt, Volts, 3.465, 0, bad, sensors.SensorFault},  // 21 mA
		{shunt, Volts, 0.0001, 0, bad, sensors.SensorFault}, // wire broken
		// 3.6 mA, which the division makes 3.6000000000000005.
		{"{kind: ma420, shunt: 51, from: -50, to: 50}", Volts, 0.1836, 0, bad, sensors.SensorFault},
		{damp, Milliamps, 12, 50, good, ""},
		{damp, Milliamps, 3.9, 0, bad, sensors.OutOfRange}, // below 0 %RH
		{damp, Milliamps, 20.4, 102.5, good, ""},
		{damp, Milliamps, 20.9, 0, bad, sensors.OutOfRange}, // 105.6 %RH
		{tenV, Volts, 5.0 / 3, 10, good, ""},
		{tenV, Volts, 0, 0, bad, sensors.SensorFault},
		{tenV, Volts, 0.05 / 3, 0, bad, sensors.SensorFault},
		{tenV, Volts, 10.3 / 3, 63, uncertain, sensors.OutOfRange},
		{tenV, Volts, 10.5 / 3, 0, bad, sensors.SensorFault},
		{twoV, Volts, 6, 50, good, ""},
		{twoV, Volts, 1.8, 0, bad, sensors.SensorFault},
		{twoV, Volts, 1.84, -2, uncertain, sensors.OutOfRange},
		// 10 kΩ to the supply: half at 25 °C, more when colder.
		{fridge, Share, 0.5, 25, good, ""},
		{fridge, Share, 86439.2 / 96439.2, -18, good, ""},
		{fridge, Share, 0.992, 0, bad, sensors.OutOfRange}, // −56 °C: no store is that cold
		{fridge, Share, 0.9965, 0, bad, sensors.SensorFault},
		{fridge, Share, 1, 0, bad, sensors.SensorFault},
		{fridge, Share, 1.01, 0, bad, sensors.SensorFault},
		{fridge, Share, 0, 0, bad, sensors.SensorFault},
		{fridge, Share, 0.01, 0, bad, sensors.SensorFault}, // 101 Ω: shorted
		{fridge, Share, -0.001, 0, bad, sensors.SensorFault},
		// The other way round, in volts.
		{down, Volts, 1.65, 25, good, ""},
		{down, Volts, 0, 0, bad, sensors.SensorFault},
		{down, Volts, 0.016, 0, bad, sensors.SensorFault},
		{down, Volts, 3.3, 0, bad, sensors.SensorFault},
		{down, Volts, 3.4, 0, bad, sensors.SensorFault},
		{pt, Ohms, 100, 0, good, ""},
		{pt, Ohms, 92.946, -18, good, ""},
		{pt, Ohms, 138.5055, 100, good, ""},
		{pt, Ohms, 60.26, 0, bad, sensors.OutOfRange}, // −100 °C, no fault of the element
		{pt, Ohms, 18.4, 0, bad, sensors.SensorFault},
		{pt, Ohms, 0, 0, bad, sensors.SensorFault},
		{pt, Ohms, 4000, 0, bad, sensors.SensorFault},
		{bridge, Share, 1000.8 / 2000.8, 0, good, ""},
		{bridge, Share, 0.9999, 0, bad, sensors.SensorFault},
		{bridge, Share, 0.0001, 0, bad, sensors.SensorFault},
		{source, Volts, 0.1, 0, good, ""},
		{source, Volts, 0.092946, -18, good, ""},
		{source, Volts, 3.3, 0, bad, sensors.SensorFault},
		{pt, Ohms, math.NaN(), 0, bad, sensors.SensorFault},
		{loop, Milliamps, math.Inf(1), 0, bad, sensors.SensorFault},
		{loop, Milliamps, 1e308, 0, bad, sensors.SensorFault},
	}
	for _, tt := range tests {
		value, quality, why := conversion(t, tt.params, tt.signal).Convert(tt.raw)
		if value != tt.value || quality != tt.quality || why != tt.why || value == 0 && math.Signbit(value) {
			t.Errorf("%s: %v %s gives %v %s %q, want %v %s %q", tt.params, tt.raw, tt.signal, value, quality, why, tt.value, tt.quality, tt.why)
		}
	}
}

func TestABadReadingKeepsTheNumberAndNoValue(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	r := conversion(t, loop, Milliamps).Reading("balagong/mutton-1/air", at, 3.1)
	if v, ok := r.Value(); ok || v != 0 || r.Reason != sensors.SensorFault {
		t.Errorf("%s", r)
	}
	if raw, ok := r.Raw(); !ok || raw != 3.1 {
		t.Errorf("raw %v %v", raw, ok)
	}
	if r := conversion(t, loop, Milliamps).Reading("balagong/mutton-1/air", at, 3.7); r.Quality != sensors.Uncertain || r.Reason != sensors.OutOfRange {
		t.Errorf("%s", r)
	}
}

// Whatever wire of a thermistor breaks, on either side of a divider, with the
// supply anywhere in its tolerance and the ADC a millivolt off: never a value.
func TestABrokenThermistorIsNeverATemperature(t *testing.T) {
	for _, side := range []string{PullUp, PullDown} {
		for _, resistor := range []float64{1000, 3300, 10000, 22000, 47000, 100000} {
			for low := -50.0; low <= 0; low += 5 {
				p := Params{Kind: NTC, R0: 10000, Beta: 3950, Resistor: resistor, Side: side, Supply: 3.3, Min: &low}
				c, err := New(p, Volts)
				if err != nil {
					continue // refused because it could not tell
				}
				for off := -0.02; off <= 0.02; off += 0.001 {
					open, short := 0.0, 3.3*(1+off)
					if side == PullUp {
						open, short = short, open
					}
					for noise := -0.001; noise <= 0.001; noise += 0.0005 {
						for name, raw := range map[string]float64{"open": open + noise, "short": short + noise} {
							if v, q, _ := c.Convert(raw); q != sensors.Bad || v != 0 {
								t.Fatalf("%s, %v Ω, from %v °C, supply %+.1f %%: %s reads %v °C", side, resistor, low, off*100, name, v)
							}
						}
					}
				}
			}
		}
	}
}

func TestSomeThermistorCircuitsAreSound(t *testing.T) {
	low := -35.0
	for _, side := range []string{PullUp, PullDown} {
		if m := (Params{Kind: NTC, R0: 10000, Beta: 3950, Resistor: 10000, Side: side, Supply: 3.3, Min: &low}).Validate(Volts); len(m) != 0 {
			t.Errorf("%s: %v", side, m)
		}
	}
}

func TestGoodValuesAreInRangeAndMonotone(t *testing.T) {
	for _, tt := range []struct {
		params    string
		signal    Signal
		from, to  float64
		ascending bool
	}{
		{loop, Milliamps, -5, 30, true}, {shunt, Volts, -1, 5, true}, {damp, Milliamps, 0, 25, true}, {tenV, Volts, -1, 5, true},
		{fridge, Share, -0.1, 1.1, false}, {down, Volts, -0.5, 4, true}, {pt, Ohms, -10, 500, true}, {bridge, Share, -0.1, 1.1, true}, {source, Volts, -0.1, 1, true},
	} {
		c := conversion(t, tt.params, tt.signal)
		low, high := c.Quantity().Range()
		before, seen := 0.0, 0
		for i := range 20000 {
			raw := tt.from + (tt.to-tt.from)*float64(i)/20000
			v, q, why := c.Convert(raw)
			if (q == sensors.Good) != (why == sensors.NoReason) || q == sensors.Bad && v != 0 {
				t.Fatalf("%s: %v gives %v %s %q", tt.params, raw, v, q, why)
			}
			if q == sensors.Bad {
				continue
			}
			if v < low || v > high || seen > 0 && v != before && (v > before) != tt.ascending {
				t.Fatalf("%s: %v gives %v after %v", tt.params, raw, v, before)
			}
			before = v
			seen++
		}
		if seen < 100 {
			t.Errorf("%s: only %d values", tt.params, seen)
		}
	}
}

func TestLargest(t *testing.T) {
	for text, want := range map[string]float64{shunt: 0.0205 * 165, tenV: 10.25 / 3} {
		if got := conversion(t, text, Volts).Largest(); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v V, want %v", text, got, want)
		}
	}
	if got := conversion(t, source, Volts).Largest(); math.Abs(got-0.1573) > 0.0001 { // 157.33 Ω at 150 °C
		t.Errorf("%v V", got)
	}
}

func TestMistakes(t *testing.T) {
	tests := []struct {
		params string
		signal Signal
		keys   string // of the mistakes
		says   string
	}{
		{"{kind: pt-100}", Ohms, "kind", "pt100"},
		{"{kind: ma420, from: 0, to: 1}", Ohms, "kind", "cannot be made of ohm"},
		{"{kind: v010, from: 0, to: 1}", Milliamps, "kind", "mA"},
		{"{kind: ma420}", Milliamps, "from to", "missing"},
		{"{kind: ma420, from: -50, to: 50}", Volts, "shunt", "ma420 needs from, to, shunt"},
		{shunt, Milliamps, "shunt", "has no effect"},
		{"{kind: ma420, from: 5, to: 5}", Milliamps, "to", "same as from"},
		{"{kind: ma420, from: .nan, to: 5}", Milliamps, "from", "NaN"},
		{"{kind: ma420, quantity: door, from: 0, to: 5}", Milliamps, "quantity", "humidity"},
		{"{kind: ma420, shunt: -165, from: 0, to: 5}", Volts, "shunt", "negative"},
		{"{kind: ntc, r0: 10000}", Ohms, "beta", "missing"},
		{"{kind: ntc, r0: 10000, beta: 3950, a: 0.001, b: 0.0002}", Ohms, "r0 beta", "has no effect"},
		{"{kind: ntc, r0: 10000, beta: 3950}", Share, "resistor side", "missing"},
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 1e4, side: up}", Share, "side", "pull-up"},
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 1e4, side: pull-up, supply: 3.3}", Share, "supply", "has no effect"},
		// The supply may be 2 % low: an open wire then reads as −43 °C.
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 1e4, side: pull-up, supply: 3.3}", Volts, "min", "-50 °C cannot be told from a broken wire"},
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 1e3, side: pull-up}", Share, "min", "another resistor"},
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 1e3, side: pull-down}", Share, "min", "another resistor"},
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 2e6, side: pull-up}", Share, "max", "another resistor"},
		{"{kind: ntc, r0: 10000, beta: 3950, resistor: 1e4, side: pull-up, supply: 3.3, supply_tolerance: 0.3}", Volts, "supply_tolerance", "0.2"},
		{"{kind: ntc, r0: 10000, beta: 3950, min: 20, max: 10}", Ohms, "min", "no range"},
		{"{kind: ntc, a: 1.0, b: 0.1}", Ohms, "a", "does not hold"},
		{"{kind: pt100, min: -300}", Ohms, "min", "-300"},
		{"{kind: pt100, beta: 3950}", Ohms, "beta", "has no effect"},
		{"{kind: pt100, current: 1, resistor: 100}", Volts, "resistor", "has no effect"},
	}
	for _, tt := range tests {
		var keys []string
		found := params(t, tt.params).Validate(tt.signal)
		for _, m := range found {
			keys = append(keys, m.Key)
		}
		_, err := New(params(t, tt.params), tt.signal)
		if strings.Join(keys, " ") != tt.keys || err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s of %s: %v (%v), want %s and %q", tt.params, tt.signal, keys, err, tt.keys, tt.says)
		}
	}
}

// FuzzConvert: no settings that pass and no number give a value that is bad, or
// outside what can exist.
func FuzzConvert(f *testing.F) {
	f.Add(uint8(3), uint8(0), 10000.0, 3950.0, 10000.0, 3.3, 1.2)
	f.Add(uint8(0), uint8(1), 165.0, -50.0, 50.0, 0.0, 12.0)
	f.Add(uint8(4), uint8(2), 0.0, 0.0, 0.0, 0.0, 92.0)
	f.Fuzz(func(t *testing.T, kind, signal uint8, a, b, c, d, raw float64) {
		p := Params{Kind: Kinds()[int(kind)%len(Kinds())]}
		s := Signals()[int(signal)%len(Signals())]
		switch p.Kind {
		case MA420, V010, V210:
			p.From, p.To = &b, &c
			if p.Kind == MA420 && s == Volts {
				p.Shunt = a
			}
		default:
			if p.Kind == NTC {
				p.R0, p.Beta = a, b
			}
			if s == Volts || s == Share {
				p.Resistor, p.Side = c, PullUp
			}
			if s == Volts {
				p.Supply = d
			}
		}
		conv, err := New(p, s)
		if err != nil {
			return
		}
		v, q, why := conv.Convert(raw)
		low, high := conv.Quantity().Range()
		if q == sensors.Bad && (v != 0 || why == "") || q != sensors.Bad && !(v >= low && v <= high) {
			t.Fatalf("%+v: %v gives %v %s %q", p, raw, v, q, why)
		}
	})
}
