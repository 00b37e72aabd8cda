// Package storetest is the conformance suite of stores: what every engine
// behind store.Store has to do, as named tests. It guarantees that an engine
// that passes keeps each record once, unchanged, and gives it back in order.
//
// A new engine is one folder and one test:
//
//	func TestConformance(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Opener { ... })
//	}
package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Opener opens one and the same store, again after it was closed. The suite
// closes what it opened.
type Opener func(t *testing.T) store.Store

// Fresh makes a new, empty store and returns the way to open it.
type Fresh func(t *testing.T) Opener

// Run holds an engine against every test of the suite.
func Run(t *testing.T, fresh Fresh) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			if c.runFresh != nil {
				c.runFresh(t, fresh)
				return
			}
			c.run(t, fresh(t))
		})
	}
}

type testCase struct {
	name     string
	run      func(t *testing.T, open Opener)
	runFresh func(t *testing.T, fresh Fresh) // instead of run, when one store is not enough
}

func cases() []testCase {
	return slices.Concat(roundTripCases(), identityCases(), readCases(), lifeCases(), rollupCases(), deleteCases())
}

// base is a millisecond in the middle of nowhere special; the suite's records
// lie around it.
var base = time.Date(2026, 3, 14, 6, 7, 8, 123_000_000, time.UTC)

func at(ms int64) time.Time { return base.Add(time.Duration(ms) * time.Millisecond) }

const air = sensors.PointID("balagong/mutton-1/air")

// rec is a good temperature of the point air.
func rec(seq uint64, ms int64, value float64) store.Record {
	return record(seq, sensors.NewGood(air, at(ms), value))
}

func record(seq uint64, r sensors.Reading) store.Record {
	return store.Record{Reading: r, Quantity: sensors.Temperature, Gateway: "gw-balagong", Epoch: 1, Seq: seq}
}

// opened opens the store and closes it when the test ends; closing twice is the
// engine's to bear.
func opened(t *testing.T, open Opener) store.Store {
	t.Helper()
	s := open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// write writes records that are all to be kept.
func write(t *testing.T, s store.Store, records ...store.Record) {
	t.Helper()
	res, err := s.Write(t.Context(), records)
	if err != nil {
		t.Fatalf("write %d records: %v", len(records), err)
	}
	if len(res.Collisions)+len(res.Rejections) > 0 {
		t.Fatalf("write %d records: %+v, want all of them kept", len(records), res)
	}
}

// everything is a query that holds all of the suite's times.
func everything(p sensors.PointID, q sensors.Quantity) store.Query {
	return store.Query{Point: p, Quantity: q, From: base.AddDate(-1, 0, 0), To: base.AddDate(1, 0, 0)}
}

func read(t *testing.T, s store.Store, q store.Query) []store.Record {
	t.Helper()
	got, err := collect(t.Context(), s, q)
	if err != nil {
		t.Fatalf("read %+v: %v", q, err)
	}
	return got
}

func collect(ctx context.Context, s store.Store, q store.Query) ([]store.Record, error) {
	var got []store.Record
	err := s.Read(ctx, q, func(r store.Record) bool {
		got = append(got, r)
		return true
	})
	return got, err
}

// same fails the test unless got is want, field by field. Times of want are
// cut to the millisecond, as the store promises.
func same(t *testing.T, got, want []store.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("got %d records, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		w := want[i]
		w.Time = time.UnixMilli(w.Time.UnixMilli()).UTC()
		if got[i] != w {
			t.Errorf("record %d:\n got %s\nwant %s", i, show(got[i]), show(w))
			return
		}
	}
	if len(got) > len(want) {
		t.Errorf("first record too many: %s", show(got[len(want)]))
	}
	if len(want) > len(got) {
		t.Errorf("first record missing: %s", show(want[len(got)]))
	}
}

func show(r store.Record) string {
	s := fmt.Sprintf("%s %s %s/%d/%d", r.Quantity, r.Reading, r.Gateway, r.Epoch, r.Seq)
	if v, ok := r.Value(); ok {
		s += fmt.Sprintf(" value %b", v)
	}
	if raw, ok := r.Raw(); ok {
		s += fmt.Sprintf(" raw %v", raw)
	}
	if r.Reconstructed {
		s += " reconstructed"
	}
	return s + " " + r.Time.Location().String()
}

// indexes returns the collisions' indexes in order.
func indexes(res store.Result) []int {
	var is []int
	for _, c := range res.Collisions {
		is = append(is, c.Index)
	}
	slices.Sort(is)
	return is
}
