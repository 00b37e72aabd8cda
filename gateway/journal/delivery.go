package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"coldchain/gateway/wire"
)

// offerBytes bounds one Offer, roughly, so that its records fit into one
// message whatever they carry.
const offerBytes = 160 << 10

// Offer returns at most limit records that are not delivered, with Seq > after,
// oldest first. It removes nothing: only Confirm does. All belong to Epoch.
func (j *Journal) Offer(ctx context.Context, after uint64, limit int) ([]wire.Record, error) {
	return j.OfferBetween(ctx, after, math.MaxInt64, limit)
}

// roughSize is more than a record takes in CBOR.
func roughSize(r *wire.Record) int {
	n := 96 + len(r.Reading.Point) + len(r.Reading.Reason) + len(r.Gap.Scope) + len(r.Gap.Cause) + len(r.Event.Name) + len(r.Event.Object)
	for k, v := range r.Event.Detail {
		n += len(k) + len(v) + 8
	}
	return n
}

// Confirm takes the county's word about records of the current epoch. Stored
// and quarantined are final; retry-after changes nothing. What is not in the
// journal, or was final already, is passed over, so that an acknowledgement may
// come twice, late or never.
func (j *Journal) Confirm(ctx context.Context, ranges []wire.AckRange) error {
	var delivered spans
	var finished, oldest uint64
	var now []fate
	return j.transact(ctx, "confirm", func(ctx context.Context) error {
		j.mu.Lock()
		delivered, oldest = j.delivered, j.oldest
		next := j.next
		j.mu.Unlock()
		now = fresh(ranges, delivered, oldest, next)
		for _, f := range now {
			n, err := j.countRecords(ctx, f.span)
			if err != nil {
				return err
			}
			finished += n
			if delivered, err = j.deliver(ctx, delivered, f); err != nil {
				return err
			}
		}
		var err error
		oldest, err = j.findOldest(ctx, delivered, oldest, next)
		return err
	}, func() {
		j.delivered, j.oldest = delivered, oldest
		j.pending -= min(finished, j.pending)
	})
}

// fate is a run that has just become final.
type fate struct {
	span
	outcome wire.Outcome
	reason  wire.QuarantineReason
}

// fresh returns what of the ranges is final, ours and news.
func fresh(ranges []wire.AckRange, delivered spans, oldest, next uint64) []fate {
	var out []fate
	for _, r := range ranges {
		s := span{max(r.From, oldest), min(r.To, next-1)}
		if r.Outcome != wire.Stored && r.Outcome != wire.Quarantined || s.first > s.last {
			continue
		}
		for _, part := range delivered.without(s) {
			out = append(out, fate{part, r.Outcome, r.Reason})
			delivered, _ = delivered.add(part)
		}
	}
	return out
}

// deliver writes one run into the tables and returns the new union.
func (j *Journal) deliver(ctx context.Context, delivered spans, f fate) (spans, error) {
	delivered, whole := delivered.add(f.span)
	if _, err := j.conn.ExecContext(ctx, "DELETE FROM delivered WHERE first BETWEEN ? AND ?", int64(whole.first), int64(whole.last)); err != nil {
		return nil, err
	}
	if _, err := j.conn.ExecContext(ctx, "INSERT INTO delivered (first, last, sum) VALUES (?, ?, ?)", int64(whole.first), int64(whole.last), whole.sum()); err != nil {
		return nil, err
	}
	if f.outcome != wire.Quarantined {
		return delivered, nil
	}
	_, err := j.conn.ExecContext(ctx, "INSERT INTO quarantined VALUES (?, ?, ?)", int64(f.first), int64(f.last), string(f.reason))
	return delivered, err
}

func (j *Journal) countRecords(ctx context.Context, s span) (n uint64, err error) {
	err = j.stmt.count.QueryRowContext(ctx, int64(s.first), int64(s.last)).Scan(&n)
	return n, err
}

// findOldest returns the lowest sequence from on that has a record and is not
// delivered, or next.
func (j *Journal) findOldest(ctx context.Context, delivered spans, from, next uint64) (uint64, error) {
	for from < next {
		var seq uint64
		err := j.stmt.oldest.QueryRowContext(ctx, int64(from)).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			break
		}
		if err != nil {
			return 0, err
		}
		i := delivered.at(seq)
		if i == len(delivered) || delivered[i].first > seq {
			return seq, nil
		}
		from = delivered[i].last + 1
	}
	return next, nil
}

// StartEpoch begins a new run of sequence numbers, because the county has seen
// this one go further than the journal knows (a new card, a restored image).
// What is not delivered moves into it. Sequence numbers keep growing; where
// delivered records lie between those that move, the latter get new ones, so
// that the new epoch has no holes. What was on its way has to be offered anew.
func (j *Journal) StartEpoch(ctx context.Context, epoch uint64) error {
	var next, oldest uint64
	var delivered spans
	return j.transact(ctx, "start an epoch", func(ctx context.Context) error {
		j.mu.Lock()
		current, pending := j.epoch, j.pending
		next, oldest, delivered = j.next, j.oldest, j.delivered
		j.mu.Unlock()
		if epoch <= current || epoch > math.MaxInt64 {
			return fmt.Errorf("epoch %d does not follow %d", epoch, current)
		}
		// The note beside the file first: it never says less than the file.
		if err := j.note(ctx, epoch); err != nil {
			return err
		}
		if err := j.setIdentity(ctx, epoch, j.Generation()); err != nil {
			return err
		}
		if next-oldest == pending { // one run at the end: it can stay where it is
			_, err := j.conn.ExecContext(ctx, "UPDATE record SET epoch = ? WHERE seq >= ?", int64(epoch), int64(oldest))
			return err
		}
		var err error
		delivered, next, err = j.renumber(ctx, epoch, delivered, oldest, next)
		oldest = next - pending
		return err
	}, func() {
		j.epoch, j.next, j.oldest, j.delivered = epoch, next, oldest, delivered
		j.held.forget()
		j.roomFrom, j.openGap = 0, nil
	})
}

// renumber moves all that is not delivered behind the newest record.
func (j *Journal) renumber(ctx context.Context, epoch uint64, delivered spans, oldest, next uint64) (spans, uint64, error) {
	end := next // of what there was before
	for _, s := range delivered.without(span{oldest, end - 1}) {
		moving, err := j.places(ctx, s)
		if err != nil {
			return nil, 0, err
		}
		for _, p := range moving {
			sum := keptSum(numbered(numbered(uint32(p.sum), p.seq), next))
			if _, err := j.conn.ExecContext(ctx, "UPDATE record SET seq = ?, epoch = ?, sum = ? WHERE seq = ?", int64(next), int64(epoch), sum, int64(p.seq)); err != nil {
				return nil, 0, err
			}
			next++
		}
	}
	// Nobody answers for the old numbers any more.
	delivered, err := j.deliver(ctx, delivered, fate{span: span{oldest, end - 1}, outcome: wire.Stored})
	return delivered, next, err
}

// place is a record's number with the sum that is bound to it.
type place struct {
	seq uint64
	sum int64
}

func (j *Journal) places(ctx context.Context, s span) (out []place, err error) {
	err = j.each(ctx, "SELECT seq, coalesce(sum, 0) FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq", func(rows *sql.Rows) error {
		var p place
		err := rows.Scan(&p.seq, &p.sum)
		out = append(out, p)
		return err
	}, int64(s.first), int64(s.last))
	return out, err
}

// Redeliver makes everything that is kept count as not delivered, because the
// county writes to another store now. Records of earlier epochs move into the
// current one.
func (j *Journal) Redeliver(ctx context.Context) error {
	var kept, oldest uint64
	return j.transact(ctx, "redeliver", func(ctx context.Context) error {
		for _, q := range []string{"DELETE FROM delivered", "DELETE FROM quarantined"} {
			if _, err := j.conn.ExecContext(ctx, q); err != nil {
				return err
			}
		}
		epoch := int64(j.Epoch())
		if _, err := j.conn.ExecContext(ctx, "UPDATE record SET epoch = ? WHERE epoch <> ?", epoch, epoch); err != nil {
			return err
		}
		if err := j.conn.QueryRowContext(ctx, "SELECT count(*) FROM record").Scan(&kept); err != nil {
			return err
		}
		var err error
		oldest, err = j.findOldest(ctx, nil, 0, j.Next())
		return err
	}, func() {
		j.delivered, j.pending, j.oldest = nil, kept, oldest
		j.held.forget()
		j.roomFrom = 0
	})
}

// SetGeneration remembers which store generation records are delivered to.
// After a new one, call Redeliver first: a power cut between the two then only
// makes it happen again.
func (j *Journal) SetGeneration(ctx context.Context, generation string) error {
	return j.transact(ctx, "remember the store's generation", func(ctx context.Context) error {
		return j.setIdentity(ctx, j.Epoch(), generation)
	}, func() { j.generation = generation })
}

// trimStep is how many sequence numbers Trim looks at before others get a turn.
const trimStep = 5000

// Trim removes delivered records that were made before now less Options.Keep.
// One that is not delivered is never removed, and the newest always stays.
func (j *Journal) Trim(ctx context.Context, now time.Time) error {
	before := now.Add(-j.o.Keep).UnixMilli()
	from, last := uint64(0), j.Next()
	for from+1 < last {
		first := from
		err := j.transact(ctx, "trim", func(ctx context.Context) error {
			var err error
			from, err = j.trimSome(ctx, first, last-1, before)
			return err
		}, func() {})
		if err != nil {
			return err
		}
	}
	// A fresh note lets a damaged file take less with it.
	if err := j.take(ctx, "note what was delivered"); err != nil {
		return err
	}
	defer j.give()
	j.ageList(fromMS(before))
	return j.note(context.WithoutCancel(ctx), j.Epoch())
}

// trimSome trims a piece of [first, end) and returns where to go on.
func (j *Journal) trimSome(ctx context.Context, first, end uint64, before int64) (uint64, error) {
	var lowest uint64
	err := j.stmt.oldest.QueryRowContext(ctx, int64(first)).Scan(&lowest)
	if errors.Is(err, sql.ErrNoRows) || err == nil && lowest >= end {
		return end, nil
	}
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	delivered := j.delivered
	j.mu.Unlock()
	upto := min(lowest+trimStep, end)
	for i := delivered.at(lowest); i < len(delivered) && delivered[i].first < upto; i++ {
		s := span{max(delivered[i].first, lowest), min(delivered[i].last, upto-1)}
		if _, err := j.conn.ExecContext(ctx, "DELETE FROM record WHERE seq BETWEEN ? AND ? AND wall_ms < ?", int64(s.first), int64(s.last), before); err != nil {
			return 0, err
		}
	}
	// What the county said about records that are gone is of no use.
	_, err = j.conn.ExecContext(ctx, "DELETE FROM quarantined WHERE last < (SELECT min(seq) FROM record)")
	return upto, err
}
