package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func lifeCases() []testCase {
	return []testCase{
		{name: "records and generation outlive the process", run: reopened},
		{name: "another store has another generation", runFresh: generations},
		{name: "asking for the generation from many sides gives one", run: generationRace},
		{name: "a cancelled write promises nothing and can be repeated", run: cancelledWrite},
		{name: "a cancelled read is an error", run: cancelledRead},
		{name: "many writers and readers at once", run: concurrent},
		{name: "many writers want the same millisecond", run: concurrentCollision},
		{name: "closing twice is harmless, a closed store says so", run: closing},
	}
}

func generation(t *testing.T, s store.Store) string {
	t.Helper()
	g, err := s.Generation(t.Context())
	if err != nil {
		t.Fatalf("generation: %v", err)
	}
	if len(g) < 8 {
		t.Fatalf("generation %q is too short to be unique", g)
	}
	return g
}

func reopened(t *testing.T, open Opener) {
	want := []store.Record{rec(1, 0, 1), record(2, sensors.NewBad(air, at(1000), sensors.Timeout))}
	s := opened(t, open)
	before := generation(t, s)
	write(t, s, want...)
	if g := generation(t, s); g != before {
		t.Errorf("generation %s became %s by a write", before, g)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
		s = opened(t, open)
		if g := generation(t, s); g != before {
			t.Errorf("generation %s became %s by reopening", before, g)
		}
		same(t, read(t, s, everything(air, sensors.Temperature)), want)
	}
}

func generations(t *testing.T, fresh Fresh) {
	one, other := opened(t, fresh(t)), opened(t, fresh(t))
	write(t, one, rec(1, 0, 1))
	write(t, other, rec(1, 0, 1)) // the same contents are another store all the same
	if g := generation(t, one); g == generation(t, other) {
		t.Errorf("two stores have the generation %s", g)
	}
	same(t, read(t, other, everything(air, sensors.Temperature)), []store.Record{rec(1, 0, 1)})
}

func generationRace(t *testing.T, open Opener) {
	s := opened(t, open)
	got := make([]string, 8)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			g, err := s.Generation(t.Context())
			if err != nil {
				t.Errorf("generation: %v", err)
			}
			got[i] = g
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != got[0] || g == "" {
			t.Fatalf("generations %q, want one", got)
		}
	}
}

func cancelledWrite(t *testing.T, open Opener) {
	s := opened(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var rs []store.Record
	for i := range 1000 {
		rs = append(rs, rec(uint64(i+1), int64(i)*1000, float64(i)))
	}
	if _, err := s.Write(ctx, rs); !errors.Is(err, context.Canceled) {
		t.Fatalf("write with a cancelled context: %v, want context.Canceled", err)
	}
	write(t, s, rs...)
	same(t, read(t, s, everything(air, sensors.Temperature)), rs)
}

func cancelledRead(t *testing.T, open Opener) {
	s := opened(t, open)
	write(t, s, rec(1, 0, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := collect(ctx, s, everything(air, sensors.Temperature)); !errors.Is(err, context.Canceled) {
		t.Fatalf("read with a cancelled context: %d records, %v, want context.Canceled", len(got), err)
	}
	if _, err := s.Generation(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("generation with a cancelled context: %v, want context.Canceled", err)
	}
}

func concurrent(t *testing.T, open Opener) {
	const writers, rounds, batch = 4, 6, 50
	s := opened(t, open)
	point := func(w int) sensors.PointID { return sensors.PointID(fmt.Sprintf("store-%d/room/air", w)) }
	want := make([][]store.Record, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for round := range rounds {
				var rs []store.Record
				for i := range batch {
					n := round*batch + i
					r := record(uint64(n+1), sensors.NewGood(point(w), at(int64(n)*1000), float64(n)))
					r.Gateway = fmt.Sprintf("gw-%d", w)
					rs = append(rs, r)
				}
				want[w] = append(want[w], rs...)
				if res, err := s.Write(t.Context(), rs); err != nil || len(res.Collisions)+len(res.Rejections) > 0 {
					t.Errorf("writer %d: %+v, %v", w, res, err)
					return
				}
				// What was written is there at once, whoever else is writing.
				got, err := collect(t.Context(), s, everything(point(w), sensors.Temperature))
				if err != nil || len(got) != (round+1)*batch {
					t.Errorf("reader %d: %d records, %v; want %d", w, len(got), err, (round+1)*batch)
					return
				}
			}
		})
	}
	wg.Wait()
	for w := range writers {
		same(t, read(t, s, everything(point(w), sensors.Temperature)), want[w])
	}
}

func concurrentCollision(t *testing.T, open Opener) {
	const writers, times = 6, 40
	s := opened(t, open)
	results := make([]store.Result, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			var rs []store.Record
			for i := range times {
				r := rec(uint64(i+1), int64(i)*1000, float64(w))
				r.Gateway = fmt.Sprintf("gw-%d", w)
				rs = append(rs, r)
			}
			res, err := s.Write(t.Context(), rs)
			if err != nil {
				t.Errorf("writer %d: %v", w, err)
			}
			results[w] = res
		})
	}
	wg.Wait()
	collisions := 0
	for _, res := range results {
		collisions += len(res.Collisions)
	}
	got := read(t, s, everything(air, sensors.Temperature))
	if len(got) != times || collisions != (writers-1)*times {
		t.Fatalf("%d records and %d collisions, want %d and %d", len(got), collisions, times, (writers-1)*times)
	}
	// Each millisecond holds the record of a writer that was not told "collision".
	lost := make([]map[int]bool, writers)
	for w, res := range results {
		lost[w] = make(map[int]bool)
		for _, c := range res.Collisions {
			lost[w][c.Index] = true
		}
	}
	for i, r := range got {
		v, _ := r.Value()
		if lost[int(v)][i] {
			t.Errorf("millisecond %d holds writer %v's record, which was reported as a collision", i, v)
		}
	}
}

func closing(t *testing.T, open Opener) {
	s := open(t)
	write(t, s, rec(1, 0, 1))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
	if _, err := s.Write(t.Context(), []store.Record{rec(2, 1000, 2)}); err == nil {
		t.Error("a write after close returned no error")
	}
	if _, err := collect(t.Context(), s, everything(air, sensors.Temperature)); err == nil {
		t.Error("a read after close returned no error")
	}
}
