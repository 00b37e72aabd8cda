package rehearsal

import (
	"encoding/csv"
	"errors"
	"iter"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

const air sensors.PointID = "balagong/mutton/air"

// room is one point under the given limits.
func room(silent, period time.Duration, hysteresis float64, limits ...alerting.Limit) engine.Config {
	return engine.Config{
		Sites: []engine.Site{{ID: "balagong", SilentAfter: silent}},
		Zones: []alerting.Zone{{ID: "balagong/mutton", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: limits},
			Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: hysteresis}}},
		Points: []engine.Point{{ID: air, Quantity: sensors.Temperature, Zone: "balagong/mutton", Site: "balagong", Period: period}},
	}
}

func all(list []sensors.Reading) iter.Seq2[sensors.Reading, error] {
	return func(yield func(sensors.Reading, error) bool) {
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// warm is a day of one reading a minute, at 2 °C but for an hour at 6 °C and
// two hours without any.
func warm() (out []sensors.Reading) {
	for m := range 24 * 60 {
		v := 2.0
		if m >= 300 && m < 360 {
			v = 6
		}
		if m < 600 || m >= 720 {
			out = append(out, sensors.NewGood(air, noon.Add(time.Duration(m)*time.Minute), v))
		}
	}
	return out
}

func TestARuleIsRehearsedBeforeItRings(t *testing.T) {
	to := noon.Add(24 * time.Hour)
	limit := func(v float64, minutes int) alerting.Limit {
		return alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: v, Delay: time.Duration(minutes) * time.Minute}
	}
	play := func(cfg engine.Config) []alerting.Alarm {
		t.Helper()
		out, err := Play(Rules{Engine: cfg}, Past{}, noon, to, all(warm()))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	now := play(room(10*time.Minute, 0, 0.5, limit(4, 15)))
	if len(now) != 2 || now[0].Rule != alerting.HighLimit || !now[0].Raised.Equal(noon.Add(315*time.Minute)) || now[1].Rule != alerting.SiteSilent {
		t.Fatalf("%+v", now)
	}
	patient := play(room(3*time.Hour, 0, 0.5, limit(4, 30)))
	if c := Compare(now, patient); len(c) != 2 || c[0].What != "later" || c[1].What != "gone" {
		t.Errorf("%+v; want the alarm later and the silence gone", c)
	}
	if c := Compare(now, play(room(10*time.Minute, 0, 0.5, limit(7, 15)))); len(c) != 1 || c[0].What != "gone" {
		t.Errorf("%+v; want the alarm gone", c)
	}
	if c := Compare(now, now); len(c) != 0 {
		t.Errorf("the same rules differ: %+v", c)
	}
}

func TestARehearsalIsWholeOrNone(t *testing.T) {
	cfg := room(10*time.Minute, 0, 0.5)
	broken := errors.New("broke off")
	_, err := Play(Rules{Engine: cfg}, Past{}, noon, noon.Add(time.Hour), func(yield func(sensors.Reading, error) bool) {
		_ = yield(sensors.NewGood(air, noon, 2), nil) && yield(sensors.Reading{}, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("%v, want the readings' own error", err)
	}
	if _, err := Play(Rules{Engine: cfg}, Past{}, noon, noon, all(nil)); err == nil {
		t.Error("a rehearsal of no time was taken")
	}
	back := []sensors.Reading{sensors.NewGood(air, noon.Add(30*time.Minute), 2), sensors.NewGood(air, noon.Add(time.Minute), 2)}
	if _, err := Play(Rules{Engine: cfg}, Past{}, noon, noon.Add(time.Hour), all(back)); err == nil {
		t.Error("readings out of order were taken")
	}
}

// recorded reads a real log that stands beside a checkout; without it there is
// nothing to hold the rules against.
func recorded(t *testing.T, name, layout string, celsius func(float64) float64) []sensors.Reading {
	t.Helper()
	f, err := os.Open("../../../shared/data/" + name)
	if err != nil {
		t.Skipf("recorded log: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []sensors.Reading
	for _, row := range rows[1:] {
		at, err := time.Parse(layout, row[0])
		if err != nil {
			t.Fatal(err)
		}
		v, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sensors.NewGood(air, at.UTC(), celsius(v)))
	}
	slices.SortStableFunc(out, func(a, b sensors.Reading) int { return a.Time.Compare(b.Time) })
	return out
}

// A real fridge, with its door and its radio gaps of up to 141 minutes, rings
// nothing under the limits of a chilled room.
func TestARealFridgeRingsNothing(t *testing.T) {
	log := recorded(t, "ruuvi_fridge.csv", "2006-01-02T15:04:05-0700", func(c float64) float64 { return c })
	limits, hysteresis, _ := alerting.DefaultLimits("chilled")
	got, err := Play(Rules{Engine: room(3*time.Hour, 0, hysteresis, limits...)}, Past{}, log[0].Time, log[len(log)-1].Time.Add(time.Second), all(log))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 0 {
		t.Errorf("false alarms: %+v", got)
	}
}

// An office whose machine failed twice, an hourly log in °F: its owners labelled
// 2013-12-22 20:00 (too warm) and 2014-04-13 09:00 (too cold). Both are found,
// and nothing rings on the warm side in the eleven months beside.
func TestARealFailureIsFound(t *testing.T) {
	log := recorded(t, "nab_ambient_temperature_system_failure.csv", "2006-01-02 15:04:05", func(f float64) float64 { return (f - 32) / 1.8 })
	got, err := Play(Rules{Engine: room(24*time.Hour, time.Hour, 0.5,
		alerting.Limit{Side: alerting.High, Level: alerting.Excursion, Value: 28, Delay: 3 * time.Hour},
		alerting.Limit{Side: alerting.Low, Level: alerting.Excursion, Value: 15, Delay: 3 * time.Hour},
	)}, Past{}, log[0].Time, log[len(log)-1].Time.Add(time.Second), all(log))
	if err != nil {
		t.Fatal(err)
	}
	for rule, labelled := range map[alerting.RuleName]time.Time{
		alerting.HighLimit: time.Date(2013, 12, 22, 20, 0, 0, 0, time.UTC),
		alerting.LowLimit:  time.Date(2014, 4, 13, 9, 0, 0, 0, time.UTC),
	} {
		found := false
		for _, a := range got {
			if a.Rule != rule {
				continue
			}
			t.Logf("%s %s to %s, %.1f °C", a.Rule, a.Start.Format(time.DateTime), a.Returned.Format(time.DateTime), a.Peak)
			near := a.Start.Sub(labelled).Abs() < 48*time.Hour
			found = found || near
			if rule == alerting.HighLimit && !near {
				t.Errorf("a false alarm on %s", a.Start)
			}
		}
		if !found {
			t.Errorf("the %s failure of %s was not found", rule, labelled)
		}
	}
}
