package county

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/config"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// useRig is a running county with a truck and a room, and their gateways on a
// real broker.
type useRig struct {
	*county
	cfg  *config.County
	seq  map[string]uint64
	link *mqtt.Link
	stop func()
}

const useToken = "secret"

func newUseRig(t *testing.T) *useRig {
	t.Helper()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(useToken), 0o600); err != nil {
		t.Fatal(err)
	}
	north, east := 39.83, 108.73
	frozen := map[string][]config.Limit{"temperature": {{Side: "high", Level: "excursion", Value: -12}}}
	cfg := &config.County{
		County: "hangjin", Data: dir, Broker: config.Broker{Listen: "127.0.0.1:0"}, Web: config.Web{Listen: "127.0.0.1:0", TokenFile: token},
		Sites: []config.Site{
			{ID: "centre", Kind: config.Centre, Gateway: "centre-gw", Latitude: &north, Longitude: &east, Name: config.Label{ZH: "配送中心"}, Zones: []config.Zone{
				{ID: "mutton", Name: config.Label{ZH: "羊肉库"}, Kind: config.Frozen, Points: map[string]string{"air": "temperature"}, Limits: frozen},
			}},
			{ID: "truck-1", Kind: config.Truck, Gateway: "truck-1-gw", Zones: []config.Zone{
				{ID: "box", Kind: config.FrozenBox, Points: map[string]string{"air": "temperature", "door": "door"}, Limits: frozen},
				{ID: "vehicle", Kind: config.Technical, Points: map[string]string{"lat": "latitude", "lon": "longitude"}},
			}},
		},
	}
	cfg.ApplyDefaults()
	if p := cfg.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	r := &useRig{cfg: cfg, seq: map[string]uint64{}}
	r.start(t)
	return r
}

// start runs the county; stop ends it, so that it can be started again.
func (r *useRig) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	app, err := New(ctx, r.cfg, Options{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	go func() { done <- app.Run(ctx) }()
	connected := make(chan struct{}, 8)
	r.link, err = mqtt.New(mqtt.Options{Server: app.BrokerURL(), ClientID: "edge", Logger: slog.New(slog.DiscardHandler), OnConnect: func() { connected <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- r.link.Run(ctx) }()
	<-connected
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		<-done
		<-done
		if err := app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Cleanup(func() { r.stop() })
	r.county = &county{t, app}
}

// tell has a site's gateway deliver readings of now, in one message, and waits
// until they were judged.
func (r *useRig) tell(site string, values map[string]float64) {
	r.t.Helper()
	units := map[string]sensors.Unit{"air": sensors.Celsius, "door": sensors.Ratio, "lat": sensors.LatDegree, "lon": sensors.LonDegree}
	now := time.Now().UTC().Truncate(time.Millisecond)
	var records []wire.Record
	for _, name := range []string{"box/air", "box/door", "mutton/air", "vehicle/lat", "vehicle/lon"} {
		if v, ok := values[name]; ok {
			r.seq[site]++
			point := sensors.PointID(site + "/" + name)
			records = append(records, wire.Record{Seq: r.seq[site], Boot: "b", Clock: wire.ClockNTP, Unit: units[point.Name()], Reading: sensors.NewGood(point, now, v)})
		}
	}
	payload, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: 1, Next: r.seq[site] + 1, Records: records}, wire.CBOR)
	if err != nil {
		r.t.Fatal(err)
	}
	topic := wire.Address{County: "hangjin", Site: site, Gateway: site + "-gw"}.Topic(wire.ChannelRecords)
	last := records[len(records)-1].Reading
	r.await("the reading is judged", func() bool {
		// Published again until it is there: the collector may not listen yet.
		if err := r.link.Publish(r.t.Context(), mqtt.Message{Topic: topic, Payload: payload}); err != nil {
			return false
		}
		seen, ok := r.app.collector.Latest(last.Point)
		return ok && !seen.Reading.Time.Before(last.Time)
	})
}

// send asks for a change and returns status and answer.
func (r *useRig) send(method, path string, body map[string]any) (int, map[string]any) {
	r.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.app.URL()+path, bytes.NewReader(text))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+useToken)
	q.Header.Set("Idempotency-Key", fmt.Sprintf("%x", sha256.Sum256(append([]byte(path), text...))))
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	answer := map[string]any{}
	if err != nil || json.Unmarshal(raw, &answer) != nil {
		r.t.Fatalf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	return res.StatusCode, answer
}

// zone is a zone as the page has it.
func (r *useRig) zone(id string) map[string]any {
	r.t.Helper()
	_, answer := r.get("/api/v1/zones?sparkline=0")
	for _, z := range answer["zones"].([]any) {
		if z := z.(map[string]any); z["id"] == id {
			return z
		}
	}
	r.t.Fatalf("there is no zone %s", id)
	return nil
}

// present lists the rules of the alarms that are present in a zone.
func (r *useRig) present(zone string) string {
	r.t.Helper()
	_, answer := r.get("/api/v1/alarms?state=open&zone=" + zone)
	var rules []string
	for _, a := range answer["alarms"].([]any) {
		if a := a.(map[string]any); a["returned"] == nil {
			rules = append(rules, a["rule"].(string))
		}
	}
	return strings.Join(rules, " ")
}

func (r *useRig) expect(zone, rules string) {
	r.t.Helper()
	r.await("alarms of "+zone+": "+rules, func() bool { return r.present(zone) == rules })
}

func message(answer map[string]any, language string) string {
	e, _ := answer["error"].(map[string]any)
	text, _ := e["message_"+language].(string)
	return text
}

func code(answer map[string]any) string {
	e, _ := answer["error"].(map[string]any)
	text, _ := e["code"].(string)
	return text
}

// TestAnEmptyTruckIsSilentAndAnArmedOneRings goes the whole way: gateway, real
// broker, judging, page.
func TestAnEmptyTruckIsSilentAndAnArmedOneRings(t *testing.T) {
	r := newUseRig(t)
	const box = "truck-1/box"
	truck := func() map[string]any { return r.zone(box)["truck"].(map[string]any) }
	if st := truck(); st["load"] != "unknown" || st["armed"] != true {
		t.Fatalf("a truck nobody has said anything of: %v", st)
	}
	r.tell("truck-1", map[string]float64{"box/air": 4, "box/door": 0, "vehicle/lat": 39.83, "vehicle/lon": 108.73})
	r.expect(box, "high-limit")

	// Somebody has looked: it is empty. The alarm is over, and stays away.
	status, answer := r.send("POST", "/api/v1/trucks/truck-1/empty", map[string]any{"actor": "其其格"})
	if status != http.StatusOK || truck()["armed"] != false || truck()["phase"] != "idle" || truck()["place"] != "centre" {
		t.Fatalf("%d %v: %v", status, answer, truck())
	}
	r.expect(box, "")
	r.tell("truck-1", map[string]float64{"box/air": 6, "box/door": 0})
	if got := r.present(box); got != "" {
		t.Fatalf("an empty truck rings: %s", got)
	}

	// The door is opened and nothing is booked, and the driver presses idle.
	r.tell("truck-1", map[string]float64{"box/air": 7, "box/door": 1})
	r.expect(box, "high-limit")
	status, answer = r.send("POST", "/api/v1/trucks/truck-1/phase", map[string]any{"phase": "idle", "actor": "巴图"})
	if st := truck(); status != http.StatusOK || st["phase"] != "idle" || st["inferred"] != "loading" || !strings.HasPrefix(st["by"].(string), "巴图") || st["armed"] != true || st["load"] != "unknown" {
		t.Fatalf("%d %v: %v", status, answer, st)
	}

	// It survives a restart, and rings on.
	r.stop()
	r.start(t)
	if st := truck(); st["phase"] != "idle" || st["load"] != "unknown" || st["armed"] != true {
		t.Errorf("after a restart: %v", st)
	}
	r.expect(box, "high-limit")

	// A batch comes in though the box is not ready: a warning, a reason, a mark.
	batch := map[string]any{"id": "HJQ-1", "product": "羊肉", "profile": "mutton-frozen", "zone": box, "actor": "巴图"}
	status, answer = r.send("POST", "/api/v1/batches", batch)
	if status != http.StatusConflict || code(answer) != "disagrees" || !strings.Contains(message(answer, "zh"), "先预冷") || !strings.Contains(message(answer, "en"), "7 °C") {
		t.Fatalf("a box at 7 °C for frozen mutton: %d %v", status, answer)
	}
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if status, answer = r.send("POST", "/api/v1/disuses", map[string]any{"zone": box, "kind": "empty", "until": until, "reason": "x", "actor": "巴图"}); status != http.StatusBadRequest || code(answer) != "truck" {
		t.Errorf("a truck was put to rest by a word: %d %v", status, answer)
	}
	batch["override"] = "车要走了，路上降温"
	status, answer = r.send("POST", "/api/v1/batches", batch)
	stay, _ := answer["batch"].(map[string]any)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	if c := stay["custody"].([]any)[0].(map[string]any); c["marks"].([]any)[0] != "not-ready" || c["override"] != batch["override"] {
		t.Errorf("the stay has no mark: %v", c)
	}
	if st := truck(); st["load"] != "loaded" {
		t.Errorf("%v", st)
	}
	if status, answer = r.send("POST", "/api/v1/trucks/truck-1/empty", map[string]any{"actor": "巴图"}); status != http.StatusConflict || code(answer) != "holds-goods" {
		t.Errorf("a box that holds a batch was said to be empty: %d %v", status, answer)
	}
	// Unloaded: the alarm ends with the load.
	r.tell("truck-1", map[string]float64{"box/air": 7, "box/door": 0})
	if status, answer = r.send("POST", "/api/v1/batches/HJQ-1/moves", map[string]any{"zone": "", "actor": "巴图"}); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	r.expect(box, "")
	if st := truck(); st["load"] != "empty" || st["armed"] != false {
		t.Errorf("%v", st)
	}
}

// TestARoomOutOfUse: silent, takes nothing, and an alarm when it holds goods.
func TestARoomOutOfUse(t *testing.T) {
	r := newUseRig(t)
	const room = "centre/mutton"
	r.tell("centre", map[string]float64{"mutton/air": 8})
	r.expect(room, "high-limit")
	until := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	off := map[string]any{"zone": room, "kind": "switched-off", "until": until, "reason": "夏天不用", "actor": "其其格"}
	status, answer := r.send("POST", "/api/v1/disuses", off)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	id := answer["disuse"].(map[string]any)["id"].(string)
	if d, _ := r.zone(room)["disuse"].(map[string]any); d == nil || d["kind"] != "switched-off" || d["reason"] != "夏天不用" || !strings.HasPrefix(d["by"].(string), "其其格") {
		t.Errorf("the page does not show it: %v", d)
	}
	r.expect(room, "")
	r.tell("centre", map[string]float64{"mutton/air": 15})
	if got := r.present(room); got != "" {
		t.Errorf("a room that is switched off rings: %s", got)
	}
	batch := map[string]any{"id": "HJQ-2", "product": "羊肉", "zone": room, "actor": "巴图", "override": "一定"}
	status, answer = r.send("POST", "/api/v1/batches", batch)
	if status != http.StatusConflict || code(answer) != "out-of-use" || !strings.Contains(message(answer, "zh"), "配送中心羊肉库已标为停用") || !strings.Contains(message(answer, "zh"), "先恢复使用") {
		t.Errorf("a room that is switched off took goods: %d %v", status, answer)
	}
	r.stop()
	r.start(t)
	if r.zone(room)["disuse"] == nil {
		t.Error("a restart brought the room into use")
	}
	if status, answer = r.send("DELETE", "/api/v1/disuses/"+id, map[string]any{"actor": "其其格"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	r.tell("centre", map[string]float64{"mutton/air": 16})
	r.expect(room, "high-limit")

	// With goods in it, it cannot stand empty; switched off it is an alarm, and
	// its limits hold on.
	if status, answer = r.send("POST", "/api/v1/batches", batch); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	off["kind"] = "empty"
	if status, answer = r.send("POST", "/api/v1/disuses", off); status != http.StatusConflict || code(answer) != "holds-goods" {
		t.Errorf("a room that holds goods stands empty: %d %v", status, answer)
	}
	off["kind"] = "switched-off"
	if status, answer = r.send("POST", "/api/v1/disuses", off); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	r.await("both ring", func() bool {
		got := r.present(room)
		return strings.Contains(got, "off-with-goods") && strings.Contains(got, "high-limit")
	})
	if status, answer = r.send("POST", "/api/v1/batches/HJQ-2/moves", map[string]any{"zone": "", "actor": "巴图"}); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	r.expect(room, "")
	for _, wrong := range []map[string]any{
		{"zone": "centre/nothing", "kind": "empty", "until": until, "reason": "x", "actor": "x"}, {"zone": room, "kind": "broken", "until": until, "reason": "x", "actor": "x"},
		{"zone": room, "kind": "empty", "until": "2020-01-01T00:00:00Z", "reason": "x", "actor": "x"}, {"zone": room, "kind": "empty", "until": until, "reason": " ", "actor": "x"},
		{"zone": room, "kind": "empty", "until": until, "reason": "x"},
	} {
		if status, answer = r.send("POST", "/api/v1/disuses", wrong); status != http.StatusBadRequest {
			t.Errorf("%v: %d %v", wrong, status, answer)
		}
	}
}
