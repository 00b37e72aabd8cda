package duty

import (
	"fmt"
	"time"
)

// Clock is a time of day in minutes after midnight, written "22:00".
type Clock int

// MarshalText writes "15:04".
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String writes "15:04".
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// UnmarshalText reads "15:04", and "24:00" for the end of a day.
func (c *Clock) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "24:00" {
		*c = 24 * 60
		return nil
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		return fmt.Errorf("%q is not a time of day such as 22:00", s)
	}
	*c = Clock(t.Hour()*60 + t.Minute())
	return nil
}

// Span is a part of each day, From inclusive, To exclusive. One that ends
// before it begins crosses midnight: 22:00 to 06:00. It may not be empty.
type Span struct {
	From Clock `json:"from" yaml:"from"`
	To   Clock `json:"to" yaml:"to"`
}

// Contains reports whether the local time t lies in the span.
func (s Span) Contains(t time.Time) bool {
	c := Clock(t.Hour()*60 + t.Minute())
	if s.From < s.To {
		return c >= s.From && c < s.To
	}
	return c >= s.From || c < s.To
}

func (s Span) check() error {
	if s.From == s.To || s.From < 0 || s.To < 0 || s.From >= 24*60 || s.To > 24*60 {
		return fmt.Errorf("%s to %s is not a part of a day", s.From, s.To)
	}
	return nil
}

// Date is a local day, written "2026-10-01".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day of a local time.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// MarshalText writes "2006-01-02".
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String writes "2006-01-02".
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// UnmarshalText reads "2006-01-02".
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return fmt.Errorf("%q is not a date such as 2026-10-01", text)
	}
	*d = DateOf(t)
	return nil
}

// at is the moment of a clock on the day of local time t, days later.
func (c Clock) at(t time.Time, days int) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d+days, int(c)/60, int(c)%60, 0, 0, t.Location())
}

// nextEdge is the first moment after local time t at which one of the spans
// begins or ends.
func nextEdge(t time.Time, spans []Span) time.Time {
	var first time.Time
	for _, s := range spans {
		for _, c := range []Clock{s.From, s.To} {
			for days := range 2 {
				if at := c.at(t, days); at.After(t) {
					first = earliest(first, at)
				}
			}
		}
	}
	return first
}

// earliest is the earlier of two times; a zero time is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
