package county

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/evidence"
)

// sendForm sends fields and a file to a path, with the token.
func (r *useRig) sendForm(path, key, text string, fields map[string]string) (int, string) {
	r.t.Helper()
	var body bytes.Buffer
	f := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := f.WriteField(name, value); err != nil {
			r.t.Fatal(err)
		}
	}
	p, err := f.CreateFormFile("file", "returned.csv")
	if err != nil {
		r.t.Fatal(err)
	}
	fmt.Fprint(p, text)
	if err := f.Close(); err != nil {
		r.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.app.URL()+path, &body)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", f.FormDataContentType())
	req.Header.Set("Idempotency-Key", key)
	req.Header.Set("Authorization", "Bearer "+useToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(res.Body); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, answer.String()
}

// TestAReturnedLoggerGoesIntoTheCertificate: it is no reading, its file and its
// values are listed apart, and nobody alters them unseen.
func TestAReturnedLoggerGoesIntoTheCertificate(t *testing.T) {
	r := newUseRig(t)
	from := time.Now().UTC().Truncate(time.Minute).Add(-4 * time.Hour)
	values := make([]float64, 60)
	for i := range values {
		values[i] = -19
	}
	r.keep(from, values...)
	r.must("/api/v1/batches", map[string]any{"id": "M1", "product": "冻羊肉", "profile": "mutton-frozen", "zone": "centre/mutton", "at": from})
	r.must("/api/v1/batches/M1/moves", map[string]any{"place": "渡口小卖部", "zone": "", "at": from.Add(time.Hour)})
	var text strings.Builder
	text.WriteString("UTC,Temperature °C\n")
	for m := 30; m <= 180; m += 10 {
		fmt.Fprintf(&text, "%s,%.1f\n", from.Add(time.Duration(m)*time.Minute).Format(time.RFC3339), -19+float64(m)/20)
	}
	status, answer := r.sendForm("/api/v1/batches/M1/loggers", "log", text.String(), map[string]string{"actor": "萨仁", "method": "between-packs"})
	if status != http.StatusCreated {
		t.Fatal(status, answer)
	}
	made := r.must("/api/v1/batches/M1/certificates", map[string]any{})["certificate"].(map[string]any)
	number := made["number"].(string)
	_, _, envelope := r.fetch("/api/v1/certificates/"+number+"/json", true)
	_, _, published := r.fetch("/api/v1/keys", false)
	keys, err := evidence.ParsePublicKeys(published)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Keys[0].Public()
	if err != nil {
		t.Fatal(err)
	}
	found, err := evidence.Verify(bytes.NewReader(envelope), key)
	if err != nil || !found.Intact() {
		t.Fatal(err, found.Differences)
	}
	d := found.Document
	if d.Readings.Count != 60 || d.Exposure.Total.Points != 60 || *d.Exposure.Total.MaxC != -19 {
		t.Errorf("a logger's values among the readings: %+v", d.Exposure.Total)
	}
	if x := d.Exposure.Imported; x == nil || x.Points != 16 || *x.MaxC != -10 || x.Seconds < 7200 || x.Apart == 0 {
		t.Errorf("%+v", x)
	}
	n := 0
	for _, row := range d.Imported {
		n += row.Count
	}
	if n != 16 {
		t.Errorf("%d of 16 values are in the annex: %+v", n, d.Imported)
	}
	file := d.Exposure.Intervals[0].Imported[0].File
	status, _, html := r.fetch("/api/v1/certificates/"+number+"/html", true)
	for _, want := range []string{"随货记录仪", "returned.csv", file, "between packs"} {
		if status != http.StatusOK || !strings.Contains(string(html), want) {
			t.Errorf("%d: the paper does not say %q", status, want)
		}
	}
	altered := bytes.Replace(envelope, []byte(`"max_c":-10,`), []byte(`"max_c":-18,`), 1)
	if bytes.Equal(altered, envelope) {
		t.Fatal("there is no -10 to alter")
	}
	if found, err := evidence.Verify(bytes.NewReader(altered), key); err != nil || found.Intact() {
		t.Errorf("altered, and not found: %v", err)
	}
	status, _, kept := r.fetch("/api/v1/files/"+file, true)
	if status != http.StatusOK || string(kept) != text.String() {
		t.Errorf("%d: the file that came back is not the one that was sent", status)
	}
}
