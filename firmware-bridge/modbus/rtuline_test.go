package modbus

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/firmware-bridge/modbus/modbustest"
)

// lineTo is a line to a bus over wires in memory at 9600 Bd; each opening is a
// new wire. It ends with the test.
func lineTo(t *testing.T, bus *modbustest.Bus, o RTUOptions) *RTULine {
	l, _ := linesTo(t, bus, o)
	return l
}

// linesTo also returns what cuts the present wire.
func linesTo(t *testing.T, bus *modbustest.Bus, o RTUOptions) (l *RTULine, cut func(error)) {
	var serving sync.WaitGroup
	var mu sync.Mutex
	var now *modbustest.End
	if o.CharTime == 0 {
		o.CharTime = char
	}
	o.Jitter = func() float64 { return 0.5 }
	o.Open = func(context.Context) (Stream, error) {
		master, slaves := modbustest.NewWire(o.CharTime)
		mu.Lock()
		now = master
		mu.Unlock()
		serving.Go(func() { bus.Serve(slaves) })
		return master, nil
	}
	l = newRTULine("modbus-rtu", "wire", minListenPort, o)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
		serving.Wait()
	})
	return l, func(err error) {
		mu.Lock()
		defer mu.Unlock()
		now.Cut(err)
	}
}

const (
	rtuTimeout = 200 * time.Millisecond
	rtuWindow  = 300 * time.Millisecond
)

func rtuTimes() RTUOptions {
	return RTUOptions{Options: Options{Timeout: rtuTimeout}, LateWindow: rtuWindow}
}

// Each fault hits the second question. Whatever it was, the third and the
// fourth are right, and were asked only after the line had been silent.
func TestRTUFaultsBecomeErrorsAndTheNextAnswerIsRight(t *testing.T) {
	type acts = []modbustest.Action
	once := func(f func(a []byte) []byte) func([]byte) acts {
		return func(right []byte) acts { return acts{{Send: f(append([]byte(nil), right...))}} }
	}
	sealed := func(f func(a []byte) []byte) func([]byte) acts {
		return once(func(a []byte) []byte { return modbustest.Sealed(f(a[:len(a)-2])) })
	}
	tests := []struct {
		name     string
		fault    func(right []byte) acts
		want     string
		contains string
	}{
		{"silence", func([]byte) acts { return nil }, "timeout", ""},
		{"late answer", func(r []byte) acts { return acts{{After: rtuTimeout + rtuWindow/2, Send: r}} }, "timeout", ""},
		{"late answer at the end of the window", func(r []byte) acts { return acts{{After: rtuTimeout + rtuWindow - 5*time.Millisecond, Send: r}} }, "timeout", ""},
		{"two late answers", func(r []byte) acts {
			return acts{{After: rtuTimeout + rtuWindow/2, Send: r}, {After: rtuWindow * 9 / 10, Send: r}}
		}, "timeout", ""},
		{"half a frame", func(r []byte) acts { return acts{{Send: r[:4]}} }, "timeout", "in the middle"},
		{"slow trickle within the time", func(r []byte) (out acts) {
			for i := range r {
				out = append(out, modbustest.Action{After: 10 * time.Millisecond, Send: r[i : i+1]})
			}
			return out
		}, "ok", ""},
		{"slow trickle beyond the time", func(r []byte) (out acts) {
			for i := range r {
				out = append(out, modbustest.Action{After: 60 * time.Millisecond, Send: r[i : i+1]})
			}
			return out
		}, "timeout", "in the middle"},
		{"bad CRC", once(func(a []byte) []byte { a[len(a)-1] ^= 0x10; return a }), "bad answer", "CRC"},
		{"one bit of the value", once(func(a []byte) []byte { a[3] ^= 0x80; return a }), "bad answer", "CRC"},
		{"noise before", once(func(a []byte) []byte { return append([]byte{0}, a...) }), "bad answer", "slave 0"},
		{"noise after", once(func(a []byte) []byte { return append(a, 0) }), "bad answer", "surplus"},
		{"noise just within 3.5 characters", func(r []byte) acts {
			return acts{{Send: r}, {After: char*time.Duration(len(r)) + 2*char, Send: []byte{0}}}
		}, "bad answer", "surplus"},
		{"the answer twice", once(func(a []byte) []byte { return append(a, a...) }), "bad answer", "surplus"},
		{"the answer and a neighbour's", once(func(a []byte) []byte {
			return append(a, modbustest.Sealed([]byte{2, 3, 2, 0, 1})...)
		}), "bad answer", "surplus"},
		{"another slave's", sealed(func(a []byte) []byte { a[0] = 2; return a }), "bad answer", "slave 2"},
		{"another function's", sealed(func(a []byte) []byte { a[1] = 4; return a }), "bad answer", "function 4"},
		{"longer than asked", sealed(func(a []byte) []byte { a[2] = 4; return append(a, 0, 1) }), "bad answer", "byte count 4"},
		{"shorter than asked", sealed(func(a []byte) []byte { a[2] = 1; return a[:4] }), "bad answer", "byte count 1"},
		{"empty", sealed(func(a []byte) []byte { a[2] = 0; return a[:3] }), "bad answer", "byte count 0"},
		{"exception without a code", sealed(func(a []byte) []byte { return []byte{a[0], a[1] | 0x80, 0} }), "bad answer", "exception"},
		{"exception", sealed(func(a []byte) []byte { return []byte{a[0], a[1] | 0x80, 2} }), "exception", "illegal data address"},
		{"exception in two pieces", func(r []byte) acts {
			e := modbustest.Exception(r, 6)
			return acts{{Send: e[:4]}, {After: 20 * time.Millisecond, Send: e[4:]}}
		}, "exception", "busy"},
		{"exception byte by byte", func(r []byte) (out acts) {
			for _, b := range modbustest.Exception(r, 11) {
				out = append(out, modbustest.Action{After: 15 * time.Millisecond, Send: []byte{b}})
			}
			return out
		}, "exception", ""},
		{"its own question as echo", func(r []byte) acts {
			return acts{{Send: modbustest.Sealed([]byte{1, 3, 0, 200, 0, 1})}, {After: 10 * time.Millisecond, Send: r}}
		}, "bad answer", "byte count 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
					if q.N == 2 {
						return tt.fault(right)
					}
					return []modbustest.Action{{Send: right}}
				}}
				l := lineTo(t, bus, rtuTimes())
				for n, slave := range []uint8{1, 1, 2, 1} {
					q := modbustest.Question{N: n + 1, Slave: slave, Function: 3, Address: 200, Quantity: 1}
					data, err := l.Read(t.Context(), slave, 3, q.Address, 1)
					want := "ok"
					if n == 1 {
						want = tt.want
						if tt.contains != "" && (err == nil || !bytes.Contains([]byte(err.Error()), []byte(tt.contains))) {
							t.Errorf("error %v does not say %q", err, tt.contains)
						}
					}
					if got := classOf(err); got != want {
						t.Errorf("question %d: %s (%v), want %s", n+1, got, err, want)
					}
					if err == nil && !bytes.Equal(data, tagged(q)) {
						t.Errorf("question %d: WRONG VALUE % x", n+1, data)
					}
				}
			})
		})
	}
}

// spy notes when each question begins and the last byte before it came.
type spy struct {
	Stream
	heard   time.Time
	silence []time.Duration
}

func (s *spy) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	if n > 0 {
		s.heard = time.Now()
	}
	return n, err
}

func (s *spy) Write(b []byte) (int, error) {
	s.silence = append(s.silence, time.Since(s.heard))
	return s.Stream.Write(b)
}

// The pauses of Modbus over Serial Line V1.02, section 2.5.1.1, and the slaves'.
func TestPausesBeforeEachQuestion(t *testing.T) {
	const fast = 10 * time.Second / 115200
	tests := []struct {
		name   string
		char   time.Duration
		slaves []uint8
		want   []time.Duration // least silence before the second and later questions
	}{
		{"3.5 characters at 9600 Bd", char, []uint8{1, 1, 1}, []time.Duration{char * 7 / 2, char * 7 / 2}},
		{"1.75 ms at 115200 Bd", fast, []uint8{1, 1}, []time.Duration{1750 * time.Microsecond}},
		{"the turnaround when the slave changes", char, []uint8{1, 2, 2, 1}, []time.Duration{20 * time.Millisecond, char * 7 / 2, 20 * time.Millisecond}},
		{"a slave that needs longer, before and after it", char, []uint8{1, 9, 9, 1}, []time.Duration{60 * time.Millisecond, 60 * time.Millisecond, 60 * time.Millisecond}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := &modbustest.Bus{Data: tagged}
				o := rtuTimes()
				o.CharTime, o.SlaveTurnaround = tt.char, map[uint8]time.Duration{9: 60 * time.Millisecond}
				l := lineTo(t, bus, o)
				var s *spy
				open := l.opt.Open
				l.opt.Open = func(ctx context.Context) (Stream, error) {
					stream, err := open(ctx)
					s = &spy{Stream: stream}
					return s, err
				}
				for _, slave := range tt.slaves {
					if _, err := l.Read(t.Context(), slave, 3, 1, 1); err != nil {
						t.Fatal(err)
					}
				}
				for i, want := range tt.want {
					got := s.silence[i+1]
					if got < want || got > want+time.Millisecond {
						t.Errorf("before question %d: %v of silence, want %v", i+2, got, want)
					}
				}
			})
		})
	}
}

func TestAfterAFaultTheLineIsLeftSilentForTheLateWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
			if q.N == 2 {
				return nil
			}
			return []modbustest.Action{{Send: right}}
		}}
		l := lineTo(t, bus, rtuTimes())
		l.Read(t.Context(), 1, 3, 0, 1)
		if _, err := l.Read(t.Context(), 1, 3, 0, 1); classOf(err) != "timeout" {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := l.Read(t.Context(), 2, 3, 0, 1); err != nil { // any slave
			t.Fatal(err)
		}
		if d := time.Since(began); d < rtuWindow || d > rtuWindow+50*time.Millisecond {
			t.Errorf("asked and answered %v after the fault, want the late window of %v and one answer", d, rtuWindow)
		}
		// Once it has been silent all by itself, nobody waits.
		bus.Behave = func(q modbustest.Question, right []byte) []modbustest.Action {
			return []modbustest.Action{{Send: right}}
		}
		time.Sleep(rtuWindow)
		began = time.Now()
		l.Read(t.Context(), 1, 3, 0, 1)
		if d := time.Since(began); d > 50*time.Millisecond {
			t.Errorf("a clean line took %v", d)
		}
	})
}

func TestALineThatIsNeverSilentIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &modbustest.Bus{Data: tagged}
		l := lineTo(t, bus, rtuTimes())
		open := l.opt.Open
		stop := make(chan struct{})
		l.opt.Open = func(ctx context.Context) (Stream, error) {
			stream, err := open(ctx)
			return &babbler{Stream: stream, stop: stop}, err
		}
		began := time.Now()
		_, err := l.Read(t.Context(), 1, 3, 0, 1)
		if classOf(err) != "bad answer" || bus.Asked() != 0 {
			t.Errorf("%v, asked %d", err, bus.Asked())
		}
		if d := time.Since(began); d > 5*rtuWindow+rtuTimeout {
			t.Errorf("took %v", d)
		}
		if s := l.Stats(); s.Strays == 0 || len(s.Slaves) != 1 || s.Slaves[0].Asked != 0 {
			t.Errorf("%+v: the slave is not to blame", s)
		}
		close(stop)
		if _, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil {
			t.Errorf("after the noise: %v", err)
		}
	})
}

// babbler is a line with noise on it every 50 ms.
type babbler struct {
	Stream
	stop  chan struct{}
	until time.Time
}

func (b *babbler) SetReadDeadline(t time.Time) error {
	b.until = t
	return b.Stream.SetReadDeadline(t)
}

func (b *babbler) Read(p []byte) (int, error) {
	select {
	case <-b.stop:
		return b.Stream.Read(p)
	default:
	}
	if time.Until(b.until) < 50*time.Millisecond {
		return b.Stream.Read(p)
	}
	time.Sleep(50 * time.Millisecond) // synthetic time
	p[0] = 0xFF
	return 1, nil
}

func TestAVanishedPortComesBackByItself(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ENODEV, io.EOF, net.ErrClosed} {
		synctest.Test(t, func(t *testing.T) {
			bus := &modbustest.Bus{Data: tagged}
			l, cut := linesTo(t, bus, rtuTimes())
			open := l.opt.Open
			var away bool
			opened := 0
			l.opt.Open = func(ctx context.Context) (Stream, error) {
				opened++
				if away {
					return nil, syscall.ENOENT
				}
				return open(ctx)
			}
			if _, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil {
				t.Fatal(err)
			}
			away = true
			cut(cause)
			for range 20 {
				if _, err := l.Read(t.Context(), 1, 3, 0, 1); classOf(err) != "unreachable" || !errors.Is(err, syscall.ENOENT) {
					t.Errorf("%v: %v", cause, err)
				}
			}
			if opened != 2 || l.Stats().Connected {
				t.Errorf("%v: opened %d times, want 2; %+v", cause, opened, l.Stats())
			}
			away = false
			time.Sleep(time.Second)
			if _, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil {
				t.Errorf("%v: after it came back: %v", cause, err)
			}
			if s := l.Stats(); !s.Connected || s.Opened != 2 || s.Slaves[0].Timeouts != 0 {
				t.Errorf("%v: %+v", cause, s)
			}
		})
	}
}

// A port that opens but fails at the first use is not hammered.
func TestAPortThatFailsAtOnceIsBackedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := 0
		o := rtuTimes()
		o.Open = func(context.Context) (Stream, error) {
			opened++
			a, _ := modbustest.NewWire(char)
			a.Cut(syscall.EIO)
			return a, nil
		}
		l := newRTULine("modbus-rtu", "wire", minListenPort, o)
		defer l.Close()
		for range 100 {
			if _, err := l.Read(t.Context(), 1, 3, 0, 1); classOf(err) != "unreachable" {
				t.Error(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if opened > 6 { // 0, 0.5, 1.5, 3.5, 7.5 s
			t.Errorf("opened %d times in 10 s", opened)
		}
	})
}

// A serial server that cuts idle connections costs no poll; what it still
// holds for whoever connects next is nobody's answer.
func TestRTUOverTCPAfterAReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &modbustest.Bus{Data: tagged}
		l, cut := linesTo(t, bus, rtuTimes())
		open := l.opt.Open
		l.opt.Open = func(ctx context.Context) (Stream, error) {
			s, err := open(ctx)
			leftover := modbustest.Sealed([]byte{1, 3, 2, 0x7F, 0xFF})
			peer := s.(*modbustest.End).Other()
			peer.Write(leftover[:3])
			time.AfterFunc(rtuWindow/2, func() { peer.Write(leftover) })
			return s, err
		}
		for i := range 5 {
			q := modbustest.Question{N: i + 1, Slave: 1, Function: 3, Quantity: 1}
			data, err := l.Read(t.Context(), 1, 3, 0, 1)
			if err != nil || !bytes.Equal(data, tagged(q)) {
				t.Errorf("poll %d: % x, %v", i, data, err)
			}
			cut(io.EOF)
		}
		if s := l.Stats(); s.Opened != 5 || s.Strays == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestRTUCancellationAndDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
			return []modbustest.Action{{After: 150 * time.Millisecond, Send: right}}
		}}
		l := lineTo(t, bus, rtuTimes())
		l.Read(t.Context(), 1, 3, 0, 1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		began := time.Now()
		if _, err := l.Read(ctx, 1, 3, 0, 1); classOf(err) != "cancelled" || time.Since(began) != 50*time.Millisecond {
			t.Errorf("cancelled: %v after %v", err, time.Since(began))
		}
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began = time.Now() // the line is dirty: this one never gets to ask
		if _, err := l.Read(ctx, 1, 3, 0, 1); classOf(err) != "timeout" || time.Since(began) != 10*time.Millisecond {
			t.Errorf("deadline while waiting for silence: %v after %v", err, time.Since(began))
		}
		q := modbustest.Question{N: 3, Slave: 1, Function: 3, Quantity: 1}
		if data, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil || !bytes.Equal(data, tagged(q)) {
			t.Errorf("next question: % x, %v", data, err)
		}
		if s := l.Stats().Slaves[0]; s.Asked != 3 || s.Answered != 2 || s.Timeouts != 0 {
			t.Errorf("%+v: who gives up says nothing of the slave", s)
		}
	})
}
