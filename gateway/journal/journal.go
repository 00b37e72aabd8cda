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

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// DefaultKeep is how long delivered records stay as local history.
const DefaultKeep = 720 * time.Hour

// Options configure a Journal; the zero value is usable.
type Options struct {
	Boot   string        // given to records that come without one
	Keep   time.Duration // DefaultKeep when 0
	Logger *slog.Logger  // nil discards
	// MaxBytes bounds the file and its log together; DefaultMaxBytes when 0.
	// Only events, gaps and urgent readings that cannot be delivered make them
	// grow beyond it.
	MaxBytes int64
	Scope    string           // what the gaps that the journal itself declares are about: the gateway; default "journal"
	Now      func() time.Time // time.Now when nil
	// Stamp says what the wall time of the journal's own events is worth, and
	// how long after the start of Boot it is; nil: taken from the machine.
	Stamp func(at time.Time) (wire.ClockSource, time.Duration)
}

// Journal is an open journal file. Its methods may be called from any
// goroutine; those that touch the disk take turns.
type Journal struct {
	path string
	o    Options
	lock *os.File
	db   *sql.DB
	turn chan struct{} // holds one token: whoever has it may use what follows

	conn     *sql.Conn
	stmt     statements
	words    map[string]int64   // boot ids, clock sources, reasons -> id
	points   map[pointKey]int64 // names with units -> id
	closed   bool
	broken   error // the file is not open, or the memory below may not match it
	tried    time.Time
	readOnly bool // of a Reader
	unsummed bool // a reader of a file of before sums were kept

	// Of the size limit, see room.go.
	roomFrom uint64    // below it nothing is left that may be taken
	openGap  *limitGap // nil, or the gap that still grows
	metaSum  int64     // as read last

	// Of the list of declared gaps, see gaps.go.
	list      *gapList // nil: not read yet
	looked    uint64   // the journal's gaps up to this number were looked at
	listDirty bool     // it says more than its file
	listFile  bool     // there is a file
	unlisted  error    // why it is not kept

	mu         sync.Mutex // guards what follows; never held while the disk works
	epoch      uint64
	next       uint64
	oldest     uint64
	pending    uint64 // records not delivered
	held       held   // those of them that wait for a time, see clock.go
	delivered  spans
	generation string
	last       time.Time // of the newest record
	hasLast    bool
	before     note  // beside the file when it was opened
	timed      timed // the newest record that is not held
	ahead      []Stretch
	declared   bool   // see DeclaredToNow
	sent       uint64 // highest number that can have been sent, see Overtaken
	lost       uint64
}

type pointKey struct {
	name sensors.PointID
	unit sensors.Unit
}

// Open opens the journal file at path, creating it and its folder when absent.
// A damaged file is moved aside and a new journal begins in a new epoch with
// what could be read (see quarantine.go). When the disk does not allow it (full,
// read-only, failing) the journal is returned all the same: its methods fail
// with ErrFull, ErrReadOnly or ErrDisk and open the file as soon as they can,
// so that an agent samples and alarms meanwhile; Err says so. The error wraps
// ErrInUse when another process has the file open.
func Open(ctx context.Context, path string, o Options) (*Journal, error) {
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Scope == "" {
		o.Scope = "journal"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Stamp == nil {
		o.Stamp = func(time.Time) (wire.ClockSource, time.Duration) { return wire.ClockRTC, 0 }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	j := &Journal{path: path, o: o, turn: make(chan struct{}, 1)}
	if err := j.start(ctx); diskTrouble(err) {
		j.tried, j.broken = o.Now(), err
		o.Logger.Error("the journal cannot be opened yet; it is tried again", "error", err)
	} else if err != nil {
		return nil, errors.Join(err, j.release())
	}
	j.turn <- struct{}{}
	return j, nil
}

// start locks and opens the file, or replaces a damaged one.
func (j *Journal) start(ctx context.Context) error {
	if j.lock == nil {
		if err := os.MkdirAll(filepath.Dir(j.path), 0o750); err != nil {
			return fmt.Errorf("journal %s: make its folder: %w", j.path, classify(err))
		}
		lock, err := lockFile(j.path + ".lock")
		if err != nil {
			return fmt.Errorf("journal %s: %w", j.path, classify(err))
		}
		j.lock = lock
	}
	err := j.present()
	if err == nil {
		err = j.openFile(ctx)
	}
	if err == nil {
		err = j.begun()
	}
	if err == nil {
		err = j.resumeSalvage(ctx)
	}
	if errors.Is(err, ErrCorrupt) {
		err = j.replace(ctx, err)
	}
	if err != nil {
		return errors.Join(err, j.shut())
	}
	j.listGaps(ctx) // what was salvaged, too
	j.mu.Lock()
	j.sent = max(j.sent, j.next-1)
	j.mu.Unlock()
	return nil
}

// Err returns why the journal cannot be used now, or nil.
func (j *Journal) Err() error {
	<-j.turn
	defer j.give()
	return j.broken
}

// Ready opens a file that could not be opened before, if it is time to try
// again, and returns why the journal cannot be used.
func (j *Journal) Ready(ctx context.Context) error {
	if err := j.take(ctx, "open"); err != nil {
		return err
	}
	j.give()
	return nil
}

// Close ends the journal's use of its file. Everything Append has returned is
// safe without it.
func (j *Journal) Close() error {
	<-j.turn
	defer j.give()
	if j.closed {
		return nil
	}
	j.closed = true
	return j.release()
}

func (j *Journal) release() error {
	err := j.shut()
	if j.lock != nil {
		err = errors.Join(err, j.lock.Close())
		j.lock = nil
	}
	if err != nil {
		return fmt.Errorf("journal %s: close: %w", j.path, err)
	}
	return nil
}

// shut closes the file and keeps the lock.
func (j *Journal) shut() error {
	j.stmt.close()
	j.stmt = statements{}
	var errs []error
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.db != nil {
		errs = append(errs, j.db.Close())
	}
	j.conn, j.db = nil, nil
	return errors.Join(errs...)
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

// Kept returns how far back the journal reaches: the numbers from the oldest
// record it keeps, delivered or not, to the next.
func (j *Journal) Kept(ctx context.Context) (uint64, error) {
	if err := j.take(ctx, "find the oldest record"); err != nil {
		return 0, err
	}
	defer j.give()
	var first sql.NullInt64
	if err := j.conn.QueryRowContext(context.WithoutCancel(ctx), "SELECT min(seq) FROM record").Scan(&first); err != nil {
		return 0, fmt.Errorf("journal %s: find the oldest record: %w", j.path, classify(err))
	}
	if !first.Valid {
		return 0, nil
	}
	return j.Next() - uint64(first.Int64), nil
}

// Undelivered returns how many records the county has not confirmed.
func (j *Journal) Undelivered() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.pending
}

// LastTime returns the wall time of the newest record, held or not. Of a journal
// without a record it is the time from where on there may have been some; ok is
// false when it is new.
func (j *Journal) LastTime() (at time.Time, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.hasLast {
		return j.before.at, !j.before.at.IsZero()
	}
	return j.last, true
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
	if j.broken != nil && !j.closed {
		j.again(context.WithoutCancel(ctx))
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

// retryEvery is the rest between two attempts to open a file that would not.
const retryEvery = time.Second

// again opens the file anew after it could not be used. The caller has the
// turn.
func (j *Journal) again(ctx context.Context) {
	now := j.o.Now()
	if d := now.Sub(j.tried); d >= 0 && d < retryEvery {
		return
	}
	j.tried = now
	err := errors.Join(j.shut(), j.start(ctx))
	if j.broken = err; err == nil {
		j.o.Logger.Info("the journal can be used again")
	}
}

// failed names what went wrong, and replaces the file when it is damaged. The
// caller has the turn.
func (j *Journal) failed(ctx context.Context, what string, err error) error {
	if !j.readOnly { // a reader leaves the card as it is
		err = classifyAt(j.path, err)
	}
	err = fmt.Errorf("journal %s: %s: %w", j.path, what, classify(err))
	if !errors.Is(err, ErrCorrupt) || j.readOnly {
		return err
	}
	j.tried = j.o.Now()
	if j.broken = j.replace(ctx, err); j.broken != nil {
		return errors.Join(err, j.broken)
	}
	return err
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
	if err = j.failed(ctx, what, err); errors.Is(err, ErrCorrupt) {
		return err
	}
	// What a failed commit left behind only the file knows.
	if loadErr := j.load(ctx); loadErr != nil {
		if loadErr = j.failed(ctx, "read anew", loadErr); j.broken == nil && !errors.Is(loadErr, ErrCorrupt) {
			j.tried, j.broken = j.o.Now(), loadErr
		}
		return errors.Join(err, loadErr)
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

func (j *Journal) setMeta(ctx context.Context, key string, value any) error {
	_, err := j.conn.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	return err
}

// setIdentity writes what the journal says about itself, with its sum.
func (j *Journal) setIdentity(ctx context.Context, epoch uint64, generation string) error {
	return errors.Join(
		j.setMeta(ctx, metaEpoch, int64(epoch)),
		j.setMeta(ctx, metaGeneration, generation),
		j.setMeta(ctx, metaSum, sumOf(epoch, generation)))
}

func fromMS(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// millisecond is t as it is kept and sent.
func millisecond(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }
