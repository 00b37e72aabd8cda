package county

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/profile"
	"coldchain/alerting/watch"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// limiter is told the limits that hold in a zone from now on. The engine before
// the collector runs, and the collector afterwards, is one.
type limiter interface {
	SetLimits(zone string, q sensors.Quantity, limits []alerting.Limit) error
	SetTimeConstant(zone string, d time.Duration)
}

// goods keeps each room's limits at the strictest of its own and of what lies
// in it.
type goods struct {
	profiles profile.Set
	bands    map[string][]alerting.Limit // of the rooms, by "site/zone"
	state    *state.DB
	usage    *usage
	log      *slog.Logger

	mu     sync.Mutex // one change after the other: the last to read is the last to set
	limits limiter
	behind bool   // the last change could not be followed
	words  uint64 // state.TruckWords, when what was said of trucks was read last
	watch  watcher
	// pulling are the zones that cool warm goods: their high limits do not
	// count.
	pulling []string
	cools   map[string]bool             // by "site/zone": what comes there is warm
	now     map[string][]alerting.Limit // as they were set, by zone
	usual   map[string][]alerting.Limit // as they are while nothing is being cooled
	lies    map[string][]watch.Stay     // what lies in each zone
	taus    map[string]time.Duration    // how slowly what lies there follows the air; 0: as the zone says
	books   *books                      // nil: the sites are told their limits alone
	// followed is told of every booking and decision; nil while nobody listens.
	followed func()
}

func newGoods(cfg *config.County, use *usage, log *slog.Logger) (*goods, error) {
	set, err := cfg.Goods()
	if err != nil {
		return nil, fmt.Errorf("product profiles: %w", err)
	}
	g := &goods{profiles: set, usage: use, bands: map[string][]alerting.Limit{}, now: map[string][]alerting.Limit{}, cools: coolingRooms(cfg), log: log}
	for _, z := range cfg.EngineZones() {
		g.bands[z.ID] = z.Limits[sensors.Temperature]
		g.now[z.ID] = g.bands[z.ID] // what the engine was made with
	}
	return g, nil
}

// agrees says why a batch ought not to come to a zone at a time; nil when it
// may.
func (g *goods) agrees(zone string, at time.Time, b batch.Batch, there []batch.Batch) *state.Disagreement {
	zh, en := g.mixes(zone, b, there)
	var marks []string
	if len(zh) > 0 {
		marks = append(marks, batch.MarkMixed)
	}
	if unready := g.unready(zone, at, b); unready != nil {
		marks = append(marks, batch.MarkNotReady)
		zh, en = append(zh, unready.ZH), append(en, unready.EN)
	}
	if len(marks) == 0 {
		return nil
	}
	return &state.Disagreement{ZH: strings.Join(zh, "；"), EN: strings.Join(en, "; "), Mark: strings.Join(marks, ",")}
}

// mixes says why a batch ought not to lie in a zone beside what does; nothing
// when it may, or when nobody knows what it is.
func (g *goods) mixes(zone string, b batch.Batch, there []batch.Batch) (zh, en []string) {
	own, known := g.profiles[b.Profile]
	if !known {
		return nil, nil
	}
	list := []profile.Profile{own}
	for _, other := range g.of(there) {
		if other.Name != own.Name {
			list = append(list, other)
		}
	}
	_, conflicts := profile.Strictest(g.bands[zone], list)
	for _, c := range conflicts {
		if c.A == own.Name || c.B == own.Name { // what lay there before was received by somebody else
			zh, en = append(zh, c.Text.ZH), append(en, c.Text.EN)
		}
	}
	return zh, en
}

// of returns the profiles of batches, each once.
func (g *goods) of(list []batch.Batch) (out []profile.Profile) {
	seen := map[string]bool{}
	for _, b := range list {
		if p, known := g.profiles[b.Profile]; known && !seen[p.Name] {
			seen[p.Name] = true
			out = append(out, p)
		}
	}
	return out
}

// all sets the limits of every room by what lies in it, and from then on those
// of the engine's owner.
func (g *goods) all(ctx context.Context, to limiter, w watcher, pulling []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits, g.watch, g.pulling = to, w, pulling
	return g.set(ctx)
}

// pull sets the limits when other zones cool warm goods than before.
func (g *goods) pull(zones []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pulling = zones
	if err := g.set(context.Background()); err != nil {
		g.log.Error("limits do not follow what is being cooled; they will at the next booking or start", "error", err)
	}
}

// follow sets the limits after a batch was booked or moved. The booking stands;
// limits that could not be read are those of before, and somebody is told.
func (g *goods) follow(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	err := errors.Join(g.set(ctx), g.usage.refresh(ctx))
	if g.behind = err != nil; g.behind {
		g.log.Error("limits do not follow the goods; trying again", "error", err)
	}
	if g.followed != nil {
		g.followed()
	}
}

func (g *goods) set(ctx context.Context) error {
	held, err := g.state.Batches(ctx, state.BatchFilter{Held: true})
	if err != nil {
		return fmt.Errorf("limits by what lies in the rooms: %w", err)
	}
	in, lies := map[string][]batch.Batch{}, map[string][]state.Batch{}
	for _, b := range held {
		in[b.Where()] = append(in[b.Where()], b.Batch)
		lies[b.Where()] = append(lies[b.Where()], b)
	}
	stays, usual, taus := map[string][]watch.Stay{}, map[string][]alerting.Limit{}, map[string]time.Duration{}
	for zone, band := range g.bands {
		stays[zone] = staysOf(lies[zone])
		g.watch.SetGoods(zone, stays[zone])
		limits, cooling := profile.InRoom(band, g.of(in[zone]), g.cools[zone])
		taus[zone] = profile.Quickest(g.of(in[zone]))
		g.limits.SetTimeConstant(zone, taus[zone])
		usual[zone] = limits
		if slices.Contains(g.pulling, zone) {
			limits = cooling
		}
		if slices.Equal(limits, g.now[zone]) {
			continue
		}
		if err := g.limits.SetLimits(zone, sensors.Temperature, limits); err != nil {
			return err
		}
		g.now[zone] = limits
	}
	g.usual, g.lies, g.taus = usual, stays, taus
	return nil
}

// hand names who owns the engine and the watch from now on.
func (g *goods) hand(to interface {
	limiter
	watcher
}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits, g.watch = to, to
}

// limitsOf returns the temperature limits that hold in a zone now.
func (g *goods) limitsOf(zone string) []alerting.Limit {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now[zone]
}
