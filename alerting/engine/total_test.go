package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// TestTheSumIsTheSameInWhateverOrder withholds pieces of a day and delivers
// them afterwards, piece by piece in any order: the time beyond the limit is
// what a plain count over all readings says.
func TestTheSumIsTheSameInWhateverOrder(t *testing.T) {
	told := 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		limit := alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: 24 * time.Hour, Within: 24 * time.Hour}
		e := newEngine(t, oneLine(limit, 0.5), day)
		const minutes = 300
		at := func(i int) time.Time { return day.Add(time.Duration(i+1) * time.Minute) }
		values := make([]float64, minutes)
		v := 3.0
		for i := range values {
			v += rnd.NormFloat64()*0.5 + (4-v)*0.05
			values[i] = v
		}
		values[minutes-1] = 2 // inside in the end, so that every run is over
		var late [][2]int
		for i := 0; i < minutes-1; {
			n := min(3+rnd.IntN(40), minutes-1-i)
			if n > 10 && rnd.IntN(2) == 0 { // less is no hole: the live readings around it speak for it
				late = append(late, [2]int{i, i + n})
			} else {
				for k := i; k < i+n; k++ {
					e.Observe(sensors.NewGood(air, at(k), values[k]), at(k))
				}
			}
			i += n
		}
		now := at(minutes - 1)
		e.Observe(sensors.NewGood(air, now, values[minutes-1]), now)
		rnd.Shuffle(len(late), func(i, k int) { late[i], late[k] = late[k], late[i] })
		for _, l := range late {
			for k := l[0]; k < l[1]; k++ {
				e.Observe(sensors.NewGood(air, at(k), values[k]), now)
			}
			e.Advance(now.Add(time.Minute))
		}
		var want time.Duration
		for i := 1; i < minutes; i++ {
			if values[i] > 4 && values[i-1] > 4 {
				want += time.Minute
			}
		}
		p := e.byID[air]
		got := millis(p.sides[2].pending[0].total(now.UnixMilli(), limit.Within.Milliseconds()))
		if got != want {
			t.Fatalf("seed %d, %d pieces late: %s beyond the limit, want %s", seed, len(late), got, want)
		}
		if want > 0 && len(late) > 2 {
			told++
		}
	}
	if told < 150 {
		t.Errorf("only %d of 300 days have a sum and three pieces late", told)
	}
}

// TestSumArithmetic gives a value a minute and says with which reading a sum of
// five minutes in twenty is full; -1 is never.
func TestSumArithmetic(t *testing.T) {
	out := func(n int) []float64 { return slices.Repeat([]float64{5}, n) }
	in := func(n int) []float64 { return slices.Repeat([]float64{2}, n) }
	for _, tt := range []struct {
		name   string
		values []float64
		raised int
	}{
		{"one run of five minutes", out(6), 5},
		{"one reading alone has no length", slices.Repeat([]float64{5, 2}, 15), -1},
		{"two runs", slices.Concat(out(4), in(5), out(3)), 11},
		{"a minute less is not enough", slices.Concat(out(4), in(5), out(2), in(3)), -1},
		{"what has left the window does not count", slices.Concat(out(4), in(17), out(3), in(3)), -1},
		{"half of a run has left it", slices.Concat(out(5), in(15), out(6)), 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := alerting.Limit{Side: alerting.High, Level: alerting.Excursion, Value: 4, Delay: 5 * time.Minute, Within: 20 * time.Minute}
			e := newEngine(t, oneLine(limit, 0.5), day)
			raised := -1
			for i, v := range tt.values {
				at := day.Add(time.Duration(i+1) * time.Minute)
				for _, tr := range e.Observe(sensors.NewGood(air, at, v), at) {
					if tr.Change == alerting.Raised && raised < 0 {
						raised = i
					}
				}
			}
			if raised != tt.raised {
				t.Errorf("full with reading %d, want %d", raised, tt.raised)
			}
		})
	}
}

// TestManyShortRunsAreRememberedInBoundedSpace has more runs in a window than
// are kept apart: the sum stays.
func TestManyShortRunsAreRememberedInBoundedSpace(t *testing.T) {
	limit := alerting.Limit{Side: alerting.High, Level: alerting.Excursion, Value: 4, Delay: 200 * time.Minute, Within: 24 * time.Hour}
	e := newEngine(t, oneLine(limit, 0.5), day)
	at := day
	for range 150 {
		for _, v := range []float64{5, 5, 2} {
			at = at.Add(time.Minute)
			e.Observe(sensors.NewGood(air, at, v), at)
		}
	}
	p := &e.byID[air].sides[2].pending[0]
	if got := p.total(at.UnixMilli(), limit.Within.Milliseconds()); got != 150*minute || len(p.earlier) > maxParts {
		t.Errorf("%d runs kept, together %d min; want at most %d and 150", len(p.earlier), got/minute, maxParts)
	}
}
