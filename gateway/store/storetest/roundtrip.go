package storetest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func roundTripCases() []testCase {
	return []testCase{
		{name: "values and milliseconds come back exactly", run: valuesExact},
		{name: "quality, reason, raw and flags come back", run: kindsExact},
		{name: "states are 0 and 1", run: statesExact},
		{name: "times are cut to the millisecond", run: timesCut},
		{name: "two quantities, two points, two gateways stay apart", run: keptApart},
		{name: "5000 records in one write", run: fiveThousand},
		{name: "what no engine can keep is rejected, the rest stands", run: rejections},
		{name: "an empty write is no write", run: emptyWrite},
	}
}

func valuesExact(t *testing.T, open Opener) {
	values := []float64{
		-18.5, 0, 4, 4.1, 0.1 + 0.2, -0.1, 1e-7, -1e-7, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308,
		1 << 53, 1<<53 + 2, 123456789.000000001, 21.000000000000004, math.Pi, -math.MaxFloat32, 1e15, 1e16, 1e21, 1e22,
		85, -127, 65535, 32767.5,
	}
	var want []store.Record
	for i, v := range values {
		// Steps of 1 ms, then across seconds, hours and days.
		ms := int64(i) * int64(i) * int64(i) * 1009
		want = append(want, rec(uint64(i+1), ms, v))
	}
	s := opened(t, open)
	write(t, s, want...)
	got := read(t, s, everything(air, sensors.Temperature))
	same(t, got, want)
	for i := range min(len(got), len(values)) {
		v, ok := got[i].Value()
		if !ok || math.Float64bits(v) != math.Float64bits(values[i]) {
			t.Errorf("value %d: got %v (%t), want %v, bit by bit", i, v, ok, values[i])
		}
	}
}

func kindsExact(t *testing.T, open Opener) {
	readings := []sensors.Reading{
		sensors.NewGood(air, at(1), -18.5).WithRaw(-18.9),
		sensors.NewGood(air, at(2), 0).WithRaw(0),
		sensors.NewUncertain(air, at(3), 4.25, sensors.FlatLine),
		sensors.NewUncertain(air, at(4), 0, sensors.ClockUncertain).WithRaw(-0.25),
		sensors.NewBad(air, at(5), sensors.Timeout),
		sensors.NewBad(air, at(6), sensors.SensorFault).WithRaw(32767),
		sensors.NewBad(air, at(7), sensors.NoReason),
		sensors.NewBad(air, at(8), sensors.SensorFault).WithRaw(0),
		sensors.NewGood(air, at(9), 3),
		sensors.NewBad(air, at(10), `say "why", a=b \ c\\ ${d} `+"'探头断开'"),
	}
	var want []store.Record
	for i, r := range readings {
		w := record(uint64(i+1), r)
		w.Reconstructed = i%3 == 1
		want = append(want, w)
	}
	s := opened(t, open)
	write(t, s, want...)
	got := read(t, s, everything(air, sensors.Temperature))
	same(t, got, want)
	for _, r := range got {
		if v, ok := r.Value(); ok && r.Quality == sensors.Bad {
			t.Errorf("a bad reading came back with the value %v", v)
		}
	}
}

func statesExact(t *testing.T, open Opener) {
	door := sensors.PointID("balagong/mutton-1/door")
	var want []store.Record
	for i := range 6 {
		w := record(uint64(i+1), sensors.NewGood(door, at(int64(i)*60_000), float64(i%2)))
		w.Quantity = sensors.Door
		want = append(want, w)
	}
	s := opened(t, open)
	write(t, s, want...)
	same(t, read(t, s, everything(door, sensors.Door)), want)
}

func timesCut(t *testing.T, open Opener) {
	zone := time.FixedZone("CST", 8*3600)
	want := []store.Record{
		record(1, sensors.NewGood(air, base.Add(999_999).In(zone), 1)), // 0.999999 ms later: the same millisecond
		record(2, sensors.NewGood(air, base.Add(time.Millisecond), 2)),
	}
	s := opened(t, open)
	write(t, s, want...)
	got := read(t, s, everything(air, sensors.Temperature))
	same(t, got, want)
	if len(got) > 0 && !got[0].Time.Equal(base) {
		t.Errorf("time %v, want %v", got[0].Time, base)
	}
}

func keptApart(t *testing.T, open Opener) {
	hum := sensors.PointID("balagong/mutton-1/humidity")
	other := sensors.PointID("balagong/mutton-10/air") // begins like the first
	temperature := rec(1, 0, -18.5)
	humidity := record(2, sensors.NewGood(hum, at(0), 88.25))
	humidity.Quantity = sensors.Humidity
	neighbour := record(1, sensors.NewGood(other, at(0), 3))
	neighbour.Gateway = "gw-other" // the same epoch and sequence under another name

	s := opened(t, open)
	write(t, s, temperature, humidity, neighbour)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{temperature})
	same(t, read(t, s, everything(hum, sensors.Humidity)), []store.Record{humidity})
	same(t, read(t, s, everything(other, sensors.Temperature)), []store.Record{neighbour})
	same(t, read(t, s, everything(air, sensors.Humidity)), nil)
}

func fiveThousand(t *testing.T, open Opener) {
	byPoint := make(map[sensors.PointID][]store.Record)
	var all []store.Record
	for i := range 5000 {
		p := sensors.PointID(fmt.Sprintf("store-%d/room-%d/air", i%10, i/10%5))
		r := record(uint64(i+1), sensors.NewGood(p, at(int64(i)*1000), float64(i%700)/10-35))
		all = append(all, r)
		byPoint[p] = append(byPoint[p], r)
	}
	s := opened(t, open)
	write(t, s, all...)
	for p, want := range byPoint {
		same(t, read(t, s, everything(p, sensors.Temperature)), want)
	}
}

func rejections(t *testing.T, open Opener) {
	good1, good2 := rec(1, 0, 1), rec(2, 1000, 2)
	spoil := func(f func(*store.Record)) store.Record {
		r := rec(9, 500, 9)
		f(&r)
		return r
	}
	bad := []store.Record{
		spoil(func(r *store.Record) { r.Quantity = "pressure" }),
		spoil(func(r *store.Record) { r.Quantity = "" }),
		spoil(func(r *store.Record) { r.Point = "no slug/x/y" }),
		spoil(func(r *store.Record) { r.Gateway = "" }),
		spoil(func(r *store.Record) { r.Seq = math.MaxUint64 }),
		spoil(func(r *store.Record) { r.Epoch = 1 << 63 }),
		spoil(func(r *store.Record) { r.Time = time.Time{} }),
		spoil(func(r *store.Record) { r.Time = base.AddDate(300, 0, 0) }),
		spoil(func(r *store.Record) { r.Reason = sensors.Reason(strings.Repeat("x", store.MaxReasonLength+1)) }),
		spoil(func(r *store.Record) { r.Reason = "a\nb" }),
		spoil(func(r *store.Record) { r.Reason = "\xff" }),
	}
	in := append(append([]store.Record{good1}, bad...), good2)
	s := opened(t, open)
	res, err := s.Write(t.Context(), in)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	if len(res.Rejections) != len(bad) || len(res.Collisions) != 0 {
		t.Fatalf("got %+v, want %d rejections", res, len(bad))
	}
	for i, r := range res.Rejections {
		if r.Index != i+1 || r.Detail == "" {
			t.Errorf("rejection %d: %+v, want index %d and a reason", i, r, i+1)
		}
	}
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{good1, good2})
}

func emptyWrite(t *testing.T, open Opener) {
	s := opened(t, open)
	write(t, s)
	same(t, read(t, s, everything(air, sensors.Temperature)), nil)
}
