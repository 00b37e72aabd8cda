package web

import (
	"context"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Rollups is what readings come to, and where that must not be believed. The
// collector is one.
type Rollups interface {
	ReadRollups(ctx context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error
	// Stale returns the stretches of [from, to), oldest first, whose rollups
	// are not what the readings say. It is asked before rollups are read.
	Stale(ctx context.Context, point sensors.PointID, from, to time.Time) ([]store.Stretch, error)
}

// history fills envelopes, from rollups where they are right and from readings
// elsewhere, so that the answer is the same as from readings alone.
type history struct {
	readings Readings
	rollups  Rollups // nil: readings alone
}

// widest returns the widest rollups whose buckets fit into those of a grid, 0
// when there are none.
func (h history) widest(from time.Time, step time.Duration) (width time.Duration) {
	if h.rollups == nil {
		return 0
	}
	for _, w := range store.Widths() {
		if step%w == 0 && from.Truncate(w).Equal(from) {
			width = w
		}
	}
	return width
}

// fitGrid lays at most n buckets over a window so that rollups fit into them:
// the first may begin a little before from. A step is not widened by more than
// a quarter for that, but for the narrowest; else narrower rollups serve.
func (h history) fitGrid(from, to time.Time, n int, period time.Duration) (start time.Time, step time.Duration, buckets int) {
	step, buckets = fitStep(to.Sub(from), n, period)
	if h.rollups == nil {
		return from, step, buckets
	}
	start = from
	widths := store.Widths()
	for i := len(widths) - 1; i >= 0; i-- {
		w := widths[i]
		if step < w {
			continue
		}
		aligned := from.Truncate(w)
		span := to.Sub(aligned)
		fit := (max(step, (span+time.Duration(n)-1)/time.Duration(n)) + w - 1) / w * w
		if fit-step <= step/4 || w == store.Minute {
			return aligned, fit, int((span + fit - 1) / fit)
		}
	}
	return start, step, buckets
}

// fill adds everything of [from, to) to an envelope.
func (h history) fill(ctx context.Context, e *envelope, p sensors.Point, from, to time.Time) error {
	width := h.widest(e.from, e.step)
	whole := from.Truncate(width) // the first bucket that lies in the window
	if width > 0 && whole.Before(from) {
		whole = whole.Add(width)
	}
	end := to.Truncate(width)
	if width == 0 || !whole.Before(end) {
		return h.raw(ctx, e, p, from, to)
	}
	stale, err := h.rollups.Stale(ctx, p.ID, whole, end)
	if err != nil {
		return err
	}
	stale = within(stale, whole, end, width)
	if len(stale) == 0 || stale[0].From.After(whole) || stale[len(stale)-1].To.Before(end) || len(stale) > 1 {
		q := store.RollupQuery{Point: p.ID, Quantity: p.Quantity, Width: width, From: whole, To: end}
		next := 0
		err := h.rollups.ReadRollups(ctx, q, func(r store.Rollup) bool {
			for next < len(stale) && !r.Start.Before(stale[next].To) {
				next++
			}
			if next == len(stale) || r.Start.Before(stale[next].From) {
				e.join(r)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	for _, s := range append(stale, store.Stretch{From: from, To: whole}, store.Stretch{From: end, To: to}) {
		if err := h.raw(ctx, e, p, s.From, s.To); err != nil {
			return err
		}
	}
	return nil
}

func (h history) raw(ctx context.Context, e *envelope, p sensors.Point, from, to time.Time) error {
	if !from.Before(to) {
		return nil
	}
	return h.readings.Read(ctx, store.Query{Point: p.ID, Quantity: p.Quantity, From: from, To: to}, func(r store.Record) bool {
		e.add(r.Reading)
		return true
	})
}

// within joins stretches that touch, cut to whole buckets of [from, to).
func within(stale []store.Stretch, from, to time.Time, width time.Duration) (out []store.Stretch) {
	for _, s := range stale {
		s.From = s.From.Truncate(width)
		if up := s.To.Truncate(width); up.Before(s.To) {
			s.To = up.Add(width)
		}
		if s.From.Before(from) {
			s.From = from
		}
		if s.To.After(to) {
			s.To = to
		}
		switch n := len(out); {
		case !s.From.Before(s.To):
		case n > 0 && !s.From.After(out[n-1].To):
			if s.To.After(out[n-1].To) {
				out[n-1].To = s.To
			}
		default:
			out = append(out, s)
		}
	}
	return out
}
