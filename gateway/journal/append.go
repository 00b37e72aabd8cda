package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// statements are prepared once on the one connection.
type statements struct {
	insert *sql.Stmt
	offer  *sql.Stmt
	count  *sql.Stmt
	oldest *sql.Stmt
}

const columns = "seq, epoch, kind, boot, mono_ms, wall_ms, clock, point, value, raw, quality, reason, detail, urgent, sum"

func (j *Journal) prepare(ctx context.Context) error {
	for _, p := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&j.stmt.insert, "INSERT INTO record (" + columns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
		{&j.stmt.offer, selectRecords + " WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"},
		{&j.stmt.count, "SELECT count(*) FROM record WHERE seq BETWEEN ? AND ?"},
		{&j.stmt.oldest, "SELECT seq FROM record WHERE seq >= ? ORDER BY seq LIMIT 1"},
	} {
		s, err := j.conn.PrepareContext(ctx, p.query)
		if err != nil {
			return err
		}
		*p.to = s
	}
	return nil
}

func (s *statements) close() {
	for _, p := range []*sql.Stmt{s.insert, s.offer, s.count, s.oldest} {
		if p != nil {
			p.Close() // the connection goes right after, and reports
		}
	}
}

// Append gives the records the next sequence numbers of the current epoch and
// returns them as they are kept, when they are durable: all or, on error, none.
// Times are cut to the millisecond. The given slice is not changed.
func (j *Journal) Append(ctx context.Context, records []wire.Record) ([]wire.Record, error) {
	return j.AppendUrgent(ctx, records, nil)
}

// AppendUrgent is Append of records of which urgent marks those (by index) that
// the size limit must not take: readings outside limits or of a pending alarm.
// The mark stays in the journal. nil marks none.
func (j *Journal) AppendUrgent(ctx context.Context, records []wire.Record, urgent []bool) ([]wire.Record, error) {
	if len(records) == 0 {
		return nil, nil
	}
	kept := make([]wire.Record, len(records))
	var next uint64
	var made room
	err := j.transact(ctx, "append", func(ctx context.Context) error {
		next = j.Next()
		epoch := j.Epoch()
		for i, r := range records {
			r.Seq = next
			if err := j.insert(ctx, epoch, &r, i < len(urgent) && urgent[i]); err != nil {
				return err
			}
			kept[i] = r
			next++
		}
		var err error
		made, err = j.makeRoom(ctx, kept[0].Seq, next)
		return err
	}, func() {
		j.pending += uint64(len(kept))
		j.held.add(kept)
		j.next = next
		j.last, j.hasLast = kept[len(kept)-1].Time(), true
		for i := range kept {
			j.timed.take(&kept[i])
		}
		j.settleRoom(made)
	})
	if err != nil {
		return nil, err
	}
	if made.newGap || slices.ContainsFunc(kept, func(r wire.Record) bool { return r.Kind == wire.GapRecord }) {
		j.relist(ctx, false)
	}
	return kept, nil
}

// insert writes one record and makes r what a reader will get back.
func (j *Journal) insert(ctx context.Context, epoch uint64, r *wire.Record, urgent bool) error {
	if r.Boot == "" {
		r.Boot = j.o.Boot
	}
	r.Mono = r.Mono.Truncate(time.Millisecond)
	boot, err := j.word(ctx, r.Boot)
	if err != nil {
		return err
	}
	clock, err := j.word(ctx, r.ClockText())
	if err != nil {
		return err
	}
	row := row{seq: r.Seq, epoch: epoch, kind: r.Kind, boot: boot, mono: r.Mono.Milliseconds(), clock: clock}
	switch r.Kind {
	case wire.ReadingRecord:
		r.Reading.Time = millisecond(r.Reading.Time)
		err = j.fillReading(ctx, &row, r)
	case wire.GapRecord:
		r.Gap.From, r.Gap.To = millisecond(r.Gap.From), millisecond(r.Gap.To)
		err = row.fillDetail(gapDetail{r.Gap.Scope, r.Gap.From.UnixMilli(), r.Gap.Cause, r.Gap.Count})
	case wire.EventRecord:
		r.Event.At = millisecond(r.Event.At)
		err = row.fillDetail(eventDetail{r.Event.Name, r.Event.Object, r.Event.Detail})
	default:
		err = fmt.Errorf("record of unknown kind %d", r.Kind)
	}
	if err != nil {
		return err
	}
	wall := r.Time().UnixMilli()
	c := row.content(r, wall, urgent)
	var mark any
	if urgent {
		mark = int64(1)
	}
	_, err = j.stmt.insert.ExecContext(ctx, row.seq, row.epoch, row.kind, row.boot, row.mono, wall, row.clock,
		row.point, row.value, row.raw, row.quality, row.reason, row.detail, mark, keptSum(numbered(c.sum(), r.Seq)))
	return err
}

// row is a record as the table has it; nil is NULL.
type row struct {
	seq, epoch                                 uint64
	kind                                       wire.Kind
	boot, mono, clock                          int64
	point, value, raw, quality, reason, detail any
}

// content is what the row says in full.
func (to *row) content(r *wire.Record, wall int64, urgent bool) content {
	c := content{kind: uint8(r.Kind), boot: r.Boot, clock: r.ClockText(), mono: to.mono, wall: wall, urgent: urgent}
	if r.Kind != wire.ReadingRecord {
		c.detail, _ = to.detail.(string)
		return c
	}
	c.name, c.unit, c.hasName = string(r.Reading.Point), string(r.Unit), true
	c.reason = string(r.Reading.Reason)
	c.value, c.hasValue = r.Reading.Value()
	c.raw, c.hasRaw = r.Reading.Raw()
	c.quality, c.hasQuality = int64(r.Reading.Quality), true
	return c
}

func (j *Journal) fillReading(ctx context.Context, to *row, r *wire.Record) (err error) {
	if to.point, err = j.point(ctx, pointKey{r.Reading.Point, r.Unit}); err != nil {
		return err
	}
	to.quality = int64(r.Reading.Quality)
	if v, ok := r.Reading.Value(); ok {
		to.value = keepSign(v)
	}
	if v, ok := r.Reading.Raw(); ok {
		to.raw = keepSign(v)
	}
	if r.Reading.Reason != sensors.NoReason {
		to.reason, err = j.word(ctx, string(r.Reading.Reason))
	}
	return err
}

type gapDetail struct {
	Scope  string `json:"scope"`
	FromMS int64  `json:"from_ms"`
	Cause  string `json:"cause"`
	Count  uint64 `json:"count,omitempty"`
}

type eventDetail struct {
	Name   string            `json:"name"`
	Object string            `json:"object"`
	Detail map[string]string `json:"detail,omitempty"`
}

// maxDetail bounds one record, so that every record fits into a message.
const maxDetail = 64 << 10

func (to *row) fillDetail(d any) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("record detail: %w", err)
	}
	if len(b) > maxDetail {
		return fmt.Errorf("record with %d bytes of detail, at most %d", len(b), maxDetail)
	}
	to.detail = string(b)
	return nil
}

// word and point return the id under which a text is kept, giving out a new
// one at first sight. A rollback is followed by load, which forgets it again.
func (j *Journal) word(ctx context.Context, text string) (int64, error) {
	if id, ok := j.words[text]; ok {
		return id, nil
	}
	id, err := j.intern(ctx, "INSERT INTO word (text) VALUES (?)", text)
	if err == nil {
		j.words[text] = id
	}
	return id, err
}

func (j *Journal) point(ctx context.Context, k pointKey) (int64, error) {
	if id, ok := j.points[k]; ok {
		return id, nil
	}
	id, err := j.intern(ctx, "INSERT INTO point (name, unit) VALUES (?, ?)", string(k.name), string(k.unit))
	if err == nil {
		j.points[k] = id
	}
	return id, err
}

func (j *Journal) intern(ctx context.Context, query string, args ...any) (int64, error) {
	done, err := j.conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}
