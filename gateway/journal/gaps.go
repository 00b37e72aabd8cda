package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"coldchain/gateway/wire"
)

// EventDeclaredAgain is the name of the event behind gaps that were declared
// before: detail "gaps" says how many they are, "forgotten" how many more there
// were once.
const EventDeclaredAgain = "gaps-declared-again"

// listLag is how many numbers the list's file may be behind with what was looked
// at while there was no gap in it.
const listLag = 50_000

func (j *Journal) listPath() string { return j.path + ".gaps" }

// listGaps brings the list beside the journal up to what the journal declares,
// and writes it down if there is news. What goes wrong is logged: the list never
// keeps a record from becoming durable. It reports whether the list is on disk
// as it should be. The caller has the turn.
func (j *Journal) listGaps(ctx context.Context) bool {
	err := j.tryList(ctx)
	if err != nil && j.unlisted == nil { // once
		j.o.Logger.Error("the list of declared gaps beside the journal is not kept; trying again", "file", j.listPath(), "error", err)
	}
	j.unlisted = err
	return err == nil
}

func (j *Journal) tryList(ctx context.Context) error {
	if err := j.readList(); err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	if err := j.lookForGaps(ctx); err != nil {
		return fmt.Errorf("look for new ones: %w", err)
	}
	return j.writeList()
}

// readList reads the file when it was not read yet. A damaged one is moved aside
// and its good lines are kept.
func (j *Journal) readList() error {
	if j.list != nil {
		return nil
	}
	file, err := os.ReadFile(j.listPath())
	if errors.Is(err, os.ErrNotExist) {
		// A new box, or one from before there was such a list: all that the
		// journal holds was declared to its store, or will be.
		j.mu.Lock()
		defer j.mu.Unlock()
		j.list = &gapList{epoch: j.epoch, generation: j.generation}
		return nil
	}
	if err != nil {
		return err
	}
	list, damage := parseGapList(file)
	if damage != nil {
		aside, err := j.setListAside()
		if err != nil {
			return fmt.Errorf("it is damaged (%w) and cannot be moved aside: %w", damage, err)
		}
		j.o.Logger.Error("the list of declared gaps is damaged; it was moved aside and goes on with what is right in it", "file", aside, "kept", len(list.gaps), "error", damage)
		list.upto, j.listDirty = 0, true // the journal says once more what it holds
	}
	j.list, j.listFile = list, damage == nil
	return nil
}

func (j *Journal) setListAside() (aside string, err error) {
	if aside, err = j.asideName(j.listPath()); err == nil {
		err = os.Rename(j.listPath(), aside)
	}
	return aside, err
}

// lookForGaps takes what the journal has declared since the last time. A gap
// that waits for its time is looked at again when it has got it, and after a
// start; one that still grows always.
func (j *Journal) lookForGaps(ctx context.Context) error {
	h, err := j.findHeld(ctx)
	if err != nil {
		return err
	}
	l, end := j.list, j.Next()-1
	if max(l.upto, j.looked) > end { // of another file
		l.upto, j.looked = 0, 0
	}
	gaps, err := j.gapsIn(ctx, max(l.upto, j.looked)+1, end)
	if err == nil && j.openGap != nil {
		var growing []declared
		growing, err = j.gapsIn(ctx, j.openGap.seq, j.openGap.seq)
		gaps = append(gaps, growing...)
	}
	if err != nil {
		return err
	}
	j.looked = end
	for _, g := range gaps {
		if l.add(g) {
			j.listDirty = true
		}
	}
	if h.count > 0 {
		end = min(end, h.first-1)
	}
	if j.openGap != nil {
		end = min(end, j.openGap.seq-1)
	}
	behind := end > l.upto && end-l.upto > listLag
	l.upto = end
	j.listDirty = j.listDirty || behind
	l.bound()
	return nil
}

// gapsIn reads the gaps among some numbers that have their time.
func (j *Journal) gapsIn(ctx context.Context, first, last uint64) (out []declared, err error) {
	if first > last {
		return nil, nil
	}
	one := scan{unsummed: j.unsummed}
	err = j.each(ctx, selectRecords+" WHERE seq BETWEEN ? AND ? AND kind = 1 ORDER BY seq", func(rows *sql.Rows) error {
		e, err := one.entry(rows)
		if err == nil && !isHeld(&e.Record) {
			out = append(out, declared{e.Gap, e.ClockText()})
		}
		return err
	}, int64(first), int64(last))
	return out, err
}

// writeList writes the file if it says something new.
func (j *Journal) writeList() error {
	if !j.listDirty || len(j.list.gaps) == 0 && !j.listFile {
		return nil
	}
	if err := WriteDurably(j.listPath(), j.list.text()); err != nil {
		return fmt.Errorf("write it: %w", classify(err))
	}
	j.listDirty, j.listFile = false, true
	return nil
}

// relist is listGaps for those who have not the turn; placed, when gaps that
// waited have got their times.
func (j *Journal) relist(ctx context.Context, placed bool) {
	if err := j.take(ctx, "list declared gaps"); err != nil {
		return // the journal itself is in trouble, and says so to whoever writes next
	}
	defer j.give()
	if placed {
		j.looked = 0
	}
	j.listGaps(context.WithoutCancel(ctx))
}

// ListErr returns why the list of declared gaps beside the journal is not kept,
// or nil. Records are durable all the same.
func (j *Journal) ListErr() error {
	<-j.turn
	defer j.give()
	return j.unlisted
}

// DeclareAgain journals those gaps that were declared before and are not in the
// journal any more, because it is another one since, unless they were declared
// to this store in this epoch: the county may have been set back to a day on
// which it did not know them, and takes what it knows for one. event comes
// behind them, with the present time, and gets its name and how many they are.
// It returns that number. Called again after a failure it does what is left.
func (j *Journal) DeclareAgain(ctx context.Context, generation string, event wire.Record) (int, error) {
	epoch, missing, forgotten, err := j.undeclared(ctx, generation)
	if err != nil || epoch == 0 {
		return 0, err
	}
	if len(missing) > 0 {
		records := make([]wire.Record, 0, len(missing)+1)
		for _, d := range missing {
			r := wire.Record{Kind: wire.GapRecord, Boot: event.Boot, Mono: event.Mono, Gap: d.gap}
			r.Clock, r.Reconstructed = wire.ParseClock(d.clock)
			records = append(records, r)
		}
		event.Kind, event.Event.Name = wire.EventRecord, EventDeclaredAgain
		event.Event.Detail = map[string]string{"gaps": fmt.Sprint(len(missing))}
		if forgotten > 0 {
			event.Event.Detail["forgotten"] = fmt.Sprint(forgotten)
		}
		// The event last: the journal's newest time is not of weeks ago.
		if _, err := j.Append(ctx, append(records, event)); err != nil {
			return 0, fmt.Errorf("declare %d gaps again: %w", len(missing), err)
		}
	}
	if err := j.take(ctx, "note to which store gaps were declared"); err != nil {
		return len(missing), err
	}
	defer j.give()
	j.list.epoch, j.list.generation, j.listDirty = epoch, generation, true
	j.listGaps(context.WithoutCancel(ctx))
	return len(missing), nil
}

// undeclared returns the gaps of the list that the journal does not hold, and
// its epoch; 0 when this store was told in this epoch.
func (j *Journal) undeclared(ctx context.Context, generation string) (epoch uint64, missing []declared, forgotten uint64, err error) {
	if err := j.take(ctx, "compare declared gaps"); err != nil {
		return 0, nil, 0, err
	}
	defer j.give()
	ctx = context.WithoutCancel(ctx)
	if !j.listGaps(ctx) && j.list == nil {
		return 0, nil, 0, fmt.Errorf("the list of declared gaps: %w", j.unlisted)
	}
	l := j.list
	if epoch = j.Epoch(); l.epoch == epoch && l.generation == generation {
		return 0, nil, 0, nil
	}
	if len(l.gaps) == 0 {
		return epoch, nil, 0, nil
	}
	held, err := j.gapsIn(ctx, 1, j.Next()-1)
	if err != nil {
		return 0, nil, 0, j.failed(ctx, "compare declared gaps", err)
	}
	in := make([]wire.Gap, 0, len(held))
	for _, d := range held {
		in = append(in, d.gap)
	}
	slices.SortFunc(in, func(a, b wire.Gap) int { return a.From.Compare(b.From) })
	for _, d := range l.gaps {
		if !d.gap.ToldBy(in) {
			missing = append(missing, d)
		}
	}
	return epoch, missing, l.forgotten, nil
}

// ageList leaves out of the list what is older than the local history. The
// caller has the turn.
func (j *Journal) ageList(before time.Time) {
	if j.list != nil && j.list.age(before) {
		j.listDirty = true
	}
}
