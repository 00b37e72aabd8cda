package state

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting/batch"
)

// Describe writes down parties, birth and codes of a batch; what was there is
// replaced, and stays in the audit. Refusals: ErrInvalid, ErrUnknownBatch.
func (db *DB) Describe(ctx context.Context, actor Actor, key IdempotencyKey, id string, d batch.Details) error {
	err := db.enter(ctx, actor, key, "batch.describe", id, d, func(tx *txn) error {
		if err := faulty(d.Check()); err != nil {
			return err
		}
		for what, p := range map[string]batch.Party{"owner": d.Owner, "keeper": d.Keeper, "carrier": d.Carrier} {
			if err := checkText(what, p.Name, 200); err != nil {
				return err
			}
		}
		const mostCodes = 2000 // the ear tags of a slaughter lot
		if len(d.Codes) > mostCodes {
			return refuse(ErrInvalid, "%d codes; at most %d", len(d.Codes), mostCodes)
		}
		if !d.Born.IsZero() {
			if err := checkWhen(d.Born, tx.at); err != nil {
				return err
			}
		}
		if !d.DeliverBy.IsZero() && (d.DeliverBy.Year() < 2000 || d.DeliverBy.After(tx.at.AddDate(mostYears, 0, 0))) {
			return refuse(ErrInvalid, "delivery by %s: want a day in the next %d years", stamp(d.DeliverBy), mostYears)
		}
		return tx.describe(id, d)
	})
	if err != nil {
		return fmt.Errorf("describe batch %.64s: %w", id, err)
	}
	return nil
}

// mostYears is how far ahead a delivery can be: frozen goods keep for two.
const mostYears = 5

func (tx *txn) describe(id string, d batch.Details) error {
	codes := d.Codes
	d.Codes, d.Born, d.DeliverBy = nil, toMillisecond(d.Born), toMillisecond(d.DeliverBy)
	text, err := canonical(d)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(tx.ctx, "UPDATE batches SET details = ?, owner = CASE WHEN ? <> '' THEN ? ELSE owner END WHERE id = ?",
		string(text), d.Owner.Name, d.Owner.Name, id); err != nil {
		return err
	}
	if _, err := tx.ExecContext(tx.ctx, "DELETE FROM batch_codes WHERE batch = ?", id); err != nil {
		return err
	}
	for _, c := range codes {
		if _, err := tx.ExecContext(tx.ctx, "INSERT INTO batch_codes (batch, kind, value, lot) VALUES (?, ?, ?, ?)", id, string(c.Kind), c.Value, c.Lot); err != nil {
			return err
		}
	}
	d.Codes = codes
	return tx.audit("batch.described", id, detail{"details": d})
}

// enter runs do for a batch that there is, under a key.
func (db *DB) enter(ctx context.Context, actor Actor, key IdempotencyKey, what, id string, entry any, do func(*txn) error) error {
	_, err := onceAs(ctx, db, actor, key, what, []any{id, entry}, func(tx *txn) (none struct{}, err error) {
		if _, err := tx.batch(id); errors.Is(err, ErrNotFound) {
			return none, refuse(ErrUnknownBatch, "there is no batch %.64q: create it first", id)
		} else if err != nil {
			return none, err
		}
		return none, do(tx)
	})
	return err
}

// entry writes one entry of a batch and its audit row.
func (tx *txn) entry(kind, id, zone string, at time.Time, entry any) error {
	text, err := canonical(entry)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(tx.ctx, "INSERT INTO batch_entries (batch, kind, zone, at_ms, entry, actor_kind, actor_id, told_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		id, kind, zone, at.UnixMilli(), string(text), string(tx.actor.Kind), tx.actor.ID, tx.at.UnixMilli()); err != nil {
		return err
	}
	object := id
	if object == "" {
		object = zone
	}
	return tx.audit("batch."+kind, object, detail{"entry": entry})
}

// AddDocument adds a document to a batch. Refusals: ErrInvalid, ErrUnknownBatch.
func (db *DB) AddDocument(ctx context.Context, actor Actor, key IdempotencyKey, id string, d batch.Document) error {
	err := db.enter(ctx, actor, key, "batch.document", id, d, func(tx *txn) error {
		if !slices.Contains(batch.DocumentKinds(), d.Kind) {
			return refuse(ErrInvalid, "kind of document %.30q: want one of %v", d.Kind, batch.DocumentKinds())
		}
		if err := errors.Join(needText("number", d.Number, 100), checkText("name", d.Name, 200), checkFile(d.File)); err != nil {
			return err
		}
		if err := checkWhen(d.Date, tx.at); err != nil {
			return err
		}
		return tx.entry(documentEntry, id, "", d.Date, d)
	})
	if err != nil {
		return fmt.Errorf("add a document to batch %.64s: %w", id, err)
	}
	return nil
}

// AddInspection adds an inspection to a batch; At zero is now, By the actor.
// Refusals: ErrInvalid, ErrUnknownBatch.
func (db *DB) AddInspection(ctx context.Context, actor Actor, key IdempotencyKey, id string, i batch.Inspection) error {
	err := db.enter(ctx, actor, key, "batch.inspection", id, i, func(tx *txn) error {
		if i.At.IsZero() {
			i.At = tx.at
		}
		if i.By == "" {
			i.By = actor.ID
		}
		i.At = toMillisecond(i.At)
		err := errors.Join(needText("item", i.Item, 100), checkText("method", i.Method, 100), needText("value", i.Value, 100),
			checkText("limit", i.Limit, 100), checkText("by", i.By, 100), checkFile(i.File), checkWhen(i.At, tx.at))
		if err != nil {
			return err
		}
		return tx.entry(inspectionEntry, id, "", i.At, i)
	})
	if err != nil {
		return fmt.Errorf("add an inspection to batch %.64s: %w", id, err)
	}
	return nil
}

// AddManual adds a temperature that somebody read off a thermometer, of a batch
// or of a zone; At zero is now. It is no reading: it covers nothing. Refusals:
// ErrInvalid, ErrUnknownBatch, ErrUnknownZone.
func (db *DB) AddManual(ctx context.Context, actor Actor, key IdempotencyKey, m batch.Manual) error {
	_, err := onceAs(ctx, db, actor, key, "batch.manual", m, func(tx *txn) (none struct{}, err error) {
		return none, db.addManual(tx, m)
	})
	if err != nil {
		return fmt.Errorf("add a temperature by hand: %w", err)
	}
	return nil
}

func (db *DB) addManual(tx *txn, m batch.Manual) error {
	if m.At.IsZero() {
		m.At = tx.at
	}
	if m.Class == "" {
		m.Class = batch.ClassManual
	}
	if m.By == "" {
		m.By = tx.actor.ID
	}
	m.At = toMillisecond(m.At)
	switch {
	case m.Batch == "" && m.Zone == "":
		return refuse(ErrInvalid, "say of which batch or zone the temperature is")
	case m.Class != batch.ClassManual && m.Class != batch.ClassImported:
		return refuse(ErrInvalid, "class %.20q: want manual or imported", m.Class)
	case !slices.Contains(batch.Methods(), m.Method):
		return refuse(ErrInvalid, "method %.20q: want one of %v", m.Method, batch.Methods())
	}
	if err := errors.Join(faulty(batch.CheckC(m.ValueC)), checkText("by", m.By, 100), checkFile(m.File), checkWhen(m.At, tx.at)); err != nil {
		return err
	}
	if m.Batch != "" {
		b, err := tx.batch(m.Batch)
		if errors.Is(err, ErrNotFound) {
			return refuse(ErrUnknownBatch, "there is no batch %.64q: create it first", m.Batch)
		} else if err != nil {
			return err
		}
		if m.Zone == "" {
			m.Zone = zoneAt(b, m.At)
		}
	}
	if m.Zone != "" {
		if err := db.checkZone(m.Zone); err != nil {
			return err
		}
	}
	return tx.entry(manualEntry, m.Batch, m.Zone, m.At, m)
}

// zoneAt is where a batch lay at a moment; empty: in no zone.
func zoneAt(b Batch, at time.Time) string {
	for _, c := range b.Custody {
		if c.Overlaps(at, at) {
			return c.Zone
		}
	}
	return ""
}

// checkFile refuses what is no SHA-256 of a file that was sent.
func checkFile(sum string) error {
	if sum == "" {
		return nil
	}
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 || hex.EncodeToString(b) != sum {
		return refuse(ErrInvalid, "file %.70q is not the SHA-256 of one that was sent: send the file first", sum)
	}
	return nil
}
