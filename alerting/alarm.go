package alerting

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"coldchain/sensors"
)

// State is a step of an alarm's life cycle (ISA-18.2 figure 2).
type State string

// The states. Normal is the absence of an alarm: it is the state after a
// returned alarm has been acknowledged.
const (
	Normal                 State = "normal"
	Unacknowledged         State = "unacknowledged"          // present, nobody has answered
	Acknowledged           State = "acknowledged"            // present, somebody has answered
	ReturnedUnacknowledged State = "returned-unacknowledged" // over, nobody has answered
	Shelved                State = "shelved"
	Suppressed             State = "suppressed"
	OutOfService           State = "out-of-service"
)

// Present reports whether the cause of the alarm is still there.
func (s State) Present() bool { return s == Unacknowledged || s == Acknowledged }

// Level is how serious a limit is.
type Level string

// The levels, milder first.
const (
	Warning   Level = "warning"
	Excursion Level = "excursion"
)

// MoreSevere reports whether l is more serious than other.
func (l Level) MoreSevere(other Level) bool { return l == Excursion && other != Excursion }

// Class separates what is happening from what was discovered afterwards.
type Class string

// The classes. A late alarm was over before the county learned of it: it goes
// to the quality officer's queue and wakes nobody.
const (
	Live Class = "live"
	Late Class = "late"
)

// RuleName names the rule that raised an alarm.
type RuleName string

// The rules of this package's engine.
const (
	HighLimit RuleName = "high-limit" // a value beyond an upper limit for as long as its delay
	LowLimit  RuleName = "low-limit"  // the same below; as serious, for what must not freeze
	HighTotal RuleName = "high-total" // beyond an upper limit for too long all told, though no run was long enough
	LowTotal  RuleName = "low-total"  // the same below

	// Of the goods themselves, by a probe in them or as estimated from the air.
	ProductHigh  RuleName = "product-high"
	ProductLow   RuleName = "product-low"
	EstimateHigh RuleName = "estimate-high"
	EstimateLow  RuleName = "estimate-low"

	Silence    RuleName = "silence"      // no usable reading of a point for too long
	Fault      RuleName = "sensor-fault" // the same, while the device goes on failing: its probe or wiring is broken
	SiteSilent RuleName = "site-silent"  // no reading at all from a site; its points' silence is folded into it

	// Of switches. They have no value that would say more than the rule does.
	DoorOpen    RuleName = "door-open"    // a door that is not shut
	MainsLost   RuleName = "mains-lost"   // the supply, or one phase of it
	DefrostLong RuleName = "defrost-long" // a defrost that does not end
	BatteryLow  RuleName = "battery-low"  // the standby battery is flat or broken
)

// The rules that look at more than one line of one point; see package watch.
const (
	RateOfRise       RuleName = "rate-of-rise"      // a room warms faster than it may; a value is the rise within Delay, °C
	PullDown         RuleName = "pull-down"         // warm goods do not get cold in time; Start is when they were loaded
	Condensation     RuleName = "condensation"      // the dew point is above the goods; a value is the dew point, Limit the goods, °C
	CompressorSilent RuleName = "compressor-silent" // it stands still while cooling is called for; a value is the air's, °C
	// Of the county's own machinery: for who looks after it.
	ClockWrong         RuleName = "clock-wrong"         // of a gateway, or of the county
	CalibrationExpired RuleName = "calibration-expired" // or about to
	DiskFilling        RuleName = "disk-filling"        // of a gateway, or of the county
)

// Spoilage is of a batch, see package ageing: its shelf life is nearly used, or
// will be before its delivery. Object is "site/zone/batch" and follows the batch
// from room to room; values are percent of life. ID is of the batch alone.
const Spoilage RuleName = "spoilage"

// IsLow reports whether a rule is about a value below a limit: its peak is the
// lowest value.
func (r RuleName) IsLow() bool {
	switch r {
	case LowLimit, LowTotal, ProductLow, EstimateLow:
		return true
	}
	return false
}

// The rules of others, who report their transitions as the engine does.
const (
	// StoreFailing is the county's alarm on itself: its object is the county, and
	// it is raised by the collector.
	StoreFailing RuleName = "store-failing"
	// GatewayTwin is raised by the collector: two boxes connect under the name
	// of one site's gateway, and each throws the other out.
	GatewayTwin RuleName = "gateway-twin"
)

// Alarm is one run of a condition on one object, from its first reading
// outside to its return. Limits are frozen into it when it is raised.
type Alarm struct {
	ID     string         `json:"id"` // AlarmID(Rule, Object, Start)
	Rule   RuleName       `json:"rule"`
	Object string         `json:"object"` // point ("site/zone/point"), site, or batch ("site/zone/batch")
	Zone   string         `json:"zone"`   // "site/zone"; empty for a site's alarm
	Level  Level          `json:"level"`
	Class  Class          `json:"class"`
	State  State          `json:"state"`
	Reason sensors.Reason `json:"reason,omitempty"` // of a silence: why there is no value

	Start    time.Time `json:"start"`             // event time of the first reading outside
	Raised   time.Time `json:"raised"`            // event time at which the delay had passed
	Returned time.Time `json:"returned,omitzero"` // event time of the first reading inside again; zero while present
	LastSeen time.Time `json:"last_seen"`         // event time of the newest reading that was judged

	// Masked is for how long a warning of this alarm was held back by a defrost or
	// an open door before it was raised. It is still exposure.
	Masked time.Duration `json:"masked,omitempty"`

	Limit     float64       `json:"limit"`      // the limit that was crossed, °C or %RH (limit rules only)
	Delay     time.Duration `json:"delay"`      // how long it may be crossed
	Peak      float64       `json:"peak"`       // worst value so far (limit rules only)
	LastValue float64       `json:"last_value"` // newest value (limit rules only)
	HasValue  bool          `json:"has_value"`  // false for silence: Limit, Peak and LastValue mean nothing
}

// AlarmID derives an alarm's identity from what it is about and the event time
// of the first reading outside, so that judging the same readings again, after
// a restart or a replay, yields the same alarm and not a second one.
func AlarmID(rule RuleName, object string, start time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", rule, object, start.UnixMilli()))
	return hex.EncodeToString(sum[:8])
}

// Change says what happened to an alarm.
type Change string

// The changes an engine reports.
const (
	Raised    Change = "raised"    // new, or seen again after a replay: same ID
	Escalated Change = "escalated" // same alarm, a more serious limit has matured
	Updated   Change = "updated"   // peak, newest value or start moved; nobody is notified
	Returned  Change = "returned"  // the condition is over
)

// Transition is one change of one alarm, with the alarm as it is afterwards.
type Transition struct {
	Change Change
	Alarm  Alarm
	At     time.Time // event time of the change
}
