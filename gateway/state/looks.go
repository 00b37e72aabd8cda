package state

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting"
)

// Look is that somebody has looked at a late alarm.
type Look struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note"`
	// Grown says that the alarm has become longer or worse since then: it is to
	// be looked at again.
	Grown bool `json:"grown"`
}

// stillAsSeen holds for a look l at an alarm a that has not changed since.
const stillAsSeen = `l.level = a.level AND l.start_ms = a.start_ms AND l.returned_ms IS a.returned_ms AND l.peak IS a.peak`

// waitsForALook holds for an alarm a that nobody has looked at as it is now, and
// nobody has closed.
const waitsForALook = `a.class = 'late' AND NOT EXISTS (SELECT 1 FROM looks l WHERE l.alarm = a.id AND ` + stillAsSeen + `)
	AND NOT EXISTS (SELECT 1 FROM closings c WHERE c.alarm = a.id)`

// LookAt records that actor has looked at a late alarm, and what he says to it.
// It also answers the alarm. The newest look stands. Refusals: ErrNotFound,
// ErrInvalid without a note or for an alarm that is not late: such a one is
// answered by steps.
func (db *DB) LookAt(ctx context.Context, actor Actor, alarm, note string) error {
	if strings.TrimSpace(note) == "" {
		return refuse(ErrInvalid, "say what you found: the note is empty")
	}
	if err := checkText("note", note, 500); err != nil {
		return err
	}
	err := db.change(ctx, actor, func(tx *txn) error {
		a, err := tx.alarm(alarm)
		if err != nil {
			return err
		}
		if a.Class != alerting.Late {
			return refuse(ErrInvalid, "alarm %.40s is live: somebody has to go there and take the steps", alarm)
		}
		if !a.answered() {
			if err := tx.acknowledge(&a, note, tx.at); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO looks (alarm, level, start_ms, returned_ms, peak, note, actor_kind, actor_id, at_ms)
			SELECT a.id, a.level, a.start_ms, a.returned_ms, a.peak, ?2, ?3, ?4, ?5 FROM alarms a WHERE a.id = ?1`,
			alarm, note, string(actor.Kind), actor.ID, tx.at.UnixMilli()); err != nil {
			return err
		}
		return tx.audit("alarm.looked-at", alarm, detail{"note": note, "start": stamp(a.Start), "returned": stamp(a.Returned), "level": a.Level})
	})
	if err != nil {
		return fmt.Errorf("look at alarm %s: %w", alarm, err)
	}
	return nil
}

// readLooks returns the looks at alarms, whose ids are a JSON list.
func readLooks(ctx context.Context, tx *sql.Tx, list string, put func(id string, l Look)) error {
	rows, err := tx.QueryContext(ctx, "SELECT a.id, l.actor_id, l.at_ms, l.note, NOT ("+stillAsSeen+`)
		FROM looks l JOIN alarms a ON a.id = l.alarm WHERE l.alarm IN (SELECT value FROM json_each(?))`, list)
	return each(rows, err, func() error {
		var id string
		var l Look
		var at int64
		if err := rows.Scan(&id, &l.By, &at, &l.Note, &l.Grown); err != nil {
			return err
		}
		l.At = time.UnixMilli(at).UTC()
		put(id, l)
		return nil
	})
}
