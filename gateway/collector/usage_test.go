package collector

import (
	"errors"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// byHumidity arms the temperature's limits when the humidity is over 90 %, from
// that moment on: a stand-in for a door.
type byHumidity struct {
	since time.Time
	dirty bool
	fresh bool // this process has seen it itself
}

func (u *byHumidity) Observe(r sensors.Reading, e *engine.Engine) {
	if v, ok := r.Value(); ok && r.Point == humidity && v > 90 {
		u.since, u.dirty, u.fresh = r.Time, true, true
		u.tell(e)
	}
}

func (u *byHumidity) tell(e *engine.Engine) {
	line := alerting.Timeline{{}}
	if !u.since.IsZero() {
		line = append(line, alerting.Switch{At: u.since, On: true})
	}
	if err := e.SetArmed(air.Zone(), sensors.Temperature, line); err != nil {
		panic(err)
	}
}

func (u *byHumidity) Dirty() map[string][]byte {
	if !u.dirty {
		return nil
	}
	u.dirty = false
	return map[string][]byte{UsagePrefix + "x": []byte(u.since.Format(time.RFC3339Nano))}
}

func (u *byHumidity) Restore(tracks map[string][]byte, e *engine.Engine) (err error) {
	if b, ok := tracks[UsagePrefix+"x"]; ok {
		u.since, err = time.Parse(time.RFC3339Nano, string(b))
	}
	if len(tracks) > 1 {
		return errors.New("was given tracks that are not its own")
	}
	u.tell(e)
	return err
}

func (r *rig) limitAlarms() (out []state.Alarm) {
	r.t.Helper()
	list, err := r.db.Alarms(r.t.Context(), state.AlarmFilter{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range list {
		if a.HasValue {
			out = append(out, a)
		}
	}
	return out
}

// TestWhenLimitsHoldIsKnownBeforeAMessageIsJudged: a backlog comes point by
// point, temperatures before what tells that they counted. It is judged all the
// same by what was so at its time, and a restart knows it still.
func TestWhenLimitsHoldIsKnownBeforeAMessageIsJudged(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.stop()
		r.usage = &byHumidity{}
		r.start()
		r.c.OnConnect()
		at := time.Now()
		r.sendRecords(reading(1, air, at, -5))
		if got := r.limitAlarms(); len(got) != 0 {
			t.Fatalf("limits that do not hold ring: %+v", got)
		}
		// Point by point: two temperatures, then the moment in between.
		r.sendRecords(reading(2, air, at.Add(time.Second), -5), reading(3, air, at.Add(3*time.Second), -5), reading(4, humidity, at.Add(2*time.Second), 95))
		armed := at.Add(2 * time.Second).UTC().Truncate(time.Millisecond)
		if got := r.limitAlarms(); len(got) != 1 || !got[0].Start.Equal(armed) {
			t.Fatalf("%+v, want one alarm from %s on", got, armed)
		}
		r.stop()
		again := &byHumidity{}
		r.usage = again
		r.start()
		if !again.since.Equal(armed) || again.fresh {
			t.Errorf("after a restart: %+v, want %s", again, armed)
		}
		// A program that does not know of usage starts as well.
		r.stop()
		r.usage = nil
		r.start()
	})
}
