package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"coldchain/gateway/access"
)

// quota is how many requests somebody may send at once, and how fast that many
// grow again.
type quota struct {
	name  string
	most  float64
	every time.Duration // until all of them are there again
}

// Who is signed in, or a program with its token, has his own; a page that is
// opened asks some ten things. Everybody else shares his address's.
var (
	insideQuota  = quota{"signed-in", 1200, time.Minute}
	outsideQuota = quota{"address", 300, time.Minute}
)

// mostBuckets bounds the memory of rates.
const mostBuckets = 20_000

// rates counts requests. It is in memory: a restart forgets.
type rates struct {
	mu      sync.Mutex
	buckets map[string]allowance
}

// allowance is what is left, as of a moment.
type allowance struct {
	left float64
	at   time.Time
}

func (q quota) at(b allowance, now time.Time) float64 {
	grown := max(0, now.Sub(b.at).Seconds()) / q.every.Seconds() * q.most // a clock that goes back takes nothing away
	return min(q.most, b.left+grown)
}

// take takes one request. ok is false when none is left; until is when there is
// one again, or how long until all are.
func (r *rates) take(key string, q quota, now time.Time) (left int, until time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buckets == nil {
		r.buckets = map[string]allowance{}
	}
	b, known := r.buckets[key]
	if !known {
		r.makeRoom()
		b = allowance{q.most, now}
	}
	has := q.at(b, now)
	one := time.Duration(float64(q.every) / q.most)
	if has < 1 {
		r.buckets[key] = allowance{has, now}
		return 0, time.Duration((1 - has) * float64(one)), false
	}
	r.buckets[key] = allowance{has - 1, now}
	return int(has - 1), time.Duration((q.most - has + 1) * float64(one)), true
}

// makeRoom forgets the quarter that has been silent for longest once there are
// too many.
func (r *rates) makeRoom() {
	if len(r.buckets) < mostBuckets {
		return
	}
	last := make([]time.Time, 0, len(r.buckets))
	for _, b := range r.buckets {
		last = append(last, b.at)
	}
	slices.SortFunc(last, time.Time.Compare)
	before, gone := last[len(last)/4], 0
	for key, b := range r.buckets {
		if gone <= len(last)/4 && !b.at.After(before) {
			delete(r.buckets, key)
			gone++
		}
	}
}

// within counts a request of somebody who was let in or, without one, of an
// address, and says in headers what is left (draft-ietf-httpapi-ratelimit-headers,
// which is no RFC yet). The error is of one too many.
func (s *Server) within(w http.ResponseWriter, r *http.Request, who access.Who) error {
	key, q := "who "+string(who.Kind)+" "+who.ID+" "+who.Session, insideQuota
	if who.Kind == "" {
		key, q = "address "+network(s.caller(r).Address), outsideQuota
	}
	left, until, ok := s.rates.take(key, q, s.opt.Now())
	seconds := int((until + time.Second - 1) / time.Second)
	h := w.Header()
	h.Set("RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", q.name, int(q.most), int(q.every.Seconds())))
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", q.name, left, seconds))
	if ok {
		return nil
	}
	seconds = max(1, seconds)
	h.Set("Retry-After", strconv.Itoa(seconds))
	return &apiError{http.StatusTooManyRequests, "too-many", fmt.Sprintf("请求太多，请过 %d 秒再试", seconds), fmt.Sprintf("too many requests; try again in %d s", seconds)}
}

// network is what one subscriber has of addresses.
func network(a netip.Addr) string {
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return p.String()
}

// limited reports whether a route's requests are counted: those of the API. The
// page's files come from memory.
func limited(pattern string) bool { return strings.HasPrefix(pattern, "/api") }

// limit counts the requests of an open route by address.
func (s *Server) limit(pattern string, next http.Handler) http.Handler {
	if !limited(pattern) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.within(w, r, access.Who{}); err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
