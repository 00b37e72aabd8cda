package county

import (
	"context"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/collector"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

var (
	_ report.Filing    = booked{}
	_ report.Inspected = reportedGoods{}
)

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

// Lot implements report.Inspected.
func (g reportedGoods) Lot(ctx context.Context, id string) (batch.Dossier, error) {
	d, err := g.state.Dossier(ctx, id)
	named(&d, g.person)
	return d, err
}

// CalibratedUntil implements report.Inspected.
func (g reportedGoods) CalibratedUntil(p sensors.PointID) (time.Time, bool) {
	return g.collector.CalibratedUntil(p)
}
