package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"coldchain/gateway/report"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
)

func TestReportsInEveryForm(t *testing.T) {
	r := newRig(t, web.Options{})
	w := r.do(request{path: "/api/v1/reports/daily?site=balagong&date=2026-11-23"})
	page := w.Body.String()
	if w.Code != 200 || !strings.Contains(page, "温度记录表") || !strings.Contains(page, "羊肉库") || !strings.Contains(page, "HJQ261123-TLG-007") {
		t.Fatalf("%d\n%s", w.Code, page)
	}
	policy := w.Header().Get("Content-Security-Policy")
	_, nonce, ok := strings.Cut(policy, "'nonce-")
	nonce, _, _ = strings.Cut(nonce, "'")
	if !ok || nonce == "" || !strings.Contains(page, `<style nonce="`+nonce+`">`) || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
		t.Errorf("policy %q", policy)
	}
	if w := r.do(request{path: "/api/v1/reports/monthly?lang=en"}); w.Code != 200 || !strings.Contains(w.Body.String(), "Monthly cold-chain report") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	if w := r.do(request{path: "/api/v1/reports/shipment?batch=HJQ261123-TLG-007&lang=en"}); w.Code != 200 || !strings.Contains(w.Body.String(), "Shipment report") || !strings.Contains(w.Body.String(), "HJQ261123-TLG-007") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
	var made report.DailyRecord
	w = r.do(request{path: "/api/v1/reports/daily?site=balagong&format=json"})
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || made.Date != "2026-11-23" || len(made.Rooms) != 1 || len(made.Rooms[0].Points) != 1 {
		t.Errorf("%v %+v", err, made)
	}
	w = r.do(request{path: "/api/v1/reports/half-year?format=xlsx"})
	if !strings.Contains(w.Header().Get("Content-Disposition"), "half-year-2026-07-01.xlsx") {
		t.Errorf("%v", w.Header())
	}
	f, err := excelize.OpenReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sheets := f.GetSheetList(); len(sheets) != 1 {
		t.Errorf("worksheets %q", sheets)
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	r := newRig(t, web.Options{})
	for path, code := range map[string]int{
		"yearly": 404, "daily": 400, "daily?site=nowhere": 404, "monthly?site=balagong": 400, "daily?site=balagong&date=23.11.2026": 400, "daily?site=balagong&date=2026-11-24": 400,
		"daily?site=balagong&date=2011-11-24": 400, "weekly?format=pdf": 400, "weekly?format=exe": 400, "weekly?lang=fr": 400, "weekly?kind=x": 400,
		"shipment": 400, "shipment?batch=a%20b": 400, "shipment?batch=NOSUCH": 404, "shipment?batch=HJQ261123-TLG-007&site=balagong": 400, "shipment?batch=HJQ261123-TLG-007&date=2026-11-23": 400, "weekly?batch=HJQ261123-TLG-007": 400,
	} {
		if w := r.do(request{path: "/api/v1/reports/" + path}); w.Code != code {
			t.Errorf("%s: %d, want %d: %s", path, w.Code, code, w.Body)
		}
	}
	r.StoreDown = store.ErrTemporary
	if w := r.do(request{path: "/api/v1/reports/daily?site=balagong"}); w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestReportsAsPDFWhereSomebodyDrawsThem(t *testing.T) {
	r := newRig(t, web.Options{})
	deps := r.Deps(county(), nil)
	var failed error
	deps.ReportPDF = func(w io.Writer, s report.Sheet) error {
		_, err := io.WriteString(w, "%PDF "+s.Title)
		return errors.Join(err, failed)
	}
	server, err := web.New(deps, web.Options{Token: token, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	r.server = server
	w := r.do(request{path: "/api/v1/reports/daily?site=balagong&format=pdf"})
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/pdf" || w.Body.String() != "%PDF 冷链温度记录表" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	failed = errors.New("no font")
	if w := r.do(request{path: "/api/v1/reports/daily?site=balagong&format=pdf"}); w.Code != 500 || strings.Contains(w.Body.String(), "%PDF") {
		t.Errorf("half a paper: %d %s", w.Code, w.Body)
	}
}

// TestPapersReachABrowserThatTakesGzip: it used to end in a panic, because
// these answers are written without a status.
func TestPapersReachABrowserThatTakesGzip(t *testing.T) {
	r := newRig(t, web.Options{})
	server := httptest.NewServer(r.server.Handler())
	defer server.Close()
	for path, want := range map[string]string{
		"/api/v1/reports/daily?site=balagong": "温度记录表", "/api/v1/reports/daily?site=balagong&format=xlsx": "PK", "/api/v1/batches/HJQ261123-TLG-007/epcis": "EPCISDocument",
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := server.Client().Do(byToken(req)) // asks for gzip by itself
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %v, %d bytes", path, res.StatusCode, err, len(body))
		}
	}
}
