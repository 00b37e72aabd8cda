package trips

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/trip"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

var (
	morning = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	clerk   = state.Actor{Kind: state.Person, ID: "qiqige"}
)

func minute(m int) time.Time { return morning.Add(time.Duration(m) * time.Minute) }

// rig is a truck over county.db and the embedded store, under a clock that can
// be set.
type rig struct {
	*testing.T
	*Keeper
	db    *state.DB
	store *sqlite.Store
	down  bool // the store does not answer
	now   time.Time
	seq   uint64
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{T: t, now: minute(0)}
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
	r.restart()
	return r
}

// Read implements store.Reader.
func (r *rig) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	if r.down {
		return errors.New("connection refused")
	}
	return r.store.Read(ctx, q, yield)
}

// restart is a new process over the same files.
func (r *rig) restart() {
	r.Keeper = New(Options{
		Readings: r, Books: r.db, Now: func() time.Time { return r.now }, Logger: slog.New(slog.DiscardHandler),
		Trucks: []Truck{{ID: "truck-1", Box: "truck-1/box", Latitude: "truck-1/vehicle/lat", Longitude: "truck-1/vehicle/lon", Door: "truck-1/box/door", Home: "centre"}},
		Places: []trip.Place{{ID: "centre", Latitude: 40, Longitude: 108}, {ID: "north", Latitude: 40.45, Longitude: 108}},
	})
}

// minutesOf are a truck's readings of some minutes: from 08:00 it drives an hour
// to the north, stands there an hour with its door open from 09:10 to 09:20, and
// is back at 11:00; the same from 14:00.
func (r *rig) minutesOf(from, to int) (out []store.Record) {
	for m := from; m < to; m++ {
		day := m
		if m >= 14*60 {
			day -= 6 * 60
		}
		lat := 40.0
		switch {
		case day >= 480 && day < 540:
			lat += 0.45 * float64(day-480) / 60
		case day >= 540 && day < 600:
			lat = 40.45
		case day >= 600 && day < 660:
			lat += 0.45 * float64(660-day) / 60
		}
		open := 0.0
		if day >= 550 && day < 560 {
			open = 1
		}
		for _, x := range []struct {
			point sensors.PointID
			q     sensors.Quantity
			v     float64
		}{{"truck-1/vehicle/lat", sensors.Latitude, lat}, {"truck-1/vehicle/lon", sensors.Longitude, 108}, {"truck-1/box/door", sensors.Door, open}} {
			out = append(out, store.Record{Reading: sensors.NewGood(x.point, minute(m), x.v), Quantity: x.q, Gateway: "gw", Epoch: 1})
		}
	}
	return out
}

func (r *rig) arrive(records []store.Record) {
	r.Helper()
	for i := range records {
		r.seq++
		records[i].Seq = r.seq
	}
	r.Judged(records, r.now)
	if _, err := r.store.Write(r.Context(), records); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) round() {
	r.Helper()
	if err := r.Round(r.Context()); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) list() []state.Trip {
	r.Helper()
	out, err := r.db.Trips(r.Context(), state.TripFilter{})
	if err != nil {
		r.Fatal(err)
	}
	slices.Reverse(out)
	return out
}

// tripsOf are the trips without their names and versions.
func tripsOf(t *testing.T, list []state.Trip) string {
	t.Helper()
	var out []trip.Trip
	for _, x := range list {
		out = append(out, x.Trip)
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lives has the day go by, twenty minutes at a time.
func (r *rig) lives(to int) {
	r.Helper()
	for m := int(r.now.Sub(morning).Minutes()); m < to; m += 20 {
		r.now = minute(m + 20)
		r.arrive(r.minutesOf(m, m+20))
		r.round()
	}
}

func TestTripsAreKeptWhileTheyGoOn(t *testing.T) {
	r := newRig(t)
	r.lives(9 * 60)
	running := r.list()
	if len(running) != 1 || !running[0].To.IsZero() || !running[0].From.Equal(minute(480)) {
		t.Fatalf("%+v", running)
	}
	r.lives(18 * 60)
	got := r.list()
	if len(got) != 2 || got[0].ID != running[0].ID || !got[0].To.Equal(minute(660)) || got[0].Version != 1 || len(got[0].Stops) != 3 || got[0].Stops[1].DoorS != 600 {
		t.Fatalf("%s", tripsOf(t, got))
	}
	// A restart works them out anew, and finds the same.
	r.restart()
	r.round()
	if again := r.list(); tripsOf(t, again) != tripsOf(t, got) || again[0].Version != 1 {
		t.Errorf("after a restart\n%s\nbefore\n%s", tripsOf(t, again), tripsOf(t, got))
	}
}

// Whatever comes late makes the trips that it would have made in time.
func TestLateReadingsMakeTheSameTrips(t *testing.T) {
	straight := newRig(t)
	straight.lives(20 * 60)
	want := tripsOf(t, straight.list())
	for seed := range uint64(2) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := newRig(t)
		var late [][]store.Record
		for m := 0; m < 20*60; m += 40 {
			r.now = minute(m + 40)
			records := r.minutesOf(m, m+40)
			if rnd.IntN(2) == 0 {
				late = append(late, records)
			} else {
				r.arrive(records)
			}
			if rnd.IntN(5) == 0 && len(late) > 0 {
				i := rnd.IntN(len(late))
				r.arrive(late[i])
				late = slices.Delete(late, i, i+1)
			}
			r.round()
		}
		rnd.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		for _, records := range late {
			r.arrive(records)
			if rnd.IntN(2) == 0 {
				r.round()
			}
		}
		r.round()
		if got := tripsOf(t, r.list()); got != want {
			t.Errorf("seed %d:\n%s\nwant\n%s", seed, got, want)
		}
	}
}

func TestABacklogMakesANewVersion(t *testing.T) {
	r := newRig(t)
	r.lives(9*60 - 20)
	r.now = minute(12 * 60) // nothing was heard
	r.arrive(r.minutesOf(11*60, 12*60))
	r.round()
	before := r.list()
	if len(before) != 1 || before[0].To.IsZero() || len(before[0].Unseen) == 0 {
		t.Fatalf("%s", tripsOf(t, before))
	}
	r.now = minute(13 * 60)
	r.arrive(r.minutesOf(12*60, 13*60))
	r.arrive(r.minutesOf(9*60-20, 11*60))
	r.round()
	after := r.list()
	if len(after) != 1 || after[0].ID != before[0].ID || after[0].Version != 2 || len(after[0].Unseen) != 0 || len(after[0].Stops) != 3 {
		t.Errorf("%s", tripsOf(t, after))
	}
}

func TestBookingsArePartOfTrips(t *testing.T) {
	r := newRig(t)
	r.lives(18 * 60)
	book := func(key state.IdempotencyKey, to string, at int) {
		t.Helper()
		if _, err := r.db.MoveBatch(t.Context(), clerk, key, state.MoveRequest{Batch: "B1", ToZone: to, At: minute(at)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.db.CreateBatch(t.Context(), clerk, "c", batch.Batch{ID: "B1"}, &batch.Custody{Batch: "B1", Zone: "north/room", From: minute(60)}); err != nil {
		t.Fatal(err)
	}
	book("m1", "truck-1/box", 555)
	r.round()
	first := r.list()[0]
	if len(first.Cargo) != 1 || first.Cargo[0].Loaded == nil || *first.Cargo[0].Loaded.Stop != 1 || first.Cargo[0].Loaded.Zone != "north/room" || first.Cargo[0].Unloaded != nil || first.Version != 2 {
		t.Fatalf("%s", tripsOf(t, r.list()))
	}
	book("m2", "centre/room", 690)
	r.round()
	if got := r.list(); len(got) != 2 || !got[0].To.Equal(minute(690)) || len(got[1].Cargo) != 0 {
		t.Errorf("unloaded half an hour after it was home:\n%s", tripsOf(t, got))
	}
}

// While the store is away trips stand as they were, and nothing of what came
// meanwhile is missed.
func TestAStoreThatIsAway(t *testing.T) {
	r := newRig(t)
	r.lives(9 * 60)
	before := tripsOf(t, r.list())
	r.down = true
	r.now = minute(12 * 60)
	r.arrive(r.minutesOf(9*60, 12*60))
	if err := r.Round(t.Context()); err == nil || tripsOf(t, r.list()) != before {
		t.Errorf("%v\n%s", err, tripsOf(t, r.list()))
	}
	r.now = minute(12*60 + 40) // longer than marks are kept
	_ = r.Round(t.Context())
	r.down = false
	r.round()
	if got := r.list(); len(got) != 1 || !got[0].To.Equal(minute(660)) {
		t.Errorf("%s", tripsOf(t, got))
	}
}
