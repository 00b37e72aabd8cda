package web_test

import (
	"strings"
	"testing"
	"time"

	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// Every request that is not right gets the status and code it should, with a
// sentence in both languages.
func TestRefusals(t *testing.T) {
	id := "0123456789abcdef"
	ok := `{"id":"A-1","product":"beef","zone":"balagong/mutton-1"}`
	move := "/api/v1/batches/HJQ261123-TLG-007/moves"
	tests := map[string]struct {
		request
		status int
		code   string
	}{
		"unknown route":        {request{path: "/api/v1/nothing"}, 404, "not-found"},
		"unknown file":         {request{path: "/assets/none.js"}, 404, "not-found"},
		"unknown parameter":    {request{path: "/api/v1/zones?foo=1"}, 400, "bad-input"},
		"parameter twice":      {request{path: "/api/v1/points?zone=a&zone=b"}, 400, "bad-input"},
		"sites take none":      {request{path: "/api/v1/sites?x=1"}, 400, "bad-input"},
		"events take none":     {request{path: "/api/v1/events?x=1"}, 400, "bad-input"},
		"sparkline":            {request{path: "/api/v1/zones?sparkline=yes"}, 400, "bad-input"},
		"points of no zone":    {request{path: "/api/v1/points?zone=a/b"}, 404, "not-found"},
		"readings of nothing":  {request{path: "/api/v1/readings"}, 400, "bad-input"},
		"readings unknown":     {request{path: "/api/v1/readings?point=a/b/c"}, 404, "not-found"},
		"from is no time":      {request{path: "/api/v1/readings?point=" + string(air) + "&from=yesterday"}, 400, "bad-input"},
		"to is no time":        {request{path: "/api/v1/readings?point=" + string(air) + "&to=1"}, 400, "bad-input"},
		"window backwards":     {request{path: "/api/v1/readings?point=" + string(air) + "&from=2026-11-23T13:00:00Z"}, 400, "bad-input"},
		"window too wide":      {request{path: "/api/v1/readings?point=" + string(air) + "&from=2024-11-23T13:00:00Z"}, 400, "bad-input"},
		"buckets zero":         {request{path: "/api/v1/readings?point=" + string(air) + "&buckets=0"}, 400, "bad-input"},
		"buckets many":         {request{path: "/api/v1/readings?point=" + string(air) + "&buckets=2001"}, 400, "bad-input"},
		"buckets no number":    {request{path: "/api/v1/readings?point=" + string(air) + "&buckets=NaN"}, 400, "bad-input"},
		"alarm state":          {request{path: "/api/v1/alarms?state=closed"}, 400, "bad-input"},
		"alarm zone":           {request{path: "/api/v1/alarms?zone=x/y"}, 404, "not-found"},
		"alarm limit":          {request{path: "/api/v1/alarms?limit=1001"}, 400, "bad-input"},
		"alarm batch":          {request{path: "/api/v1/alarms?batch=a%2Fb"}, 400, "bad-input"},
		"batch search control": {request{path: "/api/v1/batches?search=a%00b"}, 400, "bad-input"},
		"batch short code":     {request{path: "/api/v1/batches?short=123450"}, 400, "bad-input"},
		"batch verdict":        {request{path: "/api/v1/batches?verdict=good"}, 400, "bad-input"},
		"batch alarms":         {request{path: "/api/v1/batches?alarms=all"}, 400, "bad-input"},
		"batch site":           {request{path: "/api/v1/batches?site=nowhere"}, 404, "not-found"},
		"batch id":             {request{path: "/api/v1/batches/a%20b"}, 400, "bad-input"},
		"batch unknown":        {request{path: "/api/v1/batches/NONE-1"}, 404, "not-found"},

		"sites by POST":      {request{method: "POST", path: "/api/v1/sites"}, 405, "method-not-allowed"},
		"zones by PUT":       {request{method: "PUT", path: "/api/v1/zones"}, 405, "method-not-allowed"},
		"points by DELETE":   {request{method: "DELETE", path: "/api/v1/points"}, 405, "method-not-allowed"},
		"readings by POST":   {request{method: "POST", path: "/api/v1/readings"}, 405, "method-not-allowed"},
		"alarms by POST":     {request{method: "POST", path: "/api/v1/alarms"}, 405, "method-not-allowed"},
		"acknowledge by GET": {request{path: "/api/v1/alarms/" + id + "/acknowledge"}, 405, "method-not-allowed"},
		"batches by DELETE":  {request{method: "DELETE", path: "/api/v1/batches"}, 405, "method-not-allowed"},
		"batch by POST":      {request{method: "POST", path: "/api/v1/batches/A-1"}, 405, "method-not-allowed"},
		"moves by GET":       {request{path: move}, 405, "method-not-allowed"},
		"events by POST":     {request{method: "POST", path: "/api/v1/events"}, 405, "method-not-allowed"},
		"healthz by POST":    {request{method: "POST", path: "/healthz"}, 405, "method-not-allowed"},
		"metrics by POST":    {request{method: "POST", path: "/metrics"}, 405, "method-not-allowed"},
		"page by POST":       {request{method: "POST", path: "/"}, 405, "method-not-allowed"},

		"acknowledge without token":  {request{method: "POST", path: "/api/v1/alarms/" + id + "/acknowledge"}, 401, "sign-in"},
		"acknowledge wrong token":    {request{method: "POST", path: "/api/v1/alarms/" + id + "/acknowledge", token: "s3cre"}, 401, "wrong-token"},
		"acknowledge bad id":         {request{method: "POST", path: "/api/v1/alarms/x/acknowledge", token: token}, 400, "bad-input"},
		"acknowledge unknown":        {request{method: "POST", path: "/api/v1/alarms/" + id + "/acknowledge", token: token}, 404, "not-found"},
		"acknowledge unknown field":  {request{method: "POST", path: "/api/v1/alarms/" + id + "/acknowledge", token: token, body: `{"who":1}`}, 400, "bad-input"},
		"acknowledge long note":      {request{method: "POST", path: "/api/v1/alarms/" + id + "/acknowledge", token: token, body: `{"note":"` + strings.Repeat("长", 501) + `"}`}, 400, "bad-input"},
		"create without token":       {request{method: "POST", path: "/api/v1/batches", body: ok, key: "k"}, 401, "sign-in"},
		"create wrong token":         {request{method: "POST", path: "/api/v1/batches", body: ok, key: "k", token: token + "x"}, 401, "wrong-token"},
		"create without key":         {request{method: "POST", path: "/api/v1/batches", body: ok, token: token}, 400, "bad-input"},
		"create no body":             {request{method: "POST", path: "/api/v1/batches", key: "k", token: token}, 400, "bad-input"},
		"create two bodies":          {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: ok + ok}, 400, "bad-input"},
		"create unknown field":       {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"ID2":1}`}, 400, "bad-input"},
		"create bad id":              {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"a/b","product":"x","zone":"balagong/mutton-1"}`}, 400, "bad-input"},
		"create no product":          {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"A","zone":"balagong/mutton-1"}`}, 400, "bad-input"},
		"create bad profile":         {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"A","product":"x","profile":"A B","zone":"balagong/mutton-1"}`}, 400, "bad-input"},
		"create unknown zone":        {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"A","product":"x","zone":"a/b"}`}, 400, "bad-input"},
		"create in a fuse box":       {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"A","product":"x","zone":"balagong/power"}`}, 400, "bad-input"},
		"create tomorrow":            {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"A","product":"x","zone":"balagong/mutton-1","at":"2026-11-24T12:00:00Z"}`}, 400, "bad-input"},
		"create too large":           {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"` + strings.Repeat("a", 65<<10) + `"}`}, 413, "too-large"},
		"create exists":              {request{method: "POST", path: "/api/v1/batches", key: "k", token: token, body: `{"id":"HJQ261123-TLG-007","product":"x","zone":"balagong/mutton-1"}`}, 409, "conflict"},
		"move without token":         {request{method: "POST", path: move, key: "k", body: `{"zone":""}`}, 401, "sign-in"},
		"move wrong token":           {request{method: "POST", path: move, key: "k", body: `{"zone":""}`, token: "no"}, 401, "wrong-token"},
		"move without key":           {request{method: "POST", path: move, body: `{"zone":""}`, token: token}, 400, "bad-input"},
		"move without zone":          {request{method: "POST", path: move, key: "k", body: `{}`, token: token}, 400, "bad-input"},
		"move to unknown zone":       {request{method: "POST", path: move, key: "k", body: `{"zone":"a/b"}`, token: token}, 400, "bad-input"},
		"move before it came":        {request{method: "POST", path: move, key: "k", body: `{"zone":"","at":"2026-11-22T00:00:00Z"}`, token: token}, 409, "conflict"},
		"move unknown batch":         {request{method: "POST", path: "/api/v1/batches/NONE/moves", key: "k", body: `{"zone":""}`, token: token}, 404, "not-found"},
		"move an impossible batch":   {request{method: "POST", path: "/api/v1/batches/a%20b/moves", key: "k", body: `{"zone":""}`, token: token}, 400, "bad-input"},
		"move at an impossible time": {request{method: "POST", path: move, key: "k", body: `{"zone":"","at":"noon"}`, token: token}, 400, "bad-input"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newRig(t, web.Options{Token: token}).do(tt.request)
			f := decode[failure](t, w)
			if w.Code != tt.status || f.Error.Code != tt.code {
				t.Fatalf("got %d %s, want %d %s\n%s", w.Code, f.Error.Code, tt.status, tt.code, w.Body)
			}
			if f.Error.Message_zh == "" || f.Error.Message_en == "" {
				t.Errorf("no sentence for people: %s", w.Body)
			}
			if w.Code == 405 && w.Header().Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestWithoutATokenOrUsersNobodyComesIn(t *testing.T) {
	deps := webtest.NewFake().Deps(county(), nil)
	server, err := web.New(deps, web.Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	c, err := contractOf(server)
	if err != nil {
		t.Fatal(err)
	}
	for _, tok := range []string{"", "anything"} {
		r := rig{server: server, t: t, contract: c}
		for _, q := range []request{{method: "POST", path: "/api/v1/batches", token: tok}, {path: "/api/v1/zones", token: tok, nobody: true}} {
			if w := r.do(q); w.Code != 401 {
				t.Errorf("%s %s: got %d %s", q.method, q.path, w.Code, w.Body)
			}
		}
	}
}
