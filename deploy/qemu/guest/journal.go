//go:build linux

package main

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"coldchain/sensors"
)

const look = 100 * time.Millisecond

// watch says every reading that the agent has made durable, once and in order,
// until ctx ends. It reads the journal's file beside the agent, as a person
// with the sqlite3 shell may.
func watch(ctx context.Context, path string, say func(string, ...any)) error {
	if err := await(ctx, patience, path); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tick := time.NewTicker(look)
	defer tick.Stop()
	var after uint64
	began := time.Now()
	for {
		last, err := tell(ctx, db, after, say)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && after == 0 && time.Since(began) < patience:
			// The agent is still creating the file's tables.
		case err != nil:
			return fmt.Errorf("read %s: %w", path, err)
		}
		after = last
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func tell(ctx context.Context, db *sql.DB, after uint64, say func(string, ...any)) (last uint64, err error) {
	rows, err := db.QueryContext(ctx, `SELECT seq, point, value, quality, reason FROM readable WHERE kind = 0 AND seq > ? ORDER BY seq`, after)
	if err != nil {
		return after, err
	}
	defer rows.Close()
	for rows.Next() {
		var point string
		var value sql.NullFloat64
		var quality sensors.Quality
		var reason sql.NullString
		if err := rows.Scan(&after, &point, &value, &quality, &reason); err != nil {
			return after, err
		}
		say("READING %s %s %s %s", point, number(value), quality, word(reason.String))
	}
	return after, rows.Err()
}

func number(v sql.NullFloat64) string {
	if !v.Valid {
		return "-"
	}
	return strconv.FormatFloat(v.Float64, 'f', -1, 64)
}

func word(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
