package tool

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/state"
)

// TestUsersWhenNobodyCanSignIn: on the county's own file, which its collector
// made, and under a name in the audit.
func TestUsersWhenNobodyCanSignIn(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "county.yaml")
	text := "county: hangjin\ndata: " + dir + "\nmqtt: {server: tcp://127.0.0.1:1883}\nsites:\n  - {id: balagong, kind: township-store, name: {zh: 巴拉贡}, gateway: gw, zones: [{id: mutton, kind: frozen, points: {air: temperature}}]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd, out := userCommand(), &bytes.Buffer{}
		cmd.SetArgs(append(args, "--config", file, "--actor", "root"))
		cmd.SetOut(out)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if _, err := run("list"); err == nil {
		t.Error("a county that was never started has users")
	}
	db, err := state.Open(t.Context(), filepath.Join(dir, "county.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	secret := regexp.MustCompile(`^user qiqige, one-time password [a-z0-9-]{19} `)
	for _, args := range [][]string{{"add", "boss", "--role", "admin"}, {"add", "qiqige", "--name", "其其格", "--role", "manager", "--site", "balagong"}, {"passwd", "qiqige"}} {
		out, err := run(args...)
		if err != nil || args[1] == "qiqige" && !secret.MatchString(out) {
			t.Fatalf("%v: %q, %v", args, out, err)
		}
	}
	for _, wrong := range [][]string{{"add", "x", "--role", "manager", "--site", "nowhere"}, {"add", "x", "--role", "root"}, {"add", "qiqige", "--role", "viewer"}, {"passwd", "nobody"}, {"disable", "boss"}} {
		if out, err := run(wrong...); err == nil {
			t.Errorf("%v: %q", wrong, out)
		}
	}
	if out, err := run("disable", "qiqige"); err != nil || !strings.Contains(out, "qiqige is disabled") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run("list"); err != nil || !strings.Contains(out, "manager (balagong)") || !strings.Contains(out, "disabled") || strings.Contains(out, "$argon2id") {
		t.Errorf("%q, %v", out, err)
	}
	rows, err := db.Audit(t.Context(), state.AuditFilter{Object: "qiqige", Limit: 100})
	if err != nil || len(rows) != 3 || rows[0].Actor.ID != "root" {
		t.Errorf("%+v, %v", rows, err)
	}
}
