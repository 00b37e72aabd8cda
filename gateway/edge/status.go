package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// StatusServer answers /healthz and /status on a local address.
type StatusServer struct {
	listener net.Listener
	server   *http.Server
}

// ListenStatus opens the address; Serve answers.
func ListenStatus(addr string, a *Agent, connected func() bool) (*StatusServer, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("status.listen %s: %w", addr, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Health(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"site": a.o.Address.Site, "gateway": a.o.Address.Gateway, "version": a.o.Version,
			"connected": connected(), "undelivered": a.o.Journal.Undelivered(), "next": a.o.Journal.Next(),
			"epoch": a.o.Journal.Epoch(), "clock": a.o.Clock.Source(), "faults": a.faults.list(), "now": a.o.Clock.Now().UTC(),
		})
	})
	return &StatusServer{listener: l, server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}, nil
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
