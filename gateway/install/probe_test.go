package install

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/sensors"
)

// sensor is a device that takes a while and then gives fixed readings.
type sensor struct {
	takes  time.Duration
	points []sensors.Point
	give   func(p sensors.PointID, at time.Time) sensors.Reading
}

func (s *sensor) Points() []sensors.Point { return s.points }

func (s *sensor) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	out := make([]sensors.Reading, 0, len(due))
	late := !sleep(ctx, s.takes)
	for _, p := range due {
		if late {
			out = append(out, sensors.NewBad(p, time.Now(), sensors.Timeout))
			continue
		}
		out = append(out, s.give(p, time.Now()))
	}
	return out
}

func good(v float64) func(sensors.PointID, time.Time) sensors.Reading {
	return func(p sensors.PointID, at time.Time) sensors.Reading { return sensors.NewGood(p, at, v) }
}

func site() []Device {
	return []Device{
		{Name: "probe-1", Bus: "line1", Kind: "xy-md02", Sensor: &sensor{
			takes:  30 * time.Millisecond,
			points: []sensors.Point{{ID: "balagong/mutton-1/humidity", Quantity: sensors.Humidity}, {ID: "balagong/mutton-1/air", Quantity: sensors.Temperature}},
			give: func(p sensors.PointID, at time.Time) sensors.Reading {
				if p.Name() == "humidity" {
					return sensors.NewBad(p, at, sensors.SensorFault).WithRaw(65535)
				}
				return sensors.NewGood(p, at, -18.5)
			},
		}},
		{Name: "dead", Bus: "line2", Sensor: &sensor{takes: time.Hour, points: []sensors.Point{{ID: "balagong/dairy/air", Quantity: sensors.Temperature}}}},
		{Name: "chip", Bus: "chips", Sensor: &sensor{
			takes:  5 * time.Millisecond,
			points: []sensors.Point{{ID: "balagong/dairy/door", Quantity: sensors.Door}},
			give: func(p sensors.PointID, at time.Time) sensors.Reading {
				return sensors.NewUncertain(p, at, 1, sensors.FlatLine)
			},
		}},
		{Name: "gone", Bus: "usb", Points: []sensors.PointID{"balagong/dairy/wall"}, Err: errors.New("no such bus")},
	}
}

func TestProbeShowsEachPoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := Probe(t.Context(), site(), ProbeOptions{Limit: 2 * time.Second, Now: time.Now})
		for _, l := range []Language{Chinese, English} {
			var b strings.Builder
			WriteProbe(&b, rows, l)
			golden(t, "probe-"+string(l)+".txt", b.String())
		}
		text, err := json.MarshalIndent(rows, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "probe.json", string(text)+"\n")
		if AllGood(rows) || !AllGood(rows[:1]) {
			t.Error("AllGood is wrong about these rows")
		}
	})
}

// TestADeadDeviceDoesNotDelayOtherBuses: four buses, each with a device that
// takes the whole limit, cost one limit.
func TestADeadDeviceDoesNotDelayOtherBuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var devices []Device
		for _, bus := range []string{"a", "b", "c", "d"} {
			devices = append(devices, Device{Name: bus, Bus: bus, Sensor: &sensor{takes: time.Hour, points: []sensors.Point{{ID: sensors.PointID("s/z/" + bus)}}}})
		}
		began := time.Now()
		rows := Probe(t.Context(), devices, ProbeOptions{Limit: 3 * time.Second, Now: time.Now})
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
		for _, r := range rows {
			if r.Reading.Reason != sensors.Timeout {
				t.Errorf("%v, want a time-out", r.Reading)
			}
		}
	})
}

func TestAReceiverIsGivenTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := &sensor{points: []sensors.Point{{ID: "s/z/lat", Quantity: sensors.Latitude}}, give: func(p sensors.PointID, at time.Time) sensors.Reading {
			if at.Sub(began) < 2*time.Second {
				return sensors.NewBad(p, at, sensors.NoFix)
			}
			return sensors.NewGood(p, at, 39.8)
		}}
		rows := Probe(t.Context(), []Device{{Name: "gnss", Bus: "nmea", Sensor: s, Patience: 5 * time.Second}}, ProbeOptions{Now: time.Now})
		if !AllGood(rows) || time.Since(began) > 3*time.Second {
			t.Errorf("%v after %v, want a position after 2s", rows[0].Reading, time.Since(began))
		}
	})
}

func TestTheAgentsCorrectionIsShown(t *testing.T) {
	s := &sensor{points: []sensors.Point{{ID: "s/z/air", Quantity: sensors.Temperature}}, give: good(4)}
	rows := Probe(t.Context(), []Device{{Name: "p", Bus: "b", Sensor: s}}, ProbeOptions{Now: time.Now, Correct: func(r sensors.Reading) sensors.Reading {
		return sensors.NewGood(r.Point, r.Time, 3.9).WithRaw(4)
	}})
	if v, _ := rows[0].Reading.Value(); v != 3.9 {
		t.Errorf("value %v, want 3.9", v)
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	for _, r := range []sensors.Reason{
		sensors.Timeout, sensors.Unreachable, sensors.CRCError, sensors.NoAck, sensors.ShortRead, sensors.BadAnswer, sensors.DeviceFault,
		sensors.DeviceBusy, sensors.ConfigFault, sensors.SensorFault, sensors.StatusUnread, sensors.OutOfRange, sensors.Cancelled,
		sensors.NotImplemented, sensors.FlatLine, sensors.ClockUncertain, sensors.NoFix, sensors.Imprecise, sensors.RateOfChange,
		sensors.Disagreement, sensors.Swapped, sensors.NeighbourValue, sensors.CalibrationExpired,
	} {
		if w := Reason(r); w.ZH == "" || w.EN == "" || w.EN == string(r) {
			t.Errorf("reason %s has no words", r)
		}
	}
}

func TestColumnsOfATerminal(t *testing.T) {
	for s, want := range map[string]int{"": 0, "−18.5 °C": 8, "测点": 4, "a测b": 4, "：": 2, "×": 1} {
		if got := columns(s); got != want {
			t.Errorf("%q is %d columns wide, want %d", s, got, want)
		}
	}
}
