package trip

// leaves is how long after a loading a truck whose position nobody hears is
// still being loaded, ms.
const leaves = int64(1_800_000)

// infer says what the truck is doing by position, door, load and air, and when
// the evidence for that last changed (0: it never did). Between idle and
// conditioning nothing has changed: the unit runs or it does not.
func (t *Truck) infer(now int64, load Load, loadSince int64) (Phase, int64) {
	m := &t.motion
	o, opened := t.door.last(now)
	open := opened && o.shut == 0
	switch {
	case open:
		return t.atDoor(now, o), max(o.from, loadSince)
	case m.Moving && load == Empty:
		return Returning, max(m.Since, loadSince)
	case m.Moving:
		return InTransit, max(o.shut, loadSince)
	case load == Empty && t.conditioned(now):
		return Conditioning, max(m.Since, o.shut, loadSince)
	case load == Empty, load == LoadUnknown && !opened:
		return Idle, max(m.Since, o.shut, loadSince)
	case opened && !t.left(now, o) && t.atDoor(now, o) == Loading:
		return Loading, max(o.from, loadSince)
	}
	return InTransit, max(o.shut, loadSince)
}

// atDoor says what an opening is for. What was in the box before it is taken
// out, unless something was booked in.
func (t *Truck) atDoor(now int64, o opening) Phase {
	before, _ := t.loadAt(o.from - 1)
	if before == Loaded && !t.bookedSince(o.from, now) {
		return Unloading
	}
	return Loading
}

// left reports whether the truck has driven since an opening.
func (t *Truck) left(now int64, o opening) bool {
	if t.motion.At == 0 {
		return now-o.shut >= leaves
	}
	return t.motion.Since > o.from
}
