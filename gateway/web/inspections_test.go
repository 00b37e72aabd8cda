package web_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/report"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
)

const linkKey = "the key of this test"

const askLink = `{"zones":["balagong/mutton-1"],"from":"2026-11-22","to":"2026-11-23","until":"2026-11-24T12:00:00Z","actor":"其其格"}`

// linked is a rig with one link, and its path.
func linked(t *testing.T) (*rig, string) {
	t.Helper()
	r := newRig(t, web.Options{Token: token, AnswerKey: []byte(linkKey), PublicURL: "https://cold.example/"})
	w := r.do(request{method: "POST", path: "/api/v1/inspections-links", body: askLink, token: token})
	made := decode[struct {
		Link      struct{ ID, From, To, By string }
		Path, URL string
	}](t, w)
	if w.Code != 201 || made.URL != "https://cold.example"+made.Path || made.Link.From != "2026-11-22" || made.Link.To != "2026-11-23" || made.Link.By != "其其格" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return r, made.Path
}

// TestALinkShowsItsRooms, in both languages and every form, to whoever holds it.
func TestALinkShowsItsRooms(t *testing.T) {
	r, path := linked(t)
	w := r.do(request{path: path})
	page := w.Body.String()
	for _, want := range []string{"冷链检查记录", "巴拉贡镇 羊肉库", "HJQ261123-TLG-007", "2026-11-22 – 2026-11-23", `id="print"`, "English", "↑7.1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	if w.Code != 200 || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'nonce-") ||
		w.Header().Get("X-Robots-Tag") == "" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := r.do(request{path: path + "&lang=en"}); w.Code != 200 || !strings.Contains(w.Body.String(), "Cold-chain records for inspection") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.do(request{path: path + "&format=xlsx"}); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "PK") {
		t.Errorf("%d", w.Code)
	}
	if len(r.Openings) != 3 {
		t.Errorf("openings %v", r.Openings)
	}
	r.StoreDown = store.ErrTemporary
	if w := r.do(request{path: path}); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
}

func TestALinkAsPDF(t *testing.T) {
	r, path := linked(t)
	deps := r.Deps(county(), nil)
	deps.ReportPDF = func(w io.Writer, s report.Sheet) error {
		_, err := io.WriteString(w, "%PDF "+s.Title)
		return err
	}
	server, err := web.New(deps, web.Options{Now: func() time.Time { return noon }, AnswerKey: []byte(linkKey)})
	if err != nil {
		t.Fatal(err)
	}
	r.server = server
	if w := r.do(request{path: path + "&format=pdf&lang=en"}); w.Code != 200 || w.Body.String() != "%PDF Cold-chain records for inspection" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := r.do(request{path: path}); !strings.Contains(w.Body.String(), "format=pdf") {
		t.Error("the page does not lead to the PDF")
	}
}

// TestLinksThatDoNotHoldAnswerAlike: nobody learns whether one was ever right.
func TestLinksThatDoNotHoldAnswerAlike(t *testing.T) {
	r, path := linked(t)
	u, err := url.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	altered := func(name, value string) string {
		q := u.Query()
		q.Set(name, value)
		return "/inspect?" + q.Encode()
	}
	without := func(name string) string {
		q := u.Query()
		q.Del(name)
		return "/inspect?" + q.Encode()
	}
	sum := u.Query().Get("s")
	last := byte('0')
	if sum[len(sum)-1] == '0' {
		last = '1'
	}
	answer, err := url.Parse(web.AnswerLink([]byte(linkKey), u.Query().Get("l"), noon.Add(24*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	if w := r.do(request{method: "POST", path: "/api/v1/inspections-links", body: askLink, token: token}); w.Code != 201 {
		t.Fatal(w.Body)
	}
	revoked := web.InspectionLink([]byte(linkKey), "LINK2", noon.Add(24*time.Hour))
	if w := r.do(request{method: "DELETE", path: "/api/v1/inspections-links/LINK2", body: `{"actor":"其其格"}`, token: token}); w.Code != 200 {
		t.Fatal(w.Body)
	}
	var first *httptest.ResponseRecorder
	opened := len(r.Openings)
	for name, path := range map[string]string{
		"no link":                            "/inspect",
		"another id":                         altered("l", "LINK9"),
		"no id":                              without("l"),
		"later":                              altered("e", "1795694400"),
		"no end":                             without("e"),
		"an end with a zero":                 altered("e", "0"+u.Query().Get("e")),
		"an end of a long number":            altered("e", strings.Repeat("9", 400)),
		"one digit of the sum":               altered("s", sum[:len(sum)-1]+string(last)),
		"half the sum":                       altered("s", sum[:32]),
		"the sum in capitals":                altered("s", strings.ToUpper(sum)+"A"),
		"no sum":                             without("s"),
		"an answer's sum":                    altered("s", answer.Query().Get("s")),
		"another key":                        web.InspectionLink([]byte("another key"), "LINK1", noon.Add(24*time.Hour)),
		"signed for an id that is not there": web.InspectionLink([]byte(linkKey), "NONE", noon.Add(24*time.Hour)),
		"signed with another end":            web.InspectionLink([]byte(linkKey), "LINK1", noon.Add(48*time.Hour)),
		"revoked":                            revoked,
		"a room beside":                      path + "&zones=balagong%2Ffrozen",
		"another day":                        path + "&from=2026-01-01",
		"a form that is not there":           path + "&format=json",
		"a language that is not there":       path + "&lang=fr",
		"an id twice":                        path + "&l=LINK1",
		"a long id":                          altered("l", strings.Repeat("A", 5000)),
	} {
		w := r.do(request{path: path})
		w.Header().Del("Set-Cookie") // each browser its own
		if first == nil {
			first = w
		}
		if w.Code != 404 || w.Body.String() != first.Body.String() || !sameHeader(w, first) {
			t.Errorf("%s: %d %v\n%s", name, w.Code, w.Header(), w.Body)
		}
		if strings.Contains(w.Body.String(), "羊肉") || strings.Contains(w.Body.String(), "TLG") {
			t.Errorf("%s: tells something", name)
		}
	}
	if len(r.Openings) > opened+1 { // that with another end was known, and shows nothing
		t.Errorf("opened %v", r.Openings[opened:])
	}
	// An expired one answers alike as well; so does a page that is asked to write.
	late, err := web.New(r.Deps(county(), nil), web.Options{Now: func() time.Time { return noon.Add(24 * time.Hour) }, AnswerKey: []byte(linkKey)})
	if err != nil {
		t.Fatal(err)
	}
	r.server = late
	w := r.do(request{path: path})
	w.Header().Del("Set-Cookie")
	if w.Code != 404 || w.Body.String() != first.Body.String() || !sameHeader(w, first) {
		t.Errorf("expired: %d %s", w.Code, w.Body)
	}
	if w := r.do(request{method: "POST", path: path}); w.Code != 405 {
		t.Errorf("written to: %d", w.Code)
	}
}

func sameHeader(a, b *httptest.ResponseRecorder) bool {
	x, y := a.Header(), b.Header()
	for name := range x {
		if x.Get(name) != y.Get(name) {
			return false
		}
	}
	return len(x) == len(y)
}

func TestLinksAreMadeByWhoMay(t *testing.T) {
	r := newRig(t, web.Options{Token: token, AnswerKey: []byte(linkKey)})
	path := "/api/v1/inspections-links"
	for name, c := range map[string]struct {
		request
		status int
	}{
		"without the token":  {request{method: "POST", path: path, body: askLink}, 401},
		"nobody":             {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, "其其格", "", 1)}, 400},
		"no room":            {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, `"balagong/mutton-1"`, "", 1)}, 400},
		"a room not there":   {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, "mutton-1", "mutton-2", 1)}, 400},
		"a fuse box":         {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, "mutton-1", "power", 1)}, 400},
		"backwards":          {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, "2026-11-22", "2026-11-25", 1)}, 400},
		"tomorrow":           {request{method: "POST", path: path, token: token, body: strings.NewReplacer("2026-11-22", "2026-11-25", "2026-11-23", "2026-11-26").Replace(askLink)}, 400},
		"no end":             {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, "2026-11-24T12:00:00Z", "soon", 1)}, 400},
		"unknown field":      {request{method: "POST", path: path, token: token, body: strings.Replace(askLink, `"zones"`, `"x":1,"zones"`, 1)}, 400},
		"revoked by none":    {request{method: "DELETE", path: path + "/LINK1", body: `{"actor":"x"}`}, 401},
		"revoked, not there": {request{method: "DELETE", path: path + "/LINK1", token: token, body: `{"actor":"x"}`}, 404},
	} {
		if w := r.do(c.request); w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.status, w.Body)
		}
	}
	// The list does not let anybody in.
	r, made := linked(t)
	w := r.do(request{path: path})
	u, err := url.Parse(made)
	if err != nil {
		t.Fatal(err)
	}
	if w.Code != 200 || !strings.Contains(w.Body.String(), "LINK1") || strings.Contains(w.Body.String(), u.Query().Get("s")) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// Without a key nobody can sign one.
	if w := newRig(t, web.Options{Token: token}).do(request{method: "POST", path: path, token: token, body: askLink}); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
}

type filing struct {
	From, To, State string
	Late, PDF       bool
	Reviewed, Sent  *struct{ By, Note string }
}

// TestTheMonthlyReportIsReviewedAndSent: drafted on the 22nd, late from the 24th.
func TestTheMonthlyReportIsReviewedAndSent(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	read := func() filing { return decode[filing](t, r.do(request{path: "/api/v1/reports"})) }
	mark := func(body string) (int, string) {
		w := r.do(request{method: "POST", path: "/api/v1/reports/monthly/steps", token: token, body: body})
		return w.Code, w.Body.String()
	}
	if f := read(); f.From != "2026-10-22" || f.To != "2026-11-21" || f.State != "draft" || f.Late || f.PDF { // it is the 23rd
		t.Errorf("%+v", f)
	}
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"sent first": {`{"from":"2026-10-22","step":"sent","actor":"王主任"}`, 409}, "another month": {`{"from":"2026-09-22","step":"reviewed","actor":"王主任"}`, 409},
		"nobody": {`{"from":"2026-10-22","step":"reviewed","actor":""}`, 400}, "a step not there": {`{"from":"2026-10-22","step":"burnt","actor":"王主任"}`, 400},
	} {
		if code, body := mark(c.body); code != c.status {
			t.Errorf("%s: %d, want %d: %s", name, code, c.status, body)
		}
	}
	if code, body := mark(`{"from":"2026-10-22","step":"reviewed","note":"核对过","actor":"王主任"}`); code != 200 {
		t.Fatal(body)
	}
	if f := read(); f.State != "reviewed" || f.Reviewed == nil || f.Reviewed.By != "王主任" || f.Reviewed.Note != "核对过" {
		t.Errorf("%+v", f)
	}
	late, err := web.New(r.Deps(county(), nil), web.Options{Token: token, Now: func() time.Time { return time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC) }}) // midnight of the 24th there
	if err != nil {
		t.Fatal(err)
	}
	r.server = late
	if f := read(); !f.Late {
		t.Errorf("on the 24th: %+v", f)
	}
	if code, body := mark(`{"from":"2026-10-22","step":"sent","actor":"王主任"}`); code != 200 {
		t.Fatal(body)
	}
	if f := read(); f.State != "sent" || f.Late {
		t.Errorf("%+v", f)
	}
	if w := r.do(request{method: "POST", path: "/api/v1/reports/weekly/steps", token: token, body: `{"from":"2026-10-22","step":"sent","actor":"x"}`}); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	r.StateDown = errors.New("gone")
	if w := r.do(request{path: "/api/v1/reports"}); w.Code != 500 {
		t.Errorf("%d", w.Code)
	}
}
