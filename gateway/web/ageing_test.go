package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/batch"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// TestAPageSaysHowABatchGrowsOld: on the batch, and on its alarm.
func TestAPageSaysHowABatchGrowsOld(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	days := 2.0
	const id = "HJQ261123-TLG-007"
	start := noon.Add(-time.Hour)
	r.Do(func(*webtest.Fake) {
		r.Ages = map[string]ageing.Outlook{id: {At: noon, Used: 0.82, UsedMax: 0.85, AlarmAt: 0.7, PresentC: &days, RemainingDays: &days, RemainingDaysMin: &days}}
		r.AlarmList = append(r.AlarmList, web.Alarm{Alarm: alerting.Alarm{ID: alerting.AlarmID(alerting.Spoilage, id, start), Rule: alerting.Spoilage, Object: "balagong/mutton-1/" + id, Zone: "balagong/mutton-1",
			Level: alerting.Warning, State: alerting.Unacknowledged, Start: start, LastSeen: noon, Limit: 70, Peak: 82, LastValue: 82, HasValue: true},
			Batches: []web.ExposedBatch{{Batch: batch.Batch{ID: id}}}})
	})
	type ages struct {
		Life_used, Life_used_max, Alarm_at float64
		Remaining_days                     *float64
		Deliver_by                         *string
	}
	one := decode[struct{ Batch struct{ Ages *ages } }](t, r.do(request{path: "/api/v1/batches/" + id}))
	if a := one.Batch.Ages; a == nil || a.Life_used != 0.82 || a.Life_used_max != 0.85 || *a.Remaining_days != 2 || a.Deliver_by != nil {
		t.Errorf("%+v", a)
	}
	list := decode[struct {
		Alarms []struct {
			Rule, Site, Zone, Unit string
			Ages                   *ages
		}
	}](t, r.do(request{path: "/api/v1/alarms"}))
	if len(list.Alarms) != 2 {
		t.Fatalf("%+v", list)
	}
	for _, a := range list.Alarms {
		if spoils := a.Rule == string(alerting.Spoilage); (a.Ages != nil) != spoils || spoils && (a.Unit != "%" || a.Site != "balagong" || a.Zone != "balagong/mutton-1") {
			t.Errorf("%+v", a)
		}
	}
	r.Do(func(*webtest.Fake) { r.Ages = nil })
	if w := r.do(request{path: "/api/v1/batches/" + id}); strings.Contains(w.Body.String(), "ages") {
		t.Errorf("nothing is known, and %s", w.Body)
	}
}

func TestADayOfDeliveryIsWrittenDown(t *testing.T) {
	r := newRig(t, web.Options{Token: token})
	const path = "/api/v1/batches/HJQ261123-TLG-007/details"
	for i, c := range []struct {
		body string
		code int
		want string
	}{
		{`{"actor":"沈质检","deliver_by":"2026-11-29"}`, http.StatusCreated, `"deliver_by":"2026-11-29T15:59:59Z"`},
		{`{"actor":"沈质检","deliver_by":"2026-11-29T08:00:00+08:00"}`, http.StatusCreated, `"deliver_by":"2026-11-29T00:00:00Z"`},
		{`{"actor":"沈质检","deliver_by":"29.11."}`, http.StatusBadRequest, "deliver_by"},
		{`{"actor":"沈质检"}`, http.StatusCreated, `"details":{`},
	} {
		w := r.do(request{method: "POST", path: path, token: token, key: string(rune('a' + i)), body: c.body})
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.body, w.Code, w.Body)
		}
	}
	if w := r.do(request{path: "/api/v1/batches/HJQ261123-TLG-007/dossier"}); strings.Contains(w.Body.String(), "deliver_by") {
		t.Errorf("it was taken away, and %s", w.Body)
	}
}
