package edge

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"coldchain/gateway/wire"
)

const (
	// nameFault is what the status says while another box uses the same name.
	nameFault = "gateway name"
	stepBack  = 5 * time.Minute // and up to as much again, so that two boxes part
	goneEvent = 20              // ranges in one declaration: they must fit into a text
	// stuckAfter is how long nothing may be heard while an answer is due. It
	// doubles with each connection that was replaced in vain.
	stuckAfter = 3 * retransmit
	stuckMost  = 15 * time.Minute
)

var (
	errStuck     = errors.New("the county answers nothing over this connection; making a new one")
	errDuplicate = errors.New("another box connects under this gateway's name; stepping back")
)

// obey does what the county asks for.
func (f *forwarder) obey(ctx context.Context, p Publisher, c wire.Command) {
	if c.Duplicate {
		now := f.clock.Now()
		f.faults.set(nameFault, "used-by-two-boxes")
		f.alone = now.Add(time.Hour)
		p.Replace(errDuplicate, stepBack+time.Duration(rand.Int64N(int64(stepBack))))
		return
	}
	if c.Limits != nil && f.follower != nil {
		if err := f.follower.Follow(*c.Limits); err != nil {
			f.log.Error("limits of the county are not followed", "error", err)
		}
		f.nextStatus = f.clock.Now() // says which hold
	}
	if c.Book != nil && f.follower != nil {
		if err := f.follower.Heed(*c.Book); err != nil {
			f.log.Error("what the county knows of this site is not taken", "error", err)
		}
		f.nextStatus = f.clock.Now()
	}
	if c.Inventory {
		f.publishInventory(ctx, p)
		f.rewind() // what could not be read goes once more, behind it
	}
	if len(c.Resend) == 0 || c.Epoch != f.journal.Epoch() {
		return
	}
	gone, err := f.journal.Reoffer(ctx, c.Resend)
	if err != nil {
		f.log.Error("offer again what the county asks for", "error", err)
		return
	}
	f.log.Info("the county has no trace of records; offering again those that are kept", "ranges", len(c.Resend), "gone", len(gone))
	f.beginLanes(ctx, false)
	if len(gone) == 0 {
		return
	}
	if err := f.declareGone(ctx, c.Epoch, gone); err != nil {
		f.log.Error("declare records that are not kept any more", "error", err)
	}
}

// declareGone journals which of the numbers asked for are not kept here. It is
// no gap in what was measured: they were confirmed once, and trimmed, or
// belonged to an earlier epoch, or their loss was declared when it happened.
func (f *forwarder) declareGone(ctx context.Context, epoch uint64, gone []wire.Range) error {
	now := f.clock.Now()
	var events []wire.Record
	for some := range slices.Chunk(gone, goneEvent) {
		event := wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: now, Name: wire.EventGone, Object: f.address.Gateway, Detail: wire.GoneDetail(epoch, some)}}
		f.keeper.Stamp(&event, now, now)
		events = append(events, event)
	}
	_, err := f.journal.Append(ctx, events)
	return err
}

// gapsAgain is the rest before another attempt to declare gaps again.
const gapsAgain = time.Minute

// declareAgain journals the gaps that another journal of this box has declared,
// where the county may not know of them. It waits for a clock, and a disk that
// does not take them holds nothing else up.
func (f *forwarder) declareAgain(ctx context.Context, now time.Time) {
	if f.store == "" || now.Before(f.nextGaps) {
		return
	}
	if _, _, synced := f.keeper.Judge(now); !synced {
		return
	}
	event := wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: now, Object: f.address.Gateway}}
	f.keeper.Stamp(&event, now, now)
	n, err := f.journal.DeclareAgain(ctx, f.store, event)
	if err != nil {
		f.log.Error("declare again what an earlier journal has declared; trying again", "error", err)
		f.nextGaps = now.Add(gapsAgain)
		return
	}
	f.store = ""
	if n > 0 {
		f.log.Warn("the county's store is another one, or this journal is; declared again the gaps that the journal does not hold", "gaps", n)
	}
}

// patience notices a connection over which nothing comes back.
type patience struct {
	since time.Time     // when an answer became due; zero when none is
	limit time.Duration // for it
}

// begin is a new connection: a hello is due.
func (p *patience) begin(now time.Time) {
	p.since = now
	if p.limit == 0 {
		p.limit = stuckAfter
	}
}

// sent notes that an answer is due from now on, if none was.
func (p *patience) sent(now time.Time) {
	if p.since.IsZero() {
		p.since = now
	}
}

func (p *patience) heard(time.Time) { *p = patience{limit: stuckAfter} }

// stuck replaces a connection that has been silent for too long.
func (f *forwarder) stuck(p Publisher, now time.Time) bool {
	w := &f.patience
	if len(f.flights) == 0 && f.greeted {
		w.since = time.Time{}
	}
	if w.since.IsZero() || now.Sub(w.since) < w.limit || now.Before(f.waitUntil) {
		return false
	}
	w.since, w.limit = now, min(2*w.limit, stuckMost)
	p.Replace(errStuck, 0)
	return true
}
