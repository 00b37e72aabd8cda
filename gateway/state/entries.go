package state

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"coldchain/gateway/wire"
)

// JournalEntry is a record of an edge's journal that is not a reading: a gap
// it declares, or an event.
type JournalEntry struct {
	Site    string
	Gateway string
	Epoch   uint64
	wire.Record
}

// commitEntries keeps gaps and events once each, and books what drivers said.
func (db *DB) commitEntries(tx *txn, entries []JournalEntry) error {
	for _, e := range entries {
		fresh, err := tx.commitEntry(e)
		if err == nil && fresh {
			err = db.heardOfGoods(tx, e)
		}
		if err != nil {
			return fmt.Errorf("journal entry %d of %s: %w", e.Seq, e.Gateway, err)
		}
	}
	return nil
}

// commitEntry reports whether the entry was not there before.
func (tx *txn) commitEntry(e JournalEntry) (fresh bool, err error) {
	if err := checkRange(Run{e.Gateway, e.Epoch}, e.Seq, e.Seq); err != nil {
		return false, err
	}
	var kind, name, object string
	var from, to time.Time
	var count uint64
	words := map[string]string{}
	switch e.Kind {
	case wire.GapRecord:
		kind, name, object, from, to, count = "gap", e.Gap.Cause, e.Gap.Scope, e.Gap.From, e.Gap.To, e.Gap.Count
	case wire.EventRecord:
		kind, name, object, from, to = "event", e.Event.Name, e.Event.Object, e.Event.At, e.Event.At
		if e.Event.Detail != nil {
			words = e.Event.Detail
		}
	default:
		return false, refuse(ErrInvalid, "a record of kind %d is neither a gap nor an event", e.Kind)
	}
	text, err := canonical(words)
	if err != nil {
		return false, err
	}
	if told, err := tx.toldBefore(e); err != nil || told {
		return false, err
	}
	r, err := tx.ExecContext(tx.ctx, `INSERT INTO entries
		(gateway, epoch, seq, site, kind, from_ms, to_ms, name, object, count, boot, mono_ms, clock, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (gateway, epoch, seq) DO NOTHING`,
		e.Gateway, e.Epoch, e.Seq, e.Site, kind, from.UnixMilli(), to.UnixMilli(), plain(name), plain(object),
		min(count, math.MaxInt64), plain(e.Boot), e.Mono.Milliseconds(), string(e.Clock), string(text))
	if err != nil {
		return false, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	if err := tx.heardOfTruck(e); err != nil {
		return false, err
	}
	return true, tx.answerFromSite(e)
}

// toldBefore reports whether a gap is known already, under whatever number: a
// gateway whose journal was lost, or whose county was set back, declares it again.
func (tx *txn) toldBefore(e JournalEntry) (bool, error) {
	if e.Kind != wire.GapRecord {
		return false, nil
	}
	rows, err := tx.QueryContext(tx.ctx, `SELECT from_ms, to_ms, count FROM entries WHERE kind = 'gap' AND site = ? AND gateway = ?
		AND name = ? AND object = ? AND from_ms BETWEEN ? AND ? AND to_ms <= ? ORDER BY from_ms`,
		e.Site, e.Gateway, e.Gap.Cause, e.Gap.Scope, e.Gap.From.UnixMilli(), e.Gap.To.UnixMilli(), e.Gap.To.UnixMilli())
	var known []wire.Gap
	err = each(rows, err, func() error {
		g := wire.Gap{Scope: e.Gap.Scope, Cause: e.Gap.Cause}
		var from, to int64
		err := rows.Scan(&from, &to, &g.Count)
		g.From, g.To = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC()
		known = append(known, g)
		return err
	})
	return err == nil && e.Gap.ToldBy(known), err
}

// EntryFilter chooses gaps and events; zero fields choose all.
type EntryFilter struct {
	Site     string
	From, To time.Time // those that touch this time, both ends included
	Limit    int
}

// Entries returns declared gaps and events in order of time.
func (db *DB) Entries(ctx context.Context, f EntryFilter) ([]JournalEntry, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT gateway, epoch, seq, site, kind, from_ms, to_ms, name, object, count, boot, mono_ms, clock, detail
		FROM entries WHERE (?1 = '' OR site = ?1) AND (?2 IS NULL OR to_ms >= ?2) AND (?3 IS NULL OR from_ms <= ?3)
		ORDER BY from_ms, gateway, epoch, seq LIMIT ?4`, f.Site, millis(f.From), millis(f.To), limit(f.Limit))
	out := []JournalEntry{}
	err = each(rows, err, func() error {
		var e JournalEntry
		var kind, name, object, text string
		var from, to, mono int64
		var count uint64
		if err := rows.Scan(&e.Gateway, &e.Epoch, &e.Seq, &e.Site, &kind, &from, &to, &name, &object, &count, &e.Boot, &mono, &e.Clock, &text); err != nil {
			return err
		}
		e.Mono = time.Duration(mono) * time.Millisecond
		if kind == "gap" {
			e.Kind = wire.GapRecord
			e.Gap = wire.Gap{Scope: object, From: time.UnixMilli(from).UTC(), To: time.UnixMilli(to).UTC(), Cause: name, Count: count}
		} else {
			e.Kind = wire.EventRecord
			e.Event = wire.Event{At: time.UnixMilli(from).UTC(), Name: name, Object: object}
			if err := json.Unmarshal([]byte(text), &e.Event.Detail); err != nil {
				return err
			}
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read journal entries: %w", err)
	}
	return out, nil
}
