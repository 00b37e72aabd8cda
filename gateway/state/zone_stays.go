package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"coldchain/alerting/trip"
)

// ZoneStay is a batch's time in a zone, and where it came from.
type ZoneStay struct {
	Batch, Zone string
	trip.Stay
	Profile string // of its goods
	Out     string // zone that it was moved from; empty: from outside
}

// ZoneStays returns which batches lay in which zones at any moment from..to, by zone and
// beginning. There is no bound on their number: a county's month is some
// thousand.
func (db *DB) ZoneStays(ctx context.Context, from, to time.Time) ([]ZoneStay, error) {
	out := []ZoneStay{}
	rows, err := db.reader.QueryContext(ctx, `SELECT c.batch, c.zone, c.from_ms, c.to_ms, coalesce((SELECT b.zone FROM custody b WHERE b.batch = c.batch AND b.to_ms = c.from_ms), ''),
			coalesce((SELECT x.profile FROM batches x WHERE x.id = c.batch), '')
		FROM custody c WHERE c.zone <> '' AND c.from_ms < ? AND (c.to_ms IS NULL OR c.to_ms > ?) ORDER BY c.zone, c.from_ms, c.batch`, to.UnixMilli(), from.UnixMilli())
	err = each(rows, err, func() error {
		var s ZoneStay
		var began int64
		var ended sql.NullInt64
		if err := rows.Scan(&s.Batch, &s.Zone, &began, &ended, &s.Out, &s.Profile); err != nil {
			return err
		}
		s.From, s.To = time.UnixMilli(began).UTC(), fromMillis(ended)
		out = append(out, s)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what lay where from %s to %s: %w", stamp(from), stamp(to), err)
	}
	return out, nil
}
