package web_test

import (
	"net/http"
	"testing"

	"coldchain/alerting"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// TestTheQueueEmptiesAsItIsLookedAt: with a note, under a name that is proved, and
// only for what is late. What has grown comes back with what was said to it.
func TestTheQueueEmptiesAsItIsLookedAt(t *testing.T) {
	r, _ := pinRig(t)
	path := "/api/v1/alarms/" + r.alarmID + "/look"
	type queue struct {
		Alarms []struct {
			ID     string
			Looked *struct {
				By, Note string
				Grown    bool
			}
		}
	}
	look := func(body string) (int, string) {
		w := r.do(request{method: "POST", path: path, body: body, token: "let-me"})
		return w.Code, decode[failure](t, w).Error.Code
	}
	if status, _ := look(`{"actor":"其其格","pin":"4711","note":"看过"}`); status != http.StatusBadRequest {
		t.Errorf("a live alarm: %d", status)
	}
	r.Do(func(f *webtest.Fake) { f.AlarmList[0].Class, f.AlarmList[0].Returned = alerting.Late, noon })
	if w := r.do(request{method: "POST", path: path, body: `{"actor":"其其格","note":"看过"}`}); w.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", w.Code)
	}
	for body, code := range map[string]string{`{"actor":"其其格","pin":"4711","note":" "}`: "bad-input", `{"actor":"其其格","note":"看过"}`: web.PINNeeded, `{"note":"看过"}`: "bad-input"} {
		if _, got := look(body); got != code {
			t.Errorf("%s: %q, want %q", body, got, code)
		}
	}
	if q := decode[queue](t, r.do(request{path: "/api/v1/queue"})); len(q.Alarms) != 1 || q.Alarms[0].Looked != nil {
		t.Errorf("%+v", q)
	}
	if status, _ := look(`{"actor":"其其格","pin":"4711","note":"看过"}`); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	if q := decode[queue](t, r.do(request{path: "/api/v1/queue"})); len(q.Alarms) != 0 {
		t.Errorf("%+v", q)
	}
	r.Do(func(f *webtest.Fake) { f.AlarmList[0].Looked.Grown = true })
	q := decode[queue](t, r.do(request{path: "/api/v1/queue"}))
	if len(q.Alarms) != 1 || !q.Alarms[0].Looked.Grown || q.Alarms[0].Looked.Note != "看过" || q.Alarms[0].Looked.By != "其其格" {
		t.Errorf("%+v", q)
	}
}
