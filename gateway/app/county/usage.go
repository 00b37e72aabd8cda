package county

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/alerting/trip"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// usage knows which zones are in use, and has limits hold there alone: in a
// room that is not switched off or said to be empty, or holds goods all the
// same; in a truck whose box is not known to be empty. Its maps are read and
// changed while nothing is judged: through judging, or by the collector.
type usage struct {
	state *state.DB
	now   func() time.Time
	log   *slog.Logger
	// changed and alarms are told zones that are used otherwise and alarms that
	// changed; nil while nobody listens.
	changed func(zones ...string)
	alarms  func([]state.Alarm)
	// judging does something while nothing is judged; the collector's, once it
	// is there.
	judging func(func(*engine.Engine) error) error

	// watch is told of the same zones; nil: there is none.
	watch interface{ SetInUse(zone string, inUse bool) }

	zones    map[string][]sensors.Quantity // of goods: the quantities whose limits come and go
	trucks   map[string]*truckUse          // by site
	measures map[sensors.PointID]measure   // what a point tells of a truck

	disuses map[string][]duty.Disuse // by zone, oldest first
	stays   map[string][]trip.Stay   // of zones that are or were out of use
	said    map[string][]trip.Say    // of trucks, by site
}

// truckUse is a truck and its box.
type truckUse struct {
	*trip.Truck
	box string // "site/zone"
	key string // of its state
}

// measure is what a point measures of a truck.
type measure struct {
	truck    *truckUse
	quantity sensors.Quantity
}

var _ collector.Usage = (*usage)(nil)

// lateMost is how long after its end a disuse can still matter: edges keep
// readings for 30 days.
const lateMost = 40 * 24 * time.Hour

func newUsage(cfg *config.County, log *slog.Logger) *usage {
	u := &usage{log: log, zones: map[string][]sensors.Quantity{}, trucks: map[string]*truckUse{}, measures: map[sensors.PointID]measure{},
		disuses: map[string][]duty.Disuse{}, stays: map[string][]trip.Stay{}}
	places := placesOf(cfg)
	bands := bandsOf(cfg)
	for _, s := range cfg.Sites {
		for _, z := range s.Zones {
			if id := s.ID + "/" + z.ID; z.Kind != config.Technical {
				u.zones[id] = []sensors.Quantity{sensors.Temperature, sensors.Humidity}
			}
		}
		if s.Kind == config.Truck {
			u.addTruck(s, bands, places)
		}
	}
	return u
}

// addTruck follows a truck by its points. A truck has one box; of more, each
// zone is judged as a room is.
func (u *usage) addTruck(s config.Site, bands map[string]alerting.Zone, places []trip.Place) {
	box, cfg, measures, boxes := followed(s, bands, places)
	if boxes != 1 {
		u.log.Warn("a truck without exactly one box is not followed: its limits hold always", "truck", s.ID, "boxes", boxes)
		return
	}
	t := &truckUse{box: box, key: collector.UsagePrefix + "truck/" + s.ID, Truck: trip.New(cfg)}
	for id, q := range measures {
		u.measures[id] = measure{t, q}
	}
	u.trucks[s.ID] = t
	u.zones[t.box] = append(u.zones[t.box], sensors.Door)
}

// followed is by what a truck is followed: its box, what is known of it, and the
// points that tell of it. boxes is how many there are; it takes exactly one.
func followed(s config.Site, bands map[string]alerting.Zone, places []trip.Place) (box string, cfg trip.Config, measures map[sensors.PointID]sensors.Quantity, boxes int) {
	var room config.Zone
	for _, z := range s.Zones {
		if z.Kind != config.Technical {
			room, boxes = z, boxes+1
		}
	}
	box, cfg, measures = s.ID+"/"+room.ID, trip.Config{Places: places}, map[sensors.PointID]sensors.Quantity{}
	cfg.Low, cfg.High = band(bands[box].Limits[sensors.Temperature])
	air := "" // "air" if there is one, as on the page
	for _, name := range slices.Sorted(maps.Keys(room.Points)) {
		switch q := sensors.Quantity(room.Points[name]); {
		case q == sensors.Door:
			cfg.Door = true
			measures[sensors.PointID(box+"/"+name)] = q
		case q == sensors.Temperature && (air == "" || name == "air"):
			air = name
		}
	}
	if air != "" {
		measures[sensors.PointID(box+"/"+air)] = sensors.Temperature
	}
	for _, z := range s.Zones {
		for name, q := range z.Points {
			if q := sensors.Quantity(q); q == sensors.Latitude || q == sensors.Longitude {
				measures[sensors.PointID(s.ID+"/"+z.ID+"/"+name)] = q
			}
		}
	}
	return box, cfg, measures, boxes
}

func bandsOf(cfg *config.County) map[string]alerting.Zone {
	out := map[string]alerting.Zone{}
	for _, z := range cfg.EngineZones() {
		out[z.ID] = z
	}
	return out
}

func sortedTrucks(trucks map[string]*truckUse) []string { return slices.Sorted(maps.Keys(trucks)) }

// siteOf is the site of a zone, and its name there.
func siteOf(zone string) (site, name string) {
	site, name, _ = strings.Cut(zone, "/")
	return site, name
}

// band is where none of some limits is crossed.
func band(limits []alerting.Limit) (low, high *float64) {
	for _, l := range limits {
		switch v := l.Value; {
		case l.Side == alerting.High && (high == nil || v < *high):
			high = &v
		case l.Side == alerting.Low && (low == nil || v > *low):
			low = &v
		}
	}
	return low, high
}

// Observe implements collector.Usage.
func (u *usage) Observe(r sensors.Reading, e *engine.Engine) {
	m, ok := u.measures[r.Point]
	if !ok {
		return
	}
	v, ok := r.Value()
	if !ok {
		return
	}
	switch m.quantity {
	case sensors.Door:
		if m.truck.Door(r.Time, v > 0.5) {
			u.arm(e, m.truck.box)
		}
	case sensors.Temperature:
		m.truck.Air(r.Time, v)
	case sensors.Latitude:
		m.truck.Latitude(r.Time, v)
	case sensors.Longitude:
		m.truck.Longitude(r.Time, v)
	}
}

// Dirty implements collector.Usage.
func (u *usage) Dirty() map[string][]byte {
	out := map[string][]byte{}
	for _, t := range u.trucks {
		if b := t.Truck.Dirty(); b != nil {
			out[t.key] = b
		}
	}
	return out
}

// Restore implements collector.Usage.
func (u *usage) Restore(tracks map[string][]byte, e *engine.Engine) error {
	for _, t := range u.trucks {
		blob, ok := tracks[t.key]
		if !ok {
			continue
		}
		if err := t.Truck.Restore(blob); err != nil {
			return fmt.Errorf("%s: %w", t.key, err)
		}
		u.arm(e, t.box)
	}
	return nil
}

// arm tells the engine when a zone's limits hold.
func (u *usage) arm(e *engine.Engine, zone string) {
	line := u.timeline(zone)
	for _, q := range u.zones[zone] {
		if err := e.SetArmed(zone, q, line); err != nil {
			u.log.Error("when limits hold is not known; they hold as before", "zone", zone, "error", err)
		}
	}
}

func (u *usage) timeline(zone string) alerting.Timeline {
	if u.isBox(zone) { // whatever else was said of it
		site, _, _ := strings.Cut(zone, "/")
		return u.trucks[site].Timeline()
	}
	inUse := notWhile(u.disuses[zone])
	if len(inUse) == 0 {
		return nil
	}
	return inUse.Either(whileHeld(u.stays[zone]))
}

// notWhile is when none of some disuses is in force.
func notWhile(list []duty.Disuse) (out alerting.Timeline) {
	for _, d := range list {
		if d.Until.After(d.From) { // one that was ended before it began is none
			out = out.Both(alerting.Timeline{{At: d.From}, {At: d.Until, On: true}})
		}
	}
	return out
}

// whileHeld is when a zone held goods.
func whileHeld(stays []trip.Stay) alerting.Timeline {
	stays = slices.Clone(stays)
	slices.SortFunc(stays, func(x, y trip.Stay) int { return x.From.Compare(y.From) })
	out := alerting.Timeline{{}} // never
	var end time.Time
	for i, s := range stays {
		if i == 0 || s.From.After(end) {
			if i > 0 {
				out = append(out, alerting.Switch{At: end})
			}
			out, end = append(out, alerting.Switch{At: s.From, On: true}), s.From
		}
		if s.To.IsZero() {
			return out
		}
		if s.To.After(end) {
			end = s.To
		}
	}
	if len(stays) > 0 {
		out = append(out, alerting.Switch{At: end})
	}
	return out
}

// read takes over what county.db says: what is out of use, where goods lay, and
// what people said of trucks.
func (u *usage) read(ctx context.Context, now time.Time) error {
	list, err := u.state.Disuses(ctx, now.Add(-lateMost))
	if err != nil {
		return err
	}
	disuses, stays, said := map[string][]duty.Disuse{}, map[string][]trip.Stay{}, map[string][]trip.Say{}
	for _, d := range list {
		disuses[d.Zone] = append(disuses[d.Zone], d)
		stays[d.Zone] = nil
	}
	for site, t := range u.trucks {
		stays[t.box] = nil
		if said[site], err = u.state.SaidOfTruck(ctx, site); err != nil {
			return err
		}
	}
	for zone := range stays {
		if stays[zone], err = u.state.StaysIn(ctx, zone); err != nil {
			return err
		}
	}
	return u.judging(func(e *engine.Engine) error {
		before := u.disuses
		u.disuses, u.stays, u.said = disuses, stays, said
		for site, t := range u.trucks {
			t.Books(stays[t.box])
			t.Says(said[site])
		}
		for zone := range u.zones {
			if len(before[zone])+len(disuses[zone]) > 0 || stays[zone] != nil {
				u.arm(e, zone)
			}
		}
		return nil
	})
}

// airOf returns the temperature of a truck's box at a time, °C; isBox is false of
// any other zone, known when nothing was measured in the quarter of an hour
// before.
func (u *usage) airOf(zone string, at time.Time) (celsius float64, known, isBox bool) {
	if !u.isBox(zone) {
		return 0, false, false
	}
	site, _, _ := strings.Cut(zone, "/")
	t := u.trucks[site]
	_ = u.judging(func(*engine.Engine) error {
		celsius, known = t.AirAt(at)
		return nil
	})
	return celsius, known, true
}
