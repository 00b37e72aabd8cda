package county

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	core = sensors.PointID("xini/room/core") // of the SenML logger
	air  = sensors.PointID("xini/room/air")  // of the JSON sender, with a time
	side = sensors.PointID("xini/room/side") // of the JSON sender without a time
)

// persistent is the part of deploy/mosquitto/coldchain.conf that third-party
// senders rely on.
func persistent(t *testing.T) *mosquittotest.Broker {
	return mosquittotest.Start(t, "allow_anonymous true\npersistence true\npersistence_location "+t.TempDir()+"/\nmax_inflight_messages 20\n")
}

// scene is a county of one site without a gateway, whose points come from third
// parties.
type scene struct {
	t    *testing.T
	dir  string
	cfg  string
	app  *App
	stop func()
}

func newScene(t *testing.T, server string) *scene {
	s := &scene{t: t, dir: t.TempDir()}
	s.cfg = fmt.Sprintf(`
county: hangjin
data: %s
mqtt: {server: %s}
web: {listen: "127.0.0.1:0"}
sites:
  - id: xini
    kind: village-station
    zones:
      - id: room
        kind: chilled
        points: {core: temperature, air: temperature, side: temperature}
sources:
  - name: logger
    topic: senders/logger/#
    format: senml
    names: {"urn:dev:ow:10e2073a01080063:temp": %s}
  - name: lora
    topic: application/+/device/+/event/up
    format: json
    time: {field: time, unit: rfc3339}
    points: [{point: %s, field: object.temperature, match: {deviceInfo.devEui: "0101010101010101"}}]
  - name: zigbee
    topic: zigbee2mqtt/+
    format: json
    time: {unit: received}
    points: [{point: %s, field: temperature, topic: zigbee2mqtt/room}]
`, s.dir, server, core, air, side)
	return s
}

// run starts the county as its program does.
func (s *scene) run() *App {
	s.t.Helper()
	cfg, err := config.ParseCounty("county.yaml", []byte(s.cfg))
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	app, err := New(ctx, cfg, Options{Logger: slog.New(slog.NewTextHandler(testWriter{s.t}, nil)), Now: time.Now})
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	var once sync.Once
	s.app, s.stop = app, func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				s.t.Error(err)
			}
			if err := app.Close(); err != nil {
				s.t.Error(err)
			}
		})
	}
	s.t.Cleanup(s.stop)
	s.await("the senders' connections", func() bool {
		for _, l := range app.sourceLinks {
			if !l.Connected() {
				return false
			}
		}
		return app.link.Connected()
	})
	return app
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func (s *scene) await(what string, done func() bool) {
	s.t.Helper()
	await(s.t, what, done)
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	const most = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s for %s", most, what)
		case <-tick.C:
		}
	}
}

func (s *scene) stored(p sensors.PointID) (out []store.Record) {
	s.t.Helper()
	q := store.Query{Point: p, Quantity: sensors.Temperature, From: time.Unix(0, 0), To: time.Now().Add(time.Hour)}
	if err := s.app.Store().Read(s.t.Context(), q, func(r store.Record) bool { out = append(out, r); return true }); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *scene) source(name string) collector.SourceState {
	s.t.Helper()
	for _, x := range s.app.collector.Sources() {
		if x.Name == name {
			return x
		}
	}
	s.t.Fatalf("no source %s", name)
	return collector.SourceState{}
}

// sender publishes as a third party does.
func sender(t *testing.T, b *mosquittotest.Broker) func(topic string, retained bool, format string, args ...any) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL).SetClientID("sender").SetAutoReconnect(false))
	if token := c.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { c.Disconnect(50) })
	return func(topic string, retained bool, format string, args ...any) {
		t.Helper()
		if token := c.Publish(topic, 1, retained, fmt.Sprintf(format, args...)); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatalf("publish: %v", token.Error())
		}
	}
}

const (
	senmlTopic = "senders/logger/room"
	senml      = `[{"bn":"urn:dev:ow:10e2073a01080063:","bt":%d.%03d,"n":"temp","u":"Cel","v":%g}]`
	loraTopic  = "application/1/device/0101010101010101/event/up"
	lora       = `{"deviceInfo":{"devEui":"0101010101010101"},"time":%q,"object":{"temperature":%g}}`
)

// What a persistent broker took while the collector was away arrives when it is
// back, once, also when the broker was restarted in between; what has no time
// of its own does not, because its time is not known any more.
func TestMessagesOfACollectorsAbsenceAreStoredOnce(t *testing.T) {
	b := persistent(t)
	s := newScene(t, b.URL)
	s.run() // makes the session
	s.stop()

	publish := sender(t, b)
	const n = 50
	began := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	for i := range n {
		at := began.Add(time.Duration(i) * time.Second)
		publish(senmlTopic, false, senml, at.Unix(), i, -18-float64(i)/10)
		publish(loraTopic, false, lora, at.Format(time.RFC3339Nano), 2+float64(i)/10)
	}
	publish("zigbee2mqtt/room", false, `{"temperature":3.5}`)
	publish("zigbee2mqtt/room", true, `{"temperature":3.6}`)
	b.Restart(t)

	s.run()
	s.await("all messages to be stored", func() bool { return len(s.stored(core)) >= n && len(s.stored(air)) >= n })
	for i, r := range s.stored(core) {
		v, _ := r.Value()
		if name, third := r.Source(); v != -18-float64(i)/10 || r.Time.UnixMilli() != began.UnixMilli()+int64(i)*1001 || name != "logger" || !third {
			t.Errorf("reading %d is %s of %s", i, r.Reading, r.Gateway)
		}
	}
	s.await("the retained one without a time to be refused", func() bool { return s.source("zigbee").Refused[wire.BadTime] == 1 })
	publish = sender(t, b)
	publish("zigbee2mqtt/room", false, `{"temperature":3.7}`)
	s.await("the live one", func() bool { return len(s.stored(side)) > 0 })
	if got := s.stored(side); len(got) != 1 || got[0].Reason != "received-time" || time.Since(got[0].Time) > time.Minute {
		t.Errorf("without a time of their own are stored %v; want the live one alone, marked", got)
	}
	for p, want := range map[sensors.PointID]int{core: n, air: n} {
		if got := s.stored(p); len(got) != want {
			t.Errorf("%s holds %d readings, want %d", p, len(got), want)
		}
	}
	for _, name := range []string{"logger", "lora"} {
		if got := s.source(name); got.Messages != n || got.Readings != n || len(got.Refused) != 0 || got.Unconfirmed != 0 {
			t.Errorf("source %s: %+v", name, got)
		}
	}

	// All of it was acknowledged: nothing comes again.
	s.stop()
	s.run()
	publish(senmlTopic, false, senml, time.Now().Unix(), 1, -17.5)
	s.await("the next reading", func() bool { return len(s.stored(core)) == n+1 })
	if got := s.source("logger").Messages + s.source("lora").Messages; got != 1 {
		t.Errorf("%d messages came after a restart; want the new one alone", got)
	}
}

// A connection that dies between the store and the acknowledgement: the message
// comes again and is stored once, and a message that means something else at
// the same millisecond is kept apart.
func TestStoredButNotAcknowledgedIsStoredOnce(t *testing.T) {
	b := persistent(t)
	line := newLine(t, b.Addr)
	s := newScene(t, "tcp://"+line.addr)
	s.run()
	publish := sender(t, b)
	line.swallow(true) // what the collector says does not arrive
	at := time.Now()
	publish(senmlTopic, false, senml, at.Unix(), at.Nanosecond()/1e6, -18.5)
	s.await("the reading to be stored", func() bool { return s.source("logger").Readings == 1 })
	line.cut()
	line.swallow(false)
	s.await("the message to come again", func() bool { return s.source("logger").Readings == 2 })
	if got := s.stored(core); len(got) != 1 {
		t.Errorf("stored %v, want one", got)
	}
	if got := s.source("logger"); got.Messages != 2 || len(got.Refused) != 0 {
		t.Errorf("the source: %+v", got)
	}

	publish(senmlTopic, false, senml, at.Unix(), at.Nanosecond()/1e6, -18.4)
	s.await("the second value of that millisecond", func() bool { return s.source("logger").Refused[wire.Collision] == 1 })
	if v, _ := s.stored(core)[0].Value(); v != -18.5 {
		t.Errorf("the first value was overwritten by %v", v)
	}

	// And that it is done with, the broker knows.
	s.stop()
	s.run()
	publish(senmlTopic, false, senml, at.Unix()+1, 0, -18.3)
	s.await("the next reading", func() bool { return len(s.stored(core)) == 2 })
	if got := s.source("logger").Messages; got != 1 {
		t.Errorf("%d messages came after a restart; want 1", got)
	}
}

// A sender taken out of the configuration is unsubscribed: the broker keeps
// nothing for nobody.
func TestASenderThatWasTakenOutIsUnsubscribed(t *testing.T) {
	b := persistent(t)
	s := newScene(t, b.URL)
	s.run()
	s.stop()
	before, _, _ := strings.Cut(s.cfg, "  - name: logger")
	_, after, _ := strings.Cut(s.cfg, "  - name: lora")
	s.cfg = before + "  - name: lora" + after
	s.cfg = strings.Replace(s.cfg, "kind: village-station", "kind: village-station\n    gateway: xini-gw", 1)
	s.run()
	publish := sender(t, b)
	publish(senmlTopic, false, senml, time.Now().Unix(), 0, -18.5)
	publish(loraTopic, false, lora, time.Now().Format(time.RFC3339), 2.5)
	s.await("the other sender's reading", func() bool { return len(s.stored(air)) == 1 })
	entries, err := s.app.State().Quarantine(t.Context(), 0)
	if err != nil || len(entries) != 0 {
		t.Errorf("quarantined %v: %v", entries, err)
	}
}

// The page's API and the metrics tell of the senders.
func TestSendersAreShown(t *testing.T) {
	b := persistent(t)
	s := newScene(t, b.URL)
	s.run()
	publish := sender(t, b)
	publish(senmlTopic, false, senml, time.Now().Unix(), 0, 3.5)
	publish(senmlTopic, false, senml, 60, 0, 3.5)
	s.await("both messages", func() bool { return s.source("logger").Messages == 2 && len(s.source("logger").Refused) == 1 })
	for path, want := range map[string][]string{
		"/api/v1/operations":                    {`"name":"logger"`, `"class":"third-party"`, `"messages":2`, `"readings":1`, `"relative-time":1`, `"name":"zigbee"`, `"live":true`},
		"/api/v1/readings?point=xini/room/core": {`"class":"third-party"`},
		"/api/v1/sites":                         {`"gateway":null`},
		"/api/v1/zones?sparkline=0":             {`"sender":"logger"`},
		"/metrics":                              {`coldchain_source_messages_total{source="logger"} 2`, `coldchain_source_refused_total{reason="relative-time",source="logger"} 1`},
		"/api/v1/export?point=xini/room/core&from=" + ago(time.Hour) + "&to=" + ago(-time.Hour): {",third-party,source:logger,1,"},
	} {
		answer, err := ask(t, s.app, path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(body), w) {
				t.Errorf("%s does not hold %s:\n%s", path, w, body)
			}
		}
	}
}

func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

// line is a connection to the broker that can be cut and can swallow what the
// client says, as a dying one does.
type line struct {
	addr   string
	target string

	mu       sync.Mutex
	swallows bool
	open     []net.Conn
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{addr: l.Addr().String(), target: target}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); n.cut(); wg.Wait() })
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			n.mu.Lock()
			n.open = append(n.open, client, server)
			n.mu.Unlock()
			wg.Go(func() { io.Copy(client, server); client.Close() })
			wg.Go(func() { io.Copy(server, swallowing{client, n}); server.Close() })
		}
	})
	return n
}

// swallowing reads on and on without passing anything on while told to.
type swallowing struct {
	from net.Conn
	line *line
}

func (s swallowing) Read(p []byte) (int, error) {
	for {
		n, err := s.from.Read(p)
		s.line.mu.Lock()
		drop := s.line.swallows
		s.line.mu.Unlock()
		if err != nil || !drop {
			return n, err
		}
	}
}

func (l *line) swallow(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.swallows = on
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		c.Close()
	}
	l.open = nil
}
