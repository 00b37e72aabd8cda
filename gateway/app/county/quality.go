package county

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
)

// quality is what the quality officer recorded, for reports.
type quality struct {
	state  *state.DB
	person func(id string) string
}

var _ report.Quality = quality{}

// Verdicts implements report.Quality.
func (q quality) Verdicts(ctx context.Context, from, to time.Time) ([]batch.Verdict, error) {
	return q.state.VerdictsHolding(ctx, from, to)
}

// Inspections implements report.Quality.
func (q quality) Inspections(ctx context.Context, from, to time.Time) ([]batch.Inspection, error) {
	return q.state.Inspections(ctx, from, to)
}

// Hands implements report.Quality: of the room, of batches in it, and of those
// that were handed over there.
func (q quality) Hands(ctx context.Context, room string, from, to time.Time) ([]exposure.Hand, error) {
	manuals, err := q.state.Manuals(ctx, room, from, to.Add(-time.Millisecond))
	if err != nil {
		return nil, err
	}
	handovers, err := q.state.HandoversIn(ctx, room, from, to)
	if err != nil {
		return nil, err
	}
	out := []exposure.Hand{}
	for _, m := range manuals {
		out = append(out, exposure.Hand{At: m.At, ValueC: m.ValueC, Class: exposure.Class(m.Class), By: q.person(m.By), Method: m.Method})
	}
	for _, h := range handovers {
		if h.ProductC != nil {
			out = append(out, exposure.Hand{At: h.At, ValueC: *h.ProductC, Class: exposure.Manual, By: q.person(h.To), Method: h.Method})
		}
	}
	slices.SortStableFunc(out, func(a, b exposure.Hand) int { return a.At.Compare(b.At) })
	return out, nil
}

// written is what is known of a batch, for its shipment report.
type written struct {
	exposed
	state  *state.DB
	person func(id string) string
}

var _ report.Goods = written{}

// Dossier implements report.Goods.
func (w written) Dossier(ctx context.Context, id string) (batch.Dossier, error) {
	d, err := w.state.Dossier(ctx, id)
	if err != nil {
		return batch.Dossier{}, translate(err)
	}
	named(&d, w.person)
	return d, nil
}
