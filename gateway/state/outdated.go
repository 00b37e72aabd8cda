package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// untrue finds which of some messages, whose keys are a JSON list, say what is
// not so any more: that something is wrong when all of it is over, or that it is
// over when some of it is back. An alarm that cannot be found is no reason.
const untrue = `WITH covers AS (
	SELECT o.key, o.kind, a.id, a.returned_ms IS NULL AND NOT EXISTS (SELECT 1 FROM closings c WHERE c.alarm = a.id) AS present
	FROM outbox o, json_each(o.intent, '$.covers') c LEFT JOIN alarms a ON a.id = c.value ->> '$.alarm'
	WHERE o.key IN (SELECT value FROM json_each(?)) AND o.next_ms IS NOT NULL)
	SELECT key FROM covers GROUP BY key
	HAVING kind IN ('raised', 'grown', 'reminder', 'digest') AND sum(id IS NULL OR present) = 0
		OR kind = 'returned' AND sum(id IS NOT NULL AND present) > 0`

// CancelUntrue gives up those of the messages whose words are not true any more,
// and returns their keys: an alarm that is over rings nobody, and nobody is told
// that it is over when it has come back. What the person is to know instead is
// decided anew.
func (db *DB) CancelUntrue(ctx context.Context, actor Actor, keys []string) ([]string, error) {
	found, err := db.untrue(ctx, db.reader, keys)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	err = db.change(ctx, actor, func(tx *txn) error {
		// Asked again in the change: it may have come back.
		if found, err = db.untrue(ctx, tx, keys); err != nil {
			return err
		}
		for _, key := range found {
			if _, err := tx.ExecContext(ctx, "UPDATE outbox SET next_ms = NULL, cancelled_ms = ? WHERE key = ?", tx.at.UnixMilli(), key); err != nil {
				return err
			}
		}
		if len(found) == 0 {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("give up messages that are not true any more: %w", err)
	}
	return found, nil
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (db *DB) untrue(ctx context.Context, q querier, keys []string) ([]string, error) {
	list, err := json.Marshal(keys)
	if err != nil {
		return nil, err
	}
	var out []string
	rows, err := q.QueryContext(ctx, untrue, string(list))
	err = each(rows, err, func() error {
		var key string
		err := rows.Scan(&key)
		out = append(out, key)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("compare %d messages with the alarms: %w", len(keys), err)
	}
	return out, nil
}
