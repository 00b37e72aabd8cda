package edge

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

var here = wire.Address{County: "hangjin", Site: "balagong", Gateway: "balagong-gw"}

const air = sensors.PointID("balagong/mutton/air")

// rig is an agent with a real journal, a sensor that is a function, and a
// broker that writes down what it is given.
type rig struct {
	t       *testing.T
	dir     string
	options Options
	journal *journal.Journal
	agent   *Agent
	broker  *broker
	stop    func()
	// publisher takes the broker's place; nil: the broker.
	publisher Publisher

	hands    *hands // nil: the bubble's own clock, believed
	bootName string
	newest   uint64 // sequence seen by delivered
}

// inBubble runs a test in a bubble of its own time, in which waiting costs
// nothing.
func inBubble(t *testing.T, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: t.TempDir(), broker: &broker{}}
		r.options = Options{Address: here, Commit: time.Second, Version: "test", Logger: slog.New(slog.DiscardHandler),
			Devices: []Device{{Name: "probe", Bus: "line", Sensor: steady(air, -18.5), Interval: time.Minute}}}
		test(r)
		if r.stop != nil {
			r.stop()
		}
	})
}

func (r *rig) start() {
	r.t.Helper()
	var err error
	if r.journal, err = journal.Open(context.Background(), filepath.Join(r.dir, "journal.db"), journal.Options{}); err != nil {
		r.t.Fatal(err)
	}
	r.options.Journal = r.journal
	r.options.Clock = Clock{Boot: "boot", Start: time.Now(), Now: time.Now, Source: func() wire.ClockSource { return wire.ClockNTP }}
	if r.hands != nil {
		r.options.Clock = r.hands.clock(r.bootName)
	}
	if r.agent, err = New(r.options); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var to Publisher = r.broker
	if r.publisher != nil {
		to = r.publisher
	}
	go func() {
		defer close(done)
		if err := r.agent.Run(ctx, to); err != nil {
			r.t.Error(err)
		}
	}()
	r.stop = func() {
		cancel()
		<-done
		if err := r.journal.Close(); err != nil {
			r.t.Error(err)
		}
		r.stop = nil
	}
	synctest.Wait()
}

// connect is a broker that can be reached and a collector that answers.
func (r *rig) connect(h wire.Hello) {
	r.t.Helper()
	r.agent.OnConnect()
	synctest.Wait()
	r.hello(h)
}

func (r *rig) hello(h wire.Hello) {
	r.t.Helper()
	payload, err := wire.EncodeHello(h)
	if err != nil {
		r.t.Fatal(err)
	}
	r.agent.Subscriptions()[here.Topic(wire.ChannelHello)](mqtt.Message{Payload: payload})
	synctest.Wait()
}

func (r *rig) ack(epoch uint64, ranges ...wire.AckRange) {
	r.t.Helper()
	payload, err := wire.EncodeAck(wire.Ack{Epoch: epoch, Ranges: ranges})
	if err != nil {
		r.t.Fatal(err)
	}
	r.agent.Subscriptions()[here.Topic(wire.ChannelAck)](mqtt.Message{Payload: payload})
	synctest.Wait()
}

// pass lets the bubble's time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func stored(from, to uint64) wire.AckRange {
	return wire.AckRange{Range: wire.Range{From: from, To: to}, Outcome: wire.Stored}
}

// broker keeps what was published.
type broker struct {
	mu   sync.Mutex
	all  []mqtt.Message
	told []byte // the newest status
	down bool
	seen func(mqtt.Message)

	replaced []time.Duration // pauses that were asked for
}

func (b *broker) Replace(_ error, pause time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replaced = append(b.replaced, pause)
}

func (b *broker) replacements() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.replaced)
}

func (b *broker) Publish(_ context.Context, m mqtt.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errors.New("no route")
	}
	if b.seen != nil {
		b.seen(m)
	}
	b.all = append(b.all, m)
	if m.Topic == here.Topic(wire.ChannelStatus) {
		b.told = m.Payload
	}
	return nil
}

// packs returns the packs of records published since the last call.
func (b *broker) packs(t *testing.T) []wire.Pack {
	t.Helper()
	return packsOf(t, b.take())
}

// take returns what was published since the last call.
func (b *broker) take() []mqtt.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.all
	b.all = nil
	return all
}

func packsOf(t *testing.T, messages []mqtt.Message) []wire.Pack {
	t.Helper()
	var out []wire.Pack
	for _, m := range messages {
		if m.Topic != here.Topic(wire.ChannelRecords) {
			continue
		}
		p, rejected, err := wire.DecodePack(m.Payload, wire.DefaultLimits())
		if err != nil || len(rejected) > 0 {
			t.Fatalf("published a pack that cannot be read: %v %v", err, rejected)
		}
		out = append(out, p)
	}
	return out
}

// status returns the newest status.
func (b *broker) status(t *testing.T) wire.Status {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told == nil {
		t.Fatal("no status was published")
	}
	s, err := wire.DecodeStatus(b.told)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sensor is one point measured by a function.
type sensor struct {
	point sensors.PointID
	read  func(ctx context.Context, n int) sensors.Reading
	polls atomic.Int64
}

func (s *sensor) Points() []sensors.Point {
	return []sensors.Point{{ID: s.point, Quantity: sensors.Temperature}}
}

func (s *sensor) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	return []sensors.Reading{s.read(ctx, int(s.polls.Add(1)))}
}

func steady(p sensors.PointID, v float64) *sensor {
	return &sensor{point: p, read: func(context.Context, int) sensors.Reading { return sensors.NewGood(p, time.Now(), v) }}
}

func seqs(packs []wire.Pack) (out []uint64) {
	for _, p := range packs {
		for _, r := range p.Records {
			out = append(out, r.Seq)
		}
	}
	return out
}
