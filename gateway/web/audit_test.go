package web_test

import (
	"testing"
	"time"

	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// TestAuditIsAskedForWhatItIsAsked: filters arrive as they were sent, and the list
// says where it goes on.
func TestAuditIsAskedForWhatItIsAsked(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	r.Do(func(f *webtest.Fake) {
		f.Trail = []web.AuditEntry{
			{Seq: 9, At: noon, Kind: "person", Who: "其其格", Action: "batch.moved", Object: "HJQ-1", Detail: `{"device":"ab"}`, Hash: []byte{0xab}},
			{Seq: 8, At: noon.Add(-time.Hour), Kind: "system", Who: "engine", Action: "alarm.raised", Object: "A", Detail: `{`},
			{Seq: 7, At: noon.Add(-2 * time.Hour), Kind: "person", Who: "其其格", Action: "batch.closed", Object: "HJQ-1", Detail: `{}`},
		}
	})
	type answer struct {
		Entries []struct {
			Seq                                 int64
			At, Kind, Who, Action, Object, Hash string
			Detail                              map[string]any
		}
		Next *int64
	}
	ask := func(query string) answer {
		t.Helper()
		w := r.do(request{path: "/api/v1/audit" + query, token: token})
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", query, w.Code, w.Body)
		}
		return decode[answer](t, w)
	}
	all := ask("")
	if len(all.Entries) != 3 || all.Next != nil || all.Entries[0].Hash != "ab" || all.Entries[0].Detail["device"] != "ab" || all.Entries[1].Detail != nil {
		t.Errorf("%+v", all)
	}
	if page := ask("?limit=2"); len(page.Entries) != 2 || page.Next == nil || *page.Next != 8 {
		t.Errorf("%+v", page)
	}
	if rest := ask("?limit=2&before=8"); len(rest.Entries) != 1 || rest.Entries[0].Seq != 7 || rest.Next != nil {
		t.Errorf("%+v", rest)
	}
	if hers := ask("?who=%E5%85%B6&action=batch.&object=HJQ&from=2026-11-23T11:00:00Z&to=2026-11-23T13:00:00Z"); len(hers.Entries) != 1 || hers.Entries[0].Seq != 9 {
		t.Errorf("%+v", hers)
	}
	for _, bad := range []string{"?before=0", "?before=x", "?limit=501", "?from=yesterday", "?from=2026-11-23T13:00:00Z&to=2026-11-23T11:00:00Z", "?who=a%00", "?x=1"} {
		if w := r.do(request{path: "/api/v1/audit" + bad, token: token}); w.Code != 400 {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
	if w := r.do(request{path: "/api/v1/audit", nobody: true}); w.Code != 401 {
		t.Errorf("without the token: %d", w.Code)
	}
}

// TestCalibrationsSayWhatIsKnown: a point without a calibration is null, never a day.
func TestCalibrationsSayWhatIsKnown(t *testing.T) {
	r := newRig(t, web.Options{})
	r.Do(func(f *webtest.Fake) {
		f.Due = []web.Calibration{{Point: string(air), Gateway: "gw-balagong", Device: "probe", Until: noon}, {Point: "a/b/c"}}
	})
	got := decode[struct {
		Points []struct {
			Point string
			Until *string
		}
	}](t, r.do(request{path: "/api/v1/calibrations"}))
	if len(got.Points) != 2 || got.Points[0].Until == nil || *got.Points[0].Until != "2026-11-23T12:00:00.000Z" || got.Points[1].Until != nil {
		t.Errorf("%+v", got)
	}
}
