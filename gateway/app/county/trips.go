package county

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/exposure"
	"coldchain/alerting/trip"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/trips"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// newTrips makes the keeper of the trips of all trucks that are followed.
func newTrips(cfg *config.County, use *usage, from store.Reader, db *state.DB, now func() time.Time, log *slog.Logger) *trips.Keeper {
	rules, o := rulesOf(cfg), trips.Options{Readings: from, Books: db, Places: placesOf(cfg), Now: now, Logger: log}
	points := map[string]map[sensors.Quantity]sensors.PointID{} // by truck
	for _, id := range slices.Sorted(maps.Keys(use.measures)) {
		if m := use.measures[id]; points[id.Site()][m.quantity] == "" { // of two receivers the first
			if points[id.Site()] == nil {
				points[id.Site()] = map[sensors.Quantity]sensors.PointID{}
			}
			points[id.Site()][m.quantity] = id
		}
	}
	for _, s := range cfg.Sites {
		t := use.trucks[s.ID]
		if t == nil {
			continue
		}
		p := points[s.ID]
		x := trips.Truck{ID: s.ID, Box: t.box, Latitude: p[sensors.Latitude], Longitude: p[sensors.Longitude], Door: p[sensors.Door], Home: s.Home}
		for _, id := range []sensors.PointID{x.Latitude, x.Longitude, x.Door} {
			if raw := rules[id].Raw; raw > 0 && (x.Keeps == 0 || raw < x.Keeps) {
				x.Keeps = raw
			}
		}
		o.Trucks = append(o.Trucks, x)
	}
	return trips.New(o)
}

// placesOf are the sites that trucks may stand at.
func placesOf(cfg *config.County) (out []trip.Place) {
	for _, s := range cfg.Sites {
		if s.Latitude != nil && s.Longitude != nil && s.Kind != config.Truck {
			out = append(out, trip.Place{ID: s.ID, Latitude: *s.Latitude, Longitude: *s.Longitude, Radius: s.Radius})
		}
	}
	return out
}

// tripListener tells of a truck's readings as well.
type tripListener struct {
	collector.Listener
	trips *trips.Keeper
}

// ReadingsJudged implements collector.Listener.
func (l tripListener) ReadingsJudged(records []store.Record, received time.Time) {
	l.trips.Judged(records, received)
	l.Listener.ReadingsJudged(records, received)
}

// runs tells of trips, for the page and for reports.
type runs struct {
	exposed
	state  *state.DB
	boxes  map[string]string // by truck
	places places
}

var (
	_ web.Trips    = runs{}
	_ report.Trips = runs{}
)

func newRuns(went exposed, db *state.DB, use *usage, p places) runs {
	out := runs{went, db, map[string]string{}, p}
	for id, t := range use.trucks {
		out.boxes[id] = t.box
	}
	return out
}

// Trips implements web.Trips.
func (r runs) Trips(ctx context.Context, f web.TripFilter) ([]web.Trip, error) {
	found, err := r.state.Trips(ctx, state.TripFilter{Truck: f.Truck, Batch: f.Batch, From: f.From, To: f.To, Open: f.Open, After: markOf(f.After), Limit: f.Limit})
	out := make([]web.Trip, 0, len(found))
	for _, t := range found {
		out = append(out, web.Trip{ID: t.ID, Truck: t.Truck, Version: t.Version, Trip: t.Trip})
	}
	return out, err
}

// Run implements report.Trips.
func (r runs) Run(ctx context.Context, id string, now time.Time, limits func(box string) exposure.Limits) (report.Run, error) {
	t, err := r.state.Trip(ctx, id)
	if err != nil {
		return report.Run{}, translate(err)
	}
	out := report.Run{ID: t.ID, Truck: t.Truck, Box: r.boxes[t.Truck], Version: t.Version, Trip: t.Trip, Withdrawn: t.Withdrawn, Instead: t.Instead, Drivers: r.drivers(t.Truck), Goods: []report.Carried{}}
	for i, p := range out.Phases {
		out.Phases[i].By = r.places.Person(p.By)
	}
	until := t.To
	if until.IsZero() {
		until = now
	}
	if out.Air, err = r.reader.Zone(ctx, out.Box, t.From, until, limits(out.Box), nil, now); err != nil {
		return out, err
	}
	// Most of a load came and went together: the readings of one stretch are read
	// once for all goods of a profile.
	type stretch struct {
		profile  string
		from, to int64
	}
	done := map[stretch]exposure.Interval{}
	for _, c := range t.Cargo {
		b, err := r.state.Batch(ctx, c.Batch)
		if err != nil {
			return out, translate(err)
		}
		from, to := t.From, until
		if c.Loaded != nil {
			from = c.Loaded.At
		}
		if c.Unloaded != nil {
			to = c.Unloaded.At
		}
		k := stretch{b.Profile, from.UnixMilli(), to.UnixMilli()}
		stay, known := done[k]
		if !known {
			if stay, err = r.reader.Zone(ctx, out.Box, from, to, r.reader.Limits(b.Profile), nil, now); err != nil {
				return out, err
			}
			done[k] = stay
		}
		out.Goods = append(out.Goods, report.Carried{Cargo: c, Product: b.Product, Quantity: b.Quantity, Profile: b.Profile, Stay: stay})
	}
	return out, nil
}

// drivers are those that the roster has for a truck by name.
func (r runs) drivers(truck string) []string {
	out := []string{}
	if roster := r.places.roster.Load(); roster != nil {
		for _, p := range roster.Persons {
			if p.Has(duty.Driver) && slices.Contains(p.Sites, truck) {
				out = append(out, p.Name)
			}
		}
	}
	return out
}
