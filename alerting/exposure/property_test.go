package exposure

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// randomReadings are whole seconds apart, with gaps, on both sides of the
// limits, some exactly at one.
func randomReadings(r *rand.Rand) (out []Sample) {
	second := 0
	v := 5.0
	for range 40 + r.IntN(60) {
		second += 20 + r.IntN(60)
		if r.IntN(15) == 0 {
			second += 300 + r.IntN(900)
		}
		v += r.NormFloat64() * 2
		switch r.IntN(10) {
		case 0:
			v = 8
		case 1:
			v = 2
		}
		s := Sample{At: noon.Add(time.Duration(second) * time.Second), Value: math.Round(v*16) / 16, Flags: Flags(r.IntN(16))}
		if r.IntN(12) == 0 {
			s.Value = failed
		}
		out = append(out, s)
	}
	return out
}

func play(t testing.TB, o Options, from, to time.Time, list []Sample) *Course {
	t.Helper()
	c, err := NewCourse(o, from, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Value == failed {
			c.Miss(s.At, "timeout")
			continue
		}
		if err := c.Add(s); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// failed stands for a poll without a value in these tests' lists.
const failed = -999

func each(t *testing.T, do func(t *testing.T, r *rand.Rand, o Options, list []Sample, from, to time.Time)) {
	for seed := range uint64(60) {
		for _, m := range []Method{Step, Trapezoid} {
			t.Run(fmt.Sprint(m, seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 7))
				list := randomReadings(r)
				o := minutely(m, of(2), of(8))
				o.Model = &Model{Name: "test", Ager: arrhenius{}, ReferenceC: 4}
				do(t, r, o, list, list[0].At.Add(-time.Minute), list[len(list)-1].At.Add(time.Minute))
			})
		}
	}
}

// TestSplittingDoesNotChangeSums: cut at any reading, or anywhere else, the two
// parts come to what the whole comes to.
func TestSplittingDoesNotChangeSums(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, o Options, list []Sample, from, to time.Time) {
		whole := play(t, o, from, to, list)
		var one History
		one.Stay(Interval{}, whole, nil)
		want := one.Batch("b", "p", to, 1)
		for range 8 {
			cut := list[1+r.IntN(len(list)-2)].At
			if r.IntN(2) == 0 {
				cut = from.Add(time.Duration(1+r.IntN(int(to.Sub(from)/time.Second)-1)) * time.Second)
			}
			var two History
			two.Stay(Interval{}, play(t, o, from, cut, list), nil)
			two.Stay(Interval{}, play(t, o, cut, to, list), nil)
			same(t, cut, two.Batch("b", "p", to, 1), want, o.Method == Step || isReading(list, cut))
		}
	})
}

func isReading(list []Sample, at time.Time) bool {
	for _, s := range list {
		if s.At.Equal(at) {
			return true
		}
	}
	return false
}

func same(t *testing.T, cut time.Time, got, want Batch, exactMKT bool) {
	t.Helper()
	bad := func(what string, a, b any) {
		t.Errorf("cut at %s: %s is %v, want %v", cut.Format(time.TimeOnly), what, a, b)
	}
	g, w := got.Total, want.Total
	if g.Points != w.Points {
		bad("points", g.Points, w.Points)
	}
	for what, pair := range map[string][2]float64{
		"duration": {g.DurationS, w.DurationS}, "coverage": {g.Coverage, w.Coverage}, "uncertain": {g.UncertainS, w.UncertainS},
		"masked": {g.MaskedS, w.MaskedS}, "learned": {g.MaskedLearnedS, w.MaskedLearnedS}, "expired": {g.CalibrationExpiredS, w.CalibrationExpiredS},
		"min": {*g.MinC, *w.MinC}, "max": {*g.MaxC, *w.MaxC}, "mean": {*g.MeanC, *w.MeanC}, "sd": {*g.SDC, *w.SDC},
		"above": {g.Above.Seconds, w.Above.Seconds}, "below": {g.Below.Seconds, w.Below.Seconds},
		"degree-minutes above": {g.Above.DegreeMinutes, w.Above.DegreeMinutes}, "degree-minutes below": {g.Below.DegreeMinutes, w.Below.DegreeMinutes},
		"longest": {g.Above.LongestS, w.Above.LongestS}, "used max": {got.Life.UsedMax, want.Life.UsedMax},
	} {
		if !near(pair[0], pair[1]) && !(what == "used max" && !exactMKT) {
			bad(what, pair[0], pair[1])
		}
	}
	// The trapezoid of a rate is not the rate of a straight line: a cut inside a
	// stretch, where there is no reading, adds a corner.
	if exactMKT && (!near(*g.MKTC, *w.MKTC) || !near(got.Life.Used, want.Life.Used)) {
		bad("mkt, life", []float64{*g.MKTC, got.Life.Used}, []float64{*w.MKTC, want.Life.Used})
	}
	if math.Abs(*g.MKTC-*w.MKTC) > 0.01 {
		bad("mkt", *g.MKTC, *w.MKTC)
	}
	if g.Above.Events != w.Above.Events || g.Below.Events != w.Below.Events {
		bad("events", []int{g.Above.Events, g.Below.Events}, []int{w.Above.Events, w.Below.Events})
	}
	if len(g.Gaps) != len(w.Gaps) {
		bad("gaps", g.Gaps, w.Gaps)
	}
}

// TestJensen: the mean kinetic temperature is never below the mean, and both
// lie between the lowest and the highest.
func TestJensen(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, o Options, list []Sample, from, to time.Time) {
		s := play(t, o, from, to, list).Summary()
		if *s.MKTC < *s.MeanC-1e-9 || *s.MeanC < *s.MinC || *s.MKTC > *s.MaxC+1e-9 {
			t.Errorf("min %v, mean %v, mkt %v, max %v", *s.MinC, *s.MeanC, *s.MKTC, *s.MaxC)
		}
	})
}

// TestWeightsScale: the same temperatures in half the time come to the same
// means, and to half the times.
func TestWeightsScale(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, o Options, list []Sample, from, to time.Time) {
		want := play(t, o, from, to, list).Summary()
		half := func(at time.Time) time.Time { return from.Add(at.Sub(from) / 2) }
		quick := make([]Sample, len(list))
		for i, s := range list {
			quick[i] = Sample{half(s.At), s.Value, s.Flags}
		}
		o.Interval /= 2
		got := play(t, o, from, half(to), quick).Summary()
		if !near(*got.MKTC, *want.MKTC) || !near(*got.MeanC, *want.MeanC) || !near(*got.SDC, *want.SDC) || !near(got.Coverage, want.Coverage) {
			t.Errorf("got %v %v %v, want %v %v %v", *got.MKTC, *got.MeanC, *got.SDC, *want.MKTC, *want.MeanC, *want.SDC)
		}
		if !near(got.Above.Seconds*2, want.Above.Seconds) || !near(got.Below.DegreeMinutes*2, want.Below.DegreeMinutes) || got.Above.Events != want.Above.Events {
			t.Errorf("above %+v, want half of %+v", got.Above, want.Above)
		}
	})
}

// TestWarmAndColdAreNeverNetted: turned round about the middle of the limits,
// above and below change places.
func TestWarmAndColdAreNeverNetted(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, o Options, list []Sample, from, to time.Time) {
		want := play(t, o, from, to, list).Summary()
		turned := make([]Sample, len(list))
		for i, s := range list {
			turned[i] = Sample{s.At, 10 - s.Value, s.Flags}
			if s.Value == failed {
				turned[i] = s
			}
		}
		got := play(t, o, from, to, turned).Summary()
		if !near(got.Above.Seconds, want.Below.Seconds) || !near(got.Below.DegreeMinutes, want.Above.DegreeMinutes) || got.Above.Events != want.Below.Events {
			t.Errorf("above %+v, below %+v; turned round: above %+v, below %+v", want.Above, want.Below, got.Above, got.Below)
		}
	})
}

// TestASecondComputation works degree-minutes, times, mean and MKT out in
// another way: no stretches and no crossings, but the temperature at the middle
// of every tenth of a second, added up one by one.
func TestASecondComputation(t *testing.T) {
	each(t, func(t *testing.T, r *rand.Rand, o Options, list []Sample, from, to time.Time) {
		if r.IntN(6) != 0 { // some of them: it is slow
			return
		}
		got := play(t, o, from, to, list).Summary()
		const tick = 100 * time.Millisecond
		hole := 3 * time.Minute
		var n, above, below, warm, cold, mean, kinetic float64
		i := -1 // the reading that holds
		for at := from.Add(tick / 2); at.Before(to); at = at.Add(tick) {
			for i+1 < len(list) && !list[i+1].At.After(at) {
				i++
			}
			if i < 0 || list[i].Value == failed {
				continue
			}
			rate := func(c float64) float64 { return math.Exp(-83144.0 / (8.3144 * (c + 273.15))) }
			v := list[i].Value
			k := rate(v)
			if i+1 < len(list) {
				dt := list[i+1].At.Sub(list[i].At)
				if dt > hole {
					continue
				}
				if o.Method == Trapezoid {
					if list[i+1].Value == failed {
						continue
					}
					part := at.Sub(list[i].At).Seconds() / dt.Seconds()
					k += (rate(list[i+1].Value) - k) * part
					v += (list[i+1].Value - v) * part
				}
			}
			n++
			mean += v
			kinetic += k
			if v > 8 {
				above, warm = above+1, warm+v-8
			}
			if v < 2 {
				below, cold = below+1, cold+2-v
			}
		}
		second := tick.Seconds()
		mkt := -83144.0/8.3144/math.Log(kinetic/n) - 273.15
		for what, c := range map[string]struct{ got, want, tolerance float64 }{
			"covered":              {got.DurationS * got.Coverage, n*second - got.UncertainS, 0.2},
			"above":                {got.Above.Seconds, above * second, 1e-4*got.DurationS + 1},
			"below":                {got.Below.Seconds, below * second, 1e-4*got.DurationS + 1},
			"degree-minutes above": {got.Above.DegreeMinutes, warm * second / 60, 0.02},
			"degree-minutes below": {got.Below.DegreeMinutes, cold * second / 60, 0.02},
			"mean":                 {*got.MeanC, mean / n, 1e-3},
			"mkt":                  {*got.MKTC, mkt, 1e-3},
		} {
			if math.Abs(c.got-c.want) > c.tolerance {
				t.Errorf("%s: %v, by the second way %v", what, c.got, c.want)
			}
		}
	})
}

// TestASeasonKeepsItsDigits: three months of minutes, where plain adding up
// loses what a minute is worth.
func TestASeasonKeepsItsDigits(t *testing.T) {
	const minutes = 90 * 24 * 60
	c := course(t, minutely(Step, nil, of(4)), 0, minutes, nil)
	for i := range minutes {
		if err := c.Add(Sample{At: at(float64(i)), Value: 4.1}); err != nil {
			t.Fatal(err)
		}
	}
	s := c.Summary()
	over := 4.1
	over -= 4
	if s.Above.Seconds != minutes*60 || math.Abs(s.Above.DegreeMinutes-over*minutes) > 1e-9 || *s.MeanC != 4.1 || *s.SDC != 0 {
		t.Errorf("%v s, %v degree-minutes of %v, mean %v, sd %v", s.Above.Seconds, s.Above.DegreeMinutes, over*minutes, *s.MeanC, *s.SDC)
	}
}
