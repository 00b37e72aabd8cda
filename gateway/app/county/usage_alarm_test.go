package county

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// restRig is a room under a clock that can be set, with its engine.
type restRig struct {
	*goods
	db    *state.DB
	judge *engine.Engine
	now   time.Time
	told  []string // zones that changed
	inUse zonesInUse
}

const restRoom = "balagong/mutton"

// zonesInUse is what the watch hears.
type zonesInUse map[string]bool

func (z zonesInUse) SetInUse(zone string, inUse bool) { z[zone] = inUse }

func newRestRig(t *testing.T) *restRig {
	t.Helper()
	cfg := &config.County{County: "hangjin", Sites: []config.Site{{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
		{ID: "mutton", Kind: config.Frozen, Points: map[string]string{"air": "temperature"}},
	}}}}
	cfg.ApplyDefaults()
	r := &restRig{now: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return r.now }
	use := newUsage(cfg, slog.New(slog.DiscardHandler))
	var err error
	if r.goods, err = newGoods(cfg, use, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if r.db, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), clock, state.WithReceiving(r.agrees)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	if r.judge, err = engine.New(EngineConfig(cfg), r.now); err != nil {
		t.Fatal(err)
	}
	r.state, use.state, use.now = r.db, r.db, clock
	use.judging = func(do func(*engine.Engine) error) error { return do(r.judge) }
	use.changed = func(zones ...string) { r.told = append(r.told, zones...) }
	r.inUse = zonesInUse{}
	use.watch = r.inUse
	if err := r.all(t.Context(), r.judge, told{}, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

// warm has the room be at 10 °C every minute until a moment, and lists the limit
// alarms that were raised.
func (r *restRig) warm(until time.Time) (raised []alerting.Alarm) {
	for r.now.Before(until) {
		r.now = r.now.Add(time.Minute)
		for _, tr := range append(r.judge.Observe(sensors.NewGood(restRoom+"/air", r.now, 10), r.now), r.judge.Advance(r.now)...) {
			if tr.Change == alerting.Raised && tr.Alarm.HasValue {
				raised = append(raised, tr.Alarm)
			}
		}
	}
	return raised
}

// TestADisuseEndsByItself: the room's limits hold again at its end, the delay
// begins then, and the pages are told.
func TestADisuseEndsByItself(t *testing.T) {
	r := newRestRig(t)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	end := r.now.Add(3 * time.Hour)
	if _, err := r.db.TakeOutOfUse(t.Context(), keeper, duty.Disuse{Zone: restRoom, Kind: duty.SwitchedOff, Until: end, Reason: "检修"}); err != nil {
		t.Fatal(err)
	}
	r.follow(t.Context())
	before := r.look(t.Context(), nil)
	if got := r.warm(end); len(got) != 0 || r.inUse[restRoom] {
		t.Fatalf("switched off, it rings: %+v; the watch is told that it is in use: %v", got, r.inUse[restRoom])
	}
	before = r.look(t.Context(), before)
	if !r.inUse[restRoom] {
		t.Error("the watch is not told that the room is in use again")
	}
	if !slices.Equal(r.told, []string{restRoom}) || before[restRoom].Disuse != nil {
		t.Errorf("told %v, use %+v", r.told, before[restRoom])
	}
	got := r.warm(end.Add(time.Hour))
	if len(got) == 0 || !got[0].Start.Equal(end) || got[0].Raised.Sub(end) < 30*time.Minute {
		t.Errorf("after its end: %+v, want an alarm from %s on", got, end)
	}
}

// TestGoodsInARoomThatIsSwitchedOff: an alarm that names them, for as long as
// both are so, and only one of it.
func TestGoodsInARoomThatIsSwitchedOff(t *testing.T) {
	r := newRestRig(t)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	if _, err := r.db.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "HJQ-1"}, &batch.Custody{Zone: restRoom}); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(time.Hour)
	off, err := r.db.TakeOutOfUse(t.Context(), keeper, duty.Disuse{Zone: restRoom, Kind: duty.SwitchedOff, Until: r.now.Add(3 * time.Hour), Reason: "检修"})
	if err != nil {
		t.Fatal(err)
	}
	alarms := func() (out []state.Alarm) {
		list, err := r.db.Alarms(t.Context(), state.AlarmFilter{})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for range 3 {
		r.follow(t.Context())
	}
	list := alarms()
	if len(list) != 1 || list[0].Rule != duty.OffWithGoods || !list[0].State.Present() || list[0].Level != alerting.Excursion ||
		!list[0].Start.Equal(off.From) || !slices.Equal(list[0].Batches, []string{"HJQ-1"}) {
		t.Fatalf("%+v", list)
	}
	// Its limits hold on: the goods are there.
	if got := r.warm(r.now.Add(time.Hour)); len(got) == 0 {
		t.Error("goods in a room that is switched off warm up, and nothing rings")
	}
	r.now = off.Until // it ends by itself
	before := r.usage.uses(r.now.Add(-time.Second))
	r.look(t.Context(), before)
	if list = alarms(); list[0].State.Present() || !list[0].Returned.Equal(off.Until) {
		t.Errorf("after its end: %+v", list)
	}
}

// stubborn refuses limits so many times.
type stubborn struct {
	limiter
	told
	refuses int
}

func (s *stubborn) SetLimits(zone string, q sensors.Quantity, limits []alerting.Limit) error {
	if s.refuses > 0 {
		s.refuses--
		return errors.New("not now")
	}
	return s.limiter.SetLimits(zone, q, limits)
}

// TestWhatCouldNotBeFollowedIsTriedAgain: a booking stands, and its limits come
// with the next look if they could not be set at once.
func TestWhatCouldNotBeFollowedIsTriedAgain(t *testing.T) {
	r := newRestRig(t)
	r.hand(&stubborn{r.judge, told{}, 1})
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	if _, err := r.db.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "HJQ-1", Profile: "mutton-chilled"}, &batch.Custody{Zone: restRoom, Override: "解冻"}); err != nil {
		t.Fatal(err)
	}
	own := r.limitsOf(restRoom)
	r.follow(t.Context())
	if !r.isBehind() || !slices.Equal(r.limitsOf(restRoom), own) {
		t.Fatal("limits that were refused count as set")
	}
	r.look(t.Context(), nil)
	if r.isBehind() || slices.Equal(r.limitsOf(restRoom), own) {
		t.Errorf("after the next look: behind %v, limits %v", r.isBehind(), r.limitsOf(restRoom))
	}
}
