package web

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// rolledUp holds the rollups of a memory, with some hours missing or wrong and
// said to be stale.
type rolledUp struct {
	rollups []store.Rollup
	stale   []store.Stretch
}

func (r *rolledUp) ReadRollups(_ context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error {
	for _, b := range r.rollups {
		if b.Width == q.Width && !b.Start.Before(q.From) && b.Start.Before(q.To) && !yield(b) {
			return nil
		}
	}
	return nil
}

func (r *rolledUp) Stale(_ context.Context, _ sensors.PointID, from, to time.Time) (out []store.Stretch, err error) {
	for _, s := range r.stale {
		if s.From.Before(to) && s.To.After(from) {
			out = append(out, s)
		}
	}
	return out, nil
}

// TestEnvelopeFromRollupsIsThatFromReadings: over random readings with gaps,
// any window and any number of buckets, with hours whose rollups are wrong.
func TestEnvelopeFromRollupsIsThatFromReadings(t *testing.T) {
	used := 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		days := time.Duration(1 + rnd.IntN(20))
		m, rolled := &memory{}, &rolledUp{}
		roller := store.NewRoller(air, sensors.Temperature, start, func(b store.Rollup) { rolled.rollups = append(rolled.rollups, b) })
		for at := start; at.Before(start.Add(days * 24 * time.Hour)); at = at.Add(time.Duration(1+rnd.IntN(600_000)) * time.Millisecond) {
			r := sensors.NewGood(air, at, rnd.NormFloat64())
			switch rnd.IntN(30) {
			case 0:
				r = sensors.NewBad(air, at, sensors.Timeout)
			case 1:
				r = sensors.NewBad(air, at, sensors.CRCError)
			case 2:
				r = sensors.NewUncertain(air, at, 40, sensors.FlatLine) // a short peak
			case 3:
				at = at.Add(time.Duration(rnd.IntN(12)) * time.Hour)
			}
			m.records = append(m.records, store.Record{Reading: r, Quantity: sensors.Temperature})
			roller.Add(r)
		}
		roller.Finish(start.Add((days + 2) * 24 * time.Hour))
		for range rnd.IntN(12) {
			from := start.Add(time.Duration(rnd.IntN(int(days)*24)) * time.Hour)
			rolled.stale = append(rolled.stale, store.Stretch{From: from, To: from.Add(time.Duration(1+rnd.IntN(3)) * time.Hour)})
		}
		sortStretches(rolled.stale)
		for i, b := range rolled.rollups {
			for _, s := range rolled.stale {
				if !b.Start.Before(s.From) && b.Start.Before(s.To) {
					rolled.rollups[i].Max, rolled.rollups[i].Min = 1000, -1000 // must not be seen
				}
			}
		}
		from := start.Add(time.Duration(rnd.Int64N(int64(12 * time.Hour)))).Truncate(time.Millisecond)
		to := from.Add(time.Hour + time.Duration(rnd.Int64N(int64(days*24*time.Hour)))).Truncate(time.Millisecond)
		n := 1 + rnd.IntN(maxBuckets)
		h := history{readings: m, rollups: rolled}
		begin, step, buckets := h.fitGrid(from, to, n, time.Minute)
		if buckets > n || begin.After(from) || begin.Add(step*time.Duration(buckets)).Before(to) || begin.Before(from.Add(-step)) {
			t.Fatalf("seed %d: %d buckets of %s from %s for %d in %s to %s", seed, buckets, step, begin, n, from, to)
		}
		if h.widest(begin, step) > 0 {
			used++
		}
		want, got := newEnvelope(begin, step, buckets), newEnvelope(begin, step, buckets)
		p := sensors.Point{ID: air, Quantity: sensors.Temperature}
		if err := h.raw(t.Context(), &want, p, begin, to); err != nil {
			t.Fatal(err)
		}
		if err := h.fill(t.Context(), &got, p, begin, to); err != nil {
			t.Fatal(err)
		}
		wanted, gotten := want.json(), got.json()
		for i, mean := range wanted.Mean { // sums in another order: the last bit may differ
			if mean != nil && gotten.Mean[i] != nil && math.Abs(*mean-*gotten.Mean[i]) > 0.00101 {
				t.Errorf("seed %d: mean %v, want %v", seed, *gotten.Mean[i], *mean)
			}
			wanted.Mean[i], gotten.Mean[i] = nil, nil
		}
		for _, e := range []*envelopeJSON{&wanted, &gotten} { // a rollup knows that there was doubt, not why
			for i := range e.Doubts {
				e.Doubts[i].Reason = ""
			}
		}
		a, _ := json.Marshal(wanted)
		b, _ := json.Marshal(gotten)
		if string(a) != string(b) {
			t.Fatalf("seed %d, step %s:\nraw     %.600s\nrollups %.600s", seed, step, a, b)
		}
	}
	if used < 250 {
		t.Errorf("rollups served %d of 300 questions", used)
	}
}

func sortStretches(s []store.Stretch) {
	for i := range s {
		for j := i; j > 0 && s[j].From.Before(s[j-1].From); j-- {
			s[j], s[j-1] = s[j-1], s[j]
		}
	}
}

func TestFitGridTakesTheWidestRollupsThatFit(t *testing.T) {
	h := history{rollups: &rolledUp{}}
	year := 365 * 24 * time.Hour
	for name, c := range map[string]struct {
		span  time.Duration
		n     int
		step  time.Duration
		width time.Duration
	}{
		"a year in 800":  {year, 800, 11 * time.Hour, store.Hour},
		"a month in 800": {31 * 24 * time.Hour, 800, time.Hour, store.Hour},
		"a week in 400":  {7 * 24 * time.Hour, 400, 30 * time.Minute, store.QuarterHour},
		// 15-minute buckets would halve what can be seen.
		"sixteen minutes":    {16 * 400 * time.Minute, 400, 16 * time.Minute, store.Minute},
		"a day in 360":       {24 * time.Hour, 360, 4 * time.Minute, store.Minute},
		"a quarter in a lot": {15 * time.Minute, 2000, 2 * time.Minute, store.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			begin, step, _ := h.fitGrid(start, start.Add(c.span), c.n, time.Minute)
			if step != c.step || h.widest(begin, step) != c.width {
				t.Errorf("step %s of rollups of %s, want %s of %s", step, h.widest(begin, step), c.step, c.width)
			}
		})
	}
}
