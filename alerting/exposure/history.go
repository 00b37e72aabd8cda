package exposure

import (
	"slices"
	"time"
)

// History is what goods went through so far, stay after stay. It becomes a
// Batch in the end. The zero value is of goods that have been nowhere yet.
type History struct {
	intervals   []Interval
	begun       bool
	total       tally
	life        aging
	unmonitored int64 // ms
	imported    importedTally
	inherited   []string
}

// Stay appends a monitored stay: where says zone, kind, basis, point and hand
// measurements; its times and statistics are the course's. humidity may be nil.
func (h *History) Stay(where Interval, temperature, humidity *Course) {
	temperature.end()
	where.From, where.To = moment(temperature.from), moment(temperature.to)
	where.Summary = temperature.Summary()
	if humidity != nil {
		where.Humidity = humidity.Humidity()
	}
	h.imported = h.imported.join(importedOf(&where))
	h.intervals = append(h.intervals, where)
	h.joinTally(temperature.t)
	h.joinLife(temperature.life)
}

func (h *History) joinTally(t tally) {
	if !h.begun {
		h.begun, h.total = true, own(t)
		return
	}
	h.total.join(own(t))
}

// own copies the sides, whose runs are appended to.
func own(t tally) tally {
	for _, s := range []**side{&t.above, &t.below} {
		if *s != nil {
			c := **s
			c.runs = slices.Clone(c.runs)
			*s = &c
		}
	}
	return t
}

func (h *History) joinLife(a aging) {
	if h.life.model == nil {
		h.life = a
		return
	}
	h.life.join(a)
}

// Unmonitored appends a stay that nobody meant to watch. Temperatures measured
// by hand within it bound it, and cover nothing.
func (h *History) Unmonitored(where Interval) {
	where.Kind = Unmonitored
	from, to := where.From.UnixMilli(), where.To.UnixMilli()
	where.Summary = Summary{Start: moment(from), End: moment(to), DurationS: float64(to-from) / 1000, Gaps: []Gap{}}
	h.imported = h.imported.join(importedOf(&where))
	h.intervals = append(h.intervals, where)
	h.unmonitored += to - from
}

// Inherit puts what parents went through before what the batch does itself:
// one parent's after a split, and of several that were merged the worst of each
// thing. It is said before the first stay.
func (h *History) Inherit(names []string, parents ...History) {
	for _, p := range parents {
		h.intervals = append(h.intervals, p.intervals...)
		h.unmonitored = max(h.unmonitored, p.unmonitored)
		h.imported = h.imported.worst(p.imported)
		h.inherited = append(h.inherited, p.inherited...)
		switch {
		case !p.begun:
		case !h.begun:
			h.begun, h.total, h.life = true, own(p.total), p.life
		default:
			h.total, h.life = own(worst(h.total, p.total)), worseLife(h.life, p.life)
		}
	}
	slices.SortStableFunc(h.intervals, func(a, b Interval) int { return a.From.Compare(b.From) })
	h.inherited = append(h.inherited, names...)
	slices.Sort(h.inherited)
	h.inherited = slices.Compact(h.inherited)
}

// Batch is the history as it is told: of which batch, which profile, until when
// readings were taken, and in which version.
func (h *History) Batch(code, profile string, asOf time.Time, version int) Batch {
	b := Batch{Batch: code, Profile: profile, AsOf: asOf.UTC(), Version: version, Intervals: h.intervals,
		UnmonitoredS: float64(h.unmonitored) / 1000, Life: h.life.result(), Imported: h.imported.total(), Inherited: h.inherited}
	if b.Intervals == nil {
		b.Intervals = []Interval{}
	}
	if !h.begun {
		b.Total.Gaps = []Gap{}
		return b
	}
	b.Total = h.total.summary()
	if h.total.covered > 0 {
		b.MonitoredUntil = moment(h.total.until)
	}
	return b
}
