package state

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"
)

// TestAuditHashIsTheDocumentedOne holds the form of DESIGN.md fast. The hashes
// were computed by a program of ten lines in another language from that page.
// If this fails, every chain in every county has become unreadable: a new form
// needs a new tag, not a new number here.
func TestAuditHashIsTheDocumentedOne(t *testing.T) {
	first := AuditRow{Seq: 1, At: time.UnixMilli(1795406400000), Actor: Actor{Kind: Person, ID: "其其格"}, Action: "batch.moved",
		Object: "HJQ261123-TLG-007", Detail: `{"from_zone":"balagong/mutton-1","to_zone":"hq/room-1"}`, Prev: make([]byte, 32)}
	if got, want := hex.EncodeToString(first.sum()), "799d9f92a8b58a9a7e1272d9334e5fdd10a265b6485045314150ad2d4328fdc0"; got != want {
		t.Errorf("first row: %s, want %s", got, want)
	}
	second := AuditRow{Seq: 2, At: time.UnixMilli(-1), Actor: Actor{Kind: System, ID: "engine"}, Action: "alarm.raised", Detail: "{}", Prev: first.sum()}
	if got, want := hex.EncodeToString(second.sum()), "e8632ce1af7d510047873595a3ddfe3219b85a8003cdc1a49e800406dc29bc01"; got != want {
		t.Errorf("second row: %s, want %s", got, want)
	}
}

func TestAuditHashTellsFieldsApart(t *testing.T) {
	base := AuditRow{Seq: 1, At: noon, Actor: Actor{Kind: Person, ID: "ab"}, Action: "c", Object: "d", Detail: "{}", Prev: make([]byte, 32)}
	seen := map[string]string{hex.EncodeToString(base.sum()): "base"}
	for name, change := range map[string]func(*AuditRow){
		"seq":                                   func(r *AuditRow) { r.Seq++ },
		"millisecond":                           func(r *AuditRow) { r.At = r.At.Add(time.Millisecond) },
		"kind":                                  func(r *AuditRow) { r.Actor.Kind = Token },
		"a letter that moves to the next field": func(r *AuditRow) { r.Actor.ID, r.Action = "a", "bc" },
		"object":                                func(r *AuditRow) { r.Object = "" },
		"detail":                                func(r *AuditRow) { r.Detail = "{ }" },
		"prev":                                  func(r *AuditRow) { r.Prev = bytes.Repeat([]byte{1}, 32) },
	} {
		r := base
		change(&r)
		sum := hex.EncodeToString(r.sum())
		if was, ok := seen[sum]; ok {
			t.Errorf("%s: the same hash as %s", name, was)
		}
		seen[sum] = name
	}
}

func TestAuditDetailIsCanonical(t *testing.T) {
	got, err := canonical(detail{"b": "<&>门", "a": 1.5, "c": map[string]any{"z": nil, "y": []int{1}}})
	must(t, err)
	if want := `{"a":1.5,"b":"<&>门","c":{"y":[1],"z":null}}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// migrated is how many audit rows the migrations of a new county leave.
func migrated(t *testing.T) int {
	t.Helper()
	scripts, err := migrations()
	must(t, err)
	return len(scripts)
}

// auditRows is more than the migrations leave.
const auditRows = 40

// tampered opens a county with auditRows of them, whose guards against our own
// mistakes somebody has taken away, and closes it.
func tampered(t *testing.T, do func(*sql.DB)) *DB {
	t.Helper()
	c := open(t)
	for i := range auditRows - migrated(t) {
		c.mustCreate(t, fmt.Sprintf("B%d", i), room, noon.Add(-time.Hour))
	}
	must(t, c.VerifyAudit(t.Context()))
	raw := other(t, c.path)
	run(t, raw, "DROP TRIGGER audit_never_changed")
	run(t, raw, "DROP TRIGGER audit_never_deleted")
	do(raw)
	return reopen(t, c.path, c.clock) // a program that has not seen the chain before
}

func wantBreak(t *testing.T, err error, seq int64) {
	t.Helper()
	var b *AuditBreak
	if !errors.As(err, &b) {
		t.Fatalf("verified: %v", err)
	}
	if b.Seq != seq {
		t.Errorf("broken at %d (%s), want %d", b.Seq, b.Why, seq)
	}
}

func TestTamperedAuditNamesTheFirstBrokenRow(t *testing.T) {
	copyRow := `INSERT INTO audit SELECT ?, at_ms, actor_kind, actor_id, action, object, detail, prev, hash FROM audit WHERE seq = ?`
	for name, c := range map[string]struct {
		do   func(*testing.T, *sql.DB)
		want int64
	}{
		"detail changed": {func(t *testing.T, db *sql.DB) { run(t, db, "UPDATE audit SET detail = '{}' WHERE seq = 5") }, 5},
		"actor changed": {func(t *testing.T, db *sql.DB) {
			run(t, db, "UPDATE audit SET actor_id = 'someone' WHERE seq IN (4, 7)")
		}, 4},
		"time changed":   {func(t *testing.T, db *sql.DB) { run(t, db, "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 11") }, 11},
		"first deleted":  {func(t *testing.T, db *sql.DB) { run(t, db, "DELETE FROM audit WHERE seq = 1") }, 1},
		"middle deleted": {func(t *testing.T, db *sql.DB) { run(t, db, "DELETE FROM audit WHERE seq IN (5, 6)") }, 5},
		"middle deleted and the rest moved up": {func(t *testing.T, db *sql.DB) {
			run(t, db, "DELETE FROM audit WHERE seq = 5")
			for seq := 6; seq <= auditRows; seq++ {
				run(t, db, "UPDATE audit SET seq = ? WHERE seq = ?", seq-1, seq)
			}
		}, 5},
		"copy appended":         {func(t *testing.T, db *sql.DB) { run(t, db, copyRow, auditRows+1, 5) }, auditRows + 1},
		"row before all":        {func(t *testing.T, db *sql.DB) { run(t, db, copyRow, 0, 5) }, 0},
		"row with a low number": {func(t *testing.T, db *sql.DB) { run(t, db, copyRow, -3, 5) }, -3},
		"replaced by a row with a right hash of its own": {func(t *testing.T, db *sql.DB) {
			var r AuditRow
			var at int64
			must(t, db.QueryRow("SELECT seq, at_ms, actor_kind, actor_id, action, object, detail, prev FROM audit WHERE seq = 6").
				Scan(&r.Seq, &at, &r.Actor.Kind, &r.Actor.ID, &r.Action, &r.Object, &r.Detail, &r.Prev))
			r.At, r.Object = time.UnixMilli(at), "forged"
			run(t, db, "UPDATE audit SET object = 'forged', hash = ? WHERE seq = 6", r.sum())
		}, 7},
		"hash emptied": {func(t *testing.T, db *sql.DB) { run(t, db, "UPDATE audit SET hash = x'' WHERE seq = 8") }, 8},
	} {
		t.Run(name, func(t *testing.T) {
			db := tampered(t, func(raw *sql.DB) { c.do(t, raw) })
			wantBreak(t, db.VerifyAudit(t.Context()), c.want)
		})
	}
}

func TestTruncatedTailShowsOnlyAgainstAKeptHead(t *testing.T) {
	var kept AuditHead
	db := tampered(t, func(raw *sql.DB) {
		must(t, raw.QueryRow("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&kept.Seq, &kept.Hash))
		run(t, raw, "DELETE FROM audit WHERE seq > 8")
	})
	if err := db.VerifyAudit(t.Context()); err != nil {
		t.Error("a chain cut at the end is a whole chain to whoever keeps nothing:", err)
	}
	wantBreak(t, db.VerifyAuditAgainst(t.Context(), kept), 9)
}

func TestTruncatedTailShowsToTheProgramThatWroteIt(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "A", room, noon)
	raw := other(t, c.path)
	run(t, raw, "DROP TRIGGER audit_never_deleted")
	run(t, raw, "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")
	wantBreak(t, c.VerifyAudit(t.Context()), int64(migrated(t)+1))
}

func TestRewrittenTailShowsAgainstAKeptHead(t *testing.T) {
	var kept AuditHead
	db := tampered(t, func(raw *sql.DB) {
		must(t, raw.QueryRow("SELECT seq, hash FROM audit WHERE seq = 9").Scan(&kept.Seq, &kept.Hash))
		rewriteFrom(t, raw, 7)
	})
	must(t, db.VerifyAudit(t.Context())) // a stranger with the program can make a whole chain
	wantBreak(t, db.VerifyAuditAgainst(t.Context(), kept), 9)
}

// rewriteFrom forges row seq and makes all hashes behind it fit again.
func rewriteFrom(t *testing.T, raw *sql.DB, seq int64) {
	t.Helper()
	prev := make([]byte, sha256.Size)
	must(t, raw.QueryRow("SELECT hash FROM audit WHERE seq = ?", seq-1).Scan(&prev))
	for ; seq <= auditRows; seq++ {
		var r AuditRow
		var at int64
		must(t, raw.QueryRow("SELECT seq, at_ms, actor_kind, actor_id, action, object, detail FROM audit WHERE seq = ?", seq).
			Scan(&r.Seq, &at, &r.Actor.Kind, &r.Actor.ID, &r.Action, &r.Object, &r.Detail))
		r.At, r.Prev, r.Actor.ID = time.UnixMilli(at), prev, "forged"
		prev = r.sum()
		run(t, raw, "UPDATE audit SET actor_id = ?, prev = ?, hash = ? WHERE seq = ?", r.Actor.ID, r.Prev, prev, seq)
	}
}

func TestKeptHeadInsideTheChainVerifies(t *testing.T) {
	c := open(t)
	kept, err := c.AuditHead(t.Context())
	must(t, err)
	c.mustCreate(t, "A", room, noon)
	must(t, c.VerifyAuditAgainst(t.Context(), kept))
}

func TestAuditRowsCannotBeChangedByAccident(t *testing.T) {
	c := open(t)
	for _, statement := range []string{"UPDATE audit SET detail = ''", "DELETE FROM audit"} {
		if _, err := c.writer.Exec(statement); err == nil {
			t.Errorf("%s was carried out", statement)
		}
	}
}

func TestAuditRowSaysWhoWhatAndWhen(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "A", room, noon.Add(-time.Hour))
	c.clock.set(noon.Add(1500 * time.Microsecond))
	c.mustMove(t, "A", "", noon)
	rows, err := c.Audit(t.Context(), AuditFilter{Object: "A", Limit: 10})
	must(t, err)
	if len(rows) != 2 {
		t.Fatal(rows)
	}
	r := rows[1]
	if r.Actor != keeper || r.Action != "batch.moved" || !r.At.Equal(noon.Add(time.Millisecond)) ||
		withoutRows(r.Detail) != `{"from_zone":"`+room+`","moved":"2026-11-23T04:00:00.000Z","to_zone":""}` {
		t.Errorf("%+v", r)
	}
	rest, err := c.Audit(t.Context(), AuditFilter{After: r.Seq})
	must(t, err)
	if len(rest) != 0 {
		t.Error(rest)
	}
}
