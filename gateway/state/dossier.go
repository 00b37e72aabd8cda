package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"coldchain/alerting/batch"
)

// The kinds of entries.
const (
	documentEntry   = "document"
	inspectionEntry = "inspection"
	handoverEntry   = "handover"
	manualEntry     = "manual"
	loggerEntry     = "logger"
)

// Dossier returns all that is written down of a batch, or ErrNotFound.
func (db *DB) Dossier(ctx context.Context, id string) (out batch.Dossier, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readDossier(ctx, tx, id)
		return err
	})
	if err != nil {
		return batch.Dossier{}, fmt.Errorf("read what is known of batch %.64s: %w", id, err)
	}
	return out, nil
}

func readDossier(ctx context.Context, tx *sql.Tx, id string) (d batch.Dossier, err error) {
	b, err := readBatch(ctx, tx, id)
	if err != nil {
		return d, err
	}
	d = batch.Dossier{Batch: b.Batch, Stays: b.Custody, Closed: b.Closed, Documents: []batch.Document{}, Inspections: []batch.Inspection{},
		Handovers: []batch.Handover{}, Manual: []batch.Manual{}, Loggers: []batch.LoggerFile{}, Corrections: []batch.Correction{}}
	for _, read := range []func(context.Context, *sql.Tx, *batch.Dossier) error{readDetails, readEntries, readVerdicts, readCorrections} {
		if err := read(ctx, tx, &d); err != nil {
			return d, err
		}
	}
	if d.Links, err = readLinks(ctx, tx, beside, []string{id}); err != nil {
		return d, err
	}
	d.Balance = batch.BalanceOf(id, d.Quantity, d.Links)
	return d, nil
}

func readDetails(ctx context.Context, tx *sql.Tx, d *batch.Dossier) error {
	var text string
	if err := tx.QueryRowContext(ctx, "SELECT details FROM batches WHERE id = ?", d.ID).Scan(&text); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), &d.Details); err != nil {
		return fmt.Errorf("details: %w", err)
	}
	if d.Details.Owner.Name == "" {
		d.Details.Owner.Name = d.Owner // booked before anything more was known
	}
	d.Details.Codes = []batch.Code{}
	rows, err := tx.QueryContext(ctx, "SELECT kind, value, lot FROM batch_codes WHERE batch = ? ORDER BY kind, value", d.ID)
	return each(rows, err, func() error {
		var c batch.Code
		err := rows.Scan(&c.Kind, &c.Value, &c.Lot)
		d.Details.Codes = append(d.Details.Codes, c)
		return err
	})
}

func readEntries(ctx context.Context, tx *sql.Tx, d *batch.Dossier) error {
	rows, err := tx.QueryContext(ctx, "SELECT kind, entry FROM batch_entries WHERE batch = ? ORDER BY at_ms, id", d.ID)
	err = each(rows, err, func() error {
		var kind, text string
		if err := rows.Scan(&kind, &text); err != nil {
			return err
		}
		switch kind {
		case documentEntry:
			return add(&d.Documents, text)
		case inspectionEntry:
			return add(&d.Inspections, text)
		case handoverEntry:
			return add(&d.Handovers, text)
		case manualEntry:
			return add(&d.Manual, text)
		case loggerEntry:
			return add(&d.Loggers, text)
		}
		return fmt.Errorf("an entry of batch %s is of kind %q, which this program does not know", d.ID, kind)
	})
	numbered(d.Loggers)
	return err
}

func add[T any](list *[]T, text string) error {
	var x T
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return fmt.Errorf("read an entry: %w", err)
	}
	*list = append(*list, x)
	return nil
}

func readVerdicts(ctx context.Context, tx *sql.Tx, d *batch.Dossier) error {
	d.Verdicts = []batch.Verdict{}
	rows, err := tx.QueryContext(ctx, `SELECT version, decision, reason, quantity, severe, exposure, actor_id, at_ms, second_id, second_ms
		FROM verdicts WHERE batch = ? ORDER BY version`, d.ID)
	return each(rows, err, func() error {
		v := batch.Verdict{Batch: d.ID}
		var at int64
		var second sql.NullString
		var secondAt sql.NullInt64
		err := rows.Scan(&v.Version, &v.Decision, &v.Reason, &v.Quantity, &v.Severe, &v.Exposure, &v.By, &at, &second, &secondAt)
		v.At, v.Second, v.SecondAt = time.UnixMilli(at).UTC(), second.String, fromMillis(secondAt)
		d.Verdicts = append(d.Verdicts, v)
		return err
	})
}

func readCorrections(ctx context.Context, tx *sql.Tx, d *batch.Dossier) error {
	rows, err := tx.QueryContext(ctx, "SELECT version, stays, reason, actor_id, at_ms FROM custody_corrections WHERE batch = ? ORDER BY version", d.ID)
	return each(rows, err, func() error {
		var c batch.Correction
		var text string
		var at int64
		if err := rows.Scan(&c.Version, &text, &c.Reason, &c.By, &at); err != nil {
			return err
		}
		c.At = time.UnixMilli(at).UTC()
		if err := json.Unmarshal([]byte(text), &c.Stays); err != nil {
			return fmt.Errorf("read stays that were corrected: %w", err)
		}
		d.Corrections = append(d.Corrections, c)
		return nil
	})
}

// Which links readLinks reads, of batches that a JSON list names: those they
// stand in, or those of everything that came of them as well.
const (
	beside   = "SELECT value FROM json_each(?1)"
	downFrom = `WITH RECURSIVE down (id) AS (SELECT value FROM json_each(?1)
		UNION SELECT l.child FROM batch_links l JOIN down ON l.parent = down.id) SELECT id FROM down`
)

func readLinks(ctx context.Context, tx *sql.Tx, which string, ids []string) ([]batch.Link, error) {
	list, err := idList(ids)
	if err != nil {
		return nil, err
	}
	out := []batch.Link{}
	rows, err := tx.QueryContext(ctx, `SELECT parent, child, relation, quantity, at_ms, ended_ms FROM batch_links
		WHERE parent IN (`+which+`) OR child IN (`+which+`) ORDER BY at_ms, parent, child`, list)
	return out, each(rows, err, func() error {
		var l batch.Link
		var at int64
		var ended sql.NullInt64
		err := rows.Scan(&l.Parent, &l.Child, &l.Relation, &l.Quantity, &at, &ended)
		l.At, l.Ended = time.UnixMilli(at).UTC(), fromMillis(ended)
		out = append(out, l)
		return err
	})
}

// mostRecalled bounds a recall.
const mostRecalled = 10_000

// Recall lists where every part of a batch went, or ErrNotFound.
func (db *DB) Recall(ctx context.Context, id string) (out []batch.Part, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		if _, err := readBatch(ctx, tx, id); err != nil {
			return err
		}
		links, err := readLinks(ctx, tx, downFrom, []string{id})
		if err != nil {
			return err
		}
		if len(links) > mostRecalled {
			return refuse(ErrInvalid, "batch %s went into more than %d others: recall its parts one by one", id, mostRecalled)
		}
		var failed error
		out = batch.Recall(id, links, func(part string) (batch.Dossier, bool) {
			d, err := readDossier(ctx, tx, part)
			if err != nil && failed == nil {
				failed = err
			}
			return d, err == nil
		})
		return failed
	})
	if err != nil {
		return nil, fmt.Errorf("recall batch %.64s: %w", id, err)
	}
	return out, nil
}

// Manuals returns the temperatures that people read in a zone in the closed
// interval from..to, oldest first: of the zone itself and of batches there.
func (db *DB) Manuals(ctx context.Context, zone string, from, to time.Time) ([]batch.Manual, error) {
	out := []batch.Manual{}
	rows, err := db.reader.QueryContext(ctx, "SELECT entry FROM batch_entries WHERE zone = ? AND zone <> '' AND at_ms BETWEEN ? AND ? AND kind = ? ORDER BY at_ms, id",
		zone, from.UnixMilli(), to.UnixMilli(), manualEntry)
	err = each(rows, err, func() error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		return add(&out, text)
	})
	if err != nil {
		return nil, fmt.Errorf("read temperatures by hand in %.80s: %w", zone, err)
	}
	return out, nil
}
