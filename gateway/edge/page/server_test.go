package page

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

func TestEveryAnswerIsGuarded(t *testing.T) {
	srv := server(t, store(), &horn{sounds: true})
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/devices", 200}, {"GET", "/live/zones", 200}, {"GET", "/live/devices", 200},
		{"GET", "/page.css", 200}, {"GET", "/page.js", 200}, {"GET", "/api/points", 200}, {"GET", "/api/devices", 200},
		{"GET", "/status", 200}, {"GET", "/healthz", 200},
		{"GET", "/nothing", 404}, {"GET", "/../../etc/passwd", 307}, {"GET", "/api", 404},
		{"POST", "/", 405}, {"PUT", "/api/points", 405}, {"DELETE", "/status", 405}, {"GET", "/siren/acknowledge", 405},
		{"POST", "/siren/acknowledge", 403},
	} {
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, nil))
		if w.Code != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, w.Code, tt.status)
		}
		h := w.Header()
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s %s: policy %q", tt.method, tt.path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s %s: %v", tt.method, tt.path, h)
		}
		if cached := h.Get("Cache-Control"); strings.HasPrefix(tt.path, "/page.") != strings.Contains(cached, "immutable") {
			t.Errorf("%s %s may be kept: %q", tt.method, tt.path, cached)
		}
	}
}

func TestTheSirenIsSilencedByOurOwnFormAlone(t *testing.T) {
	for _, tt := range []struct {
		name, host, body string
		headers          map[string]string
		status           int
	}{
		{"the form, by address", "192.168.1.20:8081", "token=TOKEN", map[string]string{"Origin": "http://192.168.1.20:8081"}, 303},
		{"an old phone that sends no origin", "192.168.1.20", "token=TOKEN", nil, 303},
		{"by a local name", "gateway.local", "token=TOKEN", map[string]string{"Origin": "http://gateway.local"}, 303},
		{"by IPv6", "[fe80::1]:8081", "token=TOKEN", nil, 303},
		{"no token", "192.168.1.20", "", nil, 403},
		{"another process's token", "192.168.1.20", "token=OTHER", nil, 403},
		{"token in the address", "192.168.1.20", "", map[string]string{"X-Query": "token=TOKEN"}, 403},
		{"another page's form", "192.168.1.20", "token=TOKEN", map[string]string{"Origin": "http://evil.example"}, 403},
		{"another port's form", "192.168.1.20:8081", "token=TOKEN", map[string]string{"Origin": "http://192.168.1.20:80"}, 403},
		{"a sandboxed frame", "192.168.1.20", "token=TOKEN", map[string]string{"Origin": "null"}, 403},
		{"cross-site by the browser's word", "192.168.1.20", "token=TOKEN", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"a public name pointed at the gateway", "evil.example", "token=TOKEN", map[string]string{"Origin": "http://evil.example"}, 403},
		{"too long", "192.168.1.20", "x=" + strings.Repeat("a", maxForm) + "&token=TOKEN", nil, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &horn{sounds: true}
			r := httptest.NewRequest("POST", "/siren/acknowledge?"+tt.headers["X-Query"], strings.NewReader(tt.body))
			r.Host, r.RemoteAddr = tt.host, "192.168.1.77:50123"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for k, v := range tt.headers {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			server(t, store(), h).ServeHTTP(w, r)
			if w.Code != tt.status || h.sounds != (tt.status != 303) {
				t.Errorf("%d %s, siren sounds %t; want %d", w.Code, w.Body, h.sounds, tt.status)
			}
			if tt.status == 303 && (w.Header().Get("Location") != "/" || h.by[0] != "site page, 192.168.1.77" || !h.at[0].Equal(morning)) {
				t.Errorf("%v, by %q at %s", w.Header(), h.by, h.at)
			}
		})
	}
}

func TestWithoutASirenThereIsNoButton(t *testing.T) {
	srv := server(t, store(), nil)
	if html := get(t, srv, "/").Body.String(); strings.Contains(html, "<form") || strings.Contains(html, "TOKEN") {
		t.Error("a form is shown")
	}
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, httptest.NewRequest("POST", "/siren/acknowledge", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("%d, want 404", w.Code)
	}
	if html := get(t, server(t, store(), &horn{}), "/").Body.String(); strings.Contains(html, "<form") {
		t.Error("a button is shown while the siren is silent")
	}
}

func TestEachProcessHasItsOwnToken(t *testing.T) {
	a, _ := New(Options{Source: showing(store())})
	b, _ := New(Options{Source: showing(store())})
	if a.token == b.token || len(a.token) < 20 {
		t.Errorf("tokens %q and %q", a.token, b.token)
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a page without a source was made")
	}
}

func TestJSON(t *testing.T) {
	srv := server(t, store(), &horn{sounds: true})
	for _, name := range []string{"points", "devices", "status"} {
		path := "/api/" + name
		if name == "status" {
			path = "/status"
		}
		var v any
		if err := json.Unmarshal(get(t, srv, path).Body.Bytes(), &v); err != nil {
			t.Fatal(path, err)
		}
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", string(text)+"\n")
	}
}

func TestABadReadingHasNoValueInJSON(t *testing.T) {
	p := measured("s/z/air", sensors.Temperature, time.Minute, 4).failed(time.Second, sensors.Timeout)
	body := get(t, server(t, Snapshot{Now: morning, Points: []Point{p}}, nil), "/api/points").Body.String()
	if !strings.Contains(body, `"value":null`) || !strings.Contains(body, `"reason":"timeout"`) {
		t.Error(body)
	}
}

func TestHealth(t *testing.T) {
	s := store()
	if w := get(t, server(t, s, nil), "/healthz"); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	s.Health = errors.New("journal: not-writable")
	if w := get(t, server(t, s, nil), "/healthz"); w.Code != 503 || !strings.Contains(w.Body.String(), "not-writable") {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

func TestLocalNames(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1:8081": true, "localhost": true, "[::1]": true, "[::1]:80": true, "gw": true, "gw:8081": true, "GW.LOCAL.": true, "gw.lan": true, "gw.home.arpa": true,
		"": false, ":80": false, "example.com": false, "192.168.1.20.evil.example": false, "local.example": false, "a b": false, "evil.example:8081": false,
	} {
		if localName(host) != want {
			t.Errorf("localName(%q) is %t", host, !want)
		}
	}
}
