package trip

import (
	"time"

	"coldchain/alerting"
)

// Phase is what a truck is doing.
type Phase string

// The phases.
const (
	Idle         Phase = "idle"         // stands, empty
	Conditioning Phase = "conditioning" // stands, empty, and cools or warms its box for what comes
	Loading      Phase = "loading"
	InTransit    Phase = "in-transit" // with goods, or with what nobody knows, on the road or at a stop
	Unloading    Phase = "unloading"
	Returning    Phase = "returning" // drives empty
)

// Phases lists the phases in the order of a trip.
func Phases() []Phase {
	return []Phase{Idle, Conditioning, Loading, InTransit, Unloading, Returning}
}

// Load is what is known of the goods in the box.
type Load string

// The loads.
const (
	Empty       Load = "empty"
	Loaded      Load = "loaded"  // the books hold a batch in it
	LoadUnknown Load = "unknown" // its door was opened and nothing was booked, or nobody has ever said
)

// Config is what is known of a truck beforehand.
type Config struct {
	Door bool // its door is watched; without that an empty box is never believed
	// Low and High are the band of its box, °C; nil where it has no such limit.
	Low, High *float64
	Places    []Place // where it may stop
}

// Place is a site on the map.
type Place struct {
	ID                  string
	Latitude, Longitude float64 // degrees, WGS 84
	Radius              float64 // metres around it that belong to it; 0: 2000
}

// Stay is a time in which the books have a batch in the box. A zero To means
// that it is there still.
type Stay struct{ From, To time.Time }

// Say is what a person said of the truck: that its box is empty, or which phase
// it is in.
type Say struct {
	At    time.Time
	By    string
	Empty bool
	Phase Phase // "" when it is about the load alone
	// Inferred is what the evidence said when somebody said otherwise.
	Inferred Phase
}

// Status is how the truck stands at a moment.
type Status struct {
	Phase    Phase
	Since    time.Time // since when, as far as is known
	Inferred Phase     // what the evidence says
	By       string    // who corrected it; empty: nobody
	Load     Load
	// LoadSince is when the load became so; zero: nobody has ever said.
	LoadSince time.Time
	Armed     bool   // limits of goods hold
	Moving    bool   // false also when its position was never heard
	Place     string // where it stands; empty on the road or elsewhere
}

// Truck is everything that is known of one truck.
type Truck struct {
	cfg    Config
	door   door
	motion motion
	air    []sample // at most one a minute, oldest first

	stays []span  // what the books say
	empty []int64 // when somebody said that it is empty
	says  []Say   // of phases, oldest first

	loads []loadChange // worked out from the above; nil when that is due
	dirty bool
}

// span is a stretch of time in ms; to is exclusive, 0 for ever.
type span struct{ from, to int64 }

// New returns a truck of which nothing is known yet.
func New(cfg Config) *Truck { return &Truck{cfg: cfg} }

// SetBand says in which band the box is ready for goods from now on, °C; nil
// where it has no such limit.
func (t *Truck) SetBand(low, high *float64) { t.cfg.Low, t.cfg.High = low, high }

// Door notes what the door's contact measured, in any order. It reports whether
// that may have changed when the truck is armed.
func (t *Truck) Door(at time.Time, open bool) bool {
	t.dirty = true
	changed := t.door.note(at.UnixMilli(), open)
	if changed {
		t.loads = nil
	}
	return changed
}

// Latitude and Longitude note a position; a fix is both, measured together. Late
// ones say nothing: where a truck is now is what counts.
func (t *Truck) Latitude(at time.Time, degrees float64) {
	t.dirty = true
	t.motion.half(at.UnixMilli(), &degrees, nil)
}

// Longitude notes the other half of a fix.
func (t *Truck) Longitude(at time.Time, degrees float64) {
	t.dirty = true
	t.motion.half(at.UnixMilli(), nil, &degrees)
}

// Ready reports whether the air of the box is in its band at a moment; known is
// false when it has none, or nothing was measured in the quarter of an hour
// before.
func (t *Truck) Ready(now time.Time) (ready, known bool) {
	s, ok := t.airBefore(now.UnixMilli())
	if !ok || t.cfg.Low == nil && t.cfg.High == nil {
		return false, false
	}
	return t.off(s.V) == 0, true
}

// Books says when the box held batches, in place of what was said before.
func (t *Truck) Books(stays []Stay) {
	t.stays, t.loads = t.stays[:0], nil
	for _, s := range stays {
		x := span{from: s.From.UnixMilli()}
		if !s.To.IsZero() {
			x.to = s.To.UnixMilli()
		}
		t.stays = append(t.stays, x)
	}
}

// Says says what people have said, oldest first, in place of what was said
// before.
func (t *Truck) Says(list []Say) {
	t.empty, t.says, t.loads = t.empty[:0], t.says[:0], nil
	for _, s := range list {
		if s.Empty {
			t.empty = append(t.empty, s.At.UnixMilli())
		}
		if s.Phase != "" {
			t.says = append(t.says, s)
		}
	}
}

// Timeline says when limits of goods hold: whenever the box is not known to be
// empty.
func (t *Truck) Timeline() alerting.Timeline {
	var out alerting.Timeline
	on := true
	for _, c := range t.history() {
		if armed := c.load != Empty; armed != on {
			out, on = append(out, alerting.Switch{At: moment(c.at), On: armed}), armed
		}
	}
	return out
}

// Status says how the truck stands at a moment that is not before what was
// noted last.
func (t *Truck) Status(now time.Time) Status {
	ms := now.UnixMilli()
	load, since := t.loadAt(ms)
	out := Status{Load: load, Armed: load != Empty, Moving: t.motion.Moving, Place: t.motion.place(t.cfg.Places)}
	if since != 0 {
		out.LoadSince = moment(since)
	}
	phase, changed := t.infer(ms, load, since)
	out.Phase, out.Inferred = phase, phase
	if changed != 0 {
		out.Since = moment(changed)
	}
	if n := len(t.says); n > 0 && t.says[n-1].stands(phase, changed, ms) {
		out.Phase, out.By, out.Since = t.says[n-1].Phase, t.says[n-1].By, t.says[n-1].At
	}
	return out
}

// stands reports whether the button holds: until the evidence has changed after
// it was pressed.
func (s Say) stands(inferred Phase, changed, now int64) bool {
	rests := func(p Phase) bool { return p == Idle || p == Conditioning }
	same := s.Inferred == inferred || rests(s.Inferred) && rests(inferred)
	at := s.At.UnixMilli()
	return same && at >= changed && at <= now
}

func moment(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
