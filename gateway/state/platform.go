package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// WithPlatform queues every verdict that holds for a traceability platform; see
// DuePlatform. Without it nothing is queued.
func WithPlatform() Option { return func(db *DB) { db.platform = true } }

// Telling is one verdict that a platform has to be told of. Key is the same at
// every try.
type Telling struct {
	Key   string
	Body  []byte // JSON
	Tries int
}

// DuePlatform returns what is to be sent at a moment, oldest first, and when the
// next is due after that (zero: nothing waits). A later verdict of a batch waits
// for an earlier one, so that the platform ends with the newest.
func (db *DB) DuePlatform(ctx context.Context, now time.Time, most int) (out []Telling, next time.Time, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT key, body, tries FROM platform p WHERE sent_ms IS NULL AND next_ms <= ?
			AND NOT EXISTS (SELECT 1 FROM platform q WHERE q.sent_ms IS NULL AND q.at_ms < p.at_ms
				AND rtrim(q.key, '0123456789') = rtrim(p.key, '0123456789')) ORDER BY at_ms, key LIMIT ?`, now.UnixMilli(), most)
		if err := each(rows, err, func() error {
			var t Telling
			err := rows.Scan(&t.Key, &t.Body, &t.Tries)
			out = append(out, t)
			return err
		}); err != nil {
			return err
		}
		var ms sql.NullInt64
		err = tx.QueryRowContext(ctx, "SELECT min(next_ms) FROM platform WHERE sent_ms IS NULL AND next_ms > ?", now.UnixMilli()).Scan(&ms)
		next = fromMillis(ms)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read what the traceability platform is to be told: %w", err)
	}
	return out, next, nil
}

// PlatformTold records that the platform has taken a verdict. It leaves a row in
// the audit: from then on others know of it.
func (db *DB) PlatformTold(ctx context.Context, actor Actor, key string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		r, err := tx.ExecContext(ctx, "UPDATE platform SET sent_ms = ?, tries = tries + 1, problem = '' WHERE key = ? AND sent_ms IS NULL", tx.at.UnixMilli(), key)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return orUnchanged(err)
		}
		return tx.audit("platform.told", key, detail{})
	})
	if err != nil {
		return fmt.Errorf("note that the platform knows of %.80s: %w", key, err)
	}
	return nil
}

// PlatformFailed records a try that failed and when the next one is.
func (db *DB) PlatformFailed(ctx context.Context, actor Actor, key, problem string, next time.Time) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		_, err := tx.ExecContext(ctx, "UPDATE platform SET tries = tries + 1, problem = ?, next_ms = ? WHERE key = ? AND sent_ms IS NULL", problem, next.UnixMilli(), key)
		return err
	})
	if err != nil {
		return fmt.Errorf("note that the platform was not told of %.80s: %w", key, err)
	}
	return nil
}

func orUnchanged(err error) error {
	if err == nil {
		return errUnchanged
	}
	return err
}
