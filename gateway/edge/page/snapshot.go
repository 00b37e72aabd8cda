package page

import (
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Snapshot is what an agent knows at one moment. Times that carry a monotonic
// reading keep it, so that ages survive a step of the wall clock.
type Snapshot struct {
	Now     time.Time
	Site    string
	Gateway string
	Version string
	Points  []Point
	Devices []Device
	Link    Link
	Clock   string   // where the wall clock comes from: gnss, ntp, rtc or none
	Health  error    // nil while readings become durable
	Faults  []string // "what: reason", sorted
	Alarms  []Alarm  // present, the worst first
	Limits  Limits
}

// Alarm is an alarm that the site itself has raised.
type Alarm struct {
	Rule     alerting.RuleName
	Object   string // point, or "site/bus" and "site/bus/device" of a dead line
	Quantity sensors.Quantity
	Level    alerting.Level
	Since    time.Time     // zero: there was no clock then
	Lasts    time.Duration // by the monotonic clock
	Value    float64       // with HasValue alone, as is Limit
	Limit    float64
	HasValue bool
	Folded   int  // further alarms that this one explains
	Silenced bool // somebody at the site has silenced it, and it is quiet
	// AnsweredBy is who has answered it, at the county or BySMS; it is quiet
	// meanwhile.
	AnsweredBy string
	BySMS      bool
	Told       []string // whom the site itself has told of it by SMS
	Reason     sensors.Reason
	Delay      time.Duration // of the rule
	Masked     time.Duration // held back by a defrost or an open door
}

// Limits says by which limits the site judges.
type Limits struct {
	County bool      // those of the county, goods included; else the site's own file
	At     time.Time // when they came; zero: not known
	None   bool      // there are none at all but those of switches
}

// Point is a measured point and the newest that was read of it.
type Point struct {
	ID       sensors.PointID
	Quantity sensors.Quantity
	Device   string
	Interval time.Duration // between two readings, inside the limits
	High     *float64      // what the edge calls outside; nil: no limit
	Low      *float64
	Seen     bool            // at least one reading was taken
	Last     sensors.Reading // the newest, of any quality
	At       time.Time       // when Last was taken over
	Since    time.Time       // since when Last has the value it has; for switches
	// Valued is the newest reading that had a value; the zero Reading (which is
	// bad) before the first.
	Valued sensors.Reading
}

// Device is a device with its counters since the agent's start.
type Device struct {
	Name     string
	Bus      string
	Profile  string
	Interval time.Duration
	Polls    uint64
	Failed   uint64         // polls with at least one reading without a value
	Failures []Failure      // by reason, the commonest first
	Now      sensors.Reason // why the last poll failed; NoReason when it did not
	LastPoll time.Time      // zero before the first
	LastGood time.Time      // when a poll last gave at least one value
	Latency  time.Duration  // of the last poll
	Usual    time.Duration  // moving mean of the latency over about eight polls
}

// Failure counts the polls in which a reason stood.
type Failure struct {
	Reason sensors.Reason `json:"reason"`
	Count  uint64         `json:"count"`
}

// Link is the way to the county and what waits for it.
type Link struct {
	Connected   bool
	Undelivered uint64
	Oldest      time.Time // of what is undelivered; zero when unknown or nothing is
	Epoch       uint64
	Next        uint64
}

// Siren is the local alarm's sound.
type Siren interface {
	// Active reports whether it sounds, or ought to.
	Active() bool
	// Acknowledge silences it for what is wrong now; by says who asked.
	Acknowledge(at time.Time, by string)
}

// Label is what people call a site or zone.
type Label struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}
