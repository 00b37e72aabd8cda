package si7021

import (
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

// chip is an Si7021 or one of its slower kin: a read is not acknowledged until
// the conversion has ended.
type chip struct {
	temperature, humidity uint16 // with the status bits
	takes                 time.Duration

	user   byte
	ready  time.Time
	answer *uint16
}

func (m *chip) PowerUp() { m.user, m.answer = 0x3A, nil }

func (m *chip) Tx(w, r []byte) error {
	if len(w) > 0 {
		switch m.answer = nil; w[0] {
		case 0xF5:
			m.answer, m.ready = &m.humidity, time.Now().Add(m.takes)
		case 0xF3:
			m.answer, m.ready = &m.temperature, time.Now().Add(m.takes)
		case 0xFE:
			m.PowerUp()
		case 0xE6:
			m.user = w[1]
		case 0xE7:
			r[0] = m.user
			return nil
		default:
			return fakebus.NACK()
		}
	}
	if len(r) == 0 {
		return nil
	}
	if m.answer == nil || time.Now().Before(m.ready) || len(r) != 3 {
		return fakebus.NACK()
	}
	r[0], r[1] = byte(*m.answer>>8), byte(*m.answer)
	r[2] = fakebus.Checksum(0, r[:2])
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
		bus := fakebus.New(DefaultAddress, &chip{temperature: 0x2960, humidity: 0x91D2, takes: 29 * time.Millisecond})
		return bus, device(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.CRCError, sensors.BadAnswer}, func(b *fakebus.Bus) []sensortest.Fault {
		return b.Flips(3, sensors.CRCError)
	}).Run(t)
}

// T = -46.85 + 175.72 S/65536, RH = -6 + 125 S/65536 with the two status bits
// taken off, cropped to 0 and 100 (sections 5.1.1 and 5.1.2). The first line is
// the example of the HTU21D's datasheet: S_T 0x683A, which has status bits of a
// humidity, and S_RH 0x7C80, 54.8 %RH and 24.7 °C, with the bits put right.
func TestConversion(t *testing.T) {
	tests := []struct {
		rawT, rawH uint16
		t, h       float64
	}{
		{0x6838, 0x7C82, 24.69, 54.79},
		{0x4440, 0x0C4E, 0, 0.01}, {0x09FC, 0x0002, -40, 0}, {0xFA5C, 0xFFFE, 125, 100}, {0x294C, 0x91D2, -18.5, 65.2},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{temperature: tt.rawT, humidity: tt.rawH})))
			fakebus.Want(t, got["air"], tt.t, 0.011)
			fakebus.Want(t, got["rh"], tt.h, 0.011)
		})
	}
}

func TestAHumidityIsNeverATemperature(t *testing.T) {
	for name, m := range map[string]*chip{
		"exchanged":           {temperature: 0x7C82, humidity: 0x6838},
		"humidity twice":      {temperature: 0x7C82, humidity: 0x7C82},
		"temperature twice":   {temperature: 0x6838, humidity: 0x6838},
		"temperature is zero": {temperature: 0, humidity: 0x7C82},
	} {
		synctest.Test(t, func(t *testing.T) {
			for _, r := range fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, m))) {
				if r.Reason != sensors.BadAnswer {
					t.Errorf("%s: %s", name, r)
				}
			}
		})
	}
}

func TestTheHeaterIsSwitchedOffAndReservedBitsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &chip{temperature: 0x6838, humidity: 0x7C82}
		bus := fakebus.New(DefaultAddress, m)
		m.user = 0x3A | 0x04 | 0x81
		fakebus.Want(t, fakebus.Poll(t, device(t, bus))["air"], 24.69, 0)
		if m.user != 0x3A {
			t.Errorf("user register %02x, want 3a", m.user)
		}
	})
}

// The transactions of a first poll by hand; answers and checksums are the
// examples of the HTU21D's datasheet (68 3A with 7C, 4E 85 with 6B): one is of a
// humidity, the other is spoilt to be of none.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			{Addr: 0x40, W: []byte{0xE7}, R: []byte{0x3A}},
			{Addr: 0x40, W: []byte{0xE6, 0x3A}},
			{Addr: 0x40, W: []byte{0xF5}},
			{Addr: 0x40, R: []byte{0x68, 0x3A, 0x7C}},
			{Addr: 0x40, W: []byte{0xF3}},
			{Addr: 0x40, R: []byte{0x4E, 0x84, 0x5A}},
		}}
		got := fakebus.Poll(t, device(t, bus))
		fakebus.Want(t, got["rh"], 44.89, 0)
		fakebus.Want(t, got["air"], 7.04, 0)
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}
