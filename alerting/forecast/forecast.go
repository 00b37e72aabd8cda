// Package forecast says how long a room has until a limit is reached, so that
// somebody who is woken knows whether to drive now. It is pure: readings, the
// outdoor temperature and what was learned of the room are passed in. It
// guarantees that it names bounds, and that it says so when it cannot know.
//
// The model is Newton's law of cooling: a room without its machine comes closer
// to its surroundings by the same share in the same time,
//
//	T(t) = S + (T0 - S) exp(-t/tau)
//
// with S the temperature of the surroundings and tau the room's time constant.
// A room is not one body: the air changes within minutes, the goods hold it up
// for hours, so its rate falls faster than that. The rate now gives the earliest
// moment. The latest comes from how fast the rate is falling, and from the
// slowest constant that the room has shown before; where the rate may fall to
// nothing before the limit is reached, there is none.
package forecast

import (
	"errors"
	"math"
	"time"
)

// Sample is one good reading of the air, °C.
type Sample struct {
	At    time.Time
	Value float64
}

// Constant is a room's time constant as it was seen in stretches without its
// machine: the quickest and the slowest. Zero: nothing was learned.
type Constant struct {
	Quick, Slow time.Duration
	Seen        int // stretches
}

// Estimate is how long it takes to reach a limit.
type Estimate struct {
	// Earliest is the time at the rate of now. A room left alone slows down, so
	// that it takes longer; a door that is opened makes it shorter.
	Earliest time.Duration
	// Latest is 0 when there is none to be named: nobody knows how slow the room
	// is, or the rate may die out before the limit is reached.
	Latest time.Duration
	Rate   float64 // °C per hour now; positive warms
}

// Why there is no estimate.
var (
	ErrTooFew    = errors.New("too few readings to tell a rate")
	ErrBeyond    = errors.New("the limit is already crossed")
	ErrAway      = errors.New("the temperature does not move towards the limit")
	ErrOutOfTime = errors.New("at this rate the limit is more than two days away")
)

// Bounds of the estimate.
const (
	window     = 30 * time.Minute // of readings that tell the rate
	least      = 5 * time.Minute  // that they must cover
	fewest     = 4                // readings
	farthest   = 48 * time.Hour   // beyond which nobody need drive
	stillness  = 0.15             // °C per hour: a rate that a controller's hunting has too
	quickest   = 5 * time.Minute  // time constants of a room, from a box with its door open
	slowest    = 30 * 24 * time.Hour
	outdoorGap = 0.5 // °C: nearer to the surroundings than this there is no constant to tell
)

// TimeTo estimates when a room reaches limit °C. readings are its newest ones,
// oldest first, and may reach back further than they are used; surroundings is
// the temperature outside it, °C, or NaN when nobody measures it.
func TimeTo(limit float64, readings []Sample, surroundings float64, learned Constant) (Estimate, error) {
	recent := since(readings, window)
	if len(recent) < fewest || recent[len(recent)-1].At.Sub(recent[0].At) < least {
		return Estimate{}, ErrTooFew
	}
	now := recent[len(recent)-1].Value
	whole, spread := slope(recent)
	older, _ := slope(recent[:(len(recent)+1)/2])
	half, _ := slope(recent[len(recent)/2:])
	up := limit > now
	if now == limit {
		return Estimate{}, ErrBeyond
	}
	e := Estimate{Rate: half}
	if len(recent)/2 < fewest {
		e.Rate = whole
	}
	toward := func(rate float64) float64 { // °C per hour towards the limit
		if up {
			return rate
		}
		return -rate
	}
	rate := toward(e.Rate)
	if rate < stillness {
		return e, ErrAway
	}
	gap := math.Abs(limit - now)
	e.Earliest = hours(gap / (max(rate, toward(whole)) + spread))
	if e.Earliest > farthest {
		return e, ErrOutOfTime
	}
	apart := recent[len(recent)-1].At.Sub(recent[0].At) / 2
	e.Latest = within(max(falling(gap, toward(older), rate, apart), slowly(now, limit, surroundings, learned)))
	if e.Latest != 0 {
		e.Latest = max(e.Latest, e.Earliest)
	}
	return e, nil
}

// within turns what is too far away to matter into "no such time".
func within(d time.Duration) time.Duration {
	if d > farthest {
		return 0
	}
	return d
}

// falling is the time to cover gap when the rate goes on falling, three times
// as fast as it fell from older to newer, apart ago: goods, walls and weather
// slow a room down each in its own time. What dies out first, or does not fall
// yet, says nothing about the latest.
func falling(gap, older, newer float64, apart time.Duration) time.Duration {
	if older <= newer {
		return 0
	}
	k := 3 * math.Log(older/newer) / apart.Hours()
	if gap*k >= newer {
		return 2 * farthest
	}
	return hours(-math.Log(1-gap*k/newer) / k)
}

// slowly is the time by the slowest constant that the room has shown, and half
// of it more, because it has shown few; 0 when none is known.
func slowly(now, limit, surroundings float64, learned Constant) time.Duration {
	share := (surroundings - now) / (surroundings - limit)
	if learned.Seen == 0 || !(share > 1) { // NaN too: nobody measures outside
		return 0
	}
	return time.Duration(1.5 * float64(learned.Slow) * math.Log(share))
}

func hours(h float64) time.Duration {
	if h > 10*farthest.Hours() {
		return 10 * farthest
	}
	return time.Duration(h * float64(time.Hour))
}

// since returns the readings of the last stretch of the given length.
func since(s []Sample, d time.Duration) []Sample {
	if len(s) == 0 {
		return nil
	}
	from := s[len(s)-1].At.Add(-d)
	for i := range s {
		if !s[i].At.Before(from) {
			return s[i:]
		}
	}
	return nil
}

// slope is the rate of change by least squares, °C per hour, and its standard
// error.
func slope(s []Sample) (rate, spread float64) {
	n := float64(len(s))
	var mx, my float64
	for _, p := range s {
		mx += p.At.Sub(s[0].At).Hours() / n
		my += p.Value / n
	}
	var xx, xy, yy float64
	for _, p := range s {
		x, y := p.At.Sub(s[0].At).Hours()-mx, p.Value-my
		xx, xy, yy = xx+x*x, xy+x*y, yy+y*y
	}
	if xx == 0 {
		return 0, 0
	}
	rate = xy / xx
	if n > 2 {
		spread = math.Sqrt(max(0, yy-rate*xy) / (n - 2) / xx)
	}
	return rate, spread
}
