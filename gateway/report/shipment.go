package report

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
)

// Goods is what is known of one batch. It may be missing: there is no shipment
// report then.
type Goods interface {
	// Dossier is what is written down of it, with people by their names.
	Dossier(ctx context.Context, batch string) (batch.Dossier, error)
	Exposure(ctx context.Context, batch string) (exposure.Batch, error)
}

// Shipment is what one batch went through, from its birth to now or to where it
// left: what a driver hands over with the goods. It is no certificate: nothing
// in it is frozen or signed.
type Shipment struct {
	Kind    Kind          `json:"kind"`
	County  config.Label  `json:"county"`
	Notice  config.Label  `json:"notice"`
	Made    time.Time     `json:"made"`
	Batch   batch.Batch   `json:"batch"`
	Details batch.Details `json:"details"`
	Legs    []Leg         `json:"legs"` // oldest first; those of batches it came out of among them
	// Exposure is that of the whole way; its version says what it rests on.
	Exposure    exposure.Batch     `json:"exposure"`
	Handovers   []batch.Handover   `json:"handovers"`
	Documents   []batch.Document   `json:"documents"`
	Inspections []batch.Inspection `json:"inspections"`
	Verdict     batch.Verdict      `json:"verdict"` // that holds; undecided without one
	Alarms      []Alarm            `json:"alarms"`  // that named it

	zone  *time.Location
	sites []Site
}

// Leg is one stay with the name of its place.
type Leg struct {
	Site config.Label `json:"site"`
	Room config.Label `json:"room"` // empty: a place where nothing watched it, in Site
	exposure.Interval
}

// Shipment makes the report of one batch. The error of one that is not there is
// that of Goods.
func (m Maker) Shipment(ctx context.Context, id string, now time.Time) (Shipment, error) {
	d, err := m.Goods.Dossier(ctx, id)
	if err != nil {
		return Shipment{}, err
	}
	went, err := m.Goods.Exposure(ctx, id)
	if err != nil {
		return Shipment{}, err
	}
	out := Shipment{Kind: OfShipment, County: m.County.Name, Notice: m.County.Notice, Made: now, Batch: d.Batch, Details: d.Details, Legs: []Leg{}, Exposure: went,
		Handovers: d.Handovers, Documents: d.Documents, Inspections: d.Inspections, Verdict: batch.InForce(d.Verdicts), Alarms: []Alarm{}, zone: m.County.Zone, sites: m.County.Sites}
	from := d.Created
	for _, i := range went.Intervals {
		site, room := m.County.place(i.Zone)
		out.Legs = append(out.Legs, Leg{site, room, i})
		if i.From.Before(from) {
			from = i.From
		}
	}
	alarms, err := m.Records.Alarms(ctx, "", from, now)
	if err != nil {
		return Shipment{}, err
	}
	for _, a := range alarms {
		if slices.Contains(a.Batches, id) {
			out.Alarms = append(out.Alarms, a)
		}
	}
	return out, nil
}

// place names a room and its site; of a place in words it is the words.
func (c County) place(zone string) (site, room config.Label) {
	for _, s := range c.Sites {
		for _, r := range s.Rooms {
			if r.ID == zone {
				return s.Name, r.Name
			}
		}
	}
	return config.Label{ZH: zone}, config.Label{}
}
