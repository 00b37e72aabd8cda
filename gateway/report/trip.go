package report

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/alerting/trip"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// Trips is what is known of a truck's trips. It may be missing: there is no trip
// report then.
type Trips interface {
	// Run is one trip, summed up until now. limits are those that the air of a box
	// is counted beyond.
	Run(ctx context.Context, id string, now time.Time, limits func(box string) exposure.Limits) (Run, error)
}

// Run is a trip with what went on in the box.
type Run struct {
	ID      string `json:"id"`
	Truck   string `json:"truck"`
	Box     string `json:"box"`     // "site/zone"
	Version int    `json:"version"` // the next one when late facts told a trip that was over otherwise
	trip.Trip
	// Withdrawn is when later facts made no trip of it; zero: it stands. Instead is
	// the trip that its time belongs to; empty: none.
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	Instead   string    `json:"instead,omitempty"`
	// Drivers are those that the roster has for the truck now: whoever drove is
	// written down nowhere.
	Drivers []string `json:"drivers"`
	// Air is what the box's point said from the trip's beginning to its end, beyond
	// the box's own limits.
	Air   exposure.Interval `json:"air"`
	Goods []Carried         `json:"goods"` // in the order of Cargo
}

// Carried is a batch that was aboard, as far as it was during the trip.
type Carried struct {
	trip.Cargo
	Product  string `json:"product"`
	Quantity string `json:"quantity"`
	Profile  string `json:"profile"`
	// Stay is what the box's point said while it was aboard, beyond its profile's
	// limits; those of goods without a profile are none.
	Stay exposure.Interval `json:"stay"`
}

// TripReport is 行程报告: one trip of a truck. Nothing in it is frozen or signed.
type TripReport struct {
	Kind   Kind         `json:"kind"`
	County config.Label `json:"county"`
	Notice config.Label `json:"notice"`
	Made   time.Time    `json:"made"`
	Name   config.Label `json:"name"`  // of the truck
	Until  time.Time    `json:"until"` // the trip's end, or now
	Run
	Alarms []Alarm `json:"alarms"` // of the truck that touched it, oldest first

	course RoomDay // the box in half hours
	zone   *time.Location
	sites  []Site
}

// mostSlots is how many lines of half hours a report has: two weeks. Of a longer
// trip they are hours, and so on.
const mostSlots = 14 * 48

// Trip makes the report of one trip. The error of one that is not there is that
// of Trips.
func (m Maker) Trip(ctx context.Context, id string, now time.Time) (TripReport, error) {
	now = now.UTC().Truncate(time.Millisecond)
	run, err := m.Trips.Run(ctx, id, now, m.limitsOfBox)
	if err != nil {
		return TripReport{}, err
	}
	out := TripReport{Kind: OfTrip, County: m.County.Name, Notice: m.County.Notice, Made: now, Run: run, Until: run.To, Alarms: []Alarm{}, zone: m.County.Zone, sites: m.County.Sites}
	if out.Until.IsZero() {
		out.Until = now
	}
	out.Name, _ = m.County.place(run.Box)
	alarms, err := m.Records.Alarms(ctx, run.Truck, run.From, out.Until)
	if err != nil {
		return out, err
	}
	for _, a := range alarms {
		if a.Start.Before(out.Until) && (a.Returned.IsZero() || a.Returned.After(run.From)) {
			out.Alarms = append(out.Alarms, a)
		}
	}
	room, ok := m.County.room(run.Box)
	if !ok {
		return out, nil
	}
	room.Points = slices.DeleteFunc(slices.Clone(room.Points), func(p sensors.Point) bool { return p.Quantity != sensors.Temperature })
	length := slotLength
	for out.Until.Sub(run.From)/length > mostSlots {
		length *= 2
	}
	from := run.From.Truncate(length)
	to := out.Until.Truncate(length)
	if to.Before(out.Until) {
		to = to.Add(length)
	}
	if out.course, err = m.roomTime(ctx, room, from, to, now, length); err != nil {
		return out, fmt.Errorf("temperatures of trip %s: %w", id, err)
	}
	return out, nil
}

func (c County) room(id string) (Room, bool) {
	for _, s := range c.Sites {
		for _, r := range s.Rooms {
			if r.ID == id {
				return r, true
			}
		}
	}
	return Room{}, false
}

// limitsOfBox are the narrowest of a box's own that make an excursion.
func (m Maker) limitsOfBox(box string) (out exposure.Limits) {
	r, _ := m.County.room(box)
	out.Low, out.High = band(r.Limits)
	return out
}

// Load is the shipments of what was aboard on one trip: what a driver hands over
// with a whole truck.
type Load struct {
	Kind      Kind       `json:"kind"`
	Trip      TripReport `json:"trip"`
	Shipments []Shipment `json:"shipments"` // in the order in which they came aboard
}

// mostLoad bounds the batches of one load's report: each is worked out from its
// readings of all its way.
const mostLoad = 100

// Load makes the shipment reports of a whole truck.
func (m Maker) Load(ctx context.Context, id string, now time.Time) (Load, error) {
	t, err := m.Trip(ctx, id, now)
	if err != nil {
		return Load{}, err
	}
	out := Load{Kind: OfLoad, Trip: t, Shipments: []Shipment{}}
	var done []string
	for _, g := range t.Goods {
		if slices.Contains(done, g.Batch) {
			continue
		}
		if done = append(done, g.Batch); len(done) > mostLoad {
			return Load{}, fmt.Errorf("trip %s carried more than %d batches: %w", id, mostLoad, ErrTooMany)
		}
		s, err := m.Shipment(ctx, g.Batch, now)
		if err != nil {
			return Load{}, err
		}
		out.Shipments = append(out.Shipments, s)
	}
	return out, nil
}
