package slave

import (
	"fmt"
	"math"
	"slices"

	"coldchain/sensors/sim"
)

// The read functions of the Modbus Application Protocol V1.1b3, section 6.
const (
	readCoils     = 1
	readDiscretes = 2
	readHolding   = 3
	readInput     = 4
)

// field is one thing a device shows, where its map says.
type field struct {
	function uint8
	address  uint16
	words    int // registers it takes; 1 for a bit
	encode   func(sim.Measurement) uint64
}

// fields returns the register map of a profile. The maps are written here a
// second time on purpose, from the makers' documents and not from the driver's
// profiles: a profile with a wrong address must fail against them.
func fields(profile string) ([]field, bool) {
	temperature := func(m sim.Measurement) float64 { return m.Temperature }
	humidity := func(m sim.Measurement) float64 { return m.Humidity }
	open := func(m sim.Measurement) bool { return m.ProbeOpen }
	switch profile {
	case "xy-md02":
		// The manual knows no sentinel; 0x8000 and 0xFFFF are what such
		// transmitters have been seen to show without their element.
		return []field{
			{readInput, 0x0001, 1, scaled(temperature, 10, 0x8000)},
			{readInput, 0x0002, 1, scaled(humidity, 10, 0xFFFF)},
		}, true
	case "carel-ir33":
		return []field{
			{readInput, 403, 1, scaled(temperature, 10, 0x8000)},
			{readDiscretes, 3, 1, bit(open)},
			{readDiscretes, 6, 1, bit(nothing)},
			{readDiscretes, 7, 1, bit(func(m sim.Measurement) bool { return m.Compressor })},
			{readDiscretes, 18, 1, bit(func(m sim.Measurement) bool { return m.Defrost })},
			{readDiscretes, 43, 1, bit(func(m sim.Measurement) bool { return m.Door })},
		}, true
	case "danfoss-erc214":
		return []field{{readHolding, 2529, 1, scaled(temperature, 100, 0x8000)}}, true
	case "eliwell-idplus":
		return []field{
			{readHolding, 20295, 1, scaled(temperature, 10, 0x8000)},
			{readDiscretes, 1865, 1, bit(open)},
			{readDiscretes, 1866, 1, bit(nothing)},
			{readDiscretes, 1872, 1, bit(nothing)},
			{readDiscretes, 1947, 1, bit(func(m sim.Measurement) bool { return m.Compressor })},
			{readDiscretes, 1949, 1, bit(func(m sim.Measurement) bool { return m.Defrost })},
			{readDiscretes, 2027, 1, bit(func(m sim.Measurement) bool { return m.Door })},
		}, true
	case "juying-pt100":
		return []field{{readInput, 0x0032, 2, func(m sim.Measurement) uint64 {
			v := math.Round(m.Temperature*100) / 100
			if m.ProbeOpen {
				v = 850 // an open PT100 is an endless resistance: the end of its table (IEC 60751)
			}
			return uint64(math.Float32bits(float32(v)))
		}}}, true
	case "dio-8":
		contacts := []func(sim.Measurement) bool{
			func(m sim.Measurement) bool { return m.Mains },
			func(m sim.Measurement) bool { return m.Door },
			func(m sim.Measurement) bool { return m.Phases[0] },
			func(m sim.Measurement) bool { return m.Phases[1] },
			func(m sim.Measurement) bool { return m.Phases[2] },
			nothing, // no generator
			func(sim.Measurement) bool { return true }, // a battery that is always sound
			nothing,
		}
		list := make([]field, 0, len(contacts))
		for i, c := range contacts {
			list = append(list, field{readDiscretes, uint16(i), 1, bit(c)})
		}
		return list, true
	case "demo-gnss":
		return []field{
			{readInput, 0, 2, degrees(func(m sim.Measurement) float64 { return m.Latitude })},
			{readInput, 2, 2, degrees(func(m sim.Measurement) float64 { return m.Longitude })},
		}, true
	}
	return nil, false
}

// Profiles lists the devices that can be simulated.
func Profiles() []string {
	return []string{"xy-md02", "carel-ir33", "danfoss-erc214", "eliwell-idplus", "juying-pt100", "dio-8", "demo-gnss"}
}

func nothing(sim.Measurement) bool { return false }

// scaled encodes a value as a signed register, or the sentinel when the probe is
// open.
func scaled(of func(sim.Measurement) float64, factor float64, sentinel uint16) func(sim.Measurement) uint64 {
	return func(m sim.Measurement) uint64 {
		if m.ProbeOpen {
			return uint64(sentinel)
		}
		return uint64(uint16(int16(math.Round(of(m) * factor))))
	}
}

func degrees(of func(sim.Measurement) float64) func(sim.Measurement) uint64 {
	return func(m sim.Measurement) uint64 { return uint64(uint32(int32(math.Round(of(m) * 1e5)))) }
}

func bit(of func(sim.Measurement) bool) func(sim.Measurement) uint64 {
	return func(m sim.Measurement) uint64 {
		if of(m) {
			return 1
		}
		return 0
	}
}

// Exception is a refusal with one of the protocol's codes.
type Exception uint8

// The codes used here (Modbus Application Protocol V1.1b3, section 7).
const (
	IllegalFunction Exception = 1
	IllegalAddress  Exception = 2
	IllegalValue    Exception = 3
	DeviceFailure   Exception = 4
	DeviceBusy      Exception = 6
	TargetSilent    Exception = 11 // a gateway: the device behind it did not answer
)

// Error names the code.
func (e Exception) Error() string { return fmt.Sprintf("simulated slave: exception %d", uint8(e)) }

// Exception returns the code, as drivers ask for it.
func (e Exception) Exception() uint8 { return uint8(e) }

// silence is a device that does not answer.
type silence struct{}

func (silence) Error() string { return "simulated slave: no answer" }
func (silence) Timeout() bool { return true }

// image answers a question from a measurement: the data bytes, big-endian
// registers or bits packed from the lowest. Every address asked for must be in
// the map, as real devices demand.
func image(list []field, m sim.Measurement, function uint8, address, quantity uint16) ([]byte, error) {
	first, end := int(address), int(address)+int(quantity)
	switch {
	case !slices.ContainsFunc(list, func(f field) bool { return f.function == function }):
		return nil, IllegalFunction
	case quantity == 0 || end > 0x10000:
		return nil, IllegalValue
	}
	bits := function == readCoils || function == readDiscretes
	data := make([]byte, 2*int(quantity))
	if bits {
		data = data[:(int(quantity)+7)/8]
	}
	covered := 0
	for _, f := range list {
		if f.function != function || int(f.address) >= end || int(f.address)+f.words <= first {
			continue
		}
		v := f.encode(m)
		for w := range f.words {
			at := int(f.address) + w - first
			if at < 0 || at >= int(quantity) {
				continue
			}
			covered++
			if bits {
				data[at/8] |= byte(v) << (at % 8)
				continue
			}
			word := uint16(v >> (16 * (f.words - 1 - w)))
			data[2*at], data[2*at+1] = byte(word>>8), byte(word)
		}
	}
	if covered != int(quantity) {
		return nil, IllegalAddress
	}
	return data, nil
}
