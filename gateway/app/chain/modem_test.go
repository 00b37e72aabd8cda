package chain

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/notify/smsmodem/modemtest"
	"coldchain/firmware-bridge/serial/serialtest"
	"coldchain/gateway/app/programs"
)

// The network is away and a room grows too warm: the site's own modem tells the
// keeper, whose "1" silences the siren. When the link is back the county has one
// alarm, acknowledged, and says whom the site told; nobody was told twice.
func TestASiteTellsPeopleWhileTheNetworkIsAway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute; run without -short")
	}
	t.Parallel()
	bin := programs.Build(t)
	line, sim := serialtest.New(t), modemtest.New(t)
	store := serveStore(t, line.B)
	store.tenths.Store(20)
	port, err := filepath.EvalSymlinks(line.A)
	if err != nil {
		t.Fatal(err)
	}
	c := &telling{county: &county{t: t, bin: bin, dir: t.TempDir()}, first: listen(t, 0), second: listen(t, 0)}
	broker := programs.Mosquitto(t, c.dir, true, "balagong-gw")
	address, site := programs.FreeAddress(t), "http://"+programs.FreeAddress(t)
	c.page = "http://" + address
	hook := func(name string, e *ear) string {
		return fmt.Sprintf("    %s:\n      webhook: {url_file: %s, template_file: %s}\n", name, c.write(name+".url", e.URL+"\n"), c.write(name+".tmpl", template))
	}
	countyFile := c.write("county.yaml", `county: hangjin
data: `+filepath.Join(c.dir, "collector")+fmt.Sprintf("\nmqtt: {server: %q, username: collector, password_file: %q}\n", broker.URL, programs.Secret(c.dir, "collector"))+
		`web: {listen: `+address+`, token_file: `+c.write("token", "let-me\n")+`}
sites:
  - id: balagong
    kind: township-store
    gateway: balagong-gw
    name: {zh: 巴拉贡, en: Balagong}
    zones:
      - id: mutton
        kind: chilled
        points: {air: temperature, humidity: humidity}
        limits: {temperature: [{side: high, level: excursion, value: 5, delay: 2s}]}
notify:
  channels:
`+hook("first", c.first)+hook("second", c.second))
	edgeFile := c.write("edge.yaml", `county: hangjin
site: balagong
gateway: balagong-gw
data: `+filepath.Join(c.dir, "edge")+fmt.Sprintf("\nmqtt: {server: %q, username: balagong-gw, password_file: %q}\n", broker.URL, programs.Secret(c.dir, "balagong-gw"))+
		`status: {listen: `+strings.TrimPrefix(site, "http://")+`}
sampling: {interval: 500ms, outside_interval: 500ms}
buses: [{name: rs485, modbus_rtu: `+port+`}]
devices:
  - {name: probe, bus: rs485, profile: xy-md02, slave: 1, zone: mutton, points: {air: temperature, humidity: humidity}}
outputs:
  - {name: siren, bus: rs485, slave: 9, coil: 0}
labels: {mutton: {zh: 羊肉库, en: Mutton store}}
modem:
  port: `+sim.Path+`
  after: 10s
  who: [{name: 其其格, phone: "8613800000001"}]
`)
	for _, file := range []string{countyFile, edgeFile} {
		programs.Run(t, filepath.Join(bin, "coldchain"), "check", file)
	}
	c.start(filepath.Join(bin, "collector"), "-config", countyFile)
	c.awaitPage()
	c.ask(http.MethodPut, "/api/v1/people", tellingPlan)
	agent := programs.Keep(t, filepath.Join(c.dir, "edge.log"), filepath.Join(bin, "edge-agent"), nil, "-config", edgeFile)
	shows := func(text string) func() bool {
		return func() bool { return strings.Contains(get(t, site+"/api/alarms"), text) }
	}
	await(t, 30*time.Second, "the county's limits to reach the site", shows(`"limits":"county"`))

	broker.Stop()
	store.tenths.Store(90) // 9.0 °C
	sent := func() []modemtest.SMS {
		list, err := sim.Sent()
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	await(t, time.Minute, "the keeper's SMS", func() bool { return len(sent()) > 0 })
	if m := sent()[0]; m.To != "8613800000001" || !strings.HasPrefix(m.Text, "balagong羊肉库 9 °C，超过上限5 °C") || !strings.Contains(m.Text, "回1") {
		t.Errorf("%+v", m)
	}
	await(t, 20*time.Second, "the siren", func() bool { return store.Coil(9, 0) })
	await(t, 20*time.Second, "the page to say who was told", shows(`"told":["其其格"]`))
	await(t, 20*time.Second, "this to be written down", func() bool {
		// What is not there yet is not written down. The journal commits each second.
		state, _ := os.ReadFile(filepath.Join(c.dir, "edge", "alarms.state"))
		journal, _ := os.ReadFile(filepath.Join(c.dir, "edge", "journal.db"))
		log, _ := os.ReadFile(filepath.Join(c.dir, "edge", "journal.db-wal"))
		return strings.Contains(string(state), `"sent":`) && strings.Contains(string(journal)+string(log), "alarm-told")
	})
	agent.Kill() // a power cut at the gateway: it knows whom it has told
	await(t, 30*time.Second, "the page after the power cut", shows(`"told":["其其格"]`))
	await(t, 20*time.Second, "the siren", func() bool { return store.Coil(9, 0) })
	sim.Receive("+8613800000001", "1", time.Now())
	await(t, 20*time.Second, "the siren to be silent", func() bool { return !store.Coil(9, 0) })
	await(t, 20*time.Second, "the page to say who has answered", shows(`"answered_by":"其其格"`))

	broker.Restart(t)
	await(t, 2*time.Minute, "the county's alarm", func() bool { return len(c.everyAlarm()) > 0 })
	id := c.everyAlarm()[0].ID
	await(t, 30*time.Second, "the answer", func() bool { return len(c.whole(id).Steps) > 0 })
	a := c.atSite(id)
	if len(a.Steps) != 1 || a.Steps[0].Step != "acknowledged" || a.Steps[0].By != "巴拉贡现场" || !strings.Contains(a.Steps[0].Note, "SMS, 其其格") {
		t.Errorf("steps %+v; want the answer by SMS", a.Steps)
	}
	if told := c.whole(id).Told; !slices.ContainsFunc(told, func(x struct{ Person, Channel, State string }) bool {
		return x == struct{ Person, Channel, State string }{"其其格", "site-modem", "taken"}
	}) {
		t.Errorf("told %+v; want the keeper, by the site's modem", told)
	}
	store.tenths.Store(20)
	await(t, time.Minute, "the alarm to be over at the county", func() bool { return c.atSite(id).State == "normal" })
	if all := c.everyAlarm(); len(all) != 1 || len(sent()) != 1 {
		t.Errorf("%d alarms and %d SMS of one excursion: %+v", len(all), len(sent()), all)
	}
	told := 0
	for _, h := range append(c.first.all(), c.second.all()...) {
		if h.Kind == "raised" {
			told++
		}
	}
	if told > 1 { // one, where the alarm was there before the answer
		t.Errorf("%d messages of the county that it was raised", told)
	}
}
