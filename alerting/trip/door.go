package trip

import (
	"slices"
	"time"
)

const (
	mostStretches = 400            // remembered of a door: some weeks of stops
	seamless      = int64(600_000) // ms between two equal readings that show what lay between
)

// door is what its contact has measured: stretches of equal readings, oldest
// first, that never touch. Readings may come in any order: a backlog tells of a
// stop long after the truck is back on the line. So two stretches with a hole
// between them stay two, though both may say the same: one that was made of
// both could not be taken apart again.
type door struct {
	stretches []stretch
	// since is when it was first looked at: of before nobody knows.
	since int64
	// forgotten is when the newest opening began that is not remembered any more.
	forgotten int64
}

// stretch is a run of equal readings, from the first to the last of them.
type stretch struct {
	From int64 `json:"f"`
	To   int64 `json:"t"`
	Open bool  `json:"o,omitempty"`
}

// note adds a reading. It reports whether an opening came, went or moved, or
// whether more is known of before.
func (d *door) note(t int64, open bool) bool {
	if d.since == 0 || t < d.since {
		d.since = t
		d.put(t, open)
		return true
	}
	return d.put(t, open)
}

func (d *door) put(t int64, open bool) bool {
	// The first stretch that begins after t.
	i, _ := slices.BinarySearchFunc(d.stretches, t, func(s stretch, t int64) int {
		if s.From > t {
			return 1
		}
		return -1
	})
	fresh := stretch{t, t, open}
	switch {
	case i > 0 && t <= d.stretches[i-1].To: // within one
		s := d.stretches[i-1]
		if s.Open == open || t == s.From || t == s.To { // of one moment the first reading stands
			return false
		}
		// Of a run that was not one after all, its ends alone are known.
		d.stretches = slices.Replace(d.stretches, i-1, i, stretch{s.From, s.From, s.Open}, fresh, stretch{s.To, s.To, s.Open})
	case i > 0 && d.stretches[i-1].joins(fresh):
		d.stretches[i-1].To = t
		return false
	default:
		d.stretches = slices.Insert(d.stretches, i, fresh)
	}
	d.trim()
	return true
}

// joins reports whether a later stretch goes on with this one.
func (s stretch) joins(later stretch) bool {
	return s.Open == later.Open && later.From-s.To <= seamless
}

func (d *door) trim() {
	n := len(d.stretches) - mostStretches
	for _, s := range d.stretches[:max(0, n)] {
		if s.Open {
			d.forgotten = s.From
		}
	}
	if n > 0 {
		d.stretches = slices.Delete(d.stretches, 0, n)
	}
}

// opening is one time the door stood open; shut is the first reading that found
// it shut again, 0 when none has.
type opening struct{ from, shut int64 }

// last returns the newest opening that began at or before t.
func (d *door) last(t int64) (o opening, ok bool) {
	for i := len(d.stretches) - 1; i >= 0; i-- {
		s := d.stretches[i]
		switch {
		case s.From > t:
		case s.Open:
			o.from, ok = s.From, true // or earlier, if the one before is open too
		case ok:
			return o, true
		default:
			o.shut = s.From
		}
	}
	if !ok && d.forgotten != 0 && d.forgotten <= t {
		return opening{d.forgotten, d.forgotten}, true
	}
	return o, ok
}

// OpenedBetween reports whether the door was seen open after one moment and no
// later than another.
func (t *Truck) OpenedBetween(from, to time.Time) bool {
	o, ok := t.door.last(to.UnixMilli())
	return ok && (o.from > from.UnixMilli() || o.shut == 0 || o.shut > from.UnixMilli())
}
