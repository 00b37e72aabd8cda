package edge

import (
	"context"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

type ctxT = context.Context

func TestADeviceIsReadOnScheduleAndMoreOftenOutsideItsLimits(t *testing.T) {
	inBubble(t, func(r *rig) {
		high := -17.0
		s := steady(air, 0)
		s.read = func(_ ctxT, n int) sensors.Reading {
			v := -18.5
			if n > 3 {
				v = -16
			}
			return sensors.NewGood(air, time.Now(), v)
		}
		r.options.Devices[0].Sensor = s
		r.options.Devices[0].OutsideInterval = 15 * time.Second
		r.options.Limits = FixedBounds{{Zone: air.Zone(), Quantity: sensors.Temperature}: {High: &high}}
		r.start()
		pass(2*time.Minute + time.Second)
		if s.polls.Load() != 3 {
			t.Errorf("%d polls in two minutes inside; want 3 (at 0, 60 and 120 s)", s.polls.Load())
		}
		pass(2 * time.Minute)
		if s.polls.Load() != 8 {
			t.Errorf("%d polls after two more minutes, one of them outside; want 8 (15 s apart from 180 s on)", s.polls.Load())
		}
	})
}

func TestABusThatHangsDelaysNoOther(t *testing.T) {
	inBubble(t, func(r *rig) {
		other := sensors.PointID("balagong/beef/air")
		stuck := steady(other, 0)
		stuck.read = func(ctx ctxT, _ int) sensors.Reading {
			<-ctx.Done()
			return sensors.NewBad(other, time.Now(), sensors.Timeout)
		}
		healthy := steady(air, -18)
		r.options.Devices = []Device{
			{Name: "stuck", Bus: "one", Sensor: stuck, Interval: time.Second},
			{Name: "healthy", Bus: "two", Sensor: healthy, Interval: time.Second},
		}
		r.start()
		pass(time.Minute)
		if healthy.polls.Load() < 60 {
			t.Errorf("the healthy bus was read %d times in a minute; want 60", healthy.polls.Load())
		}
	})
}

func TestASlowPollRestsBeforeTheNext(t *testing.T) {
	inBubble(t, func(r *rig) {
		var times []time.Time
		slow := steady(air, 0)
		slow.read = func(ctxT, int) sensors.Reading {
			time.Sleep(3500 * time.Millisecond)
			times = append(times, time.Now())
			return sensors.NewGood(air, time.Now(), -18)
		}
		r.options.Devices[0].Sensor = slow
		r.options.Devices[0].Interval = time.Second
		r.start()
		pass(time.Minute)
		r.stop()
		for i := 1; i < len(times); i++ {
			if d := times[i].Sub(times[i-1]); d < 4*time.Second {
				t.Fatalf("answers %s apart; want half an interval of rest after 3.5 s of asking", d)
			}
		}
	})
}

func TestStopSamplingFinishesThePollInFlight(t *testing.T) {
	inBubble(t, func(r *rig) {
		slow := steady(air, 0)
		slow.read = func(ctxT, int) sensors.Reading {
			time.Sleep(2 * time.Second)
			return sensors.NewGood(air, time.Now(), -18)
		}
		r.options.Devices[0].Sensor = slow
		r.start()
		pass(time.Second)
		if err := r.agent.StopSampling(context.Background()); err != nil {
			t.Fatal(err)
		}
		if next := r.journal.Next(); next != 2 {
			t.Errorf("the journal's next record is %d; want 2: the answer was given", next)
		}
		pass(time.Hour)
		if slow.polls.Load() != 1 {
			t.Errorf("%d polls after sampling was stopped; want 1", slow.polls.Load())
		}
	})
}

func TestAFailedReadIsJournaledWithoutAValue(t *testing.T) {
	inBubble(t, func(r *rig) {
		broken := steady(air, 0)
		broken.read = func(ctxT, int) sensors.Reading { return sensors.NewBad(air, time.Now(), sensors.SensorFault) }
		r.options.Devices[0].Sensor = broken
		r.start()
		pass(2 * time.Second)
		r.connect(wire.Hello{Generation: "g1"})
		packs := r.broker.packs(t)
		if len(packs) == 0 {
			t.Fatal("nothing offered")
		}
		got := packs[0].Records[0].Reading
		if v, ok := got.Value(); ok || got.Reason != sensors.SensorFault {
			t.Errorf("offered %v (value %v); want bad(sensor-fault) without a value", got, v)
		}
	})
}

func TestTwoDevicesCannotMeasureOnePoint(t *testing.T) {
	inBubble(t, func(r *rig) {
		d := r.options.Devices[0]
		d.Name = "second"
		_, err := newLines(Options{Devices: []Device{r.options.Devices[0], d}, Logger: r.options.Logger}, newFaults(), newBoard(nil, FixedBounds(nil)))
		if err == nil || !strings.Contains(err.Error(), "balagong/mutton/air") {
			t.Errorf("error %v; want one that names the point", err)
		}
	})
}
