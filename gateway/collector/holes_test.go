package collector

import (
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/wire"
)

// commands returns what gateways were asked since the last call.
func (p *recorder) commands(t *testing.T) (out []wire.Command) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.all {
		if m.Topic != here.Topic(wire.ChannelCommand) {
			continue
		}
		c, err := wire.DecodeCommand(m.Payload)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	p.all = nil
	return out
}

// sendFrom is a pack of an edge that counts everything below oldest as
// confirmed.
func (r *rig) sendFrom(oldest uint64, records ...wire.Record) {
	r.t.Helper()
	payload, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: oldest, Next: records[len(records)-1].Seq + 1, Records: records}, wire.CBOR)
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(here.Topic(wire.ChannelRecords), payload)
}

func (r *rig) sendStatus(s wire.Status) {
	r.t.Helper()
	s.Gateway, s.Site = here.Gateway, here.Site
	payload, err := wire.EncodeStatus(s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(here.Topic(wire.ChannelStatus), payload)
}

func waitMinutes(n int) {
	time.Sleep(time.Duration(n) * time.Minute) // the bubble's time
	synctest.Wait()
}

func TestHolesAreAskedForAndClosed(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendFrom(1, reading(1, air, now, -18), reading(2, air, now.Add(time.Second), -18))
		// county.db was restored: 3 to 7 were confirmed by what was lost since
		r.sendFrom(8, reading(8, air, now.Add(8*time.Second), -18))
		want := []wire.Command{{Epoch: 1, Resend: []wire.Range{{From: 3, To: 7}}}}
		if got := r.wire.commands(t); !reflect.DeepEqual(got, want) {
			t.Fatalf("asked %+v, want %+v", got, want)
		}
		r.sendFrom(9, reading(9, air, now.Add(9*time.Second), -18))
		if got := r.wire.commands(t); len(got) != 0 {
			t.Errorf("asked again at once: %+v", got)
		}
		waitMinutes(2)
		r.sendStatus(wire.Status{Online: true, Greeted: true, Session: "s", Epoch: 1, Oldest: 10, Next: 10}) // answered with a hello
		r.sendStatus(wire.Status{Online: true, Greeted: true, Session: "s", Epoch: 1, Oldest: 10, Next: 10})
		if got := r.wire.commands(t); !reflect.DeepEqual(got, want) {
			t.Errorf("the command was lost; then asked %+v, want %+v", got, want)
		}
		var again []wire.Record
		for seq := uint64(3); seq <= 7; seq++ {
			again = append(again, reading(seq, air, now.Add(time.Duration(seq)*time.Second), -18))
		}
		r.sendFrom(3, again...)
		waitMinutes(2)
		r.sendFrom(10, reading(10, air, now.Add(10*time.Second), -18))
		if got := r.wire.commands(t); len(got) != 0 {
			t.Errorf("asked %+v after the hole was closed", got)
		}
		if got := r.stored(air); len(got) != 10 {
			t.Errorf("%d readings stored, want 10, each once", len(got))
		}
	})
}

func TestDeclaredHolesAreKeptAndNeverAskedForAgain(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendFrom(5, reading(5, air, now, -18))
		if got := r.wire.commands(t); len(got) != 1 {
			t.Fatalf("asked %+v", got)
		}
		gone := wire.Record{Seq: 6, Kind: wire.EventRecord, Boot: "b1", Clock: wire.ClockNTP, Event: wire.Event{
			At: now.UTC().Truncate(time.Millisecond), Name: wire.EventGone, Object: here.Gateway, Detail: wire.GoneDetail(1, []wire.Range{{From: 1, To: 4}})}}
		r.sendFrom(6, gone)
		for _, restart := range []bool{false, true} {
			if restart {
				r.stop()
				r.start()
			}
			waitMinutes(2)
			r.sendFrom(7, reading(7, air, now.Add(time.Second), -18))
			if got := r.wire.commands(t); len(got) != 0 {
				t.Errorf("asked %+v for what was declared (restarted: %v)", got, restart)
			}
		}
		loaded, err := r.db.LoadDelivery(r.t.Context(), r.c.generation)
		if err != nil {
			t.Fatal(err)
		}
		for run, p := range loaded {
			if p.Quarantined.Count() != 4 || p.Stored.Contains(2) {
				t.Errorf("%v: %d declared records; want 4, and none of them stored", run, p.Quarantined.Count())
			}
		}
	})
}

func TestADeclarationCannotTakeAwayWhatIsStored(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendFrom(1, reading(1, air, now, -18), reading(2, air, now.Add(time.Second), -18))
		r.sendFrom(3, wire.Record{Seq: 3, Kind: wire.EventRecord, Boot: "b1", Clock: wire.ClockNTP, Event: wire.Event{
			At: now.UTC().Truncate(time.Millisecond), Name: wire.EventGone, Object: here.Gateway, Detail: wire.GoneDetail(1, []wire.Range{{From: 1, To: 900}})}})
		r.wire.acks(t)
		r.sendFrom(4, reading(4, air, now.Add(4*time.Second), -18))
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("a record within a declaration from before it: %+v; want it stored", got)
		}
		if got := r.stored(air); len(got) != 3 {
			t.Errorf("stored %v; want all three", got)
		}
	})
}

func TestTwoBoxesUnderOneNameBecomeAFaultAndAreToldToStepBack(t *testing.T) {
	inBubble(t, func(r *rig) {
		for i, boot := range []string{"one", "two", "two", "one"} {
			if i > 0 {
				r.wire.commands(t)
			}
			time.Sleep(5 * time.Second)
			r.sendStatus(wire.Status{Online: true, Session: fmt.Sprint(boot, i), Boot: boot})
		}
		if got := r.wire.commands(t); len(got) != 1 || !got[0].Duplicate {
			t.Errorf("told %+v; want both to step back", got)
		}
		if g := r.c.Gateways(); len(g) != 1 || len(g[0].Faults) != 1 || g[0].Faults[0] != twinFault {
			t.Errorf("gateways %+v; want the fault", g)
		}
		alarms := r.alarms()
		if len(alarms) != 1 || alarms[0].Rule != alerting.GatewayTwin || alarms[0].Object != "balagong" || alarms[0].State != alerting.Unacknowledged {
			t.Fatalf("alarms %+v; want one that somebody sees", alarms)
		}
		waitMinutes(70)
		r.sendStatus(wire.Status{Online: true, Session: "x", Boot: "one"})
		if g := r.c.Gateways(); len(g[0].Faults) != 0 {
			t.Errorf("faults %v after an hour of one box", g[0].Faults)
		}
		if a := r.alarms(); len(a) != 1 || a[0].State != alerting.ReturnedUnacknowledged {
			t.Errorf("alarms %+v after an hour of one box; want it over and not answered", a)
		}
	})
}

func TestTheAlarmOfTwoBoxesOutlivesARestartAndEndsOnce(t *testing.T) {
	inBubble(t, func(r *rig) {
		for i, boot := range []string{"one", "two", "one", "two"} {
			r.sendStatus(wire.Status{Online: true, Session: fmt.Sprint(boot, i), Boot: boot})
		}
		if a := r.alarms(); len(a) != 1 {
			t.Fatalf("alarms %+v; want one, however often they change", a)
		}
		r.stop()
		r.start()
		r.sendStatus(wire.Status{Online: true, Session: "y", Boot: "two"})
		if g := r.c.Gateways(); len(g[0].Faults) != 1 {
			t.Errorf("faults %v after a restart; want the doubt to last its hour", g[0].Faults)
		}
		waitMinutes(70)
		if a := r.alarms(); len(a) != 1 || a[0].State != alerting.ReturnedUnacknowledged {
			t.Errorf("alarms %+v; want the same one, over", a)
		}
	})
}

func TestABoxThatOnlyRestartsIsNotTwo(t *testing.T) {
	inBubble(t, func(r *rig) {
		for i := range 5 {
			r.sendStatus(wire.Status{Online: true, Session: fmt.Sprint(i), Boot: fmt.Sprint("boot", i)})
		}
		if got := r.wire.commands(t); len(got) != 0 {
			t.Errorf("told %+v", got)
		}
	})
}
