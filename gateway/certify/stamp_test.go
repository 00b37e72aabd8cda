package certify

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/evidence/timestamp"
	"coldchain/gateway/evidence/timestamp/timestamptest"
	"coldchain/gateway/state"
)

// stamper asks a real authority about the rig's certificates.
func (r *rig) stamper(a *timestamptest.Authority) *Stamper {
	text, err := os.ReadFile(a.CAFile)
	if err != nil {
		r.t.Fatal(err)
	}
	roots, err := timestamp.Roots(text)
	if err != nil {
		r.t.Fatal(err)
	}
	return &Stamper{
		Stamps: r.state, Ask: timestamp.Client{URL: a.URL, HTTP: http.DefaultClient}.Ask, Roots: roots, Folder: r.maker.o.Folder,
		Now: func() time.Time { return r.now }, Again: func(int) time.Duration { return time.Minute }, Failed: func(string, int, error) {},
	}
}

func (r *rig) tend(s *Stamper) (more bool) {
	r.t.Helper()
	_, more, err := s.Tend(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return more
}

func (r *rig) listed(id string) Listed {
	r.t.Helper()
	all, err := r.maker.Of(r.t.Context(), id)
	if err != nil || len(all) == 0 {
		r.t.Fatalf("%d certificates, %v", len(all), err)
	}
	return all[0]
}

// A certificate is there at once, whatever the authority does; its time stamp
// comes when the authority answers, and is kept beside it.
func TestATimeStampComesAfterTheCertificate(t *testing.T) {
	a := timestamptest.New(t)
	r := newRig(t, state.WithStamps())
	s := r.stamper(a)
	a.Away.Store(true)
	c := r.make("A", "")
	if r.tend(s); r.listed("A").Stamp == nil || !strings.Contains(r.listed("A").Stamp.Problem, "503") {
		t.Errorf("%+v", r.listed("A").Stamp)
	}
	if _, err := r.maker.OpenStamp(t.Context(), c.Number); !errors.Is(err, state.ErrNotFound) {
		t.Error(err)
	}
	a.Away.Store(false)
	if r.tend(s) {
		t.Error("asked again before its time")
	}
	r.now = r.now.Add(time.Minute)
	r.tend(s)
	x := r.listed("A").Stamp
	if x.At.IsZero() || x.Problem != "" || x.Tries != 1 {
		t.Fatalf("%+v", x)
	}
	answer, err := r.maker.OpenStamp(t.Context(), c.Number)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := timestamp.Verify(answer, c.SHA256, s.Roots); err != nil || got.At.UnixMilli() != x.At.UnixMilli() {
		t.Errorf("%+v %v", got, err)
	}
	if err := os.WriteFile(stampPath(r.maker.o.Folder, c.Number), append(answer, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.maker.OpenStamp(t.Context(), c.Number); err == nil || !strings.Contains(err.Error(), "from a backup") {
		t.Error(err)
	}
}

// A county whose clock is fast gets its stamp when its time has come to pass.
func TestAStampFromBeforeTheCertificateIsNotKept(t *testing.T) {
	a := timestamptest.New(t)
	r := newRig(t, state.WithStamps())
	s := r.stamper(a)
	_, _, failed := s.stamp(t.Context(), state.DueStamp{Number: "A.1.x", Made: time.Now().Add(time.Hour), SHA256: [32]byte{1}})
	if failed == nil || !strings.Contains(failed.Error(), "clock is fast") {
		t.Error(failed)
	}
	if _, err := os.Stat(stampPath(s.Folder, "A.1.x")); !errors.Is(err, os.ErrNotExist) {
		t.Error("it was kept:", err)
	}
}

// An answer to another question, or of a stranger, is no stamp.
func TestAStrangersStampIsNotKept(t *testing.T) {
	a := timestamptest.New(t)
	r := newRig(t, state.WithStamps())
	s := r.stamper(a)
	c := r.make("A", "")
	other, err := timestamp.NewRequest(c.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	old := a.Reply(other.DER)
	s.Ask = func(context.Context, timestamp.Request) ([]byte, error) { return old, nil }
	r.tend(s)
	if x := r.listed("A").Stamp; !x.At.IsZero() || !strings.Contains(x.Problem, "nonce") {
		t.Errorf("%+v", x)
	}
}
