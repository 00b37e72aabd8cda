package plausible

import (
	"fmt"
	"time"

	"coldchain/sensors"
)

// rest is the silence after which what was before says nothing about what
// comes: runs and differences begin anew.
const rest = 30 * time.Minute

// Checker is the state of all points of a site. It is used by one goroutine at
// a time and starts none.
type Checker struct {
	points map[sensors.PointID]*point
}

// sample is a value and when it was measured; raw is before calibration.
type sample struct {
	at         time.Time
	value, raw float64
}

func (s sample) set() bool { return !s.at.IsZero() }

// point is what is remembered of one point.
type point struct {
	rules
	quantity sensors.Quantity
	zone     *zone
	twin     *point   // the other quantity of the same device
	line     []*point // the others on the same bus
	pairs    []*pair

	last, before sample // as they came, whatever was thought of them
	trusted      sample // the last that was believed

	run     int     // identical raw values in a row
	others  int     // the siblings' moves when the run began
	anchor  float64 // where the value was when it last counted as a move
	moved   int     // own moves
	shifted *point  // shows this one's values
}

// zone counts the moves of all points in it.
type zone struct{ moved int }

// pair is the state of two probes that should agree.
type pair struct {
	Pair
	a, b  *point
	since time.Time // when they began to differ; zero while they agree
	apart bool
}

// New checks the configuration. A point named in no Point passes unseen.
func New(cfg Config) (*Checker, error) {
	c := &Checker{points: make(map[sensors.PointID]*point, len(cfg.Points))}
	zones := map[string]*zone{}
	lines := map[string][]*point{}
	devices := map[string][]*point{}
	for _, p := range cfg.Points {
		if _, twice := c.points[p.ID]; twice {
			return nil, fmt.Errorf("plausibility: point %s is there twice", p.ID)
		}
		r, err := p.rules()
		if err != nil {
			return nil, fmt.Errorf("plausibility: %w", err)
		}
		z := zones[p.ID.Zone()]
		if z == nil {
			z = &zone{}
			zones[p.ID.Zone()] = z
		}
		s := &point{rules: r, quantity: p.Quantity, zone: z}
		c.points[p.ID] = s
		if p.Quantity != sensors.Temperature && p.Quantity != sensors.Humidity {
			continue
		}
		if p.Device != "" {
			devices[p.Device] = append(devices[p.Device], s)
		}
		if p.Bus != "" {
			lines[p.Bus] = append(lines[p.Bus], s)
		}
	}
	for _, d := range devices {
		if len(d) == 2 && d[0].quantity != d[1].quantity {
			d[0].twin, d[1].twin = d[1], d[0]
		}
	}
	for _, line := range lines {
		for _, p := range line {
			for _, q := range line {
				if q != p && q != p.twin {
					p.line = append(p.line, q)
				}
			}
		}
	}
	for _, p := range cfg.Pairs {
		if err := c.pair(p); err != nil {
			return nil, fmt.Errorf("plausibility: %w", err)
		}
	}
	return c, nil
}

func (c *Checker) pair(p Pair) error {
	a, b := c.points[p.A], c.points[p.B]
	switch {
	case a == nil || b == nil || a == b:
		return fmt.Errorf("pair %s, %s: want two points that are there", p.A, p.B)
	case a.quantity != b.quantity || a.quantity.IsState():
		return fmt.Errorf("pair %s, %s: want two temperatures or two humidities", p.A, p.B)
	case !(p.Within > 0) || p.For < 0:
		return fmt.Errorf("pair %s, %s: want a difference above 0 and a duration", p.A, p.B)
	}
	s := &pair{Pair: p, a: a, b: b}
	a.pairs, b.pairs = append(a.pairs, s), append(b.pairs, s)
	return nil
}

// Observe takes one reading, in the order of time for each point, and returns
// it, uncertain when it was good and is doubted. A bad reading and one that is
// uncertain already come back as they are, except that a doubt here replaces
// the reason CalibrationExpired, which is the weaker.
func (c *Checker) Observe(r sensors.Reading) sensors.Reading {
	p := c.points[r.Point]
	v, ok := r.Value()
	if p == nil || !ok {
		return r
	}
	now := sample{at: r.Time, value: v, raw: v}
	raw, hasRaw := r.Raw()
	if hasRaw {
		now.raw = raw
	}
	why := sensors.NoReason
	if late := p.last.set() && !r.Time.After(p.last.at); !late {
		why = p.judge(now)
	} else if v < p.low || v > p.high {
		why = sensors.OutOfRange
	}
	if why == sensors.NoReason || r.Quality != sensors.Good && r.Reason != sensors.CalibrationExpired {
		return r
	}
	doubted := sensors.NewUncertain(r.Point, r.Time, v, why)
	if hasRaw {
		doubted = doubted.WithRaw(raw)
	}
	return doubted
}

// judge looks at a sample and remembers it. The reason that says most comes
// first.
func (p *point) judge(now sample) sensors.Reason {
	if p.last.set() && now.at.Sub(p.last.at) > rest {
		p.forget()
	}
	jump := p.jumps(now)
	flat, apart := p.flatLine(now), p.disagrees(now)
	why := sensors.NoReason
	switch {
	case p.swapped(now):
		why = sensors.Swapped
	case p.neighbours(now, jump):
		why = sensors.NeighbourValue
	case now.value < p.low || now.value > p.high:
		why = sensors.OutOfRange
	case jump:
		why = sensors.RateOfChange
	case apart:
		why = sensors.Disagreement
	case flat:
		why = sensors.FlatLine
	}
	p.before, p.last = p.last, now
	if why == sensors.NoReason || why == sensors.Disagreement || why == sensors.FlatLine {
		p.trusted = now
	}
	return why
}

// forget begins anew after a silence.
func (p *point) forget() {
	p.run, p.shifted = 0, nil
	p.last, p.before, p.trusted = sample{}, sample{}, sample{}
	for _, pair := range p.pairs {
		pair.since, pair.apart = time.Time{}, false
	}
}
