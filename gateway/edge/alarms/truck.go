package alarms

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// truck is the truck that the site is. Whether limits hold in its box follows
// from its door, from what the driver says here, and from the county's book.
type truck struct {
	*trip.Truck
	box      string // "site/zone"
	measures map[sensors.PointID]sensors.Quantity
	state    json.RawMessage // the newest that Truck.Dirty returned
}

// word is what somebody said of the truck here, in the line's time.
type word struct {
	At       int64      `json:"at"`
	Empty    bool       `json:"empty,omitempty"`
	Phase    trip.Phase `json:"phase,omitempty"`
	Inferred trip.Phase `json:"inferred,omitempty"`
	By       string     `json:"by,omitempty"`
}

// load is a batch that somebody put into the box, as was said here, in the line's
// time.
type load struct {
	At   int64  `json:"at"`
	Name string `json:"name"` // id or six digits
}

const (
	mostLoads = 20            // kept of those
	mostWords = 50            // kept of what was said here
	sameWord  = int64(10_000) // ms within which a button was pressed twice by one finger
	heardBy   = int64(2_000)  // ms by which the county's time of a word may differ
)

var errNotYet = errors.New("the program has only just started: press again in a second")

// newTruck follows the box of a truck by its points.
func newTruck(box string, points []Point) *truck {
	t := &truck{box: box, measures: map[sensors.PointID]sensors.Quantity{}}
	var cfg trip.Config
	air := sensors.PointID("") // "air" if there is one, as on the page
	for _, p := range points {
		switch inBox := p.ID.Zone() == box; {
		case inBox && p.Quantity == sensors.Door:
			cfg.Door, t.measures[p.ID] = true, p.Quantity
		case inBox && p.Quantity == sensors.Temperature && (air == "" || p.ID.Name() == "air" || air.Name() != "air" && p.ID < air):
			air = p.ID
		case p.Quantity == sensors.Latitude, p.Quantity == sensors.Longitude:
			t.measures[p.ID] = p.Quantity
		}
	}
	if air != "" {
		t.measures[air] = sensors.Temperature
	}
	t.Truck = trip.New(cfg)
	return t
}

// observe notes what a reading tells of the truck, and reports whether that may
// have changed when its limits hold.
func (t *truck) observe(r sensors.Reading, at time.Time) bool {
	v, ok := r.Value()
	if !ok {
		return false
	}
	switch t.measures[r.Point] {
	case sensors.Door:
		return t.Door(at, v > 0.5)
	case sensors.Temperature:
		t.Air(at, v)
	case sensors.Latitude:
		t.Latitude(at, v)
	case sensors.Longitude:
		t.Longitude(at, v)
	}
	return false
}

// tellTruck tells the truck what the book says and what was said here. A moment
// of the book that no clock here can place is left out: what is not known to be
// empty is armed.
func (j *Judge) tellTruck() {
	if j.truck == nil {
		return
	}
	var stays []trip.Stay
	var says []trip.Say
	var book wire.TruckBook
	if j.book != nil && j.book.Truck != nil && j.book.Truck.Box == j.truck.box {
		book = *j.book.Truck
	}
	unheard := j.unheard(book)
	for _, s := range book.Stays {
		from, known := j.line.of(s.FromMS)
		to, knownTo := j.line.of(s.ToMS)
		switch {
		case s.ToMS != 0 && known && knownTo:
			stays = append(stays, trip.Stay{From: at(from), To: at(to)})
		case s.ToMS != 0:
		case !known:
			stays = append(stays, trip.Stay{From: at(firstTime)})
		case unheard > from && j.truck.OpenedBetween(at(from), at(unheard)):
			stays = append(stays, trip.Stay{From: at(from), To: at(unheard)})
		default:
			stays = append(stays, trip.Stay{From: at(from)})
		}
	}
	// What was loaded here holds until a book has come that can know of it.
	for _, l := range j.loads {
		if l.At > j.bookAt || j.book == nil {
			stays = append(stays, trip.Stay{From: at(l.At)})
		}
	}
	for _, ms := range book.EmptyMS {
		if t, known := j.line.of(ms); known {
			says = append(says, trip.Say{At: at(t), Empty: true})
		}
	}
	if p := book.Phase; p != nil {
		if t, known := j.line.of(p.AtMS); known {
			says = append(says, trip.Say{At: at(t), Phase: trip.Phase(p.Phase), Inferred: trip.Phase(p.Inferred), By: p.By})
		}
	}
	for _, w := range j.words {
		says = append(says, trip.Say{At: at(w.At), Empty: w.Empty, Phase: w.Phase, Inferred: w.Inferred, By: w.By})
	}
	slices.SortStableFunc(says, func(a, b trip.Say) int { return a.At.Compare(b.At) })
	j.truck.Books(stays)
	j.truck.Says(says)
}

// unheard is when somebody here said last that the box is empty and the county
// has not heard of it yet, 0 when it has. Out of its reach the books say what was
// loaded, and the door and the driver what has become of it; once it has heard
// the word, its books rule.
func (j *Judge) unheard(book wire.TruckBook) int64 {
	for _, w := range slices.Backward(j.words) {
		if !w.Empty {
			continue
		}
		heard := w.At <= j.bookAt && j.book != nil
		for _, ms := range book.EmptyMS {
			t, known := j.line.of(ms)
			heard = heard || known && abs(t-w.At) <= heardBy
		}
		if heard {
			return 0
		}
		return w.At
	}
	return 0
}

// IsTruck reports whether the site is a truck that is followed: Truck and Say are
// for such alone.
func (j *Judge) IsTruck() bool { return j.truck != nil }

// Truck implements page.Cab.
func (j *Judge) Truck() page.Truck {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := at(j.line.At)
	s := j.truck.Status(now)
	out := page.Truck{Box: j.truck.box, Phase: s.Phase, Inferred: s.Inferred, By: s.By, Load: s.Load, Armed: s.Armed}
	if !s.Since.IsZero() {
		if wall, known := j.line.wall(s.Since.UnixMilli()); known {
			out.Since = at(wall)
		}
	}
	if n := len(j.words); n > 0 && j.words[n-1].Empty && s.Load == trip.Loaded {
		out.Contradicted = true
	}
	out.Loaded = j.loaded()
	out.Low, out.High = j.boxLow, j.boxHigh
	if out.Low != nil || out.High != nil {
		out.Ready, out.Measured = j.truck.Ready(now)
		out.Air, _ = j.truck.AirAt(now)
		out.HasBand = true
	}
	return out
}

// Say implements page.Cab: it takes the driver's word and has the county told.
// The same word within moments is one.
func (j *Judge) Say(w page.Word) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if w.Empty == (w.Phase != "") || w.Phase != "" && !slices.Contains(trip.Phases(), w.Phase) {
		return page.ErrNoPhase
	}
	if j.fresh {
		return errNotYet
	}
	now := at(j.line.At)
	said := wire.TruckWord{Empty: w.Empty, Phase: string(w.Phase), By: w.By}
	own := word{At: j.line.At, Empty: w.Empty, Phase: w.Phase, By: w.By}
	if w.Phase != "" {
		own.Inferred = j.truck.Status(now).Inferred
		said.Inferred = string(own.Inferred)
	}
	if n := len(j.words); n > 0 && j.words[n-1].Empty == own.Empty && j.words[n-1].Phase == own.Phase && own.At-j.words[n-1].At < sameWord {
		return nil
	}
	if w.Phase == trip.Loading {
		if unready := j.unready(now); unready != "" {
			if w.Reason == "" {
				return page.ErrNotReady
			}
			said.Unready, said.Reason = unready, w.Reason
		}
	}
	j.words = append(j.words, own)
	j.words = j.words[max(0, len(j.words)-mostWords):]
	j.changed = true
	j.journal(wire.Event{Name: wire.EventTruckSaid, Object: j.truck.box, Detail: wire.TruckDetail(said)})
	j.o.Logger.Info(wire.EventTruckSaid, "phase", w.Phase, "empty", w.Empty, "unready", said.Unready, "by", w.By)
	j.tellTruck()
	j.arm(j.engine)
	return nil
}

// Load implements page.Cab: it journals what was loaded, and the county books it.
// The same batch within moments is one.
func (j *Judge) Load(g page.Goods) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fresh {
		return errNotYet
	}
	own := load{At: j.line.At, Name: cmp.Or(g.Batch, g.Code)}
	if n := len(j.loads); n > 0 && j.loads[n-1].Name == own.Name && own.At-j.loads[n-1].At < sameWord {
		return nil
	}
	j.loads = append(j.loads, own)
	j.loads = j.loads[max(0, len(j.loads)-mostLoads):]
	j.changed = true
	j.journal(wire.Event{Name: wire.EventGoodsSaid, Object: j.truck.box, Detail: wire.GoodsDetail(wire.GoodsWord{Batch: g.Batch, Code: g.Code, By: g.By})})
	j.o.Logger.Info(wire.EventGoodsSaid, "batch", g.Batch, "code", g.Code, "by", g.By)
	j.tellTruck()
	j.arm(j.engine)
	return nil
}

// loaded is what was loaded here since somebody last said that the box is empty.
func (j *Judge) loaded() (out []page.Loaded) {
	since := int64(0)
	for _, w := range j.words {
		if w.Empty {
			since = w.At
		}
	}
	for _, l := range slices.Backward(j.loads) {
		if wall, known := j.line.wall(l.At); known && l.At >= since {
			out = append(out, page.Loaded{Name: l.Name, At: at(wall)})
		}
	}
	return out
}

// unready is how the box stands if it is not ready for goods; empty when it is,
// or when nobody has said what it must be.
func (j *Judge) unready(now time.Time) string {
	if j.boxLow == nil && j.boxHigh == nil {
		return ""
	}
	switch ready, known := j.truck.Ready(now); {
	case !known:
		return "unknown"
	case ready:
		return ""
	}
	v, _ := j.truck.AirAt(now)
	return page.Degrees(v)
}
