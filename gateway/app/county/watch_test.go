package county

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/watch"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// TestTheWatchComesBackAsItWas: a room that cools warm goods still does when the
// collector starts again, before anything is booked or measured anew; and what
// is the engine's is not the watch's to read.
func TestTheWatchComesBackAsItWas(t *testing.T) {
	cfg := &config.County{County: "hangjin", Sites: []config.Site{{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
		{ID: "hang", Kind: config.Chilling, Points: map[string]string{"air": "temperature", "core": "temperature"}},
	}}}}
	cfg.ApplyDefaults()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const store = "store-1"
	if _, err := db.LoadDelivery(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	w, err := watchOf(t.Context(), cfg, db)
	if err != nil {
		t.Fatal(err)
	}
	w.SetGoods("balagong/hang", []watch.Stay{{Batch: "B1", From: now}})
	w.Observe(sensors.NewGood("balagong/hang/core", now.Add(time.Minute), 38), now.Add(time.Minute))
	tracks := w.Dirty()
	tracks["engine"] = []byte(`{"v":1}`)
	if err := db.Commit(t.Context(), state.Commit{Generation: store, Tracks: tracks}); err != nil {
		t.Fatal(err)
	}
	again, err := watchOf(t.Context(), cfg, db)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.PullingDown(now.Add(2 * time.Minute)); !slices.Equal(got, []string{"balagong/hang"}) {
		t.Errorf("after a start %q cool warm goods", got)
	}
	if err := db.Commit(t.Context(), state.Commit{Generation: store, Tracks: map[string][]byte{watch.Prefix + "zone/balagong/hang": []byte(`{"v":2}`)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := watchOf(t.Context(), cfg, db); err == nil || !strings.Contains(err.Error(), "watch/zone/balagong/hang") || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("state of another version: %v; want its key and version", err)
	}
}
