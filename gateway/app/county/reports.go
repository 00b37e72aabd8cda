package county

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/evidence/certificate/font"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/gateway/words"
	"coldchain/sensors"
)

// reports puts the maker of reports together: series from collector and store,
// the rest from county.db.
func (a *App) reports(went exposed) (report.Maker, error) {
	zone, err := time.LoadLocation(a.cfg.Timezone)
	if err != nil {
		return report.Maker{}, fmt.Errorf("timezone %q: %w", a.cfg.Timezone, err)
	}
	books := booked{a.state, a.office.places.Person}
	return report.Maker{
		County: reportedCounty(a.cfg, zone), Series: series{a.collector, a.store}, Records: books,
		Quality: quality{a.state, books.person}, Goods: written{went, a.state, books.person}, Inspected: reportedGoods{books, a.collector}, Filed: books,
		Trips: newRuns(went, a.state, a.goods.usage, a.office.places),
	}, nil
}

// reportPDF draws reports as PDF; nil where the program was built without its
// font: reports are then pages and workbooks.
func (a *App) reportPDF() web.ReportPDF {
	if !font.Built() {
		a.log.Warn("reports are not offered as PDF", "err", font.ErrNone)
		return nil
	}
	return func(w io.Writer, s report.Sheet) error {
		faces, err := a.faces()
		if err != nil {
			return fmt.Errorf("the font of PDFs: %w", err)
		}
		return report.PDF(w, faces, s)
	}
}

// reportedCounty is the places of a configuration as reports name them.
func reportedCounty(cfg *config.County, zone *time.Location) report.County {
	out := report.County{Name: cfg.Name, Notice: cfg.Notice, Zone: zone}
	points := map[string][]sensors.Point{}
	for _, p := range cfg.Points() {
		points[p.ID.Zone()] = append(points[p.ID.Zone()], sensors.Point{ID: p.ID, Quantity: p.Quantity})
	}
	limits := limitsOf(cfg.EngineZones())
	for _, s := range cfg.Sites {
		site := report.Site{ID: s.ID, Kind: s.Kind, Name: s.Name}
		for _, z := range s.Zones {
			id := s.ID + "/" + z.ID
			web.SortPoints(points[id])
			if z.Kind == config.Technical {
				site.Others = append(site.Others, points[id]...)
				continue
			}
			room := report.Room{ID: id, Name: z.Name, Limits: limits(id)[sensors.Temperature]}
			for _, p := range points[id] {
				if p.Quantity == sensors.Temperature || p.Quantity == sensors.Humidity {
					room.Points = append(room.Points, p)
				}
			}
			site.Rooms = append(site.Rooms, room)
		}
		out.Sites = append(out.Sites, site)
	}
	return out
}

// series is rollups where they are right and readings elsewhere.
type series struct {
	*collector.Collector
	readings store.Store
}

var _ report.Series = series{}

// Read implements report.Series.
func (s series) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	return s.readings.Read(ctx, q, yield)
}

// booked is what county.db has for reports.
type booked struct {
	state  *state.DB
	person func(id string) string
}

var _ report.Records = booked{}

// reportedMost bounds the alarms and gaps of one report.
const reportedMost = 50_000

// Alarms implements report.Records.
func (b booked) Alarms(ctx context.Context, site string, from, to time.Time) ([]report.Alarm, error) {
	found, err := b.state.Alarms(ctx, state.AlarmFilter{Since: from, Limit: reportedMost})
	if err != nil {
		return nil, err
	}
	if len(found) == reportedMost {
		return nil, fmt.Errorf("more than %d alarms since %s: ask for a shorter period", reportedMost, from)
	}
	out, ids := []report.Alarm{}, []string{}
	for _, a := range found {
		if a.Start.Before(to) && (site == "" || a.Object == site || strings.HasPrefix(a.Object, site+"/")) {
			line := report.Alarm{Alarm: a.Alarm, Batches: a.Batches}
			if !a.AckedAt.IsZero() {
				line.Answered = &report.Answer{By: b.person(a.AckedBy.ID), At: a.AckedAt, Note: a.Note}
			}
			out, ids = append(out, line), append(ids, a.ID)
		}
	}
	answers, err := b.state.AnswersTo(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		b.answered(&out[i], answers[id])
	}
	slices.SortStableFunc(out, func(x, y report.Alarm) int { return x.Start.Compare(y.Start) })
	return out, nil
}

func (b booked) answered(a *report.Alarm, got state.Answers) {
	if len(got.Steps) > 0 { // by a person, where the alarm itself may name a token
		first := got.Steps[0]
		a.Answered = &report.Answer{By: b.person(first.Person), At: first.At, Note: first.Note}
	}
	if c := got.Closed; c != nil {
		a.Closed = &report.Answer{By: b.person(c.By), At: c.At, Note: c.Note, Words: []config.Label{
			closingText(string(c.Cause)), closingText(string(c.Action)), closingText(string(c.Outcome)),
		}}
	}
	if l := got.Looked; l != nil {
		a.Looked = &report.Answer{By: b.person(l.By), At: l.At, Note: l.Note}
	}
}

// closingText is the phrase of a code with which an alarm was closed; one that
// has none is shown as it is.
func closingText(code string) config.Label {
	w, ok := words.Closing(code)
	if !ok {
		return config.Label{ZH: code, EN: code}
	}
	return config.Label{ZH: w.ZH, EN: w.EN}
}

// Gaps implements report.Records.
func (b booked) Gaps(ctx context.Context, site string, from, to time.Time) ([]report.Gap, error) {
	found, err := b.state.Gaps(ctx, state.GapFilter{Site: site, From: from, To: to, Limit: reportedMost})
	if err != nil {
		return nil, err
	}
	if len(found) == reportedMost {
		return nil, fmt.Errorf("more than %d declared gaps since %s: ask for a shorter period", reportedMost, from)
	}
	out := []report.Gap{}
	for _, e := range slices.Backward(found) { // oldest first
		g := report.Gap{Site: e.Site, From: e.Gap.From, To: e.Gap.To, Cause: e.Gap.Cause}
		if e.Gap.Scope != e.Gateway {
			g.Scope = e.Gap.Scope
		}
		out = append(out, g)
	}
	return out, nil
}

// Disuses implements report.Records.
func (b booked) Disuses(ctx context.Context, from, to time.Time) ([]duty.Disuse, error) {
	found, err := b.state.Disuses(ctx, from)
	return slices.DeleteFunc(found, func(d duty.Disuse) bool { return !d.From.Before(to) }), err
}

// Stays implements report.Records.
func (b booked) Stays(ctx context.Context, from, to time.Time) ([]batch.Custody, error) {
	return b.state.Stays(ctx, from, to)
}
