// Package influxdtest starts a real InfluxDB 1.8 for a test or a benchmark. It
// guarantees a server of the test's own: free port, empty folder, Flux on, and
// gone when the test ends.
package influxdtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long the server may take to start or to stop.
const patience = 2 * time.Minute // a machine that does other things as well

// Server is a running influxd.
type Server struct {
	URL string // http://127.0.0.1:port; stays the same over Stop and Restart

	bin, dir string
	port     string
	settings Settings
	client   *http.Client
	cmd      *exec.Cmd
	exited   chan struct{}
	output   *tail
}

// Settings are what a server can be told beside its own folder and port.
type Settings struct {
	// CertFile and KeyFile (PEM) make it speak https alone; Trust is then the
	// authority that signed the certificate.
	CertFile, KeyFile string
	Trust             *x509.CertPool
	// Auth makes it ask for a user, once the first one was created.
	Auth bool
}

// Start runs influxd until the test ends. Without one the test is skipped,
// saying how to get it; with CI=true that is a failure.
func Start(t testing.TB) *Server {
	t.Helper()
	return StartWith(t, Settings{})
}

// StartWith is Start for a server with settings.
func StartWith(t testing.TB, settings Settings) *Server {
	t.Helper()
	bin, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v: run `make test-deps`", err)
		}
		t.Skipf("%v: run `make test-deps` to get it", err)
	}
	s := &Server{bin: bin, dir: t.TempDir(), port: "0", settings: settings, client: http.DefaultClient}
	if settings.Trust != nil {
		s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: settings.Trust}}}
	}
	t.Cleanup(s.stop)
	s.Restart(t)
	return s
}

// find looks for the server in $INFLUXD, in .cache/bin of the repository, and
// on PATH.
func find() (string, error) {
	if bin := os.Getenv("INFLUXD"); bin != "" {
		return bin, nil
	}
	if root, err := repository(); err == nil {
		bin := filepath.Join(root, ".cache", "bin", "influxd")
		if _, err := os.Stat(bin); err == nil {
			return bin, nil
		}
	}
	if bin, err := exec.LookPath("influxd"); err == nil {
		return bin, nil
	}
	return "", fmt.Errorf("no influxd in $INFLUXD, .cache/bin or PATH")
}

// repository is the folder of go.mod above the test's own.
func repository() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", os.ErrNotExist
		}
		dir = up
	}
	return "", err
}

// Restart starts the server, on the old port and data when it ran before. A
// running one is stopped first.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.stop()
	conf := filepath.Join(s.dir, "influxdb.conf")
	if err := os.WriteFile(conf, []byte(s.config()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(s.bin, "-config", conf)
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", s.bin, err)
	}
	listening := make(chan string, 1)
	s.output, s.exited = &tail{}, make(chan struct{})
	go s.follow(pipe, listening)
	select {
	case addr := <-listening:
		_, s.port, _ = strings.Cut(addr, ":")
		s.URL = "http://" + addr
		if s.settings.CertFile != "" {
			s.URL = "https://" + addr
		}
	case <-s.exited:
		t.Fatalf("influxd ended at once:\n%s", s.output)
	case <-time.After(patience):
		t.Fatalf("influxd did not listen within %s:\n%s", patience, s.output)
	}
	s.ping(t)
}

func (s *Server) config() string {
	return fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"

[meta]
dir = %[1]q
[data]
dir = %[2]q
wal-dir = %[3]q
query-log-enabled = false
[http]
bind-address = "127.0.0.1:%[4]s"
flux-enabled = true
log-enabled = false
auth-enabled = %[5]t
https-enabled = %[6]t
https-certificate = %[7]q
https-private-key = %[8]q
[monitor]
store-enabled = false
[continuous_queries]
enabled = false
[logging]
level = "info"
suppress-logo = true
`, filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data"), filepath.Join(s.dir, "wal"), s.port,
		s.settings.Auth, s.settings.CertFile != "", s.settings.CertFile, s.settings.KeyFile)
}

var listenLine = regexp.MustCompile(`Listening on HTTP.*addr=(127\.0\.0\.1:\d+)`)

// follow reads the server's log until it ends.
func (s *Server) follow(log io.Reader, listening chan<- string) {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		s.output.add(lines.Text())
		if m := listenLine.FindStringSubmatch(lines.Text()); m != nil {
			select {
			case listening <- m[1]:
			default:
			}
		}
	}
	s.cmd.Wait() //nolint:errcheck // it ends by our signal
	close(s.exited)
}

// ping asks until the server answers.
func (s *Server) ping(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/ping", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := s.client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusNoContent {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("influxd does not answer /ping:\n%s", s.output)
		}
	}
}

// Stop ends the server as a service manager would. Its data and port stay for
// Restart.
func (s *Server) Stop() { s.stop() }

// Kill ends the server as a power cut would.
func (s *Server) Kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		s.cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
		<-s.exited
		s.cmd = nil
	}
}

func (s *Server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended by itself
	select {
	case <-s.exited:
		s.cmd = nil
	case <-time.After(patience):
		s.Kill()
	}
}

// Pid is the server's process, whose cost a benchmark takes.
func (s *Server) Pid() int { return s.cmd.Process.Pid }

// CreateDatabase creates a database; its bucket is name/autogen.
func (s *Server) CreateDatabase(t testing.TB, name string) {
	t.Helper()
	s.InfluxQL(t, fmt.Sprintf("CREATE DATABASE %q", name))
}

// InfluxQL runs a statement over /query and returns the answer's JSON.
func (s *Server) InfluxQL(t testing.TB, statement string) string {
	t.Helper()
	resp, err := s.client.PostForm(s.URL+"/query", url.Values{"q": {statement}})
	return s.answer(t, statement, resp, err)
}

// Flux runs a query over plain HTTP, without any client of ours, and returns
// the answer's annotated CSV.
func (s *Server) Flux(t testing.TB, query string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, s.URL+"/api/v2/query", strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/vnd.flux")
	req.Header.Set("Accept", "application/csv")
	resp, err := s.client.Do(req)
	return s.answer(t, query, resp, err)
}

func (s *Server) answer(t testing.TB, question string, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v\n%s", question, err, s.output)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || strings.Contains(string(body), `"error"`) {
		t.Fatalf("%s: %s %v\n%s", question, resp.Status, err, body)
	}
	return string(body)
}

// tail keeps the last lines of the server's log for failure messages.
type tail struct {
	mu    sync.Mutex
	lines []string
}

func (l *tail) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if len(l.lines) > 40 {
		l.lines = l.lines[1:]
	}
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
