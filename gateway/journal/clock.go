package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// A record whose clock source is none is held: it is durable like any other,
// and neither it nor what comes after it is offered, until it has been given a
// time by PlaceBoot or PlaceEarlier. So a record's time never changes after it
// was offered, and an offer never has to turn back.

// held is what is known of the held records; count and first mean nothing until
// known.
type held struct {
	known        bool
	count, first uint64
}

func isHeld(r *wire.Record) bool { return r.Clock == wire.ClockNone && !r.Reconstructed }

// add takes new records into account.
func (h *held) add(records []wire.Record) {
	for i := range records {
		if !isHeld(&records[i]) {
			continue
		}
		if h.count == 0 {
			h.first = records[i].Seq
		}
		h.count++
	}
}

// forget makes the next question look into the file. It belongs behind every
// change that moves or removes records that are not delivered.
func (h *held) forget() { *h = held{} }

// findHeld counts the held records, unless that is known. The caller has the
// turn.
func (j *Journal) findHeld(ctx context.Context) (held, error) {
	j.mu.Lock()
	h, delivered, all := j.held, j.delivered, span{j.oldest, j.next - 1}
	j.mu.Unlock()
	if h.known {
		return h, nil
	}
	h = held{known: true}
	if none, ok := j.words[string(wire.ClockNone)]; ok && all.first <= all.last {
		for _, s := range delivered.without(all) {
			var n, first uint64
			err := j.conn.QueryRowContext(ctx, "SELECT count(*), coalesce(min(seq), 0) FROM record WHERE seq BETWEEN ? AND ? AND clock = ?",
				int64(s.first), int64(s.last), none).Scan(&n, &first)
			if err != nil {
				return held{}, err
			}
			if h.count == 0 {
				h.first = first
			}
			h.count += n
		}
	}
	j.mu.Lock()
	j.held = h
	j.mu.Unlock()
	return h, nil
}

// timed is the newest record that has a time.
type timed struct {
	seq uint64
	at  time.Time
}

// take takes a new record, or one that has just been placed, into account.
func (t *timed) take(r *wire.Record) {
	if r.Seq > t.seq && !isHeld(r) {
		*t = timed{r.Seq, r.Time()}
	}
}

// loadTimed looks for it, past what is held at the journal's end.
func (j *Journal) loadTimed(ctx context.Context) error {
	none, ok := j.words[string(wire.ClockNone)]
	if !ok {
		none = -1 // no word's id: nothing is held
	}
	t, err := j.newest(ctx, "clock <> ?", none)
	j.timed = t
	return err
}

// lastGaps is how many gaps of the past may be a journal's newest records.
const lastGaps = 16

// newest is the newest record for which a condition holds; its zero value, when
// there is none. A gap that ends before the record in front of it is of the past
// (what the size limit took, what a damaged file lost): then that one's time is
// the newest.
func (j *Journal) newest(ctx context.Context, condition string, args ...any) (t timed, err error) {
	over := false
	err = j.each(ctx, "SELECT seq, wall_ms, kind FROM record WHERE "+condition+" ORDER BY seq DESC LIMIT ?", func(rows *sql.Rows) error {
		var seq uint64
		var wall int64
		var kind wire.Kind
		if err := rows.Scan(&seq, &wall, &kind); err != nil || over {
			return err
		}
		if at := fromMS(wall); t.seq == 0 || at.After(t.at) {
			t.at = at
		}
		t.seq, over = max(t.seq, seq), kind != wire.GapRecord
		return nil
	}, append(args, lastGaps)...)
	return t, err
}

// LastTimed returns the wall time of the newest record that is not held; ok is
// false when there is none. That of a held one is what a clock showed that was
// not believed.
func (j *Journal) LastTimed() (at time.Time, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.timed.at, j.timed.seq > 0
}

// deliverable returns end, or the first held sequence number if that is lower.
// The caller has the turn.
func (j *Journal) deliverable(ctx context.Context, end uint64) (uint64, error) {
	h, err := j.findHeld(ctx)
	if err != nil || h.count == 0 {
		return end, err
	}
	return min(end, h.first), nil
}

// Held returns how many records wait for a time.
func (j *Journal) Held(ctx context.Context) (uint64, error) {
	j.mu.Lock()
	h := j.held
	j.mu.Unlock()
	if h.known {
		return h.count, nil
	}
	if err := j.take(ctx, "count held records"); err != nil {
		return 0, err
	}
	defer j.give()
	h, err := j.findHeld(context.WithoutCancel(ctx))
	if err != nil {
		return 0, fmt.Errorf("journal %s: count held records: %w", j.path, classify(err))
	}
	return h.count, nil
}

// PlaceBoot gives the held records of a boot their times: start, the wall time
// of its beginning as source tells it, and their monotonic offset. They are
// marked as reconstructed and can be offered from then on. All move together,
// at most a second later than start says, if one would get the millisecond of
// another record of its point. Called again after a failure it goes on where
// it stopped.
func (j *Journal) PlaceBoot(ctx context.Context, boot string, start time.Time, source wire.ClockSource) (placed int, err error) {
	start = millisecond(start)
	err = j.withHeld(ctx, func(ctx context.Context, first uint64) error {
		start, err = j.apart(ctx, first, boot, start)
		return err
	})
	if err != nil {
		return 0, err
	}
	return j.place(ctx, boot, func(r *wire.Record) {
		setTime(r, start.Add(r.Mono))
		r.Clock = source
	})
}

// Bounded is what can be said of the records of a boot that never had a time.
type Bounded struct {
	Boot     string
	Records  int
	First    uint64 // sequence numbers
	Last     uint64
	Earliest time.Time // the boot began then or later; zero when nothing is older
	Latest   time.Time // the boot began then or earlier
	Start    time.Time // where it was put
}

// PlaceEarlier gives the held records of all boots but current times between
// their neighbours': what was journaled before them, and until, when the
// current boot began. Boots took at least as long as their last record says,
// one after the other; each is put into the middle of what is possible, or where
// it began by the clock that it had before it was held. A
// reading with a value becomes uncertain, reason clock-unsynced.
func (j *Journal) PlaceEarlier(ctx context.Context, current string, until time.Time) ([]Bounded, error) {
	var boots []Bounded
	err := j.withHeld(ctx, func(ctx context.Context, first uint64) (err error) {
		boots, err = j.bounds(ctx, first, current, millisecond(until))
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range boots {
		b := &boots[i]
		b.Records, err = j.place(ctx, b.Boot, func(r *wire.Record) {
			setTime(r, b.Start.Add(r.Mono))
			if v, ok := r.Reading.Value(); r.Kind == wire.ReadingRecord && ok && r.Reading.Quality == sensors.Good {
				raw, hasRaw := r.Reading.Raw()
				r.Reading = sensors.NewUncertain(r.Reading.Point, r.Reading.Time, v, sensors.ClockUncertain)
				if hasRaw {
					r.Reading = r.Reading.WithRaw(raw)
				}
			}
		})
		if err != nil {
			return boots[:i], err
		}
	}
	return boots, nil
}

// withHeld runs look in a turn if there are held records.
func (j *Journal) withHeld(ctx context.Context, look func(ctx context.Context, first uint64) error) error {
	if err := j.take(ctx, "place records"); err != nil {
		return err
	}
	defer j.give()
	ctx = context.WithoutCancel(ctx)
	h, err := j.findHeld(ctx)
	if err == nil && h.count > 0 {
		err = look(ctx, h.first)
	}
	if err != nil {
		return fmt.Errorf("journal %s: place records: %w", j.path, classify(err))
	}
	return nil
}

// setTime moves a record so that it was measured, ended or happened at t.
func setTime(r *wire.Record, t time.Time) {
	r.Reconstructed = true
	switch r.Kind {
	case wire.GapRecord:
		r.Gap.From = t.Add(min(0, r.Gap.From.Sub(r.Gap.To)))
		r.Gap.To = t
	case wire.EventRecord:
		r.Event.At = t
	default:
		r.Reading.Time = t
	}
}

// placeStep is how many records are placed before others get a turn.
const placeStep = 2000

// place changes the held records of a boot, in order, a piece at a time.
func (j *Journal) place(ctx context.Context, boot string, change func(*wire.Record)) (placed int, err error) {
	var from uint64
	if err := j.withHeld(ctx, func(_ context.Context, first uint64) error { from = first; return nil }); err != nil || from == 0 {
		return 0, err
	}
	gaps := false
	for more := true; more; {
		var n int
		var newest *wire.Record
		begin := from
		err := j.transact(ctx, "place records", func(ctx context.Context) error {
			entries, err := j.read(ctx, begin, j.Next()-1, placeStep)
			if err != nil {
				return err
			}
			more = len(entries) == placeStep
			for i := range entries {
				r := &entries[i].Record
				if from = r.Seq + 1; r.Boot != boot || !isHeld(r) {
					continue
				}
				change(r)
				if err := j.rewrite(ctx, &entries[i]); err != nil {
					return err
				}
				n++
				newest, gaps = r, gaps || r.Kind == wire.GapRecord
			}
			return nil
		}, func() {
			if newest != nil {
				j.timed.take(newest)
			}
			if newest != nil && newest.Seq == j.next-1 {
				j.last = newest.Time()
			}
			if n > 0 {
				j.openGap = nil // what is dropped from now on is a gap of its own
			}
			if !more {
				j.held.forget()
			}
		})
		if err != nil {
			return placed, err
		}
		placed += n
	}
	if gaps {
		j.relist(ctx, true)
	}
	return placed, nil
}

// rewrite puts a record with its new time in the place of the old one. The gap
// of a restart begins where the record before it is now.
func (j *Journal) rewrite(ctx context.Context, e *Entry) error {
	if e.Kind == wire.GapRecord && e.Gap.Cause == restartCause {
		var before int64
		err := j.conn.QueryRowContext(ctx, "SELECT wall_ms FROM record WHERE seq = ?", int64(e.Seq-1)).Scan(&before)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if from := time.UnixMilli(before).UTC(); err == nil && from.Before(e.Gap.To) {
			e.Gap.From = from
		}
	}
	if _, err := j.conn.ExecContext(ctx, "DELETE FROM record WHERE seq = ?", int64(e.Seq)); err != nil {
		return err
	}
	return j.insert(ctx, e.Epoch, &e.Record, e.Urgent)
}

// restartCause is the gap between two runs of an agent.
const restartCause = "restart"
