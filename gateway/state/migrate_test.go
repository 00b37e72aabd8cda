package state

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/wire"
)

// version1 writes the file that a county of version 1 has.
func version1(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/county-v1.sql")
	must(t, err)
	path := filepath.Join(t.TempDir(), "county.db")
	db := other(t, path)
	run(t, db, string(text))
	must(t, db.Close())
	return path
}

func TestMigrationFromVersion1KeepsEverything(t *testing.T) {
	db := reopen(t, version1(t), &clock{at: noon.Add(24 * time.Hour)})
	ctx := t.Context()
	must(t, db.VerifyAudit(ctx))
	rows, err := db.Audit(ctx, AuditFilter{})
	must(t, err)
	for len(rows) > 0 && rows[len(rows)-1].Action == "rows.covered" { // of what was there before; see rows_test.go
		rows = rows[:len(rows)-1]
	}
	if last := rows[len(rows)-1]; len(rows) != 8+migrated(t) || last.Action != "schema.migrated" || last.Detail != fmt.Sprintf(`{"from":%d,"to":%d}`, migrated(t)-1, migrated(t)) {
		t.Errorf("%d rows, the last is %s %s", len(rows), last.Action, last.Detail)
	}
	d, err := db.LoadDelivery(ctx, "store-1")
	must(t, err)
	p := d[Run{"gw-balagong", 1}]
	if !slices.Equal(p.Stored.runs, []wire.Range{{From: 1, To: 500}, {From: 502, To: 900}}) || p.Quarantined.Count() != 1 || p.Judged.Highest() != 905 {
		t.Errorf("%+v", p)
	}
	tracks, err := db.LoadTracks(ctx)
	must(t, err)
	if string(tracks[room+"/air"]) != "track" {
		t.Error(tracks)
	}
	b, err := db.Batch(ctx, "HJQ261123-TLG-007")
	must(t, err)
	if b.Where() != "hq/room-1" || len(b.Custody) != 2 || b.Product != "塔拉沟山羊肉" {
		t.Errorf("%+v", b)
	}
	again, err := db.MoveBatch(ctx, keeper, "move HJQ261123-TLG-007hq/room-11795406400000", MoveRequest{Batch: "HJQ261123-TLG-007", ToZone: "hq/room-1", At: noon})
	must(t, err)
	if b.Short == "" {
		t.Error("a batch of before the upgrade has no short code")
	}
	b.Short = "" // the first answer had none
	if !reflect.DeepEqual(again, b) {
		t.Errorf("a request of before the upgrade is not known: %+v", again)
	}
	q, err := db.Quarantine(ctx, 0)
	must(t, err)
	if len(q) != 1 || q[0].Seq != 501 || string(q[0].Payload) != "payload" {
		t.Errorf("%+v", q)
	}
	g, err := db.Gateways(ctx)
	must(t, err)
	if len(g) != 1 || !g[0].Status.Online || !g[0].InventoryReceived.Equal(noon) {
		t.Errorf("%+v", g)
	}
	e, err := db.Entries(ctx, EntryFilter{})
	must(t, err)
	if len(e) != 1 || e[0].Gap.Cause != "restart" {
		t.Errorf("%+v", e)
	}
}

func TestMigrationKeepsAnswersAnswered(t *testing.T) {
	db := reopen(t, version1(t), &clock{at: noon})
	a, err := db.Alarm(t.Context(), "aaaa")
	must(t, err)
	if a.State != alerting.Acknowledged || a.AckedLevel != alerting.Excursion || a.AckedBy != keeper || a.Peak != 9.5 || !slices.Equal(a.Batches, []string{"HJQ261123-TLG-007"}) {
		t.Errorf("%+v", a)
	}
	// The engine goes on after the upgrade: the answer stands.
	said := a.Alarm
	said.LastSeen, said.LastValue = noon.Add(time.Minute), 9
	out, err := db.Apply(t.Context(), engine, []alerting.Transition{{Change: alerting.Updated, Alarm: said}})
	must(t, err)
	if out[0].State != alerting.Acknowledged {
		t.Error("an alarm that was answered before the upgrade rings again:", out[0].State)
	}
	b, err := db.Alarm(t.Context(), "bbbb")
	must(t, err)
	if b.State != alerting.Unacknowledged || b.AckedLevel != "" || !b.AckedAt.IsZero() {
		t.Errorf("%+v", b)
	}
}

func TestMigratedSchemaEqualsANewOne(t *testing.T) {
	schema := func(path string) []string {
		out := []string{}
		db := other(t, path)
		rows, err := db.Query("SELECT type || ' ' || tbl_name || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")
		must(t, each(rows, err, func() error {
			var s string
			err := rows.Scan(&s)
			out = append(out, s)
			return err
		}))
		return out
	}
	old := version1(t)
	reopen(t, old, &clock{at: noon})
	fresh := open(t)
	if a, b := schema(old), schema(fresh.path); !slices.Equal(a, b) {
		t.Errorf("version 1 has been edited after its release:\n%v\n%v", a, b)
	}
}

func TestFileOfALaterProgramIsLeftAlone(t *testing.T) {
	path := version1(t)
	raw := other(t, path)
	run(t, raw, "PRAGMA user_version = 99")
	_, err := Open(t.Context(), path, time.Now)
	wantKind(t, err, ErrNewerFile)
	var version int
	must(t, raw.QueryRow("PRAGMA user_version").Scan(&version))
	if version != 99 {
		t.Error("the file was changed to version", version)
	}
}

func TestFailedMigrationLeavesTheOldVersionWhole(t *testing.T) {
	path := version1(t)
	raw := other(t, path)
	run(t, raw, "ALTER TABLE alarms ADD COLUMN acked_level TEXT") // makes version 2's script fail
	if _, err := Open(t.Context(), path, time.Now); err == nil {
		t.Fatal("opened")
	}
	var version, rows int
	must(t, raw.QueryRow("PRAGMA user_version").Scan(&version))
	must(t, raw.QueryRow("SELECT count(*) FROM audit").Scan(&rows))
	if version != 1 || rows != 9 {
		t.Errorf("version %d with %d audit rows, want 1 with 9", version, rows)
	}
}
