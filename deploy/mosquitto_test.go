package deploy_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"coldchain/gateway/wire"
)

const patience = 10 * time.Second // for one message over loopback

var (
	balagong = wire.Address{County: "hangjin", Site: "balagong", Gateway: "balagong-gw"}
	xini     = wire.Address{County: "hangjin", Site: "xini", Gateway: "xini-gw"}
)

// client is a connection and what came over it.
type client struct {
	paho.Client
	messages chan paho.Message
	lost     chan error
	conn     net.Conn
}

// dial connects as a user; change may adjust the options.
func dial(server, id, user, password string, change func(*paho.ClientOptions)) (*client, error) {
	c := &client{messages: make(chan paho.Message, 100), lost: make(chan error, 1)}
	o := paho.NewClientOptions().AddBroker(server).SetClientID(id).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectTimeout(patience).
		SetConnectionLostHandler(func(_ paho.Client, err error) { c.lost <- err }).
		SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { c.messages <- m })
	if change != nil {
		change(o)
	}
	if o.TLSConfig == nil || o.TLSConfig.RootCAs == nil {
		o.SetCustomOpenConnectionFn(func(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
			conn, err := net.DialTimeout("tcp", u.Host, patience)
			c.conn = conn
			return conn, err
		})
	}
	c.Client = paho.NewClient(o)
	token := c.Connect()
	if !token.WaitTimeout(patience) {
		return nil, fmt.Errorf("no answer to CONNECT in %s", patience)
	}
	return c, token.Error()
}

// connect connects as one of our users and disconnects at the end.
func connect(t *testing.T, b *broker, id, user string, change func(*paho.ClientOptions)) *client {
	t.Helper()
	c, err := dial("tcp://"+b.plain, id, user, passwords[user], change)
	if err != nil {
		t.Fatalf("connect as %s: %v", user, err)
	}
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func (c *client) subscribe(t *testing.T, filters ...string) {
	t.Helper()
	for _, f := range filters {
		if token := c.Subscribe(f, 1, nil); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatalf("subscribe to %s: %v", f, token.Error())
		}
	}
}

func (c *client) publish(t *testing.T, topic, payload string, retained bool) {
	t.Helper()
	if token := c.Publish(topic, 1, retained, payload); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("publish to %s: %v", topic, token.Error())
	}
}

// next returns the next message as "topic payload".
func (c *client) next(t *testing.T) string {
	t.Helper()
	select {
	case m := <-c.messages:
		return m.Topic() + " " + string(m.Payload())
	case <-time.After(patience):
		t.Fatalf("no message in %s", patience)
		return ""
	}
}

// until collects messages up to and including the one with the payload "end".
// The broker keeps the order of one publisher to one subscriber, so what was
// published before the end and is not among them was refused.
func (c *client) until(t *testing.T) []string {
	t.Helper()
	var got []string
	for {
		m := c.next(t)
		if strings.HasSuffix(m, " end") {
			return got
		}
		got = append(got, m)
	}
}

// TestMosquitto runs the broker that a county would run, on the configuration
// of a Debian machine and on that of the containers.
func TestMosquitto(t *testing.T) {
	for _, conf := range []string{"mosquitto/coldchain.conf", "compose/mosquitto.conf"} {
		t.Run(conf, func(t *testing.T) {
			b := startBroker(t, conf, "")
			t.Run("nobody without a password", func(t *testing.T) { testStrangers(t, b) })
			t.Run("a gateway writes under its own name only", func(t *testing.T) { testWriting(t, b) })
			t.Run("a gateway reads what is meant for it only", func(t *testing.T) { testReading(t, b) })
			t.Run("a third-party sender writes below its own name only", func(t *testing.T) { testSenders(t, b) })
			t.Run("messages of senders wait for the collector", func(t *testing.T) { testWaiting(t, b) })
			t.Run("names that look like wildcards", func(t *testing.T) { testWildcardNames(t, b) })
			t.Run("last will", func(t *testing.T) { testWill(t, b) })
			t.Run("size", func(t *testing.T) { testSize(t, b) })
			t.Run("retained status outlives a restart", func(t *testing.T) { testRetained(t, b) })
		})
	}
}

func testStrangers(t *testing.T, b *broker) {
	for _, who := range []struct{ user, password string }{
		{"", ""}, {"balagong-gw", ""}, {"balagong-gw", "pw-xini"}, {"nobody", "pw-balagong"}, {"collector", "collector"},
	} {
		c, err := dial("tcp://"+b.plain, "stranger", who.user, who.password, nil)
		if err == nil {
			c.Disconnect(0)
			t.Errorf("user %q with password %q was let in", who.user, who.password)
		} else if !strings.Contains(strings.ToLower(err.Error()), "not authori") {
			t.Errorf("user %q: %v, want the broker's refusal", who.user, err)
		}
	}
	if c, err := dial("tcp://"+b.plain, "", "balagong-gw", passwords["balagong-gw"], nil); err == nil {
		c.Disconnect(0)
		t.Error("a client without an id was let in")
	}
}

func testWriting(t *testing.T, b *broker) {
	county := connect(t, b, "collector", "collector", nil)
	county.subscribe(t, "coldchain/v1/#", "coldchain/v2/#", "elsewhere")
	gateway := connect(t, b, "balagong-gw", "balagong-gw", nil)
	var want []string
	for _, c := range []wire.Channel{wire.ChannelRecords, wire.ChannelStatus, wire.ChannelInventory, wire.ChannelEvent} {
		gateway.publish(t, balagong.Topic(c), "mine", false)
		want = append(want, balagong.Topic(c)+" mine")
		gateway.publish(t, xini.Topic(c), "forged", false)
	}
	for _, topic := range []string{
		balagong.Topic(wire.ChannelHello), balagong.Topic(wire.ChannelAck), balagong.Topic(wire.ChannelCommand),
		xini.Topic(wire.ChannelAck), xini.Topic(wire.ChannelCommand), "elsewhere",
		"coldchain/v1/hangjin/balagong/balagong-gw", "coldchain/v1/hangjin/balagong/balagong-gw/records/x",
		"coldchain/v1/hangjin/balagong/x/balagong-gw/records", "coldchain/v2/hangjin/balagong/balagong-gw/records",
	} {
		gateway.publish(t, topic, "forged", false)
	}
	gateway.publish(t, balagong.Topic(wire.ChannelEvent), "end", false)
	if got := county.until(t); !slices.Equal(got, want) {
		t.Errorf("the collector got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func testReading(t *testing.T, b *broker) {
	gateway := connect(t, b, "balagong-gw", "balagong-gw", nil)
	gateway.subscribe(t, "#", "$SYS/#", "coldchain/v1/+/+/+/ack", xini.Topic(wire.ChannelAck))
	other := connect(t, b, "xini-gw", "xini-gw", nil)
	other.subscribe(t, xini.Topic(wire.ChannelAck))
	county := connect(t, b, "collector", "collector", nil)
	for _, c := range []wire.Channel{wire.ChannelHello, wire.ChannelAck, wire.ChannelCommand, wire.ChannelRecords} {
		county.publish(t, xini.Topic(c), "not for balagong", false)
	}
	for _, c := range []wire.Channel{wire.ChannelRecords, wire.ChannelStatus} {
		county.publish(t, balagong.Topic(c), "not to be read", false)
	}
	for _, c := range []wire.Channel{wire.ChannelHello, wire.ChannelAck, wire.ChannelCommand} {
		county.publish(t, balagong.Topic(c), "for balagong", false)
	}
	county.publish(t, balagong.Topic(wire.ChannelCommand), "end", false)
	got := slices.Compact(gateway.until(t)) // overlapping filters may deliver twice
	want := []string{balagong.Topic(wire.ChannelHello) + " for balagong", balagong.Topic(wire.ChannelAck) + " for balagong", balagong.Topic(wire.ChannelCommand) + " for balagong"}
	if !slices.Equal(got, want) {
		t.Errorf("the gateway got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := other.next(t); got != xini.Topic(wire.ChannelAck)+" not for balagong" {
		t.Errorf("the other gateway got %s", got)
	}
}

func testSenders(t *testing.T, b *broker) {
	county := connect(t, b, "collector", "collector", nil)
	county.subscribe(t, "senders/#", "coldchain/v1/#")
	sender := connect(t, b, "logger", "logger", nil)
	sender.subscribe(t, "senders/#", "coldchain/v1/#")
	for _, topic := range []string{
		"senders/other/room", "senders", "elsewhere", balagong.Topic(wire.ChannelRecords), "coldchain/v1/hangjin/xini/other/records",
	} {
		sender.publish(t, topic, "forged", false)
	}
	county.publish(t, "senders/logger/room", "not for the collector to write", false)
	connect(t, b, "balagong-gw", "balagong-gw", nil).publish(t, "senders/logger/room", "forged", false)
	sender.publish(t, "senders/logger/room", "mine", false)
	sender.publish(t, "senders/logger", "end", false)
	if got, want := county.until(t), []string{"senders/logger/room mine"}; !slices.Equal(got, want) {
		t.Errorf("the collector got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	sender.subscribe(t, "x") // answered after whatever came before
	select {
	case m := <-sender.messages:
		t.Errorf("the sender could read %s", m.Topic())
	default:
	}
}

// testWaiting: the collector's kept session outlives its absence and an orderly
// restart of the broker.
func testWaiting(t *testing.T, b *broker) {
	kept := func(o *paho.ClientOptions) { o.SetCleanSession(false) }
	county := connect(t, b, "hangjin-sources", "collector", kept)
	county.subscribe(t, "senders/logger/#")
	county.Disconnect(100)
	sender := connect(t, b, "logger", "logger", nil)
	for i := range 30 {
		sender.publish(t, "senders/logger/room", fmt.Sprint(i), false)
	}
	sender.publish(t, "senders/logger/room", "end", false)
	b.stop(t)
	b.start(t, program(t, "mosquitto"))
	if got := connect(t, b, "hangjin-sources", "collector", kept).until(t); len(got) != 30 {
		t.Errorf("%d messages waited, want 30: %v", len(got), got)
	}
	// Leave nothing behind for the next test.
	connect(t, b, "hangjin-sources", "collector", nil)
}

func testWildcardNames(t *testing.T, b *broker) {
	county := connect(t, b, "collector", "collector", nil)
	county.subscribe(t, "coldchain/v1/#")
	for i, user := range []string{"+", "#"} {
		// Such a user may be let in or not, but never sees or says anything.
		odd, err := dial("tcp://"+b.plain, fmt.Sprintf("odd%d", i), user, passwords[user], nil)
		if err != nil {
			continue
		}
		defer odd.Disconnect(100)
		odd.subscribe(t, "#")
		odd.Publish(balagong.Topic(wire.ChannelRecords), 1, false, "forged").WaitTimeout(patience)
		county.publish(t, balagong.Topic(wire.ChannelAck), "secret", false)
		county.publish(t, balagong.Topic(wire.ChannelAck), "end", false)
		if got := county.until(t); len(got) != 1 || !strings.HasSuffix(got[0], " secret") {
			t.Errorf("user %q could write: the collector got %v", user, got)
		}
		// Its own end mark cannot reach it either: ask the broker for an answer
		// that comes after whatever it had been sent.
		odd.subscribe(t, "x")
		select {
		case m := <-odd.messages:
			t.Errorf("user %q could read %s", user, m.Topic())
		default:
		}
	}
}

func testWill(t *testing.T, b *broker) {
	county := connect(t, b, "collector", "collector", nil)
	county.subscribe(t, "coldchain/v1/#")
	offline := func(topic string) func(*paho.ClientOptions) {
		return func(o *paho.ClientOptions) { o.SetBinaryWill(topic, []byte("offline"), 1, true) }
	}
	gateway := connect(t, b, "balagong-gw", "balagong-gw", offline(balagong.Topic(wire.ChannelStatus)))
	gateway.publish(t, balagong.Topic(wire.ChannelStatus), "online", true)
	if got := county.next(t); got != balagong.Topic(wire.ChannelStatus)+" online" {
		t.Fatalf("got %s", got)
	}
	if err := gateway.conn.Close(); err != nil { // as when the power goes
		t.Fatal(err)
	}
	if got := county.next(t); got != balagong.Topic(wire.ChannelStatus)+" offline" {
		t.Errorf("after the connection broke the collector got %s", got)
	}
	late := connect(t, b, "collector-2", "collector", nil)
	late.subscribe(t, balagong.Topic(wire.ChannelStatus))
	if got := late.next(t); got != balagong.Topic(wire.ChannelStatus)+" offline" {
		t.Errorf("who comes later gets %s", got)
	}

	// A will in another gateway's name. The second connection of the same
	// client id ends the first, whose will is due before the end mark.
	forger, err := dial("tcp://"+b.plain, "forger", "balagong-gw", passwords["balagong-gw"], offline(xini.Topic(wire.ChannelStatus)))
	if err == nil {
		defer forger.Disconnect(0)
	}
	again := connect(t, b, "forger", "balagong-gw", offline(balagong.Topic(wire.ChannelEvent)))
	again.publish(t, balagong.Topic(wire.ChannelEvent), "end", false)
	if got := county.until(t); len(got) != 0 {
		t.Errorf("a will in another's name came through: %v", got)
	}
	third := connect(t, b, "forger", "balagong-gw", nil)
	third.publish(t, balagong.Topic(wire.ChannelEvent), "end", false)
	if got := county.until(t); !slices.Equal(got, []string{balagong.Topic(wire.ChannelEvent) + " offline"}) {
		t.Errorf("the control, a will in its own name, gave %v", got)
	}
}

func testSize(t *testing.T, b *broker) {
	county := connect(t, b, "collector", "collector", nil)
	county.subscribe(t, "coldchain/v1/+/+/+/records")
	gateway := connect(t, b, "balagong-gw", "balagong-gw", nil)
	records, largest := balagong.Topic(wire.ChannelRecords), wire.DefaultLimits().Bytes
	gateway.publish(t, records, strings.Repeat("x", largest), false)
	if got := county.next(t); len(got) != len(records)+1+largest {
		t.Errorf("the largest pack came as %d bytes", len(got))
	}
	gateway.Publish(records, 1, false, bytes.Repeat([]byte("x"), largest+1))
	gateway.publish(t, records, "end", false)
	if got := county.until(t); len(got) != 0 {
		t.Errorf("a pack of %d bytes came through", largest+1)
	}
	gateway.Publish(records, 1, false, bytes.Repeat([]byte("x"), 10<<20))
	select {
	case <-gateway.lost:
	case <-time.After(patience):
		t.Error("who sends 10 MiB stays connected")
	}
	again := connect(t, b, "balagong-gw", "balagong-gw", nil)
	again.publish(t, records, "end", false)
	if got := county.until(t); len(got) != 0 {
		t.Error("10 MiB came through")
	}
}

func testRetained(t *testing.T, b *broker) {
	topic := xini.Topic(wire.ChannelStatus)
	gateway := connect(t, b, "xini-gw", "xini-gw", nil)
	gateway.publish(t, topic, "online", true)
	for _, when := range []string{"at once", "after a restart"} {
		county := connect(t, b, "collector-3", "collector", nil)
		county.subscribe(t, topic)
		select {
		case m := <-county.messages:
			if !m.Retained() || string(m.Payload()) != "online" {
				t.Errorf("%s: got %q, retained %v", when, m.Payload(), m.Retained())
			}
		case <-time.After(patience):
			t.Fatalf("%s: no retained status", when)
		}
		if when == "at once" {
			b.stop(t)
			b.start(t, program(t, "mosquitto"))
		}
	}
}

// TestMosquittoTLS enables the listener that is commented out.
func TestMosquittoTLS(t *testing.T) {
	certs := t.TempDir()
	program(t, "mosquitto")
	pool := makeCertificates(t, certs)
	b := startBroker(t, "mosquitto/coldchain.conf", certs)
	trust := func(o *paho.ClientOptions) {
		o.SetTLSConfig(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	}
	gateway, err := dial("ssl://"+b.tls, "balagong-gw", "balagong-gw", passwords["balagong-gw"], trust)
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.Disconnect(100)
	county := connect(t, b, "collector", "collector", nil)
	county.subscribe(t, "coldchain/v1/#")
	gateway.publish(t, xini.Topic(wire.ChannelRecords), "forged", false)
	gateway.publish(t, balagong.Topic(wire.ChannelRecords), "mine", false)
	gateway.publish(t, balagong.Topic(wire.ChannelRecords), "end", false)
	if got := county.until(t); !slices.Equal(got, []string{balagong.Topic(wire.ChannelRecords) + " mine"}) {
		t.Errorf("the collector got %v", got)
	}
	if _, err := dial("ssl://"+b.tls, "stranger", "", "", trust); err == nil {
		t.Error("the TLS listener lets strangers in")
	}
	if _, err := dial("tcp://"+b.tls, "plain", "balagong-gw", passwords["balagong-gw"], nil); err == nil {
		t.Error("the TLS listener talks without encryption")
	}
}
