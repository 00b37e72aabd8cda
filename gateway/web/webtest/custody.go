package webtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/intake"
	"coldchain/gateway/web"
)

// Records is what is written down of batches.
type Records struct {
	Papers   web.Files                 // nil: none are kept
	Files    map[string]*batch.Dossier // by batch: what is known beside label and stays
	Evidence map[string]batch.Evidence // by batch
	Rule     batch.Rule
	Logs     map[string][]web.Attachment // by batch: files of loggers, in the order of their numbers
}

// record is what is known of a batch, to be added to.
func (f *Fake) record(id string) *batch.Dossier {
	if f.Files == nil {
		f.Files = map[string]*batch.Dossier{}
	}
	if f.Files[id] == nil {
		f.Files[id] = &batch.Dossier{Details: batch.Details{Codes: []batch.Code{}}, Documents: []batch.Document{}, Inspections: []batch.Inspection{}, Handovers: []batch.Handover{},
			Manual: []batch.Manual{}, Loggers: []batch.LoggerFile{}, Links: []batch.Link{}, Verdicts: []batch.Verdict{}, Corrections: []batch.Correction{}}
	}
	return f.Files[id]
}

// Dossier implements web.Custody.
func (f *Fake) Dossier(_ context.Context, id string) (web.Dossier, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, err := f.dossier(id)
	if err != nil {
		return web.Dossier{}, err
	}
	return web.Dossier{Dossier: d, Rule: f.Rule, Against: batch.Against(d, f.Rule, f.Evidence[id])}, f.StateDown
}

func (f *Fake) dossier(id string) (batch.Dossier, error) {
	i := f.lot(id)
	if i < 0 {
		return batch.Dossier{}, fmt.Errorf("batch %s: %w", id, web.ErrNotFound)
	}
	d := *f.record(id)
	d.Batch, d.Stays, d.Closed = f.Lots[i].Batch, append([]batch.Custody{}, f.Lots[i].Custody...), f.Lots[i].Closed
	if d.Details.Owner.Name == "" {
		d.Details.Owner.Name = d.Owner
	}
	d.Balance = batch.BalanceOf(id, d.Quantity, d.Links)
	return d, nil
}

// Recall implements web.Custody.
func (f *Fake) Recall(_ context.Context, id string) ([]batch.Part, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.dossier(id); err != nil {
		return nil, err
	}
	var links []batch.Link
	for _, lot := range f.Lots {
		for _, l := range f.record(lot.ID).Links {
			if !slices.Contains(links, l) {
				links = append(links, l)
			}
		}
	}
	return batch.Recall(id, links, func(part string) (batch.Dossier, bool) {
		d, err := f.dossier(part)
		return d, err == nil
	}), f.StateDown
}

// Enter implements web.Custody.
func (f *Fake) Enter(_ context.Context, by web.Actor, key, id string, what any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return err
	}
	said := what
	if a, is := what.(web.Attachment); is {
		said = a.LoggerFile // its values are behind pointers
	}
	if again, err := f.repeated(key, fmt.Sprintf("%s %T %+v", id, what, said)); again || err != nil {
		return err
	}
	if d, is := what.(web.Derivation); is {
		return f.derive(d)
	}
	if _, is := what.(batch.Manual); is && id == "" { // of a zone: nothing here shows it
		return f.StateDown
	}
	d, err := f.dossier(id)
	if err != nil {
		return err
	}
	return f.enter(d, f.record(id), by.Name, what)
}

func (f *Fake) enter(d batch.Dossier, to *batch.Dossier, who string, what any) error {
	lot := &f.Lots[f.lot(d.ID)]
	now := f.now()
	switch x := what.(type) {
	case batch.Details:
		if err := x.Check(); err != nil {
			return refusedBy(err)
		}
		to.Details = x
	case batch.Document:
		to.Documents = append(to.Documents, x)
	case batch.Inspection:
		x.At, x.By = orNow(x.At, now), who
		to.Inspections = append(to.Inspections, x)
	case batch.Manual:
		x.Batch, x.At, x.By, x.Class = d.ID, orNow(x.At, now), who, batch.ClassManual
		to.Manual = append(to.Manual, x)
	case web.Attachment:
		return f.attach(d, to, who, x)
	case web.Receipt:
		x.Batch, x.By, x.Class = d.ID, who, batch.ClassManual
		to.Manual = append(to.Manual, x.Manual)
	case web.Handing:
		x.At = orNow(x.At, now)
		to.Handovers = append(to.Handovers, x.Handover)
		if x.Outcome == batch.Refused {
			to.Verdicts = append(to.Verdicts, batch.Verdict{Batch: d.ID, Version: len(to.Verdicts) + 1, Decision: batch.OnHold, Reason: "拒收 refused: " + x.To, By: who, At: now})
		}
	case web.Stays:
		to.Corrections = append(to.Corrections, batch.Correction{Version: len(to.Corrections) + 1, Stays: lot.Custody, Reason: x.Reason, By: who, At: now})
		lot.Custody = x.Stays
	case web.BatchClosing:
		lot.Closed = orNow(x.At, now)
	case batch.Verdict:
		severe, err := batch.Decide(d, x, batch.Against(d, f.Rule, f.Evidence[d.ID]))
		if err != nil {
			return refusedBy(err)
		}
		x.Version, x.Severe, x.By, x.At = len(to.Verdicts)+1, severe, who, now
		to.Verdicts = append(to.Verdicts, x)
	case web.Signature:
		v := &to.Verdicts[x.Version-1]
		if v.By == who {
			return &web.Refused{Code: "second-person", ZH: "要由另一个人签字", EN: "somebody else has to sign"}
		}
		v.Second, v.SecondAt = who, now
	}
	return f.StateDown
}

func refusedBy(err error) error {
	if b, ok := err.(*batch.Fault); ok {
		return &web.Refused{Code: "invalid", Invalid: true, ZH: b.ZH, EN: b.EN}
	}
	return err
}

func (f *Fake) derive(d web.Derivation) error {
	pure := d.Derivation
	pure.At = orNow(pure.At, f.now())
	for _, o := range d.Outputs {
		pure.Outputs = append(pure.Outputs, batch.Share{ID: o.ID, Quantity: o.Quantity})
	}
	if err := pure.Check(); err != nil {
		return refusedBy(err)
	}
	for _, o := range d.Outputs {
		if f.lot(o.ID) < 0 {
			first := f.Lots[f.lot(d.Inputs[0].ID)]
			o.Product, o.Created = first.Product, pure.At
			f.Lots = append([]web.BatchHistory{{Batch: o.Batch, Custody: slices.Clone(first.Custody)}}, f.Lots...)
		}
	}
	for _, l := range pure.Links() {
		f.record(l.Parent).Links = append(f.record(l.Parent).Links, l)
		f.record(l.Child).Links = append(f.record(l.Child).Links, l)
	}
	return f.StateDown
}

func orNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

// Import implements web.Intake.
func (f *Fake) Import(_ context.Context, by web.Actor, _ string, rows []intake.Row, tell func(int)) (web.ImportReport, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return web.ImportReport{}, err
	}
	var report web.ImportReport
	for i, r := range rows {
		switch at := f.lot(r.Batch.ID); {
		case at >= 0 && f.Lots[at].Product == r.Batch.Product:
			report.Already++
		case at >= 0 || strings.Contains(r.Zone, "?"):
			report.Refused = append(report.Refused, intake.Refusal{Line: r.Line, Batch: r.Batch.ID, ZH: "批次已经有了，内容不同", EN: "the batch is there, and different"})
		default:
			r.Batch.Created = orNow(r.At, f.now())
			f.Lots = append([]web.BatchHistory{{Batch: r.Batch, Custody: []batch.Custody{{Batch: r.Batch.ID, Zone: r.Zone, From: r.Batch.Created}}}}, f.Lots...)
			f.record(r.Batch.ID).Details = r.Details
			report.Created++
		}
		tell(i + 1)
	}
	return report, f.StateDown
}

// attach attaches a logger's file.
func (f *Fake) attach(d batch.Dossier, to *batch.Dossier, who string, x web.Attachment) error {
	same, err := batch.CheckLogger(d, x.LoggerFile)
	if err != nil {
		return refusedBy(err)
	}
	if same {
		return f.StateDown
	}
	x.Number, x.By, x.At = len(to.Loggers)+1, who, f.now()
	if x.Replaces > 0 {
		to.Loggers[x.Replaces-1].ReplacedBy = x.Number
	}
	to.Loggers = append(to.Loggers, x.LoggerFile)
	if f.Logs == nil {
		f.Logs = map[string][]web.Attachment{}
	}
	f.Logs[d.ID] = append(f.Logs[d.ID], x)
	return f.StateDown
}

// LoggerValues implements web.Custody.
func (f *Fake) LoggerValues(_ context.Context, id string, number int) (web.Attachment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if list := f.Logs[id]; number <= len(list) && list[number-1].File != "" {
		return list[number-1], f.StateDown
	}
	return web.Attachment{}, web.ErrNotFound
}
