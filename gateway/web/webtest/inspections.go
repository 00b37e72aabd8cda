package webtest

import (
	"context"
	"fmt"
	"time"

	"coldchain/gateway/report"
	"coldchain/gateway/web"
)

// Desk is the links of inspectors, and who reviewed and sent reports.
type Desk struct {
	Links    []web.Inspection           // newest first; revoked ones are taken out
	Openings []string                   // of links, by id
	Filed    map[string][]report.Answer // by the first day of a period: reviewed, sent
	shown    report.Maker
}

// MakeInspection implements web.Inspections.
func (f *Fake) MakeInspection(_ context.Context, by web.Actor, l web.Inspection) (web.Inspection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return l, err
	}
	l.ID, l.By, l.Made = fmt.Sprintf("LINK%d", len(f.Links)+1), by.Name, f.now()
	f.Links = append([]web.Inspection{l}, f.Links...)
	return l, f.StateDown
}

// Inspections implements web.Inspections.
func (f *Fake) Inspections(context.Context) ([]web.Inspection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]web.Inspection{}, f.Links...), f.StateDown
}

// RevokeInspection implements web.Inspections.
func (f *Fake) RevokeInspection(_ context.Context, by web.Actor, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return err
	}
	for i, l := range f.Links {
		if l.ID == id {
			f.Links = append(f.Links[:i:i], f.Links[i+1:]...)
			return f.StateDown
		}
	}
	return fmt.Errorf("link %s: %w", id, web.ErrNotFound)
}

// OpenInspection implements web.Inspections.
func (f *Fake) OpenInspection(_ context.Context, id, _ string) (web.Inspection, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.Links {
		if l.ID == id {
			f.Openings = append(f.Openings, id)
			return l, f.StateDown
		}
	}
	return web.Inspection{}, fmt.Errorf("link: %w", web.ErrNotFound)
}

// Inspect implements web.Inspections.
func (f *Fake) Inspect(ctx context.Context, l web.Inspection, now time.Time) (report.Inspection, error) {
	return f.shown.Inspect(ctx, l.Zones, l.From, l.To, now)
}

// Marks implements web.Filing.
func (f *Fake) Marks(_ context.Context, _ report.Kind, from time.Time) (reviewed, sent *report.Answer, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	done := f.Filed[from.Format(time.DateOnly)]
	if len(done) > 0 {
		reviewed = &done[0]
	}
	if len(done) > 1 {
		sent = &done[1]
	}
	return reviewed, sent, f.StateDown
}

// MarkReport implements web.Filing.
func (f *Fake) MarkReport(_ context.Context, by web.Actor, _ report.Kind, from time.Time, step, note string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return err
	}
	day := from.Format(time.DateOnly)
	if f.Filed == nil {
		f.Filed = map[string][]report.Answer{}
	}
	if step == "sent" && len(f.Filed[day]) == 0 {
		return &web.Refused{Code: "stale", ZH: "还没有人审核，先审核再报送", EN: "nobody has reviewed it yet"}
	}
	if n := len(f.Filed[day]); step == "sent" && n == 1 || step == "reviewed" && n == 0 {
		f.Filed[day] = append(f.Filed[day], report.Answer{By: by.Name, At: f.now(), Note: note})
	}
	return f.StateDown
}
