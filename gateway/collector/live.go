package collector

import (
	"context"
	"fmt"
	"sync"
	"time"

	"coldchain/alerting/engine"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Seen is the newest reading of a point: the one with the newest measuring
// time, whenever it arrived.
type Seen struct {
	Reading  sensors.Reading
	Received time.Time
}

type latest struct {
	mu sync.RWMutex
	by map[sensors.PointID]Seen
}

func (l *latest) update(records []store.Record, received time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[sensors.PointID]Seen{}
	}
	for _, r := range records {
		if old, ok := l.by[r.Point]; !ok || r.Time.After(old.Reading.Time) {
			l.by[r.Point] = Seen{Reading: r.Reading, Received: received}
		}
	}
}

// Newest returns the measuring time of the newest reading of all that has come
// since the collector started or within an hour before; ok is false when there
// is none, or while this machine's clock, which admitted it, is not believed.
func (c *Collector) Newest() (at time.Time, ok bool) {
	if !c.believed() {
		return time.Time{}, false
	}
	c.latest.mu.RLock()
	defer c.latest.mu.RUnlock()
	for _, s := range c.latest.by {
		if t := s.Reading.Time; !ok || t.After(at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// recallWindow is how far back a restarted collector looks for newest readings.
const recallWindow = time.Hour

// recall fills in the newest readings from the store after a restart, so that
// pages need not wait for the next round. Their age shows what they are.
func (c *Collector) recall(ctx context.Context) {
	if !c.untilReached(ctx) {
		return
	}
	now := c.o.Now()
	for p, quantity := range c.o.Registry.Points {
		var newest []store.Record
		q := store.Query{Point: p, Quantity: quantity, From: now.Add(-recallWindow), To: now}
		err := c.o.Store.Read(ctx, q, func(r store.Record) bool {
			newest = append(newest[:0], r)
			return true
		})
		if err != nil {
			if ctx.Err() == nil {
				c.o.Logger.Warn("recall the newest readings; pages wait for the next ones", "error", err)
			}
			return
		}
		// Received is not stored; the measuring time is its earliest possible.
		for _, r := range newest {
			c.latest.update(newest, r.Time)
		}
	}
}

// Latest returns the newest reading of a point, if one has come since the
// collector started or within an hour before.
func (c *Collector) Latest(p sensors.PointID) (Seen, bool) {
	c.latest.mu.RLock()
	defer c.latest.mu.RUnlock()
	s, ok := c.latest.by[p]
	return s, ok
}

// PointStatus returns the judgement on a point.
func (c *Collector) PointStatus(p sensors.PointID) engine.PointStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Engine.Status(p)
}

// stalled is how long a loop may go without a turn before health says so.
const stalled = 90 * time.Second

// heartbeat notes when a loop last made progress.
type heartbeat struct {
	mu   sync.Mutex
	last time.Time
}

func (h *heartbeat) beat(now time.Time) {
	h.mu.Lock()
	h.last = now
	h.mu.Unlock()
}

func (h *heartbeat) check(what string, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.last) > stalled {
		return fmt.Errorf("%s has not moved since %s", what, h.last.UTC().Format(time.RFC3339))
	}
	return nil
}

// Health returns nil while judging and storing make progress and the store
// takes records, or what has stopped and since when.
func (c *Collector) Health() error {
	if err := c.Progress(); err != nil {
		return err
	}
	if err := c.trouble.check(); err != nil {
		if c.storeGeneration() == "" {
			return fmt.Errorf("%w: %w", errNotBegun, err)
		}
		return err
	}
	if !c.believed() {
		return clockTrouble{}
	}
	return nil
}

// Progress returns nil while the collector does what it can, or which of its
// loops stands still. Unlike Health it does not blame it for a store that is
// away or a clock that nobody has set: starting it again would cure neither.
func (c *Collector) Progress() error {
	now := c.o.Now()
	if err := c.judged.check("judging", now); err != nil {
		return err
	}
	// While it waits for the store the loop of storing has no turns of its own.
	if _, err, _ := c.trouble.now(); err != nil {
		return nil
	}
	return c.stored.check("storing", now)
}
