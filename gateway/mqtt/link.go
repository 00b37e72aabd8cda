// Package mqtt is the wire between an edge and the county: one connection to a
// broker, made again whenever it breaks. It guarantees nothing about delivery
// (the journal and the collector's acknowledgements do that) and that a handler
// is never called by two goroutines at once and never holds up the connection.
package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Message is one MQTT message.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool
	// Lossy sends it without the broker's receipt: what is said again when it
	// is lost is not worth the bytes and the waiting.
	Lossy bool
}

// Handler receives messages in the order in which the broker sent them. It
// must return at once: hand the message on and let go.
type Handler func(Message)

// Options configure a Link. Server, ClientID and Logger are required.
type Options struct {
	Server   string // tcp://host:1883 or ssl://host:8883
	ClientID string
	Username string
	Password string
	CAFile   string   // certificates to trust instead of the system's
	Will     *Message // what the broker says when the connection breaks
	// Subscriptions are made anew at each connection, before OnConnect.
	Subscriptions map[string]Handler
	// Held, when set, makes the session one that the broker keeps, acknowledged
	// by hand. ClientID must then stay the same; Subscriptions are not used.
	Held *Held
	// OnConnect and OnLost tell the owner; they must return at once.
	OnConnect func()
	OnLost    func()
	Logger    *slog.Logger
}

const (
	qos            = 1
	connectTimeout = 10 * time.Second
	keepAlive      = 30 * time.Second
	backoffFirst   = time.Second
	backoffMost    = 2 * time.Minute
	goodbye        = 250 // milliseconds for what is on the wire at Close
)

// ErrNotConnected is returned by Publish while there is no connection.
var ErrNotConnected = errors.New("not connected to the broker")

// Link is one client's connection. Run keeps it up; Publish may be called by
// any goroutine.
type Link struct {
	o   Options
	tls *tls.Config
	// answer is how long the broker may take over one step of a session.
	answer time.Duration
	// open makes the connection; nil: paho does. Tests have brokers in memory.
	open func() (net.Conn, error)

	mu      sync.Mutex
	current paho.Client // nil while not connected
	lost    func(error) // ends the current session
	notYet  time.Time   // no new session before
}

// New checks the options and returns a link that Run will connect.
func New(o Options) (*Link, error) {
	l := &Link{o: o, answer: connectTimeout}
	if o.CAFile == "" {
		return l, nil
	}
	pem, err := os.ReadFile(o.CAFile)
	if err != nil {
		return nil, fmt.Errorf("mqtt ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("mqtt ca_file %s: no certificate in it (want PEM)", o.CAFile)
	}
	l.tls = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return l, nil
}

// Run connects, serves and reconnects until ctx ends. Each connection is a
// client of its own, so that no state of a broken one can be carried over.
func (l *Link) Run(ctx context.Context) error {
	wait := backoffFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := l.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > time.Minute {
			wait = backoffFirst
		}
		// Full jitter: fifty gateways do not come back in the same instant.
		pause := time.Duration(rand.Int64N(int64(wait))) + 50*time.Millisecond
		l.o.Logger.Warn("broker connection", "server", l.o.Server, "error", err, "again_in", pause.Round(time.Millisecond))
		l.rest(ctx, pause)
		wait = min(2*wait, backoffMost)
	}
	return nil
}

// rest waits for the pause, and for a longer one that Replace has asked for.
func (l *Link) rest(ctx context.Context, pause time.Duration) {
	until := time.Now().Add(pause)
	for ctx.Err() == nil {
		l.mu.Lock()
		if l.notYet.After(until) {
			until = l.notYet
		}
		l.mu.Unlock()
		left := time.Until(until)
		if left <= 0 {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(left):
		}
	}
}

// Replace ends the current connection, if there is one, because of why. The
// next one is made after the pause or the usual back-off, whichever is longer.
func (l *Link) Replace(why error, pause time.Duration) {
	l.pause(pause)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost != nil {
		l.lost(why)
	}
}

// pause puts the next session off.
func (l *Link) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notYet = time.Now().Add(d)
}

// session is one connection from connect to loss; the error says why it ended.
func (l *Link) session(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	options := l.clientOptions(cancel)
	var answering sync.WaitGroup
	if l.o.Held != nil {
		h := &hold{ctx: ctx, answers: make(chan func(), maxAnswers), end: func(why error, pause time.Duration) {
			l.pause(pause)
			cancel(why)
		}}
		// Before the connection: the broker begins with what it has kept.
		options.SetCleanSession(false).SetAutoAckDisabled(true).SetDefaultPublishHandler(h.deliver(l.o.Held.Deliver))
		answering.Go(h.answerLoop)
	}
	client := paho.NewClient(options)
	defer client.Disconnect(goodbye)
	defer answering.Wait()
	defer cancel(nil)
	if err := await(ctx, client.Connect(), l.answer); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if l.o.Held != nil {
		if err := resubscribe(ctx, client, l.o.Held, l.answer); err != nil {
			return err
		}
	}
	for filter, handler := range l.o.Subscriptions {
		deliver := func(_ paho.Client, m paho.Message) {
			handler(Message{Topic: m.Topic(), Payload: m.Payload(), Retained: m.Retained()})
		}
		if err := subscribe(ctx, client, filter, deliver, l.answer); err != nil {
			return err
		}
	}
	l.setCurrent(client, cancel)
	l.o.Logger.Info("connected to broker", "server", l.o.Server)
	if l.o.OnConnect != nil {
		l.o.OnConnect()
	}
	<-ctx.Done()
	l.setCurrent(nil, nil)
	if l.o.OnLost != nil {
		l.o.OnLost()
	}
	return context.Cause(ctx)
}

func subscribe(ctx context.Context, client paho.Client, filter string, handler paho.MessageHandler, answer time.Duration) error {
	token := client.Subscribe(filter, qos, handler)
	if err := await(ctx, token, answer); err != nil {
		return fmt.Errorf("subscribe to %s: %w", filter, err)
	}
	if granted := token.(*paho.SubscribeToken).Result()[filter]; granted > 2 {
		return fmt.Errorf("subscribe to %s: the broker refused; check its access list", filter)
	}
	return nil
}

func (l *Link) clientOptions(cancel context.CancelCauseFunc) *paho.ClientOptions {
	o := paho.NewClientOptions().
		AddBroker(l.o.Server).
		SetClientID(l.o.ClientID).
		SetUsername(l.o.Username).
		SetPassword(l.o.Password).
		SetProtocolVersion(4). // 3.1.1, without paho's silent fall-back to 3.1
		SetCleanSession(true). // what counts is in the journal
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetConnectTimeout(l.answer). // dialling, TLS and CONNACK together: an attempt that is given up ends by itself
		SetKeepAlive(keepAlive).
		SetPingTimeout(10 * time.Second).
		SetWriteTimeout(10 * time.Second).
		SetOrderMatters(true).
		SetConnectionLostHandler(func(_ paho.Client, err error) { cancel(fmt.Errorf("connection lost: %w", err)) })
	if l.open != nil {
		o.SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) { return l.open() })
	}
	if l.tls != nil {
		o.SetTLSConfig(l.tls)
	}
	if w := l.o.Will; w != nil {
		o.SetBinaryWill(w.Topic, w.Payload, qos, w.Retained)
	}
	return o
}

func (l *Link) setCurrent(c paho.Client, lost func(error)) {
	l.mu.Lock()
	l.current, l.lost = c, lost
	l.mu.Unlock()
}

// Connected reports whether there is a connection now.
func (l *Link) Connected() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current != nil
}

// Publish hands a message to the broker and waits for its receipt, or, of a
// lossy one, until it is on its way. A receipt
// is a hint and no promise; its absence until ctx ends or ten seconds have
// passed makes the link replace the connection.
func (l *Link) Publish(ctx context.Context, m Message) error {
	l.mu.Lock()
	client, lost := l.current, l.lost
	l.mu.Unlock()
	if client == nil {
		return ErrNotConnected
	}
	quality := byte(qos)
	if m.Lossy {
		quality = 0
	}
	err := await(ctx, client.Publish(m.Topic, quality, m.Retained, m.Payload), l.answer)
	if errors.Is(err, errTimeout) {
		lost(errors.New("the broker did not confirm a message in time"))
	}
	if err != nil {
		return fmt.Errorf("publish to %s: %w", m.Topic, err)
	}
	return nil
}

var errTimeout = errors.New("no answer in time")

func await(ctx context.Context, token paho.Token, most time.Duration) error {
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return errTimeout
	}
}
