// Package rtc reads and sets battery-backed clock chips: Maxim's DS3231, DS3232
// and DS1338. It guarantees that a time is returned only when the chip says that
// its oscillator has run since somebody set it and every digit is one of a
// calendar; otherwise the error says what is wrong.
//
// Where the kernel's own driver (rtc-ds1307) has the chip, an agent reads
// /dev/rtc and this package gets "device or resource busy".
package rtc

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"
)

// Address is that of all of them.
const Address = 0x68

// Kind is a chip, as far as it differs from the others.
type Kind struct {
	name    string
	stopped flag // set by the chip when the oscillator stopped
	off     flag // set by us to stop it
	century bool // bit 7 of the month
}

type flag struct{ reg, bit byte }

// DS3231 is the DS3231 (Maxim 19-5170, "Timekeeping Registers", figure 1) and
// the DS3232, which has the same registers.
func DS3231() Kind {
	return Kind{name: "ds3231", stopped: flag{0x0F, 0x80}, off: flag{0x0E, 0x80}, century: true}
}

// DS1338 is the DS1338 (Maxim 19-4935, "Timekeeper Registers", table 3).
func DS1338() Kind {
	return Kind{name: "ds1338", stopped: flag{0x07, 0x20}, off: flag{0x00, 0x80}}
}

// ErrNotSet is the cause when the oscillator has stopped since the clock was
// set: a flat battery, or a new chip. What it shows is not the time.
var ErrNotSet = errors.New("the oscillator has stopped since the clock was set")

// ErrNoTime is the cause when the chip's digits are no time: it is another
// chip, or the bus is ill.
var ErrNoTime = errors.New("the digits are no time")

// Clock is one chip.
type Clock struct {
	kind Kind
	bus  i2c.Bus
}

// New returns the clock on bus. It does not touch the bus, which must end its
// transactions in time by itself.
func New(kind Kind, bus i2c.Bus) *Clock { return &Clock{kind: kind, bus: bus} }

// String names the clock for messages.
func (c *Clock) String() string { return fmt.Sprintf("clock %s at %s", c.kind.name, c.bus) }

// clockRegisters is the number of registers from seconds to years.
const clockRegisters = 7

// Time returns what the clock shows, in UTC and whole seconds; the time is up to
// a second more. The error wraps ErrNotSet, ErrNoTime or the bus's own.
func (c *Clock) Time() (time.Time, error) {
	// One transaction for all: the chip holds the registers still meanwhile. The
	// flag of every kind comes after the time.
	r := make([]byte, c.kind.stopped.reg+1)
	if err := c.bus.Tx(Address, []byte{0}, r); err != nil {
		return time.Time{}, fmt.Errorf("%s: read: %w", c, err)
	}
	t, err := c.kind.decode(r)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", c, err)
	}
	return t, nil
}

// decode takes the registers from 0 on.
func (k Kind) decode(r []byte) (time.Time, error) {
	// Digits first: a line stuck high has every flag set.
	t, ok := k.digits(r)
	switch {
	case !ok:
		return time.Time{}, fmt.Errorf("%w: % x", ErrNoTime, r[:clockRegisters])
	case r[k.stopped.reg]&k.stopped.bit != 0 || k.off.reg < clockRegisters && r[k.off.reg]&k.off.bit != 0:
		return time.Time{}, ErrNotSet
	}
	return t, nil
}

func (k Kind) digits(r []byte) (time.Time, bool) {
	second := r[0]
	if k.off.reg == 0 {
		second &^= k.off.bit
	}
	month, year := r[5], 2000
	if k.century {
		// The chip turns the bit over after year 99; it counts from 2000.
		if month&0x80 != 0 {
			year += 100
		}
		month &^= 0x80
	}
	hour, ok := hours(r[2])
	var v [5]int // second, minute, day, month, year
	for i, b := range []byte{second, r[1], r[4], month, r[6]} {
		n, good := decimal(b)
		v[i], ok = n, ok && good
	}
	t := time.Date(year+v[4], time.Month(v[3]), v[2], hour, v[1], v[0], 0, time.UTC)
	// A date that does not exist comes back as another one.
	same := t.Second() == v[0] && t.Minute() == v[1] && t.Hour() == hour && t.Day() == v[2] && t.Month() == time.Month(v[3])
	weekday := r[3] >= 1 && r[3] <= 7
	return t, ok && same && weekday
}

// hours reads the register of hours, which has a form of 12 hours with bit 6 set
// and bit 5 for the afternoon.
func hours(b byte) (int, bool) {
	if b&0x40 == 0 {
		return decimal(b)
	}
	h, ok := decimal(b & 0x1F)
	if !ok || b&0x80 != 0 || h < 1 || h > 12 {
		return 0, false
	}
	h %= 12
	if b&0x20 != 0 {
		h += 12
	}
	return h, true
}

// decimal reads two decimal digits of four bits each.
func decimal(b byte) (int, bool) {
	return int(b>>4)*10 + int(b&0xF), b>>4 <= 9 && b&0xF <= 9
}

func digits(n int) byte { return byte(n/10<<4 | n%10) }

// Set sets the clock to t, rounded to the second, starts the oscillator, also
// for when it runs on its battery, and takes back the flag that it had stopped.
// It reads the clock to make sure. Years are 2000 to 2099.
//
// The chip begins its second with the write: for the best it is called when t's
// second begins.
func (c *Clock) Set(t time.Time) error {
	t = t.UTC().Round(time.Second)
	if t.Year() < 2000 || t.Year() > 2099 {
		return fmt.Errorf("%s: set: year %d is not between 2000 and 2099", c, t.Year())
	}
	w := []byte{0, digits(t.Second()), digits(t.Minute()), digits(t.Hour()), byte(t.Weekday()) + 1,
		digits(t.Day()), digits(int(t.Month())), digits(t.Year() - 2000)}
	if err := c.bus.Tx(Address, w, nil); err != nil {
		return fmt.Errorf("%s: set: %w", c, err)
	}
	// The flag last: until then nobody believes the clock.
	for _, f := range []flag{c.kind.off, c.kind.stopped} {
		if f.reg < clockRegisters {
			continue // written with the time
		}
		if err := c.take(f); err != nil {
			return fmt.Errorf("%s: set: %w", c, err)
		}
	}
	got, err := c.Time()
	if err != nil {
		return fmt.Errorf("set: %w", err)
	}
	if d := got.Sub(t); d < 0 || d > 5*time.Second {
		return fmt.Errorf("%s: set to %s and shows %s", c, t.Format(time.RFC3339), got.Format(time.RFC3339))
	}
	return nil
}

// take clears a bit and leaves the others of its register.
func (c *Clock) take(f flag) error {
	r := make([]byte, 1)
	if err := c.bus.Tx(Address, []byte{f.reg}, r); err != nil {
		return err
	}
	return c.bus.Tx(Address, []byte{f.reg, r[0] &^ f.bit}, nil)
}
