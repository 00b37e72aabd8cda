package epcis

import (
	"slices"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
)

// movements are the comings and goings: a batch is received where it comes from
// another site or off a truck, shipped where it leaves for one, and is loaded
// into a box as into a container.
func (b *builder) movements() {
	for i, s := range b.in.Stays {
		var before, after *Stay
		if i > 0 {
			before = &b.in.Stays[i-1]
		}
		if i+1 < len(b.in.Stays) {
			after = &b.in.Stays[i+1]
		}
		if s.Kind == exposure.Truck {
			b.aboard(s)
			continue
		}
		if before != nil && site(before.Zone) != site(s.Zone) {
			b.add(s.From, b.located(b.object(s.From, "OBSERVE", "receiving", "in_progress", b.at(s.Zone)), s.Zone))
		}
		left := !s.To.IsZero() && (after == nil || site(after.Zone) != site(s.Zone))
		if left {
			b.add(s.To, b.object(s.To, "OBSERVE", "shipping", "in_transit", b.at(s.Zone)))
		}
	}
}

// aboard is being loaded into a truck's box, and unloaded.
func (b *builder) aboard(s Stay) {
	q, _ := b.quantity(b.in.Batch.ID, b.in.Batch.Quantity)
	box := Event{Type: "AggregationEvent", Parent: b.own("place", s.Zone), Children: []Quantity{q}, Disposition: "in_transit", ReadPoint: b.at(s.Zone)}
	loaded := box
	loaded.Action, loaded.Step = "ADD", "loading"
	b.add(s.From, loaded)
	if !s.To.IsZero() {
		box.Action, box.Step, box.Disposition = "DELETE", "unloading", "in_progress"
		b.add(s.To, box)
	}
}

// located adds the room that a batch is in from now on.
func (b *builder) located(e Event, zone string) Event {
	e.Location = b.at(zone)
	return e
}

func site(zone string) string {
	site, _, _ := strings.Cut(zone, "/")
	return site
}

// handovers are custody passing on. Names of persons stay in the county.
func (b *builder) handovers() {
	for _, h := range b.in.Handovers {
		step, disposition := "accepting", "in_progress"
		if h.Outcome == batch.Refused {
			step, disposition = "inspecting", "returned"
		}
		e := b.object(h.At, "OBSERVE", step, disposition, b.at(b.zoneAt(h.At)))
		e.Outcome = string(h.Outcome)
		if h.ProductC != nil {
			m := &Metadata{Time: b.time(h.At), Basis: "product", Class: string(exposure.Manual)}
			if h.Method != "" {
				m.Method = b.own("method", h.Method)
			}
			e.Sensors = []Sensor{{Metadata: m, Reports: []Report{{Type: "Temperature", Value: round(h.ProductC), Unit: "CEL"}}}}
		}
		b.add(h.At, e)
	}
}

// intervals are the stays with what was measured in them, at their end: in a
// room an ObjectEvent, in a truck an AggregationEvent with its box.
func (b *builder) intervals() {
	for _, s := range b.in.Stays {
		until := s.To
		if until.IsZero() {
			until = b.in.Created
			if b.in.Exposure != nil {
				until = b.in.Exposure.AsOf
			}
		}
		if until.Before(s.From) {
			until = s.From
		}
		sensors := b.measured(s)
		if b.in.Exposure == nil {
			sensors = b.alarmed(s, until)
		}
		if s.Kind == exposure.Truck {
			q, rest := b.quantity(b.in.Batch.ID, b.in.Batch.Quantity)
			b.add(until, Event{Type: "AggregationEvent", Action: "OBSERVE", Parent: b.own("place", s.Zone), Children: []Quantity{q}, Amount: rest,
				Step: "transporting", Disposition: "in_transit", ReadPoint: b.at(s.Zone), Sensors: sensors})
			continue
		}
		e := b.located(b.object(until, "OBSERVE", "storing", "in_progress", b.at(s.Zone)), s.Zone)
		e.Sensors = sensors
		b.add(until, e)
	}
}

// measured is what the exposure says of the intervals of a stay.
func (b *builder) measured(s Stay) (out []Sensor) {
	if b.in.Exposure == nil {
		return nil
	}
	for _, i := range b.in.Exposure.Intervals {
		if i.Zone != s.Zone || !i.From.Before(orAlways(s.To)) || !orAlways(i.To).After(s.From) {
			continue
		}
		if values := b.summary(i); len(values.Reports) > 0 {
			out = append(out, values)
		}
		for _, side := range []*exposure.Side{i.Summary.Above, i.Summary.Below} {
			if side == nil {
				continue
			}
			for _, run := range side.Runs {
				out = append(out, b.excursion(i.Point, run.From, run.To, run.PeakC, side.LimitC, side == i.Summary.Below, &run.DegreeMinutes))
			}
		}
		for _, h := range i.Hand {
			if b.handed(h) {
				continue // the handover's own event has it
			}
			m := &Metadata{Time: b.time(h.At), Class: string(h.Class)}
			if h.Method != "" {
				m.Method = b.own("method", h.Method)
			}
			out = append(out, Sensor{Metadata: m, Reports: []Report{{Type: "Temperature", Value: round(&h.ValueC), Unit: "CEL"}}})
		}
	}
	return out
}

// handed tells that a temperature is that of a handover.
func (b *builder) handed(x exposure.Hand) bool {
	return slices.ContainsFunc(b.in.Handovers, func(h batch.Handover) bool {
		return h.ProductC != nil && *h.ProductC == x.ValueC && h.At.Equal(x.At) && h.Method == x.Method
	})
}

// orAlways is the end of an interval that goes on.
func orAlways(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// summary is an interval's temperature and humidity. Without a reading there is
// nothing to report.
func (b *builder) summary(i exposure.Interval) Sensor {
	sum := i.Summary
	gap := 0.0
	for _, g := range sum.Gaps {
		gap += g.Seconds
	}
	out := Sensor{Metadata: &Metadata{
		Start: b.time(i.From), End: b.time(endOf(i)), Device: b.device(i.Point), Method: b.method(sum.Method), Rules: b.rules(b.in.Exposure.Profile),
		Coverage: share(sum.Coverage), GapS: round(&gap), UncertainS: *round(&sum.UncertainS), ExpiredS: *round(&sum.CalibrationExpiredS), Basis: i.Basis,
	}}
	if sum.MinC != nil && sum.MaxC != nil {
		out.Reports = append(out.Reports, Report{Type: "Temperature", Min: round(sum.MinC), Max: round(sum.MaxC), Mean: round(sum.MeanC), SDev: round(sum.SDC), Unit: "CEL"})
	}
	if h := i.Humidity; h != nil {
		out.Reports = append(out.Reports, Report{Type: "RelativeHumidity", Min: round(&h.Min), Max: round(&h.Max), Mean: round(&h.Mean), Unit: "P1"})
	}
	return out
}

// share keeps four decimals and never rounds what is missing up to all.
func share(coverage float64) *float64 {
	v := float64(int(coverage*10000)) / 10000
	return &v
}

func endOf(i exposure.Interval) time.Time {
	if i.To.IsZero() {
		return i.Summary.End
	}
	return i.To
}

// alarmed are a room's alarms while the batch lay there, each cut to the stay.
func (b *builder) alarmed(s Stay, until time.Time) (out []Sensor) {
	for _, a := range b.in.Alarms {
		to := a.To
		if to.IsZero() || to.After(until) {
			to = until
		}
		from := a.From
		if from.Before(s.From) {
			from = s.From
		}
		if a.Zone == s.Zone && from.Before(to) {
			out = append(out, b.excursion(a.Point, from, to, a.PeakC, a.LimitC, a.Low, nil))
		}
	}
	slices.SortStableFunc(out, func(x, y Sensor) int { return strings.Compare(x.Metadata.Start, y.Metadata.Start) })
	return out
}

func (b *builder) excursion(point string, from, to time.Time, peak, limit float64, low bool, degreeMinutes *float64) Sensor {
	r := Report{Type: "Temperature", Exception: "ALARM_CONDITION", Unit: "CEL", Limit: round(&limit), Degrees: round(degreeMinutes)}
	if low {
		r.Min = round(&peak)
	} else {
		r.Max = round(&peak)
	}
	return Sensor{Metadata: &Metadata{Start: b.time(from), End: b.time(to), Device: b.device(point)}, Reports: []Report{r}}
}

// verdicts are the decisions. One that still needs a second person holds
// nothing yet, and what is undecided is no event.
func (b *builder) verdicts() {
	for _, v := range b.in.Verdicts {
		at := v.At
		if v.Severe {
			if v.Second == "" {
				continue
			}
			at = v.SecondAt
		}
		step, disposition := "inspecting", ""
		switch v.Decision {
		case batch.Released:
			disposition = "conformant"
		case batch.Rejected:
			disposition = "non_conformant"
		case batch.OnHold:
			step, disposition = "holding", "non_sellable_other"
		case batch.PartiallyReleased:
			disposition = "conformant" // of the quantity that it names
		default:
			continue
		}
		e := b.object(at, "OBSERVE", step, disposition, b.at(b.zoneAt(at)))
		e.Decision, e.Version = string(v.Decision), v.Version
		if v.Decision == batch.PartiallyReleased {
			q, rest := b.quantity(v.Batch, v.Quantity)
			e.Quantities, e.Amount = []Quantity{q}, rest
			if q.Amount == nil {
				e.Disposition = "unknown" // of how much cannot be said in numbers
			}
		}
		b.add(at, e)
	}
}
