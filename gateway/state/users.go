package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"coldchain/gateway/access"
	"coldchain/sensors"
)

// User is somebody who may sign in.
type User struct {
	ID       string // what he types: a slug
	Name     string // what others read
	Person   string // of the roster; empty: none
	Grants   []access.Grant
	OneTime  bool      // the password has to be changed at the next sign-in
	Made     time.Time // when he was made
	Disabled time.Time // zero: he may sign in
}

// mostUsers and mostGrants bound what an admin can make.
const (
	mostUsers  = 2000
	mostGrants = 20
)

// Users returns all users, by id.
func (db *DB) Users(ctx context.Context) (out []User, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, _, err = readUsers(ctx, tx, "ORDER BY id")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return out, nil
}

// User returns one user with the hash of his password, or ErrNotFound.
func (db *DB) User(ctx context.Context, id string) (u User, hash string, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		u, hash, err = readUser(ctx, tx, id)
		return err
	})
	if err != nil {
		return User{}, "", fmt.Errorf("read user %.60s: %w", id, err)
	}
	return u, hash, nil
}

func readUser(ctx context.Context, q querier, id string) (User, string, error) {
	found, hashes, err := readUsers(ctx, q, "WHERE id = ?", id)
	if err != nil {
		return User{}, "", err
	}
	if len(found) == 0 {
		return User{}, "", refuse(ErrNotFound, "there is no user %.60q", id)
	}
	return found[0], hashes[0], nil
}

func readUsers(ctx context.Context, q querier, where string, args ...any) (out []User, hashes []string, err error) {
	rows, err := q.QueryContext(ctx, "SELECT id, name, person, grants, hash, one_time, made_ms, disabled_ms FROM users "+where, args...)
	err = each(rows, err, func() error {
		var u User
		var grants, hash string
		var made int64
		var disabled sql.NullInt64
		if err := rows.Scan(&u.ID, &u.Name, &u.Person, &grants, &hash, &u.OneTime, &made, &disabled); err != nil {
			return err
		}
		u.Made, u.Disabled = time.UnixMilli(made).UTC(), fromMillis(disabled)
		if err := json.Unmarshal([]byte(grants), &u.Grants); err != nil {
			return fmt.Errorf("grants of user %s: %w", u.ID, err)
		}
		out, hashes = append(out, u), append(hashes, hash)
		return nil
	})
	return out, hashes, err
}

// AddUser makes a user with the hash of a one-time password. Refusals:
// ErrInvalid, ErrTaken.
func (db *DB) AddUser(ctx context.Context, actor Actor, u User, hash string) error {
	err := db.change(ctx, actor, func(tx *txn) error { return tx.addUser(u, hash) })
	if err != nil {
		return fmt.Errorf("make user %.60s: %w", u.ID, err)
	}
	return nil
}

// FirstAdmin makes the first user of a county that has none, and reports whether
// it did.
func (db *DB) FirstAdmin(ctx context.Context, actor Actor, u User, hash string) (made bool, err error) {
	err = db.change(ctx, actor, func(tx *txn) error {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM users").Scan(&n); err != nil || n > 0 {
			return errors.Join(err, errUnchanged)
		}
		made = true
		return tx.addUser(u, hash)
	})
	if err != nil {
		return false, fmt.Errorf("make the first admin: %w", err)
	}
	return made, nil
}

func (tx *txn) addUser(u User, hash string) error {
	if !sensors.IsSlug(u.ID) || len(u.ID) > 40 {
		return &Refusal{Kind: ErrInvalid, Text: fmt.Sprintf("user name %.60q: want letters a to z, digits and hyphens, at most 40", u.ID), ZH: "用户名只能用小写字母、数字和连字符，最多 40 个"}
	}
	grants, err := checkUser(u)
	if err != nil {
		return err
	}
	var n int
	var taken bool
	if err := tx.QueryRowContext(tx.ctx, "SELECT count(*), coalesce(max(id = ?), 0) FROM users", u.ID).Scan(&n, &taken); err != nil {
		return err
	}
	switch {
	case taken:
		return &Refusal{Kind: ErrTaken, Text: fmt.Sprintf("there is a user %s already", u.ID), ZH: "已经有用户 " + u.ID}
	case n >= mostUsers:
		return refuse(ErrInvalid, "there are %d users, which is the most", n)
	}
	_, err = tx.ExecContext(tx.ctx, "INSERT INTO users (id, name, person, grants, hash, one_time, made_ms, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?)",
		u.ID, u.Name, u.Person, grants, hash, tx.at.UnixMilli(), string(tx.actor.Kind), tx.actor.ID)
	if err != nil {
		return err
	}
	return tx.audit("user.made", u.ID, detail{"name": u.Name, "person": u.Person, "grants": u.Grants})
}

// checkUser checks what an admin writes; whether sites exist is for who knows them.
func checkUser(u User) (grants string, err error) {
	if strings.TrimSpace(u.Name) == "" {
		return "", refuse(ErrInvalid, "a user needs a name that others can read")
	}
	if err := errors.Join(checkText("name", u.Name, 40), checkText("person", u.Person, 100)); err != nil {
		return "", err
	}
	return grantsText(u.Grants)
}

func grantsText(grants []access.Grant) (string, error) {
	if n := len(grants); n < 1 || n > mostGrants {
		return "", refuse(ErrInvalid, "%d roles: want 1 to %d", n, mostGrants)
	}
	for _, g := range grants {
		if err := g.Check(func(string) bool { return true }); err != nil {
			return "", refuse(ErrInvalid, "%s", err)
		}
	}
	text, err := canonical(grants)
	return string(text), err
}

// ChangeUser replaces name, person, roles and whether he is disabled; what ends
// is what was begun by him. Refusals: ErrNotFound, ErrInvalid, ErrLastAdmin.
func (db *DB) ChangeUser(ctx context.Context, actor Actor, u User) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		was, _, err := readUser(ctx, tx.Tx, u.ID)
		if err != nil {
			return err
		}
		grants, err := checkUser(u)
		if err != nil {
			return err
		}
		off := was.Disabled
		switch {
		case u.Disabled.IsZero():
			off = time.Time{}
		case off.IsZero():
			off = tx.at
		}
		if _, err := tx.ExecContext(tx.ctx, "UPDATE users SET name = ?, person = ?, grants = ?, disabled_ms = ? WHERE id = ?",
			u.Name, u.Person, grants, millis(off), u.ID); err != nil {
			return err
		}
		if err := tx.keepAdmin(); err != nil {
			return err
		}
		if !off.IsZero() {
			if err := tx.endSessionsOf(u.ID, ""); err != nil {
				return err
			}
		}
		return tx.audit("user.changed", u.ID, detail{"name": u.Name, "person": u.Person, "grants": u.Grants, "disabled": !off.IsZero()})
	})
	if err != nil {
		return fmt.Errorf("change user %.60s: %w", u.ID, err)
	}
	return nil
}

// keepAdmin refuses what leaves the county without an admin who may sign in.
func (tx *txn) keepAdmin() error {
	found, _, err := readUsers(tx.ctx, tx.Tx, "WHERE disabled_ms IS NULL")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(found, func(u User) bool { return access.Who{Grants: u.Grants}.Has(access.Admin) }) {
		return &Refusal{Kind: ErrLastAdmin, Text: "this is the county's last admin; make another one first", ZH: "这是最后一个管理员，请先再设一个"}
	}
	return nil
}

// SetPassword keeps a new password by its hash and ends the user's sessions but
// one (empty: all). oneTime has it changed at the next sign-in. ErrNotFound.
func (db *DB) SetPassword(ctx context.Context, actor Actor, id, hash string, oneTime bool, butSession string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		if _, _, err := readUser(ctx, tx.Tx, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(tx.ctx, "UPDATE users SET hash = ?, one_time = ? WHERE id = ?", hash, oneTime, id); err != nil {
			return err
		}
		if err := tx.endSessionsOf(id, butSession); err != nil {
			return err
		}
		return tx.audit("user.password", id, detail{"one_time": oneTime})
	})
	if err != nil {
		return fmt.Errorf("set the password of user %.60s: %w", id, err)
	}
	return nil
}

// OpenBeside opens the county.db of a folder while its collector may be running,
// for what is done when nobody can sign in. The file must exist and be of this
// program's version: to migrate is the collector's.
func OpenBeside(ctx context.Context, folder string, now func() time.Time) (*DB, error) {
	path := filepath.Join(folder, "county.db")
	db, err := openAsIs(ctx, path, "mode", "rw")
	if err != nil {
		return nil, fmt.Errorf("open county state %s: %w", path, err)
	}
	db.now, db.rows = now, true
	scripts, err := migrations()
	var version int
	if err == nil {
		err = db.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	}
	if err == nil && version != len(scripts) {
		err = refuse(ErrInvalid, "the file has version %d and this program has %d: start the collector of this version once", version, len(scripts))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open county state %s: %w", path, err), db.Close())
	}
	return db, nil
}
