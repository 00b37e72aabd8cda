package collector

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
)

var (
	errAway    = fmt.Errorf("connection refused: %w", store.ErrTemporary)
	errRefused = errors.New("401: unauthorized: check the token")
)

// pass lets the bubble's time pass.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *rig) online() {
	r.t.Helper()
	r.sendStatus(wire.Status{Gateway: here.Gateway, Site: here.Site, Online: true})
}

// restartAway stops the collector and starts it while the store is away.
func (r *rig) restartAway(err error) {
	r.t.Helper()
	r.stop()
	r.away = err
	r.start()
	synctest.Wait()
}

func TestACollectorStartsJudgesAndHoldsAcknowledgementsWhileItsStoreIsAway(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -18), reading(2, air, now.Add(time.Second), -18))
		known := r.c.storeGeneration()
		r.restartAway(errAway)
		r.online()
		if h, ok := r.wire.hello(t); !ok || h.Generation != known || h.Highest != 2 {
			t.Errorf("hello %+v %v; want the county's last store %q and 2, so that gateways go on", h, ok, known)
		}
		r.sendRecords(reading(2, air, now.Add(time.Second), -18), reading(3, air, now.Add(2*time.Second), -12))
		if got := r.wire.acks(t); len(got) != 0 {
			t.Errorf("acknowledged %+v before the store has said which one it is", got)
		}
		if got := r.alarms(); len(got) != 1 || !got[0].State.Present() {
			t.Errorf("alarms %+v; want one without waiting for the store", got)
		}
		if err := r.c.Health(); err == nil || !strings.Contains(err.Error(), "the store cannot be reached since") {
			t.Errorf("health: %v", err)
		}
		if err := r.c.Progress(); err != nil {
			t.Errorf("progress: %v; starting again would not bring the store back", err)
		}
		r.store.mend("")
		pass(time.Minute)
		want := []wire.AckRange{{Range: wire.Range{From: 3, To: 3}, Outcome: wire.Stored}}
		if got := r.wire.acks(t); !reflect.DeepEqual(got, want) {
			t.Errorf("acknowledged %+v when the store had come, want %+v", got, want)
		}
		r.sendRecords(reading(2, air, now.Add(time.Second), -18))
		if got := r.wire.acks(t); len(got) != 1 || got[0].From != 2 {
			t.Errorf("acknowledged %+v; want 2 again", got)
		}
		if err := r.c.Health(); err != nil {
			t.Errorf("health: %v", err)
		}
		if got := r.stored(air); !reflect.DeepEqual(got, []float64{-18, -18, -12}) {
			t.Errorf("stored %v", got)
		}
	})
}

func TestAnotherStoreThatAnswersLateIsAskedForNothingTwice(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -12))
		r.restartAway(errAway)
		r.online()
		_ = r.wire.acks(t)
		r.sendRecords(reading(2, air, now.Add(time.Second), -12))
		r.store.mend("another-store-1")
		pass(time.Minute)
		if h, ok := r.wire.hello(t); !ok || h.Generation != "another-store-1" {
			t.Errorf("hello %+v %v; want the new store's name", h, ok)
		}
		if got := r.wire.acks(t); len(got) != 1 || got[0].From != 2 || got[0].To != 2 {
			t.Errorf("acknowledged %+v; want 2 alone, which the new store has", got)
		}
		// 1 was delivered to the other store: it is taken again, and not judged again.
		r.sendRecords(reading(1, air, now, -12))
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored || got[0].From != 1 {
			t.Errorf("acknowledged %+v; want 1 anew", got)
		}
		if got := r.alarms(); len(got) != 1 {
			t.Errorf("%d alarms, want one", len(got))
		}
	})
}

func TestTheFirstStartOfAllWaitsForTheStoreWithItsGateways(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: t.TempDir(), away: errAway}
		r.start()
		defer r.stop()
		r.online()
		if h, ok := r.wire.hello(t); ok {
			t.Errorf("hello %+v without any store", h)
		}
		if err := r.c.Health(); err == nil || !strings.Contains(err.Error(), "never reached its store") {
			t.Errorf("health: %v", err)
		}
		r.store.mend("")
		pass(time.Minute)
		if h, ok := r.wire.hello(t); !ok || h.Generation == "" {
			t.Errorf("hello %+v %v once the store answers", h, ok)
		}
		r.sendRecords(reading(1, air, time.Now(), -18))
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v", got)
		}
	})
}

func TestStoppedBeforeTheStoreCameWhatWasJudgedIsKeptAndNothingAcknowledged(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		r.sendRecords(reading(1, air, now, -18))
		r.restartAway(errAway)
		r.sendRecords(reading(2, air, now.Add(time.Second), -12))
		r.stop()
		if got := r.wire.acks(t); len(got) != 0 {
			t.Errorf("acknowledged %+v", got)
		}
		first := ""
		r.away = nil
		r.start()
		synctest.Wait()
		for _, a := range r.alarms() {
			first = a.ID
		}
		r.sendRecords(reading(2, air, now.Add(time.Second), -12))
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v; want 2 stored", got)
		}
		if got := r.alarms(); len(got) != 1 || got[0].ID != first {
			t.Errorf("alarms %+v; want still %s", got, first)
		}
	})
}

// TestAStoreThatRefusesIsAnAlarmAndIsLeftAlone: no record is sent to a store
// that answers 401 or 404 until it answers otherwise.
func TestAStoreThatRefusesIsAnAlarmAndIsLeftAlone(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.store.fail(errRefused)
		r.store.mu.Lock()
		r.store.away = errRefused
		r.store.mu.Unlock()
		r.sendRecords(reading(1, air, time.Now(), -18))
		pass(2 * time.Second)
		alarm := r.own(t)
		if alarm.Level != alerting.Excursion || alarm.Reason != storeRefused || alarm.Object != "hangjin" || !alarm.State.Present() {
			t.Errorf("alarm %+v", alarm)
		}
		if err := r.c.Health(); err == nil || !strings.Contains(err.Error(), "refuses us since") || !strings.Contains(err.Error(), "check the token") {
			t.Errorf("health: %v", err)
		}
		_, writes := r.store.counts()
		pass(30 * time.Minute)
		if asked, after := r.store.counts(); after != writes || asked < 10 || asked > 40 {
			t.Errorf("%d more writes and asked %d times for its name in half an hour; want none, and once a minute", after-writes, asked)
		}
		r.restartAway(errRefused) // the alarm stays one over a restart
		pass(2 * time.Second)
		if again := r.own(t); again.ID != alarm.ID {
			t.Errorf("alarm %s became %s by a restart", alarm.ID, again.ID)
		}
		r.store.mend("")
		pass(2 * time.Minute)
		if got := r.own(t); got.State.Present() {
			t.Errorf("alarm %+v after the store was mended", got)
		}
		r.sendRecords(reading(1, air, time.Now(), -18))
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v", got)
		}
	})
}

// own is the county's alarm on itself.
func (r *rig) own(t *testing.T) alerting.Alarm {
	t.Helper()
	var found []alerting.Alarm
	for _, a := range r.alarms() {
		if a.Rule == alerting.StoreFailing {
			found = append(found, a.Alarm)
		}
	}
	if len(found) != 1 {
		t.Errorf("%d alarms about the store, want one: %+v", len(found), found)
		return alerting.Alarm{}
	}
	return found[0]
}

func TestAStoreThatIsAwayForLongIsAWarningAndARefusalMakesItWorse(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.store.fail(errAway)
		r.sendRecords(reading(1, air, time.Now(), -18))
		pass(failingFor - time.Minute)
		if got := r.alarms(); len(got) != 0 {
			t.Errorf("alarms %+v of a store that is away for a moment", got)
		}
		pass(2 * time.Minute)
		if got := r.own(t); got.Level != alerting.Warning || got.Reason != storeAway {
			t.Errorf("alarm %+v", got)
		}
		r.store.fail(errRefused)
		pass(2 * time.Minute)
		if got := r.own(t); got.Level != alerting.Excursion || got.Reason != storeRefused {
			t.Errorf("alarm %+v", got)
		}
	})
}

type busy struct{ after time.Duration }

func (b busy) Error() string             { return "429: slow down" }
func (b busy) Unwrap() error             { return store.ErrTemporary }
func (b busy) RetryAfter() time.Duration { return b.after }

func TestAStoreIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.store.fail(busy{2 * time.Minute})
		r.sendRecords(reading(1, air, time.Now(), -18))
		_, writes := r.store.counts()
		pass(110 * time.Second)
		if _, after := r.store.counts(); after != writes || writes != 1 {
			t.Errorf("%d writes, then %d within the two minutes it asked for", writes, after)
		}
		r.store.fail(nil)
		pass(20 * time.Second)
		if got := r.wire.acks(t); len(got) != 1 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v after them", got)
		}
	})
}

func TestGatewaysAreToldToSlowDownAsFarAsAlarmsCanWait(t *testing.T) {
	now := time.UnixMilli(1_795_000_000_000)
	for _, c := range []struct {
		name string
		err  error
		at   time.Duration // after the failure
		want time.Duration
	}{
		{"nothing is wrong", nil, 0, slowDown},
		{"it asks for 20 s", busy{20 * time.Second}, 0, 20 * time.Second},
		{"8 s of them are left", busy{20 * time.Second}, 12 * time.Second, 8 * time.Second},
		{"it asks for an hour", busy{time.Hour}, 0, slowMost},
		{"it refuses", errRefused, 0, slowMost},
		{"the time it asked for is over", busy{20 * time.Second}, time.Minute, slowDown},
	} {
		var tr trouble
		if c.err != nil {
			tr.note(c.err, retryFirst, now)
		}
		if got := tr.slow(now.Add(c.at)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
