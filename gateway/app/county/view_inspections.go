package county

import (
	"context"
	"errors"
	"time"

	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// desk lets inspectors read, and keeps who reviewed and sent reports.
type desk struct {
	view
	maker report.Maker
	now   func() time.Time
}

var (
	_ web.Inspections = desk{}
	_ web.Filing      = desk{}
)

func (d desk) shown(l state.InspectionLink) web.Inspection {
	return web.Inspection{ID: l.ID, Zones: l.Zones, From: l.From, To: l.To, Until: l.Until, By: d.office.places.Person(l.By), Made: l.Made, Opened: l.Opened}
}

// by finds out who acts and does it.
func (d desk) by(ctx context.Context, by web.Actor, do func(state.Actor) error) error {
	p, err := d.state.People(ctx)
	if err != nil {
		return err
	}
	who, err := d.office.who(ctx, p.Roster, by)
	if err != nil {
		return err
	}
	err = do(who)
	var r *state.Refusal
	if errors.As(err, &r) && r.ZH != "" {
		return translate(err)
	}
	return refused(err)
}

// MakeInspection implements web.Inspections.
func (d desk) MakeInspection(ctx context.Context, by web.Actor, l web.Inspection) (out web.Inspection, err error) {
	err = d.by(ctx, by, func(who state.Actor) error {
		made, err := d.state.MakeInspectionLink(ctx, who, state.InspectionLink{Zones: l.Zones, From: l.From, To: l.To, Until: l.Until})
		out = d.shown(made)
		return err
	})
	return out, err
}

// Inspections implements web.Inspections.
func (d desk) Inspections(ctx context.Context) ([]web.Inspection, error) {
	found, err := d.state.InspectionLinks(ctx, d.now())
	out := make([]web.Inspection, 0, len(found))
	for _, l := range found {
		out = append(out, d.shown(l))
	}
	return out, err
}

// RevokeInspection implements web.Inspections.
func (d desk) RevokeInspection(ctx context.Context, by web.Actor, id string) error {
	return d.by(ctx, by, func(who state.Actor) error { return d.state.RevokeInspectionLink(ctx, who, id) })
}

// OpenInspection implements web.Inspections.
func (d desk) OpenInspection(ctx context.Context, id, device string) (web.Inspection, error) {
	l, err := d.state.OpenInspectionLink(ctx, state.Actor{Kind: state.System, ID: "inspector", Device: device}, id)
	if err != nil {
		return web.Inspection{}, translate(err)
	}
	return d.shown(l), nil
}

// Inspect implements web.Inspections.
func (d desk) Inspect(ctx context.Context, l web.Inspection, now time.Time) (report.Inspection, error) {
	return d.maker.Inspect(ctx, l.Zones, l.From, l.To, now)
}

// Marks implements web.Filing.
func (d desk) Marks(ctx context.Context, kind report.Kind, from time.Time) (reviewed, sent *report.Answer, err error) {
	return d.maker.Filed.Marks(ctx, kind, from)
}

// MarkReport implements web.Filing.
func (d desk) MarkReport(ctx context.Context, by web.Actor, kind report.Kind, from time.Time, step, note string) error {
	return d.by(ctx, by, func(who state.Actor) error {
		return d.state.MarkReport(ctx, who, string(kind), from, state.ReportStep(step), note)
	})
}
