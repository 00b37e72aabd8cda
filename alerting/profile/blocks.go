package profile

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"coldchain/alerting"
	"coldchain/alerting/spoilage"
)

// The blocks of a profile that may be left out, as they are written. Each keeps
// its line, so that a mistake has an address.

type fileLife struct {
	Model     string             `yaml:"model"`
	Set       map[string]float64 `yaml:"set"`
	Reference *float64           `yaml:"reference"` // °C
	Days      *float64           `yaml:"days"`
	AlarmAt   *float64           `yaml:"alarm_at"` // share of life
	Source    string             `yaml:"source"`
	line      int
}

type fileDocument struct {
	Kind   string `yaml:"kind"`
	Source string `yaml:"source"`
	line   int
}

type fileRelease struct {
	Coverage   *float64       `yaml:"coverage"`
	LongestGap *time.Duration `yaml:"longest_gap"`
	Source     string         `yaml:"source"`
	line       int
}

type fileInjury struct {
	Below  *float64      `yaml:"below"` // °C
	Within time.Duration `yaml:"within"`
	Source string        `yaml:"source"`
	line   int
}

// decode reads a mapping that has no other keys than these. (KnownFields does
// not reach into what decodes itself.)
func decode(n *yaml.Node, what string, into any, keys ...string) (line int, err error) {
	if err := n.Decode(into); err != nil {
		return 0, err
	}
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if !slices.Contains(keys, n.Content[i].Value) {
			return 0, fmt.Errorf("line %d: a %s has no %.40q", n.Content[i].Line, what, n.Content[i].Value)
		}
	}
	return n.Line, nil
}

// UnmarshalYAML reads the block life.
func (l *fileLife) UnmarshalYAML(n *yaml.Node) (err error) {
	type plain fileLife
	l.line, err = decode(n, "life", (*plain)(l), "model", "set", "reference", "days", "alarm_at", "source")
	return err
}

// UnmarshalYAML reads one of the documents.
func (d *fileDocument) UnmarshalYAML(n *yaml.Node) (err error) {
	type plain fileDocument
	d.line, err = decode(n, "document", (*plain)(d), "kind", "source")
	return err
}

// UnmarshalYAML reads the block release.
func (r *fileRelease) UnmarshalYAML(n *yaml.Node) (err error) {
	type plain fileRelease
	r.line, err = decode(n, "release", (*plain)(r), "coverage", "longest_gap", "source")
	return err
}

// UnmarshalYAML reads the block chilling_injury or freezing.
func (f *fileInjury) UnmarshalYAML(n *yaml.Node) (err error) {
	type plain fileInjury
	f.line, err = decode(n, "threshold of cold", (*plain)(f), "below", "within", "source")
	return err
}

// within reports whether a number is there and from above 0 to most; NaN is
// not.
func within(v *float64, most float64) bool { return v != nil && *v > 0 && *v <= most }

// maxDays is the longest shelf life of anything.
const maxDays = 3660

// blocks adds the optional blocks to p; bad is told each mistake with its line.
func (f file) blocks(p *Profile, bad func(format string, a ...any)) {
	if f.Life != nil {
		p.Life = f.Life.life(bad)
	}
	for _, d := range f.Documents {
		switch {
		case !slices.Contains(documentKinds(), d.Kind):
			bad(":%d: kind %.40q: want one of %s", d.line, d.Kind, strings.Join(documentKinds(), ", "))
		case slices.ContainsFunc(p.Documents, func(x Document) bool { return x.Kind == d.Kind }):
			bad(":%d: kind %s: it is asked for already", d.line, d.Kind)
		case d.Source == "":
			bad(":%d: source: say who asks for the document", d.line)
		default:
			p.Documents = append(p.Documents, Document{d.Kind, d.Source})
		}
	}
	if r := f.Release; r != nil {
		switch {
		case !within(r.Coverage, 1):
			bad(":%d: coverage: want the least share of time with readings, above 0 and at most 1, such as 0.95", r.line)
		case r.LongestGap == nil || *r.LongestGap <= 0:
			bad(":%d: longest_gap: want a time such as 60m", r.line)
		case r.Source == "":
			bad(":%d: source: say where the rule comes from; a number nobody can check is none", r.line)
		default:
			p.Release = &Release{*r.Coverage, *r.LongestGap, r.Source}
		}
	}
	p.Chilling = f.Chilling.injury("chilling-injury", p.Limits, bad)
	p.Freezing = f.Freezing.injury("freezing-injury", p.Limits, bad)
	if p.Chilling != nil && p.Freezing != nil && p.Chilling.BelowC <= p.Freezing.BelowC {
		bad(":%d: chilling injury below %g °C is not above freezing below %g °C", f.Chilling.line, p.Chilling.BelowC, p.Freezing.BelowC)
	}
}

func (l *fileLife) life(bad func(format string, a ...any)) *Life {
	model, err := spoilage.Find(l.Model)
	if err == nil {
		model, err = model.With(l.Set)
	}
	switch {
	case err != nil:
		bad(":%d: life: %w", l.line, err)
	case l.Reference == nil || math.IsNaN(*l.Reference):
		bad(":%d: reference: want the temperature, °C, at which the shelf life is meant", l.line)
	case !within(l.Days, maxDays):
		bad(":%d: days: want the shelf life at the reference, above 0 and at most %d days", l.line, maxDays)
	case !within(l.AlarmAt, 1):
		bad(":%d: alarm_at: want the share of life after which somebody is told, above 0 and at most 1, such as 0.7", l.line)
	case l.Source == "":
		bad(":%d: source: say where %g days come from; a number nobody can check is none", l.line, *l.Days)
	default:
		life, err := spoilage.NewLife(model, *l.Reference, *l.Days)
		if err != nil {
			bad(":%d: life: %w", l.line, err)
			return nil
		}
		return &Life{life, *l.AlarmAt, l.Source}
	}
	return nil
}

func (f *fileInjury) injury(model string, limits []Limit, bad func(format string, a ...any)) *Injury {
	if f == nil {
		return nil
	}
	if f.Below == nil {
		bad(":%d: below: want the threshold in °C", f.line)
		return nil
	}
	if _, err := injuryModel(model, *f.Below); err != nil {
		bad(":%d: below: %w", f.line, err)
		return nil
	}
	for _, l := range limits {
		if l.Side == alerting.High && *f.Below >= l.Value {
			bad(":%d: below %g °C is not under the high limit %g: the goods could lie nowhere", f.line, *f.Below, l.Value)
			return nil
		}
	}
	switch {
	case f.Within < 0:
		bad(":%d: within: want a time such as 24h, or nothing: at once", f.line)
	case f.Source == "":
		bad(":%d: source: say where %g °C comes from; a number nobody can check is none", f.line, *f.Below)
	default:
		return &Injury{*f.Below, f.Within, f.Source}
	}
	return nil
}
