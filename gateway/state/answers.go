package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// Taken is one step as it was taken.
type Taken struct {
	duty.Step
	Note string `json:"note"`
}

// Answers is what people did about one alarm, or about a drill's message.
type Answers struct {
	Steps  []Taken // oldest first
	Closed *Closed // nil: nobody has closed it
	Looked *Look   // nil: nobody has looked at it; of late alarms
}

// AnswersTo returns what people did about alarms, by alarm; a drill is named by
// its message's key. One that nobody has answered is not in it.
func (db *DB) AnswersTo(ctx context.Context, ids ...string) (map[string]Answers, error) {
	out := map[string]Answers{}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	err = db.view(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT alarm, answer, actor_id, at_ms, level, note FROM steps
			WHERE alarm IN (SELECT value FROM json_each(?)) ORDER BY at_ms, alarm, answer, actor_id`, string(list))
		err = each(rows, err, func() error {
			var id string
			var t Taken
			var at int64
			if err := rows.Scan(&id, &t.Answer, &t.Person, &at, &t.Level, &t.Note); err != nil {
				return err
			}
			t.At = time.UnixMilli(at).UTC()
			a := out[id]
			a.Steps = append(a.Steps, t)
			out[id] = a
			return nil
		})
		if err != nil {
			return err
		}
		if err := readLooks(ctx, tx, string(list), func(id string, l Look) {
			a := out[id]
			a.Looked = &l
			out[id] = a
		}); err != nil {
			return err
		}
		return readClosings(ctx, tx, string(list), func(id string, c Closed) {
			a := out[id]
			a.Closed = &c
			out[id] = a
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what was done about %d alarms: %w", len(ids), err)
	}
	return out, nil
}

func readClosings(ctx context.Context, tx *sql.Tx, list string, put func(id string, c Closed)) error {
	rows, err := tx.QueryContext(ctx, "SELECT alarm FROM closings WHERE alarm IN (SELECT value FROM json_each(?))", list)
	var closed []string
	err = each(rows, err, func() error {
		var id string
		err := rows.Scan(&id)
		closed = append(closed, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range closed {
		c, err := readClosing(ctx, tx, id)
		if err != nil {
			return err
		}
		put(id, c)
	}
	return nil
}

// Message returns what is in the outbox under a key, or ErrNotFound.
func (db *DB) Message(ctx context.Context, key string) (Outgoing, error) {
	found, err := db.messages(ctx, "WHERE o.key = ?", key)
	if err == nil && len(found) == 0 {
		err = refuse(ErrNotFound, "there is no message %.80q", key)
	}
	if err != nil {
		return Outgoing{}, fmt.Errorf("read a message: %w", err)
	}
	return found[0], nil
}

// MessagesAbout returns the newest messages since a moment that tell of an
// alarm, at most so many, oldest first.
func (db *DB) MessagesAbout(ctx context.Context, alarm string, since time.Time, most int) ([]Outgoing, error) {
	found, err := db.messages(ctx, `WHERE o.key IN (SELECT m.key FROM outbox m, json_each(m.intent, '$.covers') c
		WHERE m.created_ms >= ?1 AND c.value ->> '$.alarm' = ?2 ORDER BY m.created_ms DESC, m.key LIMIT ?3) ORDER BY o.created_ms, o.key`,
		since.UnixMilli(), alarm, limit(most))
	if err != nil {
		return nil, fmt.Errorf("read who was told of alarm %s: %w", alarm, err)
	}
	return found, nil
}

// DrillMessages returns the newest messages of weekly exercises with their
// answers, newest first.
func (db *DB) DrillMessages(ctx context.Context, most int) ([]duty.Told, error) {
	found, err := db.messages(ctx, "WHERE o.kind = 'drill' ORDER BY o.created_ms DESC, o.key LIMIT ?", limit(most))
	if err != nil {
		return nil, fmt.Errorf("read the exercises: %w", err)
	}
	keys := make([]string, len(found))
	for i, o := range found {
		keys[i] = o.Intent.Key
	}
	answers, err := db.AnswersTo(ctx, keys...)
	if err != nil {
		return nil, err
	}
	out := make([]duty.Told, len(found))
	for i, o := range found {
		out[i] = duty.Told{Intent: o.Intent, Attempts: o.Attempts}
		for _, t := range answers[o.Intent.Key].Steps {
			out[i].Steps = append(out[i].Steps, t.Step)
		}
	}
	return out, nil
}

func (db *DB) messages(ctx context.Context, where string, args ...any) (out []Outgoing, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = outgoing(ctx, tx, where, args...)
		return err
	})
	return out, err
}

// NamedAlarms returns those of these alarms that there are, in the order asked
// for, without their batches.
func (db *DB) NamedAlarms(ctx context.Context, ids ...string) ([]alerting.Alarm, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := db.reader.QueryContext(ctx, alarmColumns+" FROM json_each(?) j JOIN alarms a ON a.id = j.value ORDER BY j.key", string(list))
	found, err := scanAlarms(rows, err)
	if err != nil {
		return nil, fmt.Errorf("read %d alarms: %w", len(ids), err)
	}
	out := make([]alerting.Alarm, len(found))
	for i, a := range found {
		out[i] = a.Alarm
	}
	return out, nil
}
