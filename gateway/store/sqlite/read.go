package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Read streams from one snapshot: what is written meanwhile is not seen.
func (s *Store) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return s.wrap("read", err)
	}
	limit := int64(q.Limit)
	if limit <= 0 {
		limit = -1 // SQLite's word for none
	}
	rows, err := s.read.QueryContext(ctx, selectReadings, string(q.Point), string(q.Quantity), ceilMilli(q.From), ceilMilli(q.To), limit)
	if err != nil {
		return s.wrap("read", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scan(rows, q)
		if err != nil {
			return s.wrap("read", err)
		}
		if !yield(r) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return s.wrap("read", err)
	}
	return nil
}

func scan(rows *sql.Rows, q store.Query) (store.Record, error) {
	var (
		ms, quality, flags, epoch, seq int64
		value, raw                     sql.NullFloat64
		why                            sql.NullString
		r                              = store.Record{Quantity: q.Quantity}
	)
	if err := rows.Scan(&ms, &value, &raw, &quality, &why, &flags, &r.Gateway, &epoch, &seq); err != nil {
		return store.Record{}, err
	}
	reading, err := rebuild(q.Point, time.UnixMilli(ms).UTC(), sensors.Quality(quality), value, sensors.Reason(why.String))
	if err != nil {
		return store.Record{}, err
	}
	if raw.Valid {
		reading = reading.WithRaw(raw.Float64)
	}
	r.Reading = reading
	r.Epoch, r.Seq = uint64(epoch), uint64(seq)
	r.Reconstructed = flags&flagReconstructed != 0
	return r, nil
}

func rebuild(p sensors.PointID, at time.Time, q sensors.Quality, value sql.NullFloat64, why sensors.Reason) (sensors.Reading, error) {
	if value.Valid == (q == sensors.Bad) {
		return sensors.Reading{}, fmt.Errorf("%s at %s: the row's quality %s and its value contradict each other", p, at, q)
	}
	var r sensors.Reading
	switch q {
	case sensors.Good:
		r = sensors.NewGood(p, at, value.Float64)
	case sensors.Uncertain:
		r = sensors.NewUncertain(p, at, value.Float64, why)
	default:
		r = sensors.NewBad(p, at, why)
	}
	r.Reason = why
	return r, nil
}

// ceilMilli is the first whole millisecond at or after t: stored times are
// whole, so "from <= time" and "time < to" mean the same with it. Times beyond
// 64 bits of milliseconds (292 million years) do not occur: a time.Time's
// extremes saturate.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.Nanosecond()%1_000_000 != 0 && ms < math.MaxInt64 {
		ms++
	}
	return ms
}
