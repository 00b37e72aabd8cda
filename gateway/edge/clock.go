package edge

import (
	"time"

	"coldchain/gateway/clock"
	"coldchain/gateway/wire"
)

// Clock is what an agent knows about time.
type Clock struct {
	// Boot names the machine's start; agents of one start share it.
	Boot string
	// Start is when the monotonic offset was 0. It is used without Uptime only.
	Start time.Time
	// Built is a time that is over for certain, the program's own; zero: not
	// known. A first look is held against it where nothing was stamped yet.
	Built time.Time
	// Now is for schedules: times have Go's monotonic reading.
	Now func() time.Time
	// Wall is the wall clock, as it was set; nil: that of Now.
	Wall func() time.Time
	// Source says what the wall clock stands on.
	Source func() wire.ClockSource
	// Uptime is the monotonic offset now; nil: the time since Start. It counts
	// on while the machine sleeps and is moved by no setting of a clock.
	Uptime func() time.Duration
	// References are other clocks, as GNSS receivers are: it was t when Now
	// showed at. ok is false while such a clock is not to be believed.
	References []func() (t, at time.Time, ok bool)
}

// SystemClock is the machine's clock.
func SystemClock() Clock {
	built := clock.Built()
	machine := clock.ThisMachine(built)
	c := Clock{
		Boot: machine.Boot(), Built: built, Start: time.Now(), Now: time.Now,
		Source: func() wire.ClockSource { return machine.Source(time.Now()) },
	}
	if up, ok := clock.Uptime(); ok {
		c.Start = c.Start.Add(-up)
		c.Uptime = func() time.Duration { up, _ := clock.Uptime(); return up }
	}
	return c
}

// HostedClock is the machine's clock for a program that runs beside its county
// on one machine: both have the same one, so it is believed.
func HostedClock() Clock {
	c := SystemClock()
	c.Source = func() wire.ClockSource { return wire.ClockRTC }
	return c
}

// wall is what the wall clock showed when Now showed t, a moment ago.
func (c Clock) wall(t time.Time) time.Time {
	if c.Wall == nil {
		return t.Round(0).UTC() // read in one instant with its monotonic reading
	}
	ahead, _ := c.beside(func(now time.Time) time.Duration { return c.Wall().Round(0).Sub(now.Round(0)) })
	return t.Round(0).Add(ahead).UTC()
}

// Mono returns how long after the machine's start t was. A time without a
// monotonic reading (time.Time.Round(0)) is only as good as the wall clock.
func (c Clock) Mono(t time.Time) time.Duration { return c.mono(t).Truncate(time.Millisecond) }

func (c Clock) mono(t time.Time) time.Duration {
	if c.Uptime == nil {
		return t.Sub(c.Start)
	}
	up, at := c.beside(func(time.Time) time.Duration { return c.Uptime() })
	return up + t.Sub(at)
}

// beside reads another clock and returns what it showed and what Now showed at
// that moment. The two cannot be read in one instant. The tightest of a few
// brackets is taken: a goroutine that lost its processor in between would make
// a record, alone of its poll, older than it is.
func (c Clock) beside(other func(now time.Time) time.Duration) (read time.Duration, at time.Time) {
	tightest := time.Duration(-1)
	for range 5 {
		before := c.Now()
		r := other(before)
		if width := c.Now().Sub(before); tightest < 0 || width < tightest {
			tightest, read, at = width, r, before
		}
		if tightest < 50*time.Microsecond {
			break
		}
	}
	return read, at
}
