package epcis

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
)

// Input is what a batch's document is made of. Everything but Base, Created and
// Batch may be empty.
type Input struct {
	Base    string // address under which the county names its things, https://...
	Created time.Time
	Zone    *time.Location // whose offset the times are written with; nil: UTC
	Batch   batch.Batch
	// Codes are the GTIN and lot of those batches that have them: they are
	// printed on the goods by who owns the GTIN, and never made here.
	Codes map[string]Code
	// Links are those that name the batch, and those of the same births.
	Links     []batch.Link
	Stays     []Stay // oldest first
	Handovers []batch.Handover
	Exposure  *exposure.Batch // nil: not worked out
	// Alarms are the temperature alarms of its rooms while it lay there. They
	// stand for excursions where there is no exposure.
	Alarms   []Alarm
	Verdicts []batch.Verdict
}

// Code is how GS1 knows a batch.
type Code struct{ GTIN, Lot string }

// Stay is a custody interval with the kind of its place.
type Stay struct {
	batch.Custody
	Kind exposure.Kind
}

// Alarm is an excursion of a room.
type Alarm struct {
	Zone, Point string
	From, To    time.Time // zero To: going on
	PeakC       float64
	LimitC      float64
	Low         bool
}

// Build tells a batch's history as events.
func Build(in Input) (Document, error) {
	n, err := newNames(in)
	if err != nil {
		return Document{}, err
	}
	if in.Batch.ID == "" || in.Created.IsZero() {
		return Document{}, errors.New("EPCIS: the batch's code and the time of the document are needed")
	}
	b := builder{names: n, in: in}
	// What happened at one moment is told in this order: how it was until then,
	// and then what changed.
	b.births()
	b.intervals()
	b.movements()
	b.handovers()
	b.verdicts()
	slices.SortStableFunc(b.events, func(x, y timed) int { return x.at.Compare(y.at) })
	doc := Document{
		Context: []any{
			"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
			map[string]string{"cbvmda": "urn:epcglobal:cbv:mda:", "coldchain": n.namespace()},
		},
		Type: "EPCISDocument", SchemaVersion: "2.0", CreationDate: n.time(in.Created),
		Body: Body{Events: []Event{}},
	}
	for _, e := range b.events {
		e.Time, e.Offset = n.time(e.at), n.offset(e.at)
		if e.ID, err = e.Event.hash(doc.Context); err != nil {
			return Document{}, err
		}
		doc.Body.Events = append(doc.Body.Events, e.Event)
	}
	return doc, nil
}

// hash names the event by what its JSON says.
func (e Event) hash(context []any) (string, error) {
	whole, err := json.Marshal(struct {
		Context []any `json:"@context"`
		Event   Event `json:"event"`
	}{context, e})
	if err != nil {
		return "", fmt.Errorf("EPCIS event: %w", err)
	}
	doc, err := decode(whole)
	if err != nil {
		return "", err
	}
	event, _ := doc["event"].(map[string]any)
	return HashID(event, doc["@context"])
}

// Bytes is the document as it is given out, checked.
func (d Document) Bytes() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("EPCIS document: %w", err)
	}
	if err := Check(out.Bytes()); err != nil {
		return nil, fmt.Errorf("the EPCIS document that was made is wrong, which is a fault of this program: %w", err)
	}
	return out.Bytes(), nil
}

// timed is an event before its times are written.
type timed struct {
	Event
	at time.Time
}

type builder struct {
	names
	in     Input
	events []timed
}

func (b *builder) add(at time.Time, e Event) { b.events = append(b.events, timed{e, at}) }

// object is an ObjectEvent on the batch.
func (b *builder) object(at time.Time, action, step, disposition string, place *Place) Event {
	q, rest := b.quantity(b.in.Batch.ID, b.in.Batch.Quantity)
	return Event{Type: "ObjectEvent", Action: action, Quantities: []Quantity{q}, Amount: rest, Step: step, Disposition: disposition, ReadPoint: place}
}

func (b *builder) ilmd() *ILMD {
	return &ILMD{Lot: b.in.Codes[b.in.Batch.ID].Lot, Product: b.in.Batch.Product, Profile: b.in.Batch.Profile, Quantity: b.in.Batch.Quantity}
}

// births are how the batch began and what came out of it.
func (b *builder) births() {
	born := false
	type birth struct {
		child    string
		relation batch.Relation
		at       int64
	}
	of := map[birth][]batch.Link{}
	for _, l := range b.in.Links {
		k := birth{l.Child, l.Relation, l.At.UnixMilli()}
		of[k] = append(of[k], l)
	}
	order := make([]birth, 0, len(of))
	for k := range of {
		order = append(order, k)
	}
	slices.SortFunc(order, func(x, y birth) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.child, y.child), cmp.Compare(x.relation, y.relation))
	})
	for _, k := range order {
		links := of[k]
		if !slices.ContainsFunc(links, func(l batch.Link) bool { return l.Parent == b.in.Batch.ID || l.Child == b.in.Batch.ID }) {
			continue // of others
		}
		if k.relation == batch.Aggregated {
			b.packed(k.child, links)
			continue
		}
		b.transformed(k.child, links)
		born = born || k.child == b.in.Batch.ID
	}
	if !born && !b.in.Batch.Created.IsZero() {
		var first string
		if len(b.in.Stays) > 0 {
			first = b.in.Stays[0].Zone
		}
		e := b.object(b.in.Batch.Created, "ADD", "commissioning", "active", b.at(first))
		e.ILMD = b.ilmd()
		b.add(b.in.Batch.Created, e)
	}
}

// transformed is goods that became others: the inputs are gone, or as much of
// them as the links say.
func (b *builder) transformed(child string, links []batch.Link) {
	at := links[0].At
	e := Event{Type: "TransformationEvent", Step: "commissioning", Disposition: "active", Relation: string(links[0].Relation), ReadPoint: b.at(b.zoneAt(at))}
	output := Quantity{Class: b.batch(child)}
	if child == b.in.Batch.ID {
		output, e.Amount = b.quantity(child, b.in.Batch.Quantity)
		e.ILMD = b.ilmd()
	}
	e.Outputs = []Quantity{output}
	for _, l := range links {
		q, _ := b.quantity(l.Parent, l.Quantity)
		e.Inputs = append(e.Inputs, q)
	}
	b.add(at, e)
}

// packed is goods that lie in others and keep their names.
func (b *builder) packed(holder string, links []batch.Link) {
	at := links[0].At
	e := Event{Type: "AggregationEvent", Action: "ADD", Parent: b.batch(holder), Step: "packing", Disposition: "in_progress", ReadPoint: b.at(b.zoneAt(at))}
	for _, l := range links {
		q, _ := b.quantity(l.Parent, l.Quantity)
		e.Children = append(e.Children, q)
	}
	b.add(at, e)
}

// zoneAt is where the batch lay, empty when nobody knows.
func (b *builder) zoneAt(at time.Time) string {
	for _, s := range b.in.Stays {
		if !at.Before(s.From) && (s.To.IsZero() || at.Before(s.To)) {
			return s.Zone
		}
	}
	return ""
}
