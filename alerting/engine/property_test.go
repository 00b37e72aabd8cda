package engine

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

// testConfig has everything the rules can meet: several lines on both sides, a
// line without delay, a quantity without limits, two sites.
func testConfig() Config {
	line := func(s alerting.Side, l alerting.Level, v float64, m int) alerting.Limit {
		return alerting.Limit{Side: s, Level: l, Value: v, Delay: time.Duration(m) * time.Minute}
	}
	total := func(s alerting.Side, l alerting.Level, v float64, m, within int) alerting.Limit {
		x := line(s, l, v, m)
		x.Within, x.Reached = time.Duration(within)*time.Minute, true
		return x
	}
	return Config{
		Sites: []Site{{"a", 10 * time.Minute}, {"b", 20 * time.Minute}},
		Zones: []alerting.Zone{
			{ID: "a/room", Limits: map[sensors.Quantity][]alerting.Limit{
				sensors.Temperature: {
					line(alerting.High, alerting.Excursion, 7, 3), line(alerting.High, alerting.Warning, 4, 8), line(alerting.High, alerting.Excursion, 5, 12),
					line(alerting.Low, alerting.Warning, -1, 5),
					total(alerting.High, alerting.Warning, 3, 20, 120), total(alerting.High, alerting.Excursion, 6, 25, 300), total(alerting.Low, alerting.Excursion, -1, 9, 60),
				},
				sensors.Humidity: {line(alerting.High, alerting.Warning, 95, 0)},
			}, Product: &alerting.Product{Air: "a/room/air", TimeConstant: 7 * time.Minute, Limits: []alerting.Limit{
				line(alerting.High, alerting.Excursion, 5, 1), line(alerting.Low, alerting.Warning, 0, 0)}},
				Masks: map[sensors.Quantity]alerting.Mask{sensors.Door: {For: 20 * time.Minute, After: 3 * time.Minute, Above: 2}}},
			{ID: "b/box", Limits: map[sensors.Quantity][]alerting.Limit{
				sensors.Temperature: {line(alerting.Low, alerting.Excursion, 0, 0), line(alerting.High, alerting.Excursion, 5, 2)},
			}},
		},
		Points: []Point{
			{ID: "a/room/air", Quantity: sensors.Temperature, Zone: "a/room", Site: "a"},
			{ID: "a/room/hum", Quantity: sensors.Humidity, Zone: "a/room", Site: "a"},
			{ID: "a/room/door", Quantity: sensors.Door, Zone: "a/room", Site: "a"},
			{ID: "b/box/air", Quantity: sensors.Temperature, Zone: "b/box", Site: "b"},
			{ID: "b/box/core", Quantity: sensors.Temperature, Zone: "b/box", Site: "b", Period: 15 * time.Minute},
		},
	}
}

// event is one call of the engine: an Observe, or without a point an Advance,
// or Reconnected.
type event struct {
	r           sensors.Reading
	now         time.Time
	reconnected bool
}

// events turns bytes into a stream: live readings, holes, backlogs in order,
// late data, duplicates, bad and uncertain ones, clocks ahead.
func events(data []byte) []event {
	points := testConfig().Points
	now := day.Add(time.Minute)
	backlog := now // measured time of a backlog in progress
	var out []event
	for len(data) >= 3 {
		what, where, v := data[0], points[int(data[1])%len(points)].ID, float64(int8(data[2]))/8
		data = data[3:]
		t := now
		switch what % 16 {
		case 0:
			now = now.Add(time.Duration(int(v*8)&63) * time.Minute)
			out = append(out, event{now: now})
			continue
		case 1:
			out = append(out, event{now: now, reconnected: true})
			continue
		case 2, 3: // a backlog begins
			backlog = now.Add(-time.Duration(1+int(what>>4)) * 20 * time.Minute)
			t = backlog
		case 4, 5, 6, 7, 8: // and goes on
			backlog = backlog.Add(time.Minute)
			t = backlog
		case 9: // twice
			if len(out) > 0 && out[len(out)-1].r.Point != "" {
				out = append(out, out[len(out)-1])
			}
			continue
		case 10:
			t = now.Add(time.Duration(what>>4) * 20 * time.Second)
		default:
			now = now.Add(time.Duration(1+what>>4) * 15 * time.Second)
			t = now
		}
		r := sensors.NewGood(where, t, v)
		switch what >> 4 {
		case 1:
			r = sensors.NewBad(where, t, sensors.Timeout)
		case 2:
			r = sensors.NewUncertain(where, t, v, sensors.FlatLine)
		}
		if where == "a/room/hum" {
			r = sensors.NewGood(where, t, 80+2*v)
		}
		out = append(out, event{r: r, now: now})
	}
	return out
}

func (ev event) apply(e *Engine) []alerting.Transition {
	switch {
	case ev.reconnected:
		e.Reconnected(ev.now)
		return nil
	case ev.r.Point == "":
		return e.Advance(ev.now)
	}
	return e.Observe(ev.r, ev.now)
}

func newEngine(t testing.TB, cfg Config, start time.Time) *Engine {
	t.Helper()
	e, err := New(cfg, start)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// save merges what changed into a store.
func save(e *Engine, store map[string][]byte) {
	for key, blob := range e.Dirty() {
		if blob == nil {
			delete(store, key)
			continue
		}
		store[key] = slices.Clone(blob)
	}
}

// play runs a stream, restarting before event number restart (never when < 0).
// In the end every point says how it stands.
func play(t testing.TB, stream []event, restart int) []alerting.Transition {
	t.Helper()
	out, _ := playStatus(t, stream, restart)
	return out
}

func playStatus(t testing.TB, stream []event, restart int) ([]alerting.Transition, []PointStatus) {
	t.Helper()
	e, store := newEngine(t, testConfig(), day), map[string][]byte{}
	var out []alerting.Transition
	for i, ev := range stream {
		if i == restart {
			save(e, store)
			e = newEngine(t, testConfig(), day)
			if err := e.Restore(store); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, ev.apply(e)...)
		if i%3 == 0 {
			save(e, store) // commits come in between
		}
	}
	var status []PointStatus
	for _, p := range testConfig().Points {
		status = append(status, e.Status(p.ID))
	}
	return out, status
}

// violation names the first broken promise in a list of transitions, or "".
func violation(list []alerting.Transition) string {
	type subject struct {
		rule   alerting.RuleName
		object string
	}
	present := map[string]alerting.Alarm{}
	live := map[subject]string{}
	born := map[string]time.Time{}
	for i, tr := range list {
		a := tr.Alarm
		was, isOpen := present[a.ID]
		who := subject{a.Rule, a.Object}
		first := a.Start // an alarm's start moves back, its identity does not
		if isOpen {
			if first = born[a.ID]; a.Start.After(was.Start) {
				return fmt.Sprintf("%d: begins later than before: %+v", i, tr)
			}
		}
		if !isOpen {
			born[a.ID] = first
		}
		if a.ID != alerting.AlarmID(a.Rule, a.Object, first) {
			return fmt.Sprintf("%d: identity is not of rule, object and first start: %+v", i, tr)
		}
		switch tr.Change {
		case alerting.Raised:
			if isOpen && !(was.Class == alerting.Late && a.Class == alerting.Live) {
				return fmt.Sprintf("%d: raised twice: %+v", i, tr)
			}
			if tr.At.Sub(a.Start) < a.Delay {
				return fmt.Sprintf("%d: raised before its delay: %+v", i, tr)
			}
			if other := live[who]; a.Class == alerting.Live && other != "" {
				return fmt.Sprintf("%d: a second live alarm beside %s: %+v", i, other, tr)
			}
			if a.Class == alerting.Live {
				live[who] = a.ID
			}
		default:
			if !isOpen {
				return fmt.Sprintf("%d: %s without raised: %+v", i, tr.Change, tr)
			}
			if was.Class != a.Class {
				return fmt.Sprintf("%d: %s changes the class: %+v", i, tr.Change, tr)
			}
		}
		if tr.Change == alerting.Escalated && !(a.Level.MoreSevere(was.Level) || a.Level == was.Level && a.Limit != was.Limit) {
			return fmt.Sprintf("%d: escalated to nothing more severe: %+v", i, tr)
		}
		if a.State.Present() != (tr.Change != alerting.Returned) || a.State.Present() != a.Returned.IsZero() {
			return fmt.Sprintf("%d: state %s with %s and returned %s", i, a.State, tr.Change, a.Returned)
		}
		if a.HasValue && (a.Rule == alerting.HighLimit && a.Peak <= a.Limit || a.Rule == alerting.LowLimit && a.Peak >= a.Limit ||
			a.Rule == alerting.HighTotal && a.Peak < a.Limit || a.Rule == alerting.LowTotal && a.Peak > a.Limit) {
			return fmt.Sprintf("%d: the worst value is not outside: %+v", i, tr)
		}
		if tr.Change != alerting.Returned {
			present[a.ID] = a
			continue
		}
		if a.Returned.Before(a.Start) {
			return fmt.Sprintf("%d: returned before it began: %+v", i, tr)
		}
		delete(present, a.ID)
		if live[who] == a.ID {
			delete(live, who)
		}
	}
	return ""
}

// randomStream leans to long runs of one point, which is where alarms are.
func randomStream(seed uint64, n int) []event {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var data []byte
	point, value := byte(rnd.Uint32()), byte(rnd.Uint32())
	for range n {
		if rnd.IntN(12) == 0 {
			point = byte(rnd.Uint32())
		}
		if rnd.IntN(10) == 0 {
			value = byte(rnd.IntN(90) - 20)
		}
		data = append(data, byte(rnd.Uint32()), point, value)
	}
	return events(data)
}

func TestPromisesHoldForRandomStreams(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(400) {
		list := play(t, randomStream(seed, 400), -1)
		if v := violation(list); v != "" {
			t.Fatalf("seed %d: %s", seed, v)
		}
		for _, tr := range list {
			count[fmt.Sprint(tr.Change, " ", tr.Alarm.Class, " ", tr.Alarm.Rule)]++
		}
	}
	// The streams must reach everything, or they prove nothing.
	for _, c := range []string{"raised", "escalated", "updated", "returned"} {
		for _, class := range []string{"live", "late"} {
			for _, rule := range []string{"high-limit", "low-limit"} {
				if c == "escalated" && rule == "low-limit" {
					continue // has one line
				}
				if k := c + " " + class + " " + rule; count[k] == 0 {
					t.Errorf("no random stream has %q", k)
				}
			}
		}
	}
	for _, k := range []string{"raised live high-total", "escalated live high-total", "returned live high-total", "raised late high-total", "returned late high-total",
		"raised live estimate-high", "returned live estimate-high", "raised live estimate-low", "raised live low-total", "raised late low-total",
		"raised live silence", "returned live silence", "raised live site-silent", "returned live site-silent"} {
		if count[k] == 0 {
			t.Errorf("no random stream has %q", k)
		}
	}
}

func TestARestartAtAnyPositionChangesNothing(t *testing.T) {
	for seed := range uint64(12) {
		stream := randomStream(seed, 150)
		want, stands := playStatus(t, stream, -1)
		for k := range stream {
			got, status := playStatus(t, stream, k)
			if !slices.Equal(got, want) {
				t.Fatalf("seed %d: restart before event %d changes the transitions:\n%v\nwithout:\n%v", seed, k, got, want)
			}
			if !slices.Equal(status, stands) {
				t.Fatalf("seed %d: restart before event %d changes how points stand:\n%v\nwithout:\n%v", seed, k, status, stands)
			}
		}
	}
}

// TestOrderAmongPointsDoesNotMatter permutes what arrives in the same instant
// from different points: each object's own transitions stay the same.
func TestOrderAmongPointsDoesNotMatter(t *testing.T) {
	byObject := func(list []alerting.Transition) map[string][]alerting.Transition {
		out := map[string][]alerting.Transition{}
		for _, tr := range list {
			out[tr.Alarm.Object] = append(out[tr.Alarm.Object], tr)
		}
		return out
	}
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		stream := randomStream(seed, 300)
		want := byObject(play(t, stream, -1))
		for range 5 {
			mixed := slices.Clone(stream)
			for range 2000 {
				i := rnd.IntN(len(mixed) - 1)
				x, y := mixed[i], mixed[i+1]
				if x.r.Point.Zone() == y.r.Point.Zone() && (x.r.Point.Name() == "door" || y.r.Point.Name() == "door") {
					continue // a mask holds for what comes after it
				}
				both := x.r.Point != "" && y.r.Point != ""
				if both && x.r.Point != y.r.Point && (x.now.Equal(y.now) || x.r.Point.Site() != y.r.Point.Site()) {
					mixed[i], mixed[i+1] = y, x
				}
			}
			got := byObject(play(t, mixed, -1))
			if !maps.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("seed %d: another order among points changes the transitions", seed)
			}
		}
	}
}

// TestTimeOfArrivalDoesNotChangeWhatHappened plays the same measured day once
// as it happens and once as a backlog in order: the same excursions with the
// same identity, start, return and worst value; only the class differs.
func TestTimeOfArrivalDoesNotChangeWhatHappened(t *testing.T) {
	type excursion struct {
		id              string
		start, returned time.Time
		peak            float64
		level           alerting.Level
	}
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var day1 []sensors.Reading
		v := 2.0
		for m := range 600 {
			v += rnd.NormFloat64()*0.4 + (2-v)*0.02
			if rnd.IntN(40) != 0 {
				day1 = append(day1, sensors.NewGood("a/room/air", day.Add(time.Duration(m)*time.Minute+time.Second), v))
			}
		}
		run := func(arrives func(time.Time) time.Time) []excursion {
			e := newEngine(t, testConfig(), day)
			var out []excursion
			note := func(list []alerting.Transition) {
				for _, tr := range list {
					if a := tr.Alarm; tr.Change == alerting.Returned && a.HasValue {
						out = append(out, excursion{a.ID, a.Start, a.Returned, a.Peak, a.Level})
					}
				}
			}
			for _, r := range day1 {
				note(e.Observe(r, arrives(r.Time)))
				note(e.Advance(arrives(r.Time)))
			}
			return out
		}
		live := run(func(m time.Time) time.Time { return m })
		late := run(func(time.Time) time.Time { return day.Add(20 * time.Hour) })
		if !slices.Equal(live, late) {
			t.Fatalf("seed %d: live %v\nbacklog %v", seed, live, late)
		}
		if seed == 0 && len(live) == 0 {
			t.Error("nothing happened on that day: it proves nothing")
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("\x0b\x00\x40\x0b\x00\x40\x00\x00\x20\x0b\x00\x40\x02\x00\x40"), uint16(3))
	f.Add(slices.Repeat([]byte{0xfb, 0, 70}, 60), uint16(20))
	f.Add(slices.Concat(slices.Repeat([]byte{0xfb, 3, 70}, 5), []byte{0xf2, 3, 70}, slices.Repeat([]byte{4, 3, 70}, 20), []byte{0, 0, 30}), uint16(9))
	f.Fuzz(func(t *testing.T, data []byte, restart uint16) {
		if len(data) > 3000 {
			return
		}
		stream := events(data)
		want := play(t, stream, -1)
		if v := violation(want); v != "" {
			t.Fatal(v)
		}
		if got := play(t, stream, int(restart)); !slices.Equal(got, want) {
			t.Fatalf("restart before event %d:\n%v\nwithout:\n%v", restart, got, want)
		}
	})
}
