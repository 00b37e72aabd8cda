package gnss

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/sensortest"
)

const (
	latitude  sensors.PointID = "truck-1/cab/latitude"
	longitude sensors.PointID = "truck-1/cab/longitude"
)

func config() Config {
	return Config{
		Name:   "truck-1-gnss",
		Points: map[sensors.PointID]string{latitude: ChannelLatitude, longitude: ChannelLongitude},
		// A synctest bubble begins in 2000.
		Built: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		Now:   time.Now, Logger: slog.New(slog.DiscardHandler),
	}
}

// port is a serial port that a test can unplug.
type port struct {
	mu      sync.Mutex
	reader  *io.PipeReader
	writer  *io.PipeWriter
	gone    bool
	refused int
}

func (p *port) open(context.Context) (io.ReadCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		p.refused++
		return nil, errors.New("no such device")
	}
	p.reader, p.writer = io.Pipe()
	return p.reader, nil
}

func (p *port) unplug() {
	p.mu.Lock()
	p.gone = true
	w := p.writer
	p.mu.Unlock()
	_ = w.CloseWithError(errors.New("input/output error"))
}

func (p *port) tries() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

func (p *port) plug() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = false
}

// say prints sentences, if somebody listens.
func (p *port) say(bodies ...string) {
	p.mu.Lock()
	w := p.writer
	p.mu.Unlock()
	for _, b := range bodies {
		_, _ = io.WriteString(w, summed(b)+"\r\n")
	}
	synctest.Wait()
}

// fix is the sentence of the moment; the receiver's time is ours plus ahead.
func fix(ahead time.Duration, status string) string {
	now := time.Now().UTC().Add(ahead)
	return fmt.Sprintf("GNRMC,%s,%s,4032.4000,N,10716.2000,E,22.1,91.2,%s,,,A", now.Format("150405.00"), status, now.Format("020106"))
}

// started runs a receiver on a port for the length of the test.
func started(t *testing.T, cfg Config) (*Receiver, *port) {
	t.Helper()
	p := &port{}
	r, err := New(cfg, NMEA{Open: p.open})
	if err != nil {
		t.Fatal(err)
	}
	running(t, r)
	return r, p
}

func running(t *testing.T, r *Receiver) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	synctest.Wait()
}

// prodded drives a moment to the next poll of the suite.
type prodded struct {
	*Receiver
	prod func()
}

func (p prodded) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	if ctx.Err() == nil && len(due) > 0 {
		p.prod()
	}
	return p.Receiver.Read(ctx, due)
}

func TestConformance(t *testing.T) {
	sensortest.Suite{
		New: func(t *testing.T) sensortest.Rig {
			r, p := started(t, config())
			status, silent := "A", false
			next := func() {
				time.Sleep(time.Minute + time.Second) // long enough for any back-off
				synctest.Wait()
				if silent || r.Status().Fault != "" {
					return
				}
				for range 2 {
					p.say(fix(0, status))
					time.Sleep(time.Second)
				}
			}
			return sensortest.Rig{
				Sensor: prodded{r, next},
				Asked:  func() int { return 0 }, // a receiver speaks unasked
				Heal:   func() { status, silent = "A", false; p.plug() },
				Faults: []sensortest.Fault{
					{Name: "no fix", Break: func() { status = "V" }, Reasons: []sensors.Reason{sensors.NoFix}},
					{Name: "silent", Break: func() { silent = true }, Reasons: []sensors.Reason{sensors.Timeout}},
					{Name: "unplugged", Break: p.unplug, Reasons: []sensors.Reason{sensors.Unreachable}},
				},
			}
		},
		Around: func(t *testing.T, body func(*testing.T)) { synctest.Test(t, body) },
	}.Run(t)
}

func read(r *Receiver) []sensors.Reading {
	return r.Read(context.Background(), []sensors.PointID{latitude, longitude})
}

func TestAPositionIsGivenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := started(t, config())
		began := time.Now()
		p.say(fix(0, "A"))
		time.Sleep(time.Second)
		p.say(fix(0, "A"))
		got := read(r)
		if v, ok := got[0].Value(); !ok || v != 40.54 || got[0].Quality != sensors.Good || !got[0].Time.Equal(began) {
			t.Errorf("latitude: %s, want 40.54 as it arrived at %s", got[0], began)
		}
		if v, ok := got[1].Value(); !ok || v != 107.27 || !got[1].Time.Equal(began) {
			t.Errorf("longitude: %s", got[1])
		}
		for _, again := range read(r) {
			if again.Quality != sensors.Bad || again.Reason != sensors.Timeout {
				t.Errorf("the same position again: %s", again)
			}
		}
	})
}

func TestAStaleFixIsBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := started(t, config())
		p.say(fix(0, "A"))
		time.Sleep(time.Second)
		p.say(fix(0, "A"))
		time.Sleep(2*time.Second + time.Millisecond)
		for _, got := range read(r) {
			if got.Quality != sensors.Bad || got.Reason != sensors.Timeout {
				t.Errorf("a fix older than three periods: %s", got)
			}
		}
	})
}

func TestTimeIsOffered(t *testing.T) {
	drive := func(r *Receiver, p *port, moments int, ahead time.Duration, status string) {
		for range moments {
			p.say(fix(ahead, status))
			time.Sleep(time.Second)
		}
		synctest.Wait()
	}
	for _, tt := range []struct {
		name string
		run  func(*Receiver, *port)
		want bool
	}{
		{"after four fixes that ran with our clock", func(r *Receiver, p *port) { drive(r, p, 5, time.Hour, "A") }, true},
		{"not after three", func(r *Receiver, p *port) { drive(r, p, 4, time.Hour, "A") }, false},
		{"not without a fix", func(r *Receiver, p *port) { drive(r, p, 9, time.Hour, "V") }, false},
		{"not when the weeks have rolled over", func(r *Receiver, p *port) { drive(r, p, 9, -1024*7*24*time.Hour, "A") }, false},
		{"not when it is more than five years after the build", func(r *Receiver, p *port) { drive(r, p, 9, 1900*24*time.Hour, "A") }, false},
		{"not right after a step", func(r *Receiver, p *port) {
			drive(r, p, 5, time.Hour, "A")
			drive(r, p, 3, time.Hour+18*time.Second, "A")
		}, false},
		{"again when it ran evenly after a step", func(r *Receiver, p *port) {
			drive(r, p, 5, 0, "A")
			drive(r, p, 6, time.Hour, "A")
		}, true},
		{"not when the receiver has fallen silent", func(r *Receiver, p *port) {
			drive(r, p, 5, time.Hour, "A")
			time.Sleep(3 * time.Second)
		}, false},
		{"not when the fix was lost", func(r *Receiver, p *port) {
			drive(r, p, 5, time.Hour, "A")
			drive(r, p, 2, time.Hour, "V")
		}, false},
		{"not when the port is gone", func(r *Receiver, p *port) {
			drive(r, p, 5, time.Hour, "A")
			p.unplug()
			synctest.Wait()
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, p := started(t, config())
				tt.run(r, p)
				utc, at, ok := r.Time()
				if ok != tt.want {
					t.Fatalf("offered %v, want %v", ok, tt.want)
				}
				if off := utc.Sub(at) - time.Hour; ok && off != 0 {
					t.Errorf("an hour ahead of our clock, but off by %s", off)
				}
			})
		})
	}
}

func TestALostPortIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, p := started(t, config())
		p.unplug()
		time.Sleep(10 * time.Minute)
		if n := p.tries(); n < 9 || n > 20 {
			t.Errorf("%d tries in ten minutes, want growing pauses of up to a minute", n)
		}
		if got := r.Status(); got.Linked || got.Fault != "open the receiver's port: no such device" {
			t.Errorf("status %+v", got)
		}
		p.plug()
		time.Sleep(time.Minute)
		p.say(fix(0, "A"))
		time.Sleep(time.Second)
		p.say(fix(0, "A"))
		if got := read(r)[0]; got.Quality != sensors.Good {
			t.Errorf("after it was plugged in again: %s", got)
		}
	})
}

// quietPort answers reads with nothing after a time-out, as serial ports do.
type quietPort struct{ closed chan struct{} }

func (q quietPort) Read([]byte) (int, error) {
	select {
	case <-q.closed:
		return 0, io.EOF
	case <-time.After(100 * time.Millisecond):
		return 0, nil
	}
}
func (q quietPort) Close() error { close(q.closed); return nil }

func TestASilentPortEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := New(config(), NMEA{Open: func(context.Context) (io.ReadCloser, error) { return quietPort{make(chan struct{})}, nil }})
		if err != nil {
			t.Fatal(err)
		}
		running(t, r)
		time.Sleep(time.Minute)
		if got := read(r)[0]; got.Reason != sensors.Timeout {
			t.Errorf("%s", got)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no") }
	for name, change := range map[string]func(*Config, *Source){
		"no clock":      func(c *Config, _ *Source) { c.Now = nil },
		"no logger":     func(c *Config, _ *Source) { c.Logger = nil },
		"no build date": func(c *Config, _ *Source) { c.Built = time.Time{} },
		"no source":     func(_ *Config, s *Source) { *s = nil },
		"no dialer":     func(_ *Config, s *Source) { *s = Gpsd{} },
		"no port":       func(_ *Config, s *Source) { *s = NMEA{} },
		"no points":     func(c *Config, _ *Source) { c.Points = nil },
		"other channel": func(c *Config, _ *Source) { c.Points = map[sensors.PointID]string{latitude: "altitude"} },
		"period":        func(c *Config, _ *Source) { c.Period = time.Microsecond },
		"bound":         func(c *Config, _ *Source) { c.Bound = -1 },
	} {
		cfg, source := config(), Source(Gpsd{Dial: dial})
		change(&cfg, &source)
		if _, err := New(cfg, source); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
