package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
)

// firstAnswer is how long a start waits for the store's name before it goes on
// without.
const firstAnswer = 5 * time.Second

// begin loads what was delivered. When the store does not say which one it is,
// the county's last one is taken for it: gateways are greeted and readings
// judged, while acknowledgements wait until the store has answered, because
// only then is it known what it holds.
func (c *Collector) begin(ctx context.Context) error {
	ask, cancel := context.WithTimeout(ctx, firstAnswer)
	generation, err := c.o.Store.Generation(ask)
	cancel()
	var delivered state.Delivery
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("collector: ask the store which one it is: %w", err)
	case err == nil:
		c.generation = generation
		c.recovered()
		close(c.reached)
		delivered, err = c.o.State.LoadDelivery(ctx, generation)
	default:
		c.troubled(err, retryFirst)
		c.generation, delivered, err = c.o.State.LoadRecorded(ctx)
	}
	if err != nil {
		return fmt.Errorf("collector: load what was delivered: %w", err)
	}
	c.ranges = newProgress(delivered)
	return nil
}

// isReached reports whether the store has said which one it is.
func (c *Collector) isReached() bool {
	select {
	case <-c.reached:
		return true
	default:
		return false
	}
}

// untilReached waits for the store's name; false when ctx has ended first.
func (c *Collector) untilReached(ctx context.Context) bool {
	select {
	case <-c.reached:
		return true
	case <-ctx.Done():
		return false
	}
}

// await asks the store which one it is until it answers, and commits the state
// of judging meanwhile. It returns false when ctx has ended first.
func (c *Collector) await(ctx, writing context.Context) bool {
	idle := time.NewTicker(commitIdle)
	defer idle.Stop()
	wait := retryFirst
	again := time.NewTimer(wait)
	defer again.Stop()
	for !c.isReached() {
		select {
		case <-ctx.Done():
			return false
		case <-idle.C:
			c.commitLoud(writing)
		case <-again.C:
			if err := c.reach(ctx); err != nil && ctx.Err() == nil {
				wait = min(2*wait, retryMost)
				again.Reset(c.troubled(err, wait))
			}
		}
		c.stored.beat(c.o.Now())
	}
	return true
}

// reach asks once. Another store than the county's last makes what was
// delivered to that forgotten, and the gateways hear of it.
func (c *Collector) reach(ctx context.Context) error {
	generation, err := c.o.Store.Generation(ctx)
	if err != nil {
		return err
	}
	if before := c.storeGeneration(); generation != before {
		delivered, err := c.o.State.LoadDelivery(ctx, generation)
		if err != nil {
			return fmt.Errorf("%w: %w", store.ErrTemporary, err) // not a refusal of the store's
		}
		c.mu.Lock()
		c.ranges = c.ranges.carriedInto(newProgress(delivered))
		c.generation = generation
		c.mu.Unlock()
		defer c.greetAgain()
		c.o.Logger.Warn("this is another store than the county's last; the gateways are asked for what they keep", "before", before, "generation", generation)
	}
	c.recovered()
	close(c.reached)
	return nil
}

// storeGeneration is the store's name as far as it is known.
func (c *Collector) storeGeneration() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

// greetAgain tells every gateway that is connected which store there is.
func (c *Collector) greetAgain() {
	now := c.o.Now()
	for _, g := range c.Gateways() {
		if g.Online {
			c.hello(wire.Address{County: c.o.Registry.County, Site: g.Site, Gateway: g.Gateway}, now)
		}
	}
}

// drain empties the queue of a collector that stops before the store has said
// which one it is: nothing of it was acknowledged, and what was judged is kept.
func (c *Collector) drain(writing context.Context) {
	left := 0
	for i := range c.unstored {
		left += i.size()
		c.waiting.Add(-int64(i.size()))
		c.unqueue(i)
	}
	if left > 0 {
		c.o.Logger.Warn("stopped before the store could be reached; the gateways still hold these records", "records", left)
	}
	c.commitLoud(writing)
}

// carriedInto gives next what p knows beside the store: what was judged, and
// what is in the hands of storing.
func (p *progress) carriedInto(next *progress) *progress {
	for id, old := range p.by {
		j := next.of(id)
		for r := range old.judged.All() {
			j.judged.Add(r.From, r.To)
		}
		j.queued = old.queued
	}
	maps.Copy(next.judged, p.judged)
	maps.Copy(next.tracks, p.tracks)
	return next
}

// errNotBegun is what health says of a county that has never had a store.
var errNotBegun = errors.New("this county has never reached its store; gateways are greeted once it answers")
