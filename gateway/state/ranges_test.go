package state

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"coldchain/gateway/wire"
)

// TestRangesEqualANaiveSet compares every question with a set of numbers kept
// one by one, at the low end and at the very top of the number line.
func TestRangesEqualANaiveSet(t *testing.T) {
	const width = 64
	for _, base := range []uint64{0, 1, math.MaxUint64 - width + 1} {
		for seed := range uint64(300) {
			r := rand.New(rand.NewPCG(seed, base))
			var s Ranges
			naive := map[uint64]bool{}
			for range 30 {
				from := base + r.Uint64N(width)
				to := from + r.Uint64N(min(6, base+width-from))
				s.Add(from, to)
				for n := from; ; n++ {
					naive[n] = true
					if n == to {
						break
					}
				}
				checkAgainst(t, &s, naive, base, width, r)
				if t.Failed() {
					t.Fatalf("base %d seed %d after adding %d to %d: %v", base, seed, from, to, s.runs)
				}
			}
		}
	}
}

func checkAgainst(t *testing.T, s *Ranges, naive map[uint64]bool, base, width uint64, r *rand.Rand) {
	t.Helper()
	var highest uint64
	for i := range width {
		n := base + i
		if s.Contains(n) != naive[n] {
			t.Errorf("Contains(%d) is %t", n, s.Contains(n))
		}
		if naive[n] {
			highest = max(highest, n)
		}
	}
	if s.Highest() != highest || s.Count() != uint64(len(naive)) {
		t.Errorf("highest %d count %d, want %d and %d", s.Highest(), s.Count(), highest, len(naive))
	}
	from, below := base+r.Uint64N(width), base+r.Uint64N(width)
	missing := map[uint64]bool{}
	for _, hole := range s.Missing(from, below) {
		for n := hole.From; n <= hole.To; n++ {
			missing[n] = true
		}
	}
	for i := range width {
		n := base + i
		if want := n >= from && n < below && !naive[n]; missing[n] != want {
			t.Errorf("Missing(%d, %d) holds %d: %t", from, below, n, missing[n])
		}
	}
	last := wire.Range{}
	for i, run := range slices.Collect(s.All()) {
		if run.From > run.To || i > 0 && run.From <= last.To+1 {
			t.Errorf("runs %v and %v overlap, touch or run backwards", last, run)
		}
		last = run
	}
}

func TestRangesOfAYearAreOneRun(t *testing.T) {
	var s Ranges
	for n := uint64(1); n <= 365*1440; n++ {
		s.Add(n, n)
	}
	if s.Len() != 1 || s.Count() != 365*1440 {
		t.Errorf("%d runs of %d records", s.Len(), s.Count())
	}
}

func TestRangesBackwardsAddNothing(t *testing.T) {
	var s Ranges
	s.Add(9, 3)
	if s.Len() != 0 || s.Highest() != 0 || s.Contains(5) {
		t.Error("a range that runs backwards was added")
	}
	if got := s.Missing(3, 3); got != nil {
		t.Error("an empty question has holes:", got)
	}
}
