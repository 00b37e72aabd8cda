package modbus

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/firmware-bridge/modbus/modbustest"
)

// char is one character's time at 9600 8N1.
const char = 10 * time.Second / 9600

// tagged is the data of a right answer: every value names its slave, its
// address and the running number of the very question, so that any other
// question's answer is a different one.
func tagged(q modbustest.Question) []byte {
	tag := []byte{q.Slave, byte(q.Address), byte(q.N >> 8), byte(q.N)}
	if q.Function <= 2 {
		return tag[:(q.Quantity+7)/8]
	}
	var out []byte
	for i := range q.Quantity {
		// slave 3 bits, address 5 bits, number 8 bits
		out = append(out, q.Slave<<5|byte(q.Address+i)&31, byte(q.N))
	}
	return out
}

// pollMixture asks n questions of a bus that misbehaves at random and fails
// the test at the first wrong value, at a healthy question without its answer,
// and at a slave that does not come back after its back-off.
func pollMixture(t *testing.T, l *RTULine, bus *modbustest.Bus, faults *modbustest.Faults, n int, strict bool, rest func(time.Duration)) (outcomes map[string]int) {
	r := rand.New(rand.NewPCG(3, 5))
	outcomes = map[string]int{}
	returned := map[uint8]bool{} // slaves whose back-off has just passed
	for i := range n {
		q := modbustest.Question{Slave: uint8(1 + r.IntN(5)), Function: uint8(1 + r.IntN(4)), Address: uint16(r.IntN(30)), Quantity: 1 + uint16(r.IntN(2))}
		if q.Function <= 2 {
			q.Quantity = 32
		}
		before := bus.Asked()
		began := time.Now()
		data, err := l.Read(context.Background(), q.Slave, q.Function, q.Address, q.Quantity)
		got := classOf(err)
		outcomes[got]++
		q.N = bus.Asked()
		if err == nil && !bytes.Equal(data, tagged(q)) {
			t.Errorf("poll %d %+v: WRONG VALUE % x, want % x", i, q, data, tagged(q))
			return outcomes
		}
		var e *Error
		if errors.As(err, &e) && e.BackedOff() {
			if q.N != before {
				t.Errorf("poll %d: a slave that is backed off was asked", i)
			}
			if e.RetryAfter() > maxSilence*5/4 {
				t.Errorf("poll %d: backed off for %v", i, e.RetryAfter())
			}
			outcomes["backed off"]++
			returned[q.Slave] = true
			faults.Spare(q.Slave)
			rest(e.RetryAfter())
			continue
		}
		if !strict {
			continue
		}
		kind, noisy := faults.Last()
		spoiled := began.Before(noisy)
		switch {
		case spoiled || q.N == before:
		case (kind == modbustest.Healthy || kind == modbustest.Trickled || kind == modbustest.Afterwards) && got != "ok":
			t.Errorf("poll %d: %s question without its answer: %v (back from back-off: %v)", i, kind, err, returned[q.Slave])
			return outcomes
		case kind == modbustest.Exceptive && got != "exception":
			t.Errorf("poll %d: %s gives %s (%v)", i, kind, got, err)
			return outcomes
		}
		delete(returned, q.Slave)
	}
	return outcomes
}

// The headline: no mixture of faults makes a value wrong, and every slave is
// back as soon as it is asked again.
func TestNoWrongValueInAnyMixtureOfFaults(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		faults := &modbustest.Faults{Rand: rand.New(rand.NewPCG(1, 2)), Rate: 0.3, Timeout: 200 * time.Millisecond, LateWindow: 300 * time.Millisecond}
		bus := &modbustest.Bus{Data: tagged, Behave: faults.Behave}
		l := lineTo(t, bus, RTUOptions{Options: Options{Timeout: faults.Timeout}, LateWindow: faults.LateWindow})
		outcomes := pollMixture(t, l, bus, faults, polls, true, func(d time.Duration) { time.Sleep(d) })
		dealt := faults.Count()
		t.Logf("%v; dealt %v; %+v", outcomes, dealt, l.Stats())
		if outcomes["ok"] < polls/2 {
			t.Errorf("only %d of %d answered", outcomes["ok"], polls)
		}
		for _, k := range []string{"ok", "timeout", "bad answer", "exception", "backed off"} {
			if outcomes[k] == 0 {
				t.Errorf("no outcome %q: the mixture is too tame", k)
			}
		}
		for kind, n := range dealt {
			if n < polls/1000 {
				t.Errorf("fault %q was dealt %d times in %d", kind, n, polls)
			}
		}
		var late uint64
		for _, s := range l.Stats().Slaves {
			late += s.Timeouts
			if sum := s.Answered + s.Timeouts + s.CRCErrors + s.Exceptions + s.BadAnswers; sum != s.Asked {
				t.Errorf("slave %d: %+v does not add up", s.Slave, s)
			}
		}
		if late == 0 || l.Stats().Strays == 0 {
			t.Errorf("nothing late, nothing stray: %+v", l.Stats())
		}
	})
	if d := time.Since(began); d > 55*time.Second {
		t.Errorf("took %v", d)
	}
}

// What cannot be caught: RTU answers carry no number, so an answer that comes
// after the late window, while the same question is asked again, is taken.
// Another slave's, another function's or another quantity's is still refused.
func TestAnAnswerLaterThanTheLateWindowIsTheLimit(t *testing.T) {
	const timeout, window = 200 * time.Millisecond, 300 * time.Millisecond
	tests := []struct {
		name   string
		second modbustest.Question
		want   string
	}{
		{"same slave, function and quantity", modbustest.Question{Slave: 1, Function: 3, Address: 9, Quantity: 1}, "ok"}, // and wrong
		{"other quantity", modbustest.Question{Slave: 1, Function: 3, Address: 9, Quantity: 2}, "bad answer"},
		{"other function", modbustest.Question{Slave: 1, Function: 4, Address: 9, Quantity: 1}, "bad answer"},
		{"other slave", modbustest.Question{Slave: 2, Function: 3, Address: 9, Quantity: 1}, "bad answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
					if q.N == 1 { // asked at 0, given up at 0.2 s, free to ask at 0.5 s
						return []modbustest.Action{{After: timeout + window + 60*time.Millisecond, Send: right}}
					}
					return []modbustest.Action{{After: 100 * time.Millisecond, Send: right}}
				}}
				l := lineTo(t, bus, RTUOptions{Options: Options{Timeout: timeout}, LateWindow: window})
				if _, err := l.Read(t.Context(), 1, 3, 5, 1); classOf(err) != "timeout" {
					t.Fatalf("first question: %v", err)
				}
				q := tt.second
				data, err := l.Read(t.Context(), q.Slave, q.Function, q.Address, q.Quantity)
				if got := classOf(err); got != tt.want {
					t.Fatalf("second question: %s (%v)", got, err)
				}
				first := modbustest.Question{N: 1, Slave: 1, Function: 3, Address: 5, Quantity: 1}
				if err == nil && !bytes.Equal(data, tagged(first)) {
					t.Errorf("got % x: not the documented limit, the first question's % x", data, tagged(first))
				}
				// A window that covers the slave's worst latency closes it.
				if _, err := l.Read(t.Context(), 1, 3, 5, 1); tt.want != "ok" && classOf(err) != "ok" {
					t.Errorf("after the refusal: %v", err)
				}
			})
		})
	}
}
