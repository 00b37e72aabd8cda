package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/sqlite"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

const (
	air   = sensors.PointID("balagong/mutton/air")
	floor = sensors.PointID("balagong/mutton/floor")
	day   = 24 * time.Hour
)

var (
	noon   = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	keeper = state.Actor{Kind: state.Person, ID: "qiqige"}
)

// engine is either of the two.
type engine interface {
	store.Store
	store.Rollups
	store.Deleter
}

// rig is a keeper on a real county.db and a real store.
type rig struct {
	t      *testing.T
	db     *state.DB
	store  engine
	broken func() error // asked before each delete and read
	k      *Keeper
	now    time.Time
	newest time.Time
	known  bool
}

func newRig(t *testing.T, s engine) *rig {
	t.Helper()
	r := &rig{t: t, store: s, now: noon, newest: noon, known: true, broken: func() error { return nil }}
	dir := t.TempDir()
	var err error
	r.db, err = state.Open(t.Context(), filepath.Join(dir, "county.db"), func() time.Time { return r.now })
	r.must(err)
	t.Cleanup(func() { r.must(r.db.Close()) })
	r.k, err = New(Options{
		County: "hangjin", State: r.db, Store: faulty{s, r}, Folder: filepath.Join(dir, "frozen"),
		Rules: map[sensors.PointID]Rule{
			air:   {Quantity: sensors.Temperature, Raw: 500 * day, Rollups: 700 * day},
			floor: {Quantity: sensors.Temperature},
		},
		Now: func() time.Time { return r.now }, Newest: func() (time.Time, bool) { return r.newest, r.known },
		Logger: slog.New(slog.DiscardHandler),
	})
	r.must(err)
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func embedded(t *testing.T) engine {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// faulty is a store that fails when it is told to.
type faulty struct {
	engine
	r *rig
}

func (f faulty) DeleteReadings(ctx context.Context, q store.Query) error {
	if err := f.r.broken(); err != nil {
		return err
	}
	return f.engine.DeleteReadings(ctx, q)
}

func (f faulty) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	if err := f.r.broken(); err != nil {
		return err
	}
	return f.engine.Read(ctx, q, yield)
}

// fill writes for each point one reading and one hour's rollup a day, of the
// last n days.
func (r *rig) fill(n int) {
	r.t.Helper()
	for _, p := range []sensors.PointID{air, floor} {
		var records []store.Record
		var rollups []store.Rollup
		for i := n; i >= 0; i-- {
			at := noon.Add(-time.Duration(i) * day)
			records = append(records, store.Record{Reading: sensors.NewGood(p, at, float64(i)), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: uint64(n - i + 1)})
			for _, w := range store.Widths() {
				rollups = append(rollups, store.Rollup{Point: p, Quantity: sensors.Temperature, Width: w, Start: at.Truncate(w), Count: 1, Values: 1, Good: 1, Min: float64(i), Max: float64(i), Sum: float64(i)})
			}
		}
		for part := range slices.Chunk(records, 500) {
			res, err := r.store.Write(r.t.Context(), part)
			if err != nil || len(res.Collisions)+len(res.Rejections) > 0 {
				r.t.Fatalf("%+v %v", res, err)
			}
		}
		r.must(r.store.WriteRollups(r.t.Context(), rollups))
	}
}

// ages lists the days whose reading, and whose rollup of a width, is there.
func (r *rig) ages(p sensors.PointID) (readings []int) {
	r.t.Helper()
	q := store.Query{Point: p, Quantity: sensors.Temperature, From: longAgo, To: noon.Add(10 * day)}
	r.must(r.store.Read(r.t.Context(), q, func(rec store.Record) bool {
		readings = append(readings, int(noon.Sub(rec.Time)/day))
		return true
	}))
	return readings
}

func (r *rig) rolled(p sensors.PointID, width time.Duration) (n int, oldest int) {
	r.t.Helper()
	q := store.RollupQuery{Point: p, Quantity: sensors.Temperature, Width: width, From: longAgo, To: noon.Add(10 * day)}
	r.must(r.store.ReadRollups(r.t.Context(), q, func(b store.Rollup) bool {
		if n == 0 {
			oldest = int(noon.Sub(b.Start) / day)
		}
		n++
		return true
	}))
	return n, oldest
}

func (r *rig) last() state.RetentionRun {
	r.t.Helper()
	run, _, err := r.db.LastRetention(r.t.Context())
	r.must(err)
	return run
}

func countdown(from, to int) (all []int) {
	for i := from; i >= to; i-- {
		all = append(all, i)
	}
	return all
}

// frozenDays is a range of whole days, the first that long ago.
func frozenDays(ago, n int) state.FrozenRange {
	from := noon.Add(-time.Duration(ago) * day).Truncate(day)
	return state.FrozenRange{Point: air, Quantity: sensors.Temperature, From: from, To: from.Add(time.Duration(n) * day)}
}

func TestWhatIsOldGoesAndWhatIsFrozenStays(t *testing.T) {
	r := newRig(t, embedded(t))
	r.fill(800)
	generation, err := r.store.Generation(t.Context())
	r.must(err)
	f, err := r.k.Freeze(t.Context(), keeper, "CC-1", []state.FrozenRange{frozenDays(602, 3), frozenDays(750, 1)})
	r.must(err)
	if f.Evidence == nil || f.Evidence.Readings != 4 {
		t.Fatalf("%+v", f.Evidence)
	}
	r.k.look(t.Context())
	want := slices.Concat([]int{750}, countdown(602, 600), countdown(500, 0))
	if got := r.ages(air); !slices.Equal(got, want) {
		t.Errorf("readings of the days %v\nwant %v", got, want)
	}
	if got := r.ages(floor); !slices.Equal(got, countdown(800, 0)) {
		t.Errorf("%d readings of a point that is kept for ever, want 801", len(got))
	}
	for _, w := range store.Widths() {
		if n, oldest := r.rolled(air, w); n != 702 || oldest != 750 {
			t.Errorf("%s: %d rollups, the oldest of %d days; want 701 and the frozen one of 750", w, n, oldest)
		}
	}
	run := r.last()
	if run.Failure != "" || run.Readings != 43 || run.Rollups == 0 || run.Ended.IsZero() || !run.Oldest.Equal(noon.Add(-500*day).Truncate(day)) {
		t.Errorf("%+v", run)
	}
	if g, err := r.store.Generation(t.Context()); err != nil || g != generation {
		t.Errorf("generation %s became %s, %v", generation, g, err)
	}
	// Once a day, and where it stopped.
	r.now, r.newest = noon.Add(23*time.Hour), noon.Add(23*time.Hour)
	r.k.look(t.Context())
	if again := r.last(); again != run {
		t.Errorf("it ran again within a day: %+v", again)
	}
	r.now, r.newest = noon.Add(25*time.Hour), noon.Add(25*time.Hour)
	r.k.look(t.Context())
	if again := r.last(); again.Readings != 1 || again.Failure != "" || len(r.ages(air)) != len(want)-1 {
		t.Errorf("%+v and %d readings a day later; want one piece and one less", again, len(r.ages(air)))
	}
}

func TestAClockThatJumpsRemovesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		now    time.Time
		newest time.Time
		known  bool
	}{
		{"the county's clock stands ten years ahead", noon.AddDate(10, 0, 0), noon.Add(-400 * day), true},
		{"a gateway's does", noon.Add(-400 * day), noon.AddDate(10, 0, 0), true},
		{"nobody knows the time", noon.AddDate(10, 0, 0), noon, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, embedded(t))
			r.fill(510)
			r.now, r.newest, r.known = c.now, c.newest, c.known
			r.k.look(t.Context())
			if got := r.ages(air); len(got) != 511 {
				t.Errorf("%d readings left, want all 511", len(got))
			}
		})
	}
}

func TestReadingsWaitUntilTheyAreRolledUp(t *testing.T) {
	r := newRig(t, embedded(t))
	r.fill(520)
	hour := noon.Add(-510 * day)
	r.must(r.db.MarkDirty(t.Context(), []state.DirtyRange{{Point: air, From: hour, To: hour.Add(time.Hour), Stamp: 1}}))
	r.k.look(t.Context())
	if got := r.ages(air); !slices.Contains(got, 510) {
		t.Error("a reading went before its hour was rolled up")
	}
	if run := r.last(); run.Waiting != 1 || run.Failure != "" {
		t.Errorf("%+v", run)
	}
	marks, err := r.db.DirtyOf(t.Context(), air, hour, hour.Add(time.Hour))
	r.must(err)
	r.must(r.db.ClearDirty(t.Context(), marks, nil))
	r.now, r.newest = noon.Add(25*time.Hour), noon
	r.k.look(t.Context())
	if got := r.ages(air); !slices.Equal(got, countdown(500, 0)) {
		t.Errorf("readings of the days %v", got)
	}
}

func TestABrokenRunGoesOnWhereItStopped(t *testing.T) {
	r := newRig(t, embedded(t))
	r.fill(800)
	pieces := 0
	r.broken = func() error {
		if pieces++; pieces > 10 {
			return fmt.Errorf("restarting: %w", store.ErrTemporary)
		}
		return nil
	}
	r.k.look(t.Context())
	left := len(r.ages(air))
	if run := r.last(); !strings.Contains(run.Failure, "restarting") || run.Readings == 0 || left == 801 || left == 501 {
		t.Errorf("%+v, %d readings left", run, left)
	}
	pieces = 0
	r.broken = func() error { pieces++; return nil }
	r.now = noon.Add(lookEvery) // not tomorrow
	r.k.look(t.Context())
	if run := r.last(); run.Failure != "" || !slices.Equal(r.ages(air), countdown(500, 0)) || pieces > 36 {
		t.Errorf("%+v, %d readings left after %d questions", run, len(r.ages(air)), pieces)
	}
}

func TestAFreezeWithoutAStoreIsCopiedLater(t *testing.T) {
	r := newRig(t, embedded(t))
	r.fill(620)
	r.broken = func() error { return fmt.Errorf("away: %w", store.ErrTemporary) }
	if _, err := r.k.Freeze(t.Context(), keeper, "CC-1", []state.FrozenRange{frozenDays(602, 3)}); !errors.Is(err, store.ErrTemporary) || !strings.Contains(err.Error(), "CC-1 is frozen and has no copy yet") {
		t.Fatalf("%v", err)
	}
	r.broken = func() error { return nil }
	r.k.look(t.Context())
	f, err := r.db.Frozen(t.Context(), "CC-1")
	r.must(err)
	r.must(Verify(r.k.o.Folder, f))
	if got := r.ages(air); !slices.Equal(got, slices.Concat(countdown(602, 600), countdown(500, 0))) {
		t.Errorf("readings of the days %v", got)
	}
	again, err := r.k.Freeze(t.Context(), keeper, "CC-1", []state.FrozenRange{frozenDays(602, 3)})
	if err != nil || string(again.Evidence.SHA256) != string(f.Evidence.SHA256) {
		t.Errorf("again: %+v, %v", again.Evidence, err)
	}
	if _, err := r.k.Freeze(t.Context(), keeper, "CC-1", []state.FrozenRange{frozenDays(600, 1)}); !errors.Is(err, state.ErrFrozenOtherwise) {
		t.Errorf("other ranges under the same number: %v", err)
	}
}

func TestRetentionOnInfluxDB(t *testing.T) {
	server := influxdtest.Start(t)
	server.CreateDatabase(t, "coldchain")
	s, err := influx.New(influx.Options{URL: server.URL, Bucket: "coldchain/autogen", County: "hangjin", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := newRig(t, s)
	r.fill(560)
	generation, err := s.Generation(t.Context())
	r.must(err)
	_, err = r.k.Freeze(t.Context(), keeper, "CC-1", []state.FrozenRange{frozenDays(540, 2)})
	r.must(err)
	r.k.look(t.Context())
	if run := r.last(); run.Failure != "" {
		t.Fatalf("%+v", run)
	}
	if got := r.ages(air); !slices.Equal(got, slices.Concat(countdown(540, 539), countdown(500, 0))) {
		t.Errorf("readings of the days %v", got)
	}
	if got := r.ages(floor); len(got) != 561 {
		t.Errorf("%d readings of a point that is kept for ever", len(got))
	}
	if n, _ := r.rolled(air, store.Hour); n != 561 {
		t.Errorf("%d rollups, want all", n)
	}
	if g, err := s.Generation(t.Context()); err != nil || g != generation {
		t.Errorf("generation %s became %s, %v", generation, g, err)
	}
	// What was delivered is still recognised, and a stranger still a stranger.
	known := store.Record{Reading: sensors.NewGood(air, noon.Add(-500*day), 500), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: 61}
	stranger := known
	stranger.Seq = 9999
	if res, err := s.Write(t.Context(), []store.Record{known, stranger}); err != nil || len(res.Collisions) != 1 || res.Collisions[0].Index != 1 {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestThawed(t *testing.T) {
	h := func(n int) time.Time { return noon.Truncate(day).Add(time.Duration(n) * time.Hour) }
	frozen := func(hours ...int) (out []state.FrozenRange) {
		for i := 0; i < len(hours); i += 2 {
			out = append(out, state.FrozenRange{From: h(hours[i]).Add(time.Minute), To: h(hours[i+1]).Add(-time.Minute)})
		}
		return out
	}
	for _, c := range []struct {
		name   string
		frozen []state.FrozenRange
		want   []int
	}{
		{"nothing is frozen", nil, []int{0, 24}},
		{"the middle", frozen(5, 6), []int{0, 5, 6, 24}},
		{"over the beginning", frozen(-3, 2), []int{2, 24}},
		{"over the end", frozen(20, 30), []int{0, 20}},
		{"all and more", frozen(-5, 30), nil},
		{"one in another", frozen(2, 10, 3, 4, 12, 13), []int{0, 2, 10, 12, 13, 24}},
		{"one beside another", frozen(2, 4, 4, 6), []int{0, 2, 6, 24}},
		{"two that overlap", frozen(2, 5, 4, 6), []int{0, 2, 6, 24}},
		{"beyond", frozen(-4, -2), []int{0, 24}},
	} {
		var got []int
		for _, s := range thawed(h(0), h(24), c.frozen) {
			got = append(got, int(s.From.Sub(h(0))/time.Hour), int(s.To.Sub(h(0))/time.Hour))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
