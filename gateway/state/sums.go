package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Tables whose rows change all the time (changing) would fill the audit with
// digests. They have one digest each, in the table digests: the digests of all
// rows, added up as numbers of 256 bits. A sum needs no order and no other row,
// so that the transaction which writes a row also writes the sum, for the price
// of that row alone.

// sumTag separates these hashes from every other use of SHA-256.
const sumTag = "coldchain sum 1"

// schemaSum is the name under which the digest of what the tables are stands.
const schemaSum = "sqlite_schema"

// sum is how many rows a table has and what their digests add up to, modulo
// 2^256, lowest limb first.
type sum struct {
	rows  int64
	limbs [4]uint64
}

func limbs(digest []byte) (l [4]uint64) {
	for i := range l {
		l[i] = binary.BigEndian.Uint64(digest[24-8*i:])
	}
	return l
}

func (s *sum) add(digest [sha256.Size]byte) {
	s.plus(sum{1, limbs(digest[:])})
}

func (s *sum) take(digest [sha256.Size]byte) {
	s.rows--
	var borrow uint64
	for i, l := range limbs(digest[:]) {
		s.limbs[i], borrow = bits.Sub64(s.limbs[i], l, borrow)
	}
}

func (s *sum) plus(o sum) {
	s.rows += o.rows
	var carry uint64
	for i, l := range o.limbs {
		s.limbs[i], carry = bits.Add64(s.limbs[i], l, carry)
	}
}

func (s *sum) bytes() []byte {
	var b []byte
	for i := range s.limbs {
		b = binary.BigEndian.AppendUint64(b, s.limbs[3-i])
	}
	return b
}

// sumTable is a table with a sum.
type sumTable struct {
	rowTable
	real []bool // by column: a whole number is kept as an integer and is a real all the same
	head string // what every row's digest begins with
}

func newSumTable(name string, columns []string, real []bool) *sumTable {
	t := rowTable{name: name, columns: columns}
	return &sumTable{t, real, sumTag + "\n" + t.id() + "\n"}
}

// digestOf is the digest of one row, by the form in DESIGN.md. buffer is used
// again and returned.
func (t *sumTable) digestOf(buffer []byte, values []any) ([]byte, [sha256.Size]byte, error) {
	b := append(buffer[:0], t.head...)
	field := func(kind byte, text string) {
		b = binary.BigEndian.AppendUint32(append(b, kind), uint32(len(text)))
		b = append(b, text...)
	}
	number := func(kind byte, n uint64) { b = binary.BigEndian.AppendUint64(append(b, kind), n) }
	for i, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			if t.real[i] {
				number('r', math.Float64bits(float64(v)))
			} else {
				number('i', uint64(v))
			}
		case float64:
			number('r', math.Float64bits(v))
		case string:
			// What notes the writing sees a text as far as its first zero byte.
			text, _, _ := strings.Cut(v, "\x00")
			field('t', text)
		case []byte:
			field('b', string(v))
		default:
			return b, [sha256.Size]byte{}, fmt.Errorf("digest of a row of %s: column %s is a %T", t.name, t.columns[i], v)
		}
	}
	return b, sha256.Sum256(b), nil
}

// sumTables reads which tables have sums.
func sumTables(ctx context.Context, q querier) (map[string]*sumTable, error) {
	out := map[string]*sumTable{}
	rows, err := q.QueryContext(ctx, `SELECT m.name, i.name, i.type FROM main.sqlite_schema m, pragma_table_info(m.name, 'main') i
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, i.cid`)
	err = each(rows, err, func() error {
		var table, column, kind string
		if err := rows.Scan(&table, &column, &kind); err != nil {
			return err
		}
		if !slices.Contains(changing(), table) {
			return nil
		}
		if out[table] == nil {
			out[table] = &sumTable{}
		}
		t := out[table]
		*t = *newSumTable(table, append(t.columns, column), append(t.real, kind == "REAL"))
		return nil
	})
	return out, err
}

// total adds up the whole table. zero is how many texts have a zero byte, behind
// which no digest reaches.
func (t *sumTable) total(ctx context.Context, q querier) (s sum, zero int, err error) {
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	var buffer []byte
	rows, err := q.QueryContext(ctx, fmt.Sprintf(`SELECT %s FROM "%s"`, quoted(t.columns), t.name))
	err = each(rows, err, func() error {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for _, v := range values {
			if text, ok := v.(string); ok && strings.Contains(text, "\x00") {
				zero++
			}
		}
		var digest [sha256.Size]byte
		var err error
		buffer, digest, err = t.digestOf(buffer, values)
		s.add(digest)
		return err
	})
	if err != nil {
		return s, 0, fmt.Errorf("add up %s: %w", t.name, err)
	}
	return s, zero, nil
}

// schemaTotal is the digest of what the tables, indexes and triggers are, with
// the version that the file says it has. Where they begin in the file is left
// out: a copy moves them.
func schemaTotal(ctx context.Context, q querier) (s sum, err error) {
	t := newSumTable(schemaSum, []string{"type", "name", "tbl_name", "sql"}, make([]bool, 4))
	if s, _, err = t.total(ctx, q); err != nil {
		return s, err
	}
	version := newSumTable("pragma_user_version", []string{"user_version"}, make([]bool, 1))
	v, _, err := version.total(ctx, q)
	s.plus(v)
	return s, err
}

// writtenSums is what a transaction changes of the sums.
type writtenSums struct {
	tables  map[string]*sumTable
	changed map[string]*sum
	values  []any
	buffer  []byte
	err     error
}

// watchSums has the connection tell of every row that the transaction is about
// to write. The connection may be a new one each time: it is told each time.
func (db *DB) watchSums(conn *sql.Conn) (*writtenSums, error) {
	if db.summed == nil {
		return nil, nil
	}
	w := &writtenSums{tables: db.summed, changed: map[string]*sum{}}
	err := conn.Raw(func(driver any) error {
		h, ok := driver.(sqlite.HookRegisterer)
		if !ok {
			return fmt.Errorf("the database driver (%T) cannot tell which rows are written", driver)
		}
		h.RegisterPreUpdateHook(w.note)
		return nil
	})
	return w, err
}

// note is called for each row before it is written.
func (w *writtenSums) note(d sqlite.SQLitePreUpdateData) {
	t := w.tables[d.TableName]
	if t == nil || d.DatabaseName != "main" || w.err != nil {
		return
	}
	s := w.changed[d.TableName]
	if s == nil {
		s = &sum{}
		w.changed[d.TableName] = s
	}
	if d.Op != sqlite3.SQLITE_INSERT {
		w.row(t, d.Old, s.take)
	}
	if d.Op != sqlite3.SQLITE_DELETE {
		w.row(t, d.New, s.add)
	}
}

func (w *writtenSums) row(t *sumTable, read func(...any) error, count func([sha256.Size]byte)) {
	w.values = slices.Grow(w.values[:0], len(t.columns))[:len(t.columns)]
	var digest [sha256.Size]byte
	if w.err = read(w.values...); w.err == nil {
		w.buffer, digest, w.err = t.digestOf(w.buffer, w.values)
	}
	if w.err != nil {
		w.err = fmt.Errorf("digest of a row of %s: %w", t.name, w.err)
		return
	}
	count(digest)
}

// endSums writes the sums that the transaction has changed.
func (tx *txn) endSums() error {
	if tx.sums == nil {
		return nil
	}
	if tx.sums.err != nil {
		return tx.sums.err
	}
	for name, change := range tx.sums.changed {
		if *change == (sum{}) {
			continue // as it was
		}
		var rows int64
		var old []byte
		if err := tx.StmtContext(tx.ctx, tx.often.readSum).QueryRowContext(tx.ctx, name).Scan(&rows, &old); err != nil {
			return fmt.Errorf("digest of %s: %w", name, err)
		}
		if len(old) != sha256.Size {
			return fmt.Errorf("digest of %s: it has %d bytes instead of %d: the file was altered; coldchain verify --audit says what else", name, len(old), sha256.Size)
		}
		change.plus(sum{rows, limbs(old)})
		if _, err := tx.StmtContext(tx.ctx, tx.often.putSum).ExecContext(tx.ctx, change.rows, change.bytes(), name); err != nil {
			return fmt.Errorf("digest of %s: %w", name, err)
		}
	}
	return nil
}

// beginSums writes the sums of what the tables hold now.
func (tx *txn) beginSums(tables map[string]*sumTable) error {
	if _, err := tx.ExecContext(tx.ctx, "DELETE FROM digests"); err != nil {
		return err
	}
	put := func(name string, s sum) error {
		_, err := tx.ExecContext(tx.ctx, "INSERT INTO digests (name, rows, sum) VALUES (?, ?, ?)", name, s.rows, s.bytes())
		return err
	}
	for name, t := range tables {
		s, _, err := t.total(tx.ctx, tx.Tx)
		if err == nil {
			err = put(name, s)
		}
		if err != nil {
			return err
		}
	}
	s, err := schemaTotal(tx.ctx, tx.Tx)
	if err != nil {
		return err
	}
	return put(schemaSum, s)
}
