package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"coldchain/alerting/batch"
	"coldchain/gateway/access"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// TestWhatHasNotChangedIsNotSentAgain, over a real connection, packed and not.
func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	r := newRig(t, web.Options{})
	srv := httptest.NewServer(r.server.Handler())
	t.Cleanup(srv.Close)
	get := func(path, tag string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		res, err := http.DefaultClient.Do(byToken(req))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	for _, rule := range access.Table() {
		switch rule.Pattern {
		case "/api/v1/sites", "/api/v1/zones", "/api/v1/alarms", "/api/v1/batches", "/api/v1/people", "/api/v1/operations", "/api/v1/openapi.json":
		default:
			continue
		}
		if rule.Method != "GET" {
			continue
		}
		first := get(rule.Pattern, "")
		tag := first.Header.Get("ETag")
		if first.StatusCode != http.StatusOK || tag == "" {
			t.Errorf("%s: %s, ETag %q", rule.Pattern, first.Status, tag)
		}
		if again := get(rule.Pattern, `"other", `+tag); again.StatusCode != http.StatusNotModified || again.Header.Get("ETag") != tag {
			t.Errorf("%s again: %s %s", rule.Pattern, again.Status, again.Header.Get("ETag"))
		}
		if other := get(rule.Pattern, `W/"other"`); other.StatusCode != http.StatusOK {
			t.Errorf("%s with another tag: %s", rule.Pattern, other.Status)
		}
	}
	before := get("/api/v1/batches", "").Header.Get("ETag")
	r.Do(func(f *webtest.Fake) {
		f.Lots = append(f.Lots, web.BatchHistory{Batch: batch.Batch{ID: "NEW", Created: noon}})
	})
	if res := get("/api/v1/batches", before); res.StatusCode != http.StatusOK {
		t.Errorf("after one was added: %s", res.Status)
	}
}
