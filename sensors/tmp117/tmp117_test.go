package tmp117

import (
	"encoding/binary"
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

// chip powers up as the datasheet says: −256 °C, factory's configuration. It
// shows raw once the configuration is written; the wait is the driver's.
func chip(raw, id uint16) *fakebus.Registers {
	c := &fakebus.Registers{
		Default: map[byte][]byte{0: {0x80, 0}, 1: {0x02, 0x20}, 0x0F: {byte(id >> 8), byte(id)}},
		Fixed:   map[byte]bool{0: true, 0x0F: true},
	}
	c.Written = func(reg byte, v []byte) []byte {
		if v[1]&0x02 != 0 { // soft reset
			c.PowerUp()
			return c.Regs[1]
		}
		binary.BigEndian.PutUint16(c.Regs[0], raw)
		return v
	}
	return c
}

func device(t *testing.T, bus i2c.Bus) sensors.Sensor {
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
		bus := fakebus.New(DefaultAddress, chip(0xF6D9, 0x1117))
		return bus, device(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.BadAnswer}, func(b *fakebus.Bus) []sensortest.Fault {
		return append(b.Flips(2, sensors.BadAnswer), b.Glitch(sensors.BadAnswer))
	}).Run(t)
}

// Table "16-Bit Temperature Data Format" of the datasheet, to 0.001 °C.
func TestTemperaturesOfTheDatasheet(t *testing.T) {
	tests := []struct {
		raw  uint16
		want float64
	}{
		{0xE480, -55}, {0xF380, -25}, {0xFFF0, -0.125}, {0xFFFF, -0.008}, {0x0000, 0}, {0x0001, 0.008}, {0x0010, 0.125},
		{0x0080, 1}, {0x0C80, 25}, {0x3200, 100}, {0x4B00, 150}, {0xF6D9, -18.305},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			fakebus.Want(t, fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, chip(tt.raw, 0x0117))))["air"], tt.want, 0)
		})
	}
	for _, raw := range []uint16{0xE47F, 0x4B01, 0x7FFF} {
		synctest.Test(t, func(t *testing.T) {
			fakebus.WantBad(t, fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, chip(raw, 0x0117))))["air"], sensors.OutOfRange)
		})
	}
}

func TestOnlyItsOwnKindIsWrittenInto(t *testing.T) {
	for id, want := range map[uint16]bool{0x0117: true, 0x1117: true, 0x2117: true, 0x0118: false, 0x0000: false, 0xFFFF: false} {
		synctest.Test(t, func(t *testing.T) {
			c := chip(0x0C80, id)
			written := false
			set := c.Written
			c.Written = func(reg byte, v []byte) []byte { written = true; return set(reg, v) }
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, c)))["air"]
			if want {
				fakebus.Want(t, got, 25, 0)
			} else {
				fakebus.WantBad(t, got, sensors.BadAnswer)
			}
			if written != want {
				t.Errorf("id %04x: written %t", id, written)
			}
		})
	}
}

func TestNoConversionSincePowerUpIsNoTemperature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fakebus.WantBad(t, fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, chip(0x8000, 0x0117))))["air"], sensors.DeviceBusy)
	})
}

func TestABlinkOfTheSupplyAnywhereGivesNoWrongNumber(t *testing.T) {
	for at := 1; at <= 14; at++ {
		synctest.Test(t, func(t *testing.T) {
			c, n := chip(0x0C80, 0x0117), 0
			bus := fakebus.New(DefaultAddress, c)
			bus.Wire(func(_, _ []byte) error {
				if n++; n == at {
					c.PowerUp()
				}
				return nil
			})
			d := device(t, bus)
			for range 2 {
				fakebus.Want(t, fakebus.Poll(t, d)["air"], 25, 0)
			}
		})
	}
}

func TestAShutDownChipIsStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chip(0x0C80, 0x0117)
		bus := fakebus.New(DefaultAddress, c)
		d := device(t, bus)
		fakebus.Want(t, fakebus.Poll(t, d)["air"], 25, 0)
		bus.Set(func() { c.Regs[1] = []byte{0x06, 0x20} }) // somebody else: MOD = 01
		fakebus.Want(t, fakebus.Poll(t, d)["air"], 25, 0)
		if c.Regs[1][0] != 0x02 {
			t.Errorf("configuration % x", c.Regs[1])
		}
	})
}

// The transactions of a first poll by hand, after section "Register Map"; the
// data-ready flag (bit 13) of the configuration comes and goes.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			{Addr: 0x48, W: []byte{0x0F}, R: []byte{0x01, 0x17}},
			{Addr: 0x48, W: []byte{0x01, 0x02, 0x20}},
			{Addr: 0x48, W: []byte{0x00}, R: []byte{0x0C, 0x80}},
			{Addr: 0x48, W: []byte{0x00}, R: []byte{0x0C, 0x81}},
			{Addr: 0x48, W: []byte{0x0F}, R: []byte{0x01, 0x17}},
			{Addr: 0x48, W: []byte{0x01}, R: []byte{0x22, 0x20}},
		}}
		fakebus.Want(t, fakebus.Poll(t, device(t, bus))["air"], 25.008, 0)
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}
