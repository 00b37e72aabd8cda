package sqlite

import (
	"context"
	"math"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Deleter = (*Store)(nil)

const (
	// rowsPerDelete bounds how long a write of readings waits behind a delete:
	// one transaction takes some milliseconds.
	rowsPerDelete = 2000

	deleteReadings = `DELETE FROM reading WHERE point = ?1 AND quantity = ?2 AND time_ms >= ?3 AND time_ms <= (
		SELECT max(time_ms) FROM (SELECT time_ms FROM reading
			WHERE point = ?1 AND quantity = ?2 AND time_ms >= ?3 AND time_ms < ?4 ORDER BY time_ms LIMIT ?5))`

	deleteRollups = `DELETE FROM rollup WHERE point = ?1 AND quantity = ?2 AND width_s = ?6 AND start_ms >= ?3 AND start_ms <= (
		SELECT max(start_ms) FROM (SELECT start_ms FROM rollup
			WHERE point = ?1 AND quantity = ?2 AND width_s = ?6 AND start_ms >= ?3 AND start_ms < ?4 ORDER BY start_ms LIMIT ?5))`
)

// DeleteReadings removes some rows at a time and lets writers in between. The
// file does not shrink; what is free in it is used again.
func (s *Store) DeleteReadings(ctx context.Context, q store.Query) error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return s.wrap("delete readings", err)
	}
	return s.remove(ctx, "delete readings", deleteReadings, q.Point, q.Quantity, q.From, q.To, 0)
}

// DeleteRollups does so with rollups.
func (s *Store) DeleteRollups(ctx context.Context, q store.RollupQuery) error {
	if err := q.Check(); err != nil {
		return s.wrap("delete rollups", err)
	}
	return s.remove(ctx, "delete rollups", deleteRollups, q.Point, q.Quantity, q.From, q.To, q.Width)
}

func (s *Store) remove(ctx context.Context, what, statement string, p sensors.PointID, q sensors.Quantity, from, to time.Time, width time.Duration) error {
	for {
		n, err := s.removeSome(ctx, statement, p, q, ceilMilli(from), ceilMilli(to), int64(width/time.Second))
		if err != nil {
			return s.wrap(what, err)
		}
		if n < rowsPerDelete {
			return nil
		}
	}
}

func (s *Store) removeSome(ctx context.Context, statement string, p sensors.PointID, q sensors.Quantity, from, to, width int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errClosed
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	point, known := s.names.ids[pointName][string(p)]
	quantity, measured := s.names.ids[quantityName][string(q)]
	if !known || !measured || from >= to || from == math.MaxInt64 {
		return 0, nil
	}
	args := []any{point, quantity, from, to, rowsPerDelete}
	if width > 0 {
		args = append(args, width)
	}
	done, err := s.write.ExecContext(context.WithoutCancel(ctx), statement, args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}
