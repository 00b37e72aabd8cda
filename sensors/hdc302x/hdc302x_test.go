package hdc302x

import (
	"context"
	"errors"
	"fmt"
	"io"
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
)

const (
	air      sensors.PointID = "balagong/mutton-1/air"
	humidity sensors.PointID = "balagong/mutton-1/humidity"
)

func device(t *testing.T, bus i2c.Bus) *Device {
	t.Helper()
	d, err := New(Config{Name: "probe", Address: DefaultAddress, Now: clock,
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

func TestFakeChipsCRCIsTheOneInUse(t *testing.T) {
	// The example of Sensirion's datasheets, whose CRC this chip shares.
	if got := crc([]byte{0xBE, 0xEF}); got != 0x92 {
		t.Errorf("CRC of BE EF = %02X, want 92", got)
	}
}

func TestConformance(t *testing.T) {
	suite := sensortest.Suite{
		Around: func(t *testing.T, body func(t *testing.T)) { synctest.Test(t, body) },
		New: func(t *testing.T) sensortest.Rig {
			bus := &fakeBus{temperature: 20000, humidity: 40000}
			watched := bridge.NewWatchdog(bus, 200*time.Millisecond)
			hang := make(chan struct{})
			fault := func(f func(w, r []byte) error) func() {
				return func() { bus.set(func(b *fakeBus) { b.fail = f }) }
			}
			return sensortest.Rig{
				Sensor: device(t, watched),
				Asked:  func() (n int) { bus.set(func(b *fakeBus) { n = b.asked }); return n },
				Faults: []sensortest.Fault{
					{Name: "unplugged", Break: func() { bus.set(func(b *fakeBus) { b.unplugged, b.measuring = true, false }) },
						Reasons: []sensors.Reason{sensors.NoAck}},
					{Name: "bit flipped in the temperature", Break: fault(flip(0)), Reasons: []sensors.Reason{sensors.CRCError}},
					{Name: "bit flipped in the humidity", Break: fault(flip(4)), Reasons: []sensors.Reason{sensors.CRCError}},
					{Name: "data line stuck high", Break: fault(fill(0xFF)), Reasons: []sensors.Reason{sensors.CRCError}},
					{Name: "data line stuck low", Break: fault(fill(0)), Reasons: []sensors.Reason{sensors.CRCError}},
					{Name: "short read", Break: fault(func(_, r []byte) error {
						if len(r) > 0 {
							return fmt.Errorf("adapter: %w", io.ErrUnexpectedEOF)
						}
						return nil
					}), Reasons: []sensors.Reason{sensors.ShortRead}},
					{Name: "arbitration lost", Break: fault(func(_, _ []byte) error { return syscall.EAGAIN }),
						Reasons: []sensors.Reason{sensors.NoAck}},
					{Name: "adapter gone", Break: fault(func(_, _ []byte) error { return fmt.Errorf("sysfs-i2c: %v", syscall.ENODEV) }),
						Reasons: []sensors.Reason{sensors.Unreachable}},
					{Name: "hung", Break: func() { bus.set(func(b *fakeBus) { b.hang = hang }) },
						Reasons: []sensors.Reason{sensors.Timeout}},
				},
				Heal: func() {
					bus.set(func(b *fakeBus) {
						if b.hang != nil {
							close(b.hang)
						}
						b.unplugged, b.fail, b.hang = false, nil, nil
					})
					synctest.Wait()
				},
			}
		},
	}
	suite.Run(t)
}

func flip(at int) func(w, r []byte) error {
	return func(_, r []byte) error {
		if len(r) > at {
			r[at] ^= 0x10
		}
		return nil
	}
}

func fill(v byte) func(w, r []byte) error {
	return func(_, r []byte) error {
		for i := range r {
			r[i] = v
		}
		return nil
	}
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
			got := poll(t, t.Context(), device(t, &fakeBus{temperature: tt.rawT, humidity: tt.rawH}))
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
		bus := &fakeBus{}
		d := device(t, bus)
		for raw := 0; raw <= 65535; raw += 13 {
			bus.temperature, bus.humidity = uint16(raw), uint16(raw)
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
		bus := &fakeBus{unplugged: true, temperature: 18350}
		d := device(t, bus)
		if got := poll(t, t.Context(), d); got[air].Reason != sensors.NoAck {
			t.Errorf("absent: %s", got[air])
		}
		bus.unplugged = false
		if v, ok := poll(t, t.Context(), d)[air].Value(); !ok || v != 4 {
			t.Errorf("plugged in: %v %v", v, ok)
		}
	})
}

func TestAChipLeftMeasuringByAnotherProcessIsReadAndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &fakeBus{measuring: true, temperature: 18350}
		if v, ok := poll(t, t.Context(), device(t, bus))[air].Value(); !ok || v != 4 {
			t.Errorf("%v %v", v, ok)
		}
		if bus.measuring {
			t.Error("the chip is left measuring and warms itself")
		}
	})
}

func TestAMeasurementNotReadyYetIsWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		early := 1
		bus := &fakeBus{temperature: 18350, fail: func(w, r []byte) error {
			if len(r) > 0 && early > 0 {
				early--
				return fmt.Errorf("sysfs-i2c: %v", syscall.EREMOTEIO)
			}
			return nil
		}}
		if v, ok := poll(t, t.Context(), device(t, bus))[air].Value(); !ok || v != 4 {
			t.Errorf("%v %v", v, ok)
		}
	})
}

func TestACancelledPollReturnsWithinAMeasurement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := device(t, &fakeBus{temperature: 18350})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		began := time.Now()
		got := poll(t, ctx, d)
		if got[air].Reason != sensors.Cancelled || time.Since(began) > 100*time.Millisecond {
			t.Errorf("%s after %v", got[air], time.Since(began))
		}
	})
}

func TestReasons(t *testing.T) {
	tests := []struct {
		err  error
		want sensors.Reason
	}{
		{syscall.ENXIO, sensors.NoAck},
		{fmt.Errorf("hdc302x: init %w", fmt.Errorf("sysfs-i2c: %v", syscall.EREMOTEIO)), sensors.NoAck},
		{fmt.Errorf("sysfs-i2c: %v", syscall.EIO), sensors.NoAck},
		{syscall.EAGAIN, sensors.NoAck},
		{fmt.Errorf("sysfs-i2c: %v", syscall.ETIMEDOUT), sensors.Timeout},
		{syscall.ETIMEDOUT, sensors.Timeout},
		{&bridge.StuckError{}, sensors.Timeout},
		{context.DeadlineExceeded, sensors.Timeout},
		{context.Canceled, sensors.Cancelled},
		{syscall.EBADMSG, sensors.CRCError},
		{syscall.EPROTO, sensors.BadAnswer},
		{io.ErrUnexpectedEOF, sensors.ShortRead},
		{bridge.ErrClosed, sensors.Unreachable},
		{syscall.ENODEV, sensors.Unreachable},
		{errors.New("anything else"), sensors.Unreachable},
	}
	for _, tt := range tests {
		if got := reasonOf(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	points := map[sensors.PointID]string{air: ChannelTemperature}
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"address", Config{Address: 0x40, Points: points, Now: clock}, "0x40"},
		{"channel", Config{Address: 0x44, Points: map[sensors.PointID]string{air: "pressure"}, Now: clock}, `"pressure"`},
		{"no points", Config{Address: 0x44, Now: clock}, "no points"},
		{"no clock", Config{Address: 0x44, Points: points}, "clock"},
	}
	for _, tt := range tests {
		tt.cfg.Name = "probe-7"
		if _, err := New(tt.cfg, &fakeBus{}); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "probe-7") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
