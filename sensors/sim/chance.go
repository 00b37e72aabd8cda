package sim

import (
	"hash/fnv"
	"math"
)

// Chance is counter-based: a number follows from (seed, what for, index), so
// no order of asking can change it. The mixer is SplitMix64's finaliser
// (Steele, Lea, Flood 2014, figure 17).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// stream derives the seed of one use, e.g. one door's openings.
func stream(seed uint64, names ...string) uint64 {
	h := fnv.New64a()
	for _, n := range names {
		h.Write([]byte(n)) // a hash's Write never fails
		h.Write([]byte{0})
	}
	return mix(seed ^ h.Sum64())
}

// unit returns the index-th number of a stream, in [0, 1).
func unit(stream uint64, index int64) float64 {
	return float64(mix(stream^mix(uint64(index)))>>11) / (1 << 53)
}

// wander is smooth noise in [-1, 1]: random values every period seconds with
// cosine blending between them. Real probes and weather wander; they do not
// jump between two seconds.
func wander(stream uint64, t, period int64) float64 {
	i := floorDiv(t, period)
	f := float64(t-i*period) / float64(period)
	f = (1 - math.Cos(math.Pi*f)) / 2
	a, b := unit(stream, i), unit(stream, i+1)
	return 2*(a+(b-a)*f) - 1
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
