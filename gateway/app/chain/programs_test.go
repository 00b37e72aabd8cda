package chain

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"coldchain/gateway/app/programs"
	"coldchain/gateway/store/storetest/influxdtest"
)

// pollPeriod is how often the edge of this test asks.
const pollPeriod = 100 * time.Millisecond

// county is one run of the chain: programs, their files, and where they listen.
type county struct {
	t        *testing.T
	bin, dir string

	brokerURL  string // as the edge reaches it
	mqtt       string // the collector's mqtt block
	store      string // the collector's store block
	page       string
	influx     *influxdtest.Server
	brokerPass bool
}

// embedded uses what the collector brings along.
func (c *county) embedded() {
	addr := programs.FreeAddress(c.t)
	c.brokerURL = "tcp://" + addr
	c.mqtt = "broker: {listen: " + addr + "}\n"
}

func (c *county) startMosquitto() {
	b := programs.Mosquitto(c.t, c.dir, true, "balagong-gw")
	c.brokerURL, c.brokerPass = b.URL, true
	c.mqtt = fmt.Sprintf("mqtt: {server: %q, username: collector, password_file: %q}\n", b.URL, programs.Secret(c.dir, "collector"))
}

func (c *county) startInflux() {
	c.influx = influxdtest.Start(c.t)
	c.influx.CreateDatabase(c.t, "coldchain")
	c.store = fmt.Sprintf("store: {influx: {url: %q, bucket: coldchain/autogen}}\n", c.influx.URL)
}

// collectorConfig writes the collector's file and returns its path.
func (c *county) collectorConfig(limit float64) string {
	listen := programs.FreeAddress(c.t)
	c.page = "http://" + listen
	file := c.write("county.yaml", `county: hangjin
data: `+filepath.Join(c.dir, "collector")+"\n"+c.mqtt+c.store+`web: {listen: `+listen+`, token_file: `+c.write("token", "let-me\n")+`}
sites:
  - id: balagong
    kind: township-store
    gateway: balagong-gw
    zones:
      - id: mutton
        kind: chilled
        points: {air: temperature}
        limits: {temperature: [{side: high, level: excursion, value: `+strconv.FormatFloat(limit, 'f', -1, 64)+`, delay: 0s}]}
`)
	programs.Run(c.t, filepath.Join(c.bin, "coldchain"), "check", file)
	return file
}

func (c *county) startCollector(limit float64) {
	c.start(filepath.Join(c.bin, "collector"), "-config", c.collectorConfig(limit))
	await(c.t, 30*time.Second, "the page", func() bool {
		res, err := http.Get(c.page + "/healthz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func (c *county) startEdge(port string) {
	c.start(filepath.Join(c.bin, "edge-agent"), "-config", c.edgeConfig(port))
}

// edgeConfig writes the edge agent's file and returns its path.
func (c *county) edgeConfig(port string) string {
	profile := c.write("replay.yaml", `name: replay
label: {zh: 回放, en: Replay}
source: the layout of an XY-MD02 with a step of 0.01 °C, for this test
confidence: documented
max_read: 1
max_gap: 0
channels:
  temperature: {quantity: temperature, function: input, address: 1, type: int16, scale: 0.01}
`)
	mqtt := "mqtt: {server: " + c.brokerURL + "}\n"
	if c.brokerPass {
		mqtt = fmt.Sprintf("mqtt: {server: %q, username: balagong-gw, password_file: %q}\n", c.brokerURL, programs.Secret(c.dir, "balagong-gw"))
	}
	file := c.write("edge.yaml", `county: hangjin
site: balagong
gateway: balagong-gw
data: `+filepath.Join(c.dir, "edge")+"\n"+mqtt+`buses:
  - {name: line, modbus_tcp: "127.0.0.1:`+port+`", timeout: 1s}
devices:
  - {name: probe, bus: line, profile: `+profile+`, slave: 1, zone: mutton, interval: `+pollPeriod.String()+`, points: {air: temperature}}
`)
	programs.Run(c.t, filepath.Join(c.bin, "coldchain"), "check", file)
	return file
}

type slave struct {
	port, log string
	rows      int
}

// startSlave runs pymodbus, which shares no code with ours, on a recorded log.
func (c *county) startSlave(csvFile string) *slave {
	t := c.t
	python := "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import pymodbus, serial_asyncio").Run(); err != nil {
		programs.Missing(t, "python3-pymodbus and python3-serial-asyncio")
	}
	s := &slave{log: filepath.Join(c.dir, "answered.csv"), rows: len(strings.Split(strings.TrimSpace(programs.ReadFile(t, csvFile)), "\n")) - 1}
	out := c.start(python, filepath.Join("..", "testdata", "pymodbus_replay.py"), "--csv", csvFile, "--column", "temperature", "--port", "0", "--log", s.log, "--scale", "0.01")
	select {
	case line := <-out:
		port, ok := strings.CutPrefix(line, "listening ")
		if !ok {
			t.Fatalf("the slave said %q", line)
		}
		s.port = port
	case <-time.After(20 * time.Second):
		t.Fatal("the slave did not start")
	}
	return s
}

type storedValue struct {
	value float64
	at    time.Time
}

// stored reads the temperatures back: from InfluxDB with a Flux query of our
// own making over plain HTTP, from the embedded store over the API.
func (c *county) stored() []storedValue {
	if c.influx != nil {
		return c.storedInInflux()
	}
	var answer struct {
		Readings []struct {
			Time  time.Time `json:"t"`
			Value *float64  `json:"v"`
		} `json:"readings"`
	}
	c.get("/api/v1/readings?point="+url.QueryEscape("balagong/mutton/air"), &answer)
	var out []storedValue
	for _, r := range answer.Readings {
		if r.Value != nil {
			out = append(out, storedValue{*r.Value, r.Time})
		}
	}
	return out
}

func (c *county) storedInInflux() []storedValue {
	t := c.t
	text := c.influx.Flux(t, `from(bucket: "coldchain/autogen") |> range(start: -1h)
		|> filter(fn: (r) => r._measurement == "temperature" and r.point == "balagong/mutton/air" and r._field == "value")
		|> sort(columns: ["_time"]) |> keep(columns: ["_time", "_value"])`)
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.Comment = -1, '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("flux answered %q: %v", text, err)
	}
	timeCol, valueCol := -1, -1
	var out []storedValue
	for _, row := range rows {
		for i, cell := range row {
			switch cell {
			case "_time":
				timeCol = i
			case "_value":
				valueCol = i
			}
		}
		if timeCol < 0 || valueCol < 0 || len(row) <= max(timeCol, valueCol) || row[timeCol] == "_time" {
			continue
		}
		at, err1 := time.Parse(time.RFC3339Nano, row[timeCol])
		v, err2 := strconv.ParseFloat(row[valueCol], 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("flux row %q: %v %v", row, err1, err2)
		}
		out = append(out, storedValue{v, at})
	}
	return out
}

type alarm struct {
	ID, Rule, Zone string
	Batches        []struct {
		ID string `json:"id"`
	}
}

func (c *county) alarms() []alarm {
	var answer struct{ Alarms []alarm }
	c.get("/api/v1/alarms", &answer)
	return answer.Alarms
}

// byToken reads something from a county's page by its token.
func byToken(t testing.TB, token, url string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return http.DefaultClient.Do(req)
}

func (c *county) get(path string, answer any) {
	c.t.Helper()
	res, err := byToken(c.t, "let-me", c.page+path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s: %s %v\n%s", path, res.Status, err, text)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		c.t.Fatalf("GET %s: %v\n%s", path, err, text)
	}
}

// coldchain runs the person's tool against this county.
func (c *county) coldchain(args ...string) {
	c.t.Helper()
	programs.Run(c.t, filepath.Join(c.bin, "coldchain"), append(args, "--server", c.page, "--token-file", filepath.Join(c.dir, "token"))...)
}

// start runs a program until the test ends and gives its standard output line
// by line. What it says on standard error is shown when the test fails.
func (c *county) start(program string, args ...string) <-chan string {
	t := c.t
	t.Helper()
	cmd := exec.Command(program, args...)
	log, err := os.Create(filepath.Join(c.dir, filepath.Base(program)+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	lines := make(chan string, 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		scanner := bufio.NewScanner(out)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			default:
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-done
		err := cmd.Wait()
		_ = log.Close()
		if python := strings.Contains(program, "python"); err != nil && !python {
			t.Errorf("%s ended with %v", filepath.Base(program), err)
		}
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(program), programs.ReadFile(t, log.Name()))
		}
	})
	return lines
}

func (c *county) write(name, text string) string {
	c.t.Helper()
	return programs.WriteFile(c.t, filepath.Join(c.dir, name), text)
}

// lockedBuffer is written by a process and read by the test.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
