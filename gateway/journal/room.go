package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"coldchain/gateway/wire"
)

// DefaultMaxBytes bounds a journal's files.
const DefaultMaxBytes = 1 << 30

// CauseDiskLimit is the cause of the gap that declares what the size limit took.
const CauseDiskLimit = "disk-limit"

const (
	walRoom  = 4 << 20 // what the write-ahead log may take beside the file
	roomStep = 500     // records that are removed between two looks at the size
)

// limitGap is the gap that grows while the size limit takes readings. It grows
// in place until it is offered; what is taken after that is another gap.
type limitGap struct {
	seq         uint64
	fromMS      int64
	toMS        int64
	first, last uint64 // of what was taken
	count       uint64
	epoch       uint64
	boot, clock string // of the newest that was taken: what toMS was read from
	mono        int64
}

// room is what makeRoom did, to be taken over after the commit.
type room struct {
	gap      *limitGap
	newGap   bool
	dropped  uint64
	roomFrom uint64
	next     uint64
	oldest   uint64
}

// budget is how many bytes of pages may be in use. The log's share is kept
// free, so that both together stay within MaxBytes.
func (j *Journal) budget() int64 { return j.o.MaxBytes - min(walRoom, j.o.MaxBytes/4) }

// used returns the bytes of the file's pages that hold something, by SQLite's
// own count, and those of the whole file.
func (j *Journal) used(ctx context.Context) (inUse, file int64, err error) {
	var pages, free, size int64
	for _, p := range []struct {
		name string
		to   *int64
	}{{"page_count", &pages}, {"freelist_count", &free}, {"page_size", &size}} {
		if err := j.conn.QueryRowContext(ctx, "PRAGMA "+p.name).Scan(p.to); err != nil {
			return 0, 0, err
		}
	}
	return (pages - free) * size, pages * size, nil
}

// isSmall is the usual case, for one question: the whole file is below the
// limit. Pages are 4096 bytes or less.
func (j *Journal) isSmall(ctx context.Context) (bool, error) {
	var pages int64
	err := j.conn.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages)
	return pages*4096 <= j.budget(), err
}

// makeRoom brings the file back under its limit, within the transaction that
// made it grow: delivered records go first, then the oldest undelivered
// readings that are not urgent. before is the first number of the new records,
// which stay; next is the number after them. When nothing is left that may go,
// the file grows on.
func (j *Journal) makeRoom(ctx context.Context, before, next uint64) (room, error) {
	r := room{gap: j.openGap, roomFrom: j.roomFrom, next: next, oldest: j.Oldest()}
	if small, err := j.isSmall(ctx); err != nil || small {
		return r, err
	}
	inUse, file, err := j.used(ctx)
	if err == nil && inUse <= j.budget() && file > j.budget() {
		err = j.shrink(ctx, file-j.budget())
	}
	if err != nil || inUse <= j.budget() {
		return r, err
	}
	goal := j.budget() - max(16*4096, min(j.budget()/64, 1<<20))
	for inUse > goal {
		removed, err := j.removeDelivered(ctx, before)
		if err == nil && !removed {
			removed, err = j.removeNormal(ctx, before, &r)
		}
		if err != nil {
			return r, err
		}
		if !removed {
			break
		}
		if inUse, _, err = j.used(ctx); err != nil {
			return r, err
		}
	}
	if err := j.writeGap(ctx, &r); err != nil {
		return r, err
	}
	if r.dropped > 0 {
		j.mu.Lock()
		delivered := j.delivered
		j.mu.Unlock()
		if r.oldest, err = j.findOldest(ctx, delivered, r.oldest, r.next); err != nil {
			return r, err
		}
	}
	return r, nil
}

// shrink gives unused pages back to the disk, at most 4 MiB at a time. Below
// the limit they are kept, to be used again. Without effect in a file of an
// older release, which reuses its pages and stays as large as it was.
func (j *Journal) shrink(ctx context.Context, bytes int64) error {
	pages := min(bytes/4096+1, 1024)
	return j.each(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pages), func(*sql.Rows) error { return nil })
}

// removeDelivered takes some of the oldest delivered records.
func (j *Journal) removeDelivered(ctx context.Context, before uint64) (bool, error) {
	j.mu.Lock()
	delivered := j.delivered
	j.mu.Unlock()
	for _, s := range delivered {
		if s.first >= before {
			break
		}
		var lowest uint64
		err := j.stmt.oldest.QueryRowContext(ctx, int64(s.first)).Scan(&lowest)
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if lowest > s.last {
			continue
		}
		last := min(s.last, lowest+roomStep-1, before-1)
		done, err := j.conn.ExecContext(ctx, "DELETE FROM record WHERE seq BETWEEN ? AND ?", int64(lowest), int64(last))
		if err != nil {
			return false, err
		}
		n, err := done.RowsAffected()
		if n > 0 || err != nil {
			return n > 0, err
		}
	}
	return false, nil
}

// removeNormal takes some of the oldest undelivered readings that are not
// urgent, and counts them into the gap. Events, gaps and urgent readings stay.
func (j *Journal) removeNormal(ctx context.Context, before uint64, r *room) (bool, error) {
	from := max(r.roomFrom, r.oldest)
	g := limitGap{epoch: j.Epoch()}
	var seqs []uint64
	err := j.each(ctx, "SELECT seq, wall_ms, coalesce(b.text, ''), coalesce(c.text, ''), mono_ms FROM record LEFT JOIN word b ON b.id = boot LEFT JOIN word c ON c.id = clock WHERE seq >= ? AND seq < ? AND kind = 0 AND urgent IS NULL ORDER BY seq LIMIT ?", func(rows *sql.Rows) error {
		var seq uint64
		var wall int64
		if err := rows.Scan(&seq, &wall, &g.boot, &g.clock, &g.mono); err != nil {
			return err
		}
		if len(seqs) == 0 {
			g.first, g.fromMS, g.toMS = seq, wall, wall
		}
		g.fromMS, g.toMS = min(g.fromMS, wall), max(g.toMS, wall)
		seqs = append(seqs, seq)
		return nil
	}, int64(from), int64(before), roomStep)
	if err != nil {
		return false, err
	}
	if len(seqs) == 0 {
		r.roomFrom = before // all between is not to be taken: do not look again
		return false, nil
	}
	g.last, g.count = seqs[len(seqs)-1], uint64(len(seqs))
	_, err = j.conn.ExecContext(ctx, "DELETE FROM record WHERE seq BETWEEN ? AND ? AND kind = 0 AND urgent IS NULL", int64(g.first), int64(g.last))
	if err != nil {
		return false, err
	}
	r.roomFrom = g.last + 1
	r.dropped += g.count
	if r.gap == nil || r.gap.epoch != g.epoch {
		g.seq = r.next
		r.next++
		r.gap, r.newGap = &g, true
		return true, nil
	}
	grown := *r.gap // the journal's own stays as it is until the commit
	grown.fromMS, grown.toMS = min(grown.fromMS, g.fromMS), max(grown.toMS, g.toMS)
	grown.first, grown.last = min(grown.first, g.first), max(grown.last, g.last)
	grown.count += g.count
	grown.boot, grown.clock, grown.mono = g.boot, g.clock, g.mono
	r.gap = &grown
	return true, nil
}

// writeGap journals the gap, anew or in the place that it has.
func (j *Journal) writeGap(ctx context.Context, r *room) error {
	if r.dropped == 0 {
		return nil
	}
	g := r.gap
	if !r.newGap {
		if _, err := j.conn.ExecContext(ctx, "DELETE FROM record WHERE seq = ?", int64(g.seq)); err != nil {
			return err
		}
	}
	record := wire.Record{Seq: g.seq, Kind: wire.GapRecord, Boot: g.boot, Mono: time.Duration(g.mono) * time.Millisecond,
		Gap: wire.Gap{Scope: j.o.Scope, From: fromMS(g.fromMS), To: fromMS(g.toMS), Cause: CauseDiskLimit, Count: g.count}}
	record.Clock, record.Reconstructed = wire.ParseClock(g.clock)
	if err := j.insert(ctx, g.epoch, &record, false); err != nil {
		return fmt.Errorf("declare what the size limit took: %w", err)
	}
	_, err := j.conn.ExecContext(ctx, "INSERT OR REPLACE INTO dropped (gap, first, last, count) VALUES (?, ?, ?, ?)",
		int64(g.seq), int64(g.first), int64(g.last), int64(g.count))
	return err
}

// settleRoom takes over what makeRoom did; the caller holds mu.
func (j *Journal) settleRoom(r room) {
	j.roomFrom, j.next = r.roomFrom, max(j.next, r.next)
	if r.dropped == 0 {
		return
	}
	if r.newGap {
		j.pending++
	}
	j.pending -= min(r.dropped, j.pending)
	j.oldest, j.openGap = r.oldest, r.gap
	j.lost += r.dropped
	j.held.forget() // some of them may have been among those taken
	j.held.forget()
}

// shown notes that a record was offered: a gap is closed by that. The caller
// has the turn.
func (j *Journal) shown(seq uint64) {
	if j.openGap != nil && j.openGap.seq == seq {
		j.openGap = nil
	}
	j.Sent(seq)
}

// Sent notes that a reading up to seq, got by Records and not by an offer, is
// about to be sent: Overtaken must know of it.
func (j *Journal) Sent(seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sent = max(j.sent, seq)
}

// Overtaken reports whether the county has seen this journal go further than
// it can have sent: epoch and highest are the hello's. A restored image, a new
// card or a cut file is found by this even after new records were added, which
// comparing with Next would miss. The answer is StartEpoch(epoch+1). A journal
// that cannot be opened yet does not know what it has sent: an error.
func (j *Journal) Overtaken(ctx context.Context, epoch, highest uint64) (bool, error) {
	if err := j.take(ctx, "compare with what the county has seen"); err != nil {
		return false, err
	}
	defer j.give()
	j.mu.Lock()
	defer j.mu.Unlock()
	return epoch > j.epoch || epoch == j.epoch && highest > j.sent, nil
}

// loadLosses reads how much is gone. The caller holds mu.
func (j *Journal) loadLosses(ctx context.Context) error {
	return j.conn.QueryRowContext(ctx, "SELECT coalesce(sum(count), 0) FROM dropped").Scan(&j.lost)
}

// Dropped returns how many undelivered readings the size limit has taken.
func (j *Journal) Dropped() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lost
}
