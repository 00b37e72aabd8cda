package storetest

import (
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func rollupCases() []testCase {
	return []testCase{
		{name: "rollups come back unchanged, each width by itself", run: rollupRoundTrip},
		{name: "a rollup written again is replaced", run: rollupReplaced},
		{name: "rollups: from is inside, to is outside", run: rollupHalfOpen},
		{name: "rollups and readings do not meet", run: rollupsApart},
		{name: "a width or quantity that does not exist is an error", run: rollupRefused},
		{name: "a year of hours", run: rollupYear},
	}
}

// rollupsOf is the engine's other half: the suite fails for one without it.
func rollupsOf(t *testing.T, s store.Store) store.Rollups {
	t.Helper()
	r, ok := s.(store.Rollups)
	if !ok {
		t.Fatalf("%T keeps no rollups", s)
	}
	return r
}

var midnight = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

// full is a rollup with every field set.
func full(width time.Duration, n int) store.Rollup {
	return store.Rollup{Point: air, Quantity: sensors.Temperature, Width: width, Start: midnight.Add(time.Duration(n) * width),
		Count: 60, Values: 58, Good: 57, Min: -21.0625, Max: 1.0 / 3, Sum: -1234.5678901234567, Covered: width - 1234*time.Millisecond, Reason: sensors.CRCError}
}

func writeRollups(t *testing.T, s store.Store, rs ...store.Rollup) {
	t.Helper()
	if err := rollupsOf(t, s).WriteRollups(t.Context(), rs); err != nil {
		t.Fatalf("write %d rollups: %v", len(rs), err)
	}
}

func readRollups(t *testing.T, s store.Store, width time.Duration, from, to time.Time) (got []store.Rollup) {
	t.Helper()
	q := store.RollupQuery{Point: air, Quantity: sensors.Temperature, Width: width, From: from, To: to}
	if err := rollupsOf(t, s).ReadRollups(t.Context(), q, func(r store.Rollup) bool { got = append(got, r); return true }); err != nil {
		t.Fatalf("read rollups: %v", err)
	}
	return got
}

func sameRollups(t *testing.T, got, want []store.Rollup) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("got %d rollups, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("rollup %d:\n got %+v\nwant %+v", i, got[i], want[i])
			return
		}
	}
}

func rollupRoundTrip(t *testing.T, open Opener) {
	s := opened(t, open)
	want := map[time.Duration][]store.Rollup{}
	for _, width := range store.Widths() {
		bad := full(width, 1)
		bad.Values, bad.Good, bad.Min, bad.Max, bad.Sum, bad.Covered = 0, 0, 0, 0, 0, 0
		onlyCover := store.Rollup{Point: air, Quantity: sensors.Temperature, Width: width, Start: midnight.Add(2 * width), Covered: width}
		other := full(width, 0)
		other.Point = "balagong/mutton-1/door-side"
		humid := full(width, 0)
		humid.Quantity, humid.Min = sensors.Humidity, 55
		want[width] = []store.Rollup{full(width, 0), bad, onlyCover}
		writeRollups(t, s, want[width][2], other, want[width][0], humid, want[width][1])
	}
	for width, rs := range want {
		sameRollups(t, readRollups(t, s, width, midnight, midnight.AddDate(0, 0, 1)), rs)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, open)
	sameRollups(t, readRollups(t, s, store.Hour, midnight, midnight.AddDate(0, 0, 1)), want[store.Hour])
}

func rollupReplaced(t *testing.T, open Opener) {
	s := opened(t, open)
	r := full(store.Minute, 0)
	writeRollups(t, s, r, full(store.Minute, 1))
	r.Count, r.Values, r.Max, r.Sum, r.Covered, r.Reason = 61, 59, 31.5, -1203.25, store.Minute, sensors.Timeout
	writeRollups(t, s, r)
	writeRollups(t, s, r)
	sameRollups(t, readRollups(t, s, store.Minute, midnight, midnight.Add(time.Hour)), []store.Rollup{r, full(store.Minute, 1)})
}

func rollupHalfOpen(t *testing.T, open Opener) {
	s := opened(t, open)
	var rs []store.Rollup
	for i := range 4 {
		rs = append(rs, full(store.QuarterHour, i))
	}
	writeRollups(t, s, rs...)
	for _, c := range []struct {
		name     string
		from, to time.Duration
		want     []store.Rollup
	}{
		{"inside", 15 * time.Minute, 45 * time.Minute, rs[1:3]},
		{"between", time.Millisecond, 30*time.Minute + time.Millisecond, rs[1:3]},
		{"nothing", 15 * time.Minute, 15 * time.Minute, nil},
		{"backwards", time.Hour, 0, nil},
		{"all", 0, time.Hour, rs},
	} {
		t.Run(c.name, func(t *testing.T) {
			sameRollups(t, readRollups(t, s, store.QuarterHour, midnight.Add(c.from), midnight.Add(c.to)), c.want)
		})
	}
	n := 0
	q := store.RollupQuery{Point: air, Quantity: sensors.Temperature, Width: store.QuarterHour, From: midnight, To: midnight.Add(time.Hour)}
	if err := rollupsOf(t, s).ReadRollups(t.Context(), q, func(store.Rollup) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("stopped after %d, %v", n, err)
	}
}

// rollupsApart: a rollup is no reading, takes no millisecond from one, and
// does not make the newest reading look newer.
func rollupsApart(t *testing.T, open Opener) {
	s := opened(t, open)
	writeRollups(t, s, full(store.Hour, 6), full(store.Minute, 400))
	want := record(1, sensors.NewGood(air, midnight.Add(6*time.Hour), 5))
	write(t, s, want)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{want})
	sameRollups(t, readRollups(t, s, store.Hour, midnight, midnight.AddDate(0, 0, 1)), []store.Rollup{full(store.Hour, 6)})
}

func rollupRefused(t *testing.T, open Opener) {
	s := opened(t, open)
	crooked := full(store.Hour, 0)
	crooked.Start = crooked.Start.Add(time.Minute)
	strange := full(store.Hour, 0)
	strange.Width = 2 * time.Hour
	for name, r := range map[string]store.Rollup{"start": crooked, "width": strange} {
		if err := rollupsOf(t, s).WriteRollups(t.Context(), []store.Rollup{r}); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	for name, q := range map[string]store.RollupQuery{
		"width":    {Point: air, Quantity: sensors.Temperature, Width: time.Second, From: midnight, To: midnight.Add(1)},
		"quantity": {Point: air, Quantity: "pressure", Width: store.Hour, From: midnight, To: midnight.Add(1)},
	} {
		if err := rollupsOf(t, s).ReadRollups(t.Context(), q, func(store.Rollup) bool { return true }); err == nil {
			t.Errorf("%s: answered", name)
		}
	}
}

func rollupYear(t *testing.T, open Opener) {
	s := opened(t, open)
	var rs []store.Rollup
	for i := range 365 * 24 {
		r := full(store.Hour, i)
		r.Min = float64(i)
		rs = append(rs, r)
	}
	writeRollups(t, s, rs...)
	sameRollups(t, readRollups(t, s, store.Hour, midnight, midnight.AddDate(1, 0, 0)), rs)
}
