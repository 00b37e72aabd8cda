package influx_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

// authority is a county's own, as `openssl` makes one.
type authority struct {
	dir, file string
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.key = newKey(t)
	a.cert = a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, &a.key.PublicKey)
	a.file = filepath.Join(a.dir, "ca.crt")
	writePEM(t, a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(t *testing.T, c, parent *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
	t.Helper()
	if parent == nil {
		parent = c
	}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	raw, err := x509.CreateCertificate(rand.Reader, c, parent, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func writePEM(t *testing.T, file, kind string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// server makes a certificate for the loopback address.
func (a *authority) server(t *testing.T) influxdtest.Settings {
	t.Helper()
	key := newKey(t)
	made := a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "influxdb"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, &key.PublicKey)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s := influxdtest.Settings{CertFile: filepath.Join(a.dir, "server.crt"), KeyFile: filepath.Join(a.dir, "server.key"), Trust: x509.NewCertPool()}
	writePEM(t, s.CertFile, "CERTIFICATE", made.Raw)
	writePEM(t, s.KeyFile, "PRIVATE KEY", raw)
	s.Trust.AddCert(a.cert)
	return s
}

// TestTLS meets a real server behind a certificate of a private authority.
func TestTLS(t *testing.T) {
	own, other := newAuthority(t, "county"), newAuthority(t, "another county")
	server := influxdtest.StartWith(t, own.server(t))
	bucket := database(t, server) + "/autogen"
	with := func(t *testing.T, url, ca string) (*influx.Store, error) {
		s, err := influx.New(influx.Options{URL: url, Bucket: bucket, County: "sonid", CAFile: ca, Now: time.Now})
		if err == nil {
			t.Cleanup(func() { s.Close() })
		}
		return s, err
	}
	t.Run("its authority is trusted", func(t *testing.T) {
		s, err := with(t, server.URL, own.file)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := s.Write(t.Context(), some(3)); err != nil || len(res.Rejections)+len(res.Collisions) > 0 {
			t.Fatalf("%+v, %v", res, err)
		}
		if got := collect(t, s, some(1)[0].Point, sensors.Temperature); len(got) != 3 {
			t.Errorf("%d records, want 3", len(got))
		}
	})
	for _, c := range []struct{ name, url, ca, want string }{
		{"the system's authorities do not know it", server.URL, "", "name the authority that signed it in store.influx.ca_file"},
		{"another authority", server.URL, other.file, "check that store.influx.ca_file (" + other.file + ") holds the authority"},
		{"another name", strings.Replace(server.URL, "127.0.0.1", "localhost", 1), own.file, "check the name in the URL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := with(t, c.url, c.ca)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Write(t.Context(), some(1))
			if err == nil || errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("write: %v\nwant an error for a person with %q", err, c.want)
			}
			if _, err := s.Generation(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("generation: %v", err)
			}
		})
	}
	for name, content := range map[string]string{"not a certificate": "hello\n", "missing": ""} {
		t.Run("a file that is "+name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "ca.crt")
			if content != "" {
				if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := with(t, server.URL, file); err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%v, want an error that names %s", err, file)
			}
		})
	}
}
