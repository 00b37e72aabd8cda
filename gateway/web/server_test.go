package web_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/sensors"
)

const (
	air   = sensors.PointID("balagong/mutton-1/air")
	token = "s3cret"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rig is a county of one store room and one technical zone, with a server.
type rig struct {
	*webtest.Fake
	hub     *web.Hub
	server  *web.Server
	alarmID string
	token   string // the county's

	t        *testing.T
	contract *contract // holds every answer against the document
}

func county() web.County {
	return web.County{
		ID: "hangjin", Name: config.Label{ZH: "杭锦旗", EN: "Hangjin Banner"}, Notice: config.Label{ZH: "演示", EN: "Demo"},
		Timezone: "Asia/Shanghai",
		Sites: []web.Site{{ID: "balagong", Kind: config.TownshipStore, Name: config.Label{ZH: "巴拉贡镇", EN: "Balagong"}, Gateway: "gw-balagong",
			Zones: []web.Zone{
				{ID: "balagong/mutton-1", Kind: config.Chilled, Name: config.Label{ZH: "羊肉库", EN: "Mutton room"},
					Points: []sensors.Point{{ID: air, Quantity: sensors.Temperature}, {ID: "balagong/mutton-1/door", Quantity: sensors.Door}},
					Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: {{Side: alerting.High, Level: alerting.Excursion, Value: 5, Delay: 30 * time.Minute}}}},
				{ID: "balagong/power", Kind: config.Technical, Points: []sensors.Point{{ID: "balagong/power/mains", Quantity: sensors.Mains}}},
			}}},
	}
}

func newRig(t *testing.T, opt web.Options) *rig { return newRigWith(t, opt, nil) }

// newRigWith is newRig that keeps papers.
func newRigWith(t *testing.T, opt web.Options, papers web.Files) *rig {
	t.Helper()
	return newRigIn(t, county(), opt, papers, func(*webtest.Fake) {})
}

// newRigIn is a rig of another county, with a fake that is prepared before the
// server sees it.
func newRigIn(t *testing.T, county web.County, opt web.Options, papers web.Files, prepare func(*webtest.Fake)) *rig {
	t.Helper()
	f := webtest.NewFake()
	f.Papers = papers
	f.Clock = func() time.Time { return noon }
	f.Boxes = []web.Gateway{{Name: "gw-balagong", Site: "balagong", Online: true, LastSeen: noon, Undelivered: 3}}
	lot := batch.Batch{ID: "HJQ261123-TLG-007", Product: "塔拉沟山羊肉", Profile: "goat-chilled", Quantity: "240 kg", Owner: "示例合作社", Created: noon.Add(-5 * time.Hour)}
	held := batch.Custody{Batch: lot.ID, Zone: "balagong/mutton-1", From: noon.Add(-5 * time.Hour)}
	f.Lots = []web.BatchHistory{{Batch: lot, Custody: []batch.Custody{held}}}
	start := noon.Add(-40 * time.Minute)
	id := alerting.AlarmID(alerting.HighLimit, string(air), start)
	f.AlarmList = []web.Alarm{{Alarm: alerting.Alarm{ID: id, Rule: alerting.HighLimit, Object: string(air), Zone: "balagong/mutton-1",
		Level: alerting.Excursion, Class: alerting.Live, State: alerting.Unacknowledged, Start: start, Raised: start.Add(30 * time.Minute),
		LastSeen: noon, Limit: 5, Delay: 30 * time.Minute, Peak: 7.25, LastValue: 7.1, HasValue: true},
		Batches: []web.ExposedBatch{{Batch: lot, Custody: held}}}}
	f.Put(sensors.NewGood(air, noon.Add(-12*time.Second), 7.1), sensors.Temperature, web.PointOut, noon)

	opt.Now = func() time.Time { return noon }
	opt.Token = cmp.Or(opt.Token, token)
	if opt.Page == nil {
		opt.Page = fstest.MapFS{"placeholder.html": {Data: []byte("run make page")}}
	}
	hub := web.NewHub()
	prepare(f)
	s, err := web.New(f.Deps(county, hub), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := contractOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Fake: f, hub: hub, server: s, alarmID: id, token: opt.Token, t: t, contract: c}
}

// request is one of a program that holds the county's token, if it reads; who
// changes something says so, and who is nobody says that.
type request struct {
	method, path, body, token, key string
	nobody                         bool
}

func (r *rig) do(q request) *httptest.ResponseRecorder {
	if q.method == "" {
		q.method = "GET"
	}
	if q.method == "GET" && !q.nobody {
		q.token = cmp.Or(q.token, r.token)
	}
	req := httptest.NewRequest(q.method, q.path, strings.NewReader(q.body))
	if q.token != "" {
		req.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.key != "" {
		req.Header.Set("Idempotency-Key", q.key)
	}
	w := httptest.NewRecorder()
	r.server.Handler().ServeHTTP(w, req)
	if err := r.contract.hold(req, q.body, w); err != nil {
		r.t.Errorf("%s %s is not as described: %v", q.method, q.path, err)
	}
	return w
}

// byToken shows the token of most rigs.
func byToken(req *http.Request) *http.Request {
	req.Header.Set("Authorization", "Bearer "+token)
	return req
}

// decode reads an answer as JSON, strictly enough to notice a broken one.
func decode[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("answer is no JSON: %v\n%s", err, w.Body)
	}
	return v
}

type failure struct {
	Error struct{ Code, Message_zh, Message_en string }
}

func TestSitesAndZonesAndPoints(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	sites := decode[struct {
		Now    string
		County struct {
			Name          config.Label
			Stale_after_s float64
			Writable      bool
		}
		Sites []struct {
			ID      string
			Zones   []string
			Gateway struct {
				Online      bool
				Undelivered int
				Last_seen   string
			}
		}
	}](t, r.do(request{path: "/api/v1/sites"}))
	if sites.Now != "2026-11-23T12:00:00.000Z" || sites.County.Name.ZH != "杭锦旗" || !sites.County.Writable ||
		sites.County.Stale_after_s != 180 || len(sites.Sites) != 1 || !sites.Sites[0].Gateway.Online ||
		sites.Sites[0].Gateway.Undelivered != 3 || len(sites.Sites[0].Zones) != 2 {
		t.Errorf("sites: %+v", sites)
	}
	type point struct {
		ID, Status, Unit string
		Reading          *struct {
			T, Q   string
			V      *float64
			Reason string
		}
	}
	zones := decode[struct {
		History string
		Zones   []struct {
			ID, Main string
			Limits   map[string][]struct {
				Side, Level    string
				Value, Delay_s float64
			}
			Points []point
			Spark  *struct{ Max []*float64 }
		}
	}](t, r.do(request{path: "/api/v1/zones"}))
	z := zones.Zones[0]
	if zones.History != "ok" || z.Main != string(air) || z.Limits["temperature"][0].Delay_s != 1800 {
		t.Errorf("zone: %+v", z)
	}
	if p := z.Points[0]; p.Unit != "Cel" || p.Status != "out" || *p.Reading.V != 7.1 || p.Reading.T != "2026-11-23T11:59:48.000Z" {
		t.Errorf("air: %+v", p)
	}
	if p := z.Points[1]; p.Status != "unknown" || p.Reading != nil {
		t.Errorf("a point that never spoke: %+v", p)
	}
	if n := len(z.Spark.Max); n != 96 || z.Spark.Max[0] != nil || *z.Spark.Max[94] != 7.1 {
		t.Errorf("sparkline of %d buckets", n)
	}
	if zones.Zones[1].Spark != nil {
		t.Error("a technical zone got a sparkline")
	}
	points := decode[struct{ Points []point }](t, r.do(request{path: "/api/v1/points?zone=balagong/mutton-1"}))
	if len(points.Points) != 2 {
		t.Errorf("points: %+v", points)
	}
}

func TestPresentValuesOutliveTheStore(t *testing.T) {
	r := newRig(t, web.Options{})
	r.Do(func(f *webtest.Fake) { f.StoreDown = errors.New("dial tcp 10.1.2.3: refused") })
	zones := decode[struct {
		History string
		Zones   []struct{ Spark any }
	}](t, r.do(request{path: "/api/v1/zones"}))
	if zones.History != "unavailable" || len(zones.Zones) != 2 || zones.Zones[0].Spark != nil {
		t.Errorf("got %+v", zones)
	}
	w := r.do(request{path: "/api/v1/readings?point=" + string(air)})
	if w.Code != 500 || strings.Contains(w.Body.String(), "10.1.2.3") {
		t.Errorf("an internal error shows its text: %d %s", w.Code, w.Body)
	}
}

func TestBadReadingIsNullWithItsReason(t *testing.T) {
	r := newRig(t, web.Options{})
	r.Put(sensors.NewBad(air, noon.Add(-2*time.Second), sensors.Timeout), sensors.Temperature, web.PointFault, noon)
	w := r.do(request{path: "/api/v1/readings?point=" + string(air)})
	got := decode[struct {
		Readings []struct {
			V      *float64
			Q      string
			Reason string
		}
		Truncated bool
	}](t, w)
	if len(got.Readings) != 2 || got.Readings[1].V != nil || got.Readings[1].Q != "bad" || got.Readings[1].Reason != "timeout" {
		t.Errorf("got %s", w.Body)
	}
	if !strings.Contains(w.Body.String(), `"v":null`) {
		t.Error("null must be written, not left out")
	}
}

func TestRawReadingsAreCutAndSaySo(t *testing.T) {
	r := newRig(t, web.Options{})
	for i := range 20_001 {
		r.Put(sensors.NewGood(air, noon.Add(-time.Duration(20_001-i)*time.Second), float64(i)), sensors.Temperature, web.PointOK, noon)
	}
	got := decode[struct {
		Readings  []any
		Truncated bool
	}](t, r.do(request{path: "/api/v1/readings?point=" + string(air)}))
	if len(got.Readings) != 20_000 || !got.Truncated {
		t.Errorf("%d readings, truncated %v", len(got.Readings), got.Truncated)
	}
}

func TestAlarmsNameTheirBatches(t *testing.T) {
	r := newRig(t, web.Options{})
	got := decode[struct {
		Alarms []struct {
			ID, Zone, Site, State, Unit, Quantity string
			Open                                  bool
			Limit, Peak                           *float64
			Returned, Acknowledged                any
			Batches                               []struct {
				ID, Product, From string
				To                *string
			}
		}
	}](t, r.do(request{path: "/api/v1/alarms?state=open"}))
	if len(got.Alarms) != 1 {
		t.Fatalf("%d alarms", len(got.Alarms))
	}
	a := got.Alarms[0]
	if !a.Open || *a.Peak != 7.25 || *a.Limit != 5 || a.Unit != "Cel" || a.Site != "balagong" || a.Returned != nil || a.Acknowledged != nil {
		t.Errorf("alarm: %+v", a)
	}
	if len(a.Batches) != 1 || a.Batches[0].ID != "HJQ261123-TLG-007" || a.Batches[0].To != nil {
		t.Errorf("batches: %+v", a.Batches)
	}
}

func TestAcknowledgeTwiceKeepsTheFirst(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	path := "/api/v1/alarms/" + r.alarmID + "/acknowledge"
	for _, body := range []string{`{"actor":"巴特尔"}`, ""} {
		w := r.do(request{method: "POST", path: path, token: token, body: body})
		got := decode[struct {
			Alarm struct {
				State        string
				Acknowledged struct{ By, At string }
			}
		}](t, w)
		if w.Code != 200 || got.Alarm.State != "acknowledged" || got.Alarm.Acknowledged.By != "巴特尔 (token)" {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
}

func TestBatchIsMadeAndMovedOnce(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	create := request{method: "POST", path: "/api/v1/batches", token: token, key: "c1",
		body: `{"id":"HJQ261123-BEEF-1","product":"牛肉","profile":"beef-chilled","quantity":"80 kg","owner":"示例","zone":"balagong/mutton-1","at":"2026-11-23T08:00:00Z"}`}
	first, second := r.do(create), r.do(create)
	if first.Code != 201 || second.Code != 201 || first.Body.String() != second.Body.String() {
		t.Fatalf("create twice: %d %s / %d %s", first.Code, first.Body, second.Code, second.Body)
	}
	move := request{method: "POST", path: "/api/v1/batches/HJQ261123-BEEF-1/moves", token: token, key: "m1", body: `{"zone":""}`}
	r.do(move)
	w := r.do(move)
	got := decode[struct {
		Batch struct {
			Zone    string
			Custody []struct{ Zone, From, To string }
		}
	}](t, w)
	if w.Code != 201 || got.Batch.Zone != "" || len(got.Batch.Custody) != 1 || got.Batch.Custody[0].To != "2026-11-23T12:00:00.000Z" {
		t.Errorf("move twice: %d %s", w.Code, w.Body)
	}
	move.body = `{"zone":"balagong/mutton-1"}`
	if w := r.do(move); w.Code != 409 {
		t.Errorf("same key for another move: %d %s", w.Code, w.Body)
	}
	list := decode[struct{ Batches []struct{ ID string } }](t, r.do(request{path: "/api/v1/batches?search=tlg&zone=balagong/mutton-1"}))
	if len(list.Batches) != 1 || list.Batches[0].ID != "HJQ261123-TLG-007" {
		t.Errorf("search: %+v", list)
	}
}

// TestAListOfBatchesSaysHowTheyStand, and is narrowed by it.
func TestAListOfBatchesSaysHowTheyStand(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	type list struct {
		Batches []struct {
			ID       string
			Standing struct {
				Decision    batch.Decision
				Waits       bool
				Open_alarms int
				Excursions  int
			}
		}
	}
	find := func(query string) list { return decode[list](t, r.do(request{path: "/api/v1/batches?" + query})) }
	if l := find(""); len(l.Batches) != 1 || l.Batches[0].Standing.Decision != batch.Undecided || l.Batches[0].Standing.Open_alarms != 1 {
		t.Errorf("%+v", l)
	}
	w := r.do(request{method: "POST", path: "/api/v1/batches/HJQ261123-TLG-007/verdicts", token: token, key: "v", body: `{"decision":"on-hold","reason":"看","actor":"萨仁"}`})
	if w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for query, n := range map[string]int{"verdict=on-hold": 1, "verdict=undecided": 0, "alarms=open": 1, "site=balagong": 1, "site=balagong&zone=balagong/mutton-1&alarms=open&verdict=on-hold&search=tlg": 1} {
		if l := find(query); len(l.Batches) != n {
			t.Errorf("%s: %+v", query, l)
		}
	}
}

func TestHealthzTellsWhatStopped(t *testing.T) {
	r := newRig(t, web.Options{})
	if w := r.do(request{path: "/healthz"}); w.Code != 200 {
		t.Errorf("healthy: %d %s", w.Code, w.Body)
	}
	r.Do(func(f *webtest.Fake) { f.Stalled = errors.New("judging has made no progress for 40s") })
	if w := r.do(request{path: "/healthz"}); w.Code != 503 || !strings.Contains(w.Body.String(), "40s") {
		t.Errorf("stalled: %d %s", w.Code, w.Body)
	}
}

// noClock is a trouble that the page has a sentence for.
type noClock struct{}

func (noClock) Error() string { return "the county's own clock is not synchronised" }
func (noClock) Code() string  { return "clock" }

// TestACountyWithoutAClockSaysSoOnEveryPage: a person who never opens the
// operations screen must see that readings are being held back.
func TestACountyWithoutAClockSaysSoOnEveryPage(t *testing.T) {
	r := newRig(t, web.Options{Heartbeat: 5 * time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	defer l.close()
	l.next(t, "hello")
	type sites struct{ Trouble *struct{ Code, Text string } }
	if got := decode[sites](t, r.do(request{path: "/api/v1/sites"})); got.Trouble != nil {
		t.Errorf("trouble %+v while all is well", got.Trouble)
	}
	r.Do(func(f *webtest.Fake) { f.Stalled = fmt.Errorf("health: %w", noClock{}) })
	if got, ok := l.next(t, "trouble")["trouble"].(map[string]any); !ok || got["code"] != "clock" {
		t.Errorf("a page that is open was told %v", got)
	}
	if got := decode[sites](t, r.do(request{path: "/api/v1/sites"})); got.Trouble == nil || got.Trouble.Code != "clock" || !strings.Contains(got.Trouble.Text, "not synchronised") {
		t.Errorf("a page that opens now is told %+v", got.Trouble)
	}
	if w := r.do(request{path: "/healthz"}); w.Code != 503 || !strings.Contains(w.Body.String(), `"clock"`) {
		t.Errorf("healthz: %d %s", w.Code, w.Body)
	}
	r.Do(func(f *webtest.Fake) { f.Stalled = nil })
	if got := l.next(t, "trouble"); got["trouble"] != nil {
		t.Errorf("told %v when it was over", got)
	}
}

func TestMetricsCountRequests(t *testing.T) {
	r := newRig(t, web.Options{})
	r.do(request{path: "/api/v1/sites"})
	body := r.do(request{path: "/metrics"}).Body.String()
	if !strings.Contains(body, `coldchain_web_requests_total{route="/api/v1/sites",status="200"} 1`) {
		t.Errorf("metrics:\n%s", body)
	}
}

func TestServerNeedsItsParts(t *testing.T) {
	if _, err := web.New(web.Deps{}, web.Options{}); err == nil {
		t.Error("no error without parts")
	}
	c := county()
	c.Timezone = "Mars/Olympus"
	if _, err := web.New(webtest.NewFake().Deps(c, nil), web.Options{}); err == nil {
		t.Error("no error for an unknown timezone")
	}
}

func TestBigAnswersArePacked(t *testing.T) {
	r := newRig(t, web.Options{})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	req, _ := http.NewRequest("GET", srv.URL+"/api/v1/zones", nil)
	byToken(req)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	head := make([]byte, 2)
	io.ReadFull(resp.Body, head)
	if resp.Header.Get("Content-Encoding") != "gzip" || head[0] != 0x1f || head[1] != 0x8b {
		t.Errorf("not packed: %v % x", resp.Header, head)
	}
	for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
		if resp.Header.Get(h) == "" {
			t.Errorf("no %s", h)
		}
	}
	if strings.Contains(resp.Header.Get("Content-Security-Policy"), "unsafe") {
		t.Error("the policy lets inline script run")
	}
}

// rooms judges every room by stricter limits than its own, and knows its goods.
type rooms struct{ known bool }

func (rooms) Limits(string) map[sensors.Quantity][]alerting.Limit {
	return map[sensors.Quantity][]alerting.Limit{sensors.Temperature: {
		{Side: alerting.High, Level: alerting.Warning, Value: 3, Delay: time.Hour, Within: 24 * time.Hour, Reached: true}}}
}

func (r rooms) Product(zone string) (web.Product, bool) {
	return web.Product{Known: r.known, Value: 4.5, At: noon, TimeConstant: 90 * time.Minute}, zone == "balagong/mutton-1"
}

func TestZonesShowHowTheyAreJudgedNow(t *testing.T) {
	for _, known := range []bool{true, false} {
		f := webtest.NewFake()
		deps := f.Deps(county(), web.NewHub())
		deps.Rooms = rooms{known}
		s, err := web.New(deps, web.Options{Token: token, Now: func() time.Time { return noon }, Page: fstest.MapFS{"placeholder.html": {Data: []byte("-")}}})
		if err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		s.Handler().ServeHTTP(rec, byToken(httptest.NewRequest("GET", "/api/v1/zones?sparkline=0", nil)))
		var got struct {
			Zones []struct {
				Limits map[string][]struct {
					Value   float64
					WithinS float64 `json:"within_s"`
					Reached bool
				}
				Product *struct {
					V   *float64
					Tau float64 `json:"time_constant_s"`
				}
			}
		}
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			t.Fatalf("%v: %s", err, rec.Body)
		}
		l, p := got.Zones[0].Limits["temperature"], got.Zones[0].Product
		if len(l) != 1 || l[0].Value != 3 || l[0].WithinS != 86400 || !l[0].Reached {
			t.Errorf("limits %+v: want those in force", l)
		}
		if p == nil || p.Tau != 5400 || (p.V != nil) != known || known && *p.V != 4.5 {
			t.Errorf("product %+v: want the estimate only when it is known (%v)", p, known)
		}
		if got.Zones[1].Product != nil {
			t.Error("a product in a zone without goods")
		}
	}
}
