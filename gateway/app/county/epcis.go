package county

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/gateway/epcis"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// traces tells a batch's history from county.db.
type traces struct {
	cfg   *config.County
	state *state.DB
	now   func() time.Time
}

var _ web.Traces = traces{}

// tracedAlarms bounds the alarms that one document lists.
const tracedAlarms = 10_000

// EPCIS implements web.Traces.
func (t traces) EPCIS(ctx context.Context, id string) ([]byte, error) {
	b, err := t.state.Batch(ctx, id)
	if err != nil {
		return nil, translate(err)
	}
	zone, err := time.LoadLocation(t.cfg.Timezone)
	if err != nil {
		return nil, fmt.Errorf("timezone %q: %w", t.cfg.Timezone, err)
	}
	in := epcis.Input{Base: t.base(), Created: t.now(), Zone: zone, Batch: b.Batch}
	trucks := map[string]bool{}
	for _, s := range t.cfg.Sites {
		for _, z := range s.Zones {
			trucks[s.ID+"/"+z.ID] = s.Kind == config.Truck
		}
	}
	for _, c := range b.Custody {
		kind := exposure.Store
		if trucks[c.Zone] {
			kind = exposure.Truck
		}
		in.Stays = append(in.Stays, epcis.Stay{Custody: c, Kind: kind})
	}
	if in.Alarms, err = t.alarms(ctx, id); err != nil {
		return nil, err
	}
	doc, err := epcis.Build(in)
	if err != nil {
		return nil, err
	}
	return doc.Bytes()
}

// base is the address under which the county names its things. A county
// without one uses a name that RFC 2606 keeps from ever being an address.
func (t traces) base() string {
	if t.cfg.Web.PublicURL != "" {
		return t.cfg.Web.PublicURL
	}
	return "https://" + t.cfg.County + ".coldchain.invalid"
}

// alarms are the excursions of the air in the rooms of a batch.
func (t traces) alarms(ctx context.Context, id string) ([]epcis.Alarm, error) {
	found, err := t.state.Alarms(ctx, state.AlarmFilter{Batch: id, Limit: tracedAlarms})
	if err != nil {
		return nil, fmt.Errorf("alarms of batch %s: %w", id, err)
	}
	warmth := map[string]bool{}
	for _, p := range t.cfg.Points() {
		warmth[string(p.ID)] = p.Quantity == sensors.Temperature
	}
	var out []epcis.Alarm
	for _, a := range found {
		if (a.Rule != alerting.HighLimit && a.Rule != alerting.LowLimit) || !a.HasValue || !warmth[a.Object] {
			continue
		}
		out = append(out, epcis.Alarm{Zone: a.Zone, Point: a.Object, From: a.Start, To: a.Returned, PeakC: a.Peak, LimitC: a.Limit, Low: a.Rule.IsLow()})
	}
	return out, nil
}
