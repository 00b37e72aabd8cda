package tool

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// papers is a collector that has one certificate and no font.
func papers(t *testing.T) (server *httptest.Server, asked *[]string) {
	t.Helper()
	asked = new([]string)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.Path)
		switch {
		case r.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":{"code":"no-token","message_zh":"请输入口令","message_en":"a token is needed"}}`)
		case r.URL.Path == "/api/v1/batches/B1/certificates":
			if r.Method == http.MethodPost {
				w.WriteHeader(http.StatusCreated)
				fmt.Fprint(w, `{"certificate":{"number":"B1.2.abc","version":2,"page":"https://cold.example/c/TOKEN","timestamp":{"state":"asked"}}}`)
				return
			}
			fmt.Fprint(w, `{"certificates":[{"number":"B1.2.abc","version":2,"page":"https://cold.example/c/TOKEN","timestamp":{"state":"there"}},{"number":"B1.1.xyz","version":1}]}`)
		case strings.HasSuffix(r.URL.Path, "/pdf"):
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"error":{"code":"no-font","message_zh":"没有字体","message_en":"no font"}}`)
		default:
			fmt.Fprint(w, "paper of "+r.URL.Path)
		}
	}))
	t.Cleanup(server.Close)
	return server, asked
}

func TestCertificateWritesThePapers(t *testing.T) {
	server, asked := papers(t)
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "papers")
	args := []string{"certificate", "B1", "--server", server.URL, "--token-file", token, "--out", out}
	if status, _, said := coldchain(t, args...); status == 0 || !strings.Contains(said, "--actor") {
		t.Errorf("without a name: %d %s", status, said)
	}
	status, text, said := coldchain(t, append(args, "--actor", "萨仁", "--reason", "补到了读数")...)
	if status != 0 {
		t.Fatal(said)
	}
	for file, want := range map[string]string{"B1.2.abc.json": "/json", "B1.2.abc.html": "/html"} { // without a font the page that prints
		got, err := os.ReadFile(filepath.Join(out, file))
		if err != nil || !strings.HasSuffix(string(got), want) || !strings.Contains(text, file) {
			t.Errorf("%s: %v %q; printed %s", file, err, got, text)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "B1.2.abc.tsr")); err == nil || !strings.Contains(text, "the time stamp is asked for") {
		t.Errorf("a time stamp that is not there yet: %v, printed %s", err, text)
	}
	if status, _, said := coldchain(t, append(args, "--last")...); status != 0 {
		t.Error(said)
	}
	if got, err := os.ReadFile(filepath.Join(out, "B1.2.abc.tsr")); err != nil || !strings.HasSuffix(string(got), "/tsr") {
		t.Errorf("the time stamp: %q %v", got, err)
	}
	if !strings.Contains(text, "https://cold.example/c/TOKEN") || (*asked)[0] != "POST /api/v1/batches/B1/certificates" {
		t.Errorf("%s %v", text, *asked)
	}
	if err := os.WriteFile(filepath.Join(out, "B1.2.abc.json"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	*asked = nil
	if status, _, said := coldchain(t, append(args, "--last")...); status == 0 || !strings.Contains(said, "is there already") {
		t.Errorf("over another file: %d %s", status, said)
	}
	if (*asked)[0] != "GET /api/v1/batches/B1/certificates" {
		t.Errorf("--last makes one: %v", *asked)
	}
	if status, _, said := coldchain(t, "certificate", "B1", "--server", server.URL, "--last"); status == 0 || !strings.Contains(said, "token") {
		t.Errorf("without a token: %d %s", status, said)
	}
}
