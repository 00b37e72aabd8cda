package gnss

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/sensors"
)

func TestGpsdReports(t *testing.T) {
	at := time.Unix(1, 0)
	for _, tt := range []struct{ name, line, want string }{
		{"three-dimensional fix", `{"class":"TPV","device":"/dev/pts/1","mode":3,"time":"2026-11-23T02:15:33.000Z","ept":0.005,"lat":40.540013333,"lon":107.27,"alt":1050.1,"epx":8.1,"epy":9.2,"epv":20.7}`, "40.5400133 107.27 2026-11-23T02:15:33Z"},
		{"fix without error estimate", `{"class":"TPV","mode":3,"lat":40.54,"lon":107.27}`, "40.54 107.27"},
		{"two dimensions, bounded", `{"class":"TPV","mode":2,"lat":40.54,"lon":107.27,"epx":8,"epy":9}`, "40.54 107.27"},
		{"two dimensions, error unknown", `{"class":"TPV","mode":2,"lat":40.54,"lon":107.27}`, "40.54 107.27 doubtful"},
		{"large error", `{"class":"TPV","mode":3,"lat":40.54,"lon":107.27,"epx":80,"epy":90}`, "40.54 107.27 doubtful"},
		{"dead reckoning", `{"class":"TPV","mode":3,"status":5,"lat":40.54,"lon":107.27,"epx":8,"epy":9}`, "40.54 107.27 doubtful"},
		{"simulated", `{"class":"TPV","mode":3,"status":8,"lat":40.54,"lon":107.27}`, "no fix"},
		{"mode 1 is no fix", `{"class":"TPV","mode":1,"lat":40.54,"lon":107.27}`, "no fix"},
		{"mode 0 is no fix", `{"class":"TPV","mode":0}`, "no fix"},
		{"mode missing", `{"class":"TPV","lat":40.54,"lon":107.27}`, "no fix"},
		{"fix without position", `{"class":"TPV","mode":3,"lat":40.54}`, "nothing"},
		{"exactly 0, 0", `{"class":"TPV","mode":3,"lat":0.0,"lon":0.0}`, "no fix"},
		{"not on the Earth", `{"class":"TPV","mode":3,"lat":91,"lon":0.0}`, "refused"},
		{"a time that is none", `{"class":"TPV","mode":3,"time":"yesterday","lat":40.54,"lon":107.27}`, "40.54 107.27"},
		{"satellites", `{"class":"SKY","device":"/dev/pts/1","uSat":8,"satellites":[{"PRN":1,"used":true}]}`, "8 satellites"},
		{"error", `{"class":"ERROR","message":"Can't open /dev/ttyUSB7"}`, `fault: gpsd: "Can't open /dev/ttyUSB7"`},
		{"no receiver", `{"class":"DEVICES","devices":[]}`, "fault: gpsd has no receiver"},
		{"receiver", `{"class":"DEVICES","devices":[{"class":"DEVICE","path":"/dev/pts/1"}]}`, "nothing"},
		{"version", `{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}`, "nothing"},
		{"another protocol", `{"class":"VERSION","release":"9","proto_major":4,"proto_minor":0}`, "fault: gpsd speaks protocol 4"},
		{"a class of tomorrow", `{"class":"RTK","x":[1]}`, "nothing"},
		{"no class", `{}`, "refused"},
		{"other types", `{"class":"TPV","mode":"3","lat":"40"}`, "refused"},
		{"no JSON", `$GPRMC,`, "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseGpsd([]byte(tt.line), at, DefaultBound)
			var got string
			switch {
			case err != nil:
				got = "refused"
			case s.fault != nil:
				got = "fault: " + s.fault.Error()
			case s.satellites >= 0:
				got = fmt.Sprint(s.satellites, " satellites")
			case !s.position:
				got = "nothing"
			case !s.fix:
				got = "no fix"
			default:
				got = fmt.Sprint(s.latitude, " ", s.longitude)
				if !s.utc.IsZero() {
					got += " " + s.utc.Format(time.RFC3339)
				}
				if s.doubtful {
					got += " doubtful"
				}
			}
			if !strings.HasPrefix(got, tt.want) || tt.want != got && !strings.HasPrefix(tt.want, "fault") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// daemon plays gpsd on one end of a pipe.
type daemon struct {
	conn  net.Conn
	heard chan string
}

func (d daemon) say(lines ...string) {
	for _, l := range lines {
		_, _ = io.WriteString(d.conn, l+"\r\n")
	}
	synctest.Wait()
}

// dialed starts a receiver behind gpsd and gives the connections it makes.
func dialed(t *testing.T) (*Receiver, chan daemon) {
	t.Helper()
	made := make(chan daemon, 10)
	r, err := New(config(), Gpsd{Device: "/dev/gnss0", Dial: func(_ context.Context, network, address string) (net.Conn, error) {
		if network != "tcp" || address != DefaultGpsd {
			return nil, errors.New("dialed " + address)
		}
		ours, theirs := net.Pipe()
		d := daemon{theirs, make(chan string, 10)}
		go func() {
			for s := bufio.NewScanner(theirs); s.Scan(); {
				d.heard <- s.Text()
			}
			close(d.heard)
		}()
		made <- d
		return ours, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	running(t, r)
	return r, made
}

func TestGpsdConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, made := dialed(t)
		d := <-made
		if got, want := <-d.heard, `?WATCH={"enable":true,"json":true,"device":"/dev/gnss0"};`; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		d.say(`{"class":"VERSION","release":"3.22","proto_major":3}`, `{"class":"SKY","uSat":9}`)
		if got := read(r)[0]; got.Reason != sensors.Timeout {
			t.Errorf("before any position: %s", got)
		}
		d.say(`{"class":"TPV","mode":1}`)
		if got := read(r)[0]; got.Reason != sensors.NoFix {
			t.Errorf("mode 1: %s", got)
		}
		d.say(`{"class":"TPV","mode":2,"lat":40.54,"lon":107.27}`)
		if got := read(r)[0]; got.Quality != sensors.Uncertain || got.Reason != sensors.Imprecise {
			t.Errorf("mode 2 without bounds: %s", got)
		}
		time.Sleep(time.Second)
		d.say(strings.Repeat("x", 2*longestJSON), `{"class":"TPV","mode":3,"lat":40.54,"lon":107.27}`)
		if got := read(r)[0]; got.Quality != sensors.Good {
			t.Errorf("mode 3 behind an endless line: %s", got)
		}
		if s := r.Status(); !s.Linked || !s.Fix || s.Satellites != 9 || s.Refused != 1 {
			t.Errorf("status %+v", s)
		}
		time.Sleep(time.Second)
		// One moment, told after each of the receiver's sentences, and between.
		const told = `{"class":"TPV","mode":3,"time":"2000-01-01T00:00:02Z","lat":40.55,"lon":107.27}`
		d.say(told)
		if got := read(r)[0]; got.Quality != sensors.Good {
			t.Errorf("%s", got)
		}
		for _, line := range []string{told, `{"class":"TPV","mode":3,"epv":32.2}`, told, `{"class":"TPV","mode":1}`, told} {
			time.Sleep(100 * time.Millisecond)
			d.say(line)
			if got := read(r)[0]; got.Quality != sensors.Bad {
				t.Errorf("told again: %s", got)
			}
		}
		time.Sleep(time.Second)
		// The same before gpsd has heard a date.
		const undated = `{"class":"TPV","mode":3,"lat":40.56,"lon":107.27}`
		for i, want := range []sensors.Quality{sensors.Good, sensors.Bad, sensors.Bad} {
			d.say(undated)
			if got := read(r)[0]; got.Quality != want {
				t.Errorf("without a time, %d: %s", i, got)
			}
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		d.say(undated)
		if got := read(r)[0]; got.Quality != sensors.Good {
			t.Errorf("a truck that stands: %s", got)
		}
		_ = d.conn.Close()
		synctest.Wait()
		if got := read(r)[0]; got.Reason != sensors.Unreachable {
			t.Errorf("after gpsd went away: %s", got)
		}
		d = <-made
		<-d.heard
		d.say(`{"class":"TPV","mode":3,"lat":40.54,"lon":107.27}`)
		if got := read(r)[0]; got.Quality != sensors.Good {
			t.Errorf("after gpsd came back: %s", got)
		}
	})
}

func TestGpsdSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, made := dialed(t)
		d := <-made
		<-d.heard
		// gpsd is well and has no receiver: the connection is kept.
		for range 5 {
			if got := <-d.heard; got != "?DEVICES;" {
				t.Fatalf("asked %q", got)
			}
			d.say(`{"class":"DEVICES","devices":[]}`)
		}
		if s := r.Status(); !s.Linked || !strings.Contains(s.Fault, "no receiver") {
			t.Errorf("status %+v", s)
		}
		// A machine that vanished answers nothing at all.
		<-d.heard
		time.Sleep(10*time.Second + 500*time.Millisecond)
		if got := read(r)[0]; got.Reason != sensors.Unreachable {
			t.Errorf("%s", got)
		}
		if _, open := <-d.heard; open {
			t.Error("the dead connection is kept")
		}
		d = <-made
		<-d.heard
	})
}

// FuzzGpsd: no input panics, and a position is on the Earth.
func FuzzGpsd(f *testing.F) {
	f.Add([]byte(`{"class":"TPV","mode":3,"status":1,"time":"2026-11-23T02:15:33.000Z","lat":40.54,"lon":107.27,"epx":8,"epy":9}` + "\n" + `{"class":"SKY","uSat":9}` + "\n"))
	f.Add([]byte(`{"class":"DEVICES","devices":[]}` + "\r\n\n{"))
	f.Add([]byte(`{"class":"TPV","mode":3,"lat":1e308,"lon":-1e999}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var whole, pieces []string
		var a, b lineBuffer
		a.feed(data, func(l []byte) { whole = append(whole, string(l)) })
		for i := range data {
			b.feed(data[i:i+1], func(l []byte) { pieces = append(pieces, string(l)) })
		}
		if strings.Join(whole, "\n") != strings.Join(pieces, "\n") {
			t.Fatal("pieces make a difference")
		}
		for _, l := range whole {
			s, err := parseGpsd([]byte(l), time.Unix(1, 0), DefaultBound)
			if err == nil && s.fix && (!(s.latitude >= -90 && s.latitude <= 90) || !(s.longitude >= -180 && s.longitude <= 180)) {
				t.Fatalf("%q: %+v", l, s)
			}
		}
	})
}
