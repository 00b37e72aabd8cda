package web_test

import (
	"io/fs"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"coldchain/gateway/web"
)

var built = fstest.MapFS{
	"placeholder.html":          {Data: []byte("placeholder")},
	"app/index.html":            {Data: []byte("<!doctype html><p>the page")},
	"app/assets/index-abc12.js": {Data: []byte(strings.Repeat("let a = 1;\n", 400))},
}

func TestPageAndItsCaching(t *testing.T) {
	r := newRig(t, web.Options{Page: built})
	for _, path := range []string{"/", "/zones/balagong/mutton-1", "/alarms", "/alarms/0d00ab45d5c480c3", "/people", "/plan",
		"/drills", "/channels", "/outages", "/batches/HJQ261123-TLG-007"} {
		w := r.do(request{path: path})
		if w.Code != 200 || !strings.Contains(w.Body.String(), "the page") || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
	w := r.do(request{path: "/assets/index-abc12.js"})
	if !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("asset: %v", w.Header())
	}
	req := httptest.NewRequest("GET", "/assets/index-abc12.js", nil)
	req.Header.Set("If-None-Match", w.Header().Get("ETag"))
	req.Header.Set("Accept-Encoding", "gzip")
	again := httptest.NewRecorder()
	r.server.Handler().ServeHTTP(again, req)
	if again.Code != 304 || again.Body.Len() != 0 {
		t.Errorf("unchanged asset: %d with %d bytes", again.Code, again.Body.Len())
	}
	req.Header.Del("If-None-Match")
	packed := httptest.NewRecorder()
	r.server.Handler().ServeHTTP(packed, req)
	if packed.Header().Get("Content-Encoding") != "gzip" || packed.Body.Len() > 400 {
		t.Errorf("asset is not packed: %v, %d bytes", packed.Header(), packed.Body.Len())
	}
}

func TestPlaceholderBeforeThePageIsBuilt(t *testing.T) {
	r := newRig(t, web.Options{Page: fstest.MapFS{"placeholder.html": {Data: []byte("run make page")}}})
	for _, path := range []string{"/", "/zones/a/b"} {
		if w := r.do(request{path: path}); w.Code != 200 || !strings.Contains(w.Body.String(), "make page") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// The placeholder must be in the repository and say what to do.
func TestCommittedPlaceholder(t *testing.T) {
	text, err := fs.ReadFile(os.DirFS("dist"), "placeholder.html")
	if err != nil || !strings.Contains(string(text), "make page") {
		t.Errorf("%v: %s", err, text)
	}
}
