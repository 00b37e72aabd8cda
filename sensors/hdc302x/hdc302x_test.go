package hdc302x

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"

	bridge "coldchain/firmware-bridge/i2c"
	"coldchain/sensors"
	"coldchain/sensors/sensortest"
	"coldchain/sensors/sensortest/fakebus"
)

const (
	air      sensors.PointID = "balagong/mutton-1/air"
	humidity sensors.PointID = "balagong/mutton-1/humidity"
)

func device(t *testing.T, bus i2c.Bus) *Device {
	t.Helper()
	d, err := New(Config{Name: "probe", Address: DefaultAddress, Now: time.Now,
		Points: map[sensors.PointID]string{air: ChannelTemperature, humidity: ChannelHumidity}}, bus)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// poll reads both points and returns them by name.
func poll(t *testing.T, ctx context.Context, d *Device) map[sensors.PointID]sensors.Reading {
	t.Helper()
	got := map[sensors.PointID]sensors.Reading{}
	for _, r := range d.Read(ctx, []sensors.PointID{air, humidity}) {
		got[r.Point] = r
	}
	if len(got) != 2 {
		t.Fatalf("readings %v", got)
	}
	return got
}

// chipModel is one HDC302x after the datasheet.
type chipModel struct {
	measuring   bool // automatic mode; lost with the power
	vendor      uint16
	temperature uint16
	humidity    uint16
	early       int // reads that come before the first measurement is ready
}

func (m *chipModel) PowerUp() {
	m.measuring = false
	if m.vendor == 0 {
		m.vendor = 0x3000
	}
}

func (m *chipModel) Tx(w, r []byte) error {
	if len(w) < 2 {
		return fakebus.NACK()
	}
	switch cmd := binary.BigEndian.Uint16(w); {
	case cmd == 0x2737 && !m.measuring:
		m.measuring = true
	case cmd == 0x3093:
		m.measuring = false
	case cmd == 0x30A2:
		m.PowerUp()
	case cmd == 0x3781 && !m.measuring && len(r) == 3:
		fakebus.Words(r, m.vendor)
	case cmd == 0xE000 && m.measuring && len(r) == 6 && m.early == 0:
		fakebus.Words(r, m.temperature, m.humidity)
	case cmd == 0xE000 && m.early > 0:
		m.early--
		return fmt.Errorf("sysfs-i2c: %v", syscall.EREMOTEIO)
	default:
		return fakebus.NACK()
	}
	return nil
}

func on(chip *chipModel) *fakebus.Bus { return fakebus.New(DefaultAddress, chip) }

func TestConformance(t *testing.T) {
	fakebus.Suite(func(t *testing.T) (*fakebus.Bus, sensors.Sensor) {
		bus := on(&chipModel{temperature: 20000, humidity: 40000})
		return bus, device(t, bridge.NewWatchdog(bus, 200*time.Millisecond))
	}, []sensors.Reason{sensors.CRCError}, func(b *fakebus.Bus) []sensortest.Fault {
		return []sensortest.Fault{
			{Name: "bit flipped in the temperature", Break: func() { b.Wire(fakebus.Flip(6, 0, 0x10)) }, Reasons: []sensors.Reason{sensors.CRCError}},
			{Name: "bit flipped in the humidity", Break: func() { b.Wire(fakebus.Flip(6, 4, 0x10)) }, Reasons: []sensors.Reason{sensors.CRCError}},
		}
	}).Run(t)
}

// T = -45 + 175*raw/65535, RH = 100*raw/65535 (datasheet, "conversion").
func TestConversionFollowsTheDatasheet(t *testing.T) {
	tests := []struct {
		rawT, rawH uint16
		t, h       float64
	}{
		{0x1873, 0x0000, -28.29, 0},
		{9924, 42728, -18.5, 65.2},
		{0x41A1, 0x8000, -0.14, 50},
		{16851, 32767, 0, 50},
		{16852, 65535, 0, 100},
		{18350, 13107, 4, 20},
		{0x6666, 0x3333, 25, 20},
		{1873, 1, -40, 0},
		{63661, 32768, 125, 50},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			got := poll(t, t.Context(), device(t, on(&chipModel{temperature: tt.rawT, humidity: tt.rawH})))
			if v, ok := got[air].Value(); !ok || v != tt.t || math.Signbit(v) != (v < 0) {
				t.Errorf("raw %d: %s, want %v °C", tt.rawT, got[air], tt.t)
			}
			if v, ok := got[humidity].Value(); !ok || v != tt.h {
				t.Errorf("raw %d: %s, want %v %%RH", tt.rawH, got[humidity], tt.h)
			}
		})
	}
}

func TestEveryRawValueIsTheFormulaOrOutOfRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chip := &chipModel{}
		d := device(t, on(chip))
		for raw := 0; raw <= 65535; raw += 13 {
			chip.temperature, chip.humidity = uint16(raw), uint16(raw)
			got := poll(t, t.Context(), d)
			want := -45 + 175*float64(raw)/65535
			if v, ok := got[air].Value(); ok && math.Abs(v-want) > 0.00501 || ok != (want >= -40.005 && want <= 125.005) {
				t.Fatalf("raw %d: %s, want %.3f", raw, got[air], want)
			}
			if r, has := got[air].Raw(); got[air].Reason == sensors.OutOfRange && (!has || math.Abs(r-want) > 0.00501) {
				t.Fatalf("raw %d out of range: raw %v", raw, r)
			}
			if v, ok := got[humidity].Value(); !ok || math.Abs(v-100*float64(raw)/65535) > 0.00501 {
				t.Fatalf("raw %d: %s", raw, got[humidity])
			}
		}
	})
}

func TestAChipAbsentAtTheStartIsFoundLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := on(&chipModel{temperature: 18350})
		bus.Unplug()
		d := device(t, bus)
		if got := poll(t, t.Context(), d); got[air].Reason != sensors.NoAck {
			t.Errorf("absent: %s", got[air])
		}
		bus.Plug()
		if v, ok := poll(t, t.Context(), d)[air].Value(); !ok || v != 4 {
			t.Errorf("plugged in: %v %v", v, ok)
		}
	})
}

func TestAChipLeftMeasuringByAnotherProcessIsReadAndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chip := &chipModel{temperature: 18350}
		bus := on(chip)
		chip.measuring = true
		if v, ok := poll(t, t.Context(), device(t, bus))[air].Value(); !ok || v != 4 {
			t.Errorf("%v %v", v, ok)
		}
		if chip.measuring {
			t.Error("the chip is left measuring and warms itself")
		}
	})
}

func TestAMeasurementNotReadyYetIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := on(&chipModel{temperature: 18350, early: 1})
		if v, ok := poll(t, t.Context(), device(t, bus))[air].Value(); !ok || v != 4 {
			t.Errorf("%v %v", v, ok)
		}
	})
}

func TestACancelledPollReturnsWithinAMeasurement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device(t, on(&chipModel{temperature: 18350}))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		began := time.Now()
		got := poll(t, ctx, d)
		if got[air].Reason != sensors.Cancelled || time.Since(began) > 100*time.Millisecond {
			t.Errorf("%s after %v", got[air], time.Since(began))
		}
	})
}

func TestAnotherMakersChipIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if got := poll(t, t.Context(), device(t, on(&chipModel{vendor: 0x1234, temperature: 18350})))[air]; got.Reason != sensors.BadAnswer {
			t.Errorf("%s", got)
		}
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	points := map[sensors.PointID]string{air: ChannelTemperature}
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"address", Config{Address: 0x40, Points: points, Now: time.Now}, "0x40"},
		{"channel", Config{Address: 0x44, Points: map[sensors.PointID]string{air: "pressure"}, Now: time.Now}, `"pressure"`},
		{"no points", Config{Address: 0x44, Now: time.Now}, "no points"},
		{"no clock", Config{Address: 0x44, Points: points}, "clock"},
	}
	for _, tt := range tests {
		tt.cfg.Name = "probe-7"
		if _, err := New(tt.cfg, on(&chipModel{})); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "probe-7") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
