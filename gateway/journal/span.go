package journal

import "slices"

// span is a run of sequence numbers, both ends included.
type span struct{ first, last uint64 }

func (s span) sum() int64 { return sumOf(s.first, s.last) }

// spans are runs that neither touch nor overlap, in order.
type spans []span

// at returns the index of the first run that ends at or after seq.
func (s spans) at(seq uint64) int {
	i, _ := slices.BinarySearchFunc(s, seq, func(r span, seq uint64) int {
		switch {
		case r.last < seq:
			return -1
		case r.first > seq:
			return 1
		}
		return 0
	})
	return i
}

func (s spans) contains(seq uint64) bool {
	i := s.at(seq)
	return i < len(s) && s[i].first <= seq
}

// without returns the parts of r that s does not cover.
func (s spans) without(r span) []span {
	var out []span
	from := r.first
	for i := s.at(r.first); i < len(s) && s[i].first <= r.last; i++ {
		if s[i].first > from {
			out = append(out, span{from, s[i].first - 1})
		}
		from = s[i].last + 1
	}
	if from <= r.last {
		out = append(out, span{from, r.last})
	}
	return out
}

// add returns s with r in it, leaving s as it was, and the run that r became
// part of.
func (s spans) add(r span) (spans, span) {
	low := r.first
	if low > 0 {
		low-- // a run that ends just before r joins it
	}
	i := s.at(low)
	k := i
	for ; k < len(s) && s[k].first <= r.last+1; k++ {
		r.first, r.last = min(r.first, s[k].first), max(r.last, s[k].last)
	}
	return slices.Concat(s[:i], spans{r}, s[k:]), r
}
