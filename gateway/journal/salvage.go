package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"coldchain/gateway/wire"
)

// salvageNote says what of a damaged file is still to be read.
type salvageNote struct {
	file  string
	after uint64 // what has been taken over already
	from  uint64 // below it all was delivered; 0: not known
	at    int64  // time before which all was delivered, 0: not known
	next  uint64 // the number after it, 0: not known
}

const salvageFormat = "%d %d %d %d %s"

func (n salvageNote) text() string {
	return fmt.Sprintf(salvageFormat, n.after, n.from, n.at, n.next, n.file)
}

func (j *Journal) salvageNote(ctx context.Context) (n salvageNote, ok bool, err error) {
	var text string
	err = j.conn.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", metaSalvage).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return n, false, nil
	}
	if err == nil {
		if _, err = fmt.Sscanf(text, salvageFormat, &n.after, &n.from, &n.at, &n.next, &n.file); err != nil {
			err = fmt.Errorf("%w: the note of what is being salvaged: %w", ErrCorrupt, err)
		}
	}
	return n, err == nil, err
}

// resumeSalvage takes what is readable and not delivered out of the file that
// was moved aside, and declares the rest.
func (j *Journal) resumeSalvage(ctx context.Context) error {
	n, ok, err := j.salvageNote(ctx)
	if err != nil || !ok {
		return err
	}
	s := &salvage{to: j, n: n, newest: n.at}
	s.run(ctx, filepath.Join(filepath.Dir(j.path), filepath.Base(n.file)))
	if s.failed != nil { // ours, not the damaged file's
		return s.failed
	}
	err = j.commit(ctx, func(ctx context.Context) error {
		if _, err := j.conn.ExecContext(ctx, "DELETE FROM meta WHERE key = ?", metaSalvage); err != nil {
			return err
		}
		return s.declare(ctx)
	})
	if err = errors.Join(err, j.load(ctx)); err == nil {
		j.o.Logger.Warn("read out the damaged journal", "file", n.file, "recovered", s.taken, "unreadable", s.lost)
	}
	return err
}

// salvage is one reading of a damaged file.
type salvage struct {
	to        *Journal
	n         salvageNote
	delivered spans
	old       *sql.Conn
	query     string
	unsummed  bool

	taken    uint64 // records that the new journal has
	lost     uint64 // numbers without a readable record
	lostFrom int64  // earliest wall time beside a hole; 0: none is known
	lostTo   int64  // and the latest
	holes    bool
	open     bool  // no good record was seen after the newest hole
	toEnd    bool  // the end is not known to have been reached
	newest   int64 // wall time of the newest record seen
	failed   error // of the new journal
	damaged  uint64
	why      error // of the first that is damaged
}

// spoil notes records that cannot be read.
func (s *salvage) spoil(n uint64, why error) {
	if s.damaged += n; s.why == nil {
		s.why = why
	}
}

// each calls yield for every readable record until it returns false. The error
// says how many numbers could not be read, and why the first could not.
func (s *salvage) each(ctx context.Context, yield func(Entry) bool) error {
	end := s.end(ctx)
	if end == 0 {
		end = 1<<63 - 1 // the end cannot be read: as far as it goes
	}
	from, skips := uint64(1), 0
	if err := s.old.QueryRowContext(ctx, "SELECT seq FROM record ORDER BY seq LIMIT 1").Scan(&from); errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	for from <= end && skips <= maxSkips {
		good, through, err := s.page(ctx, from, end)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, e := range good {
			if !yield(e) {
				return nil
			}
		}
		if skips++; err == nil || through >= from {
			skips = 0
		} else {
			through = min(end, from+salvageSkip-1)
			s.spoil(through-from+1, err)
		}
		from = through + 1
	}
	if s.damaged == 0 {
		return nil
	}
	return fmt.Errorf("%w: about %d records cannot be read, all others were; the first: %w", ErrCorrupt, s.damaged, s.why)
}

func (s *salvage) run(ctx context.Context, path string) {
	dsn := (&url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_pragma=busy_timeout(5000)&_pragma=cache_size(-256)"}).String()
	db, err := sql.Open("sqlite", dsn)
	if err == nil {
		defer db.Close()
		db.SetMaxOpenConns(1)
		s.old, err = db.Conn(ctx)
	}
	if err != nil {
		s.giveUp()
		return
	}
	defer s.old.Close()
	s.query = selectRecords
	if _, err := s.old.ExecContext(ctx, "SELECT sum FROM record LIMIT 0"); err != nil {
		s.query, s.unsummed = selectUnsummed, true
	}
	s.readDelivered(ctx)
	end := s.end(ctx)
	if end == 0 {
		s.giveUp()
		return
	}
	s.copy(ctx, max(s.n.after+1, s.n.from), end)
	if s.n.next == 0 || end+1 < s.n.next {
		s.hole(max(s.n.next, end+1) - end - 1)
		s.toEnd = true
	}
}

// giveUp declares all that was not known to be delivered.
func (s *salvage) giveUp() {
	s.hole(0)
	if s.n.next > s.n.from {
		s.lost = s.n.next - s.n.from
	}
	s.toEnd = true
}

func (s *salvage) hole(n uint64) {
	s.holes, s.open = true, true
	s.lost += n
	s.beside(s.newest)
}

// beside stretches the loss to a record next to a hole. Numbers follow one
// another and times need not: what was salvaged once lies behind newer events.
func (s *salvage) beside(at int64) {
	if at == 0 {
		return
	}
	if s.lostFrom == 0 || at < s.lostFrom {
		s.lostFrom = at
	}
	s.lostTo = max(s.lostTo, at)
}

// readDelivered believes a run only with its sum.
func (s *salvage) readDelivered(ctx context.Context) {
	rows, err := s.old.QueryContext(ctx, "SELECT first, last, sum FROM delivered ORDER BY first")
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var r span
		var sum sql.NullInt64
		if rows.Scan(&r.first, &r.last, &sum) == nil && sum.Valid && sum.Int64 == r.sum() && r.first <= r.last {
			s.delivered, _ = s.delivered.add(r)
		}
	}
}

// end returns the highest number there may be: what memory knows, or the
// file's own newest record.
func (s *salvage) end(ctx context.Context) (seq uint64) {
	if err := s.old.QueryRowContext(ctx, "SELECT seq FROM record ORDER BY seq DESC LIMIT 1").Scan(&seq); err != nil {
		seq = 0
	}
	if s.n.next > 0 && (seq == 0 || seq >= s.n.next) {
		seq = s.n.next - 1
	}
	return seq
}

const (
	salvagePage = 500
	salvageSkip = 64    // numbers passed over where the file cannot be read; about a page of it
	maxSkips    = 20000 // in a row
)

// copy takes over what is readable of a range, passing over what is not.
func (s *salvage) copy(ctx context.Context, from, end uint64) {
	skips := 0
	for from <= end && s.failed == nil {
		good, through, err := s.page(ctx, from, end)
		if err != nil && through < from {
			if skips++; skips > maxSkips {
				s.hole(0)
				s.toEnd = true
				return
			}
			through = min(end, from+salvageSkip-1)
		} else {
			skips = 0
		}
		s.keep(ctx, good, from, through)
		from = through + 1
	}
}

// page reads some records and returns the number up to which all was seen.
func (s *salvage) page(ctx context.Context, from, end uint64) (good []Entry, through uint64, err error) {
	rows, err := s.old.QueryContext(ctx, s.query+" WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?", int64(from), int64(end), salvagePage)
	if err != nil {
		return nil, from - 1, err
	}
	defer rows.Close()
	through = from - 1
	n := 0
	one := scan{unsummed: s.unsummed}
	for rows.Next() {
		n++
		e, err := one.entry(rows)
		if one.seq < from || one.seq > end || one.seq <= through && n > 1 {
			return good, through, ErrCorrupt // out of order
		}
		if err == nil {
			good = append(good, e)
		} else {
			s.spoil(1, err)
		}
		through = one.seq
	}
	// The newest record is there: SQLite that ends before it has met a number
	// that is none, on a damaged page, and taken it for the end of the range.
	if err = rows.Err(); err == nil && n < salvagePage && through < end {
		err = fmt.Errorf("%w: the records behind number %d are not found in order", ErrCorrupt, through)
	}
	return good, through, err
}

// keep writes what was read into the new journal, as one commit with how far
// the reading got.
func (s *salvage) keep(ctx context.Context, good []Entry, from, through uint64) {
	expect := from
	for _, e := range good {
		s.missing(expect, e.Seq)
		expect = e.Seq + 1
		at := e.Time().UnixMilli()
		past := e.Kind == wire.GapRecord && at < s.newest // it says nothing of where the journal was
		if at > 0 && !past {
			s.newest = at
			if s.open {
				s.open = false
				s.beside(at)
			}
		}
	}
	s.missing(expect, through+1)
	j := s.to
	s.n.after = through
	s.failed = j.commit(ctx, func(ctx context.Context) error {
		next := j.next
		for _, e := range good {
			if s.delivered.contains(e.Seq) {
				continue
			}
			e.Record.Seq = next
			if err := j.insert(ctx, j.epoch, &e.Record, e.Urgent); err != nil {
				return err
			}
			next++
			s.taken++
		}
		return j.setMeta(ctx, metaSalvage, s.n.text())
	})
	if s.failed == nil {
		s.failed = j.load(ctx)
	}
}

// missing counts the numbers [from, upto) that have no readable record though
// they were not delivered.
func (s *salvage) missing(from, upto uint64) {
	if from >= upto {
		return
	}
	for _, part := range s.delivered.without(span{from, upto - 1}) {
		s.hole(part.last - part.first + 1)
	}
}

// declare journals the loss as a gap; without a hole there is none.
func (s *salvage) declare(ctx context.Context) error {
	if !s.holes {
		return nil
	}
	now := s.to.o.Now()
	clock, mono := s.to.o.Stamp(now)
	s.to.mu.Lock()
	s.to.declared = s.toEnd || s.open || s.lostTo == 0
	s.to.mu.Unlock()
	gap := wire.Gap{Scope: s.to.o.Scope, Cause: CauseCorrupt, Count: s.lost, From: fromMS(s.lostFrom), To: fromMS(s.lostTo)}
	if s.toEnd || s.open || s.lostTo == 0 { // up to the present
		gap.To = now
	}
	if s.lostFrom == 0 || gap.From.After(gap.To) {
		gap.From = gap.To
	}
	r := wire.Record{Seq: s.to.next, Kind: wire.GapRecord, Boot: s.to.o.Boot, Mono: mono, Clock: clock, Gap: gap}
	return s.to.insert(ctx, s.to.epoch, &r, false)
}

// addSums gives the records of an old file their sums.
func (j *Journal) addSums(ctx context.Context) error {
	j.unsummed = true
	defer func() { j.unsummed = false }()
	if err := j.loadIdentity(ctx); err != nil {
		return err
	}
	if err := j.setIdentity(ctx, j.epoch, j.generation); err != nil {
		return err
	}
	var runs []span
	err := j.each(ctx, "SELECT first, last FROM delivered", func(rows *sql.Rows) error {
		var r span
		err := rows.Scan(&r.first, &r.last)
		runs = append(runs, r)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range runs {
		if _, err := j.conn.ExecContext(ctx, "UPDATE delivered SET sum = ? WHERE first = ?", r.sum(), int64(r.first)); err != nil {
			return err
		}
	}
	return j.sumRecords(ctx)
}

func (j *Journal) sumRecords(ctx context.Context) error {
	type summedRow struct {
		seq uint64
		sum int64
	}
	for after := uint64(0); ; {
		var page []summedRow
		one := scan{unsummed: true}
		err := j.each(ctx, selectUnsummed+" WHERE seq > ? ORDER BY seq LIMIT 500", func(rows *sql.Rows) error {
			if _, err := one.entry(rows); err != nil {
				return err
			}
			c, err := one.content()
			page = append(page, summedRow{one.seq, keptSum(numbered(c.sum(), one.seq))})
			return err
		}, int64(after))
		if err != nil {
			return err
		}
		for _, r := range page {
			if _, err := j.conn.ExecContext(ctx, "UPDATE record SET sum = ? WHERE seq = ?", r.sum, int64(r.seq)); err != nil {
				return err
			}
			after = r.seq
		}
		if len(page) == 0 {
			return nil
		}
	}
}
