package edge

import (
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func TestAReceiverTellsTheTimeWhereTheNetworkDoesNot(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "b1", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Minute)
		late := -400 * time.Millisecond
		h.mu.Lock()
		h.gnss = &late
		h.mu.Unlock()
		pass(time.Minute)
		h.mu.Lock()
		h.gnss = nil // the truck is in a tunnel
		h.mu.Unlock()
		pass(time.Minute)
		got := r.delivered()
		sources := map[wire.ClockSource]int{}
		for _, rec := range readings(got) {
			sources[rec.Clock]++
			if off := rec.Time().Sub(h.power.Add(rec.Mono)); off.Abs() > time.Second {
				t.Errorf("record %d is %s off", rec.Seq, off)
			}
		}
		if sources[wire.ClockGNSS] < 10 || sources[wire.ClockRTC] < 4 || sources[wire.ClockNone] > 0 {
			t.Errorf("sources %v; want gnss, then rtc without it", sources)
		}
		wantDistinct(t, got)
	})
}

func TestAReceiverOverrulesANetworkThatLies(t *testing.T) {
	inBubble(t, func(r *rig) {
		h, exact := &hands{}, time.Duration(0)
		h.gnss = &exact
		h.turn(time.Hour, wire.ClockNTP)
		r.boot(h, "b1", time.Now())
		if wall, source, ok := r.agent.keeper.Judge(r.options.Clock.Now()); !ok || source != wire.ClockGNSS || time.Until(wall).Abs() > time.Second {
			t.Errorf("judged %s %s %v; want the receiver's time", wall, source, ok)
		}
		h.turn(0, wire.ClockNTP)
		pass(2 * time.Second)
		if _, source, _ := r.agent.keeper.Judge(r.options.Clock.Now()); source != wire.ClockNTP {
			t.Errorf("source %s; want the kernel's, the finer clock, while both agree", source)
		}
	})
}

func TestAClockThatLosesItsNetworkRunsOn(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(0, wire.ClockNTP)
		r.boot(h, "b1", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Minute)
		h.turn(0, wire.ClockNone)
		pass(time.Minute)
		h.turn(-26*time.Hour, wire.ClockNone) // somebody sets it by hand
		pass(time.Minute)
		got := readings(r.delivered())
		last := got[len(got)-1]
		if last.Clock != wire.ClockRTC || last.Time().Sub(h.power.Add(last.Mono)).Abs() > time.Second {
			t.Errorf("the newest reading is %+v; want the true time, free-running", last)
		}
	})
}

func TestASmallStepBackStillIncreases(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(0, wire.ClockNTP)
		r.boot(h, "b1", time.Now())
		r.stop()
		k := newTimekeeper(h.clock("b1"), "gw", time.Time{}, nil)
		one := func() wire.Record {
			now := k.clock.Now()
			rec := wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(air, now, 1)}
			k.Stamp(&rec, now, now)
			return rec
		}
		first, same := one(), one()
		pass(100 * time.Millisecond)
		h.turn(-time.Second, wire.ClockNTP)
		k.Observe()
		third := one()
		if d := same.Time().Sub(first.Time()); d != time.Millisecond {
			t.Errorf("two readings of one moment are %s apart; want 1 ms", d)
		}
		if d := third.Time().Sub(same.Time()); d != time.Millisecond || !third.Reconstructed {
			t.Errorf("after a second back the next is %s later, reconstructed=%v; want 1 ms and marked", d, third.Reconstructed)
		}
		if len(k.Events()) != 0 {
			t.Error("a second is no step")
		}
	})
}

// Every few readings of a clock, the processor is gone for 30 ms.
func TestALostTimeSliceMovesNoStamp(t *testing.T) {
	for _, own := range []bool{false, true} { // whether the wall clock is another one than Now's
		began := time.Now()
		passed, looked := time.Duration(0), 0
		look := func() time.Duration {
			seen := passed
			if looked++; looked%7 == 0 {
				passed += 30 * time.Millisecond
			}
			passed += time.Microsecond
			return seen
		}
		c := Clock{Boot: "boot", Start: began, Now: func() time.Time { return began.Add(look()) },
			Uptime: func() time.Duration { return time.Hour + look() }, Source: func() wire.ClockSource { return wire.ClockNTP }}
		if own {
			c.Wall = func() time.Time { return began.Add(look()).Round(0) }
		}
		k := newTimekeeper(c, "gw", time.Time{}, nil)
		for range 50 {
			k.Observe()
			now := c.Now()
			wall, _, ok := k.Judge(now)
			if off := wall.Sub(now.Round(0)); !ok || off > time.Millisecond || off < -time.Millisecond {
				t.Fatalf("own wall clock %v: stamped %s beside the truth", own, off)
			}
		}
	}
}

// More is held than fits into one message when the session begins, so it is
// divided into lanes; when the clock comes, the session goes on.
func TestRecordsHeldWhenTheSessionBeganAreDeliveredOnceTheyArePlaced(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{source: wire.ClockNone}
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "boot", time.Now())
		pass(2 * time.Hour)
		r.connect(wire.Hello{Generation: "g1"})
		if got := r.delivered(); len(got) != 0 {
			t.Errorf("%d records were offered without a time", len(got))
		}
		h.turn(0, wire.ClockNTP)
		for range 20 { // every message is acknowledged within a second
			_ = r.delivered()
		}
		if n := r.agent.Undelivered(); n > 20 {
			t.Errorf("%d records are not delivered though the clock has come and the county answers", n)
		}
	})
}
