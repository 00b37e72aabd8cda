package wire

import "strings"

// label is one field name of a record: RFC 8428 section 4.3's, then ours.
type label uint8

const (
	labelBaseVersion label = iota // bver
	labelBaseName                 // bn
	labelBaseTime                 // bt, s
	labelBaseUnit                 // bu
	labelBaseValue                // bv
	labelBaseSum                  // bs
	labelName                     // n
	labelUnit                     // u
	labelValue                    // v
	labelString                   // vs
	labelBoolean                  // vb
	labelData                     // vd
	labelSum                      // s
	labelTime                     // t, s
	labelUpdate                   // ut

	labelEpoch    // ep: the run of sequence numbers, first record only
	labelSequence // bsq: the lowest sequence of the pack, first record only
	labelOldest   // old: oldest unconfirmed sequence, first record only
	labelNext     // nxt: next sequence to be given, first record only
	labelBoot     // bb: boot id, for this record and the following
	labelClock    // bc: clock source, for this record and the following
	labelBaseMono // bm: milliseconds since boot at the base time, likewise
	labelMono     // m: correction to bm + t, milliseconds
	labelOffset   // sq: sequence less bsq, when it is not the place in the pack
	labelKind     // k: "gap" or "event"; a reading has none
	labelQuality  // q: "uncertain" or "bad"; a good reading has none
	labelReason   // r: reason of a reading that has a value
	labelRaw      // raw: the device's own number
	labelLength   // gd: length of a gap, s
	labelCount    // gc: readings dropped in a gap
	labelDetail   // ed: an event's detail, text to text
	labels        // how many there are
)

// shape is what a field's value has to be.
type shape uint8

const (
	anything shape = iota // known, without use here
	numeric               // any number, exactly
	text
	texts // map of text to text
)

type labelInfo struct {
	name  string
	cbor  int64 // RFC 8428 table 4; 0 for our own, which travel as text
	shape shape
	wrong QuarantineReason // when the value is not of that shape
}

// labelTable is constant: nothing writes to it.
var labelTable = [labels]labelInfo{
	labelBaseVersion: {"bver", -1, numeric, Malformed},
	labelBaseName:    {"bn", -2, text, BadName},
	labelBaseTime:    {"bt", -3, numeric, BadTime},
	labelBaseUnit:    {"bu", -4, text, WrongUnit},
	labelBaseValue:   {"bv", -5, numeric, BadValue},
	labelBaseSum:     {"bs", -6, numeric, BadValue},
	labelName:        {"n", 0, text, BadName},
	labelUnit:        {"u", 1, text, WrongUnit},
	labelValue:       {"v", 2, numeric, BadValue},
	labelString:      {"vs", 3, text, BadValue},
	labelBoolean:     {"vb", 4, anything, BadValue},
	labelSum:         {"s", 5, anything, BadValue},
	labelTime:        {"t", 6, numeric, BadTime},
	labelUpdate:      {"ut", 7, anything, BadTime},
	labelData:        {"vd", 8, anything, BadValue},

	labelEpoch:    {"ep", 0, numeric, Malformed},
	labelSequence: {"bsq", 0, numeric, Malformed},
	labelOldest:   {"old", 0, numeric, Malformed},
	labelNext:     {"nxt", 0, numeric, Malformed},
	labelBoot:     {"bb", 0, text, Malformed},
	labelClock:    {"bc", 0, text, Malformed},
	labelBaseMono: {"bm", 0, numeric, Malformed},
	labelMono:     {"m", 0, numeric, Malformed},
	labelOffset:   {"sq", 0, numeric, Malformed},
	labelKind:     {"k", 0, text, Malformed},
	labelQuality:  {"q", 0, text, BadValue},
	labelReason:   {"r", 0, text, BadValue},
	labelRaw:      {"raw", 0, numeric, BadValue},
	labelLength:   {"gd", 0, numeric, BadTime},
	labelCount:    {"gc", 0, numeric, BadValue},
	labelDetail:   {"ed", 0, texts, Malformed},
}

func (l label) String() string { return labelTable[l].name }

// registered reports whether the label has an integer in CBOR.
func (l label) registered() bool { return l < labelEpoch }

// labelOfInteger is RFC 8428 table 4 backwards.
func labelOfInteger(n int64) (label, bool) {
	switch n {
	case -1, -2, -3, -4, -5, -6:
		return label(-n - 1), true // bver to bs stand in this order above
	case 0:
		return labelName, true
	case 1:
		return labelUnit, true
	case 2:
		return labelValue, true
	case 3:
		return labelString, true
	case 4:
		return labelBoolean, true
	case 5:
		return labelSum, true
	case 6:
		return labelTime, true
	case 7:
		return labelUpdate, true
	case 8:
		return labelData, true
	}
	return labels, false
}

func labelOfText(b []byte) (label, bool) {
	switch string(b) {
	case "bver":
		return labelBaseVersion, true
	case "bn":
		return labelBaseName, true
	case "bt":
		return labelBaseTime, true
	case "bu":
		return labelBaseUnit, true
	case "bv":
		return labelBaseValue, true
	case "bs":
		return labelBaseSum, true
	case "n":
		return labelName, true
	case "u":
		return labelUnit, true
	case "v":
		return labelValue, true
	case "vs":
		return labelString, true
	case "vb":
		return labelBoolean, true
	case "vd":
		return labelData, true
	case "s":
		return labelSum, true
	case "t":
		return labelTime, true
	case "ut":
		return labelUpdate, true
	}
	return ownLabel(b)
}

func ownLabel(b []byte) (label, bool) {
	switch string(b) {
	case "ep":
		return labelEpoch, true
	case "bsq":
		return labelSequence, true
	case "old":
		return labelOldest, true
	case "nxt":
		return labelNext, true
	case "bb":
		return labelBoot, true
	case "bc":
		return labelClock, true
	case "bm":
		return labelBaseMono, true
	case "m":
		return labelMono, true
	case "sq":
		return labelOffset, true
	case "k":
		return labelKind, true
	case "q":
		return labelQuality, true
	case "r":
		return labelReason, true
	case "raw":
		return labelRaw, true
	case "gd":
		return labelLength, true
	case "gc":
		return labelCount, true
	case "ed":
		return labelDetail, true
	}
	return labels, false
}

// mustUnderstand is RFC 8428 section 4.4: who does not know a field whose
// label ends like this must not process the pack.
func mustUnderstand(name string) bool { return strings.HasSuffix(name, "_") }
