package web_test

import (
	"net/http"
	"testing"

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
