package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Reader reads a journal file for a person. It never changes the file: what
// lies there, on a dead box's card too, is evidence.
type Reader struct {
	j    *Journal
	temp string // folder of a copy, or ""
}

// OpenReader opens a journal file of this or an earlier format to be read. It
// takes no lock. While an agent has the file open it is read beside it. A file
// with a log (-wal) that was left behind is copied first, with the log, since
// only so the newest records are seen; the copy needs as much room under the
// system's folder for temporary files, and goes with Close.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	r := &Reader{j: &Journal{path: path, readOnly: true, turn: make(chan struct{}, 1),
		o: Options{Logger: slog.New(slog.DiscardHandler), Now: time.Now}}}
	if err := r.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("read journal %s: %w", path, classify(err)), r.Close())
	}
	r.j.turn <- struct{}{}
	return r, nil
}

func (r *Reader) open(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		if err == nil {
			err = errors.New("it is not a file with content")
		}
		return err
	}
	if err := looksLikeSQLite(path); err != nil {
		return err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	query := "mode=ro&immutable=1"
	live := inUse(path + ".lock")
	if live {
		query = "mode=ro&_pragma=busy_timeout(5000)"
	} else if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		if abs, err = r.copyAway(path); err != nil {
			return fmt.Errorf("copy it with its log: %w", err)
		}
		query = ""
	}
	if err := r.j.connect(ctx, (&url.URL{Scheme: "file", Path: abs, RawQuery: query}).String()); err != nil {
		return err
	}
	var id, version int
	if err := r.j.conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := r.j.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if id != applicationID && !r.j.looksOurs(ctx) {
		return errors.New("this SQLite file is not a journal")
	}
	if version > len(migrations) && version < 1000 {
		return fmt.Errorf("it was written by a newer release (format %d, this one knows %d)", version, len(migrations))
	}
	r.j.unsummed = version < summed
	return nil
}

// looksLikeSQLite tells a wrong file from a damaged one.
func looksLikeSQLite(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()                     // only read
	const magic = "SQLite format 3\x00" // https://www.sqlite.org/fileformat.html 1.3
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic {
		return fmt.Errorf("this is not a journal; if it was one, its beginning is damaged: it does not start with %q", magic[:15])
	}
	return nil
}

// inUse reports whether an agent holds the lock.
func inUse(lock string) bool {
	f, err := lockExisting(lock)
	if err != nil {
		return errors.Is(err, ErrInUse)
	}
	_ = f.Close() // it was only asked
	return false
}

func (r *Reader) copyAway(path string) (string, error) {
	var err error
	if r.temp, err = os.MkdirTemp("", "coldchain-journal-"); err != nil {
		return "", err
	}
	to := filepath.Join(r.temp, "journal.db")
	if err := copyFile(path, to); err != nil {
		return "", err
	}
	return to, copyFile(path+"-wal", to+"-wal")
}

// Close ends the reading.
func (r *Reader) Close() error {
	err := r.j.shut()
	if r.temp != "" {
		err = errors.Join(err, os.RemoveAll(r.temp))
	}
	return err
}

// Summary is what a journal file holds.
type Summary struct {
	Format      int
	Epoch       uint64
	Generation  string
	Epochs      []EpochRange
	Kept        uint64 // records in the file
	Undelivered uint64
	Dropped     uint64 // readings that the size limit took
	Quarantined uint64 // by the county
	First, Last time.Time
	Points      []PointCount
	Gaps        []wire.Gap // the newest maxGaps
	GapCount    uint64
	Bytes       int64 // of pages in use
	FileBytes   int64
}

// EpochRange is a run of sequence numbers in one epoch.
type EpochRange struct {
	Epoch, First, Last, Records uint64
}

// PointCount is one point's share.
type PointCount struct {
	Point       sensors.PointID
	Unit        sensors.Unit
	Records     uint64
	First, Last time.Time
}

const maxGaps = 1000

// Summary counts what the file holds.
func (r *Reader) Summary(ctx context.Context) (s Summary, err error) {
	for _, step := range []func(context.Context, *Summary) error{r.identity, r.epochs, r.delivery, r.points, r.gaps} {
		if err := step(ctx, &s); err != nil {
			return s, fmt.Errorf("inspect journal %s: %w", r.j.path, classify(err))
		}
	}
	return s, nil
}

func (r *Reader) identity(ctx context.Context, s *Summary) error {
	if err := r.j.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&s.Format); err != nil {
		return err
	}
	if err := r.j.loadIdentity(ctx); err != nil {
		return err
	}
	if s.Epoch, s.Generation = r.j.epoch, r.j.generation; !r.j.unsummed && r.j.metaSum != sumOf(s.Epoch, s.Generation) {
		return fmt.Errorf("%w: epoch and generation do not match their sum", ErrCorrupt)
	}
	var err error
	s.Bytes, s.FileBytes, err = r.j.used(ctx)
	return err
}

func (r *Reader) epochs(ctx context.Context, s *Summary) error {
	return r.j.each(ctx, "SELECT epoch, min(seq), max(seq), count(*), min(wall_ms), max(wall_ms) FROM record GROUP BY epoch ORDER BY epoch", func(rows *sql.Rows) error {
		var e EpochRange
		var first, last int64
		err := rows.Scan(&e.Epoch, &e.First, &e.Last, &e.Records, &first, &last)
		s.Epochs, s.Kept = append(s.Epochs, e), s.Kept+e.Records
		if from := fromMS(first); s.First.IsZero() || from.Before(s.First) {
			s.First = from
		}
		if to := fromMS(last); to.After(s.Last) {
			s.Last = to
		}
		return err
	})
}

func (r *Reader) delivery(ctx context.Context, s *Summary) error {
	if err := r.readDelivered(ctx); err != nil {
		return err
	}
	s.Undelivered = s.Kept
	for _, d := range r.j.delivered {
		var n uint64
		if err := r.j.conn.QueryRowContext(ctx, "SELECT count(*) FROM record WHERE seq BETWEEN ? AND ?", int64(d.first), int64(d.last)).Scan(&n); err != nil {
			return err
		}
		s.Undelivered -= min(n, s.Undelivered)
	}
	if err := r.j.conn.QueryRowContext(ctx, "SELECT coalesce(sum(last - first + 1), 0) FROM quarantined").Scan(&s.Quarantined); err != nil {
		return err
	}
	if r.j.unsummed {
		return nil
	}
	return r.j.conn.QueryRowContext(ctx, "SELECT coalesce(sum(count), 0) FROM dropped").Scan(&s.Dropped)
}

func (r *Reader) readDelivered(ctx context.Context) error {
	if !r.j.unsummed {
		return r.j.loadDelivered(ctx)
	}
	r.j.delivered = nil
	return r.j.each(ctx, "SELECT first, last FROM delivered ORDER BY first", func(rows *sql.Rows) error {
		var d span
		err := rows.Scan(&d.first, &d.last)
		r.j.delivered = append(r.j.delivered, d)
		return err
	})
}

func (r *Reader) points(ctx context.Context, s *Summary) error {
	return r.j.each(ctx, `SELECT p.name, p.unit, count(*), min(wall_ms), max(wall_ms) FROM record JOIN point p ON p.id = point
		GROUP BY point ORDER BY p.name, p.unit`, func(rows *sql.Rows) error {
		var p PointCount
		var first, last int64
		err := rows.Scan(&p.Point, &p.Unit, &p.Records, &first, &last)
		p.First, p.Last = fromMS(first), fromMS(last)
		s.Points = append(s.Points, p)
		return err
	})
}

func (r *Reader) gaps(ctx context.Context, s *Summary) error {
	if err := r.j.conn.QueryRowContext(ctx, "SELECT count(*) FROM record WHERE kind = 1").Scan(&s.GapCount); err != nil {
		return err
	}
	query := selectRecords
	if r.j.unsummed {
		query = selectUnsummed
	}
	one := scan{unsummed: r.j.unsummed}
	return r.j.each(ctx, query+" WHERE seq IN (SELECT seq FROM record WHERE kind = 1 ORDER BY seq DESC LIMIT ?) ORDER BY seq", func(rows *sql.Rows) error {
		e, err := one.entry(rows)
		s.Gaps = append(s.Gaps, e.Gap)
		return err
	}, maxGaps)
}

// Records calls yield for every readable record of a time range [from, to), of
// one point or of all and everything else (point ""), in order of sequence,
// until yield returns false. What is damaged is passed over: the records behind
// it are evidence as well. Then the error at the end wraps ErrCorrupt and says
// how much that was.
func (r *Reader) Records(ctx context.Context, point sensors.PointID, from, to time.Time, yield func(Entry) bool) error {
	s := &salvage{old: r.j.conn, query: selectRecords, unsummed: r.j.unsummed}
	if s.unsummed {
		s.query = selectUnsummed
	}
	wanted := func(e Entry) bool {
		at := e.Time()
		return (from.IsZero() || !at.Before(from)) && (to.IsZero() || at.Before(to)) && (point == "" || e.Kind == wire.ReadingRecord && e.Reading.Point == point)
	}
	if err := s.each(ctx, func(e Entry) bool { return !wanted(e) || yield(e) }); err != nil {
		return fmt.Errorf("read journal %s: %w", r.j.path, classify(err))
	}
	return nil
}
