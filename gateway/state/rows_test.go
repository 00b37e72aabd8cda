package state

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

// withoutRows is an audit row's detail without the digests.
func withoutRows(text string) string {
	var d map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &d) != nil {
		return text
	}
	delete(d, "rows")
	out, _ := canonical(d)
	return string(out)
}

// atRest is a settled copy of a county's file.
func atRest(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "county.db")
	_, err := Copy(context.WithoutCancel(t.Context()), path, to)
	must(t, err)
	return to
}

// busy is a county in which people did things.
func busy(t *testing.T, options ...Option) county {
	t.Helper()
	c := open(t, options...)
	c.mustCreate(t, "A", room, noon.Add(-3*time.Hour))
	c.mustCreate(t, "B", room, noon.Add(-2*time.Hour))
	c.mustMove(t, "A", "truck-1/box", noon.Add(-time.Hour))
	_, _, err := c.Freeze(t.Context(), keeper, "CC-1", []FrozenRange{{Point: room + "/air", Quantity: sensors.Temperature, From: noon.Add(-2 * time.Hour), To: noon}})
	must(t, err)
	must(t, c.NoteEvidence(t.Context(), keeper, "CC-1", Evidence{File: "CC-1.cbor.zst", Bytes: 3, SHA256: []byte{1, 2, 3}, Readings: 2}))
	return c
}

func verifiedRows(t *testing.T, path string) RowReport {
	t.Helper()
	r, err := VerifyRows(t.Context(), path)
	must(t, err)
	return r
}

func TestRowsAgreeWithTheAudit(t *testing.T) {
	c := busy(t)
	r := verifiedRows(t, atRest(t, c.path))
	if len(r.Wrong) != 0 || r.Rows != 12 { // two batches with their numbers, three stays, one set of one range, three answers kept
		t.Errorf("%d rows compared: %v", r.Rows, r.Wrong)
	}
	for _, table := range []string{"batches", "custody", "frozen", "frozen_ranges", "closings", "people"} {
		if !slices.Contains(r.Tables, table) {
			t.Errorf("%s has no digests", table)
		}
	}
	must(t, c.VerifyAudit(t.Context()))
}

func TestAlteredRowsAreNamed(t *testing.T) {
	c := busy(t)
	for statement, want := range map[string]string{
		"UPDATE batches SET quantity = '9 kg' WHERE id = 'A'":                                                "batches 'A': not what audit row",
		"UPDATE custody SET to_ms = to_ms + 1 WHERE to_ms IS NOT NULL":                                       "custody 'A',",
		"UPDATE frozen SET sha256 = X'010204'":                                                               "frozen 'CC-1': not what audit row",
		"UPDATE batches SET created_ms = CAST(created_ms AS INTEGER) + 1 WHERE id = 'B'":                     "batches 'B': not what audit row",
		"DELETE FROM custody WHERE batch = 'B'":                                                              "gone, and audit row",
		"INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES ('C','','','','',1)": "batches 'C': no audit row wrote it",
	} {
		path := atRest(t, c.path)
		db := other(t, path)
		run(t, db, statement)
		must(t, db.Close())
		r := verifiedRows(t, path)
		if len(r.Wrong) != 1 || !strings.Contains(r.Wrong[0], want) {
			t.Errorf("%s: %v", statement, r.Wrong)
		}
		if _, err := Verify(t.Context(), path); err != nil {
			t.Errorf("%s: the audit itself was not touched: %v", statement, err)
		}
	}
}

// A county that an older program wrote gets digests of what is there when this
// one first opens it.
func TestUpgradeCoversWhatWasThere(t *testing.T) {
	path := version1(t)
	db := reopen(t, path, &clock{at: noon.Add(24 * time.Hour)})
	must(t, db.VerifyAudit(t.Context()))
	copied := atRest(t, path)
	r := verifiedRows(t, copied)
	if len(r.Wrong) != 0 || r.Rows < 3 {
		t.Fatalf("%d rows, %v", r.Rows, r.Wrong)
	}
	file := other(t, copied)
	run(t, file, "UPDATE custody SET zone = 'x/y' WHERE to_ms IS NULL")
	must(t, file.Close())
	if r := verifiedRows(t, copied); len(r.Wrong) == 0 {
		t.Error("a row of before the upgrade was altered and nobody saw")
	}
	// Opening again writes nothing more.
	before, err := db.AuditHead(t.Context())
	must(t, err)
	must(t, db.Close())
	again := reopen(t, path, &clock{at: noon.Add(25 * time.Hour)})
	after, err := again.AuditHead(t.Context())
	must(t, err)
	if before.Seq != after.Seq {
		t.Errorf("the audit grew from %d to %d by opening", before.Seq, after.Seq)
	}
}

// A change that forgets its audit row gets one: no row is without a digest.
func TestRowsWrittenWithoutAWord(t *testing.T) {
	c := open(t)
	must(t, c.change(t.Context(), keeper, func(tx *txn) error {
		_, err := tx.Exec("INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES ('Z', '', '', '', '', 1)")
		return err
	}))
	rows, err := c.Audit(t.Context(), AuditFilter{Object: "county.db"})
	must(t, err)
	if last := rows[len(rows)-1]; last.Action != "rows.written" || last.Actor != keeper {
		t.Errorf("%+v", last)
	}
	if r := verifiedRows(t, atRest(t, c.path)); len(r.Wrong) != 0 || r.Rows != 1 {
		t.Errorf("%d %v", r.Rows, r.Wrong)
	}
}

// A connection that was lost and opened anew watches as well.
func TestRowsAfterANewConnection(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "A", room, noon.Add(-3*time.Hour))
	c.writer.SetMaxIdleConns(0) // closes it
	c.mustMove(t, "A", "truck-1/box", noon.Add(-time.Hour))
	if r := verifiedRows(t, atRest(t, c.path)); len(r.Wrong) != 0 || r.Rows != 6 {
		t.Errorf("%d %v", r.Rows, r.Wrong)
	}
}
