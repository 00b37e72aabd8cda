// Package county puts the collector together from its configuration file:
// broker, store, state, judging, ingest, page. It guarantees that what it
// opened is closed, in reverse, also when a later step fails.
package county

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/gateway/app"
	"coldchain/gateway/broker"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/door"
	"coldchain/gateway/evidence"
	"coldchain/gateway/evidence/certificate/font"
	exposing "coldchain/gateway/exposure"
	"coldchain/gateway/files"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/sqlite"
	"coldchain/gateway/trips"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// App is one county's collector with everything it stands on.
type App struct {
	cfg       *config.County
	log       *slog.Logger
	broker    *broker.Broker // nil with an outside one
	store     engineStore
	state     *state.DB
	goods     *goods
	ageings   *ageings
	trips     *trips.Keeper
	collector *collector.Collector
	keeper    *retention.Keeper
	office    *office
	custody   web.Custody
	door      *door.Door
	platform  *platform   // nil without one in the configuration
	stamping  *stamping   // the same
	mail      *reportMail // the same
	link      *mqtt.Link
	// sourceLinks are the connections of third-party senders.
	sourceLinks []*mqtt.Link
	web         *web.Server
	listener    net.Listener
	closers     app.Closers
	// faces is the font of every PDF, unpacked when the first one is drawn: 21 MB.
	faces func() (font.Faces, error)
}

// Options are what a configuration file does not say.
type Options struct {
	Logger *slog.Logger
	Now    func() time.Time
	// Say hears the one-time password of the first admin. nil: there is none.
	Say io.Writer
}

// New opens what the configuration names. On error nothing stays open.
func New(ctx context.Context, cfg *config.County, o Options) (_ *App, err error) {
	a := &App{cfg: cfg, log: o.Logger, faces: sync.OnceValues(font.Load)}
	defer func() {
		if err != nil {
			_ = a.closers.Close()
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}

	// The page's address first: a second collector on the same machine must
	// fail before it touches the first one's files.
	if a.listener, err = net.Listen("tcp", cfg.Web.Listen); err != nil {
		return nil, fmt.Errorf("web.listen %s: %w; is another collector running?", cfg.Web.Listen, err)
	}
	a.closers.Add("page", func() error { return ignoreClosed(a.listener.Close()) })
	if cfg.Web.TLS.CertFile != "" {
		page, err := newPageCertificate(cfg.Web.TLS, o.Logger)
		if err != nil {
			return nil, err
		}
		a.listener = tls.NewListener(a.listener, page.config())
	}

	// What is remembered comes before what can change it.
	if a.store, err = openStore(ctx, cfg, o.Now); err != nil {
		return nil, err
	}
	a.closers.Add("store", a.store.Close)
	zones := cfg.EngineZones()
	known := map[string]bool{}
	for _, s := range cfg.Sites {
		for _, z := range s.Zones {
			known[s.ID+"/"+z.ID] = z.Kind != config.Technical
		}
	}
	holdsGoods := func(zone string) bool { return known[zone] }
	use := newUsage(cfg, o.Logger)
	if a.goods, err = newGoods(cfg, use, o.Logger); err != nil {
		return nil, err
	}
	options := []state.Option{state.WithZones(holdsGoods), state.WithReceiving(a.goods.agrees)}
	if cfg.Platform.URLFile != "" {
		options = append(options, state.WithPlatform())
	}
	if cfg.TimestampAuthority.URL != "" {
		options = append(options, state.WithStamps())
	}
	if a.state, err = state.Open(ctx, filepath.Join(cfg.Data, "county.db"), o.Now, options...); err != nil {
		return nil, err
	}
	a.goods.state, use.state, use.now = a.state, a.state, o.Now
	a.closers.Add("county.db", a.state.Close)
	a.door = door.New(door.Options{State: a.state, Now: o.Now, Logger: o.Logger})

	registry := prometheus.NewRegistry()
	hub := web.NewHub()
	judge, err := engine.New(EngineConfig(cfg), o.Now())
	if err != nil {
		return nil, err
	}
	watching, err := watchOf(ctx, cfg, a.state)
	if err != nil {
		return nil, err
	}
	// The limits of what lies in the rooms come before what was pending under
	// them is restored.
	if err := a.goods.all(ctx, judge, watching, watching.PullingDown(o.Now())); err != nil {
		return nil, err
	}
	use.watch, use.judging = watching, func(do func(*engine.Engine) error) error { return do(judge) }
	if err := use.read(ctx, o.Now()); err != nil {
		return nil, err
	}
	foreteller := newForeteller(cfg, a.store, o.Now)
	a.ageings = newAgeings(&exposing.Reader{Readings: a.store, Zones: measuredZones(cfg), Profiles: a.goods.profiles}, a.state, o.Now, o.Logger)
	a.trips = newTrips(cfg, use, a.store, a.state, o.Now, o.Logger)
	a.office, err = newOffice(officeOptions{
		cfg: cfg, state: a.state, hub: hub, now: o.Now, log: o.Logger, ages: a.ageings.of,
		left: func(ctx context.Context, x alerting.Alarm) *web.Left {
			return foreteller.left(ctx, x, a.goods.limitsOf(x.Zone))
		},
		publisher: publisherFunc(func(ctx context.Context, topic string, payload []byte) error {
			return LinkPublisher{a.link}.Publish(ctx, topic, payload)
		}),
	})
	if err != nil {
		return nil, err
	}
	sources, err := sourcesOf(cfg)
	if err != nil {
		return nil, err
	}
	a.collector, err = collector.New(ctx, collector.Options{
		Registry: registryOf(cfg), Limits: limitsForSites(cfg, a.goods), Sources: sources, Engine: judge, Usage: use, Watch: watching, Pulling: a.goods.pull,
		Disk: app.DiskOf(cfg.Data), State: a.state, Store: a.store, Rollups: a.store,
		Listener: tripListener{ageingListener{wakingListener{hubListener{hub}, a.office.alarmsChanged}, a.ageings}, a.trips}, Now: o.Now, Logger: o.Logger, Registerer: registry, ClockSource: machineClock(),
	})
	if err != nil {
		return nil, err
	}
	a.keeper, err = retention.New(retention.Options{
		County: cfg.County, Rules: rulesOf(cfg), State: a.state, Store: a.store, Folder: filepath.Join(cfg.Data, retention.Folder),
		Now: o.Now, Newest: a.collector.Newest, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	a.goods.hand(a.collector)
	a.goods.books = newBooks(cfg, a.goods, a.collector.SetBook)
	a.goods.books.answers, a.goods.books.heard = a.office.answered, a.office.heard
	a.office.collector, a.office.usage = a.collector, use
	use.judging = a.collector.Judging
	use.changed = func(zones ...string) { hub.Publish(web.ZoneEvent, zones...) }
	use.alarms = wakingListener{hubListener{hub}, a.office.changed}.AlarmsChanged
	a.ageings.alarms, a.goods.followed = use.alarms, a.ageings.wake
	if err := use.refresh(ctx); err != nil {
		return nil, err
	}
	if a.platform, err = newPlatform(cfg.Platform, a.state, o.Now, o.Logger); err != nil {
		return nil, err
	}
	if a.stamping, err = newStamping(cfg, a.state, o.Now, o.Logger); err != nil {
		return nil, err
	}
	a.goods.books.tell(ctx) // before a gateway asks for it
	if err := a.openPage(zones, hub, registry, foreteller, o); err != nil {
		return nil, err
	}
	if err := a.firstAdmin(ctx, o.Say); err != nil {
		return nil, err
	}
	// The wire last: from here on messages come in.
	if err := a.connect(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// engineStore is what each of the two engines is.
type engineStore interface {
	store.Store
	store.Rollups
	store.Deleter
}

func openStore(ctx context.Context, cfg *config.County, now func() time.Time) (engineStore, error) {
	if cfg.Store.Influx.URL == "" {
		return sqlite.Open(ctx, filepath.Join(cfg.Data, "readings.db"))
	}
	token, err := secretFrom(cfg.Store.Influx.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("store.influx.token_file: %w", err)
	}
	return influx.New(influx.Options{
		URL: cfg.Store.Influx.URL, Org: cfg.Store.Influx.Org, Bucket: cfg.Store.Influx.Bucket,
		Token: token, County: cfg.County, CAFile: cfg.Store.Influx.CAFile, Now: now,
	})
}

// EngineConfig is what the alarm engine watches under a configuration.
func EngineConfig(cfg *config.County) engine.Config {
	out := engine.Config{Zones: cfg.EngineZones()}
	for _, s := range cfg.Sites {
		out.Sites = append(out.Sites, engine.Site{ID: s.ID, SilentAfter: s.SilentAfter})
	}
	for _, p := range cfg.Points() {
		out.Points = append(out.Points, engine.Point{ID: p.ID, Quantity: p.Quantity, Zone: p.ID.Zone(), Site: p.ID.Site()})
	}
	return out
}

func registryOf(cfg *config.County) collector.Registry {
	r := collector.Registry{County: cfg.County, Gateways: map[string]string{}, Points: map[sensors.PointID]sensors.Quantity{}, Keep: map[sensors.PointID]time.Duration{}}
	for _, s := range cfg.Sites {
		if s.Gateway != "" {
			r.Gateways[s.Gateway] = s.ID
		}
	}
	for _, p := range cfg.Points() {
		r.Points[p.ID] = p.Quantity
	}
	for p, rule := range rulesOf(cfg) {
		if rule.Raw > 0 {
			r.Keep[p] = rule.Raw
		}
	}
	return r
}

func (a *App) openPage(zones []alerting.Zone, hub *web.Hub, registry *prometheus.Registry, foreteller *foreteller, o Options) error {
	county, err := web.CountyFrom(*a.cfg, limitsOf(zones))
	if err != nil {
		return err
	}
	token, err := secretFrom(a.cfg.Web.TokenFile)
	if err != nil {
		return fmt.Errorf("web.token_file: %w", err)
	}
	went := newExposed(a.cfg, a.store, a.state, a.collector, a.goods.profiles, o.Now)
	reports, err := a.reports(went)
	if err != nil {
		return err
	}
	view := view{judged: went.judged, collector: a.collector, state: a.state, hub: hub, goods: a.goods, foreteller: foreteller, office: a.office, platform: a.platform}
	papers, err := a.newCertificates(went, view, o.Now)
	if err != nil {
		return err
	}
	a.custody = view
	if a.mail, err = a.newReportMail(a.cfg.MonthlyReport, reports, o.Now); err != nil {
		return err
	}
	a.web, err = web.New(web.Deps{
		County: county, Operations: operations{a.collector, a.state, a.store, storeKind(a.cfg)}, Live: view, Readings: a.store, Rollups: a.collector, Alarms: view, Batches: view, Health: a.collector, Rooms: judging{limitsOf(zones), a.goods, productsOf(zones), a.collector.Estimate}, Hub: hub,
		Exposures: went, Ages: a.ageings, Door: a.door, Accounts: a.door,
		Steps: view, People: a.office, Outages: a.office, Messages: a.office, Usage: view,
		Custody: view, Files: files.New(filepath.Join(a.cfg.Data, "files")), Intake: view,
		Certificates: papers, Public: web.PublicPages{Certificate: papers.pages.PublicPage(papers.maker, o.Logger), Keys: evidence.KeysHandler(papers.keys.Published)},
		Traces: traces{a.cfg, a.state, o.Now, went.Exposure}, Reports: reports, ReportPDF: a.reportPDF(), Trips: newRuns(went, a.state, a.goods.usage, a.office.places), Filing: desk{view, reports, o.Now}, Inspections: desk{view, reports, o.Now},
		Audit: auditing{a.state}, Calibrations: auditing{a.state},
	}, web.Options{Token: token, TrustedProxies: a.cfg.Web.Proxies(), AnswerKey: a.office.key, PublicURL: a.cfg.Web.PublicURL, Registry: registry, Logger: o.Logger, Now: o.Now})
	return err
}

func (a *App) connect(ctx context.Context) (err error) {
	server := a.cfg.MQTT.Server
	if a.cfg.Broker.Listen != "" {
		if a.broker, err = broker.Start(a.cfg.Broker.Listen, a.log); err != nil {
			return err
		}
		a.closers.Add("broker", a.broker.Close)
		server = a.broker.URL()
	}
	password, err := secretFrom(a.cfg.MQTT.PasswordFile)
	if err != nil {
		return fmt.Errorf("mqtt.password_file: %w", err)
	}
	base := mqtt.Options{Server: server, Username: a.cfg.MQTT.Username, Password: password, CAFile: a.cfg.MQTT.CAFile, Logger: a.log}
	o := base
	o.ClientID, o.Subscriptions = a.cfg.County+"-collector", a.collector.Subscriptions()
	o.OnConnect, o.OnLost = a.collector.OnConnect, a.collector.OnLost
	if a.link, err = mqtt.New(o); err != nil {
		return err
	}
	return a.connectSources(ctx, base)
}

func secretFrom(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	s, err := config.ReadSecret(file)
	if err != nil {
		return "", err
	}
	return s.Reveal(), nil
}

// Health returns nil while the collector makes progress.
func (a *App) Health() error { return a.collector.Health() }

// Progress returns nil while starting the collector again would mend nothing.
func (a *App) Progress() error { return a.collector.Progress() }

// Run serves until ctx ends, then writes what is judged and returns.
func (a *App) Run(ctx context.Context) error {
	server := &http.Server{Handler: a.web.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	server.RegisterOnShutdown(a.web.Close)
	linkCtx, stopLink := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLink()

	var wg sync.WaitGroup
	var pageErr error
	failed, fail := context.WithCancel(ctx)
	defer fail()
	wg.Go(func() {
		if err := server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			pageErr = fmt.Errorf("page: %w", err)
			fail()
		}
	})
	for _, link := range append([]*mqtt.Link{a.link}, a.sourceLinks...) {
		wg.Go(func() { _ = link.Run(linkCtx) }) // ends with its context only
	}
	wg.Go(func() { a.keeper.Run(failed) })
	wg.Go(func() { a.office.run(failed) })
	wg.Go(func() { a.goods.run(failed) })
	wg.Go(func() { a.ageings.run(failed) })
	wg.Go(func() { a.trips.Run(failed) })
	wg.Go(func() { a.platform.run(failed) })
	wg.Go(func() { a.stamping.run(failed) })
	wg.Go(func() { a.mail.run(failed) })
	err := a.collector.Run(failed, a.link)

	// The links end after the collector, whose last acknowledgements they send.
	stopLink()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if stop := server.Shutdown(grace); stop != nil {
		_ = server.Close()
	}
	wg.Wait()
	return errors.Join(err, pageErr)
}

// Close releases what New opened.
func (a *App) Close() error { return a.closers.Close() }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// FromFile reads a configuration file and puts the collector together. say hears
// the one-time password of a new county's first admin.
func FromFile(ctx context.Context, path string, log *slog.Logger, say io.Writer) (*App, error) {
	cfg, err := config.LoadCounty(path)
	if err != nil {
		return nil, err
	}
	return New(ctx, cfg, Options{Logger: log, Now: time.Now, Say: say})
}
