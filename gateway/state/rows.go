package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The audit says what was done, and since this it also holds a digest of every
// row that was written in doing so: whoever changes such a row by hand, past
// this program, contradicts the chain. VerifyRows compares.

// rowTag separates these hashes from every other use of SHA-256.
const rowTag = "coldchain row 1"

// changing are the tables that have one digest for all rows (sums.go) and none for
// each in the audit: what arrives by itself and changes all the time, and what is
// worked out from it.
func changing() []string {
	return []string{"meta", "ranges", "refused", "entries", "tracks", "alarms", "rings", "gateways", "quarantine", "quarantine_counts",
		"dirty", "rolled", "retained", "outbox", "attempts", "pin_tries", "exposures", "trips", "stamps", "access_used"}
}

// chains are the tables that need no digest: the audit is a chain of its own,
// and what stands in digests contradicts its table when it is altered.
func chains() []string { return []string{"audit", "digests"} }

// metaRows is set once the rows that were there before this are in the audit.
const metaRows = "row_digests"

// baselineRows is how many digests one audit row of a baseline holds.
const baselineRows = 500

// rowTable is a table with digests.
type rowTable struct {
	name    string
	columns []string
	key     []string // of its primary key
}

// id names the table with the columns that a digest is of: a column that a later
// version adds is in no digest before the row is written again.
func (t rowTable) id() string { return t.name + "(" + strings.Join(t.columns, ",") + ")" }

// literals joins columns as SQL literals: exact, and NULL is not an empty text.
func literals(prefix string, columns []string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = "quote(" + prefix + `"` + c + `")`
	}
	return strings.Join(parts, `||','||`)
}

func (t rowTable) digest(text string) string {
	sum := sha256.Sum256([]byte(rowTag + "\n" + t.id() + "\n" + text))
	return hex.EncodeToString(sum[:])
}

// rowTables reads which tables have digests.
func rowTables(ctx context.Context, q querier) (tables []rowTable, err error) {
	rows, err := q.QueryContext(ctx, `SELECT m.name, i.name, i.pk FROM main.sqlite_schema m, pragma_table_info(m.name, 'main') i
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, i.cid`)
	err = each(rows, err, func() error {
		var table, column string
		var pk int
		if err := rows.Scan(&table, &column, &pk); err != nil {
			return err
		}
		if slices.Contains(changing(), table) || slices.Contains(chains(), table) {
			return nil
		}
		if n := len(tables); n == 0 || tables[n-1].name != table {
			tables = append(tables, rowTable{name: table})
		}
		t := &tables[len(tables)-1]
		t.columns = append(t.columns, column)
		if pk > 0 {
			t.key = append(t.key, column)
		}
		return nil
	})
	return slices.DeleteFunc(tables, func(t rowTable) bool { return len(t.key) == 0 }), err
}

// watchRows makes the writing connection note which rows it writes. The triggers
// are its own and in no file: a program that knows nothing of them is not
// troubled, and what another connection writes has no digest.
func (tx *txn) watchRows() error {
	if !tx.rows {
		return nil
	}
	var there bool
	if err := tx.QueryRowContext(tx.ctx, "SELECT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = 'written')").Scan(&there); err != nil || there {
		return err
	}
	tables, err := rowTables(tx.ctx, tx.Tx)
	if err != nil {
		return err
	}
	script := "CREATE TEMP TABLE written (tbl TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID;\n"
	for _, t := range tables {
		for _, when := range [][2]string{{"INSERT", "NEW."}, {"UPDATE", "NEW."}, {"UPDATE", "OLD."}, {"DELETE", "OLD."}} {
			// No OR IGNORE: an upsert that fires the trigger overrules it.
			key := literals(when[1], t.key)
			script += fmt.Sprintf("CREATE TEMP TRIGGER \"written_%s_%s_%s\" AFTER %s ON main.\"%s\" BEGIN INSERT INTO written SELECT '%s', %s WHERE NOT EXISTS (SELECT 1 FROM written WHERE tbl = '%s' AND key = %s); END;\n",
				t.name, when[0], when[1][:3], when[0], t.name, t.name, key, t.name, key)
		}
	}
	_, err = tx.ExecContext(tx.ctx, script)
	return err
}

// writtenRows returns the digests of the rows that the transaction has written,
// by table and key; of a deleted row the empty text.
func (tx *txn) writtenRows() (map[string]map[string]string, error) {
	if !tx.rows {
		return nil, nil
	}
	keys := map[string][]string{}
	rows, err := tx.QueryContext(tx.ctx, "SELECT tbl, key FROM temp.written")
	err = each(rows, err, func() error {
		var table, key string
		err := rows.Scan(&table, &key)
		keys[table] = append(keys[table], key)
		return err
	})
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	tables, err := rowTables(tx.ctx, tx.Tx)
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	for _, t := range tables {
		for _, key := range keys[t.name] {
			if out[t.id()] == nil {
				out[t.id()] = map[string]string{}
			}
			var text string
			// The key is written as SQL literals; values are compared, so that its index is used.
			err := tx.QueryRowContext(tx.ctx, fmt.Sprintf(`SELECT %s FROM main."%s" WHERE (%s) = (%s)`, literals("", t.columns), t.name, quoted(t.key), key)).Scan(&text)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				out[t.id()][key] = ""
			case err != nil:
				return nil, fmt.Errorf("digest of a row of %s: %w", t.name, err)
			default:
				out[t.id()][key] = t.digest(text)
			}
		}
	}
	_, err = tx.ExecContext(tx.ctx, "DELETE FROM temp.written")
	return out, err
}

func quoted(columns []string) string { return `"` + strings.Join(columns, `","`) + `"` }

// beginRows turns digests on: rows that were there before, or that a migration
// may have changed, go into the audit as they are now, and into the sums. Which
// version of the file that was done for is kept, so that it is done after every
// migration even when a power cut came in between.
func (db *DB) beginRows(ctx context.Context) error {
	sums, err := sumTables(ctx, db.writer)
	if err != nil {
		return err
	}
	db.rows = true
	err = db.change(ctx, Actor{Kind: System, ID: "county"}, func(tx *txn) error {
		var version int
		if err := tx.QueryRowContext(tx.ctx, "PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		want := fmt.Sprintf("%s, version %d", rowTag, version)
		var done bool
		if err := tx.QueryRowContext(tx.ctx, "SELECT EXISTS (SELECT 1 FROM meta WHERE name = ? AND value = ?)", metaRows, want).Scan(&done); err != nil {
			return err
		}
		if done {
			return errUnchanged
		}
		tables, err := rowTables(tx.ctx, tx.Tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := tx.baseline(t); err != nil {
				return err
			}
		}
		if err := tx.setMeta(metaRows, want); err != nil {
			return err
		}
		return tx.beginSums(sums)
	})
	if err == nil {
		db.summed = sums // what is written from now on
	}
	return err
}

// baseline writes the digests of all rows of a table into the audit.
func (tx *txn) baseline(t rowTable) error {
	var pieces []map[string]string
	rows, err := tx.QueryContext(tx.ctx, fmt.Sprintf(`SELECT %s, %s FROM main."%s"`, literals("", t.key), literals("", t.columns), t.name))
	err = each(rows, err, func() error {
		var key, text string
		if err := rows.Scan(&key, &text); err != nil {
			return err
		}
		if n := len(pieces); n == 0 || len(pieces[n-1]) == baselineRows {
			pieces = append(pieces, map[string]string{})
		}
		pieces[len(pieces)-1][key] = t.digest(text)
		return nil
	})
	if err != nil {
		return fmt.Errorf("digests of %s: %w", t.name, err)
	}
	for _, p := range pieces {
		if err := tx.audit("rows.covered", t.name, detail{"rows": map[string]map[string]string{t.id(): p}}); err != nil {
			return err
		}
	}
	return nil
}
