package rtc

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"
)

// chip is a clock that stands still: registers behind a pointer.
type chip struct {
	regs [0x13]byte
	fail error
	read func(r []byte) // a fault of the wire
}

func (m *chip) String() string                  { return "fake" }
func (m *chip) SetSpeed(physic.Frequency) error { return nil }
func (m *chip) Tx(addr uint16, w, r []byte) error {
	if m.fail != nil || addr != 0x68 {
		return m.fail
	}
	copy(m.regs[w[0]:], w[1:])
	copy(r, m.regs[w[0]:])
	if m.read != nil {
		m.read(r)
	}
	return nil
}

// showing is a DS3231 that shows the time of the registers given, from 0 on.
func showing(regs ...byte) *chip {
	m := &chip{}
	copy(m.regs[:], regs)
	return m
}

func TestTimes(t *testing.T) {
	tests := []struct {
		regs []byte
		want string
	}{
		{[]byte{0x56, 0x34, 0x12, 0x03, 0x24, 0x11, 0x26}, "2026-11-24T12:34:56Z"},
		{[]byte{0x59, 0x59, 0x23, 0x05, 0x31, 0x12, 0x99}, "2099-12-31T23:59:59Z"},
		{[]byte{0x00, 0x00, 0x00, 0x01, 0x01, 0x81, 0x00}, "2100-01-01T00:00:00Z"}, // the century bit
		{[]byte{0x00, 0x00, 0x00, 0x05, 0x29, 0x02, 0x28}, "2028-02-29T00:00:00Z"},
		{[]byte{0x00, 0x00, 0x52, 0x01, 0x01, 0x01, 0x26}, "2026-01-01T00:00:00Z"}, // 12 in the morning
		{[]byte{0x00, 0x00, 0x72, 0x01, 0x01, 0x01, 0x26}, "2026-01-01T12:00:00Z"}, // 12 in the afternoon
		{[]byte{0x00, 0x00, 0x61, 0x01, 0x01, 0x01, 0x26}, "2026-01-01T13:00:00Z"}, // 1 in the afternoon
		{[]byte{0x60, 0x00, 0x00, 0x01, 0x01, 0x01, 0x26}, ""},                     // second 60
		{[]byte{0x0A, 0x00, 0x00, 0x01, 0x01, 0x01, 0x26}, ""},                     // no decimal digit
		{[]byte{0x00, 0x00, 0x24, 0x01, 0x01, 0x01, 0x26}, ""},                     // hour 24
		{[]byte{0x00, 0x00, 0x53, 0x01, 0x01, 0x01, 0x26}, ""},                     // 13 in the morning
		{[]byte{0x00, 0x00, 0x40, 0x01, 0x01, 0x01, 0x26}, ""},                     // 0 in the morning
		{[]byte{0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x26}, ""},                     // no such weekday
		{[]byte{0x00, 0x00, 0x00, 0x01, 0x29, 0x02, 0x26}, ""},                     // no such day
		{[]byte{0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x26}, ""},                     // day 0
		{[]byte{0x00, 0x00, 0x00, 0x01, 0x01, 0x13, 0x26}, ""},                     // month 13
		{[]byte{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}, ""},                     // a line stuck low
		{bytes.Repeat([]byte{0xFF}, 16), ""},                                       // stuck high
	}
	for _, tt := range tests {
		got, err := New(DS3231(), showing(tt.regs...)).Time()
		if tt.want == "" {
			if !errors.Is(err, ErrNoTime) || !got.IsZero() {
				t.Errorf("% x: %s, %v; want %v", tt.regs, got, err, ErrNoTime)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != tt.want {
			t.Errorf("% x: %s, %v; want %s", tt.regs, got.Format(time.RFC3339), err, tt.want)
		}
	}
}

func TestAClockThatStoodStillIsNotBelieved(t *testing.T) {
	good := []byte{0x56, 0x34, 0x12, 0x03, 0x24, 0x11, 0x26}
	ds3231 := showing(good...)
	ds3231.regs[0x0F] = 0x88 // OSF, and EN32kHz as after power-up
	ds1338 := showing(good...)
	ds1338.regs[0x07] = 0x20
	halted := showing(good...)
	halted.regs[0x00] |= 0x80 // CH
	for name, c := range map[string]*Clock{"ds3231": New(DS3231(), ds3231), "ds1338": New(DS1338(), ds1338), "halted": New(DS1338(), halted)} {
		if got, err := c.Time(); !errors.Is(err, ErrNotSet) || !got.IsZero() {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func TestSettingMakesItBelievedAndKeepsTheOtherBits(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 34, 55, 600e6, time.FixedZone("", 8*3600))
	for _, kind := range []Kind{DS3231(), DS1338()} {
		m := &chip{}
		m.regs[0x07], m.regs[0x0E], m.regs[0x0F] = 0xB3, 0x9C, 0x8B
		if kind.name == "ds1338" {
			m.regs[0x00] = 0x80
		}
		c := New(kind, m)
		if err := c.Set(at); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Time(); err != nil || got.Format(time.RFC3339) != "2026-11-24T04:34:56Z" {
			t.Errorf("%s: %s, %v", kind.name, got, err)
		}
		switch kind.name {
		case "ds3231":
			if m.regs[0x07] != 0xB3 || m.regs[0x0E] != 0x1C || m.regs[0x0F] != 0x0B {
				t.Errorf("registers % x", m.regs)
			}
		case "ds1338":
			if m.regs[0x07] != 0x93 || m.regs[0x0E] != 0x9C || m.regs[0x0F] != 0x8B {
				t.Errorf("registers % x", m.regs)
			}
		}
	}
}

func TestASettingThatDoesNotHoldIsAnError(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 34, 56, 0, time.UTC)
	tests := []struct {
		name string
		chip *chip
		want error
	}{
		{"nobody there", &chip{fail: fmt.Errorf("sysfs-i2c: %v", syscall.ENXIO)}, nil},
		{"the flag stays", &chip{read: func(r []byte) {
			if len(r) > 0 {
				r[len(r)-1] |= 0x80
			}
		}}, ErrNotSet},
		{"another time", &chip{read: func(r []byte) {
			if len(r) > 1 {
				r[1] = 0x59
			}
		}}, nil},
		{"stuck low", &chip{read: func(r []byte) { clear(r) }}, ErrNoTime},
	}
	for _, tt := range tests {
		if err := New(DS3231(), tt.chip).Set(at); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, year := range []int{1999, 2100} {
		if err := New(DS3231(), &chip{}).Set(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)); err == nil {
			t.Errorf("year %d is taken", year)
		}
	}
}

// The transactions by hand, after the DS3231's "Timekeeping Registers": Tuesday
// is day 3 when Sunday is 1.
func TestTransactions(t *testing.T) {
	bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
		{Addr: 0x68, W: []byte{0, 0x56, 0x34, 0x12, 0x03, 0x24, 0x11, 0x26}},
		{Addr: 0x68, W: []byte{0x0E}, R: []byte{0x1C}},
		{Addr: 0x68, W: []byte{0x0E, 0x1C}},
		{Addr: 0x68, W: []byte{0x0F}, R: []byte{0x88}},
		{Addr: 0x68, W: []byte{0x0F, 0x08}},
		{Addr: 0x68, W: []byte{0}, R: []byte{0x57, 0x34, 0x12, 0x03, 0x24, 0x11, 0x26, 0, 0, 0, 0, 0, 0, 0, 0x1C, 0x08}},
	}}
	if err := New(DS3231(), bus).Set(time.Date(2026, 11, 24, 12, 34, 56, 0, time.UTC)); err != nil {
		t.Error(err)
	}
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzDecode: whatever the registers hold, a time that is believed writes the
// same digits.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x56, 0x34, 0x12, 0x03, 0x24, 0x11, 0x26, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Add(bytes.Repeat([]byte{0xFF}, 16))
	f.Fuzz(func(t *testing.T, r []byte) {
		if len(r) < 16 {
			return
		}
		got, err := DS3231().decode(r[:16])
		if err != nil {
			if !got.IsZero() {
				t.Errorf("% x: %s and %v", r, got, err)
			}
			return
		}
		if digits(got.Second()) != r[0] || digits(got.Minute()) != r[1] || digits(got.Day()) != r[4] ||
			digits(int(got.Month())) != r[5]&0x7F || digits(got.Year()%100) != r[6] || r[15]&0x80 != 0 {
			t.Errorf("% x: %s", r, got)
		}
	})
}
