package journal

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// oldFile is a journal of format 1 with 1200 readings, 100 of them delivered.
func oldFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	statements := []string{migrations[0], fmt.Sprintf("PRAGMA user_version = 1; PRAGMA application_id = %d", applicationID),
		"INSERT INTO word VALUES (1, 'boot-0'), (2, 'ntp')", "INSERT INTO point VALUES (1, 'balagong/mutton-1/air', 'Cel')",
		"INSERT INTO delivered VALUES (1, 100)"}
	for i := range 1200 {
		statements = append(statements, fmt.Sprintf("INSERT INTO record VALUES (%d, 1, 0, 1, 0, %d, 2, 1, -18.5, NULL, 2, NULL, NULL)",
			i+1, morning.Add(time.Duration(i)*time.Minute).UnixMilli()))
	}
	if _, err := db.Exec("BEGIN; " + strings.Join(statements, ";\n") + "; COMMIT"); err != nil {
		t.Fatal(err)
	}
	return path
}

func findings(t *testing.T, path string) (damage []Finding) {
	t.Helper()
	r, err := OpenReader(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	found, err := r.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Damage {
			damage = append(damage, f)
		}
	}
	return damage
}

func TestOldFilesAreReadAndMigrated(t *testing.T) {
	path := oldFile(t)
	if found := findings(t, path); len(found) > 0 {
		t.Errorf("as it was: %v", found)
	}
	j := open(t, path)
	if s := look(t, j); s.Oldest != 101 || s.Next != 1201 || s.Undelivered != 1100 {
		t.Errorf("after the migration: %+v", s)
	}
	n := 0
	if err := j.Records(context.Background(), 0, math.MaxUint64, func(Entry) bool { n++; return true }); err != nil || n != 1200 {
		t.Errorf("%d records: %v", n, err)
	}
	j = reopen(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if found := findings(t, path); len(found) > 0 {
		t.Errorf("migrated: %v", found)
	}
}

func TestVerifyFindsWhatSQLiteDoesNot(t *testing.T) {
	for name, c := range map[string]struct{ change, says string }{
		"a value":          {"UPDATE record SET value = value + 0.5 WHERE seq = 50", "sum"},
		"a time":           {"UPDATE record SET wall_ms = wall_ms + 1 WHERE seq = 50", "sum"},
		"a point's name":   {"UPDATE point SET name = 'balagong/mutton-2/air'", "sum"},
		"a boot":           {"UPDATE record SET boot = 77 WHERE seq = 50", "not in the file"},
		"a missing record": {"DELETE FROM record WHERE seq = 50", "missing"},
		"delivery":         {"UPDATE delivered SET last = 90", "sum"},
		"the epoch":        {"UPDATE meta SET value = 7 WHERE key = 'epoch'", "sum"},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJournal(t)
			mustAppend(t, j, readings(100))
			confirm(t, j, ack(1, 10, wire.Stored))
			if _, err := j.conn.ExecContext(context.Background(), c.change); err != nil {
				t.Fatal(err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			found := findings(t, j.path)
			if len(found) == 0 || !strings.Contains(fmt.Sprint(found), c.says) {
				t.Errorf("found %v; want one that says %q", found, c.says)
			}
		})
	}
}

// TestDamageWhileRunning: the next reader of a damaged record moves the file
// aside, and nothing but that record is lost.
func TestDamageWhileRunning(t *testing.T) {
	j := newJournal(t)
	ctx := context.Background()
	mustAppend(t, j, readings(1000))
	confirm(t, j, ack(1, 200, wire.Stored))
	if _, err := j.conn.ExecContext(ctx, "UPDATE record SET value = 4 WHERE seq = 500"); err != nil {
		t.Fatal(err)
	}
	before := j.Next()
	for after := uint64(0); ; {
		records, err := j.Offer(ctx, after, 200)
		if err != nil {
			break
		}
		if len(records) == 0 {
			t.Fatal("all was offered, the damaged record too")
		}
		after = records[len(records)-1].Seq
	}
	if j.Epoch() != 2 || j.Oldest() < before || len(j.Quarantined()) != 1 {
		t.Fatalf("epoch %d, oldest %d, aside %q", j.Epoch(), j.Oldest(), j.Quarantined())
	}
	var readings, lost int
	var gap wire.Gap
	err := j.Records(ctx, 0, math.MaxUint64, func(e Entry) bool {
		switch e.Kind {
		case wire.ReadingRecord:
			readings++
		case wire.GapRecord:
			gap = e.Gap
			lost += int(e.Gap.Count)
		}
		return true
	})
	if err != nil || readings != 799 || lost != 1 {
		t.Errorf("%d readings salvaged of 800, %d declared as lost (%v)", readings, lost, err)
	}
	if !gap.From.Equal(morning.Add(498*time.Minute)) || !gap.To.Equal(morning.Add(500*time.Minute)) {
		t.Errorf("gap from %v to %v; want the neighbours of the lost one", gap.From, gap.To)
	}
	mustAppend(t, j, minutes(1000, 5))
}

func TestReadingBesideARunningAgent(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(100))
	r, err := OpenReader(context.Background(), j.path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := r.Summary(context.Background())
	if err != nil || s.Kept != 100 {
		t.Errorf("%d records: %v", s.Kept, err)
	}
	mustAppend(t, j, readings(1))
	if _, err := os.Stat(j.path); err != nil {
		t.Error(err)
	}
}
