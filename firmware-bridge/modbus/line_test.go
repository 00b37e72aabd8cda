package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestCancellationEndsABlockedReadAtOnce(t *testing.T) {
	s := &faultServer{behave: func(n int, _ []byte) []action {
		if n == 1 {
			return []action{}
		}
		return nil
	}}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		_, err := l.Read(ctx, 1, 3, 0, 1)
		if got := classOf(err); got != "cancelled" || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled read: %s (%v)", got, err)
		}
		if d := time.Since(began); d != 50*time.Millisecond {
			t.Errorf("cancelled after %v, returned after %v", 50*time.Millisecond, d)
		}
		if got := check(t, l, 1, 7); got != "ok" {
			t.Errorf("the next question: %s", got)
		}
	})
}

func TestTheEarlierOfDeadlineAndTimeoutCounts(t *testing.T) {
	s := &faultServer{behave: func(int, []byte) []action { return []action{} }}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		for _, tt := range []struct{ deadline, want time.Duration }{
			{100 * time.Millisecond, 100 * time.Millisecond},
			{10 * time.Second, testTimeout},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
			began := time.Now()
			_, err := l.Read(ctx, 1, 3, 0, 1)
			cancel()
			if d := time.Since(began); d != tt.want || classOf(err) != "timeout" {
				t.Errorf("deadline %v: %s after %v, want timeout after %v", tt.deadline, classOf(err), d, tt.want)
			}
		}
	})
}

func TestAWaitingQuestionHonoursItsContext(t *testing.T) {
	s := &faultServer{behave: func(int, []byte) []action { return []action{} }}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		var wg sync.WaitGroup
		wg.Go(func() { l.Read(t.Context(), 1, 3, 0, 1) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := l.Read(ctx, 2, 3, 0, 1); classOf(err) != "timeout" || time.Since(began) != 10*time.Millisecond {
			t.Errorf("waiting question: %v after %v", err, time.Since(began))
		}
		wg.Wait()
	})
}

func TestConcurrentQuestionsGetTheirOwnAnswers(t *testing.T) {
	s := &faultServer{behave: func(_ int, right []byte) []action { return []action{{after: time.Millisecond, send: right}} }}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		var wg sync.WaitGroup
		for unit := range uint8(8) {
			wg.Go(func() {
				for a := range uint16(50) {
					data, err := l.Read(t.Context(), unit, 4, a, 1)
					if err != nil || binary.BigEndian.Uint16(data) != valueOf(unit, a) {
						t.Errorf("unit %d register %d: % x, %v", unit, a, data, err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestBackOffCostsOneRefusedDialAndRecovers(t *testing.T) {
	s := &faultServer{}
	s.refuse.Store(true)
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		// Jitter 0.5 makes the waits exact.
		for _, wait := range []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second,
			8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second} {
			before := s.dialled.Load()
			for range 5 {
				_, err := l.Read(t.Context(), 1, 3, 0, 1)
				if classOf(err) != "unreachable" || !strings.Contains(err.Error(), "refused") {
					t.Fatalf("refused dial: %v", err)
				}
			}
			if n := s.dialled.Load() - before; n != 1 {
				t.Errorf("%d dials in one wait, want 1", n)
			}
			time.Sleep(wait - time.Millisecond) // synthetic time
			check(t, l, 1, 0)
			if n := s.dialled.Load() - before; n != 1 {
				t.Errorf("dialled again before %v", wait)
			}
			time.Sleep(time.Millisecond)
		}
		s.refuse.Store(false)
		if got := check(t, l, 1, 0); got != "ok" {
			t.Errorf("after the peer came back: %s", got)
		}
		if l.back != (backoff{first: firstRedial, max: maxRedial}) {
			t.Errorf("back-off is not reset by an answer: %+v", l.back)
		}
	})
}

func TestJitterStaysWithinAQuarter(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, j := range []float64{0, 0.25, 0.999} {
		b := backoff{first: firstRedial, max: maxRedial}
		b.fail(now, j, errors.New("x"))
		if left, blocked := b.blocked(now); !blocked || left < 375*time.Millisecond || left > 625*time.Millisecond {
			t.Errorf("jitter %v: wait %v", j, left)
		}
	}
}

func TestAClockSetBackDoesNotLengthenTheBackOff(t *testing.T) {
	b := backoff{first: firstRedial, max: maxRedial}
	b.fail(time.Unix(100000, 0), 0.5, errors.New("x"))
	if left, blocked := b.blocked(time.Unix(5, 0)); blocked {
		t.Errorf("still blocked for %v", left)
	}
}

func TestAPeerThatAcceptsAndHangsUpIsBackedOff(t *testing.T) {
	s := &faultServer{behave: func(int, []byte) []action { return []action{{hangUp: true}} }}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		for range 5 {
			if got := check(t, l, 1, 0); got != "unreachable" {
				t.Errorf("hung up: %s", got)
			}
		}
		if n := s.dialled.Load(); n != 1 {
			t.Errorf("%d dials, want 1", n)
		}
	})
}

// A serial server that closes idle connections must not fail every other poll.
func TestAConnectionClosedWhileIdleCostsNoQuestion(t *testing.T) {
	s := &faultServer{behave: func(_ int, right []byte) []action {
		return []action{{send: right}, {hangUp: true}}
	}}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		for i := range 5 {
			if got := check(t, l, 1, uint16(i)); got != "ok" {
				t.Errorf("question %d: %s", i, got)
			}
			synctest.Wait()
		}
	})
}

func TestCloseEndsTheQuestionUnderWayAndRefusesOthers(t *testing.T) {
	s := &faultServer{behave: func(int, []byte) []action { return []action{} }}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		result := make(chan error)
		go func() {
			_, err := l.Read(t.Context(), 1, 3, 0, 1)
			result <- err
		}()
		synctest.Wait()
		began := time.Now()
		closed := make(chan error)
		go func() { closed <- l.Close() }()
		if err := <-result; classOf(err) != "unreachable" || !errors.Is(err, net.ErrClosed) {
			t.Errorf("question under way: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close = %v", err)
		}
		if _, err := l.Read(t.Context(), 1, 3, 0, 1); classOf(err) != "unreachable" {
			t.Errorf("question after Close: %v", err)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("Close took %v", d)
		}
		if err := l.Close(); err != nil {
			t.Errorf("second Close = %v", err)
		}
	})
}

func TestQuestionsThatCannotBeAskedAreNotSent(t *testing.T) {
	s := &faultServer{}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		for _, q := range []question{
			{slave: 1, function: 0, quantity: 1}, {slave: 1, function: 5, quantity: 1}, {slave: 1, function: 16, quantity: 1},
			{slave: 1, function: 3}, {slave: 1, function: 3, quantity: 126}, {slave: 1, function: 1, quantity: 2001},
			{slave: 1, function: 4, address: 65535, quantity: 2},
		} {
			if _, err := l.Read(t.Context(), q.slave, q.function, q.address, q.quantity); err == nil {
				t.Errorf("%+v was asked", q)
			}
		}
		if n := s.dialled.Load(); n != 0 {
			t.Errorf("%d dials", n)
		}
	})
}

func TestErrorsNameTheQuestion(t *testing.T) {
	s := &faultServer{behave: func(_ int, r []byte) []action { return []action{{send: exception(r, 2)}} }}
	inBubble(t, s, func(t *testing.T, l *TCPLine) {
		_, err := l.Read(t.Context(), 17, 4, 403, 2)
		for _, want := range []string{"fault:502", "slave 17", "function 4", "address 403", "quantity 2", "illegal data address"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error %q does not say %q", err, want)
			}
		}
	})
}
