package page

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/trip"
)

// Cab is the truck that a site is, with its driver.
type Cab interface {
	// Truck is how it stands now.
	Truck() Truck
	// Say takes what the driver says. ErrNotReady asks for a reason to load all
	// the same; ErrNoPhase refuses what is no word about a truck.
	Say(w Word) error
	// Load takes a batch that the driver has put into the box.
	Load(g Goods) error
}

// What may be in the way of a word.
var (
	ErrNotReady = errors.New("the box is not ready for goods, and no reason was given to load it all the same")
	ErrNoPhase  = errors.New("that is neither a phase of a truck nor that its box is empty")
)

// Word is what a driver says: which phase it is, or that the box is empty.
type Word struct {
	Phase  trip.Phase // "" when it is about the load
	Empty  bool
	Reason string // why goods go into a box that is not ready
	By     string
}

// Truck is how a truck stands.
type Truck struct {
	Box      string // "site/zone"
	Phase    trip.Phase
	Inferred trip.Phase // what the evidence says
	Since    time.Time  // zero: nobody knows
	By       string     // who said so; empty: door, position and air do
	Load     trip.Load
	Armed    bool // limits of goods hold
	// Contradicted: somebody here said that it is empty, and the county's books
	// hold goods in it.
	Contradicted bool
	HasBand      bool // there is a band in which the box is ready
	Ready        bool
	Measured     bool // the air was, in the quarter of an hour before
	Air          float64
	Low, High    *float64 // °C
	Loaded       []Loaded // booked here on this trip, the newest first
}

// unlimited leaves the limits of an empty box out: it is as warm as it likes.
func (t Truck) unlimited(points []Point) []Point {
	if t.Armed {
		return points
	}
	out := slices.Clone(points)
	for i := range out {
		if out[i].ID.Zone() == t.Box {
			out[i].Low, out[i].High = nil, nil
		}
	}
	return out
}

// Degrees writes a temperature as people do.
func Degrees(v float64) string { return short(v) + " °C" }

// maxReason bounds the reason of somebody who types one, in characters.
const maxReason = 100

// reasons are those that one tap gives: nobody types while loading.
var reasons = []string{"reason-leaving", "reason-repair", "reason-owner"}

// buttons are the phases in the order of a trip, but those that show by themselves.
var buttons = []trip.Phase{trip.Conditioning, trip.Loading, trip.InTransit, trip.Unloading, trip.Idle}

// truckView is the driver's card: what the truck does and holds, whether the box
// is ready, and the buttons.
func (v view) truckView() node {
	if v.truck == nil {
		return nil
	}
	t := *v.truck
	said := v.l.say("truck-seen")
	if t.By != "" {
		said = v.l.say("truck-said")
	}
	parts := []string{said}
	if !t.Since.IsZero() {
		parts = append(parts, v.l.with("truck-since", v.clock(t.Since)))
	}
	look := normal
	if t.Contradicted || t.HasBand && !t.Ready && t.Load == trip.Empty {
		look = attention
	}
	return el("article", attrs{"id", "truck", "class", "card cab " + look.name()},
		el("header", nil, el("h2", nil, text(v.l.say("phase-"+string(t.Phase))))),
		el("p", class("age"), text(strings.Join(parts, " · "))),
		el("p", class("load"), text(v.l.say("load-"+string(t.Load)))),
		when(t.Contradicted, el("p", class("why"), text(v.l.say("truck-books")))),
		v.readyView(t),
		el("form", attrs{"class", "cab", "method", "post", "action", "/truck/say"},
			void("input", attrs{"type", "hidden", "name", "token", "value", v.token}),
			v.backView(),
			v.nextButton(t),
			each(buttons, func(p trip.Phase) node { return v.phaseButton(t, p) }),
			el("button", attrs{"id", "say-empty", "type", "submit", "name", "empty", "value", "1"}, text(v.l.say("truck-empty")))),
		v.reasonView(t))
}

// next is what is sensible after the present phase. A truck that has unloaded and
// still holds goods, or may, drives on.
func (t Truck) next() trip.Phase {
	switch t.Phase {
	case trip.Conditioning:
		return trip.Loading
	case trip.Loading:
		return trip.InTransit
	case trip.InTransit:
		return trip.Unloading
	case trip.Unloading:
		if t.Load == trip.Loaded {
			return trip.InTransit
		}
		return trip.Idle
	}
	return trip.Conditioning
}

// backView has a form lead back to the cab's display.
func (v view) backView() node {
	return when(v.inCab, void("input", attrs{"type", "hidden", "name", "back", "value", "/cab"}))
}

// back is where a form leads to: one of this page's two, whatever was asked for.
func back(r *http.Request) string {
	if r.PostFormValue("back") == "/cab" {
		return "/cab"
	}
	return "/"
}

// nextButton is the one large button. A box that is not ready is loaded below,
// with a reason.
func (v view) nextButton(t Truck) node {
	next := t.next()
	if next == trip.Loading && t.mustAsk() {
		return nil
	}
	return el("button", attrs{"id", "next", "class", "next", "type", "submit", "name", "phase", "value", string(next)}, text(v.l.say("next-"+string(next))))
}

func (v view) phaseButton(t Truck, p trip.Phase) node {
	if p == trip.Loading && t.mustAsk() || p == t.next() {
		return nil // below, with its reasons; or above, large
	}
	pressed := "false"
	if t.Phase == p {
		pressed = "true"
	}
	return el("button", attrs{"id", "say-" + string(p), "type", "submit", "name", "phase", "value", string(p), "aria-pressed", pressed}, text(v.l.say("phase-"+string(p))))
}

// mustAsk reports whether loading takes a reason. Once it is loading nobody is
// asked again.
func (t Truck) mustAsk() bool { return t.HasBand && !t.Ready && t.Phase != trip.Loading }

// readyView says whether the box may be loaded.
func (v view) readyView(t Truck) node {
	if !t.HasBand || t.Load == trip.Loaded {
		return nil
	}
	band := v.l.band(t.Low, t.High)
	switch {
	case t.Ready:
		return el("p", attrs{"id", "ready", "class", "ready"}, text(v.l.with("box-ready", Degrees(t.Air), band)))
	case !t.Measured:
		return el("p", attrs{"id", "ready", "class", "why"}, text(v.l.with("box-unknown", band)))
	case t.High != nil && t.Air > *t.High:
		return el("p", attrs{"id", "ready", "class", "why"}, text(v.l.with("box-warm", Degrees(t.Air), band)))
	}
	return el("p", attrs{"id", "ready", "class", "why"}, text(v.l.with("box-cold", Degrees(t.Air), band)))
}

// reasonView is the way to load a box that is not ready: nothing is blocked, and
// the reason is written down.
func (v view) reasonView(t Truck) node {
	if !t.mustAsk() {
		return nil
	}
	return el("form", attrs{"id", "load-anyway", "class", "cab", "method", "post", "action", "/truck/say"},
		el("p", nil, text(v.l.say("load-anyway"))),
		void("input", attrs{"type", "hidden", "name", "token", "value", v.token}),
		void("input", attrs{"type", "hidden", "name", "phase", "value", string(trip.Loading)}),
		v.backView(),
		each(reasons, func(key string) node {
			return el("button", attrs{"type", "submit", "name", "reason", "value", v.l.say(key)}, text(v.l.say(key)))
		}))
}

func (l lang) band(low, high *float64) string {
	switch {
	case low == nil && high == nil:
		return ""
	case low == nil:
		return l.with("limit-high", short(*high), "°C")
	case high == nil:
		return l.with("limit-low", short(*low), "°C")
	}
	return l.with("band", short(*low), short(*high), "°C")
}

// say takes the driver's word, from this page's own form alone.
func (s *Server) say(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	if s.o.Cab == nil {
		refuse(w, l, http.StatusNotFound, "no-truck")
		return
	}
	if !s.ours(w, r) {
		return
	}
	said := Word{Phase: trip.Phase(r.PostFormValue("phase")), Reason: strings.TrimSpace(r.PostFormValue("reason")), By: "site page, " + client(r),
		Empty: r.PostFormValue("empty") == "1"} // the button's own value: nothing else says that somebody looked
	if runes := []rune(said.Reason); len(runes) > maxReason {
		said.Reason = string(runes[:maxReason])
	}
	switch err := s.o.Cab.Say(said); {
	case errors.Is(err, ErrNotReady):
		refuse(w, l, http.StatusConflict, "not-ready")
	case errors.Is(err, ErrNoPhase):
		refuse(w, l, http.StatusBadRequest, "no-phase")
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		http.Redirect(w, r, back(r), http.StatusSeeOther)
	}
}

// truckJSON is the truck as /api/truck tells it.
type truckJSON struct {
	Phase    trip.Phase `json:"phase"`
	Inferred trip.Phase `json:"inferred"`
	Since    *time.Time `json:"since"`
	By       string     `json:"by"`
	Load     trip.Load  `json:"load"`
	Armed    bool       `json:"armed"`
	Ready    *bool      `json:"ready"` // null: nobody knows, or there is no band
}

func (s *Server) truck(w http.ResponseWriter, _ *http.Request) {
	if s.o.Cab == nil {
		http.Error(w, "this site is no truck", http.StatusNotFound)
		return
	}
	t := s.o.Cab.Truck()
	out := truckJSON{Phase: t.Phase, Inferred: t.Inferred, Since: moment(t.Since), By: t.By, Load: t.Load, Armed: t.Armed}
	if t.HasBand && t.Measured {
		out.Ready = &t.Ready
	}
	writeJSON(w, out)
}
