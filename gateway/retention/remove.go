package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

const (
	// A piece is what is removed in one go and noted as done.
	readingsPiece = 7 * 24 * time.Hour
	rollupsPiece  = 31 * 24 * time.Hour
	// boundary is what ages are cut to: rollups of a day are made of readings
	// of that day, so whole days go.
	boundary = 24 * time.Hour
)

// errWaits says that readings are not rolled up yet: what they come to must be
// known before they go.
var errWaits = errors.New("waits for rollups")

// removeAll does every point, readings before rollups. A point that fails
// holds up no other, unless the store is away.
func (k *Keeper) removeAll(ctx context.Context, from time.Time, run *state.RetentionRun) error {
	generation, err := k.o.Store.Generation(ctx)
	if err != nil {
		return err
	}
	points := make([]sensors.PointID, 0, len(k.o.Rules))
	for p := range k.o.Rules {
		points = append(points, p)
	}
	slices.Sort(points)
	var failed error
	for _, p := range points {
		rule := k.o.Rules[p]
		for _, kind := range []kind{k.readings(p, rule), k.rollups(p, rule)} {
			err := k.removeKind(ctx, kind, generation, from, run)
			switch {
			case errors.Is(err, errWaits):
				run.Waiting++
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, store.ErrTemporary):
				return err
			case err != nil && failed == nil:
				failed = err
			}
		}
	}
	return failed
}

// kind is what is removed of a point, and how.
type kind struct {
	point sensors.PointID
	what  string
	age   time.Duration
	piece time.Duration
	count func(*state.RetentionRun) *int
	// first is the time of the oldest there is.
	first func(context.Context) (time.Time, bool, error)
	// ready returns errWaits while [from, to) must stay for now.
	ready  func(ctx context.Context, from, to time.Time) error
	remove func(ctx context.Context, from, to time.Time) error
}

var longAgo = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (k *Keeper) readings(p sensors.PointID, rule Rule) kind {
	q := store.Query{Point: p, Quantity: rule.Quantity, From: longAgo, To: k.o.Now(), Limit: 1}
	return kind{
		point: p, what: state.RetainedReadings, age: rule.Raw, piece: readingsPiece,
		count: func(r *state.RetentionRun) *int { return &r.Readings },
		first: func(ctx context.Context) (at time.Time, ok bool, err error) {
			err = k.o.Store.Read(ctx, q, func(r store.Record) bool { at, ok = r.Time, true; return false })
			return at, ok, err
		},
		ready: func(ctx context.Context, from, to time.Time) error {
			marks, err := k.o.State.DirtyOf(ctx, p, from, to)
			if err == nil && len(marks) > 0 {
				err = errWaits
			}
			return err
		},
		remove: func(ctx context.Context, from, to time.Time) error {
			return k.o.Store.DeleteReadings(ctx, store.Query{Point: p, Quantity: rule.Quantity, From: from, To: to})
		},
	}
}

func (k *Keeper) rollups(p sensors.PointID, rule Rule) kind {
	q := store.RollupQuery{Point: p, Quantity: rule.Quantity, Width: store.Hour, From: longAgo, To: k.o.Now()}
	return kind{
		point: p, what: state.RetainedRollups, age: rule.Rollups, piece: rollupsPiece,
		count: func(r *state.RetentionRun) *int { return &r.Rollups },
		first: func(ctx context.Context) (at time.Time, ok bool, err error) {
			err = k.o.Store.ReadRollups(ctx, q, func(r store.Rollup) bool { at, ok = r.Start, true; return false })
			return at, ok, err
		},
		ready: func(context.Context, time.Time, time.Time) error { return nil },
		remove: func(ctx context.Context, from, to time.Time) error {
			for _, width := range store.Widths() {
				err := k.o.Store.DeleteRollups(ctx, store.RollupQuery{Point: p, Quantity: rule.Quantity, Width: width, From: from, To: to})
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// removeKind goes on where it stopped, piece by piece, up to what has come of
// age. Between two pieces it rests as long as the last one took, so that
// writers find the store free half of the time.
func (k *Keeper) removeKind(ctx context.Context, what kind, generation string, now time.Time, run *state.RetentionRun) error {
	if what.age == 0 {
		return nil
	}
	end := now.Add(-what.age).Truncate(boundary)
	if what.what == state.RetainedReadings && (run.Oldest.IsZero() || end.Before(run.Oldest)) {
		run.Oldest = end
	}
	from, err := k.begin(ctx, what, generation, end)
	if err != nil {
		return err
	}
	for from.Before(end) {
		to := from.Add(what.piece)
		if to.After(end) {
			to = end
		}
		began := time.Now()
		if err := k.removePiece(ctx, what, from, to); err != nil {
			return err
		}
		if err := k.o.State.SetRetained(ctx, what.point, what.what, generation, to); err != nil {
			return err
		}
		*what.count(run)++
		from = to
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Since(began)):
		}
	}
	return nil
}

// begin is where to go on: where it stopped, or at the oldest there is. When
// there is nothing old, it says so for the next time.
func (k *Keeper) begin(ctx context.Context, what kind, generation string, end time.Time) (time.Time, error) {
	from, ok, err := k.o.State.RetainedUntil(ctx, what.point, what.what, generation)
	if err != nil || ok {
		return from, err
	}
	first, ok, err := what.first(ctx)
	if err != nil {
		return end, err
	}
	if !ok {
		return end, nil // nothing there; it costs little to ask again tomorrow
	}
	return first.Truncate(boundary), nil
}

// removePiece removes [from, to) but for what is frozen in it.
func (k *Keeper) removePiece(ctx context.Context, what kind, from, to time.Time) error {
	k.removing.Lock()
	defer k.removing.Unlock()
	if err := what.ready(ctx, from, to); err != nil {
		return err
	}
	frozen, err := k.o.State.FrozenOf(ctx, what.point, from, to)
	if err != nil {
		return err
	}
	for _, s := range thawed(from, to, frozen) {
		if err := what.remove(ctx, s.From, s.To); err != nil {
			return fmt.Errorf("remove %s of %s from %s: %w", what.what, what.point, s.From.Format(time.DateOnly), err)
		}
	}
	return nil
}

// thawed is [from, to) without what is frozen. Ranges come by their beginnings
// and may overlap. A rollup that holds some of a frozen range stays: its hour
// is frozen with it.
func thawed(from, to time.Time, frozen []state.FrozenRange) (out []store.Stretch) {
	for _, f := range frozen {
		first, last := f.From.Truncate(store.Hour), f.To.Add(store.Hour-1).Truncate(store.Hour)
		if first.After(from) {
			end := first
			if end.After(to) {
				end = to
			}
			if from.Before(end) {
				out = append(out, store.Stretch{From: from, To: end})
			}
		}
		if last.After(from) {
			from = last
		}
	}
	if from.Before(to) {
		out = append(out, store.Stretch{From: from, To: to})
	}
	return out
}
