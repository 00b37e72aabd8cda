package influx

import (
	"context"
	"math"
	"sync"

	"coldchain/sensors"
)

// point is what is remembered of one point between writes. It belongs to the
// Write that has claimed it.
type point struct {
	tags []byte
	// newest is a millisecond after which nothing is stored. Rows later than it
	// cannot collide and need no look-up.
	newest int64
	known  bool // newest was asked for once
	busy   bool
}

// points hands out points to one Write at a time, so that two writes cannot
// both find a millisecond free. Writes of different points run side by side.
type points struct {
	county string
	mu     sync.Mutex
	byID   map[sensors.PointID]*point
	freed  chan struct{} // closed, and replaced, when claims are given back
}

func (ps *points) init(county string) {
	ps.county = county
	ps.byID = make(map[sensors.PointID]*point)
	ps.freed = make(chan struct{})
}

// claim waits until all of ids are free and takes them together: a Write never
// holds some while waiting for others, so there is no deadlock.
func (ps *points) claim(ctx context.Context, ids []sensors.PointID) (map[sensors.PointID]*point, error) {
	for {
		got, wait := ps.try(ids)
		if got != nil {
			return got, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (ps *points) try(ids []sensors.PointID) (map[sensors.PointID]*point, <-chan struct{}) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, id := range ids {
		if p := ps.byID[id]; p != nil && p.busy {
			return nil, ps.freed
		}
	}
	got := make(map[sensors.PointID]*point, len(ids))
	for _, id := range ids {
		p := ps.byID[id]
		if p == nil {
			p = &point{tags: appendTags(nil, ps.county, id), newest: math.MaxInt64}
			ps.byID[id] = p
		}
		p.busy = true
		got[id] = p
	}
	return got, nil
}

// release gives claimed points back.
func (ps *points) release(claimed map[sensors.PointID]*point) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, p := range claimed {
		p.busy = false
	}
	close(ps.freed)
	ps.freed = make(chan struct{})
}
