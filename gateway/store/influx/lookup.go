package influx

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// place is what at most one record may hold.
type place struct {
	point sensors.PointID
	ms    int64
}

// span is a stretch of a point's time, both ends inside.
type span struct {
	point    sensors.PointID
	from, to int64
}

const (
	pointsPerQuery = 100
	// gapToSplit parts the places of one point into spans: reading through what
	// lies between costs more than another query.
	gapToSplit = int64(6 * time.Hour / time.Millisecond)
	// slack is how much longer than its longest span a joint query may be.
	slack = int64(time.Hour / time.Millisecond)
)

// learn asks once for each claimed point how far its stored rows reach. The
// question begins at the oldest record at hand: that nothing lies after it is
// all that has to be known, and the server need not read older rows.
func (s *Store) learn(ctx context.Context, claimed map[sensors.PointID]*point, oldest map[sensors.PointID]int64) error {
	var ask []span
	for id, p := range claimed {
		if !p.known {
			ask = append(ask, span{id, oldest[id], oldest[id]})
		}
	}
	for _, group := range together(ask) {
		newest, err := s.newest(ctx, group)
		if err != nil {
			return err
		}
		for _, sp := range group.spans {
			p := claimed[sp.point]
			p.known, p.newest = true, sp.from-1
			if ms, ok := newest[sp.point]; ok {
				p.newest = max(p.newest, ms)
			}
		}
	}
	return nil
}

// newest returns the time of each point's last row at or after the group's
// beginning, whatever quantity it was.
func (s *Store) newest(ctx context.Context, g group) (map[sensors.PointID]int64, error) {
	flux := s.source(time.UnixMilli(g.from), latest) +
		s.filter("r._field == "+text(fieldSequence)+" and "+oneOf(tagPoint, g.points()...)) +
		` |> last() |> keep(columns: ["_time", ` + text(tagPoint) + `])`
	found := make(map[sensors.PointID]int64)
	err := s.rows(ctx, "look up the newest rows", flux, func(r *query.FluxRecord) error {
		id := pointOf(r)
		if old, ok := found[id]; !ok || milli(r) > old {
			found[id] = milli(r)
		}
		return nil
	})
	return found, err
}

// holders returns the identity stored at each of these places that is taken.
func (s *Store) holders(ctx context.Context, places []place) (map[place]store.Identity, error) {
	found := make(map[place]store.Identity)
	for _, g := range together(spans(places)) {
		flux := s.source(time.UnixMilli(g.from), time.UnixMilli(g.to+1)) +
			s.filter(oneOf("_field", fieldEpoch, fieldSequence, fieldGateway)+" and "+oneOf(tagPoint, g.points()...)) +
			` |> keep(columns: ["_time", "_field", "_value", ` + text(tagPoint) + `])`
		err := s.rows(ctx, "look up collisions", flux, func(r *query.FluxRecord) error {
			pl := place{pointOf(r), milli(r)}
			id := found[pl]
			switch v := r.Value().(type) {
			case string:
				id.Gateway = v
			case int64:
				if r.Field() == fieldEpoch {
					id.Epoch = uint64(v)
				} else {
					id.Seq = uint64(v)
				}
			}
			found[pl] = id
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// spans turns places into few stretches without long gaps inside.
func spans(places []place) []span {
	places = slices.Clone(places)
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.point, b.point), cmp.Compare(a.ms, b.ms))
	})
	var out []span
	for _, pl := range places {
		if n := len(out); n > 0 && out[n-1].point == pl.point && pl.ms-out[n-1].to <= gapToSplit {
			out[n-1].to = pl.ms
			continue
		}
		out = append(out, span{pl.point, pl.ms, pl.ms})
	}
	return out
}

// group is one query's worth of spans.
type group struct {
	spans    []span
	from, to int64
}

func (g group) points() []sensors.PointID {
	var ids []sensors.PointID
	for _, sp := range g.spans {
		if !slices.Contains(ids, sp.point) {
			ids = append(ids, sp.point)
		}
	}
	return ids
}

// together joins spans that lie at about the same time into one query.
func together(spans []span) []group {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.point, b.point))
	})
	var out []group
	longest := int64(0)
	for _, sp := range spans {
		longest = max(longest, sp.to-sp.from)
		if n := len(out); n > 0 {
			g := &out[n-1]
			if to := max(g.to, sp.to); to-g.from <= longest+slack && len(g.spans) < pointsPerQuery {
				g.spans, g.to = append(g.spans, sp), to
				continue
			}
		}
		longest = sp.to - sp.from
		out = append(out, group{[]span{sp}, sp.from, sp.to})
	}
	return out
}
