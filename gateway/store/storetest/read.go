package storetest

import (
	"slices"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func readCases() []testCase {
	return []testCase{
		{name: "order is by time, whatever the order of writing", run: orderByTime},
		{name: "from is inside, to is outside", run: halfOpen},
		{name: "a limit gives the oldest", run: limits},
		{name: "yield returning false stops the reading", run: stopsEarly},
		{name: "an unknown point has no readings", run: unknownPoint},
		{name: "a hostile point name finds nothing and breaks nothing", run: hostileName},
		{name: "an unknown quantity is an error", run: unknownQuantity},
		{name: "a question about all of time", run: allOfTime},
		{name: "reading while reading", run: nested},
		{name: "values are the readings", run: valuesAreReadings},
	}
}

func orderByTime(t *testing.T, open Opener) {
	var want []store.Record
	for i := range 50 {
		w := rec(uint64(i+1), int64(i)*333, float64(i))
		if i%7 == 3 { // rows without a value must not be sorted apart
			w = record(uint64(i+1), sensors.NewBad(air, at(int64(i)*333), sensors.Timeout))
		}
		want = append(want, w)
	}
	shuffled := slices.Clone(want)
	for i := range shuffled { // a fixed shuffle
		j := (i * 31) % len(shuffled)
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	}
	s := opened(t, open)
	write(t, s, shuffled[:20]...)
	write(t, s, shuffled[20:]...)
	same(t, read(t, s, everything(air, sensors.Temperature)), want)
}

func halfOpen(t *testing.T, open Opener) {
	rs := []store.Record{rec(1, 0, 1), rec(2, 1, 2), rec(3, 2, 3), rec(4, 3, 4)}
	s := opened(t, open)
	write(t, s, rs...)
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     []store.Record
	}{
		{"inside", at(1), at(3), rs[1:3]},
		{"one millisecond", at(2), at(3), rs[2:3]},
		{"nothing", at(2), at(2), nil},
		{"backwards", at(3), at(0), nil},
		{"before", at(-100), at(0), nil},
		{"after", at(4), at(100), nil},
		{"all", at(0), at(4), rs},
		{"bounds between milliseconds", at(0).Add(1), at(2).Add(1), rs[1:3]},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, read(t, s, store.Query{Point: air, Quantity: sensors.Temperature, From: c.from, To: c.to}), c.want)
		})
	}
}

func limits(t *testing.T, open Opener) {
	var rs []store.Record
	for i := range 20 {
		r := rec(uint64(i+1), int64(i)*86_400_000, float64(i))
		if i < 3 { // the first rows have no value: a limit counts rows, not fields
			r = record(uint64(i+1), sensors.NewBad(air, at(int64(i)*86_400_000), sensors.Timeout))
		}
		rs = append(rs, r)
	}
	s := opened(t, open)
	write(t, s, rs...)
	for _, limit := range []int{1, 2, 5, 19, 20, 21} {
		q := everything(air, sensors.Temperature)
		q.Limit = limit
		same(t, read(t, s, q), rs[:min(limit, len(rs))])
	}
}

func stopsEarly(t *testing.T, open Opener) {
	var rs []store.Record
	for i := range 100 {
		rs = append(rs, rec(uint64(i+1), int64(i)*1000, float64(i)))
	}
	s := opened(t, open)
	write(t, s, rs...)
	var got []store.Record
	err := s.Read(t.Context(), everything(air, sensors.Temperature), func(r store.Record) bool {
		got = append(got, r)
		return len(got) < 3
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	same(t, got, rs[:3])
	same(t, read(t, s, everything(air, sensors.Temperature)), rs)
}

func unknownPoint(t *testing.T, open Opener) {
	s := opened(t, open)
	same(t, read(t, s, everything("no/such/point", sensors.Temperature)), nil)
	write(t, s, rec(1, 0, 1))
	same(t, read(t, s, everything("no/such/point", sensors.Temperature)), nil)
}

func hostileName(t *testing.T, open Opener) {
	s := opened(t, open)
	want := []store.Record{rec(1, 0, 1)}
	write(t, s, want...)
	for _, p := range []sensors.PointID{
		`x" or r.point != "`, `x") |> drop(columns: ["point"]) //`, `\`, `\"`, `${r.point}`, "x\n", "\x00", "\xff", "", "'; DROP TABLE reading; --", "库/房/温",
	} {
		same(t, read(t, s, everything(p, sensors.Temperature)), nil)
	}
	same(t, read(t, s, everything(air, sensors.Temperature)), want)
}

func unknownQuantity(t *testing.T, open Opener) {
	s := opened(t, open)
	write(t, s, rec(1, 0, 1))
	for _, q := range []sensors.Quantity{"", "pressure"} {
		if got, err := collect(t.Context(), s, everything(air, q)); err == nil {
			t.Errorf("quantity %q: got %d records and no error", q, len(got))
		}
	}
}

func allOfTime(t *testing.T, open Opener) {
	s := opened(t, open)
	q := store.Query{Point: air, Quantity: sensors.Temperature, To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	same(t, read(t, s, q), nil)
	want := []store.Record{rec(1, -5*365*86_400_000, 1), rec(2, 0, 2), rec(3, 5*365*86_400_000, 3)}
	write(t, s, want...)
	same(t, read(t, s, q), want)
	q.Limit = 2
	same(t, read(t, s, q), want[:2])
}

func nested(t *testing.T, open Opener) {
	s := opened(t, open)
	want := []store.Record{rec(1, 0, 1), rec(2, 1000, 2)}
	write(t, s, want...)
	n := uint64(10)
	err := s.Read(t.Context(), everything(air, sensors.Temperature), func(store.Record) bool {
		n++
		same(t, read(t, s, store.Query{Point: air, Quantity: sensors.Temperature, From: at(0), To: at(2000)}), want)
		write(t, s, rec(n, -int64(n)*1000, 3)) // writing while reading
		return true
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
}

// valuesAreReadings: an engine's quick way says the same as its full one.
func valuesAreReadings(t *testing.T, open Opener) {
	s := opened(t, open)
	write(t, s, rec(1, 0, 1.5), record(2, sensors.NewBad(air, at(1), sensors.Timeout)), record(3, sensors.NewUncertain(air, at(2), -4, sensors.FlatLine)), rec(4, 3, -0.25))
	for _, q := range []store.Query{
		everything(air, sensors.Temperature), {Point: air, Quantity: sensors.Temperature, From: at(1), To: at(3)},
		{Point: air, Quantity: sensors.Temperature, From: at(0), To: at(9), Limit: 2}, everything(air, sensors.Humidity), everything("nobody/knows/it", sensors.Temperature),
	} {
		var got, want []store.Value
		if err := store.ReadValues(t.Context(), s, q, func(v store.Value) bool { got = append(got, v); return true }); err != nil {
			t.Fatal(err)
		}
		for _, r := range read(t, s, q) {
			v, _ := r.Value()
			want = append(want, store.Value{At: r.Time, Value: v, Quality: r.Quality, Reason: r.Reason})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: got %+v, want %+v", q, got, want)
		}
	}
	n := 0
	if err := store.ReadValues(t.Context(), s, everything(air, sensors.Temperature), func(store.Value) bool { n++; return n < 2 }); err != nil || n != 2 {
		t.Errorf("stopped after %d: %v", n, err)
	}
	if err := store.ReadValues(t.Context(), s, everything(air, "pressure"), func(store.Value) bool { return true }); err == nil {
		t.Error("an unknown quantity was no error")
	}
}
