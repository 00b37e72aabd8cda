package county

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/notify/webhook"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
)

// post sends a body that is no JSON.
func (r *useRig) post(path, kind, key string, body []byte) (int, []byte) {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.app.URL()+path, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+useToken)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Idempotency-Key", key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, text
}

// must sends something that has to be taken.
func (r *useRig) must(path string, body map[string]any) map[string]any {
	r.t.Helper()
	if body["actor"] == nil {
		body["actor"] = "萨仁"
	}
	status, answer := r.send("POST", path, body)
	if status != http.StatusCreated {
		r.t.Fatalf("%s: %d %v", path, status, answer)
	}
	return answer
}

func againstOf(answer map[string]any) string {
	var out []string
	for _, o := range answer["against"].([]any) {
		out = append(out, o.(map[string]any)["word"].(string))
	}
	return strings.Join(out, " ")
}

// TestABatchFromBirthToVerdict goes the whole way of a batch by the API of a
// county that runs: booked, described, handed over, split, shipped, decided,
// recalled; the traceability platform hears of what holds.
func TestABatchFromBirthToVerdict(t *testing.T) {
	var mu sync.Mutex
	var told []map[string]any
	fails := 1
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		var v map[string]any
		if err != nil || json.Unmarshal(body, &v) != nil || r.Header.Get(webhook.SignatureHeader) == "" || r.Header.Get(webhook.KeyHeader) == "" {
			t.Errorf("the platform does not understand %s", body)
		}
		if fails--; fails >= 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		told = append(told, v)
	}))
	defer platform.Close()
	dir := t.TempDir()
	address, secret := filepath.Join(dir, "url"), filepath.Join(dir, "secret")
	for file, text := range map[string]string{address: platform.URL + "/verdicts", secret: "a secret of sixteen"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := newUseRig(t)
	r.stop()
	r.cfg.Platform = config.Platform{URLFile: address, SecretFile: secret}
	r.start(t)
	r.tell("centre", map[string]float64{"mutton/air": -18})

	const lot = "/api/v1/batches/HJQ-1"
	r.must("/api/v1/batches", map[string]any{"id": "HJQ-1", "product": "羊肉", "profile": "mutton-frozen", "quantity": "240 kg", "zone": "centre/mutton",
		"at": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}) // an hour without a reading
	r.must(lot+"/details", map[string]any{"owner": map[string]any{"name": "演示牧业", "code": "91350100M000100Y43"}, "codes": []any{map[string]any{"kind": "ear-tag", "value": "315062500012345"}}})
	if status, answer := r.send("POST", lot+"/details", map[string]any{"actor": "萨仁", "owner": map[string]any{"name": "x", "code": "91350100M000100Y44"}}); status != http.StatusBadRequest || !strings.Contains(message(answer, "zh"), "校验位") {
		t.Errorf("a wrong credit code: %d %v", status, answer)
	}
	if _, answer := r.get("/api/v1/batches?search=315062500012345"); len(answer["batches"].([]any)) != 1 {
		t.Errorf("its ear tag does not find it: %v", answer)
	}

	// A release waits for the paper; with it, a second person signs for what is not known.
	status, answer := r.send("POST", lot+"/verdicts", map[string]any{"actor": "萨仁", "decision": "released", "reason": "看过"})
	if status != http.StatusBadRequest || !strings.Contains(message(answer, "zh"), "动物检疫合格证明") {
		t.Fatalf("released without its paper: %d %v", status, answer)
	}
	status, file := r.post("/api/v1/files", "image/jpeg", "f", []byte("\xff\xd8\xff\xe0 a photo"))
	var kept struct{ Sum string }
	if err := json.Unmarshal(file, &kept); err != nil || status != http.StatusCreated || len(kept.Sum) != 64 {
		t.Fatalf("%d %s", status, file)
	}
	if res, err := http.Get(r.app.URL() + "/api/v1/files/" + kept.Sum); err != nil || res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a paper is shown without the token: %v %v", res, err)
	} else {
		res.Body.Close()
	}
	answer = r.must(lot+"/documents", map[string]any{"kind": "quarantine-certificate", "number": "15-1", "date": "2026-11-22", "file": kept.Sum})
	if got := againstOf(answer); got != "coverage-low" {
		t.Errorf("against: %s", got)
	}
	if status, answer = r.send("POST", lot+"/documents", map[string]any{"actor": "萨仁", "kind": "other", "number": "1", "date": "2026-11-22", "file": strings.Repeat("ab", 32)}); status != http.StatusBadRequest {
		t.Errorf("a paper that nobody sent: %d %v", status, answer)
	}
	answer = r.must(lot+"/verdicts", map[string]any{"decision": "released", "reason": "看过"})
	if v := answer["verdict"].(map[string]any); v["decision"] != "undecided" {
		t.Errorf("one person released it: %v", v)
	}
	if status, answer = r.send("POST", lot+"/verdicts/1/signature", map[string]any{"actor": "萨仁"}); status != http.StatusConflict {
		t.Errorf("signed by himself: %d %v", status, answer)
	}
	answer = r.must(lot+"/verdicts/1/signature", map[string]any{"actor": "王主任"})
	if v := answer["verdict"].(map[string]any); v["decision"] != "released" {
		t.Errorf("%v", v)
	}

	// A part is taken out, handed to the truck and refused at the door.
	r.must("/api/v1/derivations", map[string]any{"relation": "split", "inputs": []any{map[string]any{"id": "HJQ-1"}}, "outputs": []any{map[string]any{"id": "HJQ-1-A", "quantity": "100 kg"}}})
	if status, answer = r.send("POST", "/api/v1/derivations", map[string]any{"actor": "萨仁", "relation": "split", "inputs": []any{map[string]any{"id": "HJQ-1"}}, "outputs": []any{map[string]any{"id": "HJQ-1-B", "quantity": "141 kg"}}}); status != http.StatusBadRequest || !strings.Contains(message(answer, "zh"), "只剩 140 kg") {
		t.Errorf("more than there is: %d %v", status, answer)
	}
	const part = "/api/v1/batches/HJQ-1-A"
	r.must(part+"/handovers", map[string]any{"from": "其其格", "to": "巴图", "product_c": -16.5, "method": "between-packs", "outcome": "accepted", "move": map[string]any{"zone": "truck-1/box", "override": "车厢还没凉"}})
	answer = r.must(part+"/handovers", map[string]any{"from": "巴图", "to": "小卖部", "outcome": "refused", "note": "化了"})
	if v := answer["verdict"].(map[string]any); v["decision"] != "on-hold" {
		t.Errorf("refused, and %v", v)
	}
	r.must(part+"/moves", map[string]any{"zone": "", "courier": map[string]any{"firm": "演示快递", "packing_c": -15, "ice": 4, "waybill": "SF1"}})
	_, answer = r.get(lot + "/recall")
	parts := answer["parts"].([]any)
	if len(parts) != 2 {
		t.Fatalf("%v", answer)
	}
	if p := parts[1].(map[string]any); p["batch"] != "HJQ-1-A" || p["took"] != "100 kg" || p["courier"].(map[string]any)["waybill"] != "SF1" || len(p["handovers"].([]any)) != 2 || p["decision"] != "on-hold" {
		t.Errorf("%v", p)
	}

	// The release was refused by the platform and is tried later; the hold of
	// another batch does not wait for it.
	r.await("the platform hears of the hold", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(told) == 1 && told[0]["batch"] == "HJQ-1-A" && told[0]["decision"] == "on-hold"
	})
}

// TestThePlatformIsToldUntilItHasTaken: the same bytes under the same key.
func TestThePlatformIsToldUntilItHasTaken(t *testing.T) {
	var bodies, keys []string
	fails := 2
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies, keys = append(bodies, string(body)), append(keys, r.Header.Get(webhook.KeyHeader))
		if fails--; fails >= 0 {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer far.Close()
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte(far.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return now }, state.WithPlatform())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	who := state.Actor{Kind: state.Person, ID: "sarana"}
	if _, err := db.CreateBatch(t.Context(), who, "b", batch.Batch{ID: "A"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := db.GiveVerdict(t.Context(), who, "v", batch.Verdict{Batch: "A", Decision: batch.OnHold, Reason: "<看>"}, batch.Rule{}, batch.Evidence{}); err != nil {
		t.Fatal(err)
	}
	p, err := newPlatform(config.Platform{URLFile: file}, db, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, time.Minute, 2 * time.Minute, time.Hour} {
		now = now.Add(wait)
		if _, _, err := p.tell(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(bodies) != 3 || bodies[0] != bodies[1] || bodies[1] != bodies[2] || keys[0] != "verdict/A/1" || keys[2] != keys[0] || !strings.Contains(bodies[0], `"decision":"on-hold"`) {
		t.Errorf("%q %q", keys, bodies)
	}
	if none, err := newPlatform(config.Platform{}, db, nil, nil); none != nil || err != nil {
		t.Errorf("a platform nobody has configured: %v %v", none, err)
	}
}

// TestAListIsImported: by line, with what is refused, and twice without doubling.
func TestAListIsImported(t *testing.T) {
	r := newUseRig(t)
	r.tell("centre", map[string]float64{"mutton/air": -18})
	list := "批次号,品名,档案,数量,货主,库区,检疫证号,检疫日期\n" +
		"L-1,羊肉,mutton-frozen,240 kg,演示牧业,centre/mutton,15-1,2026-11-22\n" +
		"L-2,羊肉,mutton-frozen,12 箱,,配送中心羊肉库,,\n" +
		"L-3,羊肉,,,,没有的库,,\n" +
		"L-4,,,,,,,\n" +
		"L-5,牛肉,beef-frozen,1 t,,,,\n"
	send := func(key, list string, check bool) (int, []map[string]any) {
		var body bytes.Buffer
		f := multipart.NewWriter(&body)
		for name, value := range map[string]string{"actor": "萨仁", "check": map[bool]string{true: "true", false: "false"}[check]} {
			if err := f.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		part, err := f.CreateFormFile("file", "list.csv")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, list); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		status, text := r.post("/api/v1/import/batches", f.FormDataContentType(), key, body.Bytes())
		var out []map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		for d.More() {
			var line map[string]any
			if err := d.Decode(&line); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			out = append(out, line)
		}
		return status, out
	}
	report := func(lines []map[string]any) (created, already float64, refused map[float64]string) {
		t.Helper()
		last := lines[len(lines)-1]
		x, ok := last["report"].(map[string]any)
		if !ok || last["error"] != nil {
			t.Fatalf("%v", last)
		}
		refused = map[float64]string{}
		for _, f := range x["refused"].([]any) {
			f := f.(map[string]any)
			refused[f["line"].(float64)] = f["zh"].(string)
		}
		return x["created"].(float64), x["already"].(float64), refused
	}
	status, lines := send("c", list, true)
	if c, _, refused := report(lines); status != http.StatusOK || c != 0 || len(refused) != 1 || lines[0]["rows"].(float64) != 4 {
		t.Fatalf("a check: %d %v", status, lines)
	}
	if _, answer := r.get("/api/v1/batches"); len(answer["batches"].([]any)) != 0 {
		t.Fatalf("a check has booked: %v", answer)
	}
	_, lines = send("k", list, false)
	if c, a, refused := report(lines); c != 3 || a != 0 || len(refused) != 2 || !strings.Contains(refused[4], "没有的库") || !strings.Contains(refused[5], "品名") {
		t.Fatalf("%v", lines)
	}
	if first := lines[0]; first["of"].(float64) != 4 || first["done"].(float64) != 4 {
		t.Errorf("progress: %v", lines)
	}
	_, answer := r.get("/api/v1/batches/L-1/dossier")
	d := answer["dossier"].(map[string]any)
	if docs := d["documents"].([]any); len(docs) != 1 || docs[0].(map[string]any)["number"] != "15-1" || d["owner"] != "演示牧业" {
		t.Errorf("%v", d)
	}
	if _, answer := r.get("/api/v1/batches/L-2"); answer["batch"].(map[string]any)["zone"] != "centre/mutton" {
		t.Errorf("a room by its name: %v", answer)
	}
	for _, key := range []string{"k", "another"} { // the same list again, under the same key and another one
		_, lines = send(key, list, false)
		_, a, refused := report(lines)
		_, answer := r.get("/api/v1/batches/L-1/dossier")
		if docs := answer["dossier"].(map[string]any)["documents"].([]any); len(docs) != 1 || len(refused) != 2 || key == "another" && a != 3 {
			t.Errorf("%s: %v", key, lines)
		}
	}
	_, lines = send("changed", strings.Replace(list, "240 kg", "250 kg", 1), false)
	if _, _, refused := report(lines); !strings.Contains(refused[2], "240 kg") {
		t.Errorf("a batch that is there and different: %v", lines)
	}
	if status, lines := send("bad", "x,y\n1,2\n", false); status != http.StatusBadRequest || code(lines[0]) != "bad-input" {
		t.Errorf("no header: %d %v", status, lines)
	}
}
