package watch

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// The alarm of a compressor is there since 08:20; a backlog shows that it stood
// still since 08:03. It is the same alarm, with an earlier start and its own name.
func TestLateReadingsMoveTheStart(t *testing.T) {
	const air, machine = sensors.PointID("a/room/air"), sensors.PointID("a/room/compressor")
	w, err := New(Config{Zones: []Zone{{ID: "a/room", Rules: Rules{Compressor: &Compressor{SetPoint: 2, Differential: 1, Silent: 30 * time.Minute}},
		Points: []sensors.Point{{ID: air, Quantity: sensors.Temperature}, {ID: machine, Quantity: sensors.Compressor}}}}})
	if err != nil {
		t.Fatal(err)
	}
	eight := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	var told []alerting.Transition
	read := func(minute int, celsius, runs float64, received time.Time) {
		at := eight.Add(time.Duration(minute) * time.Minute)
		if received.IsZero() {
			received = at
		}
		told = append(told, w.Observe(sensors.NewGood(air, at, celsius), received)...)
		told = append(told, w.Observe(sensors.NewGood(machine, at, runs), received)...)
	}
	for m := range 3 {
		read(m, 3.9, 1, time.Time{})
	}
	for m := 20; m <= 51; m++ {
		read(m, 3.9, 0, time.Time{})
	}
	if len(told) == 0 || told[0].Change != alerting.Raised {
		t.Fatalf("%+v", told)
	}
	id := told[0].Alarm.ID
	for m := 3; m < 20; m++ {
		read(m, 3.9, 0, eight.Add(52*time.Minute))
	}
	told = w.Advance(eight.Add(53 * time.Minute))
	if len(told) != 1 || told[0].Change != alerting.Updated || told[0].Alarm.ID != id || !told[0].Alarm.Start.Equal(eight.Add(3*time.Minute)) {
		t.Fatalf("%+v; want the start at 08:03 of alarm %s", told, id)
	}
	// It goes on after a restart under the same name.
	again, err := New(Config{Zones: []Zone{w.zones["a/room"].cfg}})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(w.Dirty()); err != nil {
		t.Fatal(err)
	}
	w, told = again, nil
	for m := 53; m < 62; m++ {
		read(m, 2, 1, time.Time{})
	}
	if n := len(told); n == 0 || told[n-1].Change != alerting.Returned || told[n-1].Alarm.ID != id || !told[n-1].Alarm.Start.Equal(eight.Add(3*time.Minute)) {
		t.Errorf("%+v", told)
	}
}

// A hundred thousand late readings take no more memory than is set apart for them.
func TestLateReadingsAreBounded(t *testing.T) {
	const air = sensors.PointID("a/room/air")
	w, err := New(Config{Zones: []Zone{{ID: "a/room", Rules: Rules{RateOfRise: &RateOfRise{3, 20 * time.Minute}}, Points: []sensors.Point{{ID: air, Quantity: sensors.Temperature}}}}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	w.Observe(sensors.NewGood(air, now, 2), now)
	for i := range 100_000 {
		w.Observe(sensors.NewGood(air, now.Add(time.Duration(i-200_000)*time.Second), 2), now)
		if len(w.late) >= mostHeld {
			t.Fatal("more is held than is set apart")
		}
	}
}
