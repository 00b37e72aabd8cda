package modbus

import (
	"math"
	"math/big"
	"strings"

	"go.yaml.in/yaml/v3"

	"coldchain/sensors"
)

// channel reads one entry of channels and refuses combinations that have no
// meaning, so that a key is never silently without effect.
func (d *document) channel(name string, n *yaml.Node, maxRead int) Channel {
	what := "channel " + name
	c := Channel{Name: name, Bit: -1, Scale: Decimal{big.NewRat(1, 1)}}
	f := d.fields(n, what, "quantity", "function", "address", "type", "bit", "mask", "word_order",
		"scale", "offset", "sentinels", "analog", "valid", "invert", "bad_when")
	if n.Kind != yaml.MappingNode {
		return c
	}
	for _, flag := range d.list(f, "bad_when") {
		c.Faults = append(c.Faults, strings.TrimSpace(flag.Value))
		d.wanted = append(d.wanted, wantedFlag{name, flag})
	}
	before := len(d.mistakes)
	c.Quantity = word(d, f, "quantity", what, sensors.Quantities())
	d.place(f, what, &c)
	if len(d.mistakes) > before {
		return c // what follows would only echo these
	}
	if int(c.Address)+c.Type.words() > 1<<16 {
		d.mistake(f.values["address"], "%s: %s at address %d goes beyond 65535", what, c.Type, c.Address)
	}
	if w := c.Type.words(); w > maxRead {
		d.mistake(f.values["type"], "%s: %s takes %d registers but max_read is %d", what, c.Type, w, maxRead)
	}
	if c.Quantity.IsState() != (c.Type == Bool) {
		d.typeMistake(f, what, c)
		return c
	}
	if c.Type == Bool {
		d.state(f, what, &c)
	} else {
		d.number(f, what, &c)
	}
	return c
}

// place reads where a channel or flag lies and of what type it is.
func (d *document) place(f fields, what string, c *Channel) {
	c.Function = d.function(f, what)
	if _, there := f.values["address"]; !there {
		d.mistake(f.node, "%s lacks address: zero-based as on the wire, 0 to 65535 (register 30002 of a manual is input 1)", what)
	}
	c.Address = uint16(d.integer(f, "address", 0, math.MaxUint16, 0))
	c.Type = d.typeOf(f, what, c.Function)
}

func (d *document) function(f fields, what string) Function {
	wanted := "holding (3), input (4), coil (1) or discrete (2)"
	s, n, ok := d.require(f, "function", what, wanted)
	if !ok {
		return 0
	}
	for fn := Coil; fn <= Input; fn++ {
		if fn.String() == s {
			return fn
		}
	}
	d.mistake(n, "function %q is not %s", s, wanted)
	return 0
}

// typeOf reads type, which a coil or discrete input need not have.
func (d *document) typeOf(f fields, what string, fn Function) Type {
	if _, there := f.values["type"]; !there && fn.Bits() { // or unknown, which is told already
		return Bool
	}
	t := word(d, f, "type", what, types())
	if fn != 0 && fn.Bits() && t != Bool && t != "" {
		d.mistake(f.values["type"], "%s: a %s is one bit: its type is bool, not %s", what, fn, t)
	}
	return t
}

func (d *document) typeMistake(f fields, what string, c Channel) {
	n := f.values["type"]
	if n == nil {
		n = f.node
	}
	if c.Quantity.IsState() {
		d.mistake(n, "%s: %s is a state: its type is bool, not %s", what, c.Quantity, c.Type)
		return
	}
	d.mistake(n, "%s: %s is a number in %s: its type is not bool", what, c.Quantity, unitText(c.Quantity))
}

// refuse reports keys that mean nothing here.
func (d *document) refuse(f fields, what, why string, keys ...string) {
	for _, key := range keys {
		if n, there := f.values[key]; there {
			d.mistake(n, "%s: %s has no meaning: %s", what, key, why)
		}
	}
}

func (d *document) state(f fields, what string, c *Channel) {
	d.refuse(f, what, "a state is 0 or 1", "word_order", "mask", "scale", "offset", "sentinels", "analog", "valid")
	if s, n, ok := d.text(f, "invert"); ok {
		if s != "true" && s != "false" {
			d.mistake(n, "invert %q is not true or false", s)
		}
		c.Invert = s == "true"
	}
	if c.Function.Bits() {
		d.refuse(f, what, "a "+c.Function.String()+" is one bit already", "bit")
		return
	}
	c.Bit = d.integer(f, "bit", 0, 15, -1)
}

func (d *document) number(f fields, what string, c *Channel) {
	d.refuse(f, what, "only a state can be inverted", "invert")
	d.refuse(f, what, "only a bool is one bit of a register", "bit")
	if c.Type.words() == 1 {
		d.refuse(f, what, "one register has no order of registers", "word_order")
	} else {
		// No default: the two orders in use are equally common and a wrong one
		// gives plausible numbers now and then.
		c.Order = word(d, f, "word_order", what+" of two or more registers", wordOrders())
	}
	d.mask(f, what, c)
	c.Scale = d.decimal(f, "scale", c.Scale)
	if c.Scale.value().Sign() == 0 {
		d.mistake(f.values["scale"], "%s: scale 0 makes every value the same", what)
	}
	c.Offset = d.decimal(f, "offset", Decimal{})
	for _, n := range d.list(f, "sentinels") {
		if p, ok := c.sentinelPattern(strings.TrimSpace(n.Value)); ok {
			c.Sentinels = append(c.Sentinels, Sentinel{p})
		} else {
			d.mistake(n, "%s: sentinel %q is not a number that %d bits of %s can hold, such as 0x%X", what, n.Value, c.fieldBits(), c.Type, c.ends()[0])
		}
	}
	d.analog(f, what, c)
	d.valid(f, what, c)
}

func (d *document) valid(f fields, what string, c *Channel) {
	n, there := f.values["valid"]
	if !there {
		return
	}
	items := d.list(f, "valid")
	if len(items) != 2 {
		d.mistake(n, "%s: valid wants [lowest, highest] in %s", what, unitText(c.Quantity))
		return
	}
	var bound [2]float64
	for i, item := range items {
		v, err := ParseDecimal(strings.TrimSpace(item.Value))
		if err != nil {
			d.mistake(item, "%s: valid: %q %v", what, item.Value, err)
			return
		}
		bound[i] = v.Float()
	}
	if bound[0] >= bound[1] {
		d.mistake(n, "%s: valid [%v, %v] is empty: lowest first", what, bound[0], bound[1])
		return
	}
	c.Valid = &Range{bound[0], bound[1]}
	if low, high := c.Limits(); low >= high {
		low, high := c.Quantity.Range()
		d.mistake(n, "%s: valid [%v, %v] lies outside what %s can be, %v to %v %s",
			what, bound[0], bound[1], c.Quantity, low, high, unitText(c.Quantity))
	}
}

// unitText is the unit as people write it.
func unitText(q sensors.Quantity) string {
	switch q.Unit() {
	case sensors.Celsius:
		return "°C"
	case sensors.LatDegree, sensors.LonDegree:
		return "degrees"
	}
	return string(q.Unit())
}
