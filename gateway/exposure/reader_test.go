package exposure

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/sqlite"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

var errNoLot = errors.New("there is no such batch")

// county is what these tests know of one: its batches, its certificates.
type county struct {
	lots       map[string]Lot
	holes      []exposure.Hole
	calibrated map[sensors.PointID]time.Time
	told       map[string]state.ExposureVersion
	notes      int
}

func (c *county) Lot(_ context.Context, code string) (Lot, error) {
	l, ok := c.lots[code]
	if !ok {
		return l, errNoLot
	}
	return l, nil
}

func (c *county) Holes(context.Context, sensors.PointID, time.Time, time.Time) ([]exposure.Hole, error) {
	return c.holes, nil
}

func (c *county) CalibratedUntil(p sensors.PointID) (time.Time, bool) {
	until, ok := c.calibrated[p]
	return until, ok
}

func (c *county) ExposureVersion(_ context.Context, b string) (state.ExposureVersion, error) {
	return c.told[b], nil
}

func (c *county) NoteExposureVersion(_ context.Context, b string, before, now state.ExposureVersion) (state.ExposureVersion, error) {
	if !reflect.DeepEqual(c.told[b], before) {
		return c.told[b], nil
	}
	c.notes++
	c.told[b] = now
	return now, nil
}

// rig is a reader over a real store.
type rig struct {
	*testing.T
	*Reader
	county *county
	store  store.Store
	seq    uint64
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	return rigOver(t, s)
}

// newInfluxRig is newRig over a real InfluxDB.
func newInfluxRig(t *testing.T) *rig {
	t.Helper()
	server := influxdtest.Start(t)
	server.CreateDatabase(t, "coldchain")
	s, err := influx.New(influx.Options{URL: server.URL, Bucket: "coldchain/autogen", County: "hangjin", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return rigOver(t, s)
}

func rigOver(t *testing.T, s store.Store) *rig {
	t.Helper()
	t.Cleanup(func() { s.Close() })
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	c := &county{lots: map[string]Lot{}, calibrated: map[sensors.PointID]time.Time{}, told: map[string]state.ExposureVersion{}}
	zones := map[string]Zone{
		"s/room": {ID: "s/room", Kind: exposure.Store, Air: "s/room/air", Humidity: "s/room/rh", Switches: []Switch{{"s/room/door", sensors.Door, alerting.Mask{For: 15 * time.Minute, Above: 3}}}},
		"t/box":  {ID: "t/box", Kind: exposure.Truck, Air: "t/box/air", Probe: "t/box/core"},
		"v/shop": {ID: "v/shop", Kind: exposure.Store},
	}
	return &rig{T: t, county: c, store: s, Reader: &Reader{Readings: s, Source: c, Versions: c, Zones: zones, Profiles: set}}
}

func (r *rig) write(q sensors.Quantity, list ...sensors.Reading) {
	r.Helper()
	var records []store.Record
	for _, x := range list {
		r.seq++
		records = append(records, store.Record{Reading: x, Quantity: q, Gateway: "gw", Epoch: 1, Seq: r.seq})
	}
	res, err := r.store.Write(r.Context(), records)
	if err != nil || len(res.Collisions)+len(res.Rejections) > 0 {
		r.Fatal(err, res)
	}
}

// minutes writes a value each minute of from..to.
func (r *rig) minutes(p sensors.PointID, from, to int, c float64) {
	r.Helper()
	var list []sensors.Reading
	for m := from; m < to; m++ {
		list = append(list, sensors.NewGood(p, at(m), c))
	}
	r.write(sensors.Temperature, list...)
}

func (r *rig) exposure(code string, now time.Time) exposure.Batch {
	r.Helper()
	b, err := r.Batch(r.Context(), code, now)
	if err != nil {
		r.Fatal(err)
	}
	return b
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestABatchInAStoreThenOnATruck(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", -5, 60, 2)
	r.minutes("t/box/air", 50, 130, 9)
	r.minutes("t/box/core", 60, 120, 5)
	r.write(sensors.Humidity, sensors.NewGood("s/room/rh", at(0), 80), sensors.NewGood("s/room/rh", at(1), 90))
	r.county.lots["B"] = Lot{Code: "B", Profile: "mutton-chilled", Stays: []Stay{
		{Zone: "s/room", From: at(0), To: at(60)}, {Zone: "t/box", From: at(60)},
	}}
	b := r.exposure("B", at(130))
	if len(b.Intervals) != 2 || b.Version != 1 || !b.AsOf.Equal(at(130)) || b.Profile != "mutton-chilled" {
		t.Fatalf("%+v", b)
	}
	first, second := b.Intervals[0], b.Intervals[1]
	if first.Kind != exposure.Store || first.Basis != "air" || first.Point != "s/room/air" || first.Summary.Coverage != 1 || first.Summary.Points != 60 || first.Humidity == nil || first.Humidity.Points != 2 {
		t.Errorf("%+v", first)
	}
	if second.Kind != exposure.Truck || second.Basis != "product" || second.Point != "t/box/core" || second.Summary.Above.LimitC != 4 || second.Summary.Above.Seconds != 3540 || !second.To.Equal(at(130)) {
		t.Errorf("the goods' own probe goes before the air: %+v above %+v", second, second.Summary.Above)
	}
	if len(second.Summary.Gaps) != 1 || second.Summary.Gaps[0].Seconds != 660 || !near(b.Total.Coverage, 119.0/130) || !b.MonitoredUntil.Equal(at(119)) {
		t.Errorf("gaps %+v, coverage %v, until %s", second.Summary.Gaps, b.Total.Coverage, b.MonitoredUntil)
	}
	if b.Total.MKTC == nil || b.Total.Below == nil || b.Life == nil {
		t.Errorf("%+v", b.Total)
	}
}

func TestWhatIsLessThanPlainHasItsFlag(t *testing.T) {
	r := newRig(t)
	r.write(sensors.Temperature,
		sensors.NewGood("s/room/air", at(0), 2), sensors.NewUncertain("s/room/air", at(1), 2, sensors.FlatLine), sensors.NewGood("s/room/air", at(2), 2),
		sensors.NewBad("s/room/air", at(3), sensors.Timeout), sensors.NewGood("s/room/air", at(4), 2), sensors.NewGood("s/room/air", at(5), 2))
	r.write(sensors.Door, sensors.NewGood("s/room/door", at(1), 0), sensors.NewGood("s/room/door", at(2).Add(-time.Second), 1), sensors.NewGood("s/room/door", at(3), 1))
	r.county.calibrated["s/room/air"] = at(4)
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(6)}}}
	s := r.exposure("B", at(30)).Total
	if s.UncertainS != 60 || s.CalibrationExpiredS != 60 || s.MaskedS != 180 || !near(s.Coverage, 4.0/6) {
		t.Errorf("%+v", s)
	}
	if want := []exposure.Gap{{From: at(3), To: at(4), Seconds: 60, Cause: "timeout"}}; !reflect.DeepEqual(s.Gaps, want) {
		t.Errorf("%+v", s.Gaps)
	}
}

func TestAGapHasTheCauseThatTheCountyKnows(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", 0, 10, 2)
	r.minutes("s/room/air", 30, 40, 2)
	r.county.holes = []exposure.Hole{{From: at(10), To: at(29), Cause: "restart"}}
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(40)}}}
	s := r.exposure("B", at(60)).Total
	if want := []exposure.Gap{{From: at(9), To: at(30), Seconds: 1260, Cause: "restart"}}; !reflect.DeepEqual(s.Gaps, want) {
		t.Errorf("%+v", s.Gaps)
	}
}

func TestPlacesThatNobodyMeasuresAreSaidSo(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", 0, 60, 2)
	hand := []exposure.Hand{{At: at(65), ValueC: 4, Class: exposure.Manual, By: "bao", Method: "surface"}, {At: at(200), ValueC: 5}}
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{
		{Zone: "s/room", From: at(0), To: at(10)}, {Zone: "装车台", Kind: exposure.Unmonitored, From: at(10), To: at(70), Hand: hand},
		{Zone: "v/shop", From: at(70), To: at(80)}, {Zone: "s/room", From: at(100), To: at(110)},
	}}
	b := r.exposure("B", at(300))
	if len(b.Intervals) != 5 || b.UnmonitoredS != 3600+1200 || len(b.Intervals[1].Hand) != 1 {
		t.Fatalf("%+v", b.Intervals)
	}
	if g := b.Intervals[2].Summary.Gaps; len(g) != 1 || g[0].Cause != causeNoPoint {
		t.Errorf("a zone without a point: %+v", g)
	}
	if x := b.Intervals[3]; x.Kind != exposure.Unmonitored || x.Zone != "" || !x.From.Equal(at(80)) || !x.To.Equal(at(100)) {
		t.Errorf("in nobody's custody: %+v", x)
	}
}

// TestVersionsGrowByWhatChangesThePast and by nothing else.
func TestVersionsGrowByWhatChangesThePast(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", 0, 30, 2)
	r.minutes("s/room/air", 40, 60, 2)
	r.minutes("t/box/core", 0, 200, 5)
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(0)}}}
	want := func(what string, minute, version int) {
		t.Helper()
		if got := r.exposure("B", at(minute)).Version; got != version {
			t.Errorf("%s: version %d, want %d", what, got, version)
		}
	}
	want("the first", 60, 1)
	want("again", 60, 1)
	notes := r.county.notes
	want("again, and nothing to note", 60, 1)
	if r.county.notes != notes {
		t.Error("the same was noted again")
	}
	r.minutes("s/room/air", 60, 90, 2)
	want("time goes on", 90, 1)
	r.minutes("s/room/air", 90, 91, 2)
	r.write(sensors.Temperature, sensors.NewGood("s/room/air", at(84).Add(time.Second), 2)) // younger than what settles
	want("a reading that is a little late", 91, 1)
	r.write(sensors.Temperature, sensors.NewGood("s/room/air", at(35), 2))
	want("a late reading", 92, 2)
	want("told", 93, 2)
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(92)}, {Zone: "t/box", From: at(92)}}}
	want("moved now", 93, 2)
	want("and later", 120, 2)
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(50)}, {Zone: "t/box", From: at(50)}}}
	want("a corrected stay", 121, 3)
	want("told", 140, 3)
	want("the clock was set back", 100, 3)
	r.write(sensors.Temperature, sensors.NewGood("s/room/air", at(36), 2))
	want("a late reading cannot be told from it while it is back", 100, 3)
	want("and is afterwards", 140, 4)
}

func TestSplitAndMergeInherit(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", 0, 60, 9)
	r.minutes("t/box/core", 0, 60, 5)
	r.county.lots["A"] = Lot{Code: "A", Profile: "mutton-chilled", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(40)}}}
	r.county.lots["B"] = Lot{Code: "B", Profile: "mutton-chilled", Stays: []Stay{{Zone: "t/box", From: at(10)}}}
	r.county.lots["A1"] = Lot{Code: "A1", Profile: "mutton-chilled", Stays: []Stay{{Zone: "t/box", From: at(20)}},
		Parents: []batch.Link{{Parent: "A", Child: "A1", Relation: batch.Split, At: at(20)}}}
	r.county.lots["AB"] = Lot{Code: "AB", Profile: "mutton-chilled", Stays: []Stay{{Zone: "t/box", From: at(30)}},
		Parents: []batch.Link{{Parent: "A1", Child: "AB", Relation: batch.Merge, At: at(30)}, {Parent: "B", Child: "AB", Relation: batch.Merge, At: at(30)}, {Parent: "X", Child: "AB", Relation: batch.Aggregated, At: at(30)}}}
	b := r.exposure("A1", at(60))
	if len(b.Intervals) != 2 || !reflect.DeepEqual(b.Inherited, []string{"A"}) || b.Total.DurationS != 3600 || b.Total.Coverage != 1 || *b.Total.MaxC != 9 || !b.Intervals[0].To.Equal(at(20)) {
		t.Errorf("%+v", b)
	}
	b = r.exposure("AB", at(60))
	if len(b.Intervals) != 4 || !reflect.DeepEqual(b.Inherited, []string{"A", "A1", "B"}) || *b.Total.MaxC != 9 || b.Total.Above.Seconds != 3600 {
		t.Errorf("%d intervals, %v, %+v", len(b.Intervals), b.Inherited, b.Total)
	}
	// A late reading of a grandparent is a new version of the grandchild.
	r.write(sensors.Temperature, sensors.NewGood("s/room/air", at(5).Add(time.Second), 2))
	if v := r.exposure("AB", at(61)).Version; v != 2 {
		t.Errorf("version %d", v)
	}
	// One that comes out of itself has no past.
	l := r.county.lots["A"]
	l.Parents = []batch.Link{{Parent: "AB", Child: "A", Relation: batch.Merge, At: at(1)}}
	r.county.lots["A"] = l
	r.county.lots["AB"] = Lot{Code: "AB", Parents: []batch.Link{{Parent: "A", Child: "AB", Relation: batch.Split, At: at(40)}}}
	if _, err := r.Batch(t.Context(), "AB", at(60)); err == nil || !strings.Contains(err.Error(), "comes from itself") {
		t.Errorf("a ring of batches: %v", err)
	}
	// Each of ten generations was merged of the same two: two to the tenth ways.
	r.county.lots["G0"] = Lot{Code: "G0"}
	for i := range 10 {
		child, parent := fmt.Sprintf("G%d", i+1), fmt.Sprintf("G%d", i)
		r.county.lots[child] = Lot{Code: child, Parents: []batch.Link{{Parent: parent, Child: child, Relation: batch.Merge, At: at(2 * i)}, {Parent: parent, Child: child, Relation: batch.Merge, At: at(2*i + 1)}}}
	}
	if _, err := r.Batch(t.Context(), "G10", at(60)); err == nil || !strings.Contains(err.Error(), "more than 100 batches") {
		t.Errorf("too many ways: %v", err)
	}
}

func TestThePastOfTheFutureAndOfNothing(t *testing.T) {
	r := newRig(t)
	if _, err := r.Batch(t.Context(), "nobody", at(0)); !errors.Is(err, errNoLot) {
		t.Errorf("got %v", err)
	}
	r.county.lots["B"] = Lot{Code: "B", Stays: []Stay{{Zone: "s/room", From: at(5)}}}
	if b := r.exposure("B", at(0)); len(b.Intervals) != 0 || b.Version != 1 {
		t.Errorf("%+v", b)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Batch(canceled, "B", at(10)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestTheSameGivesTheSame: whoever works it out again gets it to the last bit.
func TestTheSameGivesTheSame(t *testing.T) {
	r := newRig(t)
	for m := range 500 {
		r.minutes("s/room/air", m, m+1, 2+3*math.Sin(float64(m)/7))
	}
	r.county.lots["B"] = Lot{Code: "B", Profile: "mutton-chilled", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(500)}}}
	a, b := r.exposure("B", at(600)), r.exposure("B", at(600))
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
}

// A zone's stretch says what a stay of goods there would, by the limits asked
// for.
func TestAZoneOfAStretch(t *testing.T) {
	r := newRig(t)
	r.minutes("s/room/air", 0, 60, 2)
	r.minutes("s/room/air", 60, 90, 9)
	high := 8.0
	got, err := r.Zone(t.Context(), "s/room", at(30), at(120), exposure.Limits{High: &high}, nil, at(100))
	if err != nil {
		t.Fatal(err)
	}
	s := got.Summary
	if s.DurationS != 4200 || *s.MaxC != 9 || *s.MinC != 2 || s.Above.Seconds != 29*60 || s.Below != nil || len(s.Gaps) != 1 || s.MKTC == nil {
		t.Errorf("%+v, above %+v", s, s.Above)
	}
	cold := -12.0
	if got, err = r.Zone(t.Context(), "s/room", at(30), at(60), exposure.Limits{High: &cold}, nil, at(100)); err != nil || got.Summary.MKTC != nil {
		t.Errorf("a mean kinetic temperature of a frozen box: %+v, %v", got.Summary.MKTC, err)
	}
	if got, err = r.Zone(t.Context(), "s/room", at(130), at(140), exposure.Limits{}, nil, at(100)); err != nil || got.Summary.DurationS != 0 {
		t.Errorf("of a time that has not come: %+v, %v", got, err)
	}
}
