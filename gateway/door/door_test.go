package door

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/access"
	"coldchain/gateway/slowhash"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

var cheap = slowhash.Cost{Memory: 64, Passes: 1, Threads: 1}

type rig struct {
	*Door
	db  *state.DB
	at  time.Time
	log strings.Builder
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{at: time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)}
	now := func() time.Time { return r.at }
	var err error
	if r.db, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	r.Door = New(Options{State: r.db, Now: now, Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Cost: cheap})
	return r
}

func (r *rig) add(t *testing.T, id string, g ...access.Grant) access.Password {
	t.Helper()
	p, err := r.AddBy(t.Context(), state.Actor{Kind: state.System, ID: "test"}, state.User{ID: id, Name: id, Grants: g})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func codeOf(err error) string {
	var r *web.Refused
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// TestManyAtOnceAreNotAllFree: tries are counted before they are made.
func TestManyAtOnceAreNotAllFree(t *testing.T) {
	r := newRig(t)
	r.add(t, "qiqige", access.Grant{Role: access.Viewer})
	var wg sync.WaitGroup
	codes := make(chan string, 12)
	for range 12 {
		wg.Go(func() {
			_, _, err := r.SignIn(t.Context(), web.SigningIn{User: "qiqige", Password: "wrong wrong wrong"})
			codes <- codeOf(err)
		})
	}
	wg.Wait()
	close(codes)
	n := map[string]int{}
	for c := range codes {
		n[c]++
	}
	if n["wrong-password"] != 5 || n["login-wait"] != 7 {
		t.Errorf("%v", n)
	}
}

// TestHashesAreBounded: who comes when too many wait is told so, and costs nothing.
func TestHashesAreBounded(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	var wg sync.WaitGroup
	began := make(chan struct{}, atOnce)
	for range atOnce {
		wg.Go(func() { _ = r.hash(context.Background(), func() { began <- struct{}{}; <-release }) })
	}
	for range atOnce {
		<-began
	}
	for range mostWaiting {
		wg.Go(func() { _ = r.hash(context.Background(), func() {}) })
	}
	for len(r.waiting) < atOnce+mostWaiting { // they have come
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.hash(t.Context(), func() { t.Error("hashed") }); codeOf(err) != "busy" {
		t.Errorf("%v", err)
	}
	close(release)
	wg.Wait()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	r.hashing <- struct{}{}
	r.hashing <- struct{}{}
	if err := r.hash(gone, func() { t.Error("hashed for who has gone away") }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	r := newRig(t)
	p := r.add(t, "qiqige", access.Grant{Role: access.Viewer})
	_, secret, err := r.SignIn(t.Context(), web.SigningIn{User: "qiqige", Password: p})
	if err != nil {
		t.Fatal(err)
	}
	_, _, _ = r.SignIn(t.Context(), web.SigningIn{User: "qiqige", Password: "wrong wrong wrong"})
	if text := r.log.String(); !strings.Contains(text, "sign-in refused") || strings.Contains(text, string(p)) || strings.Contains(text, string(secret)) || strings.Contains(text, "wrong wrong") {
		t.Errorf("log: %s", text)
	}
	rows, err := r.db.Audit(t.Context(), state.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if strings.Contains(row.Detail, string(p)) || strings.Contains(row.Detail, string(secret)) {
			t.Errorf("audit: %s", row.Detail)
		}
	}
}

// TestEveryChangeHasItsActor: whoever did it is in the audit.
func TestEveryChangeHasItsActor(t *testing.T) {
	r := newRig(t)
	boss := web.Actor{Kind: access.ByUser, Via: "user boss", User: "老板"}
	if _, err := r.AddUser(t.Context(), boss, web.User{ID: "a", Name: "甲", Grants: []access.Grant{{Role: access.Admin}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.NewPassword(t.Context(), web.Actor{Kind: access.ByUser, Via: "user x", User: "王主任", Person: "wang"}, "a"); err != nil {
		t.Fatal(err)
	}
	if err := r.ChangeUser(t.Context(), web.Actor{Kind: access.ByToken, Via: "token"}, web.User{ID: "a", Name: "乙", Grants: []access.Grant{{Role: access.Admin}}}); err != nil {
		t.Fatal(err)
	}
	rows, err := r.db.Audit(t.Context(), state.AuditFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, row := range rows {
		got[row.Action] = row.Actor.String()
	}
	for action, want := range map[string]string{"user.made": "person:老板 (user boss)", "user.password": "person:wang", "user.changed": "token:token"} {
		if got[action] != want {
			t.Errorf("%s by %q, want %q", action, got[action], want)
		}
	}
}

func TestUseIsWrittenDownSeldom(t *testing.T) {
	r := newRig(t)
	p := r.add(t, "qiqige", access.Grant{Role: access.Viewer})
	_, secret, err := r.SignIn(t.Context(), web.SigningIn{User: "qiqige", Password: p})
	if err != nil {
		t.Fatal(err)
	}
	used := func() time.Time {
		all, err := r.db.Sessions(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		return all[0].Used
	}
	began := r.at
	for _, c := range []struct {
		after time.Duration
		want  time.Duration
	}{{time.Minute, 0}, {access.UsedEvery - time.Second, 0}, {access.UsedEvery, access.UsedEvery}, {access.UsedEvery + time.Minute, access.UsedEvery}} {
		r.at = began.Add(c.after)
		if _, err := r.Session(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		if got := used().Sub(began); got != c.want {
			t.Errorf("after %s: written down at %s, want %s", c.after, got, c.want)
		}
	}
}
