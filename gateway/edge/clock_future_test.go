package edge

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

const to2036 = 10 * 365 * 24 * time.Hour

// wantNoFuture is the promise that a time which has not come is never offered.
// ahead is how far a clock that is believed may be.
func wantNoFuture(t *testing.T, records []wire.Record, ahead time.Duration) {
	t.Helper()
	told := 0
	for _, r := range records {
		if off := time.Until(r.Time()); off > ahead {
			if told++; told < 4 {
				t.Errorf("record %d (%v, boot %s) is offered as of %s, %s ahead", r.Seq, r.Kind, r.Boot, r.Time(), off)
			}
		}
	}
	if told > 3 {
		t.Errorf("and %d more", told-3)
	}
}

// The machine was never told the time; then it was started again, and so was
// the agent, in a moment of 2036. The newest record is of 1970, which says
// nothing about what is far ahead.
func TestAnAgentStartedIn2036AfterABootWithoutAClockHasToldNobody(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{source: wire.ClockNTP}
		r.boot(h, "boot-1", time.Now())
		pass(time.Minute)
		r.stop()
		for i := range 2 {
			h.turn(to1970(), wire.ClockNone)
			r.boot(h, fmt.Sprint("boot-", i+2), time.Now())
			pass(20 * time.Second)
			r.stop()
		}
		h.turn(to2036, wire.ClockNTP)
		on := time.Now()
		r.boot(h, "boot-4", on)
		pass(2 * time.Second)
		r.stop()
		h.turn(0, wire.ClockNTP)
		pass(time.Second)
		r.boot(h, "boot-4", on)
		pass(2 * time.Minute)
		r.connect(wire.Hello{Generation: "g1"})
		got := r.delivered()
		if len(readings(got)) < 20 {
			t.Errorf("%d readings; want those of all boots", len(readings(got)))
		}
		wantNoFuture(t, got, time.Minute)
		if n := len(events(got, "clock-step")); n > 0 {
			t.Errorf("%d steps; want none: no clock that was believed has moved", n)
		}
	})
}

// The agent is killed in the moment of 2036, and comes back in it: what it has
// journaled there is held, and no reason to believe that time.
func TestAnAgentKilledAndStartedAgainIn2036HasToldNobody(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{source: wire.ClockNTP}
		on := time.Now()
		r.boot(h, "boot", on)
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Minute)
		got := r.delivered()
		h.turn(to2036, wire.ClockNTP)
		pass(15 * time.Second)
		r.stop()
		pass(time.Second)
		r.boot(h, "boot", on)
		r.connect(wire.Hello{Generation: "g1"})
		pass(15 * time.Second)
		got = append(got, r.delivered()...)
		h.turn(0, wire.ClockNTP)
		pass(2 * time.Minute)
		got = append(got, r.delivered()...)
		wantNoFuture(t, got, time.Minute)
		if last := got[len(got)-1]; time.Since(last.Time()) > time.Minute {
			t.Errorf("the newest record is of %s; want delivery to go on", last.Time())
		}
	})
}

// The machine ran without a clock, and what came first was a moment of 2036. The
// event that tells of it is a record like any other.
func TestAClockThatComesIn2036HasToldNobody(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{source: wire.ClockNTP}
		r.boot(h, "boot-1", time.Now())
		pass(time.Minute)
		r.stop()
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "boot-2", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		got := r.delivered()
		h.turn(to2036, wire.ClockNTP)
		pass(8 * time.Second)
		h.turn(0, wire.ClockNTP)
		pass(2 * time.Minute)
		got = append(got, r.delivered()...)
		wantNoFuture(t, got, time.Minute)
		if len(events(got, "clock-synced")) != 1 || len(events(got, "clock-step")) != 1 {
			t.Errorf("events %+v; want that a clock came, and that it stepped", got)
		}
	})
}

// A clock that stays in 2036 is held for the hour, whether or not the agent was
// killed meanwhile.
func TestARestartDoesNotShortenTheHour(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{source: wire.ClockNTP}
		on := time.Now()
		r.boot(h, "boot", on)
		pass(time.Minute)
		h.turn(to2036, wire.ClockNTP)
		pass(10 * time.Second)
		r.stop()
		r.boot(h, "boot", on)
		r.connect(wire.Hello{Generation: "g1"})
		pass(50 * time.Minute)
		wantNoFuture(t, r.delivered(), time.Minute)
		pass(10 * time.Minute)
		if got := r.delivered(); len(got) == 0 || time.Until(got[len(got)-1].Time()) < to2036/2 {
			t.Error("nothing is offered after the hour; want it by the clock that stood by its time")
		}
	})
}

func TestHowLongAFirstLookHasToStand(t *testing.T) {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	now := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name        string
		last, built time.Time
		source      wire.ClockSource
		want        time.Duration
	}{
		{"a restart", now.Add(-time.Second), now.Add(-2 * year), wire.ClockNTP, 0},
		{"off for a day", now.Add(-day), time.Time{}, wire.ClockNTP, 0},
		{"off for a season", now.Add(-200 * day), time.Time{}, wire.ClockNTP, settleTime},
		{"years ahead", now.Add(-9 * year), time.Time{}, wire.ClockNTP, farSettleTime},
		{"years ahead, by hand", now.Add(-9 * year), time.Time{}, wire.ClockRTC, farSettleTime},
		{"years ahead, as a receiver says", now.Add(-9 * year), time.Time{}, wire.ClockGNSS, settleTime},
		{"set back", now.Add(year), now.Add(-9 * year), wire.ClockNTP, 0},
		{"a new box", time.Time{}, now.Add(-100 * day), wire.ClockNTP, 0},
		{"a new box in 2036", time.Time{}, now.Add(-9 * year), wire.ClockNTP, settleTime},
		{"a new box, the program's age not known", time.Time{}, time.Time{}, wire.ClockNTP, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := &Timekeeper{clock: Clock{Built: tt.built}, before: tt.last}
			if got := k.doubt(now, tt.source); got != tt.want {
				t.Errorf("held for %s; want %s", got, tt.want)
			}
		})
	}
}

// A time service sets the clock, and then vouches for it.
func TestAClockIsVouchedForBeforeItIsRead(t *testing.T) {
	began := time.Now()
	set := false
	c := Clock{Boot: "boot", Start: began, Now: time.Now}
	c.Wall = func() time.Time {
		set = true // a moment after it was read
		return time.Unix(100, 0)
	}
	c.Source = func() wire.ClockSource {
		if set {
			return wire.ClockNTP
		}
		return wire.ClockNone
	}
	if wall, source, ok := newTimekeeper(c, "gw", time.Time{}, nil).Judge(began); ok {
		t.Errorf("believed %s, source %s; want nothing believed", wall, source)
	}
}

// Whatever is done to a clock, and whenever the agent is killed meanwhile.
func TestNoOrderOfClockFaultsAndRestartsOffersTheFuture(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed-", seed), func(t *testing.T) {
			inBubble(t, func(r *rig) { wrongClock(r, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func wrongClock(r *rig, random *rand.Rand) {
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	h := &hands{source: wire.ClockNTP}
	boots, on := 1, time.Now()
	start := func() {
		r.boot(h, fmt.Sprint("boot-", boots), on)
		r.connect(wire.Hello{Generation: "g1"})
	}
	var did []string
	var got []wire.Record
	live := func(d time.Duration) {
		for ; d > 0; d -= time.Second {
			pass(time.Second)
			for _, p := range r.broker.packs(r.t) {
				for _, rec := range p.Records {
					r.ack(p.Epoch, stored(rec.Seq, rec.Seq))
					got = append(got, rec)
					if off := time.Until(rec.Time()); off > 5*time.Minute && !r.t.Failed() {
						r.t.Errorf("record %d (%v, boot %s) is offered as of %s after %v", rec.Seq, rec.Kind, rec.Boot, rec.Time(), did)
					}
				}
			}
		}
	}
	start()
	live(12 * time.Second)
	for range 14 {
		what := random.IntN(8)
		did = append(did, fmt.Sprint(what))
		switch what {
		case 0, 1, 2: // killed
			r.stop()
			pass(between(time.Second, 3*time.Second))
			start()
		case 3:
			h.turn(between(time.Minute, 3*time.Minute), wire.ClockNTP)
		case 4:
			h.turn(-between(10*time.Minute, 2*time.Hour), wire.ClockNTP)
		case 5:
			h.turn(0, wire.ClockNTP)
		case 6: // switched on without a clock
			r.stop()
			h.turn(to1970(), wire.ClockNone)
			boots, on = boots+1, time.Now()
			start()
		case 7: // a moment of 2036, and perhaps killed in it
			h.turn(to2036, wire.ClockNTP)
			live(between(time.Second, 8*time.Second))
			if random.IntN(2) > 0 {
				r.stop()
				pass(time.Second)
				if random.IntN(2) > 0 {
					boots, on = boots+1, time.Now()
				}
				start()
				live(between(time.Second, 8*time.Second))
			}
			if random.IntN(2) > 0 {
				r.stop()
				h.turn(0, wire.ClockNTP)
				start()
			}
			h.turn(0, wire.ClockNTP)
		}
		live(between(time.Second, 40*time.Second))
	}
	h.turn(0, wire.ClockNTP)
	live(2 * time.Minute)
	if len(got) == 0 {
		r.t.Error("nothing was offered")
	}
}

// An hour ahead, set right, and then the power fails: the next start of the
// machine comes through the hour that was stamped before, and its records, ten
// seconds apart like the others, must not share their milliseconds.
func TestARestartAfterAClockThatRanAheadSharesNoMillisecond(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(time.Hour, wire.ClockNTP)
		r.boot(h, "b1", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		pass(30 * time.Minute)
		got := r.delivered()
		h.turn(0, wire.ClockNTP)
		pass(10 * time.Minute)
		got = append(got, r.delivered()...)
		r.stop()
		pass(30 * time.Second)
		r.boot(h, "b2", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		for range 15 {
			pass(6 * time.Minute)
			got = append(got, r.delivered()...)
		}
		wantDistinct(t, got)
		after := 0
		for _, rec := range readings(got) {
			if rec.Boot != "b2" {
				continue
			}
			after++
			if off := rec.Time().Sub(h.power.Add(rec.Mono)); off.Abs() > time.Second {
				t.Errorf("record %d is %s off the true time", rec.Seq, off)
			}
		}
		if after < 500 {
			t.Errorf("%d readings of the second start were delivered; want an hour and a half of them", after)
		}
	})
}
