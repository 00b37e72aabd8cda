package trip

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var day = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)

func minute(m int) time.Time { return day.Add(time.Duration(m) * time.Minute) }

// fact is one thing that becomes known of a truck.
type fact struct {
	kind  int // 0 door, 1 air, 2 position, 3 books, 4 says
	m     int // minute it is of
	open  bool
	value float64
	stays []Stay
	says  []Say
}

func (f fact) tell(t *Truck) {
	switch f.kind {
	case 0:
		t.Door(minute(f.m), f.open)
	case 1:
		t.Air(minute(f.m), f.value)
	case 2:
		t.Latitude(minute(f.m), 39.83+f.value)
		t.Longitude(minute(f.m), 108.73)
	case 3:
		t.Books(f.stays)
	case 4:
		t.Says(f.says)
	}
}

const minutes = 300

// randomDay is a truck's day: a door now and then, bookings, words, driving.
func randomDay(rnd *rand.Rand) (out []fact) {
	var stays []Stay
	var says []Say
	open, driving, at := false, false, 0.0
	for m := 1; m < minutes; m++ {
		if rnd.IntN(25) == 0 || open && rnd.IntN(5) == 0 {
			open = !open
		}
		out = append(out, fact{kind: 0, m: m, open: open}, fact{kind: 1, m: m, value: -25 + rnd.Float64()*20})
		if rnd.IntN(40) == 0 {
			driving = !driving
		}
		if driving {
			at += 0.01
		}
		out = append(out, fact{kind: 2, m: m, value: at})
		switch rnd.IntN(30) {
		case 0:
			stays = append(slices.Clone(stays), Stay{From: minute(m - rnd.IntN(20))})
			out = append(out, fact{kind: 3, m: m, stays: stays})
		case 1, 2:
			if i := slices.IndexFunc(stays, func(s Stay) bool { return s.To.IsZero() && s.From.Before(minute(m)) }); i >= 0 {
				stays = slices.Clone(stays)
				stays[i].To = minute(m)
				out = append(out, fact{kind: 3, m: m, stays: stays})
			}
		case 3:
			s := Say{At: minute(m), By: "巴图", Empty: rnd.IntN(2) == 0}
			if !s.Empty {
				s.Phase, s.Inferred = Phases()[rnd.IntN(6)], Phases()[rnd.IntN(6)]
			}
			says = append(slices.Clone(says), s)
			out = append(out, fact{kind: 4, m: m, says: says})
		}
	}
	return out
}

func truckOf() *Truck {
	low, high := -40.0, -15.0
	return New(Config{Door: true, Low: &low, High: &high})
}

// plain says by the words of the promise alone whether a truck is armed: it is,
// unless somebody has said that it is empty and its door was not opened since.
func plain(facts []fact, m int) bool {
	var stays []Stay
	var says []Say
	for _, f := range facts {
		if f.kind == 3 {
			stays = f.stays
		}
		if f.kind == 4 {
			says = f.says
		}
	}
	word := day.Add(-time.Hour)
	for _, s := range stays {
		if !s.From.After(minute(m)) && (s.To.IsZero() || s.To.After(minute(m))) {
			return true
		}
		if !s.To.IsZero() && !s.To.After(minute(m)) && s.To.After(word) {
			word = s.To
		}
	}
	for _, s := range says {
		if s.Empty && !s.At.After(minute(m)) && s.At.After(word) {
			word = s.At
		}
	}
	if word.Before(day) {
		return true
	}
	before := false
	for _, f := range facts { // in order of time
		if f.kind != 0 || f.m > m {
			continue
		}
		if f.open && !before && minute(f.m).After(word) {
			return true
		}
		before = f.open
	}
	return false
}

func TestArmedIsWhatThePromiseSays(t *testing.T) {
	armed, silent := 0, 0
	for seed := range uint64(50) {
		facts := randomDay(rand.New(rand.NewPCG(seed, 1)))
		truck := truckOf()
		for _, f := range facts {
			f.tell(truck)
		}
		line := truck.Timeline()
		for m := range minutes {
			got, _ := line.At(minute(m))
			if want := plain(facts, m); got != want {
				t.Fatalf("seed %d, minute %d: armed %v, want %v", seed, m, got, want)
			}
			if got {
				armed++
			} else {
				silent++
			}
		}
		if st := truck.Status(minute(minutes)); st.Armed != (st.Load != Empty) {
			t.Fatalf("seed %d: %+v", seed, st)
		}
	}
	if armed < 1000 || silent < 500 {
		t.Errorf("%d minutes armed, %d silent: the days prove nothing", armed, silent)
	}
}

// TestOrderOfArrivalDoesNotChangeWhatWasArmed: the newest part first, then a
// backlog in its order, everything twice, and kinds in any order among
// themselves.
func TestOrderOfArrivalDoesNotChangeWhatWasArmed(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		facts := randomDay(rnd)
		straight := truckOf()
		for _, f := range facts {
			f.tell(straight)
		}
		want := straight.Timeline()

		hole, end := 20+rnd.IntN(100), 150+rnd.IntN(100)
		var first, backlog []fact
		for _, f := range facts {
			if f.kind == 0 && f.m > hole && f.m < end {
				backlog = append(backlog, f)
			} else {
				first = append(first, f)
			}
		}
		// Books and words keep their order among themselves, and so do the rest.
		slices.SortStableFunc(first, func(x, y fact) int { return x.kind/3 - y.kind/3 })
		truck := truckOf()
		for _, f := range slices.Concat(first, backlog, backlog) {
			f.tell(truck)
		}
		if got := truck.Timeline(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: a hole from %d to %d filled later:\n%v\nwant\n%v", seed, hole, end, got, want)
		}
	}
}

func TestARestartAtAnyPositionChangesNothing(t *testing.T) {
	for seed := range uint64(6) {
		facts := randomDay(rand.New(rand.NewPCG(seed, 3)))
		var want []Status
		straight := truckOf()
		for _, f := range facts {
			f.tell(straight)
			want = append(want, straight.Status(minute(f.m)))
		}
		for k := 0; k < len(facts); k += 7 {
			truck, state := truckOf(), []byte(nil)
			var books, says fact
			books.kind, says.kind = 3, 4
			for i, f := range facts {
				if i == k {
					if b := truck.Dirty(); b != nil {
						state = b
					}
					truck = truckOf()
					if state != nil {
						if err := truck.Restore(state); err != nil {
							t.Fatal(err)
						}
					}
					books.tell(truck)
					says.tell(truck)
				}
				f.tell(truck)
				switch f.kind {
				case 3:
					books = f
				case 4:
					says = f
				}
				if i%3 == 0 {
					if b := truck.Dirty(); b != nil {
						state = b
					}
				}
				if got := truck.Status(minute(f.m)); got != want[i] {
					t.Fatalf("seed %d: restart before fact %d changes how it stands at %d:\n%+v\nwithout:\n%+v", seed, k, i, got, want[i])
				}
			}
		}
	}
}

// TestOpeningsThatAreForgottenStillCount: a door that opens more often than is
// remembered does not make a box empty.
func TestOpeningsThatAreForgottenStillCount(t *testing.T) {
	truck := truckOf()
	truck.Door(minute(0), false)
	truck.Says([]Say{{At: minute(0), By: "巴图", Empty: true}})
	if st := truck.Status(minute(0)); st.Load != Empty {
		t.Fatalf("somebody has looked: %+v", st)
	}
	for m := 1; m < 3*mostStretches; m++ {
		truck.Door(minute(m), m%2 == 1)
		if m%100 != 0 {
			continue
		}
		if st := truck.Status(minute(m)); st.Load != LoadUnknown {
			t.Fatalf("minute %d: %+v", m, st)
		}
	}
	truck.door.stretches = truck.door.stretches[:0]
	truck.loads = nil
	if st := truck.Status(minute(3 * mostStretches)); st.Load != LoadUnknown {
		t.Errorf("with every opening forgotten: %+v", st)
	}
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	for _, blob := range []string{``, `{}`, `{"v":2}`, `{"v":1,"more":1}`, `{"v":1,"door":[{"f":5,"t":4}]}`,
		`{"v":1,"door":[{"f":5,"t":6},{"f":6,"t":8}]}`, `{"v":1,"forgotten":-1}`, `{"v":1,"air":[{"t":5,"v":1},{"t":5,"v":1}]}`, `{"v":1,"motion":{"at":-1}}`} {
		truck := truckOf()
		if err := truck.Restore([]byte(blob)); err == nil {
			t.Errorf("%s was taken", blob)
		}
	}
}
