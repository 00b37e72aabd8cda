package install

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
)

// Candidate is a known device that a slave may be.
type Candidate struct {
	Profile    string            `json:"profile"`
	Label      modbus.Label      `json:"-"`
	Score      int               `json:"score"` // 0 to 100: how much of the profile answered as it should
	Confidence modbus.Confidence `json:"confidence"`
	// Alike are profiles that read the very same registers in the same way:
	// for the readings it does not matter which it is.
	Alike []string `json:"alike,omitempty"`
	// Values are the channels that answered, as the profile reads them.
	Values []Value `json:"values"`

	profile *modbus.Profile
	reads   string // what is read, to tell profiles that read the same
}

// Value is one channel as it was read during a scan.
type Value struct {
	Channel  string           `json:"channel"`
	Quantity sensors.Quantity `json:"quantity"`
	Value    *float64         `json:"value,omitempty"` // absent when Reason says why
	Reason   sensors.Reason   `json:"reason,omitempty"`
	// Plausible says that the value is one that a cold store may show.
	Plausible bool `json:"plausible"`
}

const (
	// possible is the lowest score at which a profile is offered: a small
	// model of a family may answer a fraction of its registers.
	possible = 20
	// rival is how near the second best may come before the best is a guess.
	rival = 10
	// offered is how many candidates are shown.
	offered = 5
)

// recognise tries every profile's channels on one slave, cheapest first, and
// returns those that fit, best first.
func recognise(ctx context.Context, m *image, profiles []*modbus.Profile, found Setting) []Candidate {
	// Those first whose main register has answered already: a device that is
	// silent where others refuse is asked only so often.
	known := func(p *modbus.Profile) int {
		if m.answers[byImportance(p)[0].Span()].outcome == answered && len(m.answers) > 0 {
			return 0
		}
		return 1
	}
	profiles = slices.Clone(profiles)
	slices.SortStableFunc(profiles, func(a, b *modbus.Profile) int { return known(a) - known(b) })
	var out []Candidate
	for _, p := range profiles {
		if c, ok := try(ctx, m, p); ok {
			out = append(out, c)
		}
		if ctx.Err() != nil {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.rank(m.slave, found), a.rank(m.slave, found)), cmp.Compare(a.Profile, b.Profile))
	})
	out = merge(out)
	return out[:min(len(out), offered)]
}

// merge joins candidates that read the same to the best of them.
func merge(all []Candidate) []Candidate {
	var out []Candidate
	for _, c := range all {
		i := slices.IndexFunc(out, func(o Candidate) bool { return o.reads == c.reads })
		if i < 0 {
			out = append(out, c)
			continue
		}
		out[i].Alike = append(out[i].Alike, c.Profile)
	}
	return out
}

// rank orders candidates of like scores: what the factory sets and how well the
// map is known decide between profiles that read the same registers.
func (c Candidate) rank(slave uint8, found Setting) int {
	rank := 100 * c.Score
	s := c.profile.Serial
	if s.Slave == slave {
		rank += 20
	}
	if found.Baud != 0 && s.Baud == found.Baud && (s.Parity == "" || s.Parity == found.Parity) {
		rank += 30
	}
	switch c.Confidence {
	case modbus.FieldConfirmed:
		rank += 9
	case modbus.Documented:
		rank += 8
	case modbus.Generic:
		rank += 5
	case modbus.Conflicting:
		rank += 4
	}
	return rank
}

// try reads a profile's channels and scores what came. A profile whose main
// channel does not answer does not fit.
func try(ctx context.Context, m *image, p *modbus.Profile) (Candidate, bool) {
	channels := byImportance(p)
	c := Candidate{Profile: p.Name, Label: p.Label, Confidence: p.Confidence, profile: p}
	var got, most, spared float64
	measures, absurd := false, false
	for i, ch := range channels {
		a := m.ask(ctx, ch.Span())
		if i == 0 && a.outcome != answered {
			return c, false
		}
		weight := weightOf(i, ch)
		switch {
		case a.outcome != answered && isFurther(ch.Name):
			spared = min(spared+weight/4, 2) // a smaller model of the family
			continue
		case a.outcome != answered:
			most += weight
			continue
		}
		most += weight
		c.reads += fmt.Sprintf("%s %v %s %s %v %v %d;", ch.Quantity, ch.Span(), ch.Type, ch.Order, ch.Scale.Float(), ch.Offset.Float(), ch.Bit)
		v, worth := judgeValue(ch, ch.Decode(ch.Span(), a.data))
		got += weight * worth
		measures = measures || !ch.Quantity.IsState() && v.Plausible
		absurd = absurd || worth == 0
		c.Values = append(c.Values, v)
	}
	score := 100 * got / (most + spared)
	if !measures || absurd {
		score *= 0.6 // bits fit anything; and what no device shows speaks against the profile
	}
	c.Score = int(math.Round(score))
	return c, c.Score >= possible
}

// byImportance puts the main measured channel first and states last.
func byImportance(p *modbus.Profile) []*modbus.Channel {
	list := make([]*modbus.Channel, len(p.Channels))
	for i := range p.Channels {
		list[i] = &p.Channels[i]
	}
	rank := func(c *modbus.Channel) int {
		switch {
		case c.Name == "temperature" || c.Name == "temperature-1":
			return 0
		case c.Quantity == sensors.Temperature && !isFurther(c.Name):
			return 1
		case c.Quantity.IsState():
			return 4
		case isFurther(c.Name):
			return 3
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b *modbus.Channel) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Address, b.Address))
	})
	return list
}

// isFurther reports a name such as temperature-2, a probe that a smaller model
// does not have.
func isFurther(name string) bool {
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	return err == nil && n > 1
}

func weightOf(i int, c *modbus.Channel) float64 {
	switch {
	case c.Quantity.IsState():
		return 0.5
	case i == 0:
		return 4
	}
	return 2
}

// judgeValue says how much a decoded channel speaks for its profile, 0 to 1.
func judgeValue(c *modbus.Channel, d modbus.Decoded) (Value, float64) {
	v := Value{Channel: c.Name, Quantity: c.Quantity, Reason: d.Reason}
	switch d.Reason {
	case sensors.NoReason:
	case sensors.SensorFault:
		if c.Analog != nil { // nothing is wired to the input: says nothing of the module
			return v, 0.2
		}
		return v, 0.6 // the very number that means "no probe"
	default:
		return v, 0
	}
	v.Value = &d.Value
	if c.Quantity.IsState() {
		v.Plausible = true
		return v, 1
	}
	isFloat := c.Type == modbus.Float32 || c.Type == modbus.Float64
	if isFloat && d.Value != 0 && !sane(d.Value) {
		return v, 0 // other bytes read as a float
	}
	v.Plausible = plausible(c.Quantity, d.Value)
	unused := d.Value == 0 // an unused register reads 0 too
	desert := c.Quantity == sensors.Humidity && d.Value < 5
	if unused || desert || !v.Plausible {
		return v, 0.3
	}
	return v, 1
}

// plausible reports a value that a cold store or truck may well show now.
func plausible(q sensors.Quantity, v float64) bool {
	switch q {
	case sensors.Temperature, sensors.SetPoint:
		return v >= -60 && v <= 60
	case sensors.Humidity:
		return v >= 0 && v <= 100
	case sensors.BatteryVoltage:
		return v >= 5 && v <= 60
	}
	low, high := q.Range()
	return v >= low && v <= high
}
