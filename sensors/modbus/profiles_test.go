package modbus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/sensors"
)

// Each file in testdata/reads says what a built-in profile reads: the questions
// for all of its channels and what becomes of the answers. A change of a
// profile shows here, in words an installer can compare with a manual.
func TestWhatEachProfileReads(t *testing.T) {
	list, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	golden := map[string]bool{}
	for _, p := range list {
		t.Run(p.Name, func(t *testing.T) {
			file := filepath.Join("testdata", "reads", p.Name+".want")
			golden[file] = true
			got := reads(p)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) {
				t.Errorf("got\n%swant\n%s%v", got, want, err)
			}
		})
	}
	files, err := filepath.Glob("testdata/reads/*.want")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !golden[file] {
			t.Errorf("%s belongs to no profile", file)
		}
	}
}

func reads(p *Profile) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Name, p.Confidence)
	if p.Confidence.ProbeFirst() {
		b.WriteString(", probe first")
	}
	b.WriteString("\n")
	if s := p.Serial; s != (Serial{}) {
		fmt.Fprintf(&b, "serial %d baud, %d data bits, parity %q, %d stop bits, slave %d, guard %v\n", s.Baud, s.DataBits, s.Parity, s.StopBits, s.Slave, s.Guard)
	}
	var points []Bound
	for i := range p.Channels {
		points = append(points, Bound{sensors.PointID(p.Channels[i].Name), &p.Channels[i]})
	}
	for _, block := range p.Blocks(points) {
		fmt.Fprintf(&b, "ask %s %d, %d\n", block.Function, block.Address, block.Quantity)
		for _, c := range block.Status {
			fmt.Fprintf(&b, "  %d %s: fault flag%s\n", c.Address, c.Name, bitText(c))
		}
		for _, one := range block.Points {
			fmt.Fprintf(&b, "  %d %s: %s\n", one.Channel.Address, one.Channel.Name, channelText(one.Channel))
		}
	}
	return b.String()
}

func channelText(c *Channel) string {
	s := string(c.Quantity)
	if c.Type == Bool {
		s += bitText(c)
	} else {
		low, high := c.Limits()
		s += fmt.Sprintf(", %s", c.Type)
		if c.Order != "" {
			s += " " + string(c.Order)
		}
		if c.Mask != 0 {
			s += fmt.Sprintf(" & 0x%X", c.Mask)
		}
		s += fmt.Sprintf(" x %v + %v, %v to %v %s", c.Scale.Float(), c.Offset.Float(), low, high, unitText(c.Quantity))
		if c.Analog != nil {
			s += ", of " + string(c.Analog.Signal())
			for _, x := range []float64{3.5, 4, 12, 20, 21} {
				v, quality, why := c.Analog.Convert(x)
				if quality == sensors.Bad {
					s += fmt.Sprintf(" %v=%s", x, why)
				} else {
					s += fmt.Sprintf(" %v=%v", x, v)
				}
			}
		}
	}
	for _, one := range c.Sentinels {
		s += fmt.Sprintf(", not 0x%X", one.pattern)
	}
	if len(c.Faults) > 0 {
		s += ", bad when " + strings.Join(c.Faults, " or ")
	}
	return s
}

func bitText(c *Channel) (s string) {
	if c.Bit >= 0 {
		s = fmt.Sprintf(", bit %d", c.Bit)
	}
	if c.Invert {
		s += ", inverted"
	}
	return s
}

// What the documents print as examples. Where they print none, the row is the
// register of -18.5 °C by the documented scale, which is how the row says so.
func TestDocumentedFrames(t *testing.T) {
	const manual, scale = "printed in the document", "by the documented scale"
	tests := []struct {
		profile, channel string
		data             string
		want             float64
		from             string
	}{
		{"xy-md02", "temperature", "0131", 30.5, manual}, // 01 04 02 01 31 79 74
		{"xy-md02", "temperature", "FF33", -20.5, manual},
		{"md02", "temperature", "FF33", -20.5, scale},
		{"r444a01", "temperature", "FF47", -18.5, scale},
		{"sonbest-th", "temperature", "F617", -25.37, manual}, // printed as -25.36, which is not two's complement
		{"renke-ws-n01", "humidity", "028C", 65.2, scale},
		{"renke-ws-n01", "temperature", "FF47", -18.5, scale},
		{"juying-pt100", "temperature-1", "41CB70A4", 25.43, manual},
		{"juying-pt100-s16", "temperature-1", "F8C6", -18.5, scale},
		{"unipi-xg18", "temperature-1", "F8C6", -18.5, scale},
		{"sequent-rtd", "temperature", "C1940000", -18.5, scale},
		{"carel-ir33", "temperature", "FF47", -18.5, scale},
		{"danfoss-ekc202d", "temperature", "FF47", -18.5, scale},
		{"danfoss-ekc202d-adapter", "temperature", "FF47", -18.5, scale},
		{"danfoss-erc214", "temperature", "F8C6", -18.5, scale},
		{"eliwell-idplus", "temperature", "FF47", -18.5, scale},
		{"eliwell-idplus-ttl", "temperature", "FF47", -18.5, scale},
		{"dixell-xr75cx", "temperature", "0099", 15.3, manual}, // seen on a live device: 153
		{"pego-ecp", "temperature", "FF47", -18.5, scale},
		{"comet-tx5xx", "temperature", "FF47", -18.5, scale},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.profile] = true
		p, err := LoadProfile(tt.profile)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := p.Channel(tt.channel)
		if !ok {
			t.Fatalf("%s has no channel %s", tt.profile, tt.channel)
		}
		if got := c.Decode(c.Span(), unhex(t, tt.data)); got != (Decoded{Value: tt.want}) {
			t.Errorf("%s %s: %s decodes to %+v, want %v (%s)", tt.profile, tt.channel, tt.data, got, tt.want, tt.from)
		}
	}
	list, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		measures := strings.Contains(reads(p), "temperature, ")
		if !seen[p.Name] && measures && p.Confidence != Generic {
			t.Errorf("profile %s has no row here", p.Name)
		}
	}
}

// The sentinels that documents give are no values.
func TestDocumentedSentinels(t *testing.T) {
	for profile, data := range map[string]string{"unipi-xg18": "8000", "eliwell-idplus": "8000", "eliwell-idplus-ttl": "8000"} {
		p, err := LoadProfile(profile)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Channels {
			c := &p.Channels[i]
			if c.Quantity != sensors.Temperature {
				continue
			}
			if got := c.Decode(c.Span(), unhex(t, data)); got != refused(sensors.SensorFault, -32768) {
				t.Errorf("%s %s: %s decodes to %+v", profile, c.Name, data, got)
			}
		}
	}
}

// The Dixell's communication crashes when 0x0420 is written, and nobody has
// seen what else it has: only the one confirmed register is ever asked for.
func TestTheDixellIsAskedForOneRegister(t *testing.T) {
	p, err := LoadProfile("dixell-xr75cx")
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Channels) != 1 || p.Channels[0].Span() != (Span{Holding, 0x0100, 1}) || p.MaxRead != 1 {
		t.Errorf("%+v", p)
	}
}

// A device whose sources disagree is not trusted before it was probed.
func TestProfilesWithoutAReliableMapSayProbeFirst(t *testing.T) {
	for _, name := range []string{"md02", "sonbest-th", "renke-ws-n01", "juying-pt100-s16", "danfoss-ekc202d",
		"danfoss-ekc202d-adapter", "eliwell-idplus-ttl", "dixell-xr75cx", "comet-tx5xx"} {
		p, err := LoadProfile(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Confidence != Conflicting || !p.Confidence.ProbeFirst() {
			t.Errorf("%s: confidence %s", name, p.Confidence)
		}
	}
}

// The form for devices without a public map is refused until it is filled in,
// and says what is missing.
func TestTheFormIsRefusedUntilFilledIn(t *testing.T) {
	text, err := os.ReadFile("profiles/templates/controller.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = ParseProfile("controller.yaml", strings.NewReader(string(text)))
	for _, missing := range []string{"source", "function", "address"} {
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("the form without %s: %v", missing, err)
		}
	}
	filled := strings.NewReplacer(
		`source: "" `, "source: the paper, page 3 ",
		"function:               # discrete", "function: discrete # ",
		"function:               # holding", "function: holding # ",
		"address:\n", "address: 1\n",
		"address:                #", "address: 2 #",
	).Replace(string(text))
	p, err := ParseProfile("controller.yaml", strings.NewReader(filled))
	if err != nil {
		t.Fatalf("filled in: %v", err)
	}
	if notes := Lint(p); len(notes) > 0 {
		t.Errorf("filled in: %v", notes)
	}
}
