package modbus

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/firmware-bridge/modbus/modbustest"
)

func TestOutputsAreConfirmedAndReadBack(t *testing.T) {
	type acts = []modbustest.Action
	healthy := func(r []byte) acts { return acts{{Send: r}} }
	silent := func([]byte) acts { return nil }
	tests := []struct {
		name        string
		write, back func(right []byte) acts
		want        string
		contains    string
		asked       int // questions heard: nothing is ever repeated
	}{
		{"healthy", healthy, healthy, "ok", "", 2},
		{"the write is not confirmed", silent, healthy, "timeout", "set output", 1},
		{"confirmed late", func(r []byte) acts { return acts{{After: rtuTimeout + rtuWindow/2, Send: r}} }, healthy, "timeout", "", 1},
		{"confirmed for another coil", func(r []byte) acts {
			return acts{{Send: modbustest.Sealed([]byte{r[0], 5, 0, 99, r[4], r[5]})}}
		}, healthy, "bad answer", "address", 1},
		{"confirmed as the opposite", func(r []byte) acts {
			return acts{{Send: modbustest.Sealed([]byte{r[0], 5, r[2], r[3], 0, 0})}}
		}, healthy, "bad answer", "value", 1},
		{"refused", func(r []byte) acts { return acts{{Send: modbustest.Exception(r, 2)}} }, healthy, "exception", "illegal data address", 1},
		{"no read-back", healthy, silent, "timeout", "not read back", 2},
		{"reads back as the opposite", healthy, func(r []byte) acts {
			return acts{{Send: modbustest.Sealed([]byte{r[0], 1, 1, r[3] ^ 1})}}
		}, "bad answer", "reads back off", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) acts {
					if q.Function == 5 {
						return tt.write(right)
					}
					return tt.back(right)
				}}
				l := lineTo(t, bus, rtuTimes())
				err := l.SetOutput(t.Context(), 3, 7, true)
				if got := classOf(err); got != tt.want || tt.contains != "" && !strings.Contains(err.Error(), tt.contains) {
					t.Errorf("%s (%v), want %s saying %q", got, err, tt.want, tt.contains)
				}
				time.Sleep(10 * time.Second)
				if bus.Asked() != tt.asked {
					t.Errorf("%d questions, want %d", bus.Asked(), tt.asked)
				}
				if tt.want == "ok" {
					if !bus.Coil(3, 7) {
						t.Error("the coil is off")
					}
					if err := l.SetOutput(t.Context(), 3, 7, false); err != nil || bus.Coil(3, 7) {
						t.Errorf("switched off: %v, coil %v", err, bus.Coil(3, 7))
					}
				}
			})
		})
	}
}

// A write that may have gone out is not sent again on a new connection, and
// one that finds an idle connection cut goes out once.
func TestAWriteIsNeverRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &modbustest.Bus{Data: tagged}
		l, cut := linesTo(t, bus, rtuTimes())
		writes := 0
		bus.Behave = func(q modbustest.Question, right []byte) []modbustest.Action {
			if q.Function == 5 {
				if writes++; writes == 1 {
					cut(io.EOF)
					return nil
				}
			}
			return []modbustest.Action{{Send: right}}
		}
		if _, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil {
			t.Fatal(err)
		}
		if err := l.SetOutput(t.Context(), 1, 0, true); classOf(err) != "unreachable" || writes != 1 {
			t.Errorf("cut in the middle of a write: %v, %d writes", err, writes)
		}
		time.Sleep(time.Second)
		if _, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil {
			t.Fatal(err)
		}
		cut(io.EOF)
		if err := l.SetOutput(t.Context(), 1, 0, true); err != nil || writes != 2 || !bus.Coil(1, 0) {
			t.Errorf("idle connection cut: %v, %d writes", err, writes)
		}
	})
}

func TestOutputsNeedASlaveOfTheirOwn(t *testing.T) {
	for _, slave := range []uint8{0, 248, 255} {
		l := newRTULine("modbus-rtu", "none", 0, RTUOptions{})
		if err := l.SetOutput(t.Context(), slave, 0, true); err == nil || classOf(err) != "untyped" {
			t.Errorf("slave %d: %v", slave, err)
		}
		l.Close()
	}
}

// The same over Modbus TCP, against simonvetter's server.
func TestOutputsOverTCP(t *testing.T) {
	l := NewTCPLine(startServer(t), Options{Timeout: 5 * time.Second})
	defer l.Close()
	for _, on := range []bool{true, false, true} {
		if err := l.SetOutput(t.Context(), 3, 2000, on); err != nil {
			t.Errorf("set %v: %v", on, err)
		}
	}
	if err := l.SetOutput(t.Context(), 3, 2001, true); classOf(err) != "bad answer" || !strings.Contains(err.Error(), "reads back off") {
		t.Errorf("a stuck output: %v", err)
	}
	if s := l.Stats(); !s.Connected || s.Opened != 1 || len(s.Slaves) != 1 || s.Slaves[0].Answered == 0 {
		t.Errorf("%+v", s)
	}
}
