package engine

import (
	"math"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

var milkDay = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// milkRoom is a room whose milk must not be above 7 °C, with a time constant of two
// hours where nobody says another.
func milkRoom(t *testing.T) (*Engine, Config) {
	t.Helper()
	cfg := Config{Sites: []Site{{ID: "a", SilentAfter: 10 * time.Minute}}, Points: []Point{{ID: "a/milk/air", Quantity: sensors.Temperature, Zone: "a/milk", Site: "a"}},
		Zones: []alerting.Zone{{ID: "a/milk", Product: &alerting.Product{Air: "a/milk/air", TimeConstant: 2 * time.Hour, Limits: []alerting.Limit{{Side: alerting.High, Level: alerting.Excursion, Value: 7}}}}}}
	e, err := New(cfg, milkDay)
	if err != nil {
		t.Fatal(err)
	}
	return e, cfg
}

// The milk came in at 12 °C: it is estimated from that, not from the cold air of the
// hours before, and told at once; with its own time constant, through a restart.
func TestWarmGoodsAreEstimatedFromWhatWasMeasuredAtTheDoor(t *testing.T) {
	e, cfg := milkRoom(t)
	var told []alerting.Transition
	at := milkDay
	minutes := func(n int) {
		for range n {
			at = at.Add(time.Minute)
			told = append(told, e.Observe(sensors.NewGood("a/milk/air", at, 4), at)...)
		}
	}
	minutes(10 * 60)
	e.SetTimeConstant("a/milk", 4*time.Hour)
	e.Received("a/milk", at, 12)
	minutes(1)
	if len(told) != 1 || told[0].Alarm.Rule != alerting.EstimateHigh || told[0].Alarm.Level != alerting.Excursion {
		t.Fatalf("%+v", told)
	}
	state := e.Dirty()
	var err error
	if e, err = New(cfg, milkDay); err != nil {
		t.Fatal(err)
	}
	if err := e.Restore(state); err != nil {
		t.Fatal(err)
	}
	e.SetTimeConstant("a/milk", 4*time.Hour)
	minutes(239)
	x, ok := e.Estimate("a/milk/air")
	if want := 4 + 8*math.Exp(-1); !ok || math.Abs(x.Value-want) > 0.05 {
		t.Errorf("four hours later %.2f °C (%v), want %.2f", x.Value, ok, want)
	}
	// Colder milk beside it makes nothing colder; nonsense nothing at all.
	e.Received("a/milk", at, 2)
	e.Received("a/milk", at, math.NaN())
	e.Received("a/milk", at, 4000)
	if y, _ := e.Estimate("a/milk/air"); y.Value != x.Value {
		t.Errorf("%.2f °C beside colder goods; want %.2f", y.Value, x.Value)
	}
}

// A room of which nothing was known has an estimate from the first booking on.
func TestReceivingMakesAnEstimateKnown(t *testing.T) {
	e, _ := milkRoom(t)
	if _, ok := e.Estimate("a/milk/air"); ok {
		t.Fatal("an estimate out of nothing")
	}
	e.Received("a/milk", milkDay, 9)
	e.Observe(sensors.NewGood("a/milk/air", milkDay.Add(time.Minute), 4), milkDay.Add(time.Minute))
	if x, ok := e.Estimate("a/milk/air"); !ok || math.Abs(x.Value-9) > 0.1 {
		t.Errorf("%+v %v", x, ok)
	}
	// Booked half an hour afterwards: it has cooled since.
	at := milkDay.Add(30 * time.Minute)
	e.Observe(sensors.NewGood("a/milk/air", at, 4), at)
	before, _ := e.Estimate("a/milk/air")
	e.Received("a/milk", milkDay, 14)
	if x, _ := e.Estimate("a/milk/air"); math.Abs(x.Value-(4+10*math.Exp(-0.25))) > 0.01 || x.Value <= before.Value {
		t.Errorf("booked afterwards %+v, before %+v", x, before)
	}
}
