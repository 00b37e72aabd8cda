package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// People is one version of the roster and the plan.
type People struct {
	Version int         `json:"version"` // 0: nobody has written one yet
	At      time.Time   `json:"at,omitzero"`
	By      Actor       `json:"by,omitzero"`
	Roster  duty.Roster `json:"roster"`
	Plan    duty.Plan   `json:"plan"`
}

// People returns the newest version; the default plan and nobody when there is
// none.
func (db *DB) People(ctx context.Context) (out People, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readPeople(ctx, tx)
		return err
	})
	if err != nil {
		return People{}, fmt.Errorf("read the roster: %w", err)
	}
	return out, nil
}

func readPeople(ctx context.Context, tx *sql.Tx) (People, error) {
	p := People{Plan: duty.DefaultPlan()}
	var at int64
	var roster, plan string
	err := tx.QueryRowContext(ctx, "SELECT version, at_ms, actor_kind, actor_id, roster, plan FROM people ORDER BY version DESC LIMIT 1").
		Scan(&p.Version, &at, &p.By.Kind, &p.By.ID, &roster, &plan)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.At = time.UnixMilli(at).UTC()
	return p, errors.Join(json.Unmarshal([]byte(roster), &p.Roster), json.Unmarshal([]byte(plan), &p.Plan))
}

// PutPeople writes a new version in place of the one that was read: version is
// that one's number. ErrStale when somebody else was quicker, ErrInvalid with
// every field that is wrong. knowsSite may be nil.
func (db *DB) PutPeople(ctx context.Context, actor Actor, version int, r duty.Roster, p duty.Plan, knowsSite func(string) bool) (People, error) {
	var out People
	err := db.change(ctx, actor, func(tx *txn) error {
		if err := errors.Join(r.Check(knowsSite), p.Check()); err != nil {
			return refuse(ErrInvalid, "%v", err)
		}
		before, err := readPeople(ctx, tx.Tx)
		if err != nil {
			return err
		}
		if before.Version != version {
			return refuse(ErrStale, "the roster is at version %d, changed by %s; the change was made to version %d: read it again", before.Version, before.By.ID, version)
		}
		roster, err := canonical(r)
		if err != nil {
			return err
		}
		plan, err := canonical(p)
		if err != nil {
			return err
		}
		out = People{version + 1, toMillisecond(tx.at), Actor{Kind: actor.Kind, ID: actor.ID}, r, p}
		if _, err := tx.ExecContext(ctx, "INSERT INTO people (version, at_ms, actor_kind, actor_id, roster, plan) VALUES (?, ?, ?, ?, ?, ?)",
			out.Version, tx.at.UnixMilli(), string(actor.Kind), actor.ID, string(roster), string(plan)); err != nil {
			return err
		}
		if err := tx.keepPINs(r); err != nil {
			return err
		}
		// Telephone numbers are nobody's business who reads the audit: it fixes
		// the text by its hash and the table keeps it.
		sum := sha256.Sum256(append(append(roster, '\n'), plan...))
		return tx.audit("people.changed", "people", detail{"version": out.Version, "persons": len(r.Persons), "sha256": hex.EncodeToString(sum[:])})
	})
	if err != nil {
		return People{}, fmt.Errorf("write the roster: %w", err)
	}
	return out, nil
}

// ring notes when the county has an alarm, live, at a level for the first time,
// or has it back.
func (tx *txn) ring(a Alarm, actions []string) error {
	if a.Class != alerting.Live {
		return nil
	}
	for _, action := range actions {
		switch action {
		case alarmRaised, alarmEscalated, alarmWentLive, alarmReopened:
			_, err := tx.ExecContext(tx.ctx, "INSERT OR REPLACE INTO rings (alarm, level, at_ms) VALUES (?, ?, ?)", a.ID, string(a.Level), tx.at.UnixMilli())
			return err
		}
	}
	return nil
}

// Situation reads everything that deciding about messages needs, of one moment.
// The caller adds what the file does not know: Sites, Location, Stores, the
// alarms' Place and the channels' rates.
func (db *DB) Situation(ctx context.Context, now time.Time) (s duty.Situation, err error) {
	since := now.Add(-duty.Memory)
	err = db.view(ctx, func(tx *sql.Tx) error {
		people, err := readPeople(ctx, tx)
		if err != nil {
			return err
		}
		s.Roster, s.Plan = people.Roster, people.Plan
		if s.Shelves, s.Outages, err = withheld(ctx, tx, since); err != nil {
			return err
		}
		if s.Disuses, err = idleZones(ctx, tx, since); err != nil {
			return err
		}
		if s.Alarms, err = dutyAlarms(ctx, tx, since, now); err != nil {
			return err
		}
		if s.Told, err = told(ctx, tx, since); err != nil {
			return err
		}
		var began sql.NullInt64
		err = tx.QueryRowContext(ctx, "SELECT min(at_ms) FROM people").Scan(&began)
		s.Began = fromMillis(began)
		return err
	})
	if err != nil {
		return duty.Situation{}, fmt.Errorf("read who is to be told: %w", err)
	}
	return s, nil
}

func dutyAlarms(ctx context.Context, tx *sql.Tx, since, now time.Time) ([]duty.Alarm, error) {
	rows, err := tx.QueryContext(ctx, alarmColumns+` FROM alarms a WHERE a.returned_ms IS NULL OR a.returned_ms >= ?
		OR `+waitsForALook+` ORDER BY a.id`, since.UnixMilli())
	found, err := scanAlarms(rows, err)
	if err != nil {
		return nil, err
	}
	if found, err = withBatches(ctx, tx, found, now); err != nil {
		return nil, err
	}
	out := make([]duty.Alarm, len(found))
	index := make(map[string]*duty.Alarm, len(found))
	for i, a := range found {
		out[i] = duty.Alarm{Alarm: a.Alarm, Rung: a.Raised, Batches: a.Batches}
		index[a.ID] = &out[i]
	}
	rows, err = tx.QueryContext(ctx, "SELECT r.alarm, r.level, r.at_ms FROM rings r JOIN alarms a ON a.id = r.alarm AND a.level = r.level WHERE a.returned_ms IS NULL OR a.returned_ms >= ?", since.UnixMilli())
	err = each(rows, err, func() error {
		var id, level string
		var at int64
		err := rows.Scan(&id, &level, &at)
		if a := index[id]; a != nil {
			a.Rung = time.UnixMilli(at).UTC()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := readSteps(ctx, tx, since, func(id string, s duty.Step) {
		if a := index[id]; a != nil {
			a.Steps = append(a.Steps, s)
		}
	}); err != nil {
		return nil, err
	}
	rows, err = tx.QueryContext(ctx, "SELECT a.id, l.at_ms FROM looks l JOIN alarms a ON a.id = l.alarm WHERE l.at_ms >= ? AND "+stillAsSeen, since.UnixMilli())
	err = each(rows, err, func() error {
		var id string
		var at int64
		err := rows.Scan(&id, &at)
		if a := index[id]; a != nil {
			a.Looked = time.UnixMilli(at).UTC()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.QueryContext(ctx, "SELECT alarm, at_ms FROM closings WHERE at_ms >= ?", since.UnixMilli())
	err = each(rows, err, func() error {
		var id string
		var at int64
		err := rows.Scan(&id, &at)
		if a := index[id]; a != nil {
			a.Closed = time.UnixMilli(at).UTC()
		}
		return err
	})
	return out, err
}

func readSteps(ctx context.Context, tx *sql.Tx, since time.Time, put func(id string, s duty.Step)) error {
	rows, err := tx.QueryContext(ctx, "SELECT alarm, answer, actor_id, at_ms, level FROM steps WHERE at_ms >= ? ORDER BY at_ms, alarm, answer, actor_id", since.UnixMilli())
	return each(rows, err, func() error {
		var id string
		var s duty.Step
		var at int64
		if err := rows.Scan(&id, &s.Answer, &s.Person, &at, &s.Level); err != nil {
			return err
		}
		s.At = time.UnixMilli(at).UTC()
		put(id, s)
		return nil
	})
}

func told(ctx context.Context, tx *sql.Tx, since time.Time) ([]duty.Told, error) {
	list, err := outgoing(ctx, tx, "WHERE o.created_ms >= ? ORDER BY o.created_ms, o.key", since.UnixMilli())
	if err != nil {
		return nil, err
	}
	out := make([]duty.Told, len(list))
	index := make(map[string]*duty.Told, len(list))
	for i, o := range list {
		out[i] = duty.Told{Intent: o.Intent, Attempts: o.Attempts, Cancelled: o.Cancelled}
		index[o.Intent.Key] = &out[i]
	}
	err = readSteps(ctx, tx, since, func(id string, s duty.Step) {
		if t := index[id]; t != nil {
			t.Steps = append(t.Steps, s)
		}
	})
	return out, err
}
