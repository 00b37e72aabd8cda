package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/trip"
)

// Trip is a trip as it was worked out last.
type Trip struct {
	ID      string `json:"id"`
	Truck   string `json:"truck"`
	Version int    `json:"version"` // 1 and up; a trip that was over and is told otherwise has the next one
	trip.Trip
	// Withdrawn is when later facts made no trip of it; zero: it stands. Instead is
	// the trip that its time belongs to then; empty: none.
	Withdrawn time.Time `json:"withdrawn,omitzero"`
	Instead   string    `json:"instead,omitempty"`
}

// TripFilter narrows a list of trips; its zero value means all that stand.
type TripFilter struct {
	Truck    string
	Batch    string    // that it carried
	From, To time.Time // that touch From..To; zero: no such bound
	Open     *bool     // that go on, or that are over
	After    *Mark     // those that come after it in the list; nil: from the first
	Limit    int       // 0: no limit
}

// tripper works trips out.
var tripper = Actor{Kind: System, ID: "trips"}

// tripSettles is how long after its end a trip may change without being told
// otherwise: readings are allowed to take a little while.
const tripSettles = 15 * time.Minute

const tripColumns = "SELECT id, truck, version, facts, withdrawn_ms, instead FROM trips"

func (t *Trip) scan(rows interface{ Scan(...any) error }) error {
	var facts string
	var withdrawn sql.NullInt64
	if err := rows.Scan(&t.ID, &t.Truck, &t.Version, &facts, &withdrawn, &t.Instead); err != nil {
		return err
	}
	t.Withdrawn = fromMillis(withdrawn)
	return json.Unmarshal([]byte(facts), &t.Trip)
}

// Trips returns the trips that stand, newest first.
func (db *DB) Trips(ctx context.Context, f TripFilter) ([]Trip, error) {
	where, args := []string{"withdrawn_ms IS NULL"}, []any{}
	and := func(clause string, a any) { where, args = append(where, clause), append(args, a) }
	if f.Truck != "" {
		and("truck = ?", f.Truck)
	}
	if f.Batch != "" {
		and("EXISTS (SELECT 1 FROM json_each(facts, '$.cargo') WHERE json_extract(value, '$.batch') = ?)", f.Batch)
	}
	if !f.From.IsZero() {
		and("(to_ms IS NULL OR to_ms > ?)", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		and("from_ms < ?", f.To.UnixMilli())
	}
	if f.Open != nil {
		and("(to_ms IS NULL) = ?", *f.Open)
	}
	if _, ms, id := f.After.args(); ms != nil {
		where, args = append(where, "(from_ms < ? OR from_ms = ? AND id > ?)"), append(args, ms, ms, id)
	}
	limit := f.Limit
	if limit == 0 {
		limit = -1
	}
	out := []Trip{}
	rows, err := db.reader.QueryContext(ctx, tripColumns+" WHERE "+strings.Join(where, " AND ")+" ORDER BY from_ms DESC, id LIMIT ?", append(args, limit)...)
	err = each(rows, err, func() error {
		var t Trip
		err := t.scan(rows)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list trips: %w", err)
	}
	return out, nil
}

// Trip returns one trip, also one that was withdrawn. ErrNotFound.
func (db *DB) Trip(ctx context.Context, id string) (t Trip, err error) {
	found := false
	rows, err := db.reader.QueryContext(ctx, tripColumns+" WHERE id = ?", id)
	err = each(rows, err, func() error {
		found = true
		return t.scan(rows)
	})
	if err != nil {
		return t, fmt.Errorf("read trip %.64s: %w", id, err)
	}
	if !found {
		return t, refuse(ErrNotFound, "there is no trip %.64s", id)
	}
	return t, nil
}

// KeepTrips puts what was worked out of a truck in the place of its trips that
// reach beyond since. One that shares its time with one that was there is that
// one, told anew; one that nothing is left of is withdrawn.
func (db *DB) KeepTrips(ctx context.Context, truck string, since time.Time, found []trip.Trip) error {
	for _, t := range found {
		if t.From.Before(since) {
			since = t.From
		}
	}
	err := db.change(ctx, tripper, func(tx *txn) error {
		before, err := tx.tripsBeyond(truck, since)
		if err != nil {
			return err
		}
		changed := false
		taken := map[string]bool{} // by id
		for i, now := range found {
			t, text, err := tx.named(truck, now, before, taken, found[i+1:])
			if err != nil {
				return err
			}
			wrote, err := tx.keepTrip(t, text)
			if err != nil {
				return err
			}
			changed = changed || wrote
		}
		for _, old := range before {
			if taken[old.ID] {
				continue
			}
			changed = true
			if err := tx.withdrawTrip(old, found); err != nil {
				return err
			}
		}
		if !changed {
			return errUnchanged
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the trips of %.40s: %w", truck, err)
	}
	return nil
}

func (tx *txn) tripsBeyond(truck string, since time.Time) (out []Trip, err error) {
	rows, err := tx.QueryContext(tx.ctx, tripColumns+" WHERE truck = ? AND withdrawn_ms IS NULL AND (to_ms IS NULL OR to_ms > ?) ORDER BY from_ms", truck, since.UnixMilli())
	err = each(rows, err, func() error {
		var t Trip
		err := t.scan(rows)
		out = append(out, t)
		return err
	})
	return out, err
}

// shared is how long two trips go on together.
func shared(a, b trip.Trip) time.Duration {
	from, to := a.From, a.To
	if b.From.After(from) {
		from = b.From
	}
	if to.IsZero() || !b.To.IsZero() && b.To.Before(to) {
		to = b.To
	}
	if to.IsZero() {
		return 1<<63 - 1 // both go on
	}
	return to.Sub(from)
}

// named finds which of the trips before a trip is: the one that it shares most
// time with, if that does not share more with a later one. taken is told.
func (tx *txn) named(truck string, now trip.Trip, before []Trip, taken map[string]bool, later []trip.Trip) (t Trip, text string, err error) {
	b, err := json.Marshal(now)
	if err != nil {
		return t, "", err
	}
	most := time.Duration(0)
	for _, old := range before {
		s := shared(old.Trip, now)
		more := slices.ContainsFunc(later, func(x trip.Trip) bool { return shared(old.Trip, x) > s })
		if !taken[old.ID] && s > most && !more {
			t, most = old, s
		}
	}
	if t.ID == "" {
		t = Trip{ID: truck + "-" + now.From.UTC().Format("20060102T150405Z"), Truck: truck}
	}
	taken[t.ID] = true
	told := t.Trip
	t.Trip = now
	return t.versioned(told, tx.at), string(b), nil
}

// versioned counts the version up when a trip that was over is told otherwise.
func (t Trip) versioned(told trip.Trip, at time.Time) Trip {
	switch {
	case t.Version == 0:
		t.Version = 1
	case told.To.IsZero(), at.Sub(told.To) < tripSettles:
	default:
		t.Version++
	}
	return t
}

// keepTrip writes a trip unless it is as it was. What goes on changes all the
// time: the audit has where it began and ended, and what was told otherwise.
func (tx *txn) keepTrip(t Trip, text string) (wrote bool, err error) {
	var was struct {
		facts   string
		version int
		open    bool
		gone    sql.NullInt64
	}
	err = tx.QueryRowContext(tx.ctx, "SELECT facts, version, to_ms IS NULL, withdrawn_ms FROM trips WHERE id = ?", t.ID).Scan(&was.facts, &was.version, &was.open, &was.gone)
	switch {
	case err == nil && was.facts == text && !was.gone.Valid:
		return false, nil
	case err == nil && was.gone.Valid: // what was withdrawn is there again
		t.Version = was.version + 1
	case err != nil && err != sql.ErrNoRows:
		return false, err
	}
	isNew := err != nil
	to := sql.NullInt64{Int64: t.To.UnixMilli(), Valid: !t.To.IsZero()}
	if _, err := tx.ExecContext(tx.ctx, `INSERT INTO trips (id, truck, from_ms, to_ms, version, facts, changed_ms, withdrawn_ms, instead) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, '')
		ON CONFLICT (id) DO UPDATE SET from_ms = excluded.from_ms, to_ms = excluded.to_ms, version = excluded.version, facts = excluded.facts, changed_ms = excluded.changed_ms, withdrawn_ms = NULL, instead = ''`,
		t.ID, t.Truck, t.From.UnixMilli(), to, t.Version, text, tx.at.UnixMilli()); err != nil {
		return false, err
	}
	sum := sha256.Sum256([]byte(text))
	d := detail{"truck": t.Truck, "from": stamp(t.From), "version": t.Version, "digest": hex.EncodeToString(sum[:])}
	if !t.To.IsZero() {
		d["to"] = stamp(t.To)
	}
	switch {
	case isNew:
		return true, tx.audit("trip.found", t.ID, d)
	case t.Version != was.version:
		return true, tx.audit("trip.version", t.ID, d)
	case was.open && !t.To.IsZero():
		return true, tx.audit("trip.ended", t.ID, d)
	}
	return true, nil
}

// withdrawTrip says that nothing is left of a trip, and where its time is now.
func (tx *txn) withdrawTrip(old Trip, found []trip.Trip) error {
	instead, most := "", time.Duration(0)
	for _, now := range found {
		if s := shared(old.Trip, now); s > most {
			most = s
			if err := tx.QueryRowContext(tx.ctx, "SELECT id FROM trips WHERE truck = ? AND from_ms = ? AND withdrawn_ms IS NULL", old.Truck, now.From.UnixMilli()).Scan(&instead); err != nil {
				return err
			}
		}
	}
	if _, err := tx.ExecContext(tx.ctx, "UPDATE trips SET withdrawn_ms = ?, instead = ?, version = version + 1 WHERE id = ?", tx.at.UnixMilli(), instead, old.ID); err != nil {
		return err
	}
	return tx.audit("trip.withdrawn", old.ID, detail{"truck": old.Truck, "from": stamp(old.From), "instead": instead})
}

// Carried returns the stays of batches in a box that reach beyond a moment,
// with where the books have them next to it, by when they began.
func (db *DB) Carried(ctx context.Context, box string, since time.Time) ([]trip.Aboard, error) {
	out := []trip.Aboard{}
	rows, err := db.reader.QueryContext(ctx, `SELECT c.batch, c.from_ms, c.to_ms, coalesce(b.zone, ''), coalesce(b.place, ''), coalesce(a.zone, ''), coalesce(a.place, '')
		FROM custody c LEFT JOIN custody b ON b.batch = c.batch AND b.to_ms = c.from_ms AND b.from_ms < c.from_ms LEFT JOIN custody a ON a.batch = c.batch AND a.from_ms = c.to_ms AND c.to_ms IS NOT NULL
		WHERE c.zone = ? AND coalesce(c.to_ms, 9223372036854775807) > ? ORDER BY c.from_ms, c.batch`, box, since.UnixMilli())
	err = each(rows, err, func() error {
		var x trip.Aboard
		var from int64
		var to sql.NullInt64
		err := rows.Scan(&x.Batch, &from, &to, &x.BeforeZone, &x.BeforePlace, &x.AfterZone, &x.AfterPlace)
		x.From, x.To = time.UnixMilli(from).UTC(), fromMillis(to)
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what %.80s carried: %w", box, err)
	}
	return out, nil
}
