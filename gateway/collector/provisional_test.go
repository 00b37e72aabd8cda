package collector

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// withoutClock is a status of a gateway whose clock nobody has set.
func withoutClock(values ...wire.Provisional) wire.Status {
	return wire.Status{Online: true, Greeted: true, Boot: "b1", Clock: wire.ClockNone, Held: 42, Alarm: true, Provisional: values}
}

func value(v float64) *float64 { return &v }

func TestProvisionalValuesAreShownAndNeitherJudgedNorStored(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.sendStatus(withoutClock(
			wire.Provisional{Point: string(air), Value: value(-3.5), Quality: "good", AgeMS: 90_000, Outside: true},
			wire.Provisional{Point: string(humidity), Quality: "bad", Reason: "timeout", AgeMS: 5000}))
		g := r.c.Gateways()[0]
		if g.Held != 42 || !g.Alarm || len(g.Shown) != 2 {
			t.Fatalf("gateway %+v; want 42 held, the local alarm and two values", g)
		}
		first := g.Shown[0]
		if v, ok := first.Reading.Value(); !ok || v != -3.5 || !first.Outside {
			t.Errorf("shown %+v; want -3.5 outside", first)
		}
		if age := g.Received.Sub(first.Reading.Time); age != 90*time.Second {
			t.Errorf("shown as %s old; want the age the gateway told", age)
		}
		if g.Shown[1].Reading.Quality != sensors.Bad || g.Shown[1].Reading.Reason != sensors.Timeout {
			t.Errorf("shown %+v; want the time-out", g.Shown[1])
		}

		// The limit of -15 is at once an excursion for a reading; this is none.
		waitMinutes(2)
		if a := r.alarms(); len(a) != 0 {
			t.Errorf("judged: %+v", a)
		}
		if _, seen := r.c.Latest(air); seen {
			t.Error("taken for the newest reading")
		}
		if got := r.stored(air); len(got) != 0 {
			t.Errorf("stored %v", got)
		}
		kept, err := r.db.Gateways(r.t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := json.Marshal(kept); strings.Contains(string(text), "-3.5") {
			t.Errorf("county.db keeps it: %s", text)
		}
	})
}

func TestProvisionalValuesGrowOldWithTheirGatewayAndEndWithItsClock(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.sendStatus(withoutClock(wire.Provisional{Point: string(air), Value: value(-18), Quality: "good"}))
		said := r.c.Gateways()[0].Shown[0].Reading.Time
		waitMinutes(10)
		r.sendStatus(wire.Status{Online: false})
		if g := r.c.Gateways()[0]; g.Online || len(g.Shown) != 1 || !g.Shown[0].Reading.Time.Equal(said) {
			t.Errorf("after the last will: %+v; want the old value at its old time %s", g, said)
		}
		r.sendStatus(wire.Status{Online: true, Greeted: true, Boot: "b1", Clock: wire.ClockNTP})
		if g := r.c.Gateways()[0]; len(g.Shown) != 0 {
			t.Errorf("shown %+v though the clock has come", g.Shown)
		}
	})
}

func TestAProvisionalValueThatCannotBeIsNotShownAsOne(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.sendStatus(withoutClock(
			wire.Provisional{Point: "xini/mutton/air", Value: value(-18), Quality: "good"}, // another's site
			wire.Provisional{Point: "balagong/mutton/unknown", Value: value(-18), Quality: "good"},
			wire.Provisional{Point: string(air), Value: value(6553.5), Quality: "good", AgeMS: 1 << 62}))
		g := r.c.Gateways()[0]
		if len(g.Shown) != 1 || g.Shown[0].Reading.Quality != sensors.Bad || g.Shown[0].Reading.Reason != sensors.OutOfRange {
			t.Fatalf("shown %+v; want the air alone, without a value", g.Shown)
		}
		if g.Shown[0].Reading.Time.After(g.Received) {
			t.Errorf("measured at %s, after it was received", g.Shown[0].Reading.Time)
		}
	})
}

func TestAStatusTheBrokerHadKeptTellsNoPresentValues(t *testing.T) {
	inBubble(t, func(r *rig) {
		s := withoutClock(wire.Provisional{Point: string(air), Value: value(-18), Quality: "good"})
		s.Gateway, s.Site = here.Gateway, here.Site
		payload, err := wire.EncodeStatus(s)
		if err != nil {
			t.Fatal(err)
		}
		r.c.receive(mqtt.Message{Topic: here.Topic(wire.ChannelStatus), Payload: payload, Retained: true})
		synctest.Wait()
		if g := r.c.Gateways(); len(g) != 1 || len(g[0].Shown) != 0 || g[0].Held != 42 {
			t.Errorf("gateways %+v; want the status without values of an unknown age", g)
		}
	})
}
