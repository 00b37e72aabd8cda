package engine

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// thawing is a frozen room whose timer defrosts it four times a day for half an
// hour, to 5 °C above its -19 °C; from a minute on it warms steadily.
func thawing(minute, fails int) float64 {
	v := -19.0
	switch in := minute % 360; {
	case in < 22:
		v += 5 * float64(in) / 22
	default:
		v += 5 * math.Exp(-float64(in-22)/12)
	}
	if minute >= fails {
		v = max(v, -19+float64(minute-fails)*0.06)
	}
	return math.Round(v*10) / 10
}

// Before its defrosts are learned each rings the warning; afterwards none does, and
// the excursion rings as it always did. A restart at any hour changes nothing.
func TestALearnedDefrostHoldsBackTheWarningAlone(t *testing.T) {
	const room = sensors.PointID("a/frozen/air")
	day := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	warn := alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: -17, Delay: 15 * time.Minute}
	deep := alerting.Limit{Side: alerting.High, Level: alerting.Excursion, Value: -15.5, Delay: 60 * time.Minute}
	play := func(learns, restarts bool) (told []string) {
		cfg := Config{Sites: []Site{{ID: "a", SilentAfter: 10 * time.Minute}}, Points: []Point{{ID: room, Quantity: sensors.Temperature, Zone: "a/frozen", Site: "a"}},
			Zones: []alerting.Zone{{ID: "a/frozen", LearnsDefrost: learns, Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: {warn, deep}}, Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: 0.5}}}}
		e, err := New(cfg, day)
		if err != nil {
			t.Fatal(err)
		}
		state := map[string][]byte{}
		for m := range 6 * 1440 {
			at := day.Add(time.Duration(m) * time.Minute)
			for _, c := range e.Observe(sensors.NewGood(room, at, thawing(m, 5*1440+100)), at) {
				if c.Change == alerting.Raised || c.Change == alerting.Escalated {
					told = append(told, fmt.Sprintf("%d %s %s", m/1440, c.Change, c.Alarm.Level))
				}
			}
			if restarts && m%60 == 59 {
				maps.Copy(state, e.Dirty())
				if e, err = New(cfg, day); err != nil {
					t.Fatal(err)
				}
				if err := e.Restore(state); err != nil {
					t.Fatal(err)
				}
			}
		}
		return told
	}
	count := func(told []string, what string) (n int) {
		for _, x := range told {
			if x == what {
				n++
			}
		}
		return n
	}
	plain, learned := play(false, false), play(true, false)
	if n := count(plain, "4 raised warning"); n != 4 {
		t.Fatalf("the room's defrosts ring %d times a day: nothing is shown: %v", n, plain)
	}
	if count(learned, "1 raised warning") != 4 || count(learned, "4 raised warning") != 0 {
		t.Errorf("with learning %v", learned)
	}
	if got := learned[len(learned)-2:]; !slices.Equal(got, []string{"5 raised warning", "5 escalated excursion"}) {
		t.Errorf("when the machine fails: %v", got)
	}
	if again := play(true, true); !slices.Equal(again, learned) {
		t.Errorf("with restarts %v\nwithout %v", again, learned)
	}
}
