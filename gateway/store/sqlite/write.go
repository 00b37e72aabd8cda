package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// cancelEvery is how many rows are written between two looks at the context.
// The driver starts a goroutine for each statement with a context that can
// end, which would cost more than the statement.
const cancelEvery = 256

var errClosed = errors.New("the store is closed")

// Write keeps all of records in one transaction: after an error none of them
// was written.
func (s *Store) Write(ctx context.Context, records []store.Record) (store.Result, error) {
	if len(records) == 0 {
		return store.Result{}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.Result{}, s.wrap("write", errClosed)
	}
	res, err := s.writeLocked(ctx, records)
	if err != nil {
		s.names.forget()
		return store.Result{}, s.wrap("write", err)
	}
	s.names.keep()
	return res, nil
}

func (s *Store) writeLocked(ctx context.Context, records []store.Record) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	quiet := context.WithoutCancel(ctx)
	tx, err := s.write.BeginTx(quiet, nil)
	if err != nil {
		return store.Result{}, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	w := writer{ctx: quiet, tx: tx, insert: tx.StmtContext(quiet, s.insert), insertMany: tx.StmtContext(quiet, s.insertMany), holder: tx.StmtContext(quiet, s.holder), names: &s.names}

	var res store.Result
	for n, i := range byPlace(records) {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return store.Result{}, ctx.Err()
		}
		if err := records[i].Check(); err != nil {
			res.Rejections = append(res.Rejections, store.Rejection{Index: i, Detail: err.Error()})
			continue
		}
		if err := w.add(i, records[i]); err != nil {
			return store.Result{}, err
		}
	}
	if err := w.rest(); err != nil {
		return store.Result{}, err
	}
	for _, i := range w.taken {
		res.Collisions = append(res.Collisions, store.Collision{Index: i})
	}
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	slices.SortFunc(res.Collisions, func(a, b store.Collision) int { return a.Index - b.Index })
	slices.SortFunc(res.Rejections, func(a, b store.Rejection) int { return a.Index - b.Index })
	return res, tx.Commit()
}

// byPlace is the records' indexes in the order of their places in the file: a
// row goes in beside the one before it, and each page is looked for once. Of
// two of the same place the first remains the first.
func byPlace(records []store.Record) []int {
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &records[a], &records[b]
		if c := cmp.Compare(x.Point, y.Point); c != 0 {
			return c
		}
		return x.Time.Compare(y.Time)
	})
	return order
}

// together is how many rows one statement inserts: the way into SQLite and back
// costs as much as a row.
const together = 16

// writer is one transaction.
type writer struct {
	ctx                        context.Context
	tx                         *sql.Tx
	insert, insertMany, holder *sql.Stmt
	names                      *names

	rows  []row // not inserted yet, fewer than together
	args  []any
	taken []int // indexes of records whose place another identity holds
}

// row is what tells a record from another in the same place.
type row struct {
	index                          int
	point, ms, gateway, epoch, seq int64
}

// add inserts a record, at once or with those that follow.
func (w *writer) add(index int, r store.Record) error {
	point, err := w.names.id(w.ctx, w.tx, pointName, string(r.Point))
	if err != nil {
		return err
	}
	gateway, err := w.names.id(w.ctx, w.tx, gatewayName, r.Gateway)
	if err != nil {
		return err
	}
	quantity, err := w.names.id(w.ctx, w.tx, quantityName, string(r.Quantity))
	if err != nil {
		return err
	}
	x := row{index, point, r.Time.UnixMilli(), gateway, int64(r.Epoch), int64(r.Seq)}
	w.rows = append(w.rows, x)
	w.args = append(w.args, x.point, x.ms, quantity, optional(r.Value()), optional(r.Raw()),
		int64(r.Quality), reason(r.Reason), flags(r), x.gateway, x.epoch, x.seq)
	if len(w.rows) < together {
		return nil
	}
	err = w.put(w.insertMany, w.rows, w.args)
	w.rows, w.args = w.rows[:0], w.args[:0]
	return err
}

// rest inserts what is too little for a statement of many.
func (w *writer) rest() error {
	for i := range w.rows {
		each := len(w.args) / len(w.rows)
		if err := w.put(w.insert, w.rows[i:i+1], w.args[i*each:(i+1)*each]); err != nil {
			return err
		}
	}
	return nil
}

// put inserts rows. When fewer went in than were given, their places are looked
// up: one that holds the same identity holds that very record.
func (w *writer) put(insert *sql.Stmt, rows []row, args []any) error {
	done, err := insert.ExecContext(w.ctx, args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == int64(len(rows)) {
		return err
	}
	for _, x := range rows {
		holder := row{index: x.index, point: x.point, ms: x.ms}
		if err := w.holder.QueryRowContext(w.ctx, x.point, x.ms).Scan(&holder.gateway, &holder.epoch, &holder.seq); err != nil {
			return err
		}
		if holder != x {
			w.taken = append(w.taken, x.index)
		}
	}
	return nil
}

// optional is a number or NULL.
func optional(v float64, ok bool) any {
	if !ok {
		return nil
	}
	return v
}

func reason(r sensors.Reason) any {
	if r == sensors.NoReason {
		return nil
	}
	return string(r)
}

func flags(r store.Record) int64 {
	if r.Reconstructed {
		return flagReconstructed
	}
	return 0
}
