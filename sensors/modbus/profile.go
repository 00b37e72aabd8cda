package modbus

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/analog"
)

// Profile describes one kind of Modbus device. It comes from ParseProfile or
// LoadProfile, which guarantee all that the field comments say.
type Profile struct {
	Name       string // a slug
	Label      Label
	Source     string // where the map comes from
	Confidence Confidence
	Note       Label // what an installer must know
	Serial     Serial
	// MaxRead is the largest number of registers (or bits) in one question,
	// 1 to 125. Default 125.
	MaxRead int
	// MaxGap is how many addresses nobody asked for may be read along to save
	// a question. Default 0: many devices refuse a block with a hole in it.
	MaxGap   int
	Channels []Channel // sorted by name, at least one
	// Status are the device's own fault flags, sorted by name: states without a
	// quantity, which channels name in Faults and which are not offered as points.
	Status []Channel
}

// Label is a text for people, in Chinese and English.
type Label struct{ ZH, EN string }

// Confidence says how far a profile's map can be believed before it has been
// compared with a thermometer.
type Confidence string

// The degrees of confidence.
const (
	FieldConfirmed Confidence = "field-confirmed" // seen on a real device
	Documented     Confidence = "documented"      // from a public document, not seen on a device
	Conflicting    Confidence = "conflicting"     // sources disagree: probe first
	Generic        Confidence = "generic"         // a common layout, no particular device
	SimulatorOnly  Confidence = "simulator-only"  // no such device exists
)

func confidences() []Confidence {
	return []Confidence{FieldConfirmed, Documented, Conflicting, Generic, SimulatorOnly}
}

// ProbeFirst reports that the installer must compare the readings with a known
// value before trusting the profile.
func (c Confidence) ProbeFirst() bool { return c != FieldConfirmed && c != SimulatorOnly }

// Serial is how the device leaves the factory; zero fields are not documented.
type Serial struct {
	Baud     int
	DataBits int
	Parity   string // none, even or odd
	StopBits int
	Slave    uint8
	Guard    time.Duration // silence the device wants before a question, beyond 3.5 characters
}

// Function is a Modbus read function code.
type Function uint8

// The four read functions, by the table they read.
const (
	Coil     Function = 1
	Discrete Function = 2
	Holding  Function = 3
	Input    Function = 4
)

// String returns the word used in profiles.
func (f Function) String() string {
	if 1 <= f && f <= 4 {
		return [...]string{"coil", "discrete", "holding", "input"}[f-1]
	}
	return fmt.Sprintf("function(%d)", uint8(f))
}

// Bits reports whether the function reads single bits, not registers.
func (f Function) Bits() bool { return f <= Discrete }

// Type is how the registers of a channel encode its number.
type Type string

// The types of profiles. Signed integers are two's complement; BCD16 and BCD32
// are 4 and 8 decimal digits, one in each half byte, and have no sign.
const (
	Bool    Type = "bool"
	Int16   Type = "int16"
	Uint16  Type = "uint16"
	Int32   Type = "int32"
	Uint32  Type = "uint32"
	Int64   Type = "int64"
	Uint64  Type = "uint64"
	BCD16   Type = "bcd16"
	BCD32   Type = "bcd32"
	Float32 Type = "float32"
	Float64 Type = "float64"
)

func types() []Type {
	return []Type{Bool, Int16, Uint16, Int32, Uint32, Int64, Uint64, BCD16, BCD32, Float32, Float64}
}

// words is the number of registers the type takes.
func (t Type) words() int {
	switch t {
	case Int32, Uint32, BCD32, Float32:
		return 2
	case Int64, Uint64, Float64:
		return 4
	}
	return 1
}

func (t Type) isFloat() bool { return t == Float32 || t == Float64 }
func (t Type) isBCD() bool   { return t == BCD16 || t == BCD32 }
func (t Type) isSigned() bool {
	return t == Int16 || t == Int32 || t == Int64
}

// WordOrder says how the bytes of a number lie in two or four registers. A is
// the byte of highest value of a 32-bit number.
type WordOrder string

// The four orders. For 64 bits they mean the same two switches: whether the
// register of lowest value comes first, and whether bytes are swapped in each.
// With A to H the bytes of a 64-bit number from the highest value down, the
// words are ABCDEFGH, GHEFCDAB, BADCFEHG and HGFEDCBA.
const (
	ABCD WordOrder = "ABCD" // big-endian, high register first
	CDAB WordOrder = "CDAB" // low register first
	BADC WordOrder = "BADC" // bytes swapped in each register
	DCBA WordOrder = "DCBA" // both: little-endian
)

func wordOrders() []WordOrder { return []WordOrder{ABCD, CDAB, BADC, DCBA} }

// Channel is one quantity that a device offers.
type Channel struct {
	Name     string // a slug
	Quantity sensors.Quantity
	Function Function
	Address  uint16 // zero-based, as on the wire
	Type     Type   // Bool for a coil or discrete input and for every state
	Bit      int    // of the register, 0 the lowest; -1 when Type is not Bool or the whole register is the state
	// Mask picks the bits of an integer that are the number, in one run; the
	// number is what they hold, moved down to bit 0, and for a signed type their
	// highest is the sign. 0 is all bits.
	Mask      uint64
	Order     WordOrder
	Scale     Decimal    // value = number * Scale + Offset
	Offset    Decimal    // in the quantity's unit
	Sentinels []Sentinel // numbers that mean "no measurement"
	Valid     *Range     // narrower than the quantity's own, or nil
	Invert    bool       // states only
	// Faults name the states (of Status or of other channels) that make the
	// value bad while they are 1.
	Faults []string
	// Analog converts the scaled number, an electrical quantity, into the
	// channel's; nil when the scaled number is the value itself.
	Analog *analog.Conversion
}

// Range is a closed interval in the quantity's unit.
type Range struct{ Min, Max float64 }

// Sentinel is a register pattern that is not a measurement.
type Sentinel struct{ pattern uint64 }

// Span is what one question reads.
type Span struct {
	Function          Function
	Address, Quantity uint16
}

// end is the first address behind the span.
func (s Span) end() int { return int(s.Address) + int(s.Quantity) }

// Span returns the addresses the channel takes.
func (c *Channel) Span() Span {
	return Span{Function: c.Function, Address: c.Address, Quantity: uint16(c.Type.words())}
}

// Channel returns the channel of that name.
func (p *Profile) Channel(name string) (*Channel, bool) {
	for i := range p.Channels {
		if p.Channels[i].Name == name {
			return &p.Channels[i], true
		}
	}
	return nil, false
}

// Within returns the channels that lie wholly in a span, for whoever sees
// questions from the device's side.
func (p *Profile) Within(s Span) []*Channel {
	var in []*Channel
	for i := range p.Channels {
		own := p.Channels[i].Span()
		if own.Function == s.Function && own.Address >= s.Address && own.end() <= s.end() {
			in = append(in, &p.Channels[i])
		}
	}
	return in
}

// status returns the state of that name, for Faults: a status flag, or another
// channel that is a state.
func (p *Profile) status(name string) (*Channel, bool) {
	for i := range p.Status {
		if p.Status[i].Name == name {
			return &p.Status[i], true
		}
	}
	c, ok := p.Channel(name)
	return c, ok && c.Type == Bool
}

// faultsOf returns the states that the channel's value depends on.
func (p *Profile) faultsOf(c *Channel) []*Channel {
	list := make([]*Channel, 0, len(c.Faults))
	for _, name := range c.Faults {
		if f, ok := p.status(name); ok {
			list = append(list, f)
		}
	}
	return list
}

// channelNames is for messages.
func (p *Profile) channelNames() string {
	names := make([]string, len(p.Channels))
	for i := range p.Channels {
		names[i] = p.Channels[i].Name
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
