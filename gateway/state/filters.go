package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// metaFilters holds every topic filter that third-party senders ever had, as a
// JSON list.
const metaFilters = "source_filters"

// RememberFilters notes the topic filters that a session with the broker is
// about to be given, and returns those of earlier that are not among them. A
// broker keeps a session's subscriptions until it is told to give them up, and
// nobody else remembers what they were.
func (db *DB) RememberFilters(ctx context.Context, now []string) (earlier []string, err error) {
	err = db.change(ctx, deliverer, func(tx *txn) error {
		var known []string
		var text string
		err := tx.QueryRowContext(tx.ctx, "SELECT value FROM meta WHERE name = ?", metaFilters).Scan(&text)
		if err == nil {
			err = json.Unmarshal([]byte(text), &known)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		earlier = slices.DeleteFunc(slices.Clone(known), func(f string) bool { return slices.Contains(now, f) })
		all := slices.Concat(earlier, now)
		slices.Sort(all)
		if all = slices.Compact(all); slices.Equal(all, known) {
			return errUnchanged
		}
		encoded, err := json.Marshal(all)
		if err != nil {
			return err
		}
		return tx.setMeta(metaFilters, string(encoded))
	})
	if err != nil {
		return nil, fmt.Errorf("remember the topics of sources: %w", err)
	}
	return earlier, nil
}
