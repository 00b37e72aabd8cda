package modbus

import (
	"fmt"

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

// clashes reports that two channels claim the same bits.
func (c *Channel) clashes(o *Channel) bool {
	a, b := c.Span(), o.Span()
	if a.Function != b.Function || a.end() <= int(b.Address) || b.end() <= int(a.Address) {
		return false
	}
	return c.Bit < 0 || o.Bit < 0 || c.Bit == o.Bit
}

func (c *Channel) lint() (found []string) {
	if c.Type == Bool {
		return nil
	}
	if unsigned := c.Type == Uint16 || c.Type == Uint32; unsigned && c.Quantity == sensors.Temperature &&
		c.Offset.Float() >= 0 && c.Scale.Float() > 0 {
		found = append(found, fmt.Sprintf("channel %s: an unsigned temperature cannot go below 0 °C: is it %s?", c.Name, "int"+string(c.Type[4:])))
	}
	if c.Type.isFloat() {
		return found
	}
	// Devices show a broken probe by the ends of the register's scale.
	bits := 16 * c.Type.words()
	for _, pattern := range []uint64{1<<bits - 1, 1<<(bits-1) - 1, 1 << (bits - 1)} {
		if raw, _ := c.raw(pattern); raw == -1 {
			continue // all ones is an ordinary -1 in a signed register
		}
		if v := c.number(pattern); v.Reason == sensors.NoReason {
			found = append(found, fmt.Sprintf("channel %s: register 0x%0*X, which devices show for a broken probe, would be taken for %v %s: declare it as a sentinel or narrow valid",
				c.Name, bits/4, pattern, v.Value, unitText(c.Quantity)))
		}
	}
	return found
}
