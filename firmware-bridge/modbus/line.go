package modbus

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	goburrow "github.com/goburrow/modbus"
)

// DefaultTimeout is how long one question may take over Modbus TCP when
// Options says nothing.
const DefaultTimeout = time.Second

// maxQuiet is how many questions in a row a connection may leave without any
// answer before it is taken for dead and redialled. One silent slave behind a
// gateway does not reach it while its neighbours answer.
const maxQuiet = 3

// TCPLine is one Modbus TCP connection, opened at the first question and
// redialled when it fails. It is safe for concurrent use: questions wait for
// each other, as the wire behind a gateway makes them do anyway.
type TCPLine struct {
	owner

	// Held by the turn:
	conn net.Conn
	sess *session
	next uint16 // transaction number
}

// NewTCPLine returns a line to addr ("host:port"). It does not dial yet.
func NewTCPLine(addr string, o Options) *TCPLine {
	o.defaults(DefaultTimeout)
	// A number that does not restart with the process: a serial server may
	// still hold the answer to a question asked before.
	l := &TCPLine{next: uint16(o.Jitter() * 65536)}
	l.init("modbus-tcp", addr, o, l)
	return l
}

// ask dials if needed and asks once; a second time only when a connection
// that had idled turned out to be closed by the peer, which many serial
// servers do between two polls. Reads may be repeated without harm; before a
// write the idle connection is tried with a read.
func (l *TCPLine) ask(ctx context.Context, q question) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, l.o.Timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	reused := l.conn != nil
	if q.function == writeCoil && reused {
		if _, err := l.ask(ctx, question{slave: q.slave, function: readCoils, address: q.address, quantity: 1}); err != nil {
			return nil, err
		}
		reused = false
	}
	if err := l.dial(ctx); err != nil {
		return nil, err
	}
	data, err := l.exchange(ctx, q)
	if err != nil && reused && cutByPeer(err) && ctx.Err() == nil {
		if err := l.dial(ctx); err != nil {
			return nil, err
		}
		data, err = l.exchange(ctx, q)
	}
	return data, err
}

// dial opens the connection unless it is open or its time has not come.
func (l *TCPLine) dial(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	return l.open(ctx, func() error {
		conn, err := l.o.Dial(ctx, "tcp", l.name)
		if err == nil {
			l.conn, l.sess = conn, &session{conn: conn}
		}
		return err
	})
}

// exchange asks one question on the open connection, and closes it after any
// error that leaves doubt about what comes next.
func (l *TCPLine) exchange(ctx context.Context, q question) ([]byte, error) {
	conn, sess := l.conn, l.sess
	release := hold(ctx, conn.SetDeadline)
	l.next++
	l.sent = l.o.Now()
	data, err := q.ask(newClient(l.next, q.slave, sess))
	if release() {
		conn.SetDeadline(time.Time{})
	}

	if sess.answered {
		l.back.reset()
	}
	if err != nil && sess.err == nil {
		err = complaint(err)
	}
	var exception *goburrow.ModbusError
	switch {
	case err == nil || errors.As(err, &exception):
	case sess.inStep && silent(err) && sess.quiet < maxQuiet:
		// Nothing began to arrive: the connection is in step, and a late
		// answer will be known by its number.
	default:
		if !sess.answered && cutByPeer(err) {
			// Accepted and cut at once, as by a serial server whose one place
			// is taken. It counts as a refused dial.
			l.back.fail(l.o.Now(), l.o.Jitter(), err)
		}
		l.hangUp()
	}
	return data, err
}

// silent reports a time-out before the first byte of a frame.
func silent(err error) bool {
	var partial *partialError
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &partial)
}

func (l *TCPLine) hangUp() error {
	if l.conn == nil {
		return nil
	}
	err := l.conn.Close()
	l.conn, l.sess = nil, nil
	l.slaves.opening(false)
	return err
}
