package report

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// hour is how far the lines of an inspection's record are apart.
const hour = time.Hour

// Inspected is what an inspector asks beyond what a report does.
type Inspected interface {
	// Lot returns what is written down of a batch, people by their names.
	Lot(ctx context.Context, id string) (batch.Dossier, error)
	// CalibratedUntil returns when the calibration of a point ends, as its gateway
	// says; ok is false when it says nothing.
	CalibratedUntil(p sensors.PointID) (until time.Time, ok bool)
}

// Inspection is some rooms of some days, for an inspector to read.
type Inspection struct {
	County config.Label  `json:"county"`
	Notice config.Label  `json:"notice"`
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to"`
	Made   time.Time     `json:"made"`
	Rooms  []RoomDay     `json:"rooms"` // in lines of an hour
	Alarms []Alarm       `json:"alarms"`
	Gaps   []Gap         `json:"gaps"`
	Hands  []HandLine    `json:"hands"`
	Probes []Calibration `json:"calibration"`
	Stays  []Stay        `json:"stays"`
	// HandsKept and GoodsKept are false where the county does not record them.
	HandsKept bool `json:"hands_kept"`
	GoodsKept bool `json:"goods_kept"`

	zone *time.Location
}

// Calibration is until when a point is calibrated.
type Calibration struct {
	Point sensors.PointID `json:"point"`
	Until time.Time       `json:"until,omitzero"` // zero: its gateway does not say
}

// Stay is the time that a batch lay in a room, as far as it is within what is
// inspected.
type Stay struct {
	Batch    string        `json:"batch"`
	Product  string        `json:"product"`
	Quantity string        `json:"quantity"`
	Room     string        `json:"room"`
	From     time.Time     `json:"from,omitzero"` // zero: it lay there before
	To       time.Time     `json:"to,omitzero"`   // zero: and after
	Verdict  batch.Verdict `json:"verdict"`       // the one that holds; Version 0: none does
	Waits    bool          `json:"waits"`         // the newest one waits for a second person
}

// Inspect makes what an inspector may read: these rooms from..to, which are
// midnights, and nothing else. A room that is not there is ErrNoSite. An alarm
// or a gap that touches that time is shown whole.
func (m Maker) Inspect(ctx context.Context, rooms []string, from, to, now time.Time) (Inspection, error) {
	out := Inspection{County: m.County.Name, Notice: m.County.Notice, From: from, To: to, Made: now, Rooms: []RoomDay{}, Alarms: []Alarm{}, Gaps: []Gap{},
		Hands: []HandLine{}, Probes: []Calibration{}, Stays: []Stay{}, HandsKept: m.Quality != nil, GoodsKept: m.Inspected != nil, zone: m.County.Zone}
	var sites []string
	for _, s := range m.County.Sites {
		for _, r := range s.Rooms {
			if !slices.Contains(rooms, r.ID) {
				continue
			}
			room, err := m.roomTime(ctx, r, from, to, now, hour)
			if err != nil {
				return out, err
			}
			room.Name = config.Label{ZH: s.Name.ZH + " " + r.Name.ZH, EN: in(wording.English, s.Name) + " " + in(wording.English, r.Name)}
			out.Rooms = append(out.Rooms, room)
			if !slices.Contains(sites, s.ID) {
				sites = append(sites, s.ID)
			}
		}
	}
	if len(out.Rooms) < len(rooms) {
		return out, ErrNoSite
	}
	for _, site := range sites {
		if err := m.inspectSite(ctx, &out, site); err != nil {
			return out, err
		}
	}
	slices.SortStableFunc(out.Alarms, func(a, b Alarm) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(out.Gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	for i := range out.Rooms {
		if err := m.inspectRoom(ctx, &out, &out.Rooms[i]); err != nil {
			return out, err
		}
	}
	return out, m.inspectGoods(ctx, &out)
}

// shows reports whether something is of a room that is inspected.
func (n Inspection) shows(object string) bool {
	return slices.ContainsFunc(n.Rooms, func(r RoomDay) bool { return inRoom(object, r.Room) })
}

// inRoom reports whether an object is a room or something in it.
func inRoom(object, room string) bool {
	return object == room || len(object) > len(room) && object[:len(room)] == room && object[len(room)] == '/'
}

func (m Maker) inspectSite(ctx context.Context, out *Inspection, site string) error {
	alarms, err := m.Records.Alarms(ctx, site, out.From, out.To)
	if err != nil {
		return err
	}
	for _, a := range alarms {
		touches := a.Start.Before(out.To) && (a.Returned.IsZero() || !a.Returned.Before(out.From))
		if touches && (out.shows(a.Object) || out.shows(a.Zone)) {
			out.Alarms = append(out.Alarms, a)
		}
	}
	gaps, err := m.Records.Gaps(ctx, site, out.From, out.To)
	if err != nil {
		return err
	}
	for _, g := range gaps {
		if g.From.Before(out.To) && g.To.After(out.From) && (g.Scope == "" || out.shows(g.Scope)) { // of all points of the gateway, or of one of the room
			out.Gaps = append(out.Gaps, g)
		}
	}
	return nil
}

func (m Maker) inspectRoom(ctx context.Context, out *Inspection, r *RoomDay) error {
	disuses, err := m.Records.Disuses(ctx, out.From, out.To)
	if err != nil {
		return err
	}
	for _, d := range disuses {
		if d.Zone == r.Room && d.From.Before(out.To) && d.Until.After(out.From) {
			r.Unused = append(r.Unused, UnusedTime{d.From, d.Until, d.Kind, d.Reason, d.By})
		}
	}
	if m.Inspected != nil {
		for _, p := range r.Points {
			c := Calibration{Point: p.Point}
			if until, ok := m.Inspected.CalibratedUntil(p.Point); ok {
				c.Until = until
			}
			out.Probes = append(out.Probes, c)
		}
	}
	if m.Quality == nil {
		return nil
	}
	hands, err := m.Quality.Hands(ctx, r.Room, out.From, out.To)
	if err != nil {
		return err
	}
	for _, h := range hands {
		if !h.At.Before(out.From) && h.At.Before(out.To) { // county.db's interval is closed
			out.Hands = append(out.Hands, HandLine{r.Room, h})
		}
	}
	return nil
}

func (m Maker) inspectGoods(ctx context.Context, out *Inspection) error {
	stays, err := m.Records.Stays(ctx, out.From, out.To)
	if err != nil {
		return err
	}
	known := map[string]batch.Dossier{}
	for _, c := range stays {
		i := slices.IndexFunc(out.Rooms, func(r RoomDay) bool { return r.Room == c.Zone })
		if i < 0 || !c.From.Before(out.To) || !c.To.IsZero() && !c.To.After(out.From) {
			continue
		}
		if !slices.Contains(out.Rooms[i].Batches, c.Batch) {
			out.Rooms[i].Batches = append(out.Rooms[i].Batches, c.Batch)
		}
		s := Stay{Batch: c.Batch, Room: c.Zone}
		if !c.From.Before(out.From) {
			s.From = c.From
		}
		if !c.To.IsZero() && !c.To.After(out.To) {
			s.To = c.To
		}
		if m.Inspected != nil {
			d, ok := known[c.Batch]
			if !ok {
				if d, err = m.Inspected.Lot(ctx, c.Batch); err != nil {
					return err
				}
				known[c.Batch] = d
			}
			s.Product, s.Quantity, s.Verdict = d.Product, d.Quantity, batch.InForce(d.Verdicts)
			if n := len(d.Verdicts); n > 0 {
				s.Waits = d.Verdicts[n-1].Version != s.Verdict.Version
			}
		}
		out.Stays = append(out.Stays, s)
	}
	return nil
}
