package output

import (
	"context"
	"sync"
	"time"
)

// Event is a change of an output, to be logged and journaled by who is told.
type Event struct {
	Output string // the output's String
	Change Change
	At     time.Time
	State  State
}

// DriverConfig is what a driver needs beside its output.
type DriverConfig struct {
	Schedule Schedule
	Timeout  time.Duration // of one attempt; default 3 s
	Now      func() time.Time
	Tell     func(Event) // called by Run's goroutine; must not block for long
}

// Driver keeps one output in its wanted state. Outputs have a driver each, so
// that a dead bus under the siren does not darken the beacon.
type Driver struct {
	output Output
	config DriverConfig

	mu     sync.Mutex
	keeper *Keeper
	wake   chan struct{}
}

// NewDriver returns the driver of an output. Nothing is switched before Run.
func NewDriver(o Output, c DriverConfig) *Driver {
	if c.Timeout <= 0 {
		c.Timeout = 3 * time.Second
	}
	return &Driver{output: o, config: c, keeper: NewKeeper(c.Schedule), wake: make(chan struct{}, 1)}
}

// String names the output.
func (d *Driver) String() string { return d.output.String() }

// Want sets the wanted state and returns at once. It may be called from any
// goroutine, as often as one likes.
func (d *Driver) Want(on bool) {
	d.mu.Lock()
	changed := d.keeper.State().Wanted != on
	d.keeper.Want(on)
	d.mu.Unlock()
	if changed {
		select {
		case d.wake <- struct{}{}:
		default:
		}
	}
}

// State returns what is known of the output.
func (d *Driver) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keeper.State()
}

// Run switches the output whenever that is due, until ctx ends; then it tries
// once to switch it off, since nobody would be left to do so.
func (d *Driver) Run(ctx context.Context) {
	for {
		d.mu.Lock()
		on, at := d.keeper.Due()
		d.mu.Unlock()
		if wait := at.Sub(d.config.Now()); wait > 0 && !d.sleep(ctx, wait) {
			break
		} else if wait > 0 {
			continue // something else may be wanted by now
		}
		if ctx.Err() != nil {
			break
		}
		d.attempt(ctx, on)
	}
	d.Want(false)
	d.attempt(context.WithoutCancel(ctx), false)
}

// sleep waits until the time is over or something else is wanted; false means
// that ctx ended.
func (d *Driver) sleep(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.wake:
		return true
	case <-ctx.Done():
		return false
	}
}

func (d *Driver) attempt(ctx context.Context, on bool) {
	attempt, cancel := context.WithTimeout(ctx, d.config.Timeout)
	err := d.output.Set(attempt, on)
	cancel()
	if err != nil && ctx.Err() != nil {
		return // given up by us, which says nothing about the output
	}
	now := d.config.Now()
	d.mu.Lock()
	change := d.keeper.Done(now, on, err)
	state := d.keeper.State()
	d.mu.Unlock()
	if change != NoChange && d.config.Tell != nil {
		d.config.Tell(Event{d.output.String(), change, now, state})
	}
}
