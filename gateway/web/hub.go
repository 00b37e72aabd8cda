package web

import (
	"crypto/rand"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Kind is what sort of thing has changed.
type Kind string

// The kinds of live events.
const (
	ReadingEvent Kind = "reading" // ids are points
	AlarmEvent   Kind = "alarm"   // ids are alarms
	BatchEvent   Kind = "batch"   // ids are batches
	GatewayEvent Kind = "gateway" // ids are gateways
	ZoneEvent    Kind = "zone"    // ids are zones that are used otherwise
	PeopleEvent  Kind = "people"  // roster, plan or outages; any id
)

// maxPending bounds what waits for one listener; a county has fewer things.
const maxPending = 20_000

// remembered is how many changes a listener may have missed and still go on where
// it was.
const remembered = 20_000

// Hub tells listeners what has changed. Only names travel through it: what is
// true of them is looked up when a listener is written to. So a thing that
// changed ten times meanwhile is sent once, as it is then, and a listener that
// is slow costs a set of names and delays nobody.
type Hub struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}

	// run names this run of the program: numbers of another one mean nothing.
	run  string
	last uint64   // number of the newest change; the first has 1
	ring []change // change n is at n % remembered
}

// NewHub returns a hub without listeners.
func NewHub() *Hub { return &Hub{listeners: map[*listener]struct{}{}, run: rand.Text()[:10]} }

// Publish tells every listener that these things have changed. It never waits
// for one.
func (h *Hub) Publish(k Kind, ids ...string) {
	if len(ids) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		h.remember(change{k, id})
	}
	for l := range h.listeners {
		for _, id := range ids {
			l.pending[change{k, id}] = struct{}{}
		}
		if len(l.pending) > maxPending {
			delete(h.listeners, l)
			close(l.wake) // it is told by its channel and may come again
			continue
		}
		select {
		case l.wake <- struct{}{}:
		default: // it knows already that something waits
		}
	}
}

func (h *Hub) remember(c change) {
	if h.ring == nil {
		h.ring = make([]change, remembered)
	}
	h.last++
	h.ring[h.last%remembered] = c
}

// since returns the changes after the one with an id, as at gave it out; ok is
// false when they are not all remembered. The lock is held.
func (h *Hub) since(id string) (missed []change, ok bool) {
	run, number, _ := strings.Cut(id, ".")
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || run != h.run || n > h.last || h.last-n > remembered {
		return nil, false
	}
	for i := n + 1; i <= h.last; i++ {
		missed = append(missed, h.ring[i%remembered])
	}
	return missed, true
}

// at names the newest change. The lock is held.
func (h *Hub) at() string { return h.run + "." + strconv.FormatUint(h.last, 10) }

// Len is the number of listeners now.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.listeners)
}

type change struct {
	kind Kind
	id   string
}

// listener is one page. pending is guarded by the hub's lock.
type listener struct {
	pending map[change]struct{}
	wake    chan struct{} // closed when the listener is dropped
}

// join begins to listen. after is the id of the last event that was heard: what
// changed since then waits for the listener, if resumed. id names where it is now.
func (h *Hub) join(after string) (l *listener, id string, resumed bool) {
	l = &listener{pending: map[change]struct{}{}, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	missed, resumed := h.since(after)
	for _, c := range missed {
		l.pending[c] = struct{}{}
	}
	if len(missed) > 0 {
		l.wake <- struct{}{}
	}
	h.listeners[l] = struct{}{}
	return l, h.at(), resumed
}

func (h *Hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

// take empties what waits for l, by kind and in order of name. id is to be told
// after it.
func (h *Hub) take(l *listener) (changed map[Kind][]string, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[Kind][]string{}
	for c := range l.pending {
		out[c.kind] = append(out[c.kind], c.id)
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	clear(l.pending)
	return out, h.at()
}
