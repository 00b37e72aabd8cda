package w1

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"

	"coldchain/sensors"
)

// Family is the first byte of a probe's number, its kind of chip.
type Family uint8

// The families that the kernel's w1_therm driver serves. Clones carry the
// number of the chip they copy: the GX20MH01 is a 28.
const (
	DS18S20  Family = 0x10
	DS1822   Family = 0x22
	DS18B20  Family = 0x28
	DS1825   Family = 0x3B // also the MAX31850 thermocouple converter
	DS28EA00 Family = 0x42
)

// String names the chip.
func (f Family) String() string {
	switch f {
	case DS18S20:
		return "DS18S20"
	case DS1822:
		return "DS1822"
	case DS18B20:
		return "DS18B20"
	case DS1825:
		return "DS1825"
	case DS28EA00:
		return "DS28EA00"
	}
	return "1-Wire " + strconv.FormatUint(uint64(f), 16)
}

// ParseID returns the family of a probe's name as the kernel writes it,
// "28-01420f1e64ff"; ok is false for anything that is not a thermometer.
func ParseID(id string) (f Family, ok bool) {
	if len(id) != 15 || id[2] != '-' {
		return 0, false
	}
	for i := range len(id) {
		if c := id[i]; i != 2 && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return 0, false
		}
	}
	code, err := strconv.ParseUint(id[:2], 16, 8)
	f = Family(code)
	switch f {
	case DS18S20, DS1822, DS18B20, DS1825, DS28EA00:
		return f, err == nil
	}
	return 0, false
}

// Answer is what a probe's file says.
type Answer struct {
	Milli int            // thousandths of a °C; meaningless unless Known
	Known bool           // Milli was in the file, which does not make it a measurement
	Why   sensors.Reason // why it is not a measurement; NoReason when it may be one
	// Suspect marks a number that is also what a fault looks like: it is a
	// measurement only when a neighbour agrees.
	Suspect bool
}

// What the chips show when they have not measured.
const (
	powerOn      = 85000  // the scratchpad after power-on (DS18B20 datasheet, table 1)
	starved      = 127937 // 0x07FF: too little power to convert (w1_therm.rst, features)
	disconnected = -127000
)

// The range of the chips (datasheet, "Measures Temperatures from -55°C to
// +125°C").
const (
	lowest  = -55000
	highest = 125000
)

// decoderSlack is how far the kernel's number may lie from the bytes'. Old
// kernels leave out the lowest two bits of the 14-bit clones and do not mask
// the fault bits of the MAX31850.
const decoderSlack = 200

var slaveText = regexp.MustCompile(`^((?:[0-9a-f]{2} ){9}): crc=([0-9a-f]{2}) (YES|NO)\n(?:[0-9a-f]{2} ){9}t=(-?[0-9]{1,7})\n?$`)

// ParseSlave reads a w1_slave file: the nine bytes of the scratchpad, the
// verdict on their checksum, and a second line with bytes and temperature that
// with the verdict NO are those of an earlier reading. The checksum is worked
// out again here, and the temperature must be that of the bytes.
func ParseSlave(f Family, text []byte) Answer {
	if len(bytes.TrimSpace(text)) == 0 {
		return Answer{Why: sensors.SensorFault} // unplugged or garbled, see DESIGN.md
	}
	m := slaveText.FindSubmatch(text)
	if m == nil {
		return Answer{Why: sensors.BadAnswer}
	}
	var pad [9]byte
	for i, s := range strings.Fields(string(m[1])) {
		b, _ := strconv.ParseUint(s, 16, 8) // the pattern has checked it
		pad[i] = byte(b)
	}
	sum, _ := strconv.ParseUint(string(m[2]), 16, 8)
	if string(m[3]) != "YES" || crc8(pad[:8]) != pad[8] || byte(sum) != pad[8] {
		return Answer{Why: sensors.CRCError}
	}
	milli, _ := strconv.Atoi(string(m[4]))
	own, why := decode(f, pad)
	switch {
	case why != sensors.NoReason:
		return Answer{Milli: milli, Known: true, Why: why}
	case own-milli > decoderSlack || milli-own > decoderSlack:
		return Answer{Why: sensors.BadAnswer}
	}
	return screen(milli)
}

// ParseTemperature reads a temperature file, in which the kernel leaves out the
// bytes. A shorted line reads as zeros, whose checksum is zero too, so that 0
// is suspect here.
func ParseTemperature(text []byte) Answer {
	s := strings.TrimSpace(string(text))
	if s == "" {
		return Answer{Why: sensors.SensorFault}
	}
	milli, err := strconv.Atoi(s)
	if err != nil || s[0] == '+' || len(s) > 8 {
		return Answer{Why: sensors.BadAnswer}
	}
	a := screen(milli)
	a.Suspect = a.Suspect || milli == 0
	return a
}

// screen tells measurements from numbers that only look like them.
func screen(milli int) Answer {
	a := Answer{Milli: milli, Known: true}
	switch {
	case milli == starved || milli == disconnected:
		a.Why = sensors.SensorFault
	case milli < lowest || milli > highest:
		a.Why = sensors.OutOfRange
	default:
		a.Suspect = milli == powerOn
	}
	return a
}

// decode works out the temperature from the scratchpad, as the datasheets lay
// it out and the kernel does.
func decode(f Family, pad [9]byte) (milli int, why sensors.Reason) {
	// A line shorted to ground reads as zeros, with a matching checksum. No
	// chip shows that: some byte of every scratchpad is never zero.
	if pad == [9]byte{} {
		return 0, sensors.SensorFault
	}
	raw := int16(binary.LittleEndian.Uint16(pad[:2]))
	switch {
	case f == DS18S20:
		if pad[7] == 0 { // COUNT PER °C, 16 in every chip
			return 0, sensors.SensorFault
		}
		whole := int(pad[0]) >> 1
		if pad[1] != 0 {
			whole = (int(pad[0]) - 0x100) >> 1
		}
		return whole*1000 - 250 + 1000*(int(pad[7])-int(pad[6]))/int(pad[7]), sensors.NoReason
	case f == DS1825 && pad[4]&0x80 != 0: // MAX31850: bit 0 is its fault bit
		if raw&1 != 0 {
			return 0, sensors.SensorFault
		}
		return int(raw&^3) * 1000 / 16, sensors.NoReason
	}
	return int(raw) * 1000 / 16, sensors.NoReason
}

// crc8 is the checksum of 1-Wire: x^8 + x^5 + x^4 + 1, lowest bit first (Maxim
// Application Note 27).
func crc8(data []byte) (c byte) {
	for _, b := range data {
		c ^= b
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ 0x8C
			} else {
				c >>= 1
			}
		}
	}
	return c
}
