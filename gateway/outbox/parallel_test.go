package outbox

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting/notify"
	"coldchain/gateway/state"
)

// crowd is a far end that counts how many are with it.
type crowd struct {
	far
	with, most int
}

func (c *crowd) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	c.mu.Lock()
	c.with++
	c.most = max(c.most, c.with)
	c.mu.Unlock()
	r, err := c.far.Notify(ctx, m)
	c.mu.Lock()
	c.with--
	c.mu.Unlock()
	return r, err
}

// order is what a person got, in the order in which it arrived.
func (c *crowd) order(person string) (out []string) {
	for _, g := range c.taken() {
		if g.m.To.Person == person {
			out = append(out, g.m.Key)
		}
	}
	return out
}

// TestASlowFarEndIsAskedForManyPeopleAtOnce: fifty people with two messages
// each, at a far end that takes 300 ms. So many are with it as are allowed, what
// one person gets comes in its order and once, also when the program is stopped
// and started in between.
func TestASlowFarEndIsAskedForManyPeopleAtOnce(t *testing.T) {
	for _, stops := range []bool{false, true} {
		t.Run(fmt.Sprint("stopped ", stops), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sms := &crowd{far: far{slow: 300 * time.Millisecond}}
				p := newPost(t, Channel{Name: "sms", Notifier: sms, Parallel: 10})
				defer func() { p.stop() }()
				start := time.Now()
				var all []state.Outgoing
				for i := range 50 {
					for n := range 2 {
						o := message(fmt.Sprintf("k%02d-%d", i, n), fmt.Sprint("p", i), "sms")
						o.Intent.At = start.Add(time.Duration(n) * time.Millisecond)
						all = append(all, o)
					}
				}
				p.put(all...)
				for stops && len(sms.taken()) < 100 && time.Since(start) < time.Minute {
					time.Sleep(450 * time.Millisecond) // in the middle of what is being sent
					p.stop()
					p.start()
				}
				time.Sleep(10 * time.Second)
				if len(sms.tried()) != 100 || sms.most != 10 {
					t.Errorf("%d tries, at most %d at once; want 100 and 10", len(sms.tried()), sms.most)
				}
				for i := range 50 {
					if got := sms.order(fmt.Sprint("p", i)); !slices.Equal(got, []string{fmt.Sprintf("k%02d-0", i), fmt.Sprintf("k%02d-1", i)}) {
						t.Errorf("person %d got %v", i, got)
					}
				}
				var last time.Time
				for _, g := range sms.taken() {
					last = g.at
				}
				t.Logf("the last one after %s", last.Sub(start))
			})
		})
	}
}

// TestLimitsHoldWhenManyGoAtOnce: twenty a minute for all together. What finds no
// room waits, and no minute sees more.
func TestLimitsHoldWhenManyGoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &crowd{far: far{slow: 3 * time.Second}}
		p := newPost(t, Channel{Name: "sms", Notifier: sms, Parallel: 7, Rates: []notify.Rate{{Count: 20, Per: time.Minute}}})
		defer func() { p.stop() }()
		var all []state.Outgoing
		for i := range 70 {
			all = append(all, message(fmt.Sprintf("k%02d", i), fmt.Sprint("p", i), "sms"))
		}
		p.put(all...)
		time.Sleep(10 * time.Minute)
		tries := sms.tried()
		slices.SortFunc(tries, time.Time.Compare)
		if len(tries) != 70 {
			t.Fatalf("%d tries", len(tries))
		}
		for i := 20; i < len(tries); i++ {
			if d := tries[i].Sub(tries[i-20]); d < time.Minute {
				t.Errorf("21 messages in %s", d)
			}
		}
	})
}

// TestAMuteStopsWhatWaits: the far end asks for silence while others wait for
// their turn; they wait for the end of it and are not tried before.
func TestAMuteStopsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &crowd{far: far{slow: time.Second, answer: func(n int, _ notify.Message) error {
			if n < 2 {
				return &notify.Error{Class: notify.Muted, RetryAfter: 5 * time.Minute, Err: context.DeadlineExceeded}
			}
			return nil
		}}}
		p := newPost(t, Channel{Name: "sms", Notifier: sms, Parallel: 2})
		defer func() { p.stop() }()
		var all []state.Outgoing
		for i := range 20 {
			all = append(all, message(fmt.Sprintf("k%02d", i), fmt.Sprint("p", i), "sms"))
		}
		p.put(all...)
		time.Sleep(4 * time.Minute)
		if n := len(sms.tried()); n != 2 {
			t.Errorf("%d tries while muted", n)
		}
		time.Sleep(5 * time.Minute)
		if n := len(sms.taken()); n != 20 {
			t.Errorf("%d of 20 arrived", n)
		}
	})
}

// TestOneHungCallHoldsUpNobodyElse: by the same channel.
func TestOneHungCallHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := &hangs{person: "qiqige"}
		p := newPost(t, Channel{Name: "call", Notifier: hung})
		defer func() { p.stop() }()
		p.put(message("a", "qiqige", "call"))
		time.Sleep(time.Second)
		p.put(message("b", "batu", "call"))
		time.Sleep(time.Second)
		if got := hung.taken(); len(got) != 1 || got[0].m.Key != "b" {
			t.Errorf("after a second: %+v", got)
		}
	})
}

// hangs never answers for one person.
type hangs struct {
	far
	person string
}

func (h *hangs) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	if m.To.Person == h.person {
		<-ctx.Done()
		return notify.Receipt{}, ctx.Err()
	}
	return h.far.Notify(ctx, m)
}
