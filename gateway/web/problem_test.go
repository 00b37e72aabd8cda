package web_test

import (
	"net/http"
	"strings"
	"testing"

	"coldchain/gateway/access"
	"coldchain/gateway/web"
)

// TestErrorsAreProblems has an error of each place that makes one.
func TestErrorsAreProblems(t *testing.T) {
	tests := map[string]struct {
		request
		status int
		code   string
	}{
		"no such route":     {request{path: "/api/v1/nothing"}, 404, "not-found"},
		"another method":    {request{method: "PATCH", path: "/api/v1/sites"}, 405, "method-not-allowed"},
		"nobody":            {request{path: "/api/v1/sites", nobody: true}, 401, "sign-in"},
		"a wrong token":     {request{path: "/api/v1/sites", token: "wrong"}, 401, "wrong-token"},
		"a wrong parameter": {request{path: "/api/v1/alarms?limit=0"}, 400, "bad-input"},
		"no such thing":     {request{path: "/api/v1/batches/NOWHERE"}, 404, "not-found"},
		"no file":           {request{path: "/app.js"}, 404, "not-found"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newRig(t, web.Options{}).do(tt.request)
			p := decode[struct {
				Type, Title, Detail, Detail_zh, Code string
				Status                               int
				Error                                struct{ Code, Message_zh, Message_en string }
			}](t, w)
			if w.Code != tt.status || p.Status != tt.status || p.Code != tt.code || p.Title != http.StatusText(tt.status) || p.Type != "about:blank" {
				t.Errorf("%d %+v", w.Code, p)
			}
			if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("it comes as %s", kind)
			}
			if p.Detail == "" || p.Detail_zh == "" || p.Error.Code != p.Code || p.Error.Message_zh != p.Detail_zh || p.Error.Message_en != p.Detail {
				t.Errorf("the page reads another error than programs: %+v", p)
			}
		})
	}
}

// TestTooManyRequests: whoever asks too often waits, and nobody else.
func TestTooManyRequests(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "viewer", access.Grant{Role: access.Viewer})
	b := d.signedIn(t, "viewer")
	stranger := d.browser()
	many := func(who *browser, path string, most int) (answered int) {
		for range most {
			w := who.do("GET", path, "")
			if w.Code != http.StatusTooManyRequests {
				answered++
				continue
			}
			if w.Header().Get("Retry-After") != "1" || !strings.HasPrefix(w.Header().Get("RateLimit"), `"`) || !strings.Contains(w.Header().Get("RateLimit"), "r=0") {
				t.Fatalf("%v", w.Header())
			}
			if p := decode[struct{ Code string }](t, w); p.Code != "too-many" {
				t.Fatal(w.Body)
			}
			return answered
		}
		return answered
	}
	if n := many(stranger, "/api/v1/sites", 400); n >= 400 || n < 200 {
		t.Errorf("a stranger got %d answers", n)
	}
	if w := b.do("GET", "/api/v1/closing-words", ""); w.Code != 200 || w.Header().Get("RateLimit-Policy") != `"signed-in";q=1200;w=60` {
		t.Errorf("who is signed in at the same address: %d %v", w.Code, w.Header())
	}
	if n := many(b, "/api/v1/closing-words", 1300); n != 1199 {
		t.Errorf("who is signed in got %d", n)
	}
	if w := b.do("GET", "/", ""); w.Code != 200 {
		t.Errorf("the page itself: %d", w.Code)
	}
	stranger.address = "203.0.113.9:1234"
	if w := stranger.do("GET", "/api/v1/sites", ""); w.Code != 401 {
		t.Errorf("another address: %d", w.Code)
	}
}
