package trip

import "time"

// Trip is one run of a truck: from loading, or from leaving, to the return to
// where it belongs, or to where it rests empty. It is worked out from facts
// alone: the same facts make the same trip, in whatever order they came.
type Trip struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"` // zero: it goes on
	// Phases follow each other without a hole, from From to To or to the moment
	// of the last fact.
	Phases []PhaseTime `json:"phases"`
	Stops  []Stop      `json:"stops"`  // oldest first; none without positions
	Unseen []Span      `json:"unseen"` // when nobody knows where it was; To zero: still
	// Doors are when its door stood open, as far as somebody saw. To zero: still.
	Doors []Span  `json:"doors"`
	Cargo []Cargo `json:"cargo"` // by when it came aboard
	// DistanceM is the sum of straight lines between good fixes that are at most
	// ten minutes apart, without stops, in metres: it is driven at least. Nil:
	// there are no two such fixes.
	DistanceM *float64 `json:"distance_m"`
}

// Span is a stretch of time.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

// PhaseTime is how long a trip was in a phase.
type PhaseTime struct {
	Phase Phase `json:"phase"`
	Span
	By string `json:"by,omitempty"` // who said so; empty: the evidence
}

// Stop is a stand of at least three minutes within 300 m.
type Stop struct {
	// Place is the site it stood at; empty: at none, at these coordinates.
	Place     string  `json:"place"`
	Latitude  float64 `json:"latitude"` // degrees, WGS 84: the middle of its fixes
	Longitude float64 `json:"longitude"`
	// Arrived and Left are the first and the last fix there. Arrived is zero where
	// the trip begins, Left where it ends or while it stands there still.
	Arrived time.Time `json:"arrived,omitzero"`
	Left    time.Time `json:"left,omitzero"`
	// ArrivedUnseen and LeftUnseen say that no position was heard before or after:
	// it may have stood there longer.
	ArrivedUnseen bool `json:"arrived_unseen,omitempty"`
	LeftUnseen    bool `json:"left_unseen,omitempty"`
	// UnseenS is for how long no position was heard between two fixes there, s.
	UnseenS float64 `json:"unseen_s"`
	DoorS   float64 `json:"door_open_s"` // how long the door was seen open, s
	// From and To are the stop within the trip, without which fields are zero.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Cargo is a batch that was aboard.
type Cargo struct {
	Batch string `json:"batch"`
	// Loaded and Unloaded are nil when it came aboard before the trip, or stayed
	// aboard after it.
	Loaded   *Booking `json:"loaded"`
	Unloaded *Booking `json:"unloaded"`
}

// Booking is where and when a batch came or went, as it is in the books.
type Booking struct {
	At time.Time `json:"at"`
	// Zone is where the books have it before or after ("site/zone"), Place the
	// same in words where nothing watches it; both empty: they do not say.
	Zone  string `json:"zone,omitempty"`
	Place string `json:"place,omitempty"`
	// Stop is the place among the trip's stops; nil: on the road, or unseen.
	Stop *int `json:"stop"`
}

// Fix is one good position.
type Fix struct {
	At                  time.Time
	Latitude, Longitude float64 // degrees, WGS 84
}

// DoorReading is one reading of the door's contact.
type DoorReading struct {
	At   time.Time
	Open bool
}

// Aboard is a stay of a batch in the box.
type Aboard struct {
	Batch    string
	From, To time.Time // To zero: it is there still
	// Before and After are where the books have it next to this stay, as a zone
	// ("site/zone") or a place in words; both empty: they do not say.
	BeforeZone, BeforePlace string
	AfterZone, AfterPlace   string
}

// Facts are what is known of a truck, each list in any order.
type Facts struct {
	// Until is the moment up to which things are known: now.
	Until  time.Time
	Fixes  []Fix
	Door   bool // its door is watched; without that an empty box is never believed
	Doors  []DoorReading
	Aboard []Aboard
	Says   []Say
	Places []Place
	Home   string // the place at which trips begin and end; empty: none
}

// Trips works out a truck's trips, oldest first; they do not overlap. What lies
// before the facts is unknown to it: a trip that begins less than Before after
// the oldest of them may have begun earlier.
func Trips(f Facts) []Trip {
	r := newRoad(f)
	out := []Trip{}
	for _, p := range r.pieces() {
		out = append(out, r.tell(p))
	}
	return out
}

// Before is how much of what lies before a trip bears on it: who wants it as it
// is has the facts from that long before it began.
const Before = time.Duration(wordLasts+rests) * time.Millisecond

const (
	// rests is how long a truck that stands empty has a rest, which ends a trip, ms.
	rests = int64(7_200_000)
	// lost is how long without a fix nobody knows where the truck was, ms.
	lost = int64(600_000)
	// wordLasts is how long what was said of an empty box bears on a trip, ms.
	wordLasts = int64(86_400_000)
	// saidLasts is how long a phase that somebody said keeps a trip going, ms.
	saidLasts = int64(43_200_000)
)
