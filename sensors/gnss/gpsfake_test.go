package gnss

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"coldchain/sensors"
)

// TestRealGpsd drives a truck past a real gpsd, which gpsfake feeds with
// sentences over a pseudo terminal.
func TestRealGpsd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts gpsd")
	}
	const start, step = 10, 0.001 // minutes of latitude
	year := time.Now().UTC().Year()
	var log bytes.Buffer
	for i := range 600 {
		tod := fmt.Sprintf("02%02d%02d.00", i/60, i%60)
		minutes := fmt.Sprintf("40%07.4f", start+step*float64(i))
		for _, body := range []string{
			fmt.Sprintf("GPRMC,%s,A,%s,N,10716.2000,E,22.1,000.0,0101%02d,,,A", tod, minutes, year%100),
			fmt.Sprintf("GPGGA,%s,%s,N,10716.2000,E,1,08,1.1,1050.0,M,-20.0,M,,", tod, minutes),
			"GPGSA,A,3,07,08,10,16,20,21,26,27,,,,,1.8,1.1,1.4",
		} {
			log.WriteString(summed(body) + "\r\n")
		}
	}
	address := gpsfake(t, log.Bytes())

	cfg := config()
	cfg.Built = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	var said transcript
	r, err := New(cfg, Gpsd{Address: address, Dial: said.dial})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { _ = r.Run(ctx) })
	defer wait.Wait()
	defer cancel()

	var got []float64
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for limit := time.After(30 * time.Second); len(got) < 10; {
		select {
		case <-limit:
			t.Fatalf("%d positions in 30 s; status %+v", len(got), r.Status())
		case <-look.C:
		}
		out := r.Read(ctx, []sensors.PointID{latitude, longitude})
		lat, ok := out[0].Value()
		lon, ok2 := out[1].Value()
		if !ok || !ok2 {
			continue
		}
		if minutes := (lat - 40) * 60; minutes < start || minutes > start+600*step || math.Abs(lon-107.27) > 1e-6 {
			t.Fatalf("%s, %s is not on the road", out[0], out[1])
		}
		got = append(got, lat)
	}
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Errorf("the truck drives north, but %g follows %g; gpsd said\n%s", got[i], got[i-1], said.text())
		}
	}
	t.Logf("%d positions, status %+v", len(got), r.Status())
}

// transcript keeps what gpsd said, for the message of a failure.
type transcript struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (s *transcript) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return overheard{conn, s}, nil
}

func (s *transcript) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

type overheard struct {
	net.Conn
	by *transcript
}

func (o overheard) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	o.by.mu.Lock()
	defer o.by.mu.Unlock()
	o.by.said.Write(p[:n])
	return n, err
}

// gpsfake starts gpsd with a log and gives its address.
func gpsfake(t *testing.T, log []byte) string {
	t.Helper()
	for _, program := range []string{"/usr/bin/gpsfake", "/usr/sbin/gpsd", "/usr/bin/python3"} {
		if _, err := os.Stat(program); errors.Is(err, os.ErrNotExist) {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing; run make test-deps", program)
			}
			t.Skipf("%s is missing; run make test-deps", program)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	file := filepath.Join(t.TempDir(), "road.log")
	if err := os.WriteFile(file, log, 0o644); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	if _, err := strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	// Named by path: another python3 may come first in PATH and lack gpsd's modules.
	cmd := exec.Command("/usr/bin/python3", "/usr/bin/gpsfake", "-q", "-c", "0.02", "-P", port, file)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // gpsd is gpsfake's child
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("gpsfake: %s", out.Bytes())
		}
	})
	return address
}
