//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	wireDevices = 5
	wireRounds  = 30
	tcpIP       = 52 // bytes a segment: IPv4, TCP and its time stamps
	// Of a minute without trouble: a status each ten, and the client's pings.
	statusShare = 0.1
)

// TestWire: what a site of ten points costs on its way to the county: the real
// agent, a real Mosquitto, the real collector, counted between the first two.
// The agent is asked every 2 s instead of every minute; a message is the same.
func TestWire(t *testing.T) {
	s := startSite(t, 2*time.Second, nil)
	s.await(t, "records", 5)
	status := s.relay.each("status")
	s.relay.reset()
	s.await(t, "records", wireRounds)
	rounds, _ := s.relay.seen("records")
	_, recordBytes := s.relay.seen("records")
	_, ackBytes := s.relay.seen("ack")
	readings := float64(rounds * 2 * wireDevices)
	records, acks := float64(recordBytes)/readings, float64(ackBytes)/readings
	statuses := status * statusShare / (2 * wireDevices)
	const pings = 2 * (2 + 2) / (2.0 * wireDevices) // two a minute, with their answers
	fmt.Printf("wire | live, 10 points a minute | %.1f B a reading with MQTT: records %.1f, acknowledgements %.1f, status %.1f, keep-alive %.1f | TCP/IP %.0f B more\n",
		records+acks+statuses+pings, records, acks, statuses, pings, float64(s.relay.segments)*tcpIP/readings)
	lines, plain := foreign()
	fmt.Printf("wire | the same as Telegraf's line protocol, a message a round | %.1f B a reading, without any acknowledgement that it is stored\n", lines)
	fmt.Printf("wire | the same as plain JSON, a message a reading | %.1f B a reading, likewise\n", plain)
}

// TestWireBacklog: a day of ten points that could not be delivered.
func TestWireBacklog(t *testing.T) {
	const day = 24 * 60
	n := day * 2 * wireDevices
	s := startSite(t, time.Hour, func(path string) {
		j, err := journal.Open(t.Context(), path, journal.Options{Boot: "0f1e2d3c4b5a6978"})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		if err := fillSite(t, j, time.Now().Add(-day*time.Minute), time.Minute, n); err != nil {
			t.Fatal(err)
		}
	})
	s.awaitDelivered(t)
	_, recordBytes := s.relay.seen("records")
	_, ackBytes := s.relay.seen("ack")
	fmt.Printf("wire | backlog, a day of 10 points | %.2f B a reading with MQTT: records %.2f, acknowledgements %.2f | TCP/IP %.2f B more\n",
		float64(recordBytes+ackBytes)/float64(n), float64(recordBytes)/float64(n), float64(ackBytes)/float64(n), float64(s.relay.segments)*tcpIP/float64(n))
}

// fillJournal appends n readings of the site's points, a round each interval;
// air wanders by tenths as a room with a compressor does, humidity by tenths
// of a percent.
func fillSite(t *testing.T, j *journal.Journal, from time.Time, every time.Duration, n int) error {
	var batch []wire.Record
	seed := uint32(1)
	random := func() float64 {
		seed = seed*1664525 + 1013904223
		return float64(seed>>16) / (1 << 16)
	}
	for i := range n {
		round, p := i/(2*wireDevices), i%(2*wireDevices)
		at := from.Add(time.Duration(round)*every + time.Duration(p/2)*12*time.Millisecond).Truncate(time.Millisecond).UTC()
		id, unit := sensors.PointID(fmt.Sprintf("balagong/mutton-%d/air", p/2+1)), sensors.Celsius
		v := -18.5 + 1.5*math.Sin(float64(round)/9+float64(p)) + random()*0.3
		if p%2 == 1 {
			id, unit, v = sensors.PointID(fmt.Sprintf("balagong/mutton-%d/humidity", p/2+1)), sensors.PercentRH, 82+3*math.Sin(float64(round)/40+float64(p))+random()
		}
		batch = append(batch, wire.Record{Kind: wire.ReadingRecord, Mono: at.Sub(from).Truncate(time.Millisecond), Clock: wire.ClockNTP, Unit: unit, Reading: sensors.NewGood(id, at, math.Round(v*10)/10)})
		if len(batch) == 5000 || i == n-1 {
			if _, err := j.Append(t.Context(), batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// benchSite is a real agent behind a relay, and the county.
type benchSite struct {
	relay  *relay
	agent  *os.Process
	county *os.Process
	status string // address of the agent's page
	page   string // of the county's
	config string // file of the county
	dir    string
}

// startSite starts a county on the embedded store and a site of ten points;
// fill may put a past into the agent's journal first.
func startSite(t *testing.T, interval time.Duration, fill func(path string)) *benchSite {
	s := prepareSite(t, interval, fill)
	s.startCounty(t)
	return s
}

// prepareSite starts the site alone.
func prepareSite(t *testing.T, interval time.Duration, fill func(path string)) *benchSite {
	dir := t.TempDir()
	broker := mosquittotest.Start(t, brokerCfg)
	slave := freeAddress(t)
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + slave, MaxClients: 4}, steady{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })

	s := &benchSite{relay: startRelay(t, broker.Addr), status: freeAddress(t), page: freeAddress(t), dir: dir}
	var points, devices strings.Builder
	for i := range wireDevices {
		fmt.Fprintf(&points, "{id: mutton-%d, kind: frozen, points: {air: temperature, humidity: humidity}}, ", i+1)
		fmt.Fprintf(&devices, "  - {name: probe-%[1]d, bus: line, profile: xy-md02, slave: %[1]d, zone: mutton-%[1]d, points: {air: temperature, humidity: humidity}}\n", i+1)
	}
	s.config = write(t, dir, "county.yaml", fmt.Sprintf("county: hangjin\ndata: %s\nmqtt: {server: %q}\nweb: {listen: %q}\nsites:\n  - {id: balagong, kind: township-store, gateway: balagong-gw, zones: [%s]}\n",
		filepath.Join(dir, "county"), broker.URL, s.page, points.String()))
	edge := write(t, dir, "edge.yaml", fmt.Sprintf("county: hangjin\nsite: balagong\ngateway: balagong-gw\ndata: %s\nmqtt: {server: %q}\nstatus: {listen: %q}\ndelivery: {backlog_rate: 1000000, spread: 1s}\nsampling: {interval: %s, outside_interval: %s}\nbuses: [{name: line, modbus_tcp: %q}]\ndevices:\n%s",
		filepath.Join(dir, "edge"), "tcp://"+s.relay.Addr, s.status, interval, interval, slave, devices.String()))
	if fill != nil {
		fill(filepath.Join(dir, "edge", "journal.db"))
	}
	s.agent = start(t, build(t, dir, "edge-agent", nil), "-config", edge, "-log", "warn")
	return s
}

func (s *benchSite) startCounty(t *testing.T) {
	s.county = start(t, build(t, s.dir, "collector", nil), "-config", s.config, "-log", "warn")
	awaitHTTP(t, "http://"+s.page+"/healthz")
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// await waits until so many messages of a kind have passed.
func (s *benchSite) await(t *testing.T, kind string, n int) {
	t.Helper()
	for range 3000 {
		if got, _ := s.relay.seen(kind); got >= n {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("fewer than %d messages of %s passed", n, kind)
}

// awaitDelivered waits until the agent says that nothing waits any more.
func (s *benchSite) awaitDelivered(t *testing.T) {
	t.Helper()
	for range 3000 {
		time.Sleep(100 * time.Millisecond)
		res, err := http.Get("http://" + s.status + "/status")
		if err != nil {
			continue
		}
		answer := struct{ Undelivered *uint64 }{}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err == nil && answer.Undelivered != nil && *answer.Undelivered == 0 {
			return
		}
	}
	t.Fatal("the journal was not delivered")
}

// foreign is what the same round costs in other formats, with QoS 1 and the
// shortest sensible topic: header, topic, packet id, PUBACK.
func foreign() (lines, plain float64) {
	const overhead = 2 + 2 + 2 + 4
	at := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	var body strings.Builder
	for i := range wireDevices {
		for _, p := range []struct {
			quantity, name string
			value          float64
		}{{"temperature", "air", -18.3}, {"humidity", "humidity", 81.4}} {
			fmt.Fprintf(&body, "%s,county=hangjin,point=balagong/mutton-%d/%s,site=balagong value=%g %d\n", p.quantity, i+1, p.name, p.value, at.UnixNano())
			one := fmt.Sprintf(`{"point":"balagong/mutton-%d/%s","time":%q,"value":%g,"unit":"Cel"}`, i+1, p.name, at.Format("2006-01-02T15:04:05.000Z"), p.value)
			plain += float64(overhead + len("telegraf/balagong") + len(one))
		}
	}
	return float64(overhead+1+len("telegraf/balagong")+body.Len()) / (2 * wireDevices), plain / (2 * wireDevices)
}
