package w1

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/sensortest"
)

const (
	air     sensors.PointID = "balagong/mutton-1/air"
	core    sensors.PointID = "balagong/mutton-1/core"
	airID                   = "28-01420f1e64ff"
	coreID                  = "28-0114505b3daa"
	timeout                 = 4 * time.Second
)

func (k *fakeKernel) air() *fakeProbe  { return k.probes[airID] }
func (k *fakeKernel) core() *fakeProbe { return k.probes[coreID] }

// sixteenths are a temperature as the chip keeps it.
func sixteenths(n int16) [2]byte { return [2]byte{byte(n), byte(uint16(n) >> 8)} }

func kernel() *fakeKernel {
	return &fakeKernel{probes: map[string]*fakeProbe{
		airID:  {now: sixteenths(-296), pad: sixteenths(85 * 16)}, // -18.5 °C
		coreID: {now: sixteenths(-298), pad: sixteenths(85 * 16)}, // -18.625 °C
	}}
}

func bus(t *testing.T, k *fakeKernel) *Bus {
	t.Helper()
	files := NewFiles(k)
	b, err := New(Config{Name: "probes", Master: "w1_bus_master1", Timeout: timeout, Now: time.Now,
		Points: map[sensors.PointID]string{air: airID, core: coreID}}, files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := files.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

func poll(t *testing.T, b *Bus) (air_, core_ sensors.Reading) {
	t.Helper()
	got := b.Read(t.Context(), []sensors.PointID{air, core})
	if len(got) != 2 || got[0].Point != air || got[1].Point != core {
		t.Fatalf("readings %v", got)
	}
	return got[0], got[1]
}

func wantValue(t *testing.T, r sensors.Reading, want float64) {
	t.Helper()
	if v, ok := r.Value(); !ok || v != want || r.Quality != sensors.Good {
		t.Errorf("%s, want %v good", r, want)
	}
}

func wantBad(t *testing.T, r sensors.Reading, want sensors.Reason) {
	t.Helper()
	if v, ok := r.Value(); ok || v != 0 || r.Reason != want {
		t.Errorf("%s, want bad(%s)", r, want)
	}
}

func bubble(t *testing.T, name string, body func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, body) })
}

func TestConformance(t *testing.T) {
	sensortest.Suite{
		Around: func(t *testing.T, body func(t *testing.T)) { synctest.Test(t, body) },
		New: func(t *testing.T) sensortest.Rig {
			k := kernel()
			hang := make(chan struct{})
			each := func(change func(p *fakeProbe)) func() {
				return func() {
					k.set(func(k *fakeKernel) { change(k.air()); change(k.core()) })
				}
			}
			whole := func(change func(k *fakeKernel)) func() { return func() { k.set(change) } }
			says := func(s string) func() { return each(func(p *fakeProbe) { p.instead = &s }) }
			return sensortest.Rig{
				Sensor: bus(t, k),
				Asked:  func() (n int) { k.set(func(k *fakeKernel) { n = k.asked }); return n },
				Faults: []sensortest.Fault{
					{Name: "unplugged, files empty", Break: each(func(p *fakeProbe) { p.unplugged = true }), Reasons: []sensors.Reason{sensors.SensorFault}},
					{Name: "folders gone", Break: each(func(p *fakeProbe) { p.away = true }), Reasons: []sensors.Reason{sensors.SensorFault}},
					{Name: "bus gone", Break: whole(func(k *fakeKernel) { k.gone = true }), Reasons: []sensors.Reason{sensors.Unreachable}},
					{Name: "checksum", Break: each(func(p *fakeProbe) { p.corrupt = true }), Reasons: []sensors.Reason{sensors.CRCError}},
					{Name: "line on ground", Break: whole(func(k *fakeKernel) { k.shorted = true }), Reasons: []sensors.Reason{sensors.SensorFault}},
					{Name: "all chips restarted", Break: each(func(p *fakeProbe) { p.now = sixteenths(85 * 16) }), Reasons: []sensors.Reason{sensors.SensorFault}},
					{Name: "too little power", Break: each(func(p *fakeProbe) { p.now = sixteenths(0x7ff) }), Reasons: []sensors.Reason{sensors.SensorFault}},
					{Name: "nonsense", Break: says("nothing of the kind\n"), Reasons: []sensors.Reason{sensors.BadAnswer}},
					{Name: "probes hang", Break: each(func(p *fakeProbe) { p.hang = hang }), Reasons: []sensors.Reason{sensors.Timeout}},
				},
				Heal: func() {
					k.set(func(k *fakeKernel) {
						if k.air().hang != nil {
							close(hang)
							hang = make(chan struct{})
						}
						k.gone, k.shorted = false, false
						for id, v := range map[string]int16{airID: -296, coreID: -298} {
							p := k.probes[id]
							*p = fakeProbe{now: sixteenths(v), pad: p.pad, inside: p.inside}
						}
					})
					synctest.Wait()
				},
			}
		},
	}.Run(t)
}

func TestOneCommandConvertsTheWholeBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		began := time.Now()
		a, c := poll(t, b)
		wantValue(t, a, -18.5)
		wantValue(t, c, -18.625)
		if took := time.Since(began); took != 750*time.Millisecond || k.bulks != 1 || k.air().reads != 1 {
			t.Errorf("%v, %d commands, %d reads", took, k.bulks, k.air().reads)
		}
	})
}

func TestWithoutTheCommandProbesAreReadByThemselves(t *testing.T) {
	for name, change := range map[string]func(k *fakeKernel){
		"old kernel":           func(k *fakeKernel) { k.noBulk = true },
		"file not ours":        func(k *fakeKernel) { k.denied = true },
		"another's conversion": func(k *fakeKernel) { k.denied, k.air().flag, k.core().flag = true, 1, 1 },
	} {
		bubble(t, name, func(t *testing.T) {
			k := kernel()
			change(k)
			a, c := poll(t, bus(t, k))
			wantValue(t, a, -18.5)
			wantValue(t, c, -18.625)
		})
	}
}

// A bulk command that reached no chip leaves the temperatures of the poll
// before in the chips, checksum and all.
func TestACommandThatFailedIsNotAnsweredWithTheLastPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		poll(t, b)
		k.lost = true
		k.air().now, k.core().now = sixteenths(16), sixteenths(32)
		a, c := poll(t, b)
		wantValue(t, a, 1)
		wantValue(t, c, 2)
	})
}

func TestShortConversionsAreKnownToTheDriver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		k.air().bits, k.core().bits = 9, 9
		began := time.Now()
		a, _ := poll(t, bus(t, k))
		wantValue(t, a, -18.5)
		if took := time.Since(began); took != 95*time.Millisecond || k.air().reads != 1 {
			t.Errorf("%v, %d reads: the command counted as failed", took, k.air().reads)
		}
	})
}

// The kernel answers with an empty file also when a signal cuts its wait short.
func TestAnEmptyFileIsReadOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		k.air().interrupted = 1
		a, _ := poll(t, b)
		wantValue(t, a, -18.5)
		k.air().interrupted = 2
		a, _ = poll(t, b)
		wantBad(t, a, sensors.SensorFault)
	})
}

func TestEightyFive(t *testing.T) {
	const hot = 85 * 16
	bubble(t, "at the start, from every probe", func(t *testing.T) {
		k := kernel()
		k.air().now, k.core().now = sixteenths(hot), sixteenths(hot)
		a, c := poll(t, bus(t, k))
		wantBad(t, a, sensors.SensorFault)
		wantBad(t, c, sensors.SensorFault)
		if raw, ok := a.Raw(); !ok || raw != 85 {
			t.Errorf("raw %v %v, want 85", raw, ok)
		}
	})
	bubble(t, "out of the cold", func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		poll(t, b)
		k.air().now = sixteenths(hot)
		a, c := poll(t, b)
		wantBad(t, a, sensors.SensorFault)
		wantValue(t, c, -18.625)
	})
	bubble(t, "on the way up", func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		k.air().now = sixteenths(hot - 32)
		a, _ := poll(t, b)
		wantValue(t, a, 83)
		k.air().now = sixteenths(hot)
		a, _ = poll(t, b)
		wantValue(t, a, 85)
	})
	bubble(t, "beside a sibling", func(t *testing.T) {
		k := kernel()
		k.air().now, k.core().now = sixteenths(hot), sixteenths(hot+20)
		a, _ := poll(t, bus(t, k))
		wantValue(t, a, 85)
	})
	bubble(t, "just too far from a sibling", func(t *testing.T) {
		k := kernel()
		k.air().now, k.core().now = sixteenths(hot), sixteenths(hot+33)
		a, _ := poll(t, bus(t, k))
		wantBad(t, a, sensors.SensorFault)
	})
	bubble(t, "does not vouch for itself for ever", func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		k.air().now = sixteenths(hot - 16)
		poll(t, b)
		k.air().now = sixteenths(hot)
		a, _ := poll(t, b)
		wantValue(t, a, 85)
		<-time.After(memory * 2 / 3)
		a, _ = poll(t, b)
		wantValue(t, a, 85)
		<-time.After(memory * 2 / 3)
		a, _ = poll(t, b)
		wantBad(t, a, sensors.SensorFault)
	})
}

func TestAProbeThatHangsHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		hang := make(chan struct{})
		k.set(func(k *fakeKernel) { k.air().hang = hang })
		a, c := poll(t, b)
		wantBad(t, a, sensors.Timeout)
		wantValue(t, c, -18.625)

		// From then on it costs no time and is asked no more.
		for range 3 {
			began := time.Now()
			a, c = poll(t, b)
			wantBad(t, a, sensors.Timeout)
			wantValue(t, c, -18.625)
			if took := time.Since(began); took > time.Second {
				t.Errorf("the hung probe costs %v again", took)
			}
		}
		if k.air().reads != 1 || k.air().crowded {
			t.Errorf("%d reads of the hung probe, at once: %v", k.air().reads, k.air().crowded)
		}

		// When it comes back, its late answer is nobody's.
		k.set(func(k *fakeKernel) { k.air().hang = nil; k.air().now = sixteenths(-160) })
		close(hang)
		synctest.Wait()
		a, _ = poll(t, b)
		wantValue(t, a, -10)
	})
}

func TestABusThatHangsIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		slow := make(chan struct{})
		k.slow = slow
		for range 2 {
			a, c := poll(t, b)
			wantBad(t, a, sensors.Timeout)
			wantBad(t, c, sensors.Timeout)
		}
		k.set(func(k *fakeKernel) { k.slow = nil })
		close(slow)
		<-time.After(time.Second)
		a, _ := poll(t, b)
		wantValue(t, a, -18.5)
	})
}

func TestAProbeThatVanishesComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		k.air().away = true
		a, c := poll(t, b)
		wantBad(t, a, sensors.SensorFault)
		wantValue(t, c, -18.625)
		k.air().away = false
		a, _ = poll(t, b)
		wantValue(t, a, -18.5)
	})
}

func TestAPollGivenUpReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		b := bus(t, k)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		began := time.Now()
		for _, r := range b.Read(ctx, []sensors.PointID{air, core}) {
			wantBad(t, r, sensors.Cancelled)
		}
		if took := time.Since(began); took != 100*time.Millisecond {
			t.Errorf("%v", took)
		}
	})
}

func TestCloseNamesWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kernel()
		k.noBulk = true
		hang := make(chan struct{})
		k.air().hang = hang
		b := bus(t, k)
		poll(t, b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.files.Close(ctx); err == nil || !strings.Contains(err.Error(), airID) {
			t.Errorf("closed with a question under way: %v", err)
		}
		a, _ := poll(t, b)
		wantBad(t, a, sensors.Unreachable)
		close(hang)
	})
}

func TestList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		found, err := List(t.Context(), NewFiles(kernel()))
		if err != nil || len(found) != 2 || found[0].ID != coreID || found[1] != (Found{"w1_bus_master1", airID, DS18B20}) {
			t.Errorf("%v %v", found, err)
		}
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	points := map[sensors.PointID]string{air: airID}
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"master", Config{Master: "../w1", Points: points, Now: time.Now}, "w1_bus_master1"},
		{"no points", Config{Master: "w1_bus_master1", Now: time.Now}, "no points"},
		{"no probe", Config{Master: "w1_bus_master1", Points: map[sensors.PointID]string{air: "28-xyz"}, Now: time.Now}, `"28-xyz"`},
		{"one probe twice", Config{Master: "w1_bus_master1", Points: map[sensors.PointID]string{air: airID, core: airID}, Now: time.Now}, "already that of"},
		{"no clock", Config{Master: "w1_bus_master1", Points: points}, "clock"},
		{"timeout", Config{Master: "w1_bus_master1", Points: points, Timeout: -1, Now: time.Now}, "negative"},
	}
	for _, tt := range tests {
		tt.cfg.Name = "line-7"
		if _, err := New(tt.cfg, NewFiles(kernel())); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "line-7") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
