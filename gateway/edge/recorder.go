package edge

import (
	"context"
	"time"

	"coldchain/gateway/wire"
)

// maxHeld bounds the readings that wait in memory while the journal cannot be
// written; beyond it the oldest are dropped and the drop is declared.
const maxHeld = 10_000

// record makes what the samplers read durable, in groups: the first reading of
// a group waits at most Options.Commit. It ends when the samplers have.
func (a *Agent) record(ctx context.Context) {
	var held []wire.Record
	var dropped droppedSpan
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	open := true
	for open || len(held) > 0 {
		var commit bool
		select {
		case batch, ok := <-a.records:
			if !ok {
				open, commit = false, true
				break
			}
			if len(held) == 0 {
				timer.Reset(a.o.Commit)
			}
			held = append(held, batch...)
			held = dropped.trim(held)
		case <-timer.C:
			commit = true
		}
		if !commit {
			continue
		}
		if err := a.append(ctx, held, &dropped); err != nil {
			a.o.Logger.Error("readings are not durable yet", "held", len(held), "error", err)
			a.faults.set("journal", "not-writable")
			if !open {
				return // shutting down without a working disk: the restart gap will say so
			}
			timer.Reset(a.o.Commit)
			continue
		}
		a.faults.set("journal", "")
		held = held[:0]
	}
}

func (a *Agent) append(ctx context.Context, held []wire.Record, dropped *droppedSpan) error {
	if len(held) == 0 && dropped.count == 0 {
		return nil
	}
	if gap, ok := dropped.gap(a.o.Address.Gateway); ok {
		gap.Boot, gap.Mono, gap.Clock = a.o.Clock.Boot, a.o.Clock.Mono(gap.Gap.To), a.o.Clock.Source()
		held = append([]wire.Record{gap}, held...)
	}
	if _, err := a.o.Journal.Append(ctx, held); err != nil {
		return err
	}
	*dropped = droppedSpan{}
	a.forward.wakeUp()
	return nil
}

// droppedSpan counts readings that could not be kept, for the gap that will
// declare them.
type droppedSpan struct {
	from, to time.Time
	count    uint64
}

func (d *droppedSpan) trim(held []wire.Record) []wire.Record {
	over := len(held) - maxHeld
	if over <= 0 {
		return held
	}
	for _, r := range held[:over] {
		if d.count == 0 {
			d.from = r.Time()
		}
		d.to = r.Time()
		d.count++
	}
	return append(held[:0], held[over:]...)
}

func (d *droppedSpan) gap(gateway string) (wire.Record, bool) {
	if d.count == 0 {
		return wire.Record{}, false
	}
	return wire.Record{Kind: wire.GapRecord, Gap: wire.Gap{Scope: gateway, From: d.from, To: d.to, Cause: "journal-not-writable", Count: d.count}}, true
}
