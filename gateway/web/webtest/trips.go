package webtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/alerting/trip"
	"coldchain/gateway/report"
	"coldchain/gateway/web"
)

// Road is what trucks did, newest first.
type Road struct {
	TripList []web.Trip
}

// runs tells of the fake's trips.
type runs struct {
	*Fake
	county web.County
}

var (
	_ web.Trips    = runs{}
	_ report.Trips = runs{}
)

// Trips implements web.Trips.
func (r runs) Trips(_ context.Context, f web.TripFilter) (out []web.Trip, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.TripList {
		carried := slices.ContainsFunc(t.Cargo, func(c trip.Cargo) bool { return c.Batch == f.Batch })
		switch {
		case f.Truck != "" && t.Truck != f.Truck, f.Batch != "" && !carried, f.Open != nil && *f.Open != t.To.IsZero(), len(out) == f.Limit:
		case !f.To.IsZero() && !t.From.Before(f.To), !f.From.IsZero() && !t.To.IsZero() && !t.To.After(f.From):
		case f.After != nil && (t.From.After(f.After.Time) || t.From.Equal(f.After.Time) && t.ID <= f.After.ID):
		default:
			out = append(out, t)
		}
	}
	return out, r.StateDown
}

// Run implements report.Trips.
func (r runs) Run(ctx context.Context, id string, now time.Time, limits func(string) exposure.Limits) (report.Run, error) {
	i := slices.IndexFunc(r.TripList, func(t web.Trip) bool { return t.ID == id })
	if i < 0 {
		return report.Run{}, fmt.Errorf("trip %s: %w", id, web.ErrNotFound)
	}
	t := r.TripList[i]
	out := report.Run{ID: t.ID, Truck: t.Truck, Version: t.Version, Trip: t.Trip, Drivers: []string{"特木尔"}, Goods: []report.Carried{}}
	for _, s := range r.county.Sites {
		for _, z := range s.Zones {
			if s.ID == t.Truck && z.Kind != "technical" && out.Box == "" {
				out.Box = z.ID
			}
		}
	}
	until := t.To
	if until.IsZero() {
		until = now
	}
	stay := func(from, to time.Time) (exposure.Interval, error) {
		where := exposure.Interval{Zone: out.Box, Kind: exposure.Truck, From: from, To: to, Basis: "air", Point: out.Box + "/air"}
		course, err := exposure.NewCourse(exposure.Options{Limits: limits(out.Box), Interval: time.Minute}, from, to, nil)
		if err != nil {
			return where, err
		}
		r.measured(course, where)
		where.Summary = course.Summary()
		return where, nil
	}
	var err error
	if out.Air, err = stay(t.From, until); err != nil {
		return out, err
	}
	for _, c := range t.Cargo {
		b, err := r.Batch(ctx, c.Batch)
		if err != nil {
			return out, err
		}
		from, to := t.From, until
		if c.Loaded != nil {
			from = c.Loaded.At
		}
		if c.Unloaded != nil {
			to = c.Unloaded.At
		}
		g := report.Carried{Cargo: c, Product: b.Product, Quantity: b.Quantity, Profile: b.Profile}
		if g.Stay, err = stay(from, to); err != nil {
			return out, err
		}
		out.Goods = append(out.Goods, g)
	}
	return out, nil
}

// drives has truck 2 come home this morning, truck 1 be under way without a
// signal, and truck 4 driven by its button without a receiver.
func (s *Scene) drives(now time.Time) {
	now = now.UTC().Truncate(time.Minute)
	at := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	places := []trip.Place{{ID: "centre", Latitude: 39.83, Longitude: 108.73}, {ID: "balagong", Latitude: 40.3, Longitude: 107}, {ID: "xini", Latitude: 40.05, Longitude: 108}}
	yard, store, between := places[0], places[1], trip.Place{Latitude: 40.1, Longitude: 107.6}
	way := func(f *trip.Facts, a, b trip.Place, from, to int) { // minutes ago
		for m := from; m > to; m-- {
			part := float64(from-m) / float64(from-to)
			f.Fixes = append(f.Fixes, trip.Fix{At: at(m), Latitude: a.Latitude + part*(b.Latitude-a.Latitude), Longitude: a.Longitude + part*(b.Longitude-a.Longitude)})
		}
	}
	door := func(f *trip.Facts, from, to int) {
		f.Doors = append(f.Doors, trip.DoorReading{At: at(from + 1)})
		for m := from; m > to; m-- {
			f.Doors = append(f.Doors, trip.DoorReading{At: at(m), Open: true})
		}
		f.Doors = append(f.Doors, trip.DoorReading{At: at(to)})
	}
	two := trip.Facts{Until: now, Door: true, Places: places, Home: "centre"}
	way(&two, yard, yard, 620, 540)
	way(&two, yard, between, 540, 460)
	way(&two, between, between, 460, 440)
	way(&two, between, store, 440, 380)
	way(&two, store, store, 380, 330)
	way(&two, store, yard, 330, 200)
	way(&two, yard, yard, 200, 0)
	door(&two, 575, 555)
	door(&two, 378, 360)
	one := trip.Facts{Until: now, Door: true, Places: places, Home: "centre"}
	way(&one, yard, yard, 300, 125)
	way(&one, yard, store, 125, 47)
	door(&one, 140, 130)
	four := trip.Facts{Until: now, Door: true, Places: places, Home: "centre", Says: []trip.Say{{At: at(100), By: "特木尔", Phase: trip.InTransit}, {At: at(8), By: "特木尔", Phase: trip.Unloading}}}
	for truck, f := range map[string]*trip.Facts{"truck-1": &one, "truck-2": &two, "truck-4": &four} {
		for _, b := range s.Lots {
			for i, c := range b.Custody {
				if !strings.HasPrefix(c.Zone, truck+"/") {
					continue
				}
				a := trip.Aboard{Batch: b.ID, From: c.From, To: c.To}
				if i > 0 {
					a.BeforeZone, a.BeforePlace = b.Custody[i-1].Zone, b.Custody[i-1].Place
				}
				if i+1 < len(b.Custody) {
					a.AfterZone, a.AfterPlace = b.Custody[i+1].Zone, b.Custody[i+1].Place
				}
				f.Aboard = append(f.Aboard, a)
			}
		}
		for _, t := range trip.Trips(*f) {
			s.TripList = append(s.TripList, web.Trip{ID: truck + "-" + t.From.UTC().Format("20060102T150405Z"), Truck: truck, Version: 1, Trip: t})
		}
	}
	slices.SortFunc(s.TripList, func(a, b web.Trip) int { return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.ID, b.ID)) })
}
