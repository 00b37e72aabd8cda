package engine

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/sensors"
)

// TestSingleEventsAsWHOsLoggersJudgeThem: vectors AL-01, AL-02 and AL-05. The
// limit itself is beyond it, 8.0 °C for 60 minutes.
func TestSingleEventsAsWHOsLoggersJudgeThem(t *testing.T) {
	limit := alerting.Limit{Side: alerting.High, Level: alerting.Excursion, Value: 8, Delay: time.Hour, Reached: true}
	steady := func(v float64, minutes int) (out []float64) {
		for range minutes {
			out = append(out, v)
		}
		return out
	}
	var runs []float64 // 3.5 h beyond it in four runs, none of an hour
	for _, minutes := range []int{53, 53, 52, 52} {
		runs = append(append(runs, steady(9, minutes)...), steady(5, 20)...)
	}
	for _, c := range []struct {
		id     string
		values []float64
		raised int // minute of the reading; -1: never
	}{
		{"AL-01", steady(8, 90), 60},
		{"AL-02", steady(7.9, 10*60), -1},
		{"AL-05", runs, -1},
	} {
		e := newEngine(t, oneLine(limit, 0.5), day)
		course, err := exposure.NewCourse(exposure.Options{Interval: time.Minute, Limits: exposure.Limits{High: &limit.Value}}, day, day.Add(time.Duration(len(c.values))*time.Minute), nil)
		if err != nil {
			t.Fatal(err)
		}
		raised := -1
		for i, v := range c.values {
			at := day.Add(time.Duration(i) * time.Minute)
			for _, tr := range e.Observe(sensors.NewGood(air, at, v), at) {
				if tr.Change == alerting.Raised {
					raised = i
				}
			}
			if err := course.Add(exposure.Sample{At: at, Value: v}); err != nil {
				t.Fatal(err)
			}
		}
		if raised != c.raised {
			t.Errorf("%s: raised at minute %d, want %d", c.id, raised, c.raised)
		}
		if above := course.Summary().Above; c.id == "AL-05" && (above.Seconds != 3.5*3600 || above.Events != 4 || above.LongestS != 53*60) {
			t.Errorf("%s: the report shows %+v, want 3.5 h in four runs", c.id, above)
		}
	}
}
