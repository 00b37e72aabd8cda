package state

import (
	"context"
	"database/sql"
	"errors"
)

// statements are those of the commit that acknowledges readings. It runs many
// times a second; parsing them anew cost more than what they do.
type statements struct {
	putTrack, dropTrack, putDirty               *sql.Stmt
	touching, insertRange, growRange, dropRange *sql.Stmt
	readSum, putSum                             *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	for _, x := range []struct {
		into **sql.Stmt
		text string
	}{
		{&s.putTrack, "INSERT INTO tracks (key, state) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET state = excluded.state"},
		{&s.dropTrack, "DELETE FROM tracks WHERE key = ?"},
		{&s.putDirty, `INSERT INTO dirty (point, from_ms, to_ms, stamp) VALUES (?, ?, ?, ?)
			ON CONFLICT (point, from_ms) DO UPDATE SET to_ms = max(to_ms, excluded.to_ms), stamp = max(stamp, excluded.stamp)`},
		// Rows are disjoint and sorted: walking down from the right end meets the
		// overlapping and touching ones first and can stop at the first other one.
		{&s.touching, `SELECT first, last FROM ranges
			WHERE kind = ? AND gateway = ? AND epoch = ? AND first <= ? ORDER BY first DESC`},
		{&s.insertRange, "INSERT INTO ranges (kind, gateway, epoch, first, last) VALUES (?, ?, ?, ?, ?)"},
		{&s.growRange, "UPDATE ranges SET first = ?, last = ? WHERE kind = ? AND gateway = ? AND epoch = ? AND first = ?"},
		{&s.readSum, "SELECT rows, sum FROM digests WHERE name = ?"},
		{&s.putSum, "UPDATE digests SET rows = ?, sum = ? WHERE name = ?"},
		{&s.dropRange, "DELETE FROM ranges WHERE kind = ? AND gateway = ? AND epoch = ? AND first = ?"},
	} {
		var err error
		if *x.into, err = db.PrepareContext(ctx, x.text); err != nil {
			return err
		}
	}
	return nil
}

func (s *statements) close() error {
	var errs []error
	for _, x := range []*sql.Stmt{s.putTrack, s.dropTrack, s.putDirty, s.touching, s.insertRange, s.growRange, s.dropRange, s.readSum, s.putSum} {
		if x != nil {
			errs = append(errs, x.Close())
		}
	}
	return errors.Join(errs...)
}
