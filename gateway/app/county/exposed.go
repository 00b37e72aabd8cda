package county

import (
	"context"
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
	b, err := l.Batch(ctx, code)
	if err != nil {
		return exposing.Lot{}, err
	}
	return lotOf(b), nil
}

// lotOf takes a batch's stays. Links between batches, unmonitored stays and
// temperatures measured by hand are not kept by county.db yet.
func lotOf(b state.Batch) exposing.Lot {
	out := exposing.Lot{Code: b.ID, Profile: b.Profile}
	for _, c := range b.Custody {
		out.Stays = append(out.Stays, stayOf(c))
	}
	return out
}

func stayOf(c batch.Custody) exposing.Stay {
	return exposing.Stay{Zone: c.Zone, From: c.From, To: c.To}
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
			m := exposing.Zone{ID: e.ID, Kind: kind}
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
