package store_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

const air = sensors.PointID("balagong/mutton-1/air")

var day = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func clock(text string) time.Time {
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		panic(err) // a mistake in the test's own text
	}
	return day.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second)
}

func rolled(from time.Time, to time.Time, readings ...sensors.Reading) (out []store.Rollup) {
	r := store.NewRoller(air, sensors.Temperature, from, func(b store.Rollup) { out = append(out, b) })
	for _, x := range readings {
		r.Add(x)
	}
	r.Finish(to)
	return out
}

func TestRollerKeepsThePeakAndCountsWhatWasBad(t *testing.T) {
	got := rolled(day, clock("13:00:00"),
		sensors.NewGood(air, clock("12:00:00"), 2),
		sensors.NewGood(air, clock("12:00:10"), 31.5),
		sensors.NewUncertain(air, clock("12:00:20"), -4, sensors.FlatLine),
		sensors.NewBad(air, clock("12:00:30"), sensors.Timeout),
		sensors.NewGood(air, clock("12:59:30"), 3),
	)
	bucket := func(width time.Duration, start string, count, values, good int, lowest, highest, sum float64, covered time.Duration, why sensors.Reason) store.Rollup {
		return store.Rollup{Point: air, Quantity: sensors.Temperature, Width: width, Start: clock(start), Count: count, Values: values, Good: good,
			Min: lowest, Max: highest, Sum: sum, Covered: covered, Reason: why}
	}
	want := []store.Rollup{
		bucket(store.Minute, "12:00:00", 4, 3, 2, -4, 31.5, 29.5, 20*time.Second, sensors.Timeout), // 10 s each; uncertain and bad speak for nothing
		// Empty, and given: they replace what they were before the bad one came late.
		bucket(store.Minute, "12:01:00", 0, 0, 0, 0, 0, 0, 0, ""),
		bucket(store.Minute, "12:02:00", 0, 0, 0, 0, 0, 0, 0, ""),
		bucket(store.Minute, "12:03:00", 0, 0, 0, 0, 0, 0, 0, ""),
		bucket(store.QuarterHour, "12:00:00", 4, 3, 2, -4, 31.5, 29.5, 20*time.Second, sensors.Timeout),
		bucket(store.Minute, "12:59:00", 1, 1, 1, 3, 3, 3, 30*time.Second, ""),
		bucket(store.QuarterHour, "12:45:00", 1, 1, 1, 3, 3, 3, 30*time.Second, ""),
		bucket(store.Hour, "12:00:00", 5, 4, 3, -4, 31.5, 32.5, 50*time.Second, sensors.Timeout),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if mean, ok := want[len(want)-1].Mean(); !ok || mean != 32.5/4 {
		t.Error("the mean is of the readings with a value:", mean, ok)
	}
	if _, ok := (store.Rollup{Count: 2}).Mean(); ok {
		t.Error("a bucket without a value has a mean")
	}
}

// TestCoverReachesIntoTheNextBucket: a reading speaks for three minutes and
// not longer, also over the hour's end and where nothing follows.
func TestCoverReachesIntoTheNextBucket(t *testing.T) {
	got := rolled(day, clock("14:00:00"), sensors.NewGood(air, clock("12:59:00"), 1), sensors.NewGood(air, clock("13:30:00"), 1))
	covered := map[time.Time]time.Duration{}
	for _, b := range got {
		if b.Width == store.Hour {
			covered[b.Start] = b.Covered
		}
	}
	if covered[clock("12:00:00")] != time.Minute || covered[clock("13:00:00")] != 5*time.Minute {
		t.Error(covered)
	}
}

func TestRollerLeavesOutWhatIsNotLater(t *testing.T) {
	r := store.NewRoller(air, sensors.Temperature, day, func(store.Rollup) {})
	for _, c := range []struct {
		at   string
		want bool
	}{{"12:00:00", true}, {"12:00:00", false}, {"11:00:00", false}, {"12:00:01", true}} {
		if got := r.Add(sensors.NewGood(air, clock(c.at), 1)); got != c.want {
			t.Errorf("%s: in order %v", c.at, got)
		}
	}
	r.Finish(clock("13:00:00"))
	if r.Add(sensors.NewGood(air, clock("12:59:00"), 1)) {
		t.Error("a reading joined an hour that was finished")
	}
}

// TestRollingAgainGivesTheSame: hour by hour from the readings alone, or all
// of it in one go, is the same to the last bit.
func TestRollingAgainGivesTheSame(t *testing.T) {
	for seed := range uint64(20) {
		readings := random(rand.New(rand.NewPCG(seed, 1)), day, 10*time.Hour)
		end := day.Add(10 * time.Hour)
		live := rolled(day, end, readings...)
		var again []store.Rollup
		for from := day; from.Before(end); from = from.Add(time.Hour) {
			var part []sensors.Reading
			for _, x := range readings {
				if !x.Time.Before(from.Add(-store.CoverFor)) && x.Time.Before(from.Add(time.Hour)) {
					part = append(part, x)
				}
			}
			again = append(again, rolled(from, from.Add(time.Hour), part...)...)
		}
		if !reflect.DeepEqual(live, again) {
			t.Fatalf("seed %d: %d buckets live, %d again; they differ", seed, len(live), len(again))
		}
		total := map[time.Duration]int{}
		for _, b := range live {
			total[b.Width] += b.Count
			if b.Covered < 0 || b.Coverage() > 1 || math.IsNaN(b.Sum) {
				t.Fatalf("seed %d: %+v", seed, b)
			}
		}
		for w, n := range total {
			if n != len(readings) {
				t.Errorf("seed %d: %d of %d readings in buckets of %s", seed, n, len(readings), w)
			}
		}
	}
}

// random is a point's readings with gaps, bad ones and odd milliseconds.
func random(r *rand.Rand, from time.Time, span time.Duration) (out []sensors.Reading) {
	for at := from; at.Before(from.Add(span)); {
		switch r.IntN(10) {
		case 0:
			out = append(out, sensors.NewBad(air, at, sensors.Timeout))
		case 1:
			out = append(out, sensors.NewUncertain(air, at, r.NormFloat64(), sensors.FlatLine))
		default:
			out = append(out, sensors.NewGood(air, at, r.NormFloat64()*10))
		}
		at = at.Add(time.Duration(1+r.IntN(90_000)) * time.Millisecond)
		if r.IntN(100) == 0 {
			at = at.Add(time.Duration(r.IntN(7200)) * time.Second)
		}
	}
	return out
}
