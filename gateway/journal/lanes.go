package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"coldchain/gateway/wire"
)

// OfferBetween is Offer for a part of the journal: at most limit records that
// are not delivered, with after < Seq < below, oldest first.
func (j *Journal) OfferBetween(ctx context.Context, after, below uint64, limit int) ([]wire.Record, error) {
	if err := j.take(ctx, "offer"); err != nil {
		return nil, err
	}
	defer j.give()
	ctx = context.WithoutCancel(ctx)
	j.mu.Lock()
	from, end, delivered := max(after+1, j.oldest), min(below, j.next), j.delivered
	j.mu.Unlock()
	end, err := j.deliverable(ctx, end) // held records wait for a time
	if err != nil {
		return nil, fmt.Errorf("journal %s: offer: %w", j.path, classify(err))
	}
	if from >= end || limit <= 0 {
		return nil, nil
	}
	var out []wire.Record
	budget := offerBytes
	for _, s := range delivered.without(span{from, end - 1}) {
		entries, err := j.readUndelivered(ctx, s, limit-len(out))
		if err != nil {
			return nil, j.failed(ctx, "offer", err)
		}
		for i := range entries {
			if budget -= roughSize(&entries[i].Record); budget < 0 && len(out) > 0 {
				return out, nil
			}
			j.shown(entries[i].Seq)
			out = append(out, entries[i].Record)
		}
		if len(out) >= limit {
			break
		}
	}
	return out, nil
}

// Reoffer makes what is still kept of the ranges count as not delivered,
// because the county has no trace of it, and returns the ranges of the numbers
// that are not kept any more. Only records of the current epoch are offered
// again: a record of an earlier one would come under another identity.
func (j *Journal) Reoffer(ctx context.Context, ranges []wire.Range) (gone []wire.Range, err error) {
	var delivered spans
	var reopened, oldest uint64
	err = j.transact(ctx, "offer again", func(ctx context.Context) error {
		j.mu.Lock()
		epoch, next := j.epoch, j.next
		delivered, oldest = j.delivered, j.oldest
		j.mu.Unlock()
		for _, r := range ranges {
			asked := span{max(r.From, 1), min(r.To, next-1)}
			if asked.first > asked.last {
				continue
			}
			kept, err := j.keptRuns(ctx, asked, epoch)
			if err != nil {
				return err
			}
			for _, hole := range kept.without(asked) {
				gone = append(gone, wire.Range{From: hole.first, To: hole.last})
			}
			for _, k := range kept {
				before := delivered
				if delivered, err = j.undeliver(ctx, delivered, k); err != nil {
					return err
				}
				reopened += (k.last - k.first + 1) - uncovered(before, k)
			}
		}
		var err error
		oldest, err = j.findOldest(ctx, delivered, 0, next)
		return err
	}, func() {
		j.delivered, j.oldest = delivered, oldest
		j.pending += reopened
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}

// keptRuns lists which sequence numbers of s there are records for.
func (j *Journal) keptRuns(ctx context.Context, s span, epoch uint64) (kept spans, err error) {
	err = j.each(ctx, "SELECT seq FROM record WHERE seq BETWEEN ? AND ? AND epoch = ? ORDER BY seq", func(rows *sql.Rows) error {
		var seq uint64
		if err := rows.Scan(&seq); err != nil {
			return err
		}
		if n := len(kept); n > 0 && kept[n-1].last+1 == seq {
			kept[n-1].last = seq
			return nil
		}
		kept = append(kept, span{seq, seq})
		return nil
	}, int64(s.first), int64(s.last), int64(epoch))
	return kept, err
}

// undeliver takes k out of the delivered runs, in the file and in the copy it
// returns.
func (j *Journal) undeliver(ctx context.Context, delivered spans, k span) (spans, error) {
	var left, rest spans
	for _, d := range delivered {
		if d.last < k.first || d.first > k.last {
			left = append(left, d)
			continue
		}
		if _, err := j.conn.ExecContext(ctx, "DELETE FROM delivered WHERE first = ?", int64(d.first)); err != nil {
			return nil, err
		}
		rest = append(rest, spans{k}.without(d)...)
	}
	for _, r := range rest {
		var err error
		if left, err = j.deliver(ctx, left, fate{span: r, outcome: wire.Stored}); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// uncovered counts the numbers of k that s does not cover.
func uncovered(s spans, k span) (n uint64) {
	for _, u := range s.without(k) {
		n += u.last - u.first + 1
	}
	return n
}

const metaTally = "sent_today"

// Tally returns how many bytes were sent on the day it was last told about, so
// that a budget outlives a restart; an empty day when it was never told.
func (j *Journal) Tally(ctx context.Context) (day string, bytes uint64, err error) {
	if err := j.take(ctx, "read the tally of bytes"); err != nil {
		return "", 0, err
	}
	defer j.give()
	var text string
	err = j.conn.QueryRowContext(context.WithoutCancel(ctx), "SELECT value FROM meta WHERE key = ?", metaTally).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("journal %s: read the tally of bytes: %w", j.path, classify(err))
	}
	day, number, _ := strings.Cut(text, " ")
	if bytes, err = strconv.ParseUint(number, 10, 64); err != nil {
		return "", 0, fmt.Errorf("journal %s: tally of bytes %q: %w", j.path, text, ErrCorrupt)
	}
	return day, bytes, nil
}

// SetTally remembers how many bytes were sent on a day.
func (j *Journal) SetTally(ctx context.Context, day string, bytes uint64) error {
	return j.transact(ctx, "remember the tally of bytes", func(ctx context.Context) error {
		return j.setMeta(ctx, metaTally, day+" "+strconv.FormatUint(bytes, 10))
	}, func() {})
}
