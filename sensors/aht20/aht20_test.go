package aht20

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

// chip is an AHT20 after its manual: calibrated only after its initialisation,
// busy for 80 ms and more, zeros before the first measurement.
type chip struct {
	temperature, humidity uint32 // 20 bits
	slow                  time.Duration
	neverCalibrated       bool

	calibrated, converted bool
	ready                 time.Time
}

func (m *chip) PowerUp() { m.calibrated, m.converted, m.ready = false, false, time.Time{} }

func (m *chip) status() byte {
	s := byte(0x10)
	if m.calibrated {
		s |= 1 << 3
	}
	if time.Now().Before(m.ready) {
		s |= 1 << 7
	}
	return s
}

func (m *chip) Tx(w, r []byte) error {
	if len(w) > 0 {
		switch w[0] {
		case 0xBE:
			m.calibrated = !m.neverCalibrated
		case 0xAC:
			m.ready, m.converted = time.Now().Add(75*time.Millisecond+m.slow), true
		case 0xBA:
			m.PowerUp()
		case 0x71:
		default:
			return fakebus.NACK()
		}
	}
	if len(r) == 0 {
		return nil
	}
	answer := []byte{m.status(), 0, 0, 0, 0, 0, 0}
	if m.converted {
		h, t := m.humidity, m.temperature
		copy(answer[1:], []byte{byte(h >> 12), byte(h >> 4), byte(h<<4) | byte(t>>16), byte(t >> 8), byte(t)})
	}
	answer[6] = fakebus.Checksum(0xFF, answer[:6])
	copy(r, answer)
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
		bus := fakebus.New(DefaultAddress, &chip{temperature: 165151, humidity: 683672})
		return bus, device(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.CRCError}, func(b *fakebus.Bus) []sensortest.Fault {
		return b.Flips(7, sensors.CRCError)
	}).Run(t)
}

// RH = S/2^20 · 100, T = S/2^20 · 200 − 50 (sections 6.1 and 6.2), by hand.
func TestConversion(t *testing.T) {
	tests := []struct {
		rawT, rawH uint32
		t, h       float64
	}{
		{52429, 0, -40, 0}, {165151, 683672, -18.5, 65.2}, {262144, 524288, 0, 50}, {283116, 0xFFFFF, 4, 100}, {393216, 262144, 25, 25}, {707788, 1, 85, 0},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{temperature: tt.rawT, humidity: tt.rawH})))
			fakebus.Want(t, got["air"], tt.t, 0)
			fakebus.Want(t, got["rh"], tt.h, 0)
		})
	}
}

func TestABlinkOfTheSupplyAnywhereGivesNoWrongNumber(t *testing.T) {
	for at := 1; at <= 5; at++ {
		synctest.Test(t, func(t *testing.T) {
			m, n := &chip{temperature: 165151, humidity: 683672}, 0
			bus := fakebus.New(DefaultAddress, m)
			bus.Wire(func(_, _ []byte) error {
				if n++; n == at {
					m.PowerUp()
				}
				return nil
			})
			got := fakebus.Poll(t, device(t, bus))
			fakebus.Want(t, got["air"], -18.5, 0)
			fakebus.Want(t, got["rh"], 65.2, 0)
		})
	}
}

// A copy that says it is calibrated as soon as it has power must not pass off
// its empty registers as −50 °C and 0 %RH.
func TestZerosAreNoMeasurement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, r := range fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &chip{}))) {
			fakebus.WantBad(t, r, sensors.BadAnswer)
		}
	})
}

func TestAChipThatFailsSaysSo(t *testing.T) {
	tests := []struct {
		chip chip
		want sensors.Reason
	}{
		{chip{temperature: 165151, neverCalibrated: true}, sensors.DeviceFault},
		{chip{temperature: 165151, slow: time.Hour}, sensors.DeviceBusy},
		{chip{temperature: 165151, slow: 100 * time.Millisecond}, sensors.NoReason},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			if got := fakebus.Poll(t, device(t, fakebus.New(DefaultAddress, &tt.chip)))["air"]; got.Reason != tt.want {
				t.Errorf("%+v: %s, want %q", tt.chip, got, tt.want)
			}
		})
	}
}

// The transactions of a poll of a chip fresh from power-up; the answer, with its
// checksum, is one of periph's tests of its driver.
func TestTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
			{Addr: 0x38, W: []byte{0x71}, R: []byte{0x10}},
			{Addr: 0x38, W: []byte{0xBE, 0x08, 0x00}},
			{Addr: 0x38, W: []byte{0xAC, 0x33, 0x00}},
			{Addr: 0x38, R: []byte{0x18, 0x75, 0x52, 0x05, 0x8E, 0x40, 0x7F}},
		}}
		got := fakebus.Poll(t, device(t, bus))
		fakebus.Want(t, got["air"], 19.45, 0)
		fakebus.Want(t, got["rh"], 45.83, 0)
		if err := bus.Close(); err != nil {
			t.Error(err)
		}
	})
}
