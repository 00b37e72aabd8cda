package exposure

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Course is what was measured in one stretch of time, of one quantity. Samples
// are added in order of time; those a little before the stretch and after it
// say what held at its ends. A Course is one goroutine's.
type Course struct {
	o        Options
	from, to int64 // ms
	closed   bool
	hole     int64 // ms; longer between two readings is a gap
	holes    []Hole

	has   bool
	last  sample
	over  bool // the end has been reached
	ended bool
	// missed counts why readings since the last sample had no value; cut is the
	// first of them.
	missed []cause
	cut    int64

	t     tally
	life  aging
	curve *Curve // told of every piece as well; nil: nobody is
}

type sample struct {
	at int64
	v  float64
	f  Flags
}

type cause struct {
	word string
	n    int
}

// NewCourse begins a course over from <= t < to. Holes are times whose cause is
// known, in any order.
func NewCourse(o Options, from, to time.Time, holes []Hole) (*Course, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	a, b := from.UnixMilli(), to.UnixMilli()
	if a >= b {
		return nil, fmt.Errorf("from %s is not before %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	holes = slices.Clone(holes)
	slices.SortStableFunc(holes, func(x, y Hole) int { return x.From.Compare(y.From) })
	return &Course{o: o, from: a, to: b, hole: o.hole(), holes: holes, t: newTally(o, a, b), life: aging{model: o.Model}}, nil
}

// Closed makes a sample at the very end belong to the course, as the last line
// of a logger's file does. It is said before the first sample.
func (c *Course) Closed() { c.closed = true }

// Add takes the next sample. One that is not later than the one before, or that
// is no temperature, is refused and changes nothing.
func (c *Course) Add(s Sample) error {
	at := s.At.UnixMilli()
	switch {
	case c.has && at <= c.last.at:
		return fmt.Errorf("%s: the reading is not later than the one before, of %s", s.At.Format(time.RFC3339), moment(c.last.at).Format(time.RFC3339))
	case !possible(s.Value):
		return fmt.Errorf("%s: %g cannot be a measured value", s.At.Format(time.RFC3339), s.Value)
	}
	c.add(sample{at, s.Value, s.Flags})
	return nil
}

func (c *Course) add(s sample) {
	if c.over {
		return
	}
	c.between(s)
	if s.at >= c.from && (s.at < c.to || c.closed && s.at == c.to) {
		c.t.point(s.at, s.v)
	}
	c.over = s.at >= c.to
	c.has, c.last = true, s
	c.missed = c.missed[:0]
}

// Miss notes that a reading had no value, and why. It ends what the sample
// before it said: from there on is a gap, until the next sample.
func (c *Course) Miss(at time.Time, why string) {
	ms := at.UnixMilli()
	if c.over || !c.has && ms < c.from || c.has && ms <= c.last.at {
		return
	}
	if len(c.missed) == 0 {
		c.cut = ms
	}
	for i := range c.missed {
		if c.missed[i].word == why {
			c.missed[i].n++
			return
		}
	}
	c.missed = append(c.missed, cause{why, 1})
}

// between takes the time from the last sample to the next one, as far as it
// lies in the course.
func (c *Course) between(next sample) {
	if !c.has {
		if c.from < next.at {
			c.nothing(c.from, min(next.at, c.to), nil, &next.v)
		}
		return
	}
	a, b := max(c.last.at, c.from), min(next.at, c.to)
	switch {
	case a >= b:
	case c.o.Method == Step:
		c.hold(a, b, next.at, &next.v)
	case next.at-c.last.at > c.hole, len(c.missed) > 0:
		c.nothing(a, b, &c.last.v, &next.v)
	default:
		slope := (next.v - c.last.v) / float64(next.at-c.last.at)
		line := func(at int64) float64 {
			if at == next.at {
				return next.v
			}
			return c.last.v + slope*float64(at-c.last.at)
		}
		c.stretch(a, b, line(a), line(b), c.last.f|next.f)
	}
}

// hold takes a to b as the last sample's, which is followed by something at
// next: as far as it speaks.
func (c *Course) hold(a, b, next int64, after *float64) {
	end := b
	if len(c.missed) > 0 {
		next = c.cut
		end = min(max(a, c.cut), b)
	}
	if next-c.last.at > c.hole {
		end = a
	}
	if a < end {
		c.stretch(a, end, c.last.v, c.last.v, c.last.f)
	}
	if end < b {
		c.nothing(end, b, &c.last.v, after)
	}
}

func (c *Course) stretch(a, b int64, va, vb float64, f Flags) {
	c.t.stretch(a, b, va, vb, f)
	c.life.stretch(va, vb, float64(b-a)/3_600_000)
	if c.curve != nil {
		c.curve.stretch(a, b, va)
	}
}

// end closes the course. The last reading holds to the end when that is no
// longer than a gap: of a trapezoid, too, which has no second corner there.
func (c *Course) end() {
	if c.ended {
		return
	}
	c.ended = true
	switch {
	case c.over:
	case !c.has:
		c.nothing(c.from, c.to, nil, nil)
	case c.o.Method == Trapezoid && len(c.missed) > 0:
		c.nothing(max(c.last.at, c.from), c.to, &c.last.v, nil)
	default:
		c.hold(max(c.last.at, c.from), c.to, c.to, nil)
	}
	c.over = true
}

// nothing writes down that from a to b there is no reading, each piece with its
// cause.
func (c *Course) nothing(a, b int64, before, after *float64) {
	c.life.gap(float64(b-a)/3_600_000, before, after)
	if c.curve != nil {
		c.curve.gap(a, b, before, after)
	}
	if a == c.from && !(c.has && c.last.at == a) {
		c.t.blind = true
	}
	otherwise := CauseUnknown
	if len(c.missed) > 0 {
		otherwise = slices.MaxFunc(c.missed, func(x, y cause) int { return cmp.Compare(x.n, y.n) }).word
	}
	type piece struct {
		from, to int64
		cause    string
	}
	var pieces []piece
	at := a
	for _, h := range c.holes {
		from, to := max(h.From.UnixMilli(), at), min(h.To.UnixMilli(), b)
		if from >= to {
			continue
		}
		if from > at {
			pieces = append(pieces, piece{at, from, otherwise})
		}
		pieces = append(pieces, piece{from, to, h.Cause})
		at = to
	}
	if at < b {
		pieces = append(pieces, piece{at, b, otherwise})
	}
	// What is left beside a declared hole for no longer than readings may be
	// apart belongs to it: the last reading before it, the first after it.
	for i := range pieces {
		if len(pieces) == 1 || pieces[i].cause != otherwise || pieces[i].to-pieces[i].from > c.hole {
			continue
		}
		if i > 0 {
			pieces[i].cause = pieces[i-1].cause
		} else {
			pieces[i].cause = pieces[i+1].cause
		}
	}
	for i := 0; i < len(pieces); {
		j := i + 1
		for j < len(pieces) && pieces[j].cause == pieces[i].cause {
			j++
		}
		c.t.gap(pieces[i].from, pieces[j-1].to, pieces[i].cause)
		i = j
	}
}

// Summary closes the course and returns its statistics.
func (c *Course) Summary() Summary {
	c.end()
	return c.t.summary()
}

// Life closes the course and returns what it did to the goods; nil without a
// model.
func (c *Course) Life() *Life {
	c.end()
	return c.life.result()
}

// Humidity closes a course of relative humidity and returns its statistics; nil
// when there was no reading.
func (c *Course) Humidity() *Humidity {
	c.end()
	s := c.t.summary()
	if s.Points == 0 || s.MeanC == nil {
		return nil
	}
	return &Humidity{Points: s.Points, Min: *s.MinC, Max: *s.MaxC, Mean: *s.MeanC, Coverage: s.Coverage}
}
