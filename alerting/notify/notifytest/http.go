package notifytest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting/notify"
)

// HTTP describes a channel that is one HTTP request a message.
type HTTP struct {
	// New makes the channel. endpoint has no path.
	New func(t *testing.T, endpoint string, client *http.Client) notify.Channel
	// Check says what a request carries, or what is not right about it. It
	// works out signatures by itself.
	Check func(r *http.Request, body []byte) (Got, error)
	Right string // an answer that means taken
	Codes []Code
	// StatusAlone says that any answer of 2xx means taken, whatever it holds.
	StatusAlone bool
}

// Code is an answer with a code of the far end's, and what it means.
type Code struct {
	Status       int // 200 when 0
	Body         string
	Want         notify.Class
	Code         string
	RetryAfter   time.Duration
	PerRecipient bool
	Says         string
}

// Fill adds the far ends of an HTTP channel to c.
func (h HTTP) Fill(c Channel) Channel {
	// Its time-out is longer than a test waits: what ends, ends by itself.
	client := &http.Client{Transport: &http.Transport{}, Timeout: time.Hour}
	c.Rest = client.CloseIdleConnections
	c.Right = func(t *testing.T) (notify.Channel, func() ([]Got, error)) {
		f := &far{check: h.Check, answer: h.Right}
		return h.New(t, serve(t, f.ServeHTTP), client), f.got
	}
	c.Hanging = append(c.Hanging, h.hanging(client)...)
	answers := func(handler http.HandlerFunc) func(t *testing.T) notify.Channel {
		return func(t *testing.T) notify.Channel { return h.New(t, serve(t, handler), client) }
	}
	c.Wrong = append(c.Wrong, h.statuses(answers)...)
	c.Wrong = append(c.Wrong, h.broken(client)...)
	if !h.StatusAlone {
		c.Wrong = append(c.Wrong, garbage(answers)...)
	}
	for _, code := range h.Codes {
		name := code.Code
		if code.Says != "" {
			name += " " + code.Says
		}
		c.Wrong = append(c.Wrong, Wrong{
			Name: "code " + name, Want: code.Want, Code: code.Code, RetryAfter: code.RetryAfter, PerRecipient: code.PerRecipient, Says: code.Says,
			Start: answers(func(w http.ResponseWriter, r *http.Request) {
				answer(w, r, max(code.Status, 200), echo(code.Body, c.Secrets))
			}),
		})
	}
	return c
}

// echo makes an explanation repeat the secrets, as some far ends do.
func echo(body string, secrets []string) string {
	return strings.ReplaceAll(body, "ECHO", strings.Join(secrets, " "))
}

// far is a far end that takes messages.
type far struct {
	check  func(*http.Request, []byte) (Got, error)
	answer string

	mu    sync.Mutex
	took  []Got
	wrong error
}

func (f *far) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var g Got
	if err == nil {
		g, err = f.check(r, body)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.wrong = err
	} else {
		f.took = append(f.took, g)
	}
	_, _ = io.WriteString(w, f.answer)
}

func (f *far) got() ([]Got, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.took, f.wrong
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// answer reads the request, so that the connection's end can be seen, and
// answers.
func answer(w http.ResponseWriter, r *http.Request, status int, body string) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (h HTTP) hanging(client *http.Client) []Hanging {
	start := func(hang func(w http.ResponseWriter)) func(t *testing.T) (notify.Channel, <-chan struct{}) {
		return func(t *testing.T) (notify.Channel, <-chan struct{}) {
			arrived := make(chan struct{})
			endpoint := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				hang(w)
				close(arrived)
				<-r.Context().Done()
			})
			return h.New(t, endpoint, client), arrived
		}
	}
	return []Hanging{
		{"no answer", start(func(http.ResponseWriter) {})},
		{"half an answer", start(func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, h.Right[:len(h.Right)/2])
			_ = http.NewResponseController(w).Flush()
		})},
	}
}

func (h HTTP) statuses(answers func(http.HandlerFunc) func(*testing.T) notify.Channel) []Wrong {
	status := func(status int, body string, headers ...string) func(*testing.T) notify.Channel {
		return answers(func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			// who repeats everything repeats the secrets
			answer(w, r, status, body+r.URL.String()+fmt.Sprint(r.Header))
		})
	}
	const html = "<html><body>busy</body></html>"
	return []Wrong{
		{Name: "429", Start: status(429, ""), Want: notify.Muted, Code: "429"},
		{Name: "429 with seconds", Start: status(429, html, "Retry-After", "30"), Want: notify.Muted, Code: "429", RetryAfter: 30 * time.Second},
		{Name: "429 with a date", Start: status(429, html, "Retry-After", At.Add(time.Minute).UTC().Format(http.TimeFormat)), Want: notify.Muted, Code: "429", RetryAfter: time.Minute},
		{Name: "429 with nonsense", Start: status(429, html, "Retry-After", "soon"), Want: notify.Muted, Code: "429"},
		{Name: "500", Start: status(500, html), Want: notify.Temporary, Code: "500"},
		{Name: "502", Start: status(502, ""), Want: notify.Temporary, Code: "502"},
		{Name: "503 with seconds", Start: status(503, html, "Retry-After", "120"), Want: notify.Temporary, Code: "503", RetryAfter: 2 * time.Minute},
		{Name: "401", Start: status(401, html), Want: notify.Configuration, Code: "401"},
		{Name: "404", Start: status(404, html), Want: notify.Configuration, Code: "404"},
		{Name: "413", Start: status(413, html), Want: notify.Refused, Code: "413"},
		{Name: "redirect of a login page", Start: h.redirect(answers, 302), Want: notify.Temporary, Code: "302", Says: "login page"},
		{Name: "redirect that repeats the body", Start: h.redirect(answers, 307), Want: notify.Temporary, Code: "307"},
		{Name: "moved for good", Start: h.redirect(answers, 301), Want: notify.Configuration, Code: "301", Says: "has moved"},
		{Name: "moved for good with the body", Start: h.redirect(answers, 308), Want: notify.Configuration, Code: "308"},
		{Name: "right answer, wrong status", Start: answers(func(w http.ResponseWriter, r *http.Request) { answer(w, r, 500, h.Right) }), Want: notify.Temporary, Code: "500"},
	}
}

// redirect points at another host, which must see nothing.
func (h HTTP) redirect(answers func(http.HandlerFunc) func(*testing.T) notify.Channel, status int) func(*testing.T) notify.Channel {
	return func(t *testing.T) notify.Channel {
		other := serve(t, func(w http.ResponseWriter, r *http.Request) {
			t.Error("the request, with its secrets, went to another host")
			_, _ = io.WriteString(w, h.Right)
		})
		return answers(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, other+r.URL.String(), status)
		})(t)
	}
}

func garbage(answers func(http.HandlerFunc) func(*testing.T) notify.Channel) (out []Wrong) {
	for name, body := range map[string]string{
		"empty":             "",
		"a login page":      "<!DOCTYPE html><html><head><title>登录</title></head></html>",
		"garbage":           "\x00\xff\xfe{{{]]]",
		"null":              "null",
		"a list":            "[0]",
		"another object":    `{"status":"ok"}`,
		"codes of a string": `{"errcode":"zero","code":"zero"}`,
		"half":              `{"errcode":0,"code":0,"Code":"OK`,
		"huge":              `{"errcode":0,"code":0,"Code":"OK","Message":"` + strings.Repeat("x", 4<<20) + `"}`,
	} {
		out = append(out, Wrong{Name: name, Want: notify.Temporary, Start: answers(func(w http.ResponseWriter, r *http.Request) { answer(w, r, 200, body) })})
	}
	return append(out, Wrong{Name: "repeats the request", Want: notify.Temporary, Start: answers(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %v %s", r.Method, r.URL, r.Header, body)
	})})
}

// broken are far ends that are not there, or go away.
func (h HTTP) broken(client *http.Client) []Wrong {
	return []Wrong{
		{Name: "nobody listens", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
			return h.New(t, "http://"+FreePort(t), client)
		}},
		{Name: "hangs up", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
			return h.New(t, "http://"+Listen(t, func(conn net.Conn) { _ = conn.Close() }), client)
		}},
		{Name: "speaks another language", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
			return h.New(t, "http://"+Listen(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, "220 mail.example ESMTP\r\n")
				_ = conn.Close()
			}), client)
		}},
		{Name: "breaks off", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
			return h.New(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				answer(w, r, 200, h.Right)
			}), client)
		}},
		{Name: "longer than the client waits", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
			impatient := &http.Client{Transport: client.Transport, Timeout: 20 * time.Millisecond}
			return h.New(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}), impatient)
		}},
		{Name: "certificate of nobody", Want: notify.Configuration, Says: "clock", Start: func(t *testing.T) notify.Channel {
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.Config.ErrorLog = nil
			s.StartTLS()
			t.Cleanup(s.Close)
			return h.New(t, s.URL, client)
		}},
	}
}

// FreePort returns an address at which nobody listens.
func FreePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Listen hands each connection to handle until the test ends.
func Listen(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				defer stop()
				handle(conn)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		group.Wait()
	})
	return l.Addr().String()
}
