package state

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"coldchain/sensors"
)

// FrozenRange is a stretch of a point's readings that a certificate used, From
// inside and To outside.
type FrozenRange struct {
	Point    sensors.PointID
	Quantity sensors.Quantity
	From, To time.Time
}

// Evidence is the file that holds a copy of what is frozen.
type Evidence struct {
	File     string // its name in the folder of evidence
	Bytes    int64
	SHA256   []byte
	Readings int
}

// Frozen is everything that was frozen under one reference.
type Frozen struct {
	Reference string // the certificate's number
	By        Actor
	At        time.Time // county's clock
	Ranges    []FrozenRange
	Evidence  *Evidence // nil until the file is durable
}

// The bounds of one Freeze.
const (
	maxFrozenRanges = 1000
	maxReference    = 80
)

// A reference is also the name of a file.
var referenceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Freeze notes that a certificate used these ranges: retention keeps them from
// the moment this returns. The same again returns what is noted (fresh is
// false); the same reference with other ranges is refused with
// ErrFrozenOtherwise, because what was signed does not change.
func (db *DB) Freeze(ctx context.Context, actor Actor, reference string, ranges []FrozenRange) (f Frozen, fresh bool, err error) {
	if err := checkFreeze(reference, ranges); err != nil {
		return Frozen{}, false, err
	}
	ranges = slices.Clone(ranges)
	for i := range ranges { // as the file keeps them
		ranges[i].From, ranges[i].To = toMillisecond(ranges[i].From), toMillisecond(ranges[i].To)
	}
	sortRanges(ranges)
	err = db.change(ctx, actor, func(tx *txn) error {
		was, ok, err := frozenIn(tx.ctx, tx.Tx, reference)
		if err != nil {
			return err
		}
		if ok {
			if !slices.EqualFunc(was.Ranges, ranges, sameRange) {
				return refuse(ErrFrozenOtherwise, "%s was frozen with other ranges on %s: a new version needs its own reference", reference, was.At.Format(time.DateOnly))
			}
			f = was
			return errUnchanged
		}
		fresh = true
		f = Frozen{Reference: reference, By: actor, At: toMillisecond(tx.at), Ranges: ranges}
		if _, err := tx.ExecContext(tx.ctx, "INSERT INTO frozen (reference, by_kind, by_id, at_ms) VALUES (?, ?, ?, ?)", reference, string(actor.Kind), actor.ID, f.At.UnixMilli()); err != nil {
			return err
		}
		told := make([]detail, 0, len(ranges))
		for _, r := range ranges {
			_, err := tx.ExecContext(tx.ctx, "INSERT INTO frozen_ranges (point, quantity, from_ms, to_ms, reference) VALUES (?, ?, ?, ?, ?)",
				string(r.Point), string(r.Quantity), r.From.UnixMilli(), r.To.UnixMilli(), reference)
			if err != nil {
				return err
			}
			told = append(told, detail{"point": r.Point, "quantity": r.Quantity, "from": r.From.Format(time.RFC3339Nano), "to": r.To.Format(time.RFC3339Nano)})
		}
		return tx.audit("readings.frozen", reference, detail{"ranges": told})
	})
	if err != nil {
		return Frozen{}, false, fmt.Errorf("freeze %s: %w", reference, err)
	}
	return f, fresh, nil
}

func checkFreeze(reference string, ranges []FrozenRange) error {
	if len(reference) > maxReference || !referenceForm.MatchString(reference) {
		return refuse(ErrInvalid, "reference %.80q is not a certificate's number: letters, digits, dots, hyphens and underscores, at most %d", reference, maxReference)
	}
	if n := len(ranges); n < 1 || n > maxFrozenRanges {
		return refuse(ErrInvalid, "%d ranges to freeze; want 1 to %d", n, maxFrozenRanges)
	}
	for _, r := range ranges {
		if _, err := sensors.ParsePointID(string(r.Point)); err != nil {
			return refuse(ErrInvalid, "freeze: %v", err)
		}
		if _, err := sensors.ParseQuantity(string(r.Quantity)); err != nil {
			return refuse(ErrInvalid, "freeze: %v", err)
		}
		if r.From.UnixMilli() >= r.To.UnixMilli() {
			return refuse(ErrInvalid, "freeze %s: the range from %s to %s is empty", r.Point, r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
		}
	}
	return nil
}

func sortRanges(ranges []FrozenRange) {
	slices.SortFunc(ranges, func(a, b FrozenRange) int {
		switch {
		case a.Point != b.Point:
			return compare(a.Point, b.Point)
		case !a.From.Equal(b.From):
			return a.From.Compare(b.From)
		case !a.To.Equal(b.To):
			return a.To.Compare(b.To)
		}
		return compare(a.Quantity, b.Quantity)
	})
}

func compare[T ~string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func sameRange(a, b FrozenRange) bool {
	return a.Point == b.Point && a.Quantity == b.Quantity && a.From.Equal(b.From) && a.To.Equal(b.To)
}

// NoteEvidence writes that the copy of what is frozen under a reference is
// durable, and its SHA-256 into the audit.
func (db *DB) NoteEvidence(ctx context.Context, actor Actor, reference string, e Evidence) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		done, err := tx.ExecContext(tx.ctx, "UPDATE frozen SET file = ?, bytes = ?, sha256 = ?, readings = ? WHERE reference = ? AND file IS NULL", e.File, e.Bytes, e.SHA256, e.Readings, reference)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, refuse(ErrNotFound, "nothing is frozen under %s without a copy", reference))
		}
		return tx.audit("evidence.written", reference, detail{"file": e.File, "bytes": e.Bytes, "readings": e.Readings, "sha256": hex.EncodeToString(e.SHA256)})
	})
	if err != nil {
		return fmt.Errorf("note the evidence of %s: %w", reference, err)
	}
	return nil
}

// Frozen returns what is frozen under a reference, or ErrNotFound.
func (db *DB) Frozen(ctx context.Context, reference string) (f Frozen, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		var ok bool
		if f, ok, err = frozenIn(ctx, tx, reference); err == nil && !ok {
			err = refuse(ErrNotFound, "nothing is frozen under %.80q", reference)
		}
		return err
	})
	return f, err
}

// AllFrozen returns everything that is frozen, by reference.
func (db *DB) AllFrozen(ctx context.Context) (all []Frozen, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		var references []string
		rows, err := tx.QueryContext(ctx, "SELECT reference FROM frozen ORDER BY reference")
		err = each(rows, err, func() error {
			var r string
			err := rows.Scan(&r)
			references = append(references, r)
			return err
		})
		if err != nil {
			return err
		}
		for _, r := range references {
			f, _, err := frozenIn(ctx, tx, r)
			if err != nil {
				return err
			}
			all = append(all, f)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list what is frozen: %w", err)
	}
	return all, nil
}

// CountFrozen returns how many references have something frozen, and how many
// of them have no evidence yet.
func (db *DB) CountFrozen(ctx context.Context) (all, uncopied int, err error) {
	if err := db.reader.QueryRowContext(ctx, "SELECT count(*), count(*) - count(file) FROM frozen").Scan(&all, &uncopied); err != nil {
		return 0, 0, fmt.Errorf("count what is frozen: %w", err)
	}
	return all, uncopied, nil
}

// ListFrozen is AllFrozen of the county.db at path, which may be in use.
func ListFrozen(ctx context.Context, path string) ([]Frozen, error) {
	return listFrozen(ctx, path, "mode", "rw")
}

// ListFrozenAtRest is ListFrozen of a file that nobody has open. It changes
// nothing, not even beside the file.
func ListFrozenAtRest(ctx context.Context, path string) ([]Frozen, error) {
	return listFrozen(ctx, path, "mode", "ro", "immutable", "1")
}

// listFrozen reads a file that may be of a version before anything was frozen.
func listFrozen(ctx context.Context, path string, parameters ...string) (all []Frozen, err error) {
	db, err := openAsIs(ctx, path, parameters...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var has bool
	err = db.reader.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'frozen')").Scan(&has)
	if err == nil && has {
		all, err = db.AllFrozen(ctx)
	}
	return all, errors.Join(err, db.Close())
}

func frozenIn(ctx context.Context, tx *sql.Tx, reference string) (f Frozen, ok bool, err error) {
	var at int64
	var file sql.NullString
	var e Evidence
	var bytes, readings sql.NullInt64
	row := tx.QueryRowContext(ctx, "SELECT by_kind, by_id, at_ms, file, bytes, sha256, readings FROM frozen WHERE reference = ?", reference)
	err = row.Scan(&f.By.Kind, &f.By.ID, &at, &file, &bytes, &e.SHA256, &readings)
	if errors.Is(err, sql.ErrNoRows) {
		return Frozen{}, false, nil
	}
	if err != nil {
		return Frozen{}, false, err
	}
	f.Reference, f.At = reference, time.UnixMilli(at).UTC()
	if file.Valid {
		e.File, e.Bytes, e.Readings = file.String, bytes.Int64, int(readings.Int64)
		f.Evidence = &e
	}
	rows, err := tx.QueryContext(ctx, "SELECT point, quantity, from_ms, to_ms FROM frozen_ranges WHERE reference = ?", reference)
	err = each(rows, err, func() error {
		var r FrozenRange
		var from, to int64
		if err := rows.Scan(&r.Point, &r.Quantity, &from, &to); err != nil {
			return err
		}
		r.From, r.To = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC()
		f.Ranges = append(f.Ranges, r)
		return nil
	})
	sortRanges(f.Ranges)
	return f, true, err
}

// FrozenOf returns the ranges of a point that are frozen and touch [from, to),
// oldest first; they may overlap.
func (db *DB) FrozenOf(ctx context.Context, point sensors.PointID, from, to time.Time) (out []FrozenRange, err error) {
	rows, err := db.reader.QueryContext(ctx, "SELECT point, quantity, from_ms, to_ms FROM frozen_ranges WHERE point = ? AND from_ms < ? AND to_ms > ? ORDER BY from_ms", string(point), to.UnixMilli(), from.UnixMilli())
	err = each(rows, err, func() error {
		var r FrozenRange
		var first, last int64
		if err := rows.Scan(&r.Point, &r.Quantity, &first, &last); err != nil {
			return err
		}
		r.From, r.To = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what is frozen of %s: %w", point, err)
	}
	return out, nil
}
