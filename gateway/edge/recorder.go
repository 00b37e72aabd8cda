package edge

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// maxHeld bounds the readings that wait in memory while the journal cannot be
// written; beyond it the oldest are dropped and the drop is declared.
const maxHeld = 10_000

// record makes what the samplers read durable, in groups: the first reading of
// a group waits at most Options.Commit, one outside limits not at all. A disk
// that hangs holds up the writing, never the samplers. It ends when they have.
func (a *Agent) record(ctx context.Context) {
	w := &writing{agent: a, marks: newMarks(a.o), done: make(chan outcome, 1)}
	w.timer = time.NewTimer(time.Hour)
	w.timer.Stop()
	defer w.timer.Stop()
	records := a.records
	for records != nil || w.busy || len(w.held) > 0 {
		due := false
		select {
		case batch, ok := <-records:
			if !ok {
				records, w.last, due = nil, true, true
				break
			}
			due = w.take(batch)
		case <-w.timer.C:
			due = true
		case o := <-w.done:
			due = w.settle(o)
			if o.err != nil && w.last {
				return // shutting down without a working disk: the restart gap will say so
			}
		}
		if due && !w.busy {
			w.begin(ctx)
		}
	}
}

// writing is the recorder's state; one commit at most is on its way.
type writing struct {
	agent   *Agent
	marks   marks
	held    []wire.Record
	urgent  []bool // beside held
	dropped droppedSpan
	timer   *time.Timer
	busy    bool
	soon    bool // something urgent is held
	failing bool // the commit before this one
	commits int
	last    bool // the samplers have ended
	done    chan outcome
}

// outcome is what became of a commit.
type outcome struct {
	records []wire.Record
	urgent  []bool
	dropped droppedSpan
	err     error
	looked  bool
	aside   []string // damaged files beside the journal, if it was looked
	list    error    // of the list of declared gaps, if it was looked
}

// take holds a batch and reports whether it must be committed at once.
func (w *writing) take(batch []wire.Record) bool {
	if len(w.held) == 0 && !w.failing {
		w.timer.Reset(w.agent.o.Commit)
	}
	if j := w.agent.o.Judge; j != nil {
		j.Observe(batch)
	}
	for _, r := range batch {
		urgent := w.marks.urgent(r)
		w.held, w.urgent = append(w.held, r), append(w.urgent, urgent)
		w.soon = w.soon || urgent
	}
	w.held, w.urgent = w.dropped.trim(w.held, w.urgent)
	return w.soon && !w.failing
}

// begin writes what is held, on a goroutine that record waits for.
func (w *writing) begin(ctx context.Context) {
	if len(w.held) == 0 {
		return
	}
	o := outcome{records: w.held, urgent: w.urgent, dropped: w.dropped}
	w.held, w.urgent, w.dropped, w.soon, w.busy = nil, nil, droppedSpan{}, false, true
	look := w.failing || w.commits%60 == 0 // a folder need not be read at every commit
	w.commits++
	go func() {
		o.err = w.agent.append(ctx, o)
		if look {
			j := w.agent.o.Journal
			o.looked, o.aside, o.list = true, j.Quarantined(), j.ListErr()
		}
		w.done <- o
	}()
}

// settle takes back what could not be written, and reports whether to go on at
// once.
func (w *writing) settle(o outcome) bool {
	w.busy = false
	a := w.agent
	if o.looked {
		a.faults.set("journal-file", setAside(o.aside))
		a.faults.set("gap-list", whyNot(o.list))
	}
	if w.failing = o.err != nil; !w.failing {
		a.faults.set("journal", sensors.NoReason)
		if len(w.held) > 0 {
			w.timer.Reset(a.o.Commit)
		}
		return w.soon || w.last
	}
	w.held, w.urgent = append(o.records, w.held...), append(o.urgent, w.urgent...)
	w.dropped = o.dropped.join(w.dropped)
	w.held, w.urgent = w.dropped.trim(w.held, w.urgent)
	why := whyNot(o.err)
	if a.faults.of("journal") != why { // once, not every second of a weekend
		a.o.Logger.Error("readings are not durable yet", "held", len(w.held), "error", o.err)
	}
	a.faults.set("journal", why)
	w.timer.Reset(a.o.Commit)
	return false
}

func whyNot(err error) sensors.Reason {
	switch {
	case err == nil:
		return sensors.NoReason
	case errors.Is(err, journal.ErrCorrupt):
		return "corrupt"
	case errors.Is(err, journal.ErrFull):
		return "disk-full"
	case errors.Is(err, journal.ErrReadOnly):
		return "read-only"
	}
	return "not-writable"
}

// setAside says which damaged file waits for a person, the newest.
func setAside(files []string) sensors.Reason {
	if len(files) == 0 {
		return sensors.NoReason
	}
	return sensors.Reason("set-aside " + filepath.Base(files[len(files)-1]))
}

func (a *Agent) append(ctx context.Context, o outcome) error {
	records, urgent := o.records, o.urgent
	if gap, ok := o.dropped.gap(a.o.Address.Gateway); ok {
		records = append([]wire.Record{gap}, records...)
		urgent = append([]bool{false}, urgent...)
	}
	if a.restart != nil {
		if err := a.o.Journal.Ready(ctx); err != nil {
			return err
		}
		if gap, ok := a.sinceLast(*a.restart); ok {
			records = append([]wire.Record{gap}, records...)
			urgent = append([]bool{false}, urgent...)
		}
	}
	if _, err := a.o.Journal.AppendUrgent(ctx, records, urgent); err != nil {
		return err
	}
	a.restart = nil
	a.forward.wakeUp()
	return nil
}

// marks tells which readings are urgent: those outside limits, whatever is read
// while a point has not come back, and the first reading back inside.
type marks struct {
	outside map[sensors.PointID]func(sensors.Reading) bool
	out     map[sensors.PointID]bool
}

func newMarks(o Options) marks {
	m := marks{outside: map[sensors.PointID]func(sensors.Reading) bool{}, out: map[sensors.PointID]bool{}}
	for _, d := range o.Devices {
		points := d.Sensor.Points()
		outside := outsideOf(o.Limits, points)
		for _, p := range points {
			m.outside[p.ID] = outside
		}
	}
	return m
}

func (m *marks) urgent(r wire.Record) bool {
	outside := m.outside[r.Reading.Point]
	if r.Kind != wire.ReadingRecord || outside == nil {
		return false
	}
	was := m.out[r.Reading.Point]
	if _, known := r.Reading.Value(); known {
		m.out[r.Reading.Point] = outside(r.Reading)
	}
	return was || m.out[r.Reading.Point]
}

// droppedSpan counts readings that could not be kept, for the gap that will
// declare them.
type droppedSpan struct {
	from  time.Time
	to    wire.Record // the newest that was dropped
	count uint64
}

// trim drops what is too much: the oldest readings that are not urgent, then
// the oldest of all.
func (d *droppedSpan) trim(held []wire.Record, urgent []bool) ([]wire.Record, []bool) {
	for _, any := range []bool{false, true} {
		over := len(held) - maxHeld
		if over <= 0 {
			return held, urgent
		}
		n := 0
		for i, r := range held {
			if over > 0 && (any || r.Kind == wire.ReadingRecord && !urgent[i]) {
				d.add(r)
				over--
				continue
			}
			held[n], urgent[n] = r, urgent[i]
			n++
		}
		held, urgent = held[:n], urgent[:n]
	}
	return held, urgent
}

func (d *droppedSpan) add(r wire.Record) {
	if d.count == 0 {
		d.from = r.Time()
	}
	d.to = r
	d.count++
}

// join is the span over d and the later e.
func (d droppedSpan) join(e droppedSpan) droppedSpan {
	switch {
	case d.count == 0:
		return e
	case e.count == 0:
		return d
	}
	return droppedSpan{from: d.from, to: e.to, count: d.count + e.count}
}

func (d *droppedSpan) gap(gateway string) (wire.Record, bool) {
	if d.count == 0 {
		return wire.Record{}, false
	}
	// Told by the clock that the newest dropped record was told by.
	return wire.Record{Kind: wire.GapRecord, Boot: d.to.Boot, Mono: d.to.Mono, Clock: d.to.Clock, Reconstructed: d.to.Reconstructed,
		Gap: wire.Gap{Scope: gateway, From: d.from, To: d.to.Time(), Cause: "journal-not-writable", Count: d.count}}, true
}
