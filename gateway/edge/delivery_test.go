package edge

import (
	"slices"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func TestNothingIsOfferedBeforeTheCollectorHasSaidHello(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.agent.OnConnect()
		pass(5*time.Minute + 2*time.Second)
		if s := r.broker.status(t); s.Greeted || !s.Online {
			t.Errorf("status %+v; want online and not greeted, so that the collector answers", s)
		}
		if got := r.broker.packs(t); len(got) != 0 {
			t.Errorf("offered %d packs before the hello", len(got))
		}
		r.hello(wire.Hello{Generation: "g1"})
		if got := seqs(r.broker.packs(t)); len(got) != 6 || got[0] != 1 {
			t.Errorf("offered %v after the hello; want the six readings so far, oldest first", got)
		}
	})
}

func TestAReadingIsInTheJournalBeforeItIsOffered(t *testing.T) {
	inBubble(t, func(r *rig) {
		offered := 0
		r.broker.seen = func(m mqtt.Message) {
			if m.Topic != here.Topic(wire.ChannelRecords) {
				return
			}
			p, _, err := wire.DecodePack(m.Payload, wire.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			offered++
			if next := r.journal.Next(); p.Records[len(p.Records)-1].Seq >= next {
				t.Errorf("offered %d, but the journal ends before %d", p.Records[len(p.Records)-1].Seq, next)
			}
		}
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(3 * time.Minute)
		if offered == 0 {
			t.Error("nothing was offered")
		}
	})
}

func TestALostAcknowledgementMakesTheSameRecordsComeAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		first := r.broker.packs(t)
		pass(retransmit + 2*time.Second)
		again := r.broker.packs(t)
		if len(first) != 1 || len(again) == 0 || first[0].Epoch != again[0].Epoch || first[0].Records[0].Seq != again[0].Records[0].Seq {
			t.Fatalf("first %+v, again %+v; want the same identity", first, again)
		}
		if !first[0].Records[0].Reading.Time.Equal(again[0].Records[0].Reading.Time) {
			t.Error("the time was changed")
		}
		r.ack(first[0].Epoch, stored(1, 1))
		r.ack(first[0].Epoch, stored(1, 1)) // twice is harmless
		pass(retransmit + 2*time.Second)
		if got := seqs(r.broker.packs(t)); slices.Contains(got, 1) {
			t.Errorf("offered %v although 1 is acknowledged", got)
		}
		if r.agent.Undelivered() == 0 {
			t.Error("the second reading counts as delivered although nobody acknowledged it")
		}
	})
}

// The journal was set back while the county's store was down: what the county
// acknowledges late is of numbers that have been given again.
func TestAnAcknowledgementBeforeTheHelloConfirmsNothing(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(2*time.Minute + 2*time.Second)
		r.agent.OnConnect()
		pass(time.Second)
		r.ack(1, stored(1, 100))
		if got := r.agent.Undelivered(); got != 3 {
			t.Errorf("%d records count as not delivered after an acknowledgement of what was never offered; want 3", got)
		}
		r.hello(wire.Hello{Epoch: 1, Highest: 100, Generation: "g1"})
		if got := r.broker.packs(t); len(got) != 1 || got[0].Epoch != 2 || len(got[0].Records) != 3 {
			t.Errorf("offered %+v; want the three readings in a new epoch", got)
		}
	})
}

func TestABacklogGoesOutOldestFirstInABoundedWindow(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.options.Devices[0].Interval = time.Second
		r.start()
		pass(time.Hour) // without a network
		r.connect(wire.Hello{Generation: "g1"})
		epoch, next := uint64(0), uint64(1)
		for range 20 {
			packs := r.broker.packs(t)
			if len(packs) == 0 {
				break
			}
			if len(packs) > window {
				t.Fatalf("%d packs on their way; want %d at most", len(packs), window)
			}
			got := seqs(packs)
			if got[0] != next || !slices.IsSorted(got) {
				t.Fatalf("offered %d..%d; want from %d on", got[0], got[len(got)-1], next)
			}
			epoch, next = packs[0].Epoch, got[len(got)-1]+1
			r.ack(epoch, stored(got[0], got[len(got)-1]))
		}
		if next < 3600 {
			t.Errorf("only %d records were offered of an hour's 3600", next-1)
		}
	})
}

func TestABrokenConnectionStartsOverWithWhatIsUnconfirmed(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		_ = r.broker.packs(t)
		r.agent.OnLost()
		pass(10 * time.Minute)
		if got := r.broker.packs(t); len(got) != 0 {
			t.Errorf("offered %v without a connection", seqs(got))
		}
		r.connect(wire.Hello{Epoch: 1, Highest: 1, Generation: "g1"})
		if got := seqs(r.broker.packs(t)); len(got) < 10 || got[0] != 1 {
			t.Errorf("offered %v after the connection came back; want all since 1", got)
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		first := r.broker.packs(t)
		r.ack(first[0].Epoch, wire.AckRange{Range: wire.Range{From: 1, To: 1}, Outcome: wire.RetryAfter, AfterMS: 40_000})
		pass(35 * time.Second)
		if got := r.broker.packs(t); len(got) != 0 {
			t.Errorf("offered %v before the time the collector asked for", seqs(got))
		}
		pass(10 * time.Second)
		if got := seqs(r.broker.packs(t)); len(got) == 0 || got[0] != 1 {
			t.Errorf("offered %v after the wait; want 1 again", got)
		}
	})
}

func TestAnOldJournalStartsANewEpoch(t *testing.T) {
	for _, h := range []wire.Hello{
		{Epoch: 1, Highest: 900, Generation: "g1"}, // a restored image: the county has seen more
		{Epoch: 7, Highest: 3, Generation: "g1"},   // a new card: the county knows later epochs
	} {
		inBubble(t, func(r *rig) {
			r.start()
			pass(2 * time.Second)
			r.connect(h)
			pass(time.Second)
			got := r.broker.packs(t)
			if len(got) == 0 || got[0].Epoch != h.Epoch+1 {
				t.Errorf("after %+v offered %+v; want epoch %d", h, got, h.Epoch+1)
			}
		})
	}
}

func TestANewStoreGetsEverythingThatIsKept(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		r.ack(1, stored(1, 1))
		_ = r.broker.packs(t)
		r.hello(wire.Hello{Epoch: 1, Highest: 1, Generation: "g2"})
		if got := seqs(r.broker.packs(t)); len(got) == 0 || got[0] != 1 {
			t.Errorf("offered %v to the new store; want 1 again", got)
		}
		r.ack(1, stored(1, 1))
		r.hello(wire.Hello{Epoch: 1, Highest: 1, Generation: "g2"})
		if got := seqs(r.broker.packs(t)); slices.Contains(got, 1) {
			t.Errorf("offered %v to a store that is not new any more", got)
		}
	})
}

func TestARestartIsDeclaredAsAGapAndTheSequenceGoesOn(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(90 * time.Second) // two readings
		r.stop()
		pass(time.Hour)
		r.start()
		pass(2 * time.Second)
		r.connect(wire.Hello{Generation: "g1"})
		packs := r.broker.packs(t)
		var gaps []wire.Record
		for _, p := range packs {
			for _, rec := range p.Records {
				if rec.Kind == wire.GapRecord {
					gaps = append(gaps, rec)
				}
			}
		}
		if len(gaps) != 1 || gaps[0].Gap.Cause != "restart" || gaps[0].Seq != 3 {
			t.Fatalf("gaps %+v; want one, of the restart, as record 3", gaps)
		}
		if d := gaps[0].Gap.To.Sub(gaps[0].Gap.From); d < time.Hour || d > time.Hour+time.Minute {
			t.Errorf("the gap lasts %s; want from the last reading to the start", d)
		}
	})
}

func TestStatusNamesWhatDoesNotWork(t *testing.T) {
	inBubble(t, func(r *rig) {
		broken := steady(air, 0)
		broken.read = func(ctxT, int) sensors.Reading { return sensors.NewBad(air, time.Now(), sensors.Timeout) }
		r.options.Devices[0].Sensor = broken
		r.start()
		pass(time.Second)
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * statusEvery)
		if s := r.broker.status(t); len(s.Faults) != 1 || s.Faults[0] != "probe: timeout" || s.Undelivered == 0 {
			t.Errorf("status %+v; want the probe's time-out and what is undelivered", s)
		}
	})
}
