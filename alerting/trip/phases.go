package trip

import (
	"cmp"
	"slices"
	"time"
)

// phases says what it was doing: from the evidence, or as somebody said until
// the evidence changed.
func (r *road) phases(trip span, open bool) (out []PhaseTime) {
	times := r.turns(trip)
	var before Phase // as inferred
	var said *Say
	next := 0 // of says
	for next < len(r.says) && r.says[next].At.UnixMilli() < trip.from {
		next++
	}
	for i := 0; i+1 < len(times); i++ {
		at, inferred := times[i], r.inferred(times[i], trip.from)
		if inferred != before || said != nil && (said.Phase == Loading || said.Phase == Unloading) && r.moves(at) {
			said = nil // nobody loads on the road
		}
		for before = inferred; next < len(r.says) && r.says[next].At.UnixMilli() <= at; next++ {
			said = &r.says[next]
		}
		now := PhaseTime{Phase: inferred, Span: Span{From: moment(at), To: moment(times[i+1])}}
		if said != nil {
			now.Phase, now.By = said.Phase, said.By
		}
		if n := len(out); n > 0 && out[n-1].Phase == now.Phase && out[n-1].By == now.By {
			out[n-1].To = now.To
			continue
		}
		out = append(out, now)
	}
	if n := len(out); n > 0 && open {
		out[n-1].To = time.Time{}
	}
	return out
}

// turns are the moments at which a phase may change.
func (r *road) turns(trip span) []int64 {
	times := []int64{trip.from, trip.to}
	add := func(list ...int64) {
		for _, at := range list {
			if at > trip.from && at < trip.to {
				times = append(times, at)
			}
		}
	}
	for i, v := range r.visits {
		add(v.from, r.leaves(i))
	}
	for _, s := range slices.Concat(r.drives, r.driven) {
		add(s.from, s.to)
	}
	for _, d := range r.doors {
		add(d.from, d.to)
	}
	for _, c := range r.aboard {
		add(c.from, c.to)
	}
	for _, s := range r.says {
		add(s.At.UnixMilli())
	}
	add(r.empty...)
	slices.Sort(times)
	return slices.Compact(times)
}

// inferred is what the evidence says from a moment on.
func (r *road) inferred(at, began int64) Phase {
	load := r.load(at, began)
	moves := r.moves(at)
	work, known := Phase(""), false
	if !moves {
		work, known = r.work(at, began)
	}
	switch {
	case known:
		return work
	case moves && load == Empty:
		return Returning
	case load == Empty:
		return Idle
	}
	return InTransit
}

// moves reports whether it drives from a moment on, also unseen.
func (r *road) moves(at int64) bool {
	in := func(s span) bool { return s.from <= at && at < s.to }
	return slices.ContainsFunc(r.drives, in) || slices.ContainsFunc(r.driven, in)
}

// work is what is done at the doors of a truck that does not drive. At a stand
// loading goes on until it leaves, and unloading from the first thing to the
// last; where nobody knows where it is, only what is seen counts.
func (r *road) work(at, began int64) (Phase, bool) {
	stand := span{-1, -1}
	for i, v := range r.visits {
		if left := r.leaves(i); v.from <= at && at < left {
			stand = span{v.from, left}
		}
	}
	now := span{-1, -1} // the opening that this is about
	for i, d := range r.doors {
		end := d.to
		if stand.from >= 0 { // as long as it stands there, until the next one
			end = stand.to
			if i+1 < len(r.doors) {
				end = min(end, r.doors[i+1].from)
			}
		}
		if d.from <= at && at < end && d.from >= stand.from {
			now = span{d.from, end}
		}
	}
	if now.from < 0 {
		return r.bookings(at, stand)
	}
	in, out := r.booked(now)
	before := r.load(now.from-1, began)
	switch {
	case in != 0 && out != 0 && at < in:
		return Unloading, true
	case in != 0:
		return Loading, true
	case out != 0 || before == Loaded:
		// It is done when the door is shut for the last time there.
		done := !slices.ContainsFunc(r.doors, func(d ajar) bool { return d.to > at && d.from < max(now.to, stand.to) && d.from >= stand.from })
		return Unloading, !done
	}
	return Loading, true
}

// bookings is what the books say of a stand at which no door was seen open.
func (r *road) bookings(at int64, stand span) (Phase, bool) {
	if stand.from < 0 || slices.ContainsFunc(r.doors, func(d ajar) bool { return d.from >= stand.from && d.from < stand.to }) {
		return "", false
	}
	in, out := r.booked(stand)
	switch {
	case in != 0 && at >= in:
		return Loading, true
	case out != 0 && at < out:
		return Unloading, true
	}
	return "", false
}

// booked returns when a batch first came in and when one last went out within a
// stretch, its ends too; 0: none.
func (r *road) booked(s span) (in, out int64) {
	for _, c := range r.aboard {
		if c.from >= s.from && c.from <= s.to && (in == 0 || c.from < in) {
			in = c.from
		}
		if c.to != 0 && c.to >= s.from && c.to <= s.to {
			out = max(out, c.to)
		}
	}
	return in, out
}

// load says what was in the box, as Status does: a word counts from a day before
// the trip began.
func (r *road) load(at, began int64) Load {
	word := int64(0)
	for _, c := range r.aboard {
		switch {
		case c.from <= at && (c.to == 0 || at < c.to):
			return Loaded
		case c.to != 0 && c.to <= at:
			word = max(word, c.to)
		}
	}
	for _, e := range r.empty {
		if e <= at {
			word = max(word, e)
		}
	}
	if !r.facts.Door || word == 0 || word < began-wordLasts {
		return LoadUnknown
	}
	i, _ := slices.BinarySearchFunc(r.doors, word+1, func(d ajar, at int64) int { return cmp.Compare(d.from, at) })
	if i < len(r.doors) && r.doors[i].from <= at {
		return LoadUnknown
	}
	return Empty
}
