package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// hasSums reports whether a program that keeps sums has opened the file.
func (db *DB) hasSums(ctx context.Context) (has bool, err error) {
	err = db.writer.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'digests')").Scan(&has)
	if err != nil || !has {
		return false, err
	}
	err = db.writer.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM digests)").Scan(&has)
	return has, err
}

// keepSums makes a file that was opened as it is keep its digests up, if it has
// any: also what another program than the collector writes has to agree.
func (db *DB) keepSums(ctx context.Context) error {
	has, err := db.hasSums(ctx)
	if err != nil || !has {
		return err
	}
	if db.summed, err = sumTables(ctx, db.writer); err != nil {
		return err
	}
	db.rows = true
	return db.often.prepare(ctx, db.writer)
}

// verifySums compares every table that has one digest of all rows with it, and
// what the tables are with theirs.
func (db *DB) verifySums(ctx context.Context, out *RowReport) error {
	has, err := db.hasSums(ctx)
	if err != nil {
		return err
	}
	if !has {
		out.Uncovered = changing()
		return nil
	}
	kept, err := db.keptSums(ctx)
	if err != nil {
		return err
	}
	tables, err := sumTables(ctx, db.reader)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		s, zero, err := tables[name].total(ctx, db.reader)
		if err != nil {
			return err
		}
		out.Summed = append(out.Summed, name)
		out.SummedOf += int(s.rows)
		out.compare(name, s, kept)
		if zero > 0 {
			out.wrong("%s: %d texts have a zero byte, which this program does not write, and what stands behind it has no digest", name, zero)
		}
	}
	s, err := schemaTotal(ctx, db.reader)
	if err != nil {
		return err
	}
	out.compare(schemaSum, s, kept)
	for name := range kept {
		out.wrong("digests: there is one of %.40q, and no such table", name)
	}
	return db.verifyNumbering(ctx, out)
}

func (db *DB) keptSums(ctx context.Context) (map[string]sumRow, error) {
	kept := map[string]sumRow{}
	rows, err := db.reader.QueryContext(ctx, "SELECT name, rows, sum FROM digests")
	err = each(rows, err, func() error {
		var name string
		var k sumRow
		err := rows.Scan(&name, &k.rows, &k.sum)
		kept[name] = k
		return err
	})
	return kept, err
}

// sumRow is a sum as the file has it.
type sumRow struct {
	rows int64
	sum  []byte
}

// compare compares a table's rows with their digest and takes that out of kept.
func (r *RowReport) compare(name string, is sum, kept map[string]sumRow) {
	was, ok := kept[name]
	delete(kept, name)
	what := name
	if name == schemaSum {
		what = "the tables, indexes and triggers themselves (sqlite_schema)"
	}
	switch {
	case !ok:
		r.wrong("%s: its digest is gone", what)
	case was.rows != is.rows:
		r.wrong("%s: %d rows, and the digest written with the last change is of %d: a row was put in or taken out, or the digest was changed", what, is.rows, was.rows)
	case string(was.sum) != string(is.bytes()):
		r.wrong("%s: its %d rows are not those that the digest written with the last change is of: a row or the digest was changed", what, is.rows)
	}
}

// verifyNumbering checks the one number that SQLite keeps by itself: ids of the
// quarantine have no holes at the end, so its counter is the highest id.
func (db *DB) verifyNumbering(ctx context.Context, out *RowReport) error {
	var highest, counter sql.NullInt64
	if err := db.reader.QueryRowContext(ctx, "SELECT max(id) FROM quarantine").Scan(&highest); err != nil {
		return err
	}
	err := db.reader.QueryRowContext(ctx, "SELECT seq FROM sqlite_sequence WHERE name = 'quarantine'").Scan(&counter)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("counter of the quarantine: %w", err)
	}
	var others int
	if err := db.reader.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_sequence WHERE name <> 'quarantine'").Scan(&others); err != nil {
		return err
	}
	if highest != counter || others > 0 {
		out.wrong("sqlite_sequence: the counter of the quarantine is %d and its newest row %d: the counter was changed", counter.Int64, highest.Int64)
	}
	return nil
}
