package state

import (
	"context"
	"errors"
	"fmt"

	"coldchain/alerting/batch"
)

// MoveBatch ends the batch's stay at r.At and begins the next one there, or
// none when it left. What lies in it, of an aggregation, moves along; a batch
// that is moved for itself has been taken out. A move to the very moment the
// stay began corrects a wrong zone: the stay of no length is not kept (the
// audit has it). The same key with the same request returns the first answer.
// Refusals: ErrInvalid, ErrUnknownBatch, ErrUnknownZone, ErrMoveTooEarly,
// ErrAlreadyThere, ErrAlreadyLeft, ErrInFuture, ErrOutOfUse, ErrDisagrees,
// ErrClosed, ErrKeyReused.
func (db *DB) MoveBatch(ctx context.Context, actor Actor, key IdempotencyKey, r MoveRequest) (Batch, error) {
	out, err := db.once(ctx, actor, key, "batch.move", r, func(tx *txn) (Batch, error) {
		if err := db.moveAll(tx, r); err != nil {
			return Batch{}, err
		}
		return tx.batch(r.Batch)
	})
	if err != nil {
		return Batch{}, fmt.Errorf("move batch %.64s: %w", r.Batch, err)
	}
	return out, nil
}

// moveAll moves a batch and what lies in it.
func (db *DB) moveAll(tx *txn, r MoveRequest) error {
	if r.At.IsZero() {
		r.At = tx.at
	}
	r.At = toMillisecond(r.At)
	if err := db.checkMoveRequest(tx, r); err != nil {
		return err
	}
	b, err := tx.openBatch(r.Batch)
	if err != nil {
		return err
	}
	if err := db.moveOne(tx, b, r, ""); err != nil {
		return err
	}
	if err := tx.takenOut(b.ID, r.At); err != nil {
		return err
	}
	inside, err := tx.contents(b.ID)
	if err != nil {
		return err
	}
	from := b.open()
	for _, id := range inside {
		c, err := tx.batch(id)
		if err != nil {
			return err
		}
		if at := c.open(); at == nil || from == nil || at.Zone != from.Zone || at.Place != from.Place || !c.Closed.IsZero() {
			continue // it lies elsewhere, whatever it is packed in
		}
		if err := db.moveOne(tx, c, r, b.ID); err != nil {
			return fmt.Errorf("what lies in it: %w", err)
		}
	}
	return nil
}

func (db *DB) checkMoveRequest(tx *txn, r MoveRequest) error {
	if err := errors.Join(checkWhen(r.At, tx.at), checkText("override", r.Override, 500), checkText("place", r.Place, 100)); err != nil {
		return err
	}
	if r.ToZone != "" && r.Place != "" {
		return refuse(ErrInvalid, "give a zone, or a place where nothing watches it; not both")
	}
	if r.Courier != nil {
		if r.ToZone != "" {
			return refuse(ErrInvalid, "goods that a courier takes leave the zones of this county")
		}
		if err := errors.Join(faulty(r.Courier.Check()), checkText("waybill", r.Courier.Waybill, 64), checkText("courier", r.Courier.Firm, 100)); err != nil {
			return err
		}
	}
	if r.ToZone == "" {
		return nil
	}
	return db.checkZone(r.ToZone)
}

// openBatch reads a batch of which something can still become.
func (tx *txn) openBatch(id string) (Batch, error) {
	b, err := tx.batch(id)
	switch {
	case errors.Is(err, ErrNotFound):
		return Batch{}, refuse(ErrUnknownBatch, "there is no batch %.64q: create it first", id)
	case err != nil:
		return Batch{}, err
	case !b.Closed.IsZero():
		return Batch{}, &Refusal{Kind: ErrClosed, Text: fmt.Sprintf("batch %s was closed at %s", b.ID, stamp(b.Closed)),
			ZH: fmt.Sprintf("批次 %s 已经关闭，不能再登记", b.ID)}
	}
	return b, nil
}

// moveOne moves one batch; inside names the container it goes in.
func (db *DB) moveOne(tx *txn, b Batch, r MoveRequest, inside string) (err error) {
	if err := checkMove(b, r); err != nil {
		return err
	}
	to := batch.Custody{Batch: b.ID, Zone: r.ToZone, Place: r.Place, From: r.At, Override: r.Override}
	if r.ToZone != "" {
		if to.Mark, err = db.receive(tx, to, b.Batch); err != nil {
			return err
		}
	}
	if err := tx.move(b, to, r.Courier); err != nil {
		return err
	}
	d := detail{"from_zone": b.Where(), "to_zone": r.ToZone, "moved": stamp(r.At)}
	d.override(to)
	if r.Place != "" {
		d["to_place"] = r.Place
	}
	if r.Courier != nil {
		d["courier"] = r.Courier
	}
	if inside != "" {
		d["inside"] = inside
	}
	return tx.audit("batch.moved", b.ID, d)
}

func checkMove(b Batch, r MoveRequest) error {
	here, leaves := b.open(), r.ToZone == "" && r.Place == ""
	switch {
	case here == nil && leaves:
		return refuse(ErrAlreadyLeft, "batch %s lies in no zone, so it cannot leave one", b.ID)
	case here != nil && here.Zone == r.ToZone && here.Place == r.Place && !leaves:
		return refuse(ErrAlreadyThere, "batch %s lies in %s already, since %s", b.ID, here.Zone+here.Place, stamp(here.From))
	case len(b.Custody) == 0:
		return nil
	}
	last := b.Custody[len(b.Custody)-1]
	if here != nil && r.At.Before(last.From) {
		return refuse(ErrMoveTooEarly, "batch %s came to %s at %s and cannot have left before, at %s", b.ID, here.Zone+here.Place, stamp(last.From), stamp(r.At))
	}
	if r.At.Before(last.To) {
		return refuse(ErrMoveTooEarly, "batch %s left %s at %s and cannot have come elsewhere before, at %s", b.ID, last.Zone+last.Place, stamp(last.To), stamp(r.At))
	}
	return nil
}

// move ends the stay that goes on and begins the next. A courier who takes goods
// nobody knows where to is written at the stay that ends.
func (tx *txn) move(b Batch, to batch.Custody, by *batch.Courier) error {
	leaves := to.Zone == "" && to.Place == ""
	if here := b.open(); here != nil {
		var err error
		if here.From.Equal(to.From) {
			_, err = tx.ExecContext(tx.ctx, "DELETE FROM custody WHERE batch = ? AND from_ms = ?", b.ID, here.From.UnixMilli())
		} else {
			left := ""
			if leaves {
				if left, err = courierText(by); err != nil {
					return err
				}
			}
			_, err = tx.ExecContext(tx.ctx, "UPDATE custody SET to_ms = ?, courier = CASE WHEN ? <> '' THEN ? ELSE courier END WHERE batch = ? AND to_ms IS NULL",
				to.From.UnixMilli(), left, left, b.ID)
		}
		if err != nil {
			return err
		}
	}
	if leaves {
		return nil
	}
	to.Courier = by
	return tx.insertCustody(to)
}

func courierText(c *batch.Courier) (string, error) {
	if c == nil {
		return "", nil
	}
	text, err := canonical(c)
	return string(text), err
}

func (tx *txn) insertCustody(c batch.Custody) error {
	courier, err := courierText(c.Courier)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(tx.ctx, "INSERT INTO custody (batch, zone, from_ms, to_ms, override, mark, place, courier) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		c.Batch, c.Zone, c.From.UnixMilli(), millis(c.To), c.Override, c.Mark, c.Place, courier)
	return err
}
