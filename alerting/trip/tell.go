package trip

import (
	"cmp"
	"slices"
	"time"
)

// tell says what a trip was like.
func (r *road) tell(p piece) Trip {
	end := p.to
	if p.open {
		end = r.until
	}
	out := Trip{From: moment(p.from), Stops: []Stop{}, Unseen: []Span{}, Doors: []Span{}, Cargo: []Cargo{}, DistanceM: r.length(p.from, end)}
	if !p.open {
		out.To = moment(p.to)
	}
	whole := span{p.from, end}
	for i, v := range r.visits {
		if v.from <= end && r.leaves(i) >= p.from {
			out.Stops = append(out.Stops, r.stop(i, whole, p.open))
		}
	}
	for _, s := range r.unseen(whole) {
		told := s.told()
		if p.open && s.to == end {
			told.To = time.Time{} // it is not heard of now
		}
		out.Unseen = append(out.Unseen, told)
	}
	for _, d := range r.doors {
		s, ok := d.clip(whole)
		switch {
		case d.still && p.open && d.from <= end:
			out.Doors = append(out.Doors, Span{From: moment(s.from)})
		case ok:
			out.Doors = append(out.Doors, s.told())
		}
	}
	for _, c := range r.aboard {
		if c.from < end && (c.to == 0 || c.to > p.from || c.from >= p.from) {
			out.Cargo = append(out.Cargo, cargo(c, whole, out.Stops))
		}
	}
	out.Phases = r.phases(whole, p.open)
	return out
}

func (s span) told() Span { return Span{moment(s.from), moment(s.to)} }

// clip is the part of a stretch within another; ok is false where there is none.
func (s span) clip(to span) (span, bool) {
	s.from, s.to = max(s.from, to.from), min(s.to, to.to)
	return s, s.from < s.to
}

// stop is a stand as far as it belongs to a trip.
func (r *road) stop(i int, trip span, open bool) Stop {
	v, left := r.visits[i], r.leaves(i)
	out := Stop{Place: v.place, Latitude: v.lat, Longitude: v.lon, From: moment(max(v.from, trip.from)), To: moment(min(left, trip.to))}
	if v.from >= trip.from {
		out.Arrived, out.ArrivedUnseen = moment(v.from), v.blindBefore
	}
	switch newest := v.to == r.fixes[len(r.fixes)-1].At; {
	case newest && left >= trip.to: // it stands there, as far as anybody knows
		out.LeftUnseen = open && r.until-v.to > lost
	case left < trip.to:
		out.Left, out.LeftUnseen = moment(left), v.blindAfter
	}
	within := span{max(v.from, trip.from), min(left, trip.to)}
	for _, d := range r.doors {
		if s, ok := d.clip(within); ok {
			out.DoorS += float64(s.to-s.from) / 1000
		}
	}
	for _, s := range r.unseen(within) {
		out.UnseenS += float64(s.to-s.from) / 1000
	}
	return out
}

// unseen is when nobody heard where it was.
func (r *road) unseen(within span) (out []span) {
	add := func(from, to int64) {
		if s, ok := (span{from, to}).clip(within); ok && to-from > lost {
			out = append(out, s)
		}
	}
	i, _ := slices.BinarySearchFunc(r.fixes, within.from, func(f anchor, at int64) int { return cmp.Compare(f.At, at) })
	before := within.from - lost - 1 // nobody has ever heard
	if i > 0 {
		before = r.fixes[i-1].At
	}
	for ; i < len(r.fixes); i++ {
		add(before, r.fixes[i].At)
		if before = r.fixes[i].At; before >= within.to {
			return out
		}
	}
	add(before, max(within.to, min(before+lost+1, r.until)))
	return out
}

func cargo(c carried, trip span, stops []Stop) Cargo {
	at := func(ms int64, zone, place string) *Booking {
		b := &Booking{At: moment(ms), Zone: zone, Place: place}
		for i, s := range stops {
			if !b.At.Before(s.From) && !b.At.After(s.To) {
				b.Stop = &i
			}
		}
		return b
	}
	out := Cargo{Batch: c.Batch}
	if c.from >= trip.from {
		out.Loaded = at(c.from, c.BeforeZone, c.BeforePlace)
	}
	if c.to != 0 && c.to <= trip.to {
		out.Unloaded = at(c.to, c.AfterZone, c.AfterPlace)
	}
	return out
}
