package trip

import "slices"

// loadChange is a moment from which the load is something else.
type loadChange struct {
	at   int64
	load Load
}

// history works out how the load was over time: unknown until somebody has
// said, loaded while the books have a batch in the box, unknown again when the
// door was opened after the last word, else empty.
func (t *Truck) history() []loadChange {
	if t.loads != nil {
		return t.loads
	}
	times := slices.Clone(t.empty)
	for _, s := range t.stays {
		times = append(times, s.from)
		if s.to != 0 {
			times = append(times, s.to)
		}
	}
	for _, s := range t.door.stretches {
		if s.Open {
			times = append(times, s.From)
		}
	}
	if s := t.door.since; s != 0 {
		times = append(times, s)
	}
	if f := t.door.forgotten; f != 0 {
		times = append(times, f)
	}
	slices.Sort(times)
	t.loads = []loadChange{{0, LoadUnknown}}
	for _, at := range slices.Compact(times) {
		if load := t.reckon(at); load != t.loads[len(t.loads)-1].load {
			t.loads = append(t.loads, loadChange{at, load})
		}
	}
	return t.loads
}

// reckon says what the load is at a time.
func (t *Truck) reckon(at int64) Load {
	word := int64(0) // when somebody last said that the box is empty, by a booking or in words
	for _, s := range t.stays {
		switch {
		case s.from <= at && (s.to == 0 || at < s.to):
			return Loaded
		case s.to != 0 && s.to <= at:
			word = max(word, s.to)
		}
	}
	for _, said := range t.empty {
		if said <= at {
			word = max(word, said)
		}
	}
	// What was said before anybody looked at the door is no proof any more.
	if word == 0 || !t.cfg.Door || t.door.since == 0 || word < t.door.since {
		return LoadUnknown
	}
	// A booking while the door stands open is about this opening.
	if o, ok := t.door.last(at); ok && o.from > word {
		return LoadUnknown
	}
	return Empty
}

// loadAt returns the load at a time and since when it is so; 0: always.
func (t *Truck) loadAt(at int64) (Load, int64) {
	list := t.history()
	for i := len(list) - 1; i > 0; i-- {
		if list[i].at <= at {
			return list[i].load, list[i].at
		}
	}
	return list[0].load, 0
}

// bookedSince reports whether a batch came into the box at or after a time.
func (t *Truck) bookedSince(from, now int64) bool {
	return slices.ContainsFunc(t.stays, func(s span) bool { return s.from >= from && s.from <= now })
}
