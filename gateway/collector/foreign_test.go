package collector

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/source"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// fate is what was answered to a delivery.
type fate struct {
	acked, refused int
	pause          time.Duration
}

// thirdParties are the senders of these tests: humidity comes from a JSON
// logger, and in some tests air, too.
func thirdParties(t *testing.T, points ...sensors.Point) []*source.Source {
	t.Helper()
	o := source.Options{Name: "logger", Filter: "senders/logger/#", Time: source.Time{Path: "ts", Unit: "ms"}}
	for _, p := range points {
		o.Fields = append(o.Fields, source.Field{Point: p, Path: p.ID.Name(), Scale: 1})
	}
	s, err := source.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return []*source.Source{s}
}

var (
	airPoint      = sensors.Point{ID: air, Quantity: sensors.Temperature}
	humidityPoint = sensors.Point{ID: humidity, Quantity: sensors.Humidity}
)

func withSources(t *testing.T, points []sensors.Point, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: t.TempDir(), sources: thirdParties(t, points...)}
		r.start()
		r.c.OnConnect()
		test(r)
		r.stop()
	})
}

// deliver gives the collector a message that the broker keeps and returns what
// becomes of it.
func (r *rig) deliver(topic, format string, args ...any) *fate {
	f := &fate{}
	r.c.Deliver(mqtt.Delivery{
		Message: mqtt.Message{Topic: topic, Payload: fmt.Appendf(nil, format, args...)}, QoS: 1,
		Ack:    func() { f.acked++ },
		Refuse: func(_ error, pause time.Duration) { f.refused++; f.pause = pause },
	})
	return f
}

// settle waits until the collector has done all it can.
func (r *rig) settle() {
	time.Sleep(2 * linger) // the bubble's time
	synctest.Wait()
}

const loggerTopic = "senders/logger/room"

// Whatever a message is, it is acknowledged once, after what it held is in the
// store or in the quarantine.
func TestEveryDeliveryIsAnsweredOnce(t *testing.T) {
	now := func() int64 { return time.Now().UnixMilli() }
	for _, c := range []struct {
		name, topic string
		payload     func() string
		stored      int
		quarantined wire.QuarantineReason
	}{
		{"a reading", loggerTopic, func() string { return fmt.Sprintf(`{"ts":%d,"humidity":80}`, now()) }, 1, ""},
		{"nothing for the mapping", loggerTopic, func() string { return fmt.Sprintf(`{"ts":%d,"battery":80}`, now()) }, 0, ""},
		{"not JSON", loggerTopic, func() string { return "ERROR 17" }, 0, wire.Malformed},
		{"nothing at all", loggerTopic, func() string { return "" }, 0, wire.Malformed},
		{"a topic of no source", "senders/stranger", func() string { return "{}" }, 0, wire.WrongSender},
		{"beyond the quantity", loggerTopic, func() string { return fmt.Sprintf(`{"ts":%d,"humidity":6553.5}`, now()) }, 0, wire.OutOfRange},
		{"of the future", loggerTopic, func() string { return fmt.Sprintf(`{"ts":%d,"humidity":80}`, now()+3600_000) }, 0, wire.TimeInFuture},
		{"of long ago", loggerTopic, func() string { return fmt.Sprintf(`{"ts":%d,"humidity":80}`, now()-2*365*86400_000) }, 0, wire.TimeInPast},
		{"from 1970", loggerTopic, func() string { return `{"ts":60000,"humidity":80}` }, 0, wire.RelativeTime},
	} {
		t.Run(c.name, func(t *testing.T) {
			withSources(t, []sensors.Point{humidityPoint}, func(r *rig) {
				f := r.deliver(c.topic, "%s", c.payload())
				r.settle()
				if *f != (fate{acked: 1}) {
					t.Errorf("answered %+v, want one acknowledgement", *f)
				}
				if got := r.stored(humidity); len(got) != c.stored {
					t.Errorf("stored %v, want %d", got, c.stored)
				}
				got := r.quarantined()
				if c.quarantined != "" && got[c.quarantined] != 1 || c.quarantined == "" && len(got) != 0 {
					t.Errorf("quarantined %v, want %q", got, c.quarantined)
				}
			})
		})
	}
}

// While the store is down nothing is acknowledged and nothing lost; alarms do
// not wait for it.
func TestNothingIsAcknowledgedBeforeItIsStored(t *testing.T) {
	withSources(t, []sensors.Point{airPoint}, func(r *rig) {
		r.store.fail(store.ErrTemporary)
		f := r.deliver(loggerTopic, `{"ts":%d,"air":-10}`, time.Now().UnixMilli())
		r.settle()
		if *f != (fate{}) {
			t.Fatalf("answered %+v while the store is down", *f)
		}
		if got := r.alarms(); len(got) != 1 || got[0].State != alerting.Unacknowledged {
			t.Errorf("alarms %+v, want the one of the reading outside", got)
		}
		r.store.fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		if *f != (fate{acked: 1}) || len(r.stored(air)) != 1 {
			t.Errorf("answered %+v, stored %v after the store came back", *f, r.stored(air))
		}
	})
}

// What a collector that ends had not stored stays with the broker.
func TestWhatIsNotStoredAtTheEndIsLeftWithTheBroker(t *testing.T) {
	withSources(t, []sensors.Point{humidityPoint}, func(r *rig) {
		r.store.fail(errors.New("the disk is gone"))
		f := r.deliver(loggerTopic, `{"ts":%d,"humidity":80}`, time.Now().UnixMilli())
		r.settle()
		r.stop()
		if f.acked != 0 || f.refused != 1 {
			t.Errorf("answered %+v, want it left with the broker", *f)
		}
		r.start()
	})
}

// A full inbox answers at once: it neither waits nor acknowledges.
func TestAFullInboxLeavesMessagesWithTheBroker(t *testing.T) {
	withSources(t, []sensors.Point{humidityPoint}, func(r *rig) {
		r.c.mu.Lock() // judging stands still
		var fates []*fate
		for i := range maxForeign + 10 {
			fates = append(fates, r.deliver(loggerTopic, `{"ts":%d,"humidity":80}`, time.Now().UnixMilli()-int64(i)))
		}
		refused := 0
		for _, f := range fates {
			refused += f.refused
			if f.refused == 1 && f.pause != slowDown {
				t.Errorf("to be sent again after %s", f.pause)
			}
		}
		r.c.mu.Unlock()
		r.settle()
		acked := 0
		for _, f := range fates {
			acked += f.acked
			if f.acked+f.refused != 1 {
				t.Errorf("answered %+v", *f)
			}
		}
		if refused < 9 || refused+acked != len(fates) || len(r.stored(humidity)) != acked {
			t.Errorf("%d refused, %d acknowledged, %d stored, of %d", refused, acked, len(r.stored(humidity)), len(fates))
		}
		if got := r.c.Sources()[0]; got.Left != int64(refused) {
			t.Errorf("told of %d left with the broker, want %d", got.Left, refused)
		}
	})
}

// A county that does not know the time decides nothing about times.
func TestWithoutAClockOddTimesAreLeftWithTheBroker(t *testing.T) {
	withSources(t, []sensors.Point{humidityPoint}, func(r *rig) {
		r.clock = func() wire.ClockSource { return wire.ClockNone }
		f := r.deliver(loggerTopic, `{"ts":%d,"humidity":80}`, time.Now().AddDate(1, 0, 0).UnixMilli())
		r.settle()
		if *f != (fate{refused: 1, pause: clockHold}) || len(r.quarantined()) != 0 {
			t.Errorf("answered %+v, quarantined %v; want it left", *f, r.quarantined())
		}
	})
}

// A point has one sender: a gateway's record of a source's point is refused.
func TestAGatewayCannotSpeakForASourcesPoint(t *testing.T) {
	withSources(t, []sensors.Point{humidityPoint}, func(r *rig) {
		r.sendRecords(reading(1, humidity, time.Now(), 80), reading(2, air, time.Now(), -18))
		if got := r.quarantined(); got[wire.WrongSender] != 1 || len(r.stored(humidity)) != 0 || len(r.stored(air)) != 1 {
			t.Errorf("quarantined %v, stored %v and %v", got, r.stored(humidity), r.stored(air))
		}
	})
}

// A message that comes again, after another was stored, is stored once, raises
// nothing twice, and a second value for its millisecond is kept apart.
func TestARepetitionIsStoredAndJudgedOnce(t *testing.T) {
	withSources(t, []sensors.Point{airPoint}, func(r *rig) {
		at := time.Now().UnixMilli()
		for range 2 {
			for i, v := range []float64{-10, -9, -20} {
				if f := r.deliver(loggerTopic, `{"ts":%d,"air":%g}`, at+int64(i), v); f.refused != 0 {
					t.Fatal("refused")
				}
				r.settle()
			}
		}
		if got := r.stored(air); len(got) != 3 {
			t.Errorf("stored %v, want three", got)
		}
		if got := r.alarms(); len(got) != 1 {
			t.Errorf("%d alarms, want one", len(got))
		}
		r.deliver(loggerTopic, `{"ts":%d,"air":-11}`, at)
		r.settle()
		if got := r.quarantined(); got[wire.Collision] != 1 || r.stored(air)[0] != -10 {
			t.Errorf("quarantined %v, stored %v; want the contradiction kept apart", got, r.stored(air))
		}
		// No sequences of theirs are kept: there would be one for each reading.
		delivered, err := r.db.LoadDelivery(r.t.Context(), r.c.generation)
		if err != nil || len(delivered) != 0 {
			t.Errorf("ranges %v: %v", delivered, err)
		}
	})
}

// A site of third-party senders has no gateway: what is heard of it is what
// they send, and it is silent when they are.
func TestASiteOfSourcesAloneFallsSilentAndReturns(t *testing.T) {
	withSources(t, []sensors.Point{airPoint, humidityPoint}, func(r *rig) {
		silent := func() (site, points int) {
			for _, a := range r.alarms() {
				if !a.State.Present() {
					continue
				}
				switch a.Rule {
				case alerting.SiteSilent:
					site++
				case alerting.Silence:
					points++
				}
			}
			return site, points
		}
		both := func() { r.deliver(loggerTopic, `{"ts":%d,"air":-20,"humidity":80}`, time.Now().UnixMilli()) }
		for range 30 {
			both()
			time.Sleep(time.Minute)
		}
		if site, points := silent(); site+points != 0 {
			t.Errorf("%d sites and %d points silent while both are heard", site, points)
		}
		for range 15 {
			r.deliver(loggerTopic, `{"ts":%d,"air":-20}`, time.Now().UnixMilli())
			time.Sleep(time.Minute)
		}
		if site, points := silent(); site != 0 || points != 1 {
			t.Errorf("%d sites and %d points silent, want the one point", site, points)
		}
		time.Sleep(15 * time.Minute)
		if site, _ := silent(); site != 1 {
			t.Error("the site is not silent though nobody was heard")
		}
		both()
		r.settle()
		if site, points := silent(); site+points != 0 {
			t.Errorf("%d sites and %d points silent after they were heard", site, points)
		}
	})
}

// Late readings of a source make rollups anew, as a gateway's do.
func TestSourcesAreRolledUp(t *testing.T) {
	withSources(t, []sensors.Point{humidityPoint}, func(r *rig) {
		hour := time.Now().Add(-3 * time.Hour).Truncate(store.Hour)
		for i := range 10 {
			r.deliver(loggerTopic, `{"ts":%d,"humidity":%d}`, hour.Add(time.Duration(i)*time.Minute).UnixMilli(), 70+i)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		var got []store.Rollup
		q := store.RollupQuery{Point: humidity, Quantity: sensors.Humidity, Width: store.Hour, From: hour, To: hour.Add(store.Hour)}
		if err := r.c.ReadRollups(r.t.Context(), q, func(x store.Rollup) bool { got = append(got, x); return true }); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Count != 10 || got[0].Max != 79 {
			t.Errorf("rolled up to %+v", got)
		}
	})
}
