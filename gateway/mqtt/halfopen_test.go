package mqtt

import (
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestAHalfOpenServerIsGivenUpOverTCPAndTLS meets paho's own dialling: a server
// that accepts, and says nothing to a CONNECT nor to a TLS greeting.
func TestAHalfOpenServerIsGivenUpOverTCPAndTLS(t *testing.T) {
	for _, scheme := range []string{"tcp", "ssl"} {
		t.Run(scheme, func(t *testing.T) {
			server, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			closed := make(chan struct{}, 100) // a connection that the link gave up
			accepting := make(chan struct{})
			go func() {
				defer close(accepting)
				for {
					c, err := server.Accept()
					if err != nil {
						return
					}
					go func() {
						_, _ = io.Copy(io.Discard, c)
						_ = c.Close()
						closed <- struct{}{}
					}()
				}
			}()
			l, err := New(Options{Server: scheme + "://" + server.Addr().String(), ClientID: "edge", Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			l.answer = 100 * time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = l.Run(ctx)
			}()
			for range 2 { // the first given up, and the one after it
				<-closed
			}
			cancel()
			<-done
			_ = server.Close()
			<-accepting
			// What paho started ends within its own time; a leak would make this
			// wait until the test's deadline.
			for running("paho.mqtt.golang") > 0 {
				runtime.Gosched()
			}
		})
	}
}

// running counts goroutines that are in a package.
func running(pkg string) int {
	buf := make([]byte, 1<<20)
	n := 0
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, pkg) {
			n++
		}
	}
	return n
}
