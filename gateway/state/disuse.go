package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting/duty"
)

// TakeOutOfUse says that a zone is switched off or stands empty until a moment;
// From zero is now, ID and By are set. A zone whose books hold goods cannot be
// empty; switching it off is possible, and an alarm. Refusals: ErrInvalid,
// ErrUnknownZone, ErrOutOfUse when it is out of use already, ErrHoldsGoods.
func (db *DB) TakeOutOfUse(ctx context.Context, actor Actor, d duty.Disuse) (duty.Disuse, error) {
	err := db.change(ctx, actor, func(tx *txn) error {
		if d.From.IsZero() {
			d.From = tx.at
		}
		d.ID, d.By, d.From, d.Until = rand.Text(), actor.ID, toMillisecond(d.From), toMillisecond(d.Until)
		if err := errors.Join(d.Check(), checkText("reason", d.Reason, 200)); err != nil {
			return refuse(ErrInvalid, "%v", err)
		}
		if err := errors.Join(db.checkZone(d.Zone), checkWhen(d.From, tx.at)); err != nil {
			return err
		}
		if !d.Until.After(tx.at) {
			return refuse(ErrInvalid, "until: %s has passed", stamp(d.Until))
		}
		if before, found, err := tx.outOfUse(d.Zone, tx.at); err != nil {
			return err
		} else if found {
			return &OutOfUse{before}
		}
		if d.Kind == duty.StandsEmpty {
			codes, err := tx.heldIn(d.Zone)
			if err != nil {
				return err
			}
			if len(codes) > 0 {
				return refuse(ErrHoldsGoods, "the books hold %s in %s: book the goods where they are first", strings.Join(codes, ", "), d.Zone)
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO disuses (id, zone, kind, from_ms, until_ms, reason, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			d.ID, d.Zone, string(d.Kind), d.From.UnixMilli(), d.Until.UnixMilli(), d.Reason, string(actor.Kind), actor.ID); err != nil {
			return err
		}
		return tx.audit("zone.taken-out-of-use", d.Zone, detail{"disuse": d.ID, "kind": d.Kind, "from": stamp(d.From), "until": stamp(d.Until), "reason": d.Reason})
	})
	if err != nil {
		return duty.Disuse{}, fmt.Errorf("take %.80s out of use: %w", d.Zone, err)
	}
	return d, nil
}

// BringIntoUse ends a disuse now. One that has ended stays as it was.
func (db *DB) BringIntoUse(ctx context.Context, actor Actor, id string) error {
	if err := db.end(ctx, actor, "disuses", "zone.brought-into-use", id); err != nil {
		return fmt.Errorf("end disuse %.40s: %w", id, err)
	}
	return nil
}

// Disuses returns the zones out of use that have not ended before a moment, by
// zone and beginning.
func (db *DB) Disuses(ctx context.Context, since time.Time) (out []duty.Disuse, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readDisuses(ctx, tx, "WHERE until_ms >= ? ORDER BY zone, from_ms", since.UnixMilli())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read which zones are out of use: %w", err)
	}
	return out, nil
}

// idleZones are the disuses of which alarms are held back: a zone that holds
// goods all the same is watched.
func idleZones(ctx context.Context, tx *sql.Tx, since time.Time) ([]duty.Disuse, error) {
	return readDisuses(ctx, tx, `WHERE until_ms >= ? AND NOT EXISTS (SELECT 1 FROM custody c WHERE c.zone = disuses.zone AND c.to_ms IS NULL)
		ORDER BY zone, from_ms`, since.UnixMilli())
}

func readDisuses(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]duty.Disuse, error) {
	out := []duty.Disuse{}
	rows, err := tx.QueryContext(ctx, "SELECT id, zone, kind, from_ms, until_ms, reason, actor_id FROM disuses "+where, args...)
	return out, each(rows, err, func() error {
		var d duty.Disuse
		var from, until int64
		err := rows.Scan(&d.ID, &d.Zone, &d.Kind, &from, &until, &d.Reason, &d.By)
		d.From, d.Until = time.UnixMilli(from).UTC(), time.UnixMilli(until).UTC()
		out = append(out, d)
		return err
	})
}

// outOfUse returns the disuse of a zone that is in force at a moment.
func (tx *txn) outOfUse(zone string, at time.Time) (duty.Disuse, bool, error) {
	found, err := readDisuses(tx.ctx, tx.Tx, "WHERE zone = ? AND from_ms <= ? AND until_ms > ?", zone, at.UnixMilli(), at.UnixMilli())
	if err != nil || len(found) == 0 {
		return duty.Disuse{}, false, err
	}
	return found[0], true, nil
}

// heldIn lists the codes of what lies in a zone.
func (tx *txn) heldIn(zone string) (codes []string, err error) {
	rows, err := tx.QueryContext(tx.ctx, "SELECT batch FROM custody WHERE zone = ? AND to_ms IS NULL ORDER BY batch LIMIT 5", zone)
	err = each(rows, err, func() error {
		var code string
		err := rows.Scan(&code)
		codes = append(codes, code)
		return err
	})
	return codes, err
}

// OutOfUse refuses goods for a zone that is switched off or stands empty.
type OutOfUse struct{ duty.Disuse }

// Error returns the English sentence.
func (o *OutOfUse) Error() string {
	what := "stands empty"
	if o.Kind == duty.SwitchedOff {
		what = "is switched off"
	}
	return fmt.Sprintf("zone %s %s until %s (%s, by %s): bring it into use first, or choose another zone", o.Zone, what, stamp(o.Until), o.Reason, o.By)
}

// Unwrap lets errors.Is find the kind.
func (o *OutOfUse) Unwrap() error { return ErrOutOfUse }
