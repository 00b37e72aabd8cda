package journal

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func filled(t *testing.T, n int) *Journal {
	t.Helper()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	var records []wire.Record
	for i := range n {
		at := time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)
		records = append(records, wire.Record{Boot: "b", Clock: wire.ClockNTP, Unit: sensors.Celsius, Reading: sensors.NewGood("balagong/mutton/air", at, -18)})
	}
	if _, err := j.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	return j
}

func between(t *testing.T, j *Journal, after, below uint64) (out []uint64) {
	t.Helper()
	records, err := j.OfferBetween(t.Context(), after, below, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		out = append(out, r.Seq)
	}
	return out
}

func TestReofferedRecordsCountAsUndeliveredAndTheRestIsGone(t *testing.T) {
	j := filled(t, 20)
	ctx := t.Context()
	if err := j.Confirm(ctx, []wire.AckRange{{Range: wire.Range{From: 1, To: 18}, Outcome: wire.Stored}}); err != nil {
		t.Fatal(err)
	}
	if _, err := j.conn.ExecContext(ctx, "DELETE FROM record WHERE seq <= 5"); err != nil { // as Trim does
		t.Fatal(err)
	}
	for range 2 { // asked twice is harmless
		gone, err := j.Reoffer(ctx, []wire.Range{{From: 3, To: 8}, {From: 12, To: 12}, {From: 400, To: 500}})
		if err != nil || !slices.Equal(gone, []wire.Range{{From: 3, To: 5}}) {
			t.Fatalf("gone %v, %v; want 3 to 5", gone, err)
		}
		if j.Undelivered() != 6 || j.Oldest() != 6 {
			t.Errorf("%d undelivered from %d; want 6, from 6", j.Undelivered(), j.Oldest())
		}
	}
	want := []uint64{6, 7, 8, 12, 19, 20}
	if got := between(t, j, 0, 100); !slices.Equal(got, want) {
		t.Errorf("offered %v, want %v", got, want)
	}
	if got := between(t, j, 7, 19); !slices.Equal(got, []uint64{8, 12}) {
		t.Errorf("between 7 and 19 offered %v, want 8 and 12", got)
	}
	path := j.path
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := between(t, again, 0, 100); !slices.Equal(got, want) || again.Undelivered() != 6 {
		t.Errorf("after a restart offered %v (%d undelivered), want %v", got, again.Undelivered(), want)
	}
}

func TestTheTallyOfBytesOutlivesARestart(t *testing.T) {
	j := filled(t, 1)
	if day, n, err := j.Tally(t.Context()); err != nil || day != "" || n != 0 {
		t.Errorf("a new journal's tally: %q %d %v", day, n, err)
	}
	if err := j.SetTally(t.Context(), "2026-01-10", 12_345); err != nil {
		t.Fatal(err)
	}
	path := j.path
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if day, n, err := again.Tally(t.Context()); err != nil || day != "2026-01-10" || n != 12_345 {
		t.Errorf("tally %q %d %v", day, n, err)
	}
}
