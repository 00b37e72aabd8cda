package collector

import (
	"sync/atomic"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/wire"
)

const (
	// shortWait and slowDown bound what an edge is told to wait when there is no
	// room for its records.
	shortWait = 500 * time.Millisecond
	slowDown  = 5 * time.Second
	// holdPlace is how long what follows a message that was sent back waits for
	// it to come again. Then it may have been given up.
	holdPlace = 30 * time.Second
)

// places keeps each gateway's records in order while there is no room for all
// of them. What came after a message that was sent back is sent back as well:
// stored before it, it would make all of it late, and each late record has to be
// looked up in the store first, which is then slower still. judgeLoop's.
type places map[state.Run]place

// place is the first record that was sent back.
type place struct {
	from uint64
	at   time.Time
}

// mayGo reports whether an item that begins with this record is in order.
func (p places) mayGo(id state.Run, first uint64, now time.Time) bool {
	held, ok := p[id]
	return !ok || first <= held.from || now.Sub(held.at) > holdPlace
}

func (p places) taken(id state.Run) { delete(p, id) }

func (p places) sentBack(id state.Run, first uint64, now time.Time) {
	if held, ok := p[id]; !ok || first <= held.from || now.Sub(held.at) > holdPlace {
		p[id] = place{first, now}
	}
}

// pace is how fast the store takes records, lately.
type pace struct{ perRecord atomic.Int64 } // ns

func (p *pace) note(records int, took time.Duration) {
	if records == 0 {
		return
	}
	now := took.Nanoseconds() / int64(records)
	if before := p.perRecord.Load(); before > 0 {
		now = (3*before + now) / 4
	}
	p.perRecord.Store(now)
}

// wait is until there may be room again.
func (p *pace) wait(records int64) time.Duration {
	return min(slowDown, max(shortWait, time.Duration(records*p.perRecord.Load())))
}

// enqueue hands an item to the store, or tells the gateway to come back later
// when the store is too far behind.
func (c *Collector) enqueue(item batchItem) {
	if item.size() == 0 {
		return
	}
	if c.offer(item) {
		return
	}
	c.m.deferred.Add(float64(item.size()))
	slow := c.pace.wait(c.waiting.Load())
	if _, err, _ := c.trouble.now(); err != nil {
		slow = c.trouble.slow(c.o.Now())
	}
	if item.from != nil {
		c.leave(item.from, errBehind, slow)
		return
	}
	if first, ok := item.first(); ok {
		c.places.sentBack(item.id, first, time.Now()) // a wait, not a time of anything: whatever the county's clock does
	}
	var later []wire.AckRange
	for _, r := range item.runs {
		later = append(later, wire.AckRange{Range: r, Outcome: wire.RetryAfter, AfterMS: slow.Milliseconds()})
	}
	c.acknowledge(item.address, item.id.Epoch, later)
}

// offer puts an item into the queue of the store, if it is its turn and there
// is room.
func (c *Collector) offer(item batchItem) bool {
	n := int64(item.size())
	if first, ok := item.first(); ok && !c.places.mayGo(item.id, first, time.Now()) || c.waiting.Load()+n > maxUnstored {
		return false
	}
	c.mu.Lock()
	c.ranges.queue(item.id, item.runs)
	c.mu.Unlock()
	c.waiting.Add(n)
	select {
	case c.unstored <- item:
		c.places.taken(item.id)
		return true
	default:
		c.waiting.Add(-n)
		c.unqueue(item)
		return false
	}
}

// first is the lowest sequence number in an item; a source's has none.
func (i batchItem) first() (seq uint64, ok bool) {
	if i.from != nil || len(i.runs) == 0 {
		return 0, false
	}
	seq = i.runs[0].From
	for _, r := range i.runs {
		seq = min(seq, r.From)
	}
	return seq, true
}

func (c *Collector) unqueue(item batchItem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ranges.unqueue(item.id, item.runs)
}
