//go:build bench

package bench

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"coldchain/deploy/bench/ticker"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/gateway/wire"
)

const brokerCfg = "allow_anonymous true\nmax_inflight_messages 1000\nmax_queued_messages 100000\nset_tcp_nodelay true\n"

// million is what everybody is measured with: 20 gateways of 20 points, a
// reading each 10 s, 60 readings in a message; 7 hours by the bench's clock.
func million() load {
	began := time.Now().UTC().Truncate(time.Hour).Add(-9 * time.Hour)
	rounds := 2499
	if os.Getenv("BENCH_SHORT") != "" {
		rounds = 600
	}
	return load{gateways: 20, points: 20, rounds: rounds, first: began, every: 10 * time.Second, seq: 21, perMessage: 3, window: 32, patience: 30 * time.Second, encoding: wire.CBOR}
}

// TestIngest: a million readings through real Mosquitto into real InfluxDB,
// judged and rolled up; then the same through Telegraf, into InfluxDB alone,
// and into the embedded store.
func TestIngest(t *testing.T) {
	broker := mosquittotest.Start(t, brokerCfg)
	influx := influxdtest.Start(t)
	l := million()
	ours := ingestOurs(t, l, broker, influx)
	report("coldchain, InfluxDB, judging and rollups on", ours)
	theirs, ok := ingestTelegraf(t, l, broker, influx)
	if ok {
		report("telegraf, InfluxDB", theirs)
	} else {
		fmt.Println("ingest | telegraf | not measured: neither in .cache/bin nor on PATH (make bench-deps)")
	}
	report("InfluxDB alone, nobody before it", ingestDatabase(t, l, influx))
	embedded := ingestOurs(t, l, broker, nil)
	report("coldchain, embedded store, judging and rollups on (its database is in it)", embedded)
	alone := ingestEmbedded(t, l)
	report("embedded store alone, nobody before it", alone)
	if ok {
		fmt.Printf("ingest | coldchain : telegraf | %.2f times the readings/s, %.2f times the CPU a reading\n",
			ours.rate()/theirs.rate(), ours.perMillion(ours.cpu)/theirs.perMillion(theirs.cpu))
		fmt.Printf("ingest | coldchain with its embedded store : telegraf and InfluxDB | %.2f times the readings/s, %.2f times the CPU of both; without its database %.2f times the CPU of telegraf\n",
			embedded.rate()/theirs.rate(), embedded.perMillion(embedded.cpu)/(theirs.perMillion(theirs.cpu)+theirs.perMillion(theirs.database)),
			(embedded.perMillion(embedded.cpu)-alone.perMillion(alone.database))/theirs.perMillion(theirs.cpu))
	}
}

// cost is what it took to make n readings durable.
type cost struct {
	n        int
	elapsed  time.Duration // to the last acknowledgement
	cpu      time.Duration // of the program, rollups included
	database time.Duration // of influxd meanwhile
	broker   time.Duration // of mosquitto meanwhile
}

func (c cost) rate() float64                        { return float64(c.n) / c.elapsed.Seconds() }
func (c cost) perMillion(cpu time.Duration) float64 { return cpu.Seconds() / float64(c.n) * 1e6 }

func report(who string, c cost) {
	fmt.Printf("ingest | %s | %d readings, each stored once | %.0f readings/s | CPU s per million: %.2f, database %.2f, broker %.2f\n",
		who, c.n, c.rate(), c.perMillion(c.cpu), c.perMillion(c.database), c.perMillion(c.broker))
}

// ingestOurs measures the collector; influx may be nil for the embedded store.
func ingestOurs(t *testing.T, l load, broker *mosquittotest.Broker, influx *influxdtest.Server) cost {
	packs := make([][][]byte, l.gateways)
	for g := range packs {
		packs[g] = l.packs(t, g)
	}
	c := startCounty(t, l, broker.URL, influx)
	c.warmUp(t, l, broker.URL)

	var before, after cost
	before.take(t, c.process.Pid, broker, influx)
	began := time.Now()
	l.deliver(t, broker.URL, packs, c.set)
	elapsed := time.Since(began)
	c.set(l.last().Add(rollUp))
	c.awaitRollups(t)
	after.take(t, c.process.Pid, broker, influx)
	c.process.Signal(syscall.SIGTERM)
	if got, want := c.stored(t, influx), l.readings()+l.gateways*l.points; got != want {
		t.Errorf("the store holds %d of %d readings", got, want)
	}
	return cost{n: l.readings(), elapsed: elapsed, cpu: after.cpu - before.cpu, database: after.database - before.database, broker: after.broker - before.broker}
}

func (c *cost) take(t *testing.T, pid int, broker *mosquittotest.Broker, influx *influxdtest.Server) {
	if pid != 0 {
		c.cpu = cpuOf(t, pid)
	}
	if broker != nil {
		c.broker = cpuOf(t, broker.Pid())
	}
	if influx != nil {
		c.database = cpuOf(t, influx.Pid())
	}
}

// rollUp is by when an hour is rolled up after its last reading.
const rollUp = time.Hour + 11*time.Minute

// county is a collector whose clock the bench sets.
type county struct {
	process *os.Process
	data    string
	set     func(now time.Time)
}

func startCounty(t *testing.T, l load, broker string, influx *influxdtest.Server) county {
	t.Helper()
	store := ""
	if influx != nil {
		influx.CreateDatabase(t, "coldchain")
		store = fmt.Sprintf("store: {influx: {url: %q, bucket: coldchain/autogen}}\n", influx.URL)
	}
	return startCountyAt(t, l, broker, store)
}

// startCountyAt starts it before a store, a line of its configuration; empty for
// the embedded one.
func startCountyAt(t *testing.T, l load, broker, store string) county {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "county")
	if text, err := exec.Command("go", "build", "-tags", "bench", "-o", bin, "coldchain/deploy/bench/county").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	page := freeAddress(t)
	config := filepath.Join(dir, "county.yaml")
	if err := os.WriteFile(config, []byte(countyYAML(l, dir, broker, store, page)), 0o600); err != nil {
		t.Fatal(err)
	}
	now, err := ticker.Open(filepath.Join(dir, "clock"))
	if err != nil {
		t.Fatal(err)
	}
	now.Set(l.warm())
	args := []string{"-config", config, "-clock", filepath.Join(dir, "clock")}
	if profile := os.Getenv("BENCH_PROFILE"); profile != "" {
		args = append(args, "-profile", profile+map[bool]string{true: ".embedded", false: ".influxdb"}[store == ""])
	}
	c := county{process: start(t, bin, args...), data: dir, set: now.Set}
	awaitHTTP(t, "http://"+page+"/healthz")
	return c
}

// warm is when every point is heard once before the measurement, so that
// looking up what the store has of it is no part of that.
func (l load) warm() time.Time { return l.first.Add(-rollUp) }

// last is the time of the last round.
func (l load) last() time.Time { return l.first.Add(time.Duration(l.rounds-1) * l.every) }

// warmUp has every point heard once, lets that hour end, and waits until the
// work of the start is done.
func (c county) warmUp(t *testing.T, l load, broker string) {
	one := l
	one.first, one.rounds, one.seq, one.perMessage, one.patience = l.warm(), 1, 1, 1, time.Second
	packs := make([][][]byte, l.gateways)
	for g := range packs {
		packs[g] = one.packs(t, g)
	}
	one.deliver(t, broker, packs, c.set)
	c.set(l.first)
	c.awaitRollups(t)
}

// awaitRollups waits until no hour is marked as not rolled up.
func (c county) awaitRollups(t *testing.T) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.data, "county.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	left := -1
	for range 900 {
		time.Sleep(100 * time.Millisecond)
		if err := db.QueryRow("SELECT (SELECT count(*) FROM dirty) + (SELECT count(*) = 0 FROM rolled)").Scan(&left); err == nil && left == 0 {
			return
		}
	}
	t.Errorf("%d hours are not rolled up", left)
}

func (c county) stored(t *testing.T, influx *influxdtest.Server) (n int) {
	if influx != nil {
		return countInInflux(t, influx, "coldchain", "temperature", "value")
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.data, "readings.db")+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM reading").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func countyYAML(l load, dir, broker, store, page string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "county: bench\ndata: %s\nmqtt: {server: %q}\n%sweb: {listen: %q}\nsites:\n", dir, broker, store, page)
	for g := range l.gateways {
		fmt.Fprintf(&b, "  - {id: %[1]s, kind: township-store, gateway: %[1]s-gw, zones: [{id: room, kind: frozen, points: {", site(g))
		for p := range l.points {
			fmt.Fprintf(&b, "p%02d: temperature, ", p)
		}
		b.WriteString("}}]}\n")
	}
	return b.String()
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
