package modbus

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// The layout of a test is written as "function address[xregisters] ...".
func TestBlocksAreAsFewAsTheDeviceAllows(t *testing.T) {
	tests := []struct {
		name            string
		maxRead, maxGap int
		channels        string
		want            string
	}{
		{"one", 125, 0, "i0", "input 0+1"},
		{"adjacent", 125, 0, "i0 i1 i2", "input 0+3"},
		{"a hole is refused", 125, 0, "i0 i2", "input 0+1, input 2+1"},
		{"a hole within the gap", 125, 1, "i0 i2", "input 0+3"},
		{"a hole beyond the gap", 125, 1, "i0 i3", "input 0+1, input 3+1"},
		{"never more than max_read", 2, 0, "i0 i1 i2 i3 i4", "input 0+2, input 2+2, input 4+1"},
		{"a hole counts for max_read", 3, 8, "i0 i3", "input 0+1, input 3+1"},
		{"one by one", 1, 8, "i0 i1", "input 0+1, input 1+1"},
		{"wide numbers stay whole", 3, 0, "i0x2 i2x2", "input 0+2, input 2+2"},
		{"wide numbers join", 4, 0, "i0x2 i2x2", "input 0+4"},
		{"order does not matter", 125, 0, "i2 i0 i1", "input 0+3"},
		{"tables do not mix", 125, 8, "i0 h1 d0 c1", "coil 1+1, discrete 0+1, holding 1+1, input 0+1"},
		{"the same register twice", 125, 0, "i5 i5", "input 5+1"},
		{"a wide number over a narrow one", 125, 0, "i5x4 i6 i9", "input 5+5"},
		{"the end of the table", 125, 8, "i65535 i65534", "input 65534+2"},
		{"bits", 8, 6, "d0 d1 d7", "discrete 0+8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &Profile{MaxRead: tt.maxRead, MaxGap: tt.maxGap}
			var points []Bound
			for i, text := range strings.Fields(tt.channels) {
				points = append(points, Bound{sensors.PointID(fmt.Sprint("s/z/p", i)), layout(t, text)})
			}
			var got []string
			served := 0
			for _, b := range p.Blocks(points) {
				got = append(got, fmt.Sprintf("%s %d+%d", b.Function, b.Address, b.Quantity))
				served += len(b.Points)
				for _, bound := range b.Points {
					if d := bound.Channel.Decode(b.Span, make([]byte, b.bytes())); d.Reason != sensors.NoReason {
						t.Errorf("block %+v does not hold its point %s", b.Span, bound.Point)
					}
				}
			}
			if s := strings.Join(got, ", "); s != tt.want || served != len(points) {
				t.Errorf("blocks %s for %d of %d points, want %s", s, served, len(points), tt.want)
			}
		})
	}
}

func layout(t *testing.T, text string) *Channel {
	t.Helper()
	c := &Channel{Quantity: sensors.Temperature, Function: map[byte]Function{'c': Coil, 'd': Discrete, 'h': Holding, 'i': Input}[text[0]], Type: Uint16, Bit: -1}
	if c.Function.Bits() {
		c.Quantity, c.Type = sensors.Door, Bool
	}
	words := 1
	if _, err := fmt.Sscanf(text[1:], "%dx%d", &c.Address, &words); err != nil && words != 1 {
		t.Fatal(err)
	}
	switch words {
	case 2:
		c.Type = Uint32
	case 4:
		c.Type = Float64
	}
	return c
}

func TestWithinFindsTheChannelsOfAnAnswer(t *testing.T) {
	p, err := LoadProfile("xy-md02")
	if err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]Span{
		"humidity temperature": {Input, 1, 2},
		"temperature":          {Input, 0, 2},
		"humidity":             {Input, 2, 9},
		"":                     {Holding, 1, 2},
	} {
		var got []string
		for _, c := range p.Within(s) {
			got = append(got, c.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%+v holds %v, want %s", s, got, want)
		}
	}
}
