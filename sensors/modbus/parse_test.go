package modbus

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file in testdata/mistakes is one profile that somebody could write; the
// .want beside it is what they are told: one line a mistake, with file and line.
func TestMistakesGiveOneClearLineEach(t *testing.T) {
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParseProfile(filepath.Base(file), strings.NewReader(string(text)))
			if err == nil {
				t.Fatalf("accepted: %+v", p)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, _ := os.ReadFile(golden)
			if got := err.Error() + "\n"; got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, filepath.Base(file)+":") {
					t.Errorf("line %q does not begin with the file", line)
				}
			}
		})
	}
}

func TestAProfileWithEveryKey(t *testing.T) {
	f, err := os.Open("testdata/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := ParseProfile("everything.yaml", f)
	if err != nil {
		t.Fatal(err)
	}
	if p.Label.ZH != "全部" || p.Confidence != Conflicting || p.MaxRead != 16 || p.MaxGap != 4 ||
		p.Serial != (Serial{9600, 8, "even", 1, 247, 5 * time.Millisecond}) {
		t.Errorf("profile %+v", p)
	}
	wide, _ := p.Channel("wide")
	if wide.Address != 0x0400 || wide.Function != Holding || wide.Type != Int32 || wide.Order != CDAB || wide.Bit != -1 ||
		wide.Scale.Float() != 0.001 || wide.Offset.Float() != -40 || len(wide.Sentinels) != 3 || *wide.Valid != (Range{-39.5, 85}) {
		t.Errorf("wide %+v", wide)
	}
	if len(wide.Faults) != 2 || len(p.Status) != 2 || p.Status[1].Name != "valid" || p.Status[1].Bit != 3 || !p.Status[1].Invert {
		t.Errorf("flags %v of %+v", wide.Faults, p.Status)
	}
	if c, _ := p.Channel("field"); c.Mask != 0x0FF0 || c.Quantity != sensors.SetPoint {
		t.Errorf("field %+v", c)
	}
	if c, _ := p.Channel("door"); c.Bit != 15 || !c.Invert || c.Type != Bool {
		t.Errorf("door %+v", c)
	}
	if c, _ := p.Channel("mains"); c.Function != Discrete || c.Type != Bool || c.Bit != -1 {
		t.Errorf("mains %+v", c)
	}
	if got := Lint(p); len(got) != 0 {
		t.Errorf("lint: %v", got)
	}
}

func TestLintFindsWhatParses(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"no label", "channels: {t: {quantity: door, function: coil, address: 0}}", "label"},
		{"conflict without a note", "label: {zh: a, en: b}\nconfidence: conflicting\nchannels: {t: {quantity: door, function: coil, address: 0}}", "note"},
		{"unsigned temperature", "channels: {t: {quantity: temperature, function: input, address: 0, type: uint16, scale: 0.1}}", "int16"},
		{"broken probe in range", "channels: {t: {quantity: temperature, function: input, address: 0, type: int16, scale: 0.001}}", "0x8000"},
		{"two channels, one register", "channels: {a: {quantity: temperature, function: input, address: 0, type: int16, scale: 0.1}, b: {quantity: humidity, function: input, address: 0, type: uint16, scale: 0.1}}", "share"},
		{"two fields, one bit", "channels: {a: {quantity: temperature, function: input, address: 0, type: int16, mask: 0x0FFF, scale: 0.1, sentinels: [0x800, 0x7FF]}, b: {quantity: humidity, function: input, address: 0, type: uint16, mask: 0xF800, scale: 1}}", "share"},
		{"a broken field in range", "channels: {t: {quantity: temperature, function: input, address: 0, type: int16, mask: 0x0FFF, scale: 0.01}}", "0x800"},
		{"a flag that nobody reads", "status: {lonely: {function: coil, address: 1}}\nchannels: {t: {quantity: door, function: coil, address: 0}}", "lonely"},
		{"a gap that cannot be", "max_read: 2\nmax_gap: 2\nchannels: {t: {quantity: door, function: coil, address: 0}}", "max_gap"},
	}
	for _, tt := range tests {
		text := "name: x\nsource: x\n" + tt.yaml
		if !strings.Contains(text, "confidence") {
			text += "\nconfidence: documented"
		}
		p, err := ParseProfile("x.yaml", strings.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := strings.Join(Lint(p), "\n"); !strings.Contains(got, tt.want) {
			t.Errorf("%s: lint says %q, want something of %q", tt.name, got, tt.want)
		}
	}
}

func TestLoadProfile(t *testing.T) {
	if p, err := LoadProfile("testdata/everything.yaml"); err != nil || p.Name != "everything" {
		t.Errorf("by path: %v %v", p, err)
	}
	if _, err := LoadProfile("xy-md-02"); err == nil || !strings.Contains(err.Error(), "xy-md02") || !strings.Contains(err.Error(), ".yaml") {
		t.Errorf("unknown name: %v", err)
	}
	if _, err := LoadProfile(filepath.Join(t.TempDir(), "none.yaml")); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("missing file: %v", err)
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || os.IsNotExist(err) {
			return err
		}
		err = u.Unwrap()
	}
}

// FuzzParseProfile: nothing panics, and what is accepted can be used.
func FuzzParseProfile(f *testing.F) {
	for _, pattern := range []string{"profiles/*.yaml", "testdata/*.yaml", "testdata/mistakes/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil {
				f.Add(string(text))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseProfile("fuzz.yaml", strings.NewReader(text))
		if err != nil {
			if p != nil || strings.TrimSpace(err.Error()) == "" {
				t.Fatalf("profile %v with error %q", p, err)
			}
			return
		}
		Lint(p)
		var points []Bound
		for i := range p.Channels {
			c := &p.Channels[i]
			if found, ok := p.Channel(c.Name); !ok || found.Name != c.Name {
				t.Fatalf("channel %q is not found", c.Name)
			}
			points = append(points, Bound{"a/b/c", c})
		}
		served := 0
		for _, b := range p.Blocks(points) {
			if int(b.Quantity) > p.MaxRead || b.end() > 1<<16 {
				t.Fatalf("block %+v with max_read %d", b.Span, p.MaxRead)
			}
			data := make([]byte, b.bytes())
			for i := range data {
				data[i] = byte(0x80 + i)
			}
			for _, r := range b.Readings(data, epoch) {
				if v, ok := r.Value(); !ok && v != 0 {
					t.Fatal(r)
				}
				served++
			}
		}
		if served != len(points) || served == 0 {
			t.Fatalf("%d points served of %d", served, len(points))
		}
	})
}
