package modbus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/firmware-bridge/modbus/modbustest"
)

// latency is how long a usual sensor thinks.
const latency = 12 * time.Millisecond

// rateOf polls slaves 1 to n side by side as fast as the line goes, at 9600 Bd
// with every byte's time, and returns each one's answers a second. dead is
// never answered.
func rateOf(t *testing.T, n, dead uint8, span time.Duration) (rate map[uint8]float64, stats Stats) {
	rate = map[uint8]float64{}
	synctest.Test(t, func(t *testing.T) {
		bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
			if q.Slave == dead {
				return nil
			}
			return []modbustest.Action{{After: latency, Send: right}}
		}}
		l := lineTo(t, bus, RTUOptions{}) // the defaults
		ctx, cancel := context.WithTimeout(t.Context(), span)
		defer cancel()
		var wg sync.WaitGroup
		var mu sync.Mutex
		for slave := uint8(1); slave <= n; slave++ {
			wg.Go(func() {
				for ctx.Err() == nil {
					data, err := l.Read(ctx, slave, 4, 1, 2)
					var e *Error
					switch {
					case err == nil:
						if data[0]>>5 != slave&7 {
							t.Errorf("slave %d: WRONG VALUE % x", slave, data)
						}
						mu.Lock()
						rate[slave] += 1 / span.Seconds()
						mu.Unlock()
					case errors.As(err, &e) && e.BackedOff():
						// The next round of a sampler that asks once a second.
						select {
						case <-time.After(time.Second):
						case <-ctx.Done():
						}
					}
				}
			})
		}
		wg.Wait()
		stats = l.Stats()
	})
	return rate, stats
}

// P1 of the field's pitfalls: one dead slave stalls the whole line.
func TestOneDeadSlaveOfEightCostsItsNeighboursLittle(t *testing.T) {
	const span = 10 * time.Minute
	alone, _ := rateOf(t, 7, 0, span)
	beside, stats := rateOf(t, 8, 8, span)
	for slave := uint8(1); slave <= 7; slave++ {
		if share := beside[slave] / alone[slave]; share < 0.9 {
			t.Errorf("slave %d: %.0f %% of its rate beside a dead one", slave, 100*share)
		}
	}
	t.Logf("%.2f answers a second each without, %.2f beside the dead one (%.1f %%)", alone[1], beside[1], 100*beside[1]/alone[1])
	// 3 questions, then one each 1, 2, 4 .. 60 s: the dead slave's share.
	if d := stats.Slaves[7]; d.Asked != d.Timeouts || d.Asked < 12 || d.Asked > 24 {
		t.Errorf("the dead slave: %+v", d)
	}
}

func TestADeadSlaveCostsOneTimeoutABackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var alive atomic.Bool
		bus := &modbustest.Bus{Data: tagged, Behave: func(_ modbustest.Question, right []byte) []modbustest.Action {
			if !alive.Load() {
				return nil
			}
			return []modbustest.Action{{Send: right}}
		}}
		l := lineTo(t, bus, rtuTimes())
		for range failuresBeforeBackoff {
			if _, err := l.Read(t.Context(), 1, 3, 0, 1); classOf(err) != "timeout" {
				t.Fatal(err)
			}
		}
		// Jitter 0.5 makes the waits exact.
		for i, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			wait *= time.Second
			before := bus.Asked()
			var wg sync.WaitGroup
			for range 10 { // side by side and one after the other
				wg.Go(func() { l.Read(t.Context(), 1, 3, 0, 1) })
			}
			began := time.Now()
			_, err := l.Read(t.Context(), 1, 3, 0, 1)
			var e *Error
			if !errors.As(err, &e) || !e.Timeout() || !e.BackedOff() || e.RetryAfter() <= 0 || time.Since(began) != 0 {
				t.Errorf("back-off %d: %v after %v", i, err, time.Since(began))
			}
			wg.Wait()
			if bus.Asked() != before {
				t.Errorf("back-off %d: asked %d times within it", i, bus.Asked()-before)
			}
			until := l.Stats().Slaves[0].BackedOffUntil
			if d := time.Until(until); d > wait {
				t.Errorf("back-off %d: lasts %v, want %v", i, d, wait)
			}
			time.Sleep(time.Until(until))
			for range 10 { // all wait for the line when the first time-out comes
				wg.Go(func() { l.Read(t.Context(), 1, 3, 0, 1) })
			}
			wg.Wait()
			if n := bus.Asked() - before; n != 1 {
				t.Errorf("back-off %d: %d questions after it, want one probe", i, n)
			}
		}
		alive.Store(true)
		time.Sleep(maxSilence)
		if _, err := l.Read(t.Context(), 1, 3, 0, 1); err != nil {
			t.Errorf("back again: %v", err)
		}
		if s := l.Stats().Slaves[0]; !s.BackedOffUntil.IsZero() || s.Answered != 1 || s.LastError != "" || s.LastLatency == 0 || s.AverageLatency == 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestUrgentQuestionsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []uint8
		bus := &modbustest.Bus{Data: tagged, Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
			order = append(order, q.Slave)
			return []modbustest.Action{{Send: right}}
		}}
		l := lineTo(t, bus, rtuTimes())
		var wg sync.WaitGroup
		ask := func(f func()) { wg.Go(f); synctest.Wait() }
		for slave := uint8(1); slave <= 4; slave++ {
			ask(func() { l.Read(t.Context(), slave, 3, 0, 1) })
		}
		// One in the queue gives up: its place must not be lost for others.
		ctx, cancel := context.WithCancel(t.Context())
		ask(func() { l.Read(ctx, 99, 3, 0, 1) })
		ask(func() { l.Urgent().Read(t.Context(), 50, 3, 0, 1) })
		ask(func() {
			if err := l.SetOutput(t.Context(), 60, 7, true); err != nil {
				t.Error(err)
			}
		})
		cancel()
		wg.Wait()
		want := []uint8{1, 50, 60, 60, 2, 3, 4}
		if len(order) != len(want) {
			t.Fatalf("asked %v, want %v", order, want)
		}
		for i := range want {
			if order[i] != want[i] {
				t.Fatalf("asked %v, want %v", order, want)
			}
		}
	})
}

// The token goes round whatever order waiters come and leave in.
func TestTheTurnIsNeverLostOrDoubled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tr turn
		var wg sync.WaitGroup
		holders, served := 0, 0
		for i := range 500 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%37)*time.Millisecond)
				defer cancel()
				if tr.take(ctx, i%5 == 0) != nil {
					return
				}
				holders++ // the turn itself is the lock: the race detector agrees
				if holders != 1 {
					t.Errorf("%d holders", holders)
				}
				time.Sleep(time.Millisecond)
				holders--
				served++
				tr.give()
			})
		}
		wg.Wait()
		if err := tr.take(t.Context(), false); err != nil || served < 20 || len(tr.urgent)+len(tr.ordinary) != 0 {
			t.Errorf("take = %v, served %d, %d waiting", err, served, len(tr.urgent)+len(tr.ordinary))
		}
	})
}
