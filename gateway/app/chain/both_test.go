package chain

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/firmware-bridge/serial/serialtest"
	"coldchain/gateway/app/programs"
)

// One excursion, seen by the site while the network is away and by the county
// afterwards, is one alarm: the site judges by the county's limits, its siren is
// silenced there, and when the link is back the county has one alarm, answered
// by the site, and nobody is told of a second one.
func TestOneAlarmFromSiteAndCounty(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute; run without -short")
	}
	t.Parallel()
	bin := programs.Build(t)
	line := serialtest.New(t)
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
`)
	for _, file := range []string{countyFile, edgeFile} {
		programs.Run(t, filepath.Join(bin, "coldchain"), "check", file)
	}
	c.start(filepath.Join(bin, "collector"), "-config", countyFile)
	c.awaitPage()
	c.ask(http.MethodPut, "/api/v1/people", tellingPlan)
	c.start(filepath.Join(bin, "edge-agent"), "-config", edgeFile)
	shows := func(text string) func() bool {
		return func() bool { return strings.Contains(get(t, site+"/api/alarms"), text) }
	}
	await(t, 30*time.Second, "the county's limits to reach the site", shows(`"limits":"county"`))

	broker.Stop()
	store.tenths.Store(90) // 9.0 °C
	await(t, 30*time.Second, "the site's alarm", shows(`"rule":"high-limit"`))
	await(t, 20*time.Second, "the siren", func() bool { return store.Coil(9, 0) })
	silence(t, site)
	await(t, 20*time.Second, "the siren to be silent", func() bool { return !store.Coil(9, 0) })
	if all := c.everyAlarm(); len(all) != 0 {
		t.Fatalf("the county has %+v although nothing can reach it", all)
	}

	broker.Restart(t)
	await(t, 2*time.Minute, "the county's alarm", func() bool { return len(c.everyAlarm()) > 0 })
	id := c.everyAlarm()[0].ID
	await(t, 30*time.Second, "the site's answer", func() bool { return len(c.whole(id).Steps) > 0 })
	a := c.atSite(id)
	if len(a.Steps) != 1 || a.Steps[0].Step != "acknowledged" || a.Steps[0].By != "巴拉贡现场" || !strings.Contains(a.Steps[0].Note, "silenced at the site (site page, 127.0.0.1)") {
		t.Errorf("steps %+v; want the siren's silencing at the site", a.Steps)
	}
	var events []string
	for _, e := range a.AtSite {
		events = append(events, e.Event)
		if !e.Same {
			t.Errorf("the site's event %+v is of another identity than the county's alarm", e)
		}
	}
	if !slices.Equal(events, []string{"alarm-raised", "alarm-silenced"}) {
		t.Errorf("the site's events in the alarm: %v", events)
	}

	store.tenths.Store(20)
	await(t, time.Minute, "the alarm to be over at the site", shows(`"alarms":[]`))
	await(t, time.Minute, "the alarm to be over at the county", func() bool { return c.atSite(id).State == "normal" })
	if all := c.everyAlarm(); len(all) != 1 {
		t.Errorf("%d alarms of one excursion: %+v", len(all), all)
	}
	told := 0
	for _, h := range append(c.first.all(), c.second.all()...) {
		if h.Kind == "raised" {
			told++
		}
	}
	if told > 1 { // one, where the alarm was there before the site's answer
		t.Errorf("%d messages that it was raised: %+v %+v", told, c.first.all(), c.second.all())
	}
}

// everyAlarm is each alarm that the county has, over or not.
func (c *telling) everyAlarm() []alarm {
	var out struct{ Alarms []alarm }
	c.get("/api/v1/alarms", &out)
	return slices.DeleteFunc(out.Alarms, func(a alarm) bool { return a.Rule != "high-limit" })
}

// seen is an alarm with what its site said.
type seen struct {
	State  string
	Steps  []struct{ Step, By, Note string }
	AtSite []struct {
		Event string
		Same  bool
	} `json:"at_site"`
}

func (c *telling) atSite(id string) seen {
	var out struct{ Alarm seen }
	c.get("/api/v1/alarms/"+id, &out)
	return out.Alarm
}
