package outbox

import (
	"hash/fnv"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/state"
)

const (
	firstWait = 30 * time.Second
	mostWait  = 15 * time.Minute
	// patience is how long a limit is waited for. One that frees later lets the
	// next channel go first.
	patience = 2 * time.Minute
	// What is older is not news any more: it would be taken for what is now.
	criticalExpires = 24 * time.Hour
	otherExpires    = 4 * time.Hour
)

// step is what is to be done with a message next.
type step struct {
	channel string    // to be tried now; empty: wait
	next    time.Time // when to look again; zero with no channel: nothing more to do
}

// plan decides what to do with a message, from what has become of it so far:
// the first channel that was not tried; else one whose wait is over. A channel
// that can never succeed is not tried again.
func plan(o state.Outgoing, now time.Time, free func(channel string) time.Time) step {
	taken := map[string]bool{}
	for _, a := range o.Attempts {
		if a.OK() {
			taken[a.Channel] = true
		}
	}
	expires := otherExpires
	if o.Intent.Critical {
		expires = criticalExpires
	}
	if len(taken) >= max(1, o.Intent.Take) || now.Sub(o.Intent.At) >= expires {
		return step{}
	}
	var wait time.Time
	again := ""
	for _, name := range o.Intent.Channels {
		if taken[name] {
			continue
		}
		from, fresh, dead := tried(o, name)
		if dead {
			continue
		}
		if at := free(name); at.After(from) {
			from = at
		}
		switch {
		case fresh && from.Sub(now) <= 0:
			return step{channel: name}
		case fresh && from.Sub(now) <= patience:
			return step{next: from}
		case !from.After(now) && again == "":
			again = name
		case wait.IsZero() || from.Before(wait):
			wait = from
		}
	}
	if again != "" {
		return step{channel: again}
	}
	return step{next: wait}
}

// tried says from when a channel may be tried for a message: fresh when it was
// not yet, dead when it cannot succeed.
func tried(o state.Outgoing, channel string) (from time.Time, fresh, dead bool) {
	n := 0
	for _, a := range o.Attempts {
		if a.Channel != channel || a.OK() {
			continue
		}
		switch a.Class {
		case notify.BadRecipient, notify.Configuration, notify.Refused:
			return time.Time{}, false, true
		}
		n++
		from = a.At.Add(backoff(o.Intent.Key, n))
		if a.Until.After(from) {
			from = a.Until
		}
	}
	return from, n == 0, false
}

// backoff is the wait after the nth failure: doubled each time, and up to a
// quarter longer by a share that the key decides, so that it is the same after
// a restart and another for every message.
func backoff(key string, n int) time.Duration {
	d := mostWait
	if n <= 5 {
		d = min(mostWait, firstWait<<(n-1))
	}
	h := fnv.New32a()
	h.Write([]byte(key)) // never fails
	h.Write([]byte{byte(n)})
	return d + d/4*time.Duration(h.Sum32()%1000)/1000
}

// attempt is what a try has brought, as it is written down.
func attempt(channel string, at time.Time, err error) duty.Attempt {
	a := duty.Attempt{Channel: channel, At: at}
	if err == nil {
		return a
	}
	a.Class, a.Error = notify.ClassOf(err), err.Error()
	if e := asError(err); e != nil {
		a.Code = e.Code
		if e.RetryAfter > 0 {
			a.Until = at.Add(e.RetryAfter)
		}
	}
	return a
}
