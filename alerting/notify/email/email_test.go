package email

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/notifytest"
)

const (
	user     = "alarm@example.com"
	password = "hunter2-授权码"
)

// certificate is one for 127.0.0.1, and the pool that trusts it.
type certificate struct {
	roots     *x509.CertPool
	pair      tls.Certificate
	cert, key string // files
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := certificate{roots: x509.NewCertPool(), cert: filepath.Join(t.TempDir(), "cert.pem"), key: filepath.Join(t.TempDir(), "key.pem")}
	certPEM, keyPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if c.pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil || !c.roots.AppendCertsFromPEM(certPEM) {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{c.cert: certPEM, c.key: keyPEM} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// server is aiosmtpd, a mail server that we did not write.
type server struct {
	port int

	mu   sync.Mutex
	said []line
	wake chan struct{}
}

type line struct {
	Port       int
	Hang       bool
	Sender, To string
	Data       string
}

func start(t *testing.T, mode TLS, c certificate, user string) *server {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/smtpd.py", string(mode), c.cert, c.key, user, password)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		missing(t, err.Error())
	}
	s := &server{wake: make(chan struct{}, 100)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var l line
			if json.Unmarshal(lines.Bytes(), &l) == nil {
				s.mu.Lock()
				s.said = append(s.said, l)
				s.mu.Unlock()
				s.wake <- struct{}{}
			}
		}
		close(s.wake)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-read
		_ = cmd.Wait() // killed
	})
	if _, ok := <-s.wake; !ok {
		if strings.Contains(stderr.String(), "No module named") {
			missing(t, "python3-aiosmtpd")
		}
		t.Fatalf("the mail server did not start: %s", stderr.String())
	}
	s.port = s.said[0].Port
	return s
}

// missing skips the test for want of something, or fails it with CI=true.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s: run `make test-deps`", what)
	}
	t.Skipf("%s: run `make test-deps` to get it", what)
}

// letters returns what the server told of, once it is at least so many.
func (s *server) letters(least int) []line {
	for {
		s.mu.Lock()
		out := append([]line(nil), s.said[1:]...)
		s.mu.Unlock()
		if len(out) >= least {
			return out
		}
		if _, ok := <-s.wake; !ok {
			return out
		}
	}
}

func box(t *testing.T, o Options) *Mailbox {
	t.Helper()
	o.Host, o.From, o.Now = "127.0.0.1", user, notifytest.Now
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b.patient = time.Hour // longer than a test waits: what ends, ends by itself
	return b
}

func signedIn(t *testing.T, mode TLS, c certificate, port int) *Mailbox {
	return box(t, Options{Port: port, TLS: mode, Username: user, Password: notify.NewSecret(password), Roots: c.roots})
}

// read takes a letter apart with the standard library.
func read(l line) (notifytest.Got, error) {
	m, err := netmail.ReadMessage(strings.NewReader(l.Data))
	if err != nil {
		return notifytest.Got{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return notifytest.Got{}, err
	}
	if enc := m.Header.Get("Content-Transfer-Encoding"); enc != "quoted-printable" {
		return notifytest.Got{}, fmt.Errorf("encoding %q", enc)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return notifytest.Got{}, err
	}
	to, err := m.Header.AddressList("To")
	date, derr := m.Header.Date()
	if err != nil || derr != nil || len(to) != 1 || to[0].Name != "巴特尔" || l.Sender != user || !date.Equal(notifytest.At) ||
		m.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(m.Header.Get("Content-Type"), "UTF-8") {
		return notifytest.Got{}, fmt.Errorf("from %s, header %v", l.Sender, m.Header)
	}
	key, _, _ := strings.Cut(strings.Trim(m.Header.Get("Message-ID"), "<>"), "@")
	text := strings.TrimSuffix(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n")
	return notifytest.Got{Text: subject + "\n" + text, Key: key}, nil
}

func channel(t *testing.T, mode TLS) notifytest.Channel {
	c := newCertificate(t)
	s := start(t, mode, c, user)
	to := notify.Recipient{Person: "bater", Name: "巴特尔", Email: "bater@example.com"}
	return notifytest.Channel{
		To: to, Needs: true, Secrets: []string{password}, HasKey: true, HasID: true,
		Text: func(m notify.Message) string { return m.Title + "\n" + m.Text + "\n" + m.Link },
		Fits: func(text string) error {
			if len(text) > 66<<10 {
				return fmt.Errorf("%d bytes", len(text))
			}
			return nil
		},
		Right: func(t *testing.T) (notify.Channel, func() ([]notifytest.Got, error)) {
			before := len(s.letters(0))
			n := &counting{Mailbox: signedIn(t, mode, c, s.port)}
			return n, func() (got []notifytest.Got, err error) {
				for _, l := range s.letters(before + int(n.taken.Load()))[before:] {
					g, err := read(l)
					if err != nil {
						return nil, err
					}
					got = append(got, g)
				}
				return got, nil
			}
		},
		Hanging: []notifytest.Hanging{
			{Name: "no greeting", Start: func(t *testing.T) (notify.Channel, <-chan struct{}) {
				arrived := make(chan struct{})
				return signedIn(t, mode, c, listen(t, func(conn net.Conn) {
					close(arrived)
					_, _ = io.Copy(io.Discard, conn)
				})), arrived
			}},
			{Name: "silent after the greeting", Start: func(t *testing.T) (notify.Channel, <-chan struct{}) {
				arrived := make(chan struct{})
				return signedIn(t, mode, c, listen(t, func(conn net.Conn) {
					if mode == Implicit {
						conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{c.pair}})
					}
					_, _ = io.WriteString(conn, "220 mail.test ESMTP\r\n")
					_, _ = bufio.NewReader(conn).ReadString('\n')
					close(arrived)
					_, _ = io.Copy(io.Discard, conn)
				})), arrived
			}},
		},
		Wrong: []notifytest.Wrong{
			{Name: "nobody listens", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
				_, port, _ := net.SplitHostPort(notifytest.FreePort(t))
				n, _ := strconv.Atoi(port)
				return signedIn(t, mode, c, n)
			}},
			{Name: "hangs up", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
				return signedIn(t, mode, c, listen(t, func(conn net.Conn) { _ = conn.Close() }))
			}},
			{Name: "speaks HTTP", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
				return signedIn(t, mode, c, listen(t, func(conn net.Conn) {
					_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n"+strings.Repeat("x", 1<<20))
				}))
			}},
			{Name: "certificate of nobody", Want: notify.Configuration, Says: "clock", Start: func(t *testing.T) notify.Channel {
				return box(t, Options{Port: s.port, TLS: mode, Username: user, Password: notify.NewSecret(password)})
			}},
			{Name: "wrong password", Want: notify.Configuration, Code: "535", Says: "授权码", Start: func(t *testing.T) notify.Channel {
				return signedIn(t, mode, c, start(t, mode, c, "another@example.com").port)
			}},
		},
	}
}

// counting knows how many letters the server says it took.
type counting struct {
	*Mailbox
	taken atomic.Int64
}

func (c *counting) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	r, err := c.Mailbox.Notify(ctx, m)
	if err == nil {
		c.taken.Add(1)
	}
	return r, err
}

func listen(t *testing.T, handle func(net.Conn)) int {
	t.Helper()
	_, port, err := net.SplitHostPort(notifytest.Listen(t, handle))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestImplicitTLS(t *testing.T) { notifytest.Run(t, channel(t, Implicit)) }

func TestStartTLS(t *testing.T) { notifytest.Run(t, channel(t, StartTLS)) }

// TestAnswers: what a real server says, and what that means.
func TestAnswers(t *testing.T) {
	c := newCertificate(t)
	s := start(t, Implicit, c, user)
	for _, a := range []struct {
		to, from string
		want     notify.Class
		code     string
	}{
		{"nobody@example.com", user, notify.BadRecipient, "550"},
		{"full@example.com", user, notify.BadRecipient, "552"},
		{"relay@example.com", user, notify.Configuration, "550"},
		{"busy@example.com", user, notify.Temporary, "451"},
		{"spam@example.com", user, notify.Refused, "554"},
		{"later@example.com", user, notify.Temporary, "452"},
		{"bater@example.com", "stranger@example.com", notify.Configuration, "501"},
	} {
		b := signedIn(t, Implicit, c, s.port)
		b.o.From = a.from
		_, err := b.Notify(t.Context(), notifytest.Message(notify.Recipient{Name: "巴特尔", Email: a.to}))
		e, ok := err.(*notify.Error)
		if !ok || e.Class != a.want || e.Code != a.code {
			t.Errorf("%s from %s: %v, want %s %s", a.to, a.from, err, a.want, a.code)
		}
	}
	if n := len(s.letters(0)); n != 0 {
		t.Errorf("%d letters were taken", n)
	}
}

// TestFilesAreAttached: a file comes out at the other end byte by byte, under its
// name.
func TestFilesAreAttached(t *testing.T) {
	s := start(t, None, newCertificate(t), user)
	body := bytes.Repeat([]byte("%PDF-1.3\r\n\x00\xff"), 5000)
	m := notifytest.Message(notify.Recipient{Name: "巴特尔", Email: "bater@example.com"})
	m.Files = []notify.File{{Name: "月通报-2026-10-22.pdf", Type: "application/pdf", Body: body}}
	if _, err := box(t, Options{Port: s.port, TLS: None}).Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	letter, err := netmail.ReadMessage(strings.NewReader(s.letters(1)[0].Data))
	if err != nil {
		t.Fatal(err)
	}
	kind, parameters, err := mime.ParseMediaType(letter.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("%s %v", kind, err)
	}
	parts := multipart.NewReader(letter.Body, parameters["boundary"])
	for n := 0; ; n++ {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatalf("no file after %d parts: %v", n, err)
		}
		if p.Header.Get("Content-Disposition") == "" {
			continue // the text
		}
		name, err := new(mime.WordDecoder).DecodeHeader(p.FileName())
		got, err2 := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
		if err != nil || err2 != nil || name != "月通报-2026-10-22.pdf" || !bytes.Equal(got, body) || !strings.HasPrefix(p.Header.Get("Content-Type"), "application/pdf") {
			t.Errorf("%q, %d bytes, %v %v, %v", name, len(got), err, err2, p.Header)
		}
		return
	}
}

// TestTakenThoughTheServerGoesAway: the library calls it an error when the
// goodbye fails; a second letter would follow.
func TestTakenThoughTheServerGoesAway(t *testing.T) {
	s := start(t, None, newCertificate(t), "rude")
	r, err := box(t, Options{Port: s.port, TLS: None}).Notify(t.Context(), notifytest.Message(notify.Recipient{Name: "巴特尔", Email: "bater@example.com"}))
	if err != nil || !strings.Contains(r.ID, "A1B2C3") {
		t.Errorf("%v, receipt %q: want taken, with the server's name for it", err, r.ID)
	}
}

// TestNoStartTLS: a password is not sent in the clear because somebody on the
// way removed the offer.
func TestNoStartTLS(t *testing.T) {
	c := newCertificate(t)
	_, err := signedIn(t, StartTLS, c, start(t, None, c, "").port).Notify(t.Context(), notifytest.Message(notify.Recipient{Email: "bater@example.com"}))
	if notify.ClassOf(err) != notify.Configuration || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("%v, want a configuration error that names STARTTLS", err)
	}
}

func TestMistakes(t *testing.T) {
	good := Options{Host: "smtp.example.com", From: user, Username: user, Password: notify.NewSecret(password), Now: time.Now}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Options){
		"no host":              func(o *Options) { o.Host = "" },
		"two senders":          func(o *Options) { o.From = "a@b.c, d@e.f" },
		"a sender with a name": func(o *Options) { o.From = "A <a@b.c>" },
		"password in clear":    func(o *Options) { o.TLS = None },
		"clear to a network":   func(o *Options) { o.TLS, o.Username, o.Password = None, "", notify.Secret{} },
		"user alone":           func(o *Options) { o.Password = notify.Secret{} },
		"unknown way":          func(o *Options) { o.TLS = "ssl" },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
