// Package timestamptest runs a time-stamp authority that is not ours: openssl ts,
// behind a small HTTP server.
package timestamptest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"coldchain/gateway/evidence/evidencetest"
)

// Authority answers time-stamp requests at URL.
type Authority struct {
	URL    string
	CAFile string      // the root that signs its certificate, PEM
	Away   atomic.Bool // it answers 503
	folder string
	t      testing.TB
}

const config = `
[tsa]
default_tsa = a
[a]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
certs = ca.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

// New makes keys and certificates and starts the authority; the test is skipped
// where openssl is missing.
func New(t testing.TB) *Authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		evidencetest.Lacks(t, err.Error()+": install openssl")
	}
	a := &Authority{folder: t.TempDir(), t: t}
	a.CAFile = filepath.Join(a.folder, "ca.pem")
	a.write("tsa.cnf", []byte(config))
	a.write("serial", []byte("01\n"))
	a.Root("ca")
	a.Certificate("tsa", "timeStamping")
	s := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(s.Close)
	a.URL = s.URL
	return a
}

// Root makes another root, NAME.pem, and returns its path.
func (a *Authority) Root(name string) string {
	a.OpenSSL("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name+".key", "-out", name+".pem", "-days", "3650", "-subj", "/CN=Test root "+name)
	return filepath.Join(a.folder, name+".pem")
}

// Certificate makes NAME.pem and NAME.key for a use, signed by the root "ca".
func (a *Authority) Certificate(name, use string) {
	a.write(name+".ext", []byte("extendedKeyUsage=critical,"+use+"\nbasicConstraints=CA:FALSE\n"))
	a.OpenSSL("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", name+".key", "-out", name+".csr", "-subj", "/O=Test authority/CN="+name)
	a.OpenSSL("x509", "-req", "-in", name+".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "365", "-extfile", name+".ext", "-out", name+".pem")
}

// Reply is the answer to a request, by openssl.
func (a *Authority) Reply(request []byte, more ...string) []byte {
	a.t.Helper()
	a.write("q.tsq", request)
	a.OpenSSL(append([]string{"ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr"}, more...)...)
	out, err := os.ReadFile(filepath.Join(a.folder, "r.tsr"))
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// OpenSSL runs openssl in the authority's folder and returns what it printed.
func (a *Authority) OpenSSL(args ...string) string {
	a.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(a.t.Context()), "openssl", args...)
	cmd.Dir = a.folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("openssl %v: %v: %s", args, err, out)
	}
	return string(out)
}

func (a *Authority) write(name string, b []byte) {
	if err := os.WriteFile(filepath.Join(a.folder, name), b, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *Authority) serve(w http.ResponseWriter, r *http.Request) {
	request, err := io.ReadAll(r.Body)
	switch {
	case a.Away.Load():
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
	case err != nil || r.Header.Get("Content-Type") != "application/timestamp-query":
		http.Error(w, "want a time-stamp request", http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(a.Reply(request))
	}
}
