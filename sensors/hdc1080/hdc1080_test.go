package hdc1080

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

// chip is an HDC1080 after its datasheet: naming register 0 starts a
// measurement, reads are not acknowledged until it ends, and before the first
// one the results are zero.
type chip struct {
	temperature, humidity uint16
	id                    uint16

	config    uint16
	pointer   byte
	ready     time.Time
	converted bool
}

func (m *chip) PowerUp() { m.config, m.pointer, m.converted, m.ready = 0x1000, 0, false, time.Time{} }

func (m *chip) Tx(w, r []byte) error {
	if len(w) > 0 {
		switch m.pointer = w[0]; {
		case w[0] == 0:
			m.ready, m.converted = time.Now().Add(12850*time.Microsecond), true
		case w[0] == 2 && len(w) == 3:
			if m.config = binary.BigEndian.Uint16(w[1:]); m.config&0x8000 != 0 {
				m.PowerUp()
			}
		}
	}
	if len(r) == 0 {
		return nil
	}
	switch m.pointer {
	case 0:
		if time.Now().Before(m.ready) || len(r) != 4 {
			return fakebus.NACK()
		}
		copy(r, []byte{0, 0, 0, 0})
		if m.converted {
			binary.BigEndian.PutUint16(r, m.temperature)
			binary.BigEndian.PutUint16(r[2:], m.humidity)
		}
	case 2:
		binary.BigEndian.PutUint16(r, m.config)
	case 0xFE:
		binary.BigEndian.PutUint16(r, 0x5449)
	case 0xFF:
		binary.BigEndian.PutUint16(r, m.id)
	default:
		return fakebus.NACK()
	}
	return nil
}

func made(t *testing.T, bus i2c.Bus) sensors.Sensor {
	t.Helper()
	d, err := New(i2cchip.Config{Name: "probe", Address: DefaultAddress, Now: time.Now,
		Points: map[sensors.PointID]string{"s/z/air": ChannelTemperature, "s/z/rh": ChannelHumidity}}, bus)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestConformance(t *testing.T) {
	fakebus.Suite(func(t *testing.T) (*fakebus.Bus, sensors.Sensor) {
		bus := fakebus.New(DefaultAddress, &chip{temperature: 0x215C, humidity: 0xA6E8, id: 0x1050})
		return bus, made(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.BadAnswer}, func(b *fakebus.Bus) []sensortest.Fault {
		return append(b.Flips(2, sensors.BadAnswer), b.Glitch(sensors.BadAnswer))
	}).Run(t)
}

// T = 165 S/65536 − 40, RH = 100 S/65536 (sections 8.6.1 and 8.6.2), by hand.
func TestConversion(t *testing.T) {
	tests := []struct {
		rawT, rawH uint16
		t, h       float64
	}{
		{0x0004, 0, -39.99, 0}, {0x215C, 0xA6E8, -18.5, 65.2}, {0x3E10, 0x8000, 0, 50}, {0x6490, 0x4000, 24.82, 25}, {0xFFFC, 0xFFFC, 124.99, 99.99},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, made(t, fakebus.New(DefaultAddress, &chip{temperature: tt.rawT, humidity: tt.rawH, id: 0x1050})))
			fakebus.Want(t, got["air"], tt.t, 0.005)
			fakebus.Want(t, got["rh"], tt.h, 0.005)
		})
	}
}

func TestABlinkOfTheSupplyAnywhereIsNotMinusForty(t *testing.T) {
	for at := 1; at <= 16; at++ {
		synctest.Test(t, func(t *testing.T) {
			m, n := &chip{temperature: 0x6490, humidity: 0x4000, id: 0x1050}, 0
			bus := fakebus.New(DefaultAddress, m)
			bus.Wire(func(_, _ []byte) error {
				if n++; n == at {
					m.PowerUp()
				}
				return nil
			})
			d := made(t, bus)
			for range 2 {
				got := fakebus.Poll(t, d)
				fakebus.Want(t, got["air"], 24.82, 0)
				fakebus.Want(t, got["rh"], 25, 0)
			}
		})
	}
}

func TestOtherChipsAreRefused(t *testing.T) {
	for _, id := range []uint16{0x1000, 0x07D0, 0, 0xFFFF} { // HDC1000, HDC2080
		synctest.Test(t, func(t *testing.T) {
			fakebus.WantBad(t, fakebus.Poll(t, made(t, fakebus.New(DefaultAddress, &chip{temperature: 0x6490, id: id})))["air"], sensors.BadAnswer)
		})
	}
}

func TestASettingOfSomebodyElseIsPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &chip{temperature: 0x6490, humidity: 0x4000, id: 0x1050}
		bus := fakebus.New(DefaultAddress, m)
		d := made(t, bus)
		fakebus.Want(t, fakebus.Poll(t, d)["air"], 24.82, 0)
		bus.Set(func() { m.config = 0x3000 }) // the heater
		fakebus.Want(t, fakebus.Poll(t, d)["air"], 24.82, 0)
		if m.config != 0x1000 {
			t.Errorf("configuration %04x", m.config)
		}
	})
}

// The transactions of a first poll by hand, after section 8.6.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		maker, kind := i2ctest.IO{Addr: 0x40, W: []byte{0xFE}, R: []byte{0x54, 0x49}}, i2ctest.IO{Addr: 0x40, W: []byte{0xFF}, R: []byte{0x10, 0x50}}
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			maker, kind,
			{Addr: 0x40, W: []byte{0x02, 0x10, 0x00}},
			{Addr: 0x40, W: []byte{0x00}},
			{Addr: 0x40, R: []byte{0x64, 0x90, 0x40, 0x00}},
			{Addr: 0x40, W: []byte{0x00}},
			{Addr: 0x40, R: []byte{0x64, 0x94, 0x40, 0x40}},
			maker, kind,
			{Addr: 0x40, W: []byte{0x02}, R: []byte{0x18, 0x00}}, // the battery flag does not matter
		}}
		got := fakebus.Poll(t, made(t, bus))
		fakebus.Want(t, got["air"], 24.83, 0)
		fakebus.Want(t, got["rh"], 25.1, 0)
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}
