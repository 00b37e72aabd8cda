package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"coldchain/alerting/batch"
)

// Stays returns which batches lay in which zones at some instant of [from, to),
// oldest first. Of an interval that goes on the end is zero.
func (db *DB) Stays(ctx context.Context, from, to time.Time) ([]batch.Custody, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT batch, zone, from_ms, to_ms FROM custody
		WHERE zone <> '' AND from_ms < ?2 AND (to_ms IS NULL OR to_ms > ?1) ORDER BY from_ms, batch, zone`, from.UnixMilli(), to.UnixMilli())
	out := []batch.Custody{}
	err = each(rows, err, func() error {
		var c batch.Custody
		var from int64
		var to sql.NullInt64
		if err := rows.Scan(&c.Batch, &c.Zone, &from, &to); err != nil {
			return err
		}
		c.From = time.UnixMilli(from).UTC()
		if to.Valid {
			c.To = time.UnixMilli(to.Int64).UTC()
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what lay where from %s to %s: %w", stamp(from), stamp(to), err)
	}
	return out, nil
}
