package state

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSearchAuditFindsByWhoWhatAndWhen, newest first, page by page.
func TestSearchAuditFindsByWhoWhatAndWhen(t *testing.T) {
	db := open(t)
	for i, c := range []struct{ who, action, object string }{
		{"巴图", "batch.moved", "HJQ-1"}, {"其其格", "batch.created", "HJQ-2"}, {"巴图", "alarm.closed", "A1"}, {"巴图", "batch.closed", "HJQ-1"},
	} {
		db.set(noon.Add(time.Duration(i) * time.Hour))
		must(t, db.change(t.Context(), Actor{Kind: Person, ID: c.who}, func(tx *txn) error { return tx.audit(c.action, c.object, detail{"n": i}) }))
	}
	for name, c := range map[string]struct {
		q    AuditQuery
		want string
	}{
		"who":                    {AuditQuery{Who: "巴图", Limit: 9}, "batch.closed alarm.closed batch.moved"},
		"a part of who":          {AuditQuery{Who: "其", Limit: 9}, "batch.created"},
		"what":                   {AuditQuery{Action: "batch.", Limit: 9}, "batch.closed batch.created batch.moved"},
		"what, whole":            {AuditQuery{Action: "alarm.closed", Limit: 9}, "alarm.closed"},
		"on what":                {AuditQuery{Object: "HJQ-1", Limit: 9}, "batch.closed batch.moved"},
		"when":                   {AuditQuery{Who: "巴图", From: noon.Add(time.Hour), To: noon.Add(3 * time.Hour), Limit: 9}, "alarm.closed"},
		"a page":                 {AuditQuery{Who: "巴图", Limit: 2}, "batch.closed alarm.closed"},
		"a quote is no SQL":      {AuditQuery{Who: "' OR 1=1 --", Limit: 9}, ""},
		"a percent sign is none": {AuditQuery{Object: "%", Limit: 9}, ""},
	} {
		found, _, err := db.SearchAudit(t.Context(), c.q)
		must(t, err)
		var got []string
		for _, r := range found {
			got = append(got, r.Action)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", name, s, c.want)
		}
	}
}

// TestSearchAuditComesToItsEnd: however the pages are cut, every row is seen once,
// and a look passes over a bounded stretch.
func TestSearchAuditComesToItsEnd(t *testing.T) {
	db := open(t)
	for i := range 23 {
		must(t, db.change(t.Context(), Actor{Kind: System, ID: "engine"}, func(tx *txn) error { return tx.audit("test.change", fmt.Sprint(i), nil) }))
	}
	head, err := db.AuditHead(t.Context())
	must(t, err)
	var before int64
	seen := map[int64]bool{}
	for pages := 0; ; pages++ {
		found, next, err := db.SearchAudit(t.Context(), AuditQuery{Before: before, Limit: 5})
		must(t, err)
		for _, r := range found {
			if seen[r.Seq] {
				t.Errorf("row %d came twice", r.Seq)
			}
			seen[r.Seq] = true
		}
		if next == 0 {
			break
		}
		if before = next; pages > 20 {
			t.Fatal("no end")
		}
	}
	if int64(len(seen)) != head.Seq {
		t.Errorf("%d rows of %d", len(seen), head.Seq)
	}
	// A stretch without a match is said to go on, and then ends.
	if _, next, err := db.SearchAudit(t.Context(), AuditQuery{Before: head.Seq + auditStretch + 10, Who: "nobody", Limit: 5}); err != nil || next != head.Seq+10 {
		t.Errorf("next %d, %v; want %d", next, err, head.Seq+10)
	}
	if _, next, err := db.SearchAudit(t.Context(), AuditQuery{Who: "nobody", Limit: 5}); err != nil || next != 0 {
		t.Errorf("next %d, %v; want the end", next, err)
	}
}
