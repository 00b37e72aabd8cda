package state

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting/trip"
)

// mostSaid is how many words about a truck, and stays in a zone, are read back:
// some months of trips.
const mostSaid = 500

// SayOfTruck records what somebody says of a truck: the phase it is in, or that
// its box is empty, which it cannot be while the books hold goods in it. At zero
// is now. The same word again is harmless: a driver's phone that lost the answer
// sends it a second time. Refusals: ErrInvalid, ErrInFuture, ErrHoldsGoods.
func (db *DB) SayOfTruck(ctx context.Context, actor Actor, truck, box string, s trip.Say) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		if s.At.IsZero() {
			s.At = tx.at
		}
		s.At = toMillisecond(s.At)
		if s.Phase == "" && !s.Empty || s.Phase != "" && !slices.Contains(trip.Phases(), s.Phase) {
			return refuse(ErrInvalid, "%.40q is no phase of a truck: want one of %v", s.Phase, trip.Phases())
		}
		if err := checkWhen(s.At, tx.at); err != nil {
			return err
		}
		var said bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM truck_says WHERE truck = ? AND at_ms = ? AND empty = ? AND phase = ? AND actor_kind = ? AND actor_id = ?)`,
			truck, s.At.UnixMilli(), s.Empty, string(s.Phase), string(actor.Kind), actor.ID).Scan(&said); err != nil || said {
			return cmp.Or(err, errUnchanged)
		}
		if s.Empty {
			codes, err := tx.heldIn(box)
			if err != nil {
				return err
			}
			if len(codes) > 0 {
				return refuse(ErrHoldsGoods, "the books hold %v in %s: book the goods where they are first", codes, box)
			}
		}
		// Two words of one moment: the later one is meant.
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO truck_says (truck, at_ms, empty, phase, inferred, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			truck, s.At.UnixMilli(), s.Empty, string(s.Phase), string(s.Inferred), string(actor.Kind), actor.ID); err != nil {
			return err
		}
		d := detail{"at": stamp(s.At), "inferred": s.Inferred}
		if s.Empty {
			return tx.audit("truck.said-empty", truck, d)
		}
		d["phase"] = s.Phase
		return tx.audit("truck.phase-said", truck, d)
	})
	if err != nil {
		return fmt.Errorf("say of truck %.40s: %w", truck, err)
	}
	return nil
}

// SaidOfTruck returns the newest words about a truck, oldest first.
func (db *DB) SaidOfTruck(ctx context.Context, truck string) ([]trip.Say, error) {
	out := []trip.Say{}
	rows, err := db.reader.QueryContext(ctx, "SELECT at_ms, empty, phase, inferred, actor_id FROM truck_says WHERE truck = ? ORDER BY at_ms DESC LIMIT ?", truck, mostSaid)
	err = each(rows, err, func() error {
		var s trip.Say
		var at int64
		err := rows.Scan(&at, &s.Empty, &s.Phase, &s.Inferred, &s.By)
		s.At = time.UnixMilli(at).UTC()
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was said of truck %.40s: %w", truck, err)
	}
	slices.Reverse(out)
	return out, nil
}

// StaysIn returns the newest times in which a zone held batches, in any order.
func (db *DB) StaysIn(ctx context.Context, zone string) ([]trip.Stay, error) {
	out := []trip.Stay{}
	rows, err := db.reader.QueryContext(ctx, `SELECT from_ms, to_ms FROM custody WHERE zone = ?
		ORDER BY coalesce(to_ms, 9223372036854775807) DESC LIMIT ?`, zone, mostSaid)
	err = each(rows, err, func() error {
		var from int64
		var to sql.NullInt64
		err := rows.Scan(&from, &to)
		out = append(out, trip.Stay{From: time.UnixMilli(from).UTC(), To: fromMillis(to)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read when %.80s held goods: %w", zone, err)
	}
	return out, nil
}
