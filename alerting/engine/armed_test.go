package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// arming changes when the limits of a zone hold, before an event of a stream.
type arming struct {
	before int
	zone   string
	line   alerting.Timeline
}

// armings are changes as they come: mostly about now, some about the past.
func armings(seed uint64, stream []event) (out []arming) {
	rnd := rand.New(rand.NewPCG(seed, 9))
	lines := map[string]alerting.Timeline{}
	for i := range stream {
		if rnd.IntN(15) != 0 {
			continue
		}
		zone := []string{"a/room", "b/box"}[rnd.IntN(2)]
		at := stream[i].now
		if rnd.IntN(3) == 0 {
			at = at.Add(-time.Duration(rnd.IntN(40)) * time.Minute)
		}
		l := append(slices.Clone(lines[zone]), alerting.Switch{At: at, On: rnd.IntN(2) == 0})
		slices.SortStableFunc(l, func(x, y alerting.Switch) int { return x.At.Compare(y.At) })
		lines[zone] = l
		out = append(out, arming{i, zone, l})
	}
	return out
}

// playArmed runs a stream with its armings, restarting before event restart.
func playArmed(t testing.TB, stream []event, list []arming, restart int) []alerting.Transition {
	t.Helper()
	e, store, lines := newEngine(t, testConfig(), day), map[string][]byte{}, map[string]alerting.Timeline{}
	set := func() {
		for zone, l := range lines {
			for _, q := range []sensors.Quantity{sensors.Temperature, sensors.Humidity} {
				if err := e.SetArmed(zone, q, l); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var out []alerting.Transition
	for i, ev := range stream {
		if i == restart {
			save(e, store)
			e = newEngine(t, testConfig(), day)
			set()
			if err := e.Restore(store); err != nil {
				t.Fatal(err)
			}
		}
		for len(list) > 0 && list[0].before == i {
			lines[list[0].zone] = list[0].line
			set()
			list = list[1:]
		}
		out = append(out, ev.apply(e)...)
		if i%3 == 0 {
			save(e, store)
		}
	}
	return out
}

func TestPromisesHoldWhileLimitsComeAndGo(t *testing.T) {
	ended, begun := 0, 0
	for seed := range uint64(300) {
		stream := randomStream(seed, 300)
		list := armings(seed, stream)
		got := playArmed(t, stream, list, -1)
		if v := violationOf(got); v != "" {
			t.Fatalf("seed %d: %s", seed, v)
		}
		for _, tr := range got {
			for _, a := range list {
				for _, s := range a.line {
					if tr.Alarm.HasValue && tr.Alarm.Zone == a.zone && tr.Change == alerting.Returned && tr.Alarm.Returned.Equal(s.At) {
						ended++
					}
					if tr.Alarm.HasValue && tr.Alarm.Zone == a.zone && tr.Change == alerting.Raised && tr.Alarm.Start.Equal(s.At) {
						begun++
					}
				}
			}
		}
	}
	if ended == 0 || begun == 0 {
		t.Errorf("%d alarms ended and %d began with a switch: the streams prove nothing", ended, begun)
	}
}

// violationOf is violation, for alarms that may be raised again after their
// end: where it becomes known later that their limits held on.
func violationOf(list []alerting.Transition) string {
	var once []alerting.Transition
	over := map[string]bool{}
	for _, tr := range list {
		if over[tr.Alarm.ID] {
			continue
		}
		over[tr.Alarm.ID] = tr.Change == alerting.Returned
		once = append(once, tr)
	}
	return violation(once)
}

func TestARestartWhileLimitsComeAndGoChangesNothing(t *testing.T) {
	for seed := range uint64(8) {
		stream := randomStream(seed, 120)
		list := armings(seed, stream)
		want := playArmed(t, stream, list, -1)
		for k := range stream {
			if got := playArmed(t, stream, list, k); !slices.Equal(got, want) {
				t.Fatalf("seed %d: restart before event %d changes the transitions:\n%v\nwithout:\n%v", seed, k, got, want)
			}
		}
	}
}

// TestNothingRingsThatWasNeverArmed: with limits that never hold, no limit rings
// and silence does as before.
func TestNothingRingsThatWasNeverArmed(t *testing.T) {
	silent := 0
	for seed := range uint64(60) {
		stream := randomStream(seed, 300)
		var list []arming
		for _, zone := range []string{"a/room", "b/box"} {
			list = append(list, arming{0, zone, alerting.Timeline{{On: false}}})
		}
		for _, tr := range playArmed(t, stream, list, -1) {
			if tr.Alarm.HasValue {
				t.Fatalf("seed %d: %+v", seed, tr)
			}
			silent++
		}
	}
	if silent == 0 {
		t.Error("nothing fell silent either: it proves nothing")
	}
}

// TestArmedBeforeAndAfterIsTheSame: whether arming is known at its time or only
// later, an excursion that still goes on is the same alarm.
func TestArmedBeforeAndAfterIsTheSame(t *testing.T) {
	run := func(knownAfter int) (out []alerting.Alarm) {
		e := newEngine(t, testConfig(), day)
		line := alerting.Timeline{{At: day, On: false}}
		for m := 1; m < 120; m++ {
			if m == 60+knownAfter {
				line = append(line, alerting.Switch{At: day.Add(time.Hour), On: true})
			}
			if err := e.SetArmed("a/room", sensors.Temperature, line); err != nil {
				t.Fatal(err)
			}
			at := day.Add(time.Duration(m)*time.Minute + time.Second)
			for _, tr := range e.Observe(sensors.NewGood("a/room/air", at, 20), at) {
				switch {
				case tr.Change != alerting.Raised:
				case tr.Alarm.Rule == alerting.HighLimit:
					out = append(out, tr.Alarm)
				case tr.Alarm.Rule == alerting.EstimateHigh && tr.Alarm.Start.Before(day.Add(time.Hour+10*time.Minute)):
					t.Errorf("goods that came at 01:00, nobody knows how warm, are said to be too warm: %+v", tr.Alarm)
				}
			}
		}
		return out
	}
	want := run(0)
	if len(want) != 1 || !want[0].Start.Equal(day.Add(time.Hour)) || want[0].Raised.Sub(want[0].Start) < 3*time.Minute {
		t.Fatalf("armed at 01:00 while outside: %+v", want)
	}
	for _, later := range []int{1, 5, 40} {
		got := run(later)
		if len(got) != 1 || got[0].ID != want[0].ID || !got[0].Start.Equal(want[0].Start) {
			t.Errorf("known %d min later: %+v, want %+v", later, got, want)
		}
	}
}

func TestSwitchesComeInOrder(t *testing.T) {
	e := newEngine(t, testConfig(), day)
	if err := e.SetArmed("a/room", sensors.Temperature, alerting.Timeline{{At: day.Add(time.Hour)}, {At: day}}); err == nil {
		t.Error("switches out of their order were taken")
	}
}
