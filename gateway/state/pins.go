package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"coldchain/alerting/duty"
)

// KeptPIN is a person's PIN as it is kept, with the wrong tries that count for
// one device.
type KeptPIN struct {
	Hash  string    // empty: none is set
	Known bool      // the device has proved this person before
	Wrong int       // tries in a row; of a device that is not known: by all such together
	Last  time.Time // the newest of them; zero: none
}

// PIN returns what is kept for a person and a device (empty: one that cannot be
// told from others).
func (db *DB) PIN(ctx context.Context, person, device string) (out KeptPIN, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT hash FROM pins WHERE person = ?", person).Scan(&out.Hash)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		// The device's own row goes before that of all strangers.
		var kept string
		var last int64
		err = tx.QueryRowContext(ctx, "SELECT device, wrong, last_ms FROM pin_tries WHERE person = ? AND device IN (?, '') ORDER BY device DESC LIMIT 1", person, device).
			Scan(&kept, &out.Wrong, &last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		out.Known, out.Last = kept != "", time.UnixMilli(last).UTC()
		return err
	})
	if err != nil {
		return KeptPIN{}, fmt.Errorf("read the PIN of %s: %w", person, err)
	}
	return out, nil
}

// PINs lists the persons who have one.
func (db *DB) PINs(ctx context.Context) ([]string, error) {
	out := []string{}
	rows, err := db.reader.QueryContext(ctx, "SELECT person FROM pins ORDER BY person")
	err = each(rows, err, func() error {
		var person string
		err := rows.Scan(&person)
		out = append(out, person)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list who has a PIN: %w", err)
	}
	return out, nil
}

// PINTried notes how a try went. A right one from a device makes it known for
// this person; a wrong one has a row in the audit. It may be called for a person
// whose PIN was reset meanwhile: then nothing is noted.
func (db *DB) PINTried(ctx context.Context, actor Actor, person, device string, right bool) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM pins WHERE person = ?", person).Scan(&there); err != nil || there == 0 {
			return errors.Join(err, errUnchanged)
		}
		if right {
			_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO pin_tries (person, device, wrong, last_ms) VALUES (?, ?, 0, ?)", person, device, tx.at.UnixMilli())
			return err
		}
		var wrong int
		err := tx.QueryRowContext(ctx, `INSERT INTO pin_tries (person, device, wrong, last_ms)
			VALUES (?1, coalesce((SELECT device FROM pin_tries WHERE person = ?1 AND device = ?2), ''), 1, ?3)
			ON CONFLICT (person, device) DO UPDATE SET wrong = wrong + 1, last_ms = excluded.last_ms RETURNING wrong`,
			person, device, tx.at.UnixMilli()).Scan(&wrong)
		if err != nil {
			return err
		}
		return tx.audit("pin.wrong", person, detail{"wrong": wrong})
	})
	if err != nil {
		return fmt.Errorf("note a try of the PIN of %s: %w", person, err)
	}
	return nil
}

// SetPIN keeps a person's PIN by its hash, in place of an earlier one; its wrong
// tries and known devices are forgotten. ErrNotFound when nobody in the roster
// has this id.
func (db *DB) SetPIN(ctx context.Context, actor Actor, person, hash string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		p, err := readPeople(ctx, tx.Tx)
		if err != nil {
			return err
		}
		if _, there := p.Roster.Person(person); !there {
			return refuse(ErrNotFound, "nobody in the roster is %.40q", person)
		}
		if err := tx.forgetPIN(person); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO pins (person, hash, at_ms, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?)",
			person, hash, tx.at.UnixMilli(), string(actor.Kind), actor.ID); err != nil {
			return err
		}
		return tx.audit("pin.set", person, detail{})
	})
	if err != nil {
		return fmt.Errorf("set the PIN of %s: %w", person, err)
	}
	return nil
}

// ForgetPIN takes a person's PIN away, so that he can choose another one. It is
// no error that there is none.
func (db *DB) ForgetPIN(ctx context.Context, actor Actor, person string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM pins WHERE person = ?", person).Scan(&there); err != nil || there == 0 {
			return errors.Join(err, errUnchanged)
		}
		if err := tx.forgetPIN(person); err != nil {
			return err
		}
		return tx.audit("pin.reset", person, detail{})
	})
	if err != nil {
		return fmt.Errorf("reset the PIN of %s: %w", person, err)
	}
	return nil
}

func (tx *txn) forgetPIN(person string) error {
	if _, err := tx.ExecContext(tx.ctx, "DELETE FROM pin_tries WHERE person = ?", person); err != nil {
		return err
	}
	_, err := tx.ExecContext(tx.ctx, "DELETE FROM pins WHERE person = ?", person)
	return err
}

// keepPINs drops those of people who are not in the roster any more: the next
// one under the same id is somebody else.
func (tx *txn) keepPINs(r duty.Roster) error {
	rows, err := tx.QueryContext(tx.ctx, "SELECT person FROM pins")
	var gone []string
	err = each(rows, err, func() error {
		var person string
		err := rows.Scan(&person)
		if _, there := r.Person(person); !there {
			gone = append(gone, person)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, person := range gone {
		if err := tx.forgetPIN(person); err != nil {
			return err
		}
	}
	return nil
}
