package watch

// foundPull takes what the shadow found of goods being cooled in a zone, by late
// readings of the loading that is known. Late readings begin no pull-down: the
// high limits of a room rest for nobody who was not known to be there.
func (w *Watch) foundPull(z *zone, late *pullDown, now int64) {
	p := &z.pull
	if z.rules.PullDown == nil || p.since == 0 || p.since != late.since || p.first != late.first {
		return
	}
	for _, a := range late.slot.over {
		if !p.slot.knows(a.start, a.end) {
			w.tellLate(&p.slot, a.open, a.end)
		}
	}
	switch a := late.slot.alarm; {
	case late.reached != 0:
		w.wasCold(z, late.reached, now)
	case a == nil || p.slot.knows(a.start, a.seen):
	case p.slot.alarm != nil: // it has begun with the loading, as this one
	case p.reached != 0:
		w.tellLate(&p.slot, *a, max(p.reached, a.seen))
	case p.slot.fine != 0 && w.hears(&p.slot, now):
		w.tellLate(&p.slot, *a, max(p.slot.fine, a.seen))
	case p.running(now):
		w.adopt(&p.slot, a, now)
	default: // given up, or cold since
		w.tellLate(&p.slot, *a, a.seen)
	}
	w.touchZone(z)
}

// wasCold ends a pull-down whose goods were cold at a moment, so that the high
// limits count again. An alarm that is there it does not end.
func (w *Watch) wasCold(z *zone, at, now int64) {
	p := &z.pull
	if p.slot.alarm != nil || !p.running(now) {
		return
	}
	p.reached, p.slot.pending = at, run{}
}
