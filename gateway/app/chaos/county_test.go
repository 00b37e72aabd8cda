//go:build chaos

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"coldchain/gateway/app/programs"
	"coldchain/gateway/clock"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/store/storetest/influxdtest"
)

const (
	countyName = "hangjin"
	commit     = time.Second // journal.commit, its default
	smallDisk  = "10m"
	patience   = time.Minute
)

// county is one round's county.
type county struct {
	t        *testing.T
	bin, dir string

	broker    *mosquittotest.Broker
	influx    *influxdtest.Server
	proxy     *toxiproxy
	collector *programs.Keeper
	config    string // the collector's file
	page      string
	sites     map[string]*site
	messages  *messages
	began     time.Time // whole milliseconds
	copied    time.Time // journals and county
	mounted   bool      // the small site has a disk of its own
	// apart is what was quarantined, by gateway and reason; a restored county.db
	// does not know what was before.
	apart map[[2]string]int
}

// site is one agent with its slave.
type site struct {
	name, gateway string
	data          string
	slave         *slave
	agent         *programs.Keeper
	status        string // its page
	clock         string // control file
	settings      []Setting
	damages       []Damage
	boots         int
}

func newCounty(t *testing.T, bin, dir string, persistence bool) *county {
	c := &county{t: t, bin: bin, dir: dir, sites: map[string]*site{}, apart: map[[2]string]int{}, began: time.Now().UTC().Truncate(time.Millisecond)}
	var users []string
	for _, name := range append(Sites(), Bad) {
		users = append(users, name+"-gw")
	}
	c.broker = programs.Mosquitto(t, c.folder("broker"), persistence, users...)
	c.influx = influxdtest.Start(t)
	c.influx.CreateDatabase(t, "coldchain")
	c.proxy = startProxy(t, c.path("toxiproxy.log"))
	c.refuseVoltage()
	c.startCollector()
	for _, name := range Sites() {
		c.startSite(name)
	}
	c.messages = c.listen()
	await(t, "the page", func() bool { return c.healthy() })
	return c
}

func (c *county) path(name string) string { return filepath.Join(c.dir, name) }

func (c *county) folder(name string) string {
	c.t.Helper()
	path := c.path(name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// refuseVoltage makes InfluxDB refuse every voltage for good: a field keeps the
// type that was written first.
func (c *county) refuseVoltage() {
	line := fmt.Sprintf("battery-voltage,county=%s value=\"text\" %d", countyName, time.Now().UnixNano())
	res, err := http.Post(c.influx.URL+"/write?db=coldchain", "text/plain", strings.NewReader(line))
	if err != nil {
		c.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		c.t.Fatalf("write a text to InfluxDB: %s", res.Status)
	}
}

func (c *county) startCollector() {
	t := c.t
	broker := c.proxy.link(t, CollectorBroker, c.broker.Addr)
	influx := c.proxy.link(t, CollectorDatabase, strings.TrimPrefix(c.influx.URL, "http://"))
	listen := programs.FreeAddress(t)
	c.page = "http://" + listen
	text := fmt.Sprintf(`county: %s
data: %s
mqtt: {server: "tcp://%s", username: collector, password_file: %s}
store: {influx: {url: "http://%s", bucket: coldchain/autogen}}
web: {listen: %s}
sites:
`, countyName, c.folder("collector"), broker, programs.Secret(c.path("broker"), "collector"), influx, listen)
	for _, name := range append(Sites(), Bad) {
		points := "volt: battery-voltage, air: temperature"
		if name != Bad {
			points = ""
			for _, ch := range Channels() {
				points += ch.Name + ": " + ch.Quantity + ", "
			}
		}
		text += fmt.Sprintf(`  - {id: %s, kind: township-store, gateway: %s-gw, zones: [{id: line, kind: technical, points: {%s}}]}
`, name, name, strings.TrimSuffix(points, ", "))
	}
	c.config = programs.WriteFile(t, c.path("county.yaml"), text)
	programs.Run(t, filepath.Join(c.bin, "coldchain"), "check", c.config)
	c.collector = programs.Keep(t, c.path("collector.log"), filepath.Join(c.bin, "collector"), nil, "-config", c.config)
}

func (c *county) startSite(name string) {
	t := c.t
	s := &site{name: name, gateway: name + "-gw", slave: startSlave(t), data: c.folder(name)}
	c.sites[name] = s
	if name == Small && os.Getuid() == 0 {
		if err := unix.Mount("tmpfs", s.data, "tmpfs", 0, "size="+smallDisk); err != nil {
			t.Logf("no small disk of its own for %s: %v", name, err)
		} else {
			c.mounted = true
			// Before the agent's keeper, so that it is unmounted after it.
			t.Cleanup(func() {
				if t.Failed() {
					c.copyJournal(s.data, c.path("disk-of-"+name))
				}
				_ = unix.Unmount(s.data, unix.MNT_DETACH)
			})
		}
	}
	broker := c.proxy.link(t, name, c.broker.Addr)
	s.status = "http://" + programs.FreeAddress(t)
	text := fmt.Sprintf(`county: %s
site: %s
gateway: %s
data: %s
mqtt: {server: "tcp://%s", username: %s, password_file: %s}
journal: {commit: %s}
delivery: {backlog_rate: 5000, spread: 500ms}
status: {listen: %s}
buses: [{name: rs485, modbus_tcp: "%s", timeout: %s}]
devices:
  - {name: probe, bus: rs485, profile: %s, slave: 1, zone: line, interval: %s, points: {%s}}
limits: [{zone: line, quantity: temperature, high: 144}]
`, countyName, name, s.gateway, s.data, broker, s.gateway, programs.Secret(c.path("broker"), s.gateway), commit,
		strings.TrimPrefix(s.status, "http://"), s.slave.address, busTimeout, c.profile(), pollPeriod, pointList())
	file := programs.WriteFile(t, c.path(name+".yaml"), text)
	programs.Run(t, filepath.Join(c.bin, "coldchain"), "check", file)
	var env []string
	if name == Roamer {
		s.clock = c.path(name + ".clock")
		s.boot(t, 0, "ntp")
		env = append(env, "COLDCHAIN_CHAOS_CLOCK="+s.clock)
	}
	s.agent = programs.Keep(t, c.path(name+".log"), filepath.Join(c.bin, "edge-agent"), env, "-config", file)
}

// profile writes the slave's map. A 32-bit number has its low word first here,
// as many devices have.
func (c *county) profile() string {
	text := "name: chaos\nlabel: {zh: 混沌, en: Chaos}\nsource: the harness's own slave\nconfidence: documented\nmax_read: 6\nmax_gap: 0\nchannels:\n"
	for i, ch := range Channels() {
		text += fmt.Sprintf("  %s: {quantity: %s, function: input, address: %d, type: uint32, word_order: CDAB, scale: %s, offset: %s}\n", ch.Name, ch.Quantity, 2*i, ch.Scale(), ch.Offset())
	}
	return programs.WriteFile(c.t, c.path("chaos-profile.yaml"), text)
}

func pointList() string {
	var list []string
	for _, ch := range Channels() {
		list = append(list, ch.Name+": "+ch.Name)
	}
	return strings.Join(list, ", ")
}

// boot begins another start of the site's machine.
func (s *site) boot(t *testing.T, offset time.Duration, source string) {
	s.boots++
	up, ok := clock.Uptime()
	if !ok {
		t.Fatal("no CLOCK_BOOTTIME here")
	}
	s.write(t, clockFile{Boot: fmt.Sprintf("boot-%d", s.boots), BootedMS: up.Milliseconds(), OffsetMS: offset.Milliseconds(), Source: source})
	s.settings = append(s.settings, Setting{From: time.Now(), Offset: offset})
}

// set moves the clock of this start.
func (s *site) set(t *testing.T, offset time.Duration, source string) {
	var f clockFile
	if err := json.Unmarshal([]byte(programs.ReadFile(t, s.clock)), &f); err != nil {
		t.Fatal(err)
	}
	f.OffsetMS, f.Source = offset.Milliseconds(), source
	s.write(t, f)
	s.settings = append(s.settings, Setting{From: time.Now(), Offset: offset})
}

// clockFile is what a build with the tag chaosclock reads.
type clockFile struct {
	Boot     string `json:"boot"`
	BootedMS int64  `json:"booted_ms"`
	OffsetMS int64  `json:"offset_ms"`
	Source   string `json:"source"`
}

func (s *site) write(t *testing.T, f clockFile) {
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	programs.WriteFile(t, s.clock+".new", string(text))
	if err := os.Rename(s.clock+".new", s.clock); err != nil {
		t.Fatal(err)
	}
}

func (c *county) healthy() bool {
	res, err := http.Get(c.page + "/healthz")
	if err != nil {
		return false
	}
	res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// await polls a condition that another process brings about.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited %s for %s", patience, what)
		case <-tick.C:
		}
	}
}
