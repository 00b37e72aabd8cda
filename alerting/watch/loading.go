package watch

// Goods that nobody has booked show by themselves: the door was open, and when
// it is shut again the air does not get cold as after a visit.
const (
	loadRise   = 3.0         // °C that the air is warmer than before the door was opened [E]
	loadAfter  = 10 * minute // since the door was shut [E]
	loadOpen   = 30 * minute // or since it was opened, when it stays so [E]
	loadPauses = 30 * minute // between openings of one loading [E]
)

// loading is a door that may be letting goods in.
type loading struct {
	opened, shut int64   // first and last moment it was seen open; 0: none
	before       float64 // air before that, °C
	known        bool
}

// observeDoor notes an open door of a room that has a pull-down.
func (w *Watch) observeDoor(z *zone, p *point, t int64) {
	if z.rules.PullDown == nil || z.air == nil || p.at != t || p.value <= 0.5 {
		return
	}
	l := &z.loading
	if l.opened == 0 || t-l.shut > loadPauses {
		*l = loading{opened: t, before: z.air.value, known: z.air.usable(t)}
	}
	l.shut = t
	w.touchZone(z)
}

// observeLoading judges by the air whether an open door let goods in.
func (w *Watch) observeLoading(z *zone, t int64) {
	l := &z.loading
	if l.opened == 0 || z.idle || !z.air.usable(t) {
		return
	}
	if t-l.shut < loadAfter && t-l.opened < loadOpen {
		return
	}
	if l.known && z.air.value >= l.before+loadRise {
		w.load(z, l.opened, false)
		*l = loading{}
		w.touchZone(z)
		return
	}
	if t-l.shut > loadPauses {
		*l = loading{}
		w.touchZone(z)
	}
}
