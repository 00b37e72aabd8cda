package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/files"
	"coldchain/gateway/web"
)

const lotPath = "/api/v1/batches/HJQ261123-TLG-007"

type dossierAnswer struct {
	Dossier struct {
		ID        string
		Documents []batch.Document
		Handovers []batch.Handover
		Verdicts  []batch.Verdict
		Stays     []batch.Custody
	}
	Verdict batch.Verdict
	Against []batch.Objection
	Left    string
}

func TestADossierAndWhatStandsAgainstIt(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	half := 0.5
	r.Rule = batch.Rule{Documents: []string{batch.DocQuarantine}, Coverage: 0.9}
	r.Evidence = map[string]batch.Evidence{"HJQ261123-TLG-007": {Coverage: &half}}
	d := decode[dossierAnswer](t, r.do(request{path: lotPath + "/dossier"}))
	if d.Dossier.ID != "HJQ261123-TLG-007" || d.Left != "240 kg" || d.Verdict.Decision != batch.Undecided || len(d.Against) != 2 || !d.Against[0].Holds || d.Against[1].Word != "coverage-low" {
		t.Errorf("%+v", d)
	}
	post := func(what, key, body string) *httptest.ResponseRecorder {
		return r.do(request{method: "POST", path: lotPath + what, token: token, key: key, body: body})
	}
	w := post("/documents", "d1", `{"kind":"quarantine-certificate","number":"15-1","date":"2026-11-22","actor":"萨仁"}`)
	d = decode[dossierAnswer](t, w)
	if w.Code != http.StatusCreated || len(d.Dossier.Documents) != 1 || !d.Dossier.Documents[0].Date.Equal(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("a day is the county's: %d %+v", w.Code, d.Dossier.Documents)
	}
	if again := decode[dossierAnswer](t, post("/documents", "d1", `{"kind":"quarantine-certificate","number":"15-1","date":"2026-11-22","actor":"萨仁"}`)); len(again.Dossier.Documents) != 1 {
		t.Error("sent again, and doubled")
	}
	d = decode[dossierAnswer](t, post("/verdicts", "v1", `{"decision":"released","reason":"看过","actor":"萨仁"}`))
	if d.Verdict.Decision != batch.Undecided || !d.Dossier.Verdicts[0].Severe {
		t.Errorf("%+v", d)
	}
	if w := post("/verdicts/1/signature", "s1", `{"actor":"萨仁"}`); w.Code != http.StatusConflict {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if d = decode[dossierAnswer](t, post("/verdicts/1/signature", "s2", `{"actor":"王主任"}`)); d.Verdict.Decision != batch.Released {
		t.Errorf("%+v", d)
	}
}

func TestWhatADossierRefuses(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	long := strings.Repeat("长", 501)
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"unknown batch":    {"/api/v1/batches/NONE/documents", `{"kind":"other","number":"1","date":"2026-11-22","actor":"x"}`, 404},
		"no actor":         {lotPath + "/documents", `{"kind":"other","number":"1","date":"2026-11-22"}`, 400},
		"no number":        {lotPath + "/documents", `{"kind":"other","date":"2026-11-22","actor":"x"}`, 400},
		"no day":           {lotPath + "/documents", `{"kind":"other","number":"1","date":"22.11.2026","actor":"x"}`, 400},
		"a file not sent":  {lotPath + "/documents", `{"kind":"other","number":"1","date":"2026-11-22","file":"` + strings.Repeat("ab", 32) + `","actor":"x"}`, 400},
		"no pass":          {lotPath + "/inspections", `{"item":"pH","value":"5.7","actor":"x"}`, 400},
		"no value":         {lotPath + "/temperatures", `{"method":"core","actor":"x"}`, 400},
		"no such zone":     {"/api/v1/temperatures", `{"zone":"a/b","value_c":3,"method":"air","actor":"x"}`, 400},
		"a technical zone": {lotPath + "/handovers", `{"from":"a","to":"b","outcome":"accepted","move":{"zone":"balagong/power"},"actor":"x"}`, 400},
		"nobody takes it":  {lotPath + "/handovers", `{"from":"a","outcome":"accepted","actor":"x"}`, 400},
		"a stay nowhere":   {lotPath + "/stays", `{"stays":[{"zone":"a/b","from":"2026-11-23T00:00:00Z"}],"reason":"x","actor":"x"}`, 400},
		"no reason":        {lotPath + "/stays", `{"stays":[],"actor":"x"}`, 400},
		"a long reason":    {lotPath + "/verdicts", `{"decision":"rejected","reason":"` + long + `","actor":"x"}`, 400},
		"version zero":     {lotPath + "/verdicts/0/signature", `{"actor":"x"}`, 400},
		"the future":       {lotPath + "/closing", `{"at":"2027-01-01T00:00:00Z","reason":"x","actor":"x"}`, 400},
		"unknown field":    {lotPath + "/closing", `{"why":"x","actor":"x"}`, 400},
		"a split of two":   {"/api/v1/derivations", `{"relation":"split","inputs":[{"id":"HJQ261123-TLG-007"},{"id":"B"}],"outputs":[{"id":"C"}],"actor":"x"}`, 400},
		"a wrong new id":   {"/api/v1/derivations", `{"relation":"split","inputs":[{"id":"HJQ261123-TLG-007"}],"outputs":[{"id":"../x"}],"actor":"x"}`, 400},
		"out of nothing":   {"/api/v1/derivations", `{"relation":"split","inputs":[],"outputs":[{"id":"C"}],"actor":"x"}`, 400},
		"override by none": {"/api/v1/derivations", `{"relation":"split","inputs":[{"id":"HJQ261123-TLG-007"}],"outputs":[{"id":"C","override":"x"}]}`, 400},
	} {
		w := r.do(request{method: "POST", path: c.path, token: token, key: "k" + strings.ReplaceAll(name, " ", "-"), body: c.body})
		f := decode[failure](t, w)
		if w.Code != c.status || f.Error.Message_zh == "" || f.Error.Message_en == "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if w := r.do(request{method: "POST", path: c.path, key: "k" + strings.ReplaceAll(name, " ", "-"), body: c.body}); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: without a token %d", name, w.Code)
		}
		if w := r.do(request{method: "POST", path: c.path, token: token, body: c.body}); w.Code != http.StatusBadRequest {
			t.Errorf("%s: without a key %d", name, w.Code)
		}
	}
	if d := decode[dossierAnswer](t, r.do(request{path: lotPath + "/dossier"})); len(d.Dossier.Documents)+len(d.Dossier.Handovers)+len(d.Dossier.Verdicts) != 0 {
		t.Errorf("something was written down: %+v", d)
	}
}

func TestASplitShowsInTheRecall(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	w := r.do(request{method: "POST", path: "/api/v1/derivations", token: token, key: "d",
		body: `{"relation":"split","inputs":[{"id":"HJQ261123-TLG-007"}],"outputs":[{"id":"P-1","quantity":"40 kg"}],"actor":"x"}`})
	if d := decode[dossierAnswer](t, w); w.Code != http.StatusCreated || d.Left != "200 kg" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	parts := decode[struct{ Parts []batch.Part }](t, r.do(request{path: lotPath + "/recall"})).Parts
	if len(parts) != 2 || parts[1].Batch != "P-1" || parts[1].Took != "40 kg" || parts[1].Where != "balagong/mutton-1" {
		t.Errorf("%+v", parts)
	}
}

func TestFilesNeedTheToken(t *testing.T) {
	papers := files.New(t.TempDir())
	r := newRigWith(t, web.Options{Token: token}, papers)
	const photo = "\x89PNG\r\n\x1a\nphoto"
	w := r.do(request{method: "POST", path: "/api/v1/files", token: token, body: photo})
	f := decode[files.File](t, w)
	if w.Code != http.StatusCreated || f.Type != "image/png" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := r.do(request{path: "/api/v1/files/" + f.Sum, nobody: true}); w.Code != http.StatusUnauthorized {
		t.Errorf("shown to anybody: %d", w.Code)
	}
	w = r.do(request{path: "/api/v1/files/" + f.Sum, token: token})
	if w.Code != http.StatusOK || w.Body.String() != photo || w.Header().Get("Content-Type") != "image/png" || w.Header().Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, c := range []struct {
		q      request
		status int
	}{
		{request{path: "/api/v1/files/" + strings.Repeat("a", 64), token: token}, 404},
		{request{path: "/api/v1/files/..%2f..%2fcounty.db", token: token}, 404},
		{request{method: "POST", path: "/api/v1/files", token: token, body: "<html>"}, 415},
		{request{method: "POST", path: "/api/v1/files", body: photo}, 401},
		{request{method: "POST", path: "/api/v1/files", token: token, body: "%PDF-" + strings.Repeat("x", files.MaxSize)}, 413},
	} {
		if w := r.do(c.q); w.Code != c.status {
			t.Errorf("%s %s: %d, want %d", c.q.method, c.q.path, w.Code, c.status)
		}
	}
}

// list is a form with a list of batches.
func (r *rig) list(t *testing.T, text, actor, check, authorisation string) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	f := multipart.NewWriter(&body)
	for name, value := range map[string]string{"actor": actor, "check": check} {
		if err := f.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	p, err := f.CreateFormFile("file", "list.csv")
	if err == nil {
		_, err = fmt.Fprint(p, text)
	}
	if err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("POST", "/api/v1/import/batches", &body)
	req.Header.Set("Content-Type", f.FormDataContentType())
	req.Header.Set("Idempotency-Key", "list")
	if authorisation != "" {
		req.Header.Set("Authorization", "Bearer "+authorisation)
	}
	w := httptest.NewRecorder()
	r.server.Handler().ServeHTTP(w, req)
	return w
}

func TestAnImportTellsHowFarItIs(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	const text = "批次号,品名\nA,羊肉\nB,牛肉\nC,\n"
	if w := r.list(t, text, "x", "false", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", w.Code)
	}
	if w := r.list(t, text, "", "false", token); w.Code != http.StatusBadRequest {
		t.Errorf("by nobody: %d %s", w.Code, w.Body)
	}
	if w := r.list(t, "a,b\n", "x", "false", token); w.Code != http.StatusBadRequest || decode[failure](t, w).Error.Message_zh == "" {
		t.Errorf("no header: %d %s", w.Code, w.Body)
	}
	if w := r.list(t, text, "", "true", token); w.Code != http.StatusOK || strings.Count(w.Body.String(), "\n") != 1 || len(r.Lots) != 1 {
		t.Errorf("a check: %d %s", w.Code, w.Body)
	}
	w := r.list(t, text, "x", "false", token)
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	if len(lines) != 3 || lines[0] != `{"done":1,"of":2}` || !strings.Contains(lines[2], `"created":2`) || !strings.Contains(lines[2], `"line":4`) || len(r.Lots) != 3 {
		t.Errorf("%q", lines)
	}
	if kind := w.Header().Get("Content-Type"); !strings.HasPrefix(kind, "application/x-ndjson") || !w.Flushed {
		t.Errorf("%s, flushed %v", kind, w.Flushed)
	}
	for _, format := range []string{"", "?format=xlsx", "?format=csv"} {
		if w := r.do(request{path: "/api/v1/import/template" + format}); w.Code != http.StatusOK || w.Body.Len() < 100 {
			t.Errorf("template %s: %d", format, w.Code)
		}
	}
	if w := r.do(request{path: "/api/v1/import/template?format=pdf"}); w.Code != http.StatusBadRequest {
		t.Errorf("%d", w.Code)
	}
}
