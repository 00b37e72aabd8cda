package outbox

import (
	"slices"
	"sync"
	"time"

	"coldchain/alerting/notify"
)

// limits knows what each channel may still send. Several goroutines use it.
type limits struct {
	mu    sync.Mutex
	rates map[string][]notify.Rate
	sent  map[string][]sending // by channel, by time
	muted map[string]time.Time // by channel: nothing before this
}

type sending struct {
	to string
	at time.Time
}

func newLimits() *limits {
	return &limits{rates: map[string][]notify.Rate{}, sent: map[string][]sending{}, muted: map[string]time.Time{}}
}

// free returns when a channel may next send to somebody: now, or later.
func (l *limits) free(channel, to string, now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now
	if m := l.muted[channel]; m.After(at) {
		at = m
	}
	for _, r := range l.rates[channel] {
		if r.Count < 1 {
			continue
		}
		same := l.within(channel, to, r, now)
		if n := len(same); n >= r.Count {
			if t := same[n-r.Count].Add(r.Per); t.After(at) {
				at = t
			}
		}
	}
	return at
}

// room returns how many messages a channel may send to somebody now.
func (l *limits) room(channel, to string, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.muted[channel].After(now) {
		return 0
	}
	least := 1 << 30
	for _, r := range l.rates[channel] {
		if r.Count > 0 {
			least = min(least, max(0, r.Count-len(l.within(channel, to, r, now))))
		}
	}
	return least
}

// within lists the sendings that count against a rate.
func (l *limits) within(channel, to string, r notify.Rate, now time.Time) []time.Time {
	var out []time.Time
	for _, s := range l.sent[channel] {
		if s.at.Add(r.Per).After(now) && (!r.PerRecipient || s.to == to) {
			out = append(out, s.at)
		}
	}
	return out
}

// note records a sending, and a mute that the far end asked for.
func (l *limits) note(channel, to string, at, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var longest time.Duration
	for _, r := range l.rates[channel] {
		longest = max(longest, r.Per)
	}
	old := slices.DeleteFunc(l.sent[channel], func(s sending) bool { return !s.at.Add(longest).After(at) })
	l.sent[channel] = append(old, sending{to, at})
	if until.After(l.muted[channel]) {
		l.muted[channel] = until
	}
}
