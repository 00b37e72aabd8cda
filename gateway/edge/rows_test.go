package edge

import (
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// TestRowsForACollectorThatReadsThem: one that says so gets rows against the
// inventory; when it asks for that, it comes again and then what it could not
// read. One that does not say so gets SenML.
func TestRowsForACollectorThatReadsThem(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(time.Second)
		r.connect(wire.Hello{Generation: "g1", Rows: true})
		pass(2 * time.Second)
		for _, asked := range []bool{false, true} {
			if asked {
				r.command(wire.Command{Inventory: true})
				pass(2 * time.Second)
			}
			var table *wire.Table
			readings := 0
			for _, m := range r.broker.take() {
				switch m.Topic {
				case here.Topic(wire.ChannelInventory):
					inv, err := wire.DecodeInventory(m.Payload)
					if err != nil {
						t.Fatal(err)
					}
					if table, err = wire.TableOf(inv); err != nil {
						t.Fatal(err)
					}
				case here.Topic(wire.ChannelRecords):
					if _, _, err := wire.DecodePack(m.Payload, wire.DefaultLimits()); wire.ReasonOf(err) != wire.UnknownTable {
						continue // a start's first event is no row
					}
					p, rejected, err := wire.NewDecoder(wire.DefaultLimits()).DecodeFrom(m.Payload, []*wire.Table{table})
					if err != nil || len(rejected) > 0 {
						t.Fatalf("asked %v: %v %v", asked, rejected, err)
					}
					readings += len(p.Records)
				}
			}
			if table == nil || readings == 0 {
				t.Errorf("asked %v: inventory %v, %d readings in rows behind it", asked, table != nil, readings)
			}
		}
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		r.broker.packs(t) // fails on what is no SenML
	})
}

// TestAStatusWhereThereIsNews: a site where all is well says so each ten
// minutes; what changes is said within one.
func TestAStatusWhereThereIsNews(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		statuses := func() (n int) {
			messages := r.broker.take()
			r.ackAll(packsOf(t, messages))
			for _, m := range messages {
				if m.Topic == here.Topic(wire.ChannelStatus) {
					n++
				}
			}
			return n
		}
		for range 5 {
			pass(time.Minute)
			statuses()
		}
		quiet := 0
		for range 60 {
			pass(time.Minute)
			quiet += statuses()
		}
		if quiet < 5 || quiet > 7 {
			t.Errorf("%d statuses in a quiet hour, want one each ten minutes", quiet)
		}
		r.agent.faults.set("probe", "timeout")
		pass(time.Minute + time.Second)
		if s := r.broker.status(t); len(s.Faults) == 0 {
			t.Errorf("status %+v a minute after a fault began", s)
		}
	})
}
