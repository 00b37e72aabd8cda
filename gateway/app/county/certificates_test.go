package county

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/config"
	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate"
	"coldchain/gateway/evidence/timestamp/timestamptest"
	"coldchain/gateway/retention"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// fetch reads a path as it is, with the token or without.
func (r *useRig) fetch(path string, token bool) (int, http.Header, []byte) {
	r.t.Helper()
	secret := ""
	if token {
		secret = useToken
	}
	return r.ask(http.MethodGet, path, secret, "")
}

// keep writes minutes of air into the store.
func (r *useRig) keep(from time.Time, values ...float64) {
	r.t.Helper()
	var records []store.Record
	for i, v := range values {
		at := from.Add(time.Duration(i) * time.Minute)
		records = append(records, store.Record{Reading: sensors.NewGood("centre/mutton/air", at, v), Quantity: sensors.Temperature, Gateway: "centre-gw", Epoch: 7, Seq: uint64(at.Unix())})
	}
	if _, err := r.app.Store().Write(r.t.Context(), records); err != nil {
		r.t.Fatal(err)
	}
}

// TestABatchGetsItsCertificate goes the whole way: from readings in the store to
// a paper that a stranger verifies with nothing but the published key, and to
// what a consumer may see of it.
func TestABatchGetsItsCertificate(t *testing.T) {
	r := newUseRig(t)
	r.stop()
	r.cfg.Web.PublicURL = "https://cold.example"
	r.cfg.Certificate.Office, r.cfg.Certificate.Phone = "演示冷链中心", "0477-5550123"
	r.start(t)
	from := time.Now().UTC().Truncate(time.Minute).Add(-2 * time.Hour)
	values := make([]float64, 60)
	for i := range values {
		values[i] = -19
	}
	values[30] = -11.5
	r.keep(from, values...)
	r.must("/api/v1/batches", map[string]any{"id": "M1", "product": "冻羊肉", "profile": "mutton-frozen", "quantity": "100 kg", "owner": "演示牧业合作社", "zone": "centre/mutton", "at": from})
	r.must("/api/v1/batches/M1/moves", map[string]any{"zone": "", "at": from.Add(time.Hour)})
	const list = "/api/v1/batches/M1/certificates"

	if status, _, _ := r.fetch(list, false); status != http.StatusUnauthorized {
		t.Errorf("a list without the token: %d", status)
	}
	first := r.must(list, map[string]any{})["certificate"].(map[string]any)
	number, page := first["number"].(string), first["page"].(string)
	status, _, envelope := r.fetch("/api/v1/certificates/"+number+"/json", true)
	if status != http.StatusOK {
		t.Fatal(status, string(envelope))
	}
	_, _, text := r.fetch("/api/v1/keys", false)
	keys, err := evidence.ParsePublicKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Keys[0].Public()
	if err != nil {
		t.Fatal(err)
	}
	found, err := evidence.Verify(bytes.NewReader(envelope), key)
	if err != nil || !found.Intact() {
		t.Fatalf("%v, %+v", err, found.Differences)
	}
	d := found.Document
	if d.Exposure.Total.Points != 60 || *d.Exposure.Total.MaxC != -11.5 || d.Exposure.Total.Coverage != 1 || d.Profile.HighC == nil || d.Profile.HighC.ValueC != -17 {
		t.Errorf("%+v", d.Exposure.Total)
	}
	if d.Batch.Quantity != "100 kg" || d.Parties[0].Name != "演示牧业合作社" || d.Places[0].Name != "配送中心 羊肉库" || d.County.Office != "演示冷链中心" || !strings.HasPrefix(d.By, "萨仁") || len(d.Audit.Rows) < 2 {
		t.Errorf("%+v %+v %+v, by %s, %d rows of audit", d.Batch, d.Parties, d.Places, d.By, len(d.Audit.Rows))
	}
	frozen, err := os.Open(filepath.Join(r.cfg.Data, retention.Folder, d.Readings.File))
	if err != nil {
		t.Fatal(err)
	}
	defer frozen.Close()
	if wrong, err := d.CheckReadings(frozen); err != nil || len(wrong) > 0 || d.Readings.Count != 60 {
		t.Errorf("%v, %v, %d readings", err, wrong, d.Readings.Count)
	}
	altered := bytes.Replace(envelope, []byte(`"quantity":"100 kg"`), []byte(`"quantity":"900 kg"`), 1)
	if found, err := evidence.Verify(bytes.NewReader(altered), key); err != nil || found.Intact() {
		t.Errorf("altered: %v, %+v", err, found)
	}

	status, h, html := r.fetch("/api/v1/certificates/"+number+"/html", true)
	if status != http.StatusOK || !strings.Contains(string(html), "冷链温度记录证明") || !strings.Contains(string(html), number) || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
		t.Errorf("%d %s", status, html)
	}
	status, _, pdf := r.fetch("/api/v1/certificates/"+number+"/pdf", true)
	if _, err := certificate.LoadFonts(); err != nil {
		if status != http.StatusConflict || !strings.Contains(string(pdf), "no-font") {
			t.Errorf("without a font: %d %s", status, pdf)
		}
	} else if !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("%d %.200s", status, pdf)
	}

	if !strings.HasPrefix(page, "https://cold.example/c/") {
		t.Fatal(page)
	}
	open := strings.TrimPrefix(page, "https://cold.example")
	status, _, seen := r.fetch(open, false)
	if status != http.StatusOK || !strings.Contains(string(seen), "冻羊肉") || strings.Contains(string(seen), "萨仁") || strings.Contains(string(seen), "羊肉库") {
		t.Errorf("the public page: %d %s", status, seen)
	}
	if status, _, _ := r.fetch(open[:len(open)-1]+"A", false); status != http.StatusNotFound && !strings.HasSuffix(open, "A") {
		t.Errorf("another token: %d", status)
	}

	if again := r.must(list, map[string]any{})["certificate"].(map[string]any); again["number"] != number {
		t.Errorf("the same request again made another: %v", again)
	}
	if status, answer := r.send("POST", list, map[string]any{"actor": "萨仁", "reason": " "}); status < 400 || status >= 500 {
		t.Errorf("a second one without a reason: %d %v", status, answer)
	}
	if second := r.must(list, map[string]any{"reason": "买方要新的"})["certificate"].(map[string]any); second["version"] != 2.0 {
		t.Fatal(second)
	}
	var listed struct{ Certificates []struct{ Version int } }
	if _, _, text := r.fetch(list, true); json.Unmarshal(text, &listed) != nil || len(listed.Certificates) != 2 || listed.Certificates[0].Version != 2 {
		t.Fatalf("%s", text)
	}
	if _, _, seen := r.fetch(open, false); !strings.Contains(string(seen), "新") {
		t.Errorf("the old public page does not say that there is a newer version: %s", seen)
	}

	path := filepath.Join(r.cfg.Data, "certificates", number+".json")
	if err := os.WriteFile(path, altered, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/api/v1/certificates/" + number + "/json", open} {
		if status, _, _ := r.fetch(p, true); status != http.StatusInternalServerError {
			t.Errorf("%s of a file that was altered: %d", p, status)
		}
	}
	if status, _, text := r.fetch("/verify", false); status != http.StatusOK || !strings.Contains(string(text), "<html") {
		t.Errorf("the verifier: %d %.80s", status, text)
	}
	if len(key) != 32 || base64.StdEncoding.EncodeToString(key) != keys.Keys[0].Key {
		t.Errorf("key %x", key)
	}
}

// TestACertificateGetsItsTimeStamp goes from the configuration to the file that
// openssl verifies.
func TestACertificateGetsItsTimeStamp(t *testing.T) {
	a := timestamptest.New(t)
	r := newUseRig(t)
	r.stop()
	r.cfg.TimestampAuthority = config.TimestampAuthority{URL: a.URL, CAFile: a.CAFile}
	r.start(t)
	from := time.Now().UTC().Truncate(time.Minute).Add(-2 * time.Hour)
	r.keep(from, -19, -19)
	r.must("/api/v1/batches", map[string]any{"id": "M1", "product": "冻羊肉", "profile": "mutton-frozen", "quantity": "100 kg", "owner": "演示牧业合作社", "zone": "centre/mutton", "at": from})
	const list = "/api/v1/batches/M1/certificates"
	made := r.must(list, map[string]any{})["certificate"].(map[string]any)
	number := made["number"].(string)
	var listed struct {
		Certificates []struct{ Timestamp struct{ State, At string } }
	}
	r.await("the authority's answer", func() bool {
		_, _, text := r.fetch(list, true)
		return json.Unmarshal(text, &listed) == nil && len(listed.Certificates) == 1 && listed.Certificates[0].Timestamp.State != "asked"
	})
	if x := listed.Certificates[0].Timestamp; x.State != "there" || x.At == "" {
		t.Fatalf("%+v", x)
	}
	status, h, stamp := r.fetch("/api/v1/certificates/"+number+"/tsr", true)
	if status != http.StatusOK || h.Get("Content-Type") != "application/timestamp-reply" {
		t.Fatalf("%d %s", status, h)
	}
	file := filepath.Join(t.TempDir(), "a.tsr")
	if err := os.WriteFile(file, stamp, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := a.OpenSSL("ts", "-verify", "-digest", made["sha256"].(string), "-in", file, "-CAfile", a.CAFile); !strings.Contains(said, "Verification: OK") {
		t.Error(said)
	}
	if status, _, _ := r.fetch("/api/v1/certificates/"+number+"/tsr", false); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", status)
	}
}

func TestThereIsNoCertificateOfNobody(t *testing.T) {
	r := newUseRig(t)
	if status, answer := r.send("POST", "/api/v1/batches/nobody/certificates", map[string]any{"actor": "萨仁"}); status != http.StatusNotFound {
		t.Errorf("%d %v", status, answer)
	}
	for _, path := range []string{"/api/v1/certificates/nobody/pdf", "/api/v1/certificates/x/exe", "/api/v1/certificates/..%2f..%2fcounty.db/json"} {
		if status, _, _ := r.fetch(path, true); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}
