package watch

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

var day = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// testConfig has every rule, with and without a door, a probe and a set point.
func testConfig() Config {
	rules := Rules{
		RateOfRise: &RateOfRise{2, 10 * time.Minute}, PullDown: &PullDown{3, time.Hour},
		Condensation: &Condensation{0.5, 3 * time.Minute, 20 * time.Minute}, Compressor: &Compressor{2, 1, 6 * time.Minute},
	}
	point := func(id string, q sensors.Quantity) sensors.Point {
		return sensors.Point{ID: sensors.PointID(id), Quantity: q}
	}
	return Config{
		Zones: []Zone{
			{ID: "a/room", Product: "a/room/core", Rules: rules, Points: []sensors.Point{
				point("a/room/air", sensors.Temperature), point("a/room/core", sensors.Temperature), point("a/room/humidity", sensors.Humidity),
				point("a/room/compressor", sensors.Compressor), point("a/room/door", sensors.Door), point("a/room/defrost", sensors.Defrost),
				point("a/room/set", sensors.SetPoint),
			}},
			{ID: "b/box", Rules: rules, Points: []sensors.Point{
				point("b/box/air", sensors.Temperature), point("b/box/humidity", sensors.Humidity), point("b/box/compressor", sensors.Compressor),
			}},
		},
		Product: func(zone string, at time.Time) (float64, bool) {
			return 5 - float64(at.Minute())/10, zone == "b/box" && at.Hour()%2 == 0
		},
	}
}

// event is one call of the watch.
type event struct {
	r      sensors.Reading // without a point: no reading
	goods  []Stay          // of zone, when it is named
	zone   string
	report *Condition
	now    time.Time
}

func (ev event) apply(w *Watch) []alerting.Transition {
	switch {
	case ev.zone != "":
		w.SetGoods(ev.zone, ev.goods)
	case ev.report != nil:
		return w.Report(*ev.report, ev.now)
	case ev.r.Point != "":
		return w.Observe(ev.r, ev.now)
	}
	return w.Advance(ev.now)
}

// randomStream is a day of a county in which everything happens: rooms that
// warm and get cold, doors, defrosts, bookings, holes, backlogs, bad values.
func randomStream(seed uint64, n int) []event {
	rnd := rand.New(rand.NewPCG(seed, 7))
	now := day.Add(time.Minute)
	v := map[string]float64{"air": 2, "core": 20, "humidity": 80, "set": 2}
	slope := map[string]float64{}
	var out []event
	stays := map[string][]Stay{}
	for len(out) < n {
		now = now.Add(time.Duration(20+rnd.IntN(60)) * time.Second)
		if rnd.IntN(60) == 0 {
			now = now.Add(time.Duration(rnd.IntN(40)) * time.Minute)
		}
		if rnd.IntN(25) == 0 {
			slope["air"], slope["core"] = rnd.Float64()*1.2-0.5, rnd.Float64()*0.6-0.5
		}
		late := time.Duration(0)
		if rnd.IntN(30) == 0 {
			late = time.Duration(rnd.IntN(60)) * time.Minute
		}
		for _, p := range append(testConfig().Zones[0].Points, testConfig().Zones[1].Points...) {
			name := p.ID.Name()
			var value float64
			switch {
			case p.Quantity.IsState():
				value = v[string(p.ID)]
				if rnd.IntN(15) == 0 {
					value = 1 - value
				}
				v[string(p.ID)] = value
			default:
				value = min(60, max(-40, v[name]+slope[name]))
				if p.Quantity == sensors.Humidity {
					value = min(100, max(1, value+float64(rnd.IntN(9)-4)))
				}
				v[name] = value
			}
			r := sensors.NewGood(p.ID, now.Add(-late), value)
			switch rnd.IntN(40) {
			case 0:
				r = sensors.NewBad(p.ID, now.Add(-late), sensors.Timeout)
			case 1:
				r = sensors.NewUncertain(p.ID, now.Add(-late), value, sensors.FlatLine)
			case 2:
				r = sensors.NewUncertain(p.ID, now.Add(-late), value, sensors.CalibrationExpired)
			}
			out = append(out, event{r: r, now: now})
		}
		out = append(out, event{now: now})
		if rnd.IntN(40) == 0 {
			zone := []string{"a/room", "b/box"}[rnd.IntN(2)]
			list := append(slices.Clone(stays[zone]), Stay{Batch: fmt.Sprint(len(out)), From: now, Out: []string{"a/room", "b/box", ""}[rnd.IntN(3)]})
			if rnd.IntN(3) == 0 {
				list = nil
			}
			stays[zone] = list
			out = append(out, event{zone: zone, goods: list, now: now})
		}
		if rnd.IntN(10) == 0 {
			c := Condition{Rule: alerting.ClockWrong, Object: "a", Present: rnd.IntN(3) > 0, Reason: ClockNone, Delay: time.Minute}
			out = append(out, event{report: &c, now: now})
		}
	}
	return out
}

func newWatch(t testing.TB, cfg Config) *Watch {
	t.Helper()
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// play runs a stream, restarting before the events of which restart says so,
// and giving every reading again with some of the chance given.
func play(t testing.TB, stream []event, restart func(i int) bool, twice *rand.Rand) []alerting.Transition {
	t.Helper()
	w, state, goods := newWatch(t, testConfig()), map[string][]byte{}, map[string][]Stay{}
	save := func() {
		for key, blob := range w.Dirty() {
			if blob == nil {
				delete(state, key)
				continue
			}
			state[key] = slices.Clone(blob)
		}
	}
	var out []alerting.Transition
	for i, ev := range stream {
		if restart != nil && restart(i) {
			save()
			w = newWatch(t, testConfig())
			for zone, stays := range goods {
				w.SetGoods(zone, stays)
			}
			if err := w.Restore(maps.Clone(state)); err != nil {
				t.Fatal(err)
			}
		}
		if ev.zone != "" {
			goods[ev.zone] = ev.goods
		}
		out = append(out, ev.apply(w)...)
		if twice != nil && ev.r.Point != "" && twice.IntN(3) == 0 {
			out = append(out, ev.apply(w)...)
		}
		if i%3 == 0 {
			save() // commits come in between
		}
	}
	return out
}

// violation names the first broken promise in a list of transitions, or "".
func violation(list []alerting.Transition) string {
	present, open, wasMoved := map[string]alerting.Alarm{}, map[string]string{}, map[string]bool{}
	for i, tr := range list {
		a := tr.Alarm
		// One that was over before anybody knew may be told beside one of now.
		who := string(a.Rule) + " " + a.Object + " " + string(a.Class)
		was, isOpen := present[a.ID]
		if isOpen && was.Class != a.Class {
			delete(open, string(a.Rule)+" "+a.Object+" "+string(was.Class))
		}
		// Late readings may move its start back: it keeps its identity.
		if moved := isOpen && a.Start.Before(was.Start) || wasMoved[a.ID]; moved {
			wasMoved[a.ID] = true
		} else if a.ID != alerting.AlarmID(a.Rule, a.Object, a.Start) {
			return fmt.Sprintf("%d: identity is not of rule, object and start: %+v", i, tr)
		}
		switch tr.Change {
		case alerting.Raised:
			if isOpen && !(was.Class == alerting.Late && a.Class == alerting.Live) {
				return fmt.Sprintf("%d: raised twice: %+v", i, tr)
			}
			if other := open[who]; other != "" && other != a.ID {
				return fmt.Sprintf("%d: a second alarm beside %s: %+v", i, other, tr)
			}
			open[who] = a.ID
		default:
			if !isOpen || was.Class != a.Class {
				return fmt.Sprintf("%d: %s without raised in this class: %+v", i, tr.Change, tr)
			}
		}
		if tr.Change == alerting.Escalated && !a.Level.MoreSevere(was.Level) {
			return fmt.Sprintf("%d: escalated to nothing more severe: %+v", i, tr)
		}
		if a.State.Present() != (tr.Change != alerting.Returned) || a.State.Present() != a.Returned.IsZero() || a.Returned.After(tr.At) {
			return fmt.Sprintf("%d: state %s with %s and returned %s at %s", i, a.State, tr.Change, a.Returned, tr.At)
		}
		present[a.ID] = a
		if tr.Change == alerting.Returned {
			if a.Returned.Before(a.Start) {
				return fmt.Sprintf("%d: returned before it began: %+v", i, tr)
			}
			delete(present, a.ID)
			delete(open, who)
		}
	}
	return ""
}

func TestPromisesHoldForRandomStreams(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(60) {
		list := play(t, randomStream(seed, 3000), nil, nil)
		if v := violation(list); v != "" {
			t.Fatalf("seed %d: %s", seed, v)
		}
		for _, tr := range list {
			count[fmt.Sprint(tr.Change, " ", tr.Alarm.Class, " ", tr.Alarm.Rule)]++
			if tr.Alarm.Reason != "" && tr.Alarm.Rule == alerting.PullDown {
				count[string(tr.Alarm.Reason)]++
			}
		}
	}
	// The streams must reach everything, or they prove nothing.
	for _, rule := range []alerting.RuleName{alerting.RateOfRise, alerting.PullDown, alerting.Condensation, alerting.CompressorSilent, alerting.ClockWrong, alerting.CalibrationExpired} {
		for _, change := range []alerting.Change{alerting.Raised, alerting.Returned} {
			if k := fmt.Sprint(change, " live ", rule); count[k] == 0 {
				t.Errorf("no random stream has %q", k)
			}
		}
	}
	for _, k := range []string{"escalated live pull-down", string(ByProbe), string(ByEstimate), string(ByAir)} {
		if count[k] == 0 {
			t.Errorf("no random stream has %q", k)
		}
	}
}

func TestRestartsChangeNothing(t *testing.T) {
	for seed := range uint64(4) {
		stream := randomStream(seed, 1500)
		want := play(t, stream, nil, nil)
		if len(want) == 0 {
			t.Fatalf("seed %d: nothing happens: it proves nothing", seed)
		}
		same := func(when string, restart func(int) bool) {
			if got := play(t, stream, restart, nil); !slices.Equal(got, want) {
				t.Fatalf("seed %d: restarted %s, the transitions change:\n%v\nwithout:\n%v", seed, when, got, want)
			}
		}
		same("before every event", func(int) bool { return true })
		for k := int(seed); k < len(stream); k += 23 { // and once, with all that came after it
			same(fmt.Sprintf("before event %d", k), func(i int) bool { return i == k })
		}
	}
}

func TestWhatComesTwiceChangesNothing(t *testing.T) {
	for seed := range uint64(40) {
		stream := randomStream(seed, 2000)
		want := play(t, stream, nil, nil)
		if got := play(t, stream, nil, rand.New(rand.NewPCG(seed, 9))); !slices.Equal(got, want) {
			t.Fatalf("seed %d: duplicates change the transitions:\n%v\nwithout:\n%v", seed, got, want)
		}
	}
}

// TestLossOfDataRaisesAndEndsNothing stops every stream somewhere: the hours
// after it bring no alarm of goods and end none.
func TestLossOfDataRaisesAndEndsNothing(t *testing.T) {
	for seed := range uint64(30) {
		w := newWatch(t, testConfig())
		stream := randomStream(seed, 1500)
		for _, ev := range stream {
			ev.apply(w)
		}
		now := stream[len(stream)-1].now
		w.Advance(now.Add(time.Minute)) // what was held back is decided
		for m := range 600 {
			if list := w.Advance(now.Add(time.Duration(m+1) * time.Minute)); len(list) > 0 {
				t.Fatalf("seed %d: %d min after the last reading: %+v", seed, m, list)
			}
		}
	}
}

func FuzzRestore(f *testing.F) {
	w, _ := New(testConfig())
	for _, ev := range randomStream(1, 2000) {
		ev.apply(w)
	}
	for key, blob := range w.Dirty() {
		f.Add(key, blob)
	}
	f.Fuzz(func(t *testing.T, key string, blob []byte) {
		w := newWatch(t, testConfig())
		if err := w.Restore(map[string][]byte{Prefix + key: blob, key: blob}); err != nil {
			return
		}
		for _, ev := range randomStream(2, 300) {
			ev.apply(w)
		}
		w.Dirty()
	})
}
