package county

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/access"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// TestTheFirstAdminIsSaidOnce: to whoever starts the program, and never again.
func TestTheFirstAdminIsSaidOnce(t *testing.T) {
	cfg := settings(t, config.Influx{})
	line := regexp.MustCompile(`one-time password ([a-z0-9]{4}(?:-[a-z0-9]{4}){3}) `)
	var log, said strings.Builder
	start := func() *App {
		app, err := New(t.Context(), cfg, Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now, Say: &said})
		if err != nil {
			t.Fatal(err)
		}
		return app
	}
	app := start()
	found := line.FindStringSubmatch(said.String())
	if found == nil {
		t.Fatalf("said %q", said.String())
	}
	who, _, err := app.door.SignIn(t.Context(), web.SigningIn{User: "admin", Password: access.Password(found[1])})
	if err != nil || !who.MustChange || !who.Has(access.Admin) {
		t.Errorf("%+v, %v", who, err)
	}
	if err := app.Close(); err != nil {
		t.Fatal(err)
	}
	said.Reset()
	if err := start().Close(); err != nil {
		t.Fatal(err)
	}
	if said.String() != "" || strings.Contains(log.String(), found[1]) {
		t.Errorf("said again: %q, log %s", said.String(), log.String())
	}
}

// pairOf writes a self-signed certificate of a serial number.
func pairOf(t *testing.T, files config.TLS, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"cold.example"}}
	cert, err := x509.CreateCertificate(rand.Reader, &text, &text, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string]*pem.Block{files.CertFile: {Type: "CERTIFICATE", Bytes: cert}, files.KeyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(1_700_000_000+serial, 0) // another second, whatever the disk's clock
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThePageByTLSAndItsRenewal(t *testing.T) {
	cfg := settings(t, config.Influx{})
	dir := t.TempDir()
	cfg.Web.TLS = config.TLS{CertFile: filepath.Join(dir, "page.crt"), KeyFile: filepath.Join(dir, "page.key")}
	pairOf(t, cfg.Web.TLS, 1)
	c := run(t, cfg)
	if !strings.HasPrefix(c.app.URL(), "https://") {
		t.Error(c.app.URL())
	}
	serial := func() int64 {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		res, err := client.Get(c.app.URL() + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.Header.Get("Strict-Transport-Security") == "" {
			t.Error("no HSTS by TLS")
		}
		return res.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("serial %d", got)
	}
	pairOf(t, cfg.Web.TLS, 2)
	if got := serial(); got != 2 {
		t.Errorf("after the renewal: serial %d", got)
	}
	if err := os.WriteFile(cfg.Web.TLS.CertFile, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("half a certificate: serial %d", got)
	}
}

// TestWhoActsByAUserADeviceAndAToken: a user is himself without a PIN, and
// another only by that one's; on a shared device nobody is anybody without one.
func TestWhoActsByAUserADeviceAndAToken(t *testing.T) {
	r := newPINs(t)
	ctx := t.Context()
	p, err := r.db.People(ctx)
	if err != nil {
		t.Fatal(err)
	}
	self, other := p.Roster.Persons[0], p.Roster.Persons[1]
	user := web.Actor{Kind: access.ByUser, Via: "user me", User: "我", Person: self.ID}
	for name, c := range map[string]struct {
		by   web.Actor
		want string // the actor's id; empty: refused
		code string
	}{
		"a user, as himself":           {with(user, self.Name), self.ID, ""},
		"a user, by any other words":   {with(user, "随便"), self.ID, ""},
		"a user, without a name":       {user, self.ID, ""},
		"a user, as somebody else":     {with(user, other.Name), "", web.PINUnset},
		"a user of no person":          {web.Actor{Kind: access.ByUser, Via: "user boss", User: "老板", Name: "随便"}, "老板 (user boss)", ""},
		"a user of who left":           {web.Actor{Kind: access.ByUser, Via: "user old", User: "老人", Person: "gone"}, "老人 (user old)", ""},
		"a device, nobody":             {web.Actor{Kind: access.ByDevice, Via: "device d", Name: "随便"}, "", web.NameNeeded},
		"a device, without a PIN":      {web.Actor{Kind: access.ByDevice, Via: "device d", Name: self.Name}, "", web.PINUnset},
		"a token, under its own words": {web.Actor{Kind: access.ByToken, Via: "token t-1", Name: "平台"}, "平台 (token t-1)", ""},
	} {
		who, err := r.office.who(ctx, p.Roster, c.by)
		var refused *web.Refused
		switch {
		case c.want != "" && (err != nil || who.ID != c.want || who.Kind != state.Person):
			t.Errorf("%s: %+v, %v", name, who, err)
		case c.want == "" && (!errors.As(err, &refused) || refused.Code != c.code):
			t.Errorf("%s: %+v, %v; want %s", name, who, err, c.code)
		}
	}
	// Nobody chooses another's first PIN from his own telephone.
	if err := r.SetPIN(ctx, with(user, other.Name), other.ID, "4711"); err == nil {
		t.Error("a user has chosen the PIN of somebody else")
	}
	if err := r.SetPIN(ctx, user, self.ID, "4711"); err != nil {
		t.Errorf("his own: %v", err)
	}
}

func with(a web.Actor, name string) web.Actor { a.Name = name; return a }
