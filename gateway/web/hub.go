package web

import (
	"slices"
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

// Hub tells listeners what has changed. Only names travel through it: what is
// true of them is looked up when a listener is written to. So a thing that
// changed ten times meanwhile is sent once, as it is then, and a listener that
// is slow costs a set of names and delays nobody.
type Hub struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
}

// NewHub returns a hub without listeners.
func NewHub() *Hub { return &Hub{listeners: map[*listener]struct{}{}} }

// Publish tells every listener that these things have changed. It never waits
// for one.
func (h *Hub) Publish(k Kind, ids ...string) {
	if len(ids) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
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

func (h *Hub) join() *listener {
	l := &listener{pending: map[change]struct{}{}, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listeners[l] = struct{}{}
	return l
}

func (h *Hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

// take empties what waits for l, by kind and in order of name.
func (h *Hub) take(l *listener) map[Kind][]string {
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
	return out
}
