package sht3x

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

// chip is an SHT3x after its datasheet: a result can be read once, from the
// time the conversion takes; until then the chip does not acknowledge.
type chip struct {
	temperature, humidity uint16
	slow                  time.Duration // more than the conversion takes

	periodic, heater bool
	status           uint16
	ready            time.Time // when the result under way can be read; zero is none
	answer           []uint16
}

func (m *chip) PowerUp() { *m = chip{temperature: m.temperature, humidity: m.humidity, slow: m.slow} }

func (m *chip) Tx(w, r []byte) error {
	if len(w) >= 2 {
		m.ready, m.answer = time.Time{}, nil
		switch cmd := binary.BigEndian.Uint16(w); {
		case cmd == 0x2400 && !m.periodic:
			m.ready = time.Now().Add(15500*time.Microsecond + m.slow)
			m.answer = []uint16{m.temperature, m.humidity}
		case cmd == 0x3093:
			m.periodic = false
		case cmd == 0x3066:
			m.heater = false
		case cmd == 0x30A2:
			m.PowerUp()
		case cmd == 0xF32D:
			m.answer = []uint16{m.status}
			if m.heater {
				m.answer[0] |= 1 << 13
			}
		default:
			return fakebus.NACK()
		}
	}
	if len(r) == 0 {
		return nil
	}
	if m.answer == nil || time.Now().Before(m.ready) {
		return fakebus.NACK()
	}
	fakebus.Words(r, m.answer...)
	m.answer = nil
	return nil
}

func device(t *testing.T, bus i2c.Bus) sensors.Sensor {
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
		bus := fakebus.New(DefaultAddress, &chip{temperature: 9924, humidity: 42728})
		return bus, device(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.CRCError}, func(b *fakebus.Bus) []sensortest.Fault {
		return b.Flips(6, sensors.CRCError)
	}).Run(t)
}

// T = -45 + 175 S/65535, RH = 100 S/65535 (section 4.13); the ends of the scale,
// the sensor's range, and values computed by hand.
func TestConversion(t *testing.T) {
	tests := []struct {
		rawT, rawH uint16
		t, h       float64
	}{
		{1873, 0, -40, 0}, {9924, 42728, -18.5, 65.2}, {16852, 32768, 0, 50}, {18350, 13107, 4, 20}, {0x6666, 0xFFFF, 25, 100}, {63661, 1, 125, 0},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{temperature: tt.rawT, humidity: tt.rawH})))
			fakebus.Want(t, got["air"], tt.t, 0)
			fakebus.Want(t, got["rh"], tt.h, 0)
		})
	}
}

func TestBeyondTheChipsRangeIsNoTemperature(t *testing.T) {
	for _, raw := range []uint16{0, 1870, 63700, 65535} {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{temperature: raw})))
			fakebus.WantBad(t, got["air"], sensors.OutOfRange)
		})
	}
}

// The transactions of a first poll by hand: sections 4.8, 4.10, 4.11 (status
// 0x8010, which it has after power-up) and 4.3. BE EF with its checksum 92 is
// the datasheet's example, 85.525 °C.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			{Addr: 0x44, W: []byte{0x30, 0x93}},
			{Addr: 0x44, W: []byte{0x30, 0x66}},
			{Addr: 0x44, W: []byte{0xF3, 0x2D}, R: []byte{0x80, 0x10, 0xE1}},
			{Addr: 0x44, W: []byte{0x24, 0x00}},
			{Addr: 0x44, R: []byte{0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92}},
		}}
		got := fakebus.Poll(t, device(t, bus))
		fakebus.Want(t, got["air"], 85.52, 0)
		fakebus.Want(t, got["rh"], 74.58, 0)
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatAnotherProcessLeftOnIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &chip{temperature: 18350}
		bus := fakebus.New(DefaultAddress, m)
		m.periodic, m.heater = true, true
		fakebus.Want(t, fakebus.Poll(t, device(t, bus))["air"], 4, 0)
		if m.periodic || m.heater {
			t.Errorf("left on: periodic %t, heater %t", m.periodic, m.heater)
		}
	})
}

func TestASlowChipIsWaitedForOnce(t *testing.T) {
	for slow, want := range map[time.Duration]bool{10 * time.Millisecond: true, 100 * time.Millisecond: false} {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{temperature: 18350, slow: slow})))["air"]
			if want {
				fakebus.Want(t, got, 4, 0)
			} else {
				fakebus.WantBad(t, got, sensors.NoAck)
			}
		})
	}
}

func TestAStrangersStatusIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &chip{temperature: 18350}
		bus := fakebus.New(DefaultAddress, m)
		m.status = 1 << 14
		fakebus.WantBad(t, fakebus.Poll(t, device(t, bus))["air"], sensors.BadAnswer)
	})
}
