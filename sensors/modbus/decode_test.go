package modbus

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"testing/quick"

	"coldchain/sensors"
)

// channel parses one channel of a profile.
func channel(t *testing.T, yaml string) *Channel {
	t.Helper()
	p, err := ParseProfile("test.yaml", strings.NewReader("name: test\nsource: test\nconfidence: generic\nchannels:\n  c: {"+yaml+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return &p.Channels[0]
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// -18.5 °C must survive every type in every order (P5 of the field's pitfalls).
// The register bytes are written out here, not made by Encode.
func TestEveryTypeAndWordOrder(t *testing.T) {
	tests := []struct{ yaml, registers string }{
		{"type: int16, scale: 0.1", "FF47"},
		{"type: int16, scale: 0.01", "F8C6"},
		{"type: int16, scale: -0.1", "00B9"},
		{"type: uint16, scale: 0.1, offset: -40", "00D7"},
		{"type: int32, scale: 0.001, word_order: ABCD", "FFFF B7BC"},
		{"type: int32, scale: 0.001, word_order: CDAB", "B7BC FFFF"},
		{"type: int32, scale: 0.001, word_order: BADC", "FFFF BCB7"},
		{"type: int32, scale: 0.001, word_order: DCBA", "BCB7 FFFF"},
		{"type: uint32, scale: 0.001, offset: -100, word_order: ABCD", "0001 3E5C"},
		{"type: uint32, scale: 0.001, offset: -100, word_order: CDAB", "3E5C 0001"},
		{"type: uint32, scale: 0.001, offset: -100, word_order: BADC", "0100 5C3E"},
		{"type: uint32, scale: 0.001, offset: -100, word_order: DCBA", "5C3E 0100"},
		{"type: int64, scale: 0.001, word_order: ABCD", "FFFF FFFF FFFF B7BC"},
		{"type: int64, scale: 0.001, word_order: CDAB", "B7BC FFFF FFFF FFFF"},
		{"type: int64, scale: 0.001, word_order: BADC", "FFFF FFFF FFFF BCB7"},
		{"type: int64, scale: 0.001, word_order: DCBA", "BCB7 FFFF FFFF FFFF"},
		{"type: uint64, scale: 0.001, offset: -100, word_order: ABCD", "0000 0000 0001 3E5C"},
		{"type: uint64, scale: 0.001, offset: -100, word_order: CDAB", "3E5C 0001 0000 0000"},
		{"type: uint64, scale: 0.001, offset: -100, word_order: BADC", "0000 0000 0100 5C3E"},
		{"type: uint64, scale: 0.001, offset: -100, word_order: DCBA", "5C3E 0100 0000 0000"},
		{"type: bcd16, scale: 0.1, offset: -40", "0215"},
		{"type: bcd32, scale: 0.001, offset: -40, word_order: ABCD", "0002 1500"},
		{"type: bcd32, scale: 0.001, offset: -40, word_order: CDAB", "1500 0002"},
		{"type: bcd32, scale: 0.001, offset: -40, word_order: BADC", "0200 0015"},
		{"type: bcd32, scale: 0.001, offset: -40, word_order: DCBA", "0015 0200"},
		{"type: int16, mask: 0x0FFF, scale: 0.1", "0F47"},
		{"type: int16, mask: 0xFFF0, scale: 0.1", "F470"},
		{"type: uint16, mask: 0x0FF0, scale: 0.5, offset: -40", "02B0"},
		{"type: int32, mask: 0x00FFFF00, scale: 0.01, word_order: CDAB", "C600 00F8"},
		{"type: float32, word_order: ABCD", "C194 0000"},
		{"type: float32, word_order: CDAB", "0000 C194"},
		{"type: float32, word_order: BADC", "94C1 0000"},
		{"type: float32, word_order: DCBA", "0000 94C1"},
		{"type: float64, word_order: ABCD", "C032 8000 0000 0000"},
		{"type: float64, word_order: CDAB", "0000 0000 8000 C032"},
		{"type: float64, word_order: BADC", "32C0 0080 0000 0000"},
		{"type: float64, word_order: DCBA", "0000 0000 0080 32C0"},
	}
	for _, tt := range tests {
		c := channel(t, "quantity: temperature, function: holding, address: 7, "+tt.yaml)
		got := c.Decode(c.Span(), unhex(t, tt.registers))
		if got != (Decoded{Value: -18.5}) {
			t.Errorf("%s: %s decodes to %+v, want -18.5", tt.yaml, tt.registers, got)
		}
		words, err := c.Encode(-18.5)
		var back []byte
		for _, w := range words {
			back = append(back, byte(w>>8), byte(w))
		}
		if err != nil || !strings.EqualFold(hex.EncodeToString(back), strings.ReplaceAll(tt.registers, " ", "")) {
			t.Errorf("%s: -18.5 encodes to % X, %v, want %s", tt.yaml, back, err, tt.registers)
		}
	}
}

// Every register number of a 0.1 channel is the float64 that the decimal text
// means: 174 is 17.4 and not the 17.400000000000002 of 174*0.1.
func TestScaleIsDecimalExact(t *testing.T) {
	c := channel(t, "quantity: temperature, function: input, address: 0, type: int16, scale: 0.1")
	for raw := -900; raw <= 1500; raw++ {
		got := c.Decode(c.Span(), []byte{byte(uint16(raw) >> 8), byte(raw)})
		d, err := ParseDecimal(tenths(raw))
		if err != nil || got != (Decoded{Value: d.Float()}) {
			t.Fatalf("raw %d decodes to %+v, want %s", raw, got, tenths(raw))
		}
	}
}

// tenths writes raw/10 as text without arithmetic.
func tenths(raw int) string {
	sign := ""
	if raw < 0 {
		sign, raw = "-", -raw
	}
	digits := []byte{byte('0' + raw/1000), byte('0' + raw/100%10), byte('0' + raw/10%10), '.', byte('0' + raw%10)}
	return sign + string(digits)
}

func TestSentinelsAndRangesGiveNoValue(t *testing.T) {
	tests := []struct {
		name, yaml, data string
		want             Decoded
	}{
		{"hexadecimal sentinel", "type: int16, scale: 0.1, sentinels: [0x8000]", "8000", refused(sensors.SensorFault, -32768)},
		{"the same, written signed", "type: int16, scale: 0.1, sentinels: [-32768]", "8000", refused(sensors.SensorFault, -32768)},
		{"the same, written unsigned", "type: int16, scale: 0.1, sentinels: [32768]", "8000", refused(sensors.SensorFault, -32768)},
		{"second of several", "type: int16, scale: 0.1, sentinels: [0x8000, 0x7FFF]", "7FFF", refused(sensors.SensorFault, 32767)},
		{"a sentinel in range is still no value", "type: int16, scale: 0.1, sentinels: [850]", "0352", refused(sensors.SensorFault, 850)},
		{"float sentinel", "type: float32, word_order: CDAB, sentinels: [-127]", "0000 C2FE", refused(sensors.SensorFault, -127)},
		{"float sentinel as bits", "type: float32, word_order: ABCD, sentinels: [0x447A0000]", "447A 0000", refused(sensors.SensorFault, 1000)},
		{"NaN", "type: float32, word_order: ABCD", "7FC0 0000", Decoded{Reason: sensors.SensorFault}},
		{"infinity", "type: float32, word_order: ABCD", "FF80 0000", Decoded{Reason: sensors.SensorFault}},
		{"NaN in 64 bits", "type: float64, word_order: ABCD", "7FF8 0000 0000 0001", Decoded{Reason: sensors.SensorFault}},
		{"below valid", "type: int16, scale: 0.1, valid: [-40, 80]", "FE6F", refused(sensors.OutOfRange, -40.1)},
		{"lowest valid", "type: int16, scale: 0.1, valid: [-40, 80]", "FE70", Decoded{Value: -40}},
		{"highest valid", "type: int16, scale: 0.1, valid: [-40, 80]", "0320", Decoded{Value: 80}},
		{"above valid", "type: int16, scale: 0.1, valid: [-40, 80]", "0321", refused(sensors.OutOfRange, 80.1)},
		{"beyond the quantity without valid", "type: int16, scale: 0.1", "7FFF", refused(sensors.OutOfRange, 3276.7)},
		{"valid wider than the quantity", "type: int16, scale: 0.1, valid: [-200, 650]", "07D0", refused(sensors.OutOfRange, 200)},
		{"huge float", "type: float64, word_order: ABCD", "7FEF FFFF FFFF FFFF", refused(sensors.OutOfRange, math.MaxFloat64)},
		{"tiny float", "type: float64, word_order: ABCD", "0000 0000 0000 0001", Decoded{Value: math.SmallestNonzeroFloat64}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := channel(t, "quantity: temperature, function: holding, address: 0, "+tt.yaml)
			got := c.Decode(c.Span(), unhex(t, tt.data))
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			r := got.Reading("a/b/c", epoch)
			if v, ok := r.Value(); ok != (tt.want.Reason == sensors.NoReason) || !ok && v != 0 {
				t.Errorf("reading %s", r)
			}
			if raw, ok := r.Raw(); ok != tt.want.HasRaw || ok && raw != tt.want.Raw {
				t.Errorf("raw %v %v, want %v", raw, ok, tt.want.Raw)
			}
		})
	}
}

// A 64-bit integer is scaled as an integer: two neighbours beyond 2^53, which
// one float64 would merge, stay two, as numbers and as sentinels.
func TestIntegersBeyondFloat64AreScaledExactly(t *testing.T) {
	const lat = "quantity: latitude, function: holding, address: 0, word_order: ABCD, "
	tests := []struct {
		yaml, data string
		want       Decoded
	}{
		// 2^53+1 = 9007199254740993 and its lower neighbour
		{"type: int64, scale: 1, offset: -999999999999", "0000 00E8 D4A5 1027", Decoded{Value: 40}},
		{"type: uint64, sentinels: [9007199254740993]", "0020 0000 0000 0001", refused(sensors.SensorFault, 1<<53)},
		{"type: uint64, sentinels: [9007199254740993]", "0020 0000 0000 0000", refused(sensors.OutOfRange, 1<<53)},
		{"type: uint64, sentinels: [0xFFFFFFFFFFFFFFFF]", "FFFF FFFF FFFF FFFF", refused(sensors.SensorFault, math.MaxUint64)},
		{"type: uint64", "FFFF FFFF FFFF FFFF", refused(sensors.OutOfRange, math.MaxUint64)},
		{"type: int64", "FFFF FFFF FFFF FFFF", Decoded{Value: -1}},
		{"type: int64, sentinels: [-9223372036854775808]", "8000 0000 0000 0000", refused(sensors.SensorFault, math.MinInt64)},
		{"type: int64, scale: 0.000000000001", "0000 2386 F26F C101", Decoded{Value: 39.062500000001}},
	}
	for _, tt := range tests {
		c := channel(t, lat+tt.yaml)
		if got := c.Decode(c.Span(), unhex(t, tt.data)); got != tt.want {
			t.Errorf("%s: %s decodes to %+v, want %+v", tt.yaml, tt.data, got, tt.want)
		}
	}
}

func TestBitFieldsAndDigits(t *testing.T) {
	tests := []struct {
		name, yaml, data string
		want             Decoded
	}{
		{"other bits do not count", "type: uint16, mask: 0x03FF, scale: 0.1", "FC64", Decoded{Value: 10}},
		{"the field's highest bit is the sign", "type: int16, mask: 0x03FF, scale: 0.1", "03FF", Decoded{Value: -0.1}},
		{"an unsigned field has none", "type: uint16, mask: 0x03FF, scale: 0.1", "03FF", Decoded{Value: 102.3}},
		{"a sentinel of the field", "type: int16, mask: 0xFFF0, sentinels: [0x800], scale: 0.1", "8007", refused(sensors.SensorFault, -2048)},
		{"the same, written as a number", "type: int16, mask: 0xFFF0, sentinels: [-2048], scale: 0.1", "8007", refused(sensors.SensorFault, -2048)},
		{"digits", "type: bcd16, scale: 0.1", "0254", Decoded{Value: 25.4}},
		{"a half byte that is no digit", "type: bcd16, scale: 0.1", "025A", refused(sensors.SensorFault, 0x25A)},
		{"all ones", "type: bcd16, scale: 0.1", "FFFF", refused(sensors.SensorFault, 0xFFFF)},
		{"a sentinel in digits", "type: bcd16, scale: 0.01, sentinels: [9999]", "9999", refused(sensors.SensorFault, 9999)},
		{"digits of a field", "type: bcd16, mask: 0x0FFF, scale: 0.1", "F254", Decoded{Value: 25.4}},
	}
	for _, tt := range tests {
		c := channel(t, "quantity: temperature, function: holding, address: 0, "+tt.yaml)
		if got := c.Decode(c.Span(), unhex(t, tt.data)); got != tt.want {
			t.Errorf("%s: %s decodes to %+v, want %+v", tt.name, tt.data, got, tt.want)
		}
	}
}

func TestStates(t *testing.T) {
	whole, bit := "function: holding, type: bool, address: 0", "function: input, type: bool, address: 0, bit: 3"
	tests := []struct {
		yaml, data string
		want       Decoded
	}{
		{"function: discrete, address: 0", "01", Decoded{Value: 1}},
		{"function: discrete, address: 0", "FE", Decoded{Value: 0}},
		{"function: coil, address: 0, type: bool, invert: true", "01", Decoded{Value: 0}},
		{"function: coil, address: 0, type: bool, invert: true", "00", Decoded{Value: 1}},
		{whole, "0000", Decoded{Value: 0}},
		{whole, "0001", Decoded{Value: 1}},
		{whole, "0002", refused(sensors.OutOfRange, 2)},
		{whole + ", invert: true", "0001", Decoded{Value: 0}},
		{bit, "0008", Decoded{Value: 1}},
		{bit, "FFF7", Decoded{Value: 0}},
		{bit + ", invert: true", "FFF7", Decoded{Value: 1}},
	}
	for _, tt := range tests {
		c := channel(t, "quantity: door, "+tt.yaml)
		if got := c.Decode(c.Span(), unhex(t, tt.data)); got != tt.want {
			t.Errorf("%s: %s decodes to %+v, want %+v", tt.yaml, tt.data, got, tt.want)
		}
	}
}

func TestDecodeRefusesDataThatIsNotTheSpans(t *testing.T) {
	c := channel(t, "quantity: temperature, function: input, address: 10, type: int32, word_order: ABCD, scale: 0.1")
	data := make([]byte, 8)
	for name, tt := range map[string]struct {
		s    Span
		data []byte
	}{
		"another table": {Span{Holding, 9, 4}, data},
		"begins behind": {Span{Input, 11, 4}, data},
		"ends before":   {Span{Input, 8, 3}, data[:6]},
		"short data":    {Span{Input, 9, 4}, data[:7]},
		"long data":     {Span{Input, 9, 3}, data},
		"no data":       {Span{Input, 10, 2}, nil},
	} {
		if got := c.Decode(tt.s, tt.data); got != (Decoded{Reason: sensors.BadAnswer}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What a simulator encodes, the driver decodes to the same within half a step.
func TestEncodeAndDecodeAgree(t *testing.T) {
	list, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		for i := range p.Channels {
			c := &p.Channels[i]
			if c.Analog != nil {
				continue
			}
			low, high := c.Limits()
			agree := func(part uint32) bool {
				want := low + (high-low)*float64(part)/math.MaxUint32
				if c.Type == Bool {
					want = float64(part % 2)
				}
				words, err := c.Encode(want)
				if err != nil {
					return false
				}
				var data []byte
				for _, w := range words {
					data = append(data, byte(w>>8), byte(w))
				}
				if c.Function.Bits() {
					data = data[1:]
				}
				got := c.Decode(c.Span(), data)
				step := math.Max(math.Abs(c.Scale.Float())/2, math.Abs(want)/(1<<23))
				if c.Type.isFloat() {
					step = math.Abs(want) / (1 << 23)
				}
				return got.Reason == sensors.NoReason && math.Abs(got.Value-want) <= step*1.0001
			}
			if err := quick.Check(agree, nil); err != nil {
				t.Errorf("%s %s: %v", p.Name, c.Name, err)
			}
		}
	}
}

func TestEncodeRefusesWhatDoesNotFit(t *testing.T) {
	for yaml, values := range map[string][]float64{
		"quantity: temperature, function: input, address: 0, type: int16, scale: 0.01":                      {327.68, -327.69, math.NaN(), math.Inf(1)},
		"quantity: humidity, function: input, address: 0, type: uint16, scale: 0.1":                         {-0.1, 6553.6},
		"quantity: temperature, function: input, address: 0, type: uint32, word_order: ABCD":                {-1, 1 << 32},
		"quantity: door, function: discrete, address: 0":                                                    {0.5, 2, -1},
		"quantity: temperature, function: input, address: 0, type: float32, word_order: ABCD, scale: 0.001": {1e38},
	} {
		c := channel(t, yaml)
		for _, v := range values {
			if words, err := c.Encode(v); err == nil {
				t.Errorf("%s: %v encodes to %v", yaml, v, words)
			}
		}
	}
}
