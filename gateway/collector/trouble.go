package collector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
)

const (
	// refusedRetry is how often a store that refuses us (wrong token, no such
	// database) is asked whether somebody has mended it. It is asked its name,
	// which costs next to nothing; no record is sent before it answers.
	refusedRetry = time.Minute
	// leaveAlone bounds what a store may ask for by Retry-After.
	leaveAlone = 5 * time.Minute
	// slowMost is the longest a gateway is told to wait: it holds its live
	// readings back as well, and alarms must not wait for the store.
	slowMost = 30 * time.Second
	// failingFor is how long a store may be away before that is an alarm; a
	// refusal is one at once.
	failingFor = 10 * time.Minute
)

// trouble is why the store takes nothing now, since when, and what to do.
type trouble struct {
	mu      sync.Mutex
	since   time.Time
	err     error
	refused bool // only a person can mend it
	until   time.Time
}

// note takes a failure and returns how long to leave the store alone: at least
// wait. fresh says that it is another kind of failure than before.
func (t *trouble) note(err error, wait time.Duration, now time.Time) (pause time.Duration, fresh bool) {
	refused := !errors.Is(err, store.ErrTemporary)
	pause = max(wait, min(store.RetryAfter(err), leaveAlone))
	if refused {
		pause = refusedRetry
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh = t.err == nil || t.refused != refused
	if t.err == nil {
		t.since = now
	}
	t.err, t.refused, t.until = err, refused, now.Add(pause)
	return pause, fresh
}

// over says that the store takes records again; it returns since when it did
// not, when it did not.
func (t *trouble) over() (since time.Time, was bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since, was = t.since, t.err != nil
	t.since, t.err, t.refused, t.until = time.Time{}, nil, false, time.Time{}
	return since, was
}

// slow is what a gateway is told to wait when there is no room for its records.
func (t *trouble) slow(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(slowDown, min(t.until.Sub(now), slowMost))
}

func (t *trouble) now() (since time.Time, err error, refused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.since, t.err, t.refused
}

// check is the sentence of health.
func (t *trouble) check() error {
	since, err, refused := t.now()
	switch {
	case err == nil:
		return nil
	case refused:
		return fmt.Errorf("the store refuses us since %s and waits for somebody: %w", since.UTC().Format(time.RFC3339), err)
	}
	return fmt.Errorf("the store cannot be reached since %s: %w", since.UTC().Format(time.RFC3339), err)
}

// letAlone waits until the store may be asked again. Of one that refuses us it
// asks no more than its name until it answers.
func (c *Collector) letAlone(ctx, writing context.Context, pause time.Duration) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if _, _, refused := c.trouble.now(); !refused {
			return
		}
		if _, err := c.o.Store.Generation(writing); err == nil {
			return
		} else if pause = c.troubled(err, retryFirst); ctx.Err() != nil {
			return
		}
	}
}

// troubled notes a failure of the store where people look for it, and returns
// how long to leave it alone.
func (c *Collector) troubled(err error, wait time.Duration) (pause time.Duration) {
	pause, fresh := c.trouble.note(err, wait, c.o.Now())
	_, _, refused := c.trouble.now()
	c.m.storeRefuses.Set(flag(refused))
	c.m.storeUp.Set(0)
	say := c.o.Logger.Debug
	switch {
	case fresh && refused:
		say = c.o.Logger.Error
	case fresh:
		say = c.o.Logger.Warn
	}
	say("the store takes no records; the gateways keep theirs", "refused", refused, "error", err, "again_in", pause)
	return pause
}

// recovered says that the store has answered.
func (c *Collector) recovered() {
	since, was := c.trouble.over()
	c.m.storeRefuses.Set(0)
	c.m.storeUp.Set(1)
	if was {
		c.o.Logger.Info("the store answers again", "away_since", since)
	}
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// The reasons of the alarm about the store.
const (
	storeRefused = "store-refused" // wrong token, no such database, damaged file: a person is needed
	storeAway    = "store-away"    // not reachable, overloaded, disk full
)

// storeAlarm is the county's alarm on itself: judgeLoop's.
type storeAlarm struct{ open *alerting.Alarm }

// restore finds the alarm that an earlier process has left open.
func (s *storeAlarm) restore(ctx context.Context, db *state.DB) error {
	open, err := db.Alarms(ctx, state.AlarmFilter{Open: true})
	if err != nil {
		return fmt.Errorf("collector: look for an alarm about the store: %w", err)
	}
	for _, a := range open {
		if a.Rule == alerting.StoreFailing && a.State.Present() {
			s.open = &a.Alarm
			return nil
		}
	}
	return nil
}

// turn compares the alarm with how the store is.
func (s *storeAlarm) turn(county string, t *trouble, now time.Time) []alerting.Transition {
	now = now.UTC().Truncate(time.Millisecond)
	since, err, refused := t.now()
	switch {
	case err == nil && s.open == nil:
		return nil
	case err == nil:
		a := *s.open
		a.Returned, a.LastSeen, a.State = now, now, alerting.ReturnedUnacknowledged
		s.open = nil
		return []alerting.Transition{{Change: alerting.Returned, Alarm: a, At: now}}
	case s.open == nil && (refused || now.Sub(since) >= failingFor):
		since = since.UTC().Truncate(time.Millisecond)
		a := alerting.Alarm{
			ID: alerting.AlarmID(alerting.StoreFailing, county, since), Rule: alerting.StoreFailing, Object: county,
			Level: alerting.Warning, Class: alerting.Live, State: alerting.Unacknowledged, Reason: storeAway,
			Start: since, Raised: now, LastSeen: now, Delay: failingFor,
		}
		if refused {
			a.Level, a.Reason, a.Delay = alerting.Excursion, storeRefused, 0
		}
		s.open = &a
		return []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: now}}
	case s.open != nil && refused && s.open.Level != alerting.Excursion:
		a := *s.open
		a.Level, a.Reason, a.Delay, a.LastSeen = alerting.Excursion, storeRefused, 0, now
		s.open = &a
		return []alerting.Transition{{Change: alerting.Escalated, Alarm: a, At: now}}
	}
	return nil
}
