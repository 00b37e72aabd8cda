package sensors

import "fmt"

// Quality says whether a reading may be believed, in OPC UA's three words.
type Quality uint8

// The zero value is Bad on purpose: a reading nobody filled in is not good.
const (
	Bad       Quality = iota // no value; Reason says why
	Uncertain                // a value, with a Reason to doubt it
	Good                     // a value
)

// String returns "bad", "uncertain" or "good".
func (q Quality) String() string {
	switch q {
	case Good:
		return "good"
	case Uncertain:
		return "uncertain"
	case Bad:
		return "bad"
	}
	return fmt.Sprintf("quality(%d)", uint8(q))
}

// ParseQuality is the inverse of String.
func ParseQuality(s string) (Quality, error) {
	for _, q := range []Quality{Good, Uncertain, Bad} {
		if q.String() == s {
			return q, nil
		}
	}
	return Bad, fmt.Errorf("quality %q is not good, uncertain or bad", s)
}

// Reason says why a reading is not good. It travels unchanged from the driver
// to the screen, where it is translated.
type Reason string

// The reasons a driver or the edge may give.
const (
	NoReason       Reason = ""
	Timeout        Reason = "timeout"        // the device did not answer in time
	Unreachable    Reason = "unreachable"    // the bus, port or connection is not there
	CRCError       Reason = "crc"            // the answer was damaged
	NoAck          Reason = "nack"           // an I2C chip did not acknowledge
	ShortRead      Reason = "short-read"     // fewer bytes than the device promises
	BadAnswer      Reason = "bad-answer"     // well-formed, but not the answer to this question
	DeviceFault    Reason = "device-fault"   // the device says that it failed
	DeviceBusy     Reason = "device-busy"    // the device asks to be left alone for now
	ConfigFault    Reason = "config-fault"   // the device refuses the question itself
	SensorFault    Reason = "sensor-fault"   // sentinel value: probe open, shorted or missing
	StatusUnread   Reason = "status-unread"  // the device's own fault flag for this value could not be read
	OutOfRange     Reason = "out-of-range"   // beyond what the device or the world can show
	Cancelled      Reason = "cancelled"      // the poll was given up, as at shutdown
	NotImplemented Reason = "not-supported"  // the device has no such point
	FlatLine       Reason = "flat-line"      // the same raw value for too long
	ClockUncertain Reason = "clock-unsynced" // measured while no clock could be trusted
	ReceivedTime   Reason = "received-time"  // a good value whose time is that of its receipt; it came without one

	NoFix              Reason = "no-fix"              // a GNSS receiver does not know where it is
	Imprecise          Reason = "imprecise"           // the device itself says that its error is large
	RateOfChange       Reason = "rate"                // faster than the medium can change
	Disagreement       Reason = "disagree"            // two probes that should agree do not
	Swapped            Reason = "swapped"             // temperature and humidity show each other's value
	NeighbourValue     Reason = "neighbour-value"     // jumped to exactly what another point showed
	CalibrationExpired Reason = "calibration-expired" // corrected by a record whose validity has ended
)
