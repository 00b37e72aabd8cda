package state

import (
	"errors"
	"slices"

	"coldchain/alerting/trip"
	"coldchain/gateway/wire"
)

// heardOfTruck takes what a driver said at the truck itself, at its own time: a
// word from a dead zone is as old as it is. Twice delivered is once said. Where the
// books hold goods the word is kept all the same, and they rule. A word that
// cannot be stays an event.
func (tx *txn) heardOfTruck(e JournalEntry) error {
	if e.Kind != wire.EventRecord || e.Event.Name != wire.EventTruckSaid {
		return nil
	}
	w, err := wire.ParseTruck(e.Event.Detail)
	if err != nil || w.Phase != "" && !slices.Contains(trip.Phases(), trip.Phase(w.Phase)) {
		return nil
	}
	at := toMillisecond(e.Event.At)
	var refused *Refusal
	if err := checkWhen(at, tx.at); errors.As(err, &refused) {
		return nil
	}
	before := tx.actor
	tx.actor = Actor{Kind: System, ID: "site/" + e.Site}
	defer func() { tx.actor = before }()
	if _, err := tx.ExecContext(tx.ctx, `INSERT OR REPLACE INTO truck_says (truck, at_ms, empty, phase, inferred, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Site, at.UnixMilli(), w.Empty, w.Phase, w.Inferred, string(tx.actor.Kind), tx.actor.ID); err != nil {
		return err
	}
	d := detail{"at": stamp(at), "by": w.By}
	if w.Empty {
		return tx.audit("truck.said-empty", e.Site, d)
	}
	d["phase"], d["inferred"] = w.Phase, w.Inferred
	if w.Unready != "" {
		d["unready"], d["reason"] = w.Unready, w.Reason
	}
	return tx.audit("truck.phase-said", e.Site, d)
}

// TruckWords counts how often words about trucks or their goods have come from trucks since the
// file was opened: whoever keeps them in memory reads them anew when it is another
// number.
func (db *DB) TruckWords() uint64 { return db.truckWords.Load() }

// noticeTruckWords is called when entries are committed.
func (db *DB) noticeTruckWords(entries []JournalEntry) {
	if slices.ContainsFunc(entries, func(e JournalEntry) bool {
		return e.Kind == wire.EventRecord && (e.Event.Name == wire.EventTruckSaid || e.Event.Name == wire.EventGoodsSaid)
	}) {
		db.truckWords.Add(1)
	}
}
