package county

import (
	"context"
	"errors"
	"fmt"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

var _ web.Custody = view{}

// mostAgainst is how many alarms of a batch a verdict looks at.
const mostAgainst = 1000

// Dossier implements web.Custody.
func (v view) Dossier(ctx context.Context, id string) (web.Dossier, error) {
	d, err := v.state.Dossier(ctx, id)
	if err != nil {
		return web.Dossier{}, translate(err)
	}
	e, err := v.evidence(ctx, id)
	if err != nil {
		return web.Dossier{}, err
	}
	rule := v.goods.ruleOf(d.Profile)
	out := web.Dossier{Dossier: d, Rule: rule, Against: batch.Against(d, rule, e)}
	named(&out.Dossier, v.office.places.Person)
	return out, nil
}

// named puts people's names in the place of their ids.
func named(d *batch.Dossier, name func(id string) string) {
	for i := range d.Verdicts {
		d.Verdicts[i].By, d.Verdicts[i].Second = name(d.Verdicts[i].By), name(d.Verdicts[i].Second)
	}
	for i := range d.Inspections {
		d.Inspections[i].By = name(d.Inspections[i].By)
	}
	for i := range d.Manual {
		d.Manual[i].By = name(d.Manual[i].By)
	}
	for i := range d.Loggers {
		d.Loggers[i].By = name(d.Loggers[i].By)
	}
	for i := range d.Corrections {
		d.Corrections[i].By = name(d.Corrections[i].By)
	}
	for i := range d.Handovers {
		d.Handovers[i].From, d.Handovers[i].To = name(d.Handovers[i].From), name(d.Handovers[i].To)
	}
}

// evidence is what is known of a batch's way: its exposure, and its alarms.
func (v view) evidence(ctx context.Context, id string) (e batch.Evidence, err error) {
	if v.judged != nil {
		if e, err = v.judged(ctx, id); err != nil {
			return e, err
		}
	}
	alarms, err := v.state.Alarms(ctx, state.AlarmFilter{Batch: id, Limit: mostAgainst})
	if err != nil {
		return e, err
	}
	ids := make([]string, len(alarms))
	for i, a := range alarms {
		ids[i] = a.ID
	}
	answers, err := v.state.AnswersTo(ctx, ids...)
	if err != nil {
		return e, err
	}
	for _, a := range alarms {
		c := answers[a.ID].Closed
		e.Alarms = append(e.Alarms, batch.AlarmSeen{ID: a.ID, Excursion: a.Level == alerting.Excursion, Open: web.Open(a.Alarm), Closed: c != nil && c.Done()})
	}
	return e, nil
}

// ruleOf is what is asked before goods of a profile are released: what the
// profile says, else the default rule.
func (g *goods) ruleOf(name string) batch.Rule {
	r := batch.DefaultRule()
	p, known := g.profiles[name]
	if !known {
		return r
	}
	for _, d := range p.Documents {
		r.Documents = append(r.Documents, d.Kind)
	}
	if p.Release != nil {
		r.Coverage, r.Gap = p.Release.Coverage, p.Release.LongestGap
	}
	return r
}

// Recall implements web.Custody.
func (v view) Recall(ctx context.Context, id string) ([]batch.Part, error) {
	parts, err := v.state.Recall(ctx, id)
	return parts, translate(err)
}

// LoggerValues implements web.Custody.
func (v view) LoggerValues(ctx context.Context, id string, number int) (out web.Attachment, err error) {
	d, err := v.state.Dossier(ctx, id)
	if err != nil {
		return out, translate(err)
	}
	for _, l := range d.Loggers {
		if l.Number == number && l.File != "" {
			out.LoggerFile = l
			out.Values, err = v.state.LoggerValues(ctx, l.Sum)
			return out, translate(err)
		}
	}
	return out, web.ErrNotFound
}

// Enter implements web.Custody.
func (v view) Enter(ctx context.Context, by web.Actor, key, id string, what any) error {
	who, err := v.who(ctx, by)
	if err != nil {
		return err
	}
	touched, err := v.enter(ctx, who, state.IdempotencyKey(key), id, what)
	if err != nil {
		return v.entryWords(err)
	}
	v.goods.follow(ctx)
	if err := v.cameIn(ctx, id, what); err != nil {
		return err
	}
	v.platform.wake()
	for _, t := range touched {
		v.hub.Publish(web.BatchEvent, t)
	}
	return nil
}

// enter writes one thing down and names the batches that it is about.
func (v view) enter(ctx context.Context, who state.Actor, key state.IdempotencyKey, id string, what any) (touched []string, err error) {
	touched = []string{id}
	switch x := what.(type) {
	case batch.Details:
		err = v.state.Describe(ctx, who, key, id, x)
	case batch.Document:
		err = v.state.AddDocument(ctx, who, key, id, x)
	case batch.Inspection:
		err = v.state.AddInspection(ctx, who, key, id, x)
	case batch.Manual:
		x.Batch = id
		if id == "" {
			touched = nil
		}
		err = v.state.AddManual(ctx, who, key, x)
	case web.Attachment:
		err = v.state.AttachLogger(ctx, who, key, id, x.LoggerFile, x.Values)
	case web.Receipt:
		x.Batch = id
		err = v.state.AddManual(ctx, who, key, x.Manual)
	case web.Handing:
		r := state.HandoverRequest{Handover: x.Handover}
		if x.Move != nil {
			m := moveOf(id, *x.Move)
			r.Move = &m
		}
		err = v.state.HandOver(ctx, who, key, r)
	case web.Stays:
		err = v.state.CorrectStays(ctx, who, key, id, x.Stays, x.Reason)
	case web.TakenOut:
		err = v.state.TakeOut(ctx, who, key, id, x.At)
	case web.BatchClosing:
		err = v.state.CloseBatch(ctx, who, key, id, x.At, x.Reason)
	case web.Derivation:
		return v.derive(ctx, who, key, x)
	case batch.Verdict:
		err = v.verdict(ctx, who, key, id, x)
	case web.Signature:
		if err := v.maySign(ctx, who); err != nil {
			return nil, err
		}
		_, err = v.state.SignVerdict(ctx, who, id, x.Version)
	default:
		err = fmt.Errorf("write down a %T: nobody knows how", what)
	}
	return touched, err
}

// cameIn tells the estimate of a room how warm goods were that came in, or that
// lay there when they were handed over: it rests on that from then on. Told
// again it changes nothing.
func (v view) cameIn(ctx context.Context, id string, what any) error {
	switch x := what.(type) {
	case web.Receipt:
		v.collector.Received(x.Zone, x.At, x.ValueC)
	case web.Handing:
		if x.ProductC == nil || x.Method == "air" {
			return nil
		}
		at := x.At
		if at.IsZero() {
			at = v.office.now()
		}
		b, err := v.state.Batch(ctx, id)
		if err != nil {
			return translate(err)
		}
		for _, c := range b.Custody {
			if c.Monitored() && c.Overlaps(at, at) {
				v.collector.Received(c.Zone, at, *x.ProductC)
			}
		}
	}
	return nil
}

func (v view) derive(ctx context.Context, who state.Actor, key state.IdempotencyKey, d web.Derivation) (touched []string, err error) {
	r := state.DeriveRequest{Relation: d.Relation, At: d.At, Inputs: d.Inputs}
	for _, i := range d.Inputs {
		touched = append(touched, i.ID)
	}
	for _, o := range d.Outputs {
		r.Outputs = append(r.Outputs, state.Output{Batch: o.Batch, Zone: o.Zone, Override: o.Override})
		touched = append(touched, o.ID)
	}
	return touched, v.state.Derive(ctx, who, key, r)
}

func (v view) verdict(ctx context.Context, who state.Actor, key state.IdempotencyKey, id string, x batch.Verdict) error {
	b, err := v.state.Batch(ctx, id)
	if err != nil {
		return err
	}
	if err := v.mayDecide(ctx, who, id, x.Decision); err != nil {
		return err
	}
	e, err := v.evidence(ctx, id)
	if err != nil {
		return err
	}
	_, err = v.state.GiveVerdict(ctx, who, key, x, v.goods.ruleOf(b.Profile), e)
	return err
}

// entryWords puts a refusal about what is written down into words for people.
func (v view) entryWords(err error) error {
	var r *state.Refusal
	switch {
	case errors.Is(err, state.ErrOutOfUse):
		return v.usageWords(err)
	case errors.As(err, &r) && r.ZH == "" && (r.Kind == state.ErrInvalid || r.Kind == state.ErrSecondPerson || r.Kind == state.ErrStale):
		return refused(err)
	}
	return translate(err)
}
