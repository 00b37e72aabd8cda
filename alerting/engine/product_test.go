package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestAStepOfTheAirIsFollowedBy1MinusE(t *testing.T) {
	const tau = 90 * float64(minute)
	g := lag{at: 1, air: 10, product: 2} // the air is at 10 °C from now on, the goods at 2
	for _, dt := range []int64{1, 1000, 7 * minute, 90 * minute, 24 * 60 * minute} {
		x := g
		x.step(1+dt, 10, tau, 48*60*minute)
		if want := 2 + 8*(1-math.Exp(-float64(dt)/tau)); !near(x.product, want) {
			t.Errorf("after %s: %.12f, want %.12f", millis(dt), x.product, want)
		}
	}
	g.step(1+90*minute, 10, tau, 48*60*minute)
	if math.Abs(g.product-(2+8*0.632)) > 0.01 {
		t.Errorf("after one time constant %.2f °C, want 63 %% of the way", g.product)
	}
}

// TestIrregularSamplingChangesNothing reads an air that goes in straight lines
// at random moments: only the corners matter, not how often it is read.
func TestIrregularSamplingChangesNothing(t *testing.T) {
	const tau = 80 * float64(minute)
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		coarse := lag{at: 1, air: 2, product: 5}
		fine := coarse
		for range 12 {
			from, to := coarse.air, rnd.Float64()*20-10
			begin, length := coarse.at, int64(1+rnd.IntN(60*60_000))
			coarse.step(begin+length, to, tau, 1<<40)
			var at []int64
			for range rnd.IntN(30) {
				at = append(at, begin+rnd.Int64N(length))
			}
			slices.Sort(at)
			for _, x := range append(at, begin+length) {
				fine.step(x, from+(to-from)*float64(x-begin)/float64(length), tau, 1<<40)
			}
			if math.Abs(coarse.product-fine.product) > 1e-6 {
				t.Fatalf("seed %d: %.9f °C read seldom, %.9f °C read often", seed, coarse.product, fine.product)
			}
		}
	}
}

// TestLateDataMendsTheEstimate withholds a piece of the air and delivers it
// afterwards: the estimate is that of an air without a hole.
func TestLateDataMendsTheEstimate(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		cfg := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 40}, 0.5)
		cfg.Zones[0].Product = &alerting.Product{Air: air, TimeConstant: 40 * time.Minute}
		whole, holed := newEngine(t, cfg, day), newEngine(t, cfg, day)
		const minutes = 300
		from := 100 + rnd.IntN(50)
		to := from + 20 + rnd.IntN(100)
		reading := func(i int, v float64) sensors.Reading {
			return sensors.NewGood(air, day.Add(time.Duration(i+1)*time.Minute), v)
		}
		values := make([]float64, minutes)
		v := 2.0
		for i := range values {
			v += rnd.NormFloat64()
			values[i] = v
			r := reading(i, v)
			whole.Observe(r, r.Time)
			if i < from || i >= to {
				holed.Observe(r, r.Time)
			}
		}
		want, _ := whole.Estimate(air)
		if wrong, ok := holed.Estimate(air); ok && near(wrong.Value, want.Value) {
			t.Fatalf("seed %d: the hole makes no difference: this proves nothing", seed)
		}
		now := day.Add((minutes + 1) * time.Minute)
		for i := from; i < to; i++ {
			holed.Observe(reading(i, values[i]), now)
		}
		got, ok := holed.Estimate(air)
		if !ok || math.Abs(got.Value-want.Value) > 1e-6 || math.Abs(got.Unknown-want.Unknown) > 1e-6 {
			t.Fatalf("seed %d: %+v %v, want %+v", seed, got, ok, want)
		}
	}
}

func TestAnEstimateIsNoneWhileTooMuchIsUnknown(t *testing.T) {
	cfg := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 40}, 0.5)
	cfg.Zones[0].Product = &alerting.Product{Air: air, TimeConstant: 40 * time.Minute}
	e := newEngine(t, cfg, day)
	at := day
	known := func(minutes int) bool {
		for range minutes {
			at = at.Add(time.Minute)
			e.Observe(sensors.NewGood(air, at, 2), at)
		}
		_, ok := e.Estimate(air)
		return ok
	}
	if known(92) { // 40 min × ln 10 = 92.1 min
		t.Error("known after 92 minutes though more than a tenth is where the goods came from")
	}
	if !known(3) {
		t.Error("not known after 95 minutes")
	}
	if at = at.Add(20 * time.Minute); known(1) {
		t.Error("known behind a hole of 20 minutes, half a time constant")
	}
	if !known(80) {
		t.Error("still not known two time constants after the hole")
	}
	if _, ok := e.Estimate("s/z/none"); ok {
		t.Error("goods around a point that is not there")
	}
}
