package web_test

import (
	"bytes"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"coldchain/gateway/access"
	"coldchain/gateway/web"
)

// TestEveryRouteIsDescribed holds the document against the table of routes,
// without which the server does not start.
func TestEveryRouteIsDescribed(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	var routes, described []string
	for _, rule := range access.Table() {
		if strings.HasPrefix(rule.Pattern, "/api/v1/") {
			routes = append(routes, rule.Method+" "+rule.Pattern)
		}
	}
	for path, operations := range d.contract.document.Paths {
		for method := range operations {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range routes {
		if !slices.Contains(described, r) {
			t.Errorf("%s has no description: give it a line in gateway/web/described.go", r)
		}
	}
	for _, r := range described {
		if !slices.Contains(routes, r) {
			t.Errorf("%s is described, and there is no such route", r)
		}
	}
	if lines := web.Described(); len(lines) != len(described) {
		for _, l := range lines {
			method, path, _ := strings.Cut(l, " ")
			if !slices.Contains(described, method+" /api/v1"+path) {
				t.Errorf("gateway/web/described.go has a line %q, and the server no such route", l)
			}
		}
	}
}

// TestTheDocumentIsOpenAPI31 holds it against the specification's own schema.
func TestTheDocumentIsOpenAPI31(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	official, err := c.Compile("openapi/testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	d := newDoorRig(t, web.Options{})
	w := httptest.NewRecorder()
	d.server.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/openapi.json", nil))
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := official.Validate(v); err != nil {
		t.Error(err)
	}
	delete(v.(map[string]any), "paths")
	v.(map[string]any)["pathes"] = map[string]any{}
	if official.Validate(v) == nil {
		t.Error("the schema takes anything")
	}
}

// TestEveryGETAnswersAsDescribed asks all of them; every other test of this
// package holds the answers that it gets in the same way.
func TestEveryGETAnswersAsDescribed(t *testing.T) {
	d, who := matrixRig(t)
	// What these answer needs more than a fake; their own tests hold it.
	elsewhere := []string{"/api/v1/events", "/api/v1/files/{sum}", "/api/v1/keys", "/api/v1/certificates/{number}/{form}",
		"/api/v1/batches/{id}/loggers/{number}", "/api/v1/trips/{id}"}
	for _, rule := range access.Table() {
		if rule.Method != "GET" || !strings.HasPrefix(rule.Pattern, "/api/v1/") || slices.Contains(elsewhere, rule.Pattern) {
			continue
		}
		_, path, _ := d.asked(rule, "balagong")
		switch rule.Pattern {
		case "/api/v1/usage":
			path += "?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z"
		case "/api/v1/export":
			path += "&from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z"
		}
		if w := who["admin"].do("GET", path, ""); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestTheAPIsPage is read by people, in two languages, without a script; its
// commands are run as they stand.
func TestTheAPIsPage(t *testing.T) {
	r := newRig(t, web.Options{})
	county := httptest.NewServer(r.server.Handler())
	t.Cleanup(county.Close)
	for lang, want := range map[string][]string{"zh": {"批次，新的在前", "数据类型", `lang="zh-CN"`}, "en": {"Batches, newest first", "Types", `lang="en"`}} {
		w := r.do(request{path: "/api?lang=" + lang})
		for _, text := range append(want, "createBatch", "/api/v1/batches/{id}/exposure") {
			if !strings.Contains(w.Body.String(), text) {
				t.Errorf("%s: no %s", lang, text)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		if strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), "style=") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("%s: %s", lang, policy)
		}
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not here: the commands of the page are not run")
	}
	res, err := http.Get(county.URL + "/api")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?s)<pre class="curl">(.*?)</pre>`).FindAllSubmatch(page, -1)
	if len(commands) < 3 {
		t.Fatalf("%d commands", len(commands))
	}
	for _, c := range commands {
		run := exec.CommandContext(t.Context(), "sh", "-c", html.UnescapeString(string(c[1])))
		run.Env = append(os.Environ(), "TOKEN="+token)
		out, err := run.CombinedOutput()
		if err != nil || !strings.Contains(string(out), `"now"`) {
			t.Errorf("%s\n%v %s", c[1], err, out)
		}
	}
}
