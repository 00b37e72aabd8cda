package web_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"coldchain/gateway/door"
	"coldchain/gateway/state"
	"coldchain/gateway/web/webtest"
)

// withUsers gives a made-up county one user of each role, who sign in by a real
// door over a county.db of its own.
func withUsers(t *testing.T, f *webtest.Fake, now func() time.Time) {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := door.New(door.Options{State: db, Now: now, Logger: slog.New(slog.DiscardHandler), Cost: cheap})
	if err := webtest.Users(t.Context(), db, d, webtest.Password); err != nil {
		t.Fatal(err)
	}
	f.Door, f.Accounts = d, d
}

// signIn is the script by which an open page signs in; it says the status.
func signIn(user string) string {
	return fmt.Sprintf(`fetch('/api/v1/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name: %q, password: %q }) }).then(r => String(r.status))`, user, webtest.Password)
}
