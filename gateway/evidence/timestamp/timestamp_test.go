package timestamp_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/evidence/timestamp"
	"coldchain/gateway/evidence/timestamp/timestamptest"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// What openssl stamps, we verify; what we asked for, openssl verifies.
func TestStampOfAnAuthorityThatIsNotOurs(t *testing.T) {
	a := timestamptest.New(t)
	pool, err := timestamp.Roots(must[[]byte](t)(os.ReadFile(a.CAFile)))
	if err != nil {
		t.Fatal(err)
	}
	data := []byte(`{"document":"a certificate"}`)
	digest := sha256.Sum256(data)
	q := must[timestamp.Request](t)(timestamp.NewRequest(digest))
	response := a.Reply(q.DER)
	before := time.Now().Add(-time.Hour)
	s, err := q.Check(response, pool)
	if err != nil {
		t.Fatal(err)
	}
	if s.Accuracy != time.Second || !strings.Contains(s.Authority, "CN=tsa") || s.Serial == "" || s.At.Before(before) {
		t.Errorf("%+v", s)
	}
	kept, err := timestamp.Verify(response, digest, pool)
	if err != nil || kept != s {
		t.Errorf("%+v %v", kept, err)
	}
	file := filepath.Join(t.TempDir(), "kept.tsr")
	if err := os.WriteFile(file, response, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := a.OpenSSL("ts", "-verify", "-digest", hex.EncodeToString(digest[:]), "-in", file, "-CAfile", "ca.pem"); !strings.Contains(said, "Verification: OK") {
		t.Error(said)
	}
	// The token alone, as other programs keep it.
	a.OpenSSL("ts", "-reply", "-in", file, "-token_out", "-out", file+".token")
	token := must[[]byte](t)(os.ReadFile(file + ".token"))
	if s, err := timestamp.Verify(token, digest, pool); err != nil || s != kept {
		t.Errorf("token: %+v %v", s, err)
	}
}

func TestStampsThatAreRefused(t *testing.T) {
	a := timestamptest.New(t)
	roots, err := timestamp.Roots(must[[]byte](t)(os.ReadFile(a.CAFile)))
	if err != nil {
		t.Fatal(err)
	}
	strangers, err := timestamp.Roots(must[[]byte](t)(os.ReadFile(a.Root("stranger"))))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("this"))
	q := must[timestamp.Request](t)(timestamp.NewRequest(digest))
	other := must[timestamp.Request](t)(timestamp.NewRequest(digest))
	good := a.Reply(q.DER)
	a.Certificate("mail", "emailProtection")
	a.Certificate("both", "timeStamping,emailProtection")
	want := func(err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v; want %q", err, text)
		}
	}
	_, err = timestamp.Verify(good, sha256.Sum256([]byte("that")), roots)
	want(err, "is of something else")
	_, err = timestamp.Verify(good, digest, strangers)
	want(err, "not of an authority that you trust")
	_, err = timestamp.Verify(good, digest, nil)
	want(err, "give it")
	_, err = other.Check(good, roots)
	want(err, "its nonce is not ours")
	_, err = timestamp.Verify(append(bytes.Clone(good), 0), digest, roots)
	want(err, "something follows")
	_, err = timestamp.Verify(nil, digest, roots)
	want(err, "no time stamp")
	_, err = timestamp.Verify(bytes.Repeat([]byte{0x30}, timestamp.MaxResponse+1), digest, roots)
	want(err, "at most")
	_, err = timestamp.Roots([]byte("nothing"))
	want(err, "holds no certificate")
	// Without the authority's certificate the library would check no signature.
	a.OpenSSL("ts", "-query", "-digest", hex.EncodeToString(digest[:]), "-sha256", "-out", "bare.tsq")
	a.OpenSSL("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "bare.tsq", "-out", "bare.tsr")
	_, err = timestamp.Verify(must[[]byte](t)(os.ReadFile(filepath.Join(filepath.Dir(a.CAFile), "bare.tsr"))), digest, roots)
	want(err, "lacks its signer's certificate")
	// A refusal says why.
	refused := must[timestamp.Request](t)(timestamp.NewRequest(digest))
	refused.DER = bytes.Replace(refused.DER, []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, []byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04}, 1) // SHA-224
	_, err = q.Check(a.Reply(refused.DER), roots)
	want(err, "the time-stamp authority's answer")
}

// Every byte of a stamp, altered: either it does not verify any more, or it says
// exactly the same (an unused certificate that came along).
func TestAnAlteredStampSaysNothingElse(t *testing.T) {
	a := timestamptest.New(t)
	roots, err := timestamp.Roots(must[[]byte](t)(os.ReadFile(a.CAFile)))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("this"))
	q := must[timestamp.Request](t)(timestamp.NewRequest(digest))
	good := a.Reply(q.DER)
	said, err := timestamp.Verify(good, digest, roots)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range good {
		altered := bytes.Clone(good)
		altered[i] ^= 1 << (i % 8)
		if s, err := timestamp.Verify(altered, digest, roots); err != nil {
			refused++
		} else if s != said {
			t.Errorf("byte %d: %+v", i, s)
		}
	}
	if refused < len(good)*3/4 {
		t.Errorf("only %d of %d alterations were refused", refused, len(good))
	}
}

// FuzzVerify: whatever an authority or a file holds, it is an error and no panic.
func FuzzVerify(f *testing.F) {
	for _, name := range []string{"testdata/good.tsr", "testdata/refused.tsr"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	root, err := os.ReadFile("testdata/ca.pem")
	if err != nil {
		f.Fatal(err)
	}
	roots, err := timestamp.Roots(root)
	if err != nil {
		f.Fatal(err)
	}
	digest := sha256.Sum256([]byte("this"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := timestamp.Verify(b, digest, roots); err == nil && s.At.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}
