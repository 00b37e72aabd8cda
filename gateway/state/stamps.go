package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"
)

// WithStamps has a time-stamp authority asked about every certificate that is
// signed from now on; see DueStamps.
func WithStamps() Option { return func(db *DB) { db.stamps = true } }

// Stamp is how far the time stamp of a certificate is.
type Stamp struct {
	Tries   int               // that failed
	Problem string            // of the newest one
	At      time.Time         // by the authority's clock; zero: not there yet
	SHA256  [sha256.Size]byte // of its answer
}

// DueStamp is a certificate that an authority has to be asked about.
type DueStamp struct {
	Number string
	Made   time.Time
	SHA256 [sha256.Size]byte // of the signed file
	Tries  int
}

// DueStamps returns what is to be asked at a moment, oldest first, and when the
// next is due after that (zero: nothing waits).
func (db *DB) DueStamps(ctx context.Context, now time.Time, most int) (out []DueStamp, next time.Time, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT number, made_ms, c.sha256, tries FROM stamps s JOIN certificates c USING (number)
			WHERE s.at_ms IS NULL AND s.next_ms <= ? ORDER BY made_ms, number LIMIT ?`, now.UnixMilli(), most)
		if err := each(rows, err, func() error {
			var d DueStamp
			var made int64
			var sum []byte
			err := rows.Scan(&d.Number, &made, &sum, &d.Tries)
			d.Made = time.UnixMilli(made).UTC()
			copy(d.SHA256[:], sum)
			out = append(out, d)
			return err
		}); err != nil {
			return err
		}
		var ms sql.NullInt64
		err = tx.QueryRowContext(ctx, "SELECT min(next_ms) FROM stamps WHERE at_ms IS NULL AND next_ms > ?", now.UnixMilli()).Scan(&ms)
		next = fromMillis(ms)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read which certificates wait for a time stamp: %w", err)
	}
	return out, next, nil
}

// Stamped records that an authority has answered, and what: the answer is durable
// beside the certificate. The first answer stands.
func (db *DB) Stamped(ctx context.Context, actor Actor, number string, at time.Time, authority string, answer [sha256.Size]byte) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		r, err := tx.ExecContext(ctx, "UPDATE stamps SET at_ms = ?, sha256 = ?, problem = '' WHERE number = ? AND at_ms IS NULL", at.UnixMilli(), answer[:], number)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return orUnchanged(err)
		}
		return tx.audit("certificate.stamped", number, detail{"at": stamp(at), "authority": authority, "sha256": hex.EncodeToString(answer[:])})
	})
	if err != nil {
		return fmt.Errorf("note the time stamp of certificate %.80s: %w", number, err)
	}
	return nil
}

// StampFailed records a try that failed and when the next one is.
func (db *DB) StampFailed(ctx context.Context, actor Actor, number, problem string, next time.Time) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		_, err := tx.ExecContext(ctx, "UPDATE stamps SET tries = tries + 1, problem = ?, next_ms = ? WHERE number = ? AND at_ms IS NULL", cut(problem, 500), next.UnixMilli(), number)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that certificate %.80s has no time stamp yet: %w", number, err)
	}
	return nil
}

// Stamps returns the time stamps of a batch's certificates by number; one that no
// authority is asked about has none.
func (db *DB) Stamps(ctx context.Context, batch string) (map[string]Stamp, error) {
	out := map[string]Stamp{}
	rows, err := db.reader.QueryContext(ctx, "SELECT number, tries, problem, at_ms, s.sha256 FROM stamps s JOIN certificates c USING (number) WHERE c.batch = ?", batch)
	err = each(rows, err, func() error {
		var s Stamp
		var number string
		var at sql.NullInt64
		var sum []byte
		err := rows.Scan(&number, &s.Tries, &s.Problem, &at, &sum)
		s.At = fromMillis(at)
		copy(s.SHA256[:], sum)
		out[number] = s
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the time stamps of batch %.64s: %w", batch, err)
	}
	return out, nil
}
