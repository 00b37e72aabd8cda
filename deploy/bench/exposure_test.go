//go:build bench

package bench

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	exposing "coldchain/gateway/exposure"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/sqlite"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/sensors"
)

const (
	exposureGoal = 150 * time.Millisecond
	lotsGoal     = 50 * time.Millisecond
	// exposureInfluxGoal is what a person waits for without looking away.
	exposureInfluxGoal = time.Second
)

// threeZones is the county of one batch that lay a month in each of three
// rooms.
type threeZones struct{ begin time.Time }

func (z threeZones) Lot(_ context.Context, code string) (exposing.Lot, error) {
	l := exposing.Lot{Code: code, Profile: "mutton-chilled"}
	for i := range 3 {
		l.Stays = append(l.Stays, exposing.Stay{Zone: fmt.Sprintf("balagong/room-%d", i), From: z.begin.AddDate(0, 0, 30*i), To: z.begin.AddDate(0, 0, 30*(i+1))})
	}
	return l, nil
}

func (z threeZones) Holes(context.Context, sensors.PointID, time.Time, time.Time) ([]exposure.Hole, error) {
	return []exposure.Hole{{From: z.begin.Add(time.Hour), To: z.begin.Add(2 * time.Hour), Cause: "restart"}}, nil
}

func (threeZones) CalibratedUntil(sensors.PointID) (time.Time, bool) { return time.Time{}, false }

// growth stands for a growth model: one exponential for each temperature that
// differs from the one before (ground meat in air, 69.3 kJ/mol; no product's).
type growth struct{}

func (growth) Rate(c float64) (float64, error) {
	if c < -2 || c > 20 {
		return 0, fmt.Errorf("valid from -2 to 20 °C")
	}
	return 0.056 / 9.21 * math.Exp(-69300/8.314*(1/(c+273.15)-1/273.15)), nil
}

// TestExposureOfABatch: three months of minutes in three rooms, with every
// statistic and a growth model, from the embedded store, with the digest that
// versions need. Each room has readings of all three months.
func TestExposureOfABatch(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exposureOf(t, s, "the embedded store", 9, exposureGoal)
}

// TestExposureFromInfluxDB: the same from a real server.
func TestExposureFromInfluxDB(t *testing.T) {
	server := influxdtest.Start(t)
	server.CreateDatabase(t, "bench")
	s, err := influx.New(influx.Options{URL: server.URL, Bucket: "bench/autogen", County: "hangjin", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := cpuOf(t, server.Pid())
	exposureOf(t, s, "InfluxDB 1.8", 3, exposureInfluxGoal)
	fmt.Printf("exposure | InfluxDB meanwhile, with taking the readings in: %.1f s of processor time\n", (cpuOf(t, server.Pid()) - before).Seconds())
}

// exposureOf fills a store and works the exposure out several times.
func exposureOf(t *testing.T, s store.Store, name string, times int, goal time.Duration) {
	t.Helper()
	end := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	begin := end.AddDate(0, 0, -90)
	zones := map[string]exposing.Zone{}
	n := 0
	for i := range 3 {
		z := fmt.Sprintf("balagong/room-%d", i)
		p := sensors.PointID(z + "/air")
		zones[z] = exposing.Zone{ID: z, Kind: exposure.Store, Air: p}
		var records []store.Record
		for at := begin; at.Before(end); at = at.Add(time.Minute) {
			n++
			v := math.Round((2+2.5*math.Sin(float64(n)/40))*100) / 100
			records = append(records, store.Record{Reading: sensors.NewGood(p, at, v), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: uint64(n)})
			if len(records) == 10_000 || !at.Add(time.Minute).Before(end) {
				if _, err := s.Write(t.Context(), records); err != nil {
					t.Fatal(err)
				}
				records = records[:0]
			}
		}
	}
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	told := versions{}
	r := &exposing.Reader{Readings: s, Source: threeZones{begin}, Versions: told, Zones: zones, Profiles: set,
		Model: func(profile.Profile) *exposure.Model {
			return &exposure.Model{Name: "growth", Ager: growth{}, ReferenceC: 4}
		}}
	var took, worked []time.Duration
	for range times {
		began, cpu := time.Now(), processorTime(t)
		b, err := r.Batch(t.Context(), "B", end.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		took, worked = append(took, time.Since(began)), append(worked, processorTime(t)-cpu)
		if b.Total.Points != 90*24*60 || b.Total.Coverage != 1 || b.Total.MKTC == nil || b.Total.Above.Events < 100 || b.Life == nil || b.Life.Used <= 0 || b.Life.RemainingDays == nil {
			t.Fatalf("%+v %+v", b.Total, b.Life)
		}
	}
	slices.Sort(took)
	slices.Sort(worked)
	fmt.Printf("exposure | 3 zones, 90 days of minutes, %d of %d readings, all statistics and a growth model, %s: %.0f ms (median of %d), %.0f ms of processor time; aim %.0f ms\n",
		90*24*60, n, name, took[times/2].Seconds()*1000, times, worked[times/2].Seconds()*1000, goal.Seconds()*1000)
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// versions remembers in memory.
type versions map[string]state.ExposureVersion

func (v versions) ExposureVersion(_ context.Context, b string) (state.ExposureVersion, error) {
	return v[b], nil
}

func (v versions) NoteExposureVersion(_ context.Context, b string, _, now state.ExposureVersion) (state.ExposureVersion, error) {
	v[b] = now
	return now, nil
}

// TestTenThousandBatches: an alarm of a zone that holds ten thousand batches
// names them all.
func TestTenThousandBatches(t *testing.T) {
	const lots = 10_000
	noon := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	path := filepath.Join(t.TempDir(), "county.db")
	db, err := state.Open(t.Context(), path, func() time.Time { return noon.Add(time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fillLots(t, path, lots, noon.Add(-time.Hour))
	a := alerting.Alarm{ID: alerting.AlarmID(alerting.HighLimit, "balagong/mutton/air", noon), Rule: alerting.HighLimit, Object: "balagong/mutton/air", Zone: "balagong/mutton",
		Level: alerting.Excursion, Class: alerting.Live, State: alerting.Unacknowledged, Start: noon, Raised: noon.Add(time.Minute), LastSeen: noon.Add(time.Minute), HasValue: true, Limit: 4, Peak: 9, LastValue: 9}
	if _, err := db.Apply(t.Context(), state.Actor{Kind: state.System, ID: "engine"}, []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: a.Raised}}); err != nil {
		t.Fatal(err)
	}
	var took, worked []time.Duration
	for range 9 {
		began, cpu := time.Now(), processorTime(t)
		got, err := db.Alarm(t.Context(), a.ID)
		if err != nil {
			t.Fatal(err)
		}
		took, worked = append(took, time.Since(began)), append(worked, processorTime(t)-cpu)
		if len(got.Batches) != lots {
			t.Fatalf("%d batches", len(got.Batches))
		}
	}
	slices.Sort(took)
	slices.Sort(worked)
	fmt.Printf("batches | an alarm of a zone lists its %d batches: %.0f ms (median of 9), %.0f ms of processor time; aim %.0f ms\n",
		lots, took[4].Seconds()*1000, worked[4].Seconds()*1000, lotsGoal.Seconds()*1000)
}

// fillLots writes batches past the audit, which would take a commit for each.
func fillLots(t *testing.T, path string, lots int, since time.Time) {
	t.Helper()
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	tx, err := raw.Begin()
	if err != nil {
		t.Fatal(err)
	}
	for i := range lots {
		id := fmt.Sprintf("HJQ261123-TLG-%05d", i)
		if _, err := tx.Exec("INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES (?, '塔拉沟山羊肉', 'mutton-chilled', '24 kg', '', ?)", id, since.UnixMilli()); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO custody (batch, zone, from_ms, to_ms, override, mark) VALUES (?, 'balagong/mutton', ?, NULL, '', '')", id, since.UnixMilli()); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
