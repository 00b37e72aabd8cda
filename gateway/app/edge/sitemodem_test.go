package edge

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
	"coldchain/alerting/notify/smsmodem/modemtest"
	"coldchain/gateway/config"
	"coldchain/gateway/edge/alarms"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const supply = sensors.PointID("balagong/plant/mains")

// watching is a judge of a site whose supply may go, and the modem that tells
// 其其格 of it.
type watching struct {
	t      *testing.T
	judge  *alarms.Judge
	faults chan sensors.Reason
	mono   time.Duration
}

func newWatching(t *testing.T, sim *modemtest.Modem) *watching {
	t.Helper()
	cfg := &config.Edge{Modem: &config.SiteModem{Port: sim.Path, Baud: 115200, After: time.Minute, PerHour: 6, Who: []config.SitePerson{{Name: "其其格", Phone: "8613800000001"}}}}
	log := slog.New(slog.DiscardHandler)
	judge, err := alarms.New(alarms.Options{Site: "balagong", SilentAfter: time.Hour, Logger: log, Telling: telling(cfg),
		Points: []alarms.Point{{Point: sensors.Point{ID: supply, Quantity: sensors.Mains}, Bus: "rs485", Device: "inputs", Period: time.Minute}},
		Zones:  []alerting.Zone{{ID: supply.Zone(), Limits: map[sensors.Quantity][]alerting.Limit{sensors.Mains: alerting.SwitchLimits(sensors.Mains, false)}}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &watching{t: t, judge: judge, faults: make(chan sensors.Reason, 100), mono: time.Minute}
	modem, err := newSiteModem(cfg.Modem, &localAlarm{judge: judge, hurry: make(chan struct{}, 1)}, func(why sensors.Reason) { w.faults <- why }, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { modem.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
	return w
}

// goesDark loses the supply and lets two minutes pass for the judge.
func (w *watching) goesDark() {
	now := time.Date(2026, 11, 28, 2, 0, 0, 0, time.UTC)
	stamp := func(r wire.Record) wire.Record {
		r.Boot, r.Mono, r.Clock = "boot", w.mono, wire.ClockNTP
		return r
	}
	w.judge.Observe([]wire.Record{stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(supply, now, 0)})})
	for range 120 {
		w.mono += time.Second
		now = now.Add(time.Second)
		w.judge.Advance(stamp(wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: now}}))
		w.judge.Reach(false)
	}
}

// fault waits until the status says so.
func (w *watching) fault(want sensors.Reason) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	last := sensors.Reason("nothing")
	for last != want {
		select {
		case last = <-w.faults:
		case <-ctx.Done():
			w.t.Fatalf("the status says %q; want %q", last, want)
		}
	}
}

// What is to be said goes out by the port as the agent opens it.
func TestTheSitesModemSends(t *testing.T) {
	sim := modemtest.New(t)
	w := newWatching(t, sim)
	w.fault(sensors.NoReason)
	w.goesDark()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		sent, err := sim.Sent()
		if err != nil {
			t.Fatal(err)
		}
		if len(sent) == 1 && sent[0].To == "8613800000001" {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("sent %+v", sent)
		}
	}
}

// A modem that cannot send is a fault of the status, by what has to be done; one
// that works again is none.
func TestAModemThatFailsShowsInTheStatus(t *testing.T) {
	sim := modemtest.New(t)
	answers := make(chan string, 10)
	sim.Send = func(int, modemtest.SMS) string { return <-answers }
	w := newWatching(t, sim)
	w.fault(sensors.NoReason)
	answers <- "+CMS ERROR: 310" // no SIM
	w.goesDark()
	w.fault("sim-or-contract")
	for range 20 { // the next try comes by the judge's time
		w.mono += time.Second
		w.judge.Advance(wire.Record{Kind: wire.EventRecord, Boot: "boot", Mono: w.mono, Clock: wire.ClockNone})
	}
	answers <- "+CMGS: 1\r\n\r\nOK"
	w.fault(sensors.NoReason)
	sim.Unplug()
	w.fault("not-sending")
}

func TestReasonsOfTheModem(t *testing.T) {
	for want, err := range map[sensors.Reason]error{
		"number-wrong": notify.Failed(notify.BadRecipient, "x"), "refused": notify.Failed(notify.Refused, "x"),
		"sim-or-contract": notify.Failed(notify.Configuration, "x"), "not-sending": errors.New("x"),
	} {
		if got := reasonOf(err); got != want {
			t.Errorf("%v: %q; want %q", err, got, want)
		}
	}
}
