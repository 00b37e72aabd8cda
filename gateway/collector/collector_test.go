package collector

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/watch"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/source"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	air      = sensors.PointID("balagong/mutton/air")
	humidity = sensors.PointID("balagong/mutton/humidity")
)

var here = wire.Address{County: "hangjin", Site: "balagong", Gateway: "balagong-gw"}

// rig is a running collector on a real county.db and a real embedded store, in
// a bubble of its own time.
type rig struct {
	t       *testing.T
	dir     string
	db      *state.DB
	store   *flaky
	c       *Collector
	wire    *recorder
	stop    func()
	sources []*source.Source
	usage   Usage // nil: limits hold always
	limits  map[string]wire.SiteLimits
	clock   func() wire.ClockSource // what the county's clock stands on; nil: believed
	away    error                   // what the store says to everything when it is started
	log     lines
	watch   *watch.Config // nil: no watch
	disk    func() (free, size uint64, ok bool)
	pulling [][]string // as it was told
}

// inBubble runs a test with a collector that has just been started.
func inBubble(t *testing.T, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: t.TempDir()}
		r.start()
		test(r)
		r.stop()
	})
}

func (r *rig) start() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	db, err := state.Open(ctx, filepath.Join(r.dir, "county.db"), time.Now)
	if err != nil {
		r.t.Fatal(err)
	}
	readings, err := sqlite.Open(ctx, filepath.Join(r.dir, "readings.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	judge, err := engine.New(engine.Config{
		Points: []engine.Point{
			{ID: air, Quantity: sensors.Temperature, Zone: air.Zone(), Site: "balagong"},
			{ID: humidity, Quantity: sensors.Humidity, Zone: air.Zone(), Site: "balagong"},
		},
		Zones: []alerting.Zone{{ID: air.Zone(), Limits: map[sensors.Quantity][]alerting.Limit{
			sensors.Temperature: {{Side: alerting.High, Level: alerting.Excursion, Value: -15, Delay: 0}},
		}}},
		Sites: []engine.Site{{ID: "balagong", SilentAfter: 10 * time.Minute}},
	}, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	r.db, r.store, r.wire = db, &flaky{Store: readings, err: r.away, away: r.away}, &recorder{}
	var watching *watch.Watch
	if r.watch != nil {
		if watching, err = watch.New(*r.watch); err != nil {
			r.t.Fatal(err)
		}
		tracks, err := db.LoadTracks(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := watching.Restore(tracks); err != nil {
			r.t.Fatal(err)
		}
	}
	r.c, err = New(ctx, Options{
		Watch: watching, Disk: r.disk, Pulling: func(zones []string) { r.pulling = append(r.pulling, zones) },
		Registry: Registry{County: "hangjin", Gateways: map[string]string{"balagong-gw": "balagong", "xini-gw": "xini"},
			Points: map[sensors.PointID]sensors.Quantity{air: sensors.Temperature, humidity: sensors.Humidity}},
		Engine: judge, Usage: r.usage, State: db, Store: r.store, Rollups: readings, Sources: r.sources, Limits: r.limits, Listener: nobody{}, Now: time.Now, Logger: slog.New(slog.NewTextHandler(&r.log, nil)),
		ClockSource: func() wire.ClockSource {
			if r.clock == nil {
				return wire.ClockNTP
			}
			return r.clock()
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.c.Run(ctx, r.wire)
	}()
	r.stop = func() {
		cancel()
		<-done
		if err := errors.Join(readings.Close(), db.Close()); err != nil {
			r.t.Error(err)
		}
	}
}

// send gives the collector a message and waits until it has done all it can.
func (r *rig) send(topic string, payload []byte) {
	r.c.receive(mqtt.Message{Topic: topic, Payload: payload})
	time.Sleep(2 * linger) // the bubble's time
	synctest.Wait()
}

func (r *rig) sendRecords(records ...wire.Record) { r.sendPack(1, records...) }

func (r *rig) sendPack(epoch uint64, records ...wire.Record) {
	r.t.Helper()
	payload, err := wire.EncodePack(wire.Pack{Epoch: epoch, Oldest: 1, Next: records[len(records)-1].Seq + 1, Records: records}, wire.CBOR)
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(here.Topic(wire.ChannelRecords), payload)
}

// reading is a record as an edge would send it.
func reading(seq uint64, p sensors.PointID, at time.Time, v float64) wire.Record {
	unit := sensors.Celsius
	if p == humidity {
		unit = sensors.PercentRH
	}
	return wire.Record{Seq: seq, Boot: "b1", Clock: wire.ClockNTP, Unit: unit, Reading: sensors.NewGood(p, at.UTC().Truncate(time.Millisecond), v)}
}

// stored lists what the store holds of a point.
func (r *rig) stored(p sensors.PointID) []float64 {
	r.t.Helper()
	var out []float64
	quantity := sensors.Temperature
	if p == humidity {
		quantity = sensors.Humidity
	}
	err := r.store.Read(r.t.Context(), store.Query{Point: p, Quantity: quantity, From: time.Unix(0, 0), To: time.Now().AddDate(2, 0, 0)}, func(rec store.Record) bool {
		v, _ := rec.Value()
		out = append(out, v)
		return true
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) alarms() []state.Alarm {
	r.t.Helper()
	out, err := r.db.Alarms(r.t.Context(), state.AlarmFilter{})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// quarantined counts what was kept apart, by reason.
func (r *rig) quarantined() map[wire.QuarantineReason]int64 {
	r.t.Helper()
	counts, err := r.db.QuarantineCounts(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[wire.QuarantineReason]int64{}
	for _, c := range counts {
		out[c.Reason] = c.Total
	}
	return out
}

// flaky is a store that fails while told to.
type flaky struct {
	store.Store
	mu     sync.Mutex
	err    error  // of Write
	away   error  // of Generation
	name   string // another generation than its own
	asked  int    // for its generation
	writes int
}

// mend lets the store answer, under another name when one is given.
func (f *flaky) mend(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.away, f.name = nil, nil, name
}

func (f *flaky) Generation(ctx context.Context) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.away != nil {
		return "", f.away
	}
	if f.name != "" {
		return f.name, nil
	}
	return f.Store.Generation(ctx)
}

func (f *flaky) counts() (asked, writes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked, f.writes
}

func (f *flaky) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *flaky) Write(ctx context.Context, records []store.Record) (store.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.err != nil {
		return store.Result{}, f.err
	}
	return f.Store.Write(ctx, records)
}

// lines keeps what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// recorder keeps what was published.
type recorder struct {
	mu  sync.Mutex
	all []mqtt.Message
}

func (p *recorder) Publish(_ context.Context, m mqtt.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, m)
	return nil
}

// acks returns the ranges acknowledged since the last call.
func (p *recorder) acks(t *testing.T) []wire.AckRange {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []wire.AckRange
	for _, m := range p.all {
		if m.Topic != here.Topic(wire.ChannelAck) {
			continue
		}
		a, err := wire.DecodeAck(m.Payload)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a.Ranges...)
	}
	p.all = nil
	return out
}

// hello returns the newest hello.
func (p *recorder) hello(t *testing.T) (wire.Hello, bool) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.all) - 1; i >= 0; i-- {
		if p.all[i].Topic == here.Topic(wire.ChannelHello) {
			h, err := wire.DecodeHello(p.all[i].Payload)
			if err != nil {
				t.Fatal(err)
			}
			return h, true
		}
	}
	return wire.Hello{}, false
}

type nobody struct{}

func (nobody) ReadingsJudged([]store.Record, time.Time) {}
func (nobody) AlarmsChanged([]state.Alarm)              {}
func (nobody) GatewayChanged(wire.Status, time.Time)    {}
