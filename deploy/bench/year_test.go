//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/gateway/store/influx"
	"coldchain/gateway/store/sqlite"
	"coldchain/gateway/store/storetest/influxdtest"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/sensors"
)

const (
	yearPoint = sensors.PointID("balagong/mutton-1/air")
	yearGoal  = 200 * time.Millisecond
)

// yearStore is an engine whose rollups are all right.
type yearStore interface {
	store.Store
	store.Rollups
}

type noneStale struct{ store.Rollups }

func (noneStale) Stale(context.Context, sensors.PointID, time.Time, time.Time) ([]store.Stretch, error) {
	return nil, nil
}

// TestYear: a year of one-minute readings of one zone as the page asks for it,
// through the server's handler, from both engines; and the one minute of
// excursion in it is seen.
func TestYear(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
		if err != nil {
			t.Fatal(err)
		}
		year(t, "embedded", s)
	})
	t.Run("influxdb", func(t *testing.T) {
		server := influxdtest.Start(t)
		server.CreateDatabase(t, "year")
		s, err := influx.New(influx.Options{URL: server.URL, Bucket: "year/autogen", County: "bench", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		year(t, "influxdb", s)
	})
}

func year(t *testing.T, name string, s yearStore) {
	defer s.Close()
	end := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	begin := end.AddDate(-1, 0, 0)
	var rollups []store.Rollup
	roller := store.NewRoller(yearPoint, sensors.Temperature, begin, func(r store.Rollup) { rollups = append(rollups, r) })
	var records []store.Record
	n := 0
	for at := begin; at.Before(end); at = at.Add(time.Minute) {
		n++
		v := math.Round((-18+2*math.Sin(float64(n)/700))*100) / 100
		if n == 300_000 {
			v = 9.75
		}
		r := store.Record{Reading: sensors.NewGood(yearPoint, at, v), Quantity: sensors.Temperature, Gateway: "gw-balagong", Epoch: 1, Seq: uint64(n)}
		roller.Add(r.Reading)
		if records = append(records, r); len(records) == 10_000 {
			if _, err := s.Write(t.Context(), records); err != nil {
				t.Fatal(err)
			}
			records = records[:0]
		}
	}
	roller.Finish(end)
	if _, err := s.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteRollups(t.Context(), rollups); err != nil {
		t.Fatal(err)
	}
	fast := yearChart(t, s, noneStale{s}, begin, end)
	slow := yearChart(t, s, nil, begin, end)
	fmt.Printf("year | %s | %d readings in 800 buckets: %.0f ms from rollups (median of 9), %.0f ms from readings\n",
		name, n, fast.Seconds()*1000, slow.Seconds()*1000)
	if fast > yearGoal {
		t.Errorf("%s from rollups, want under %s", fast, yearGoal)
	}
}

// yearChart is the median time of an answer; rollups may be nil.
func yearChart(t *testing.T, s store.Store, rollups web.Rollups, begin, end time.Time) time.Duration {
	deps := webtest.NewFake().Deps(web.County{ID: "bench", Timezone: "Asia/Shanghai", Sites: []web.Site{{ID: "balagong", Kind: config.TownshipStore,
		Zones: []web.Zone{{ID: "balagong/mutton-1", Kind: config.Frozen, Points: []sensors.Point{{ID: yearPoint, Quantity: sensors.Temperature}}}}}}}, nil)
	deps.Readings, deps.Rollups = s, rollups
	server, err := web.New(deps, web.Options{Token: "bench", Now: func() time.Time { return end }})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	rounds := 9
	if rollups == nil {
		rounds = 1
	}
	var took []time.Duration
	for range rounds {
		w := httptest.NewRecorder()
		path := "/api/v1/readings?buckets=800&point=" + string(yearPoint) + "&from=" + begin.Format(time.RFC3339) + "&to=" + end.Format(time.RFC3339)
		began := time.Now()
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Authorization", "Bearer bench")
		server.Handler().ServeHTTP(w, req)
		took = append(took, time.Since(began))
		var answer struct{ Envelope struct{ Max []*float64 } }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %v %.200s", w.Code, err, w.Body)
		}
		if !slices.ContainsFunc(answer.Envelope.Max, func(v *float64) bool { return v != nil && *v == 9.75 }) {
			t.Fatal("the one minute of excursion is not in the chart")
		}
	}
	slices.Sort(took)
	return took[len(took)/2]
}
