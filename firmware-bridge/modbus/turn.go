package modbus

import (
	"context"
	"slices"
	"sync"
)

// turn is the one owner's token of a line. Who waits with urgency gets it
// before all who wait without; otherwise in the order of asking.
type turn struct {
	mu       sync.Mutex
	held     bool
	urgent   []chan struct{}
	ordinary []chan struct{}
}

// take waits for the token until ctx ends.
func (t *turn) take(ctx context.Context, urgent bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if !t.held {
		t.held = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{}, 1) // never blocks the giver
	if urgent {
		t.urgent = append(t.urgent, mine)
	} else {
		t.ordinary = append(t.ordinary, mine)
	}
	t.mu.Unlock()

	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	same := func(c chan struct{}) bool { return c == mine }
	t.urgent = slices.DeleteFunc(t.urgent, same)
	t.ordinary = slices.DeleteFunc(t.ordinary, same)
	t.mu.Unlock()
	select {
	case <-mine: // given in the same moment: pass it on
		t.give()
	default:
	}
	return ctx.Err()
}

// give hands the token to the next in line.
func (t *turn) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case len(t.urgent) > 0:
		t.urgent[0] <- struct{}{}
		t.urgent = slices.Delete(t.urgent, 0, 1)
	case len(t.ordinary) > 0:
		t.ordinary[0] <- struct{}{}
		t.ordinary = slices.Delete(t.ordinary, 0, 1)
	default:
		t.held = false
	}
}
