package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func deleteCases() []testCase {
	return []testCase{
		{name: "deleting readings takes those of the query and nothing else", run: deleteReadings},
		{name: "deleting rollups takes those of one width and nothing else", run: deleteRollups},
		{name: "deleting nothing, nobody's and backwards is harmless", run: deleteNothing},
		{name: "identity and collisions hold beside what was deleted", run: deleteAndIdentity},
		{name: "deleting more than one piece", run: deleteMany},
		{name: "a delete that cannot be is an error", run: deleteRefused},
	}
}

// deleterOf is the engine's part of retention: the suite fails for one without.
func deleterOf(t *testing.T, s store.Store) store.Deleter {
	t.Helper()
	d, ok := s.(store.Deleter)
	if !ok {
		t.Fatalf("%T deletes nothing", s)
	}
	return d
}

func remove(t *testing.T, s store.Store, q store.Query) {
	t.Helper()
	if err := deleterOf(t, s).DeleteReadings(t.Context(), q); err != nil {
		t.Fatalf("delete %+v: %v", q, err)
	}
}

// of is a query for readings of a point around base.
func of(p sensors.PointID, q sensors.Quantity, from, to int64) store.Query {
	return store.Query{Point: p, Quantity: q, From: at(from), To: at(to)}
}

func deleteReadings(t *testing.T, open Opener) {
	const other = sensors.PointID("balagong/mutton-1/humidity")
	const longer = sensors.PointID("balagong/mutton-1/air-2")
	s := opened(t, open)
	before := generation(t, s)
	var all, beside, alike []store.Record
	for i := range 10 {
		ms := int64(i) * 1000
		r := rec(uint64(i+1), ms, float64(i))
		if i%3 == 0 {
			r = record(uint64(i+1), sensors.NewBad(air, at(ms), sensors.Timeout))
		}
		all = append(all, r)
		h := record(uint64(100+i), sensors.NewGood(other, at(ms), 80))
		h.Quantity = sensors.Humidity
		beside = append(beside, h)
		alike = append(alike, record(uint64(200+i), sensors.NewGood(longer, at(ms), -1)))
	}
	write(t, s, slices.Concat(all, beside, alike)...)
	writeRollups(t, s, full(store.Minute, 6*60+7), full(store.Hour, 6))

	remove(t, s, of(air, sensors.Temperature, 3000, 7000))
	left := slices.Concat(all[:3], all[7:])
	check := func(s store.Store) {
		t.Helper()
		same(t, read(t, s, everything(air, sensors.Temperature)), left)
		same(t, read(t, s, everything(other, sensors.Humidity)), beside)
		same(t, read(t, s, everything(longer, sensors.Temperature)), alike)
		sameRollups(t, readRollups(t, s, store.Minute, midnight, midnight.AddDate(0, 0, 1)), []store.Rollup{full(store.Minute, 6*60+7)})
		sameRollups(t, readRollups(t, s, store.Hour, midnight, midnight.AddDate(0, 0, 1)), []store.Rollup{full(store.Hour, 6)})
		if g := generation(t, s); g != before {
			t.Errorf("generation %s became %s by deleting", before, g)
		}
	}
	check(s)
	remove(t, s, of(air, sensors.Temperature, 3000, 7000)) // again
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(opened(t, open))
}

func deleteRollups(t *testing.T, open Opener) {
	s := opened(t, open)
	kept := rec(1, 0, 5)
	write(t, s, kept)
	var quarters, hours []store.Rollup
	for i := range 6 {
		quarters, hours = append(quarters, full(store.QuarterHour, i)), append(hours, full(store.Hour, i))
	}
	writeRollups(t, s, slices.Concat(quarters, hours)...)
	q := store.RollupQuery{Point: air, Quantity: sensors.Temperature, Width: store.QuarterHour, From: midnight, To: midnight.Add(time.Hour)}
	if err := deleterOf(t, s).DeleteRollups(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	day := midnight.AddDate(0, 0, 1)
	sameRollups(t, readRollups(t, s, store.QuarterHour, midnight, day), quarters[4:])
	sameRollups(t, readRollups(t, s, store.Hour, midnight, day), hours)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{kept})
}

func deleteNothing(t *testing.T, open Opener) {
	s := opened(t, open)
	remove(t, s, everything(air, sensors.Temperature)) // before anything was written
	want := []store.Record{rec(1, 0, 1), rec(2, 1000, 2)}
	write(t, s, want...)
	for _, q := range []store.Query{
		of(air, sensors.Temperature, 1, 1000), // between
		of(air, sensors.Temperature, 1000, 1000),
		of(air, sensors.Temperature, 5000, 0),
		of("nobody/at/home", sensors.Temperature, 0, 5000),
		of(air, sensors.Humidity, 0, 5000),
		{Point: air, Quantity: sensors.Temperature, To: at(0)}, // from the zero time
	} {
		remove(t, s, q)
	}
	same(t, read(t, s, everything(air, sensors.Temperature)), want)
}

func deleteAndIdentity(t *testing.T, open Opener) {
	s := opened(t, open)
	write(t, s, rec(1, 0, 1), rec(2, 1000, 2), rec(3, 2000, 3))
	remove(t, s, of(air, sensors.Temperature, 0, 1000))
	write(t, s, rec(2, 1000, 2)) // a repetition doubles nothing
	stranger := rec(9, 2000, 9)
	res, err := s.Write(t.Context(), []store.Record{stranger})
	if err != nil || !slices.Equal(indexes(res), []int{0}) {
		t.Errorf("another record of a millisecond that is held: %+v, %v", res, err)
	}
	late := rec(10, 0, 10) // its place is free again
	write(t, s, late)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{late, rec(2, 1000, 2), rec(3, 2000, 3)})
}

func deleteMany(t *testing.T, open Opener) {
	s := opened(t, open)
	var rs []store.Record
	for i := range 5000 {
		rs = append(rs, rec(uint64(i+1), int64(i)*1000, float64(i)))
	}
	write(t, s, rs...)
	remove(t, s, of(air, sensors.Temperature, 0, 4_990_000))
	same(t, read(t, s, everything(air, sensors.Temperature)), rs[4990:])
}

func deleteRefused(t *testing.T, open Opener) {
	s := opened(t, open)
	write(t, s, rec(1, 0, 1))
	d := deleterOf(t, s)
	if err := d.DeleteReadings(t.Context(), of(air, "pressure", 0, 1000)); err == nil {
		t.Error("a quantity that does not exist was deleted")
	}
	if err := d.DeleteRollups(t.Context(), store.RollupQuery{Point: air, Quantity: sensors.Temperature, Width: time.Second, From: at(0), To: at(1000)}); err == nil {
		t.Error("a width that does not exist was deleted")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.DeleteReadings(ctx, of(air, sensors.Temperature, 0, 1000)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{rec(1, 0, 1)})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.DeleteReadings(t.Context(), of(air, sensors.Temperature, 0, 1000)); err == nil {
		t.Error("a delete after close returned no error")
	}
}
