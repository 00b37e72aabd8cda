// Package profile holds product profiles: what a kind of goods must not go
// through, each number with the source it was taken from. It is pure: profiles
// are read from bytes that are passed in or that come with the program. It
// guarantees that a profile that loads contradicts neither itself nor what the
// quantity can be.
package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Profile is what one kind of goods needs.
type Profile struct {
	Name  string // slug, such as mutton-chilled
	Label Label
	// Hygiene says what it must not lie beside.
	Hygiene Hygiene
	Limits  []Limit // of the air temperature around it, °C

	// What a profile need not have.
	Life      *Life      // how long it keeps
	Documents []Document // without which it is not released
	Release   *Release   // how much may be unknown
	Chilling  *Injury    // cold that harms without freezing
	Freezing  *Injury    // where the goods freeze, and must not
	Thermal   Thermal    // how slowly it follows that
}

// Label is a name for people.
type Label struct {
	ZH string `yaml:"zh"`
	EN string `yaml:"en"`
}

// Hygiene is which goods may lie together: raw food beside food that is eaten
// as it is carries over what makes people ill (GB 31605-2020 keeps them apart).
type Hygiene string

// The kinds of hygiene.
const (
	Raw    Hygiene = "raw"    // to be cooked: meat, offal, eggs
	Ready  Hygiene = "ready"  // eaten as it is: yoghurt, cooked food
	Packed Hygiene = "packed" // sealed, such as milk in bottles: beside anything
	Plant  Hygiene = "plant"  // vegetables: beside anything but raw meat
)

// Limit is a limit with where its number comes from.
type Limit struct {
	alerting.Limit
	Source string
}

// maxSize bounds what is read of one profile.
const maxSize = 64 << 10

// file is a profile as it is written.
type file struct {
	Name    string      `yaml:"name"`
	Label   Label       `yaml:"label"`
	Hygiene Hygiene     `yaml:"hygiene"`
	Limits  []fileLimit `yaml:"limits"`

	Life      *fileLife      `yaml:"life"`
	Documents []fileDocument `yaml:"documents"`
	Release   *fileRelease   `yaml:"release"`
	Chilling  *fileInjury    `yaml:"chilling_injury"`
	Freezing  *fileInjury    `yaml:"freezing"`
	Thermal   *fileThermal   `yaml:"thermal"`
}

type fileLimit struct {
	Side    alerting.Side  `yaml:"side"`
	Level   alerting.Level `yaml:"level"`
	Value   *float64       `yaml:"value"`
	Delay   *time.Duration `yaml:"delay"`
	Within  time.Duration  `yaml:"within"`   // adds up; 0: each run for itself
	AtLimit string         `yaml:"at_limit"` // outside or inside; default inside
	Source  string         `yaml:"source"`
	line    int
}

// UnmarshalYAML keeps the line, so that a mistake has an address.
func (l *fileLimit) UnmarshalYAML(n *yaml.Node) (err error) {
	type plain fileLimit
	l.line, err = decode(n, "limit", (*plain)(l), "side", "level", "value", "delay", "within", "at_limit", "source")
	return err
}

// Parse reads one profile. The error names the file and, where there is one,
// the line of each mistake.
func Parse(name string, r io.Reader) (Profile, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return Profile{}, fmt.Errorf("%s: read the product profile: %w", name, err)
	}
	if len(text) > maxSize {
		return Profile{}, fmt.Errorf("%s: longer than %d bytes: not a product profile", name, maxSize)
	}
	var f file
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); errors.Is(err, io.EOF) {
		return Profile{}, fmt.Errorf("%s: empty: want a product profile, beginning with its name", name)
	} else if err != nil {
		return Profile{}, fmt.Errorf("%s: %w", name, err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return Profile{}, fmt.Errorf("%s: more than one YAML document: one profile a file", name)
	}
	return f.profile(name)
}

func (f file) profile(name string) (Profile, error) {
	p := Profile{Name: f.Name, Label: f.Label, Hygiene: f.Hygiene}
	var wrong []error
	bad := func(format string, a ...any) { wrong = append(wrong, fmt.Errorf(name+format, a...)) }
	if !sensors.IsSlug(f.Name) {
		bad(": name %.40q: want lower-case letters, digits and hyphens, such as mutton-chilled", f.Name)
	}
	if f.Label.ZH == "" || f.Label.EN == "" {
		bad(": label: want a name in zh and in en")
	}
	if !slices.Contains([]Hygiene{Raw, Ready, Packed, Plant}, f.Hygiene) {
		bad(": hygiene %.20q: want raw, ready, packed or plant", f.Hygiene)
	}
	if len(f.Limits) == 0 {
		bad(": limits: want at least one; goods without a limit need no profile")
	}
	for _, l := range f.Limits {
		switch {
		case l.Side != alerting.High && l.Side != alerting.Low:
			bad(":%d: side %.20q: want high or low", l.line, l.Side)
		case l.Level != alerting.Warning && l.Level != alerting.Excursion:
			bad(":%d: level %.20q: want warning or excursion", l.line, l.Level)
		case l.Value == nil || l.Delay == nil:
			bad(":%d: want a value in °C and a delay such as 15m", l.line)
		case l.AtLimit != "" && l.AtLimit != "inside" && l.AtLimit != "outside":
			bad(":%d: at_limit %.20q: want inside (a label's sense) or outside (WHO's)", l.line, l.AtLimit)
		case l.Source == "":
			bad(":%d: source: say where %g °C comes from; a number nobody can check is none", l.line, *l.Value)
		default:
			p.Limits = append(p.Limits, Limit{alerting.Limit{Side: l.Side, Level: l.Level, Value: *l.Value, Delay: *l.Delay,
				Within: l.Within, Reached: l.AtLimit == "outside"}, l.Source})
		}
	}
	p.Thermal = f.Thermal.thermal(bad)
	if err := alerting.CheckLimits(sensors.Temperature, p.plain()); err != nil {
		bad(": %w", err)
	}
	f.blocks(&p, bad)
	if len(wrong) > 0 {
		return Profile{}, errors.Join(wrong...)
	}
	return p, nil
}

func (p Profile) plain() []alerting.Limit {
	out := make([]alerting.Limit, len(p.Limits))
	for i, l := range p.Limits {
		out[i] = l.Limit
	}
	return out
}
