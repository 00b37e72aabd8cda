package exposure

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting/sums"
)

// Use is what a stretch of time did to goods: its sums, which add up from
// stretch to stretch.
type Use struct {
	Used     float64 // share of life, in covered time
	Blind    float64 // share of life, in gaps at their warmest neighbour's temperature
	OutsideH float64 // hours outside the model's range, in no sums.Sum
	UnknownH float64 // hours of gaps that nothing bounds
	WarmthCH float64 // °C·h over the covered time
	CoveredH float64
}

// Plus is one stretch after another.
func (u Use) Plus(o Use) Use {
	return Use{u.Used + o.Used, u.Blind + o.Blind, u.OutsideH + o.OutsideH, u.UnknownH + o.UnknownH, u.WarmthCH + o.WarmthCH, u.CoveredH + o.CoveredH}
}

func (u Use) minus(o Use) Use { return u.Plus(o.times(-1)) }

func (u Use) times(f float64) Use {
	return Use{u.Used * f, u.Blind * f, u.OutsideH * f, u.UnknownH * f, u.WarmthCH * f, u.CoveredH * f}
}

// Worse is what is said of goods that were mixed: of each thing the worse, as
// History.Inherit has it.
func (u Use) Worse(o Use) Use {
	most := max(u.Used+u.Blind, o.Used+o.Blind)
	out := Use{Used: max(u.Used, o.Used), OutsideH: max(u.OutsideH, o.OutsideH), UnknownH: max(u.UnknownH, o.UnknownH)}
	out.Blind = max(0, most-out.Used)
	return out
}

// MeanC is the mean temperature of the covered time; ok is false when nothing
// was covered.
func (u Use) MeanC() (celsius float64, ok bool) {
	if u.CoveredH <= 0 {
		return 0, false
	}
	return u.WarmthCH / u.CoveredH, true
}

// Life is what is told of a use.
func (m Model) Life(u Use) Life {
	a := aging{model: &m, used: sums.Of(u.Used), blind: sums.Of(u.Blind), outside: u.OutsideH, unknown: u.UnknownH, why: "of " + m.Name}
	return *a.result()
}

// Curve is how goods age in one place as time goes on. It is worked out from
// the readings once, and tells of any stay there at once: however many batches
// lie in a room, its readings are read one time. It judges readings as a Course
// of steps does. A Curve is one goroutine's.
type Curve struct {
	o     Options
	cell  int64
	life  aging // asked for rates alone
	knots []knot
	// fixed is how many knots are for good: what follows the last reading is
	// worked out anew when the next one has come.
	fixed int
	apart bool // the next piece has a knot of its own
	end   int64
}

// knot is what had been used at a moment. Between two of them it is a straight
// line.
type knot struct {
	at      int64
	covered bool // the piece that ends here has readings: work can be taken up here
	use     Use
}

// CurveCell is how much covered time is one straight line: the life used at the
// ends of a stay is exact to that of half an hour of unequal warmth.
const CurveCell = 30 * time.Minute

// NewCurve begins a curve. The options need a model; the method is Step.
func NewCurve(o Options, from time.Time) (*Curve, error) {
	o.Method = Step
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	if o.Model == nil {
		return nil, errors.New("a curve of age needs a model of it")
	}
	at := from.UnixMilli()
	return &Curve{o: o, cell: CurveCell.Milliseconds(), life: aging{model: o.Model}, knots: []knot{{at: at}}, fixed: 1, end: at}, nil
}

// From is where the curve begins, End how far it goes.
func (c *Curve) From() time.Time { return moment(c.knots[0].at) }

// End is how far the curve goes.
func (c *Curve) End() time.Time { return moment(c.end) }

// Resume is from when readings are needed to go on; those a little before it say
// what held then.
func (c *Curve) Resume() time.Time { return moment(c.knots[c.fixed-1].at) }

// Extend goes on to a moment: feed adds the readings from a little before Resume
// to it, in order of time. On error the curve is as it was before.
func (c *Curve) Extend(to time.Time, feed func(*Course) error) error {
	from := c.Resume()
	if !from.Before(to) {
		return nil
	}
	before := *c
	before.knots = slices.Clone(c.knots[c.fixed:])
	c.knots = c.knots[:c.fixed]
	course, err := NewCourse(c.o, from, to, nil)
	if err == nil {
		course.curve, c.apart = c, true
		err = feed(course)
	}
	if err != nil {
		c.knots = append(c.knots[:before.fixed], before.knots...)
		c.fixed = before.fixed
		return err
	}
	c.fixed, c.apart = len(c.knots), true
	course.end()
	c.end = to.UnixMilli()
	return nil
}

// Cut forgets what lies at a moment and after it, because a reading of then has
// come late.
func (c *Curve) Cut(at time.Time) {
	ms := at.UnixMilli()
	n := c.fixed
	for n > 1 && (c.knots[n-1].at > ms || !c.knots[n-1].covered) {
		n--
	}
	if n < c.fixed {
		c.fixed = n
		c.knots = c.knots[:n]
		c.end = c.knots[n-1].at
	}
}

// Between is what a stay from one moment to another did; an error says that the
// curve does not reach so far.
func (c *Curve) Between(from, to time.Time) (Use, error) {
	a, b := from.UnixMilli(), to.UnixMilli()
	if a < c.knots[0].at || b > c.end || a > b {
		return Use{}, fmt.Errorf("the curve goes from %s to %s, not from %s to %s", c.From().Format(time.RFC3339), c.End().Format(time.RFC3339), from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return c.at(b).minus(c.at(a)), nil
}

func (c *Curve) at(ms int64) Use {
	i, found := slices.BinarySearchFunc(c.knots, ms, func(k knot, ms int64) int { return cmp.Compare(k.at, ms) })
	if found {
		return c.knots[i].use
	}
	k, l := c.knots[i-1], c.knots[i]
	return k.use.Plus(l.use.minus(k.use).times(float64(ms-k.at) / float64(l.at-k.at)))
}

func (c *Curve) stretch(a, b int64, celsius float64) {
	hours := float64(b-a) / 3_600_000
	u := Use{WarmthCH: celsius * hours, CoveredH: hours}
	if rate, err := c.life.ask(celsius); err != nil {
		u.OutsideH = hours
	} else {
		u.Used = rate * hours
	}
	c.add(b, true, u)
}

func (c *Curve) gap(a, b int64, before, after *float64) {
	warmest := before
	if warmest == nil || after != nil && *after > *warmest {
		warmest = after
	}
	u := Use{UnknownH: float64(b-a) / 3_600_000}
	if warmest != nil {
		if rate, err := c.life.ask(*warmest); err == nil {
			u = Use{Blind: rate * u.UnknownH}
		}
	}
	c.add(b, false, u)
}

// add appends a piece, or lengthens the one before.
func (c *Curve) add(to int64, covered bool, u Use) {
	n := len(c.knots)
	u = c.knots[n-1].use.Plus(u)
	if !c.apart && n > 1 && covered && c.knots[n-1].covered && to-c.knots[n-2].at <= c.cell {
		c.knots[n-1] = knot{to, true, u}
		return
	}
	c.apart = false
	c.knots = append(c.knots, knot{to, covered, u})
}
