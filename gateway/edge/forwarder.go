package edge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
)

const (
	packRecords = 500              // records in one message at most
	window      = 4                // messages on their way at most
	retransmit  = 30 * time.Second // for an acknowledgement, before offering again
	helloAgain  = 10 * time.Second // until the collector has answered
	statusEvery = time.Minute
	trimEvery   = time.Hour
)

// forwarder offers the journal's unconfirmed records to the county and
// confirms what the county has made durable. Reading does not remove; an
// acknowledgement does.
type forwarder struct {
	address wire.Address
	devices []Device
	journal *journal.Journal
	clock   Clock
	version string
	faults  *faults
	log     *slog.Logger

	hellos chan wire.Hello
	acks   chan wire.Ack
	wake   chan struct{}

	mu        sync.Mutex
	connected bool
	session   uint64

	// Owned by run's goroutine.
	seen       uint64 // session that was greeted
	greeted    bool   // the collector said hello in this session
	flights    []*flight
	cursor     uint64 // sequence of the newest record on its way
	waitUntil  time.Time
	nextStatus time.Time
	nextTrim   time.Time
}

// flight is one message whose records have not all been acknowledged.
type flight struct {
	from, to uint64
	waiting  map[uint64]struct{}
	deadline time.Time
}

func newForwarder(o Options, f *faults) *forwarder {
	return &forwarder{
		address: o.Address, devices: o.Devices, journal: o.Journal, clock: o.Clock,
		version: o.Version, faults: f, log: o.Logger,
		hellos: make(chan wire.Hello, 4), acks: make(chan wire.Ack, 64), wake: make(chan struct{}, 1),
	}
}

// onHello and onAck run on the connection's goroutine and never block: what
// does not fit is dropped, and asked for or sent again.
func (f *forwarder) onHello(m mqtt.Message) {
	h, err := wire.DecodeHello(m.Payload)
	if err != nil {
		f.log.Warn("hello from the collector", "error", err)
		return
	}
	select {
	case f.hellos <- h:
	default:
	}
}

func (f *forwarder) onAck(m mqtt.Message) {
	a, err := wire.DecodeAck(m.Payload)
	if err != nil {
		f.log.Warn("acknowledgement from the collector", "error", err)
		return
	}
	select {
	case f.acks <- a:
	default:
	}
}

func (f *forwarder) setConnected(up bool) {
	f.mu.Lock()
	f.connected = up
	if up {
		f.session++
	}
	f.mu.Unlock()
	f.wakeUp()
}

func (f *forwarder) wakeUp() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *forwarder) connection() (session uint64, up bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.session, f.connected
}

// run is the only goroutine that touches the delivery state.
func (f *forwarder) run(ctx context.Context, p Publisher) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case h := <-f.hellos:
			f.greet(ctx, h)
		case a := <-f.acks:
			f.settle(ctx, a)
		case <-f.wake:
		case <-tick.C:
		}
		f.step(ctx, p)
	}
}

// step does what is due: status, retransmission, new messages, house-keeping.
func (f *forwarder) step(ctx context.Context, p Publisher) {
	now := f.clock.Now()
	session, up := f.connection()
	if !up {
		return
	}
	if session != f.seen { // a new connection: nothing of the old one is on its way
		f.seen, f.greeted = session, false
		f.rewind()
		f.nextStatus = time.Time{}
		f.publishInventory(ctx, p)
	}
	if !now.Before(f.nextStatus) {
		f.publishStatus(ctx, p, now)
	}
	if !f.greeted {
		return
	}
	for _, fl := range f.flights {
		if now.After(fl.deadline) {
			f.log.Debug("no acknowledgement in time, offering again", "from", fl.from, "to", fl.to)
			f.rewind()
			break
		}
	}
	f.fill(ctx, p, now)
	if now.After(f.nextTrim) {
		f.nextTrim = now.Add(trimEvery)
		if err := f.journal.Trim(ctx, now); err != nil {
			f.log.Error("trim the journal", "error", err)
		}
	}
}

// rewind forgets what is on its way; the journal still holds it.
func (f *forwarder) rewind() {
	f.flights, f.cursor = nil, 0
}

// fill sends messages until the window is full or nothing is left.
func (f *forwarder) fill(ctx context.Context, p Publisher, now time.Time) {
	for len(f.flights) < window && !now.Before(f.waitUntil) {
		records, err := f.journal.Offer(ctx, f.cursor, packRecords)
		if err != nil {
			if ctx.Err() == nil {
				f.log.Error("read the journal", "error", err)
			}
			return
		}
		if len(records) == 0 {
			return
		}
		payload, err := wire.EncodePack(wire.Pack{
			Epoch: f.journal.Epoch(), Oldest: f.journal.Oldest(), Next: f.journal.Next(), Records: records,
		}, encodingFor(len(records)))
		if err != nil {
			f.log.Error("encode records", "from", records[0].Seq, "error", err)
			return
		}
		if err := p.Publish(ctx, mqtt.Message{Topic: f.address.Topic(wire.ChannelRecords), Payload: payload}); err != nil {
			return // the link says what happened and connects again
		}
		fl := &flight{from: records[0].Seq, to: records[len(records)-1].Seq, waiting: make(map[uint64]struct{}, len(records)), deadline: now.Add(retransmit)}
		for _, r := range records {
			fl.waiting[r.Seq] = struct{}{}
		}
		f.flights = append(f.flights, fl)
		f.cursor = fl.to
	}
}

// encodingFor compresses a backlog, which shrinks to a third; a few live
// readings would not.
func encodingFor(records int) wire.Encoding {
	if records >= packRecords/5 {
		return wire.CBORZstd
	}
	return wire.CBOR
}

// greet is the start of a session: the collector says what it has seen.
func (f *forwarder) greet(ctx context.Context, h wire.Hello) {
	if err := f.adopt(ctx, h); err != nil {
		f.log.Error("hello from the collector", "error", err)
		return
	}
	f.greeted = true
}

func (f *forwarder) adopt(ctx context.Context, h wire.Hello) error {
	own := f.journal.Epoch()
	if h.Epoch > own || h.Epoch == own && h.Highest >= f.journal.Next() {
		f.log.Warn("this journal is older than what the county has seen; starting a new epoch",
			"own_epoch", own, "own_next", f.journal.Next(), "seen_epoch", h.Epoch, "seen_highest", h.Highest)
		if err := f.journal.StartEpoch(ctx, h.Epoch+1); err != nil {
			return err
		}
		f.rewind()
	}
	known := f.journal.Generation()
	if h.Generation == known {
		return nil
	}
	if known != "" {
		f.log.Warn("the county has a new store; offering again all that is kept here")
		if err := f.journal.Redeliver(ctx); err != nil {
			return err
		}
		f.rewind()
	}
	return f.journal.SetGeneration(ctx, h.Generation)
}

// settle takes an acknowledgement into the journal.
func (f *forwarder) settle(ctx context.Context, a wire.Ack) {
	if a.Epoch != f.journal.Epoch() {
		return // of an epoch that is over
	}
	if err := f.journal.Confirm(ctx, a.Ranges); err != nil {
		f.log.Error("confirm delivery in the journal", "error", err)
		return
	}
	for _, r := range a.Ranges {
		if r.Outcome == wire.RetryAfter {
			f.waitUntil = f.clock.Now().Add(min(time.Duration(r.AfterMS)*time.Millisecond, 5*time.Minute))
			f.rewind()
			return
		}
		if r.Outcome == wire.Quarantined {
			f.log.Warn("the county quarantined records", "from", r.From, "to", r.To, "reason", r.Reason)
		}
		f.land(r.Range)
	}
}

// land takes the acknowledged sequence numbers off the flights.
func (f *forwarder) land(r wire.Range) {
	kept := f.flights[:0]
	for _, fl := range f.flights {
		for seq := max(r.From, fl.from); seq <= min(r.To, fl.to); seq++ {
			delete(fl.waiting, seq)
		}
		if len(fl.waiting) > 0 {
			kept = append(kept, fl)
		}
	}
	f.flights = kept
}

func (f *forwarder) publishStatus(ctx context.Context, p Publisher, now time.Time) {
	f.nextStatus = now.Add(statusEvery)
	if !f.greeted {
		f.nextStatus = now.Add(helloAgain)
	}
	payload, err := wire.EncodeStatus(wire.Status{
		Gateway: f.address.Gateway, Site: f.address.Site, Online: true,
		Session: fmt.Sprintf("%s-%d", f.clock.Boot, f.seen), At: now.UTC().Truncate(time.Millisecond), Boot: f.clock.Boot,
		Version: f.version, Epoch: f.journal.Epoch(), Oldest: f.journal.Oldest(), Next: f.journal.Next(),
		Undelivered: f.journal.Undelivered(), Clock: f.clock.Source(), Greeted: f.greeted, Faults: f.faults.list(),
	})
	if err != nil {
		f.log.Error("encode status", "error", err)
		return
	}
	f.publish(ctx, p, wire.ChannelStatus, payload)
}

func (f *forwarder) publishInventory(ctx context.Context, p Publisher) {
	inv := wire.Inventory{Gateway: f.address.Gateway, Site: f.address.Site}
	for _, d := range f.devices {
		info := wire.DeviceInfo{Name: d.Name, Bus: d.Bus, Profile: d.Profile}
		for _, pt := range d.Sensor.Points() {
			info.Points = append(info.Points, wire.PointInfo{ID: string(pt.ID), Quantity: string(pt.Quantity), Unit: string(pt.Quantity.Unit())})
		}
		inv.Devices = append(inv.Devices, info)
	}
	payload, err := wire.EncodeInventory(inv)
	if err != nil {
		f.log.Error("encode inventory", "error", err)
		return
	}
	f.publish(ctx, p, wire.ChannelInventory, payload)
}

func (f *forwarder) publish(ctx context.Context, p Publisher, c wire.Channel, payload []byte) {
	if err := p.Publish(ctx, mqtt.Message{Topic: f.address.Topic(c), Payload: payload, Retained: true}); err != nil {
		f.log.Debug("publish", "channel", c, "error", err)
	}
}
