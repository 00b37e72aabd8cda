// Package sqlite keeps readings in one SQLite file, for a county that runs on
// one machine. It guarantees that a Write that returned without error is on
// the disk (WAL, synchronous=FULL), in one transaction, and that readers never
// hold up the writer.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the database driver; this package opens the file

	"coldchain/gateway/store"
)

var _ store.Store = (*Store)(nil)

// readers bounds the pool of read connections.
const readers = 4

// readerCacheKiB is each reader's page cache: the inner pages of the index. What
// they lead to is read once, and the kernel keeps it.
const readerCacheKiB = 512

// writerCacheKiB holds the page each point is growing at, for some thousands
// of points; with SQLite's 2 MiB a commit would write and reread pages midway.
const writerCacheKiB = 4 << 10

// busyTimeout is how long to wait for another process (a backup, a person with
// a shell) that holds the file.
const busyTimeout = 5 * time.Second

// Store is one open readings.db.
type Store struct {
	path  string
	write *sql.DB // exactly one connection: SQLite has one writer
	read  *sql.DB

	mu                 sync.Mutex // held during a Write
	insert, insertMany *sql.Stmt
	holder             *sql.Stmt
	names              names
	closed             bool
}

// Open opens the file at path, creates it when it is not there, and brings its
// tables to this version. It refuses a file that a newer version wrote or that
// is not a store of readings.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, busyTimeout)
}

func open(ctx context.Context, path string, busy time.Duration) (*Store, error) {
	s, err := connect(path, busy)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(s.wrap("open", err), s.Close())
	}
	return s, nil
}

func connect(path string, busy time.Duration) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("readings store %s: %w", path, err)
	}
	writeDB, err := sql.Open("sqlite", dsn(abs, busy, "synchronous(FULL)", "cache_size(-"+strconv.Itoa(writerCacheKiB)+")", "journal_size_limit(67108864)"))
	if err != nil {
		return nil, fmt.Errorf("readings store %s: %w", path, err)
	}
	writeDB.SetMaxOpenConns(1)
	readDB, err := sql.Open("sqlite", dsn(abs, busy, "query_only(1)", "cache_size(-"+strconv.Itoa(readerCacheKiB)+")"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("readings store %s: %w", path, err), writeDB.Close())
	}
	readDB.SetMaxOpenConns(readers)
	readDB.SetMaxIdleConns(readers)
	return &Store{path: path, write: writeDB, read: readDB}, nil
}

// dsn is a file URI, so that a ?, # or % in a folder's name is not taken for
// a parameter.
func dsn(abs string, busy time.Duration, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}}
	q.Add("_pragma", "busy_timeout("+strconv.FormatInt(busy.Milliseconds(), 10)+")")
	q.Add("_pragma", "journal_mode(WAL)")
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}
	return u.String()
}

func (s *Store) prepare(ctx context.Context) error {
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	// The file's own name must survive a power cut, not only its contents.
	if err := syncFolder(filepath.Dir(s.path)); err != nil {
		return err
	}
	var err error
	if s.names, err = loadNames(ctx, s.write); err != nil {
		return err
	}
	if s.insert, err = s.write.PrepareContext(ctx, insertReadings+readingRow+orNothing); err != nil {
		return err
	}
	if s.insertMany, err = s.write.PrepareContext(ctx, insertReadings+strings.Repeat(readingRow+",", together-1)+readingRow+orNothing); err != nil {
		return err
	}
	s.holder, err = s.write.PrepareContext(ctx, selectHolder)
	return err
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Generation returns the random name the file got when it was created.
func (s *Store) Generation(ctx context.Context) (string, error) {
	var g string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'generation'`).Scan(&g)
	if err != nil {
		return "", s.wrap("read generation", err)
	}
	return g, nil
}

// Close waits for a running Write and closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	// Readers first: the last connection to close folds the WAL into the file.
	if err := errors.Join(s.read.Close(), s.write.Close()); err != nil {
		return s.wrap("close", err)
	}
	return nil
}
