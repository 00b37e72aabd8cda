package trip

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// randomRoad is a truck's two days: drives, stands, holes of the receiver,
// doors, bookings and words, as they may come together.
func randomRoad(rnd *rand.Rand) Facts {
	b := newRoadbook(2*1440 + rnd.IntN(600))
	at := centre
	for m := 0; m < 2*1440; {
		stay := 3 + rnd.IntN(200)
		b.stand(at, m, m+stay)
		for _, x := range []int{m + rnd.IntN(stay), m + rnd.IntN(stay)} {
			b.door(x, x+5, x, x+4)
		}
		if rnd.IntN(2) == 0 {
			to := 0
			if rnd.IntN(4) > 0 {
				to = m + rnd.IntN(900) + 1
			}
			b.carry(string(rune('A'+rnd.IntN(26))), m+rnd.IntN(stay)-1, to, []string{"centre/r", "north/r", ""}[rnd.IntN(3)], []string{"centre/r", "far/r", ""}[rnd.IntN(3)])
		}
		if rnd.IntN(4) == 0 {
			b.say(m+rnd.IntN(stay), Phases()[rnd.IntN(6)])
		}
		if rnd.IntN(6) == 0 {
			b.Says = append(b.Says, Say{At: minute(m + rnd.IntN(stay)), Empty: true})
		}
		m += stay
		next := b.Places[rnd.IntN(3)]
		way := 40 + rnd.IntN(80)
		b.drive(at, next, m, m+way)
		at, m = next, m+way
	}
	for range 3 { // holes
		from := rnd.IntN(2 * 1440)
		to := from + rnd.IntN(400)
		b.Fixes = slices.DeleteFunc(b.Fixes, func(f Fix) bool { return f.At.After(minute(from)) && f.At.Before(minute(to)) })
	}
	return b.Facts
}

func text(t *testing.T, trips []Trip) string {
	t.Helper()
	b, err := json.Marshal(trips)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The order in which facts come changes no trip, and neither does one that comes
// twice.
func TestTheOrderOfFactsChangesNoTrip(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		f := randomRoad(rnd)
		want := text(t, Trips(f))
		f.Fixes = append(f.Fixes, f.Fixes[:len(f.Fixes)/3]...)
		f.Doors = append(f.Doors, f.Doors[:len(f.Doors)/3]...)
		rnd.Shuffle(len(f.Fixes), func(i, j int) { f.Fixes[i], f.Fixes[j] = f.Fixes[j], f.Fixes[i] })
		rnd.Shuffle(len(f.Doors), func(i, j int) { f.Doors[i], f.Doors[j] = f.Doors[j], f.Doors[i] })
		rnd.Shuffle(len(f.Aboard), func(i, j int) { f.Aboard[i], f.Aboard[j] = f.Aboard[j], f.Aboard[i] })
		rnd.Shuffle(len(f.Says), func(i, j int) { f.Says[i], f.Says[j] = f.Says[j], f.Says[i] })
		if got := text(t, Trips(f)); got != want {
			t.Fatalf("seed %d:\n%s\n%s", seed, got, want)
		}
	}
}

// What is true of every trip.
func TestTripsHoldTogether(t *testing.T) {
	some := 0
	for seed := range uint64(200) {
		f := randomRoad(rand.New(rand.NewPCG(seed, 9)))
		trips := Trips(f)
		some += len(trips)
		for i, x := range trips {
			end := x.To
			if end.IsZero() {
				end = f.Until
				if i+1 < len(trips) {
					t.Fatalf("seed %d: one that goes on is followed by another\n%s", seed, told(trips))
				}
			}
			if !x.From.Before(end) || i > 0 && x.From.Before(trips[i-1].To) {
				t.Fatalf("seed %d: trip %d ends before it begins, or begins before the other ended\n%s", seed, i, told(trips))
			}
			at := x.From
			for j, p := range x.Phases {
				last := j+1 == len(x.Phases)
				if !p.From.Equal(at) || p.To.IsZero() != (last && x.To.IsZero()) || !last && !p.To.After(p.From) || last && !x.To.IsZero() && !p.To.Equal(x.To) {
					t.Fatalf("seed %d: phase %d of trip %d\n%s", seed, j, i, told(trips))
				}
				at = p.To
			}
			for j, s := range x.Stops {
				if s.From.Before(x.From) || s.To.After(end) || s.To.Before(s.From) || s.DoorS > s.To.Sub(s.From).Seconds() || s.UnseenS > s.To.Sub(s.From).Seconds() || j > 0 && s.From.Before(x.Stops[j-1].To) {
					t.Fatalf("seed %d: stop %d of trip %d\n%s", seed, j, i, told(trips))
				}
			}
			for _, c := range x.Cargo {
				for _, b := range []*Booking{c.Loaded, c.Unloaded} {
					if b != nil && (b.At.Before(x.From) || b.At.After(end)) {
						t.Fatalf("seed %d: %s is booked outside of trip %d\n%s", seed, c.Batch, i, told(trips))
					}
				}
			}
			if x.DistanceM != nil && *x.DistanceM < 0 {
				t.Fatal(*x.DistanceM)
			}
		}
	}
	if some < 400 {
		t.Errorf("%d trips in 200 times two days", some)
	}
}

// Time going on changes no trip that is over.
func TestTimeThatGoesOnChangesNoTripThatIsOver(t *testing.T) {
	compared := 0
	for seed := range uint64(100) {
		f := randomRoad(rand.New(rand.NewPCG(seed, 13)))
		f.Until = minute(2*1440 + 1000)
		before := slices.DeleteFunc(Trips(f), func(x Trip) bool { return x.To.IsZero() })
		f.Until = f.Until.Add(5 * time.Hour)
		after := Trips(f)
		if compared += len(before); len(after) < len(before) || text(t, after[:len(before)]) != text(t, before) {
			t.Fatalf("seed %d:\n%s\nlater\n%s", seed, told(before), told(after))
		}
	}
	if compared < 200 {
		t.Errorf("%d compared", compared)
	}
}

// What lies long before a trip does not bear on it: who reads from Before ahead
// of it sees it as it is.
func TestTripsNeedNoWholePast(t *testing.T) {
	compared := 0
	for seed := range uint64(200) {
		f := randomRoad(rand.New(rand.NewPCG(seed, 11)))
		whole := Trips(f)
		for _, x := range whole {
			from := x.From.Add(-Before)
			if !from.After(minute(0)) {
				continue
			}
			g := f
			g.Fixes = slices.DeleteFunc(slices.Clone(f.Fixes), func(x Fix) bool { return x.At.Before(from) })
			g.Doors = slices.DeleteFunc(slices.Clone(f.Doors), func(x DoorReading) bool { return x.At.Before(from) })
			again := Trips(g)
			i := slices.IndexFunc(again, func(y Trip) bool { return y.From.Equal(x.From) })
			if i < 0 || text(t, again[i:i+1]) != text(t, []Trip{x}) {
				t.Fatalf("seed %d: from %s\n%s\nof the whole\n%s", seed, from, told(again), told([]Trip{x}))
			}
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("%d compared", compared)
	}
}

// Facts are outside bytes in the end: whatever they are, trips come out.
func FuzzTrips(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, uint16(900))
	f.Fuzz(func(t *testing.T, data []byte, until uint16) {
		b := newRoadbook(int(until))
		for i := 0; i+3 < len(data); i += 4 {
			m := int(data[i])*256 + int(data[i+1])
			switch data[i+2] % 5 {
			case 0:
				b.Fixes = append(b.Fixes, Fix{minute(m), 40 + float64(data[i+3])/280, 108})
			case 1:
				b.Doors = append(b.Doors, DoorReading{minute(m), data[i+3] > 127})
			case 2:
				b.carry(string(rune('A'+data[i+3]%26)), m, m+int(data[i+3])*3-50, "centre/r", "north/r")
			case 3:
				b.say(m, Phases()[data[i+3]%6])
			case 4:
				b.Says = append(b.Says, Say{At: minute(m), Empty: true})
			}
		}
		for _, x := range Trips(b.Facts) {
			if x.From.After(b.Until) || !x.To.IsZero() && !x.To.After(x.From) || x.To.After(b.Until) {
				t.Errorf("%s", told([]Trip{x}))
			}
		}
	})
}

func BenchmarkTrips(b *testing.B) {
	f := randomRoad(rand.New(rand.NewPCG(1, 1)))
	b.ReportAllocs()
	for b.Loop() {
		Trips(f)
	}
}
