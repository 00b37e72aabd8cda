package county

import (
	"context"
	"fmt"

	"coldchain/alerting/watch"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
)

// watchOf is the watch over a county's rooms as it was when the collector ended.
// What it knows of goods being cooled comes before the limits are set.
func watchOf(ctx context.Context, cfg *config.County, db *state.DB) (*watch.Watch, error) {
	w, err := watch.New(watch.Config{Zones: cfg.WatchZones()})
	if err != nil {
		return nil, err
	}
	tracks, err := db.LoadTracks(ctx)
	if err != nil {
		return nil, fmt.Errorf("load the state of the watch: %w", err)
	}
	if err := w.Restore(tracks); err != nil {
		return nil, fmt.Errorf("restore the state of the watch: %w", err)
	}
	return w, nil
}

// watcher is told what lies in a zone. The watch before the collector runs, and
// the collector afterwards, is one.
type watcher interface {
	SetGoods(zone string, stays []watch.Stay)
}

// staysOf are the stays of the batches that lie in a zone now, with the zone
// that each came from.
func staysOf(held []state.Batch) []watch.Stay {
	var out []watch.Stay
	for _, b := range held {
		n := len(b.Custody)
		if n == 0 {
			continue
		}
		stay := watch.Stay{Batch: b.ID, From: b.Custody[n-1].From}
		if n > 1 && b.Custody[n-2].To.Equal(stay.From) {
			stay.Out = b.Custody[n-2].Zone
		}
		out = append(out, stay)
	}
	return out
}

// coolingRooms are those that are there to make warm goods cold: see profile.InRoom.
func coolingRooms(cfg *config.County) map[string]bool {
	out := map[string]bool{}
	for _, s := range cfg.Sites {
		for _, z := range s.Zones {
			out[s.ID+"/"+z.ID] = z.Kind == config.Chilling || z.Kind == config.Blast
		}
	}
	return out
}
