package exposure

// tally is what a stretch of time adds up to. Tallies of stretches that follow
// each other join to the tally of both.
type tally struct {
	method   Method
	interval float64 // s
	points   int
	from, to int64 // ms
	duration int64 // ms; less than to-from when there is unmonitored time between
	// covered is all time with a reading; uncertain, masked and expired are
	// parts of it.
	covered, uncertain, masked, expired int64 // ms
	learned                             int64 // ms, part of masked
	until                               int64 // end of the last covered time; from: none

	any      bool
	min, max float64
	mean     moments
	kinetic  kinetic
	frozen   bool

	above, below *side
	gaps         []Gap
	blind        bool // it begins with a gap, and not with a reading that is followed by one
}

func newTally(o Options, from, to int64) tally {
	t := tally{method: o.Method, interval: o.Interval.Seconds(), from: from, to: to, duration: to - from, until: from, frozen: o.Frozen}
	if o.Limits.High != nil {
		t.above = &side{limit: *o.Limits.High}
	}
	if o.Limits.Low != nil {
		t.below = &side{limit: *o.Limits.Low, low: true}
	}
	return t
}

func (t *tally) eachSide(do func(*side)) {
	if t.above != nil {
		do(t.above)
	}
	if t.below != nil {
		do(t.below)
	}
}

// see takes a value that the temperature had.
func (t *tally) see(v float64) {
	if !t.any {
		t.any, t.min, t.max = true, v, v
		return
	}
	t.min, t.max = min(t.min, v), max(t.max, v)
}

func (t *tally) point(at int64, v float64) {
	t.points++
	t.see(v)
	if t.above != nil {
		t.above.point(at, v)
	}
	if t.below != nil {
		t.below.point(at, v)
	}
}

// stretch takes a course from va at a to vb at b, in a straight line.
func (t *tally) stretch(a, b int64, va, vb float64, f Flags) {
	ms := b - a
	t.covered += ms
	t.until = b
	if f != 0 {
		t.flag(ms, f)
	}
	t.see(va)
	seconds := float64(ms) / 1000
	if va != vb {
		t.see(vb)
	}
	t.mean.add(va, vb, seconds)
	switch {
	case t.frozen:
	case va == vb:
		t.kinetic.add(va, seconds)
	default: // the trapezoid of the rates, as Tong and Lock have it
		t.kinetic.add(va, seconds/2)
		t.kinetic.add(vb, seconds/2)
	}
	if t.above != nil {
		t.above.stretch(a, b, va, vb)
	}
	if t.below != nil {
		t.below.stretch(a, b, va, vb)
	}
}

func (t *tally) flag(ms int64, f Flags) {
	if f&Uncertain != 0 {
		t.uncertain += ms
	}
	if f&Masked != 0 {
		t.masked += ms
		if f&Learned != 0 {
			t.learned += ms
		}
	}
	if f&CalibrationExpired != 0 {
		t.expired += ms
	}
}

func (t *tally) gap(a, b int64, cause string) {
	t.gaps = append(t.gaps, Gap{From: moment(a), To: moment(b), Seconds: float64(b-a) / 1000, Cause: cause})
	t.eachSide((*side).gap)
}

// join appends what came after. Time between the two, which only an unmonitored
// stay leaves, is in neither.
func (t *tally) join(next tally) {
	touches := t.to == next.from
	t.points += next.points
	t.duration += next.duration
	t.covered += next.covered
	t.uncertain += next.uncertain
	t.masked += next.masked
	t.learned += next.learned
	t.expired += next.expired
	if next.covered > 0 {
		t.until = next.until
	}
	if next.any {
		t.see(next.min)
		t.see(next.max)
	}
	t.mean.join(next.mean)
	t.kinetic.join(next.kinetic)
	if t.above != nil && next.above != nil {
		t.above.join(next.above, touches, next.from)
	}
	if t.below != nil && next.below != nil {
		t.below.join(next.below, touches, next.from)
	}
	t.gaps = joinGaps(t.gaps, next.gaps, touches && next.blind)
	t.to = next.to
}

// joinGaps makes one of a gap that a change of custody cut in two.
func joinGaps(a, b []Gap, cut bool) []Gap {
	if n := len(a); cut && n > 0 && len(b) > 0 && a[n-1].To.Equal(b[0].From) && a[n-1].Cause == b[0].Cause {
		one := a[n-1]
		one.To, one.Seconds = b[0].To, one.Seconds+b[0].Seconds
		return append(append(a[:n-1:n-1], one), b[1:]...)
	}
	return append(a[:len(a):len(a)], b...)
}

func (t *tally) summary() Summary {
	s := Summary{
		Points: t.points, Start: moment(t.from), End: moment(t.to), DurationS: float64(t.duration) / 1000, IntervalS: t.interval,
		Gaps: t.gaps, Method: t.method,
		UncertainS: float64(t.uncertain) / 1000, MaskedS: float64(t.masked) / 1000, CalibrationExpiredS: float64(t.expired) / 1000, MaskedLearnedS: float64(t.learned) / 1000,
	}
	if s.Gaps == nil {
		s.Gaps = []Gap{}
	}
	if t.duration > 0 {
		s.Coverage = float64(t.covered-t.uncertain) / float64(t.duration)
	}
	if t.any {
		lowest, highest := t.min, t.max
		s.MinC, s.MaxC = &lowest, &highest
	}
	if mean, sd, ok := t.mean.value(); ok {
		s.MeanC, s.SDC = &mean, &sd
	}
	if c, ok := t.kinetic.value(); ok {
		s.MKTC = &c
	}
	if t.above != nil {
		s.Above = t.above.result()
	}
	if t.below != nil {
		s.Below = t.below.result()
	}
	return s
}

// worst is the tally of goods that were mixed: of each thing the worse, since
// nobody knows which part of the mixture comes from which. Time and gaps are
// those of the one that is less covered.
func worst(a, b tally) tally {
	out := a
	if coverage(b) < coverage(a) {
		out.points, out.from, out.to, out.duration = b.points, b.from, b.to, b.duration
		out.covered, out.gaps = b.covered, b.gaps
	}
	out.from, out.until = min(a.from, b.from), min(a.until, b.until)
	out.to = max(a.to, b.to)
	out.uncertain, out.masked, out.expired = max(a.uncertain, b.uncertain), max(a.masked, b.masked), max(a.expired, b.expired)
	out.uncertain, out.learned = min(out.uncertain, out.covered), max(a.learned, b.learned)
	if b.any {
		out.see(b.min)
		out.see(b.max)
	}
	if warmer(b, a) {
		out.mean, out.kinetic = b.mean, b.kinetic
	}
	out.above, out.below = worseSide(a.above, b.above), worseSide(a.below, b.below)
	return out
}

// warmer reports whether a was warmer than b on the whole.
func warmer(a, b tally) bool {
	ka, okA := a.kinetic.value()
	kb, okB := b.kinetic.value()
	if okA && okB {
		return ka > kb
	}
	ma, _, okA := a.mean.value()
	mb, _, okB := b.mean.value()
	return okA && (!okB || ma > mb)
}

func coverage(t tally) float64 {
	if t.duration == 0 {
		return 1
	}
	return float64(t.covered-t.uncertain) / float64(t.duration)
}

func worseSide(a, b *side) *side {
	if a == nil || b != nil && (b.area.Value() > a.area.Value() || b.area.Value() == a.area.Value() && len(b.runs) > len(a.runs)) {
		return b
	}
	return a
}
