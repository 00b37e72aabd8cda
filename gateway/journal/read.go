package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// selectRecords reads records in full; selectUnsummed does it in files of
// before sums were kept.
const (
	selectHead = "SELECT seq, epoch, kind, b.text, mono_ms, wall_ms, c.text, p.name, p.unit, value, raw, quality, r.text, detail, "
	selectFrom = ` FROM record LEFT JOIN word b ON b.id = boot LEFT JOIN word c ON c.id = clock
	LEFT JOIN point p ON p.id = point LEFT JOIN word r ON r.id = reason`
	selectRecords  = selectHead + "urgent, sum" + selectFrom
	selectUnsummed = selectHead + "NULL, NULL" + selectFrom
)

// Entry is a record with what the journal knows about it.
type Entry struct {
	wire.Record
	Epoch   uint64
	Outcome wire.Outcome          // "" while it is not confirmed
	Reason  wire.QuarantineReason // when quarantined
	Urgent  bool                  // outside limits: the size limit does not take it
}

// Records calls yield for every record with from <= Seq <= to, in order, until
// yield returns false. Appending goes on meanwhile, and yield may use the
// journal itself.
func (j *Journal) Records(ctx context.Context, from, to uint64, yield func(Entry) bool) error {
	const page = 500
	for from <= to {
		entries, err := j.page(ctx, from, min(to, math.MaxInt64), page)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !yield(e) {
				return nil
			}
		}
		if len(entries) < page {
			return nil
		}
		from = entries[len(entries)-1].Seq + 1
	}
	return nil
}

func (j *Journal) page(ctx context.Context, from, to uint64, limit int) ([]Entry, error) {
	if err := j.take(ctx, "read records"); err != nil {
		return nil, err
	}
	defer j.give()
	ctx = context.WithoutCancel(ctx)
	entries, err := j.read(ctx, from, to, limit)
	if err == nil {
		err = j.fates(ctx, entries)
	}
	if err != nil {
		return nil, j.failed(ctx, "read records", err)
	}
	return entries, nil
}

// fates fills in what became of the entries.
func (j *Journal) fates(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	j.mu.Lock()
	for i := range entries {
		if j.delivered.contains(entries[i].Seq) {
			entries[i].Outcome = wire.Stored
		}
	}
	j.mu.Unlock()
	first, last := entries[0].Seq, entries[len(entries)-1].Seq
	return j.each(ctx, "SELECT first, last, reason FROM quarantined WHERE first <= ? AND last >= ?", func(rows *sql.Rows) error {
		var s span
		var reason string
		if err := rows.Scan(&s.first, &s.last, &reason); err != nil {
			return err
		}
		for i := range entries {
			if e := &entries[i]; e.Seq >= s.first && e.Seq <= s.last {
				e.Outcome, e.Reason = wire.Quarantined, wire.QuarantineReason(reason)
			}
		}
		return nil
	}, last, first)
}

// read returns at most limit records of a range. The caller has the turn.
func (j *Journal) read(ctx context.Context, from, to uint64, limit int) ([]Entry, error) {
	rows, err := j.stmt.offer.QueryContext(ctx, int64(from), int64(to), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Entry
	s := scan{unsummed: j.unsummed}
	for rows.Next() {
		e, err := s.entry(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// readUndelivered is read of records that all belong to the current epoch.
func (j *Journal) readUndelivered(ctx context.Context, s span, limit int) ([]Entry, error) {
	entries, err := j.read(ctx, s.first, s.last, limit)
	epoch := j.Epoch()
	for i := range entries {
		if entries[i].Epoch != epoch {
			return nil, fmt.Errorf("%w: undelivered record %d belongs to epoch %d, not %d", ErrCorrupt, entries[i].Seq, entries[i].Epoch, epoch)
		}
	}
	return entries, err
}

// errRow is a row that is not even a record's in form: its number means nothing.
var errRow = fmt.Errorf("%w: a row is none of a record", ErrCorrupt)

// scan is the room for one row.
type scan struct {
	seq, epoch         uint64
	kind               wire.Kind
	bootWord, clkWord  sql.NullString
	boot, clock        string
	mono, wall         int64
	name, unit, reason sql.NullString
	value, raw         any
	quality            sql.NullInt64
	detail             sql.NullString
	urgent, sum        sql.NullInt64
	unsummed           bool // of an old file: nothing to compare with
}

// content is what the row says in full.
func (s *scan) content() (c content, err error) {
	c = content{kind: uint8(s.kind), boot: s.boot, clock: s.clock, mono: s.mono, wall: s.wall,
		name: s.name.String, unit: s.unit.String, hasName: s.name.Valid, reason: s.reason.String,
		quality: s.quality.Int64, hasQuality: s.quality.Valid, detail: s.detail.String, urgent: s.urgent.Int64 != 0}
	if c.value, c.hasValue, err = number(s.value); err != nil {
		return c, err
	}
	c.raw, c.hasRaw, err = number(s.raw)
	return c, err
}

// check compares the row with its sum.
func (s *scan) check() error {
	if !s.bootWord.Valid || !s.clkWord.Valid {
		return errors.New("it names a boot or clock source that is not in the file")
	}
	if s.unsummed {
		return nil
	}
	c, err := s.content()
	if err != nil {
		return err
	}
	if !s.sum.Valid || s.sum.Int64 != keptSum(numbered(c.sum(), s.seq)) {
		return errors.New("it does not match its sum")
	}
	return nil
}

func (s *scan) entry(rows *sql.Rows) (Entry, error) {
	if err := rows.Scan(&s.seq, &s.epoch, &s.kind, &s.bootWord, &s.mono, &s.wall, &s.clkWord,
		&s.name, &s.unit, &s.value, &s.raw, &s.quality, &s.reason, &s.detail, &s.urgent, &s.sum); err != nil {
		return Entry{}, fmt.Errorf("%w: %w", errRow, err)
	}
	s.boot, s.clock = s.bootWord.String, s.clkWord.String
	if err := s.check(); err != nil {
		return Entry{}, fmt.Errorf("record %d: %w: %w", s.seq, ErrCorrupt, err)
	}
	at := time.UnixMilli(s.wall).UTC()
	e := Entry{Epoch: s.epoch, Urgent: s.urgent.Int64 != 0, Record: wire.Record{
		Seq: s.seq, Kind: s.kind, Boot: s.boot, Mono: time.Duration(s.mono) * time.Millisecond,
	}}
	e.Clock, e.Reconstructed = wire.ParseClock(s.clock)
	var err error
	switch s.kind {
	case wire.ReadingRecord:
		e.Unit = sensors.Unit(s.unit.String)
		e.Reading, err = s.reading(at)
	case wire.GapRecord:
		var g gapDetail
		err = json.Unmarshal([]byte(s.detail.String), &g)
		e.Gap = wire.Gap{Scope: g.Scope, From: time.UnixMilli(g.FromMS).UTC(), To: at, Cause: g.Cause, Count: g.Count}
	case wire.EventRecord:
		var d eventDetail
		err = json.Unmarshal([]byte(s.detail.String), &d)
		e.Event = wire.Event{At: at, Name: d.Name, Object: d.Object, Detail: d.Detail}
	}
	if err != nil {
		return Entry{}, fmt.Errorf("record %d: %w: %w", s.seq, ErrCorrupt, err)
	}
	return e, nil
}

func (s *scan) reading(at time.Time) (sensors.Reading, error) {
	point, reason := sensors.PointID(s.name.String), sensors.Reason(s.reason.String)
	value, hasValue, err := number(s.value)
	if err != nil {
		return sensors.Reading{}, err
	}
	raw, hasRaw, err := number(s.raw)
	if err != nil {
		return sensors.Reading{}, err
	}
	quality := sensors.Quality(s.quality.Int64)
	if hasValue != (quality != sensors.Bad) {
		return sensors.Reading{}, fmt.Errorf("quality %s and its value contradict", quality)
	}
	var r sensors.Reading
	switch quality {
	case sensors.Bad:
		r = sensors.NewBad(point, at, reason)
	case sensors.Uncertain:
		r = sensors.NewUncertain(point, at, value, reason)
	case sensors.Good:
		r = sensors.NewGood(point, at, value)
		r.Reason = reason
	default:
		return sensors.Reading{}, fmt.Errorf("quality %d is not known", quality)
	}
	if hasRaw {
		r = r.WithRaw(raw)
	}
	return r, nil
}

// negativeZero is how -0 is kept: SQLite stores a real -0 as 0.
var negativeZero = []byte("-0")

// keepSign returns v as it can be kept to the bit.
func keepSign(v float64) any {
	if v == 0 && math.Signbit(v) {
		return negativeZero // a blob, which a REAL column leaves alone
	}
	return v
}

func number(v any) (f float64, ok bool, err error) {
	switch v := v.(type) {
	case nil:
		return 0, false, nil
	case float64:
		return v, true, nil
	case int64:
		return float64(v), true, nil
	case []byte:
		f, err := strconv.ParseFloat(string(v), 64)
		return f, err == nil, err
	}
	return 0, false, fmt.Errorf("%T is not a number", v)
}
