package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Rollups = (*Store)(nil)

const (
	putRollup = `INSERT OR REPLACE INTO rollup
		(point, quantity, width_s, start_ms, count, "values", good, min, max, sum, covered_ms, reason)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	selectRollups = `SELECT start_ms, count, "values", good, min, max, sum, covered_ms, reason FROM rollup
		WHERE point = (SELECT id FROM point WHERE name = ?)
		  AND quantity = (SELECT id FROM quantity WHERE name = ?)
		  AND width_s = ? AND start_ms >= ? AND start_ms < ?
		ORDER BY start_ms`

	// rollupsPerCommit bounds how long readings wait behind rollups.
	rollupsPerCommit = 2000
)

// WriteRollups replaces in transactions small enough not to hold up readings.
func (s *Store) WriteRollups(ctx context.Context, rollups []store.Rollup) error {
	for _, r := range rollups {
		if err := r.Check(); err != nil {
			return s.wrap("write rollups", err)
		}
	}
	rollups = byBucket(rollups)
	for len(rollups) > 0 {
		n := min(len(rollups), rollupsPerCommit)
		if err := s.writeRollups(ctx, rollups[:n]); err != nil {
			return s.wrap("write rollups", err)
		}
		rollups = rollups[n:]
	}
	return nil
}

// byBucket is the rollups in the order of their places in the file, which many
// points that end an hour together are not: a commit then writes each page
// once. Of two of the same bucket the last remains the last.
func byBucket(rollups []store.Rollup) []store.Rollup {
	sorted := slices.Clone(rollups)
	slices.SortStableFunc(sorted, func(a, b store.Rollup) int {
		return cmp.Or(cmp.Compare(a.Point, b.Point), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.Width, b.Width), a.Start.Compare(b.Start))
	})
	return sorted
}

func (s *Store) writeRollups(ctx context.Context, rollups []store.Rollup) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			s.names.forget()
			return
		}
		s.names.keep()
	}()
	quiet := context.WithoutCancel(ctx)
	tx, err := s.write.BeginTx(quiet, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	put, err := tx.PrepareContext(quiet, putRollup)
	if err != nil {
		return err
	}
	defer put.Close() // dropped with the transaction in any case
	for _, r := range rollups {
		point, err := s.names.id(quiet, tx, pointName, string(r.Point))
		if err != nil {
			return err
		}
		quantity, err := s.names.id(quiet, tx, quantityName, string(r.Quantity))
		if err != nil {
			return err
		}
		has := r.Values > 0
		if _, err := put.ExecContext(quiet, point, quantity, int64(r.Width/time.Second), r.Start.UnixMilli(), r.Count, r.Values, r.Good,
			optional(r.Min, has), optional(r.Max, has), optional(r.Sum, has), r.Covered.Milliseconds(), reason(r.Reason)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// ReadRollups streams from one snapshot, as Read does.
func (s *Store) ReadRollups(ctx context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error {
	if err := q.Check(); err != nil {
		return s.wrap("read rollups", err)
	}
	rows, err := s.read.QueryContext(ctx, selectRollups, string(q.Point), string(q.Quantity), int64(q.Width/time.Second), ceilMilli(q.From), ceilMilli(q.To))
	if err != nil {
		return s.wrap("read rollups", err)
	}
	defer rows.Close()
	for rows.Next() {
		r := store.Rollup{Point: q.Point, Quantity: q.Quantity, Width: q.Width}
		var start, covered int64
		var lowest, highest, sum sql.NullFloat64
		var why sql.NullString
		if err := rows.Scan(&start, &r.Count, &r.Values, &r.Good, &lowest, &highest, &sum, &covered, &why); err != nil {
			return s.wrap("read rollups", err)
		}
		r.Start = time.UnixMilli(start).UTC()
		r.Min, r.Max, r.Sum = lowest.Float64, highest.Float64, sum.Float64
		r.Covered, r.Reason = time.Duration(covered)*time.Millisecond, sensors.Reason(why.String)
		if !yield(r) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return s.wrap("read rollups", err)
	}
	return nil
}
