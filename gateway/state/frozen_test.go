package state

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

func frozenRange(hour, hours int) FrozenRange {
	from := noon.Add(time.Duration(hour) * time.Hour)
	return FrozenRange{Point: room + "/air", Quantity: sensors.Temperature, From: from, To: from.Add(time.Duration(hours) * time.Hour)}
}

func TestFreezeIsDoneOnceAndNeverUndone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "county.db")
	db := reopen(t, path, &clock{at: noon})
	ctx := t.Context()
	ranges := []FrozenRange{frozenRange(5, 2), frozenRange(0, 1)}
	f, fresh, err := db.Freeze(ctx, keeper, "CC-2026-0001", ranges)
	must(t, err)
	if !fresh || f.Evidence != nil || len(f.Ranges) != 2 || !sameRange(f.Ranges[0], ranges[1]) {
		t.Fatalf("%+v, fresh %v", f, fresh)
	}
	again, fresh, err := db.Freeze(ctx, Actor{Kind: Person, ID: "somebody else"}, "CC-2026-0001", []FrozenRange{ranges[1], ranges[0]})
	must(t, err)
	if fresh || again.By != keeper || !again.At.Equal(f.At) {
		t.Errorf("again: %+v, fresh %v; want the first one", again, fresh)
	}
	if _, _, err := db.Freeze(ctx, keeper, "CC-2026-0001", ranges[:1]); !errors.Is(err, ErrFrozenOtherwise) {
		t.Errorf("with other ranges: %v", err)
	}
	e := Evidence{File: "CC-2026-0001.cbor.zst", Bytes: 123, SHA256: []byte{1, 2, 3}, Readings: 42}
	must(t, db.NoteEvidence(ctx, keeper, "CC-2026-0001", e))
	if err := db.NoteEvidence(ctx, keeper, "CC-2026-0001", e); !errors.Is(err, ErrNotFound) {
		t.Errorf("a second copy: %v", err)
	}
	rows, err := db.Audit(ctx, AuditFilter{})
	must(t, err)
	if n := len(rows); rows[n-2].Action != "readings.frozen" || !strings.Contains(rows[n-2].Detail, `"point":"`+room+`/air"`) || rows[n-1].Action != "evidence.written" || !strings.Contains(rows[n-1].Detail, `"sha256":"010203"`) {
		t.Errorf("audit ends with %+v", rows[len(rows)-2:])
	}
	for _, statement := range []string{"DELETE FROM frozen", "DELETE FROM frozen_ranges", "UPDATE frozen_ranges SET to_ms = to_ms + 1"} {
		if _, err := db.writer.ExecContext(ctx, statement); err == nil || !strings.Contains(err.Error(), "never") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	must(t, db.Close())
	all, err := ListFrozen(ctx, path)
	must(t, err)
	if len(all) != 1 || all[0].Evidence == nil || all[0].Evidence.Readings != 42 || len(all[0].Ranges) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestFrozenOfTouchesHalfOpen(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	_, _, err := db.Freeze(ctx, keeper, "A", []FrozenRange{frozenRange(0, 2), frozenRange(5, 1)})
	must(t, err)
	_, _, err = db.Freeze(ctx, keeper, "B", []FrozenRange{frozenRange(1, 2)})
	must(t, err)
	for _, c := range []struct{ from, to, want int }{{-1, 0, 0}, {-1, 1, 1}, {1, 2, 2}, {2, 3, 1}, {3, 5, 0}, {0, 9, 3}, {6, 9, 0}} {
		got, err := db.FrozenOf(ctx, room+"/air", noon.Add(time.Duration(c.from)*time.Hour), noon.Add(time.Duration(c.to)*time.Hour))
		must(t, err)
		if len(got) != c.want {
			t.Errorf("%d to %d: %d ranges, want %d", c.from, c.to, len(got), c.want)
		}
	}
	if got, err := db.FrozenOf(ctx, room+"/other", noon, noon.Add(9*time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("another point: %v, %v", got, err)
	}
}

func TestFreezeRefuses(t *testing.T) {
	db := open(t)
	good := []FrozenRange{frozenRange(0, 1)}
	backwards := frozenRange(0, 1)
	backwards.To = backwards.From
	nowhere := frozenRange(0, 1)
	nowhere.Point = "nowhere"
	what := frozenRange(0, 1)
	what.Quantity = "pressure"
	for name, c := range map[string]struct {
		reference string
		ranges    []FrozenRange
	}{
		"no reference":          {"", good},
		"a path":                {"../county", good},
		"a hidden file":         {".x", good},
		"too long":              {strings.Repeat("x", 81), good},
		"nothing":               {"A", nil},
		"too much":              {"A", make([]FrozenRange, 1001)},
		"an empty range":        {"A", []FrozenRange{backwards}},
		"no point":              {"A", []FrozenRange{nowhere}},
		"a quantity unheard of": {"A", []FrozenRange{what}},
	} {
		if _, _, err := db.Freeze(t.Context(), keeper, c.reference, c.ranges); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := db.Frozen(t.Context(), "A"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestRetentionIsRememberedByStore(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	must(t, db.SetRetained(ctx, room+"/air", RetainedReadings, "store-1", noon))
	must(t, db.SetRetained(ctx, room+"/air", RetainedReadings, "store-1", noon.Add(time.Hour)))
	for _, c := range []struct {
		what, generation string
		want             bool
	}{{RetainedReadings, "store-1", true}, {RetainedRollups, "store-1", false}, {RetainedReadings, "store-2", false}} {
		until, ok, err := db.RetainedUntil(ctx, room+"/air", c.what, c.generation)
		if err != nil || ok != c.want || ok && !until.Equal(noon.Add(time.Hour)) {
			t.Errorf("%+v: %s %v %v", c, until, ok, err)
		}
	}
	if _, ok, err := db.LastRetention(ctx); ok || err != nil {
		t.Errorf("a run before the first: %v", err)
	}
	run := RetentionRun{Began: noon, Ended: noon.Add(time.Minute), Readings: 3, Oldest: noon.Add(-time.Hour)}
	must(t, db.SetRetentionRun(ctx, run))
	if got, ok, err := db.LastRetention(ctx); !ok || err != nil || got != run {
		t.Errorf("%+v %v %v", got, ok, err)
	}
	rows, err := db.Audit(ctx, AuditFilter{})
	must(t, err)
	if last := rows[len(rows)-1]; last.Action != "readings.expired" || last.Actor != retainer {
		t.Errorf("%+v", last)
	}
}
