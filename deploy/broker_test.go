package deploy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The users that the tests create at the broker.
var passwords = map[string]string{
	"collector":   "pw-collector",
	"balagong-gw": "pw-balagong",
	"xini-gw":     "pw-xini",
	"logger":      "pw-logger", // a third-party sender
	"+":           "pw-plus",   // a name that would match every gateway, were it taken for a wildcard
	"#":           "pw-hash",
}

// broker is a real Mosquitto that runs with one of our configuration files.
type broker struct {
	main  string // path of the configuration
	plain string // host:port
	tls   string // host:port, where the TLS listener is enabled
	cmd   *exec.Cmd
	done  chan struct{} // closed when the process has ended
}

// program finds a system program that make test-deps installs. Without it the
// test is skipped, and fails where CI=true.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: run make test-deps", name)
	}
	t.Skipf("%s is not installed: run make test-deps", name)
	return ""
}

// replace makes sure that what it replaces is there.
func replace(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("the configuration has no line %q any more", old)
	}
	return strings.ReplaceAll(text, old, with)
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

var tlsLines = regexp.MustCompile(`(?m)^#([a-z_]+ )`)

// startBroker starts Mosquitto with our configuration and access list, with
// nothing but paths and ports replaced, and our users. certs is a folder with
// server.crt and server.key, and then the TLS lines are uncommented.
func startBroker(t *testing.T, confFile, certs string) *broker {
	t.Helper()
	mosquitto, folder := program(t, "mosquitto"), t.TempDir()
	b := &broker{main: filepath.Join(folder, "mosquitto.conf"), plain: freeAddress(t)}
	passwd := filepath.Join(folder, "passwd")
	makePasswords(t, passwd)
	acl, err := filepath.Abs("mosquitto/acl")
	if err != nil {
		t.Fatal(err)
	}

	conf := read(t, confFile)
	if certs != "" {
		b.tls = freeAddress(t)
		conf = tlsLines.ReplaceAllString(conf, "$1")
		conf = replace(t, conf, "listener 8883\n", "listener "+port(b.tls)+" 127.0.0.1\n")
		conf = replace(t, conf, "/etc/mosquitto/certs/coldchain.crt", filepath.Join(certs, "server.crt"))
		conf = replace(t, conf, "/etc/mosquitto/certs/coldchain.key", filepath.Join(certs, "server.key"))
	}
	conf = strings.Replace(conf, "\nlistener 1883\n", "\nlistener 1883 127.0.0.1\n", 1) // the container's
	conf = replace(t, conf, "listener 1883 127.0.0.1", "listener "+port(b.plain)+" 127.0.0.1")
	conf = replace(t, conf, "/etc/mosquitto/coldchain.passwd", passwd)
	conf = replace(t, conf, "/etc/mosquitto/coldchain.acl", acl)

	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	// Started by root the broker would become a user who cannot read our folder.
	main := "user " + me.Username + "\nlog_dest stderr\n"
	if strings.Contains(conf, "\npersistence_location ") {
		main += replace(t, conf, "/mosquitto/data/", folder+"/")
	} else {
		// As Debian's main file does.
		drop := filepath.Join(folder, "conf.d")
		if err := os.Mkdir(drop, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(drop, "coldchain.conf"), conf)
		main += "persistence true\npersistence_location " + folder + "/\ninclude_dir " + drop + "\n"
	}
	write(t, b.main, main)
	b.start(t, mosquitto)
	t.Cleanup(func() { b.stop(t) })
	return b
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

func makePasswords(t *testing.T, file string) {
	t.Helper()
	tool := program(t, "mosquitto_passwd")
	write(t, file, "")
	for name, password := range passwords {
		if out, err := exec.Command(tool, "-b", file, name, password).CombinedOutput(); err != nil {
			t.Fatalf("mosquitto_passwd for %s: %v: %s", name, err, out)
		}
	}
}

// start runs the broker and returns when it listens.
func (b *broker) start(t *testing.T, mosquitto string) {
	t.Helper()
	b.cmd = exec.Command(mosquitto, "-c", b.main)
	stderr, err := b.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.done = make(chan struct{})
	running := make(chan string, 1)
	go func() {
		defer close(b.done)
		var said strings.Builder
		lines := bufio.NewScanner(io.TeeReader(stderr, &said))
		for lines.Scan() {
			if strings.Contains(lines.Text(), " running") {
				select {
				case running <- "":
				default:
				}
			}
		}
		err := b.cmd.Wait()
		select {
		case running <- fmt.Sprintf("the broker ended (%v): %s", err, said.String()):
		default:
		}
	}()
	select {
	case failure := <-running:
		if failure != "" {
			t.Fatal(failure)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the broker did not start in 20 s")
	}
	// It says so a little before its main loop runs, and a SIGTERM in between is
	// forgotten (2.0.11): wait for an answer.
	c, err := dial("tcp://"+b.plain, "ready", "collector", passwords["collector"], nil)
	if err != nil {
		t.Fatalf("the broker does not answer: %v", err)
	}
	c.Disconnect(0)
}

// stop ends the broker as systemd would and waits for it.
func (b *broker) stop(t *testing.T) {
	t.Helper()
	select {
	case <-b.done:
		return
	default:
	}
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.done:
	case <-time.After(20 * time.Second):
		t.Error("the broker did not stop in 20 s")
		_ = b.cmd.Process.Kill()
		<-b.done
	}
}
