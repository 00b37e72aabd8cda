package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/trip"
	"coldchain/gateway/config"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/sensors"
)

// oneUse is how a zone is used, in an answer.
type oneUse struct {
	Zone         string
	Limits_state string
	Disuse       *struct{ ID, Kind, Reason, By, Until string }
	Truck        *struct {
		Phase, Inferred, By, Load, Place string
		Armed                            bool
		Since                            *string
	}
}

// yardRig is a county with a truck beside its store room.
func yardRig(t *testing.T) (*webtest.Fake, func(request) *httptest.ResponseRecorder, *web.Hub) {
	t.Helper()
	r := newRig(t, web.Options{Token: token})
	c := county()
	c.Sites = append(c.Sites, web.Site{ID: "truck-1", Kind: config.Truck, Gateway: "gw-truck", Zones: []web.Zone{
		{ID: "truck-1/box", Kind: config.FrozenBox, Points: []sensors.Point{{ID: "truck-1/box/air", Quantity: sensors.Temperature}}}}})
	r.Do(func(f *webtest.Fake) {
		f.Uses = map[string]web.ZoneUse{"truck-1/box": {Truck: &trip.Status{Phase: trip.InTransit, Inferred: trip.InTransit, Load: trip.LoadUnknown, Armed: true}}}
	})
	s, err := web.New(r.Deps(c, r.hub), web.Options{Token: token, Now: func() time.Time { return noon }, Flush: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r.server = s
	return r.Fake, r.do, r.hub
}

func TestZonesSayHowTheyAreUsed(t *testing.T) {
	_, do, _ := yardRig(t)
	zones := decode[struct {
		Zones []struct {
			ID string
			oneUse
		}
	}](t, do(request{path: "/api/v1/zones?sparkline=0"})).Zones
	for _, z := range zones {
		isTruck := z.ID == "truck-1/box"
		if (z.Truck != nil) != isTruck || z.Disuse != nil || z.Limits_state != "armed" {
			t.Errorf("%s: %+v", z.ID, z.oneUse)
		}
		if isTruck && (z.Truck.Load != "unknown" || z.Truck.Since != nil || !z.Truck.Armed) {
			t.Errorf("%+v", z.Truck)
		}
	}
}

func TestOutOfUseAndBack(t *testing.T) {
	f, do, hub := yardRig(t)
	body := `{"zone":"truck-1/box","kind":"switched-off","until":"2026-12-01T00:00:00Z","reason":"过季","actor":"其其格"}`
	w := do(request{method: "POST", path: "/api/v1/disuses", body: body, token: token})
	made := decode[struct {
		Disuse struct{ ID, By, Kind string }
		Uses   []oneUse
	}](t, w)
	if w.Code != http.StatusCreated || made.Disuse.By != "其其格" || made.Disuse.Kind != "switched-off" || len(made.Uses) != 1 || made.Uses[0].Limits_state != string(alerting.OutOfService) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	list := decode[struct{ Disuses []struct{ ID string } }](t, do(request{path: "/api/v1/disuses"}))
	if len(list.Disuses) != 1 || list.Disuses[0].ID != made.Disuse.ID {
		t.Errorf("%+v", list)
	}
	// A live page is told.
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serverOf(t, f, hub).Handler().ServeHTTP(w, r) }))
	defer s.Close()
	l := listen(t, s)
	defer l.close()
	l.next(t, "hello")
	hub.Publish(web.ZoneEvent, "truck-1/box", "nowhere/zone")
	uses := l.next(t, "zone")["uses"].([]any)
	if len(uses) != 1 || uses[0].(map[string]any)["disuse"] == nil {
		t.Errorf("%v", uses)
	}
	w = do(request{method: "DELETE", path: "/api/v1/disuses/" + "d-truck-1%2Fbox", body: `{"actor":"其其格"}`, token: token})
	if back := decode[struct{ Uses []oneUse }](t, w); w.Code != http.StatusOK || len(back.Uses) != 1 || back.Uses[0].Disuse != nil {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// The room holds a batch: it cannot stand empty.
	body = `{"zone":"balagong/mutton-1","kind":"empty","until":"2026-12-01T00:00:00Z","reason":"x","actor":"其其格"}`
	w = do(request{method: "POST", path: "/api/v1/disuses", body: body, token: token})
	if got := decode[failure](t, w); w.Code != http.StatusConflict || got.Error.Code != "holds-goods" || got.Error.Message_zh == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func serverOf(t *testing.T, f *webtest.Fake, hub *web.Hub) *web.Server {
	t.Helper()
	c := county()
	c.Sites = append(c.Sites, web.Site{ID: "truck-1", Kind: config.Truck, Zones: []web.Zone{{ID: "truck-1/box", Kind: config.FrozenBox}}})
	s, err := web.New(f.Deps(c, hub), web.Options{Token: token, Flush: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestTheButtonAndTheWord(t *testing.T) {
	_, do, _ := yardRig(t)
	w := do(request{method: "POST", path: "/api/v1/trucks/truck-1/phase", body: `{"phase":"unloading","actor":"巴图"}`, token: token})
	got := decode[struct{ Uses []oneUse }](t, w)
	if w.Code != http.StatusOK || len(got.Uses) != 1 || got.Uses[0].Truck.Phase != "unloading" || got.Uses[0].Truck.By != "巴图" || !got.Uses[0].Truck.Armed {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = do(request{method: "POST", path: "/api/v1/trucks/truck-1/empty", body: `{"actor":"巴图"}`, token: token})
	got = decode[struct{ Uses []oneUse }](t, w)
	if w.Code != http.StatusOK || got.Uses[0].Truck.Armed || got.Uses[0].Limits_state != string(alerting.Suppressed) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// What a phone kept while there was no signal comes with its own time.
	said := noon.Add(-3 * time.Hour).Truncate(time.Second)
	w = do(request{method: "POST", path: "/api/v1/trucks/truck-1/phase", body: `{"phase":"in-transit","actor":"巴图","at":"` + said.Format(time.RFC3339) + `"}`, token: token})
	if got = decode[struct{ Uses []oneUse }](t, w); w.Code != http.StatusOK || got.Uses[0].Truck.Since == nil || *got.Uses[0].Truck.Since != said.Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("said at %v: %d %s", said, w.Code, w.Body)
	}
	w = do(request{method: "POST", path: "/api/v1/trucks/truck-1/phase", body: `{"phase":"loading","actor":"巴图","at":"2099-01-01T00:00:00Z"}`, token: token})
	if w.Code != http.StatusBadRequest {
		t.Errorf("said in the future: %d %s", w.Code, w.Body)
	}
	for path, body := range map[string]string{
		"/api/v1/trucks/truck-1/phase":  `{"phase":"flying","actor":"巴图"}`,
		"/api/v1/trucks/truck-1/empty":  `{"actor":" "}`,
		"/api/v1/trucks/balagong/empty": `{"actor":"巴图"}`,
		"/api/v1/disuses":               `{"zone":"balagong/power","kind":"empty","until":"2026-12-01T00:00:00Z","reason":"x","actor":"x"}`,
	} {
		w := do(request{method: "POST", path: path, body: body, token: token})
		if w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("%s %s: %d %s", path, body, w.Code, w.Body)
		}
		if w := do(request{method: "POST", path: path, body: body}); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", path, w.Code)
		}
	}
}

// The page's buttons are the phases of package trip, in their order.
func TestPageKnowsEveryPhase(t *testing.T) {
	var want []string
	for _, p := range trip.Phases() {
		want = append(want, string(p))
	}
	if got := phasesOnPage(t); !slices.Equal(got, want) {
		t.Errorf("phases in types.ts are %v, those of package trip %v", got, want)
	}
}

func phasesOnPage(t *testing.T) (out []string) {
	t.Helper()
	text, err := os.ReadFile("ui/src/api/types.ts")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "export const phases = [")
	list, _, _ := strings.Cut(rest, "]")
	for _, m := range regexp.MustCompile(`'([a-z-]+)'`).FindAllStringSubmatch(list, -1) {
		out = append(out, m[1])
	}
	return out
}
