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
	sent  map[string][]*sending // by channel
	muted map[string]time.Time  // by channel: nothing before this
}

// sending is a message that counts against the limits: from when it was decided
// that it goes, because others decide meanwhile, until its window is over.
type sending struct {
	to     string
	at     time.Time
	coming bool // it waits for its turn; at is not known yet
}

func newLimits() *limits {
	return &limits{rates: map[string][]notify.Rate{}, sent: map[string][]*sending{}, muted: map[string]time.Time{}}
}

// free returns when a channel may next send to somebody: now, or later.
func (l *limits) free(channel, to string, now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.freeAt(channel, to, now)
}

func (l *limits) freeAt(channel, to string, now time.Time) time.Time {
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
		at := s.at
		if s.coming {
			at = now
		}
		if at.Add(r.Per).After(now) && (!r.PerRecipient || s.to == to) {
			out = append(out, at)
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// reserve counts a message that is about to go; nil when there is no room for it.
func (l *limits) reserve(channel, to string, now time.Time) *sending {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.freeAt(channel, to, now).After(now) {
		return nil
	}
	l.forget(channel, now)
	s := &sending{to: to, at: now, coming: true}
	l.sent[channel] = append(l.sent[channel], s)
	return s
}

// begin says that a reserved message goes now. false: the far end has asked for
// silence meanwhile, and the message does not count any more.
func (l *limits) begin(channel string, s *sending, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.at, s.coming = now, false
	if l.muted[channel].After(now) {
		l.sent[channel] = slices.DeleteFunc(l.sent[channel], func(x *sending) bool { return x == s })
		return false
	}
	return true
}

// mute is what the far end asked for: nothing before a moment.
func (l *limits) mute(channel string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.muted[channel]) {
		l.muted[channel] = until
	}
}

// note records a sending of the past, and a mute that the far end asked for.
func (l *limits) note(channel, to string, at, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(channel, at)
	l.sent[channel] = append(l.sent[channel], &sending{to: to, at: at})
	if until.After(l.muted[channel]) {
		l.muted[channel] = until
	}
}

// forget drops what no window can see any more.
func (l *limits) forget(channel string, now time.Time) {
	var longest time.Duration
	for _, r := range l.rates[channel] {
		longest = max(longest, r.Per)
	}
	l.sent[channel] = slices.DeleteFunc(l.sent[channel], func(s *sending) bool { return !s.coming && !s.at.Add(longest).After(now) })
}
