package tool

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/epcis"
)

// TestEPCISIsFetchedAndChecked: a document arrives whole, one that was altered
// on the way is not written, and a file of anybody's can be looked at.
func TestEPCISIsFetchedAndChecked(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	doc, err := epcis.Build(epcis.Input{Base: "https://county.example", Created: at, Batch: batch.Batch{ID: "B1", Quantity: "20 kg", Created: at}})
	if err != nil {
		t.Fatal(err)
	}
	good, err := doc.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	altered := bytes.Replace(good, []byte(`"quantity": 20`), []byte(`"quantity": 21`), 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/v1/batches/B1/epcis":
			_, _ = w.Write(good)
		case "/api/v1/batches/B2/epcis":
			_, _ = w.Write(altered)
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error":{"message_en":"there is no batch B3","message_zh":"找不到批次 B3"}}`))
		}
	}))
	defer server.Close()
	folder := t.TempDir()
	file := filepath.Join(folder, "b1.jsonld")
	run := func(args ...string) (string, error) {
		cmd, out := epcisCommand(), &bytes.Buffer{}
		cmd.SetArgs(append(args, "--server", server.URL))
		cmd.SetOut(out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if out, err := run("B1"); err != nil || out != string(good) {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run("B1", "--out", file); err != nil {
		t.Fatal(err)
	}
	if wrote, err := os.ReadFile(file); err != nil || !bytes.Equal(wrote, good) {
		t.Errorf("%v\n%s", err, wrote)
	}
	if _, err := run("B1", "--out", file); err == nil {
		t.Error("a file that was there is overwritten")
	}
	if out, err := run("B2"); err == nil || !strings.Contains(err.Error(), "not the hash") || out != "" {
		t.Errorf("altered: %v\n%s", err, out)
	}
	if _, err := run("B3"); err == nil || !strings.Contains(err.Error(), "there is no batch B3") {
		t.Errorf("%v", err)
	}
	if out, err := run("--check", file); err != nil || !strings.Contains(out, "nothing wrong") {
		t.Errorf("%v %s", err, out)
	}
	bad := filepath.Join(folder, "bad.jsonld")
	if err := os.WriteFile(bad, altered, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run("--check", bad); err == nil || !strings.Contains(out, "not the hash") {
		t.Errorf("%v %s", err, out)
	}
	if _, err := run(); err == nil {
		t.Error("neither a batch nor a file")
	}
}
