package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"coldchain/gateway/access"
)

// APIToken lets a program in.
type APIToken struct {
	ID       string
	Name     string // what for
	Grants   []access.Grant
	ReadOnly bool
	By       Actor
	Made     time.Time
	Until    time.Time // its end
	Used     time.Time // give or take access.UsedEvery; zero: never
	Ended    time.Time // when it was taken back; zero: it was not
}

// MaxTokenLife is how long a token may last.
const MaxTokenLife = 2 * 366 * 24 * time.Hour

// MakeToken keeps a token by the hash of its secret; By and Made are set.
// Refusals: ErrInvalid.
func (db *DB) MakeToken(ctx context.Context, actor Actor, t APIToken, sum []byte) (APIToken, error) {
	err := db.change(ctx, actor, func(tx *txn) error {
		t.By, t.Made, t.Until = Actor{Kind: actor.Kind, ID: actor.ID}, toMillisecond(tx.at), toMillisecond(t.Until)
		grants, err := grantsText(t.Grants)
		if err != nil {
			return err
		}
		if strings.TrimSpace(t.Name) == "" {
			return refuse(ErrInvalid, "a token needs a name that says what it is for")
		}
		if err := checkText("name", t.Name, 40); err != nil {
			return err
		}
		if !t.Until.After(tx.at) || t.Until.Sub(tx.at) > MaxTokenLife {
			return refuse(ErrInvalid, "until %s: a token lasts at most two years from now", stamp(t.Until))
		}
		if _, err := tx.ExecContext(tx.ctx, "INSERT INTO api_tokens (id, sum, name, grants, read_only, made_ms, until_ms, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			t.ID, sum, t.Name, grants, t.ReadOnly, t.Made.UnixMilli(), t.Until.UnixMilli(), string(actor.Kind), actor.ID); err != nil {
			return err
		}
		return tx.audit("token.made", t.ID, detail{"name": t.Name, "grants": t.Grants, "read_only": t.ReadOnly, "until": stamp(t.Until)})
	})
	if err != nil {
		return APIToken{}, fmt.Errorf("make a token: %w", err)
	}
	return t, nil
}

func readTokens(ctx context.Context, q querier, where string, args ...any) (out []APIToken, err error) {
	rows, err := q.QueryContext(ctx, `SELECT t.id, t.name, t.grants, t.read_only, t.actor_kind, t.actor_id, t.made_ms, t.until_ms, u.used_ms, t.ended_ms
		FROM api_tokens t LEFT JOIN access_used u ON u.id = t.id `+where, args...)
	err = each(rows, err, func() error {
		var t APIToken
		var grants, kind string
		var made, until int64
		var used, ended sql.NullInt64
		if err := rows.Scan(&t.ID, &t.Name, &grants, &t.ReadOnly, &kind, &t.By.ID, &made, &until, &used, &ended); err != nil {
			return err
		}
		t.By.Kind = ActorKind(kind)
		t.Made, t.Until, t.Used, t.Ended = time.UnixMilli(made).UTC(), time.UnixMilli(until).UTC(), fromMillis(used), fromMillis(ended)
		if err := json.Unmarshal([]byte(grants), &t.Grants); err != nil {
			return fmt.Errorf("grants of token %s: %w", t.ID, err)
		}
		out = append(out, t)
		return nil
	})
	return out, err
}

// TokenBy returns the token whose secret has this hash; ErrNotFound when there is
// none, or it was taken back or is over at now.
func (db *DB) TokenBy(ctx context.Context, sum []byte, now time.Time) (t APIToken, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		found, err := readTokens(ctx, tx, "WHERE t.sum = ? AND t.ended_ms IS NULL AND t.until_ms > ?", sum, now.UnixMilli())
		if err == nil && len(found) == 0 {
			err = refuse(ErrNotFound, "there is no such token")
		}
		if err == nil {
			t = found[0]
		}
		return err
	})
	if err != nil {
		return APIToken{}, fmt.Errorf("find a token: %w", err)
	}
	return t, nil
}

// Tokens returns those that were not taken back, newest first.
func (db *DB) Tokens(ctx context.Context) (out []APIToken, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readTokens(ctx, tx, "WHERE t.ended_ms IS NULL ORDER BY t.made_ms DESC, t.id")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return out, nil
}

// EndToken takes a token back; ErrNotFound when there is none.
func (db *DB) EndToken(ctx context.Context, actor Actor, id string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		done, err := tx.ExecContext(tx.ctx, "UPDATE api_tokens SET ended_ms = ? WHERE id = ? AND ended_ms IS NULL", tx.at.UnixMilli(), id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			return refuse(ErrNotFound, "there is no token %.40q", id)
		}
		return tx.audit("token.ended", id, detail{})
	})
	if err != nil {
		return fmt.Errorf("take back token %.40s: %w", id, err)
	}
	return nil
}
