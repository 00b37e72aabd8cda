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

// recallWindow is how far back a restarted collector looks for newest readings.
const recallWindow = time.Hour

// recall fills in the newest readings from the store after a restart, so that
// pages need not wait for the next round. Their age shows what they are.
func (c *Collector) recall(ctx context.Context) {
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

// heartbeat notes when a loop last made progress and what holds it up.
type heartbeat struct {
	mu   sync.Mutex
	last time.Time
	err  error
}

func (h *heartbeat) beat(now time.Time) {
	h.mu.Lock()
	h.last, h.err = now, nil
	h.mu.Unlock()
}

func (h *heartbeat) fail(err error) {
	h.mu.Lock()
	h.err = err
	h.mu.Unlock()
}

func (h *heartbeat) check(what string, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.err != nil:
		return fmt.Errorf("%s has failed since %s: %w", what, h.last.UTC().Format(time.RFC3339), h.err)
	case now.Sub(h.last) > stalled:
		return fmt.Errorf("%s has not moved since %s", what, h.last.UTC().Format(time.RFC3339))
	}
	return nil
}

// Health returns nil while judging and storing make progress, or what has
// stopped and since when.
func (c *Collector) Health() error {
	now := c.o.Now()
	if err := c.judged.check("judging", now); err != nil {
		return err
	}
	if err := c.stored.check("storing", now); err != nil {
		return err
	}
	if !c.believed() {
		return clockTrouble{}
	}
	return nil
}
