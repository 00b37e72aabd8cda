package state

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// lived is a county in which every table that changes all the time has rows, and
// in which people did things.
func lived(t *testing.T) county {
	t.Helper()
	c, ctx := busy(t, WithStamps()), t.Context()
	c.load(t)
	c.apply(t, story(noon.Add(-2*time.Hour))...)
	c.entries(t, siteSaid(1, wire.EventAlarmSilenced, noon.Add(-20*time.Minute), 40*time.Minute, "site page, 192.168.1.7"))
	tracks := map[string][]byte{}
	for i := range 40 {
		tracks[fmt.Sprintf("%s/air-%d", room, i)] = fmt.Appendf(nil, `{"since":"2026-11-23T03:%02d:00Z","value":%d.5}`, i, i)
	}
	for n := range uint64(3) { // tracks and ranges are written again and again
		must(t, c.Commit(ctx, Commit{Generation: "store-1", Tracks: tracks,
			Delivered: []DeliveredRange{stored(n*10+1, n*10+10), {"gw-2", 1, n*10 + 1, n*10 + 1, wire.Quarantined, wire.OutOfRange}},
			Judged:    []JudgedRange{{"gw-1", 1, n*10 + 1, n*10 + 10}},
			Dirty:     []DirtyRange{{Point: room + "/air", From: noon.Add(-time.Hour), To: noon, Stamp: n + 1}}}))
	}
	c.setApart(t, QuarantineEntry{At: noon, Gateway: "gw-1", Topic: "t", Epoch: 1, Seq: 7, HasSeq: true, Reason: wire.OutOfRange, Detail: "200 °C", Payload: []byte("payload")})
	must(t, c.SaveStatus(ctx, wire.Status{Gateway: "gw-1", Site: "balagong", Online: true, Session: "s1", At: noon, Boot: "b", Epoch: 1, Next: 31, Clock: wire.ClockGNSS}, noon))
	must(t, c.SetRolled(ctx, []sensors.PointID{room + "/air"}, "store-1", nil))
	must(t, c.SetRetained(ctx, room+"/air", RetainedReadings, "store-1", noon.Add(-24*time.Hour)))
	_, err := c.AddIntents(ctx, decider, []Outgoing{message("k1", true), message("k2", false)})
	must(t, err)
	must(t, c.RecordAttempt(ctx, decider, []string{"k1"}, duty.Attempt{Channel: "call", At: noon}, "biz-1", []time.Time{{}}))
	_, err = c.PutPeople(ctx, decider, 0, duty.Roster{Persons: []duty.Person{{ID: "qiqige", Name: "其其格", Roles: []duty.Role{duty.Keeper}}}}, duty.DefaultPlan(), nil)
	must(t, err)
	must(t, c.SetPIN(ctx, keeper, "qiqige", "$hash"))
	must(t, c.PINTried(ctx, wall, "qiqige", "phone", false))
	_, err = c.NoteExposureVersion(ctx, "A", ExposureVersion{}, ExposureVersion{Version: 1, AsOf: noon, Digest: []byte{1, 2, 3}})
	must(t, err)
	must(t, c.AddCertificate(ctx, keeper, Certificate{Number: "CC-1", Batch: "A", Version: 1, Made: noon, SHA256: [32]byte{1}, Request: "r"}))
	must(t, c.StampFailed(ctx, decider, "CC-1", "503", noon.Add(time.Minute)))
	must(t, c.BeginSession(ctx, decider, Session{ID: "s1", Site: "balagong", Name: "库门口", Device: "d1"}, []byte("sum of a secret")))
	must(t, c.BeginSession(ctx, decider, Session{ID: "s2", Site: "balagong", Name: "月台", Device: "d2"}, []byte("sum of another")))
	must(t, c.NoteUse(ctx, "s1", noon.Add(time.Minute)))
	must(t, c.KeepTrips(ctx, "truck-1", hour(0), []trip.Trip{went(1, 2.9, "north"), went(3, 0)}))
	must(t, c.KeepTrips(ctx, "truck-1", hour(0), []trip.Trip{went(1, 2.9, "north")})) // the other one was none
	return c
}

// closed is the county's file after a clean end: the write-ahead log is folded in.
func closed(t *testing.T, c county) string {
	t.Helper()
	must(t, c.Close())
	if log, err := os.Stat(c.path + "-wal"); err == nil && log.Size() > 0 {
		t.Fatal("the log was not folded in")
	}
	whole, err := os.ReadFile(c.path)
	must(t, err)
	path := filepath.Join(t.TempDir(), "county.db")
	must(t, os.WriteFile(path, whole, 0o600))
	return path
}

// found is what verifying says of a file; empty when it finds nothing.
func found(ctx context.Context, path string) string {
	if _, err := Verify(ctx, path); err != nil {
		return err.Error()
	}
	r, err := VerifyRows(ctx, path)
	if err != nil {
		return err.Error()
	}
	return strings.Join(r.Wrong, "\n")
}

// contents is every value of every row of every table, what the tables are, and
// the file's version: read by SQLite and by nothing of ours.
func contents(ctx context.Context, path string) (string, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&immutable=1")
	if err != nil {
		return "", err
	}
	defer db.Close() // only read
	var out strings.Builder
	list := func(query string) error {
		rows, err := db.QueryContext(ctx, query)
		return each(rows, err, func() error {
			var text string
			err := rows.Scan(&text)
			out.WriteString(text + "\n")
			return err
		})
	}
	if err := list("SELECT type || name || tbl_name || coalesce(sql, '') FROM sqlite_schema UNION ALL SELECT user_version FROM pragma_user_version"); err != nil {
		return "", err
	}
	columns := map[string][]string{}
	rows, err := db.QueryContext(ctx, "SELECT m.name, i.name FROM sqlite_schema m, pragma_table_info(m.name) i WHERE m.type = 'table' ORDER BY m.name, i.cid")
	err = each(rows, err, func() error {
		var table, column string
		err := rows.Scan(&table, &column)
		columns[table] = append(columns[table], `typeof("`+column+`") || hex("`+column+`")`)
		return err
	})
	if err != nil {
		return "", err
	}
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		out.WriteString(table + "\n")
		if err := list("SELECT " + strings.Join(columns[table], " || ',' || ") + ` FROM "` + table + `" ORDER BY 1`); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// Whichever byte of the file is altered, in whatever table it stands: verifying
// finds it, or no value of any row is another than before.
func TestOneAlteredByteIsFound(t *testing.T) {
	path, ctx := closed(t, lived(t)), t.Context()
	before, err := contents(ctx, path)
	must(t, err)
	if said := found(ctx, path); said != "" {
		t.Fatal("the untouched file does not verify:", said)
	}
	whole, err := os.ReadFile(path)
	must(t, err)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	// Most of a young file is zero. A prime step meets every place of a page.
	const step, zeroStep = 83, 4099
	altered, harmless, written, empty := 0, 0, 0, 0
	for at, is := range whole {
		if is != 0 {
			written++
		} else {
			empty++
		}
		if is != 0 && written%step != 0 || is == 0 && empty%zeroStep != 0 {
			continue
		}
		_, err = file.WriteAt([]byte{is ^ 1<<(at%8)}, int64(at))
		must(t, err)
		if found(ctx, path) != "" {
			altered++
		} else if now, err := contents(ctx, path); err != nil || now != before {
			t.Errorf("byte %d of %d: nobody saw it; reading all rows: %v", at, len(whole), err)
		} else {
			harmless++ // on a page that is free, or between the rows of one
		}
		_, err = file.WriteAt([]byte{is}, int64(at))
		must(t, err)
	}
	t.Logf("%d alterations were found; %d bytes are of no row: every row read the same", altered, harmless)
	if altered < 200 {
		t.Errorf("only %d alterations were tried", altered)
	}
}

// Every column of every table with one digest: its values are altered by SQL,
// past this program, and the report names the table.
func TestEveryColumnOfATableThatChangesIsCovered(t *testing.T) {
	good, ctx := closed(t, lived(t)), t.Context()
	whole, err := os.ReadFile(good)
	must(t, err)
	tables, err := sumTables(ctx, other(t, good))
	must(t, err)
	if len(tables) != len(changing()) {
		t.Errorf("%d tables of %d", len(tables), len(changing()))
	}
	path := filepath.Join(t.TempDir(), "county.db")
	for name, table := range tables {
		for _, column := range table.columns {
			must(t, os.WriteFile(path, whole, 0o600))
			db := other(t, path)
			db.SetMaxOpenConns(1)
			run(t, db, "PRAGMA ignore_check_constraints = ON")
			alter := fmt.Sprintf(`UPDATE "%s" SET "%[2]s" = CASE typeof("%[2]s") WHEN 'text' THEN "%[2]s" || 'x' WHEN 'blob' THEN CAST("%[2]s" || x'01' AS BLOB)
				WHEN 'null' THEN 7 ELSE "%[2]s" + 1000000 END`, name, column)
			r, err := db.Exec(alter)
			if err != nil && strings.Contains(err.Error(), "in BLOB column") {
				r, err = db.Exec(strings.Replace(alter, "THEN 7", "THEN x'07'", 1))
			}
			must(t, err)
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				t.Errorf("%s has no rows to alter: %v", name, err)
			}
			must(t, db.Close())
			if r := verifiedRows(t, path); len(r.Wrong) == 0 || !strings.HasPrefix(r.Wrong[0], name+": ") {
				t.Errorf("%s.%s: %v", name, column, r.Wrong)
			}
		}
	}
}

func TestAlteredTablesAreNamed(t *testing.T) {
	good := closed(t, lived(t))
	whole, err := os.ReadFile(good)
	must(t, err)
	for statement, want := range map[string]string{
		"UPDATE tracks SET state = x'00' WHERE key LIKE '%air-7'":                       "tracks: its 40 rows are not those",
		"UPDATE alarms SET peak = 4":                                                    "alarms: its 1 rows are not those",
		"UPDATE outbox SET delivered_ms = 1 WHERE key = 'k2'":                           "outbox: its 2 rows are not those",
		"DELETE FROM attempts":                                                          "attempts: 0 rows, and the digest written with the last change is of 1",
		"UPDATE ranges SET last = last + 1 WHERE kind = 'judged'":                       "ranges: its",
		"INSERT INTO meta (name, value) VALUES ('x', 'y')":                              "meta: ",
		"UPDATE digests SET sum = zeroblob(32) WHERE name = 'tracks'":                   "tracks: its 40 rows are not those",
		"DELETE FROM digests WHERE name = 'tracks'":                                     "tracks: its digest is gone",
		"INSERT INTO digests (name, rows, sum) VALUES ('x', 0, x'')":                    `digests: there is one of "x"`,
		"DROP TRIGGER frozen_never_deleted":                                             "(sqlite_schema): ",
		"PRAGMA user_version = 3":                                                       "(sqlite_schema): ",
		"UPDATE sqlite_sequence SET seq = 9":                                            "sqlite_sequence: the counter of the quarantine is 9",
		"UPDATE gateways SET site = 'a' || char(0) || 'b'":                              "gateways: 1 texts have a zero byte",
		"UPDATE entries SET mono_ms = mono_ms + 1":                                      "entries: ",
		"UPDATE quarantine_counts SET total = 9":                                        "quarantine_counts: ",
		"UPDATE exposures SET digest = x'010204'":                                       "exposures: ",
		"UPDATE alarms SET last_value = last_value + 1e-9 WHERE last_value IS NOT NULL": "alarms: ",
	} {
		path := filepath.Join(t.TempDir(), "county.db")
		must(t, os.WriteFile(path, whole, 0o600))
		db := other(t, path)
		run(t, db, statement)
		must(t, db.Close())
		r := verifiedRows(t, path)
		if !slices.ContainsFunc(r.Wrong, func(w string) bool { return strings.Contains(w, want) }) {
			t.Errorf("%s: %v", statement, r.Wrong)
		}
	}
}

// A row that is written and undone, written twice or put back as it was leaves
// the digest of what is there.
func TestDigestsFollowEveryWayOfWriting(t *testing.T) {
	c := open(t)
	c.load(t)
	put := func(tracks map[string][]byte) {
		t.Helper()
		must(t, c.Commit(t.Context(), Commit{Generation: "store-1", Tracks: tracks}))
		sumsAgree(t, c.DB)
	}
	put(map[string][]byte{"a": []byte("1"), "b": {}, "c": []byte("x\x00y")})
	put(map[string][]byte{"a": []byte("1")}) // the same again
	put(map[string][]byte{"a": []byte("2")})
	put(map[string][]byte{"a": nil})
	boom := refuse(ErrInvalid, "no")
	err := c.change(t.Context(), keeper, func(tx *txn) error {
		_, err := tx.Exec("DELETE FROM tracks")
		must(t, err)
		return boom
	})
	wantKind(t, err, ErrInvalid)
	sumsAgree(t, c.DB)
	must(t, c.change(t.Context(), keeper, func(tx *txn) error {
		_, err := tx.Exec("DELETE FROM tracks") // at one stroke, which SQLite does without looking at rows
		return err
	}))
	sumsAgree(t, c.DB)
	c.writer.SetMaxIdleConns(0) // the next transaction has a new connection
	put(map[string][]byte{"d": []byte("4")})
}

// What `coldchain backup` notes into a county's file agrees as well, and so does
// the copy.
func TestABackupKeepsTheDigests(t *testing.T) {
	c := lived(t)
	copied := atRest(t, c.path)
	must(t, NoteBackup(t.Context(), c.path, keeper, Backup{At: noon, Where: "/mnt/usb"}))
	for _, path := range []string{copied, closed(t, c)} {
		if said := found(t.Context(), path); said != "" {
			t.Errorf("%s: %s", path, said)
		}
	}
}

// A power cut between a migration and the digests that follow it: they are made
// at the next start.
func TestDigestsBrokenOffAreMadeAtTheNextStart(t *testing.T) {
	path := version1(t)
	db := reopen(t, path, &clock{at: noon})
	must(t, db.Close())
	file := other(t, path)
	run(t, file, "DELETE FROM digests")
	run(t, file, "DELETE FROM meta WHERE name = '"+metaRows+"'")
	must(t, file.Close())
	db = reopen(t, path, &clock{at: noon})
	must(t, db.Close())
	if said := found(t.Context(), path); said != "" {
		t.Error(said)
	}
}

// After a kill the file is whole, log and all: transactions that were committed
// carried their digests.
func TestAKilledCountyAgrees(t *testing.T) {
	c := lived(t)
	copied := filepath.Join(t.TempDir(), "county.db")
	for _, end := range []string{"", "-wal"} { // as a kill leaves them, without Close
		b, err := os.ReadFile(c.path + end)
		must(t, err)
		must(t, os.WriteFile(copied+end, b, 0o600))
	}
	db := reopen(t, copied, c.clock)
	must(t, db.Close())
	if said := found(t.Context(), copied); said != "" {
		t.Error(said)
	}
	var alarms int
	must(t, other(t, copied).QueryRow("SELECT count(*) FROM alarms WHERE level = ?", string(alerting.Excursion)).Scan(&alarms))
	if alarms != 1 {
		t.Errorf("%d alarms: the log was not read", alarms)
	}
}
