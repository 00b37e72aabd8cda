package rehearsal

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/profile"
	"coldchain/alerting/trip"
	"coldchain/alerting/watch"
	"coldchain/sensors"
)

const (
	compressor sensors.PointID = "balagong/mutton/compressor"
	boxAir     sensors.PointID = "truck-1/box/air"
	boxDoor    sensors.PointID = "truck-1/box/door"
)

// told lists alarms as rule, object and start.
func told(list []alerting.Alarm) (out []string) {
	for _, a := range list {
		over := "still on"
		if !a.Returned.IsZero() {
			over = a.Returned.Format("15:04")
		}
		out = append(out, fmt.Sprintf("%s %s %s %s-%s", a.Rule, a.Object, a.Level, a.Start.Format("15:04"), over))
	}
	return out
}

func wants(t *testing.T, rules Rules, past Past, hours int, readings []sensors.Reading, want ...string) {
	t.Helper()
	slices.SortStableFunc(readings, func(a, b sensors.Reading) int { return a.Time.Compare(b.Time) })
	got, err := Play(rules, past, noon, noon.Add(time.Duration(hours)*time.Hour), all(readings))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told(got), want) {
		t.Errorf("%q\nwant %q", told(got), want)
	}
}

// minutes is one point read once a minute, by what it has at each.
func minutes(p sensors.PointID, n int, value func(minute int) float64) (out []sensors.Reading) {
	for m := range n {
		out = append(out, sensors.NewGood(p, noon.Add(time.Duration(m)*time.Minute), value(m)))
	}
	return out
}

func steady(v float64) func(int) float64 { return func(int) float64 { return v } }

// watched is a room with rules of the watch and one line at 7 °C.
func watched(r watch.Rules) Rules {
	cfg := room(10*time.Minute, time.Minute, 0.5, alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 7, Delay: 30 * time.Minute})
	cfg.Points = append(cfg.Points, engine.Point{ID: compressor, Quantity: sensors.Compressor, Zone: "balagong/mutton", Site: "balagong", Period: time.Minute})
	return Rules{Engine: cfg, Watch: []watch.Zone{{ID: "balagong/mutton", Rules: r,
		Points: []sensors.Point{{ID: air, Quantity: sensors.Temperature}, {ID: compressor, Quantity: sensors.Compressor}}}}}
}

func TestRulesOfTheWatchAreRehearsed(t *testing.T) {
	silent := watched(watch.Rules{Compressor: &watch.Compressor{SetPoint: 2, Differential: 2, Silent: 30 * time.Minute}})
	stands := append(minutes(air, 120, steady(5)), minutes(compressor, 120, func(m int) float64 { return map[bool]float64{true: 0, false: 1}[m >= 10 && m < 90] })...)
	wants(t, silent, Past{}, 2, stands, "compressor-silent balagong/mutton/compressor warning 12:10-13:30")
	patient := watched(watch.Rules{Compressor: &watch.Compressor{SetPoint: 2, Differential: 2, Silent: 2 * time.Hour}})
	wants(t, patient, Past{}, 2, stands)
	// A room that is switched off has a compressor that stands still.
	off := Past{Uses: map[string]alerting.Timeline{"balagong/mutton": {{At: noon}}}}
	wants(t, silent, off, 2, stands)
}

// Warm goods were booked in: the high limit rests until they are cold, and too
// slow a pull-down rings.
func TestAPullDownIsRehearsedWithItsBookings(t *testing.T) {
	rules := watched(watch.Rules{PullDown: &watch.PullDown{Target: 7, Within: 2 * time.Hour}})
	stays := Past{Stays: map[string][]Stay{"balagong/mutton": {{Stay: watch.Stay{Batch: "HJQ-1", From: noon.Add(10 * time.Minute)}, To: noon.Add(20 * time.Hour)}}}}
	cools := append(minutes(air, 300, func(m int) float64 { return max(3, 14-float64(m)*0.15) }), minutes(compressor, 300, steady(1))...)
	wants(t, rules, stays, 5, cools)
	wants(t, rules, Past{}, 5, cools, "high-limit balagong/mutton/air warning 12:00-12:50")
	slow := append(minutes(air, 180, func(m int) float64 { return 14 - float64(m)*0.01 }), minutes(compressor, 180, steady(1))...)
	got, err := Play(rules, stays, noon, noon.Add(3*time.Hour), all(sorted(slow)))
	if err != nil || len(got) != 1 || got[0].Rule != alerting.PullDown || got[0].Level != alerting.Excursion {
		t.Errorf("%v %v", told(got), err)
	}
}

func sorted(list []sensors.Reading) []sensors.Reading {
	slices.SortStableFunc(list, func(a, b sensors.Reading) int { return a.Time.Compare(b.Time) })
	return list
}

// An empty truck is silent, until its door was open; a booked one rings.
func TestATruckIsRehearsedAsItWas(t *testing.T) {
	frozen := alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: -15, Delay: 15 * time.Minute}
	cfg := engine.Config{Sites: []engine.Site{{ID: "truck-1", SilentAfter: 20 * time.Minute}},
		Zones: []alerting.Zone{{ID: "truck-1/box", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: {frozen}}}},
		Points: []engine.Point{{ID: boxAir, Quantity: sensors.Temperature, Zone: "truck-1/box", Site: "truck-1", Period: time.Minute},
			{ID: boxDoor, Quantity: sensors.Door, Zone: "truck-1/box", Site: "truck-1", Period: time.Minute}}}
	rules := Rules{Engine: cfg, Trucks: []Truck{{Box: "truck-1/box", Config: trip.Config{Door: true}, Measures: map[sensors.PointID]sensors.Quantity{boxAir: sensors.Temperature, boxDoor: sensors.Door}}}}
	day := append(minutes(boxAir, 240, steady(4)), minutes(boxDoor, 240, func(m int) float64 { return map[bool]float64{true: 1}[m == 120] })...)
	day = sorted(day)
	wants(t, rules, Past{}, 4, day, "high-limit truck-1/box/air warning 12:00-still on")
	looked := Past{Said: map[string][]trip.Say{"truck-1/box": {{At: noon.Add(5 * time.Minute), Empty: true}}}}
	wants(t, rules, looked, 4, day, "high-limit truck-1/box/air warning 14:00-still on")
	again := Past{Said: map[string][]trip.Say{"truck-1/box": {{At: noon.Add(5 * time.Minute), Empty: true}, {At: noon.Add(121 * time.Minute), Empty: true}}}}
	wants(t, rules, again, 4, day)
	loaded := Past{Said: again.Said, Stays: map[string][]Stay{"truck-1/box": {{Stay: watch.Stay{Batch: "HJQ-1", From: noon.Add(30 * time.Minute)}, To: noon.Add(90 * time.Minute)}}}}
	wants(t, rules, loaded, 4, day, "high-limit truck-1/box/air warning 12:30-13:30")
}

// The goods' limits hold while they lie there, and no longer: chilled beef, 4 °C
// for a quarter of an hour, in a room that may have 7. Of what nobody knows the
// room's own hold. In a room that chills they count as low ones alone.
func TestTheLimitsOfWhatLayThereAreRehearsed(t *testing.T) {
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	rules := watched(watch.Rules{})
	rules.Goods = set
	beef := func(from, to int, name string) Past {
		return Past{Stays: map[string][]Stay{"balagong/mutton": {{Stay: watch.Stay{Batch: "HJQ-1", From: noon.Add(time.Duration(from) * time.Minute)}, To: noon.Add(time.Duration(to) * time.Minute), Profile: name}}}}
	}
	five := append(minutes(air, 300, func(m int) float64 {
		if m >= 110 && m < 130 {
			return 2
		}
		return 4.5
	}), minutes(compressor, 300, steady(1))...)
	wants(t, rules, Past{}, 5, five)
	wants(t, rules, beef(60, 120, "beef-chilled"), 5, five, "high-limit balagong/mutton/air warning 13:01-13:50")
	wants(t, rules, beef(60, 120, "yak-cheese"), 5, five)
	wants(t, rules, beef(-600, 1000, "beef-chilled"), 5, five, "high-limit balagong/mutton/air warning 12:00-13:50", "high-limit balagong/mutton/air warning 14:10-still on")
	rules.Cools = map[string]bool{"balagong/mutton": true}
	wants(t, rules, beef(60, 120, "beef-chilled"), 5, five)
	cold := append(minutes(air, 300, steady(-2)), minutes(compressor, 300, steady(1))...)
	wants(t, rules, beef(60, 120, "beef-chilled"), 5, cold, "low-limit balagong/mutton/air warning 13:01-still on")
}
