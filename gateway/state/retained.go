package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coldchain/sensors"
)

// metaRetention holds the newest RetentionRun, as JSON.
const metaRetention = "last_retention"

// What retention removes.
const (
	RetainedReadings = "readings"
	RetainedRollups  = "rollups"
)

// RetentionRun is what one run of retention did.
type RetentionRun struct {
	Began    time.Time `json:"began"`           // county's clock
	Ended    time.Time `json:"ended,omitzero"`  // zero while it goes on
	Readings int       `json:"readings"`        // stretches of a point's readings that were removed
	Rollups  int       `json:"rollups"`         // and of its rollups
	Waiting  int       `json:"waiting"`         // points whose readings are not rolled up yet
	Failure  string    `json:"failure"`         // why it did not come to its end
	Oldest   time.Time `json:"oldest,omitzero"` // before it no reading was left but what is frozen
}

var retainer = Actor{Kind: System, ID: "retention"}

// RetainedUntil returns the time before which a point has been removed from
// the store of this generation; ok is false when it never was.
func (db *DB) RetainedUntil(ctx context.Context, point sensors.PointID, what, generation string) (until time.Time, ok bool, err error) {
	var ms int64
	err = db.reader.QueryRowContext(ctx, "SELECT until_ms FROM retained WHERE point = ? AND what = ? AND generation = ?", string(point), what, generation).Scan(&ms)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, fmt.Errorf("read how far %s of %s were removed: %w", what, point, err)
	}
	return time.UnixMilli(ms).UTC(), true, nil
}

// SetRetained notes how far a point was removed.
func (db *DB) SetRetained(ctx context.Context, point sensors.PointID, what, generation string, until time.Time) error {
	err := db.change(ctx, retainer, func(tx *txn) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO retained (point, what, generation, until_ms) VALUES (?, ?, ?, ?)
			ON CONFLICT (point, what) DO UPDATE SET generation = excluded.generation, until_ms = excluded.until_ms`,
			string(point), what, generation, until.UnixMilli())
		return err
	})
	if err != nil {
		return fmt.Errorf("note how far %s of %s were removed: %w", what, point, err)
	}
	return nil
}

// SetRetentionRun notes a run. One that removed something and has ended leaves
// an audit row.
func (db *DB) SetRetentionRun(ctx context.Context, run RetentionRun) error {
	err := db.change(ctx, retainer, func(tx *txn) error {
		text, err := json.Marshal(run)
		if err != nil {
			return err
		}
		if err := tx.setMeta(metaRetention, string(text)); err != nil {
			return err
		}
		if run.Ended.IsZero() || run.Readings+run.Rollups == 0 {
			return nil
		}
		return tx.audit("readings.expired", "store", detail{"readings": run.Readings, "rollups": run.Rollups, "oldest": run.Oldest.UTC().Format(time.RFC3339)})
	})
	if err != nil {
		return fmt.Errorf("note the run of retention: %w", err)
	}
	return nil
}

// LastRetention returns the newest run; ok is false when there was none.
func (db *DB) LastRetention(ctx context.Context) (run RetentionRun, ok bool, err error) {
	var text string
	err = db.reader.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", metaRetention).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return run, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &run)
	}
	if err != nil {
		return run, false, fmt.Errorf("read the last run of retention: %w", err)
	}
	return run, true, nil
}
