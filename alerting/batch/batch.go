// Package batch holds the words of traceability: batches and the custody
// intervals that say which zone held one when. It is pure, and guarantees that
// the question "which batches lay here then" has one answer for an interval.
package batch

import "time"

// Batch is a traceability lot.
type Batch struct {
	ID       string    `json:"id"`       // opaque code, unique in the county, e.g. "HJQ261123-TLG-007"
	Product  string    `json:"product"`  // label for people, e.g. "塔拉沟山羊肉"
	Profile  string    `json:"profile"`  // slug of the product profile
	Quantity string    `json:"quantity"` // as written on the slip, e.g. "240 kg"
	Owner    string    `json:"owner"`
	Created  time.Time `json:"created"`
}

// Custody is one interval in which a zone held a batch: From inclusive, To
// exclusive. A zero To means that it lies there still.
type Custody struct {
	Batch string    `json:"batch"`
	Zone  string    `json:"zone"` // "site/zone"
	From  time.Time `json:"from"`
	To    time.Time `json:"to,omitzero"`
	// Override is why a batch was received into a zone where it does not agree
	// with the room or with what lies there, or before the box was ready; empty
	// when nothing was said. The audit has who said it.
	Override string `json:"override,omitempty"`
	// Mark is what did not agree: MarkMixed, MarkNotReady, or both with a comma.
	Mark string `json:"mark,omitempty"`
	// Place is where it lies unmonitored by design, in words: a village shop, a
	// ramp, on its way with a courier. Zone is empty then.
	Place string `json:"place,omitempty"`
	// Courier is how it left when a courier took it.
	Courier *Courier `json:"courier,omitempty"`
}

// Courier is how goods were packed when they left in a box that nothing
// watches. Measured coverage ends there.
type Courier struct {
	Firm string `json:"firm,omitempty"`
	// PackingC is the temperature of the goods at packing, °C; nil: not measured.
	PackingC *float64 `json:"packing_c"`
	Ice      int      `json:"ice"` // packs of ice that went in
	Waybill  string   `json:"waybill"`
}

// Monitored reports whether a zone held the batch, with probes in it.
func (c Custody) Monitored() bool { return c.Zone != "" }

// The marks of a stay.
const (
	MarkMixed    = "mixed"     // does not agree with the room or with what lay there
	MarkNotReady = "not-ready" // the box was too warm or too cold when it came in, or nobody knew
)

// Overlaps reports whether the custody has at least one instant in common with
// the closed interval from..to. A zero to means "until now, still going on".
func (c Custody) Overlaps(from, to time.Time) bool {
	startsBeforeEnd := to.IsZero() || !c.From.After(to)
	endsAfterStart := c.To.IsZero() || c.To.After(from)
	return startsBeforeEnd && endsAfterStart
}
