package collector

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/watch"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// watched is the rig's room with rules.
func watched() *watch.Config {
	return &watch.Config{Zones: []watch.Zone{{ID: air.Zone(), Rules: watch.Rules{
		RateOfRise: &watch.RateOfRise{Rise: 5, Within: 10 * time.Minute},
		PullDown:   &watch.PullDown{Target: -40, Within: 2 * time.Hour},
	}, Points: []sensors.Point{{ID: air, Quantity: sensors.Temperature}, {ID: humidity, Quantity: sensors.Humidity}}}}}
}

// watchFrom starts the rig's collector anew, with a watch.
func (r *rig) watchFrom(cfg *watch.Config) {
	r.stop()
	r.watch = cfg
	r.start()
	r.online()
}

// open lists the alarms of the machinery as rule, object, reason and whether
// they are present.
func (r *rig) open() (out []string) {
	for _, a := range r.alarms() {
		switch a.Rule {
		case alerting.ClockWrong, alerting.DiskFilling, alerting.CalibrationExpired, alerting.RateOfRise, alerting.PullDown:
			out = append(out, fmt.Sprintf("%s %s %s %v", a.Rule, a.Object, a.Reason, a.State.Present()))
		}
	}
	slices.Sort(out)
	return out
}

func (r *rig) expect(when string, want ...string) {
	r.t.Helper()
	if got := r.open(); !slices.Equal(got, want) {
		r.t.Errorf("%s: %q, want %q", when, got, want)
	}
}

func TestAGatewayWithoutAClockIsAnAlarmOnce(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.watchFrom(watched())
		r.sendStatus(withoutClock())
		waitMinutes(9)
		r.expect("before its time")
		waitMinutes(2)
		r.expect("after ten minutes", "clock-wrong balagong clock-none true")
		// Silence ends nothing, and neither does a restart.
		r.sendStatus(wire.Status{Online: false})
		waitMinutes(60)
		r.watchFrom(watched())
		waitMinutes(1)
		r.expect("while it is away", "clock-wrong balagong clock-none true")
		r.sendStatus(wire.Status{Online: true, Greeted: true, Boot: "b1", Clock: wire.ClockNTP})
		waitMinutes(12)
		r.expect("with a clock", "clock-wrong balagong clock-none false")
	})
}

func TestAGatewayWhoseClockIsAheadIsAnAlarm(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.watchFrom(watched())
		r.sendStatus(wire.Status{Online: true, Greeted: true, Boot: "b1", Clock: wire.ClockNTP})
		for i := range 30 {
			r.sendRecords(reading(uint64(i+1), air, time.Now().Add(3*time.Minute), -18))
			waitMinutes(1)
		}
		r.expect("three minutes ahead", "clock-wrong balagong clock-ahead true")
	})
}

func TestTheCountysOwnClockAndDiskAreAlarms(t *testing.T) {
	inBubble(t, func(r *rig) {
		var mended atomic.Bool
		r.disk = func() (uint64, uint64, bool) {
			if mended.Load() {
				return 50 << 30, 100 << 30, true
			}
			return 1 << 30, 100 << 30, true
		}
		r.clock = func() wire.ClockSource {
			if mended.Load() {
				return wire.ClockNTP
			}
			return wire.ClockNone
		}
		r.watchFrom(watched())
		waitMinutes(11)
		r.expect("both wrong", "clock-wrong hangjin clock-none true", "disk-filling hangjin disk-low true")
		mended.Store(true)
		waitMinutes(11)
		r.expect("both right", "clock-wrong hangjin clock-none false", "disk-filling hangjin disk-low false")
	})
}

func TestADiskOfAGatewayIsAnAlarmAsItTells(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.watchFrom(watched())
		r.sendStatus(wire.Status{Online: true, Greeted: true, Boot: "b1", Clock: wire.ClockNTP, DiskFree: 100 << 20, DiskSize: 8 << 30})
		waitMinutes(11)
		r.expect("nearly full", "disk-filling balagong disk-low true")
	})
}

func TestACalibrationThatEndsIsAnAlarmBeforeAndAfter(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.watchFrom(watched())
		until := time.Now().Add(31 * 24 * time.Hour)
		inventory := func(until time.Time) wire.Inventory {
			return wire.Inventory{Gateway: here.Gateway, Site: here.Site, Boot: "b1", Devices: []wire.DeviceInfo{{Name: "probe", Points: []wire.PointInfo{
				{ID: string(air), Quantity: "temperature", Unit: "Cel", CalibratedUntil: until}, {ID: string(humidity), Quantity: "humidity", Unit: "%RH"},
			}}}}
		}
		r.sendInventory(inventory(until))
		waitMinutes(5)
		r.expect("31 days before")
		r.watchFrom(watched()) // what an inventory said is remembered
		waitMinutes(24 * 60)
		r.expect("30 days before", "calibration-expired "+string(air)+" calibration-expiring true")
		r.sendInventory(inventory(time.Now().Add(-time.Hour)))
		waitMinutes(5)
		r.expect("after", "calibration-expired "+string(air)+" calibration-expired true")
		r.sendInventory(inventory(time.Now().Add(365 * 24 * time.Hour)))
		waitMinutes(5)
		r.expect("calibrated anew", "calibration-expired "+string(air)+" calibration-expired false")
	})
}

// TestTheWatchJudgesBesideTheEngineAndSurvivesARestart: a pull-down that was
// booked before the restart goes on after it, and who sets limits is told.
func TestTheWatchJudgesBesideTheEngineAndSurvivesARestart(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.watchFrom(watched())
		r.c.SetGoods(air.Zone(), []watch.Stay{{Batch: "B1", From: time.Now()}})
		seq := uint64(0)
		for range 30 {
			seq++
			r.sendRecords(reading(seq, air, time.Now(), -20))
			waitMinutes(1)
		}
		r.watchFrom(watched())
		for range 100 {
			seq++
			r.sendRecords(reading(seq, air, time.Now(), -20))
			waitMinutes(1)
		}
		r.expect("never cold enough", "pull-down "+string(air)+" by-air true")
		if len(r.pulling) == 0 || !slices.Equal(r.pulling[0], []string{air.Zone()}) {
			t.Errorf("told of pull-downs: %q", r.pulling)
		}
		a := r.alarms()[0]
		for _, x := range r.alarms() {
			if x.Rule == alerting.PullDown {
				a = x
			}
		}
		if a.Level != alerting.Excursion || a.Raised.Sub(a.Start) < time.Hour {
			t.Errorf("%+v; want an excursion of two hours, counted over the restart", a.Alarm)
		}
	})
}
