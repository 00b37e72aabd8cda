package exposure

import (
	"cmp"
	"slices"
	"time"

	"coldchain/alerting/sums"
)

// side follows the time beyond one limit. The limit itself is inside: a label
// that says 2 to 8 °C allows both.
type side struct {
	limit   float64
	low     bool // beyond is below
	seconds sums.Sum
	area    sums.Sum // °C·s
	runs    []run
	open    bool // the last run may go on
}

type run struct {
	from, to int64 // ms
	seconds  float64
	area     float64 // °C·s
	peak     float64 // farthest beyond, °C
}

// beyond is how far a value is beyond the limit; 0 or less is inside.
func (s *side) beyond(v float64) float64 {
	if s.low {
		return s.limit - v
	}
	return v - s.limit
}

func (s *side) farther(a, b float64) float64 {
	if s.low {
		return min(a, b)
	}
	return max(a, b)
}

// point takes a reading: one beyond begins a run, even when it holds for no
// time at all, as the last one of a log does.
func (s *side) point(at int64, v float64) {
	if s.beyond(v) <= 0 {
		s.open = false
		return
	}
	s.begin(at, v)
}

func (s *side) begin(at int64, v float64) {
	if s.open {
		r := &s.runs[len(s.runs)-1]
		r.peak = s.farther(r.peak, v)
		return
	}
	s.open = true
	s.runs = append(s.runs, run{from: at, to: at, peak: v})
}

// stretch takes a course from va at a to vb at b, in a straight line.
func (s *side) stretch(a, b int64, va, vb float64) {
	ea, eb := s.beyond(va), s.beyond(vb)
	seconds := float64(b-a) / 1000
	switch {
	case ea <= 0 && eb <= 0:
		s.open = false
	case ea >= 0 && eb >= 0:
		s.begin(a, va)
		s.extend(b, vb, seconds, (ea+eb)/2*seconds)
		s.open = eb > 0 // at the limit it is inside again
	case ea > 0: // comes back inside
		part := ea / (ea - eb)
		s.begin(a, va)
		s.extend(a+int64(part*float64(b-a)), s.limit, part*seconds, ea/2*part*seconds)
		s.open = false
	default: // goes out
		part := eb / (eb - ea)
		s.open = false
		s.begin(b-int64(part*float64(b-a)), vb)
		s.extend(b, vb, part*seconds, eb/2*part*seconds)
	}
}

func (s *side) extend(to int64, v, seconds, area float64) {
	r := &s.runs[len(s.runs)-1]
	r.to = to
	r.seconds += seconds
	r.area += area
	r.peak = s.farther(r.peak, v)
	s.seconds.Add(seconds)
	s.area.Add(area)
}

// gap ends a run: nobody knows whether it went on.
func (s *side) gap() { s.open = false }

// join appends what came after. A run that reaches the end of the one and
// begins with the other is one run.
func (s *side) join(next *side, touches bool, at int64) {
	s.seconds.Join(next.seconds)
	s.area.Join(next.area)
	rest := next.runs
	if touches && s.open && len(rest) > 0 && rest[0].from == at {
		last := &s.runs[len(s.runs)-1]
		last.to = rest[0].to
		last.seconds += rest[0].seconds
		last.area += rest[0].area
		last.peak = s.farther(last.peak, rest[0].peak)
		rest = rest[1:]
	}
	s.runs = append(s.runs, rest...)
	s.open = next.open
}

func (s *side) result() *Side {
	out := &Side{LimitC: s.limit, Seconds: s.seconds.Value(), Events: len(s.runs), DegreeMinutes: s.area.Value() / 60}
	kept := s.runs
	for i, r := range s.runs {
		out.LongestS = max(out.LongestS, r.seconds)
		if i == 0 || s.farther(r.peak, *out.PeakC) == r.peak {
			peak := r.peak
			out.PeakC = &peak
		}
	}
	if len(kept) > MaxRuns {
		kept = slices.Clone(kept)
		slices.SortStableFunc(kept, func(a, b run) int { return cmp.Compare(b.seconds, a.seconds) })
		kept = kept[:MaxRuns]
		slices.SortFunc(kept, func(a, b run) int { return cmp.Compare(a.from, b.from) })
	}
	for _, r := range kept {
		out.Runs = append(out.Runs, Run{From: moment(r.from), To: moment(r.to), PeakC: r.peak, DegreeMinutes: r.area / 60})
	}
	return out
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
