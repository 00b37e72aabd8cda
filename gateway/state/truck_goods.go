package state

import (
	"errors"
	"strings"

	"coldchain/gateway/wire"
)

// loadedAtTruck is why goods lie where they do not agree when a driver has loaded
// them: it has happened, and the books follow.
const loadedAtTruck = "司机在车上登记 / booked by the driver at the truck"

// heardOfGoods books what a driver loaded, at the time at which he did. The goods
// are in the box whatever the books think of it, so nothing but what cannot be is
// refused: a batch that is not known, not one, closed, or elsewhere since. That
// is written down as unbooked with its reason, and the event stays.
func (db *DB) heardOfGoods(tx *txn, e JournalEntry) error {
	if e.Kind != wire.EventRecord || e.Event.Name != wire.EventGoodsSaid {
		return nil
	}
	w, err := wire.ParseGoods(e.Event.Detail)
	if err != nil {
		return nil
	}
	before := *tx
	tx.actor = Actor{Kind: System, ID: "site/" + e.Site}
	defer func() { tx.actor = before.actor }()
	if _, err := tx.ExecContext(tx.ctx, "SAVEPOINT goods"); err != nil {
		return err
	}
	err = db.bookGoods(tx, e, w)
	var refused *Refusal
	var off *OutOfUse
	if errors.As(err, &refused) || errors.As(err, &off) {
		why := err
		if _, err := tx.ExecContext(tx.ctx, "ROLLBACK TO goods"); err != nil {
			return err
		}
		tx.head, tx.ready, tx.last = before.head, before.ready, before.last
		err = tx.audit("truck.goods-unbooked", e.Site, detail{"at": stamp(e.Event.At), "box": e.Event.Object, "batch": w.Batch, "code": w.Code, "by": w.By, "why": why.Error()})
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(tx.ctx, "RELEASE goods")
	return err
}

func (db *DB) bookGoods(tx *txn, e JournalEntry, w wire.GoodsWord) error {
	id := w.Batch
	if w.Code != "" {
		found, err := findBatches(tx.ctx, tx.Tx, BatchFilter{Short: w.Code}, tx.at)
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return refuse(ErrUnknownBatch, "the digits %.6s stand for %d batches that are not closed, want one", w.Code, len(found))
		}
		id = found[0].ID
	}
	if site, _, _ := strings.Cut(e.Event.Object, "/"); site != e.Site {
		return refuse(ErrUnknownZone, "%.80s is no box of %s", e.Event.Object, e.Site)
	}
	if err := db.moveAll(tx, MoveRequest{Batch: id, ToZone: e.Event.Object, At: e.Event.At, Override: loadedAtTruck}); err != nil {
		return err
	}
	return tx.audit("truck.goods-said", e.Site, detail{"at": stamp(e.Event.At), "box": e.Event.Object, "batch": id, "code": w.Code, "by": w.By})
}
