package collector

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// engineActor stands behind what the judging changes.
var engineActor = state.Actor{Kind: "system", ID: "engine"}

// batchItem is what one message left to be made durable.
type batchItem struct {
	id          state.Run
	address     wire.Address
	records     []store.Record
	quarantined []state.QuarantineEntry
	entries     []state.JournalEntry
	runs        []wire.Range // of the sequence numbers in it
	gone        []wire.Range // declared by its entries: nothing will come of them
	// from is set for what a third-party sender sent. Such records have no
	// sequence of a journal: id, runs and gone mean nothing.
	from *foreignMessage
}

func (i batchItem) size() int { return len(i.records) + len(i.quarantined) + len(i.entries) }

// judgeLoop is the only goroutine that decodes and judges.
func (c *Collector) judgeLoop(ctx context.Context) {
	tick := time.NewTicker(advanceEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-c.inbox:
			c.handle(ctx, m)
		case m := <-c.foreign.inbox:
			c.onForeign(ctx, m)
		case <-tick.C:
			now := c.o.Now()
			c.apply(ctx, slices.Concat(c.advance(now), c.turnWatch(now), c.endTwins(now), c.alarm.turn(c.o.Registry.County, &c.trouble, now)))
			c.spreadLimits()
			c.spreadBooks()
			c.watchClock()
			c.judged.beat(now)
			c.m.unstored.Set(float64(c.waiting.Load()))
		}
	}
}

// advance moves the engine's timers on while the broker can be heard.
func (c *Collector) advance(now time.Time) []alerting.Transition {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.connected {
		return nil
	}
	changes := c.o.Engine.Advance(now)
	return append(changes, c.tree.Turn(c.o.Engine, now)...)
}

func (c *Collector) handle(ctx context.Context, m inboxMessage) {
	address, channel, err := wire.ParseTopic(m.Topic)
	if err != nil {
		c.setApart(ctx, m, wire.Address{}, refusal{wire.WrongSender, err.Error()})
		return
	}
	if why := c.o.Registry.sender(address); why != nil {
		c.setApart(ctx, m, address, *why)
		return
	}
	switch channel {
	case wire.ChannelRecords:
		c.onRecords(ctx, m, address)
	case wire.ChannelStatus:
		c.onStatus(ctx, m, address)
	case wire.ChannelInventory:
		inv, err := c.gateways.inventory(ctx, c.o.State, address, m.Payload, m.received)
		if err != nil {
			c.setApart(ctx, m, address, refusal{wire.Malformed, err.Error()})
			return
		}
		c.wire(inv)
	}
}

// setApart quarantines a whole message. It is not acknowledged: nothing in it
// has a proven identity.
func (c *Collector) setApart(ctx context.Context, m inboxMessage, a wire.Address, why refusal) {
	c.m.quarantined.WithLabelValues(string(why.reason)).Inc()
	c.o.Logger.Warn("message quarantined", "topic", m.Topic, "reason", why.reason, "detail", why.detail)
	entry := quarantine(a, m.Topic, 0, 0, false, "", why, m.Payload, m.received)
	if err := c.o.State.Commit(ctx, state.Commit{Generation: c.storeGeneration(), Quarantine: []state.QuarantineEntry{entry}}); err != nil {
		c.o.Logger.Error("keep a quarantined message", "error", err)
	}
}

// onRecords takes one message of records through admission and judging, and
// hands what is left to the store.
func (c *Collector) onRecords(ctx context.Context, m inboxMessage, a wire.Address) {
	pack, rejected, err := c.decoder.DecodeFrom(m.Payload, c.gateways.heard(a, m.received))
	if wire.ReasonOf(err) == wire.UnknownTable {
		c.askInventory(a, m.received)
		return
	}
	if err != nil {
		c.setApart(ctx, m, a, refusal{wire.ReasonOf(err), err.Error()})
		return
	}
	defer c.decoder.Recycle(pack) // what is kept of it was copied
	c.m.received.Add(float64(len(pack.Records)))
	if skew, live := c.skews.take(a.Gateway, pack, m.received); live {
		c.m.skew.WithLabelValues(a.Gateway).Set(skew.Seconds())
	}
	c.mu.Lock()
	item, final, later, changes := c.sort(m, a, pack, rejected)
	c.mu.Unlock()

	c.apply(ctx, changes)
	if c.isReached() { // else what was delivered may lie in another store
		c.acknowledge(a, pack.Epoch, final)
	}
	c.postpone(a, pack.Epoch, later)
	if len(item.records) > 0 {
		c.latest.update(item.records, m.received)
		c.o.Listener.ReadingsJudged(item.records, m.received)
	}
	c.enqueue(item)
	c.closeHoles(a, pack.Epoch, pack.Oldest, m.received)
}

// sort tells what of a message is new and what is known, and has the new
// readings judged. What cannot be judged for want of a clock is left for later.
// The caller holds mu.
func (c *Collector) sort(m inboxMessage, a wire.Address, pack wire.Pack, rejected []wire.Rejected) (_ batchItem, _ []wire.AckRange, later []wire.Range, _ []alerting.Transition) {
	id := state.Run{Gateway: a.Gateway, Epoch: pack.Epoch}
	j := c.ranges.of(id)
	item := batchItem{id: id, address: a, records: make([]store.Record, 0, len(pack.Records))}
	believed := c.believed()
	var final []wire.AckRange
	fresh := make([]sensors.Reading, 0, len(pack.Records))
	var judged []wire.Range

	for _, r := range rejected {
		if r.HasSeq && j.known(r.Seq, &final) {
			continue
		}
		why := refusal{r.Reason, r.Detail}
		item.quarantined = append(item.quarantined, quarantine(a, m.Topic, pack.Epoch, r.Seq, r.HasSeq, r.Point, why, nil, m.received))
	}
	for _, r := range pack.Records {
		if j.known(r.Seq, &final) {
			c.m.duplicates.Inc()
			continue
		}
		if r.Kind != wire.ReadingRecord {
			entry := state.JournalEntry{Site: a.Site, Gateway: a.Gateway, Epoch: pack.Epoch, Record: r}
			item.entries = append(item.entries, entry)
			item.gone = append(item.gone, c.declared(entry, j)...)
			continue
		}
		admitted, why := c.o.Registry.admit(a, pack.Epoch, r, m.received)
		if why != nil && postponed(why, believed) {
			later = extend(later, r.Seq)
			continue
		}
		if why != nil {
			item.quarantined = append(item.quarantined, quarantine(a, m.Topic, pack.Epoch, r.Seq, true, string(r.Reading.Point), *why, []byte(r.Reading.String()), m.received))
			continue
		}
		item.records = append(item.records, admitted)
		if !j.judged.Contains(r.Seq) {
			fresh = append(fresh, admitted.Reading)
			judged = extend(judged, r.Seq)
		}
	}
	changes := c.judge(fresh, m.received)
	for _, seen := range judged {
		c.ranges.markJudged(id, seen)
	}
	item.runs = item.seqRuns()
	return item, final, later, changes
}

// known reports whether a record's fate is sealed or in the hands of the
// store; a sealed one is acknowledged again, because its acknowledgement may
// have been lost.
func (j *journey) known(seq uint64, final *[]wire.AckRange) bool {
	if slices.ContainsFunc(j.queued, func(q wire.Range) bool { return q.From <= seq && seq <= q.To }) {
		return true
	}
	outcome := wire.Stored
	switch {
	case j.stored.Contains(seq):
	case j.quarantined.Contains(seq):
		outcome = wire.Quarantined
	default:
		return false
	}
	if n := len(*final); n > 0 && (*final)[n-1].To+1 == seq && (*final)[n-1].Outcome == outcome {
		(*final)[n-1].To = seq
		return true
	}
	*final = append(*final, wire.AckRange{Range: wire.Range{From: seq, To: seq}, Outcome: outcome})
	return true
}

// seqRuns lists the sequence numbers of an item as runs.
func (i batchItem) seqRuns() (out []wire.Range) {
	for _, r := range i.records {
		out = extend(out, r.Seq)
	}
	for _, q := range i.quarantined {
		if q.HasSeq {
			out = extend(out, q.Seq)
		}
	}
	for _, e := range i.entries {
		out = extend(out, e.Seq)
	}
	return out
}

// extend puts a sequence number behind the last run, or begins a new one.
func extend(runs []wire.Range, seq uint64) []wire.Range {
	if n := len(runs); n > 0 && runs[n-1].To+1 == seq {
		runs[n-1].To = seq
		return runs
	}
	return append(runs, wire.Range{From: seq, To: seq})
}

// apply writes changes of alarms, at once and whatever the store does. What
// cannot be written now is tried again with the next change or tick.
func (c *Collector) apply(ctx context.Context, changes []alerting.Transition) {
	c.unapplied = append(c.unapplied, changes...)
	if len(c.unapplied) == 0 {
		return
	}
	alarms, err := c.o.State.Apply(ctx, engineActor, c.unapplied)
	if err != nil {
		c.o.Logger.Error("write alarms; trying again", "changes", len(c.unapplied), "error", err)
		return
	}
	for _, t := range c.unapplied {
		c.m.transitions.WithLabelValues(string(t.Alarm.Rule), string(t.Change)).Inc()
		if t.Change != alerting.Updated {
			c.o.Logger.Info("alarm "+string(t.Change), "rule", t.Alarm.Rule, "object", t.Alarm.Object, "level", t.Alarm.Level, "class", t.Alarm.Class, "id", t.Alarm.ID)
		}
	}
	c.unapplied = nil
	c.o.Listener.AlarmsChanged(alarms)
}

// acknowledge tells a gateway what became of its records.
func (c *Collector) acknowledge(a wire.Address, epoch uint64, ranges []wire.AckRange) {
	if len(ranges) == 0 {
		return
	}
	ranges = inOrder(ranges)
	encode := wire.EncodeAck
	if c.gateways.terse(a.Gateway) {
		encode = wire.EncodeAckTerse
	}
	payload, err := encode(wire.Ack{Epoch: epoch, Ranges: ranges})
	if err != nil {
		c.o.Logger.Error("encode an acknowledgement", "gateway", a.Gateway, "error", err)
		return
	}
	c.send(mqtt.Message{Topic: a.Topic(wire.ChannelAck), Payload: payload, Lossy: true})
}
