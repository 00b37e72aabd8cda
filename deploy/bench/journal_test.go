//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	journalPoints  = 32
	journalDays    = 7
	journalBacklog = journalDays * 24 * 60 * journalPoints // a poll a minute
	journalBoot    = "0123456789abcdef"
)

// pollOf is one poll of 16 probes, with values that move as a room's do.
func pollOf(minute int, at time.Time, up time.Duration) []wire.Record {
	records := make([]wire.Record, journalPoints)
	for i := range records {
		name, unit, base := "air", sensors.Celsius, -18.5
		if i%2 == 1 {
			name, unit, base = "humidity", sensors.PercentRH, 65.0
		}
		id := sensors.PointID(fmt.Sprintf("store/room-%d/%s", i/2+1, name))
		v := math.Round(10*(base+2*math.Sin(float64(minute)/40+float64(i)))) / 10
		// One device after the other, as they share a line.
		later := time.Duration(i/2*37) * time.Millisecond
		records[i] = wire.Record{Boot: journalBoot, Mono: up + later, Clock: wire.ClockNTP, Unit: unit, Reading: sensors.NewGood(id, at.Add(later), v)}
	}
	return records
}

// fillJournal appends polls, some to a commit, and returns how long that took.
func fillJournal(t *testing.T, path string, polls, perCommit int) (took time.Duration, bytes int64) {
	t.Helper()
	ctx := t.Context()
	j, err := journal.Open(ctx, path, journal.Options{Boot: journalBoot})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-time.Duration(polls) * time.Minute)
	for minute := 0; minute < polls; {
		var group []wire.Record
		for range perCommit {
			group = append(group, pollOf(minute, begin.Add(time.Duration(minute)*time.Minute), time.Duration(minute)*time.Minute)...)
			minute++
		}
		began := time.Now()
		if _, err := j.Append(ctx, group); err != nil {
			t.Fatal(err)
		}
		took += time.Since(began)
	}
	if err := j.Close(); err != nil { // puts the log away
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return took, info.Size()
}

// TestJournalAppend: how fast readings become durable, and what they take.
func TestJournalAppend(t *testing.T) {
	for _, c := range []struct {
		what             string
		polls, perCommit int
	}{
		{"one poll of 32 points a commit", 500, 1},
		{"a second of 1,024 readings a commit", 3200, 32},
	} {
		took, bytes := fillJournal(t, filepath.Join(t.TempDir(), "journal.db"), c.polls, c.perCommit)
		n := c.polls * journalPoints
		fmt.Printf("journal | coldchain, %s | %.0f readings/s durable | %.1f ms a commit | %.1f bytes a reading on disk\n",
			c.what, float64(n)/took.Seconds(), took.Seconds()*1000/float64(c.polls/c.perCommit), float64(bytes)/float64(n))
	}
	telegrafBuffer(t)
}

// TestJournalSyncs: how often the agent of 32 points at 60 s, all at its
// defaults and connected to a county, makes the disk write.
func TestJournalSyncs(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		fmt.Println("journal | fsyncs a minute | strace is not on PATH, not measured")
		return
	}
	dir := t.TempDir()
	_, edge := journalCounty(t, dir, "", "")
	awaitUndelivered(t, edge.page, 0) // its first polls
	const settle, span = 70 * time.Second, 3 * time.Minute
	time.Sleep(settle)
	synced := traceSyncs(t, edge.process.Pid, filepath.Join(dir, "strace"))
	time.Sleep(span)
	fmt.Printf("journal | coldchain, 32 points at 60 s, defaults, connected | %.1f fsyncs a minute, acknowledgements included\n", float64(synced())/span.Minutes())
}

// TestJournalDrain: a week of 32 points comes to a county, with each store.
func TestJournalDrain(t *testing.T) {
	for _, c := range []struct {
		name  string
		store func(*testing.T) string
	}{{"the embedded store", func(*testing.T) string { return "" }}, {"InfluxDB", influxStore}} {
		dir := t.TempDir()
		journalPath := filepath.Join(dir, "edge", "journal.db")
		fillJournal(t, journalPath, journalBacklog/journalPoints, 30)
		began := time.Now()
		county, edge := journalCounty(t, dir, c.store(t), "delivery: {backlog_rate: 1000000, spread: 1ms}\n")
		awaitUndelivered(t, edge.page, journalBacklog)
		took := time.Since(began)
		fmt.Printf("journal | coldchain, %d days of 32 points (%d readings) to a county with %s | %.1f s from the agent's start = %.0f readings/s | edge %.1f MB at most, %.1f CPU s | collector %.1f CPU s\n",
			journalDays, journalBacklog, c.name, took.Seconds(), journalBacklog/took.Seconds(), peakMemory(t, edge.process.Pid),
			cpuOf(t, edge.process.Pid).Seconds(), cpuOf(t, county.Pid).Seconds())
		edge.stop() // the next has the machine for itself
	}
}

func influxStore(t *testing.T) string {
	influx := influxdtest.Start(t)
	influx.CreateDatabase(t, "drain")
	return fmt.Sprintf("store: {influx: {url: %q, bucket: drain/autogen}}\n", influx.URL)
}

type journalEdge struct {
	process *os.Process
	page    string
	stop    func()
}

// journalCounty runs a broker, a collector, a slave and the edge agent, whose
// data are in dir/edge, and returns when the agent's page answers.
func journalCounty(t *testing.T, dir, store, delivery string) (county *os.Process, edge journalEdge) {
	t.Helper()
	broker := mosquittotest.Start(t, brokerCfg)
	slave, page := freeAddress(t), freeAddress(t)
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + slave, MaxClients: 4}, steady{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })

	var c, e strings.Builder
	fmt.Fprintf(&c, "county: bench\ndata: %s\nmqtt: {server: %q}\n%sweb: {listen: %q}\nsites:\n  - {id: store, kind: township-store, gateway: store-gw, zones: [", dir, broker.URL, store, page)
	edge.page = freeAddress(t)
	fmt.Fprintf(&e, "county: bench\nsite: store\ngateway: store-gw\ndata: %s\nmqtt: {server: %q}\nstatus: {listen: %q}\n%sbuses: [{name: line, modbus_tcp: %q}]\ndevices:\n",
		filepath.Join(dir, "edge"), broker.URL, edge.page, delivery, slave)
	for i := range journalPoints / 2 {
		fmt.Fprintf(&c, "{id: room-%d, kind: frozen, points: {air: temperature, humidity: humidity}}, ", i+1)
		fmt.Fprintf(&e, "  - {name: probe-%d, bus: line, profile: xy-md02, slave: %d, zone: room-%d, points: {air: temperature, humidity: humidity}}\n", i+1, i+1, i+1)
	}
	c.WriteString("]}\n")
	for name, text := range map[string]string{"county.yaml": c.String(), "edge.yaml": e.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	county = start(t, build(t, dir, "collector", nil), "-config", filepath.Join(dir, "county.yaml"), "-log", "error")
	awaitHTTP(t, "http://"+page+"/healthz")
	edge.process = start(t, build(t, dir, "edge-agent", nil), "-config", filepath.Join(dir, "edge.yaml"), "-log", "error")
	edge.stop = func() {
		_ = county.Kill()
		_ = edge.process.Kill()
	}
	awaitHTTP(t, "http://"+edge.page+"/healthz")
	return county, edge
}

// awaitUndelivered waits until the agent has journaled more than so many
// records and the county has confirmed them, but for a poll on its way.
func awaitUndelivered(t *testing.T, page string, more uint64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 15*time.Minute)
	defer stop()
	var last struct{ Undelivered, Next uint64 }
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+page+"/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			err = json.NewDecoder(res.Body).Decode(&last)
			res.Body.Close()
		}
		if err == nil && last.Next > more+1 && last.Undelivered <= journalPoints {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the agent still has %d of %d records to deliver (%v)", last.Undelivered, last.Next-1, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// peakMemory is the most that a process has had resident, in MB (proc(5), VmHWM).
func peakMemory(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatal("no VmHWM")
	}
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return float64(kb) * 1024 / 1e6
}
