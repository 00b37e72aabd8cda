package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver named "sqlite"

	"coldchain/alerting/batch"
)

// DB is county.db. It may be used by several goroutines: writers wait for each
// other, readers see the last committed state and hold nobody up.
type DB struct {
	writer *sql.DB // one connection: SQLite has one writer, and queueing here beats SQLITE_BUSY
	reader *sql.DB
	now    func() time.Time
	often  statements // of writer

	agrees          func(zone string, at time.Time, b batch.Batch, there []batch.Batch) *Disagreement
	knowsZone       func(zone string) bool // nil: every well-formed zone
	platform        bool                   // verdicts are queued for a traceability platform
	stamps          bool                   // a time-stamp authority is asked about certificates
	quarantineLimit int

	rows   bool                 // what is written gets digests in the audit, see rows.go
	summed map[string]*sumTable // tables with one digest, see sums.go; nil: not kept up

	mu   sync.Mutex
	head AuditHead // newest audit row this process has written

	truckWords atomic.Uint64
}

// Option changes what Open does by default.
type Option func(*DB)

// WithZones makes custody in a zone for which known returns false a refusal.
func WithZones(known func(zone string) bool) Option {
	return func(db *DB) { db.knowsZone = known }
}

// WithReceiving has agrees asked before a batch comes to a zone at a time: why
// it ought not to lie there beside what does (itself apart), nil when it may.
func WithReceiving(agrees func(zone string, at time.Time, b batch.Batch, there []batch.Batch) *Disagreement) Option {
	return func(db *DB) { db.agrees = agrees }
}

// WithQuarantineLimit sets how many quarantined messages are kept for looking
// at (default DefaultQuarantineLimit); older ones are dropped and counted.
func WithQuarantineLimit(entries int) Option {
	return func(db *DB) { db.quarantineLimit = entries }
}

// readers is how many queries may run beside the writer.
const readers = 4

// Open opens the file at path, creating or migrating it as needed. now is the
// county's clock, for audit rows and for "until now". The folder must exist.
func Open(ctx context.Context, path string, now func() time.Time, options ...Option) (*DB, error) {
	db := &DB{now: now, quarantineLimit: DefaultQuarantineLimit}
	for _, o := range options {
		o(db)
	}
	if db.quarantineLimit < 1 {
		return nil, fmt.Errorf("open %s: a quarantine of %d entries cannot show what was refused; want at least 1", path, db.quarantineLimit)
	}
	if err := db.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open county state %s: %w", path, err), db.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	// Made here because SQLite would make it readable by everybody.
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if db.writer, err = sql.Open("sqlite", source(abs, true)); err != nil {
		return err
	}
	db.writer.SetMaxOpenConns(1)
	if err := db.migrate(ctx); err != nil {
		return err
	}
	if err := db.beginRows(ctx); err != nil {
		return err
	}
	if err := db.often.prepare(ctx, db.writer); err != nil {
		return err
	}
	if db.reader, err = sql.Open("sqlite", source(abs, false)); err != nil {
		return err
	}
	db.reader.SetMaxOpenConns(readers)
	db.reader.SetMaxIdleConns(readers)
	return db.reader.PingContext(ctx)
}

// source names the file for the driver. Pragmas stand in the name because each
// connection of the pool must have them.
func source(path string, write bool) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)") // another process: a backup, or somebody with the sqlite3 shell
	if write {
		q.Add("_pragma", "journal_mode(WAL)")
		// NORMAL would lose the last commits at a power cut, after they were acknowledged to an edge.
		q.Add("_pragma", "synchronous(FULL)")
		q.Add("_pragma", "foreign_keys(ON)")
		q.Add("_txlock", "immediate")
	} else {
		q.Add("_pragma", "query_only(ON)")
		q.Add("_pragma", "cache_size(-512)") // KiB, each; the kernel keeps the rest
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// Close waits for running statements and closes the file. What was committed
// is safe without it.
func (db *DB) Close() error {
	errs := []error{db.often.close()}
	for _, c := range []*sql.DB{db.reader, db.writer} { // the last to close folds the write-ahead log in
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// txn is a write transaction of one actor.
type txn struct {
	*sql.Tx
	// ctx does not end: the driver starts a goroutine for each statement whose
	// context can, and the transaction ends with its caller's in any case.
	ctx   context.Context
	often *statements
	actor Actor
	at    time.Time
	head  AuditHead
	ready bool // head was read

	platform bool // of DB
	rows     bool // as of DB
	last     *pendingAudit
	sums     *writtenSums // nil: not kept up
}

// errUnchanged makes change roll back without reporting an error: nothing to
// write, so no wait for the disk.
var errUnchanged = errors.New("unchanged")

// change runs do in one transaction on behalf of actor and commits it when do
// returns nil.
func (db *DB) change(ctx context.Context, actor Actor, do func(*txn) error) (err error) {
	if err := actor.check(); err != nil {
		return err
	}
	conn, err := db.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Close() // only gives it back
	sums, err := db.watchSums(conn)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &txn{Tx: sqlTx, ctx: context.WithoutCancel(ctx), often: &db.often, actor: actor, at: db.now(), platform: db.platform, rows: db.rows, sums: sums}
	err = tx.watchRows()
	if err == nil {
		err = do(tx)
	}
	if err == nil {
		err = tx.endAudit()
	}
	if err == nil {
		err = tx.endSums()
	}
	if err != nil {
		rollback := sqlTx.Rollback()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, errUnchanged) {
			return rollback
		}
		return err // Rollback fails only when SQLite has rolled back by itself, for the reason in err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if tx.ready {
		db.mu.Lock()
		if tx.head.Seq > db.head.Seq {
			db.head = tx.head
		}
		db.mu.Unlock()
	}
	return nil
}

// view runs do on one snapshot of the file.
func (db *DB) view(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := db.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // nothing was written
	return do(tx)
}

// each calls scan for every row and closes rows; it returns the first error.
func each(rows *sql.Rows, err error, scan func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close() // after Err below there is nothing left to report
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// millis is a time as the file keeps it; the zero time is NULL.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// fromMillis is the inverse of millis.
func fromMillis(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

func toMillisecond(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}
