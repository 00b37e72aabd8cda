package alarms

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/trip"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	boxAir  = sensors.PointID("truck-1/box/air")
	boxDoor = sensors.PointID("truck-1/box/door")
	lat     = sensors.PointID("truck-1/cab/lat")
	lon     = sensors.PointID("truck-1/cab/lon")
)

// newTruckSite is a truck with a frozen box: warm is above -12 °C for 20 min.
func newTruckSite(t *testing.T) *site {
	t.Helper()
	frozen, _, _ := alerting.DefaultLimits("frozen-box")
	s := &site{t: t, boot: "first", mono: time.Minute, wall: morning}
	s.o = Options{Site: "truck-1", Box: "truck-1/box", SilentAfter: 20 * time.Minute, File: filepath.Join(t.TempDir(), "alarms.state"), Logger: slog.New(slog.DiscardHandler),
		Zones: []alerting.Zone{{ID: "truck-1/box", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: frozen, sensors.Door: alerting.SwitchLimits(sensors.Door, true)}}}}
	for p, q := range map[sensors.PointID]sensors.Quantity{boxAir: sensors.Temperature, boxDoor: sensors.Door, lat: sensors.Latitude, lon: sensors.Longitude} {
		s.o.Points = append(s.o.Points, Point{Point: sensors.Point{ID: p, Quantity: q}, Bus: "rs485", Device: "probe", Period: time.Minute})
	}
	s.start()
	return s
}

// drive reads the truck once a minute.
func (s *site) drive(minutes int, celsius, door float64) {
	for range minutes {
		s.pass(time.Minute)
		var records []wire.Record
		for p, v := range map[sensors.PointID]float64{boxAir: celsius, boxDoor: door, lat: 39.83, lon: 108.73} {
			records = append(records, s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(p, s.wall, v)}))
		}
		s.j.Observe(records)
		s.look()
	}
}

func (s *site) say(w page.Word) {
	s.t.Helper()
	w.By = "site page, 192.168.1.7"
	if err := s.j.Say(w); err != nil {
		s.t.Fatal(err)
	}
	s.said = append(s.said, s.j.Events()...)
}

// stands checks load, arming and whether the siren sounds.
func (s *site) stands(load trip.Load, sounds bool) {
	s.t.Helper()
	got := s.j.Truck()
	siren, _ := s.j.Outputs()
	if got.Load != load || got.Armed != (load != trip.Empty) || siren != sounds {
		s.t.Errorf("at %s %s, armed %v, siren %v; want %s, siren %v", s.wall.Format("15:04"), got.Load, got.Armed, siren, load, sounds)
	}
}

// names are the names of the events that were told.
func (s *site) names() (out []string) {
	for _, r := range s.said {
		out = append(out, r.Event.Name)
	}
	return out
}

func (s *site) heed(b wire.SiteBook) {
	s.t.Helper()
	var err error
	if b.Version, err = wire.BookVersion(b); err != nil {
		s.t.Fatal(err)
	}
	if err := s.j.Heed(b); err != nil {
		s.t.Fatal(err)
	}
}

// Without the county: a truck of which nobody has said anything rings; one that
// the driver has looked into is silent, warm and open as it stands; once its door
// was opened nobody knows what is in it, whichever button he presses.
func TestOutOfReachTheDoorAndTheDriverRule(t *testing.T) {
	s := newTruckSite(t)
	s.drive(25, 4, 0)
	s.stands(trip.LoadUnknown, true)
	s.say(page.Word{Empty: true})
	s.look()
	s.stands(trip.Empty, false)
	s.drive(60, 6, 0)
	s.stands(trip.Empty, false)

	s.drive(1, 6, 1)
	s.say(page.Word{Phase: trip.Idle})
	if got := s.j.Truck(); got.Phase != trip.Idle || got.Inferred != trip.Loading || got.By != "site page, 192.168.1.7" {
		t.Errorf("%+v", got)
	}
	s.stands(trip.LoadUnknown, false)
	s.drive(20, 6, 1)
	s.stands(trip.LoadUnknown, true)
	if got := s.names(); !slices.Equal(got, []string{"alarm-raised", "alarm-escalated", "truck-said", "alarm-returned", "truck-said", "alarm-raised", "alarm-raised", "alarm-escalated"}) {
		t.Errorf("told %v", got)
	}
	w, err := wire.ParseTruck(s.said[4].Event.Detail)
	if err != nil || w != (wire.TruckWord{Phase: "idle", Inferred: "loading", By: "site page, 192.168.1.7"}) || s.said[4].Event.Object != "truck-1/box" {
		t.Errorf("%+v %v", w, err)
	}
	// A power cut forgets neither.
	s.restart(true, time.Minute)
	s.drive(1, 6, 0)
	s.stands(trip.LoadUnknown, true)
	s.say(page.Word{Empty: true})
	s.drive(1, 6, 0)
	s.restart(true, time.Minute)
	s.drive(30, 6, 0)
	s.stands(trip.Empty, false)
}

// What the county's books say reaches the truck: goods in the box arm it, also
// where the driver said that it is empty, unless the county has not heard him yet
// and the door was open since.
func TestTheBooksReachTheTruck(t *testing.T) {
	s := newTruckSite(t)
	s.drive(2, 4, 0)
	s.say(page.Word{Empty: true})
	s.drive(2, 4, 0)
	s.stands(trip.Empty, false)
	loaded := wire.SiteBook{Truck: &wire.TruckBook{Box: "truck-1/box", Stays: []wire.BookStay{{Batch: "HJQ-1", FromMS: s.wall.UnixMilli()}}}}
	s.heed(loaded)
	s.drive(25, 4, 0)
	s.stands(trip.Loaded, true)

	// Delivered in a dead zone: the door alone changes nothing, the driver's look
	// after it does.
	s.drive(2, 4, 1)
	s.drive(1, 4, 0)
	s.stands(trip.Loaded, true)
	s.say(page.Word{Empty: true})
	s.drive(1, 4, 0)
	s.stands(trip.Empty, false)

	// The county has heard him, and its books still hold the batch.
	heard := loaded
	heard.Truck = &wire.TruckBook{Box: "truck-1/box", Stays: loaded.Truck.Stays, EmptyMS: []int64{s.wall.Add(-time.Minute).UnixMilli()}}
	s.heed(heard)
	s.drive(25, 4, 0)
	s.stands(trip.Loaded, true)
	if !s.j.Truck().Contradicted {
		t.Error("nobody tells the driver that the books hold goods")
	}
	// Booked out: empty, since the door stayed shut.
	gone := heard
	gone.Truck = &wire.TruckBook{Box: "truck-1/box", Stays: []wire.BookStay{{Batch: "HJQ-1", FromMS: loaded.Truck.Stays[0].FromMS, ToMS: s.wall.UnixMilli()}}}
	s.heed(gone)
	s.drive(1, 4, 0)
	s.stands(trip.Empty, false)
	s.restart(true, time.Minute)
	s.drive(1, 4, 0)
	s.stands(trip.Empty, false)
}

// The driver says empty with the door shut all the while the books hold a batch:
// nothing can have left.
func TestAWordAgainstTheBooksTakesAnOpenDoor(t *testing.T) {
	s := newTruckSite(t)
	s.drive(2, 4, 0)
	s.heed(wire.SiteBook{Truck: &wire.TruckBook{Box: "truck-1/box", Stays: []wire.BookStay{{Batch: "HJQ-1", FromMS: s.wall.UnixMilli()}}}})
	s.say(page.Word{Empty: true})
	s.drive(25, 4, 0)
	s.stands(trip.Loaded, true)
}

// Where no clock is believed nothing of the books can be placed: what lies there
// now counts, what was booked out is no proof of an empty box.
func TestBooksWithoutAClock(t *testing.T) {
	s := newTruckSite(t)
	s.none, s.wall = true, time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC)
	s.drive(2, 4, 0)
	s.heed(wire.SiteBook{Truck: &wire.TruckBook{Box: "truck-1/box", Stays: []wire.BookStay{{FromMS: morning.UnixMilli(), ToMS: morning.Add(time.Minute).UnixMilli()}}, EmptyMS: []int64{morning.UnixMilli()}}})
	s.drive(1, 4, 0)
	s.stands(trip.LoadUnknown, false)
	s.heed(wire.SiteBook{Truck: &wire.TruckBook{Box: "truck-1/box", Stays: []wire.BookStay{{FromMS: morning.UnixMilli()}}}})
	s.stands(trip.Loaded, false)
	s.say(page.Word{Phase: trip.Idle})
	// The clock comes, and with it the places of what was booked.
	s.heed(wire.SiteBook{Truck: &wire.TruckBook{Box: "truck-1/box", EmptyMS: []int64{morning.Add(10 * time.Minute).UnixMilli()}}})
	s.none, s.wall = false, morning.Add(20*time.Minute)
	s.drive(1, 4, 0)
	s.stands(trip.LoadUnknown, false) // the door was not watched yet at that time of the clock
	s.say(page.Word{Empty: true})
	s.stands(trip.Empty, false)
}

// A box that is not in its band is loaded with a reason alone; the county is told
// both.
func TestABoxThatIsNotReady(t *testing.T) {
	s := newTruckSite(t)
	s.drive(2, -6, 0)
	s.say(page.Word{Empty: true})
	if got := s.j.Truck(); got.Ready || !got.Measured || *got.High != -15 {
		t.Errorf("%+v", got)
	}
	if err := s.j.Say(page.Word{Phase: trip.Loading}); !errors.Is(err, page.ErrNotReady) {
		t.Errorf("loaded without a word: %v", err)
	}
	if got := s.j.Events(); len(got) != 0 {
		t.Errorf("told %+v", got)
	}
	s.said = nil
	s.say(page.Word{Phase: trip.Loading, Reason: "车要走了，路上降温"})
	s.say(page.Word{Phase: trip.Loading, Reason: "车要走了，路上降温"}) // twice by one finger
	if len(s.said) != 1 {
		t.Fatalf("told %v", s.names())
	}
	if w, err := wire.ParseTruck(s.said[0].Event.Detail); err != nil || w.Unready != page.Degrees(-6) || w.Reason != "车要走了，路上降温" || w.Phase != "loading" {
		t.Errorf("%+v %v", w, err)
	}
	s.drive(2, -18, 0)
	s.said = nil
	s.say(page.Word{Phase: trip.Idle})
	s.say(page.Word{Phase: trip.Loading})
	if w, _ := wire.ParseTruck(s.said[1].Event.Detail); w.Unready != "" {
		t.Errorf("a cold box: %+v", w)
	}
	for _, bad := range []page.Word{{}, {Phase: "flying"}, {Phase: trip.Idle, Empty: true}} {
		if err := s.j.Say(bad); !errors.Is(err, page.ErrNoPhase) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A room that the county has out of use is silent here, too, from and until the
// moments that were said, with or without a network.
func TestARoomOutOfUseIsSilentHere(t *testing.T) {
	s := newSite(t)
	s.minutes(3, 2)
	s.heed(wire.SiteBook{Zones: []wire.ZoneBook{{Zone: air.Zone(), Switches: []wire.BookSwitch{{AtMS: s.wall.UnixMilli()}, {AtMS: s.wall.Add(time.Hour).UnixMilli(), On: true}}}}})
	s.minutes(50, 12)
	s.want()
	s.restart(true, time.Minute)
	s.minutes(40, 12)
	if got := s.told(); len(got) == 0 || got[0] != "alarm-raised high-limit excursion 01:03" && got[0] != "alarm-raised high-limit warning 01:03" {
		t.Errorf("back in use: %v", got)
	}
}

// What was loaded here out of reach is journaled once, arms the box though the
// county's book says that it is empty, and is known after a restart.
func TestGoodsLoadedAtTheTruck(t *testing.T) {
	s := newTruckSite(t)
	s.drive(5, -20, 0)
	s.say(page.Word{Empty: true})
	s.drive(1, -20, 0)
	if truck := s.j.Truck(); truck.Armed || len(truck.Loaded) != 0 {
		t.Fatalf("an empty box: %+v", truck)
	}
	for range 2 { // one finger
		if err := s.j.Load(page.Goods{Code: "618038", By: "site page, 192.168.1.7"}); err != nil {
			t.Fatal(err)
		}
	}
	var said []wire.GoodsWord
	for _, e := range s.j.Events() {
		if e.Event.Name == wire.EventGoodsSaid {
			w, err := wire.ParseGoods(e.Event.Detail)
			if err != nil || e.Event.Object != "truck-1/box" {
				t.Errorf("%+v: %v", e, err)
			}
			said = append(said, w)
		}
	}
	if !slices.Equal(said, []wire.GoodsWord{{Code: "618038", By: "site page, 192.168.1.7"}}) {
		t.Errorf("journaled %+v", said)
	}
	s.drive(1, -20, 0)
	if truck := s.j.Truck(); !truck.Armed || truck.Load != trip.Loaded || len(truck.Loaded) != 1 || truck.Loaded[0].Name != "618038" {
		t.Errorf("loaded: %+v", truck)
	}
	s.restart(false, time.Minute)
	s.drive(1, -20, 0)
	if truck := s.j.Truck(); !truck.Armed || len(truck.Loaded) != 1 {
		t.Errorf("after a restart: %+v", truck)
	}
	s.say(page.Word{Empty: true})
	if truck := s.j.Truck(); len(truck.Loaded) != 0 {
		t.Errorf("said to be empty, it lists %+v", truck.Loaded)
	}
}
