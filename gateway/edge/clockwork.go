package edge

import (
	"context"
	"fmt"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	observeEvery = time.Second
	// overlapEvery is how often held records are placed while the clock goes
	// through hours that it has been through before: each time costs a look
	// through the journal.
	overlapEvery = 30 * time.Second
)

// keepTime watches the clocks, journals what happens to them, and gives held
// records their times once there are any, until sampling is stopped.
func (a *Agent) keepTime(ctx context.Context) {
	tick := time.NewTicker(observeEvery)
	defer tick.Stop()
	var placed time.Duration
	for {
		select {
		case <-a.stop:
			return
		case <-tick.C:
		}
		a.keeper.Observe()
		a.tell(a.keeper.Events())
		a.tell(a.verdicts())
		if now := a.o.Clock.mono(a.o.Clock.Now()); !a.keeper.Overlapping() || now-placed >= overlapEvery {
			placed = now
			a.tell(a.place(ctx))
		}
	}
}

// verdicts are what the judge has to say.
func (a *Agent) verdicts() []wire.Record {
	if a.o.Judge == nil {
		return nil
	}
	return a.o.Judge.Events()
}

// Moment is a record of now with nothing in it but its times: what drives a
// judge while nothing is read.
func (a *Agent) Moment() wire.Record {
	now := a.o.Clock.Now()
	m := wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: now}}
	a.keeper.Stamp(&m, now, now)
	return m
}

// tell journals events.
func (a *Agent) tell(events []wire.Record) {
	if len(events) > 0 {
		a.records <- events
	}
}

// place gives the journal's held records their times, if the time is known, and
// returns the events that say so. They are to be journaled behind the gap of a
// restart, which begins at the record before it.
func (a *Agent) place(ctx context.Context) (events []wire.Record) {
	start, source, ok := a.keeper.Start()
	if !ok {
		return nil
	}
	waiting, err := a.o.Journal.Held(ctx)
	if err == nil && waiting > 0 {
		events, err = a.placeAll(ctx, start, source)
	}
	if err != nil {
		if ctx.Err() == nil {
			a.o.Logger.Error("give held records their times; trying again", "error", err)
			a.faults.set("held-records", "journal-not-writable")
		}
		return events
	}
	a.faults.set("held-records", sensors.NoReason)
	return events
}

func (a *Agent) placeAll(ctx context.Context, start time.Time, source wire.ClockSource) (events []wire.Record, err error) {
	boots, err := a.o.Journal.PlaceEarlier(ctx, a.o.Clock.Boot, start)
	for _, b := range boots {
		detail := map[string]string{
			"boot": b.Boot, "records": fmt.Sprint(b.Records), "first": fmt.Sprint(b.First), "last": fmt.Sprint(b.Last),
			"began": b.Start.Format(time.RFC3339Nano), "latest": b.Latest.Format(time.RFC3339Nano),
		}
		if !b.Earliest.IsZero() {
			detail["earliest"] = b.Earliest.Format(time.RFC3339Nano)
		}
		event := wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: a.o.Clock.Now(), Name: "clock-bounded", Object: a.o.Address.Gateway, Detail: detail}}
		a.keeper.Stamp(&event, event.Event.At, event.Event.At)
		events = append(events, event)
	}
	if err != nil {
		return events, err
	}
	n, err := a.o.Journal.PlaceBoot(ctx, a.o.Clock.Boot, start, source)
	if n > 0 || len(boots) > 0 {
		a.forward.placed.Store(true)
		a.forward.wakeUp()
	}
	if n > 0 {
		a.keeper.Placed()
		a.o.Logger.Info("held records have their times now", "records", n, "source", source)
	}
	return events, err
}

// declareRestart journals the stretch since the last record as a gap, so that
// a poll lost with the power is never taken for a stretch without trouble.
// While the time is not known it is held: the journal draws it from the record
// before it when it gets its place. While the journal cannot be opened, its
// last record is not known: the gap waits for the first commit.
func (a *Agent) declareRestart() {
	now := a.o.Clock.Now()
	gap := wire.Record{Kind: wire.GapRecord, Gap: wire.Gap{Scope: a.o.Address.Gateway, To: now, Cause: "restart"}}
	a.keeper.Stamp(&gap, now, now)
	if a.o.Journal.Err() != nil {
		a.restart = &gap
		return
	}
	if gap, ok := a.sinceLast(gap); ok {
		a.records <- []wire.Record{gap} // by the recorder: a full disk must not keep the agent from sampling
	}
}

// sinceLast lets a gap begin at the journal's last record.
func (a *Agent) sinceLast(gap wire.Record) (_ wire.Record, ok bool) {
	last, ok := a.o.Journal.LastTime()
	if !ok || gap.Clock != wire.ClockNone && !gap.Gap.To.After(last) {
		return gap, false // a clock that went back is an event of the clock, not a gap
	}
	if a.o.Journal.DeclaredToNow() {
		return gap, false // what a damaged journal took, up to this start
	}
	gap.Gap.From = earlier(last, gap.Gap.To)
	return gap, true
}

// provisional adds to a status what people may see of records that are held.
func (a *Agent) provisional(s *wire.Status) {
	if wall, _, ok := a.keeper.Judge(a.o.Clock.Now()); ok {
		s.At = wall // not the kernel's, where GNSS knows better
	}
	// Neither may hold up the forwarder while a slow disk is at work.
	ctx, cancel := context.WithTimeout(context.Background(), lookLimit)
	defer cancel()
	if kept, err := a.o.Journal.Kept(ctx); err == nil {
		s.Kept = kept
	}
	if a.o.Disk != nil {
		if free, size, ok := a.o.Disk(); ok {
			s.DiskFree, s.DiskSize = free, size
		}
	}
	held, err := a.o.Journal.Held(ctx)
	if s.Held = held; err != nil || a.keeper.Source() != wire.ClockNone && held == 0 {
		return
	}
	if a.o.Judge != nil {
		alarms, _ := a.o.Judge.Show()
		s.Alarm = len(alarms) > 0
	}
	now := a.o.Clock.Now()
	points, _ := a.board.show()
	for _, p := range points[:min(len(points), maxProvisional)] {
		if !p.Seen {
			continue
		}
		shown := wire.Provisional{Point: string(p.ID), Quality: p.Last.Quality.String(), Reason: string(p.Last.Reason), AgeMS: max(0, now.Sub(p.At).Milliseconds())}
		if v, ok := p.Last.Value(); ok {
			shown.Value = &v
			l, _ := a.o.Limits.Bounds(LimitKey{Zone: p.ID.Zone(), Quantity: p.Quantity})
			shown.Outside = l.outside(v)
		}
		s.Alarm = s.Alarm || shown.Outside
		s.Provisional = append(s.Provisional, shown)
	}
}

// maxProvisional is what a status takes.
const maxProvisional = 200
