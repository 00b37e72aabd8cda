package epcis

import (
	"net/url"
	"slices"
	"strings"

	"coldchain/alerting/batch"
)

// canonicalStem is the address under which every GS1 key has one name.
const canonicalStem = "https://id.gs1.org"

// urn says how the older EPC URIs name a GS1 key: urn:epc:id:sgtin:4012345.011111.9876.
type urn struct {
	ai     string // of the key
	digits int    // company prefix and reference together, without the check digit; 0: of any length, and no check digit
	first  bool   // the first digit of the reference stands before the prefix
	zero   bool   // a zero stands before everything
	serial string // AI of the part behind; "+": it follows the key directly; empty: there is none
}

// urns lists the EPC, class and pattern URIs of the EPC Tag Data Standard that
// CBV 2.0 has converted.
var urns = map[string]urn{
	"sgtin": {ai: "01", digits: 13, first: true, serial: "21"},
	"lgtin": {ai: "01", digits: 13, first: true, serial: "10"},
	"upui":  {ai: "01", digits: 13, first: true, serial: "235"},
	"itip":  {ai: "8006", digits: 13, first: true, serial: "21"},
	"sscc":  {ai: "00", digits: 17, first: true},
	"sgln":  {ai: "414", digits: 12, serial: "254"},
	"pgln":  {ai: "417", digits: 12},
	"grai":  {ai: "8003", digits: 12, zero: true, serial: "+"},
	"giai":  {ai: "8004"},
	"gsrn":  {ai: "8018", digits: 17},
	"gsrnp": {ai: "8017", digits: 17},
	"gdti":  {ai: "253", digits: 12, serial: "+"},
	"sgcn":  {ai: "255", digits: 12, serial: "+"},
	"gsin":  {ai: "402", digits: 16},
	"ginc":  {ai: "401"},
	"cpi":   {ai: "8010", serial: "8011"},
}

// CanonicalURI returns the canonical GS1 Digital Link of a GS1 key that is
// written as an EPC URI or as a Digital Link of another domain, down to its
// finest level and without its query. ok is false for all that names no GS1
// key.
func CanonicalURI(uri string) (canonical string, ok bool) {
	if rest, isURN := strings.CutPrefix(uri, "urn:epc:"); isURN {
		return fromURN(rest)
	}
	if strings.HasPrefix(uri, "https://") || strings.HasPrefix(uri, "http://") {
		return fromLink(uri)
	}
	return "", false
}

func fromURN(rest string) (string, bool) {
	parts := strings.SplitN(rest, ":", 3)
	if len(parts) != 3 || !slices.Contains([]string{"id", "class", "idpat"}, parts[0]) {
		return "", false
	}
	u, known := urns[parts[1]]
	fields := strings.Split(parts[2], ".")
	prefix := fields[0]
	if !known || len(fields) < 2 || len(prefix) < 6 || len(prefix) > 12 || !digitsOnly(prefix) {
		return "", false
	}
	if u.digits == 0 && u.serial == "" { // an individual number, which may itself hold dots
		return link(u.ai, prefix+escape(strings.Join(fields[1:], "."))), true
	}
	key, behind := prefix+escape(fields[1]), fields[2:]
	if u.digits > 0 {
		var fits bool
		if key, fits = u.key(prefix, fields[1]); !fits {
			return "", false
		}
	}
	if parts[1] == "itip" && len(behind) >= 2 { // piece and total belong to the key
		key, behind = key+behind[0]+behind[1], behind[2:]
	}
	serial := strings.Join(behind, ".")
	switch {
	case serial == "" || serial == "*" || u.serial == "254" && serial == "0":
		return link(u.ai, key), true
	case u.serial == "+":
		return link(u.ai, key+escape(serial)), true
	case u.serial == "":
		return "", false
	}
	return link(u.ai, key, u.serial, escape(serial)), true
}

// key puts a numeric GS1 key together and adds its check digit.
func (u urn) key(prefix, reference string) (string, bool) {
	digits := prefix + reference
	if u.first && reference != "" {
		digits = reference[:1] + prefix + reference[1:]
	}
	if len(digits) != u.digits || !digitsOnly(digits) {
		return "", false
	}
	if u.zero {
		digits = "0" + digits
	}
	return digits + string(batch.GS1Digit(digits)), true
}

func link(parts ...string) string { return canonicalStem + "/" + strings.Join(parts, "/") }

// primary are the keys that a Digital Link can begin with, each with the
// qualifiers of which the finest is kept, finest first.
var primary = map[string][]string{
	"00": nil, "01": {"21", "235", "10"}, "253": nil, "255": nil, "401": nil, "402": nil, "414": {"254"}, "417": nil,
	"8003": nil, "8004": nil, "8006": {"21", "10"}, "8010": {"8011"}, "8017": nil, "8018": nil,
}

func fromLink(uri string) (string, bool) {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	segments := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	for i := 1; i+1 < len(segments); i++ {
		finer, isKey := primary[segments[i]]
		key := segments[i+1]
		if !isKey || len(key) < 5 || !digitsOnly(key[:4]) {
			continue
		}
		if segments[i] == "01" && digitsOnly(key) && len(key) < 14 {
			key = strings.Repeat("0", 14-len(key)) + key
		}
		behind := segments[i+2:]
		if len(behind)%2 != 0 {
			return "", false
		}
		for _, q := range finer {
			for j := 0; j < len(behind); j += 2 {
				if behind[j] == q {
					return link(segments[i], key, q, behind[j+1]), true
				}
			}
		}
		return link(segments[i], key), true
	}
	return "", false
}

// escape writes a value as a segment of a Digital Link's path: the characters
// of GS1's set that URIs reserve are percent-encoded.
func escape(value string) string {
	if plain, err := url.PathUnescape(value); err == nil {
		value = plain // EPC URIs have some of them encoded already
	}
	var out strings.Builder
	for i := range len(value) {
		c := value[i]
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("-._~';=", c) >= 0 {
			out.WriteByte(c)
			continue
		}
		const hexDigits = "0123456789ABCDEF"
		out.WriteByte('%')
		out.WriteByte(hexDigits[c>>4])
		out.WriteByte(hexDigits[c&15])
	}
	return out.String()
}

func digitsOnly(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
