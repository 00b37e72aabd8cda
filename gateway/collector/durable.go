package collector

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
)

const (
	writeRecords = 20_000 // records in one write at most
	// linger is how long a write waits for company: one transaction for many
	// messages costs a tenth. Alarms do not wait for it, acknowledgements do.
	linger     = 250 * time.Millisecond
	commitIdle = 10 * time.Second
	retryFirst = 500 * time.Millisecond
	retryMost  = 30 * time.Second
)

// storeLoop makes judged records durable in batches, commits their ranges and
// the state of judging in one transaction, and acknowledges. writing outlives
// ctx so that what is judged at shutdown is still written, once.
func (c *Collector) storeLoop(ctx, writing context.Context) {
	if !c.await(ctx, writing) {
		c.drain(writing)
		return
	}
	idle := time.NewTicker(commitIdle)
	defer idle.Stop()
	for {
		select {
		case item, ok := <-c.unstored:
			if !ok {
				c.commitLoud(writing)
				return
			}
			items := c.gather(item)
			if err := c.persist(ctx, writing, items); err != nil {
				c.o.Logger.Error("records are not stored; the gateways still hold them", "error", err)
				c.leaveAll(items, err)
			}
			for _, i := range items {
				c.waiting.Add(-int64(i.size()))
				c.unqueue(i)
			}
		case <-idle.C:
			c.commitLoud(writing)
		}
		c.stored.beat(c.o.Now())
	}
}

// commitLoud writes the state of judging alone.
func (c *Collector) commitLoud(ctx context.Context) {
	if err := c.commit(ctx, nil, nil); err != nil {
		c.o.Logger.Error("commit the state of judging", "error", err)
	}
}

// gather takes more items for a little while, up to one write's worth.
func (c *Collector) gather(first batchItem) []batchItem {
	items, n := []batchItem{first}, first.size()
	enough := time.NewTimer(linger)
	defer enough.Stop()
	for n < writeRecords {
		select {
		case item, ok := <-c.unstored:
			if !ok {
				return items
			}
			items = append(items, item)
			n += item.size()
		case <-enough.C:
			return items
		}
	}
	return items
}

// persist writes items to the store, commits what became of them, and then
// acknowledges. On error nothing was acknowledged.
func (c *Collector) persist(ctx, writing context.Context, items []batchItem) error {
	records, owner := c.scratch.records[:0], c.scratch.owner[:0] // owner: item of each record
	defer func() {
		clear(records) // keeps no text alive
		c.scratch.records, c.scratch.owner = records[:0], owner[:0]
	}()
	for i, item := range items {
		records = append(records, item.records...)
		for range item.records {
			owner = append(owner, i)
		}
	}
	began := time.Now()
	result, err := c.write(ctx, writing, records)
	if err != nil {
		return err
	}
	c.m.writeSeconds.Observe(time.Since(began).Seconds())
	refused := map[int]refusal{}
	for _, x := range result.Collisions {
		refused[x.Index] = refusal{wire.Collision, "another record of the same point and millisecond is already stored"}
	}
	for _, x := range result.Rejections {
		refused[x.Index] = refusal{wire.StoreRefused, x.Detail}
	}
	c.setAside(items, records, owner, refused)
	fates := make([][]wire.AckRange, len(items))
	for i, item := range items {
		c.rollups.observe(item.records)
		fates[i] = item.outcome()
	}
	if err := c.commit(writing, items, fates); err != nil {
		return err
	}
	for _, item := range items {
		c.settle(item)
		c.m.stored.Add(float64(len(item.records)))
		for _, q := range item.quarantined {
			c.m.quarantined.WithLabelValues(string(q.Reason)).Inc()
		}
	}
	c.acknowledgeAll(items, fates)
	c.rollups.await(writing)
	return nil
}

// acknowledgeAll tells each gateway in one message what became of all its
// messages of a commit.
func (c *Collector) acknowledgeAll(items []batchItem, fates [][]wire.AckRange) {
	var order []state.Run
	address := map[state.Run]wire.Address{}
	ranges := map[state.Run][]wire.AckRange{}
	for i, item := range items {
		if _, known := address[item.id]; !known {
			order = append(order, item.id)
			address[item.id] = item.address
		}
		ranges[item.id] = append(ranges[item.id], fates[i]...)
	}
	for _, id := range order {
		c.acknowledge(address[id], id.Epoch, ranges[id])
	}
}

// inOrder sorts ranges and joins those that touch and share their fate.
func inOrder(ranges []wire.AckRange) []wire.AckRange {
	slices.SortFunc(ranges, func(a, b wire.AckRange) int { return cmp.Compare(a.From, b.From) })
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && out[n-1].To+1 == r.From && out[n-1].Outcome == r.Outcome && out[n-1].Reason == r.Reason && out[n-1].AfterMS == r.AfterMS {
			out[n-1].To = r.To
			continue
		}
		out = append(out, r)
	}
	return out
}

// setAside moves what the store refused from an item's records to its
// quarantine.
func (c *Collector) setAside(items []batchItem, records []store.Record, owner []int, refused map[int]refusal) {
	if len(refused) == 0 {
		return
	}
	for i := range items {
		items[i].records = nil
	}
	now := c.o.Now()
	for i, r := range records {
		item := &items[owner[i]]
		why, bad := refused[i]
		if !bad {
			item.records = append(item.records, r)
			continue
		}
		if item.from != nil {
			item.quarantined = append(item.quarantined, item.from.quarantine(string(r.Point), why, []byte(r.String())))
			continue
		}
		topic := item.address.Topic(wire.ChannelRecords)
		item.quarantined = append(item.quarantined, quarantine(item.address, topic, r.Epoch, r.Seq, true, string(r.Point), why, []byte(r.String()), now))
	}
}

// write waits out what waiting can cure; judging goes on meanwhile. After ctx
// has ended it tries only once.
func (c *Collector) write(ctx, writing context.Context, records []store.Record) (store.Result, error) {
	if len(records) == 0 {
		return store.Result{}, nil
	}
	wait := retryFirst
	for {
		began := time.Now()
		result, err := c.o.Store.Write(writing, records)
		if err == nil {
			c.pace.note(len(records), time.Since(began))
			c.recovered()
			return result, nil
		}
		c.m.writeErrors.Inc()
		if ctx.Err() != nil {
			return store.Result{}, fmt.Errorf("store %d records while stopping: %w", len(records), err)
		}
		c.letAlone(ctx, writing, c.troubled(err, wait))
		wait = min(2*wait, retryMost)
	}
}

// commit writes in one transaction what became of the items' records and the
// state of judging as it is now, which covers at least these records.
func (c *Collector) commit(ctx context.Context, items []batchItem, fates [][]wire.AckRange) error {
	tx := state.Commit{Generation: c.storeGeneration()}
	tx.Delivered = delivered(items, fates)
	for _, item := range items {
		tx.Quarantine = append(tx.Quarantine, item.quarantined...)
		tx.Entries = append(tx.Entries, item.entries...)
	}
	c.mu.Lock()
	c.ranges.collect(c.dirty())
	tx.Tracks, tx.Judged = c.ranges.uncommitted()
	c.mu.Unlock()
	if len(items) == 0 && len(tx.Tracks) == 0 && len(tx.Judged) == 0 {
		return nil
	}
	tx.Dirty = c.rollups.uncommitted()
	err := c.o.State.Commit(ctx, tx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.rollups.giveBack(tx.Dirty)
		c.ranges.giveBack(tx.Tracks, tx.Judged)
		return fmt.Errorf("commit what became of %d messages: %w", len(items), err)
	}
	c.ranges.committed(tx.Delivered)
	return nil
}

// delivered joins the fates of many messages: a gateway's messages follow one
// another, so their ranges mostly touch.
func delivered(items []batchItem, fates [][]wire.AckRange) []state.DeliveredRange {
	newest := map[state.Run]int{} // index of a run's newest range
	var out []state.DeliveredRange
	for n, item := range items {
		for _, r := range fates[n] {
			if i, ok := newest[item.id]; ok && out[i].To+1 == r.From && out[i].Outcome == r.Outcome && out[i].Reason == r.Reason {
				out[i].To = r.To
				continue
			}
			newest[item.id] = len(out)
			out = append(out, state.DeliveredRange{
				Gateway: item.id.Gateway, Epoch: item.id.Epoch, From: r.From, To: r.To, Outcome: r.Outcome, Reason: r.Reason,
			})
		}
	}
	for _, item := range items {
		for _, g := range item.gone {
			out = append(out, state.DeliveredRange{
				Gateway: item.id.Gateway, Epoch: item.id.Epoch, From: g.From, To: g.To, Outcome: wire.Quarantined, Reason: wire.Gone,
			})
		}
	}
	return out
}

// outcome returns the fate of an item's records as ranges in order.
func (i batchItem) outcome() []wire.AckRange {
	if i.from != nil {
		return nil // a source has no journal to tell
	}
	if len(i.quarantined) == 0 && len(i.entries) == 0 && len(i.runs) == 1 { // as almost always
		return []wire.AckRange{{Range: i.runs[0], Outcome: wire.Stored}}
	}
	type fate struct {
		seq     uint64
		outcome wire.Outcome
		reason  wire.QuarantineReason
	}
	fates := make([]fate, 0, i.size())
	for _, r := range i.records {
		fates = append(fates, fate{r.Seq, wire.Stored, ""})
	}
	for _, e := range i.entries {
		fates = append(fates, fate{e.Seq, wire.Stored, ""})
	}
	for _, q := range i.quarantined {
		if q.HasSeq {
			fates = append(fates, fate{q.Seq, wire.Quarantined, q.Reason})
		}
	}
	slices.SortFunc(fates, func(a, b fate) int { return cmp.Compare(a.seq, b.seq) })
	var out []wire.AckRange
	for _, f := range fates {
		if n := len(out); n > 0 && out[n-1].To+1 == f.seq && out[n-1].Outcome == f.outcome && out[n-1].Reason == f.reason {
			out[n-1].To = f.seq
			continue
		}
		out = append(out, wire.AckRange{Range: wire.Range{From: f.seq, To: f.seq}, Outcome: f.outcome, Reason: f.reason})
	}
	return out
}
