//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	gateways  = 20
	points    = 60 // of each gateway; one message holds one reading of each
	rounds    = 833
	readings  = gateways * points * rounds // about a million
	onTheWay  = 32                         // unconfirmed messages of a gateway
	brokerCfg = "allow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 100000\nset_tcp_nodelay true\n"
)

// TestIngest: a million readings through real Mosquitto into real InfluxDB,
// judging on; then the same million through Telegraf where there is one.
func TestIngest(t *testing.T) {
	broker := mosquittotest.Start(t, brokerCfg)
	influx := influxdtest.Start(t)
	ours := ingestOurs(t, broker.URL, influx)
	report("ingest", "coldchain collector", ours)
	theirs, ok := ingestTelegraf(t, broker.URL, influx)
	if !ok {
		fmt.Println("ingest | telegraf | not on PATH, not measured")
		return
	}
	report("ingest", "telegraf", theirs)
	fmt.Printf("ingest | ratio coldchain : telegraf | %.2f times the readings/s, %.2f times the CPU a reading\n",
		ours.rate()/theirs.rate(), ours.cpuPerMillion()/theirs.cpuPerMillion())
}

// cost is what it took to make n readings durable.
type cost struct {
	n       int
	elapsed time.Duration
	cpu     time.Duration
}

func (c cost) rate() float64          { return float64(c.n) / c.elapsed.Seconds() }
func (c cost) cpuPerMillion() float64 { return c.cpu.Seconds() / float64(c.n) * 1e6 }

func report(what, who string, c cost) {
	fmt.Printf("%s | %s | %d readings in %.1f s = %.0f readings/s | %.2f CPU s per million\n", what, who, c.n, c.elapsed.Seconds(), c.rate(), c.cpuPerMillion())
}

func ingestOurs(t *testing.T, broker string, influx *influxdtest.Server) cost {
	influx.CreateDatabase(t, "coldchain")
	dir := t.TempDir()
	page := freeAddress(t)
	config := filepath.Join(dir, "county.yaml")
	if err := os.WriteFile(config, []byte(countyYAML(dir, broker, influx.URL, page)), 0o600); err != nil {
		t.Fatal(err)
	}
	collector := start(t, build(t, dir, "collector", nil), "-config", config, "-log", "warn")
	awaitHTTP(t, "http://"+page+"/healthz")

	before := cpuOf(t, collector.Pid)
	began := time.Now()
	var wg sync.WaitGroup
	for g := range gateways {
		s := &sender{name: fmt.Sprintf("site-%02d", g), start: began.Add(-rounds * time.Second).UTC().Truncate(time.Millisecond)}
		wg.Go(func() { s.run(t, broker) })
	}
	wg.Wait()
	c := cost{n: readings, elapsed: time.Since(began), cpu: cpuOf(t, collector.Pid) - before}
	if got := countInInflux(t, influx, "coldchain", "temperature", "value"); got != readings {
		t.Errorf("the store holds %d of %d readings", got, readings)
	}
	return c
}

func countyYAML(dir, broker, influx, page string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "county: bench\ndata: %s\nmqtt: {server: %q}\nstore: {influx: {url: %q, bucket: coldchain/autogen}}\nweb: {listen: %q}\nsites:\n", dir, broker, influx, page)
	for g := range gateways {
		fmt.Fprintf(&b, "  - {id: site-%02d, kind: township-store, gateway: site-%02d-gw, zones: [{id: room, kind: frozen, points: {", g, g)
		for p := range points {
			fmt.Fprintf(&b, "p%02d: temperature, ", p)
		}
		b.WriteString("}}]}\n")
	}
	return b.String()
}

// sender is one gateway: it publishes messages of sixty readings with a few on
// their way and waits for the acknowledgement of each.
type sender struct {
	name  string
	start time.Time

	mu      sync.Mutex
	pending map[uint64]bool
	slots   chan struct{}
	done    chan struct{}
	left    int
}

func (s *sender) run(t *testing.T, broker string) {
	a := wire.Address{County: "bench", Site: s.name, Gateway: s.name + "-gw"}
	s.pending, s.slots, s.done, s.left = map[uint64]bool{}, make(chan struct{}, onTheWay), make(chan struct{}), rounds*points
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{
		Server: broker, ClientID: a.Gateway, Logger: slog.New(slog.DiscardHandler),
		Subscriptions: map[string]mqtt.Handler{a.Topic(wire.ChannelAck): s.acknowledged},
		OnConnect:     func() { connected <- struct{}{} },
	})
	if err != nil {
		t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	<-connected
	var encoder wire.Encoder
	for round := range rounds {
		s.slots <- struct{}{}
		payload, err := encoder.Encode(s.pack(round), wire.CBOR)
		if err != nil {
			t.Error(err)
			return
		}
		if err := link.Publish(ctx, mqtt.Message{Topic: a.Topic(wire.ChannelRecords), Payload: payload}); err != nil {
			t.Error(err)
			return
		}
	}
	select {
	case <-s.done:
	case <-time.After(3 * time.Minute):
		t.Errorf("%s: %d records were never acknowledged", s.name, s.left)
	}
}

func (s *sender) pack(round int) wire.Pack {
	records := make([]wire.Record, points)
	at := s.start.Add(time.Duration(round) * time.Second)
	for p := range records {
		seq := uint64(round*points + p + 1)
		id := sensors.PointID(fmt.Sprintf("%s/room/p%02d", s.name, p))
		records[p] = wire.Record{Seq: seq, Boot: "b", Clock: wire.ClockNTP, Unit: sensors.Celsius,
			Reading: sensors.NewGood(id, at, -18.5+float64((round+p)%10)/10)}
	}
	return wire.Pack{Epoch: 1, Oldest: 1, Next: records[points-1].Seq + 1, Records: records}
}

func (s *sender) acknowledged(m mqtt.Message) {
	ack, err := wire.DecodeAck(m.Payload)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range ack.Ranges {
		n := int(r.To - r.From + 1)
		s.left -= n
		for range n / points {
			select {
			case <-s.slots:
			default:
			}
		}
	}
	if s.left <= 0 {
		select {
		case <-s.done:
		default:
			close(s.done)
		}
	}
}

func awaitHTTP(t *testing.T, url string) {
	t.Helper()
	for range 300 {
		if res, err := http.Get(url); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s does not answer", url)
}
