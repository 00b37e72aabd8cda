package state

import (
	"testing"
	"time"

	"coldchain/sensors"
)

func stretch(hour, hours int, stamp uint64) DirtyRange {
	from := noon.Add(time.Duration(hour) * time.Hour)
	return DirtyRange{Point: room + "/air", From: from, To: from.Add(time.Duration(hours) * time.Hour), Stamp: stamp}
}

// TestDirtyMarkRenewedWhileItIsSeenTo: the reading that came while a stretch
// was being worked out must be worked out again.
func TestDirtyMarkRenewedWhileItIsSeenTo(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	_, err := db.LoadDelivery(ctx, "store-1")
	must(t, err)
	must(t, db.Commit(ctx, Commit{Generation: "store-1", Dirty: []DirtyRange{stretch(0, 1, 1), stretch(1, 1, 2)}}))
	taken, err := db.TakeDirty(ctx, noon.Add(time.Hour), 10)
	must(t, err)
	if len(taken) != 1 || taken[0] != stretch(0, 1, 1) {
		t.Fatalf("%+v", taken)
	}
	must(t, db.MarkDirty(ctx, []DirtyRange{stretch(0, 1, 3)}))
	must(t, db.ClearDirty(ctx, taken, nil))
	left, err := db.DirtyOf(ctx, room+"/air", noon, noon.Add(2*time.Hour))
	must(t, err)
	if len(left) != 2 || left[0].Stamp != 3 || left[1].Stamp != 2 {
		t.Errorf("%+v", left)
	}
	must(t, db.ClearDirty(ctx, left, []DirtyRange{stretch(5, 1, 2)}))
	left, err = db.TakeDirty(ctx, noon.Add(100*time.Hour), 10)
	must(t, err)
	if len(left) != 1 || left[0] != stretch(5, 1, 2) {
		t.Errorf("%+v", left)
	}
	stamp, err := db.DirtyStamp(ctx)
	must(t, err)
	if stamp != 2 {
		t.Error(stamp)
	}
}

// TestDirtyIsCommittedWithItsReadings: a commit that fails leaves no mark, and
// a mark is not lost without its commit.
func TestDirtyIsCommittedWithItsReadings(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	_, err := db.LoadDelivery(ctx, "store-1")
	must(t, err)
	if err := db.Commit(ctx, Commit{Generation: "store-2", Dirty: []DirtyRange{stretch(0, 1, 1)}}); err == nil {
		t.Fatal("a commit for another store succeeded")
	}
	if left, err := db.TakeDirty(ctx, noon.Add(100*time.Hour), 10); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

func TestRolledBelongsToAGeneration(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	past := stretch(-10, 10, 7)
	must(t, db.SetRolled(ctx, []sensors.PointID{past.Point}, "store-1", []DirtyRange{past}))
	for generation, want := range map[string]bool{"store-1": true, "store-2": false} {
		if got, err := db.Rolled(ctx, past.Point, generation); err != nil || got != want {
			t.Errorf("%s: %v, %v", generation, got, err)
		}
	}
	if left, err := db.TakeDirty(ctx, noon, 10); err != nil || len(left) != 1 || left[0] != past {
		t.Errorf("%+v, %v", left, err)
	}
}
