package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/pin"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// pinRig is a county with a keeper who has a PIN and a manager who has none. Its
// log is kept.
func pinRig(t *testing.T) (*rig, *bytes.Buffer) {
	var log bytes.Buffer
	r := newRig(t, web.Options{Token: "let-me", AnswerKey: []byte("the key of this test"), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r.Do(func(f *webtest.Fake) {
		f.Clock = func() time.Time { return noon }
		f.List = web.Roster{Version: 3, Telling: true, Plan: duty.DefaultPlan(), Roster: duty.Roster{Persons: []duty.Person{
			{ID: "qiqige", Name: "其其格", Roles: []duty.Role{duty.Keeper}}, {ID: "wang", Name: "王主任", Roles: []duty.Role{duty.Manager}}}}}
		f.PINs = map[string]pin.PIN{"qiqige": "4711"}
		f.Sent = map[string]web.Message{"raised/x/qiqige": {Person: "qiqige", Name: "其其格", Title: "巴拉贡", At: noon}, "raised/x/wang": {Person: "wang", Name: "王主任", Title: "巴拉贡", At: noon}}
	})
	return r, &log
}

// TestTheAPIAsksForThePIN: the answers say by a code what is wrong with it, and
// who has one is told without the digits.
func TestTheAPIAsksForThePIN(t *testing.T) {
	r, log := pinRig(t)
	steps := "/api/v1/alarms/" + r.alarmID + "/steps"
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", steps, `{"step":"acknowledged","actor":"其其格"}`, 403, web.PINNeeded},
		{"POST", steps, `{"step":"acknowledged","actor":"其其格","pin":"4712"}`, 403, web.PINWrong},
		{"POST", steps, `{"step":"acknowledged","actor":"其其格","pin":"` + strings.Repeat("4", 21) + `"}`, 400, "bad-input"},
		{"POST", steps, `{"step":"acknowledged","actor":"其其格","pin":"4711"}`, 200, ""},
		{"POST", steps, `{"step":"acknowledged","actor":"王主任"}`, 403, web.PINUnset},
		{"PUT", "/api/v1/people/wang/pin", `{"actor":"王主任","new":"1234"}`, 400, "pin-simple"},
		{"PUT", "/api/v1/people/wang/pin", `{"actor":"王主任","new":"2580"}`, 200, ""},
		{"PUT", "/api/v1/people/wang/pin", `{"actor":"王主任","new":"2581"}`, 403, web.PINNeeded},
		{"DELETE", "/api/v1/people/qiqige/pin", `{"actor":"王主任","pin":"2580"}`, 200, ""},
		{"PUT", "/api/v1/people/A%20B/pin", `{"actor":"王主任","new":"2580"}`, 400, "bad-input"},
		{"PUT", "/api/v1/people/nobody/pin", `{"actor":"王主任","pin":"2580","new":"2589"}`, 404, "not-found"},
	} {
		w := r.do(request{method: c.method, path: c.path, body: c.body, token: "let-me"})
		if code := decode[failure](t, w).Error.Code; w.Code != c.status || code != c.code {
			t.Errorf("%s %s %s: %d %q, want %d %q", c.method, c.path, c.body, w.Code, code, c.status, c.code)
		}
	}
	if w := r.do(request{method: "PUT", path: "/api/v1/people/wang/pin", body: `{"actor":"王主任","new":"2580"}`}); w.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", w.Code)
	}
	got := r.do(request{path: "/api/v1/people"}).Body.String()
	if !strings.Contains(got, `"pins":["wang"]`) || strings.Contains(got, "2580") || strings.Contains(log.String(), "4711") || strings.Contains(log.String(), "2580") {
		t.Errorf("%s\n%s", got, log)
	}
}

// TestADeviceIsKnownByItsCookie: given once, to be read by no script and by no
// other site; what stands there for a device is not the cookie.
func TestADeviceIsKnownByItsCookie(t *testing.T) {
	r, _ := pinRig(t)
	var seen []string
	r.Do(func(f *webtest.Fake) { f.Saw = func(by web.Actor) { seen = append(seen, by.Device) } })
	post := func(cookie string) *http.Response {
		req := httptest.NewRequest("POST", "/api/v1/alarms/"+r.alarmID+"/steps", strings.NewReader(`{"step":"handled","actor":"其其格","pin":"4711"}`))
		req.Header.Set("Authorization", "Bearer let-me")
		if cookie != "" {
			req.AddCookie(&http.Cookie{Name: "coldchain_device", Value: cookie})
		}
		w := httptest.NewRecorder()
		r.server.Handler().ServeHTTP(w, req)
		return w.Result()
	}
	first := post("").Cookies()
	if len(first) != 1 || !first[0].HttpOnly || first[0].SameSite != http.SameSiteLaxMode || first[0].Path != "/" || first[0].MaxAge < 86400 {
		t.Fatalf("%+v", first)
	}
	if again := post(first[0].Value).Cookies(); len(again) != 0 {
		t.Errorf("given again: %+v", again)
	}
	if forged := post("<script>").Cookies(); len(forged) != 1 {
		t.Errorf("a cookie that is none of ours was kept: %+v", forged)
	}
	if len(seen) != 3 || seen[0] != seen[1] || seen[1] == seen[2] || len(seen[0]) != 16 || strings.Contains(first[0].Value, seen[0]) {
		t.Errorf("%q, cookie %q", seen, first[0].Value)
	}
}

// TestTheLinkAsksForThePIN: in a form without script; a wrong one shows the form
// again with what is wrong. Whom it was for chooses the first one there, twice.
func TestTheLinkAsksForThePIN(t *testing.T) {
	r, _ := pinRig(t)
	key := []byte("the key of this test")
	page := func(who string) string {
		return r.do(request{path: web.AnswerLink(key, "raised/x/"+who, noon.Add(time.Hour))}).Body.String()
	}
	if body := page("qiqige"); !strings.Contains(body, `<option selected>其其格</option><option>王主任</option>`) || !strings.Contains(body, `name="pin"`) || strings.Contains(body, `name="again"`) {
		t.Error(body)
	}
	if body := page("wang"); !strings.Contains(body, `name="again"`) {
		t.Error(body)
	}
	post := func(message string, fields ...string) *httptest.ResponseRecorder {
		u, err := url.Parse(web.AnswerLink(key, message, noon.Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		form := u.Query()
		form.Set("step", "on-the-way")
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		req := httptest.NewRequest("POST", "/answer", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		r.server.Handler().ServeHTTP(w, req)
		return w
	}
	for _, c := range []struct {
		fields []string
		status int
		says   string
	}{
		{[]string{"name", "其其格"}, 403, "请输入四位密码"},
		{[]string{"name", "其其格", "pin", "4712"}, 403, "密码不对"},
		{[]string{"name", "王主任", "pin", "4711"}, 403, "还没有密码"},
	} {
		w := post("raised/x/qiqige", c.fields...)
		if body := w.Body.String(); w.Code != c.status || !strings.Contains(body, c.says) || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, "<form") || !strings.Contains(body, "<option selected>"+c.fields[1]) || strings.Contains(body, "4712") {
			t.Errorf("%v: %d %s", c.fields, w.Code, body)
		}
	}
	if w := post("raised/x/qiqige", "name", "其其格", "pin", "4711"); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post("raised/x/wang", "name", "王主任", "pin", "2580", "again", "2508"); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "两次") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := post("raised/x/wang", "name", "王主任", "pin", "2580", "again", "2580"); w.Code != http.StatusSeeOther {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := r.Sent["raised/x/wang"].Answered; len(got) != 1 || r.PINs["wang"] != "2580" {
		t.Errorf("%+v", got)
	}
}
