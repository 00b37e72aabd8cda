package collector

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"coldchain/gateway/wire"
)

func TestWithoutAClockTheCountyHoldsInsteadOfQuarantining(t *testing.T) {
	inBubble(t, func(r *rig) {
		source := wire.ClockNone
		r.clock = func() wire.ClockSource { return source }
		ahead := reading(2, air, time.Now().Add(20*time.Hour), -18.5)
		r.sendRecords(reading(1, air, time.Now(), -18), ahead)
		acks := r.wire.acks(t)
		var later, stored int
		for _, a := range acks {
			switch {
			case a.Outcome == wire.RetryAfter && a.From == 2 && a.To == 2 && a.AfterMS > 0:
				later++
			case a.Outcome == wire.Stored && a.From == 1 && a.To == 1:
				stored++
			}
		}
		if later != 1 || stored != 1 || len(acks) != 2 {
			t.Errorf("acknowledged %+v; want 1 stored and 2 asked for again", acks)
		}
		if q := r.quarantined(); len(q) != 0 {
			t.Errorf("quarantined %v by a clock that nobody has set", q)
		}
		if r.c.Health() == nil {
			t.Error("health says that all is well")
		}
		time.Sleep(5 * advanceEvery)
		synctest.Wait()
		registry := prometheus.NewRegistry()
		registry.MustRegister(r.c.m.clockLost)
		if found, err := registry.Gather(); err != nil || found[0].Metric[0].Gauge.GetValue() != 1 {
			t.Errorf("the metric of the lost clock: %v %v; want 1", found, err)
		}
		if logged := strings.Count(r.log.String(), "own clock is not synchronised"); logged != 1 {
			t.Errorf("logged %d times that the clock is lost; want once, not every second", logged)
		}
		source = wire.ClockNTP
		if err := r.c.Health(); err != nil {
			t.Errorf("health with a clock: %v", err)
		}
		time.Sleep(5 * advanceEvery)
		synctest.Wait()
		if !strings.Contains(r.log.String(), "clock is synchronised: times are judged again") {
			t.Errorf("the log does not say that the clock is back:\n%s", r.log.String())
		}
		r.sendRecords(ahead)
		if q := r.quarantined(); q[wire.TimeInFuture] != 1 {
			t.Errorf("quarantined %v; want the reading that is 20 h ahead", q)
		}
	})
}

func TestTheSkewOfAGatewayIsTheShortestWayOfItsLiveRecords(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.sendStatus(wire.Status{Gateway: here.Gateway, Site: here.Site, Online: true, Greeted: true})
		skew := func() (time.Duration, bool) {
			g := r.c.Gateways()
			return g[0].Skew, g[0].SkewKnown
		}
		if _, known := skew(); known {
			t.Error("known before any record came")
		}
		for i, late := range []time.Duration{3 * time.Second, 1200 * time.Millisecond, 2 * time.Second} {
			r.sendRecords(reading(uint64(i+1), air, time.Now().Add(-late), -18))
		}
		if d, known := skew(); !known || d != 1200*time.Millisecond {
			t.Errorf("skew %s %v; want the least, 1.2 s", d, known)
		}
		held := reading(4, air, time.Now().Add(4*time.Minute), -18)
		held.Reconstructed = true
		r.sendRecords(held)
		if d, _ := skew(); d != 1200*time.Millisecond {
			t.Errorf("skew %s by a reconstructed time", d)
		}
		r.sendRecords(reading(5, air, time.Now().Add(2*time.Minute), -18))
		if d, _ := skew(); d != -2*time.Minute {
			t.Errorf("skew %s; want 2 min ahead", d)
		}
		time.Sleep(2*skewWindow + time.Minute)
		synctest.Wait()
		if _, known := skew(); known {
			t.Error("still known though nothing live has come for a while")
		}
	})
}

func TestABacklogTellsNothingOfAClock(t *testing.T) {
	var s skews
	at := time.UnixMilli(1_795_000_000_000)
	if _, live := s.take("g", wire.Pack{Next: 100, Records: []wire.Record{reading(5, air, at.Add(-time.Hour), -18)}}, at); live {
		t.Error("a record with newer ones behind it was taken for a live one")
	}
}
