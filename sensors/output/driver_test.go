package output

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// lamp is an output that can fail and can hang.
type lamp struct {
	mu    sync.Mutex
	on    bool
	tries int
	err   error
	hang  bool
}

func (l *lamp) String() string { return "beacon (test)" }

func (l *lamp) Set(ctx context.Context, on bool) error {
	l.mu.Lock()
	l.tries++
	err, hang := l.err, l.hang
	l.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if err == nil {
		l.mu.Lock()
		l.on = on
		l.mu.Unlock()
	}
	return err
}

func (l *lamp) set(change func(*lamp)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

func (l *lamp) now() (on bool, tries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.on, l.tries
}

// run gives a test a running driver and what it told.
func run(t *testing.T, l *lamp, test func(d *Driver, told func() []Change)) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []Change
		d := NewDriver(l, DriverConfig{Now: time.Now, Tell: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.Change)
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { d.Run(ctx); close(done) }()
		test(d, func() []Change {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(told)
		})
		cancel()
		<-done
		if on, _ := l.now(); on {
			t.Error("still on after the driver ended")
		}
	})
}

func TestDriverFollowsTheWish(t *testing.T) {
	l := &lamp{on: true} // as a crash left it
	run(t, l, func(d *Driver, told func() []Change) {
		for _, want := range []bool{false, true, true, false, true} {
			d.Want(want)
			synctest.Wait()
			if on, _ := l.now(); on != want || !d.State().Confirmed {
				t.Errorf("wanted %v, is %v, %+v", want, on, d.State())
			}
		}
		if len(told()) != 0 {
			t.Errorf("told %v though nothing failed", told())
		}
	})
}

func TestDriverSetsAgainWhatAModuleForgot(t *testing.T) {
	l := &lamp{}
	run(t, l, func(d *Driver, _ func() []Change) {
		d.Want(true)
		synctest.Wait()
		l.set(func(l *lamp) { l.on = false }) // it lost power
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if on, _ := l.now(); !on {
			t.Error("still off after the refresh")
		}
	})
}

func TestDriverTriesUntilItWorksAndTellsOnce(t *testing.T) {
	l := &lamp{err: errors.New("no answer")}
	run(t, l, func(d *Driver, told func() []Change) {
		d.Want(true)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if _, tries := l.now(); tries < 10 || tries > 20 {
			t.Errorf("%d attempts in 10 minutes", tries)
		}
		if s := d.State(); s.Confirmed || !s.Failing {
			t.Errorf("%+v", s)
		}
		l.set(func(l *lamp) { l.err = nil })
		time.Sleep(61 * time.Second)
		synctest.Wait()
		if on, _ := l.now(); !on || !slices.Equal(told(), []Change{Failed, Recovered}) {
			t.Errorf("on %v, told %v", on, told())
		}
	})
}

// An output that never answers costs its own driver a time-out, and no more.
func TestDriverGivesUpAHangingAttempt(t *testing.T) {
	l := &lamp{hang: true}
	run(t, l, func(d *Driver, told func() []Change) {
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !slices.Equal(told(), []Change{Failed}) || !errors.Is(d.State().Err, context.DeadlineExceeded) {
			t.Errorf("told %v, %+v", told(), d.State())
		}
	})
}
