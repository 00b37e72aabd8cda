package modbus

import (
	"fmt"
	"slices"
	"strings"

	"coldchain/sensors"
)

// Lint lists what is suspicious in a profile that parses, one sentence each:
// things that a careful author would settle before giving it to others.
func Lint(p *Profile) []string {
	var found []string
	note := func(format string, a ...any) { found = append(found, fmt.Sprintf(format, a...)) }
	if p.Label.ZH == "" || p.Label.EN == "" {
		note("label: give the device's name in zh and en")
	}
	if p.Confidence == Conflicting && (p.Note.ZH == "" || p.Note.EN == "") {
		note("note: the sources conflict: say in zh and en what to probe")
	}
	if p.MaxGap > 0 && p.MaxGap >= p.MaxRead {
		note("max_gap %d can never be used with max_read %d", p.MaxGap, p.MaxRead)
	}
	for i := range p.Status {
		if !p.used(p.Status[i].Name) {
			note("status %s is named by no channel's bad_when: nothing would read it", p.Status[i].Name)
		}
	}
	for i := range p.Channels {
		found = append(found, p.Channels[i].lint()...)
		for j := range i {
			if a, b := &p.Channels[j], &p.Channels[i]; a.clashes(b) {
				note("channels %s and %s share a register of %s address %d", a.Name, b.Name, b.Function, max(a.Address, b.Address))
			}
		}
	}
	return found
}

// used reports that a channel depends on the flag.
func (p *Profile) used(flag string) bool {
	return slices.ContainsFunc(p.Channels, func(c Channel) bool { return slices.Contains(c.Faults, flag) })
}

// clashes reports that two channels claim the same bits.
func (c *Channel) clashes(o *Channel) bool {
	a, b := c.Span(), o.Span()
	if a.Function != b.Function || a.end() <= int(b.Address) || b.end() <= int(a.Address) {
		return false
	}
	if c.Mask != 0 && o.Mask != 0 && a == b {
		return c.Mask&o.Mask != 0
	}
	return c.Bit < 0 || o.Bit < 0 || c.Bit == o.Bit
}

func (c *Channel) lint() (found []string) {
	if c.Type == Bool || c.Analog != nil {
		return nil
	}
	if unsigned := !c.Type.isSigned() && !c.Type.isFloat(); unsigned && c.Quantity.Unit() == sensors.Celsius &&
		c.Offset.Float() >= 0 && c.Scale.Float() > 0 {
		instead := "is it an " + strings.TrimPrefix(string(c.Type), "u") + "?"
		if c.Type.isBCD() {
			instead = "does the manual say how it shows frost?"
		}
		found = append(found, fmt.Sprintf("channel %s: an unsigned temperature cannot go below 0 °C: %s", c.Name, instead))
	}
	if c.Type.isFloat() {
		return found
	}
	for _, field := range c.ends() {
		if raw, _ := c.raw(field); raw == -1 {
			continue // all ones is an ordinary -1 in a signed register
		}
		if v := c.number(c.unfield(field)); v.Reason == sensors.NoReason {
			found = append(found, fmt.Sprintf("channel %s: register 0x%0*X, which devices show for a broken probe, would be taken for %v %s: declare it as a sentinel or narrow valid",
				c.Name, (c.fieldBits()+3)/4, field, v.Value, unitText(c.Quantity)))
		}
	}
	return found
}

// ends are the patterns at the ends of the field's scale, by which devices show
// a broken probe.
func (c *Channel) ends() []uint64 {
	all := ones(c.fieldBits())
	if c.Type.isBCD() {
		_, nines := c.span()
		return []uint64{toBCD(nines.Uint64()), all}
	}
	return []uint64{all ^ all>>1, all >> 1, all}
}
