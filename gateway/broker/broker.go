// Package broker is an MQTT broker inside the process, for one-machine runs
// and tests. It knows no passwords and therefore listens on loopback only;
// production uses Mosquitto or EMQX.
package broker

import (
	"fmt"
	"log/slog"
	"net"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// Broker is a running embedded broker.
type Broker struct {
	server *mochi.Server
	addr   string
}

// Start listens on addr (host:port, loopback only; port 0 picks a free one)
// and serves until Close.
func Start(addr string, log *slog.Logger) (*Broker, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("embedded broker: address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("embedded broker: %q is not a loopback address; it knows no passwords, use Mosquitto for a network", addr)
	}
	server := mochi.New(&mochi.Options{Logger: log.With("part", "broker"), InlineClient: false})
	if err := server.AddHook(new(auth.AllowHook), nil); err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	tcp := listeners.NewTCP(listeners.Config{ID: "tcp", Address: addr})
	if err := server.AddListener(tcp); err != nil {
		return nil, fmt.Errorf("embedded broker: listen on %s: %w", addr, err)
	}
	if err := server.Serve(); err != nil {
		return nil, fmt.Errorf("embedded broker: serve: %w", err)
	}
	return &Broker{server: server, addr: tcp.Address()}, nil
}

// URL returns where clients connect, as tcp://host:port.
func (b *Broker) URL() string { return "tcp://" + b.addr }

// Close ends every connection and the listener.
func (b *Broker) Close() error { return b.server.Close() }
