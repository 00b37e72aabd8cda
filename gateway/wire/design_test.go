package wire

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

// TestDesignExample keeps the worked example of DESIGN.md true.
func TestDesignExample(t *testing.T) {
	page, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```hex\n")
	if !ok {
		t.Fatal("there is no example")
	}
	block, _, _ := strings.Cut(rest, "```")
	var digits strings.Builder
	for line := range strings.Lines(block) {
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(code)
	}
	want := unhex(t, digits.String())

	r := Record{Seq: 43, Boot: "b1", Clock: ClockNTP, Mono: time.Minute, Unit: sensors.Celsius, Reading: sensors.NewGood("a/b/c", morning, -18.5)}
	s := r
	s.Seq, s.Mono, s.Reading = 44, 2*time.Minute, sensors.NewBad("a/b/c", morning.Add(time.Minute), sensors.Timeout)
	p := Pack{Epoch: 3, Oldest: 41, Next: 45, Records: []Record{r, s}}
	if got := mustEncode(t, p, CBOR); !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	got, rejected, err := DecodePack(want, DefaultLimits())
	if err != nil || len(rejected) > 0 {
		t.Fatal(rejected, err)
	}
	samePack(t, got, p)
	t.Logf("%d bytes", len(want))
}
