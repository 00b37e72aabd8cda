package state

import (
	"context"
	"fmt"

	"coldchain/gateway/wire"
)

// DeliveredRange is a run of records whose fate is final. Outcome is
// wire.Stored, or wire.Quarantined with its Reason.
type DeliveredRange struct {
	Gateway  string
	Epoch    uint64
	From, To uint64 // both inclusive
	Outcome  wire.Outcome
	Reason   wire.QuarantineReason
}

// JudgedRange is a run of records that the alarm engine has seen.
type JudgedRange struct {
	Gateway  string
	Epoch    uint64
	From, To uint64 // both inclusive
}

// Commit is what the collector writes after the store has taken readings and
// before it acknowledges them: all of it, or nothing.
type Commit struct {
	Generation string // of the store that has the readings; as given to LoadDelivery
	Delivered  []DeliveredRange
	Judged     []JudgedRange
	Tracks     map[string][]byte // the engine's state by key; nil deletes
	Quarantine []QuarantineEntry
	Entries    []JournalEntry
	Dirty      []DirtyRange // rollups these readings made wrong, or not yet right
}

// Commit makes c durable in one transaction. Doing it again is harmless: of a
// record committed twice the first outcome stands. It fails as a whole, with
// ErrOtherGeneration when the store is not the county's any more, ErrNotFinal
// for an outcome that is no end, and ErrSequenceRange for a number beyond
// MaxSequence. It leaves no audit row: it records what arrived, and changes
// nothing that somebody decided, but for an alarm that was answered at its site.
func (db *DB) Commit(ctx context.Context, c Commit) error {
	for _, d := range c.Delivered {
		if err := checkRange(Run{d.Gateway, d.Epoch}, d.From, d.To); err != nil {
			return fmt.Errorf("commit delivered records: %w", err)
		}
		if d.Outcome != wire.Stored && d.Outcome != wire.Quarantined {
			return refuse(ErrNotFinal, "commit delivered records: outcome %q of %d to %d of %s does not end their delivery", d.Outcome, d.From, d.To, d.Gateway)
		}
	}
	for _, j := range c.Judged {
		if err := checkRange(Run{j.Gateway, j.Epoch}, j.From, j.To); err != nil {
			return fmt.Errorf("commit judged records: %w", err)
		}
	}
	err := db.change(ctx, deliverer, func(tx *txn) error {
		had, err := tx.generation()
		if err != nil {
			return err
		}
		if had != c.Generation {
			return refuse(ErrOtherGeneration, "the readings went to store %q, and the county's is %q: start the collector again", c.Generation, had)
		}
		if err := tx.commitRanges(c); err != nil {
			return err
		}
		if err := tx.commitTracks(c.Tracks); err != nil {
			return err
		}
		if err := db.commitEntries(tx, c.Entries); err != nil {
			return err
		}
		if err := tx.markDirty(c.Dirty); err != nil {
			return err
		}
		return tx.quarantine(c.Quarantine, db.quarantineLimit)
	})
	if err != nil {
		return fmt.Errorf("commit %d delivered ranges and %d tracks: %w", len(c.Delivered), len(c.Tracks), err)
	}
	db.noticeTruckWords(c.Entries)
	return nil
}

func (tx *txn) commitRanges(c Commit) error {
	for _, d := range c.Delivered {
		r := Run{d.Gateway, d.Epoch}
		fresh, err := tx.addRange(rangesDelivered, r, d.From, d.To)
		if err != nil {
			return fmt.Errorf("records %d to %d of %s: %w", d.From, d.To, d.Gateway, err)
		}
		if d.Outcome == wire.Stored {
			continue
		}
		for _, piece := range fresh {
			if err := tx.addRefused(r, piece, d.Reason); err != nil {
				return fmt.Errorf("quarantined records %d to %d of %s: %w", d.From, d.To, d.Gateway, err)
			}
		}
	}
	for _, j := range c.Judged {
		if _, err := tx.addRange(rangesJudged, Run{j.Gateway, j.Epoch}, j.From, j.To); err != nil {
			return fmt.Errorf("judged records %d to %d of %s: %w", j.From, j.To, j.Gateway, err)
		}
	}
	return nil
}

func (tx *txn) commitTracks(tracks map[string][]byte) error {
	put, drop := tx.StmtContext(tx.ctx, tx.often.putTrack), tx.StmtContext(tx.ctx, tx.often.dropTrack)
	for key, state := range tracks {
		var err error
		if state == nil {
			_, err = drop.ExecContext(tx.ctx, key)
		} else {
			_, err = put.ExecContext(tx.ctx, key, state)
		}
		if err != nil {
			return fmt.Errorf("track %s: %w", key, err)
		}
	}
	return nil
}

// LoadTracks returns the engine's state by key, as of the last Commit.
func (db *DB) LoadTracks(ctx context.Context) (map[string][]byte, error) {
	out := map[string][]byte{}
	rows, err := db.reader.QueryContext(ctx, "SELECT key, state FROM tracks")
	err = each(rows, err, func() error {
		var key string
		var state []byte
		if err := rows.Scan(&key, &state); err != nil {
			return err
		}
		if state == nil {
			state = []byte{} // the driver's word for an empty one; nil would mean deleted
		}
		out[key] = state
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load the state of judging: %w", err)
	}
	return out, nil
}
