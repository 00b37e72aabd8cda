package journal

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

var (
	epochZero = time.UnixMilli(0).UTC()
	synced    = time.UnixMilli(1_795_000_000_000).UTC()
)

// measured is a reading a boot made at a monotonic offset.
func measured(boot string, mono time.Duration, clock wire.ClockSource, wall time.Time) wire.Record {
	return wire.Record{Kind: wire.ReadingRecord, Boot: boot, Mono: mono, Clock: clock, Unit: sensors.Celsius, Reading: sensors.NewGood("a/b/c", wall, -18.5)}
}

func unsynced(boot string, mono time.Duration) wire.Record {
	return measured(boot, mono, wire.ClockNone, epochZero.Add(mono))
}

func opened(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func appended(t *testing.T, j *Journal, records ...wire.Record) {
	t.Helper()
	if _, err := j.Append(context.Background(), records); err != nil {
		t.Fatal(err)
	}
}

func offered(t *testing.T, j *Journal) []wire.Record {
	t.Helper()
	out, err := j.Offer(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantHeld(t *testing.T, j *Journal, want uint64) {
	t.Helper()
	if n, err := j.Held(context.Background()); err != nil || n != want {
		t.Errorf("%d held (%v); want %d", n, err, want)
	}
}

func TestHeldRecordsAreDurableAndNotOffered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := opened(t, path)
	appended(t, j, measured("a", time.Hour, wire.ClockNTP, synced), unsynced("b", time.Second), unsynced("b", 2*time.Second))
	appended(t, j, measured("b", time.Minute, wire.ClockNTP, synced.Add(time.Hour)))
	for range 2 { // the second time after a restart
		wantHeld(t, j, 2)
		if got := offered(t, j); len(got) != 1 || got[0].Seq != 1 {
			t.Errorf("offered %v; want record 1 alone: 2 and 3 wait, and 4 comes after them", got)
		}
		if j.Undelivered() != 4 {
			t.Errorf("%d undelivered; want 4", j.Undelivered())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = opened(t, path)
	}
}

func TestABootIsPlacedByItsMonotonicClock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := opened(t, path)
	ctx := context.Background()
	wantHeld(t, j, 0)
	gap := wire.Record{Kind: wire.GapRecord, Boot: "b", Mono: time.Second, Clock: wire.ClockNone,
		Gap: wire.Gap{Scope: "gw", From: epochZero, To: epochZero.Add(time.Second), Cause: "restart"}}
	event := wire.Record{Kind: wire.EventRecord, Boot: "b", Mono: 3 * time.Second, Clock: wire.ClockNone, Event: wire.Event{At: epochZero, Name: "n", Object: "gw"}}
	appended(t, j, measured("a", time.Hour, wire.ClockNTP, synced), gap, unsynced("b", 2500*time.Millisecond), event)
	start := synced.Add(10 * time.Minute)
	for n, want := range []int{3, 0} {
		if placed, err := j.PlaceBoot(ctx, "b", start, wire.ClockGNSS); err != nil || placed != want {
			t.Fatalf("call %d placed %d (%v); want %d", n+1, placed, err, want)
		}
	}
	wantHeld(t, j, 0)
	_ = j.Close()
	j = opened(t, path)
	got := offered(t, j)
	if len(got) != 4 {
		t.Fatalf("offered %d; want 4", len(got))
	}
	if got[0].Reconstructed || got[0].Clock != wire.ClockNTP {
		t.Errorf("record 1 changed: %+v", got[0])
	}
	for i, mono := range []time.Duration{time.Second, 2500 * time.Millisecond, 3 * time.Second} {
		r := got[i+1]
		if !r.Time().Equal(start.Add(mono)) || !r.Reconstructed || r.Clock != wire.ClockGNSS || r.Seq != uint64(i+2) || r.Mono != mono {
			t.Errorf("record %d is %+v; want it at %s, reconstructed", r.Seq, r, start.Add(mono))
		}
	}
	if !got[1].Gap.From.Equal(synced) {
		t.Errorf("the gap begins %s; want where the boot before ended, %s", got[1].Gap.From, synced)
	}
	if last, ok := j.LastTime(); !ok || !last.Equal(start.Add(3*time.Second)) {
		t.Errorf("the last time is %s", last)
	}
}

func TestManyRecordsArePlacedPieceByPiece(t *testing.T) {
	j := opened(t, filepath.Join(t.TempDir(), "journal.db"))
	var all []wire.Record
	for i := range 2*placeStep + 7 {
		all = append(all, unsynced("b", time.Duration(i+1)*time.Second))
	}
	appended(t, j, all...)
	if n, err := j.PlaceBoot(context.Background(), "b", synced, wire.ClockNTP); err != nil || n != len(all) {
		t.Fatalf("placed %d (%v); want %d", n, err, len(all))
	}
	wantHeld(t, j, 0)
}

func TestAPlacedReadingNeverGetsAnothersMillisecond(t *testing.T) {
	j := opened(t, filepath.Join(t.TempDir(), "journal.db"))
	// The clock ran an hour ahead, and was set back by exactly that.
	for i := range 5 {
		appended(t, j, measured("b", time.Duration(i)*time.Minute, wire.ClockNTP, synced.Add(time.Duration(i)*time.Minute)))
	}
	for i := range 5 {
		appended(t, j, unsynced("b", time.Hour+time.Duration(i)*time.Minute))
	}
	if n, err := j.PlaceBoot(context.Background(), "b", synced.Add(-time.Hour), wire.ClockNTP); err != nil || n != 5 {
		t.Fatal(n, err)
	}
	seen := map[int64]uint64{}
	for _, r := range offered(t, j) {
		if other, twice := seen[r.Time().UnixMilli()]; twice {
			t.Errorf("records %d and %d both at %s", other, r.Seq, r.Time())
		}
		seen[r.Time().UnixMilli()] = r.Seq
	}
	if len(seen) != 10 {
		t.Errorf("%d times; want 10", len(seen))
	}
}

func TestABootThatNeverHadATimeIsBoundedByItsNeighbours(t *testing.T) {
	j := opened(t, filepath.Join(t.TempDir(), "journal.db"))
	bad := unsynced("lost", 20*time.Minute)
	bad.Reading = sensors.NewBad("a/b/c", bad.Reading.Time, sensors.Timeout)
	appended(t, j, measured("a", time.Hour, wire.ClockNTP, synced), unsynced("lost", 10*time.Minute), bad, unsynced("now", time.Minute))
	until := synced.Add(2 * time.Hour) // when this boot began
	boots, err := j.PlaceEarlier(context.Background(), "now", until)
	if err != nil || len(boots) != 1 {
		t.Fatalf("%+v %v", boots, err)
	}
	b := boots[0]
	if b.Boot != "lost" || b.Records != 2 || b.First != 2 || b.Last != 3 || !b.Earliest.Equal(synced) || !b.Latest.Equal(until.Add(-20*time.Minute)) {
		t.Errorf("bounds %+v; want the boot to have begun between the last record before it and 20 min before the next boot", b)
	}
	wantHeld(t, j, 1)
	got := offered(t, j)
	if len(got) != 3 {
		t.Fatalf("offered %d; want 3: this boot's own still waits", len(got))
	}
	first, second := got[1], got[2]
	if first.Reading.Quality != sensors.Uncertain || first.Reading.Reason != sensors.ClockUncertain || !first.Reconstructed || first.Clock != wire.ClockNone {
		t.Errorf("%+v; want uncertain, clock-unsynced, reconstructed, clock none", first)
	}
	if v, ok := first.Reading.Value(); !ok || v != -18.5 {
		t.Errorf("value %v %v; want it kept", v, ok)
	}
	if second.Reading.Quality != sensors.Bad || second.Reading.Reason != sensors.Timeout {
		t.Errorf("%+v; want the bad reading with its own reason", second)
	}
	if d := second.Time().Sub(first.Time()); d != 10*time.Minute || first.Time().Before(synced) || second.Time().After(until) {
		t.Errorf("placed at %s and %s; want 10 min apart within the bounds", first.Time(), second.Time())
	}
}

// Its clock stepped, and it ended before the new time was believed. What it
// stamped before tells when it began. Chaos found it with seed 26: the boot was
// put a minute late, and its bounds left out the truth.
func TestABootThatHadAClockBeforeIsPlacedByIt(t *testing.T) {
	for _, tt := range []struct {
		name  string
		until time.Duration // from synced to the next boot
		want  time.Duration // where the boot begins, from synced
	}{
		{"by its own clock", 2 * time.Hour, -time.Hour},
		{"its own clock was ahead: as late as it can have begun", 10*time.Minute - 2*time.Hour, 8*time.Minute - 3*time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := opened(t, filepath.Join(t.TempDir(), "journal.db"))
			// A gap of the past tells nothing of this boot.
			past := wire.Record{Kind: wire.GapRecord, Boot: "a", Mono: time.Hour, Clock: wire.ClockNTP, Gap: wire.Gap{Scope: "gw", From: morning, To: morning.Add(time.Minute), Cause: CauseDiskLimit}}
			appended(t, j, measured("a", time.Hour, wire.ClockNTP, synced), past, unsynced("a", time.Hour+time.Minute), unsynced("a", time.Hour+2*time.Minute))
			until := synced.Add(tt.until)
			boots, err := j.PlaceEarlier(t.Context(), "now", until)
			if err != nil || len(boots) != 1 {
				t.Fatalf("%+v %v", boots, err)
			}
			if b := boots[0]; !b.Start.Equal(synced.Add(tt.want)) || b.Earliest.After(b.Start) || b.Latest.Before(b.Start) {
				t.Errorf("put to %s, between %s and %s; want %s", b.Start, b.Earliest, b.Latest, synced.Add(tt.want))
			}
			if got := offered(t, j); len(got) != 4 || got[3].Reading.Quality != sensors.Uncertain {
				t.Errorf("offered %+v; want all, the last uncertain", got)
			}
		})
	}
}

func TestBootsWithoutATimeFollowOneAnother(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before bool
		room   time.Duration
	}{{"between neighbours", true, time.Hour}, {"no room at all", true, 0}, {"the neighbour's clock was ahead", true, -24 * time.Hour}, {"nothing older", false, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			j := opened(t, filepath.Join(t.TempDir(), "journal.db"))
			if tt.before {
				appended(t, j, measured("a", time.Hour, wire.ClockNTP, synced))
			}
			for _, boot := range []string{"one", "two", "three"} {
				appended(t, j, unsynced(boot, time.Minute), unsynced(boot, 2*time.Minute))
			}
			until := synced.Add(6*time.Minute + tt.room)
			if _, err := j.PlaceEarlier(context.Background(), "now", until); err != nil {
				t.Fatal(err)
			}
			var last time.Time
			for _, r := range offered(t, j) {
				if r.Reconstructed && !last.IsZero() && !r.Time().After(last) || r.Time().After(until) && r.Reconstructed {
					t.Errorf("record %d at %s, after one at %s; next boot %s", r.Seq, r.Time(), last, until)
				}
				if r.Reconstructed {
					last = r.Time()
				}
			}
			wantHeld(t, j, 0)
		})
	}
}

func TestHeldRecordsSurviveANewEpoch(t *testing.T) {
	j := opened(t, filepath.Join(t.TempDir(), "journal.db"))
	ctx := context.Background()
	for i := range 4 {
		appended(t, j, measured("a", time.Hour, wire.ClockNTP, synced.Add(time.Duration(i)*time.Second)))
	}
	if err := j.Confirm(ctx, []wire.AckRange{{Range: wire.Range{From: 2, To: 3}, Outcome: wire.Stored}}); err != nil {
		t.Fatal(err)
	}
	appended(t, j, unsynced("b", time.Second), unsynced("b", 2*time.Second))
	if err := j.StartEpoch(ctx, 9); err != nil {
		t.Fatal(err)
	}
	wantHeld(t, j, 2)
	if got := offered(t, j); len(got) != 2 {
		t.Errorf("offered %d; want the two that have a time", len(got))
	}
	if n, err := j.PlaceBoot(ctx, "b", synced.Add(time.Hour), wire.ClockNTP); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if got := offered(t, j); len(got) != 4 {
		t.Errorf("offered %d; want 4", len(got))
	}
}

// What a held record shows is a time that nobody has believed.
func TestTheLastTimeThatWasBelievedIsNotAHeldRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := opened(t, path)
	want := func(what string, at time.Time) {
		t.Helper()
		if got, ok := j.LastTimed(); ok == at.IsZero() || !got.Equal(at) {
			t.Errorf("%s: %s %v; want %s", what, got, ok, at)
		}
	}
	want("empty", time.Time{})
	appended(t, j, measured("a", time.Second, wire.ClockNone, synced.AddDate(10, 0, 0)))
	want("a held one alone", time.Time{})
	_ = j.Close()
	j = opened(t, path)
	want("a held one alone, opened again", time.Time{})
	appended(t, j, measured("b", time.Hour, wire.ClockNTP, synced), unsynced("c", time.Second))
	want("in the middle of a commit", synced)
	_ = j.Close()
	j = opened(t, path)
	want("past a held one, opened again", synced)
	if n, err := j.PlaceBoot(t.Context(), "a", synced.Add(-time.Hour), wire.ClockNTP); err != nil || n != 1 {
		t.Fatalf("placed %d: %v", n, err)
	}
	want("an older one was placed", synced)
	if n, err := j.PlaceBoot(t.Context(), "c", synced.Add(time.Minute), wire.ClockNTP); err != nil || n != 1 {
		t.Fatalf("placed %d: %v", n, err)
	}
	want("the newest was placed", synced.Add(61*time.Second))
	_ = j.Close()
	j = opened(t, path)
	want("the same, opened again", synced.Add(61*time.Second))
}
