package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
)

// Outgoing is a message to a person, decided and put into words once, with what
// has become of it.
type Outgoing struct {
	Intent    duty.Intent    `json:"intent"`
	Words     wording.Words  `json:"words"`
	Created   time.Time      `json:"created"`
	Next      time.Time      `json:"next,omitzero"`      // when to try again; zero: nothing more to do
	Delivered time.Time      `json:"delivered,omitzero"` // when a channel first took it
	Cancelled time.Time      `json:"cancelled,omitzero"` // when it was given up: what it says was not true any more
	Attempts  []duty.Attempt `json:"attempts"`           // oldest first
}

// AddIntents puts messages into the outbox, all or none. A key that is there
// already stays as it is: the same message decided again is the same message.
// It returns how many are new.
func (db *DB) AddIntents(ctx context.Context, actor Actor, list []Outgoing) (added int, err error) {
	err = db.change(ctx, actor, func(tx *txn) error {
		for _, o := range list {
			if o.Intent.Key == "" || o.Intent.Person == "" || len(o.Intent.Channels) == 0 {
				return refuse(ErrInvalid, "a message needs a key, a person and a channel; this one is %.80q to %.40q", o.Intent.Key, o.Intent.Person)
			}
			intent, err := json.Marshal(o.Intent)
			if err != nil {
				return err
			}
			words, err := json.Marshal(o.Words)
			if err != nil {
				return err
			}
			r, err := tx.ExecContext(ctx, `INSERT INTO outbox (key, person, kind, intent, words, created_ms, next_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (key) DO NOTHING`, o.Intent.Key, o.Intent.Person, string(o.Intent.Kind), string(intent), string(words), tx.at.UnixMilli(), tx.at.UnixMilli())
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			added += int(n)
		}
		if added == 0 {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("put %d messages into the outbox: %w", len(list), err)
	}
	return added, nil
}

// DueIntents returns at most so many messages that are to be tried at now,
// what is critical first, then oldest first; and when the next one after those
// is due (zero: none).
func (db *DB) DueIntents(ctx context.Context, now time.Time, most int) (due []Outgoing, next time.Time, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		if due, err = outgoing(ctx, tx, `WHERE o.next_ms <= ?1 ORDER BY json_extract(o.intent, '$.critical') DESC, o.created_ms, o.key LIMIT ?2`, now.UnixMilli(), limit(most)); err != nil {
			return err
		}
		var ms sql.NullInt64
		if err := tx.QueryRowContext(ctx, "SELECT min(next_ms) FROM outbox WHERE next_ms > ?", now.UnixMilli()).Scan(&ms); err != nil {
			return err
		}
		next = fromMillis(ms)
		return nil
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read the outbox: %w", err)
	}
	return due, next, nil
}

// Outbox returns the newest messages of a person (empty: of all).
func (db *DB) Outbox(ctx context.Context, person string, most int) ([]Outgoing, error) {
	var out []Outgoing
	err := db.view(ctx, func(tx *sql.Tx) (err error) {
		out, err = outgoing(ctx, tx, "WHERE ?1 = '' OR o.person = ?1 ORDER BY o.created_ms DESC, o.key LIMIT ?2", person, limit(most))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	return out, nil
}

// outgoing reads messages with their attempts; where ends the query.
func outgoing(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]Outgoing, error) {
	rows, err := tx.QueryContext(ctx, `SELECT o.key, o.intent, o.words, o.created_ms, o.next_ms, o.delivered_ms, o.cancelled_ms,
		(SELECT json_group_array(json_object('channel', a.channel, 'at_ms', a.at_ms, 'class', a.class, 'code', a.code, 'error', a.error, 'until_ms', a.until_ms) ORDER BY a.n)
			FROM attempts a WHERE a.key = o.key) FROM outbox o `+where, args...)
	out := []Outgoing{}
	err = each(rows, err, func() error {
		var o Outgoing
		var key, intent, words, attempts string
		var created int64
		var next, delivered, cancelled sql.NullInt64
		if err := rows.Scan(&key, &intent, &words, &created, &next, &delivered, &cancelled, &attempts); err != nil {
			return err
		}
		var tries []struct {
			Channel     string `json:"channel"`
			At          int64  `json:"at_ms"`
			Class, Code string
			Error       string
			Until       int64 `json:"until_ms"`
		}
		for text, into := range map[string]any{intent: &o.Intent, words: &o.Words, attempts: &tries} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return fmt.Errorf("message %s: %w", key, err)
			}
		}
		for _, a := range tries {
			o.Attempts = append(o.Attempts, duty.Attempt{Channel: a.Channel, At: time.UnixMilli(a.At).UTC(), Class: notify.Class(a.Class),
				Code: a.Code, Error: a.Error, Until: fromMillis(sql.NullInt64{Int64: a.Until, Valid: a.Until != 0})})
		}
		o.Created, o.Next, o.Delivered, o.Cancelled = time.UnixMilli(created).UTC(), fromMillis(next), fromMillis(delivered), fromMillis(cancelled)
		out = append(out, o)
		return nil
	})
	return out, err
}

// RecordAttempt writes down what became of one try of each message, and when
// to try it again: next[i] zero means that nothing more is to be done. Several
// at once, because several messages may have gone as one. receipt is the far
// end's name for it.
func (db *DB) RecordAttempt(ctx context.Context, actor Actor, keys []string, a duty.Attempt, receipt string, next []time.Time) error {
	if len(keys) != len(next) {
		return fmt.Errorf("record an attempt: %d messages and %d times", len(keys), len(next))
	}
	err := db.change(ctx, actor, func(tx *txn) error {
		for i, key := range keys {
			if _, err := tx.ExecContext(ctx, `INSERT INTO attempts (key, n, channel, at_ms, class, code, error, receipt, until_ms)
				VALUES (?1, (SELECT count(*) FROM attempts WHERE key = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)`,
				key, a.Channel, a.At.UnixMilli(), string(a.Class), cutText(a.Code, 60), cutText(a.Error, 500), cutText(receipt, 100), millis(a.Until)); err != nil {
				return fmt.Errorf("message %s: %w", key, err)
			}
			var delivered any
			if a.OK() {
				delivered = a.At.UnixMilli()
			}
			if _, err := tx.ExecContext(ctx, "UPDATE outbox SET next_ms = ?, delivered_ms = coalesce(delivered_ms, ?) WHERE key = ?",
				millis(next[i]), delivered, key); err != nil {
				return fmt.Errorf("message %s: %w", key, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record an attempt by %s: %w", a.Channel, err)
	}
	return nil
}

// Postpone says when messages are to be looked at again without a try having
// been made; zero: never again.
func (db *DB) Postpone(ctx context.Context, actor Actor, keys []string, next time.Time) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		for _, key := range keys {
			if _, err := tx.ExecContext(ctx, "UPDATE outbox SET next_ms = ? WHERE key = ?", millis(next), key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("postpone %d messages: %w", len(keys), err)
	}
	return nil
}

// Recent is a try of the past, as far as carriers' limits go.
type Recent struct {
	Channel, Person string
	At              time.Time
	Until           time.Time // the far end takes nothing before this; zero: it did not say
}

// RecentAttempts returns the tries since a moment, oldest first. Several
// messages that went as one are one.
func (db *DB) RecentAttempts(ctx context.Context, since time.Time) ([]Recent, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT DISTINCT a.channel, o.person, a.at_ms, a.until_ms FROM attempts a JOIN outbox o ON o.key = a.key
		WHERE a.at_ms >= ? ORDER BY a.at_ms, a.channel, o.person`, since.UnixMilli())
	out := []Recent{}
	err = each(rows, err, func() error {
		var r Recent
		var at int64
		var until sql.NullInt64
		err := rows.Scan(&r.Channel, &r.Person, &at, &until)
		r.At, r.Until = time.UnixMilli(at).UTC(), fromMillis(until)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the last attempts: %w", err)
	}
	return out, nil
}

// Proven is how one channel has done since a moment.
type Proven struct {
	Channel string    `json:"channel"`
	Last    time.Time `json:"last,omitzero"` // when it last took a message; zero: not since then
	Taken   int64     `json:"taken"`
	Failed  int64     `json:"failed"`
	Error   string    `json:"error,omitempty"` // of the newest try that failed
}

// Channels reports which channels proved delivery since a moment, by name.
func (db *DB) Channels(ctx context.Context, since time.Time) ([]Proven, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT channel, max(CASE WHEN class = '' THEN at_ms END), sum(class = ''), sum(class <> ''),
		coalesce((SELECT b.error FROM attempts b WHERE b.channel = a.channel AND b.class <> '' AND b.at_ms >= ?1 ORDER BY b.at_ms DESC LIMIT 1), '')
		FROM attempts a WHERE at_ms >= ?1 GROUP BY channel ORDER BY channel`, since.UnixMilli())
	out := []Proven{}
	err = each(rows, err, func() error {
		var p Proven
		var last sql.NullInt64
		if err := rows.Scan(&p.Channel, &last, &p.Taken, &p.Failed, &p.Error); err != nil {
			return err
		}
		p.Last = fromMillis(last)
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what channels have delivered: %w", err)
	}
	return out, nil
}

// cutText keeps the beginning of what a far end said, in whole characters.
func cutText(s string, most int) string {
	r := []rune(s)
	if len(r) > most {
		r = r[:most]
	}
	return string(r)
}
