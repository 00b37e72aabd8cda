package collector

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

// lanes gives an engine readings as an edge's lanes send them after three hours
// without a network: what each lane holds, in the order of the lanes. A reading
// a minute; outside says of each minute before the connection whether it was.
func lanes(t *testing.T, ahead, backlog [2]int, newestFirst bool, outside func(minute int) bool) (out []alerting.Transition) {
	t.Helper()
	now := time.Date(2026, 1, 10, 6, 0, 0, 0, time.UTC)
	judge, err := engine.New(engine.Config{
		Points: []engine.Point{{ID: air, Quantity: sensors.Temperature, Zone: air.Zone(), Site: "balagong"}},
		Zones: []alerting.Zone{{ID: air.Zone(), Limits: map[sensors.Quantity][]alerting.Limit{
			sensors.Temperature: {{Side: alerting.High, Level: alerting.Excursion, Value: -15, Delay: 30 * time.Minute}},
		}}},
		Sites: []engine.Site{{ID: "balagong", SilentAfter: 24 * time.Hour}},
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	received := now
	observe := func(minute int) {
		v := -18.5
		if outside(minute) {
			v = -10
		}
		received = received.Add(10 * time.Millisecond)
		out = append(out, judge.Observe(sensors.NewGood(air, now.Add(-time.Duration(minute)*time.Minute), v), received)...)
	}
	for minute := 300; minute > 180; minute-- { // delivered before the network went
		observe(minute)
	}
	if newestFirst {
		observe(1)
	}
	for _, part := range [][2]int{ahead, backlog} {
		for minute := part[0]; minute > part[1]; minute-- {
			observe(minute)
		}
	}
	observe(0) // live
	for range 20 * 60 {
		received = received.Add(time.Second)
		out = append(out, judge.Advance(received)...)
	}
	return out
}

func TestAnExcursionThatGoesOnRingsLiveThoughTheBacklogComesAfterIt(t *testing.T) {
	outside := func(minute int) bool { return minute <= 100 }
	got := lanes(t, [2]int{160, 0}, [2]int{180, 160}, false, outside)
	if len(got) == 0 || got[0].Change != alerting.Raised || got[0].Alarm.Class != alerting.Live {
		t.Fatalf("transitions %+v; want it to ring", got)
	}
	start := time.Date(2026, 1, 10, 6, 0, 0, 0, time.UTC).Add(-100 * time.Minute)
	if !got[0].Alarm.Start.Equal(start) {
		t.Errorf("it began at %s; want %s, the first reading outside", got[0].Alarm.Start, start)
	}
	for _, c := range got[1:] {
		if c.Alarm.ID != got[0].Alarm.ID {
			t.Errorf("a second alarm: %+v", c)
		}
	}
}

func TestAnExcursionThatIsOverBecomesALateAlarmBehindTheNewestReading(t *testing.T) {
	outside := func(minute int) bool { return minute <= 100 && minute > 40 }
	got := lanes(t, [2]int{}, [2]int{180, 1}, true, outside)
	if len(got) < 2 {
		t.Fatalf("transitions %+v; want raised late and returned", got)
	}
	for _, c := range got {
		if c.Alarm.Class != alerting.Late {
			t.Errorf("%s of class %s; nobody is to be woken for it", c.Change, c.Alarm.Class)
		}
	}
	if got[0].Change != alerting.Raised || got[len(got)-1].Change != alerting.Returned {
		t.Errorf("%s first, %s last", got[0].Change, got[len(got)-1].Change)
	}
}
