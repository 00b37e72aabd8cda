package collector

import (
	"context"
	"sync"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// rollups rolls readings up as they become durable. Its rule is that the
// rollups of a point's hour are right or the hour is marked dirty in county.db:
// the mark is committed with the hour's first reading, before anything of the
// hour is rolled, and taken away when all of the hour is durable. So a crash at
// any moment leaves a mark where rollups are missing, and a late or repeated
// reading only renews a mark; nothing is ever added to a stored bucket.
type rollups struct {
	store store.Rollups
	// begins is the first hour of which no reading can have been stored before
	// this process: hours before it are worked out from the store when they are
	// over.
	begins time.Time

	mu     sync.Mutex
	stamp  uint64 // of the newest mark
	points map[sensors.PointID]*rolling
	// marked are hours that are marked and not rolled from memory, so that a
	// backlog of thousands of readings marks its hour once.
	marked   map[hourOf]bool
	unmarked []state.DirtyRange // marks that the next commit must carry
	ready    []store.Rollup     // finished, not durable yet
	closed   []state.DirtyRange // marks to take away once ready is durable
	many     chan struct{}      // wakes the one who makes them durable
	eased    chan struct{}      // he has taken them
}

// rolling is one point's open buckets.
type rolling struct {
	roller *store.Roller
	open   []state.DirtyRange // hours rolled from memory, by time; two at most
	idle   int                // rounds since its last reading
}

type hourOf struct {
	point sensors.PointID
	from  int64 // ms
}

const (
	maxMarked = 50_000 // hours whose marks are remembered
	manyReady = 4_000  // finished rollups that are not left to wait for the next round
	// An hour that is over is closed by the next one's first reading, or when its
	// point has been quiet for so many rounds: a backlog comes in order, and what
	// of it came after its hour was closed would have to be worked out again.
	quietRounds = 2
	maxReady    = 20_000          // rollups that wait for the store; beyond that readings wait for them,
	crowdMost   = 5 * time.Second // so long; then they are worked out again later
)

func newRollups(s store.Rollups, newest uint64, now time.Time) *rollups {
	begins := now.Add(futureTolerance).Truncate(store.Hour).Add(store.Hour)
	return &rollups{store: s, begins: begins, stamp: newest, points: map[sensors.PointID]*rolling{}, marked: map[hourOf]bool{}, many: make(chan struct{}, 1), eased: make(chan struct{}, 1)}
}

// observe takes readings that have just become durable, before the commit that
// acknowledges them.
func (r *rollups) observe(records []store.Record) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range records {
		r.observeOne(&records[i])
	}
	if len(r.ready) >= manyReady {
		select {
		case r.many <- struct{}{}:
		default:
		}
	}
}

// await holds the readings back while more rollups wait for the store than may:
// working them out again costs the store a hundred times more. A store that
// takes readings and no rollups does not hold them for long.
func (r *rollups) await(ctx context.Context) {
	if r == nil || !r.crowded() {
		return
	}
	select {
	case <-r.eased:
		return
	case <-time.After(crowdMost):
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ready) > maxReady {
		r.giveUp()
	}
}

// crowded forgets that it was eased before.
func (r *rollups) crowded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ready) <= maxReady {
		return false
	}
	select {
	case <-r.eased:
	default:
	}
	return true
}

func (r *rollups) observeOne(rec *store.Record) {
	first, last := hoursTouched(rec.Time)
	p := r.points[rec.Point]
	if p == nil {
		// Its cover may come from readings of before, so what it touches is not
		// rolled from memory either.
		p = &rolling{roller: store.NewRoller(rec.Point, rec.Quantity, r.begins, r.finished)}
		p.roller.Skip(last.Add(store.Hour))
		r.points[rec.Point] = p
	}
	p.idle = 0
	if !p.roller.Add(rec.Reading) {
		r.late(rec.Point, p, first, last)
		return
	}
	r.close(p, first)
	for from := first; !from.After(last); from = from.Add(store.Hour) {
		r.enter(rec.Point, p, from)
	}
}

// hoursTouched are the first and last hour a reading at t may change: it also
// speaks for the time after it.
func hoursTouched(t time.Time) (first, last time.Time) {
	return t.Truncate(store.Hour), t.Add(store.CoverFor - 1).Truncate(store.Hour)
}

func (r *rollups) finished(b store.Rollup) { r.ready = append(r.ready, b) }

// enter marks an hour that a reading in order has touched.
func (r *rollups) enter(id sensors.PointID, p *rolling, from time.Time) {
	if n := len(p.open); n > 0 && !from.After(p.open[n-1].From) {
		return
	}
	if p.roller.Gives(from) {
		delete(r.marked, hourOf{id, from.UnixMilli()})
		p.open = append(p.open, r.mark(id, from))
		return
	}
	r.markOnce(id, from)
}

// late marks the hours of a reading that came out of order, and gives up
// rolling them from memory if they are open.
func (r *rollups) late(id sensors.PointID, p *rolling, first, last time.Time) {
	p.roller.Skip(last.Add(store.Hour)) // also an hour that only its cover reaches
	if n := len(p.open); n > 0 && !p.open[0].From.After(last) {
		p.roller.Skip(p.open[n-1].To)
		p.open = nil
	}
	for from := first; !from.After(last); from = from.Add(store.Hour) {
		r.markOnce(id, from)
	}
}

// close notes the hours that are over: their rollups are in ready.
func (r *rollups) close(p *rolling, now time.Time) {
	for len(p.open) > 0 && !p.open[0].To.After(now) {
		r.closed = append(r.closed, p.open[0])
		p.open = p.open[1:]
	}
}

func (r *rollups) markOnce(id sensors.PointID, from time.Time) {
	key := hourOf{id, from.UnixMilli()}
	if r.marked[key] {
		return
	}
	if len(r.marked) >= maxMarked {
		clear(r.marked) // marking twice is only work
	}
	r.marked[key] = true
	r.mark(id, from)
}

func (r *rollups) mark(id sensors.PointID, from time.Time) state.DirtyRange {
	r.stamp++
	m := state.DirtyRange{Point: id, From: from.UTC(), To: from.Add(store.Hour).UTC(), Stamp: r.stamp}
	r.unmarked = append(r.unmarked, m)
	return m
}

// uncommitted takes the marks that the next commit must carry; a commit that
// fails gives them back.
func (r *rollups) uncommitted() []state.DirtyRange {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	marks := r.unmarked
	r.unmarked = nil
	return marks
}

func (r *rollups) giveBack(marks []state.DirtyRange) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unmarked = append(marks, r.unmarked...)
}
