package web

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"coldchain/gateway/access"
	"coldchain/gateway/web/openapi"
)

//go:embed all:dist
var dist embed.FS

// Options tunes a Server. Its zero value serves a page that cannot be written
// to.
type Options struct {
	// Token lets a program do everything: web.token_file. Empty: there is none.
	Token string
	// TrustedProxies are those whose word is believed on who calls, and whether by
	// TLS.
	TrustedProxies []netip.Prefix
	// Period is how often edges sample; a value older than three periods is
	// shown as old. Default one minute.
	Period time.Duration
	// Registry holds what /metrics shows; the server adds its own metrics.
	// Default: a new one.
	Registry *prometheus.Registry
	Logger   *slog.Logger     // default: nothing is logged
	Now      func() time.Time // default time.Now
	// Page is the built page: a tree with app/index.html or, before it was
	// built, placeholder.html. Default: what is embedded.
	Page fs.FS
	// Heartbeat is how often a silent event stream says that it lives.
	// Default 15 s.
	Heartbeat time.Duration
	// AnswerKey signs the links by which messages are answered. Empty: there
	// are none, and /answer is not found.
	// It signs the links of inspectors as well.
	AnswerKey []byte
	// PublicURL is where the page is reached from outside; empty: as whoever asks
	// calls it.
	PublicURL string
	// Flush is how long live events are gathered before they are sent
	// together. Default 1 s.
	Flush time.Duration
}

// Server answers HTTP for one county.
type Server struct {
	deps    Deps
	opt     Options
	index   index
	page    page
	history history
	sparks  *sparks
	metrics metrics
	answer  *template.Template // of /answer
	handler http.Handler
	has     []string // its routes, as "METHOD /pattern"
	openAPI file     // of its routes
	apiPage openapi.Page
	rates   rates

	closing   chan struct{}
	closeOnce sync.Once
}

// New checks what it is given and prepares the routes. It starts nothing: the
// server works while its Handler is called.
func New(deps Deps, opt Options) (*Server, error) {
	if deps.Live == nil || deps.Readings == nil || deps.Alarms == nil || deps.Batches == nil || deps.Health == nil {
		return nil, errors.New("web: Live, Readings, Alarms, Batches and Health are all needed")
	}
	if deps.Hub == nil {
		deps.Hub = NewHub()
	}
	opt = opt.withDefaults()
	if _, err := time.LoadLocation(deps.County.Timezone); err != nil {
		return nil, fmt.Errorf("web: timezone %q of county %s: %w", deps.County.Timezone, deps.County.ID, err)
	}
	page, err := loadPage(opt.Page)
	if err != nil {
		return nil, fmt.Errorf("web: load the page: %w", err)
	}
	m, err := newMetrics(opt.Registry, deps.Hub)
	if err != nil {
		return nil, err
	}
	answer, err := newAnswerTemplate()
	if err != nil {
		return nil, fmt.Errorf("web: the answer page: %w", err)
	}
	h := history{readings: deps.Readings, rollups: deps.Rollups}
	s := &Server{
		deps: deps, opt: opt, index: indexOf(deps.County), page: page, metrics: m, answer: answer,
		history: h, sparks: newSparks(h, opt.Now, opt.Period),
		closing: make(chan struct{}),
	}
	routes, err := s.routes()
	if err != nil {
		return nil, err
	}
	if err := s.describe(); err != nil {
		return nil, err
	}
	foreign, err := s.foreign()
	if err != nil {
		return nil, err
	}
	s.handler = s.secure(s.observe(foreign.Handler(s.compress(routes))))
	return s, nil
}

func (o Options) withDefaults() Options {
	o.Period = cmp.Or(o.Period, time.Minute)
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	o.Flush = cmp.Or(o.Flush, time.Second)
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Page == nil {
		// The folder exists at compile time or the embed directive fails.
		o.Page, _ = fs.Sub(dist, "dist")
	}
	return o
}

// Handler serves everything: API, events, health, metrics and the page.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends all event streams, so that http.Server.Shutdown need not wait for
// them; give it to http.Server.RegisterOnShutdown. It may be called again.
func (s *Server) Close() { s.closeOnce.Do(func() { close(s.closing) }) }

// staleAfter is the age from which a value is old.
func (s *Server) staleAfter() time.Duration { return 3 * s.opt.Period }

// guarding registers routes, each behind the row of the table that says whose it
// is. One without a row goes into homeless.
func (s *Server) guarding(mux *http.ServeMux, homeless *[]string) func(pattern string, m methods) {
	return func(pattern string, m methods) {
		for method, h := range m {
			s.has = append(s.has, method+" "+pattern)
			rule, ok := access.Find(method, pattern)
			if !ok {
				*homeless = append(*homeless, method+" "+pattern)
			}
			m[method] = s.guard(rule, h)
		}
		mux.Handle(pattern, m)
	}
}

// foreign refuses what another site makes a browser send here.
func (s *Server) foreign() (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	if s.opt.PublicURL != "" { // a proxy may call us by another name
		u, err := url.Parse(s.opt.PublicURL)
		if err == nil {
			err = p.AddTrustedOrigin(u.Scheme + "://" + u.Host)
		}
		if err != nil {
			return nil, fmt.Errorf("web: public address %s: %w", s.opt.PublicURL, err)
		}
	}
	p.SetDenyHandler(s.api(func(*http.Request) (any, error) {
		return nil, &apiError{http.StatusForbidden, "cross-origin", "别的网站不能替您在这里改动", "another site may not change anything here"}
	}))
	return p, nil
}

func (s *Server) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	var homeless []string
	add := s.guarding(mux, &homeless)
	read := func(f apiFunc) methods { return methods{"GET": s.api(f)} }

	add("/api/v1/sites", read(s.sites))
	add("/api/v1/zones", read(s.zones))
	add("/api/v1/points", read(s.points))
	add("/api/v1/readings", read(s.readings))
	add("/api/v1/export", methods{"GET": http.HandlerFunc(s.export)})
	add("/api/v1/alarms", read(s.alarms))
	add("/api/v1/alarms/{id}/acknowledge", methods{"POST": s.write(s.acknowledge)})
	add("/api/v1/batches", methods{"GET": s.api(s.batches), "POST": s.write(s.createBatch)})
	add("/api/v1/batches/{id}", read(s.batch))
	if s.deps.Exposures != nil {
		add("/api/v1/batches/{id}/exposure", read(s.exposure))
	}
	add("/api/v1/batches/{id}/moves", methods{"POST": s.write(s.moveBatch)})
	if s.deps.Traces != nil {
		add("/api/v1/batches/{id}/epcis", methods{"GET": http.HandlerFunc(s.epcis)})
	}
	if s.deps.Reports != nil {
		add("/api/v1/reports/{kind}", methods{"GET": http.HandlerFunc(s.report)})
	}
	if s.deps.Trips != nil {
		add("/api/v1/trips", read(s.trips))
		add("/api/v1/trips/{id}", read(s.trip))
	}
	if s.deps.Filing != nil {
		add("/api/v1/reports", read(s.filing))
		add("/api/v1/reports/{kind}/steps", methods{"POST": s.write(s.markReport)})
	}
	if s.deps.Inspections != nil && len(s.opt.AnswerKey) > 0 {
		add("/api/v1/inspections-links", methods{"GET": s.api(s.inspections), "POST": s.write(s.makeInspection)})
		add("/api/v1/inspections-links/{id}", methods{"DELETE": s.write(s.revokeInspection)})
		add("/inspect", methods{"GET": s.remembering(http.HandlerFunc(s.inspect))})
	}
	add("/api/v1/operations", read(s.operations))
	add("/api/v1/quarantine", read(s.quarantine))
	add("/api/v1/gaps", read(s.gaps))
	s.doorRoutes(add, read)
	s.peopleRoutes(add, read)
	s.custodyRoutes(add, read)
	s.certificateRoutes(add, read)
	add("/api/v1/openapi.json", methods{"GET": http.HandlerFunc(s.giveDocument)})
	s.deskRoutes(add, read)
	add("/api/v1/contacts", read(s.contacts))
	add("/poster", methods{"GET": http.HandlerFunc(s.poster)})
	add("/api/v1/events", methods{"GET": http.HandlerFunc(s.events)})
	add("/api", methods{"GET": http.HandlerFunc(s.showDocument)})
	add("/api/", methods{"*": s.api(func(r *http.Request) (any, error) {
		return nil, notFound("没有这个接口："+clip(r.URL.Path), "there is no such route: "+clip(r.URL.Path))
	})})
	add("/healthz", methods{"GET": http.HandlerFunc(s.healthz)})
	add("/metrics", methods{"GET": promhttp.HandlerFor(s.opt.Registry, promhttp.HandlerOpts{Registry: s.opt.Registry})})
	add("/", methods{"GET": http.HandlerFunc(s.servePage)})
	if len(homeless) > 0 {
		return nil, fmt.Errorf("web: nobody has said who may use %v: give each a line in gateway/access/table.go", homeless)
	}
	return mux, nil
}

// peopleRoutes are those of telling people, as far as there is somebody to ask.
func (s *Server) peopleRoutes(add func(string, methods), read func(apiFunc) methods) {
	if s.deps.Steps != nil {
		add("/api/v1/alarms/{id}", read(s.oneAlarm))
		add("/api/v1/alarms/{id}/steps", methods{"POST": s.write(s.takeStep)})
		add("/api/v1/alarms/{id}/closing", methods{"POST": s.write(s.closeAlarm)})
		add("/api/v1/alarms/{id}/signature", methods{"POST": s.write(s.signAlarm)})
		add("/api/v1/alarms/{id}/look", methods{"POST": s.write(s.lookAt)})
		add("/api/v1/alarms/{id}/shelf", methods{"POST": s.write(s.shelve), "DELETE": s.write(s.unshelve)})
		add("/api/v1/closing-words", read(s.closingWords))
		add("/api/v1/queue", read(s.queue))
	}
	if s.deps.People != nil {
		add("/api/v1/people", methods{"GET": s.api(s.people), "PUT": s.write(s.putPeople)})
		add("/api/v1/people/{id}/pin", methods{"PUT": s.write(s.setPIN), "DELETE": s.write(s.forgetPIN)})
		add("/api/v1/drills", read(s.drills))
		add("/api/v1/channels", read(s.channels))
	}
	if s.deps.Outages != nil {
		add("/api/v1/outages", methods{"GET": s.api(s.outages), "POST": s.write(s.planOutage)})
		add("/api/v1/outages/{id}", methods{"DELETE": s.write(s.endOutage)})
	}
	if s.deps.Usage != nil {
		add("/api/v1/disuses", methods{"GET": s.api(s.disuses), "POST": s.write(s.takeOutOfUse)})
		add("/api/v1/usage", read(s.pastUse))
		add("/api/v1/disuses/{id}", methods{"DELETE": s.write(s.bringIntoUse)})
		add("/api/v1/trucks/{site}/phase", methods{"POST": s.write(s.sayPhase)})
		add("/api/v1/trucks/{site}/empty", methods{"POST": s.write(s.sayEmpty)})
	}
	if s.deps.Messages != nil && len(s.opt.AnswerKey) > 0 {
		add("/answer", methods{"GET": s.remembering(http.HandlerFunc(s.answerPage)), "POST": s.remembering(http.HandlerFunc(s.takeAnswer))})
	}
}
