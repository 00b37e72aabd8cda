package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"coldchain/gateway/edge/page"
)

// StatusServer is the site's page on a local address: see package page.
type StatusServer struct {
	listener net.Listener
	server   *http.Server
}

// The page shares a small machine with the sampler: few readers, small
// requests, nobody who is slow.
const (
	maxReaders = 64
	maxHeader  = 16 << 10
)

// ListenStatus opens the address; Serve answers.
func ListenStatus(addr string, a *Agent, connected func() bool) (*StatusServer, error) {
	handler, err := a.page(connected)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("status.listen %s: %w", addr, err)
	}
	return &StatusServer{listener: l, server: &http.Server{
		Handler: fewReaders(handler), ReadTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(a.o.Logger.Handler(), slog.LevelDebug),
	}}, nil
}

// page makes the site's page of the agent.
func (a *Agent) page(connected func() bool) (http.Handler, error) {
	return page.New(page.Options{
		Source: func(ctx context.Context) page.Snapshot { return a.snapshot(ctx, connected()) },
		Siren:  a.o.Siren, Cab: a.o.Cab, Labels: a.o.Labels,
	})
}

// fewReaders answers a bounded number of requests at a time.
func fewReaders(next http.Handler) http.Handler {
	turns := make(chan struct{}, maxReaders)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
			next.ServeHTTP(w, r)
		default:
			http.Error(w, "too many readers at a time; try again", http.StatusServiceUnavailable)
		}
	})
}

// Addr returns host:port, useful when port 0 was asked for.
func (s *StatusServer) Addr() string { return s.listener.Addr().String() }

// Serve answers until Close.
func (s *StatusServer) Serve(log *slog.Logger) {
	if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("status page", "error", err)
	}
}

// Close stops answering.
func (s *StatusServer) Close() error { return s.server.Close() }

// snapshot is what the page shows.
func (a *Agent) snapshot(ctx context.Context, connected bool) page.Snapshot {
	now := a.o.Clock.Now()
	points, devices := a.board.show()
	var alarms []page.Alarm
	var limits page.Limits
	if a.o.Judge != nil {
		alarms, limits = a.o.Judge.Show()
	}
	return page.Snapshot{
		Alarms: alarms, Limits: limits,
		Now: now, Site: a.o.Address.Site, Gateway: a.o.Address.Gateway, Version: a.o.Version,
		Points: points, Devices: devices, Clock: string(a.o.Clock.Source()), Health: a.Health(), Faults: a.faults.list(),
		Link: page.Link{Connected: connected, Undelivered: a.o.Journal.Undelivered(), Oldest: a.oldest.time(ctx, a.o, now),
			Epoch: a.o.Journal.Epoch(), Next: a.o.Journal.Next()},
	}
}

// oldestTime knows when the oldest undelivered record was made. It asks the
// journal at most every lookEvery, however many people look.
type oldestTime struct {
	mu     sync.Mutex
	looked time.Time
	seq    uint64
	at     time.Time
}

const (
	lookEvery = 2 * time.Second
	lookLimit = 500 * time.Millisecond // the journal may be busy with a slow card
)

// time returns the zero time when nothing waits, or when it is not known.
func (t *oldestTime) time(ctx context.Context, o Options, now time.Time) time.Time {
	if o.Journal.Undelivered() == 0 {
		return time.Time{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	seq := o.Journal.Oldest()
	if seq == t.seq && !t.at.IsZero() {
		return t.at
	}
	if !t.looked.IsZero() && now.Sub(t.looked).Abs() < lookEvery {
		return t.at
	}
	t.looked = now
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	records, err := o.Journal.Offer(ctx, 0, 1)
	if err != nil || len(records) == 0 {
		return time.Time{}
	}
	t.seq, t.at = records[0].Seq, records[0].Time()
	return t.at
}
