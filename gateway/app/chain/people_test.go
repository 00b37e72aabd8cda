package chain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"coldchain/gateway/app/programs"
	"coldchain/gateway/mqtt/mosquittotest"
)

// ear is the far end of a webhook. It answers the first messages with 500.
type ear struct {
	*httptest.Server
	mu      sync.Mutex
	refuses int
	refused int
	heard   []heard
}

// heard is what a webhook was sent, by the template of this test.
type heard struct{ Key, Kind, Person, Short, Text, Link string }

const template = `{"key":{{json .Key}},"kind":{{json .Kind}},"person":{{json .To.Person}},"short":{{json .Short}},"text":{{json .Text}},"link":{{json .Link}}}`

func listen(t *testing.T, refuses int) *ear {
	e := &ear{refuses: refuses}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var h heard
		if err := json.NewDecoder(r.Body).Decode(&h); err != nil {
			t.Errorf("a body that is no JSON: %v", err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.refused < e.refuses {
			e.refused++
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		e.heard = append(e.heard, h)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *ear) all() []heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.heard)
}

// telling is a county whose collector is killed and comes back.
type telling struct {
	*county
	first, second *ear
	keeper        *programs.Keeper
	publish       func(value float64)
}

// tellingPlan has delays that a test can wait for. The pause of an answer is
// the shortest one that is allowed.
const tellingPlan = `{"version":0,"actor":"测试","roster":{"persons":[
 {"id":"qiqige","name":"其其格","phone":"8613800000001","roles":["keeper"],"handle":{"first":"a","second":"a"}},
 {"id":"batu","name":"巴图","phone":"8613800000002","roles":["deputy"],"handle":{"first":"b","second":"b"}},
 {"id":"narisu","name":"那日苏","phone":"8613800000003","roles":["county-duty"],"handle":{"first":"c","second":"c"}}]},
 "plan":{"critical":{"stages":[{"delay":"0s","roles":["keeper"]},{"delay":"4s","roles":["deputy"]},{"delay":"10m","roles":["county-duty"]}],"round":"30m","channels":["first","second"],"take":1},
 "warning":{"stages":[{"delay":"0s","roles":["keeper"]}],"round":"4h","channels":["second"],"take":1},"channels":[],
 "ack_pause":"7m","on_site":"4h","fold":"0s","unfold":"5m","flap":"30m","repeat":"30m","cap":12,"reserve":4,"digest":"15m","merge":3,"wide_sites":3,"wide_share":0.3,"least_named":3,"trouble":"1h",
 "severe":{"lasted":"2h","beyond":5,"batches":true},"morning":{"at":"07:30","off":true},"drill":{"day":"wed","at":"10:00","answer":"30m","off":true}}}`

func startTelling(t *testing.T) *telling {
	c := &telling{county: &county{t: t, bin: programs.Build(t), dir: t.TempDir()}, first: listen(t, 1), second: listen(t, 0)}
	broker := mosquittotest.Start(t, "allow_anonymous true\npersistence true\npersistence_location "+t.TempDir()+"/\n")
	address := programs.FreeAddress(t)
	c.page = "http://" + address
	hook := func(name string, e *ear) string {
		return fmt.Sprintf("    %s:\n      webhook: {url_file: %s, template_file: %s}\n", name, c.write(name+".url", e.URL+"\n"), c.write(name+".tmpl", template))
	}
	file := c.write("county.yaml", `county: hangjin
data: `+filepath.Join(c.dir, "collector")+`
mqtt: {server: `+broker.URL+`}
web: {listen: `+address+`, token_file: `+c.write("token", "let-me\n")+`, public_url: "`+c.page+`"}
sites:
  - id: balagong
    kind: township-store
    name: {zh: 巴拉贡, en: Balagong}
    zones:
      - id: mutton
        kind: chilled
        name: {zh: 羊肉库, en: Mutton room}
        points: {air: temperature}
        limits: {temperature: [{side: high, level: excursion, value: 5, delay: 0s}]}
sources:
  - name: logger
    topic: senders/logger
    format: senml
    names: {"urn:dev:air": balagong/mutton/air}
notify:
  channels:
`+hook("first", c.first)+hook("second", c.second))
	programs.Run(t, filepath.Join(c.bin, "coldchain"), "check", file)
	c.keeper = programs.Keep(t, filepath.Join(c.dir, "collector.log"), filepath.Join(c.bin, "collector"), nil, "-config", file)
	c.awaitPage()
	client := paho.NewClient(paho.NewClientOptions().AddBroker(broker.URL).SetClientID("logger"))
	if token := client.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { client.Disconnect(50) })
	c.publish = func(value float64) {
		at := time.Now()
		text := fmt.Sprintf(`[{"n":"urn:dev:air","t":%d.%03d,"u":"Cel","v":%g}]`, at.Unix(), at.Nanosecond()/1e6, value)
		if token := client.Publish("senders/logger", 1, false, text); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	return c
}

func (c *telling) awaitPage() {
	await(c.t, 30*time.Second, "the page", func() bool {
		res, err := http.Get(c.page + "/healthz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func (c *telling) kill() {
	c.keeper.Kill()
	c.awaitPage()
}

// ask asks for a change with the county's token.
func (c *telling) ask(method, path, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.page+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer let-me")
	req.Header.Set("Idempotency-Key", path)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	if said, _ := io.ReadAll(res.Body); res.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s: %s", method, path, res.Status, said)
	}
}

// whole is an alarm as GET /alarms/{id} tells it.
type whole struct {
	Raised time.Time
	Steps  []struct{ Step, By string }
	Told   []struct{ Person, Channel, State string }
	Next   *struct {
		At  time.Time
		Who []string
	}
}

func (c *telling) whole(id string) whole {
	var out struct{ Alarm whole }
	c.get("/api/v1/alarms/"+id, &out)
	return out.Alarm
}

func (c *telling) alarmID() string {
	var out struct {
		Alarms []struct{ ID, Rule string }
	}
	c.get("/api/v1/alarms", &out)
	for _, a := range out.Alarms {
		if a.Rule == "high-limit" {
			return a.ID
		}
	}
	return ""
}

// to returns what a person has received, by either way.
func (c *telling) to(person string) (out []heard) {
	for _, h := range append(c.first.all(), c.second.all()...) {
		if h.Person == person {
			out = append(out, h)
		}
	}
	return out
}

// A room is too warm: the keeper gets one message that says everything, by the
// second way because the first one is out of order. Nobody answers, and the
// collector is killed: the deputy is told. He answers: nobody else is told for
// so much longer. It is over: he learns of it. Nobody gets anything twice.
func TestAnAlarmReachesPeople(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute; run without -short")
	}
	t.Parallel()
	c := startTelling(t)
	c.ask("PUT", "/api/v1/people", tellingPlan)
	c.ask("POST", "/api/v1/batches", fmt.Sprintf(`{"id":"HJQ261123-TLG-007","product":"塔拉沟山羊肉","zone":"balagong/mutton","at":%q}`, time.Now().Add(-time.Hour).Format(time.RFC3339)))
	published := time.Now()
	c.publish(7.5)
	await(t, 30*time.Second, "the keeper's message", func() bool { return len(c.to("qiqige")) > 0 })
	t.Logf("from the reading's publication to the second way's message: %s, in steps of 200 ms", time.Since(published))
	m := c.to("qiqige")[0]
	for _, want := range []string{"巴拉贡羊肉库", "7.5 °C", "超过上限5 °C", "起", "批次HJQ261123-TLG-007", "1. "} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the keeper's message does not say %q:\n%s", want, m.Text)
		}
	}
	if c.first.refused != 1 || len(c.second.all()) != 1 {
		t.Errorf("the first way refused %d and the second took %d; want one each", c.first.refused, len(c.second.all()))
	}
	id := c.alarmID()
	await(t, 10*time.Second, "the outcome to be written down", func() bool {
		return slices.ContainsFunc(c.whole(id).Told, func(x struct{ Person, Channel, State string }) bool {
			return x.Person == "qiqige" && x.Channel == "second" && x.State == "taken"
		})
	})
	c.kill()
	await(t, 30*time.Second, "the deputy's message", func() bool { return len(c.to("batu")) > 0 })
	await(t, 10*time.Second, "the outcome to be written down", func() bool { return len(c.whole(id).Told) >= 3 })

	c.answer(id)
	c.link(id, c.to("batu")[0])
	c.kill()
	c.publish(3)
	await(t, 30*time.Second, "the deputy to be told that it is over", func() bool { return len(c.to("batu")) > 1 })
	if over := c.to("batu")[1]; over.Kind != "returned" || !strings.Contains(over.Short, "已恢复") {
		t.Errorf("the deputy's second message: %+v", over)
	}
	c.kill()
	times := map[string]int{}
	for _, h := range append(c.first.all(), c.second.all()...) {
		times[h.Key]++
	}
	for key, n := range times {
		if n != 1 {
			t.Errorf("%d times received: %s", n, key)
		}
	}
	if len(c.to("narisu")) != 0 {
		t.Errorf("the county was told although the deputy had it in hand: %+v", c.to("narisu"))
	}
}

// answer acknowledges, and looks who is told next and when.
func (c *telling) answer(id string) {
	before := c.whole(id)
	c.ask("PUT", "/api/v1/people/batu/pin", `{"actor":"巴图","new":"4711"}`)
	c.ask("POST", "/api/v1/alarms/"+id+"/steps", `{"step":"acknowledged","actor":"巴图","pin":"4711"}`)
	c.ask("POST", "/api/v1/alarms/"+id+"/steps", `{"step":"acknowledged","actor":"batu","pin":"4711"}`) // the same person
	after := c.whole(id)
	if len(after.Steps) != 1 || after.Steps[0].By != "巴图" {
		c.t.Errorf("steps %+v; want one, of 巴图", after.Steps)
	}
	if before.Next == nil || after.Next == nil || !slices.Contains(after.Next.Who, "那日苏") {
		c.t.Fatalf("next before the answer %+v, after it %+v; want 那日苏", before.Next, after.Next)
	}
	if later := after.Next.At.Sub(before.Next.At); later < 7*time.Minute-time.Second || later > 7*time.Minute+time.Second {
		c.t.Errorf("the answer puts the next one off by %s, want 7m", later)
	}
}

// link opens the message's link and presses its second button.
func (c *telling) link(id string, m heard) {
	t := c.t
	if !strings.HasPrefix(m.Link, c.page+"/answer?") {
		t.Fatalf("link %q", m.Link)
	}
	page := func(link string) (int, string) {
		res, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	}
	if status, body := page(m.Link); status != http.StatusOK || !strings.Contains(body, "巴拉贡羊肉库") || !strings.Contains(body, `<option selected>巴图</option>`) {
		t.Errorf("the link's page: %d\n%s", status, body)
	}
	if len(c.whole(id).Steps) != 1 {
		t.Error("looking at the link has answered it")
	}
	if status, _ := page(strings.Replace(m.Link, "&s=", "&s=00", 1)); status != http.StatusForbidden {
		t.Errorf("a changed link: %d", status)
	}
	u, err := url.Parse(m.Link)
	if err != nil {
		t.Fatal(err)
	}
	form := u.Query()
	form.Set("step", "on-the-way")
	form.Set("name", "巴图")
	form.Set("pin", "4711")
	res, err := http.PostForm(c.page+"/answer", form)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if steps := c.whole(id).Steps; res.StatusCode != http.StatusOK || len(steps) != 2 || steps[1].Step != "on-the-way" || steps[1].By != "巴图" {
		t.Errorf("after pressing the button (%s) the steps are %+v", res.Status, steps)
	}
}
