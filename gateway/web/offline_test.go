package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/evidence/evidencetest"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/gateway/web/webtest/chromium"
)

// said remembers what was said of trucks, and when it came.
type said struct {
	web.Usage
	mu    sync.Mutex
	words []trip.Say
}

func (s *said) SayOfTruck(ctx context.Context, by web.Actor, truck string, w trip.Say) error {
	err := s.Usage.SayOfTruck(ctx, by, truck, w)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.words = append(s.words, w)
	}
	return err
}

func (s *said) all() []trip.Say {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.words)
}

// certified makes a certificate for an address, and what Chromium calls its key.
func certified(t *testing.T, ip string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "county"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.ParseIP(ip)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(public)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, base64.StdEncoding.EncodeToString(sum[:])
}

// county serves HTTPS at an address until it is stopped.
func serveCounty(t *testing.T, s *web.Server, address string, cert tls.Certificate) (string, func()) {
	t.Helper()
	l, err := tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: s.Handler()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(l)
	}()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			srv.Close()
			<-done
		})
	}
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// A driver's phone, at an address that is not localhost: the county goes away,
// the page opens all the same and says how old its values are, buttons are kept
// over a reload, and when the county is back it gets them in order, with the
// times at which they were pressed.
func TestDriverWithoutSignal(t *testing.T) {
	if _, err := os.Stat("dist/app/sw.js"); err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make page`")
	}
	ip := chromium.OwnAddress(t)
	cert, key := certified(t, ip)
	scene, err := webtest.NewScene(webtest.Demo, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	withUsers(t, scene.Fake, time.Now)
	hub := web.NewHub()
	deps := scene.Deps(scene.County, hub)
	heard := &said{Usage: deps.Usage}
	deps.Usage = heard
	open := func() *web.Server {
		s, err := web.New(deps, web.Options{Token: token})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	address, stop := serveCounty(t, open(), net.JoinHostPort(ip, "0"), cert)

	b := chromium.Open(t, "--ignore-certificate-errors-spki-list="+key)
	page := "https://" + address + "/truck/truck-1"
	b.Go(page)
	if status, err := b.Eval(signIn("driver")); err != nil || status != "201" {
		t.Fatalf("sign in: %s, %v", status, err)
	}
	b.Go(page)
	b.Await("the page can be opened without signal", `document.body.innerText.includes('没有信号也能打开')`)
	b.Await("the load is known", `document.body.innerText.includes('HJQ261123-CAR-001')`)
	before := heard.all()

	stop()
	b.Await("the loss is told", `document.querySelector('.banner[role=alert]')`)
	pressed := time.Now()
	b.Press("到站，交接卸货")
	b.Await("one waits", `document.body.innerText.includes('1 条待发')`)
	b.Go(page)
	b.Await("the page opens again, with what waits", `document.body.innerText.includes('1 条待发') && document.querySelector('.driver-temp').innerText.includes('°C')`)
	b.Await("values of before are said to be", `document.querySelector('.banner[role=alert]') && document.querySelector('.driver-age').innerText.includes('前')`)
	b.Await("the load of before is shown", `document.body.innerText.includes('HJQ261123-CAR-001')`)
	b.Await("no answer of the county is kept as if it were fresh", `fetch('/api/v1/zones').then(() => false, () => true)`)
	if kept, err := b.Eval(`caches.keys().then(async n => (await Promise.all(n.map(async k => (await (await caches.open(k)).keys()).map(r => new URL(r.url).pathname)))).flat().filter(p => p.startsWith('/api')).join())`); err != nil || kept != "" {
		t.Errorf("the worker keeps %s: %v", kept, err)
	}
	b.Press("出发") // goods are still on board: on to the next stop
	b.Await("two wait", `document.body.innerText.includes('2 条待发')`)
	// Two batches by their digits: of one the county knows nothing.
	b.Press("装一批")
	for i, code := range []string{"618038", "580352"} {
		if _, err := b.Eval(`(() => { const f = document.querySelector('.add-code input'); f.value = '` + code + `'; f.dispatchEvent(new Event('input')) })()`); err != nil {
			t.Fatal(err)
		}
		b.Press("装上车")
		b.Await("it waits", `document.body.innerText.includes('`+strconv.Itoa(3+i)+` 条待发')`)
	}
	if got := heard.all(); len(got) != len(before) {
		t.Fatalf("the county heard %v while it was away", got)
	}

	back := time.Now()
	_, stopAgain := serveCounty(t, open(), address, cert)
	defer stopAgain()
	b.Await("nothing waits any more, and what was refused is said", `!document.querySelector('.queue-acts') && document.querySelector('.queue-refused').innerText.includes('没有号码是 580352 的批次')`)
	b.Await("the batch is on board", `document.querySelector('.lots').innerText.includes('HJQ261123-TLG-007')`)
	lot, err := scene.Batch(t.Context(), "HJQ261123-TLG-007")
	if err != nil {
		t.Fatal(err)
	}
	if last := lot.Custody[len(lot.Custody)-1]; last.Zone != "truck-1/box-1" || last.From.Before(pressed) || !last.From.Before(back) {
		t.Errorf("loaded between %v and %v, and booked as %+v", pressed, back, last)
	}
	b.Go(page)
	b.Await("the refusal stays over a reload", `document.querySelector('.queue-refused')`)
	if _, err := b.Eval(`document.querySelector('.queue-refused > button').click()`); err != nil {
		t.Fatal(err)
	}
	b.Await("it is read", `!document.querySelector('.queue-card')`)
	words := heard.all()[len(before):]
	if len(words) != 2 || words[0].Phase != trip.Unloading || words[1].Phase != trip.InTransit {
		t.Fatalf("the county got %v", words)
	}
	for _, w := range words {
		if w.At.Before(pressed.Add(-5*time.Second)) || !w.At.Before(back) {
			t.Errorf("%s was pressed between %v and %v, and is said to be of %v", w.Phase, pressed, back, w.At)
		}
	}
	b.Press("从本机移除离线数据")
	b.Await("worker and files are gone", `Promise.all([navigator.serviceWorker.getRegistrations(), caches.keys()]).then(([r, c]) => r.length + c.length === 0)`)
}
