package modbus

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/sensors"
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

// The types of profiles.
const (
	Bool    Type = "bool"
	Int16   Type = "int16"
	Uint16  Type = "uint16"
	Int32   Type = "int32"
	Uint32  Type = "uint32"
	Float32 Type = "float32"
	Float64 Type = "float64"
)

func types() []Type { return []Type{Bool, Int16, Uint16, Int32, Uint32, Float32, Float64} }

// words is the number of registers the type takes.
func (t Type) words() int {
	switch t {
	case Int32, Uint32, Float32:
		return 2
	case Float64:
		return 4
	}
	return 1
}

func (t Type) isFloat() bool { return t == Float32 || t == Float64 }

// WordOrder says how the bytes of a number lie in two or four registers. A is
// the byte of highest value of a 32-bit number.
type WordOrder string

// The four orders. For float64 they mean the same two switches: whether the
// register of lowest value comes first, and whether bytes are swapped in each.
const (
	ABCD WordOrder = "ABCD" // big-endian, high register first
	CDAB WordOrder = "CDAB" // low register first
	BADC WordOrder = "BADC" // bytes swapped in each register
	DCBA WordOrder = "DCBA" // both: little-endian
)

func wordOrders() []WordOrder { return []WordOrder{ABCD, CDAB, BADC, DCBA} }

// Channel is one quantity that a device offers.
type Channel struct {
	Name      string // a slug
	Quantity  sensors.Quantity
	Function  Function
	Address   uint16 // zero-based, as on the wire
	Type      Type   // Bool for a coil or discrete input and for every state
	Bit       int    // of the register, 0 the lowest; -1 when Type is not Bool or the whole register is the state
	Order     WordOrder
	Scale     Decimal    // value = number * Scale + Offset
	Offset    Decimal    // in the quantity's unit
	Sentinels []Sentinel // numbers that mean "no measurement"
	Valid     *Range     // narrower than the quantity's own, or nil
	Invert    bool       // states only
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

// channelNames is for messages.
func (p *Profile) channelNames() string {
	names := make([]string, len(p.Channels))
	for i := range p.Channels {
		names[i] = p.Channels[i].Name
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
