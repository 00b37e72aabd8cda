package county

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/profile"
	"coldchain/gateway/config"
	exposing "coldchain/gateway/exposure"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

// oldRig is a county whose batches grow old under a clock that can be set, over
// county.db and the embedded store.
type oldRig struct {
	*testing.T
	*ageings
	db     *state.DB
	store  *sqlite.Store
	now    time.Time
	seq    uint64
	key    int
	told   []string // alarms that changed
	reader *exposing.Reader
}

var oldKeeper = state.Actor{Kind: state.Person, ID: "qiqige"}

const (
	oldRoom  = "balagong/mutton"
	oldPoint = sensors.PointID("balagong/mutton/air")
	oldBatch = "HJQ261123-TLG-007"
)

func newOldRig(t *testing.T) *oldRig {
	t.Helper()
	r := &oldRig{T: t, now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return r.now }
	var err error
	if r.db, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.db.Close() })
	if r.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.store.Close() })
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	r.reader = &exposing.Reader{Readings: r.store, Profiles: set, Zones: map[string]exposing.Zone{
		oldRoom: {ID: oldRoom, Air: oldPoint}, "truck-1/box": {ID: "truck-1/box", Air: "truck-1/box/air"}}}
	r.restart()
	return r
}

// restart is a new process over the same files.
func (r *oldRig) restart() {
	r.ageings = newAgeings(r.reader, r.db, func() time.Time { return r.now }, slog.New(slog.DiscardHandler))
	r.ageings.alarms = func(list []state.Alarm) {
		for _, a := range list {
			r.told = append(r.told, a.ID)
		}
	}
}

// lasts has time go on, with a reading a minute in every room; NaN: none.
func (r *oldRig) lasts(d time.Duration, celsius float64) {
	r.Helper()
	end := r.now.Add(d)
	if !math.IsNaN(celsius) {
		r.writes(r.now, end, celsius)
	}
	r.now = end
}

func (r *oldRig) writes(from, to time.Time, celsius float64) {
	r.Helper()
	var records []store.Record
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		for _, p := range []sensors.PointID{oldPoint, "truck-1/box/air"} {
			r.seq++
			records = append(records, store.Record{Reading: sensors.NewGood(p, at, celsius), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: r.seq})
		}
	}
	if _, err := r.store.Write(r.Context(), records); err != nil {
		r.Fatal(err)
	}
	r.judged(records, r.now)
}

func (r *oldRig) once() state.IdempotencyKey {
	r.key++
	return state.IdempotencyKey("k" + time.Duration(r.key).String())
}

func (r *oldRig) book(id string, deliver time.Time) {
	r.Helper()
	b := batch.Batch{ID: id, Product: "羊肉", Profile: "mutton-chilled", Quantity: "240 kg", Created: r.now}
	if _, err := r.db.CreateBatch(r.Context(), oldKeeper, r.once(), b, &batch.Custody{Zone: oldRoom}); err != nil {
		r.Fatal(err)
	}
	r.deliver(id, deliver)
}

func (r *oldRig) deliver(id string, by time.Time) {
	r.Helper()
	if err := r.db.Describe(r.Context(), oldKeeper, r.once(), id, batch.Details{DeliverBy: by}); err != nil {
		r.Fatal(err)
	}
}

// looks looks once and returns the newest alarm of the batch.
func (r *oldRig) looks() (a state.Alarm, there bool) {
	r.Helper()
	r.told = nil
	if behind, err := r.look(r.Context()); err != nil || behind {
		r.Fatal(behind, err)
	}
	list, err := r.db.Alarms(r.Context(), state.AlarmFilter{Batch: oldBatch})
	if err != nil {
		r.Fatal(err)
	}
	list = slices.DeleteFunc(list, func(a state.Alarm) bool { return a.Rule != alerting.Spoilage })
	if len(list) == 0 {
		return a, false
	}
	return slices.MaxFunc(list, func(x, y state.Alarm) int { return x.Start.Compare(y.Start) }), true
}

// TestABatchGrowsOld: 14.5 days at 0 °C, told at 70 % of them.
func TestABatchGrowsOld(t *testing.T) {
	r := newOldRig(t)
	began := r.now
	r.book(oldBatch, time.Time{})
	r.book("ANOTHER", time.Time{})
	r.lasts(10*24*time.Hour, 0)
	if a, there := r.looks(); there {
		t.Fatalf("after 10 of 10.15 days: %+v", a)
	}
	o, ok := r.Outlook(oldBatch)
	if !ok || o.Used < 0.68 || o.Used >= 0.7 || *o.PresentC != 0 || *o.RemainingDays < 4.4 || *o.RemainingDays > 4.6 {
		t.Errorf("%+v", o)
	}
	r.lasts(6*time.Hour, 0)
	a, there := r.looks()
	if !there || a.Reason != "share-used" || a.Level != alerting.Warning || a.State != alerting.Unacknowledged || !slices.Equal(a.Batches, []string{oldBatch}) || a.Zone != oldRoom || len(r.told) != 2 {
		t.Fatalf("%v %+v, told of %d", there, a, len(r.told))
	}
	crossed := began.Add(time.Duration(0.7 * 14.5 * 24 * float64(time.Hour)))
	if a.Start.Sub(crossed).Abs() > 10*time.Minute {
		t.Errorf("the share was used at %s, and the alarm begins at %s", crossed, a.Start)
	}
	// A restart tells nobody again.
	first := a.ID
	r.restart()
	if a, _ := r.looks(); a.ID != first || len(r.told) != 0 {
		t.Errorf("after a restart: %+v, told of %d", a, len(r.told))
	}
	if again, ok := r.Outlook(oldBatch); !ok || again.Used < 0.7 {
		t.Errorf("%+v", again)
	}
	// It goes to a truck, and the alarm with it.
	if _, err := r.db.MoveBatch(t.Context(), oldKeeper, r.once(), state.MoveRequest{Batch: oldBatch, ToZone: "truck-1/box", At: r.now}); err != nil {
		t.Fatal(err)
	}
	r.lasts(5*24*time.Hour, 0)
	if a, _ := r.looks(); a.ID != first || a.Zone != "truck-1/box" || a.Level != alerting.Excursion || a.Reason != "life-used" || !slices.Equal(a.Batches, []string{oldBatch}) {
		t.Errorf("%+v", a)
	}
	// It leaves: that is over when it left, also to a county that looks later.
	left := r.now
	if _, err := r.db.MoveBatch(t.Context(), oldKeeper, r.once(), state.MoveRequest{Batch: oldBatch, At: r.now}); err != nil {
		t.Fatal(err)
	}
	r.lasts(time.Hour, 0)
	if a, _ := r.looks(); !a.Returned.Equal(left) || a.State != alerting.ReturnedUnacknowledged {
		t.Errorf("%+v", a)
	}
	if _, known := r.Outlook(oldBatch); known {
		t.Error("something is said of a batch that has left")
	}
	if open, err := r.db.SpoilageAlarms(t.Context()); err != nil || len(open) != 1 { // ANOTHER is still there
		t.Errorf("%v, %v", open, err)
	}
	if _, err := r.db.GiveVerdict(t.Context(), state.Actor{Kind: state.Person, ID: "shen"}, r.once(), batch.Verdict{Batch: "ANOTHER", Decision: batch.Rejected, Reason: "变质"}, batch.DefaultRule(), batch.Evidence{}); err != nil {
		t.Fatal(err)
	}
	r.looks()
	if open, err := r.db.SpoilageAlarms(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("rejected, and still %v, %v", open, err)
	}
}

// TestABatchThatWillNotKeepUntilItsDelivery: at the temperature that it has now;
// cold again, it does.
func TestABatchThatWillNotKeepUntilItsDelivery(t *testing.T) {
	r := newOldRig(t)
	r.book(oldBatch, r.now.Add(9*24*time.Hour))
	r.lasts(3*time.Hour, 0)
	if a, there := r.looks(); there {
		t.Fatalf("%+v", a)
	}
	r.lasts(2*time.Hour, 8)
	a, there := r.looks()
	if !there || a.Reason != "late-for-delivery" || a.Level != alerting.Warning || !a.Start.Equal(r.now) {
		t.Fatalf("%v %+v", there, a)
	}
	o, _ := r.Outlook(oldBatch)
	if math.Abs(*o.PresentC-8) > 1e-9 || *o.RemainingDays > 9 || o.Deliver.IsZero() {
		t.Errorf("%+v", o)
	}
	r.lasts(2*time.Hour, math.NaN()) // nobody knows how warm it is: it goes on
	if a, _ := r.looks(); !a.Returned.IsZero() || a.Reason != "late-for-delivery" {
		t.Errorf("%+v", a)
	}
	r.lasts(2*time.Hour, 0)
	if a, _ := r.looks(); a.Returned.IsZero() {
		t.Errorf("cold again: %+v", a)
	}
	if o, _ := r.Outlook(oldBatch); o.UsedMax <= o.Used {
		t.Errorf("two hours are missing, and nothing is said of them: %+v", o)
	}
}

// TestLateReadingsAreJudged: a backlog says that it was warm.
func TestLateReadingsAreJudged(t *testing.T) {
	r := newOldRig(t)
	r.book(oldBatch, time.Time{})
	r.lasts(6*24*time.Hour, 0)
	gap := r.now
	r.lasts(24*time.Hour, math.NaN())
	r.lasts(time.Hour, 0)
	if a, there := r.looks(); there {
		t.Fatalf("%+v", a)
	}
	before, _ := r.Outlook(oldBatch)
	r.writes(gap, gap.Add(24*time.Hour), 15)
	a, there := r.looks()
	if o, _ := r.Outlook(oldBatch); !there || a.Reason != "share-used" || o.Used < before.Used+0.2 || a.Start.Before(gap) || a.Start.After(gap.Add(24*time.Hour)) {
		t.Errorf("%v %+v; used %.3f, before that %.3f", there, a, o.Used, before.Used)
	}
}

// TestAStoreThatIsAwayEndsNothing: and what is closed meanwhile is over.
func TestAStoreThatIsAwayEndsNothing(t *testing.T) {
	r := newOldRig(t)
	r.book(oldBatch, time.Time{})
	r.lasts(11*24*time.Hour, 0)
	if _, there := r.looks(); !there {
		t.Fatal("no alarm")
	}
	r.reader.Readings = away{}
	r.restart()
	r.now = r.now.Add(time.Hour)
	if _, err := r.look(t.Context()); err == nil {
		t.Error("a store that is away is no error")
	}
	open, err := r.db.SpoilageAlarms(t.Context())
	if err != nil || len(open) != 1 {
		t.Errorf("%v, %v", open, err)
	}
	if err := r.db.CloseBatch(t.Context(), oldKeeper, r.once(), oldBatch, r.now, "卖完"); err != nil {
		t.Fatal(err)
	}
	_, _ = r.look(t.Context()) // the store is still away
	if open, err := r.db.SpoilageAlarms(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("%v, %v", open, err)
	}
}

type away struct{}

func (away) Read(context.Context, store.Query, func(store.Record) bool) error {
	return store.ErrTemporary
}

// TestTheAPISaysHowABatchGrowsOld: through the whole county, from a list's day of
// delivery to the alarm on the page.
func TestTheAPISaysHowABatchGrowsOld(t *testing.T) {
	cfg := settings(t, config.Influx{})
	cfg.Sites[0].Zones[0] = config.Zone{ID: "mutton", Kind: config.Chilled, Points: map[string]string{"air": "temperature"}}
	cfg.ApplyDefaults()
	app, err := New(t.Context(), cfg, Options{Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c := &county{t, app}
	now := time.Now().UTC().Truncate(time.Minute)
	from := now.Add(-9 * 24 * time.Hour)
	if _, err := app.State().CreateBatch(t.Context(), oldKeeper, "k", batch.Batch{ID: oldBatch, Product: "羊肉", Profile: "mutton-chilled", Created: from}, &batch.Custody{Zone: oldRoom}); err != nil {
		t.Fatal(err)
	}
	if err := app.State().Describe(t.Context(), oldKeeper, "d", oldBatch, batch.Details{DeliverBy: now.AddDate(0, 0, 30)}); err != nil {
		t.Fatal(err)
	}
	var records []store.Record
	for at := from; at.Before(now); at = at.Add(time.Minute) {
		records = append(records, store.Record{Reading: sensors.NewGood(oldPoint, at, 4), Quantity: sensors.Temperature, Gateway: "balagong-gw", Epoch: 1, Seq: uint64(len(records) + 1)})
	}
	if _, err := app.Store().Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- app.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-done, app.Close()); err != nil {
			t.Error(err)
		}
	})
	var alarm map[string]any
	await(t, "the alarm", func() bool {
		_, got := c.get("/api/v1/alarms?batch=" + oldBatch)
		for _, a := range got["alarms"].([]any) {
			if a := a.(map[string]any); a["rule"] == "spoilage" {
				alarm = a
			}
		}
		return alarm != nil
	})
	ages := alarm["ages"].(map[string]any)
	if alarm["zone"] != oldRoom || alarm["unit"] != "%" || alarm["batches"].([]any)[0].(map[string]any)["id"] != oldBatch || alarm["todo"] == nil {
		t.Errorf("%v", alarm)
	}
	if ages["present_c"] != 4.0 || ages["life_used"].(float64) < 0.7 || ages["deliver_by"] == nil || ages["remaining_days"] == nil {
		t.Errorf("%v", ages)
	}
	_, got := c.get("/api/v1/batches/" + oldBatch)
	if again, ok := got["batch"].(map[string]any)["ages"].(map[string]any); !ok || again["life_used"] != ages["life_used"] {
		t.Errorf("%v", got)
	}
	// What it says is what the exposure says.
	_, whole := c.get("/api/v1/batches/" + oldBatch + "/exposure")
	if life := whole["life"].(map[string]any); math.Abs(life["life_used"].(float64)-ages["life_used"].(float64)) > 0.002 {
		t.Errorf("%v used, and the exposure says %v", ages["life_used"], life["life_used"])
	}
}

// TestASiteIsNotToldOfAnswersAboutAge: it does not judge how old goods are, and
// would not know what a batch is.
func TestASiteIsNotToldOfAnswersAboutAge(t *testing.T) {
	r := newUseRig(t)
	start := time.Now().Add(-time.Hour)
	a := alerting.Alarm{ID: alerting.AlarmID(alerting.Spoilage, oldBatch, start), Rule: alerting.Spoilage, Object: "centre/mutton/" + oldBatch, Zone: "centre/mutton", Level: alerting.Warning, Class: alerting.Live,
		State: alerting.Unacknowledged, Reason: "share-used", Start: start, Raised: start, LastSeen: start, Limit: 70, Peak: 71, LastValue: 71, HasValue: true}
	if _, err := r.app.State().Apply(t.Context(), ageingActor, []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: start}}); err != nil {
		t.Fatal(err)
	}
	if status, got := r.send("POST", "/api/v1/alarms/"+a.ID+"/acknowledge", map[string]any{"actor": "其其格"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	told, err := r.app.office.answered(t.Context())
	if err != nil || len(told) != 0 {
		t.Errorf("%v, %v", told, err)
	}
}
