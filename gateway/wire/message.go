package wire

import "time"

// Outcome is what became of a record that the collector was sent.
type Outcome string

// The outcomes. Stored and Quarantined are final: the edge need not keep
// offering the record. RetryAfter asks it to come back later.
const (
	Stored      Outcome = "stored"
	Quarantined Outcome = "quarantined"
	RetryAfter  Outcome = "retry-after"
)

// Range is a run of sequence numbers, both ends included.
type Range struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// AckRange is the fate of one run of records.
type AckRange struct {
	Range
	Outcome Outcome          `json:"outcome"`
	Reason  QuarantineReason `json:"reason,omitempty"`
	// AfterMS is how long to wait before offering them again (RetryAfter only).
	AfterMS int64 `json:"after_ms,omitempty"`
}

// Ack tells an edge what has become durable. Losing one is harmless.
type Ack struct {
	Epoch  uint64     `json:"epoch"`
	Ranges []AckRange `json:"ranges"`
}

// Hello is the collector's answer to a gateway that comes online: the highest
// identity it has seen and which store it writes to. An edge whose own next
// sequence is not above Highest starts a new epoch; a new Generation makes it
// offer again everything it still keeps.
type Hello struct {
	Epoch      uint64    `json:"epoch"`          // highest epoch seen; 0 when none
	Highest    uint64    `json:"highest"`        // highest sequence seen in that epoch
	Generation string    `json:"generation"`     // identity of the collector's store
	At         time.Time `json:"at"`             // collector's clock
	Rows       bool      `json:"rows,omitempty"` // the collector reads rows
}

// Status is a gateway's retained message about itself. The broker publishes
// the one with Online false as its last will.
type Status struct {
	Gateway     string      `json:"gateway"`
	Site        string      `json:"site"`
	Online      bool        `json:"online"`
	Session     string      `json:"session,omitempty"` // changes at each connection
	At          time.Time   `json:"at,omitzero"`
	Boot        string      `json:"boot,omitempty"`
	Version     string      `json:"version,omitempty"`
	Epoch       uint64      `json:"epoch,omitempty"`
	Oldest      uint64      `json:"oldest,omitempty"`
	Next        uint64      `json:"next,omitempty"`
	Undelivered uint64      `json:"undelivered,omitempty"`
	Clock       ClockSource `json:"clock,omitempty"`
	// Kept is how many records the gateway's journal reaches back, delivered or
	// not.
	Kept uint64 `json:"kept,omitempty"`
	// Greeted says that the collector has answered in this session already.
	Greeted bool `json:"greeted"`
	// Backlog is how many records at most wait for their turn behind the live
	// ones. SentToday counts bytes in both directions since the gateway's
	// midnight, MQTT headers included and TCP left out; BytesPerDay is what the
	// backlog may use of a day, 0 when it is not bounded.
	Backlog     uint64 `json:"backlog,omitempty"`
	SentToday   uint64 `json:"sent_today,omitempty"`
	BytesPerDay uint64 `json:"bytes_per_day,omitempty"`
	// DiskFree and DiskSize are bytes of the disk that the journal lies on; 0:
	// not told.
	DiskFree uint64 `json:"disk_free,omitempty"`
	DiskSize uint64 `json:"disk_size,omitempty"`
	// Terse says that the gateway reads an acknowledgement in its short form.
	Terse bool `json:"terse,omitempty"`
	// Limits is the version of the county's limits that the site judges by,
	// NoLimits where it has none yet; empty: it would not follow any.
	Limits string `json:"limits,omitempty"`
	// Book is the version of the county's book that the site has, NoBook where it
	// has none yet; empty: it would not take any.
	Book string `json:"book,omitempty"`
	// Faults are short sentences for the county, worst first.
	Faults []string `json:"faults,omitempty"`

	// Held counts records that wait for a clock; until it has come, Provisional
	// is the newest reading of each point and Alarm whether the local alarm
	// holds. They are for people to see and are never stored.
	Held        uint64        `json:"held,omitempty"`
	Alarm       bool          `json:"alarm,omitempty"`
	Provisional []Provisional `json:"provisional,omitempty"`
}

// Provisional is a reading whose time nobody knows but by its age.
type Provisional struct {
	Point   string   `json:"point"`
	Value   *float64 `json:"value,omitempty"` // in the quantity's unit; none when the quality is bad
	Quality string   `json:"quality"`
	Reason  string   `json:"reason,omitempty"`
	AgeMS   int64    `json:"age_ms"` // when the status was sent
	Outside bool     `json:"outside,omitempty"`
}

// Command is what the county asks of one gateway. Losing one is harmless: it is
// asked again.
type Command struct {
	// Epoch and Resend name records below the gateway's oldest unconfirmed one
	// of which the county has no trace. The gateway offers again what it keeps
	// and declares the rest with an event EventGone.
	Epoch  uint64  `json:"epoch,omitempty"`
	Resend []Range `json:"resend,omitempty"`
	// Duplicate says that two boxes connect under this gateway's name in turn;
	// both shall step back for minutes and say so.
	Duplicate bool `json:"duplicate,omitempty"`
	// Inventory asks for the inventory, and for what is on its way once more:
	// rows came whose table the county does not have.
	Inventory bool `json:"inventory,omitempty"`
	// Limits are those that hold at the gateway's site from now on.
	Limits *SiteLimits `json:"limits,omitempty"`
	// Book is what the county knows of the gateway's site from now on.
	Book *SiteBook `json:"book,omitempty"`
}

// EventGone is the name of the event by which a gateway declares records that
// it was asked for and does not keep any more. Its detail is GoneDetail's.
const EventGone = "records-gone"

// Gone is the reason under which declared records are kept apart: nothing is
// there to be stored, and nobody has to ask again.
const Gone QuarantineReason = "gone"

// Inventory is a gateway's retained list of what it has been configured to
// measure; the collector compares it with its own.
type Inventory struct {
	Gateway string       `json:"gateway"`
	Site    string       `json:"site"`
	Boot    string       `json:"boot,omitempty"` // of the session; rows leave it out
	Devices []DeviceInfo `json:"devices"`
}

// DeviceInfo is one device of an inventory.
type DeviceInfo struct {
	Name    string      `json:"name"`
	Bus     string      `json:"bus"`
	Profile string      `json:"profile"`
	Points  []PointInfo `json:"points"`
}

// PointInfo is one point of an inventory.
type PointInfo struct {
	ID       string `json:"id"`
	Quantity string `json:"quantity"`
	Unit     string `json:"unit"`
	// CalibratedUntil is when the validity of the newest calibration ends; zero:
	// it has none, or the gateway does not say.
	CalibratedUntil time.Time `json:"calibrated_until,omitzero"`
}
