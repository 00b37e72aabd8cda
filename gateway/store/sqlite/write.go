package sqlite

import (
	"context"
	"database/sql"
	"errors"

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
	w := writer{ctx: quiet, tx: tx, insert: tx.StmtContext(quiet, s.insert), holder: tx.StmtContext(quiet, s.holder), names: &s.names}

	var res store.Result
	for i, r := range records {
		if i%cancelEvery == 0 && ctx.Err() != nil {
			return store.Result{}, ctx.Err()
		}
		if err := r.Check(); err != nil {
			res.Rejections = append(res.Rejections, store.Rejection{Index: i, Detail: err.Error()})
			continue
		}
		taken, err := w.put(r)
		if err != nil {
			return store.Result{}, err
		}
		if taken {
			res.Collisions = append(res.Collisions, store.Collision{Index: i})
		}
	}
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	return res, tx.Commit()
}

// writer is one transaction.
type writer struct {
	ctx            context.Context
	tx             *sql.Tx
	insert, holder *sql.Stmt
	names          *names
}

// put inserts one record; taken says that another identity holds its place.
func (w *writer) put(r store.Record) (taken bool, err error) {
	point, err := w.names.id(w.ctx, w.tx, pointName, string(r.Point))
	if err != nil {
		return false, err
	}
	gateway, err := w.names.id(w.ctx, w.tx, gatewayName, r.Gateway)
	if err != nil {
		return false, err
	}
	quantity, err := w.names.id(w.ctx, w.tx, quantityName, string(r.Quantity))
	if err != nil {
		return false, err
	}
	ms := r.Time.UnixMilli()
	done, err := w.insert.ExecContext(w.ctx, point, ms, quantity, optional(r.Value()), optional(r.Raw()),
		int64(r.Quality), reason(r.Reason), flags(r), gateway, int64(r.Epoch), int64(r.Seq))
	if err != nil {
		return false, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return false, err
	}
	var g, epoch, seq int64
	if err := w.holder.QueryRowContext(w.ctx, point, ms).Scan(&g, &epoch, &seq); err != nil {
		return false, err
	}
	return g != gateway || epoch != int64(r.Epoch) || seq != int64(r.Seq), nil
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
