package county

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	exposing "coldchain/gateway/exposure"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// exposed answers what batches went through, for the page and its API.
type exposed struct {
	reader *exposing.Reader
	now    func() time.Time
}

func newExposed(cfg *config.County, from store.Reader, db *state.DB, c *collector.Collector, profiles profile.Set, now func() time.Time) exposed {
	return exposed{now: now, reader: &exposing.Reader{
		Readings: from, Source: lots{db, c}, Versions: db, Zones: measuredZones(cfg), Profiles: profiles,
	}}
}

// Exposure implements web.Exposures.
func (e exposed) Exposure(ctx context.Context, batch string) (exposure.Batch, error) {
	b, err := e.reader.Batch(ctx, batch, e.now())
	if err != nil {
		return exposure.Batch{}, translate(err)
	}
	return b, nil
}

// lots are county.db and the collector as an exposure needs them.
type lots struct {
	*state.DB
	collector *collector.Collector
}

// Lot implements exposure.Source.
func (l lots) Lot(ctx context.Context, code string) (exposing.Lot, error) {
	d, err := l.Dossier(ctx, code)
	if err != nil {
		return exposing.Lot{}, err
	}
	out := lotOf(d)
	for _, file := range d.Loggers {
		if !file.InForce() {
			continue
		}
		values, err := l.LoggerValues(ctx, file.Sum)
		if err != nil {
			return exposing.Lot{}, err
		}
		out.Logs = append(out.Logs, exposing.Log{LoggerFile: file, Values: values})
	}
	return out, nil
}

// lotOf takes a batch's stays and what it came out of. A batch that lies in
// another keeps its own readings: that is no parent of its exposure.
func lotOf(d batch.Dossier) exposing.Lot {
	out := exposing.Lot{Code: d.ID, Profile: d.Profile}
	for _, c := range d.Stays {
		s := exposing.Stay{Zone: c.Zone, From: c.From, To: c.To, Hand: handOf(d, c)}
		if c.Zone == "" {
			s.Zone, s.Kind = c.Place, exposure.Unmonitored
		}
		out.Stays = append(out.Stays, s)
	}
	for _, l := range d.Links {
		if l.Child == d.ID && l.Relation != batch.Aggregated {
			out.Parents = append(out.Parents, l)
		}
	}
	return out
}

// handOf are the temperatures that people measured on the goods during a stay,
// handovers among them.
func handOf(d batch.Dossier, c batch.Custody) (out []exposure.Hand) {
	within := func(at time.Time) bool { return !at.Before(c.From) && (c.To.IsZero() || !at.After(c.To)) }
	for _, m := range d.Manual {
		if within(m.At) && (m.Zone == "" || m.Zone == c.Zone) {
			out = append(out, exposure.Hand{At: m.At, ValueC: m.ValueC, Class: exposure.Class(m.Class), By: m.By, Method: m.Method})
		}
	}
	for _, h := range d.Handovers {
		if h.ProductC != nil && within(h.At) {
			out = append(out, exposure.Hand{At: h.At, ValueC: *h.ProductC, Class: exposure.Manual, By: h.To, Method: h.Method})
		}
	}
	slices.SortStableFunc(out, func(a, b exposure.Hand) int { return a.At.Compare(b.At) })
	return out
}

// judged is what a verdict asks of a batch's way.
func (e exposed) judged(ctx context.Context, id string) (out batch.Evidence, err error) {
	x, err := e.Exposure(ctx, id)
	if err != nil {
		return out, err
	}
	out.Exposure = x.Version
	if x.Total.DurationS > 0 {
		out.Coverage = &x.Total.Coverage
	}
	for _, g := range x.Total.Gaps {
		out.LongestGap = max(out.LongestGap, g.To.Sub(g.From))
	}
	return out, nil
}

// CalibratedUntil implements exposure.Source.
func (l lots) CalibratedUntil(p sensors.PointID) (time.Time, bool) {
	return l.collector.CalibratedUntil(p)
}

// measuredZones says how each room is measured: by the points that the alarm
// engine takes for its goods and for its air.
func measuredZones(cfg *config.County) map[string]exposing.Zone {
	out := map[string]exposing.Zone{}
	engine := cfg.EngineZones()
	i := 0
	for _, s := range cfg.Sites {
		kind := exposure.Store
		if s.Kind == config.Truck {
			kind = exposure.Truck
		}
		for _, z := range s.Zones {
			e := engine[i]
			i++
			m := exposing.Zone{ID: e.ID, Kind: kind, Learns: e.LearnsDefrost}
			if e.Product != nil {
				m.Probe, m.Air = e.Product.Probe, e.Product.Air
			}
			for name, q := range z.Points {
				id := sensors.PointID(e.ID + "/" + name)
				quantity := sensors.Quantity(q)
				if mask, excuses := e.Masks[quantity]; excuses {
					m.Switches = append(m.Switches, exposing.Switch{Point: id, Quantity: quantity, Mask: mask})
				}
				switch {
				case quantity == sensors.Humidity && (m.Humidity == "" || id < m.Humidity):
					m.Humidity = id
				case quantity == sensors.Temperature && e.Product == nil && (m.Air == "" || name == "air" || m.Air.Name() != "air" && id < m.Air):
					m.Air = id
				}
			}
			out[m.ID] = m
		}
	}
	return out
}
