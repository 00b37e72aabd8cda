package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const testTimeout = 500 * time.Millisecond

// inBubble runs a test in synthetic time on a line to a fault server.
func inBubble(t *testing.T, s *faultServer, f func(t *testing.T, l *TCPLine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := NewTCPLine("fault:502", Options{Timeout: testTimeout, Dial: s.dial, Jitter: func() float64 { return 0.5 }})
		defer l.Close()
		f(t, l)
	})
}

// check reads one register and reports its error's class; a value that is not
// the register's fails the test whatever the fault.
func check(t *testing.T, l *TCPLine, unit uint8, address uint16) string {
	t.Helper()
	data, err := l.Read(context.Background(), unit, 3, address, 1)
	if err == nil && binary.BigEndian.Uint16(data) != valueOf(unit, address) {
		t.Fatalf("unit %d register %d: WRONG VALUE %d without an error, want %d",
			unit, address, binary.BigEndian.Uint16(data), valueOf(unit, address))
	}
	return classOf(err)
}

// Each fault hits the second question. The third must be right at once: a
// fault never costs more than the question it hit.
func TestFaultsBecomeErrorsAndTheNextAnswerIsRight(t *testing.T) {
	send := func(f func(a []byte) []byte) func([]byte) []action {
		return func(right []byte) []action { return []action{{send: edit(right, f)}} }
	}
	tests := []struct {
		name     string
		fault    func(right []byte) []action
		want     string
		dials    int32 // in all three questions
		contains string
	}{
		{"silence", func([]byte) []action { return []action{} }, "timeout", 1, ""},
		{"late answer", func(r []byte) []action { return []action{{after: testTimeout * 3 / 2, send: r}} }, "timeout", 1, ""},
		{"peer closes", func([]byte) []action { return []action{{hangUp: true}} }, "ok", 2, ""}, // asked again on a new connection
		{"half frame then silence", func(r []byte) []action { return []action{{send: r[:8]}} }, "timeout", 2, "in the middle"},
		{"half header then silence", func(r []byte) []action { return []action{{send: r[:3]}} }, "timeout", 2, "in the middle"},
		{"half frame then close", func(r []byte) []action { return []action{{send: r[:8]}, {hangUp: true}} }, "unreachable", 2, "in the middle"},
		{"slow trickle beyond the time", trickle(testTimeout / 4), "timeout", 2, "in the middle"},
		{"slow trickle within the time", trickle(testTimeout / 100), "ok", 1, ""},
		{"wrong transaction", send(func(a []byte) []byte { a[0] ^= 0x40; return a }), "bad answer", 2, "never asked"},
		{"transaction from the future", send(func(a []byte) []byte { putTID(a, tid(a)+1); return a }), "bad answer", 2, "never asked"},
		{"answer of the question before", send(func(a []byte) []byte { putTID(a, tid(a)-1); return a }), "timeout", 1, ""},
		{"old answer, then the right one", func(r []byte) []action {
			return []action{{send: edit(r, func(a []byte) []byte { putTID(a, tid(a)-1); a[9] ^= 0xFF; return a })}, {send: r}}
		}, "ok", 1, ""},
		{"wrong unit", send(func(a []byte) []byte { a[6]++; return a }), "bad answer", 2, "unit"},
		{"wrong function", send(func(a []byte) []byte { a[7] = 4; return a }), "bad answer", 2, "function"},
		{"wrong protocol", send(func(a []byte) []byte { a[3] = 1; return a }), "bad answer", 2, "protocol"},
		{"byte count too small", send(func(a []byte) []byte { a[8] = 1; return a }), "bad answer", 2, ""},
		{"byte count too large", send(func(a []byte) []byte { a[8] = 200; return a }), "bad answer", 2, ""},
		{"consistent but too long", send(func(a []byte) []byte { a[5], a[8] = 7, 4; return append(a, 1, 2) }), "bad answer", 2, "data bytes"},
		{"consistent but empty", send(func(a []byte) []byte { a[5], a[8] = 3, 0; return a[:9] }), "bad answer", 2, ""},
		{"no PDU", send(func(a []byte) []byte { a[5] = 2; return a[:8] }), "bad answer", 2, ""},
		{"oversize length", send(func(a []byte) []byte { a[4] = 1; return a }), "bad answer", 2, "length"},
		{"zero length", send(func(a []byte) []byte { a[5] = 0; return a }), "bad answer", 2, "length"},
		{"surplus bytes", send(func(a []byte) []byte { return append(a, 0xDE, 0xAD) }), "ok", 1, ""},
		{"exception without a code", func(r []byte) []action {
			return []action{{send: edit(exception(r, 2), func(a []byte) []byte { a[5] = 2; return a[:8] })}}
		}, "bad answer", 2, "exception"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &faultServer{behave: func(n int, right []byte) []action {
				if n == 2 {
					return tt.fault(right)
				}
				return nil
			}}
			inBubble(t, s, func(t *testing.T, l *TCPLine) {
				if got := check(t, l, 1, 100); got != "ok" {
					t.Fatalf("first question: %s", got)
				}
				data, err := l.Read(t.Context(), 1, 3, 200, 1)
				if got := classOf(err); got != tt.want {
					t.Errorf("the fault gives %s (%v, % x), want %s", got, err, data, tt.want)
				}
				if err == nil && binary.BigEndian.Uint16(data) != valueOf(1, 200) {
					t.Errorf("WRONG VALUE % x", data)
				}
				if tt.contains != "" && (err == nil || !strings.Contains(err.Error(), tt.contains)) {
					t.Errorf("error %q does not say %q", err, tt.contains)
				}
				if tt.name == "surplus bytes" {
					// They look like the beginning of the next answer.
					if got := check(t, l, 1, 300); got != "bad answer" && got != "timeout" {
						t.Errorf("the question after surplus bytes: %s", got)
					}
				}
				if got := check(t, l, 1, 300); got != "ok" {
					t.Errorf("the next question: %s", got)
				}
				if got := s.dialled.Load(); tt.name != "surplus bytes" && got != tt.dials {
					t.Errorf("%d dials, want %d", got, tt.dials)
				}
			})
		})
	}
}

func tid(a []byte) uint16       { return binary.BigEndian.Uint16(a) }
func putTID(a []byte, v uint16) { binary.BigEndian.PutUint16(a, v) }

// trickle sends the answer byte by byte.
func trickle(pause time.Duration) func([]byte) []action {
	return func(right []byte) (acts []action) {
		for i := range right {
			acts = append(acts, action{after: pause, send: right[i : i+1]})
		}
		return acts
	}
}

func TestExceptionsKeepTheirCodeAndTheConnection(t *testing.T) {
	for _, code := range []uint8{1, 2, 3, 4, 5, 6, 8, 10, 11} {
		s := &faultServer{behave: func(n int, right []byte) []action {
			if n == 1 {
				// In two pieces: P4 of the field's pitfalls.
				e := exception(right, code)
				return []action{{send: e[:8]}, {after: 20 * time.Millisecond, send: e[8:]}}
			}
			return nil
		}}
		inBubble(t, s, func(t *testing.T, l *TCPLine) {
			_, err := l.Read(t.Context(), 1, 4, 0, 1)
			var ex interface{ Exception() uint8 }
			if !errors.As(err, &ex) || ex.Exception() != code || classOf(err) != "exception" {
				t.Errorf("exception %d gives %v", code, err)
			}
			if got := check(t, l, 1, 1); got != "ok" || s.dialled.Load() != 1 {
				t.Errorf("after exception %d: %s on connection %d", code, got, s.dialled.Load())
			}
		})
	}
}

// The headline: answers that come after their time are never taken for the
// answers to later questions, over 10 000 questions to two units.
func TestLateAnswersNeverBecomeWrongValues(t *testing.T) {
	s := &faultServer{behave: func(n int, right []byte) []action {
		switch {
		case n%7 == 0:
			return []action{{after: testTimeout * 3 / 2, send: right}}
		case n%101 == 0: // late by several questions
			return []action{{after: testTimeout * 5 / 2, send: right}}
		}
		return nil
	}}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		count := map[string]int{}
		for i := range 10000 {
			count[check(t, l, uint8(1+i%2), uint16(i%50))]++
		}
		if count["ok"] < 8000 || count["timeout"] < 1000 || count["ok"]+count["timeout"] != 10000 {
			t.Errorf("outcomes %v: want mostly ok, some timeouts, nothing else", count)
		}
	})
}

func TestTransactionNumbersWrap(t *testing.T) {
	s := &faultServer{behave: func(n int, right []byte) []action {
		if n%3 == 0 {
			return []action{{after: testTimeout * 3 / 2, send: right}}
		}
		return nil
	}}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		l.next = 65530
		for i := range 12 {
			if got := check(t, l, 1, uint16(i)); got != "ok" && got != "timeout" {
				t.Errorf("question %d: %s", i, got)
			}
		}
	})
}

func TestAConnectionThatStaysSilentIsRedialled(t *testing.T) {
	s := &faultServer{behave: func(n int, _ []byte) []action {
		if n <= maxQuiet {
			return []action{}
		}
		return nil
	}}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		for range maxQuiet {
			if got := check(t, l, 1, 0); got != "timeout" {
				t.Errorf("silent connection: %s", got)
			}
		}
		time.Sleep(firstSilence) // synthetic time: the slave's own back-off
		if got := check(t, l, 1, 0); got != "ok" || s.dialled.Load() != 2 {
			t.Errorf("after %d silent questions: %s on connection %d", maxQuiet, got, s.dialled.Load())
		}
	})
}

// One dead slave behind a gateway must not cost its neighbours the connection.
func TestADeadSlaveKeepsTheConnectionOfItsNeighbours(t *testing.T) {
	s := &faultServer{behave: func(_ int, right []byte) []action {
		if right[6] == 9 {
			return []action{}
		}
		return nil
	}}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		for range 10 {
			if got := check(t, l, 9, 0); got != "timeout" {
				t.Errorf("dead slave: %s", got)
			}
			if got := check(t, l, 1, 0); got != "ok" {
				t.Errorf("its neighbour: %s", got)
			}
		}
		if n := s.dialled.Load(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
	})
}
