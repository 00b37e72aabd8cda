package gnss

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"time"
)

// DefaultGpsd is where gpsd listens (IANA port 2947).
const DefaultGpsd = "127.0.0.1:2947"

// longestJSON bounds a line of gpsd's; a SKY report of all systems has 8 kB.
const longestJSON = 64 << 10

// Gpsd is a receiver behind gpsd's JSON protocol (gpsd_json(5), protocol 3).
type Gpsd struct {
	Address string // empty: DefaultGpsd
	Device  string // one receiver's path, where gpsd serves several
	// Dial opens the connection, for example (*net.Dialer).DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

func (s Gpsd) check() error {
	if s.Dial == nil {
		return errors.New("a function that dials gpsd is required")
	}
	return nil
}

// watch asks for reports: ?WATCH={"enable":true,"json":true};
func (s Gpsd) watch() ([]byte, error) {
	w, err := json.Marshal(struct {
		Enable bool   `json:"enable"`
		JSON   bool   `json:"json"`
		Device string `json:"device,omitempty"`
	}{true, true, s.Device})
	return append(append([]byte("?WATCH="), w...), ";\n"...), err
}

func (s Gpsd) follow(ctx context.Context, r *Receiver) error {
	address := s.Address
	if address == "" {
		address = DefaultGpsd
	}
	quiet := max(10*time.Second, 5*r.cfg.Period)
	dialing, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	conn, err := s.Dial(dialing, "tcp", address)
	if err != nil {
		return fmt.Errorf("connect to gpsd: %w", err)
	}
	defer closeWith(ctx, conn)()
	watch, err := s.watch()
	if err != nil {
		return fmt.Errorf("gpsd %s: %w", address, err)
	}
	if err := say(conn, watch, quiet); err != nil {
		return fmt.Errorf("gpsd %s: ask for reports: %w", address, err)
	}
	r.linkUp()
	return s.listen(ctx, r, conn, quiet)
}

// listen reads until the connection fails. gpsd says nothing while it has no
// receiver, so silence is answered with a question before the connection is
// given up.
func (s Gpsd) listen(ctx context.Context, r *Receiver, conn net.Conn, quiet time.Duration) error {
	var lines lineBuffer
	buf := make([]byte, 4096)
	asked := false
	for ctx.Err() == nil {
		// The connection's deadlines are the operating system's time.
		if err := conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
			return fmt.Errorf("gpsd %s: %w", s.Address, err)
		}
		n, err := conn.Read(buf)
		if n > 0 {
			asked = false
			at := r.cfg.Now()
			long := lines.feed(buf[:n], func(line []byte) { r.hear(line, at) })
			r.count(0, long, nil)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) && !asked {
			asked = true
			err = say(conn, []byte("?DEVICES;\n"), quiet)
		}
		if err != nil {
			return fmt.Errorf("gpsd %s: %w", s.Address, err)
		}
	}
	return ctx.Err()
}

func say(conn net.Conn, text []byte, within time.Duration) error {
	if err := conn.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := conn.Write(text)
	return err
}

// hear takes one line of gpsd's.
func (r *Receiver) hear(line []byte, at time.Time) {
	said, err := parseGpsd(line, at, r.cfg.Bound)
	if err != nil {
		r.count(1, 1, err)
		return
	}
	r.count(1, 0, said.fault)
	r.satellites(said.satellites)
	if said.position {
		r.take(said.report)
	}
}

// statement is what a line of gpsd's says to us.
type statement struct {
	report
	position   bool // it is a TPV
	satellites int  // -1 when not said
	fault      error
}

// gpsdLine holds the fields we read of the classes TPV, SKY, ERROR, VERSION
// and DEVICES.
type gpsdLine struct {
	Class      string            `json:"class"`
	Mode       int               `json:"mode"`
	Status     int               `json:"status"`
	Time       string            `json:"time"`
	Lat        *float64          `json:"lat"`
	Lon        *float64          `json:"lon"`
	Epx        *float64          `json:"epx"` // m, 95 %
	Epy        *float64          `json:"epy"` // m, 95 %
	USat       *int              `json:"uSat"`
	Message    string            `json:"message"`
	ProtoMajor int               `json:"proto_major"`
	Devices    []json.RawMessage `json:"devices"`
}

// The values of TPV's status that matter here.
const (
	statusDeadReckoning = 5
	statusSimulated     = 8
)

// parseGpsd reads one line. Classes that say nothing about position or
// receiver are sound and empty.
func parseGpsd(line []byte, at time.Time, bound float64) (statement, error) {
	out := statement{satellites: -1}
	var l gpsdLine
	if err := json.Unmarshal(line, &l); err != nil {
		return out, fmt.Errorf("gpsd: not a report: %w", err)
	}
	switch l.Class {
	case "TPV":
		out.position = true
		err := out.tpv(l, at, bound)
		return out, err
	case "SKY":
		if l.USat != nil && *l.USat >= 0 {
			out.satellites = *l.USat
		}
	case "ERROR":
		out.fault = fmt.Errorf("gpsd: %.120q", l.Message)
	case "VERSION":
		if l.ProtoMajor != 3 {
			out.fault = fmt.Errorf("gpsd speaks protocol %d; 3 is understood", l.ProtoMajor)
		}
	case "DEVICES":
		if len(l.Devices) == 0 {
			out.fault = errors.New("gpsd has no receiver; check DEVICES in /etc/default/gpsd")
		}
	case "":
		return out, errors.New("gpsd: a report without a class")
	}
	return out, nil
}

// tpv: mode 0 and 1 are no fix; 2 is two-dimensional, whose horizontal error
// grows with the error of the assumed height, so it is good only where gpsd
// bounds it; 3 is a fix.
func (s *statement) tpv(l gpsdLine, at time.Time, bound float64) error {
	s.at = at
	if l.Mode < 2 || l.Status == statusSimulated {
		return nil
	}
	if l.Lat == nil || l.Lon == nil {
		// gpsd has begun to gather a fix, from a GSA sentence for instance.
		s.position = false
		return nil
	}
	if err := s.place(*l.Lat, *l.Lon); errors.Is(err, errOrigin) {
		return nil
	} else if err != nil {
		return fmt.Errorf("gpsd: %w", err)
	}
	known := l.Epx != nil && l.Epy != nil
	s.doubtful = l.Status == statusDeadReckoning || !known && l.Mode == 2 ||
		known && !(math.Hypot(*l.Epx, *l.Epy) <= bound)
	if l.Time != "" && strings.HasSuffix(l.Time, "Z") {
		if t, err := time.Parse(time.RFC3339Nano, l.Time); err == nil {
			s.utc = t
		}
	}
	return nil
}

// lineBuffer cuts a stream into lines. One that is too long is passed over.
type lineBuffer struct {
	held []byte
	skip bool
}

func (b *lineBuffer) feed(data []byte, each func(line []byte)) (long uint64) {
	for _, c := range data {
		switch {
		case c == '\n':
			if !b.skip && len(b.held) > 0 {
				each(b.held)
			}
			b.held, b.skip = b.held[:0], false
		case b.skip || c == '\r':
		case len(b.held) == longestJSON:
			b.skip = true
			long++
		default:
			b.held = append(b.held, c)
		}
	}
	return long
}
