package state

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/trip"
)

func hour(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }

// went is a trip from one hour after noon to another; 0: it goes on.
func went(from, to float64, stops ...string) trip.Trip {
	t := trip.Trip{From: hour(from), Phases: []trip.PhaseTime{}, Stops: []trip.Stop{}, Unseen: []trip.Span{}, Doors: []trip.Span{}, Cargo: []trip.Cargo{}}
	if to != 0 {
		t.To = hour(to)
	}
	for _, s := range stops {
		t.Stops = append(t.Stops, trip.Stop{Place: s, From: t.From, To: t.From})
	}
	return t
}

func tripSteps(t *testing.T, db *DB) (out []string) {
	t.Helper()
	rows, err := db.Audit(t.Context(), AuditFilter{})
	must(t, err)
	for _, r := range rows {
		if a := r.Action; len(a) > 5 && a[:5] == "trip." {
			out = append(out, a[5:]+" "+r.Object)
		}
	}
	return out
}

func TestTripsAreKeptAndToldAnew(t *testing.T) {
	now := &clock{at: hour(3)}
	path := filepath.Join(t.TempDir(), "county.db")
	db := reopen(t, path, now)
	ctx := t.Context()
	keep := func(since float64, found ...trip.Trip) {
		t.Helper()
		must(t, db.KeepTrips(ctx, "truck-1", hour(since), found))
	}
	list := func() []Trip {
		t.Helper()
		out, err := db.Trips(ctx, TripFilter{Truck: "truck-1"})
		must(t, err)
		return out
	}
	keep(0, went(1, 0))
	keep(0, went(1, 0, "north"))
	if got := list(); len(got) != 1 || got[0].Version != 1 || got[0].ID != "truck-1-20261123T050000Z" || len(got[0].Stops) != 1 {
		t.Fatalf("%+v", got)
	}
	keep(0, went(1, 2.9, "north"))
	now.set(hour(3.1))
	keep(0, went(1, 2.9, "north", "far")) // still settling
	if got := list(); got[0].Version != 1 || len(got[0].Stops) != 2 {
		t.Errorf("%+v", got)
	}
	now.set(hour(10))
	keep(0, went(1, 2.9, "north", "far"))
	late := went(0.5, 2.9, "north", "far", "east")
	keep(2, late) // a backlog: it began earlier than was thought
	first := list()[0]
	if first.Version != 2 || !first.From.Equal(hour(0.5)) || first.ID != "truck-1-20261123T050000Z" || len(list()) != 1 {
		t.Errorf("the trip is another one: %+v", list())
	}
	keep(5, went(6, 7), went(8, 9))
	now.set(hour(20))
	keep(5, went(6, 9)) // it was one after all
	two := list()
	if len(two) != 2 || two[0].ID != "truck-1-20261123T100000Z" || two[0].Version != 2 {
		t.Errorf("%+v", two)
	}
	gone, err := db.Trip(ctx, "truck-1-20261123T120000Z")
	if err != nil || gone.Withdrawn.IsZero() || gone.Instead != two[0].ID {
		t.Errorf("a trip that is none any more: %+v, %v", gone, err)
	}
	keep(5, went(6, 7), went(8, 9))
	if back, err := db.Trip(ctx, gone.ID); err != nil || !back.Withdrawn.IsZero() || back.Instead != "" || back.Version <= gone.Version {
		t.Errorf("it is there again: %+v, %v", back, err)
	}
	want := []string{"found truck-1-20261123T050000Z", "ended truck-1-20261123T050000Z", "version truck-1-20261123T050000Z", "found truck-1-20261123T100000Z", "found truck-1-20261123T120000Z",
		"version truck-1-20261123T100000Z", "withdrawn truck-1-20261123T120000Z", "version truck-1-20261123T100000Z", "version truck-1-20261123T120000Z"}
	got := tripSteps(t, db)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("audited\n%q\nwant\n%q", got, want)
	}
	must(t, db.VerifyAudit(ctx))
	// A restart keeps them.
	before := list()
	must(t, db.Close())
	db = reopen(t, path, now)
	if after := list(); !reflect.DeepEqual(after, before) {
		t.Errorf("%+v\n%+v", after, before)
	}
	if _, err := db.Trip(ctx, "nosuch"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestTripsAreListed(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	carried := went(-9, -8)
	carried.Cargo = []trip.Cargo{{Batch: "B1"}, {Batch: "B2"}}
	must(t, db.KeepTrips(ctx, "truck-1", hour(-9), []trip.Trip{carried, went(-5, 0)}))
	must(t, db.KeepTrips(ctx, "truck-2", hour(-9), []trip.Trip{went(-7, -6)}))
	goesOn, over := true, false
	for name, c := range map[string]struct {
		f    TripFilter
		want int
	}{"all": {TripFilter{}, 3}, "that carried a batch": {TripFilter{Batch: "B2"}, 1}, "of a truck": {TripFilter{Truck: "truck-1"}, 2}, "that go on": {TripFilter{Open: &goesOn}, 1}, "that are over": {TripFilter{Open: &over}, 2},
		"after": {TripFilter{From: hour(-6)}, 1}, "before": {TripFilter{To: hour(-7)}, 1}, "at most": {TripFilter{Limit: 2}, 2},
		"the next page": {TripFilter{After: &Mark{Time: hour(-7), ID: "truck-2-"}}, 2}, "the last page": {TripFilter{After: &Mark{Time: hour(-7), ID: "truck-3-"}}, 1}} {
		got, err := db.Trips(ctx, c.f)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
		for i := range got {
			if i > 0 && got[i].From.After(got[i-1].From) {
				t.Errorf("%s: not the newest first", name)
			}
		}
	}
}

func TestWhatWasCarried(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	box := "truck-1/box"
	_, err := db.CreateBatch(ctx, keeper, "k1", batch.Batch{ID: "B1"}, &batch.Custody{Batch: "B1", Zone: room, From: hour(-9)})
	must(t, err)
	_, err = db.MoveBatch(ctx, keeper, "k2", MoveRequest{Batch: "B1", ToZone: box, At: hour(-8)})
	must(t, err)
	_, err = db.MoveBatch(ctx, keeper, "k3", MoveRequest{Batch: "B1", Place: "演示村 代销点", At: hour(-6)})
	must(t, err)
	_, err = db.CreateBatch(ctx, keeper, "k4", batch.Batch{ID: "B2"}, &batch.Custody{Batch: "B2", Zone: box, From: hour(-7)})
	must(t, err)
	got, err := db.Carried(ctx, box, hour(-7))
	must(t, err)
	want := []trip.Aboard{{Batch: "B1", From: hour(-8), To: hour(-6), BeforeZone: room, AfterPlace: "演示村 代销点"}, {Batch: "B2", From: hour(-7)}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got, err := db.Carried(ctx, box, hour(-6)); err != nil || len(got) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}
