package edge

import (
	"sync"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// hands are a wall clock that can be set, over the bubble's own time, which
// cannot.
type hands struct {
	mu     sync.Mutex
	power  time.Time // when the machine was switched on
	set    time.Duration
	source wire.ClockSource
	gnss   *time.Duration // a receiver's error; nil: it has no fix
}

// clock is a Clock of these hands, in a start of the machine named boot.
func (h *hands) clock(boot string) Clock {
	return Clock{
		Boot: boot, Now: time.Now,
		Wall: func() time.Time {
			h.mu.Lock()
			defer h.mu.Unlock()
			return time.Now().Add(h.set).Round(0)
		},
		Uptime: func() time.Duration { return time.Since(h.power) },
		Source: func() wire.ClockSource {
			h.mu.Lock()
			defer h.mu.Unlock()
			return h.source
		},
		References: []func() (time.Time, time.Time, bool){func() (time.Time, time.Time, bool) {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.gnss == nil {
				return time.Time{}, time.Time{}, false
			}
			return time.Now().Add(*h.gnss).Round(0), time.Now(), true
		}},
	}
}

// turn sets the wall clock to off the true time, as source.
func (h *hands) turn(off time.Duration, source wire.ClockSource) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set, h.source = off, source
}

// boot starts an agent whose machine has just been switched on, or goes on.
func (r *rig) boot(h *hands, name string, on time.Time) {
	r.t.Helper()
	h.power = on
	r.hands, r.bootName = h, name
	s := steady(air, 0)
	clock := h.clock(name)
	s.read = func(ctxT, int) sensors.Reading { return sensors.NewGood(air, clock.Now(), -18.5) }
	r.options.Devices[0].Sensor = s
	r.options.Devices[0].Interval = 10 * time.Second
	r.start()
}

// delivered connects, acknowledges whatever comes, and returns it.
func (r *rig) delivered() (out []wire.Record) {
	r.t.Helper()
	for range 20 {
		for _, p := range r.broker.packs(r.t) {
			for _, rec := range p.Records {
				r.ack(p.Epoch, stored(rec.Seq, rec.Seq))
				if rec.Seq > r.newest { // an older one waited for its acknowledgement
					r.newest, out = rec.Seq, append(out, rec)
				}
			}
		}
		pass(time.Second)
	}
	return out
}

func readings(records []wire.Record) (out []wire.Record) {
	for _, r := range records {
		if r.Kind == wire.ReadingRecord {
			out = append(out, r)
		}
	}
	return out
}

func events(records []wire.Record, name string) (out []wire.Record) {
	for _, r := range records {
		if r.Kind == wire.EventRecord && r.Event.Name == name {
			out = append(out, r)
		}
	}
	return out
}

// wantDistinct is the promise of whole milliseconds.
func wantDistinct(t *testing.T, records []wire.Record) {
	t.Helper()
	seen := map[int64]uint64{}
	for _, r := range readings(records) {
		ms := r.Time().UnixMilli()
		if other, twice := seen[ms]; twice && other != r.Seq {
			t.Errorf("records %d and %d share %s", other, r.Seq, r.Time())
		}
		seen[ms] = r.Seq
	}
}

func to1970() time.Duration { return time.Until(time.Unix(100, 0)) }

func TestABootIn1970IsHeldUntilTheClockHasComeAndThenPlaced(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "b1", time.Now().Add(-30*time.Second))
		began := time.Now()
		r.connect(wire.Hello{Generation: "g1"})
		pass(5 * time.Minute)
		s := r.broker.status(t)
		if got := r.broker.packs(t); len(got) != 0 {
			t.Fatalf("offered %+v without a clock", got)
		}
		if s.Clock != wire.ClockNone || s.Held == 0 || len(s.Provisional) != 1 || s.Provisional[0].Value == nil || *s.Provisional[0].Value != -18.5 {
			t.Errorf("status %+v; want the held count and the newest value", s)
		}
		h.turn(0, wire.ClockNTP)
		pass(3 * time.Second)
		got := r.delivered()
		if len(events(got, "clock-synced")) != 1 || len(events(got, "clock-step")) != 0 {
			t.Errorf("events %+v; want one, that the clock has come", events(got, "clock-synced"))
		}
		was := readings(got)
		if len(was) < 30 {
			t.Fatalf("%d readings; want those of five minutes", len(was))
		}
		if first := was[0]; first.Time().Sub(began).Abs() > 10*time.Millisecond || !first.Reconstructed || first.Clock != wire.ClockNTP || first.Mono != 30*time.Second {
			t.Errorf("the first reading is %+v; want it at %s, reconstructed", first, began)
		}
		if last := was[len(was)-1]; last.Reconstructed {
			t.Errorf("the newest reading is marked as reconstructed: %+v", last)
		}
		wantDistinct(t, got)
		pass(time.Minute)
		if s := r.broker.status(t); s.Kept == 0 || s.Kept != s.Next-1 {
			t.Errorf("status %+v; want how far back the journal reaches", s)
		}
		if s := r.broker.status(t); s.Held != 0 || len(s.Provisional) != 0 {
			t.Errorf("status %+v after the clock has come; want nothing provisional", s)
		}
	})
}

func TestARestartWithinTheBootIsPlacedByTheSameClock(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		on := time.Now()
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "b1", on)
		pass(65 * time.Second)
		r.stop()
		pass(time.Minute)
		r.boot(h, "b1", on)
		r.connect(wire.Hello{Generation: "g1"})
		pass(65 * time.Second)
		h.turn(0, wire.ClockNTP)
		pass(2 * time.Second)
		got := r.delivered()
		was := readings(got)
		if len(was) < 14 {
			t.Fatalf("%d readings; want those of both agents", len(was))
		}
		if d := was[0].Time().Sub(on).Abs(); d > 10*time.Millisecond {
			t.Errorf("the first agent's first reading is %s off", d)
		}
		for i, rec := range was[1:] {
			if !rec.Time().After(was[i].Time()) {
				t.Errorf("record %d at %s does not follow %s", rec.Seq, rec.Time(), was[i].Time())
			}
		}
		var gaps []wire.Gap
		for _, rec := range got {
			if rec.Kind == wire.GapRecord {
				gaps = append(gaps, rec.Gap)
			}
		}
		if len(gaps) != 1 || gaps[0].To.Sub(gaps[0].From) < time.Minute || gaps[0].To.Sub(gaps[0].From) > 75*time.Second {
			t.Errorf("gaps %+v; want the minute between the agents", gaps)
		}
	})
}

func TestABootThatNeverSyncedIsBoundedAndUncertain(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(0, wire.ClockNTP)
		r.boot(h, "b1", time.Now())
		pass(time.Minute)
		r.stop()
		ended := time.Now()
		pass(time.Hour)
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "b2", time.Now())
		pass(10 * time.Minute)
		r.stop()
		pass(time.Hour)
		h.turn(0, wire.ClockNTP)
		again := time.Now()
		r.boot(h, "b3", again)
		r.connect(wire.Hello{Generation: "g1"})
		pass(20 * time.Second)
		got := r.delivered()
		bounded := events(got, "clock-bounded")
		if len(bounded) != 1 || bounded[0].Event.Detail["boot"] != "b2" || bounded[0].Event.Detail["earliest"] == "" {
			t.Fatalf("events %+v; want the bounds of b2", bounded)
		}
		n := 0
		for _, rec := range readings(got) {
			if rec.Boot != "b2" {
				continue
			}
			n++
			if rec.Reading.Quality != sensors.Uncertain || rec.Reading.Reason != sensors.ClockUncertain || !rec.Reconstructed {
				t.Errorf("%+v; want uncertain, clock-unsynced, reconstructed", rec)
			}
			if rec.Time().Before(ended.Add(-time.Minute)) || rec.Time().After(again) {
				t.Errorf("placed at %s; want between %s and %s", rec.Time(), ended, again)
			}
		}
		if n < 55 {
			t.Errorf("%d readings of b2; want those of ten minutes", n)
		}
		wantDistinct(t, got)
	})
}

// Found by cutting a board's power: on a slow machine what is said of an
// earlier boot was durable before the gap was worked out, and the gap began
// there instead of at the last record.
func TestTheGapOfARestartComesBeforeWhatIsSaidOfEarlierBoots(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(to1970(), wire.ClockNone)
		r.boot(h, "b1", time.Now())
		pass(time.Minute)
		r.stop()
		pass(time.Hour)
		h.turn(0, wire.ClockNTP)
		r.boot(h, "b2", time.Now().Add(-30*time.Second))
		r.connect(wire.Hello{Generation: "g1"})
		pass(20 * time.Second)
		got := r.delivered()
		for i, rec := range got {
			if rec.Boot == "b1" {
				continue
			}
			if rec.Kind != wire.GapRecord || i == 0 || !rec.Gap.From.Equal(got[i-1].Time()) {
				t.Errorf("the new boot's first record is %+v after %+v; want the gap from the one to the other", rec, got[max(0, i-1)])
			}
			break
		}
		if n := len(events(got, "clock-bounded")); n != 1 {
			t.Errorf("%d boots were bounded; want b1", n)
		}
	})
}

func TestAClockSetBackAnHourIsDeclaredAndNothingSharesAMillisecond(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(time.Hour, wire.ClockNTP) // an hour ahead
		r.boot(h, "b1", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		pass(30 * time.Minute)
		got := r.delivered()
		h.turn(0, wire.ClockNTP)
		set := time.Now()
		for range 15 {
			pass(6 * time.Minute)
			got = append(got, r.delivered()...)
		}
		steps := events(got, "clock-step")
		if len(steps) != 1 || steps[0].Event.Detail["step_s"] != "-1h0m0s" || steps[0].Event.Detail["source"] != "ntp" {
			t.Errorf("events %+v; want one step of an hour back", steps)
		}
		wantDistinct(t, got)
		var last time.Time
		for _, rec := range readings(got) {
			if rec.Mono <= steps[0].Mono {
				continue
			}
			if !last.IsZero() && !rec.Time().After(last) {
				t.Errorf("record %d at %s does not follow %s", rec.Seq, rec.Time(), last)
			}
			last = rec.Time()
			if off := rec.Time().Sub(h.power.Add(rec.Mono)); off.Abs() > time.Second {
				t.Errorf("record %d is %s off the true time", rec.Seq, off)
			}
		}
		if last.Sub(set) < 80*time.Minute {
			t.Errorf("the newest reading is of %s; want delivery to go on", last)
		}
	})
}

func TestAClockSetForwardIsDeclared(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(-3*time.Hour, wire.ClockRTC)
		r.boot(h, "b1", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Minute)
		h.turn(0, wire.ClockNTP)
		pass(time.Minute)
		got := r.delivered()
		steps := events(got, "clock-step")
		if len(steps) != 1 || steps[0].Event.Detail["step_s"] != "3h0m0s" {
			t.Fatalf("events %+v; want one step of three hours", steps)
		}
		was := readings(got)
		if last := was[len(was)-1]; last.Time().Sub(h.power.Add(last.Mono)).Abs() > time.Second || last.Clock != wire.ClockNTP {
			t.Errorf("the newest reading is %+v; want NTP's time", last)
		}
		wantDistinct(t, got)
	})
}

func TestAClockThatWasIn2036ForAWhileHasToldNobody(t *testing.T) {
	inBubble(t, func(r *rig) {
		h := &hands{}
		h.turn(0, wire.ClockNTP)
		r.boot(h, "b1", time.Now())
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Minute)
		got := r.delivered()
		h.turn(time.Until(time.Date(2036, 2, 7, 6, 28, 16, 0, time.UTC)), wire.ClockNTP)
		pass(10 * time.Minute)
		h.turn(0, wire.ClockNTP)
		pass(2 * time.Minute)
		got = append(got, r.delivered()...)
		if n := len(events(got, "clock-step")); n != 2 {
			t.Errorf("%d steps; want one there and one back", n)
		}
		for _, rec := range got {
			if off := rec.Time().Sub(h.power.Add(rec.Mono)); off.Abs() > time.Second {
				t.Errorf("record %d is stamped %s", rec.Seq, rec.Time())
			}
		}
		if n := len(readings(got)); n < 75 {
			t.Errorf("%d readings; want all of 13 minutes", n)
		}
		wantDistinct(t, got)
	})
}

// The same moment in 2036, in which the agent was started.
func TestAnAgentStartedInAMomentOf2036HasToldNobody(t *testing.T) {
	inBubble(t, func(r *rig) {
		on := time.Now()
		h := &hands{source: wire.ClockNTP}
		r.boot(h, "boot", on)
		pass(time.Minute)
		r.stop()
		h.turn(10*365*24*time.Hour, wire.ClockNTP)
		r.boot(h, "boot", on)
		pass(20 * time.Second)
		h.turn(0, wire.ClockNTP)
		pass(2 * time.Minute)
		r.connect(wire.Hello{Generation: "g1"})
		got := r.delivered()
		if len(readings(got)) < 15 {
			t.Errorf("%d readings; want those of three minutes", len(readings(got)))
		}
		for _, rec := range got {
			if off := time.Until(rec.Time()); off > time.Minute {
				t.Errorf("record %d (%v) is told to be of %s", rec.Seq, rec.Kind, rec.Time())
			}
		}
	})
}
