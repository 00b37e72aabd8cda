package i2cchip

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/sensortest/fakebus"
)

const air sensors.PointID = "balagong/mutton-1/air"

// thermometer is a made-up chip: register 0 is °C, register 1 must be 1, a
// write to register 2 resets it.
func thermometer() *fakebus.Registers {
	return &fakebus.Registers{Default: map[byte][]byte{0: {4}, 1: {0}, 2: {0}}}
}

func model() Model {
	return Model{
		Name:      "made-up",
		Addresses: []uint16{0x10},
		Channels:  map[string]Channel{Temperature: {Quantity: sensors.Temperature, Low: -40, High: 80, Places: 2}},
		Setup:     func(c *Conn) error { return c.SetReg8(1, 1) },
		Measure: func(c *Conn) (Values, error) {
			if v, err := c.Reg8(1); err != nil || v != 1 {
				if err == nil {
					err = Faultf(sensors.BadAnswer, "not set up")
				}
				return nil, err
			}
			v, err := c.Reg8(0)
			return Values{Temperature: float64(int8(v))}, err
		},
		Reset: func(c *Conn) error { return c.SetReg8(2, 1) },
	}
}

func made(t *testing.T, m Model, bus *fakebus.Bus, log *slog.Logger) *Device {
	t.Helper()
	d, err := New(Config{Name: "probe", Address: 0x10, Now: time.Now, Log: log,
		Points: map[sensors.PointID]string{air: Temperature}}, m, bus)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func read(t *testing.T, d *Device) sensors.Reading {
	t.Helper()
	return d.Read(t.Context(), []sensors.PointID{air})[0]
}

func TestLostSettingsAreWrittenAgainWithinThePoll(t *testing.T) {
	bus := fakebus.New(0x10, thermometer())
	d := made(t, model(), bus, nil)
	for range 3 {
		if v, ok := read(t, d).Value(); !ok || v != 4 {
			t.Fatalf("%v %v", v, ok)
		}
		bus.Blink()
	}
}

func TestSetUpOnceWhileNothingFails(t *testing.T) {
	bus := fakebus.New(0x10, thermometer())
	d := made(t, model(), bus, nil)
	read(t, d)
	before := bus.Asked()
	for range 10 {
		read(t, d)
	}
	if n := bus.Asked() - before; n != 20 {
		t.Errorf("%d transactions for 10 polls, want 20", n)
	}
}

// A bus that hangs or is gone is asked once, a chip that stumbles twice.
func TestASecondTryOnlyWhereItHelps(t *testing.T) {
	tests := []struct {
		why   sensors.Reason
		tries int
	}{
		{sensors.NoAck, 2}, {sensors.CRCError, 2}, {sensors.ShortRead, 2}, {sensors.BadAnswer, 2},
		{sensors.Timeout, 1}, {sensors.Unreachable, 1}, {sensors.Cancelled, 1}, {sensors.OutOfRange, 1},
	}
	for _, tt := range tests {
		m, tries := model(), 0
		m.Measure = func(*Conn) (Values, error) { tries++; return nil, Faultf(tt.why, "made up") }
		if got := read(t, made(t, m, fakebus.New(0x10, thermometer()), nil)); got.Reason != tt.why || tries != tt.tries {
			t.Errorf("%s: %s after %d tries, want %d", tt.why, got, tries, tt.tries)
		}
	}
}

func TestAChipThatKeepsFailingIsResetAndThatIsToldOnce(t *testing.T) {
	var text bytes.Buffer
	chip, m, resets, wedged := thermometer(), model(), 0, true
	bus := fakebus.New(0x10, chip)
	m.Reset = func(c *Conn) error {
		if resets++; resets == 4 {
			wedged = false
		}
		return c.SetReg8(2, 1)
	}
	measure := m.Measure
	m.Measure = func(c *Conn) (Values, error) {
		if wedged {
			return nil, Faultf(sensors.CRCError, "wedged")
		}
		return measure(c)
	}
	d := made(t, m, bus, slog.New(slog.NewTextHandler(&text, nil)))
	for range 6 {
		if got := read(t, d); got.Reason != sensors.CRCError {
			t.Errorf("%s", got)
		}
	}
	if v, ok := read(t, d).Value(); !ok || v != 4 || resets != 4 {
		t.Errorf("%v %v after %d resets, want 4 °C after the fourth", v, ok, resets)
	}
	read(t, d)
	if n := strings.Count(text.String(), "was reset"); n != 1 || resets != 4 {
		t.Errorf("%d resets told %d times:\n%s", resets, n, &text)
	}
	if n := strings.Count(text.String(), "measures again"); n != 1 {
		t.Errorf("recovery told %d times:\n%s", n, &text)
	}
}

func TestABusThatHangsIsNotSentResets(t *testing.T) {
	m := model()
	m.Reset = func(*Conn) error { t.Error("reset"); return nil }
	m.Measure = func(*Conn) (Values, error) { return nil, Faultf(sensors.Timeout, "hangs") }
	d := made(t, m, fakebus.New(0x10, thermometer()), nil)
	for range 10 {
		read(t, d)
	}
}

func TestValuesThatAreNoneAreBad(t *testing.T) {
	tests := []struct {
		values Values
		want   sensors.Reason
	}{
		{Values{}, sensors.SensorFault},
		{Values{Temperature: math.NaN()}, sensors.SensorFault},
		{Values{Temperature: math.Inf(1)}, sensors.SensorFault},
		{Values{Temperature: -40.01}, sensors.OutOfRange},
		{Values{Temperature: 80.01}, sensors.OutOfRange},
		{Values{Temperature: -40.004}, sensors.NoReason},
		{Values{Temperature: 80}, sensors.NoReason},
	}
	for _, tt := range tests {
		m := model()
		m.Measure = func(*Conn) (Values, error) { return tt.values, nil }
		if got := read(t, made(t, m, fakebus.New(0x10, thermometer()), nil)); got.Reason != tt.want {
			t.Errorf("%v: %s, want %q", tt.values, got, tt.want)
		}
	}
}

func TestRoundingLeavesNoMinusZero(t *testing.T) {
	tests := []struct {
		v, want float64
		places  int
	}{
		{-0.004, 0, 2}, {4.5649, 4.56, 2}, {-18.30000001, -18.3, 2}, {-18.3125, -18.3125, 4}, {0.0625, 0.0625, 4}, {-18.3046875, -18.305, 3},
	}
	for _, tt := range tests {
		if got := round(tt.v, tt.places); got != tt.want || math.Signbit(got) != (tt.want < 0) {
			t.Errorf("%v to %d places = %v, want %v", tt.v, tt.places, got, tt.want)
		}
	}
}

func TestAWaitEndsWithThePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model()
		m.Measure = func(c *Conn) (Values, error) { return Values{Temperature: 4}, c.Wait(time.Hour) }
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		got := made(t, m, fakebus.New(0x10, thermometer()), nil).Read(ctx, []sensors.PointID{air})[0]
		if got.Reason != sensors.Cancelled || time.Since(began) != time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
	})
}

func TestALoopOnADeadBusEnds(t *testing.T) {
	m := model()
	m.Measure = func(c *Conn) (Values, error) {
		for {
			if err := c.Bus().Tx(c.Address(), []byte{0}, make([]byte, 1)); err != nil {
				return nil, err
			}
		}
	}
	if got := read(t, made(t, m, fakebus.New(0x10, thermometer()), nil)); got.Reason != sensors.DeviceBusy {
		t.Errorf("%s", got)
	}
}
