package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// quarters returns a point's quarter-hours of [from, to), oldest first: from
// rollups, and from readings where those are not right yet. What no reading
// speaks for has none. from and to are whole quarter-hours.
func quarters(ctx context.Context, s Series, p sensors.Point, from, to time.Time) ([]store.Rollup, error) {
	stale, err := s.Stale(ctx, p.ID, from, to)
	if err != nil {
		return nil, fmt.Errorf("rollups of %s: %w", p.ID, err)
	}
	stale = whole(stale, from, to)
	var out []store.Rollup
	q := store.RollupQuery{Point: p.ID, Quantity: p.Quantity, Width: store.QuarterHour, From: from, To: to}
	err = s.ReadRollups(ctx, q, func(r store.Rollup) bool {
		if !slices.ContainsFunc(stale, func(x store.Stretch) bool { return !r.Start.Before(x.From) && r.Start.Before(x.To) }) {
			out = append(out, r)
		}
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("rollups of %s: %w", p.ID, err)
	}
	for _, x := range stale {
		again, err := rolled(ctx, s, p, x)
		if err != nil {
			return nil, fmt.Errorf("readings of %s: %w", p.ID, err)
		}
		out = append(out, again...)
	}
	slices.SortFunc(out, func(a, b store.Rollup) int { return a.Start.Compare(b.Start) })
	return out, nil
}

// whole widens stretches to whole quarter-hours of [from, to) and joins those
// that touch.
func whole(stale []store.Stretch, from, to time.Time) (out []store.Stretch) {
	for _, x := range stale {
		x.From = x.From.Truncate(store.QuarterHour)
		if end := x.To.Truncate(store.QuarterHour); end.Before(x.To) {
			x.To = end.Add(store.QuarterHour)
		} else {
			x.To = end
		}
		if x.From.Before(from) {
			x.From = from
		}
		if x.To.After(to) {
			x.To = to
		}
		last := len(out) - 1
		switch {
		case !x.From.Before(x.To):
		case last >= 0 && !x.From.After(out[last].To):
			if x.To.After(out[last].To) {
				out[last].To = x.To
			}
		default:
			out = append(out, x)
		}
	}
	return out
}

// rolled makes the quarter-hours of a stretch from readings.
func rolled(ctx context.Context, s Series, p sensors.Point, x store.Stretch) (out []store.Rollup, err error) {
	roller := store.NewRoller(p.ID, p.Quantity, x.From, func(r store.Rollup) {
		if r.Width == store.QuarterHour && r.Start.Before(x.To) {
			out = append(out, r)
		}
	})
	q := store.Query{Point: p.ID, Quantity: p.Quantity, From: x.From.Add(-store.CoverFor), To: x.To}
	err = s.Read(ctx, q, func(r store.Record) bool {
		roller.Add(r.Reading)
		return true
	})
	roller.Finish(x.To)
	return out, err
}

// tally is what many quarter-hours come to.
type tally struct {
	store.Rollup
	inside, beyond time.Duration // covered time of quarter-hours all of whose values lay inside the limits, and of the others
	low, high      *float64
}

func (t *tally) add(r store.Rollup) {
	t.Join(r)
	if r.Values == 0 {
		return
	}
	if t.high != nil && r.Max > *t.high || t.low != nil && r.Min < *t.low {
		t.beyond += r.Covered
	} else {
		t.inside += r.Covered
	}
}

// stats are a tally's numbers over the part of [from, to) that is past.
func (t tally) stats(from, to time.Time) Stats {
	out := Stats{Readings: t.Count}
	if t.Values > 0 {
		mean, _ := t.Mean()
		out.Min, out.Max, out.Mean = &t.Min, &t.Max, &mean
	}
	if span := to.Sub(from); span > 0 {
		out.Coverage = min(1, float64(t.Covered)/float64(span))
	}
	if sum := t.inside + t.beyond; sum > 0 && (t.low != nil || t.high != nil) {
		share := float64(t.inside) / float64(sum)
		out.InRange = &share
	}
	return out
}

// Stats are the numbers of one point over a stretch of time.
type Stats struct {
	Readings int      `json:"readings"`
	Min      *float64 `json:"min"` // nil: no value
	Max      *float64 `json:"max"`
	Mean     *float64 `json:"mean"`     // of the readings, each counting the same
	Coverage float64  `json:"coverage"` // share of the time that good readings speak for, 0 to 1
	// InRange is the share of the covered time in quarter-hours of which every
	// value lay inside the limits; nil without limits or values.
	InRange *float64 `json:"in_range"`
}
