package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"coldchain/sensors"
)

// applicationID stands in the file's header: "COLJ".
const applicationID = 0x434f4c4a

// migrations take a file from version i to i+1. A released one is never
// changed.
var migrations = [...]string{`
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('epoch', 1), ('generation', '');
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE point (id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, UNIQUE (name, unit));
CREATE TABLE record (
	seq     INTEGER PRIMARY KEY,
	epoch   INTEGER NOT NULL,
	kind    INTEGER NOT NULL, -- 0 reading, 1 gap, 2 event
	boot    INTEGER NOT NULL, -- word
	mono_ms INTEGER NOT NULL,
	wall_ms INTEGER NOT NULL, -- since 1970, UTC
	clock   INTEGER NOT NULL, -- word
	point   INTEGER,          -- point; a reading's
	value   REAL,             -- none when the quality is bad
	raw     REAL,             -- none when it does not differ
	quality INTEGER,          -- 0 bad, 1 uncertain, 2 good
	reason  INTEGER,          -- word
	detail  TEXT              -- a gap's or event's, JSON
);
-- Runs of sequence numbers, both ends included. The first is the union of all
-- that is final; the second says what of it is not in the county's store.
CREATE TABLE delivered (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE quarantined (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, reason TEXT NOT NULL);
-- For people with the sqlite3 shell.
CREATE VIEW readable AS
	SELECT seq, epoch, kind, b.text AS boot, mono_ms,
		strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time, c.text AS clock,
		p.name AS point, value, p.unit AS unit, raw, quality, r.text AS reason, detail
	FROM record JOIN word b ON b.id = boot JOIN word c ON c.id = clock
		LEFT JOIN point p ON p.id = point LEFT JOIN word r ON r.id = reason;
`, `
ALTER TABLE record ADD COLUMN urgent INTEGER; -- 1: stays when room is made
ALTER TABLE record ADD COLUMN sum INTEGER;    -- CRC-32C, see sum.go
ALTER TABLE delivered ADD COLUMN sum INTEGER;
-- What the size limit took: which numbers are between, and how many of them.
CREATE TABLE dropped (gap INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL);
`}

// summed is the format in which content has sums.
const summed = 2

const (
	metaEpoch      = "epoch"
	metaGeneration = "generation"
	metaSum        = "sum" // of the two
)

// pragmas are set on the one connection. FULL makes every commit wait for the
// disk; the cache is small because fifty journals may share a process.
var pragmas = [...]string{
	"busy_timeout(5000)",
	"journal_mode(WAL)",
	"synchronous(FULL)",
	"cache_size(-256)",
	"temp_store(MEMORY)",
	"wal_autocheckpoint(512)",
	"journal_size_limit(4194304)",
}

func (j *Journal) openFile(ctx context.Context) error {
	abs, err := filepath.Abs(j.path)
	if err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	set := pragmas[:]
	if info, err := os.Stat(abs); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		set = append([]string{"auto_vacuum(INCREMENTAL)"}, set...) // before there is anything in it, or never
	}
	dsn := (&url.URL{Scheme: "file", Path: abs, RawQuery: url.Values{"_pragma": set}.Encode()}).String()
	if err := j.connect(ctx, dsn); err != nil {
		return fmt.Errorf("journal %s: open: %w", j.path, classifyAt(j.path, err))
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"check", j.check},
		{"migrate", j.migrate},
		{"prepare", j.prepare},
		{"load", j.load},
		{"note", func(ctx context.Context) error { return j.note(ctx, j.Epoch()) }},
		{"make its folder durable", func(context.Context) error { return syncFolder(filepath.Dir(abs)) }},
	} {
		err := step.do(ctx)
		if (step.what == "prepare" || step.what == "load") && foreign(err) {
			err = fmt.Errorf("%w: its tables are not a journal's (%w)", ErrCorrupt, err)
		}
		if err != nil {
			return fmt.Errorf("journal %s: %s: %w", j.path, step.what, classifyAt(j.path, err))
		}
	}
	return nil
}

func (j *Journal) connect(ctx context.Context, dsn string) (err error) {
	if j.db, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	j.db.SetMaxOpenConns(1)
	j.conn, err = j.db.Conn(ctx)
	return err
}

// check reads the whole file once: damage is better found before the next
// record is built on it.
func (j *Journal) check(ctx context.Context) error {
	var id, version int
	if err := j.conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := j.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if ours := j.looksOurs(ctx); ours && (id != applicationID || version < 1 || version > 999) {
		return fmt.Errorf("%w: a journal whose header says application %#x, format %d", ErrCorrupt, id, version)
	}
	if id != applicationID && (id != 0 || version != 0) {
		return fmt.Errorf("this SQLite file belongs to another program (application id %#x); choose another path", id)
	}
	if version > len(migrations) {
		return fmt.Errorf("written by a newer release (format %d, this one knows %d); install that release again", version, len(migrations))
	}
	var verdict string
	if err := j.conn.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return fmt.Errorf("%w (%s)", ErrCorrupt, verdict)
	}
	return nil
}

// looksOurs reports whether the file has a journal's tables, whatever its
// header says.
func (j *Journal) looksOurs(ctx context.Context) bool {
	var n int
	err := j.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('record', 'word', 'point', 'delivered', 'meta')").Scan(&n)
	return err == nil && n == 5
}

func (j *Journal) migrate(ctx context.Context) error {
	var version int
	if err := j.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	for ; version < len(migrations); version++ {
		script := migrations[version] + fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d;", version+1, applicationID)
		err := j.commit(ctx, func(ctx context.Context) error {
			if _, err := j.conn.ExecContext(ctx, script); err != nil || version+1 != summed {
				return err
			}
			return j.addSums(ctx)
		})
		if err != nil {
			return fmt.Errorf("to format %d: %w", version+1, err)
		}
	}
	return nil
}

// load brings memory in line with the file.
func (j *Journal) load(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.loadMeta(ctx); err != nil {
		return err
	}
	if err := j.loadNames(ctx); err != nil {
		return err
	}
	if err := j.loadTimed(ctx); err != nil {
		return err
	}
	if err := j.loadAhead(ctx); err != nil {
		return err
	}
	j.delivered = nil
	if err := j.loadDelivered(ctx); err != nil {
		return err
	}
	var kept, finished uint64
	if err := j.conn.QueryRowContext(ctx, "SELECT count(*) FROM record").Scan(&kept); err != nil {
		return err
	}
	for _, s := range j.delivered {
		n, err := j.countRecords(ctx, s)
		if err != nil {
			return err
		}
		finished += n
	}
	j.pending = kept - finished
	j.held.forget()
	var err error
	if j.oldest, err = j.findOldest(ctx, j.delivered, 0, j.next); err != nil {
		return err
	}
	j.roomFrom, j.openGap = 0, nil
	return j.loadLosses(ctx)
}

func (j *Journal) loadDelivered(ctx context.Context) error {
	j.delivered = nil
	return j.each(ctx, "SELECT first, last, sum FROM delivered ORDER BY first", func(rows *sql.Rows) error {
		var s span
		var sum sql.NullInt64
		if err := rows.Scan(&s.first, &s.last, &sum); err != nil {
			return err
		}
		if !sum.Valid || sum.Int64 != s.sum() {
			return fmt.Errorf("%w: the run of delivered records %d to %d does not match its sum", ErrCorrupt, s.first, s.last)
		}
		j.delivered = append(j.delivered, s)
		return nil
	})
}

func (j *Journal) loadMeta(ctx context.Context) error {
	if err := j.loadIdentity(ctx); err != nil {
		return err
	}
	if j.metaSum != sumOf(j.epoch, j.generation) {
		return fmt.Errorf("%w: epoch %d and generation %q do not match their sum", ErrCorrupt, j.epoch, j.generation)
	}
	// The newest record is never trimmed, so it holds the place of the
	// sequence without a second write per commit.
	newest, err := j.newest(ctx, "1")
	j.next, j.last, j.hasLast = newest.seq+1, newest.at, newest.seq > 0
	return err
}

// loadIdentity reads what the journal says about itself.
func (j *Journal) loadIdentity(ctx context.Context) error {
	j.metaSum = 0
	return j.each(ctx, "SELECT key, value FROM meta", func(rows *sql.Rows) error {
		var key string
		var value any
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		switch v := value.(type) {
		case int64:
			switch key {
			case metaEpoch:
				j.epoch = uint64(v)
			case metaSum:
				j.metaSum = v
			}
		case string:
			if key == metaGeneration {
				j.generation = v
			}
		}
		return nil
	})
}

func (j *Journal) loadNames(ctx context.Context) error {
	j.words, j.points = map[string]int64{}, map[pointKey]int64{}
	err := j.each(ctx, "SELECT id, text FROM word", func(rows *sql.Rows) error {
		var id int64
		var text string
		err := rows.Scan(&id, &text)
		j.words[text] = id
		return err
	})
	if err != nil {
		return err
	}
	return j.each(ctx, "SELECT id, name, unit FROM point", func(rows *sql.Rows) error {
		var id int64
		var name, unit string
		err := rows.Scan(&id, &name, &unit)
		j.points[pointKey{sensors.PointID(name), sensors.Unit(unit)}] = id
		return err
	})
}

// each calls row for every row of a query.
func (j *Journal) each(ctx context.Context, query string, row func(*sql.Rows) error, args ...any) error {
	rows, err := j.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// syncFolder makes the file's name itself survive a power cut.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
