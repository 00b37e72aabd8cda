package county

import (
	"context"
	"slices"
	"strconv"
	"time"

	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
)

// newestEvents is how many events of gateways the operations page shows.
const newestEvents = 30

// storeAnswersWithin is how long the operations page waits for the store.
const storeAnswersWithin = 3 * time.Second

// operations shows the county's machinery to the page.
type operations struct {
	collector *collector.Collector
	state     *state.DB
	store     store.Store
	kind      string // of the store, for people
}

var _ web.Operations = operations{}

// Report implements web.Operations.
func (o operations) Report(ctx context.Context, from, to time.Time) (web.OperationsReport, error) {
	out := web.OperationsReport{Store: o.storeReport(ctx)}
	for _, g := range o.collector.Gateways() {
		out.Gateways = append(out.Gateways, gatewayReport(g))
	}
	for _, s := range o.collector.Sources() {
		out.Sources = append(out.Sources, sourceReport(s))
	}
	counts, err := o.state.QuarantineCounts(ctx)
	if err != nil {
		return out, err
	}
	for _, c := range counts {
		out.Quarantine = append(out.Quarantine, web.QuarantineCount{Reason: string(c.Reason), Total: c.Total, Repeated: c.Repeated, Dropped: c.Dropped})
	}
	totals, err := o.state.GapTotals(ctx, state.GapFilter{From: from, To: to})
	if err != nil {
		return out, err
	}
	for _, g := range totals {
		out.Gaps = append(out.Gaps, web.GapTotal(g))
	}
	events, err := o.state.Events(ctx, state.EntryFilter{From: from, Limit: newestEvents})
	if err != nil {
		return out, err
	}
	apart, err := o.state.SiteAlarmsApart(ctx, from, newestEvents)
	if err != nil {
		return out, err
	}
	for _, e := range apart {
		e.Event.Detail["object"] = e.Event.Object
	}
	events = append(events, apart...)
	slices.SortStableFunc(events, func(a, b state.JournalEntry) int { return b.Event.At.Compare(a.Event.At) })
	for _, e := range events {
		out.Events = append(out.Events, web.GatewayEntry{At: e.Event.At, Site: e.Site, Gateway: e.Gateway, Name: e.Event.Name, Detail: e.Event.Detail})
	}
	last, ok, err := o.state.LastBackup(ctx)
	if ok {
		out.Backup = &web.BackupReport{At: last.At, Where: last.Where}
	}
	if err != nil {
		return out, err
	}
	out.Retention, err = o.retention(ctx)
	return out, err
}

func (o operations) retention(ctx context.Context) (web.RetentionReport, error) {
	var out web.RetentionReport
	run, ran, err := o.state.LastRetention(ctx)
	if err != nil {
		return out, err
	}
	if ran {
		out.Last = &web.RetentionRun{Began: run.Began, Ended: run.Ended, Readings: run.Readings, Rollups: run.Rollups, Waiting: run.Waiting, Failure: run.Failure, Oldest: run.Oldest}
	}
	out.Frozen, out.Uncopied, err = o.state.CountFrozen(ctx)
	return out, err
}

func storeKind(cfg *config.County) string {
	if cfg.Store.Influx.URL == "" {
		return "sqlite"
	}
	return "influxdb"
}

// storeReport asks the store for its name: a question that reaches the disk or
// the server and costs next to nothing.
func (o operations) storeReport(ctx context.Context) web.StoreReport {
	ctx, cancel := context.WithTimeout(ctx, storeAnswersWithin)
	defer cancel()
	out := web.StoreReport{Kind: o.kind}
	if _, err := o.store.Generation(ctx); err != nil {
		out.Failure = err.Error()
	}
	return out
}

func gatewayReport(g collector.GatewayState) web.GatewayReport {
	s := g.Status
	out := web.GatewayReport{Gateway: gatewayOf(g), Version: s.Version, Boot: s.Boot, Clock: string(s.Clock)}
	if !s.Online {
		out.OfflineSince = g.Received // when its last will came
	}
	if g.SkewKnown {
		ahead := -g.Skew.Seconds() // the collector counts how late a record comes
		out.SkewS = &ahead
	}
	if s.At.IsZero() {
		return out // a will alone: it has told nothing yet
	}
	out.Backlog, out.BytesToday = &s.Backlog, &s.SentToday
	if s.BytesPerDay > 0 {
		out.BytesPerDay = &s.BytesPerDay
	}
	if s.Kept > 0 {
		out.Depth = &s.Kept
	}
	return out
}

// Quarantine implements web.Operations.
func (o operations) Quarantine(ctx context.Context, limit int) ([]web.QuarantineEntry, error) {
	found, err := o.state.Quarantine(ctx, limit)
	if err != nil {
		return nil, err
	}
	out := make([]web.QuarantineEntry, 0, len(found))
	for _, e := range found {
		entry := web.QuarantineEntry{
			At: e.At, LastAt: e.LastAt, Seen: e.Seen, Gateway: e.Gateway, Topic: e.Topic, Point: e.Point,
			Reason: string(e.Reason), Detail: e.Detail, Payload: e.Payload, PayloadSize: e.PayloadSize,
		}
		if e.HasSeq {
			entry.Epoch, entry.Sequence = strconv.FormatUint(e.Epoch, 10), strconv.FormatUint(e.Seq, 10)
		}
		out = append(out, entry)
	}
	return out, nil
}

// Gaps implements web.Operations.
func (o operations) Gaps(ctx context.Context, f web.GapFilter) ([]web.DeclaredGap, error) {
	found, err := o.state.Gaps(ctx, state.GapFilter{Site: f.Site, From: f.From, To: f.To, Limit: f.Limit})
	if err != nil {
		return nil, err
	}
	out := make([]web.DeclaredGap, 0, len(found))
	for _, e := range found {
		out = append(out, web.DeclaredGap{Site: e.Site, Gateway: e.Gateway, Scope: e.Gap.Scope, Cause: e.Gap.Cause, From: e.Gap.From, To: e.Gap.To, Readings: e.Gap.Count})
	}
	return out, nil
}
