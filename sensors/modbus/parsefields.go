package modbus

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"coldchain/sensors"
)

// wantedFlag is one name in a channel's bad_when.
type wantedFlag struct {
	channel string
	node    *yaml.Node
}

// flags reads the status flags and checks that bad_when names flags or states.
func (d *document) flags(f fields, p *Profile) {
	if n, there := f.values["status"]; there {
		d.each(n, "status", func(key, value *yaml.Node) {
			if !sensors.IsSlug(key.Value) {
				d.mistake(key, "status name %q is not of lower-case letters, digits and hyphens", key.Value)
			}
			if _, ok := p.Channel(key.Value); ok {
				d.mistake(key, "status %s has the name of a channel", key.Value)
			}
			p.Status = append(p.Status, d.flag(key.Value, value))
		})
	}
	for i, w := range d.wanted {
		name := strings.TrimSpace(w.node.Value)
		switch _, ok := p.status(name); {
		case name == w.channel:
			d.mistake(w.node, "channel %s: bad_when names the channel itself", w.channel)
		case !ok:
			d.mistake(w.node, "channel %s: bad_when: %q is neither a status nor a channel that is a state", w.channel, name)
		case slices.ContainsFunc(d.wanted[:i], func(o wantedFlag) bool {
			return o.channel == w.channel && strings.TrimSpace(o.node.Value) == name
		}):
			d.mistake(w.node, "channel %s: bad_when names %s twice", w.channel, name)
		}
	}
}

// flag reads one entry of status: a bit, or a register that is 0 or 1.
func (d *document) flag(name string, n *yaml.Node) Channel {
	what := "status " + name
	c := Channel{Name: name, Bit: -1}
	f := d.fields(n, what, "function", "address", "type", "bit", "invert")
	if n.Kind != yaml.MappingNode {
		return c
	}
	before := len(d.mistakes)
	d.place(f, what, &c)
	if len(d.mistakes) > before {
		return c
	}
	if c.Type != Bool {
		d.mistake(f.values["type"], "%s: a status is a state: its type is bool, not %s", what, c.Type)
		return c
	}
	d.state(f, what, &c)
	return c
}

// mask reads which bits of an integer are the number.
func (d *document) mask(f fields, what string, c *Channel) {
	s, n, ok := d.text(f, "mask")
	if !ok {
		return
	}
	wrong := func(why string) { d.mistake(n, "%s: mask %q %s", what, s, why) }
	if c.Type.isFloat() {
		wrong("has no meaning: every bit of a " + string(c.Type) + " belongs to the number")
		return
	}
	hex, isHex := strings.CutPrefix(strings.ToLower(s), "0x")
	m, err := strconv.ParseUint(hex, 16, 16*c.Type.words())
	if !isHex || err != nil || m == 0 {
		wrong("is not the bits of " + string(c.Type) + " in hexadecimal, such as 0x0FFF")
		return
	}
	size := bits.OnesCount64(m)
	switch {
	case bits.Len64(m)-bits.TrailingZeros64(m) != size:
		wrong("has a hole: the bits of a number lie together")
	case c.Type.isSigned() && size < 2:
		wrong("leaves no room for the number beside its sign")
	case c.Type.isBCD() && (size%4 != 0 || bits.TrailingZeros64(m)%4 != 0):
		wrong("cuts through a decimal digit of four bits")
	default:
		c.Mask = m
	}
}

// sentinelPattern turns a profile's number into the field's bits: a hexadecimal
// number is the bits themselves, a decimal one the number.
func (c *Channel) sentinelPattern(s string) (uint64, bool) {
	size := c.fieldBits()
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		p, err := strconv.ParseUint(hex, 16, size)
		return p, err == nil
	}
	if c.Type.isFloat() {
		v, err := ParseDecimal(s)
		if err != nil {
			return 0, false
		}
		if c.Type == Float32 {
			return uint64(math.Float32bits(float32(v.Float()))), true
		}
		return math.Float64bits(v.Float()), true
	}
	if c.Type.isBCD() {
		n, err := strconv.ParseUint(s, 10, 64)
		p := toBCD(n)
		return p, err == nil && n < 1e16 && p <= ones(size)
	}
	// -32768 and 32768 are the same sixteen bits; manuals use either.
	if v, err := strconv.ParseInt(s, 10, size); err == nil {
		return uint64(v) & ones(size), true
	}
	p, err := strconv.ParseUint(s, 10, size)
	return p, err == nil
}
