package collector

import (
	"cmp"
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
	rollEvery = 10 * time.Second
	// rollGrace is how long after its end an hour waits for readings that are
	// on their way before it is closed or worked out.
	rollGrace = 10 * time.Minute
	rollMarks = 2000           // marks seen to in one round
	rollWrite = 2000           // rollups in one write
	rollSpan  = 24 * time.Hour // of readings read at once
)

// rollLoop owns everything about rollups that waits: it makes finished ones
// durable and works dirty stretches out again from the store's readings.
func (c *Collector) rollLoop(ctx context.Context) {
	if c.rollups == nil || !c.untilReached(ctx) {
		return
	}
	c.lookThroughPast(ctx)
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.rollups.many:
			if err := c.flushRollups(ctx, c.rollups.takeReady); err != nil && ctx.Err() == nil {
				c.o.Logger.Warn("rollups wait; charts read the readings meanwhile", "error", err, "again_in", rollEvery)
			}
			continue
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = c.roll(ctx); err != nil && ctx.Err() == nil {
				c.o.Logger.Warn("rollups wait; charts read the readings meanwhile", "error", err, "again_in", rollEvery)
			}
		}
	}
}

// roll does one round; more says that marks are left that could be seen to
// at once.
func (c *Collector) roll(ctx context.Context) (more bool, err error) {
	before := c.o.Now().Add(-rollGrace)
	marks, err := c.o.State.TakeDirty(ctx, before, rollMarks)
	if err != nil {
		return false, err
	}
	full := len(marks) == rollMarks
	// What was finished from memory before these marks were taken must not be
	// written over what is worked out from them: it goes first.
	err = c.flushRollups(ctx, func() (ready []store.Rollup, closed []state.DirtyRange) {
		marks, ready, closed = c.rollups.take(marks, before)
		return ready, closed
	})
	if err != nil {
		return false, err
	}
	err = c.rollAgain(ctx, runsOf(marks))
	// Of a backlog that is coming in, all may be open: then there is nothing to do.
	return full && len(marks) > 0 && err == nil, err
}

// flushRollups makes finished rollups durable and takes their hours' marks away.
func (c *Collector) flushRollups(ctx context.Context, take func() ([]store.Rollup, []state.DirtyRange)) error {
	ready, closed := take()
	if err := c.rollups.store.WriteRollups(ctx, ready); err != nil {
		c.rollups.putBack(ready, closed)
		return err
	}
	if len(closed) == 0 {
		return nil
	}
	return c.o.State.ClearDirty(ctx, closed, nil) // on an error the marks stay: their hours are worked out again
}

// rollAgain works runs of marks out from readings and takes the marks away,
// many at a time. A run that fails keeps its marks and holds up no other.
func (c *Collector) rollAgain(ctx context.Context, runs [][]state.DirtyRange) error {
	var out []store.Rollup
	var done, rest []state.DirtyRange
	var failed []error
	flush := func() error {
		if err := c.rollups.store.WriteRollups(ctx, out); err != nil {
			return err
		}
		err := c.o.State.ClearDirty(ctx, done, rest)
		out, done, rest = out[:0], nil, nil
		return err
	}
	for _, run := range runs {
		rollups, left, err := c.rollRun(ctx, run)
		if err != nil {
			failed = append(failed, err)
			if errors.Is(err, store.ErrTemporary) || ctx.Err() != nil {
				break // the others would fail too
			}
			continue
		}
		out, done, rest = append(out, rollups...), append(done, run...), append(rest, left...)
		if len(out) >= rollWrite {
			if err := flush(); err != nil {
				return errors.Join(append(failed, err)...)
			}
		}
	}
	if len(done) > 0 {
		failed = append(failed, flush())
	}
	return errors.Join(failed...)
}

// take closes hours that are over, and returns the marks that are to be worked
// out from readings with what is to be made durable first.
func (r *rollups) take(marks []state.DirtyRange, before time.Time) (again []state.DirtyRange, ready []store.Rollup, closed []state.DirtyRange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	type key struct {
		hourOf
		stamp uint64
	}
	of := func(m state.DirtyRange) key { return key{hourOf{m.Point, m.From.UnixMilli()}, m.Stamp} }
	open := map[key]bool{}
	for _, p := range r.points {
		if p.idle++; p.idle > quietRounds && len(p.open) > 0 && !p.open[0].To.After(before) {
			p.roller.Finish(p.open[0].To)
			r.close(p, p.open[0].To)
		}
		for _, m := range p.open {
			open[of(m)] = true
		}
	}
	for _, m := range r.closed {
		open[of(m)] = true
	}
	for _, m := range marks {
		if open[of(m)] {
			continue // rolled from memory
		}
		delete(r.marked, hourOf{m.Point, m.From.UnixMilli()})
		again = append(again, m)
	}
	ready, closed = r.handOver()
	return again, ready, closed
}

// takeReady returns what is finished, and closes nothing.
func (r *rollups) takeReady() (ready []store.Rollup, closed []state.DirtyRange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handOver()
}

// handOver empties ready and closed. The caller holds mu.
func (r *rollups) handOver() (ready []store.Rollup, closed []state.DirtyRange) {
	ready, closed = r.ready, r.closed
	r.ready, r.closed = nil, nil
	select {
	case r.eased <- struct{}{}:
	default:
	}
	return ready, closed
}

func (r *rollups) putBack(ready []store.Rollup, closed []state.DirtyRange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(ready)+len(r.ready) > maxReady {
		r.giveUp()
		return
	}
	r.ready, r.closed = append(ready, r.ready...), append(closed, r.closed...)
}

// giveUp forgets what waits for a store that is too slow or away. The marks
// stay, so these hours are worked out again; those still open are given up,
// because a part of them is lost here. The caller holds mu.
func (r *rollups) giveUp() {
	r.ready, r.closed = nil, nil
	for id, p := range r.points {
		if n := len(p.open); n > 0 {
			p.roller.Skip(p.open[n-1].To)
			for _, m := range p.open {
				r.marked[hourOf{id, m.From.UnixMilli()}] = true
			}
			p.open = nil
		}
	}
}

// runsOf joins marks of a point that touch, so that the readings of a backlog
// are read once.
func runsOf(marks []state.DirtyRange) (runs [][]state.DirtyRange) {
	slices.SortFunc(marks, func(a, b state.DirtyRange) int {
		return cmp.Or(cmp.Compare(a.Point, b.Point), a.From.Compare(b.From))
	})
	for _, m := range marks {
		if n := len(runs); n > 0 {
			run := runs[n-1]
			if end := run[len(run)-1]; end.Point == m.Point && !m.From.After(end.To) && m.To.Sub(run[0].From) <= rollSpan {
				runs[n-1] = append(run, m)
				continue
			}
		}
		runs = append(runs, []state.DirtyRange{m})
	}
	return runs
}

// rollRun works one run of marks out from readings. Of a long one it does the
// first part and returns a mark for the rest.
func (c *Collector) rollRun(ctx context.Context, run []state.DirtyRange) (out []store.Rollup, rest []state.DirtyRange, err error) {
	point, from, to := run[0].Point, run[0].From, run[0].To
	for _, m := range run {
		if m.To.After(to) {
			to = m.To
		}
	}
	if to.Sub(from) > rollSpan {
		cut := from.Add(rollSpan)
		rest = []state.DirtyRange{{Point: point, From: cut, To: to, Stamp: c.rollups.nextStamp()}}
		to = cut
	}
	quantity, known := c.o.Registry.Points[point]
	if !known {
		return nil, nil, nil // no page asks for it any more
	}
	roller := store.NewRoller(point, quantity, from, func(b store.Rollup) { out = append(out, b) })
	q := store.Query{Point: point, Quantity: quantity, From: from.Add(-store.CoverFor), To: to}
	if err := c.o.Store.Read(ctx, q, func(r store.Record) bool { roller.Add(r.Reading); return true }); err != nil {
		return nil, nil, fmt.Errorf("roll up %s from %s: %w", point, from.Format(time.RFC3339), err)
	}
	roller.Finish(to)
	return out, rest, nil
}

func (r *rollups) nextStamp() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stamp++
	return r.stamp
}

// lookThroughPast marks what a store holds from before it had rollups, once
// for each point and store.
func (c *Collector) lookThroughPast(ctx context.Context) {
	for {
		err := c.markPast(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.o.Logger.Warn("look through stored readings for rollups", "error", err, "again_in", rollEvery)
		select {
		case <-ctx.Done():
			return
		case <-time.After(rollEvery):
		}
	}
}

func sortedPoints(m map[sensors.PointID]sensors.Quantity) []sensors.PointID {
	ids := make([]sensors.PointID, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (c *Collector) markPast(ctx context.Context) error {
	// The open hour is marked apart: the past before it can be seen to at once.
	open := c.o.Now().Truncate(store.Hour)
	end := c.o.Now().Add(futureTolerance).Truncate(store.Hour).Add(store.Hour)
	var fresh []sensors.PointID
	var past []state.DirtyRange
	for _, id := range sortedPoints(c.o.Registry.Points) {
		done, err := c.o.State.Rolled(ctx, id, c.storeGeneration())
		if err != nil {
			return err
		}
		if done {
			continue
		}
		fresh = append(fresh, id)
		q := store.Query{Point: id, Quantity: c.o.Registry.Points[id], From: time.Unix(0, 0), To: end, Limit: 1}
		err = c.o.Store.Read(ctx, q, func(r store.Record) bool {
			if first := r.Time.Truncate(store.Hour); first.Before(open) {
				past = append(past, state.DirtyRange{Point: id, From: first, To: open, Stamp: c.rollups.nextStamp()})
			}
			past = append(past, state.DirtyRange{Point: id, From: open, To: end, Stamp: c.rollups.nextStamp()})
			return false
		})
		if err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return c.o.State.SetRolled(ctx, fresh, c.storeGeneration(), past)
}

// ReadRollups reads what was rolled up; Stale says where it must not be
// believed.
func (c *Collector) ReadRollups(ctx context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error {
	if c.rollups == nil {
		return nil
	}
	return c.rollups.store.ReadRollups(ctx, q, yield)
}

// Stale returns the stretches of [from, to), oldest first, whose rollups are
// not what the readings say: the open hour, what late readings have changed,
// and what nobody has looked through yet. They may overlap. Ask before reading
// rollups, not after.
func (c *Collector) Stale(ctx context.Context, point sensors.PointID, from, to time.Time) ([]store.Stretch, error) {
	all := []store.Stretch{{From: from, To: to}}
	if c.rollups == nil {
		return all, nil
	}
	done, err := c.o.State.Rolled(ctx, point, c.storeGeneration())
	if err != nil {
		return nil, err
	}
	if !done {
		return all, nil
	}
	marks, err := c.o.State.DirtyOf(ctx, point, from, to)
	if err != nil {
		return nil, err
	}
	out := make([]store.Stretch, 0, len(marks))
	for _, m := range marks {
		out = append(out, store.Stretch{From: m.From, To: m.To})
	}
	return out, nil
}
