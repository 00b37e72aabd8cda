package tmp10x

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"

	bridge "coldchain/firmware-bridge/i2c"
	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
	"coldchain/sensors/sensortest"
	"coldchain/sensors/sensortest/fakebus"
)

const (
	air  sensors.PointID = "balagong/mutton-1/air"
	same sensors.PointID = "balagong/mutton-1/air-again"
)

// kind is one of the two chips: how to build its driver and its model.
type kind struct {
	name string
	new  func(i2cchip.Config, i2c.Bus) (*i2cchip.Device, error)
	chip func() *fakebus.Registers
	low  float64
}

func kinds() []kind {
	return []kind{
		{"tmp102", NewTMP102, tmp102, -40},
		{"tmp105", NewTMP105, tmp105, -55},
	}
}

// tmp102 powers up as SBOS397 says: 0 °C until the first conversion ends,
// configuration 0x60A0, of which bits 14 and 13 and 3 to 0 cannot be written.
func tmp102() *fakebus.Registers {
	c := &fakebus.Registers{Default: map[byte][]byte{0: {0, 0}, 1: {0x60, 0xA0}, 2: {0x4B, 0}, 3: {0x50, 0}}, Fixed: map[byte]bool{0: true}}
	c.Written = func(reg byte, v []byte) []byte {
		if reg == 1 && len(v) == 2 {
			v[0], v[1] = v[0]|0x60, v[1]&0xF0|0x20
		}
		return v
	}
	return c
}

// tmp105 powers up as SBOS280 says: one byte of configuration, 0x00.
func tmp105() *fakebus.Registers {
	return &fakebus.Registers{Default: map[byte][]byte{0: {0, 0}, 1: {0}, 2: {0x4B, 0}, 3: {0x50, 0}}, Fixed: map[byte]bool{0: true}}
}

// showing lets the chip show raw, whenever it was powered up long enough.
func showing(c *fakebus.Registers, raw uint16) *fakebus.Registers {
	written := c.Written
	c.Written = func(reg byte, v []byte) []byte {
		binary.BigEndian.PutUint16(c.Regs[0], raw) // writing 1 lets it convert
		if written != nil {
			v = written(reg, v)
		}
		return v
	}
	return c
}

func config() i2cchip.Config {
	return i2cchip.Config{Name: "probe-7", Address: DefaultAddress, Now: time.Now,
		Points: map[sensors.PointID]string{air: ChannelTemperature, same: ChannelTemperature}}
}

func device(t *testing.T, k kind, bus i2c.Bus) *i2cchip.Device {
	t.Helper()
	d, err := k.new(config(), bus)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, d *i2cchip.Device) sensors.Reading {
	t.Helper()
	out := d.Read(t.Context(), []sensors.PointID{air})
	if len(out) != 1 {
		t.Fatalf("readings %v", out)
	}
	return out[0]
}

func TestConformance(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			fakebus.Suite(func(t *testing.T) (*fakebus.Bus, sensors.Sensor) {
				bus := fakebus.New(DefaultAddress, showing(k.chip(), 0xED80))
				return bus, device(t, k, bridge.NewWatchdog(bus, 200*time.Millisecond))
			}, []sensors.Reason{sensors.BadAnswer}, func(b *fakebus.Bus) []sensortest.Fault {
				return []sensortest.Fault{b.Glitch(sensors.BadAnswer)}
			}).Run(t)
		})
	}
}

// The tables "12-Bit Temperature Data Format" of SBOS397 and SBOS280.
func TestTemperaturesOfTheDatasheet(t *testing.T) {
	tests := []struct {
		raw  uint16
		want float64
	}{
		{0x7FF0, 127.9375}, {0x6400, 100}, {0x5000, 80}, {0x4B00, 75}, {0x3200, 50}, {0x1900, 25},
		{0x0040, 0.25}, {0x0010, 0.0625}, {0x0000, 0}, {0xFFF0, -0.0625}, {0xFFC0, -0.25}, {0xED80, -18.5}, {0xE700, -25}, {0xD800, -40}, {0xC900, -55},
	}
	for _, k := range kinds() {
		for _, tt := range tests {
			synctest.Test(t, func(t *testing.T) {
				got := read(t, device(t, k, fakebus.New(DefaultAddress, showing(k.chip(), tt.raw))))
				v, ok := got.Value()
				inside := tt.want >= k.low && tt.want <= 125
				if ok != inside || ok && (v != tt.want || math.Signbit(v) != (v < 0)) {
					t.Errorf("%s %04x: %s, want %v", k.name, tt.raw, got, tt.want)
				}
				if raw, has := got.Raw(); !inside && (!has || raw != tt.want || got.Reason != sensors.OutOfRange) {
					t.Errorf("%s %04x: %s raw %v, want out of range with the number", k.name, tt.raw, got, raw)
				}
			})
		}
	}
}

func TestATrueZeroIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, k := range kinds() {
			d := device(t, k, fakebus.New(DefaultAddress, k.chip()))
			if v, ok := read(t, d).Value(); !ok || v != 0 {
				t.Errorf("%s: ice water reads %v %v", k.name, v, ok)
			}
		}
	})
}

func TestAChipThatLostItsPowerBetweenPollsIsNotZero(t *testing.T) {
	for _, k := range kinds() {
		synctest.Test(t, func(t *testing.T) {
			chip := k.chip()
			bus := fakebus.New(DefaultAddress, chip)
			ended := func() { bus.Set(func() { binary.BigEndian.PutUint16(chip.Regs[0], 0xED80) }) }
			d := device(t, k, bus)
			timer := time.AfterFunc(30*time.Millisecond, ended) // the first conversion
			if v, _ := read(t, d).Value(); v != -18.5 {
				t.Fatalf("%s: first poll %v", k.name, v)
			}
			timer.Stop()
			bus.Blink()
			time.AfterFunc(30*time.Millisecond, ended)
			if got := read(t, d); got.Quality == sensors.Good {
				if v, _ := got.Value(); v != -18.5 {
					t.Errorf("%s after a blink of the supply: %s", k.name, got)
				}
			} else {
				t.Errorf("%s: a blink of the supply costs a reading: %s", k.name, got)
			}
		})
	}
}

func TestABlinkInTheMiddleOfAPollIsSeen(t *testing.T) {
	for _, k := range kinds() {
		for at := 1; at <= 8; at++ {
			synctest.Test(t, func(t *testing.T) {
				chip := showing(k.chip(), 0xED80)
				bus := fakebus.New(DefaultAddress, chip)
				d := device(t, k, bus)
				n := 0
				bus.Wire(func(_, _ []byte) error {
					if n++; n == at {
						chip.PowerUp()
					}
					return nil
				})
				if v, ok := read(t, d).Value(); ok && v != -18.5 {
					t.Errorf("%s, blink after transaction %d: %v", k.name, at, v)
				}
			})
		}
	}
}

// The transactions of a first poll, written by hand from SBOS280 and SBOS397:
// pointer and configuration, its read-back, the temperature twice, and the
// configuration again.
func TestTransactions(t *testing.T) {
	tests := []struct {
		k   kind
		ops []i2ctest.IO
	}{
		{kinds()[0], []i2ctest.IO{
			{Addr: 0x48, W: []byte{1, 0x60, 0xC0}},
			{Addr: 0x48, W: []byte{1}, R: []byte{0x60, 0xE0}}, // AL is set
			{Addr: 0x48, W: []byte{0}, R: []byte{0xED, 0x80}},
			{Addr: 0x48, W: []byte{0}, R: []byte{0xED, 0x90}},
			{Addr: 0x48, W: []byte{1}, R: []byte{0x60, 0xC0}},
		}},
		{kinds()[1], []i2ctest.IO{
			{Addr: 0x48, W: []byte{1, 0x60}},
			{Addr: 0x48, W: []byte{1}, R: []byte{0x60}},
			{Addr: 0x48, W: []byte{0}, R: []byte{0xED, 0x80}},
			{Addr: 0x48, W: []byte{0}, R: []byte{0xED, 0x90}},
			{Addr: 0x48, W: []byte{1}, R: []byte{0xE0}}, // the one-shot bit does not matter
		}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			bus := &i2ctest.Playback{Ops: tt.ops, DontPanic: true}
			if v, ok := read(t, device(t, tt.k, bus)).Value(); !ok || v != -18.4375 {
				t.Errorf("%s: %v %v", tt.k.name, v, ok)
			}
			if err := bus.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBitsWhereNoneAreSpoilTheReading(t *testing.T) {
	for _, raw := range []uint16{1, 8, 0xED81, 0x7FFF, 0xFFFF} {
		v, err := celsius(raw)
		var fault *i2cchip.Fault
		if !errors.As(err, &fault) || fault.Why != sensors.BadAnswer || !math.IsNaN(v) {
			t.Errorf("%04x: %v, %v", raw, v, err)
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *i2cchip.Config)
		want   string
	}{
		{"address", func(c *i2cchip.Config) { c.Address = 0x4C }, "0x4c is not one of the chip's: 0x48, 0x49, 0x4a, 0x4b"},
		{"channel", func(c *i2cchip.Config) { c.Points[air] = "humidity" }, `no channel "humidity" (temperature)`},
		{"no points", func(c *i2cchip.Config) { c.Points = nil }, "no points"},
		{"no clock", func(c *i2cchip.Config) { c.Now = nil }, "clock"},
	}
	for _, tt := range tests {
		cfg := config()
		tt.change(&cfg)
		if _, err := NewTMP102(cfg, &i2ctest.Playback{}); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "probe-7") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := NewTMP102(config(), nil); err == nil {
		t.Error("a nil bus is taken")
	}
}
