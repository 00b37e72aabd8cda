package state

import (
	"iter"
	"math"
	"slices"
	"sort"

	"coldchain/gateway/wire"
)

// MaxSequence is the highest sequence and epoch that can be kept: SQLite's
// integers are signed. One record a microsecond reaches it in 292,000 years.
const MaxSequence uint64 = math.MaxInt64

// Ranges is a set of sequence numbers, kept as runs: a year of records is one
// run. The zero value is empty. It is not safe for concurrent use.
type Ranges struct {
	runs []wire.Range // sorted; neither overlapping nor touching
}

// Add puts from..to (both inclusive) into the set. A range that runs backwards
// adds nothing.
func (s *Ranges) Add(from, to uint64) {
	if from > to {
		return
	}
	// i: first run that ends at or behind the place just before from.
	// j: first run that begins after the place just behind to.
	i := sort.Search(len(s.runs), func(k int) bool { return s.runs[k].To >= from || s.runs[k].To+1 == from })
	j := i + sort.Search(len(s.runs)-i, func(k int) bool { f := s.runs[i+k].From; return f > to && f-1 > to })
	if i < j {
		from = min(from, s.runs[i].From)
		to = max(to, s.runs[j-1].To)
	}
	s.runs = slices.Replace(s.runs, i, j, wire.Range{From: from, To: to})
}

// Contains reports whether seq is in the set.
func (s *Ranges) Contains(seq uint64) bool {
	i := sort.Search(len(s.runs), func(k int) bool { return s.runs[k].To >= seq })
	return i < len(s.runs) && s.runs[i].From <= seq
}

// Missing returns the runs of numbers n with from <= n < below that are not in
// the set, lowest first.
func (s *Ranges) Missing(from, below uint64) []wire.Range {
	var holes []wire.Range
	i := sort.Search(len(s.runs), func(k int) bool { return s.runs[k].To >= from })
	for ; from < below && i < len(s.runs) && s.runs[i].From < below; i++ {
		if s.runs[i].From > from {
			holes = append(holes, wire.Range{From: from, To: s.runs[i].From - 1})
		}
		if s.runs[i].To >= below-1 { // also keeps the next line from overflowing
			return holes
		}
		from = s.runs[i].To + 1
	}
	if from < below {
		holes = append(holes, wire.Range{From: from, To: below - 1})
	}
	return holes
}

// Highest returns the largest number in the set, or 0 when it is empty: that is
// what a hello says then, and no journal numbers a record 0.
func (s *Ranges) Highest() uint64 {
	if len(s.runs) == 0 {
		return 0
	}
	return s.runs[len(s.runs)-1].To
}

// Len returns how many runs the set has, which is what it costs.
func (s *Ranges) Len() int { return len(s.runs) }

// Count returns how many numbers the set holds; a set of all 2^64 of them,
// which cannot be counted in a uint64, gives 0.
func (s *Ranges) Count() uint64 {
	var n uint64
	for _, r := range s.runs {
		n += r.To - r.From + 1
	}
	return n
}

// All yields the runs, lowest first.
func (s *Ranges) All() iter.Seq[wire.Range] { return slices.Values(s.runs) }
