package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

// TakeStep records that actor has answered an alarm, is on the way, on site or
// has dealt with it, at `at` (zero: now). The first step at a level also
// acknowledges the alarm. The same step again is harmless: the first stands.
// In place of an alarm the key of a drill's message may stand. ErrNotFound when
// there is neither.
func (db *DB) TakeStep(ctx context.Context, actor Actor, alarm string, answer duty.Answer, note string, at time.Time) error {
	if !slices.Contains(duty.Answers(), answer) {
		return refuse(ErrInvalid, "%.40q is no step: want one of %v", answer, duty.Answers())
	}
	if err := checkText("note", note, 500); err != nil {
		return err
	}
	err := db.change(ctx, actor, func(tx *txn) error {
		took, err := tx.step(alarm, answer, note, at)
		if err == nil && !took {
			return errUnchanged
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("answer %s to alarm %s: %w", answer, alarm, err)
	}
	return nil
}

// AnswerMessage takes a step for everything that one message told of: somebody
// who answers it by its link or by a reply has answered all of it. An answer to
// a drill is one to the drill. ErrNotFound when there is no such message.
func (db *DB) AnswerMessage(ctx context.Context, actor Actor, key string, answer duty.Answer, note string, at time.Time) error {
	if !slices.Contains(duty.Answers(), answer) {
		return refuse(ErrInvalid, "%.40q is no step: want one of %v", answer, duty.Answers())
	}
	if err := checkText("note", note, 500); err != nil {
		return err
	}
	err := db.change(ctx, actor, func(tx *txn) error {
		found, err := outgoing(ctx, tx.Tx, "WHERE o.key = ?", key)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return refuse(ErrNotFound, "there is no message %.80q", key)
		}
		about := []string{}
		for _, c := range found[0].Intent.Covers {
			about = append(about, c.Alarm)
		}
		if found[0].Intent.Kind == notify.Drill {
			about = []string{key}
		}
		any := false
		for _, id := range about {
			took, err := tx.step(id, answer, note, at)
			if err != nil && !errors.Is(err, ErrNotFound) { // an alarm of a restored file may be gone
				return err
			}
			any = any || took
		}
		if !any {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("answer %s to message %s: %w", answer, key, err)
	}
	return nil
}

// step writes one step down; false when it was taken before.
func (tx *txn) step(alarm string, answer duty.Answer, note string, at time.Time) (bool, error) {
	if at.IsZero() {
		at = tx.at
	}
	if err := checkWhen(at, tx.at); err != nil {
		return false, err
	}
	level := alerting.Warning
	a, err := tx.alarm(alarm)
	switch {
	case err == nil:
		level = a.Level
	case errors.Is(err, ErrNotFound):
		var kind string
		if tx.QueryRowContext(tx.ctx, "SELECT kind FROM outbox WHERE key = ? AND kind = 'drill'", alarm).Scan(&kind) != nil {
			return false, err
		}
	default:
		return false, err
	}
	r, err := tx.ExecContext(tx.ctx, `INSERT INTO steps (alarm, answer, actor_kind, actor_id, level, at_ms, note) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, alarm, string(answer), string(tx.actor.Kind), tx.actor.ID, string(level), at.UnixMilli(), note)
	if err != nil {
		return false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	if a.ID != "" && !a.answered() {
		if err := tx.acknowledge(&a, note, at); err != nil {
			return false, err
		}
	}
	return true, tx.audit("alarm.step", alarm, detail{"answer": answer, "level": level, "note": note, "at": stamp(at)})
}

// acknowledge writes the answer into the alarm itself, and as a step: whichever
// way somebody answers, it holds the escalation.
func (tx *txn) acknowledge(a *Alarm, note string, at time.Time) error {
	if _, err := tx.ExecContext(tx.ctx, `INSERT INTO steps (alarm, answer, actor_kind, actor_id, level, at_ms, note) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`, a.ID, string(duty.Acknowledged), string(tx.actor.Kind), tx.actor.ID, string(a.Level), at.UnixMilli(), note); err != nil {
		return err
	}
	a.AckedBy, a.AckedAt, a.AckedLevel, a.Note = Actor{Kind: tx.actor.Kind, ID: tx.actor.ID}, toMillisecond(at), a.Level, note
	a.State = stateOf(a.Returned.IsZero(), true)
	d := alarmDetail(*a)
	d["acked_at"], d["note"] = stamp(a.AckedAt), note
	if err := tx.audit("alarm.acknowledged", a.ID, d); err != nil {
		return err
	}
	return tx.putAlarm(*a)
}

// Closed is how an alarm was closed.
type Closed struct {
	duty.Closing
	Severe bool `json:"severe"` // needs a second person's signature
}

// Done reports whether nothing is missing any more.
func (c Closed) Done() bool { return !c.Severe || c.Signed != "" }

// CloseAlarm records cause, corrective action and outcome of an alarm. Whether it
// needs a second signature is decided now, by the plan's rule. It may be
// corrected until it is signed. Refusals: ErrNotFound, ErrInvalid, ErrNotOver,
// ErrSigned.
func (db *DB) CloseAlarm(ctx context.Context, actor Actor, alarm string, c duty.Closing, severe duty.Severe) (Closed, error) {
	out := Closed{Closing: c}
	err := db.change(ctx, actor, func(tx *txn) error {
		if err := errors.Join(c.Check(), checkText("note", c.Note, 500)); err != nil {
			return refuse(ErrInvalid, "%v", err)
		}
		a, err := tx.alarm(alarm)
		if err != nil {
			return err
		}
		if err := duty.MayClose(a.Alarm, c); err != nil {
			return refuse(ErrNotOver, "%v", err)
		}
		if before, err := readClosing(ctx, tx.Tx, alarm); err == nil && before.Signed != "" {
			return refuse(ErrSigned, "the closing was signed by %s; it cannot be changed any more", before.Signed)
		} else if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		exposed, err := withBatches(ctx, tx.Tx, []Alarm{a}, tx.at)
		if err != nil {
			return err
		}
		out.By, out.At, out.Signed, out.SignAt = actor.ID, toMillisecond(tx.at), "", time.Time{}
		out.Severe = severe.Is(a.Alarm, len(exposed[0].Batches), tx.at)
		if !a.answered() {
			if err := tx.acknowledge(&a, c.Note, tx.at); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO closings (alarm, cause, action, outcome, note, actor_kind, actor_id, at_ms, severe)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, alarm, string(c.Cause), string(c.Action), string(c.Outcome), c.Note,
			string(actor.Kind), actor.ID, tx.at.UnixMilli(), out.Severe); err != nil {
			return err
		}
		return tx.audit("alarm.closed", alarm, detail{"cause": c.Cause, "action": c.Action, "outcome": c.Outcome, "note": c.Note, "severe": out.Severe})
	})
	if err != nil {
		return Closed{}, fmt.Errorf("close alarm %s: %w", alarm, err)
	}
	return out, nil
}

// SignOff is a second person's signature under a severe closing. Refusals:
// ErrNotFound, ErrSecondPerson.
func (db *DB) SignOff(ctx context.Context, actor Actor, alarm string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		c, err := readClosing(ctx, tx.Tx, alarm)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return refuse(ErrNotFound, "nobody has closed alarm %.40q yet", alarm)
		case err != nil:
			return err
		case c.Signed != "":
			return errUnchanged
		case c.By == actor.ID:
			return refuse(ErrSecondPerson, "%s has closed it; somebody else has to sign", c.By)
		case actor.Kind != Person:
			return refuse(ErrSecondPerson, "a %s cannot sign; a person has to", actor.Kind)
		}
		if _, err := tx.ExecContext(ctx, "UPDATE closings SET signed_kind = ?, signed_id = ?, signed_ms = ? WHERE alarm = ?",
			string(actor.Kind), actor.ID, tx.at.UnixMilli(), alarm); err != nil {
			return err
		}
		return tx.audit("alarm.signed", alarm, detail{"closed_by": c.By, "outcome": c.Outcome})
	})
	if err != nil {
		return fmt.Errorf("sign the closing of alarm %s: %w", alarm, err)
	}
	return nil
}

// Closing returns how an alarm was closed, or ErrNotFound.
func (db *DB) Closing(ctx context.Context, alarm string) (out Closed, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readClosing(ctx, tx, alarm)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = refuse(ErrNotFound, "nobody has closed alarm %.40q yet", alarm)
	}
	if err != nil {
		return Closed{}, fmt.Errorf("read the closing of alarm %s: %w", alarm, err)
	}
	return out, nil
}

func readClosing(ctx context.Context, tx *sql.Tx, alarm string) (Closed, error) {
	var c Closed
	var at int64
	var signed sql.NullString
	var signedAt sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT cause, action, outcome, note, actor_id, at_ms, severe, signed_id, signed_ms FROM closings WHERE alarm = ?", alarm).
		Scan(&c.Cause, &c.Action, &c.Outcome, &c.Note, &c.By, &at, &c.Severe, &signed, &signedAt)
	c.At, c.Signed, c.SignAt = time.UnixMilli(at).UTC(), signed.String, fromMillis(signedAt)
	return c, err
}
