package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Store is what retention asks of the store of readings. Both engines are one.
type Store interface {
	Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error
	ReadRollups(ctx context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error
	Generation(ctx context.Context) (string, error)
	store.Deleter
}

// Rule is for how long a point is kept.
type Rule struct {
	Quantity sensors.Quantity
	Raw      time.Duration // 0: for ever
	Rollups  time.Duration // 0: for ever; never below Raw
}

// Options configure a Keeper. All are required.
type Options struct {
	County string
	// Rules are those of the county's points. Of a point that is not there
	// nothing is removed.
	Rules  map[sensors.PointID]Rule
	State  *state.DB
	Store  Store
	Folder string // of the evidence files; made when it is needed
	Now    func() time.Time
	// Newest is the measuring time of the newest reading that has come, by a
	// clock that is believed; ok is false when there is none to go by. Ages are
	// counted from it, or from Now when that is earlier: a clock that jumps
	// ahead removes nothing, and when nothing comes any more nothing goes.
	Newest func() (at time.Time, ok bool)
	Logger *slog.Logger
}

const (
	lookEvery = 10 * time.Minute // for something to do
	runEvery  = 24 * time.Hour
)

// Keeper is one county's retention.
type Keeper struct {
	o Options
	// removing is held while it is looked up what is frozen and the rest is
	// removed, so that nothing is frozen in between.
	removing sync.Mutex
	writing  sync.Mutex // of an evidence file
}

// New returns a keeper ready to Run and Freeze.
func New(o Options) (*Keeper, error) {
	if o.State == nil || o.Store == nil || o.Now == nil || o.Newest == nil || o.Logger == nil || o.Folder == "" {
		return nil, errors.New("retention: state, store, folder, clock and logger are needed")
	}
	for p, r := range o.Rules {
		if r.Rollups > 0 && (r.Raw == 0 || r.Rollups < r.Raw) {
			return nil, fmt.Errorf("retention: %s keeps its rollups for a shorter time than its readings", p)
		}
	}
	return &Keeper{o: o}, nil
}

// Run does once a day what has to be done, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		k.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look writes evidence that could not be written before, and begins a run when
// the last one began a day ago.
func (k *Keeper) look(ctx context.Context) {
	if err := k.finishEvidence(ctx); err != nil && ctx.Err() == nil {
		k.o.Logger.Warn("what is frozen has no copy yet; trying again", "error", err, "again_in", lookEvery)
	}
	last, ran, err := k.o.State.LastRetention(ctx)
	if err != nil {
		k.o.Logger.Error("retention", "error", err)
		return
	}
	now := k.o.Now()
	if since := now.Sub(last.Began); ran && last.Failure == "" && !last.Ended.IsZero() && since >= 0 && since < runEvery {
		return
	}
	from, known := k.o.Newest()
	if !known {
		return // nothing has come: nothing grows older
	}
	if now.Before(from) {
		from = now
	}
	k.run(ctx, from)
}

// run removes what is older than its rule, counted from a time.
func (k *Keeper) run(ctx context.Context, from time.Time) {
	run := state.RetentionRun{Began: k.o.Now().UTC().Truncate(time.Millisecond)}
	err := k.removeAll(ctx, from, &run)
	if ctx.Err() != nil {
		return // begun again at the next start, where it stopped
	}
	run.Ended = k.o.Now().UTC().Truncate(time.Millisecond)
	if err != nil {
		run.Failure = err.Error()
	}
	if noted := k.o.State.SetRetentionRun(ctx, run); noted != nil {
		k.o.Logger.Error("retention", "error", noted)
	}
	attrs := []any{"readings", run.Readings, "rollups", run.Rollups, "waiting", run.Waiting, "oldest", run.Oldest, "took", run.Ended.Sub(run.Began)}
	if err != nil {
		k.o.Logger.Warn("retention did not come to its end; trying again", append(attrs, "error", err, "again_in", lookEvery)...)
		return
	}
	k.o.Logger.Info("retention", attrs...)
}
