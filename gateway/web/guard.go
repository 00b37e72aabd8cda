package web

import (
	"cmp"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// write answers a request that changes something: it remembers by which device.
func (s *Server) write(f apiFunc) http.Handler { return s.remembering(s.api(f)) }

// secure sets the headers every answer carries. Nothing inline runs and
// nothing is loaded from elsewhere.
func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
		if s.secureRequest(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000") // a year; other names of the host are not ours to bind
		}
		next.ServeHTTP(w, r)
	})
}

// metrics are the server's own.
type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics(reg *prometheus.Registry, hub *Hub) (metrics, error) {
	m := metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "coldchain_web_requests_total",
			Help: "HTTP requests answered, by route and status."}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "coldchain_web_request_seconds",
			Help: "Time to answer an HTTP request, event streams left out.", Buckets: []float64{.005, .02, .1, .5, 2, 10}}, []string{"route"}),
	}
	streams := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "coldchain_web_event_streams",
		Help: "Pages that listen to live events now."}, func() float64 { return float64(hub.Len()) })
	for _, c := range []prometheus.Collector{m.requests, m.seconds, streams} {
		if err := reg.Register(c); err != nil {
			return m, err
		}
	}
	return m, nil
}

// observe counts and times requests.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.opt.Now()
		rec := &recorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r)
		route := routeOf(r.URL.Path)
		s.metrics.requests.WithLabelValues(route, strconv.Itoa(rec.status)).Inc()
		if route != "/api/v1/events" {
			s.metrics.seconds.WithLabelValues(route).Observe(s.opt.Now().Sub(start).Seconds())
		}
	})
}

// routeOf names the route of a path with few different answers, so that
// hostile paths cannot grow the metrics.
func routeOf(path string) string {
	rest, isAPI := strings.CutPrefix(path, "/api/v1/")
	first, _, _ := strings.Cut(rest, "/")
	switch {
	case isAPI:
		switch first {
		case "openapi.json", "sites", "zones", "points", "readings", "alarms", "batches", "events", "people", "channels", "drills", "outages", "queue", "disuses", "trucks", "derivations", "temperatures", "files", "import", "certificates", "keys", "reports", "inspections-links", "session", "users", "sessions", "tokens", "devices":
			return "/api/v1/" + first
		}
		return "other"
	case path == "/healthz" || path == "/metrics" || path == "/answer" || path == "/verify" || path == "/inspect":
		return path
	case strings.HasPrefix(path, "/c/"):
		return "/c"
	}
	return "page"
}

// recorder remembers the status. Unwrap keeps flushing and deadlines working.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// compressFrom is the size below which gzip would cost more than it saves.
const compressFrom = 1400

// compress packs big JSON answers. The page's files are packed once when they
// are loaded, streams (events, exports) never.
func (s *Server) compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !acceptsGzip(r) || !strings.HasPrefix(r.URL.Path, "/api/v1/") || r.URL.Path == "/api/v1/events" || r.URL.Path == "/api/v1/export" || r.URL.Path == "/api/v1/openapi.json" ||
			strings.HasPrefix(r.URL.Path, "/api/v1/files/") || strings.HasPrefix(r.URL.Path, "/api/v1/import/") {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("Vary", "Accept-Encoding")
		next.ServeHTTP(&packer{ResponseWriter: w, status: http.StatusOK}, r)
	})
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if name == "gzip" && strings.ReplaceAll(q, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// packer gzips an answer that is written in one call, as writeJSON does.
type packer struct {
	http.ResponseWriter
	status int
}

// WriteHeader waits for what is written; a 304 has nothing.
func (p *packer) WriteHeader(status int) {
	if p.status = status; status == http.StatusNotModified {
		p.ResponseWriter.WriteHeader(status)
	}
}

func (p *packer) Write(b []byte) (int, error) {
	p.status = cmp.Or(p.status, http.StatusOK)
	if len(b) < compressFrom {
		p.ResponseWriter.WriteHeader(p.status)
		return p.ResponseWriter.Write(b)
	}
	p.Header().Set("Content-Encoding", "gzip")
	p.ResponseWriter.WriteHeader(p.status)
	z := gzip.NewWriter(p.ResponseWriter)
	n, err := z.Write(b)
	if err != nil {
		return n, err
	}
	return n, z.Close()
}

// writeWithin bounds how long one write to a stream may take: a reader that
// does not read is cut off.
const writeWithin = 10 * time.Second
