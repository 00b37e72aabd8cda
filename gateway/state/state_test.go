package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
)

// The tests' clock and people.
var (
	noon    = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	keeper  = Actor{Kind: Person, ID: "qiqige"}
	counter = Actor{Kind: Token, ID: "counter-1"}
	engine  = Actor{Kind: System, ID: "engine"}
)

// clock is a settable time, safe for several goroutines.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

type county struct {
	*DB
	path string
	*clock
}

// open returns an empty county whose clock stands at noon.
func open(t testing.TB, options ...Option) county {
	t.Helper()
	c := county{path: filepath.Join(t.TempDir(), "county.db"), clock: &clock{at: noon}}
	c.DB = reopen(t, c.path, c.clock, options...)
	return c
}

func reopen(t testing.TB, path string, c *clock, options ...Option) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, c.now, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sumsAgree(t, db)
		if err := db.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return db
}

// sumsAgree checks, at the end of every test of this package, that whatever it
// wrote kept the digests of whole tables up: by adding up the tables anew.
func sumsAgree(t testing.TB, db *DB) {
	t.Helper()
	var r RowReport
	err := db.verifySums(context.WithoutCancel(t.Context()), &r)
	if err != nil && !strings.Contains(err.Error(), "database is closed") {
		t.Error("digests of tables:", err)
	}
	for _, w := range r.Wrong {
		if !strings.Contains(w, "(sqlite_schema)") { // some tests take triggers away
			t.Error(w)
		}
	}
}

// other opens the file by a connection that is not ours, as somebody with a
// SQLite shell would.
func other(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(statement, args...); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, err error, kind Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error is %v, want %s", err, kind)
	}
	var r *Refusal
	if !errors.As(err, &r) || r.Text == "" {
		t.Fatalf("error %v has no sentence for a person", err)
	}
}

func (c county) actions(t testing.TB, object string) []string {
	t.Helper()
	rows, err := c.Audit(t.Context(), AuditFilter{Object: object})
	must(t, err)
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Action)
	}
	return out
}

func (c county) mustCreate(t testing.TB, id, zone string, from time.Time) {
	t.Helper()
	_, err := c.CreateBatch(t.Context(), keeper, IdempotencyKey("create "+id), batch.Batch{ID: id, Product: "塔拉沟山羊肉", Created: from}, &batch.Custody{Zone: zone, From: from})
	must(t, err)
}

func (c county) mustMove(t testing.TB, id, zone string, at time.Time) {
	t.Helper()
	_, err := c.MoveBatch(t.Context(), keeper, IdempotencyKey(fmt.Sprint("move ", id, zone, at.UnixMilli())), MoveRequest{Batch: id, ToZone: zone, At: at})
	must(t, err)
}

func (c county) apply(t testing.TB, transitions ...alerting.Transition) []Alarm {
	t.Helper()
	out, err := c.Apply(t.Context(), engine, transitions)
	must(t, err)
	return out
}

func TestOpenedFileIsDurableAndPrivate(t *testing.T) {
	c := open(t)
	var mode string
	must(t, c.writer.QueryRow("PRAGMA journal_mode").Scan(&mode))
	var synchronous, foreign int
	must(t, c.writer.QueryRow("PRAGMA synchronous").Scan(&synchronous))
	must(t, c.writer.QueryRow("PRAGMA foreign_keys").Scan(&foreign))
	if mode != "wal" || synchronous != 2 || foreign != 1 {
		t.Errorf("journal_mode %s, synchronous %d, foreign_keys %d; want wal, 2 (FULL), 1", mode, synchronous, foreign)
	}
	info, err := os.Stat(c.path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("file mode is %o, want 600", info.Mode().Perm())
	}
	if _, err := c.reader.Exec("DELETE FROM meta"); err == nil {
		t.Error("a reading connection could write")
	}
}

func TestOpenRefusesWhatIsNoCountyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "county.db")
	must(t, os.WriteFile(path, []byte("this is not a database, and longer than a header of one hundred bytes would be, so that nobody could take it for one"), 0o600))
	if _, err := Open(t.Context(), path, time.Now); err == nil {
		t.Error("a text file was opened")
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "missing", "county.db"), time.Now); err == nil {
		t.Error("a file in a folder that is not there was opened")
	}
	if _, err := Open(t.Context(), path, time.Now, WithQuarantineLimit(0)); err == nil {
		t.Error("a quarantine of nothing was accepted")
	}
}

func TestOpenPathMayHoldAnyCharacter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "100% 旗县?a#b")
	must(t, os.Mkdir(dir, 0o700))
	db, err := Open(t.Context(), filepath.Join(dir, "county.db"), time.Now)
	must(t, err)
	must(t, db.Close())
	if _, err := os.Stat(filepath.Join(dir, "county.db")); err != nil {
		t.Error(err)
	}
}

func TestChangeNeedsAnActor(t *testing.T) {
	c := open(t)
	before, err := c.AuditHead(t.Context())
	must(t, err)
	for _, a := range []Actor{{}, {Kind: Person}, {ID: "x"}, {Kind: "robot", ID: "x"}, {Kind: Person, ID: "  "}} {
		_, err := c.Apply(t.Context(), a, []alerting.Transition{raised(noon)})
		wantKind(t, err, ErrNoActor)
		_, err = c.CreateBatch(t.Context(), a, "k", batch.Batch{ID: "A"}, nil)
		wantKind(t, err, ErrNoActor)
		_, err = c.MoveBatch(t.Context(), a, "k", MoveRequest{Batch: "A"})
		wantKind(t, err, ErrNoActor)
		_, err = c.Acknowledge(t.Context(), a, "x", "", noon)
		wantKind(t, err, ErrNoActor)
	}
	after, err := c.AuditHead(t.Context())
	must(t, err)
	if after.Seq != before.Seq {
		t.Error("a refused change left an audit row")
	}
}

func TestFailedChangeLeavesNeitherStateNorAudit(t *testing.T) {
	c := open(t)
	before, err := c.AuditHead(t.Context())
	must(t, err)
	boom := errors.New("boom")
	err = c.change(t.Context(), keeper, func(tx *txn) error {
		if _, err := tx.Exec("INSERT INTO meta (name, value) VALUES ('a', 'b')"); err != nil {
			return err
		}
		if err := tx.audit("test.change", "a", nil); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatal(err)
	}
	after, err := c.AuditHead(t.Context())
	must(t, err)
	var n int
	must(t, c.reader.QueryRow("SELECT count(*) FROM meta WHERE name = 'a'").Scan(&n))
	if n != 0 || after.Seq != before.Seq {
		t.Errorf("%d rows and %d audit rows were left behind", n, after.Seq-before.Seq)
	}
	must(t, c.VerifyAudit(t.Context()))
}

func TestReadersAndWritersTogether(t *testing.T) {
	c := open(t)
	_, err := c.LoadDelivery(t.Context(), "g")
	must(t, err)
	c.mustCreate(t, "A", "hq/room-1", noon.Add(-time.Hour))
	// A reader that sits on its snapshot for the whole test.
	tx, err := c.reader.BeginTx(t.Context(), nil)
	must(t, err)
	defer tx.Rollback()
	var n int
	must(t, tx.QueryRow("SELECT count(*) FROM audit").Scan(&n))

	const rounds = 20
	var all sync.WaitGroup
	errs := make(chan error, 100*rounds)
	run := func(do func(ctx context.Context, i int) error) {
		all.Go(func() {
			for i := range rounds {
				errs <- do(t.Context(), i)
			}
		})
	}
	for g := range 3 {
		run(func(ctx context.Context, i int) error {
			seq := uint64(i*3+g) + 1
			return c.Commit(ctx, Commit{Generation: "g", Delivered: []DeliveredRange{{"gw", 1, seq, seq, "stored", ""}},
				Tracks: map[string][]byte{fmt.Sprint(g): {byte(i)}}})
		})
		run(func(ctx context.Context, i int) error {
			_, err := c.Apply(ctx, engine, []alerting.Transition{raised(noon.Add(time.Duration(g*rounds+i) * time.Minute))})
			return err
		})
		run(func(ctx context.Context, _ int) error { _, err := c.Alarms(ctx, AlarmFilter{}); return err })
		run(func(ctx context.Context, _ int) error { return c.VerifyAudit(ctx) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	d, err := c.LoadDelivery(t.Context(), "g")
	must(t, err)
	p := d[Run{"gw", 1}]
	if p.Stored.Count() != 3*rounds || p.Stored.Len() != 1 {
		t.Errorf("%d records in %d runs, want %d in 1", p.Stored.Count(), p.Stored.Len(), 3*rounds)
	}
	var again int
	must(t, tx.QueryRow("SELECT count(*) FROM audit").Scan(&again))
	if again != n {
		t.Error("a reader's snapshot moved")
	}
}
