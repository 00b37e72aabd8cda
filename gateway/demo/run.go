package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"coldchain/gateway/app"
	"coldchain/gateway/app/county"
	edgeapp "coldchain/gateway/app/edge"
	"coldchain/gateway/config"
	"coldchain/gateway/edge"
	"coldchain/sensors/sim"
	"coldchain/sensors/sim/slave"
)

// token is what programs show the demonstration's county.
// It guards nothing: the page is on this machine only.
const token = "demo"

const (
	drainAfter  = 30 * time.Second // at the end of a run
	drainBefore = 5 * time.Minute  // the past, before live sampling begins
)

// RunOptions choose how a demonstration runs.
type RunOptions struct {
	Seed    uint64
	Season  sim.Season
	Faults  []sim.Fault   // besides the season's own
	For     time.Duration // 0: until the context ends
	Data    string        // folder to keep, or that an earlier run has kept; empty: a temporary one that is removed
	Listen  string        // the page's address
	Version string
	Say     io.Writer // progress for people
	Logger  *slog.Logger
}

// ErrInterrupted says that the context ended before there was anything to sum
// up. Everything has been closed and nothing is wrong.
var ErrInterrupted = errors.New("interrupted before the county was filled")

// show is a running demonstration.
type show struct {
	o        RunOptions
	launched time.Time
	start    time.Time // of the story: of the first run, when this one goes on
	data     string
	kept     *kept // nil: nothing was there
	county   *County
	ledger   *Ledger
	app      *county.App
	edges    []*edgeapp.App
	sample   chan struct{} // closed when live sampling begins
	began    time.Time     // when it was
	prefill  map[string]int
	closers  app.Closers
}

// Run builds the county in this process, shows it, and says what became of
// every reading. The error tells that it could not run; a Summary with
// something lost is not an error here.
func Run(ctx context.Context, o RunOptions) (Summary, error) {
	now := time.Now()
	s := &show{o: o, launched: now, start: now.UTC().Truncate(time.Second), sample: make(chan struct{})}
	defer func() {
		if err := s.closers.Close(); err != nil {
			o.Logger.Error("close the demonstration", "error", err)
		}
	}()
	if err := s.build(ctx); err != nil {
		return Summary{}, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var wg sync.WaitGroup
	failed := make(chan error, 1+len(s.edges))
	wg.Go(func() { failed <- s.app.Run(running) })
	s.say("页面 Page: %s   (程序口令 token: %s)", s.app.URL(), token)
	err := s.letIn(ctx)
	if err == nil {
		err = s.fillOnce(ctx)
	}
	for _, e := range s.edges {
		wg.Go(func() { failed <- e.Run(running) })
	}
	if err == nil {
		err = s.watch(ctx, failed)
	}
	var summary Summary
	if err == nil {
		summary, err = s.finish()
	}
	stop()
	wg.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return Summary{}, ErrInterrupted
	}
	return summary, err
}

// build opens everything: slaves first, because the edges need their
// addresses, then the county, because the edges need its broker.
func (s *show) build(ctx context.Context) (err error) {
	data := s.o.Data
	if data == "" {
		if data, err = os.MkdirTemp("", "coldchain-demo-"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		s.closers.Add("temporary folder", func() error { return os.RemoveAll(data) })
	}
	s.data = data
	if s.kept, err = readKept(data, s.o); err != nil {
		return err
	}
	if s.kept != nil {
		s.start = s.kept.Start
	}
	if s.county, err = Build(Options{Seed: s.o.Seed, Start: s.start, Season: s.o.Season, Faults: s.o.Faults, Data: data}); err != nil {
		return err
	}
	if s.ledger, err = NewLedger(s.county); err != nil {
		return err
	}
	slaves, err := slave.ListenAll(s.county.Sim, slave.Options{OnAnswer: s.ledger.Answered, Now: time.Now})
	if err != nil {
		return err
	}
	s.closers.Add("simulated slaves", slaves.Close)
	if err := s.county.UseAddresses(slaves.Addresses()); err != nil {
		return err
	}
	if err := s.openCounty(ctx, data); err != nil {
		return err
	}
	if err := s.book(ctx); err != nil {
		return err
	}
	for i := range s.county.Edges {
		cfg := &s.county.Edges[i]
		cfg.MQTT = config.MQTT{Server: s.app.BrokerURL()}
		cfg.ApplyDefaults()
		clock := edge.HostedClock()
		e, err := edgeapp.New(ctx, cfg, edgeapp.Options{Version: s.o.Version, Logger: s.o.Logger.With("site", cfg.Site), Clock: clock, SampleAfter: s.sample})
		if err != nil {
			return fmt.Errorf("edge agent of %s: %w", cfg.Site, err)
		}
		s.closers.Add("edge agent of "+cfg.Site, e.Close)
		s.edges = append(s.edges, e)
	}
	return nil
}

func (s *show) openCounty(ctx context.Context, data string) (err error) {
	cfg := &s.county.Config
	cfg.Broker.Listen = "127.0.0.1:0"
	cfg.Web.Listen = s.o.Listen
	cfg.Web.TokenFile = filepath.Join(data, "token")
	cfg.Web.PublicURL = "http://" + s.o.Listen // so that papers have a code; it leads somewhere on this machine alone
	cfg.Certificate.Office, cfg.Certificate.Phone = "演示冷链服务中心", "0477-0000000"
	if err := os.MkdirAll(data, 0o750); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := os.WriteFile(cfg.Web.TokenFile, []byte(token+"\n"), 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	cfg.ApplyDefaults()
	s.app, err = county.New(ctx, cfg, county.Options{Logger: s.o.Logger.With("site", "county"), Now: time.Now})
	if err != nil {
		return err
	}
	s.closers.Add("county", s.app.Close)
	return nil
}

// watch waits for the past to be delivered, lets live sampling begin, and
// returns when it is time to stop.
func (s *show) watch(ctx context.Context, failed <-chan error) error {
	if err := s.drain(ctx, drainBefore, failed); err != nil {
		return err
	}
	if ctx.Err() == nil {
		if err := s.evidence(ctx); err != nil {
			return err
		}
	}
	s.began = time.Now()
	close(s.sample)
	s.say("实时采样开始 Live since %s: %s / %s", s.began.Local().Format(time.TimeOnly), s.county.Story.Text.ZH, s.county.Story.Text.EN)
	var enough <-chan time.Time
	if s.o.For > 0 {
		enough = time.After(time.Until(s.launched.Add(s.o.For)))
	}
	select {
	case <-ctx.Done():
	case <-enough:
	case err := <-failed:
		return errors.Join(errors.New("demo: a part ended by itself"), err)
	}
	return nil
}

// drain waits until the edges have nothing undelivered left.
func (s *show) drain(ctx context.Context, most time.Duration, failed <-chan error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(most)
	for s.undelivered() > 0 {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return errors.Join(errors.New("demo: a part ended by itself"), err)
		case <-limit:
			s.say("%d 条尚未送达 records still undelivered after %s", s.undelivered(), most)
			return nil
		case <-tick.C:
		}
	}
	return nil
}

func (s *show) undelivered() (n uint64) {
	for _, e := range s.edges {
		n += e.Agent().Undelivered()
	}
	return n
}

func (s *show) say(format string, args ...any) {
	fmt.Fprintf(s.o.Say, format+"\n", args...)
}
