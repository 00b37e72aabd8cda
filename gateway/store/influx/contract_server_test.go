package influx_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// contract is a server that answers as InfluxDB 2.x is documented to. It is
// not InfluxDB: it keeps lines and looks nothing up.
type contract struct {
	*httptest.Server
	// write answers a write of these lines; nil means 204.
	write func(w http.ResponseWriter, lines []string)
	// query answers a query; nil means that nothing is stored.
	query http.HandlerFunc

	mu       sync.Mutex
	kept     []string // lines of requests that were answered 204
	writes   int
	requests []*http.Request
}

func newContract(t *testing.T) *contract {
	t.Helper()
	c := &contract{}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.requests = append(c.requests, r)
	c.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "POST /api/v2/query":
		if c.query != nil {
			c.query(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		io.WriteString(w, "\r\n")
	case "POST /api/v2/write":
		c.serveWrite(w, strings.Split(strings.TrimSuffix(string(body), "\n"), "\n"))
	default:
		http.NotFound(w, r)
	}
}

func (c *contract) serveWrite(w http.ResponseWriter, lines []string) {
	c.mu.Lock()
	c.writes++
	c.mu.Unlock()
	answer := &recordStatus{ResponseWriter: w}
	if c.write == nil {
		answer.WriteHeader(http.StatusNoContent)
	} else {
		c.write(answer, lines)
	}
	if answer.status == http.StatusNoContent {
		c.mu.Lock()
		c.kept = append(c.kept, lines...)
		c.mu.Unlock()
	}
}

// seen returns the lines answered 204 and the number of writes so far.
func (c *contract) seen() (kept []string, writes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.kept), c.writes
}

type recordStatus struct {
	http.ResponseWriter
	status int
}

func (w *recordStatus) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recordStatus) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refuse answers as 2.x does: a JSON object with code and message.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%q,"message":%q}`, code, message)
}

// reset ends the connection as a crashed machine's neighbour would see it.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
