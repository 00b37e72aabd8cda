package trip

import (
	"cmp"
	"slices"
)

// leap is faster than any truck, m/s: a fix that is so far from both its
// neighbours is a receiver's slip.
const leap = 50.0

// visit is a stand.
type visit struct {
	from, to int64 // first and last fix
	lat, lon float64
	place    string
	// blindBefore and blindAfter: no fix was heard for a while before or after.
	blindBefore, blindAfter bool
	blind                   []span // within it
}

// track is what the fixes say.
type track struct {
	fixes  []anchor
	visits []visit
	drives []span // between stands, and at the ends
	blind  []span // without fixes, between two of them
	driven []span // of those: it was elsewhere afterwards
}

func newTrack(fixes []Fix, places []Place, elsewhere func(from, to int64, place string) bool) track {
	t := track{fixes: tidy(fixes)}
	t.stands(places)
	t.join(elsewhere)
	t.between()
	return t
}

// tidy puts fixes in order, one of each moment, without slips.
func tidy(fixes []Fix) []anchor {
	all := make([]anchor, 0, len(fixes))
	for _, f := range fixes {
		all = append(all, anchor{f.At.UnixMilli(), f.Latitude, f.Longitude})
	}
	slices.SortFunc(all, func(a, b anchor) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Lat, b.Lat), cmp.Compare(a.Lon, b.Lon))
	})
	all = slices.CompactFunc(all, func(a, b anchor) bool { return a.At == b.At })
	out := all[:0:0]
	for i, f := range all {
		if i > 0 && i+1 < len(all) {
			before, after := all[i-1], all[i+1]
			if speed(before, f) > leap && speed(f, after) > leap && speed(before, after) <= leap {
				continue
			}
		}
		out = append(out, f)
	}
	return out
}

func speed(a, b anchor) float64 { return distance(a, b) / (float64(b.At-a.At) / 1000) }

// stands finds where it stood: fixes within 300 m of the first of them, for
// three minutes, without a hole.
func (t *track) stands(places []Place) {
	for i := 0; i < len(t.fixes); {
		j := i
		for j+1 < len(t.fixes) && t.fixes[j+1].At-t.fixes[j].At <= lost && distance(t.fixes[i], t.fixes[j+1]) <= moved {
			j++
		}
		if t.fixes[j].At-t.fixes[i].At < settled {
			i++
			continue
		}
		v := visit{from: t.fixes[i].At, to: t.fixes[j].At}
		v.lat, v.lon = middle(t.fixes[i : j+1])
		v.place = nearest(places, anchor{Lat: v.lat, Lon: v.lon})
		v.blindBefore = i == 0 || t.fixes[i].At-t.fixes[i-1].At > lost
		v.blindAfter = j+1 == len(t.fixes) || t.fixes[j+1].At-t.fixes[j].At > lost
		t.visits = append(t.visits, v)
		i = j + 1
	}
}

// middle is the median of each coordinate: a fix that is off moves it little.
func middle(fixes []anchor) (lat, lon float64) {
	lats, lons := make([]float64, 0, len(fixes)), make([]float64, 0, len(fixes))
	for _, f := range fixes {
		lats, lons = append(lats, f.Lat), append(lons, f.Lon)
	}
	slices.Sort(lats)
	slices.Sort(lons)
	return lats[len(lats)/2], lons[len(lons)/2]
}

// join makes one of stands that a slip or a hole has parted: it is where it was,
// and nothing says that it was elsewhere meanwhile.
func (t *track) join(elsewhere func(from, to int64, place string) bool) {
	var out []visit
	for _, v := range t.visits {
		if n := len(out); n > 0 {
			last := &out[n-1]
			same := distance(anchor{Lat: last.lat, Lon: last.lon}, anchor{Lat: v.lat, Lon: v.lon}) <= moved
			hole := last.blindAfter && v.blindBefore && !t.heardIn(last.to, v.from)
			if same && (hole && !elsewhere(last.to, v.from, v.place) || v.from-last.to < settled) {
				if hole {
					last.blind = append(last.blind, span{last.to, v.from})
				}
				last.to, last.blindAfter = v.to, v.blindAfter
				continue
			}
		}
		out = append(out, v)
	}
	t.visits = out
}

// heardIn reports whether there are fixes strictly between two moments.
func (t *track) heardIn(from, to int64) bool {
	i, _ := slices.BinarySearchFunc(t.fixes, from+1, func(f anchor, at int64) int { return cmp.Compare(f.At, at) })
	return i < len(t.fixes) && t.fixes[i].At < to
}

// between finds when it drove, and when nobody knows.
func (t *track) between() {
	at := 0 // the stand that is next
	var drive *span
	end := func() {
		if drive != nil && drive.to > drive.from {
			t.drives = append(t.drives, *drive)
		}
		drive = nil
	}
	for i, f := range t.fixes {
		for at < len(t.visits) && t.visits[at].to < f.At {
			at++
		}
		standing := at < len(t.visits) && t.visits[at].from <= f.At
		if i > 0 {
			before := t.fixes[i-1]
			hole, within := f.At-before.At > lost, standing && t.visits[at].from <= before.At
			if hole && !within {
				end()
				s := span{before.At, f.At}
				t.blind = append(t.blind, s)
				if distance(before, f) > moved {
					t.driven = append(t.driven, s)
				}
			} else if !within {
				if drive == nil {
					drive = &span{before.At, before.At}
				}
				drive.to = f.At
			}
		}
		if standing {
			end()
		}
	}
	end()
}

// length is the sum of straight lines between good fixes from one moment to
// another, without stands and holes, in metres; nil: there is no line.
func (t *track) length(from, to int64) *float64 {
	sum, lines := 0.0, 0
	for i := 1; i < len(t.fixes); i++ {
		a, b := t.fixes[i-1], t.fixes[i]
		if a.At < from || b.At > to || b.At-a.At > lost {
			continue
		}
		lines++
		if _, standing := t.standing(a.At, b.At); !standing {
			sum += distance(a, b)
		}
	}
	if lines == 0 {
		return nil
	}
	return &sum
}

// standing returns the stand that two moments are in.
func (t *track) standing(from, to int64) (int, bool) {
	i, found := slices.BinarySearchFunc(t.visits, from, func(v visit, at int64) int { return cmp.Compare(v.from, at) })
	if !found {
		i--
	}
	return i, i >= 0 && to <= t.visits[i].to
}

// nearest returns the nearest place that a position is within; "" when it is at
// none.
func nearest(list []Place, at anchor) string {
	best, name := -1.0, ""
	for _, p := range list {
		d := distance(at, anchor{Lat: p.Latitude, Lon: p.Longitude})
		if d <= cmp.Or(p.Radius, near) && (best < 0 || d < best) {
			best, name = d, p.ID
		}
	}
	return name
}
