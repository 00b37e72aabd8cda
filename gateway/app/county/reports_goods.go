package county

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/collector"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

var (
	_ report.Quality = booked{}
	_ report.Filing  = booked{}
	_ report.Goods   = reportedGoods{}
)

// Verdicts implements report.Quality.
func (b booked) Verdicts(ctx context.Context, from, to time.Time) ([]batch.Verdict, error) {
	return b.state.Verdicts(ctx, from, to)
}

// Inspections implements report.Quality.
func (b booked) Inspections(ctx context.Context, from, to time.Time) ([]batch.Inspection, error) {
	return b.state.Inspections(ctx, from, to)
}

// Hands implements report.Quality.
func (b booked) Hands(ctx context.Context, room string, from, to time.Time) ([]exposure.Hand, error) {
	found, err := b.state.Manuals(ctx, room, from, to)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(m batch.Manual) bool { return !m.At.Before(to) })
	out := make([]exposure.Hand, 0, len(found))
	for _, m := range found {
		out = append(out, exposure.Hand{At: m.At, ValueC: m.ValueC, Class: exposure.Class(m.Class), By: b.person(m.By), Method: m.Method})
	}
	return out, nil
}

// Marks implements report.Filing.
func (b booked) Marks(ctx context.Context, kind report.Kind, from time.Time) (reviewed, sent *report.Answer, err error) {
	found, err := b.state.ReportMarks(ctx, string(kind), from)
	for _, m := range found {
		said := &report.Answer{By: b.person(m.By), At: m.At, Note: m.Note}
		switch m.Step {
		case state.ReportReviewed:
			reviewed = said
		case state.ReportSent:
			sent = said
		}
	}
	return reviewed, sent, err
}

// reportedGoods is what an inspector asks of batches and probes.
type reportedGoods struct {
	booked
	collector *collector.Collector
}

// Lot implements report.Goods.
func (g reportedGoods) Lot(ctx context.Context, id string) (batch.Dossier, error) {
	d, err := g.state.Dossier(ctx, id)
	for i, v := range d.Verdicts {
		d.Verdicts[i].By, d.Verdicts[i].Second = g.person(v.By), g.person(v.Second)
	}
	return d, err
}

// CalibratedUntil implements report.Goods.
func (g reportedGoods) CalibratedUntil(p sensors.PointID) (time.Time, bool) {
	return g.collector.CalibratedUntil(p)
}
