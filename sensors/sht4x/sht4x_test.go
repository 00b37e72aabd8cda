package sht4x

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

// chip is an SHT4x after its datasheet: commands of one byte, an answer can be
// read once it is there; until then the chip does not acknowledge.
type chip struct {
	temperature, humidity uint16
	slow                  time.Duration
	resets                int

	ready  time.Time
	answer []uint16
}

func (m *chip) PowerUp() { m.answer = nil }

func (m *chip) Tx(w, r []byte) error {
	if len(w) > 1 {
		return fakebus.NACK()
	}
	if len(w) == 1 {
		switch m.ready = time.Now(); w[0] {
		case 0xFD:
			m.answer = []uint16{m.temperature, m.humidity}
			m.ready = m.ready.Add(8300*time.Microsecond + m.slow)
		case 0x89:
			m.answer = []uint16{0x0F1A, 0x2B3C}
		case 0x94:
			m.resets++
			m.PowerUp()
		default:
			return fakebus.NACK()
		}
	}
	if len(r) > 0 {
		if m.answer == nil || time.Now().Before(m.ready) {
			return fakebus.NACK()
		}
		fakebus.Words(r, m.answer...)
		m.answer = nil
	}
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
		bus := fakebus.New(DefaultAddress, &chip{temperature: 9999, humidity: 37330})
		return bus, device(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.CRCError}, func(b *fakebus.Bus) []sensortest.Fault {
		return b.Flips(6, sensors.CRCError)
	}).Run(t)
}

// T = -45 + 175 S/65535, RH = -6 + 125 S/65535, cropped to 0 and 100 (section
// "Conversion of Signal Output"); computed by hand.
func TestConversion(t *testing.T) {
	tests := []struct {
		rawT, rawH     uint16
		t, h, uncooked float64
	}{
		{1873, 3146, -40, 0, 0}, {9999, 37329, -18.3, 65.2, 0}, {16852, 29360, 0, 50, 0}, {0x6666, 0x8000, 25, 56.5, 0},
		{63661, 55574, 125, 100, 0}, {18350, 0, 4, 0, -6}, {18350, 65535, 4, 100, 119},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{temperature: tt.rawT, humidity: tt.rawH})))
			fakebus.Want(t, got["air"], tt.t, 0)
			fakebus.Want(t, got["rh"], tt.h, 0)
			if raw, has := got["rh"].Raw(); has != (tt.uncooked != 0) || raw != tt.uncooked {
				t.Errorf("raw humidity %v %t, want %v", raw, has, tt.uncooked)
			}
		})
	}
}

// The transactions of a first poll by hand (section "Command Overview"). BE EF
// with its checksum 92 is the datasheet's example.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			{Addr: 0x44, W: []byte{0x89}},
			{Addr: 0x44, R: []byte{0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92}},
			{Addr: 0x44, W: []byte{0xFD}},
			{Addr: 0x44, R: []byte{0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92}},
			{Addr: 0x44, W: []byte{0xFD}}, // the second poll asks no serial number
			{Addr: 0x44, R: []byte{0xBE, 0xEF, 0x92, 0xBE, 0xEF, 0x92}},
		}}
		d := device(t, bus)
		for range 2 {
			got := fakebus.Poll(t, d)
			fakebus.Want(t, got["air"], 85.52, 0)
			fakebus.Want(t, got["rh"], 87.23, 0)
		}
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAResultThatIsNotReadyIsNoTemperature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &chip{temperature: 9999, humidity: 37330, slow: time.Second}
		d := device(t, fakebus.New(DefaultAddress, m))
		for range 4 {
			fakebus.WantBad(t, fakebus.Poll(t, d)["air"], sensors.NoAck)
		}
		if m.resets != 1 {
			t.Errorf("%d resets after 4 failed polls, want 1", m.resets)
		}
		m.slow = 5 * time.Millisecond
		fakebus.Want(t, fakebus.Poll(t, d)["air"], -18.3, 0)
	})
}
