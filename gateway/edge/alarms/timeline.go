package alarms

// timeline is the time by which the site judges. It is the wall clock as long
// as that is believed and runs evenly, so that an alarm begins at the same
// millisecond as at the county; and the monotonic clock where it is not. It
// never steps: what a clock's step would have moved is remembered as a shift
// between the two.
//
// Times are whole milliseconds, as everywhere on the wire.
type timeline struct {
	Boot  string  `json:"boot"`            // start of the machine that Mono counts from
	At    int64   `json:"at"`              // newest time
	Mono  int64   `json:"mono"`            // of the same moment
	Shift int64   `json:"shift,omitempty"` // time less wall time, from the last of Past on
	Known bool    `json:"known,omitempty"` // Shift was learned from a clock that is believed
	Past  []epoch `json:"past,omitempty"`
	Doubt int64   `json:"doubt,omitempty"` // from when on the clock is not believed any more; 0 while it is
}

// epoch is a stretch of time with a shift of its own.
type epoch struct {
	Until int64 `json:"until"`
	Shift int64 `json:"shift"`
	Known bool  `json:"known"`
}

const (
	stepLimit = 2000            // ms by which a clock may be slewed without stepping
	maxPast   = 32              // epochs; older ones are forgotten with the alarms of their time
	firstTime = 946_684_800_000 // the year 2000: where time begins for a site that never had a clock
)

// place returns the time of a record, and whether it lies further ahead than
// the monotonic clock accounts for: the machine was off.
func (l *timeline) place(boot string, mono, wall int64, believed bool) (t int64, jumped bool) {
	if boot != l.Boot {
		l.begin(boot, mono, wall, believed)
		return l.At, true
	}
	t = l.At + mono - l.Mono
	switch {
	case !believed:
		if l.Doubt == 0 && l.Known {
			l.Doubt = t
		}
	case !l.Known: // and so it was since this stretch began
		l.Shift, l.Known = t-wall, true
	case abs(wall+l.Shift-t) <= stepLimit:
		t, l.Doubt = wall+l.Shift, 0
	default: // what was held since the clock moved is placed by the new one
		if l.Doubt == 0 {
			l.Doubt = t
		}
		l.close(l.Doubt - 1)
		l.Shift, l.Doubt = t-wall, 0
	}
	if t > l.At {
		l.At, l.Mono = t, mono
	}
	return t, false
}

// begin is the first record after a start of the machine. How long it was off
// only a believed clock can say.
func (l *timeline) begin(boot string, mono, wall int64, believed bool) {
	next := l.At + 1
	fresh := l.Boot == ""
	switch {
	case !fresh && believed && l.Known && wall+l.Shift >= next:
		next = wall + l.Shift
	case fresh && believed:
		next, l.Known = max(wall, 1), true
		l.Shift = next - wall
	case fresh:
		next = firstTime
	default:
		l.close(l.At)
		if believed && wall > next {
			next = wall // as it would be had it never been lost
		}
		l.Shift, l.Known = next-wall, believed
	}
	l.Boot, l.At, l.Mono, l.Doubt = boot, next, mono, 0
}

func (l *timeline) close(until int64) {
	l.Past = append(l.Past, epoch{until, l.Shift, l.Known})
	l.Past = l.Past[max(0, len(l.Past)-maxPast):]
}

// wall returns the wall time of t; false where no clock ever told it.
func (l *timeline) wall(t int64) (int64, bool) {
	for _, e := range l.Past {
		if t <= e.Until {
			return t - e.Shift, e.Known
		}
	}
	return t - l.Shift, l.Known
}

func abs(x int64) int64 { return max(x, -x) }

// of returns the time of a moment of the wall clock; false where no clock that is
// believed has told it. What two stretches claim belongs to the older one.
func (l *timeline) of(wall int64) (int64, bool) {
	from := int64(0)
	for _, e := range l.Past {
		if t := wall + e.Shift; e.Known && t <= e.Until && t >= from {
			return t, true
		}
		from = e.Until + 1
	}
	return max(wall+l.Shift, from), l.Known
}
