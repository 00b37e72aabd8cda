package web_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/sensors"
)

func number[T any](v T) *T { return &v }

func opsRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, web.Options{Token: token})
	r.Do(func(f *webtest.Fake) {
		f.Machinery.Gateways = []web.GatewayReport{
			{Gateway: web.Gateway{Name: "gw-balagong", Site: "balagong", LastSeen: noon, Undelivered: 3, Faults: []string{"disk"}, Held: 42, Alarm: true,
				Provisional: []web.Provisional{{Reading: sensors.NewGood("balagong/mutton-1/air", noon.Add(-30*time.Second), -3.5), Outside: true}}},
				OfflineSince: noon.Add(-time.Hour), Version: "1.4.0", Boot: "b1", Clock: "ntp", Backlog: number(uint64(2)), SkewS: number(-0.5)},
			{Gateway: web.Gateway{Name: "gw-old", Site: "gone"}},
		}
		f.OperationsReport.Quarantine = []web.QuarantineCount{{Reason: "store-refused", Total: 4, Repeated: 1}}
		f.OperationsReport.Gaps = []web.GapTotal{{Cause: "restart", Gaps: 2, Gateways: 1, Readings: 7, Length: 90 * time.Second}}
		f.Events = []web.GatewayEntry{{At: noon, Site: "balagong", Gateway: "gw-balagong", Name: "clock-step", Detail: map[string]string{"step_s": "-1h0m0s", "note": "a\u202eb"}}}
		f.Store = web.StoreReport{Kind: "sqlite"}
		for i := range 300 {
			f.Kept = append(f.Kept, web.QuarantineEntry{At: noon, LastAt: noon, Seen: i, Gateway: "gw", Reason: "malformed", Payload: []byte{0xff, 1}, PayloadSize: 9000})
		}
		for i := range 600 {
			from := noon.Add(-time.Duration(i) * time.Minute)
			f.Declared = append(f.Declared, web.DeclaredGap{Site: "balagong", Gateway: "gw-balagong", Scope: "gw-balagong", Cause: "restart", From: from, To: from.Add(time.Second)})
		}
	})
	return r
}

func TestOperationsTellEveryGatewayAndWhatIsWrong(t *testing.T) {
	r := opsRig(t)
	type answer struct {
		Health   string
		Gateways []map[string]any
		Gaps     []struct {
			Cause   string
			LengthS float64 `json:"length_s"`
		}
		Quarantine []struct {
			Reason string
			Total  int
		}
		Events []struct {
			Name   string
			Detail map[string]string
		}
		Store  struct{ OK bool }
		Backup *struct{ At, Where string }

		Retention struct {
			Began, Ended, Oldest *string
			Readings, Frozen     int
			Uncopied             int
			Failure              string
		}
	}
	got := decode[answer](t, r.do(request{path: "/api/v1/operations"}))
	if got.Health != "ok" || !got.Store.OK || got.Backup != nil || len(got.Gateways) != 2 || got.Gaps[0].LengthS != 90 || got.Quarantine[0].Total != 4 {
		t.Fatalf("%+v", got)
	}
	if k := got.Retention; k.Began != nil || k.Ended != nil || k.Frozen != 0 {
		t.Errorf("retention before it ran: %+v", k)
	}
	g := got.Gateways[0]
	if g["name"] != "gw-balagong" || g["offline_since"] != "2026-11-23T11:00:00.000Z" || g["clock"] != "ntp" || g["backlog"] != 2.0 || g["skew_s"] != -0.5 {
		t.Errorf("%v", g)
	}
	if list, _ := json.Marshal(g["provisional"]); string(list) != `[{"outside":true,"point":"balagong/mutton-1/air","q":"good","t":"2026-11-23T11:59:30.000Z","v":-3.5}]` || g["held"] != 42.0 || g["local_alarm"] != true {
		t.Errorf("what the gateway holds: %v", g)
	}
	if len(got.Events) != 1 || got.Events[0].Detail["step_s"] != "-1h0m0s" || strings.ContainsRune(got.Events[0].Detail["note"], 0x202e) {
		t.Errorf("events: %+v", got.Events)
	}
	for _, untold := range []string{"bytes_today", "bytes_per_day", "depth"} {
		if _, there := g[untold]; there {
			t.Errorf("%s is shown though the gateway does not tell it", untold)
		}
	}
	r.Do(func(f *webtest.Fake) {
		f.Machinery.Gateways, f.Stalled = nil, errors.New("storing has not moved")
		f.Store.Failure, f.Backup = "connection refused", &web.BackupReport{At: noon, Where: "/mnt/b"}
		f.Retention = web.RetentionReport{Frozen: 3, Uncopied: 1, Last: &web.RetentionRun{Began: noon, Ended: noon.Add(time.Minute), Readings: 7, Failure: "store is away", Oldest: noon.AddDate(-3, 0, 0)}}
	})
	got = decode[answer](t, r.do(request{path: "/api/v1/operations"}))
	if len(got.Gateways) != 1 || got.Gateways[0]["last_seen"] != nil || got.Store.OK || got.Health != "storing has not moved" || got.Backup.Where != "/mnt/b" {
		t.Errorf("a gateway nobody has heard of, a store that is down: %+v", got)
	}
	if k := got.Retention; k.Ended == nil || *k.Oldest != "2023-11-23T12:00:00.000Z" || k.Readings != 7 || k.Frozen != 3 || k.Uncopied != 1 || k.Failure != "store is away" {
		t.Errorf("retention: %+v", k)
	}
	r.Do(func(f *webtest.Fake) { f.StateDown = errors.New("county.db: disk I/O error at /var/lib/secret") })
	for _, path := range []string{"operations", "quarantine", "gaps"} {
		if w := r.do(request{path: "/api/v1/" + path}); w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestQuarantineIsBoundedAndShowsForeignTextAsText(t *testing.T) {
	r := opsRig(t)
	type answer struct {
		Entries []struct{ Excerpt, Detail, Gateway string }
	}
	if got := decode[answer](t, r.do(request{path: "/api/v1/quarantine"})); len(got.Entries) != 50 || got.Entries[0].Excerpt != "ff01" {
		t.Errorf("%d entries: %+v", len(got.Entries), got.Entries[0])
	}
	if got := decode[answer](t, r.do(request{path: "/api/v1/quarantine?limit=200"})); len(got.Entries) != 200 {
		t.Errorf("%d entries", len(got.Entries))
	}
	r.Do(func(f *webtest.Fake) {
		f.Kept = []web.QuarantineEntry{{Gateway: "gw\x1b[31m\u202e", Detail: "bad \x00 byte", Payload: []byte("<script>alert(1)</script>\n" + strings.Repeat("长", 500))}}
	})
	w := r.do(request{path: "/api/v1/quarantine?limit=1"})
	if body := w.Body.String(); strings.Contains(body, "<script") {
		t.Errorf("raw markup leaves the server: %s", body)
	}
	e := decode[answer](t, w).Entries[0]
	if n := len([]rune(e.Excerpt)); n != 160 || !strings.HasPrefix(e.Excerpt, "<script>") {
		t.Errorf("%d characters of %q", n, e.Excerpt)
	}
	if e.Gateway != "gw\uFFFD[31m\uFFFD" || e.Detail != "bad \uFFFD byte" {
		t.Errorf("%q %q", e.Gateway, e.Detail)
	}
}

func TestGapsAreBoundedToAWindow(t *testing.T) {
	r := opsRig(t)
	type answer struct {
		Gaps      []struct{ From, Cause string }
		From, To  string
		Truncated bool
	}
	got := decode[answer](t, r.do(request{path: "/api/v1/gaps?site=balagong"}))
	if len(got.Gaps) != 100 || !got.Truncated || got.From != "2026-11-16T12:00:00.000Z" || got.To != "2026-11-23T12:00:00.000Z" {
		t.Errorf("%d gaps, truncated %v, %s to %s", len(got.Gaps), got.Truncated, got.From, got.To)
	}
	got = decode[answer](t, r.do(request{path: "/api/v1/gaps?from=2026-11-23T11:50:30Z&to=2026-11-23T12:00:00Z&limit=10"}))
	if len(got.Gaps) != 10 || got.Truncated {
		t.Errorf("%d gaps, truncated %v", len(got.Gaps), got.Truncated)
	}
}

func TestOperationsRefuse(t *testing.T) {
	tests := map[string]struct {
		request
		status int
	}{
		"operations take none":   {request{path: "/api/v1/operations?x=1"}, 400},
		"operations by POST":     {request{method: "POST", path: "/api/v1/operations"}, 405},
		"quarantine limit":       {request{path: "/api/v1/quarantine?limit=201"}, 400},
		"quarantine limit none":  {request{path: "/api/v1/quarantine?limit=0"}, 400},
		"quarantine by DELETE":   {request{method: "DELETE", path: "/api/v1/quarantine"}, 405},
		"gaps of no site":        {request{path: "/api/v1/gaps?site=nowhere"}, 404},
		"gaps from is no time":   {request{path: "/api/v1/gaps?from=monday"}, 400},
		"gaps to is no time":     {request{path: "/api/v1/gaps?to=monday"}, 400},
		"gaps backwards":         {request{path: "/api/v1/gaps?from=2026-11-24T00:00:00Z"}, 400},
		"gaps over two years":    {request{path: "/api/v1/gaps?from=2024-11-23T00:00:00Z"}, 400},
		"gaps limit":             {request{path: "/api/v1/gaps?limit=501"}, 400},
		"gaps unknown parameter": {request{path: "/api/v1/gaps?cause=restart"}, 400},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := opsRig(t).do(tt.request)
			f := decode[failure](t, w)
			if w.Code != tt.status || f.Error.Message_zh == "" || f.Error.Message_en == "" {
				t.Errorf("got %d, want %d\n%s", w.Code, tt.status, w.Body)
			}
		})
	}
}
