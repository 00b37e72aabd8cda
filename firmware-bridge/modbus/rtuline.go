package modbus

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	goburrow "github.com/goburrow/modbus"

	"coldchain/firmware-bridge/serial"
)

// The times of an RTU line where RTUOptions says nothing.
const (
	DefaultRTUTimeout = 500 * time.Millisecond
	DefaultLateWindow = 500 * time.Millisecond
	DefaultTurnaround = 20 * time.Millisecond
)

// The shortest wait that is sure to take up what has come: a port's Read looks
// once even when its time is over, a connection's does not, so a scheduler's
// delay must fit in.
const (
	minListenPort = 300 * time.Microsecond
	minListenConn = 2 * time.Millisecond
)

// Stream is the byte stream under an RTU line: a serial port or a connection
// to a serial server. Read returns what there is; its deadline may be moved
// while it waits.
type Stream interface {
	io.ReadWriteCloser
	SetReadDeadline(t time.Time) error
}

// RTUOptions are the times and collaborators of an RTU line. All have defaults.
type RTUOptions struct {
	Options
	// LateWindow is how long the line must have been silent after any fault,
	// counted from when the answer was due, before anything is asked again.
	// Timeout and LateWindow together must be at least the longest time that
	// any slave of the line may take: an answer that comes later still cannot
	// be told from the next one. Default DefaultLateWindow.
	LateWindow time.Duration
	// Turnaround is the pause when the slave changes; SlaveTurnaround, by
	// slave, replaces it for slaves that need another, and then also holds
	// between two questions to that slave. Default DefaultTurnaround.
	Turnaround      time.Duration
	SlaveTurnaround map[uint8]time.Duration
	// CharTime is one character's time on the wire; by default the serial
	// port's, and 9600 8N1 over TCP, where only the serial server knows it.
	CharTime time.Duration
	// Open replaces the port or the connection, for tests.
	Open func(ctx context.Context) (Stream, error)
}

// RTULine is one Modbus RTU line, on a serial port or behind a serial server.
// It is opened at the first question and re-opened by itself when it vanished.
// It is safe for concurrent use; questions wait for each other.
type RTULine struct {
	owner
	opt RTUOptions
	gap time.Duration // 3.5 characters
	// shortest listening that finds what has come
	least time.Duration

	// Held by the turn:
	stream Stream
	dirty  bool      // something that was not asked for may still come
	heard  time.Time // when the line was last not silent, or fell into doubt
	due    time.Time // when the latest question's answer had to be there
	last   uint8     // the slave asked last
}

// NewRTULine returns a line on a serial port. It does not open it yet, but the
// error says what is wrong with the port's settings.
func NewRTULine(port serial.Config, o RTUOptions) (*RTULine, error) {
	if err := port.Check(); err != nil {
		return nil, err
	}
	if o.CharTime <= 0 {
		o.CharTime = port.CharTime()
	}
	if o.Open == nil {
		o.Open = func(context.Context) (Stream, error) { return serial.Open(port) }
	}
	return newRTULine("modbus-rtu", port.Path, minListenPort, o), nil
}

// NewRTUOverTCPLine returns a line behind a serial server or DTU at addr
// ("host:port") that passes RTU frames through unchanged. It does not dial yet.
func NewRTUOverTCPLine(addr string, o RTUOptions) *RTULine {
	if o.CharTime <= 0 {
		o.CharTime = serial.Config{}.CharTime()
	}
	o.Options.defaults(DefaultRTUTimeout)
	if o.Open == nil {
		o.Open = func(ctx context.Context) (Stream, error) {
			bounded, cancel := context.WithTimeout(ctx, max(o.Timeout, DefaultTimeout))
			defer cancel()
			return o.Dial(bounded, "tcp", addr)
		}
	}
	return newRTULine("modbus-rtu-tcp", addr, minListenConn, o)
}

func newRTULine(kind, name string, least time.Duration, o RTUOptions) *RTULine {
	o.Options.defaults(DefaultRTUTimeout)
	if o.LateWindow <= 0 {
		o.LateWindow = DefaultLateWindow
	}
	if o.Turnaround <= 0 {
		o.Turnaround = DefaultTurnaround
	}
	// Modbus over Serial Line V1.02, section 2.5.1.1: 3.5 characters, fixed at
	// 1.75 ms above 19200 Bd.
	l := &RTULine{opt: o, least: least, gap: max(o.CharTime*7/2, 1750*time.Microsecond)}
	l.init(kind, name, o.Options, l)
	return l
}

// ask opens the line if needed, waits until it is silent, and asks once; a
// second time only when a port or connection that had idled turned out to be
// gone, as serial servers cut theirs between two polls. A write that may have
// gone out is not repeated.
func (l *RTULine) ask(ctx context.Context, q question) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	reused := l.stream != nil
	data, err := l.attempt(ctx, q)
	if l.stream == nil && reused && ctx.Err() == nil && (q.function != writeCoil || l.sent.IsZero()) {
		data, err = l.attempt(ctx, q)
	}
	if l.stream == nil && ctx.Err() == nil && !l.waiting() {
		// A port that opens and fails at once must not be opened all the time.
		l.back.fail(l.o.Now(), l.o.Jitter(), err)
	}
	return data, err
}

// waiting reports whether the next opening is being put off already.
func (l *RTULine) waiting() bool {
	_, blocked := l.back.blocked(l.o.Now())
	return blocked
}

// attempt leaves no stream behind when it has found it gone.
func (l *RTULine) attempt(ctx context.Context, q question) ([]byte, error) {
	if err := l.openStream(ctx); err != nil {
		return nil, err
	}
	release := hold(ctx, l.stream.SetReadDeadline)
	data, err := l.exchange(ctx, q)
	release()

	// Any error but a deadline's comes from a port or connection that is gone.
	var exception *goburrow.ModbusError
	var f *fault
	switch {
	case err == nil, errors.As(err, &exception), errors.As(err, &f):
		l.back.reset()
	case errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil:
	default:
		l.hangUp()
	}
	return data, err
}

// openStream opens the port or connection unless it is open or its time has
// not come. What was asked before by whomever may still be answered, and a
// serial server may hold what it heard while nobody was connected.
func (l *RTULine) openStream(ctx context.Context) error {
	if l.stream != nil {
		return nil
	}
	return l.open(ctx, func() error {
		s, err := l.opt.Open(ctx)
		if err == nil {
			l.stream = s
			l.doubt()
		}
		return err
	})
}

func (l *RTULine) exchange(ctx context.Context, q question) ([]byte, error) {
	if err := l.settle(ctx, q.slave); err != nil {
		return nil, err
	}
	l.last = q.slave
	t := &rtuExchange{line: l, ctx: ctx, q: q}
	data, err := q.ask(goburrow.NewClient2(rtuPackager{q.slave}, t))
	if err != nil && t.err == nil {
		err = complaint(err)
	}
	var exception *goburrow.ModbusError
	if err != nil && !errors.As(err, &exception) {
		l.doubt()
	} else {
		l.dirty = false
	}
	return data, err
}

// doubt makes the line dirty. The late window begins now, or when the answer
// was due if that is later: noise that ends a question early does not make its
// slave answer sooner.
func (l *RTULine) doubt() {
	l.dirty, l.heard = true, time.Now()
	if l.due.After(l.heard) {
		l.heard = l.due
	}
}

// settle waits until the line has been silent for as long as it must be before
// this slave is asked: 3.5 characters, the turnaround, or after a fault the
// late window. Bytes that come meanwhile are nobody's answer; they are thrown
// away and the late window begins anew.
func (l *RTULine) settle(ctx context.Context, slave uint8) error {
	patience := time.Now().Add(4*l.opt.LateWindow + l.o.Timeout)
	for {
		silence := l.pause(slave)
		if l.dirty {
			silence = max(silence, l.opt.LateWindow)
		}
		got, err := l.listen(ctx, max(time.Until(l.heard.Add(silence)), l.least))
		if err != nil {
			return err
		}
		if len(got) == 0 {
			return nil
		}
		l.slaves.stray(len(got))
		l.doubt()
		if time.Now().After(patience) {
			return badAnswer("not asked: the line has not been silent for %v (noise, or another master)", l.opt.LateWindow)
		}
	}
}

// pause is the silence that a line in order needs before a slave is asked.
func (l *RTULine) pause(slave uint8) time.Duration {
	of := func(slave uint8, otherwise time.Duration) time.Duration {
		if d, ok := l.opt.SlaveTurnaround[slave]; ok {
			return d
		}
		return otherwise
	}
	if slave == l.last {
		return max(l.gap, of(slave, 0))
	}
	return max(l.gap, of(slave, l.opt.Turnaround), of(l.last, l.opt.Turnaround))
}

// listen reads for a time and returns what came first; nothing at all when the
// line was silent.
func (l *RTULine) listen(ctx context.Context, d time.Duration) ([]byte, error) {
	var b [maxRTUFrame]byte
	n, err := l.read(ctx, b[:], time.Now().Add(d))
	if n > 0 {
		return b[:n], nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
		return nil, nil
	}
	return nil, err
}

// read is one Read with a deadline. It ends early with ctx.
func (l *RTULine) read(ctx context.Context, b []byte, until time.Time) (int, error) {
	if err := l.stream.SetReadDeadline(until); err != nil {
		return 0, err
	}
	// Only now: the deadline in the past that ends a read may have just been
	// replaced.
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := l.stream.Read(b)
	if n > 0 {
		l.heard = time.Now()
	}
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	return n, err
}

// rtuExchange is one question's transport seam for goburrow.
type rtuExchange struct {
	line *RTULine
	ctx  context.Context
	q    question
	err  error // why Send failed
}

var _ goburrow.Transporter = (*rtuExchange)(nil)

// Send writes the question, reads exactly one frame and hears that silence
// follows it.
func (x *rtuExchange) Send(ask []byte) (answer []byte, err error) {
	defer func() { x.err = err }()
	l := x.line
	if _, err := l.stream.Write(ask); err != nil {
		return nil, err
	}
	l.sent = l.o.Now()
	onWire := time.Duration(len(ask)+rtuAnswerSize(x.q)) * l.opt.CharTime
	l.heard = time.Now().Add(time.Duration(len(ask)) * l.opt.CharTime)
	l.due = time.Now().Add(onWire + l.o.Timeout)
	frame, err := x.frame(l.due)
	if err != nil {
		return nil, err
	}
	more, err := l.listen(x.ctx, l.gap)
	if err != nil {
		return nil, err
	}
	if len(more) > 0 {
		return nil, surplus(frame, more)
	}
	return frame, nil
}

// frame collects the answer byte by byte as it comes, for as long as it can
// still become one.
func (x *rtuExchange) frame(until time.Time) ([]byte, error) {
	var buffer [2 * maxRTUFrame]byte
	got := buffer[:0]
	for {
		n, err := x.line.read(x.ctx, buffer[len(got):], until)
		if err != nil {
			if len(got) > 0 {
				err = &partialError{err}
			}
			return nil, err
		}
		got = buffer[:len(got)+n]
		want, err := expectRTU(x.q, got)
		switch {
		case err != nil:
			return nil, err
		case want == 0 || len(got) < want:
		case len(got) > want:
			return nil, surplus(got[:want], got[want:])
		default:
			return got, checkRTU(got)
		}
	}
}

func (l *RTULine) hangUp() error {
	if l.stream == nil {
		return nil
	}
	err := l.stream.Close()
	l.stream = nil
	l.slaves.opening(false)
	return err
}
