package trip

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// Three places in a line, 50 km apart.
var (
	centre = Place{ID: "centre", Latitude: 40, Longitude: 108}
	north  = Place{ID: "north", Latitude: 40.45, Longitude: 108}
	far    = Place{ID: "far", Latitude: 40.9, Longitude: 108}
)

// roadbook writes down what a truck measures, by minutes of the day.
type roadbook struct{ Facts }

func newRoadbook(until int) *roadbook {
	return &roadbook{Facts{Until: minute(until), Places: []Place{centre, north, far}, Home: "centre", Door: true}}
}

// stand is a fix a minute at a place, with a receiver's wandering.
func (b *roadbook) stand(p Place, from, to int) *roadbook {
	for m := from; m <= to; m++ {
		b.Fixes = append(b.Fixes, Fix{minute(m), p.Latitude + 0.0002*math.Sin(float64(m)), p.Longitude + 0.0002*math.Cos(float64(m))})
	}
	return b
}

// drive is a fix a minute between two places, without the ends.
func (b *roadbook) drive(a, z Place, from, to int) *roadbook {
	for m := from + 1; m < to; m++ {
		part := float64(m-from) / float64(to-from)
		b.Fixes = append(b.Fixes, Fix{minute(m), a.Latitude + part*(z.Latitude-a.Latitude), a.Longitude + part*(z.Longitude-a.Longitude)})
	}
	return b
}

// door is a reading a minute: open in the stretches given, shut else.
func (b *roadbook) door(from, to int, open ...int) *roadbook {
	for m := from; m <= to; m++ {
		is := false
		for i := 0; i+1 < len(open); i += 2 {
			is = is || m >= open[i] && m < open[i+1]
		}
		b.Doors = append(b.Doors, DoorReading{minute(m), is})
	}
	return b
}

func (b *roadbook) carry(batch string, from, to int, before, after string) *roadbook {
	a := Aboard{Batch: batch, From: minute(from), BeforeZone: before, AfterZone: after}
	if to > 0 {
		a.To = minute(to)
	}
	b.Aboard = append(b.Aboard, a)
	return b
}

func (b *roadbook) say(m int, p Phase) *roadbook {
	b.Says = append(b.Says, Say{At: minute(m), By: "巴图", Phase: p})
	return b
}

func hm(t time.Time) string {
	if t.IsZero() {
		return "…"
	}
	return t.Format("15:04")
}

// told writes a trip as a line for each thing.
func told(trips []Trip) string {
	var out []string
	line := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	for _, t := range trips {
		km := "–"
		if t.DistanceM != nil {
			km = fmt.Sprintf("%.0f km", *t.DistanceM/1000)
		}
		line("trip %s–%s %s", hm(t.From), hm(t.To), km)
		for _, p := range t.Phases {
			by := ""
			if p.By != "" {
				by = " by " + p.By
			}
			line("  %s–%s %s%s", hm(p.From), hm(p.To), p.Phase, by)
		}
		for _, s := range t.Stops {
			place := s.Place
			if place == "" {
				place = fmt.Sprintf("%.2f,%.2f", s.Latitude, s.Longitude)
			}
			notes := ""
			for _, n := range []struct {
				on   bool
				text string
			}{{s.ArrivedUnseen, " arrival unseen"}, {s.LeftUnseen, " leaving unseen"}, {s.UnseenS > 0, fmt.Sprintf(" unseen %.0f min", s.UnseenS/60)}, {s.DoorS > 0, fmt.Sprintf(" door %.0f min", s.DoorS/60)}} {
				if n.on {
					notes += n.text
				}
			}
			line("  at %s %s–%s%s", place, hm(s.Arrived), hm(s.Left), notes)
		}
		for _, s := range t.Unseen {
			line("  unseen %s–%s", hm(s.From), hm(s.To))
		}
		for _, c := range t.Cargo {
			at := func(b *Booking) string {
				if b == nil {
					return "…"
				}
				s := hm(b.At) + " " + b.Zone + b.Place
				if b.Stop != nil {
					s += fmt.Sprintf(" (stop %d)", *b.Stop)
				}
				return s
			}
			line("  %s %s → %s", c.Batch, at(c.Loaded), at(c.Unloaded))
		}
	}
	return strings.Join(out, "\n")
}

func TestTrips(t *testing.T) {
	round := func() *roadbook { // loads at home from 08:00, leaves 08:30, north 09:30–10:00, home 11:00–
		return newRoadbook(12*60).stand(centre, 7*60, 510).drive(centre, north, 510, 570).stand(north, 570, 600).drive(north, centre, 600, 660).stand(centre, 660, 720).
			door(7*60, 720, 480, 500, 575, 590)
	}
	for _, c := range []struct {
		name string
		book *roadbook
		want string
	}{
		{"out and back with goods", round().carry("A", 485, 580, "centre/room", "north/room"), `
trip 08:05–11:00 100 km
  08:05–08:30 loading
  08:30–09:35 in-transit
  09:35–09:50 unloading
  09:50–10:00 idle
  10:00–11:00 returning
  at centre …–08:30 door 15 min
  at north 09:30–10:00 door 15 min
  at centre 11:00–…
  A 08:05 centre/room (stop 0) → 09:40 north/room (stop 1)`},
		{"nothing was ever booked", round(), `
trip 08:30–11:00 100 km
  08:30–09:35 in-transit
  09:35–10:00 loading
  10:00–11:00 in-transit
  at centre …–08:30
  at north 09:30–10:00 door 15 min
  at centre 11:00–…`},
		{"goods come home and are taken out there", round().carry("B", 580, 690, "north/room", "centre/room"), `
trip 08:30–11:30 100 km
  08:30–09:35 in-transit
  09:35–10:00 loading
  10:00–11:00 in-transit
  11:00–11:30 unloading
  at centre …–08:30
  at north 09:30–10:00 door 15 min
  at centre 11:00–…
  B 09:40 north/room (stop 1) → 11:30 centre/room (stop 2)`},
		{"goods from before are still aboard at home: it goes on", round().carry("B", 580, 0, "north/room", ""), `
trip 08:30–… 100 km
  08:30–09:35 in-transit
  09:35–10:00 loading
  10:00–… in-transit
  at centre …–08:30
  at north 09:30–10:00 door 15 min
  at centre 11:00–…
  B 09:40 north/room (stop 1) → …`},
		{"it left home again with them: two trips", newRoadbook(780).stand(centre, 400, 480).drive(centre, north, 480, 540).stand(north, 540, 560).drive(north, centre, 560, 620).stand(centre, 620, 650).drive(centre, north, 650, 710).stand(north, 710, 780).
			carry("B", 550, 0, "north/room", ""), `
trip 08:00–10:20 100 km
  08:00–09:10 in-transit
  09:10–09:20 loading
  09:20–10:20 in-transit
  at centre …–08:00
  at north 09:00–09:20
  at centre 10:20–…
  B 09:10 north/room (stop 1) → …
trip 10:50–… 50 km
  10:50–… in-transit
  at centre …–10:50
  at north 11:50–…
  B … → …`},
		{"no position was ever heard: by the books", newRoadbook(12*60).carry("A", 480, 570, "centre/room", "far/room").carry("C", 490, 600, "centre/room", "").door(470, 700, 478, 495, 560, 605), `
trip 08:00–10:00 –
  08:00–08:15 loading
  08:15–09:20 in-transit
  09:20–10:00 unloading
  unseen 08:00–10:00
  A 08:00 centre/room → 09:30 far/room
  C 08:10 centre/room → 10:00 `},
		{"no position for hours: nothing is filled in", newRoadbook(12*60).stand(centre, 420, 480).drive(centre, north, 480, 540).stand(far, 700, 720).carry("A", 470, 0, "centre/room", ""), `
trip 07:50–… 49 km
  07:50–08:00 loading
  08:00–… in-transit
  at centre …–08:00
  at far 11:40–… arrival unseen
  unseen 08:59–11:40
  A 07:50 centre/room (stop 0) → …`},
		{"a stop at no known place", newRoadbook(12*60).stand(centre, 420, 480).drive(centre, Place{Latitude: 40.2, Longitude: 108}, 480, 510).stand(Place{Latitude: 40.2, Longitude: 108}, 510, 530).drive(Place{Latitude: 40.2, Longitude: 108}, far, 530, 600).stand(far, 600, 720), `
trip 08:00–10:00 100 km
  08:00–10:00 in-transit
  at centre …–08:00
  at 40.20,108.00 08:30–08:50
  at far 10:00–…`},
		{"the button stands until the evidence changes", newRoadbook(12*60).stand(centre, 420, 480).drive(centre, north, 480, 540).stand(north, 540, 590).drive(north, far, 590, 650).stand(far, 650, 655).say(545, Unloading), `
trip 08:00–… 100 km
  08:00–09:05 in-transit
  09:05–09:50 unloading by 巴图
  09:50–… in-transit
  at centre …–08:00
  at north 09:00–09:50
  at far 10:50–… leaving unseen unseen 65 min
  unseen 10:55–…`},
		{"into the box and out again in the yard", newRoadbook(12*60).stand(centre, 400, 720).carry("A", 420, 500, "centre/a", "centre/b"), ``},
		{"loading at home now", newRoadbook(12*60).stand(centre, 400, 720).carry("A", 700, 0, "centre/a", ""), `
trip 11:40–… 0 km
  11:40–… loading
  at centre …–…
  A 11:40 centre/a (stop 0) → …`},
		{"a night in a far yard, empty", newRoadbook(20*60).stand(centre, 0, 60).drive(centre, far, 60, 160).stand(far, 160, 700).drive(far, centre, 700, 800).stand(centre, 800, 1200), `
trip 01:00–02:40 100 km
  01:00–02:40 in-transit
  at centre …–01:00
  at far 02:40–…
trip 11:40–13:20 100 km
  11:40–13:20 in-transit
  at far …–11:40
  at centre 13:20–…`},
		{"a receiver that is off with the engine, at home", newRoadbook(20*60).stand(centre, 0, 60).stand(centre, 900, 960).drive(centre, north, 960, 1020).stand(north, 1020, 1200), `
trip 16:00–17:00 50 km
  16:00–17:00 in-transit
  at centre …–16:00
  at north 17:00–…`},
		{"a receiver that was off while goods went elsewhere", newRoadbook(20*60).stand(centre, 0, 60).carry("A", 90, 200, "centre/a", "far/b").stand(centre, 400, 1200), `
trip 01:30–03:20 –
  01:30–03:20 in-transit
  unseen 01:30–03:20
  A 01:30 centre/a → 03:20 far/b`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, want := told(Trips(c.book.Facts)), strings.TrimPrefix(c.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A receiver's slip is neither a stop nor a distance.
func TestASlipOfAReceiver(t *testing.T) {
	b := newRoadbook(720).stand(centre, 400, 480).drive(centre, north, 480, 540).stand(north, 540, 720)
	want := told(Trips(b.Facts))
	b.Fixes[30].Latitude += 0.5
	b.Fixes[100].Longitude -= 3
	if got := told(Trips(b.Facts)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
