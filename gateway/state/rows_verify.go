package state

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// RowReport is what comparing the tables with the audit's digests found.
type RowReport struct {
	Rows      int      // compared
	Tables    []string // that have digests of each row
	Summed    []string // that have one digest of all rows
	SummedOf  int      // how many rows those have
	Uncovered []string // that have none: of a file that this version has not opened yet
	Wrong     []string // a sentence for each row that was changed, taken out or put in
}

// Covered reports whether the file has digests at all: one that no newer program
// has opened has none.
func (r RowReport) Covered() bool { return len(r.Tables) > 0 }

// maxWrongRows bounds a report.
const maxWrongRows = 100

// writtenRow is the newest digest of a row.
type writtenRow struct {
	digest string // empty: deleted
	seq    int64
}

// VerifyRows compares every row of the covered tables of a county.db at rest
// with the digest that the audit has of it, and each other table with its own
// digest. It says nothing of the audit itself:
// see Verify, which is to be asked first.
func VerifyRows(ctx context.Context, path string) (RowReport, error) {
	db, err := openAsIs(ctx, path, "mode", "ro", "immutable", "1")
	if err != nil {
		return RowReport{}, fmt.Errorf("verify the rows of %s: %w", path, err)
	}
	defer db.Close() // nothing was written
	r, err := db.verifyRows(ctx)
	if err != nil {
		return RowReport{}, fmt.Errorf("verify the rows of %s: %w", path, err)
	}
	return r, nil
}

func (db *DB) verifyRows(ctx context.Context) (out RowReport, err error) {
	written, err := db.auditedRows(ctx)
	if err != nil {
		return out, err
	}
	if err := db.verifySums(ctx, &out); err != nil {
		return out, err
	}
	if len(written) == 0 {
		return out, nil
	}
	tables, err := rowTables(ctx, db.reader)
	if err != nil {
		return out, err
	}
	for _, t := range tables {
		out.Tables = append(out.Tables, t.name)
		if err := db.verifyTable(ctx, t, written[t.name], &out); err != nil {
			return out, err
		}
		delete(written, t.name)
	}
	for name := range written {
		out.wrong("table %s is gone or cannot be read any more", name)
	}
	slices.Sort(out.Wrong)
	return out, nil
}

func (r *RowReport) wrong(format string, a ...any) {
	if len(r.Wrong) < maxWrongRows {
		r.Wrong = append(r.Wrong, fmt.Sprintf(format, a...))
	}
}

// auditedRows walks the audit for the newest digest of each row: by table, then
// by key, then by the columns that it is of.
func (db *DB) auditedRows(ctx context.Context) (map[string]map[string]map[string]writtenRow, error) {
	out := map[string]map[string]map[string]writtenRow{}
	rows, err := db.reader.QueryContext(ctx, "SELECT seq, detail FROM audit WHERE instr(detail, '\"rows\":') > 0 ORDER BY seq")
	err = each(rows, err, func() error {
		var seq int64
		var text string
		if err := rows.Scan(&seq, &text); err != nil {
			return err
		}
		var d struct {
			Rows json.RawMessage `json:"rows"`
		}
		var tables map[string]map[string]string
		if json.Unmarshal([]byte(text), &d) != nil || json.Unmarshal(d.Rows, &tables) != nil {
			return nil // the words occur in somebody's note
		}
		for id, keys := range tables {
			name, _, ok := strings.Cut(id, "(")
			if !ok {
				continue
			}
			if out[name] == nil {
				out[name] = map[string]map[string]writtenRow{}
			}
			for key, digest := range keys {
				out[name][key] = map[string]writtenRow{id: {digest, seq}} // the newest alone counts
			}
		}
		return nil
	})
	return out, err
}

// verifyTable compares one table, reading it once for each set of columns.
func (db *DB) verifyTable(ctx context.Context, t rowTable, written map[string]map[string]writtenRow, out *RowReport) error {
	forms := map[string]rowTable{t.id(): t}
	for _, w := range written {
		for id := range w {
			forms[id] = rowTable{t.name, strings.Split(strings.TrimSuffix(strings.TrimPrefix(id, t.name+"("), ")"), ","), t.key}
		}
	}
	seen := map[string]bool{}
	for id, f := range forms {
		if i := slices.IndexFunc(f.columns, func(c string) bool { return !slices.Contains(t.columns, c) }); i >= 0 {
			out.wrong("%s: a column %.40q that digests are of is gone", t.name, f.columns[i])
			continue
		}
		rows, err := db.reader.QueryContext(ctx, fmt.Sprintf(`SELECT %s, %s FROM main."%s"`, literals("", t.key), literals("", f.columns), t.name))
		err = each(rows, err, func() error {
			var key, text string
			if err := rows.Scan(&key, &text); err != nil {
				return err
			}
			w, known := written[key][id]
			_, other := written[key]
			switch {
			case known && w.digest == "":
				out.wrong("%s %s: there again, and audit row %d took it out", t.name, key, w.seq)
			case known && w.digest != f.digest(text):
				out.wrong("%s %s: not what audit row %d wrote: it was changed", t.name, key, w.seq)
			case !known && !other && id == t.id():
				out.wrong("%s %s: no audit row wrote it: it was put in", t.name, key)
			}
			if known {
				out.Rows++
			}
			seen[key] = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	for key, w := range written {
		for _, x := range w {
			if x.digest != "" && !seen[key] {
				out.wrong("%s %s: gone, and audit row %d wrote it", t.name, key, x.seq)
			}
		}
	}
	return nil
}
