// Package edge puts an edge agent together from its configuration file: buses,
// devices, journal, connection. It guarantees that what it opened is closed,
// in reverse, also when a later step fails.
package edge

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"coldchain/gateway/app"
	"coldchain/gateway/config"
	"coldchain/gateway/edge"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// App is one edge agent with everything it stands on.
type App struct {
	cfg      *config.Edge
	journal  *journal.Journal
	hardware *Hardware
	alarm    *localAlarm
	agent    *edge.Agent
	link     *mqtt.Link
	modem    *siteModem // nil: the site has none
	status   *edge.StatusServer
	log      *slog.Logger
	closers  app.Closers
}

// Options are what a configuration file does not say.
type Options struct {
	Version string
	Logger  *slog.Logger
	Clock   edge.Clock
	// SampleAfter holds the first poll back until it is closed; nil: at once.
	SampleAfter <-chan struct{}
}

// New opens what the configuration names. On error nothing stays open.
func New(ctx context.Context, cfg *config.Edge, o Options) (_ *App, err error) {
	a := &App{cfg: cfg, log: o.Logger}
	defer func() {
		if err != nil {
			_ = a.closers.Close()
		}
	}()

	// The journal first: without it a reading does not exist.
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	j, err := journal.Open(ctx, filepath.Join(cfg.Data, "journal.db"), journal.Options{
		Boot: o.Clock.Boot, Keep: cfg.Journal.Keep, MaxBytes: int64(cfg.Journal.MaxBytes), Scope: cfg.Gateway, Now: o.Clock.Now, Stamp: stamp(o.Clock), Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	a.journal = j
	a.closers.Add("journal", j.Close)

	if a.hardware, err = OpenHardware(cfg, o.Clock, o.Logger); err != nil {
		return nil, err
	}
	a.closers.Add("buses", a.hardware.Close)
	for _, r := range a.hardware.receivers {
		o.Clock.References = append(slices.Clip(o.Clock.References), r.Time)
	}
	if a.alarm, err = newLocalAlarm(a.hardware); err != nil {
		return nil, err
	}
	doubts, err := newScreen(a.hardware)
	if err != nil {
		return nil, err
	}
	devices := slices.Clone(a.hardware.Devices)
	for i, d := range devices {
		devices[i].Sensor = screened{d.Sensor, doubts}
	}
	address := wire.Address{County: cfg.County, Site: cfg.Site, Gateway: cfg.Gateway}
	a.agent, err = edge.New(edge.Options{
		Address: address, Devices: devices, Limits: a.alarm.judge, Judge: a.alarm.judge, Follower: a.alarm.judge, Journal: j,
		Commit: cfg.Journal.Commit, Clock: o.Clock, Version: o.Version, SampleAfter: o.SampleAfter, Siren: a.alarm.siren(), Cab: a.alarm.cab(), Labels: labels(cfg), Logger: o.Logger,
		Disk:       app.DiskOf(cfg.Data),
		Calibrated: func(p sensors.PointID) (time.Time, bool) { return doubts.until(p, o.Clock.Now()) },
		Delivery:   edge.Delivery{BacklogRate: float64(cfg.Delivery.BacklogRate), BytesPerDay: uint64(cfg.Delivery.MiBPerDay) << 20, Spread: cfg.Delivery.Spread},
	})
	if err != nil {
		return nil, err
	}
	if a.link, err = a.connect(address); err != nil {
		return nil, err
	}
	fault := func(why sensors.Reason) { a.agent.Fault(modemFault, why) }
	if a.modem, err = newSiteModem(cfg.Modem, a.alarm, fault, o.Logger); err != nil {
		return nil, err
	}
	if cfg.Status.Listen != "" {
		if a.status, err = edge.ListenStatus(cfg.Status.Listen, a.agent, a.link.Connected); err != nil {
			return nil, err
		}
		a.closers.Add("status page", a.status.Close)
	}
	return a, nil
}

func labels(cfg *config.Edge) map[string]page.Label {
	out := map[string]page.Label{}
	for zone, l := range cfg.Labels {
		out[zone] = page.Label(l)
	}
	return out
}

func (a *App) connect(address wire.Address) (*mqtt.Link, error) {
	will, err := a.agent.Will()
	if err != nil {
		return nil, err
	}
	m := a.cfg.MQTT
	o := mqtt.Options{
		Server: m.Server, ClientID: address.Gateway, Username: m.Username, CAFile: m.CAFile, Will: will,
		Subscriptions: a.agent.Subscriptions(), OnConnect: a.agent.OnConnect, OnLost: a.agent.OnLost, Logger: a.log,
	}
	if m.PasswordFile != "" {
		secret, err := config.ReadSecret(m.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("mqtt password: %w", err)
		}
		o.Password = secret.Reveal()
	}
	return mqtt.New(o)
}

// Journal gives the demo access to the journal, to fill in a past.
func (a *App) Journal() *journal.Journal { return a.journal }

// Agent gives the demo and tests access to the running agent.
func (a *App) Agent() *edge.Agent { return a.agent }

// Run samples and delivers until ctx ends.
func (a *App) Run(ctx context.Context) error {
	linkCtx, stopLink := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { _ = a.link.Run(linkCtx) }) // ends with its context only
	wg.Go(func() { a.hardware.Run(linkCtx) })
	wg.Go(func() { a.alarm.Run(ctx, a.agent.Moment, a.link.Connected) })
	if a.modem != nil {
		wg.Go(func() { a.modem.Run(ctx) })
	}
	if a.status != nil {
		wg.Go(func() { a.status.Serve(a.log) })
	}
	err := a.agent.Run(ctx, a.link)
	// The connection ends last: the agent's final records are journaled by now.
	stopLink()
	if a.status != nil {
		_ = a.status.Close()
	}
	wg.Wait()
	return err
}

// Close releases the journal and the buses.
func (a *App) Close() error { return a.closers.Close() }

// FromFile reads a configuration file and puts the agent together.
func FromFile(ctx context.Context, path, version string, log *slog.Logger) (*App, error) {
	cfg, err := config.LoadEdge(path)
	if err != nil {
		return nil, err
	}
	return New(ctx, cfg, Options{Version: version, Logger: log, Clock: machineClock()})
}

// stamp tells the journal what the time of its own events is worth.
func stamp(c edge.Clock) func(time.Time) (wire.ClockSource, time.Duration) {
	return func(at time.Time) (wire.ClockSource, time.Duration) { return c.Source(), c.Mono(at) }
}
