package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
)

// AgeingLot is a batch as its age is worked out from: where it lay, what it came
// out of, and whether anybody still minds.
type AgeingLot struct {
	ID, Profile string
	DeliverBy   time.Time       // zero: nobody said
	Stays       []batch.Custody // oldest first
	// Parents are what it was split from or made of; what it only lies in is none.
	Parents []batch.Link
	// Held: it lies somewhere in the county, is not closed and was not rejected.
	// What is not held is here because another came out of it.
	Held bool
}

// held are the batches of which somebody minds how they age.
const held = `SELECT b.id FROM batches b JOIN custody c ON c.batch = b.id AND c.to_ms IS NULL
	WHERE b.closed_ms IS NULL AND ` + inForce + ` <> 'rejected'`

// withParents are those and everything that they came out of.
const withParents = `WITH RECURSIVE held (id) AS (` + held + `), up (id) AS (SELECT id FROM held
	UNION SELECT l.parent FROM batch_links l JOIN up ON l.child = up.id WHERE l.relation <> 'aggregate') `

// Ageing returns every batch that is held, and all that they came out of, by
// their names.
func (db *DB) Ageing(ctx context.Context) (out map[string]*AgeingLot, err error) {
	out = map[string]*AgeingLot{}
	err = db.view(ctx, func(tx *sql.Tx) error {
		for _, read := range []func(context.Context, *sql.Tx, map[string]*AgeingLot) error{ageingLots, ageingStays, ageingParents} {
			if err := read(ctx, tx, out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read which batches grow old: %w", err)
	}
	return out, nil
}

func ageingLots(ctx context.Context, tx *sql.Tx, out map[string]*AgeingLot) error {
	rows, err := tx.QueryContext(ctx, withParents+`SELECT b.id, b.profile, coalesce(json_extract(b.details, '$.deliver_by'), ''), b.id IN (SELECT id FROM held)
		FROM up JOIN batches b ON b.id = up.id`)
	return each(rows, err, func() error {
		var l AgeingLot
		var deliver string
		if err := rows.Scan(&l.ID, &l.Profile, &deliver, &l.Held); err != nil {
			return err
		}
		if deliver != "" {
			if l.DeliverBy, err = time.Parse(time.RFC3339, deliver); err != nil {
				return fmt.Errorf("until when %s is to be delivered: %w", l.ID, err)
			}
		}
		out[l.ID] = &l
		return nil
	})
}

func ageingStays(ctx context.Context, tx *sql.Tx, out map[string]*AgeingLot) error {
	rows, err := tx.QueryContext(ctx, withParents+`SELECT c.batch, c.zone, c.place, c.from_ms, c.to_ms FROM up JOIN custody c ON c.batch = up.id ORDER BY c.batch, c.from_ms`)
	return each(rows, err, func() error {
		var c batch.Custody
		var from int64
		var to sql.NullInt64
		if err := rows.Scan(&c.Batch, &c.Zone, &c.Place, &from, &to); err != nil {
			return err
		}
		c.From, c.To = time.UnixMilli(from).UTC(), fromMillis(to)
		out[c.Batch].Stays = append(out[c.Batch].Stays, c)
		return nil
	})
}

func ageingParents(ctx context.Context, tx *sql.Tx, out map[string]*AgeingLot) error {
	rows, err := tx.QueryContext(ctx, withParents+`SELECT l.parent, l.child, l.relation, l.at_ms FROM up JOIN batch_links l ON l.child = up.id
		WHERE l.relation <> 'aggregate' ORDER BY l.at_ms, l.parent`)
	return each(rows, err, func() error {
		var l batch.Link
		var at int64
		if err := rows.Scan(&l.Parent, &l.Child, &l.Relation, &at); err != nil {
			return err
		}
		l.At = time.UnixMilli(at).UTC()
		out[l.Child].Parents = append(out[l.Child].Parents, l)
		return nil
	})
}

// SpoilageAlarms returns the alarms of spoilage that are present, without their
// goods.
func (db *DB) SpoilageAlarms(ctx context.Context) ([]alerting.Alarm, error) {
	rows, err := db.reader.QueryContext(ctx, alarmColumns+" FROM alarms a WHERE a.rule = ? AND a.returned_ms IS NULL ORDER BY a.id", string(alerting.Spoilage))
	found, err := scanAlarms(rows, err)
	if err != nil {
		return nil, fmt.Errorf("read the alarms of spoilage: %w", err)
	}
	out := make([]alerting.Alarm, len(found))
	for i, a := range found {
		out[i] = a.Alarm
	}
	return out, nil
}

// GoneSince is since when nobody minds a batch any more: when it had left, or
// was closed or rejected, whichever came first. Zero: somebody does, or there is
// no such batch.
func (db *DB) GoneSince(ctx context.Context, id string) (time.Time, error) {
	var left, closed, rejected sql.NullInt64
	var open bool
	err := db.reader.QueryRowContext(ctx, `SELECT b.closed_ms,
		(SELECT max(c.to_ms) FROM custody c WHERE c.batch = b.id), EXISTS (SELECT 1 FROM custody c WHERE c.batch = b.id AND c.to_ms IS NULL),
		CASE WHEN `+inForce+` = 'rejected' THEN (SELECT v.at_ms FROM verdicts v WHERE v.batch = b.id AND (v.severe = 0 OR v.second_id IS NOT NULL) ORDER BY v.version DESC LIMIT 1) END
		FROM batches b WHERE b.id = ?`, id).Scan(&closed, &left, &open, &rejected)
	if err != nil {
		return time.Time{}, fmt.Errorf("read since when batch %.64s is gone: %w", id, err)
	}
	if open {
		left = sql.NullInt64{}
	}
	var out time.Time
	for _, at := range []sql.NullInt64{left, closed, rejected} {
		out = earlier(out, fromMillis(at))
	}
	return out, nil
}
