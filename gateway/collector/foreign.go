package collector

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/source"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// maxForeign bounds the messages of third-party senders that wait to be
// decoded. Brokers have fewer on the way to one client (Mosquitto 20, ours
// 200), so a held session fills it only where that is not bounded.
const maxForeign = 512

// sourceEpoch is every source's: it has no journal that could begin anew.
const sourceEpoch = 1

// errBehind is why a message stays with the broker.
var errBehind = errors.New("the county is behind with storing")

// foreign is what the county knows of third-party senders. They have no journal
// and no sequence: until the broker is told so, it keeps their messages.
type foreign struct {
	sources []*source.Source
	inbox   chan *foreignMessage

	mu sync.Mutex
	by map[string]*SourceState
}

// foreignMessage is one message on its way through the county. It is
// acknowledged or left with the broker, once.
type foreignMessage struct {
	source.Message
	from string // the source's name; empty when nobody has this topic
	qos  byte
	kept bool // the broker keeps it until ack
	// ack and refuse do nothing where the broker keeps nothing.
	ack    func()
	refuse func(why error, pause time.Duration)
}

// SourceState is what came from a third-party sender since this collector
// started.
type SourceState struct {
	Name        string
	Live        bool // its messages have no time of their own
	Last        time.Time
	Messages    int64
	Readings    int64 // stored, repetitions included
	Empty       int64 // messages in which the mapping found nothing
	Refused     map[wire.QuarantineReason]int64
	Left        int64 // messages left with the broker for a while
	Lost        int64 // live messages dropped because the county was behind
	Unconfirmed int64 // messages sent at QoS 0, which no broker keeps
}

func newForeign(sources []*source.Source) *foreign {
	f := &foreign{sources: sources, inbox: make(chan *foreignMessage, maxForeign), by: map[string]*SourceState{}}
	for _, s := range sources {
		f.by[s.Name()] = &SourceState{Name: s.Name(), Live: s.Live(), Refused: map[wire.QuarantineReason]int64{}}
	}
	return f
}

func (f *foreign) owners() map[sensors.PointID]string {
	out := map[sensors.PointID]string{}
	for _, s := range f.sources {
		for _, p := range s.Points() {
			out[p] = s.Name()
		}
	}
	return out
}

func (f *foreign) of(topic string) *source.Source {
	i := slices.IndexFunc(f.sources, func(s *source.Source) bool { return wire.MatchFilter(s.Filter(), topic) })
	if i < 0 {
		return nil
	}
	return f.sources[i]
}

// note changes what is known of a source; of a message from nobody there is
// nothing to note.
func (f *foreign) note(name string, change func(*SourceState)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.by[name]; s != nil {
		change(s)
	}
}

// Sources lists what came from third-party senders, in the configuration's
// order.
func (c *Collector) Sources() []SourceState {
	c.foreign.mu.Lock()
	defer c.foreign.mu.Unlock()
	var out []SourceState
	for _, s := range c.foreign.sources {
		known := *c.foreign.by[s.Name()]
		known.Refused = maps.Clone(known.Refused)
		out = append(out, known)
	}
	return out
}

// HeldFilters are the topics of senders whose messages have a time of their
// own: the broker shall keep them until they are acknowledged.
func (c *Collector) HeldFilters() (out []string) {
	for _, s := range c.foreign.sources {
		if !s.Live() {
			out = append(out, s.Filter())
		}
	}
	return out
}

// LiveSubscriptions are those of senders whose messages have no time. A message
// that a broker kept or repeats would get a wrong one, so it must keep none.
func (c *Collector) LiveSubscriptions() map[string]mqtt.Handler {
	subs := map[string]mqtt.Handler{}
	for _, s := range c.foreign.sources {
		if s.Live() {
			subs[s.Filter()] = c.receiveLive
		}
	}
	return subs
}

// Deliver takes a message that the broker keeps. It runs on the connection's
// goroutine; what does not fit stays with the broker.
func (c *Collector) Deliver(d mqtt.Delivery) {
	m := c.foreignMessage(d.Message)
	m.qos, m.kept, m.ack, m.refuse = d.QoS, d.QoS > 0, d.Ack, d.Refuse
	select {
	case c.foreign.inbox <- m:
	default:
		c.leave(m, errBehind, slowDown)
	}
}

func (c *Collector) receiveLive(msg mqtt.Message) {
	m := c.foreignMessage(msg)
	select {
	case c.foreign.inbox <- m:
	default:
		c.leave(m, errBehind, 0)
	}
}

// foreignMessage keeps no more of a message than will be looked at.
func (c *Collector) foreignMessage(msg mqtt.Message) *foreignMessage {
	m := &foreignMessage{qos: 1, ack: func() {}, refuse: func(error, time.Duration) {}, Message: source.Message{Topic: msg.Topic, Payload: msg.Payload, Length: len(msg.Payload), Retained: msg.Retained, Received: c.o.Now()}}
	if len(m.Payload) > source.MaxPayload {
		m.Payload = slices.Clone(m.Payload[:state.MaxPayload])
	}
	if s := c.foreign.of(m.Topic); s != nil {
		m.from = s.Name()
	}
	return m
}

// leave gives a message back: the broker keeps it and sends it again. What no
// broker keeps is lost, and counted.
func (c *Collector) leave(m *foreignMessage, why error, pause time.Duration) {
	c.foreign.note(m.from, func(s *SourceState) {
		if m.kept {
			s.Left++
		} else {
			s.Lost++
		}
	})
	if !m.kept {
		c.m.dropped.Inc()
		return
	}
	m.refuse(why, pause)
}

// leaveAll gives back what could not be stored.
func (c *Collector) leaveAll(items []batchItem, why error) {
	for _, i := range items {
		if i.from != nil {
			c.leave(i.from, why, slowDown)
		}
	}
}

// settle tells the broker that a message is done with: all of it is in the
// store or in the quarantine.
func (c *Collector) settle(item batchItem) {
	m := item.from
	if m == nil {
		return
	}
	c.foreign.note(m.from, func(s *SourceState) {
		s.Readings += int64(len(item.records))
		for _, q := range item.quarantined {
			s.Refused[q.Reason]++
		}
	})
	c.m.foreignReadings.WithLabelValues(m.from).Add(float64(len(item.records)))
	for _, q := range item.quarantined {
		c.m.foreignRefused.WithLabelValues(m.from, string(q.Reason)).Inc()
	}
	m.ack()
}

// onForeign takes one message of a third-party sender through admission and
// judging, and hands what is left to the store. However that ends, the message
// is acknowledged once, or left with the broker.
func (c *Collector) onForeign(ctx context.Context, m *foreignMessage) {
	sender := c.foreign.of(m.Topic)
	c.foreign.note(m.from, func(s *SourceState) {
		s.Messages++
		s.Last = m.Received
		if m.qos == 0 {
			s.Unconfirmed++
		}
	})
	c.m.foreignMessages.WithLabelValues(m.from).Inc()
	item := batchItem{from: m}
	if sender == nil {
		why := refusal{wire.WrongSender, "no source of the county's configuration has this topic"}
		item.quarantined = append(item.quarantined, m.quarantine("", why, m.Payload))
		c.enqueue(item)
		return
	}
	item.id = state.Run{Gateway: store.SourceIdentity(sender.Name()), Epoch: sourceEpoch}
	records, refused := sender.Decode(m.Message)
	if len(records)+len(refused) == 0 {
		c.foreign.note(m.from, func(s *SourceState) { s.Empty++ })
		m.ack()
		return
	}
	for _, r := range refused {
		item.quarantined = append(item.quarantined, m.quarantine(r.Point, refusal{r.Reason, r.Detail}, m.Payload))
	}
	if err := c.admitForeign(&item, sender, records); err != nil {
		c.leave(m, err, clockHold)
		return
	}
	c.apply(ctx, c.observe(item.records, m.Received))
	if len(item.records) > 0 {
		c.latest.update(item.records, m.Received)
		c.o.Listener.ReadingsJudged(item.records, m.Received)
	}
	c.enqueue(item)
}

// admitForeign sorts a message's readings into the item. An error is one of
// the county's own clock: then nothing of the message is decided.
func (c *Collector) admitForeign(item *batchItem, sender *source.Source, records []wire.Record) error {
	believed := c.believed()
	for _, r := range records {
		quantity, why := c.o.Registry.check(r, item.from.Received)
		if postponed(why, believed) {
			return clockTrouble{}
		}
		if why == nil && sender.Live() && !believed {
			why = &refusal{wire.BadTime, "it has no time of its own, and the county's clock is not synchronised"}
		}
		if why != nil {
			item.quarantined = append(item.quarantined, item.from.quarantine(string(r.Reading.Point), *why, []byte(r.Reading.String())))
			continue
		}
		item.records = append(item.records, store.Record{
			Reading: r.Reading, Quantity: quantity, Gateway: item.id.Gateway, Epoch: sourceEpoch, Seq: source.Sequence(r.Reading),
		})
	}
	return nil
}

// observe has readings judged that no ranges tell from their repetition: the
// engine recognises the last ones of each point itself.
func (c *Collector) observe(records []store.Record, received time.Time) (changes []alerting.Transition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range records {
		changes = append(changes, c.o.Engine.Observe(r.Reading, received)...)
		changes = append(changes, c.observeWatch(r.Reading, received)...)
	}
	return changes
}

// quarantine is the row that keeps what was refused of the message. It has no
// sequence: its content tells it from another.
func (m *foreignMessage) quarantine(point string, why refusal, payload []byte) state.QuarantineEntry {
	who := m.from
	if who != "" {
		who = store.SourceIdentity(who)
	}
	return quarantine(wire.Address{Gateway: who}, m.Topic, 0, 0, false, point, why, payload, m.Received)
}
