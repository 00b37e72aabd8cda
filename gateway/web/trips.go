package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/config"
)

// Trips keeps the trips of trucks. One of them, with what went on in its box, is
// told by Reports.
type Trips interface {
	// Trips returns at most f.Limit trips that stand, newest first.
	Trips(ctx context.Context, f TripFilter) ([]Trip, error)
}

// TripFilter narrows a list of trips; its zero value means all.
type TripFilter struct {
	Truck    string    // site
	Batch    string    // that it carried
	From, To time.Time // that touch From..To; zero: no such bound
	Open     *bool     // that go on, or that are over
	After    *Mark     // those that come after it in the list; nil: from the first
	Limit    int       // always positive
}

// Trip is a trip as it was worked out last.
type Trip struct {
	ID, Truck string
	Version   int
	trip.Trip
}

// tripID is a truck's site and when the trip was first thought to begin.
var tripID = regexp.MustCompile(`^[a-z0-9-]{1,64}-[0-9]{8}T[0-9]{6}Z$`)

// tripJSON is a trip in a list.
type tripJSON struct {
	ID      string         `json:"id"`
	Truck   string         `json:"truck"`
	Version int            `json:"version"`
	From    stamp          `json:"from"`
	To      stamp          `json:"to"`    // null: it goes on
	Phase   trip.Phase     `json:"phase"` // its last
	Stops   []tripStopJSON `json:"stops"`
	// UnseenS is for how long nobody heard where it was, s, until it ended or now.
	UnseenS   float64  `json:"unseen_s"`
	DistanceM *float64 `json:"distance_m"` // null: no positions
	Batches   []string `json:"batches"`
}

type tripStopJSON struct {
	Place     string  `json:"place"` // site; empty: at none
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Arrived   stamp   `json:"arrived"` // null where the trip begins
	Left      stamp   `json:"left"`    // null where it ends, or stands still
}

func tripOf(t Trip, now time.Time) tripJSON {
	out := tripJSON{ID: t.ID, Truck: t.Truck, Version: t.Version, From: stamp(t.From), To: stamp(t.To), Stops: []tripStopJSON{}, DistanceM: t.DistanceM, Batches: []string{}}
	if n := len(t.Phases); n > 0 {
		out.Phase = t.Phases[n-1].Phase
	}
	for _, s := range t.Stops {
		out.Stops = append(out.Stops, tripStopJSON{s.Place, s.Latitude, s.Longitude, stamp(s.Arrived), stamp(s.Left)})
	}
	for _, s := range t.Unseen {
		end := s.To
		if end.IsZero() {
			end = now
		}
		out.UnseenS += end.Sub(s.From).Seconds()
	}
	for _, c := range t.Cargo {
		if !slices.Contains(out.Batches, c.Batch) {
			out.Batches = append(out.Batches, c.Batch)
		}
	}
	return out
}

// tripFilter reads how the list of trips is narrowed, and how many it may show.
func (s *Server) tripFilter(r *http.Request) (f TripFilter, limit int, err error) {
	if err := onlyParams(r, "truck", "batch", "from", "to", "open", "limit", "cursor"); err != nil {
		return f, 0, err
	}
	get := r.URL.Query().Get
	f = TripFilter{Truck: get("truck"), Batch: get("batch")}
	if f.Truck != "" && !slices.ContainsFunc(s.deps.County.Sites, func(x Site) bool { return x.ID == f.Truck && x.Kind == config.Truck }) {
		return f, 0, notFound("没有这辆车："+clip(f.Truck), "there is no such truck: "+clip(f.Truck))
	}
	if limit, err = s.listFilter("", f.Batch, get("limit")); err != nil {
		return f, 0, err
	}
	if f.After, err = markOf(r); err != nil {
		return f, 0, err
	}
	f.Limit = limit + 1
	for name, at := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if text := get(name); text != "" {
			if *at, err = parseTime(name, text); err != nil {
				return f, 0, err
			}
		}
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return f, 0, badInput("from 要早于 to", "from must be before to")
	}
	switch open := get("open"); open {
	case "":
	case "true", "false":
		yes := open == "true"
		f.Open = &yes
	default:
		return f, 0, badInput("open 应为 true 或 false", "open must be true or false")
	}
	return f, limit, nil
}

type tripsAnswer struct {
	Now       stamp      `json:"now"`
	Trips     []tripJSON `json:"trips"`
	Truncated bool       `json:"truncated"`
	paging
}

// trips lists the trips of trucks, newest first.
func (s *Server) trips(r *http.Request) (any, error) {
	f, limit, err := s.tripFilter(r)
	if err != nil {
		return nil, err
	}
	found, err := s.reachedTrips(r, f)
	if err != nil {
		return nil, fmt.Errorf("list trips: %w", err)
	}
	now := s.opt.Now()
	out := tripsAnswer{stamp(now), []tripJSON{}, len(found) > limit, paging{}}
	if out.Truncated {
		last := found[limit-1]
		out.paging = after(false, last.From, last.ID)
	}
	for _, t := range found[:min(limit, len(found))] {
		out.Trips = append(out.Trips, tripOf(t, now))
	}
	return out, nil
}

// reachedTrips asks for the trips of those trucks that whoever asks may see, newest
// first. A trip is where its truck belongs, whoever's yard it called at.
func (s *Server) reachedTrips(r *http.Request, f TripFilter) ([]Trip, error) {
	if narrowed(r) == nil {
		return s.deps.Trips.Trips(r.Context(), f)
	}
	trucks := inReach(r, s.deps.County.Sites, func(x Site) string { return x.ID })
	var out []Trip
	for _, x := range trucks {
		if x.Kind != config.Truck || f.Truck != "" && f.Truck != x.ID {
			continue
		}
		one := f
		one.Truck = x.ID
		found, err := s.deps.Trips.Trips(r.Context(), one)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b Trip) int { return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.ID, b.ID)) })
	return out[:min(len(out), f.Limit)], nil
}

// truckOf is the truck of a trip; empty: that is no trip's id.
func truckOf(trip string) string {
	if !tripID.MatchString(trip) {
		return ""
	}
	return trip[:len(trip)-len("-20060102T150405Z")]
}

// trip is one trip with what went on in the box: what its report is made of.
func (s *Server) trip(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if !tripID.MatchString(id) {
		return nil, badInput("行程号不对："+clip(id), "that is no trip id: "+clip(id))
	}
	made, err := s.deps.Reports.Trip(r.Context(), id, s.opt.Now())
	if err != nil {
		return nil, storeError(stateError(err, "行程 "+id, "trip "+id))
	}
	return made, nil
}
