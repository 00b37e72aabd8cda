package deploy_test

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// makeCertificates runs the openssl lines of README.md in folder, with the
// broker's name replaced by the loopback address, so that what people copy from
// there works. It returns the county's authority.
func makeCertificates(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	program(t, "openssl")
	block := regexp.MustCompile("(?s)```sh\n(openssl ecparam.*?)```").FindStringSubmatch(read(t, "README.md"))
	if block == nil {
		t.Fatal("README.md has no block that begins with openssl ecparam")
	}
	script := replace(t, block[1], "DNS:broker.example", "IP:127.0.0.1")
	sh := exec.Command("sh", "-eu")
	sh.Dir, sh.Stdin = folder, strings.NewReader(script)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("the openssl lines of README.md: %v: %s", err, out)
	}
	pem, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"server.crt", "server.key"} {
		read(t, filepath.Join(folder, name))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("ca.crt holds no certificate")
	}
	return pool
}
