package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"coldchain/sensors"
)

// DefaultKeep is how long delivered records stay as local history.
const DefaultKeep = 720 * time.Hour

// Options configure a Journal; the zero value is usable.
type Options struct {
	Boot   string        // given to records that come without one
	Keep   time.Duration // DefaultKeep when 0
	Logger *slog.Logger  // nil discards
}

// Journal is an open journal file. Its methods may be called from any
// goroutine; those that touch the disk take turns.
type Journal struct {
	path string
	o    Options
	lock *os.File
	db   *sql.DB
	turn chan struct{} // holds one token: whoever has it may use what follows

	conn   *sql.Conn
	stmt   statements
	words  map[string]int64   // boot ids, clock sources, reasons -> id
	points map[pointKey]int64 // names with units -> id
	closed bool
	broken error // the memory below may not match the file any more

	mu         sync.Mutex // guards what follows; never held while the disk works
	epoch      uint64
	next       uint64
	oldest     uint64
	pending    uint64 // records not delivered
	delivered  spans
	generation string
	last       time.Time // of the newest record
	hasLast    bool
}

type pointKey struct {
	name sensors.PointID
	unit sensors.Unit
}

// Open opens the journal file at path, creating it and its folder when absent.
// The error wraps ErrCorrupt when the file is damaged and ErrInUse when another
// process has it open. An agent opens its journal before its buses, so that
// nothing is read that cannot be kept.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("journal %s: make its folder: %w", path, err)
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", path, err)
	}
	j := &Journal{path: path, o: o, lock: lock, turn: make(chan struct{}, 1)}
	if err := j.open(ctx); err != nil {
		return nil, errors.Join(err, j.release())
	}
	j.turn <- struct{}{}
	return j, nil
}

// Close ends the journal's use of its file. Everything Append has returned is
// safe without it.
func (j *Journal) Close() error {
	<-j.turn
	if j.closed {
		j.turn <- struct{}{}
		return nil
	}
	j.closed = true
	err := j.release()
	j.turn <- struct{}{}
	return err
}

func (j *Journal) release() error {
	j.stmt.close()
	var errs []error
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.db != nil {
		errs = append(errs, j.db.Close())
	}
	errs = append(errs, j.lock.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("journal %s: close: %w", j.path, err)
	}
	return nil
}

// Epoch returns the current run of sequence numbers; the first is 1. Every
// record that is not delivered belongs to it.
func (j *Journal) Epoch() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.epoch
}

// Next returns the sequence number that the next record will get.
func (j *Journal) Next() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.next
}

// Oldest returns the lowest sequence number not delivered, or Next when there
// is none.
func (j *Journal) Oldest() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.oldest
}

// Undelivered returns how many records the county has not confirmed.
func (j *Journal) Undelivered() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pending
}

// LastTime returns the wall time of the newest record; ok is false when there
// is no record yet.
func (j *Journal) LastTime() (at time.Time, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last, j.hasLast
}

// Generation returns the store generation that records were last delivered to,
// or "" when there was none.
func (j *Journal) Generation() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.generation
}

// take waits for the turn to use the disk. The caller gives it back.
func (j *Journal) take(ctx context.Context, what string) error {
	select {
	case <-j.turn:
	case <-ctx.Done():
		return fmt.Errorf("journal %s: %s: %w", j.path, what, context.Cause(ctx))
	}
	err := j.broken
	if j.closed {
		err = errors.New("it is closed")
	}
	if err != nil {
		j.give()
		return fmt.Errorf("journal %s: %s: %w", j.path, what, err)
	}
	return nil
}

func (j *Journal) give() { j.turn <- struct{}{} }

// transact runs change in one transaction that is durable when transact
// returns nil. It is short and not interrupted halfway: ctx counts until it
// has begun. settle runs after the commit to bring memory in line.
func (j *Journal) transact(ctx context.Context, what string, change func(context.Context) error, settle func()) error {
	if err := j.take(ctx, what); err != nil {
		return err
	}
	defer j.give()
	ctx = context.WithoutCancel(ctx)
	err := j.commit(ctx, change)
	if err == nil {
		j.mu.Lock()
		defer j.mu.Unlock()
		settle()
		return nil
	}
	err = fmt.Errorf("journal %s: %s: %w", j.path, what, classify(err))
	// What a failed commit left behind only the file knows.
	if loadErr := j.load(ctx); loadErr != nil {
		j.broken = fmt.Errorf("unusable since an error, open it again: %w", loadErr)
		return errors.Join(err, j.broken)
	}
	return err
}

func (j *Journal) commit(ctx context.Context, change func(context.Context) error) error {
	if _, err := j.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := change(ctx)
	if err == nil {
		_, err = j.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// After some errors SQLite has rolled back by itself; then this one
		// fails, and that is what is wanted.
		_, _ = j.conn.ExecContext(ctx, "ROLLBACK")
	}
	return err
}

// SetGeneration remembers which store generation records are delivered to.
// After a new one, call Redeliver first: a power cut between the two then only
// makes it happen again.
func (j *Journal) SetGeneration(ctx context.Context, generation string) error {
	return j.transact(ctx, "remember the store's generation", func(ctx context.Context) error {
		return j.setMeta(ctx, metaGeneration, generation)
	}, func() { j.generation = generation })
}

func (j *Journal) setMeta(ctx context.Context, key string, value any) error {
	_, err := j.conn.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// millisecond is t as it is kept and sent.
func millisecond(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
