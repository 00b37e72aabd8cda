package tool

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAPINIsResetUnderAName: of the person that was named, and a refusal is told
// in the collector's words.
func TestAPINIsResetUnderAName(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.Method != http.MethodDelete || string(body) != `{"actor":"office"}`:
			http.Error(w, "?", http.StatusBadRequest)
		case r.URL.Path == "/api/v1/people/wang/pin":
			fmt.Fprint(w, `{"pins":["batu","qiqige"]}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":"may-not","message_en":"only a manager may","message_zh":"只有负责人能"}}`)
		}
	}))
	defer server.Close()
	run := func(args ...string) (string, error) {
		cmd, out := pinCommand(), &bytes.Buffer{}
		cmd.SetArgs(append(args, "--server", server.URL))
		cmd.SetOut(out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if out, err := run("reset", "wang", "--actor", "office"); err != nil || !strings.Contains(out, "wang has no PIN now") || !strings.Contains(out, "2 others") {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := run("reset", "batu", "--actor", "office"); err == nil || !strings.Contains(err.Error(), "only a manager may") {
		t.Errorf("%v", err)
	}
	if _, err := run("reset", "wang"); err == nil || !strings.Contains(err.Error(), "actor") {
		t.Errorf("%v", err)
	}
}
