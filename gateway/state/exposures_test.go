package state

import (
	"reflect"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

func TestAnExposureHasVersions(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	_, err := db.CreateBatch(ctx, keeper, "k", batch.Batch{ID: "B1"}, nil)
	must(t, err)
	if e, err := db.ExposureVersion(ctx, "B1"); err != nil || e.Version != 0 {
		t.Errorf("before the first: %+v, %v", e, err)
	}
	audited := func() (n int) {
		rows, err := db.Audit(ctx, AuditFilter{})
		must(t, err)
		for _, r := range rows {
			if r.Action == "exposure.version" {
				n++
			}
		}
		return n
	}
	first := ExposureVersion{Version: 1, AsOf: noon, Digest: []byte{1}}
	stands, err := db.NoteExposureVersion(ctx, "B1", ExposureVersion{}, first)
	must(t, err)
	if !reflect.DeepEqual(stands, first) || audited() != 1 {
		t.Errorf("%+v, %d audited", stands, audited())
	}
	later := ExposureVersion{Version: 1, AsOf: noon.Add(time.Hour), Digest: []byte{2}}
	stands, err = db.NoteExposureVersion(ctx, "B1", first, later)
	must(t, err)
	if !reflect.DeepEqual(stands, later) || audited() != 1 {
		t.Errorf("time that goes on is no version: %+v, %d audited", stands, audited())
	}
	// Somebody who had read the first one comes late.
	stands, err = db.NoteExposureVersion(ctx, "B1", first, ExposureVersion{Version: 2, AsOf: noon.Add(time.Hour), Digest: []byte{3}})
	must(t, err)
	if !reflect.DeepEqual(stands, later) {
		t.Errorf("the slower one overwrote: %+v", stands)
	}
	second := ExposureVersion{Version: 2, AsOf: noon.Add(2 * time.Hour), Digest: []byte{4}}
	_, err = db.NoteExposureVersion(ctx, "B1", later, second)
	must(t, err)
	if e, err := db.ExposureVersion(ctx, "B1"); err != nil || !reflect.DeepEqual(e, second) || audited() != 2 {
		t.Errorf("%+v, %v, %d audited", e, err, audited())
	}
	if _, err := db.NoteExposureVersion(ctx, "unknown", ExposureVersion{}, first); err == nil {
		t.Error("a batch that is not there has an exposure")
	}
}
