package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"coldchain/gateway/access"
)

// Session is somebody's, or a shared device's, that was let in.
type Session struct {
	ID     string
	User   string // empty: a shared device's
	Site   string // of a shared device
	Name   string // of a shared device, as people call it
	Device string // by which browser; empty: not known
	Agent  string // what the browser says it is
	By     Actor  // who began it
	Made   time.Time
	Used   time.Time // give or take access.UsedEvery
	Ended  time.Time // zero: nobody has ended it
}

// Kind is whose it is.
func (s Session) Kind() access.Kind {
	if s.User == "" {
		return access.ByDevice
	}
	return access.ByUser
}

// keepSessions is how long one is kept after its end, for whoever asks what was
// open when.
const keepSessions = 90 * 24 * time.Hour

// BeginSession keeps a session by the hash of its secret. Of a user ErrNotFound
// when there is none.
func (db *DB) BeginSession(ctx context.Context, actor Actor, s Session, sum []byte) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		if err := errors.Join(checkText("name", s.Name, 40), checkText("device", s.Device, 40)); err != nil {
			return err
		}
		var user any
		d := detail{"session": s.ID}
		if s.User != "" {
			if _, _, err := readUser(ctx, tx.Tx, s.User); err != nil {
				return err
			}
			user = s.User
		} else {
			d["site"], d["name"] = s.Site, s.Name
		}
		if err := tx.dropSessions(); err != nil {
			return err
		}
		if _, err := tx.ExecContext(tx.ctx, "INSERT INTO sessions (id, sum, user, site, name, device, agent, made_ms, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			s.ID, sum, user, s.Site, s.Name, s.Device, cutText(s.Agent, 200), tx.at.UnixMilli(), string(actor.Kind), actor.ID); err != nil {
			return err
		}
		if err := tx.used(s.ID, tx.at); err != nil {
			return err
		}
		return tx.audit("session.began", s.User, d)
	})
	if err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	return nil
}

// dropSessions forgets those that are over for long.
func (tx *txn) dropSessions() error {
	before := tx.at.Add(-keepSessions).UnixMilli()
	_, err := tx.ExecContext(tx.ctx, `DELETE FROM sessions WHERE ended_ms < ?1
		OR coalesce((SELECT used_ms FROM access_used u WHERE u.id = sessions.id), made_ms) < ?1`, before)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(tx.ctx, "DELETE FROM access_used WHERE used_ms < ? AND id NOT IN (SELECT id FROM sessions) AND id NOT IN (SELECT id FROM api_tokens)", before)
	return err
}

// used notes when a session or token was used.
func (tx *txn) used(id string, at time.Time) error {
	_, err := tx.ExecContext(tx.ctx, "INSERT OR REPLACE INTO access_used (id, used_ms) VALUES (?, ?)", id, at.UnixMilli())
	return err
}

// door is who writes down that a session or token was used.
var door = Actor{Kind: System, ID: "door"}

// NoteUse writes down that a session or token was used at a time.
func (db *DB) NoteUse(ctx context.Context, id string, at time.Time) error {
	if err := db.change(ctx, door, func(tx *txn) error { return tx.used(id, at) }); err != nil {
		return fmt.Errorf("note the use of %s: %w", id, err)
	}
	return nil
}

const sessionColumns = `SELECT s.id, coalesce(s.user, ''), s.site, s.name, s.device, s.agent, s.actor_kind, s.actor_id, s.made_ms, coalesce(u.used_ms, s.made_ms), s.ended_ms
	FROM sessions s LEFT JOIN access_used u ON u.id = s.id `

func readSessions(ctx context.Context, q querier, where string, args ...any) (out []Session, err error) {
	rows, err := q.QueryContext(ctx, sessionColumns+where, args...)
	err = each(rows, err, func() error {
		var s Session
		var kind string
		var made, used int64
		var ended sql.NullInt64
		if err := rows.Scan(&s.ID, &s.User, &s.Site, &s.Name, &s.Device, &s.Agent, &kind, &s.By.ID, &made, &used, &ended); err != nil {
			return err
		}
		s.By.Kind = ActorKind(kind)
		s.Made, s.Used, s.Ended = time.UnixMilli(made).UTC(), time.UnixMilli(used).UTC(), fromMillis(ended)
		out = append(out, s)
		return nil
	})
	return out, err
}

// SessionBy returns the session whose secret has this hash, and its user as he
// is now; a session of a device has none. ErrNotFound when there is none, or it
// was ended, or its user is disabled: whether it is over by time is for who
// knows how long it lasts.
func (db *DB) SessionBy(ctx context.Context, sum []byte) (s Session, u User, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		found, err := readSessions(ctx, tx, "WHERE s.sum = ? AND s.ended_ms IS NULL", sum)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return refuse(ErrNotFound, "there is no such session")
		}
		if s = found[0]; s.User == "" {
			return nil
		}
		if u, _, err = readUser(ctx, tx, s.User); err == nil && !u.Disabled.IsZero() {
			err = refuse(ErrNotFound, "the user is disabled")
		}
		return err
	})
	if err != nil {
		return Session{}, User{}, fmt.Errorf("find a session: %w", err)
	}
	return s, u, nil
}

// Sessions returns those that nobody has ended, last used first.
func (db *DB) Sessions(ctx context.Context) (out []Session, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readSessions(ctx, tx, "WHERE s.ended_ms IS NULL ORDER BY coalesce(u.used_ms, s.made_ms) DESC, s.id")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return out, nil
}

// KnowsDevice reports whether a user has signed in by a device before.
func (db *DB) KnowsDevice(ctx context.Context, user, device string) (known bool, err error) {
	if device == "" {
		return false, nil
	}
	err = db.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sessions WHERE user = ? AND device = ?)", user, device).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("ask whether %.60s has signed in by this device: %w", user, err)
	}
	return known, nil
}

// EndSession ends one; ErrNotFound when there is none that goes on.
func (db *DB) EndSession(ctx context.Context, actor Actor, id string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		found, err := readSessions(ctx, tx.Tx, "WHERE s.id = ? AND s.ended_ms IS NULL", id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return refuse(ErrNotFound, "there is no session %.40q that goes on", id)
		}
		if _, err := tx.ExecContext(tx.ctx, "UPDATE sessions SET ended_ms = ? WHERE id = ?", tx.at.UnixMilli(), id); err != nil {
			return err
		}
		return tx.audit("session.ended", found[0].User, detail{"session": id})
	})
	if err != nil {
		return fmt.Errorf("end session %.40s: %w", id, err)
	}
	return nil
}

func (tx *txn) endSessionsOf(user, but string) error {
	_, err := tx.ExecContext(tx.ctx, "UPDATE sessions SET ended_ms = ? WHERE user = ? AND id <> ? AND ended_ms IS NULL", tx.at.UnixMilli(), user, but)
	return err
}
