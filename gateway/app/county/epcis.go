package county

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
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
	// went works out what a batch went through; nil: the alarms of its rooms
	// stand for it.
	went func(ctx context.Context, batch string) (exposure.Batch, error)
}

var _ web.Traces = traces{}

// tracedAlarms bounds the alarms that one document lists.
const tracedAlarms = 10_000

// EPCIS implements web.Traces.
func (t traces) EPCIS(ctx context.Context, id string) ([]byte, error) {
	d, err := t.state.Dossier(ctx, id)
	if err != nil {
		return nil, translate(err)
	}
	zone, err := time.LoadLocation(t.cfg.Timezone)
	if err != nil {
		return nil, fmt.Errorf("timezone %q: %w", t.cfg.Timezone, err)
	}
	in := epcis.Input{Base: t.base(), Created: t.now(), Zone: zone, Batch: d.Batch, Stays: t.stays(d.Stays), Handovers: d.Handovers, Verdicts: d.Verdicts}
	if in.Links, in.Codes, err = t.kin(ctx, d); err != nil {
		return nil, err
	}
	if t.went == nil {
		in.Alarms, err = t.alarms(ctx, id)
	} else {
		var went exposure.Batch
		went, err = t.went(ctx, id)
		in.Exposure = &went
	}
	if err != nil {
		return nil, err
	}
	doc, err := epcis.Build(in)
	if err != nil {
		return nil, err
	}
	return doc.Bytes()
}

// stays are a batch's stays with the kind of their places. Where nothing
// watched it, the place stands in words.
func (t traces) stays(list []batch.Custody) (out []epcis.Stay) {
	trucks := map[string]bool{}
	for _, s := range t.cfg.Sites {
		for _, z := range s.Zones {
			trucks[s.ID+"/"+z.ID] = s.Kind == config.Truck
		}
	}
	for _, c := range list {
		kind := exposure.Store
		switch {
		case !c.Monitored():
			kind, c.Zone = exposure.Unmonitored, c.Place
		case trucks[c.Zone]:
			kind = exposure.Truck
		}
		out = append(out, epcis.Stay{Custody: c, Kind: kind})
	}
	return out
}

// kin are the links of a batch, with what else went into the same births, and
// the GS1 codes of all that they name.
func (t traces) kin(ctx context.Context, d batch.Dossier) ([]batch.Link, map[string]epcis.Code, error) {
	links, codes := slices.Clone(d.Links), map[string]epcis.Code{}
	coded := func(d batch.Dossier) {
		for _, c := range d.Details.Codes {
			if _, has := codes[d.ID]; c.Kind == batch.GTINLot && !has {
				codes[d.ID] = epcis.Code{GTIN: batch.GTIN14(c.Value), Lot: c.Lot}
			}
		}
	}
	coded(d)
	known := map[string]bool{d.ID: true}
	read := func(id string) (batch.Dossier, error) {
		known[id] = true
		other, err := t.state.Dossier(ctx, id)
		if err == nil {
			coded(other)
		}
		return other, err
	}
	for _, l := range d.Links {
		if l.Parent != d.ID || known[l.Child] {
			continue
		}
		child, err := read(l.Child)
		if err != nil {
			return nil, nil, err
		}
		for _, beside := range child.Links {
			same := slices.ContainsFunc(d.Links, func(mine batch.Link) bool {
				return mine.Child == beside.Child && mine.Relation == beside.Relation && mine.At.Equal(beside.At)
			})
			if same && beside.Parent != d.ID {
				links = append(links, beside)
			}
		}
	}
	for _, l := range links {
		if known[l.Parent] {
			continue
		}
		if _, err := read(l.Parent); err != nil {
			return nil, nil, err
		}
	}
	return links, codes, nil
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
