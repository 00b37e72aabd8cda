package exposure

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// LoggerFile is what the file of a logger that travelled along says of an
// interval. It is a source of its own: it covers nothing, and is in no sum of
// what was measured.
type LoggerFile struct {
	Batch  string `json:"batch"`  // that it was attached to: of a part, what it came from
	Number int    `json:"number"` // of the batch's logger files, 1 and up
	File   string `json:"file"`   // SHA-256 of it in hexadecimal
	Sum    string `json:"sum"`    // SHA-256 over its values, as the county keeps them
	Name   string `json:"name"`   // the file's, for people
	Method string `json:"method"` // where it lay: air, surface, between-packs, core
	By     string `json:"by"`     // who attached it
	// Summary is of its values alone; the coverage is the log's own.
	Summary Summary `json:"summary"`
	Life    *Life   `json:"life,omitempty"` // what they would have used
	Beside  *Beside `json:"beside,omitempty"`
}

// Beside compares a log with what was measured at the same time; nil: nothing
// was. Differences are the log's value less the measured one.
type Beside struct {
	Points int     `json:"points"` // of the log, with a measured value in force
	Apart  int     `json:"apart"`  // of them more than ApartC away from it
	MeanC  float64 `json:"mean_difference_c"`
	// FarthestC is the difference farthest from nought, and FarthestAt its time.
	FarthestC  float64   `json:"farthest_difference_c"`
	FarthestAt time.Time `json:"farthest_at"`
}

// ApartC is how far a log and a probe may differ, in °C, before they contradict
// each other [E]: two instruments of ±0.5 °C at two places of one room.
const ApartC = 2.0

// ImportedTotal is what loggers' files say of a batch over all its intervals.
type ImportedTotal struct {
	// Seconds is the time for which nothing was measured and a log bounds what
	// happened. Where two logs speak it counts once.
	Seconds float64  `json:"seconds"`
	Points  int      `json:"points"`
	MinC    *float64 `json:"min_c"`
	MaxC    *float64 `json:"max_c"`
	// AboveS and BelowS are of each interval those of the log with the longest.
	AboveS float64 `json:"above_s"`
	BelowS float64 `json:"below_s"`
	Apart  int     `json:"apart"` // values that contradict what was measured
}

// importedTally adds up what logs say.
type importedTally struct {
	ms           int64
	points       int
	any          bool
	min, max     float64
	above, below float64
	apart        int
}

func (t *importedTally) see(s Summary) {
	t.points += s.Points
	if s.MinC == nil {
		return
	}
	if !t.any {
		t.any, t.min, t.max = true, *s.MinC, *s.MaxC
		return
	}
	t.min, t.max = min(t.min, *s.MinC), max(t.max, *s.MaxC)
}

func (t importedTally) join(next importedTally) importedTally {
	out := t
	out.ms, out.points, out.apart = t.ms+next.ms, t.points+next.points, t.apart+next.apart
	out.above, out.below = t.above+next.above, t.below+next.below
	return out.widened(next)
}

// worst is of goods that were mixed: of each thing the worse.
func (t importedTally) worst(other importedTally) importedTally {
	out := t
	out.ms, out.points, out.apart = max(t.ms, other.ms), max(t.points, other.points), max(t.apart, other.apart)
	out.above, out.below = max(t.above, other.above), max(t.below, other.below)
	return out.widened(other)
}

func (t importedTally) widened(other importedTally) importedTally {
	switch {
	case !other.any:
	case !t.any:
		t.any, t.min, t.max = true, other.min, other.max
	default:
		t.min, t.max = min(t.min, other.min), max(t.max, other.max)
	}
	return t
}

func (t importedTally) total() *ImportedTotal {
	if t.points == 0 {
		return nil
	}
	out := &ImportedTotal{Seconds: float64(t.ms) / 1000, Points: t.points, AboveS: t.above, BelowS: t.below, Apart: t.apart}
	if t.any {
		lowest, highest := t.min, t.max
		out.MinC, out.MaxC = &lowest, &highest
	}
	return out
}

// importedOf adds up the logs of an interval and says for how much of the time
// without a measured value they speak.
func importedOf(where *Interval) importedTally {
	var t importedTally
	if len(where.Imported) == 0 {
		return t
	}
	blind := where.Summary.Gaps
	if where.Kind == Unmonitored {
		blind = []Gap{{From: where.From, To: where.To}}
	}
	var spoken []Gap
	for _, i := range where.Imported {
		t.see(i.Summary)
		if i.Summary.Above != nil {
			t.above = max(t.above, i.Summary.Above.Seconds)
		}
		if i.Summary.Below != nil {
			t.below = max(t.below, i.Summary.Below.Seconds)
		}
		if i.Beside != nil {
			t.apart += i.Beside.Apart
		}
		spoken = append(spoken, covered(i.Summary)...)
	}
	t.ms = overlap(blind, union(spoken))
	where.ImportedS = float64(t.ms) / 1000
	return t
}

// covered are the stretches of a summary that are no gap.
func covered(s Summary) (out []Gap) {
	at := s.Start
	for _, g := range s.Gaps { // in order of time, within the summary
		if at.Before(g.From) {
			out = append(out, Gap{From: at, To: g.From})
		}
		at = g.To
	}
	if at.Before(s.End) {
		out = append(out, Gap{From: at, To: s.End})
	}
	return out
}

// union makes stretches that touch or overlap one.
func union(list []Gap) []Gap {
	slices.SortFunc(list, func(a, b Gap) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 && !s.From.After(out[n-1].To) {
			if s.To.After(out[n-1].To) {
				out[n-1].To = s.To
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// overlap is how long, in ms, two lists in order of time have in common.
func overlap(a, b []Gap) (ms int64) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		from, to := max(a[i].From.UnixMilli(), b[j].From.UnixMilli()), min(a[i].To.UnixMilli(), b[j].To.UnixMilli())
		ms += max(0, to-from)
		if a[i].To.Before(b[j].To) {
			i++
		} else {
			j++
		}
	}
	return ms
}

// Comparison holds a log against what was measured at the same time. Measured
// values come in order of time.
type Comparison struct {
	log  []Sample // in order of time
	hold time.Duration
	last Sample
	has  bool

	out Beside
	sum float64
}

// NewComparison begins one. A measured value speaks for a moment after it, up
// to hold.
func NewComparison(log []Sample, hold time.Duration) *Comparison {
	return &Comparison{log: log, hold: hold}
}

// Measured takes the next measured value.
func (c *Comparison) Measured(s Sample) {
	c.until(s.At)
	c.last, c.has = s, true
}

// Missed says that from a moment on nothing was measured.
func (c *Comparison) Missed(at time.Time) {
	c.until(at)
	c.has = false
}

// until compares the log's values before a moment.
func (c *Comparison) until(at time.Time) {
	for len(c.log) > 0 && c.log[0].At.Before(at) {
		x := c.log[0]
		c.log = c.log[1:]
		if !c.has || x.At.Before(c.last.At) || x.At.Sub(c.last.At) > c.hold {
			continue
		}
		d := x.Value - c.last.Value
		c.out.Points++
		c.sum += d
		if math.Abs(d) > ApartC {
			c.out.Apart++
		}
		if c.out.Points == 1 || math.Abs(d) > math.Abs(c.out.FarthestC) {
			c.out.FarthestC, c.out.FarthestAt = d, x.At
		}
	}
}

// Beside closes the comparison at the interval's end; nil: nothing was measured
// beside the log.
func (c *Comparison) Beside(end time.Time) *Beside {
	c.until(end)
	if c.out.Points == 0 {
		return nil
	}
	out := c.out
	out.MeanC = c.sum / float64(out.Points)
	return &out
}
