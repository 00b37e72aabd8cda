package collector

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// believed returns the rollups of a stretch that nothing says are stale, and
// what the stored readings make of the same hours.
func (r *rig) believed(from, to time.Time) (got, want []store.Rollup) {
	r.t.Helper()
	stale, err := r.c.Stale(r.t.Context(), air, from, to)
	if err != nil {
		r.t.Fatal(err)
	}
	fresh := func(at time.Time) bool {
		for _, s := range stale {
			if !at.Before(s.From) && at.Before(s.To) {
				return false
			}
		}
		return true
	}
	for _, width := range store.Widths() {
		q := store.RollupQuery{Point: air, Quantity: sensors.Temperature, Width: width, From: from, To: to}
		err := r.c.ReadRollups(r.t.Context(), q, func(b store.Rollup) bool {
			if fresh(b.Start) {
				got = append(got, b)
			}
			return true
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	by := map[time.Duration][]store.Rollup{}
	roller := store.NewRoller(air, sensors.Temperature, from, func(b store.Rollup) {
		if fresh(b.Start) {
			by[b.Width] = append(by[b.Width], b)
		}
	})
	err = r.store.Read(r.t.Context(), store.Query{Point: air, Quantity: sensors.Temperature, From: from.Add(-store.CoverFor), To: to},
		func(rec store.Record) bool { roller.Add(rec.Reading); return true })
	if err != nil {
		r.t.Fatal(err)
	}
	roller.Finish(to)
	for _, width := range store.Widths() {
		want = append(want, by[width]...)
	}
	return got, want
}

func (r *rig) check(from, to time.Time) int {
	r.t.Helper()
	got, want := r.believed(from, to)
	if !reflect.DeepEqual(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				r.t.Fatalf("rollup %d of %d:\n got %+v\nwant %+v", i, len(got), got[i], want[i])
			}
		}
		r.t.Fatalf("%d rollups believed, the readings make %d", len(got), len(want))
	}
	return len(got)
}

// TestRollupsAreRightOrStale: live, late and repeated readings, a store that
// fails, and restarts at any moment. Whatever happens, a rollup that is not
// said to be stale is what the stored readings come to; and once everything
// has come to rest, none is stale.
func TestRollupsAreRightOrStale(t *testing.T) {
	for seed := range uint64(3) {
		inBubble(t, func(r *rig) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			begin := time.Now().UTC().Truncate(time.Hour)
			var sent []wire.Record
			seq := uint64(0)
			next := func(at time.Time) wire.Record {
				seq++
				rec := reading(seq, air, at, rnd.NormFloat64()*20)
				if rnd.IntN(8) == 0 {
					rec.Reading = sensors.NewBad(air, rec.Reading.Time, sensors.Timeout)
				}
				sent = append(sent, rec)
				return rec
			}
			for range 500 {
				switch n := rnd.IntN(100); {
				case n < 70:
					r.sendRecords(next(time.Now()))
				case n < 80: // a piece of backlog
					at := begin.Add(-2*time.Hour + time.Duration(rnd.Int64N(int64(time.Since(begin)+2*time.Hour))))
					r.sendRecords(next(at), next(at.Add(41*time.Second)), next(at.Add(97*time.Second)))
				case n < 90 && len(sent) > 0: // an acknowledgement was lost
					r.sendRecords(sent[rnd.IntN(len(sent))])
				case n < 92:
					r.stop() // like a crash: open buckets are gone
					r.start()
				case n < 94:
					r.store.fail(store.ErrTemporary)
					time.Sleep(time.Minute)
					r.store.fail(nil)
				default: // nothing comes for a while
					time.Sleep(time.Duration(rnd.IntN(5400)) * time.Second)
				}
				time.Sleep(time.Duration(rnd.IntN(240)) * time.Second)
				if rnd.IntN(10) == 0 {
					synctest.Wait()
					r.check(begin.Add(-3*time.Hour), time.Now().Truncate(time.Hour).Add(2*time.Hour))
				}
			}
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			end := time.Now().Truncate(time.Hour)
			if n := r.check(begin.Add(-3*time.Hour), end); n < 500 {
				r.t.Errorf("only %d rollups", n)
			}
			if stale, err := r.c.Stale(r.t.Context(), air, begin.Add(-3*time.Hour), end); err != nil || len(stale) != 0 {
				r.t.Errorf("still stale after three hours: %+v, %v", stale, err)
			}
		})
	}
}

// TestPastFromBeforeRollupsIsRolledUp: a store that an older version filled.
func TestPastFromBeforeRollupsIsRolledUp(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.stop()
		r.start()
		from := time.Now().UTC().Truncate(time.Hour).AddDate(0, 0, -40)
		var old []store.Record
		for i := range 40 * 24 * 4 {
			at := from.Add(time.Duration(i) * 15 * time.Minute)
			old = append(old, store.Record{Reading: sensors.NewGood(air, at, float64(i%50)), Quantity: sensors.Temperature, Gateway: "balagong-gw", Epoch: 9, Seq: uint64(i + 1)})
		}
		if _, err := r.store.Store.Write(r.t.Context(), old); err != nil {
			r.t.Fatal(err)
		}
		// As an upgrade leaves it: nothing was looked through.
		if err := r.db.SetRolled(r.t.Context(), []sensors.PointID{air}, "another store", nil); err != nil {
			r.t.Fatal(err)
		}
		r.stop()
		r.start()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		to := time.Now().Truncate(time.Hour)
		if stale, err := r.c.Stale(r.t.Context(), air, from, to); err != nil || len(stale) != 0 {
			r.t.Fatalf("%+v, %v", stale, err)
		}
		if n := r.check(from, to); n < 40*24 {
			r.t.Errorf("%d rollups", n)
		}
	})
}
