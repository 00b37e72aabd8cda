package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"coldchain/gateway/wire"
)

// Run is a gateway's run of sequence numbers.
type Run struct {
	Gateway string
	Epoch   uint64
}

// Progress is what has become of the records of a run. Stored and Quarantined
// are final and disjoint; Judged is what the alarm engine has seen, which may
// be ahead of both while the store is down.
type Progress struct {
	Stored, Quarantined, Judged Ranges
}

// Delivery is the progress of every run.
type Delivery map[Run]Progress

const (
	rangesDelivered = "delivered" // stored or quarantined
	rangesJudged    = "judged"
	metaGeneration  = "store_generation"
)

var deliverer = Actor{Kind: System, ID: "collector"}

// LoadDelivery returns what has become of every record, for the store of this
// generation. When the county had another one, what was delivered to that is
// forgotten (and the audit says so), so that the gateways are asked again;
// what was judged stays, so that no alarm is judged twice.
func (db *DB) LoadDelivery(ctx context.Context, generation string) (Delivery, error) {
	if generation == "" {
		return nil, refuse(ErrInvalid, "load delivery: the store has no generation")
	}
	if err := db.adoptGeneration(ctx, generation); err != nil {
		return nil, fmt.Errorf("load delivery for store %s: %w", generation, err)
	}
	out, err := db.loadDelivery(ctx)
	if err != nil {
		return nil, fmt.Errorf("load delivery for store %s: %w", generation, err)
	}
	return out, nil
}

// LoadRecorded returns what has become of every record for the county's last
// store, whichever answers now, and that one's generation: "" before the first.
func (db *DB) LoadRecorded(ctx context.Context) (generation string, _ Delivery, err error) {
	err = db.reader.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", metaGeneration).Scan(&generation)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("load the store's recorded generation: %w", err)
	}
	out, err := db.loadDelivery(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("load recorded delivery for store %s: %w", generation, err)
	}
	return generation, out, nil
}

func (db *DB) loadDelivery(ctx context.Context) (Delivery, error) {
	loaded := map[Run]*Progress{}
	of := func(r Run) *Progress {
		if loaded[r] == nil {
			loaded[r] = &Progress{}
		}
		return loaded[r]
	}
	delivered := map[Run]*Ranges{}
	err := db.view(ctx, func(tx *sql.Tx) error {
		var r Run
		var first, last uint64
		rows, err := tx.QueryContext(ctx, "SELECT gateway, epoch, first, last, '' FROM refused")
		var kind string
		err = each(rows, err, func() error {
			if err := rows.Scan(&r.Gateway, &r.Epoch, &first, &last, &kind); err != nil {
				return err
			}
			of(r).Quarantined.Add(first, last)
			return nil
		})
		if err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, "SELECT gateway, epoch, first, last, kind FROM ranges")
		return each(rows, err, func() error {
			if err := rows.Scan(&r.Gateway, &r.Epoch, &first, &last, &kind); err != nil {
				return err
			}
			if kind == rangesJudged {
				of(r).Judged.Add(first, last)
				return nil
			}
			of(r)
			if delivered[r] == nil {
				delivered[r] = &Ranges{}
			}
			delivered[r].Add(first, last)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	out := make(Delivery, len(loaded))
	for r, p := range loaded {
		if d := delivered[r]; d != nil {
			for whole := range d.All() {
				for _, stored := range p.Quarantined.Missing(whole.From, whole.To+1) { // no overflow: To <= MaxSequence
					p.Stored.Add(stored.From, stored.To)
				}
			}
		}
		out[r] = *p
	}
	return out, nil
}

// adoptGeneration makes generation the county's, forgetting what another store
// had been given.
func (db *DB) adoptGeneration(ctx context.Context, generation string) error {
	return db.change(ctx, deliverer, func(tx *txn) error {
		had, err := tx.generation()
		if err != nil {
			return err
		}
		if had == generation {
			return errUnchanged
		}
		var runs int
		if err := tx.QueryRowContext(ctx, "SELECT count(DISTINCT gateway || ' ' || epoch) FROM ranges WHERE kind = ?", rangesDelivered).Scan(&runs); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM ranges WHERE kind = ?", rangesDelivered); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM refused"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", metaGeneration, generation); err != nil {
			return err
		}
		return tx.audit("store.adopted", generation, detail{"before": had, "runs_forgotten": runs})
	})
}

// generation returns the store's generation, or "" before the first.
func (tx *txn) generation() (string, error) {
	var g string
	err := tx.QueryRowContext(tx.ctx, "SELECT value FROM meta WHERE name = ?", metaGeneration).Scan(&g)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return g, err
}

// addRange puts first..last into a run's set of one kind, merging neighbours,
// and returns the pieces that were not in it before.
func (tx *txn) addRange(kind string, r Run, first, last uint64) ([]wire.Range, error) {
	rows, err := tx.StmtContext(tx.ctx, tx.often.touching).QueryContext(tx.ctx, kind, r.Gateway, r.Epoch, min(last+1, MaxSequence))
	if err != nil {
		return nil, err
	}
	var touching []wire.Range
	for rows.Next() {
		var t wire.Range
		if err := rows.Scan(&t.From, &t.To); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		if t.To+1 < first {
			break
		}
		touching = append(touching, t)
	}
	if err := errors.Join(rows.Close(), rows.Err()); err != nil {
		return nil, err
	}
	var had Ranges
	for _, t := range slices.Backward(touching) {
		had.Add(t.From, t.To)
	}
	fresh := had.Missing(first, last+1)
	if len(fresh) == 0 {
		return nil, nil
	}
	for _, t := range touching[:max(len(touching)-1, 0)] {
		if _, err := tx.StmtContext(tx.ctx, tx.often.dropRange).ExecContext(tx.ctx, kind, r.Gateway, r.Epoch, t.From); err != nil {
			return nil, err
		}
	}
	if len(touching) == 0 {
		_, err = tx.StmtContext(tx.ctx, tx.often.insertRange).ExecContext(tx.ctx, kind, r.Gateway, r.Epoch, first, last)
		return fresh, err
	}
	left, right := touching[len(touching)-1], touching[0]
	_, err = tx.StmtContext(tx.ctx, tx.often.growRange).ExecContext(tx.ctx,
		min(left.From, first), max(right.To, last), kind, r.Gateway, r.Epoch, left.From)
	return fresh, err
}

// addRefused remembers that a piece nobody had delivered before was
// quarantined, lengthening the row before it when the reason is the same.
func (tx *txn) addRefused(r Run, piece wire.Range, reason wire.QuarantineReason) error {
	done, err := tx.ExecContext(tx.ctx, "UPDATE refused SET last = ? WHERE gateway = ? AND epoch = ? AND last = ? AND reason = ? AND first = (SELECT max(first) FROM refused WHERE gateway = ? AND epoch = ? AND first < ?)",
		piece.To, r.Gateway, r.Epoch, int64(piece.From)-1, string(reason), r.Gateway, r.Epoch, piece.From)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n > 0 {
		return err
	}
	_, err = tx.ExecContext(tx.ctx, "INSERT INTO refused (gateway, epoch, first, last, reason) VALUES (?, ?, ?, ?, ?)",
		r.Gateway, r.Epoch, piece.From, piece.To, string(reason))
	return err
}

func checkRange(r Run, first, last uint64) error {
	switch {
	case r.Gateway == "":
		return refuse(ErrInvalid, "a range of records names no gateway")
	case first > last:
		return refuse(ErrSequenceRange, "records %d to %d of %s run backwards", first, last, r.Gateway)
	case last > MaxSequence || r.Epoch > MaxSequence:
		return refuse(ErrSequenceRange, "record %d of epoch %d of %s is beyond %s", last, r.Epoch, r.Gateway, strconv.FormatUint(MaxSequence, 10))
	}
	return nil
}
