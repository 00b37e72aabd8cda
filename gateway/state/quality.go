package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"coldchain/alerting/batch"
)

// VerdictsHolding returns the verdicts of all batches that began to hold in
// [from, to), oldest first. One that waits for its second person is none.
func (db *DB) VerdictsHolding(ctx context.Context, from, to time.Time) ([]batch.Verdict, error) {
	out := []batch.Verdict{}
	rows, err := db.reader.QueryContext(ctx, `SELECT batch, version, decision, reason, quantity, severe, exposure, actor_id, at_ms, coalesce(second_id, ''), second_ms
		FROM verdicts WHERE (severe = 0 OR second_ms IS NOT NULL) AND coalesce(second_ms, at_ms) >= ? AND coalesce(second_ms, at_ms) < ?
		ORDER BY coalesce(second_ms, at_ms), batch, version`, from.UnixMilli(), to.UnixMilli())
	err = each(rows, err, func() error {
		var v batch.Verdict
		var at int64
		var secondAt sql.NullInt64
		err := rows.Scan(&v.Batch, &v.Version, &v.Decision, &v.Reason, &v.Quantity, &v.Severe, &v.Exposure, &v.By, &at, &v.Second, &secondAt)
		v.At, v.SecondAt = time.UnixMilli(at).UTC(), fromMillis(secondAt)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read verdicts from %s to %s: %w", stamp(from), stamp(to), err)
	}
	return out, nil
}

// Inspections returns what was inspected on any batch in [from, to), oldest
// first.
func (db *DB) Inspections(ctx context.Context, from, to time.Time) ([]batch.Inspection, error) {
	out := []batch.Inspection{}
	rows, err := db.reader.QueryContext(ctx, "SELECT entry FROM batch_entries WHERE kind = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, id",
		inspectionEntry, from.UnixMilli(), to.UnixMilli())
	err = each(rows, err, func() error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		return add(&out, text)
	})
	if err != nil {
		return nil, fmt.Errorf("read inspections from %s to %s: %w", stamp(from), stamp(to), err)
	}
	return out, nil
}

// HandoversIn returns the handovers in [from, to) of goods that lay in a zone
// then, oldest first. What was handed over into it lies there already.
func (db *DB) HandoversIn(ctx context.Context, zone string, from, to time.Time) ([]batch.Handover, error) {
	out := []batch.Handover{}
	rows, err := db.reader.QueryContext(ctx, `SELECT e.entry FROM custody c JOIN batch_entries e ON e.batch = c.batch
		WHERE c.zone = ?1 AND c.from_ms < ?3 AND (c.to_ms IS NULL OR c.to_ms > ?2) AND e.kind = ?4
		AND e.at_ms >= ?2 AND e.at_ms < ?3 AND e.at_ms >= c.from_ms AND (c.to_ms IS NULL OR e.at_ms < c.to_ms)
		ORDER BY e.at_ms, e.id`, zone, from.UnixMilli(), to.UnixMilli(), handoverEntry)
	err = each(rows, err, func() error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		return add(&out, text)
	})
	if err != nil {
		return nil, fmt.Errorf("read handovers in %.80s: %w", zone, err)
	}
	return out, nil
}
