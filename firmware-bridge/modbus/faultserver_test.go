package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// faultServer is a Modbus TCP peer that misbehaves as a script says. It is
// written against the Messaging Guide and shares no code with the line.
//
// Register a of unit u holds valueOf(u, a), so that an answer to another
// question cannot look right.
type faultServer struct {
	// behave returns what to send for the n-th question (from 1) given the
	// right answer; nil means the right answer at once.
	behave func(n int, right []byte) []action
	refuse atomic.Bool

	asked, dialled atomic.Int32
}

// action is one thing the server does: wait, then send or hang up.
type action struct {
	after  time.Duration
	send   []byte
	hangUp bool
}

func valueOf(unit uint8, address uint16) uint16 { return address*31 + uint16(unit)*7 }

func (s *faultServer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.dialled.Add(1)
	if s.refuse.Load() {
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	client, server := net.Pipe()
	// Deep enough that the reader never waits for the writer, as a kernel's
	// socket buffer would be.
	todo := make(chan action, 1024)
	gone := make(chan struct{})
	go s.read(server, todo, gone)
	go write(server, todo, gone)
	return client, nil
}

func (s *faultServer) read(conn net.Conn, todo chan<- action, gone chan<- struct{}) {
	defer close(todo)
	defer close(gone)
	for {
		q := make([]byte, 12)
		if _, err := io.ReadFull(conn, q); err != nil {
			return
		}
		n := int(s.asked.Add(1))
		right := answerTo(q)
		var acts []action
		if s.behave != nil {
			acts = s.behave(n, right)
		}
		if acts == nil {
			acts = []action{{send: right}}
		}
		for _, a := range acts {
			todo <- a
		}
	}
}

func write(conn net.Conn, todo <-chan action, gone <-chan struct{}) {
	defer conn.Close()
	for a := range todo {
		if a.after > 0 {
			select {
			case <-time.After(a.after):
			case <-gone:
				return
			}
		}
		if a.hangUp {
			return
		}
		if _, err := conn.Write(a.send); err != nil {
			return
		}
	}
}

// answerTo builds the right answer to a read question.
func answerTo(q []byte) []byte {
	unit, function := q[6], q[7]
	address, quantity := binary.BigEndian.Uint16(q[8:]), binary.BigEndian.Uint16(q[10:])
	var data []byte
	if function <= 2 {
		data = make([]byte, (quantity+7)/8)
		for i := range quantity {
			if valueOf(unit, address+i)&1 == 1 {
				data[i/8] |= 1 << (i % 8)
			}
		}
	} else {
		for i := range quantity {
			data = binary.BigEndian.AppendUint16(data, valueOf(unit, address+i))
		}
	}
	answer := append([]byte(nil), q[:4]...)
	answer = binary.BigEndian.AppendUint16(answer, uint16(3+len(data)))
	return append(append(answer, unit, function, byte(len(data))), data...)
}

// edit returns a copy of an answer with one change.
func edit(right []byte, change func(a []byte) []byte) []byte {
	return change(append([]byte(nil), right...))
}

func exception(right []byte, code uint8) []byte {
	return append(append([]byte(nil), right[:4]...), 0, 3, right[6], right[7]|0x80, code)
}

// classOf names an error's class by the methods a caller would use, without
// the type's name.
func classOf(err error) string {
	var to interface{ Timeout() bool }
	var un interface{ Unreachable() bool }
	var bad interface{ BadAnswer() bool }
	var cancelled interface{ Canceled() bool }
	var ex interface{ Exception() uint8 }
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &to), !errors.As(err, &un), !errors.As(err, &bad), !errors.As(err, &cancelled), !errors.As(err, &ex):
		return "untyped"
	case to.Timeout():
		return "timeout"
	case un.Unreachable():
		return "unreachable"
	case bad.BadAnswer():
		return "bad answer"
	case cancelled.Canceled():
		return "cancelled"
	case ex.Exception() != 0:
		return "exception"
	}
	return "no class"
}
