package edge

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	packRecords = 500              // records in one message at most
	window      = 6                // messages on their way at most
	reserved    = 2                // of them for live records
	retransmit  = 30 * time.Second // for an acknowledgement, before offering again
	helloAgain  = 10 * time.Second // until the collector has answered
	statusEvery = time.Minute      // while there is something to tell
	statusCalm  = 10 * time.Minute
	trimEvery   = time.Hour
)

// forwarder offers the journal's unconfirmed records to the county and
// confirms what the county has made durable. Reading does not remove; an
// acknowledgement does.
type forwarder struct {
	address wire.Address
	devices []Device
	limits  Bounds
	// follower takes the county's limits; nil: nobody does.
	follower Follower
	journal  store
	clock    Clock
	keeper   *Timekeeper
	// provisional adds to a status what is held for want of a clock.
	provisional func(*wire.Status)
	version     string
	faults      *faults
	log         *slog.Logger
	calibrated  func(p sensors.PointID) (until time.Time, ok bool) // nil: nobody knows

	hellos   chan wire.Hello
	acks     chan wire.Ack
	commands chan wire.Command
	wake     chan struct{}
	received atomic.Uint64 // bytes that came and are not in the tally yet
	placed   atomic.Bool   // records that were held can be offered now

	mu        sync.Mutex
	connected bool
	session   uint64

	// Owned by run's goroutine.
	seen       uint64      // session that was greeted
	greeted    bool        // the collector said hello in this session
	table      *wire.Table // of the inventory as it was last published
	rows       bool        // the collector reads rows
	told       wire.Status // the newest one that was sent
	encoder    wire.Encoder
	flights    []*flight
	lanes      lanes
	budget     budget
	patience   patience
	alone      time.Time // until then another box may use this name
	waitUntil  time.Time
	store      string    // the county's, to which declared gaps may be news; "" when they are not
	nextGaps   time.Time // when that is tried again
	nextStatus time.Time
	nextTrim   time.Time
}

// store is what the forwarder needs of the journal.
type store interface {
	Epoch() uint64
	Next() uint64
	Oldest() uint64
	Undelivered() uint64
	Generation() string
	Overtaken(ctx context.Context, epoch, highest uint64) (bool, error)
	OfferBetween(ctx context.Context, after, below uint64, limit int) ([]wire.Record, error)
	Sent(seq uint64)
	Records(ctx context.Context, from, to uint64, yield func(journal.Entry) bool) error
	Append(ctx context.Context, records []wire.Record) ([]wire.Record, error)
	Confirm(ctx context.Context, ranges []wire.AckRange) error
	Reoffer(ctx context.Context, ranges []wire.Range) (gone []wire.Range, err error)
	StartEpoch(ctx context.Context, epoch uint64) error
	Redeliver(ctx context.Context) error
	SetGeneration(ctx context.Context, generation string) error
	DeclareAgain(ctx context.Context, generation string, event wire.Record) (int, error)
	Trim(ctx context.Context, now time.Time) error
	Tally(ctx context.Context) (day string, bytes uint64, err error)
	SetTally(ctx context.Context, day string, bytes uint64) error
}

// flight is one message whose records have not all been acknowledged.
type flight struct {
	from, to uint64
	waiting  map[uint64]struct{}
	deadline time.Time
}

func newForwarder(o Options, f *faults) *forwarder {
	return &forwarder{
		address: o.Address, devices: o.Devices, limits: o.Limits, follower: o.Follower, journal: o.Journal, clock: o.Clock,
		version: o.Version, faults: f, log: o.Logger, budget: newBudget(o.Delivery), calibrated: o.Calibrated,
		hellos: make(chan wire.Hello, 4), acks: make(chan wire.Ack, 64), commands: make(chan wire.Command, 4), wake: make(chan struct{}, 1),
	}
}

// onHello, onAck and onCommand run on the connection's goroutine and never block: what
// does not fit is dropped, and asked for or sent again.
func (f *forwarder) onHello(m mqtt.Message) {
	f.received.Add(wireBytes(m))
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
	f.received.Add(wireBytes(m))
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

func (f *forwarder) onCommand(m mqtt.Message) {
	f.received.Add(wireBytes(m))
	c, err := wire.DecodeCommand(m.Payload)
	if err != nil {
		f.log.Warn("command from the collector", "error", err)
		return
	}
	select {
	case f.commands <- c:
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
	f.budget.restore(ctx, f.journal, f.clock.Now(), f.log)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			f.budget.keep(context.WithoutCancel(ctx), f.journal, f.log)
			return
		case h := <-f.hellos:
			f.patience.heard(f.clock.Now())
			f.greet(ctx, h)
		case a := <-f.acks:
			f.patience.heard(f.clock.Now())
			f.settle(ctx, a)
		case c := <-f.commands:
			f.obey(ctx, p, c)
		case <-f.wake:
		case <-tick.C:
		}
		f.step(ctx, p)
	}
}

// step does what is due: status, retransmission, new messages, house-keeping.
func (f *forwarder) step(ctx context.Context, p Publisher) {
	now := f.clock.Now()
	f.budget.advance(now, f.received.Swap(0))
	session, up := f.connection()
	if !up {
		return
	}
	if session != f.seen { // a new connection: nothing of the old one is on its way
		f.seen, f.greeted = session, false
		f.rewind()
		f.nextStatus = time.Time{}
		f.patience.begin(now)
		f.publishInventory(ctx, p)
	}
	if f.stuck(p, now) {
		return
	}
	if !now.Before(f.nextStatus) {
		f.publishStatus(ctx, p, now)
		f.budget.keep(ctx, f.journal, f.log)
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
	if f.placed.Swap(false) {
		f.startOver() // the lanes have passed them over
	}
	f.declareAgain(ctx, now)
	f.fill(ctx, p, now)
	if now.After(f.nextTrim) {
		f.nextTrim = now.Add(trimEvery)
		wall, _, synced := f.keeper.Judge(now)
		if !synced { // a clock in 2036 must not age thirty days of history away
			return
		}
		if err := f.journal.Trim(ctx, wall); err != nil {
			f.log.Error("trim the journal", "error", err)
		}
	}
}

// greet is the start of a session: the collector says what it has seen.
func (f *forwarder) greet(ctx context.Context, h wire.Hello) {
	anew, err := f.adopt(ctx, h)
	if err != nil {
		f.log.Error("hello from the collector", "error", err)
		return
	}
	if !f.greeted || anew {
		f.beginLanes(ctx, true)
	}
	f.greeted, f.rows, f.store, f.nextGaps = true, h.Rows, h.Generation, time.Time{}
}

// adopt brings the journal in line with what the county has seen; anew tells
// that the journal's numbers or what is to be delivered have changed.
func (f *forwarder) adopt(ctx context.Context, h wire.Hello) (anew bool, err error) {
	overtaken, err := f.journal.Overtaken(ctx, h.Epoch, h.Highest)
	if err != nil {
		return false, err
	}
	if overtaken {
		f.log.Warn("this journal is older than what the county has seen; starting a new epoch",
			"own_epoch", f.journal.Epoch(), "own_next", f.journal.Next(), "seen_epoch", h.Epoch, "seen_highest", h.Highest)
		if err := f.journal.StartEpoch(ctx, h.Epoch+1); err != nil {
			return false, err
		}
		anew = true
	}
	known := f.journal.Generation()
	if h.Generation == known {
		return anew, nil
	}
	if known != "" {
		f.log.Warn("the county has a new store; offering again all that is kept here")
		if err := f.journal.Redeliver(ctx); err != nil {
			return anew, err
		}
		anew = true
	}
	return anew, f.journal.SetGeneration(ctx, h.Generation)
}

// settle takes an acknowledgement into the journal.
func (f *forwarder) settle(ctx context.Context, a wire.Ack) {
	if a.Epoch != f.journal.Epoch() {
		return // of an epoch that is over
	}
	if !f.greeted {
		// Nothing was offered in this session: it is about what an earlier agent
		// sent, whose journal may have been another one. What is ours is offered
		// again.
		return
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
