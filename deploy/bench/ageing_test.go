//go:build bench

package bench

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/alerting/ageing"
	"coldchain/alerting/profile"
	exposing "coldchain/gateway/exposure"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

// TestAgeOfBatches: a look at how 1,000 and 10,000 batches of one room grow old:
// the first, which reads a month of minutes, and those that follow every ten
// minutes. With what county.db says of them and the judging of each.
func TestAgeOfBatches(t *testing.T) {
	for _, lots := range []int{1000, 10_000} {
		db, s, now := oldCounty(t, lots)
		set, err := profile.Builtin()
		if err != nil {
			t.Fatal(err)
		}
		const room = "balagong/mutton"
		curves := exposing.NewCurves(&exposing.Reader{Readings: s, Profiles: set, Zones: map[string]exposing.Zone{room: {ID: room, Air: room + "/air"}}})
		look := func() (all, judging time.Duration) {
			began := time.Now()
			held, err := db.Ageing(t.Context())
			if err != nil || len(held) != lots {
				t.Fatal(len(held), err)
			}
			if behind, err := curves.Round(t.Context(), now, held); err != nil || behind {
				t.Fatal(behind, err)
			}
			asked := time.Now()
			for _, l := range held {
				u, ok := curves.Used(l, now)
				if !ok || u.Used <= 0 {
					t.Fatalf("%s: %+v", l.ID, u)
				}
				m := curves.Model(l.Profile)
				life := m.Life(u)
				c, _ := curves.PresentC(room, l.Profile)
				ageing.Judge(now, ageing.Goods{Batch: l.ID, Zone: room, Life: &life, Model: m, AlarmAt: 0.7, PresentC: &c}, nil)
			}
			return time.Since(began), time.Since(asked)
		}
		first, _ := look()
		var took, judged []time.Duration
		for range 5 {
			from := now
			now = now.Add(10 * time.Minute)
			minutes(t, s, room+"/air", from, now)
			all, judging := look()
			took, judged = append(took, all), append(judged, judging)
		}
		slices.Sort(took)
		slices.Sort(judged)
		fmt.Printf("age | %d batches in one room, embedded store: the first look, over 30 days of minutes, %.0f ms; one every ten minutes after that %.0f ms (median of 5), %.0f ms of it judging\n",
			lots, first.Seconds()*1000, took[2].Seconds()*1000, judged[2].Seconds()*1000)
	}
}

// oldCounty holds so many batches, for a month.
func oldCounty(t *testing.T, lots int) (*state.DB, *sqlite.Store, time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	begin := now.AddDate(0, 0, -30)
	folder := t.TempDir()
	db, err := state.Open(t.Context(), filepath.Join(folder, "county.db"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	fillLots(t, filepath.Join(folder, "county.db"), lots, begin)
	s, err := sqlite.Open(t.Context(), filepath.Join(folder, "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	minutes(t, s, "balagong/mutton/air", begin, now)
	return db, s, now
}

func minutes(t *testing.T, s *sqlite.Store, p sensors.PointID, from, to time.Time) {
	t.Helper()
	var records []store.Record
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		records = append(records, store.Record{Reading: sensors.NewGood(p, at, 2+float64(at.Minute())/30), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: uint64(at.Unix())})
	}
	if _, err := s.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}
