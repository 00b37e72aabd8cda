package page

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"
)

//go:embed page.css
var styleSheet string

//go:embed page.js
var script string

// Options configure a Server. Source is required.
type Options struct {
	// Source returns what the agent knows now. It is called for every request,
	// by several at a time.
	Source func(context.Context) Snapshot
	// Siren is the local alarm's; nil: there is none.
	Siren Siren
	// Cab is the truck that the site is; nil: it stands still.
	Cab Cab
	// Labels are names of zones ("zone" or "site/zone") and of the site.
	Labels map[string]Label
	// Place is the time zone of the screens; nil: Asia/Shanghai (UTC+8 all
	// year, needs no time zone files).
	Place *time.Location
}

// Server is the page's handler. It keeps nothing but its token, and a photo while
// it is searched.
type Server struct {
	o      Options
	token  string
	assets string
	cross  *http.CrossOriginProtection
	mux    *http.ServeMux
	// decoding holds who searches a photo for a code.
	decoding chan struct{}
}

// New makes a handler with a token of its own.
func New(o Options) (*Server, error) {
	if o.Source == nil {
		return nil, errors.New("site page: a source is needed")
	}
	if o.Place == nil {
		o.Place = time.FixedZone("Asia/Shanghai", 8*60*60)
	}
	sum := sha256.Sum256([]byte(styleSheet + script))
	s := &Server{o: o, token: rand.Text(), assets: hex.EncodeToString(sum[:6]), cross: http.NewCrossOriginProtection(), decoding: make(chan struct{}, 1)}
	s.routes()
	return s, nil
}

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	for _, t := range tabs() {
		path := t.path
		if path == "/" {
			path = "/{$}"
		}
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			l := s.language(w, r)
			writeHTML(w, http.StatusOK, s.view(r.Context(), l).document(t))
		})
		s.mux.HandleFunc("GET "+t.live, func(w http.ResponseWriter, r *http.Request) {
			writeHTML(w, http.StatusOK, s.view(r.Context(), languageOf(r)).fragment(t))
		})
	}
	s.mux.HandleFunc("GET /page.css", asset("text/css; charset=utf-8", styleSheet))
	s.mux.HandleFunc("GET /page.js", asset("text/javascript; charset=utf-8", script))
	s.mux.HandleFunc("POST /siren/acknowledge", s.acknowledge)
	s.mux.HandleFunc("POST /truck/say", s.say)
	s.mux.HandleFunc("POST /truck/goods", s.goods)
	s.mux.HandleFunc("GET /api/truck", s.truck)
	s.mux.HandleFunc("GET /api/alarms", s.alarms)
	s.mux.HandleFunc("GET /api/points", s.points)
	s.mux.HandleFunc("GET /api/devices", s.devices)
	s.mux.HandleFunc("GET /status", s.status)
	s.mux.HandleFunc("GET /healthz", s.healthz)
}

func (s *Server) view(ctx context.Context, l lang) view {
	v := view{l: l, s: s.o.Source(ctx), siren: s.sounds(), hasSiren: s.o.Siren != nil, token: s.token, labels: s.o.Labels, place: s.o.Place, assets: s.assets}
	if s.o.Cab != nil {
		t := s.o.Cab.Truck()
		v.truck, v.s.Points = &t, t.unlimited(v.s.Points)
	}
	return v
}

func (s *Server) sounds() bool { return s.o.Siren != nil && s.o.Siren.Active() }

// ServeHTTP answers with headers that let nothing inline run and nothing be
// loaded from elsewhere.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with the button.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	s.mux.ServeHTTP(w, r)
}

// languageOf is the request's language: what it asks for, else what it asked
// for last, else Chinese.
func languageOf(r *http.Request) lang {
	asked := r.URL.Query().Get("lang")
	if asked == "" {
		if c, err := r.Cookie("lang"); err == nil {
			asked = c.Value
		}
	}
	if asked == en.key() {
		return en
	}
	return zh
}

// language also remembers what was asked for.
func (s *Server) language(w http.ResponseWriter, r *http.Request) lang {
	l := languageOf(r)
	if r.URL.Query().Has("lang") {
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: l.key(), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	return l
}

func writeHTML(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader that went away is nobody's error
}

// asset is a file whose address changes with its content.
func asset(kind, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = fmt.Fprint(w, content)
	}
}
