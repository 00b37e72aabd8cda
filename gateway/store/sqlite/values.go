package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Values = (*Store)(nil)

// Time and quality come in one number: each column of a row costs as much as
// half the statistics that are made of it.
const selectValues = `SELECT time_ms * 4 + quality, value, reason FROM reading
	WHERE point = (SELECT id FROM point WHERE name = ?)
	  AND quantity = (SELECT id FROM quantity WHERE name = ?)
	  AND time_ms >= ? AND time_ms < ?
	ORDER BY time_ms LIMIT ?`

// ReadValues is Read for long series: a season of minutes is 130,000 rows, and
// most of Read's time goes into the columns that nobody looks at then.
func (s *Store) ReadValues(ctx context.Context, q store.Query, yield func(store.Value) bool) error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return s.wrap("read", err)
	}
	limit := int64(q.Limit)
	if limit <= 0 {
		limit = -1 // SQLite's word for none
	}
	rows, err := s.read.QueryContext(ctx, selectValues, string(q.Point), string(q.Quantity), ceilMilli(q.From), ceilMilli(q.To), limit)
	if err != nil {
		return s.wrap("read", err)
	}
	defer rows.Close()
	var (
		both  int64
		value sql.NullFloat64
		why   sql.NullString
	)
	for rows.Next() {
		if err := rows.Scan(&both, &value, &why); err != nil {
			return s.wrap("read", err)
		}
		v := store.Value{At: time.UnixMilli(both >> 2).UTC(), Value: value.Float64, Quality: sensors.Quality(both & 3), Reason: sensors.Reason(why.String)}
		if value.Valid == (v.Quality == sensors.Bad) {
			return s.wrap("read", fmt.Errorf("%s at %s: the row's quality %s and its value contradict each other", q.Point, v.At, v.Quality))
		}
		if !yield(v) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return s.wrap("read", err)
	}
	return nil
}
