package state

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"coldchain/alerting/batch"
)

// HandoverRequest is custody passing from one person to another, and where the
// goods go with it.
type HandoverRequest struct {
	batch.Handover
	// To is where they go; nil: they stay where they lie. Of a refused handover
	// it is nil: the goods stay with who brought them.
	Move *MoveRequest `json:"move,omitempty"`
}

// HandOver records a handover, moves the goods when it says so, and puts a batch
// on hold that was refused. All of it or nothing. Refusals: ErrInvalid,
// ErrUnknownBatch, ErrClosed and those of MoveBatch.
func (db *DB) HandOver(ctx context.Context, actor Actor, key IdempotencyKey, r HandoverRequest) error {
	_, err := onceAs(ctx, db, actor, key, "batch.handover", r, func(tx *txn) (none struct{}, err error) {
		return none, db.handOver(tx, r)
	})
	if err != nil {
		return fmt.Errorf("hand over batch %.64s: %w", r.Batch, err)
	}
	return nil
}

func (db *DB) handOver(tx *txn, r HandoverRequest) error {
	h := r.Handover
	if h.At.IsZero() {
		h.At = tx.at
	}
	h.At = toMillisecond(h.At)
	if _, err := tx.openBatch(h.Batch); err != nil {
		return err
	}
	if err := checkHandover(h); err != nil {
		return err
	}
	if err := checkWhen(h.At, tx.at); err != nil {
		return err
	}
	if r.Move != nil {
		if h.Outcome == batch.Refused {
			return refuse(ErrInvalid, "what was refused stays with who brought it: book where it goes when it goes")
		}
		m := *r.Move
		m.Batch, m.At = h.Batch, h.At
		if err := db.moveAll(tx, m); err != nil {
			return err
		}
	}
	if err := tx.entry(handoverEntry, h.Batch, "", h.At, h); err != nil {
		return err
	}
	if h.Outcome != batch.Refused {
		return nil
	}
	why := "拒收 refused: " + h.To
	if h.Note != "" {
		why += ": " + h.Note
	}
	return tx.putVerdict(batch.Verdict{Batch: h.Batch, Decision: batch.OnHold, Reason: why}, nil)
}

func checkHandover(h batch.Handover) error {
	switch {
	case h.Outcome != batch.Accepted && h.Outcome != batch.Reservation && h.Outcome != batch.Refused:
		return refuse(ErrInvalid, "outcome %.30q: want %s, %s or %s", h.Outcome, batch.Accepted, batch.Reservation, batch.Refused)
	case h.Outcome != batch.Accepted && h.Note == "":
		return refuse(ErrInvalid, "say in the note what was wrong with the goods")
	case h.ProductC != nil && !slices.Contains(batch.Methods(), h.Method):
		return refuse(ErrInvalid, "method %.20q: say where the temperature was taken, one of %v", h.Method, batch.Methods())
	}
	if h.ProductC != nil {
		if err := faulty(batch.CheckC(*h.ProductC)); err != nil {
			return err
		}
	}
	return errors.Join(needText("from", h.From, 100), needText("to", h.To, 100), checkText("note", h.Note, 500), checkFile(h.File))
}

// CorrectStays replaces where a batch lay. What was there is kept as a version
// of its own with who corrected it and why; nothing is lost. Of what lies in a
// container each batch is corrected for itself. Refusals: ErrInvalid,
// ErrUnknownBatch, ErrUnknownZone, ErrInFuture.
func (db *DB) CorrectStays(ctx context.Context, actor Actor, key IdempotencyKey, id string, stays []batch.Custody, reason string) error {
	err := db.enter(ctx, actor, key, "batch.correct", id, []any{stays, reason}, func(tx *txn) error {
		const most = 1000
		if len(stays) > most {
			return refuse(ErrInvalid, "%d stays; at most %d", len(stays), most)
		}
		fresh := slices.Clone(stays)
		for i := range fresh {
			fresh[i].Batch, fresh[i].From, fresh[i].To = id, toMillisecond(fresh[i].From), toMillisecond(fresh[i].To)
		}
		if err := errors.Join(needText("reason", reason, 500), faulty(batch.CheckStays(fresh))); err != nil {
			return err
		}
		for _, c := range fresh {
			if err := db.checkStay(tx, c); err != nil {
				return err
			}
		}
		return tx.correct(id, fresh, reason)
	})
	if err != nil {
		return fmt.Errorf("correct where batch %.64s lay: %w", id, err)
	}
	return nil
}

func (db *DB) checkStay(tx *txn, c batch.Custody) error {
	if err := errors.Join(checkWhen(c.From, tx.at), checkText("place", c.Place, 100), checkText("override", c.Override, 500), checkText("mark", c.Mark, 100)); err != nil {
		return err
	}
	if !c.To.IsZero() {
		if err := checkWhen(c.To, tx.at); err != nil {
			return err
		}
	}
	if c.Courier != nil {
		if err := faulty(c.Courier.Check()); err != nil {
			return err
		}
	}
	if c.Zone == "" {
		return nil
	}
	return db.checkZone(c.Zone)
}

func (tx *txn) correct(id string, fresh []batch.Custody, reason string) error {
	b, err := tx.batch(id)
	if err != nil {
		return err
	}
	if !b.Closed.IsZero() && len(fresh) > 0 && fresh[len(fresh)-1].To.IsZero() {
		return refuse(ErrClosed, "batch %s is closed; its last stay has an end", id)
	}
	before, err := canonical(b.Custody)
	if err != nil {
		return err
	}
	var version int
	if err := tx.QueryRowContext(tx.ctx, "SELECT coalesce(max(version), 0) + 1 FROM custody_corrections WHERE batch = ?", id).Scan(&version); err != nil {
		return err
	}
	if _, err := tx.ExecContext(tx.ctx, "INSERT INTO custody_corrections (batch, version, stays, reason, actor_kind, actor_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id, version, string(before), reason, string(tx.actor.Kind), tx.actor.ID, tx.at.UnixMilli()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(tx.ctx, "DELETE FROM custody WHERE batch = ?", id); err != nil {
		return err
	}
	for _, c := range fresh {
		if err := tx.insertCustody(c); err != nil {
			return err
		}
	}
	return tx.audit("batch.corrected", id, detail{"version": version, "before": b.Custody, "after": fresh, "reason": reason})
}
