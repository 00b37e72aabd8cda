package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// once is onceAs for what changes a batch.
func (db *DB) once(ctx context.Context, actor Actor, key IdempotencyKey, what string, request any, do func(*txn) (Batch, error)) (Batch, error) {
	return onceAs(ctx, db, actor, key, what, request, do)
}

// onceAs runs do under a key, or returns the answer it gave the first time.
func onceAs[T any](ctx context.Context, db *DB, actor Actor, key IdempotencyKey, what string, request any, do func(*txn) (T, error)) (out T, err error) {
	if key == "" {
		return out, refuse(ErrInvalid, "the request has no idempotency key: send one that is used for nothing else")
	}
	if err := checkText("idempotency key", string(key), 200); err != nil {
		return out, err
	}
	text, err := canonical([]any{what, request})
	if err != nil {
		return out, refuse(ErrInvalid, "the request cannot be written down: %v", err)
	}
	sum := sha256.Sum256(text)
	err = db.change(ctx, actor, func(tx *txn) error {
		var before []byte
		var answer string
		err := tx.QueryRowContext(ctx, "SELECT request, answer FROM idempotency WHERE actor_kind = ? AND actor_id = ? AND key = ?",
			string(actor.Kind), actor.ID, string(key)).Scan(&before, &answer)
		switch {
		case err == nil && string(before) != string(sum[:]):
			return refuse(ErrKeyReused, "the idempotency key was used for another request: take a new one")
		case err == nil:
			if err := json.Unmarshal([]byte(answer), &out); err != nil {
				return fmt.Errorf("read the first answer: %w", err)
			}
			return errUnchanged
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if out, err = do(tx); err != nil {
			return err
		}
		said, err := canonical(out)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO idempotency (actor_kind, actor_id, key, request, answer, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
			string(actor.Kind), actor.ID, string(key), sum[:], string(said), tx.at.UnixMilli())
		return err
	})
	return out, err
}
