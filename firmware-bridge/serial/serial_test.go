package serial

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	bugst "go.bug.st/serial"

	"coldchain/firmware-bridge/serial/serialtest"
)

func TestConfigSaysEveryMistake(t *testing.T) {
	tests := []struct {
		name string
		c    Config
		want []string
	}{
		{"defaults", Config{Path: "/dev/x"}, nil},
		{"all set", Config{Path: "/dev/x", Baud: 19200, DataBits: 8, Parity: Even, StopBits: 1}, nil},
		{"nothing", Config{}, []string{"no path"}},
		{"everything wrong", Config{Path: "/dev/x", Baud: 96, DataBits: 9, Parity: "E", StopBits: 3}, []string{"baud 96", "data bits 9", `parity "E"`, "stop bits 3"}},
	}
	for _, tt := range tests {
		err := tt.c.Check()
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for _, w := range tt.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", tt.name, err, w)
			}
		}
	}
}

func TestCharTime(t *testing.T) {
	for _, tt := range []struct {
		c    Config
		text string
		want time.Duration
	}{
		{Config{Path: "p"}, "p 9600 8N1", 10 * time.Second / 9600},
		{Config{Path: "p", Parity: Even}, "p 9600 8E1", 11 * time.Second / 9600},
		{Config{Path: "p", Baud: 19200, Parity: Odd, StopBits: 2}, "p 19200 8O2", 12 * time.Second / 19200},
		{Config{Path: "p", Baud: 4800, DataBits: 7}, "p 4800 7N1", 9 * time.Second / 4800},
	} {
		if got := tt.c.CharTime(); got != tt.want || tt.c.String() != tt.text {
			t.Errorf("%s: %v, want %s %v", tt.c, got, tt.text, tt.want)
		}
	}
}

func open(t *testing.T, path string) *Port {
	t.Helper()
	p, err := Open(Config{Path: path, Baud: 115200})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestBytesPassAndDeadlinesEnd(t *testing.T) {
	line := serialtest.New(t)
	a, b := open(t, line.A), open(t, line.B)
	all := make([]byte, 256) // every byte: nothing is translated
	for i := range all {
		all[i] = byte(i)
	}
	if _, err := a.Write(all); err != nil {
		t.Fatal(err)
	}
	b.SetReadDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, 256)
	if _, err := io.ReadFull(b, got); err != nil || !slices.Equal(got, all) {
		t.Fatalf("got % x, %v", got, err)
	}

	began := time.Now()
	b.SetReadDeadline(began.Add(60 * time.Millisecond))
	if _, err := b.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) < 60*time.Millisecond {
		t.Errorf("silence: %v after %v", err, time.Since(began))
	}
	b.SetReadDeadline(time.Time{})
	time.AfterFunc(20*time.Millisecond, func() { b.SetReadDeadline(time.Unix(1, 0)) })
	if _, err := b.Read(got); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a deadline moved to the past: %v", err)
	}
	// What has come is returned although the deadline is past.
	a.Write([]byte{7})
	serialtest.Wait(t, "the byte", func() bool { n, _ := b.Read(got); return n == 1 && got[0] == 7 })
}

func TestFlushThrowsAwayWhatHasCome(t *testing.T) {
	line := serialtest.New(t)
	a, b := open(t, line.A), open(t, line.B)
	a.Write([]byte("noise."))
	got := make([]byte, 8)
	b.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(b, got[:1]); err != nil { // it is there
		t.Fatal(err)
	}
	b.SetReadDeadline(time.Unix(1, 0))
	serialtest.Wait(t, "an empty input", func() bool {
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
		_, err := b.Read(got)
		return errors.Is(err, os.ErrDeadlineExceeded)
	})
}

func TestAPulledPortIsGoneAndOpensAgain(t *testing.T) {
	line := serialtest.New(t)
	a := open(t, line.A)
	pulled := make(chan struct{})
	time.AfterFunc(30*time.Millisecond, func() { defer close(pulled); line.Pull() })
	a.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := a.Read(make([]byte, 8)); !errors.Is(err, ErrGone) {
		t.Errorf("read on a pulled port: %v", err)
	}
	if _, err := a.Write([]byte{1}); !errors.Is(err, ErrGone) {
		t.Errorf("write to a pulled port: %v", err)
	}
	<-pulled
	if _, err := Open(Config{Path: line.A}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "plugged in") {
		t.Errorf("open while away: %v", err)
	}
	line.Plug(t)
	again, b := open(t, line.A), open(t, line.B)
	if _, err := b.Write([]byte{42}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	again.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := again.Read(got); err != nil || n != 1 || got[0] != 42 {
		t.Errorf("after it came back: % x, %v", got[:n], err)
	}
}

func TestWhatIsNoSerialPortIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file opened as a port: %v", err)
	}
	if _, err := Open(Config{Path: file, Baud: 1}); err == nil || !strings.Contains(err.Error(), "baud") {
		t.Errorf("%v", err)
	}
}

// fake is go.bug.st's port under a script.
type fake struct {
	timeout time.Duration
	read    func(b []byte) (int, error)
	write   func(b []byte) (int, error)
}

func (f *fake) SetReadTimeout(d time.Duration) error { f.timeout = d; return nil }
func (f *fake) Read(b []byte) (int, error)           { return f.read(b) }
func (f *fake) Write(b []byte) (int, error)          { return f.write(b) }
func (f *fake) ResetInputBuffer() error              { return syscall.ENODEV }
func (f *fake) Close() error                         { return nil }

// In virtual time: a Read looks at its deadline every 20 ms at the latest, and
// each error of a pulled adapter is told as such.
func TestErrorsOfPulledAdapters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		p := &Port{path: "/dev/x", port: f}
		f.read = func([]byte) (int, error) { time.Sleep(f.timeout); return 0, nil }
		began := time.Now()
		p.SetReadDeadline(began.Add(90 * time.Millisecond))
		if _, err := p.Read(nil); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 90*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		began = time.Now()
		p.SetReadDeadline(time.Time{})
		time.AfterFunc(45*time.Millisecond, func() { p.SetReadDeadline(time.Unix(1, 0)) })
		if _, err := p.Read(nil); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) > 65*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		for _, cause := range []error{syscall.EIO, syscall.ENODEV, syscall.ENXIO, io.EOF} {
			f.read = func([]byte) (int, error) { return 0, cause }
			f.write = func([]byte) (int, error) { return 0, cause }
			if _, err := p.Read(nil); !errors.Is(err, ErrGone) || !errors.Is(err, cause) {
				t.Errorf("read %v: %v", cause, err)
			}
			if _, err := p.Write([]byte{1}); !errors.Is(err, ErrGone) {
				t.Errorf("write %v: %v", cause, err)
			}
		}
		f.read = func([]byte) (int, error) { return 0, &bugst.PortError{} }
		if _, err := p.Read(nil); err == nil || errors.Is(err, ErrGone) {
			t.Errorf("another error: %v", err)
		}
		if err := p.Flush(); !errors.Is(err, ErrGone) {
			t.Errorf("flush: %v", err)
		}
		// A driver that takes bytes one by one, and is interrupted.
		var sent []byte
		f.write = func(b []byte) (int, error) {
			sent = append(sent, b[0])
			return 1, syscall.EINTR
		}
		if n, err := p.Write([]byte("abc")); n != 3 || err != nil || string(sent) != "abc" {
			t.Errorf("wrote %d %q, %v", n, sent, err)
		}
		f.write = func([]byte) (int, error) { return 0, nil }
		if _, err := p.Write([]byte("abc")); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("a driver that takes nothing: %v", err)
		}
	})
}

// A machine's /dev and /sys as udev leaves them.
func TestListNamesWhatLasts(t *testing.T) {
	root := t.TempDir()
	dev, class := filepath.Join(root, "dev"), filepath.Join(root, "class")
	touch := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ttyUSB0", "ttyUSB10", "ttyUSB2", "ttyS0", "ttyS1", "ttyS2", "ttymxc3", "tty1", "null"} {
		touch(filepath.Join(dev, name), "")
	}
	for name, kind := range map[string]string{"ttyUSB2": "", "ttyUSB10": "", "ttyS0": "4\n", "ttyS1": "0\n", "ttymxc3": "51\n"} {
		touch(filepath.Join(class, name, "device/x"), "")
		if kind != "" {
			touch(filepath.Join(class, name, "type"), kind)
		}
	}
	link := func(folder, name, target string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(dev, "serial", folder), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../../"+target, filepath.Join(dev, "serial", folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("by-id", "usb-FTDI-if00-port0", "ttyUSB0")
	link("by-path", "pci-0:2", "ttyUSB10")
	got, err := list(dev, class)
	if err != nil {
		t.Fatal(err)
	}
	want := []Info{
		{Device: dev + "/ttyS0"},
		{Device: dev + "/ttyUSB0", ByID: dev + "/serial/by-id/usb-FTDI-if00-port0"},
		{Device: dev + "/ttyUSB2"},
		{Device: dev + "/ttymxc3"},
		{Device: dev + "/ttyUSB10", ByPath: dev + "/serial/by-path/pci-0:2"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got[1].Name() != got[1].ByID || got[0].Name() != got[0].Device {
		t.Error("the lasting name is not preferred")
	}
	if _, err := list(filepath.Join(root, "none"), class); err == nil {
		t.Error("no /dev, no error")
	}
	if _, err := List(); err != nil {
		t.Errorf("this machine: %v", err)
	}
}
