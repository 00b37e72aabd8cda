package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// Shelve puts an alarm aside until a moment, for a reason. It covers the level
// that the alarm has now.
func (db *DB) Shelve(ctx context.Context, actor Actor, alarm string, until time.Time, reason string) (duty.Shelf, error) {
	var s duty.Shelf
	err := db.change(ctx, actor, func(tx *txn) error {
		a, err := tx.alarm(alarm)
		if err != nil {
			return err
		}
		s = duty.Shelf{ID: rand.Text(), Rule: a.Rule, Object: a.Object, Level: a.Level, From: toMillisecond(tx.at), Until: toMillisecond(until), Reason: reason, By: actor.ID}
		if err := errors.Join(s.Check(), checkText("reason", reason, 200)); err != nil {
			return refuse(ErrInvalid, "%v", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO shelves (id, rule, object, level, from_ms, until_ms, reason, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			s.ID, string(s.Rule), s.Object, string(s.Level), s.From.UnixMilli(), s.Until.UnixMilli(), s.Reason, string(actor.Kind), actor.ID); err != nil {
			return err
		}
		return tx.audit("alarm.shelved", alarm, detail{"shelf": s.ID, "rule": s.Rule, "object": s.Object, "level": s.Level, "until": stamp(s.Until), "reason": reason})
	})
	if err != nil {
		return duty.Shelf{}, fmt.Errorf("shelve alarm %s: %w", alarm, err)
	}
	return s, nil
}

// Unshelve ends a shelf now. One that has ended stays as it was.
func (db *DB) Unshelve(ctx context.Context, actor Actor, id string) error {
	if err := db.end(ctx, actor, "shelves", "alarm.unshelved", id); err != nil {
		return fmt.Errorf("end shelf %s: %w", id, err)
	}
	return nil
}

// PlanOutage enters a planned outage or maintenance; its ID and By are set.
func (db *DB) PlanOutage(ctx context.Context, actor Actor, o duty.Outage) (duty.Outage, error) {
	o.ID, o.By, o.From, o.Until = rand.Text(), actor.ID, toMillisecond(o.From), toMillisecond(o.Until)
	err := db.change(ctx, actor, func(tx *txn) error {
		if err := errors.Join(o.Check(), checkText("reason", o.Reason, 200), checkText("object", o.Object, 120)); err != nil {
			return refuse(ErrInvalid, "%v", err)
		}
		if !o.Until.After(tx.at) {
			return refuse(ErrInvalid, "until: %s has passed", stamp(o.Until))
		}
		rules, err := json.Marshal(o.Rules)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO outages (id, kind, object, rules, from_ms, until_ms, reason, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			o.ID, string(o.Kind), o.Object, string(rules), o.From.UnixMilli(), o.Until.UnixMilli(), o.Reason, string(actor.Kind), actor.ID); err != nil {
			return err
		}
		return tx.audit("outage.planned", o.ID, detail{"kind": o.Kind, "object": o.Object, "rules": o.Rules, "from": stamp(o.From), "until": stamp(o.Until), "reason": o.Reason})
	})
	if err != nil {
		return duty.Outage{}, fmt.Errorf("plan an outage of %s: %w", o.Object, err)
	}
	return o, nil
}

// EndOutage ends a planned outage now; one that lies ahead never begins.
func (db *DB) EndOutage(ctx context.Context, actor Actor, id string) error {
	if err := db.end(ctx, actor, "outages", "outage.ended", id); err != nil {
		return fmt.Errorf("end outage %s: %w", id, err)
	}
	return nil
}

// end moves an end to now. table is one of our own names.
func (db *DB) end(ctx context.Context, actor Actor, table, action, id string) error {
	return db.change(ctx, actor, func(tx *txn) error {
		var from, until int64
		err := tx.QueryRowContext(ctx, "SELECT from_ms, until_ms FROM "+table+" WHERE id = ?", id).Scan(&from, &until)
		now := tx.at.UnixMilli()
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return refuse(ErrNotFound, "there is nothing named %.40q to end", id)
		case err != nil:
			return err
		case until <= now:
			return errUnchanged
		}
		if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET until_ms = ?, from_ms = min(from_ms, ?) WHERE id = ?", now, now, id); err != nil {
			return err
		}
		return tx.audit(action, id, detail{"was_until": stamp(time.UnixMilli(until))})
	})
}

// Withheld returns shelves and outages that have not ended before a moment,
// also those that lie ahead.
func (db *DB) Withheld(ctx context.Context, since time.Time) (shelves []duty.Shelf, outages []duty.Outage, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		shelves, outages, err = withheld(ctx, tx, since)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read shelves and outages: %w", err)
	}
	return shelves, outages, nil
}

func withheld(ctx context.Context, tx *sql.Tx, since time.Time) (shelves []duty.Shelf, outages []duty.Outage, err error) {
	shelves, outages = []duty.Shelf{}, []duty.Outage{}
	rows, err := tx.QueryContext(ctx, "SELECT id, rule, object, level, from_ms, until_ms, reason, actor_id FROM shelves WHERE until_ms >= ? ORDER BY until_ms, id", since.UnixMilli())
	err = each(rows, err, func() error {
		var s duty.Shelf
		var from, until int64
		err := rows.Scan(&s.ID, &s.Rule, &s.Object, &s.Level, &from, &until, &s.Reason, &s.By)
		s.From, s.Until = time.UnixMilli(from).UTC(), time.UnixMilli(until).UTC()
		shelves = append(shelves, s)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	rows, err = tx.QueryContext(ctx, "SELECT id, kind, object, rules, from_ms, until_ms, reason, actor_id FROM outages WHERE until_ms >= ? ORDER BY until_ms, id", since.UnixMilli())
	err = each(rows, err, func() error {
		var o duty.Outage
		var from, until int64
		var rules string
		if err := rows.Scan(&o.ID, &o.Kind, &o.Object, &rules, &from, &until, &o.Reason, &o.By); err != nil {
			return err
		}
		var list []alerting.RuleName
		if err := json.Unmarshal([]byte(rules), &list); err != nil {
			return fmt.Errorf("outage %s: %w", o.ID, err)
		}
		o.Rules, o.From, o.Until = list, time.UnixMilli(from).UTC(), time.UnixMilli(until).UTC()
		outages = append(outages, o)
		return nil
	})
	return shelves, outages, err
}
