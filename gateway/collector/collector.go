// Package collector is the county's end of the wire: it decodes what gateways
// send, admits or quarantines it, has it judged, makes it durable, and only
// then acknowledges. It guarantees that an acknowledged record is stored once
// (or quarantined with its reason), that alarms never wait for the store, and
// that a full queue drops unacknowledged messages instead of blocking.
package collector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/watch"
	"coldchain/alerting/wiring"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/source"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
)

// Publisher sends one message to the broker. *mqtt.Link is one.
type Publisher interface {
	Publish(ctx context.Context, m mqtt.Message) error
}

// Listener is told what changed, after it is true. Its methods return at once.
type Listener interface {
	ReadingsJudged(records []store.Record, received time.Time)
	AlarmsChanged(alarms []state.Alarm)
	GatewayChanged(s wire.Status, received time.Time)
}

// Options configure a Collector. All are required but Usage, Watch and what goes
// with it, Rollups, Sources, Limits and Registerer.
type Options struct {
	Registry Registry
	Engine   *engine.Engine
	Usage    Usage        // nil: limits hold always
	Watch    *watch.Watch // restored by its owner
	State    *state.DB
	Store    store.Store
	Rollups  store.Rollups    // nil: nothing is rolled up
	Sources  []*source.Source // third-party senders
	Listener Listener
	// Limits are those of each site, by its name, for its gateway to judge by;
	// versions are filled in. nil: no site is told any.
	Limits     map[string]wire.SiteLimits
	Now        func() time.Time
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: counted, not exported
	// ClockSource says what Now stands on. While that is none, no reading is
	// quarantined for its time. nil: Now is believed.
	ClockSource func() wire.ClockSource
	// Pulling is told which zones cool warm goods, whenever these are others.
	Pulling func(zones []string)
	// Disk says how many bytes are free on the county's own disk, and of how
	// many; ok is false when nobody can tell.
	Disk func() (free, size uint64, ok bool)
}

const (
	inboxMessages = 4096        // waiting to be decoded; more are dropped unacknowledged
	maxUnstored   = 60_000      // records judged and waiting for the store
	advanceEvery  = time.Second // timers of the engine
)

// Collector is one county's ingest.
type Collector struct {
	o        Options
	m        *metrics
	inbox    chan inboxMessage
	unstored chan batchItem
	waiting  atomic.Int64 // records in unstored
	outbox   chan mqtt.Message
	decoder  *wire.Decoder // judgeLoop's

	// mu guards what judging and committing share: the engine, what hangs where,
	// and the ranges.
	mu         sync.Mutex
	tree       *wiring.Tree
	limits     siteLimits
	books      siteBooks
	ranges     *progress
	generation string
	connected  bool

	unapplied []alerting.Transition // judgeLoop's: changes of alarms that could not be written yet
	holes     holes                 // judgeLoop's
	places    places                // judgeLoop's
	pace      pace
	twins     map[string]*twins // judgeLoop's, by gateway
	foreign   *foreign          // third-party senders

	reached   chan struct{} // closed when the store has said which one it is
	trouble   trouble
	alarm     storeAlarm // judgeLoop's
	clockLost bool       // judgeLoop's: what the log was told of this machine's clock
	// judgeLoop's: when conditions were looked at last, and the zones that cool
	// warm goods as Options.Pulling was told.
	conditioned time.Time
	pulling     []string

	rollups *rollups // nil without Options.Rollups
	scratch struct { // storeLoop's, between two writes
		records []store.Record
		owner   []int
	}
	latest   latest
	gateways gateways
	skews    skews
	judged   heartbeat
	stored   heartbeat
}

type inboxMessage struct {
	mqtt.Message
	received time.Time
}

// New restores what the county knew and returns a collector ready to Run.
func New(ctx context.Context, o Options) (*Collector, error) {
	if o.Engine == nil || o.State == nil || o.Store == nil || o.Listener == nil || o.Now == nil || o.Logger == nil {
		return nil, errors.New("collector: engine, state, store, listener, clock and logger are needed")
	}
	c := &Collector{
		o: o, m: newMetrics(o.Registerer),
		inbox:    make(chan inboxMessage, inboxMessages),
		unstored: make(chan batchItem, inboxMessages),
		outbox:   make(chan mqtt.Message, inboxMessages),
		decoder:  wire.NewDecoder(wire.DefaultLimits()),
		holes:    holes{}, places: places{}, twins: map[string]*twins{}, foreign: newForeign(o.Sources), tree: wiring.New(), reached: make(chan struct{}),
	}
	c.o.Registry.sources = c.foreign.owners()
	var err error
	if c.limits, err = newSiteLimits(o.Limits); err != nil {
		return nil, err
	}
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	if err := c.alarm.restore(ctx, o.State); err != nil {
		return nil, err
	}
	tracks, err := o.State.LoadTracks(ctx)
	if err != nil {
		return nil, fmt.Errorf("collector: load the state of judging: %w", err)
	}
	used := divide(tracks)
	if o.Usage != nil {
		if err := o.Usage.Restore(used, o.Engine); err != nil {
			return nil, fmt.Errorf("collector: restore what is known of trucks: %w", err)
		}
	}
	maps.DeleteFunc(tracks, func(key string, _ []byte) bool { return strings.HasPrefix(key, watch.Prefix) })
	if err := o.Engine.Restore(tracks); err != nil {
		return nil, fmt.Errorf("collector: restore the state of judging: %w", err)
	}
	if o.Rollups != nil {
		newest, err := o.State.DirtyStamp(ctx)
		if err != nil {
			return nil, fmt.Errorf("collector: load what is to be rolled up: %w", err)
		}
		c.rollups = newRollups(o.Rollups, newest, o.Now())
	}
	now := o.Now()
	if err := c.restoreTwins(ctx, now); err != nil {
		return nil, err
	}
	c.judged.beat(now)
	c.stored.beat(now)
	if err := c.gateways.restore(ctx, o.State); err != nil {
		return nil, err
	}
	return c, c.restoreWiring(ctx, now)
}

// Subscriptions are what the collector wants to hear from the broker.
func (c *Collector) Subscriptions() map[string]mqtt.Handler {
	subs := map[string]mqtt.Handler{}
	for _, ch := range []wire.Channel{wire.ChannelRecords, wire.ChannelStatus, wire.ChannelInventory} {
		subs[wire.Filter(c.o.Registry.County, ch)] = c.receive
	}
	return subs
}

// receive runs on the connection's goroutine. A full inbox drops the message:
// it is not acknowledged, so the gateway offers it again.
func (c *Collector) receive(m mqtt.Message) {
	select {
	case c.inbox <- inboxMessage{m, c.o.Now()}:
	default:
		c.m.dropped.Inc()
	}
}

// OnConnect tells the collector that the broker can be heard again: silence is
// counted from now.
func (c *Collector) OnConnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected = true
	c.o.Engine.Reconnected(c.o.Now())
}

// OnLost tells it that nothing can be heard: that every site is silent then
// says nothing about the sites.
func (c *Collector) OnLost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.connected = false
}

// Run ingests until ctx ends, then writes what is already judged and returns.
func (c *Collector) Run(ctx context.Context, p Publisher) error {
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	var judging, storing, sending, recalling sync.WaitGroup
	judging.Go(func() { c.judgeLoop(ctx) })
	storing.Go(func() { c.storeLoop(ctx, writing) })
	sending.Go(func() { c.sendLoop(writing, p) })
	recalling.Go(func() { c.recall(ctx) })
	recalling.Go(func() { c.rollLoop(ctx) })
	judging.Wait()
	close(c.unstored)
	storing.Wait()
	stopWriting()
	sending.Wait()
	recalling.Wait()
	return nil
}

// sendLoop publishes acknowledgements and hellos. Losing one is harmless.
func (c *Collector) sendLoop(ctx context.Context, p Publisher) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-c.outbox:
			if err := p.Publish(ctx, m); err != nil {
				c.o.Logger.Debug("answer to a gateway", "topic", m.Topic, "error", err)
			}
		}
	}
}

func (c *Collector) send(m mqtt.Message) {
	select {
	case c.outbox <- m:
	default:
	}
}
