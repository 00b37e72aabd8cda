package mcp9808

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"
	driver "periph.io/x/devices/v3/mcp9808"

	bridge "coldchain/firmware-bridge/i2c"
	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
	"coldchain/sensors/sensortest"
	"coldchain/sensors/sensortest/fakebus"
)

// chip powers up as DS25095 says: 0 °C, configuration 0x0000. It shows raw once
// the configuration is written; the wait is the driver's.
func chip(raw uint16) *fakebus.Registers {
	c := &fakebus.Registers{
		Default: map[byte][]byte{1: {0, 0}, 2: {0, 0}, 3: {0, 0}, 4: {0, 0}, 5: {0, 0}, 6: {0x00, 0x54}, 7: {0x04, 0x01}, 8: {3}},
		Fixed:   map[byte]bool{5: true, 6: true, 7: true},
	}
	c.Written = func(reg byte, v []byte) []byte {
		if reg == 1 {
			binary.BigEndian.PutUint16(c.Regs[5], raw)
		}
		return v
	}
	return c
}

func made(t *testing.T, bus i2c.Bus) sensors.Sensor {
	t.Helper()
	d, err := New(i2cchip.Config{Name: "probe", Address: DefaultAddress, Now: time.Now,
		Points: map[sensors.PointID]string{"s/z/air": ChannelTemperature, "s/z/again": ChannelTemperature}}, bus)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	fakebus.Suite(func(t *testing.T) (*fakebus.Bus, sensors.Sensor) {
		bus := fakebus.New(DefaultAddress, chip(0xDED8))
		return bus, made(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.BadAnswer}, func(b *fakebus.Bus) []sensortest.Fault {
		return append(b.Flips(2, sensors.BadAnswer), b.Glitch(sensors.BadAnswer))
	}).Run(t)
}

// Section 5.1.3.1: 13 bits of two's complement under three flags. 0xC194 is the
// datasheet's example in periph's test, +25.25 °C with two flags.
func TestConversion(t *testing.T) {
	tests := []struct {
		raw  uint16
		want float64
	}{
		{0xC194, 25.25}, {0x0194, 25.25}, {0x0000, 0}, {0xE000, 0}, {0x0001, 0.0625}, {0x1FFF, -0.0625}, {0xFFFF, -0.0625},
		{0x1ED8, -18.5}, {0xDED8, -18.5}, {0x1D80, -40}, {0x07D0, 125},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			fakebus.Want(t, fakebus.Poll(t, made(t, fakebus.New(DefaultAddress, chip(tt.raw))))["air"], tt.want, 0)
		})
	}
	for _, raw := range []uint16{0x1D7F, 0x07D1, 0x1000} {
		synctest.Test(t, func(t *testing.T) {
			fakebus.WantBad(t, fakebus.Poll(t, made(t, fakebus.New(DefaultAddress, chip(raw))))["air"], sensors.OutOfRange)
		})
	}
}

// TestConversionAgreesWithPeriph holds every register value against periph's
// driver, which we did not write.
func TestConversionAgreesWithPeriph(t *testing.T) {
	c := chip(0)
	c.PowerUp()
	c.Regs[5] = []byte{0, 0}
	theirs, err := driver.New(fakebus.New(DefaultAddress, c), &driver.Opts{Addr: DefaultAddress})
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for raw := range 65536 {
		binary.BigEndian.PutUint16(c.Regs[5], uint16(raw))
		var env physic.Env
		if err := theirs.Sense(&env); err != nil {
			t.Fatal(err)
		}
		ours := float64(counts(uint16(raw))) * step
		if d := env.Temperature.Celsius() - ours; d > 0.001 || d < -0.001 {
			if differ++; differ < 5 {
				t.Errorf("%04x: ours %v, periph's %v", raw, ours, env.Temperature)
			}
		}
	}
}

func TestABlinkOfTheSupplyAnywhereIsNotZero(t *testing.T) {
	for at := 1; at <= 20; at++ {
		synctest.Test(t, func(t *testing.T) {
			c, n := chip(0x0194), 0
			bus := fakebus.New(DefaultAddress, c)
			bus.Wire(func(_, _ []byte) error {
				if n++; n == at {
					c.PowerUp()
				}
				return nil
			})
			d := made(t, bus)
			for range 2 {
				for _, r := range fakebus.Poll(t, d) {
					if v, ok := r.Value(); ok && v != 25.25 {
						t.Errorf("blink after transaction %d: %s", at, r)
					}
				}
			}
			fakebus.Want(t, fakebus.Poll(t, d)["air"], 25.25, 0)
		})
	}
}

func TestAnotherChipIsRefusedAndNotWrittenInto(t *testing.T) {
	for reg, id := range map[byte][]byte{6: {0, 0x55}, 7: {0x05, 0}} {
		synctest.Test(t, func(t *testing.T) {
			c := chip(0x0194)
			c.Default[reg] = id
			c.Written = func(reg byte, v []byte) []byte { t.Errorf("register %d written", reg); return v }
			fakebus.WantBad(t, fakebus.Poll(t, made(t, fakebus.New(DefaultAddress, c)))["air"], sensors.BadAnswer)
		})
	}
}

func TestALockedChipIsAFaultOfItsConfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chip(0x0194)
		c.Default[1], c.Fixed[1] = []byte{0x00, 0x80}, true // Crit. Lock
		fakebus.WantBad(t, fakebus.Poll(t, made(t, fakebus.New(DefaultAddress, c)))["air"], sensors.ConfigFault)
	})
}

// The transactions of a first poll by hand, after section 5.1.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		maker, kind := i2ctest.IO{Addr: 0x18, W: []byte{6}, R: []byte{0x00, 0x54}}, i2ctest.IO{Addr: 0x18, W: []byte{7}, R: []byte{0x04, 0x00}}
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			maker, kind,
			{Addr: 0x18, W: []byte{8, 3}},
			{Addr: 0x18, W: []byte{1, 0x02, 0x00}},
			{Addr: 0x18, W: []byte{1}, R: []byte{0x02, 0x00}},
			{Addr: 0x18, W: []byte{5}, R: []byte{0xC1, 0x94}},
			{Addr: 0x18, W: []byte{5}, R: []byte{0xC1, 0x95}},
			maker, kind,
			{Addr: 0x18, W: []byte{1}, R: []byte{0x02, 0x00}},
		}}
		fakebus.Want(t, fakebus.Poll(t, made(t, bus))["air"], 25.3125, 0)
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}
