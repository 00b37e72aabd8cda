package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// oneAlarm is the answer of a route about one alarm.
type oneAlarm struct {
	Alarm struct {
		State    string
		Open     bool
		Steps    []struct{ Step, By, Note string }
		Todo     []struct{ ZH, EN string }
		Told     []struct{ Person, State string }
		Next     *struct{ Who []string }
		Closing  *struct{ Cause, By, Signed_by string }
		Shelved  *struct{ Reason string }
		Folded   int
		Repairer *struct{ Phone string }
	}
}

func peopleRig(t *testing.T) *rig {
	r := newRig(t, web.Options{Token: "let-me", AnswerKey: []byte("the key of this test")})
	r.Do(func(f *webtest.Fake) {
		f.Clock = func() time.Time { return noon }
		f.List = web.Roster{Version: 3, Telling: true, Plan: duty.DefaultPlan()}
		f.Sent = map[string]web.Message{"raised/x/qiqige": {Person: "qiqige", Name: "其其格", Title: "巴拉贡 <b>7 °C</b>", Text: "去看看", At: noon}}
	})
	return r
}

// TestTheFourSteps: they are taken in any order, the same one once, and the
// alarm then says who did what.
func TestTheFourSteps(t *testing.T) {
	r := peopleRig(t)
	path := "/api/v1/alarms/" + r.alarmID
	for _, body := range []string{`{"step":"acknowledged","actor":"其其格","note":"马上去"}`, `{"step":"acknowledged","actor":"其其格"}`, `{"step":"on-site","actor":"其其格"}`} {
		if w := r.do(request{method: "POST", path: path + "/steps", body: body, token: "let-me"}); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	got := decode[oneAlarm](t, r.do(request{path: path}))
	if len(got.Alarm.Steps) != 2 || got.Alarm.Steps[0].By != "其其格" || got.Alarm.Steps[0].Note != "马上去" || got.Alarm.Steps[1].Step != "on-site" {
		t.Errorf("steps %+v", got.Alarm.Steps)
	}
	if len(got.Alarm.Todo) == 0 || got.Alarm.Todo[0].ZH == "" || got.Alarm.Todo[0].EN == "" {
		t.Errorf("what to do: %+v", got.Alarm.Todo)
	}
	w := r.do(request{method: "POST", path: path + "/closing", body: `{"cause":"compressor","action":"repaired","outcome":"goods-fine","actor":"其其格"}`, token: "let-me"})
	if w.Code != http.StatusConflict || decode[failure](t, w).Error.Code != "not-over" {
		t.Errorf("closing an alarm that is present: %d %s", w.Code, w.Body)
	}
	r.Do(func(f *webtest.Fake) { f.AlarmList[0].Returned = noon })
	for _, step := range []struct {
		path, body string
		want       int
	}{
		{"/closing", `{"cause":"compressor","action":"repaired","outcome":"goods-fine","actor":"其其格"}`, http.StatusOK},
		{"/signature", `{"actor":"其其格"}`, http.StatusConflict},
		{"/signature", `{"actor":"巴图"}`, http.StatusOK},
		{"/shelf", `{"until":"2026-11-23T07:00:00Z","reason":"x","actor":"巴图"}`, http.StatusBadRequest},
	} {
		if w := r.do(request{method: "POST", path: path + step.path, body: step.body, token: "let-me"}); w.Code != step.want {
			t.Errorf("%s %s: %d %s", step.path, step.body, w.Code, w.Body)
		}
	}
	if c := decode[oneAlarm](t, r.do(request{path: path})).Alarm.Closing; c == nil || c.By != "其其格" || c.Signed_by != "巴图" {
		t.Errorf("closing %+v", c)
	}
}

// TestPeopleRoutesRefuse: what is wrong is named, and nothing is changed
// without the token.
func TestPeopleRoutesRefuse(t *testing.T) {
	r := peopleRig(t)
	plan, err := json.Marshal(duty.DefaultPlan())
	if err != nil {
		t.Fatal(err)
	}
	alarm := "/api/v1/alarms/" + r.alarmID
	for _, c := range []struct {
		request
		status int
		says   string
	}{
		{request{method: "POST", path: alarm + "/steps", body: `{"step":"acknowledged","actor":"x"}`}, 401, "sign in"},
		{request{method: "PUT", path: "/api/v1/people", body: `{}`}, 401, "sign in"},
		{request{method: "POST", path: "/api/v1/outages", body: `{}`}, 401, "sign in"},
		{request{method: "POST", path: alarm + "/steps", body: `{"step":"fixed","actor":"x"}`, token: "let-me"}, 400, "step must be one of"},
		{request{method: "POST", path: alarm + "/steps", body: `{"step":"handled"}`, token: "let-me"}, 400, "actor must not be empty"},
		{request{method: "POST", path: alarm + "/closing", body: `{"cause":"ghosts","action":"repaired","outcome":"goods-fine","actor":"x"}`, token: "let-me"}, 400, "cause"},
		{request{method: "POST", path: alarm + "/shelf", body: `{"until":"2027-11-23T07:00:00Z","reason":"x","actor":"巴图"}`, token: "let-me"}, 400, "72 hours"},
		{request{method: "POST", path: "/api/v1/alarms/0123456789abcdef/steps", body: `{"step":"handled","actor":"x"}`, token: "let-me"}, 404, "no alarm"},
		{request{method: "PUT", path: "/api/v1/people", body: `{"version":2,"actor":"x","roster":{"persons":[]},"plan":` + string(plan) + `}`, token: "let-me"}, 409, "read it again"},
		{request{method: "PUT", path: "/api/v1/people", body: `{"version":3,"actor":"x","roster":{"persons":[{"id":"A B"}]},"plan":` + string(plan) + `}`, token: "let-me"}, 400, "persons[0]"},
		{request{method: "POST", path: "/api/v1/outages", body: `{"object":"nowhere","kind":"outage","until":"2026-11-24T07:00:00Z","reason":"x","actor":"x"}`, token: "let-me"}, 404, "no such site"},
		{request{method: "POST", path: "/api/v1/outages", body: `{"object":"balagong","kind":"holiday","until":"2026-11-24T07:00:00Z","reason":"x","actor":"x"}`, token: "let-me"}, 400, "maintenance"},
		{request{method: "DELETE", path: "/api/v1/outages/NONE", body: `{"actor":"x"}`, token: "let-me"}, 404, "no such outage"},
	} {
		w := r.do(c.request)
		if said := decode[failure](t, w).Error.Message_en; w.Code != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s %s %s: %d %q; want %d, %q", c.method, c.path, c.body, w.Code, said, c.status, c.says)
		}
	}
}

func TestAnOutageIsPlannedAndEnded(t *testing.T) {
	r := peopleRig(t)
	w := r.do(request{method: "POST", path: "/api/v1/outages", token: "let-me",
		body: `{"object":"balagong/mutton-1","kind":"outage","until":"` + noon.Add(time.Hour).Format(time.RFC3339) + `","reason":"检修","actor":"巴图"}`})
	made := decode[struct {
		Outage struct{ ID, Kind, Object, By string }
	}](t, w).Outage
	if w.Code != http.StatusCreated || made.Kind != "outage" || made.Object != "balagong/mutton-1" || made.By != "巴图" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := r.do(request{method: "DELETE", path: "/api/v1/outages/" + made.ID, body: `{"actor":"巴图"}`, token: "let-me"}); w.Code != http.StatusOK {
		t.Errorf("end it: %d %s", w.Code, w.Body)
	}
	if left := decode[struct{ Outages []any }](t, r.do(request{path: "/api/v1/outages"})).Outages; len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestEveryClosingWordHasItsPhrase: no code is shown bare.
func TestEveryClosingWordHasItsPhrase(t *testing.T) {
	r := peopleRig(t)
	type word struct{ Code, ZH, EN string }
	got := decode[struct{ Causes, Actions, Outcomes []word }](t, r.do(request{path: "/api/v1/closing-words"}))
	if len(got.Causes) != len(duty.Causes()) || len(got.Actions) != len(duty.Actions()) || len(got.Outcomes) != len(duty.Outcomes()) {
		t.Errorf("%+v", got)
	}
	for _, w := range append(append(got.Causes, got.Actions...), got.Outcomes...) {
		if w.ZH == "" || w.EN == "" {
			t.Errorf("%q has no phrase", w.Code)
		}
	}
}

// TestTheSignedLink: looking changes nothing, the button answers without a
// token, and whoever changes or outlives the link answers nothing.
func TestTheSignedLink(t *testing.T) {
	r := peopleRig(t)
	link := web.AnswerLink([]byte("the key of this test"), "raised/x/qiqige", noon.Add(time.Hour))
	w := r.do(request{path: link})
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "巴拉贡 &lt;b&gt;7 °C&lt;/b&gt;") || !strings.Contains(w.Body.String(), `value="其其格"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'nonce-") || !strings.Contains(policy, "form-action 'self'") || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", w.Header())
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	post := func(change string, value string) *httptest.ResponseRecorder {
		form := u.Query()
		form.Set("step", "on-the-way")
		form.Set("name", "其其格")
		if change != "" {
			form.Set(change, value)
		}
		req := httptest.NewRequest("POST", "/answer", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		r.server.Handler().ServeHTTP(w, req)
		return w
	}
	expired, err := url.Parse(web.AnswerLink([]byte("the key of this test"), "raised/x/qiqige", noon.Add(-time.Second)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, value string
		want        int
	}{
		{"m", "raised/y/qiqige", http.StatusForbidden},
		{"e", "4102444800", http.StatusForbidden},
		{"s", "", http.StatusForbidden},
		{"s", strings.Repeat("0", 64), http.StatusForbidden},
		{"step", "gone-home", http.StatusBadRequest},
		{"name", strings.Repeat("长", 41), http.StatusBadRequest},
	} {
		if w := post(c.what, c.value); w.Code != c.want {
			t.Errorf("%s=%.20s: %d, want %d", c.what, c.value, w.Code, c.want)
		}
	}
	if w := r.do(request{path: expired.String()}); w.Code != http.StatusGone {
		t.Errorf("an expired link: %d", w.Code)
	}
	if m := r.Sent["raised/x/qiqige"]; len(m.Answered) != 0 {
		t.Fatalf("answered already: %+v", m.Answered)
	}
	if w := post("", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/answer?"+u.Query().Encode() {
		t.Errorf("the button: %d %v", w.Code, w.Header())
	}
	if m := r.Sent["raised/x/qiqige"]; len(m.Answered) != 1 || m.Answered[0].Step != duty.OnTheWay || m.Answered[0].By != "其其格" {
		t.Errorf("answered %+v", m.Answered)
	}
}

// FuzzTheSignedLink: no signature but the right one lets a link in.
func FuzzTheSignedLink(f *testing.F) {
	f.Add("raised/x/qiqige", "4102444800", "00")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, m, e, s string) {
		r := peopleRig(t)
		w := r.do(request{path: "/answer?" + url.Values{"m": {m}, "e": {e}, "s": {s}}.Encode()})
		if w.Code == http.StatusOK || w.Code == http.StatusInternalServerError {
			t.Errorf("%d for %q %q %q", w.Code, m, e, s)
		}
	})
}
