package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"coldchain/alerting/batch"
)

// Standing is how a batch stands for who decides on it.
type Standing struct {
	Decision   batch.Decision // the verdict in force
	Waits      bool           // the newest verdict waits for its second person
	Open       int            // alarms of where it lay while it lay there, that are open
	Excursions int            // the same, open or not, of level excursion
}

// inForce is batch.InForce as a query, of a batch b.
const inForce = `coalesce((SELECT v.decision FROM verdicts v WHERE v.batch = b.id AND (NOT v.severe OR v.second_ms IS NOT NULL) ORDER BY v.version DESC LIMIT 1), 'undecided')`

// standing is what a filter asks of verdicts and alarms, and its parameters from
// ?5 on.
func (f BatchFilter) standing(now time.Time) (string, []any) {
	var short any // null: any
	if f.Short != "" {
		short = -1 // none
		if n, ok := batch.ShortNumber(f.Short); ok {
			short = n
		}
	}
	return `(?7 = '' OR ` + inForce + ` = ?7)
			AND (NOT ?8 OR EXISTS (SELECT 1 FROM custody c JOIN alarms a ON ` + exposedTo + ` WHERE c.batch = b.id AND a.state <> 'normal'))
			AND (NOT ?10 OR EXISTS (SELECT 1 FROM custody c JOIN alarms a ON ` + exposedTo + ` WHERE c.batch = b.id AND a.level = 'excursion'))
			AND (?9 = '' OR EXISTS (SELECT 1 FROM custody c WHERE c.batch = b.id AND c.to_ms IS NULL AND c.zone > ?9 || '/' AND c.zone < ?9 || '0'))`,
		[]any{now.UnixMilli(), f.Search, f.Decision, f.Alarmed, f.Site, f.Exceeded, short, batch.ShortEvery}
}

// Standings returns how batches stand, by code; codes that are none are left out.
func (db *DB) Standings(ctx context.Context, ids []string) (map[string]Standing, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Standing, len(ids))
	err = db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT b.id, `+inForce+`,
			EXISTS (SELECT 1 FROM verdicts v WHERE v.batch = b.id AND v.severe AND v.second_ms IS NULL AND v.version = (SELECT max(version) FROM verdicts WHERE batch = b.id)),
			(SELECT count(DISTINCT a.id) FROM custody c JOIN alarms a ON `+exposedTo+` WHERE c.batch = b.id AND a.state <> 'normal'),
			(SELECT count(DISTINCT a.id) FROM custody c JOIN alarms a ON `+exposedTo+` WHERE c.batch = b.id AND a.level = 'excursion')
			FROM batches b WHERE b.id IN (SELECT value FROM json_each(?1))`, string(list), nil, nil, nil, db.now().UnixMilli())
		return each(rows, err, func() error {
			var id string
			var s Standing
			if err := rows.Scan(&id, &s.Decision, &s.Waits, &s.Open, &s.Excursions); err != nil {
				return err
			}
			out[id] = s
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read how %d batches stand: %w", len(ids), err)
	}
	return out, nil
}
