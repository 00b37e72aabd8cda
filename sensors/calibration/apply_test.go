package calibration

import (
	"testing"
	"time"

	"coldchain/sensors"
)

func TestApply(t *testing.T) {
	path := newPath(t)
	three(t, path)
	b := load(t, path)
	const rh sensors.PointID = "balagong/mutton-1/humidity"
	good := func(p sensors.PointID, at time.Time, v float64) sensors.Reading { return sensors.NewGood(p, at, v) }
	for _, tt := range []struct {
		name string
		in   sensors.Reading
		want sensors.Reading
	}{
		{"at a point of the certificate", good(air, day(2), -17.6), good(air, day(2), -18).WithRaw(-17.6)},
		{"at the other", good(air, day(2), 0.2), good(air, day(2), 0).WithRaw(0.2)},
		{"half way between", good(air, day(2), -8.7), good(air, day(2), -9).WithRaw(-8.7)},
		{"below: nothing is extrapolated", good(air, day(2), -30), good(air, day(2), -30.4).WithRaw(-30)},
		{"above: nothing is extrapolated", good(air, day(2), 20), good(air, day(2), 19.8).WithRaw(20)},
		{"decimals stay decimals", good(air, day(2), 4.3), good(air, day(2), 4.1).WithRaw(4.3)},
		{"before it was valid", good(air, day(1).Add(-time.Nanosecond), 4.3), good(air, day(1).Add(-time.Nanosecond), 4.3)},
		{"the first instant", good(air, day(1), 4.3), good(air, day(1), 4.1).WithRaw(4.3)},
		{"another point", good("balagong/mutton-2/air", day(2), 4.3), good("balagong/mutton-2/air", day(2), 4.3)},
		{"valid from day 1 but entered on day 14", good(rh, day(13), 70), good(rh, day(13), 70)},
		{"one point is an offset", good(rh, day(15), 70), good(rh, day(15), 67.3).WithRaw(70)},
		{"a record that was superseded", good(air, day(21), 4.3), good(air, day(21), 4.1).WithRaw(4.3)},
		{"the last instant", good(rh, day(20).Add(-1), 70), good(rh, day(20).Add(-1), 67.3).WithRaw(70)},
		{"expired", good(rh, day(20), 70), sensors.NewUncertain(rh, day(20), 67.3, sensors.CalibrationExpired).WithRaw(70)},
		{"long expired", good(rh, day(20).AddDate(3, 0, 0), 70), sensors.NewUncertain(rh, day(20).AddDate(3, 0, 0), 67.3, sensors.CalibrationExpired).WithRaw(70)},
		{"another doubt comes first", sensors.NewUncertain(rh, day(21), 70, sensors.Imprecise), sensors.NewUncertain(rh, day(21), 67.3, sensors.Imprecise).WithRaw(70)},
		{"a register's number is kept", good(air, day(2), 4.3).WithRaw(43), good(air, day(2), 4.1).WithRaw(43)},
		{"bad stays bad", sensors.NewBad(air, day(2), sensors.SensorFault).WithRaw(32767), sensors.NewBad(air, day(2), sensors.SensorFault).WithRaw(32767)},
		{"corrected below what can be", good(rh, day(15), 1), sensors.NewBad(rh, day(15), sensors.OutOfRange).WithRaw(1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := b.Apply(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAProbeWithoutErrorHasNoRawBesideIt(t *testing.T) {
	path, r := newPath(t), sound()
	r.Pairs = []Pair{{Reference: 0, Indicated: 0}}
	enter(t, path, r, day(1))
	in := sensors.NewGood(air, day(2), 4.3)
	if got := load(t, path).Apply(in); got != in {
		t.Errorf("%s", got)
	}
}

func TestAt(t *testing.T) {
	path := newPath(t)
	three(t, path)
	b := load(t, path)
	for _, tt := range []struct {
		at      time.Time
		seq     int
		expired bool
	}{{day(1).Add(-1), 0, false}, {day(2), 1, false}, {day(15), 2, false}, {day(30), 2, true}} {
		e, expired, ok := b.At(air, tt.at)
		if e.Seq != tt.seq || expired != tt.expired || ok != (tt.seq > 0) {
			t.Errorf("%s: record %d, expired %v", tt.at, e.Seq, expired)
		}
	}
}

func TestAnEmptyBookChangesNothing(t *testing.T) {
	in := sensors.NewGood(air, day(2), 4.3)
	if got := load(t, newPath(t)).Apply(in); got != in {
		t.Errorf("%s", got)
	}
}

func TestApplyAllocatesNothing(t *testing.T) {
	path := newPath(t)
	three(t, path)
	b := load(t, path)
	r := sensors.NewGood(air, day(2), 4.3)
	if n := testing.AllocsPerRun(100, func() { b.Apply(r) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestMissing(t *testing.T) {
	for _, tt := range []struct {
		name    string
		working float64
		done    []Pair
		want    string
	}{
		{"chilled, nothing done", 2, nil, "0 °C in melting ice"},
		{"chilled, ice point", 2, []Pair{{0, 0.3}}, ""},
		{"warm crops, ice point", 10, []Pair{{0.05, 0.3}}, ""},
		{"frozen, ice point alone says nothing at -18", -18, []Pair{{0, 0.3}}, "-18 °C (± 5 °C) against a certified reference"},
		{"frozen, working temperature alone", -18, []Pair{{-20.1, -20.4}}, "0 °C in melting ice"},
		{"frozen, both", -18, []Pair{{-20.1, -20.4}, {0, 0.3}}, ""},
		{"frozen, too warm a reference", -18, []Pair{{-10, -10.4}, {0, 0.3}}, "-18 °C (± 5 °C) against a certified reference"},
		{"ice that had not melted", 2, []Pair{{-0.5, 0.3}}, "0 °C in melting ice"},
	} {
		var got string
		for _, n := range Missing(tt.working, tt.done) {
			got += n.String()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestSettled(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		mean   float64
		ok     bool
	}{
		{[]float64{0.1, 0.1, 0.1, 0.1}, 0, false},
		{[]float64{9, 3, 0.2, 0.1, 0.2, 0.1, 0.1}, 0.14, true},
		{[]float64{0.3, 0.2, 0.1, 0, -0.1}, 0, false},
	} {
		if mean, ok := Settled(tt.values, 0.1); mean != tt.mean || ok != tt.ok {
			t.Errorf("%v: %g %v", tt.values, mean, ok)
		}
	}
}

func TestMaxError(t *testing.T) {
	for _, tt := range []struct {
		q         sensors.Quantity
		reference float64
		want      float64
		ok        bool
	}{{sensors.Temperature, 4, 0.5, true}, {sensors.Temperature, 0, 0.5, true}, {sensors.Temperature, -18, 1, true}, {sensors.Humidity, 75, 5, true}, {sensors.Door, 1, 0, false}} {
		if got, ok := MaxError(tt.q, tt.reference); got != tt.want || ok != tt.ok {
			t.Errorf("%s at %g: %g %v", tt.q, tt.reference, got, ok)
		}
	}
}
