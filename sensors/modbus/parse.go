package modbus

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"coldchain/sensors"
)

// maxReadLimit is the most registers one answer can carry (Modbus Application
// Protocol V1.1b3, section 6.3). Bits are held to the same number.
const maxReadLimit = 125

// ParseProfile reads a device profile. name is the file's name for messages.
// The error lists every mistake on a line of its own: file, line, what is
// wrong and what would be right. See profiles/README.md for the format.
func ParseProfile(name string, r io.Reader) (*Profile, error) {
	d := &document{file: name}
	root, err := d.root(r)
	if err != nil {
		return nil, err
	}
	p := d.profile(root)
	if len(d.mistakes) > 0 {
		return nil, errors.Join(d.mistakes...)
	}
	return p, nil
}

func (d *document) profile(n *yaml.Node) *Profile {
	f := d.fields(n, "the profile", "name", "label", "source", "confidence", "note", "serial", "max_read", "max_gap", "status", "channels")
	if n.Kind != yaml.MappingNode {
		return nil
	}
	p := &Profile{Label: d.label(f, "label"), Note: d.label(f, "note"), Serial: d.serial(f)}
	if s, n, ok := d.require(f, "name", "the profile", "a name of lower-case letters, digits and hyphens"); ok {
		if !sensors.IsSlug(s) {
			d.mistake(n, "name %q is not of lower-case letters, digits and hyphens", s)
		}
		p.Name = s
	}
	if s, n, ok := d.require(f, "source", "the profile", "say where the register map comes from"); ok {
		if s == "" {
			d.mistake(n, "source is empty: say where the register map comes from")
		}
		p.Source = s
	}
	p.Confidence = word(d, f, "confidence", "the profile", confidences())
	p.MaxRead = d.integer(f, "max_read", 1, maxReadLimit, maxReadLimit)
	p.MaxGap = d.integer(f, "max_gap", 0, maxReadLimit, 0)
	channels, ok := f.values["channels"]
	if !ok {
		d.mistake(n, "the profile lacks channels: what can be measured")
		return p
	}
	d.each(channels, "channels", func(key, value *yaml.Node) {
		if !sensors.IsSlug(key.Value) {
			d.mistake(key, "channel name %q is not of lower-case letters, digits and hyphens", key.Value)
		}
		p.Channels = append(p.Channels, d.channel(key.Value, value, p.MaxRead))
	})
	if channels.Kind == yaml.MappingNode && len(channels.Content) == 0 {
		d.mistake(channels, "channels is empty: what can be measured")
	}
	d.flags(f, p)
	byName := func(a, b Channel) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(p.Channels, byName)
	slices.SortFunc(p.Status, byName)
	return p
}

func (d *document) label(f fields, key string) Label {
	n, ok := f.values[key]
	if !ok {
		return Label{}
	}
	l := d.fields(n, key, "zh", "en")
	zh, _, _ := d.text(l, "zh")
	en, _, _ := d.text(l, "en")
	return Label{ZH: zh, EN: en}
}

func (d *document) serial(f fields) (s Serial) {
	n, ok := f.values["serial"]
	if !ok {
		return s
	}
	g := d.fields(n, "serial", "baud", "data_bits", "parity", "stop_bits", "slave", "guard")
	s.Baud = d.integer(g, "baud", 300, 921600, 0)
	s.DataBits = d.integer(g, "data_bits", 7, 8, 0)
	s.StopBits = d.integer(g, "stop_bits", 1, 2, 0)
	s.Slave = uint8(d.integer(g, "slave", 1, 247, 0))
	if _, there := g.values["parity"]; there {
		s.Parity = word(d, g, "parity", "serial", []string{"none", "even", "odd"})
	}
	if text, n, ok := d.text(g, "guard"); ok {
		guard, err := time.ParseDuration(text)
		if err != nil || guard < 0 || guard > time.Second {
			d.mistake(n, "guard %q is not a time such as 5ms, at most 1s", text)
		}
		s.Guard = guard
	}
	return s
}

// word reads a key that must be one of a few words.
func word[T ~string](d *document, f fields, key, what string, known []T) T {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	wanted := "one of " + strings.Join(names, ", ")
	s, n, ok := d.require(f, key, what, wanted)
	if ok && !slices.Contains(known, T(s)) {
		d.mistake(n, "%s %q is not %s", key, s, wanted)
	}
	return T(s)
}

// integer reads an optional whole number, decimal or 0x hexadecimal.
func (d *document) integer(f fields, key string, low, high, absent int) int {
	s, n, ok := d.text(f, key)
	if !ok {
		return absent
	}
	v, err := parseInteger(s)
	if err != nil || v < int64(low) || v > int64(high) {
		hint := ""
		if errors.Is(err, errLeadingZero) {
			hint = ", written without a leading zero (hexadecimal begins with 0x)"
		}
		d.mistake(n, "%s %q is not a whole number between %d and %d%s", key, s, low, high, hint)
		return absent
	}
	return int(v)
}

var errLeadingZero = errors.New("begins with a zero")

// parseInteger reads decimal or 0x hexadecimal. Leading zeros are refused: some
// YAML readers take 010 for eight, some for ten.
func parseInteger(s string) (int64, error) {
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		v, err := strconv.ParseUint(hex, 16, 63)
		return int64(v), err
	}
	digits := strings.TrimPrefix(s, "-")
	if len(digits) > 1 && digits[0] == '0' {
		return 0, errLeadingZero
	}
	return strconv.ParseInt(s, 10, 64)
}

// decimal reads an optional decimal number exactly.
func (d *document) decimal(f fields, key string, absent Decimal) Decimal {
	s, n, ok := d.text(f, key)
	if !ok {
		return absent
	}
	v, err := ParseDecimal(s)
	if err != nil {
		d.mistake(n, "%s %q %v", key, s, err)
		return absent
	}
	return v
}
