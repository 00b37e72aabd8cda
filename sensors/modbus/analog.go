package modbus

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"coldchain/sensors"
	"coldchain/sensors/analog"
)

// convert is the last step of an analogue channel: the scaled number is an
// electrical quantity, 12 mA of a transmitter or 100 Ω of a PT100. It is kept
// beside the value, and alone when there is none.
func (c *Channel) convert(electrical float64) Decoded {
	value, quality, why := c.Analog.Convert(electrical)
	if quality == sensors.Bad {
		return refused(why, electrical)
	}
	d := c.screen(value)
	if quality == sensors.Uncertain && d.Reason == sensors.NoReason {
		d.Doubt = why
	}
	d.Raw, d.HasRaw = electrical, true
	return d
}

// analogKeys are the keys of analog.Params, and the signal.
func analogKeys() []string {
	return []string{"signal", "kind", "quantity", "from", "to", "shunt", "divider", "r0", "t0", "beta", "a", "b", "c",
		"resistor", "side", "supply", "supply_tolerance", "current", "lead", "min", "max"}
}

// analog reads a channel's conversion. What its settings mean is the business
// of package analog, which also finds their mistakes.
func (d *document) analog(f fields, what string, c *Channel) {
	n, there := f.values["analog"]
	if !there {
		return
	}
	what += ": analog"
	before := len(d.mistakes)
	g := d.fields(n, what, analogKeys()...)
	if n.Kind != yaml.MappingNode {
		return
	}
	signal := word(d, g, "signal", what, analog.Signals())
	if len(d.mistakes) > before {
		return
	}
	var p analog.Params
	if err := n.Decode(&p); err != nil {
		d.mistake(n, "%s: %s", what, strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", ""), "yaml: "))
	}
	if len(d.mistakes) > before {
		return
	}
	for _, m := range p.Validate(signal) {
		at, ok := g.values[m.Key]
		if !ok {
			at = n
		}
		d.mistake(at, "%s: %v", what, m)
	}
	if len(d.mistakes) > before {
		return
	}
	conversion, err := analog.New(p, signal)
	switch {
	case err != nil:
		d.mistake(n, "%s: %v", what, err)
	case conversion.Quantity() != c.Quantity:
		d.mistake(n, "%s gives %s, the channel is %s", what, conversion.Quantity(), c.Quantity)
	default:
		c.Analog = conversion
	}
}

// reconvert returns the channel with a site's own conversion: the transmitter
// that hangs on a module's input is the installer's choice.
func (c *Channel) reconvert(p analog.Params) (*Channel, error) {
	if c.Analog == nil {
		return nil, fmt.Errorf("channel %s is no analogue input", c.Name)
	}
	conversion, err := analog.New(p, c.Analog.Signal())
	if err != nil {
		return nil, err
	}
	own := *c
	own.Analog, own.Quantity, own.Valid = conversion, conversion.Quantity(), nil
	return &own, nil
}
