package ads1115

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"

	bridge "coldchain/firmware-bridge/i2c"
	"coldchain/sensors"
	"coldchain/sensors/analog"
	"coldchain/sensors/sensortest"
	"coldchain/sensors/sensortest/fakebus"
)

const (
	air  sensors.PointID = "balagong/mutton-1/air"
	damp sensors.PointID = "balagong/mutton-1/humidity"
	core sensors.PointID = "balagong/mutton-1/core"
	oven sensors.PointID = "balagong/mutton-1/defrost-element"
)

func at(v float64) *float64 { return &v }

// config is one chip with a thermistor (against the supply on ain3), two
// transmitters and a Pt100 at a current source.
func config() Config {
	return Config{Name: "adc", Address: DefaultAddress, Now: time.Now,
		Channels: map[string]Channel{
			"ain0": {Reference: "ain3", Conversion: analog.Params{Kind: analog.NTC, R0: 10000, Beta: 3950, Resistor: 10000, Side: analog.PullUp}},
			"ain1": {Conversion: analog.Params{Kind: analog.MA420, Quantity: "humidity", Shunt: 165, From: at(0), To: at(100)}},
			"ain2": {Conversion: analog.Params{Kind: analog.MA420, Shunt: 165, From: at(-50), To: at(50)}},
			"ain3": {Range: 0.256, Conversion: analog.Params{Kind: analog.PT100, Current: 1}},
		},
		Points: map[sensors.PointID]string{core: "ain0", damp: "ain1", air: "ain2"}}
}

// warm is 25 °C at the thermistor, 50 %RH, −18.5 °C; 3.3 V supply.
func warm() *chip {
	return &chip{clock: 1, volts: map[uint16]float64{4: 1.65, 5: 12e-3 * 165, 6: 9.04e-3 * 165, 7: 3.3}}
}

func device(t *testing.T, cfg Config, bus i2c.Bus) *Device {
	t.Helper()
	d, err := New(cfg, bus)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// poll reads all points and returns them by name.
func readAll(t *testing.T, d *Device) map[sensors.PointID]sensors.Reading {
	t.Helper()
	var due []sensors.PointID
	for _, p := range d.Points() {
		due = append(due, p.ID)
	}
	got := map[sensors.PointID]sensors.Reading{}
	for _, r := range d.Read(t.Context(), due) {
		got[r.Point] = r
	}
	if len(got) != len(due) {
		t.Fatalf("readings %v", got)
	}
	return got
}

func wantValue(t *testing.T, r sensors.Reading, want float64) {
	t.Helper()
	if v, ok := r.Value(); !ok || math.Abs(v-want) > 0.011 || r.Quality != sensors.Good {
		t.Errorf("%s, want %v good", r, want)
	}
}

func wantBad(t *testing.T, r sensors.Reading, want sensors.Reason) {
	t.Helper()
	if v, ok := r.Value(); ok || v != 0 || r.Reason != want {
		t.Errorf("%s, want bad(%s)", r, want)
	}
}

func TestConformance(t *testing.T) {
	made := func(t *testing.T) (*fakebus.Bus, sensors.Sensor) {
		bus := fakebus.New(DefaultAddress, warm())
		return bus, device(t, config(), bridge.NewWatchdog(bus, 200*time.Millisecond))
	}
	fakebus.Suite(made, []sensors.Reason{sensors.BadAnswer}, func(b *fakebus.Bus) []sensortest.Fault {
		toggle, results := byte(0), 0
		return []sensortest.Fault{
			{Name: "a bit of every other answer turned over", Break: func() {
				b.Wire(func(_, r []byte) error {
					if len(r) == 2 {
						r[1] ^= toggle
						toggle ^= 0x40
					}
					return nil
				})
			}, Reasons: []sensors.Reason{sensors.BadAnswer}},
			{Name: "a bit of the result turned over, once a conversion", Break: func() {
				b.Wire(func(w, r []byte) error {
					if len(r) == 2 && w[0] == regConversion {
						results++
						r[0] ^= byte(results%2) << 4
					}
					return nil
				})
			}, Reasons: []sensors.Reason{sensors.BadAnswer}},
		}
	}).Run(t)
}

func TestEachInputThroughItsConversion(t *testing.T) {
	for _, clock := range []float64{0.9, 1, 1.1} { // the datasheet's tolerance
		synctest.Test(t, func(t *testing.T) {
			c := warm()
			c.clock = clock
			got := readAll(t, device(t, config(), fakebus.New(DefaultAddress, c)))
			wantValue(t, got[core], 25)
			wantValue(t, got[damp], 50)
			wantValue(t, got[air], -18.5)
		})
	}
}

// The thermistor's supply may be anything: the reference takes it out.
func TestAReferenceCancelsTheSupply(t *testing.T) {
	for _, supply := range []float64{2.9, 3.3, 3.6} {
		synctest.Test(t, func(t *testing.T) {
			c := warm()
			c.volts[4], c.volts[7] = supply/2, supply
			wantValue(t, readAll(t, device(t, config(), fakebus.New(DefaultAddress, c)))[core], 25)
		})
	}
}

func TestBrokenWires(t *testing.T) {
	tests := []struct {
		name  string
		mux   uint16
		volts float64
		point sensors.PointID
	}{
		{"thermistor open", 4, 3.3, core},
		{"thermistor shorted", 4, 0, core},
		{"supply of the thermistor away", 7, 0, core},
		{"supply beyond the range", 7, 5, core},
		{"loop open", 6, 0.0002, air},
		{"loop shorted to 5 V", 6, 5, air},
		{"transmitter says failure", 6, 3.5e-3 * 165, air},
		{"transmitter says failure, high", 5, 21.5e-3 * 165, damp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := warm()
				c.volts[tt.mux] = tt.volts
				got := readAll(t, device(t, config(), fakebus.New(DefaultAddress, c)))
				for id, r := range got {
					if id == tt.point {
						wantBad(t, r, sensors.SensorFault)
						if _, ok := r.Raw(); !ok {
							t.Errorf("%s: the voltage is lost", r)
						}
					} else if r.Quality != sensors.Good {
						t.Errorf("another point suffers: %s", r)
					}
				}
			})
		})
	}
}

func TestPairsAndSaturation(t *testing.T) {
	cfg := config()
	cfg.Channels = map[string]Channel{
		"ain0-ain1": {Range: 0.256, Conversion: analog.Params{Kind: analog.PT100, Current: 1}},
		"ain2-ain3": {Range: 0.256, Conversion: analog.Params{Kind: analog.PT100, Current: 1}},
	}
	cfg.Points = map[sensors.PointID]string{air: "ain0-ain1", core: "ain2-ain3"}
	synctest.Test(t, func(t *testing.T) {
		c := &chip{clock: 1, volts: map[uint16]float64{0: 0.092946, 3: 0.3}}
		got := readAll(t, device(t, cfg, fakebus.New(DefaultAddress, c)))
		wantValue(t, got[air], -18)
		wantBad(t, got[core], sensors.SensorFault)
		c.volts[0] = -0.4 // wires exchanged: clipped at the other end
		wantBad(t, readAll(t, device(t, cfg, fakebus.New(DefaultAddress, c)))[air], sensors.SensorFault)
	})
}

// A conversion of before is never taken for this input's: a poll given up half
// way, and a chip that another program left converting without end.
func TestTheResultIsThisInputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := warm()
		bus := fakebus.New(DefaultAddress, c)
		d := device(t, config(), bus)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(60*time.Millisecond, cancel)
		began := time.Now()
		for _, r := range d.Read(ctx, []sensors.PointID{damp}) {
			wantBad(t, r, sensors.Cancelled)
		}
		if took := time.Since(began); took != 60*time.Millisecond || !c.running {
			t.Fatalf("given up after %v, chip running: %v", took, c.running)
		}
		for _, r := range d.Read(t.Context(), []sensors.PointID{air}) {
			wantValue(t, r, -18.5)
		}

		if err := bus.Tx(DefaultAddress, []byte{regConfig, 0x52, 0x03}, nil); err != nil { // ain1, continuous, 8/s
			t.Fatal(err)
		}
		got := readAll(t, d)
		wantValue(t, got[air], -18.5)
		wantValue(t, got[damp], 50)
	})
}

func TestAChipThatRestartsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := fakebus.New(DefaultAddress, warm())
		d := device(t, config(), bus)
		time.AfterFunc(60*time.Millisecond, bus.Blink)
		for _, r := range d.Read(t.Context(), []sensors.PointID{air}) {
			wantValue(t, r, -18.5)
		}
	})
}

func TestAConversionThatNeverEndsIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := warm()
		c.deaf = true
		d := device(t, config(), fakebus.New(DefaultAddress, c))
		began := time.Now()
		for _, r := range readAll(t, d) {
			wantBad(t, r, sensors.Timeout)
		}
		if took := time.Since(began); took > 300*time.Millisecond {
			t.Errorf("three inputs of a dead chip cost %v", took)
		}
	})
}

func TestAnAbsentChipIsAskedForOneInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := fakebus.New(DefaultAddress, warm())
		bus.Unplug()
		for _, r := range readAll(t, device(t, config(), bus)) {
			wantBad(t, r, sensors.NoAck)
		}
		if n := bus.Asked(); n != 2 {
			t.Errorf("%d transactions, want one and a second try", n)
		}
		bus.Plug()
		wantValue(t, readAll(t, device(t, config(), bus))[air], -18.5)
	})
}

// The datasheet's table "Input Signal Versus Ideal Output Code" and its
// register layout, as bytes on the wire: ain2, ±4.096 V, single, 8 samples a
// second. 0x1800 is 0.768 V, 4.65 mA through 165 Ω.
func TestTheBytesOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		write := []byte{1, 0xE3, 0x0B}
		idle := i2ctest.IO{Addr: 0x48, W: []byte{1}, R: []byte{0xE3, 0x0B}}
		value := i2ctest.IO{Addr: 0x48, W: []byte{0}, R: []byte{0x18, 0x00}}
		bus := &i2ctest.Playback{Ops: []i2ctest.IO{
			{Addr: 0x48, W: []byte{1}, R: []byte{0x85, 0x83}}, // after power up
			{Addr: 0x48, W: write},
			{Addr: 0x48, W: []byte{1}, R: []byte{0x63, 0x0B}}, // still converting
			idle, value, idle, value,
		}, DontPanic: true}
		for _, r := range device(t, config(), bus).Read(t.Context(), []sensors.PointID{air}) {
			wantValue(t, r, -45.91) // -50 + (0.768/165*1000 - 4)/16*100
		}
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCodesAreTheDatasheets(t *testing.T) {
	tests := []struct {
		code      uint16
		volts     float64
		saturated bool
	}{{0x7FFF, 4.096 * 32767 / 32768, true}, {0x4000, 2.048, false}, {0x0001, 4.096 / 32768, false}, {0, 0, false},
		{0xFFFF, -4.096 / 32768, false}, {0x8000, -4.096, true}}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			c := warm()
			c.volts[6] = tt.volts
			v := device(t, config(), fakebus.New(DefaultAddress, c)).convert(t.Context(), tap{"ain2", 4.096})
			if v.err != nil || math.Abs(v.volts-tt.volts) > 1e-12 || v.saturated != tt.saturated || c.result != tt.code {
				t.Errorf("%04x: %+v, want %v V", tt.code, v, tt.volts)
			}
		})
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"address", func(c *Config) { c.Address = 0x44 }, "0x44"},
		{"rate", func(c *Config) { c.Rate = 100 }, "rate 100"},
		{"range", func(c *Config) { c.Channels["ain2"] = Channel{Range: 5, Conversion: c.Channels["ain2"].Conversion} }, "range: 5 V is not a range"},
		{"a range below the signal", func(c *Config) {
			c.Channels["ain2"] = Channel{Range: 2.048, Conversion: c.Channels["ain2"].Conversion}
		}, "range: 2.048 V are less than the 3.382 V"},
		{"input", func(c *Config) { c.Channels["ain4"] = Channel{} }, `"ain4"`},
		{"reference", func(c *Config) {
			c.Channels["ain0"] = Channel{Reference: "ain0", Conversion: c.Channels["ain0"].Conversion}
		}, "is the channel itself"},
		{"reference of nothing", func(c *Config) {
			c.Channels["ain0"] = Channel{Reference: "vdd", Conversion: c.Channels["ain0"].Conversion}
		}, `"vdd"`},
		{"conversion", func(c *Config) { c.Channels["ain1"] = Channel{Conversion: analog.Params{Kind: "ma420"}} }, "conversion.from: is missing"},
		{"point", func(c *Config) { c.Points[oven] = "ain0-ain1" }, `"ain0-ain1" is not set up`},
		{"no points", func(c *Config) { c.Points = nil }, "no points"},
		{"no clock", func(c *Config) { c.Now = nil }, "clock"},
	}
	for _, tt := range tests {
		cfg := config()
		tt.change(&cfg)
		if _, err := New(cfg, fakebus.New(DefaultAddress, warm())); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "adc") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if want := []string{"ain0", "ain0-ain1", "ain1", "ain2", "ain2-ain3", "ain3"}; !slices.Equal(ChannelNames(), want) {
		t.Errorf("channels %v", ChannelNames())
	}
}
