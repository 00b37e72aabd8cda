package chain

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coldchain/firmware-bridge/modbus/modbustest"
	"coldchain/firmware-bridge/serial/serialtest"
	"coldchain/gateway/app/programs"
)

// A cold store without a county: the edge agent alone, on a serial line, with
// its own page, siren and beacon.
func TestASiteOnItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the siren, which waits 30 s; run without -short")
	}
	t.Parallel()
	bin := programs.Build(t)
	line := serialtest.New(t)
	store := serveStore(t, line.B)
	c := &county{t: t, bin: bin, dir: t.TempDir()}
	port, err := filepath.EvalSymlinks(line.A)
	if err != nil {
		t.Fatal(err)
	}
	page := programs.FreeAddress(t)
	file := c.write("edge.yaml", `county: hangjin
site: balagong
gateway: balagong-gw
data: `+c.dir+`
mqtt: {server: "tcp://127.0.0.1:1"}
status: {listen: `+page+`}
sampling: {interval: 1s, outside_interval: 1s}
buses: [{name: rs485, modbus_rtu: `+port+`}]
devices:
  - {name: probe, bus: rs485, profile: xy-md02, slave: 1, zone: mutton, points: {air: temperature, humidity: humidity}}
  - {name: inputs, bus: rs485, profile: dio-8, slave: 3, zone: site, points: {mains: mains}}
outputs:
  - {name: siren, bus: rs485, slave: 9, coil: 0}
  - {name: beacon, bus: rs485, slave: 9, coil: 1}
labels: {mutton: {zh: 羊肉库, en: Mutton store}}
`)
	checkProbe(t, bin, file)
	agent := programs.Keep(t, filepath.Join(c.dir, "edge.log"), filepath.Join(bin, "edge-agent"), nil, "-config", file)
	shows := func(path, text string) func() bool {
		return func() bool { return strings.Contains(get(t, "http://"+page+path), text) }
	}
	await(t, 20*time.Second, "the page to show the room", shows("/", "羊肉库"))
	await(t, 20*time.Second, "the room's temperature", shows("/api/points", `"value":-18.5`))
	if store.Coil(9, 0) || store.Coil(9, 1) {
		t.Error("siren or beacon before anything was wrong")
	}

	store.dark.Store(true)
	await(t, 20*time.Second, "the beacon", func() bool { return store.Coil(9, 1) })
	await(t, 60*time.Second, "the siren, half a minute after the mains were lost", func() bool { return store.Coil(9, 0) })
	html := get(t, "http://"+page+"/")
	for _, want := range []string{"停电", "关紧库门少开", "起，已", "没有温度限值"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page with an alarm lacks %q", want)
		}
	}
	silence(t, "http://"+page)
	await(t, 20*time.Second, "the siren to be silent", func() bool { return !store.Coil(9, 0) })
	if !store.Coil(9, 1) {
		t.Error("the beacon went out although the mains are still away")
	}

	// A power cut at the gateway: it knows that somebody has silenced it.
	await(t, 20*time.Second, "the silence to be written down", func() bool {
		state, _ := os.ReadFile(filepath.Join(c.dir, "alarms.state")) // not there yet: not written down
		return strings.Contains(string(state), `"quiet"`)
	})
	agent.Kill()
	await(t, 20*time.Second, "the page after the power cut", shows("/api/alarms", `"silenced":true`))
	if store.Coil(9, 0) || !store.Coil(9, 1) {
		t.Error("the beacon is out, or the siren sounds again after the power cut although somebody has silenced it")
	}
	store.dark.Store(false)
	await(t, 100*time.Second, "the beacon to go out, a minute after the mains are back", func() bool { return !store.Coil(9, 1) })
	await(t, 20*time.Second, "the page without an alarm", shows("/api/alarms", `"alarms":[]`))
}

// storeSlaves are the slaves of one cold store.
type storeSlaves struct {
	modbustest.Bus
	dark   atomic.Bool  // the mains are away
	tenths atomic.Int32 // the room's air, 0.1 °C
}

func serveStore(t *testing.T, port string) *storeSlaves {
	t.Helper()
	s := &storeSlaves{}
	s.tenths.Store(-185)
	s.Data = func(q modbustest.Question) []byte {
		switch {
		case q.Slave == 1 && q.Function == 4 && q.Address == 1 && q.Quantity == 2:
			air := uint16(s.tenths.Load())
			return []byte{byte(air >> 8), byte(air), 0x03, 0x54} // and 85.2 %RH
		case q.Slave == 3 && q.Function == 2:
			if s.dark.Load() {
				return []byte{0}
			}
			return []byte{1}
		case q.Slave == 9 && q.Function == 1:
			return []byte{0} // a coil nobody has written
		}
		return nil
	}
	f, err := os.OpenFile(port, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(f) }()
	t.Cleanup(func() {
		_ = f.Close() // ends Serve
		<-served
	})
	return s
}

// checkProbe reads the same configuration with the installer's tool.
func checkProbe(t *testing.T, bin, file string) {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, "coldchain"), "probe", "--config", file, "--json").Output()
	if err != nil {
		t.Fatalf("coldchain probe: %v\n%s", err, out)
	}
	for _, want := range []string{"balagong/mutton/air", "-18.5", "85.2", "balagong/site/mains"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("coldchain probe lacks %q:\n%s", want, out)
		}
	}
}

// silence presses the button of the site's page as a browser would.
func silence(t *testing.T, page string) {
	t.Helper()
	html := get(t, page+"/")
	token := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(html)
	action := regexp.MustCompile(`<form[^>]* action="([^"]+)"`).FindStringSubmatch(html)
	if token == nil || action == nil {
		t.Fatalf("the page has no button to silence the siren:\n%s", html)
	}
	res, err := http.PostForm(page+action[1], url.Values{"token": {token[1]}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK { // after the redirect back to the page
		t.Fatalf("silencing: %s", res.Status)
	}
	var status map[string]any
	if err := json.Unmarshal([]byte(get(t, page+"/status")), &status); err != nil {
		t.Fatal(err)
	}
}

// get returns a page's text, or nothing while nobody answers.
func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
