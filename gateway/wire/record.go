package wire

import (
	"time"

	"coldchain/sensors"
)

// Kind tells what a record is about.
type Kind uint8

// The kinds of record a journal sequences.
const (
	ReadingRecord Kind = iota
	GapRecord
	EventRecord
)

// ClockSource says where a wall time came from.
type ClockSource string

// The clock sources, best first.
const (
	ClockGNSS ClockSource = "gnss"
	ClockNTP  ClockSource = "ntp"
	ClockRTC  ClockSource = "rtc"
	ClockNone ClockSource = "none"
)

// Record is one entry of an edge's journal. Its identity in the county is
// (gateway, epoch, Seq). Times are whole milliseconds, UTC.
type Record struct {
	Seq   uint64
	Kind  Kind
	Boot  string        // which start of the machine measured it
	Mono  time.Duration // time since that start, whole milliseconds
	Clock ClockSource   // what Reading.Time, Gap.To or Event.At was read from
	// Reconstructed says that the time was worked out from Mono after the fact,
	// because at that moment no clock could be believed.
	Reconstructed bool

	Reading sensors.Reading // Kind == ReadingRecord
	// Unit is the unit of Reading as sent. An edge sets the quantity's
	// canonical unit; the collector compares it and never converts.
	Unit  sensors.Unit
	Gap   Gap   // Kind == GapRecord
	Event Event // Kind == EventRecord
}

// Time returns the record's wall time: when it was measured, ended or happened.
func (r Record) Time() time.Time {
	switch r.Kind {
	case GapRecord:
		return r.Gap.To
	case EventRecord:
		return r.Event.At
	default:
		return r.Reading.Time
	}
}

// Gap declares a stretch without readings, so that it is never mistaken for a
// stretch in which nothing happened.
type Gap struct {
	Scope string // the gateway, or a point, that was not measured
	From  time.Time
	To    time.Time
	Cause string // "restart", "disk-limit", ...
	Count uint64 // readings dropped, where that is known
}

// Event is a change at the edge: a local alarm, a clock step, a restart.
type Event struct {
	At     time.Time
	Name   string
	Object string            // the point, device or gateway it happened to
	Detail map[string]string // short words for the audit
}

// Pack is one message of records.
type Pack struct {
	Epoch   uint64 // the gateway's run of sequence numbers
	Oldest  uint64 // oldest sequence not confirmed; equals Next when there is none
	Next    uint64 // the sequence the next record will get
	Records []Record
}

// Rejected is one record of a pack that could not be understood. The others
// of the same pack stand.
type Rejected struct {
	Index  int
	Seq    uint64 // when HasSeq
	HasSeq bool
	Reason QuarantineReason
	Detail string // for people: what was wrong
	Point  string // as sent, cut to a safe length
}

// QuarantineReason is why something was kept apart instead of stored as truth.
type QuarantineReason string

// The reasons for quarantine. Decode gives the first group, admission the rest.
const (
	Malformed    QuarantineReason = "malformed"     // not decodable
	TooLarge     QuarantineReason = "too-large"     // beyond a limit of the decoder
	RelativeTime QuarantineReason = "relative-time" // below 2^28 s: RFC 8428 calls it relative to now
	BadTime      QuarantineReason = "bad-time"      // no time, or not a time
	BadValue     QuarantineReason = "bad-value"     // not a finite number, or value and quality contradict
	WrongUnit    QuarantineReason = "wrong-unit"
	BadName      QuarantineReason = "bad-name"

	UnknownPoint QuarantineReason = "unknown-point"
	OutOfRange   QuarantineReason = "out-of-range"
	TimeInPast   QuarantineReason = "time-in-past"   // before the product existed
	Expired      QuarantineReason = "expired"        // older than the county keeps readings of this point
	TimeInFuture QuarantineReason = "time-in-future" // later than now and a tolerance
	WrongSender  QuarantineReason = "wrong-sender"   // topic or point of another gateway
	Collision    QuarantineReason = "collision"      // same point and millisecond, another identity
	StoreRefused QuarantineReason = "store-refused"  // the store will never take it
)
