package state

import (
	"context"
	"fmt"
	"time"

	"coldchain/sensors"
)

// DirtyRange is a stretch of a point's time, From inside and To outside, whose
// rollups must not be believed until they were worked out from readings.
type DirtyRange struct {
	Point    sensors.PointID
	From, To time.Time
	// Stamp tells this mark from a later one; it grows from mark to mark.
	Stamp uint64
}

// markDirty writes the marks of a commit. A mark that begins where another one
// does widens it and has its stamp replaced.
func (tx *txn) markDirty(marks []DirtyRange) error {
	if len(marks) == 0 {
		return nil
	}
	put := tx.StmtContext(tx.ctx, tx.often.putDirty)
	for _, m := range marks {
		if _, err := put.ExecContext(tx.ctx, m.Point, m.From.UnixMilli(), m.To.UnixMilli(), m.Stamp); err != nil {
			return fmt.Errorf("mark %s dirty from %s: %w", m.Point, m.From, err)
		}
	}
	return nil
}

// MarkDirty writes marks by themselves; Commit writes those of new readings.
func (db *DB) MarkDirty(ctx context.Context, marks []DirtyRange) error {
	if err := db.change(ctx, deliverer, func(tx *txn) error { return tx.markDirty(marks) }); err != nil {
		return fmt.Errorf("mark %d stretches dirty: %w", len(marks), err)
	}
	return nil
}

// TakeDirty returns at most limit marks that end at or before a time, the
// oldest marks first. They stay until ClearDirty.
func (db *DB) TakeDirty(ctx context.Context, endBefore time.Time, limit int) ([]DirtyRange, error) {
	out, err := db.dirty(ctx, "WHERE to_ms <= ? ORDER BY stamp LIMIT ?", endBefore.UnixMilli(), limit)
	if err != nil {
		return nil, fmt.Errorf("read dirty stretches: %w", err)
	}
	return out, nil
}

// DirtyOf returns a point's marks that touch [from, to), oldest first.
func (db *DB) DirtyOf(ctx context.Context, point sensors.PointID, from, to time.Time) ([]DirtyRange, error) {
	out, err := db.dirty(ctx, "WHERE point = ? AND from_ms < ? AND to_ms > ? ORDER BY from_ms", point, to.UnixMilli(), from.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read dirty stretches of %s: %w", point, err)
	}
	return out, nil
}

func (db *DB) dirty(ctx context.Context, where string, args ...any) ([]DirtyRange, error) {
	var out []DirtyRange
	rows, err := db.reader.QueryContext(ctx, "SELECT point, from_ms, to_ms, stamp FROM dirty "+where, args...)
	err = each(rows, err, func() error {
		var d DirtyRange
		var from, to int64
		if err := rows.Scan(&d.Point, &from, &to, &d.Stamp); err != nil {
			return err
		}
		d.From, d.To = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC()
		out = append(out, d)
		return nil
	})
	return out, err
}

// ClearDirty takes marks away whose rollups are durable now, and puts those of
// rest in their place, in one transaction. A mark that was renewed meanwhile
// has another stamp and stays.
func (db *DB) ClearDirty(ctx context.Context, marks, rest []DirtyRange) error {
	err := db.change(ctx, deliverer, func(tx *txn) error {
		for _, m := range marks {
			if _, err := tx.ExecContext(ctx, "DELETE FROM dirty WHERE point = ? AND from_ms = ? AND stamp = ?", m.Point, m.From.UnixMilli(), m.Stamp); err != nil {
				return fmt.Errorf("%s from %s: %w", m.Point, m.From, err)
			}
		}
		return tx.markDirty(rest)
	})
	if err != nil {
		return fmt.Errorf("clear %d dirty stretches: %w", len(marks), err)
	}
	return nil
}

// DirtyStamp returns the highest stamp of any mark; the next must be above it.
func (db *DB) DirtyStamp(ctx context.Context) (stamp uint64, err error) {
	if err := db.reader.QueryRowContext(ctx, "SELECT coalesce(max(stamp), 0) FROM dirty").Scan(&stamp); err != nil {
		return 0, fmt.Errorf("read the newest dirty stamp: %w", err)
	}
	return stamp, nil
}

// Rolled reports whether a point's stored past was already looked through in
// the store of this generation.
func (db *DB) Rolled(ctx context.Context, point sensors.PointID, generation string) (bool, error) {
	var is bool
	err := db.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM rolled WHERE point = ? AND generation = ?)", point, generation).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("ask whether %s has rollups: %w", point, err)
	}
	return is, nil
}

// SetRolled notes that the past of these points was looked through, with the
// stretches of it that have to be worked out, in one transaction.
func (db *DB) SetRolled(ctx context.Context, points []sensors.PointID, generation string, past []DirtyRange) error {
	err := db.change(ctx, deliverer, func(tx *txn) error {
		if err := tx.markDirty(past); err != nil {
			return err
		}
		for _, p := range points {
			_, err := tx.ExecContext(ctx, "INSERT INTO rolled (point, generation) VALUES (?, ?) ON CONFLICT (point) DO UPDATE SET generation = excluded.generation", p, generation)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note that %d points have rollups: %w", len(points), err)
	}
	return nil
}
