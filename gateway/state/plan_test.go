package state

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestListsUseTheirIndexes reads SQLite's plans: a scan of custody for every
// alarm would be quick in a test and slow in the third year.
func TestListsUseTheirIndexes(t *testing.T) {
	c := open(t)
	plan := func(query string, args ...any) string {
		var out []string
		rows, err := c.reader.Query("EXPLAIN QUERY PLAN "+query, args...)
		must(t, each(rows, err, func() error {
			var a, b, n int
			var s string
			err := rows.Scan(&a, &b, &n, &s)
			out = append(out, s)
			return err
		}))
		return strings.Join(out, "\n")
	}
	if p := plan(exposures, "[]", 0); strings.Contains(p, "SCAN c") || !strings.Contains(p, "custody_zone (zone=? AND <expr>>?)") || !strings.Contains(p, "SEARCH c USING PRIMARY KEY (batch=?") {
		t.Errorf("batches of alarms:\n%s", p)
	}
	f, args := BatchFilter{Alarmed: true}.standing(noon)
	if p := plan("SELECT b.id FROM batches b WHERE "+f, append([]any{nil, nil, nil, nil}, args...)...); strings.Contains(p, "SCAN a") || strings.Contains(p, "SCAN c") {
		t.Errorf("batches by their alarms:\n%s", p)
	}
	if p := plan(inZone, room, 0, 0); !strings.Contains(p, "custody_zone (zone=? AND <expr>>?)") {
		t.Errorf("batches of a zone:\n%s", p)
	}
}

// BenchmarkAlarms lists the newest 200 alarms with their batches in a county
// that has worked for three years.
func BenchmarkAlarms(b *testing.B) {
	c := open(b)
	must(b, c.change(b.Context(), engine, func(tx *txn) error {
		for i := range 30_000 {
			id, from := fmt.Sprintf("B%d", i), noon.Add(-time.Duration(i)*50*time.Minute)
			if _, err := tx.Exec("INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES (?, '', '', '', '', ?)", id, from.UnixMilli()); err != nil {
				return err
			}
			for stay := range 3 {
				zone := fmt.Sprintf("site-%d/room-%d", (i+stay)%12, i%5)
				at := from.Add(time.Duration(stay) * 24 * time.Hour)
				if _, err := tx.Exec("INSERT INTO custody (batch, zone, from_ms, to_ms) VALUES (?, ?, ?, ?)", id, zone, at.UnixMilli(), at.Add(24*time.Hour).UnixMilli()); err != nil {
					return err
				}
			}
		}
		for i := range 5000 {
			a := alarmAt(noon.Add(-time.Duration(i) * 5 * time.Hour))
			a.Zone, a.Returned = fmt.Sprintf("site-%d/room-%d", i%12, i%5), a.Start.Add(time.Hour)
			if err := tx.putAlarm(Alarm{Alarm: a}); err != nil {
				return err
			}
		}
		return nil
	}))
	for b.Loop() {
		found, err := c.Alarms(b.Context(), AlarmFilter{Limit: 200})
		must(b, err)
		named := 0
		for _, a := range found {
			named += len(a.Batches)
		}
		if len(found) != 200 || named < 100 {
			b.Fatal(len(found), named)
		}
	}
}
