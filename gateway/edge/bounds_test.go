package edge

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
)

// stuckBroker takes every message and answers none until it is released.
type stuckBroker struct {
	broker
	release chan struct{}
}

func (b *stuckBroker) Publish(ctx context.Context, m mqtt.Message) error {
	select {
	case <-b.release:
		return b.broker.Publish(ctx, m)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestAStuckConnectionHoldsUpNeitherHandlersNorSampling: the forwarder hangs in
// the middle of a message for most of an hour. The wire's goroutine goes on handing over
// what comes, the samplers go on, and what is waiting does not grow.
func TestAStuckConnectionHoldsUpNeitherHandlersNorSampling(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.options.Devices[0].Interval = time.Second
		r.options.Commit = time.Minute
		stuck := &stuckBroker{release: make(chan struct{})}
		r.publisher = stuck
		r.start()
		r.agent.OnConnect()
		pass(2 * time.Second)
		ack, err := wire.EncodeAck(wire.Ack{Epoch: 1, Ranges: []wire.AckRange{stored(1, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		hello, err := wire.EncodeHello(wire.Hello{Epoch: 1, Highest: 1, Generation: "g1"})
		if err != nil {
			t.Fatal(err)
		}
		command, err := wire.EncodeCommand(wire.Command{Epoch: 1, Resend: []wire.Range{{From: 1, To: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		subs := r.agent.Subscriptions()
		for range 4 {
			before := r.journal.Next()
			for range 1000 { // a handler that blocked would never return: the bubble would say so
				subs[here.Topic(wire.ChannelAck)](mqtt.Message{Payload: ack})
				subs[here.Topic(wire.ChannelHello)](mqtt.Message{Payload: hello})
				subs[here.Topic(wire.ChannelCommand)](mqtt.Message{Payload: command})
			}
			pass(10 * time.Minute)
			if got := r.journal.Next() - before; got < 500 {
				t.Fatalf("%d readings in ten minutes of one a second; want the samplers not to notice", got)
			}
		}
		f := r.agent.forward
		if a, h, c := len(f.acks), len(f.hellos), len(f.commands); a > 64 || h > 4 || c > 4 {
			t.Errorf("%d acknowledgements, %d hellos, %d commands wait; want the rest dropped", a, h, c)
		}
		close(stuck.release)
		pass(time.Minute)
		if len(stuck.packs(t)) == 0 {
			t.Error("nothing is delivered after the connection moves again")
		}
	})
}

// TestWhatWaitsForAHungDiskIsBounded counts what the recorder may hold: its own
// bound, the batches in the channel, and the one commit that hangs.
func TestWhatWaitsForAHungDiskIsBounded(t *testing.T) {
	o := Options{Address: here, Limits: FixedBounds(nil), Devices: []Device{{Name: "probe", Bus: "line", Sensor: steady(air, -18.5)}}}
	w := &writing{agent: &Agent{o: o}, marks: newMarks(o), timer: time.NewTimer(time.Hour)}
	defer w.timer.Stop()
	w.busy = true // a commit that never ends
	for seq := range uint64(3 * maxHeld) {
		w.take([]wire.Record{record(seq + 1)})
		if len(w.held) > maxHeld || cap(w.held) > 4*maxHeld {
			t.Fatalf("%d records held in room for %d after %d; want %d at most", len(w.held), cap(w.held), seq+1, maxHeld)
		}
	}
	if w.dropped.count != 2*maxHeld {
		t.Errorf("%d dropped and counted; want %d", w.dropped.count, 2*maxHeld)
	}
	if gap, ok := w.dropped.gap(here.Gateway); !ok || gap.Gap.Count != 2*maxHeld {
		t.Errorf("gap %+v; want the drop declared", gap.Gap)
	}
}

// TestWhatTheForwarderHoldsIsAWindowWhateverTheBacklog: records on their way
// are numbers alone, and no more of them than the window takes.
func TestWhatTheForwarderHoldsIsAWindowWhateverTheBacklog(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.options.Devices[0].Interval = time.Second
		r.options.Commit = time.Minute
		r.start()
		pass(90 * time.Minute)
		most := 0
		var mu sync.Mutex
		r.broker.seen = func(mqtt.Message) {
			mu.Lock()
			defer mu.Unlock()
			n := 0
			for _, fl := range r.agent.forward.flights { // on the forwarder's own goroutine
				n += len(fl.waiting)
			}
			most = max(most, n)
		}
		r.connect(wire.Hello{Generation: "g1"})
		pass(10 * time.Minute) // nothing is acknowledged: offered again and again
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if most == 0 || most > window*packRecords {
			t.Errorf("%d records were on their way at once; want up to %d of %d", most, window*packRecords, r.journal.Undelivered())
		}
		if n := len(r.agent.forward.lanes.newest); n > 1 {
			t.Errorf("%d newest readings held of one point", n)
		}
	})
}
