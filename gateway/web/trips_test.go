package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

type tripsAnswer struct {
	Now   time.Time
	Trips []struct {
		ID, Truck, Phase string
		From             time.Time
		To               *time.Time
		Stops            []struct {
			Place         string
			Arrived, Left *time.Time
		}
		UnseenS   float64  `json:"unseen_s"`
		DistanceM *float64 `json:"distance_m"`
		Batches   []string
	}
	Truncated bool
}

func TestTripsAreListed(t *testing.T) {
	fake, do, _ := yardRig(t)
	km := 12_000.0
	fake.Do(func(f *webtest.Fake) {
		f.TripList = []web.Trip{
			{ID: "truck-1-20261123T110000Z", Truck: "truck-1", Version: 1, Trip: trip.Trip{From: noon.Add(-time.Hour), Phases: []trip.PhaseTime{{Phase: trip.InTransit}}, Unseen: []trip.Span{{From: noon.Add(-30 * time.Minute)}},
				Cargo: []trip.Cargo{{Batch: "HJQ261123-TLG-007"}, {Batch: "HJQ261123-TLG-007"}}}},
			{ID: "truck-1-20261123T050000Z", Truck: "truck-1", Version: 2, Trip: trip.Trip{From: noon.Add(-7 * time.Hour), To: noon.Add(-4 * time.Hour), DistanceM: &km, Phases: []trip.PhaseTime{{Phase: trip.Returning}},
				Stops: []trip.Stop{{Place: "balagong", Left: noon.Add(-6 * time.Hour)}}}},
		}
	})
	all := decode[tripsAnswer](t, do(request{path: "/api/v1/trips"}))
	if len(all.Trips) != 2 || all.Truncated || all.Trips[0].To != nil || all.Trips[0].Phase != "in-transit" || all.Trips[0].UnseenS != 1800 || all.Trips[0].DistanceM != nil || len(all.Trips[0].Batches) != 1 {
		t.Errorf("%+v", all)
	}
	if s := all.Trips[1].Stops; len(s) != 1 || s[0].Arrived != nil || s[0].Left == nil || *all.Trips[1].DistanceM != km {
		t.Errorf("%+v", all.Trips[1])
	}
	for query, want := range map[string]int{"?truck=truck-1": 2, "?open=true": 1, "?open=false": 1, "?batch=HJQ261123-TLG-007": 1, "?limit=1": 1,
		"?from=2026-11-23T11:30:00Z": 1, "?to=2026-11-23T06:00:00Z": 1} {
		got := decode[tripsAnswer](t, do(request{path: "/api/v1/trips" + query}))
		if len(got.Trips) != want || got.Truncated != (query == "?limit=1") {
			t.Errorf("%s: %d trips, truncated %v", query, len(got.Trips), got.Truncated)
		}
	}
	for path, code := range map[string]int{"/api/v1/trips?truck=balagong": 404, "/api/v1/trips?open=yes": 400, "/api/v1/trips?from=yesterday": 400, "/api/v1/trips?from=2026-11-23T11:30:00Z&to=2026-11-23T11:00:00Z": 400,
		"/api/v1/trips?batch=<b>": 400, "/api/v1/trips?limit=0": 400, "/api/v1/trips?x=1": 400, "/api/v1/trips/nothing": 400, "/api/v1/trips/truck-1-20200101T000000Z": 404,
		"/api/v1/reports/trip": 400, "/api/v1/reports/trip?trip=truck-1-20200101T000000Z": 404, "/api/v1/reports/load?trip=truck-1-20200101T000000Z": 404,
		"/api/v1/reports/trip?trip=truck-1-20261123T050000Z&date=2026-11-23": 400, "/api/v1/reports/shipment?batch=B&trip=truck-1-20261123T050000Z": 400} {
		if w := do(request{path: path}); w.Code != code {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, code)
		}
	}
}

func TestATripAndItsReport(t *testing.T) {
	fake, do, _ := yardRig(t)
	fake.Do(func(f *webtest.Fake) {
		f.TripList = []web.Trip{{ID: "truck-1-20261123T050000Z", Truck: "truck-1", Version: 2, Trip: trip.Trip{From: noon.Add(-7 * time.Hour), To: noon.Add(-4 * time.Hour), Phases: []trip.PhaseTime{{Phase: trip.Returning, Span: trip.Span{From: noon.Add(-7 * time.Hour), To: noon.Add(-4 * time.Hour)}}},
			Cargo: []trip.Cargo{{Batch: "HJQ261123-TLG-007"}}}}}
	})
	one := decode[struct {
		ID    string
		Box   string
		Goods []struct{ Batch, Product string }
	}](t, do(request{path: "/api/v1/trips/truck-1-20261123T050000Z"}))
	if one.Box != "truck-1/box" || len(one.Goods) != 1 || one.Goods[0].Product == "" {
		t.Errorf("%+v", one)
	}
	for path, want := range map[string]string{"trip?trip=truck-1-20261123T050000Z": "冷链行程报告", "load?trip=truck-1-20261123T050000Z&lang=en": "Shipment report of a truck load"} {
		if w := do(request{path: "/api/v1/reports/" + path}); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), "HJQ261123-TLG-007") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w := do(request{path: "/api/v1/reports/" + path + "&format=xlsx"}); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "PK") {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
