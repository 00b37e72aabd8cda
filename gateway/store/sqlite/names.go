package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// kind is a table of names.
type kind int

const (
	pointName kind = iota
	gatewayName
	quantityName
	kinds
)

func (k kind) table() string { return [kinds]string{"point", "gateway", "quantity"}[k] }

// names remembers which number stands for which name. Names added by a
// transaction count only once it is committed.
type names struct {
	ids   [kinds]map[string]int64
	added [kinds][]string // by the running transaction
}

func loadNames(ctx context.Context, db *sql.DB) (names, error) {
	var n names
	for k := range kinds {
		n.ids[k] = make(map[string]int64)
		if err := n.load(ctx, db, k); err != nil {
			return names{}, fmt.Errorf("read names of %ss: %w", k.table(), err)
		}
	}
	return n, nil
}

func (n *names) load(ctx context.Context, db *sql.DB, k kind) error {
	rows, err := db.QueryContext(ctx, `SELECT id, name FROM `+k.table())
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		n.ids[k][name] = id
	}
	return rows.Err()
}

// id returns a name's number, giving it one when it is new.
func (n *names) id(ctx context.Context, tx *sql.Tx, k kind, name string) (int64, error) {
	if id, ok := n.ids[k][name]; ok {
		return id, nil
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO `+k.table()+` (name) VALUES (?)`, name)
	if err != nil {
		return 0, fmt.Errorf("number the %s %s: %w", k.table(), name, err)
	}
	id, err := done.LastInsertId()
	if err != nil {
		return 0, err
	}
	n.ids[k][name] = id
	n.added[k] = append(n.added[k], name)
	return id, nil
}

// keep says that the transaction was committed.
func (n *names) keep() {
	for k := range n.added {
		n.added[k] = n.added[k][:0]
	}
}

// forget says that it was not.
func (n *names) forget() {
	for k, added := range n.added {
		for _, name := range added {
			delete(n.ids[k], name)
		}
	}
	n.keep()
}
