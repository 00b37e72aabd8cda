//go:build bench

package bench

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/edge"
	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/mqtt/mosquittotest"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// The ring: ten sites with real agents, of which one room after the other gets
// too warm, while a hundred other gateways send a reading of each of a hundred
// points every second.
const (
	ringSites  = 10
	ringRooms  = 20
	ringEvery  = 3 * time.Second // a room of each site
	crowdSites = 100
	crowdEach  = 100 // readings a second
	ringWarm   = 10 * time.Second
)

// TestRing: from a sensor's answer over the journal, Mosquitto, the collector,
// judging, the embedded store beside it, deciding and the outbox to a webhook
// that has the message, at 10,000 readings/s. The excursion has no delay: a
// delay is the rule's and not the program's. The clock starts before the journal
// commit, which is therefore part of the figure.
func TestRing(t *testing.T) {
	r := startRing(t)
	ctx, stop := context.WithCancel(t.Context())
	var crowd, agents sync.WaitGroup
	for g := range crowdSites {
		crowd.Go(func() { r.crowd(ctx, g) })
	}
	time.Sleep(ringWarm)
	before, began := r.stored(), time.Now()
	for s := range ringSites {
		agents.Go(func() { r.site(ctx, s) })
	}
	// Every room has its time, and then whatever is late.
	deadline := time.Now().Add(ringEvery*ringRooms + time.Minute)
	for r.heard() < ringSites*ringRooms && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	rate := float64(r.stored()-before) / time.Since(began).Seconds()
	stop()
	agents.Wait()
	crowd.Wait()
	r.report(rate)
}

// ring is what happened when.
type ring struct {
	t      *testing.T
	broker string
	data   string

	mu   sync.Mutex
	warm map[string]time.Time // by point: when its sensor first answered that it is too warm
	told map[string]time.Time // by point: when the webhook had the message
	most int                  // messages for one point
}

func startRing(t *testing.T) *ring {
	r := &ring{t: t, warm: map[string]time.Time{}, told: map[string]time.Time{}}
	hook := httptest.NewServer(http.HandlerFunc(r.hook))
	t.Cleanup(hook.Close)
	r.broker = mosquittotest.Start(t, brokerCfg).URL
	r.data = t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(r.data, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	page := freeAddress(t)
	var b strings.Builder
	fmt.Fprintf(&b, "county: bench\ndata: %s\nmqtt: {server: %q}\nweb: {listen: %q, token_file: %s}\n", r.data, r.broker, page, write("token", "let-me\n"))
	fmt.Fprintf(&b, "notify: {channels: {hook: {webhook: {url_file: %s, template_file: %s}}}}\nsites:\n", write("url", hook.URL+"\n"), write("template", `{"alarms":{{json .Alarms}}}`))
	room := func(id, points string) {
		fmt.Fprintf(&b, "      - {id: %s, kind: frozen, points: {%s}, limits: {temperature: [{side: high, level: excursion, value: 0, delay: 0s}]}}\n", id, points)
	}
	for s := range ringSites {
		fmt.Fprintf(&b, "  - id: ring-%02[1]d\n    kind: township-store\n    gateway: ring-%02[1]d-gw\n    zones:\n", s)
		for n := range ringRooms {
			room(fmt.Sprintf("room-%02d", n), "air: temperature")
		}
	}
	for g := range crowdSites {
		fmt.Fprintf(&b, "  - id: %[1]s\n    kind: township-store\n    gateway: %[1]s-gw\n    zones:\n", site(g))
		var points []string
		for p := range crowdEach {
			points = append(points, fmt.Sprintf("p%02d: temperature", p))
		}
		room("room", strings.Join(points, ", "))
	}
	start(t, build(t, t.TempDir(), "collector", nil), "-config", write("county.yaml", b.String()))
	awaitHTTP(t, "http://"+page+"/healthz")
	r.staff("http://" + page)
	return r
}

// staff gives each site a keeper, whom many messages may reach in an hour.
func (r *ring) staff(page string) {
	var persons []string
	for s := range ringSites {
		persons = append(persons, fmt.Sprintf(`{"id":"keeper-%[1]d","name":"keeper %[1]d","roles":["keeper"],"sites":["ring-%02[1]d"],"handle":{"hook":"x"}}`, s))
	}
	chain := `{"stages":[{"delay":"0s","roles":["keeper"]}],"round":"4h","channels":["hook"],"take":1}`
	body := `{"version":0,"actor":"bench","roster":{"persons":[` + strings.Join(persons, ",") + `]},"plan":{"critical":` + chain + `,"warning":` + chain + `,"channels":[],
		"ack_pause":"7m","on_site":"4h","fold":"0s","unfold":"5m","flap":"30m","repeat":"30m","cap":120,"reserve":4,"digest":"15m","merge":100,"wide_sites":1000,"wide_share":1,
		"least_named":1,"trouble":"1h","severe":{"lasted":"2h","beyond":5,"batches":true},"morning":{"at":"07:30","off":true},"drill":{"day":"wed","at":"10:00","answer":"30m","off":true}}}`
	req, err := http.NewRequestWithContext(r.t.Context(), "PUT", page+"/api/v1/people", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer let-me")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if said, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		r.t.Fatalf("the roster: %s %s", res.Status, said)
	}
}

// hook is the far end.
func (r *ring) hook(w http.ResponseWriter, q *http.Request) {
	now := time.Now()
	var m struct{ Alarms []struct{ Object string } }
	body, _ := io.ReadAll(q.Body)
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&m); err != nil {
		r.t.Errorf("a message that is no JSON: %v: %s", err, body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.most = max(r.most, len(m.Alarms))
	for _, a := range m.Alarms {
		if _, twice := r.told[a.Object]; !twice {
			r.told[a.Object] = now
		}
	}
}

func (r *ring) heard() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.told)
}

// stored counts the readings in the store.
func (r *ring) stored() (n int) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.data, "readings.db")+"?mode=ro")
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM reading").Scan(&n); err != nil {
		r.t.Error(err)
	}
	return n
}

// rooms is the sensor of one site: one room after the other is too warm.
type rooms struct {
	ring  *ring
	ids   []sensors.PointID
	began time.Time
}

func (s *rooms) Points() (out []sensors.Point) {
	for _, id := range s.ids {
		out = append(out, sensors.Point{ID: id, Quantity: "temperature"})
	}
	return out
}

func (s *rooms) Read(_ context.Context, due []sensors.PointID) (out []sensors.Reading) {
	now := time.Now()
	outside := int(now.Sub(s.began) / ringEvery)
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	for _, id := range due {
		value := -18.5
		if slices.Index(s.ids, id) < outside {
			value = 7
			if _, known := s.ring.warm[string(id)]; !known {
				s.ring.warm[string(id)] = now
			}
		}
		out = append(out, sensors.NewGood(id, now, value))
	}
	return out
}

// site runs a real agent with a real journal.
func (r *ring) site(ctx context.Context, n int) {
	name := fmt.Sprintf("ring-%02d", n)
	s := &rooms{ring: r, began: time.Now().Add(time.Duration(n) * ringEvery / ringSites)}
	limits, bound := map[edge.LimitKey]edge.Limits{}, 0.0
	for room := range ringRooms {
		zone := fmt.Sprintf("%s/room-%02d", name, room)
		s.ids = append(s.ids, sensors.PointID(zone+"/air"))
		limits[edge.LimitKey{Zone: zone, Quantity: "temperature"}] = edge.Limits{High: &bound}
	}
	j, err := journal.Open(ctx, filepath.Join(r.t.TempDir(), "journal.db"), journal.Options{Boot: "b"})
	if err != nil {
		r.t.Error(err)
		return
	}
	defer j.Close()
	log := slog.New(slog.DiscardHandler)
	agent, err := edge.New(edge.Options{
		Address: wire.Address{County: "bench", Site: name, Gateway: name + "-gw"}, Journal: j, Limits: edge.FixedBounds(limits), Logger: log,
		Devices: []edge.Device{{Name: "rooms", Bus: "line", Sensor: s, Interval: time.Second}},
		Clock:   edge.Clock{Boot: "b", Start: time.Now(), Now: time.Now, Source: func() wire.ClockSource { return wire.ClockNTP }},
	})
	if err != nil {
		r.t.Error(err)
		return
	}
	link, err := mqtt.New(mqtt.Options{Server: r.broker, ClientID: name + "-gw", Subscriptions: agent.Subscriptions(), OnConnect: agent.OnConnect, OnLost: agent.OnLost, Logger: log})
	if err != nil {
		r.t.Error(err)
		return
	}
	linkCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(linkCtx) })
	if err := agent.Run(ctx, link); err != nil {
		r.t.Error(err)
	}
	stop()
	wg.Wait()
}

// crowd is a gateway that sends what it has and asks for no answer: what is
// counted is what the store has.
func (r *ring) crowd(ctx context.Context, g int) {
	address := wire.Address{County: "bench", Site: site(g), Gateway: site(g) + "-gw"}
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{Server: r.broker, ClientID: address.Gateway, Logger: slog.New(slog.DiscardHandler), OnConnect: func() { connected <- struct{}{} }})
	if err != nil {
		r.t.Error(err)
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(ctx) })
	defer wg.Wait()
	<-connected
	var encoder wire.Encoder
	seq, began := uint64(1), time.Now()
	// Each at another moment of the second.
	tick := time.NewTimer(time.Duration(g) * time.Second / crowdSites)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		tick.Reset(time.Until(began.Add(time.Duration(g)*time.Second/crowdSites + time.Duration(seq/crowdEach+1)*time.Second)))
		at, first := time.Now(), seq
		records := make([]wire.Record, crowdEach)
		for p := range records {
			id := sensors.PointID(fmt.Sprintf("%s/room/p%02d", site(g), p))
			records[p] = wire.Record{Seq: seq, Boot: "b", Clock: wire.ClockNTP, Mono: at.Sub(began), Unit: sensors.Celsius, Reading: sensors.NewGood(id, at, -18.5-float64(seq%10)/10)}
			seq++
		}
		payload, err := encoder.Encode(wire.Pack{Epoch: 1, Oldest: first, Next: seq, Records: records}, wire.CBOR)
		if err != nil {
			r.t.Error(err)
			return
		}
		if err := link.Publish(ctx, mqtt.Message{Topic: address.Topic(wire.ChannelRecords), Payload: payload}); err != nil && ctx.Err() == nil {
			r.t.Error(err)
			return
		}
	}
}

func (r *ring) report(rate float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var took []time.Duration
	for point, at := range r.told {
		warm, known := r.warm[point]
		if !known {
			r.t.Errorf("%s rang and was never too warm", point)
			continue
		}
		took = append(took, at.Sub(warm))
	}
	if n := ringSites * ringRooms; len(took) != n {
		r.t.Errorf("%d of %d alarms were told", len(took), n)
	}
	if len(took) == 0 {
		return
	}
	fmt.Printf("ring | sensor's answer (before the journal commit) to webhook, Mosquitto, embedded store, no delay | %d alarms at %.0f readings/s stored | %s\n",
		len(took), rate, shares(took))
	var raised, sent []time.Duration
	for point, at := range r.raised() {
		raised, sent = append(raised, at.Sub(r.warm[point])), append(sent, r.told[point].Sub(at))
	}
	fmt.Printf("ring | of that, to the alarm in county.db | %d alarms | %s\n", len(raised), shares(raised))
	fmt.Printf("ring | of that, from there to the webhook | %d alarms | %s\n", len(sent), shares(sent))
}

// shares says how long it took for half, for all but a hundredth, and at worst.
func shares(took []time.Duration) string {
	if len(took) == 0 {
		return "none"
	}
	slices.Sort(took)
	at := func(share float64) int64 {
		return took[min(len(took)-1, int(share*float64(len(took))))].Milliseconds()
	}
	return fmt.Sprintf("p50 %d ms, p99 %d ms, worst %d ms", at(.5), at(.99), took[len(took)-1].Milliseconds())
}

// raised is when the county had each alarm, by point.
func (r *ring) raised() map[string]time.Time {
	out := map[string]time.Time{}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.data, "county.db")+"?mode=ro")
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT a.object, r.at_ms FROM rings r JOIN alarms a ON a.id = r.alarm WHERE a.rule = 'high-limit'")
	if err != nil {
		r.t.Error(err)
		return out
	}
	defer rows.Close()
	for rows.Next() {
		var object string
		var at int64
		if err := rows.Scan(&object, &at); err != nil {
			r.t.Error(err)
		}
		out[object] = time.UnixMilli(at)
	}
	if err := rows.Err(); err != nil {
		r.t.Error(err)
	}
	return out
}
