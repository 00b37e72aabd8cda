package epcis

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"coldchain/alerting/batch"
)

// Element is a GS1 application identifier (AI) with its value: 01 and a GTIN,
// 10 and a lot.
type Element struct{ AI, Value string }

// ai is what the GS1 General Specifications say of an application identifier.
type ai struct {
	most   int  // characters
	fixed  bool // exactly so many
	digits bool // only digits
	check  bool // the last is a check digit
	// known tells that a reader knows the length without a separator (General
	// Specifications, 7.8.5).
	known bool
}

// ais are the identifiers that goods of the cold chain carry: the keys, lot and
// serial, dates, weights, processors, and what is a company's own.
func aiOf(code string) (a ai, ok bool) {
	switch code {
	case "00":
		return ai{18, true, true, true, true}, true
	case "01":
		return ai{14, true, true, true, true}, true
	case "414":
		return ai{13, true, true, true, true}, true
	case "417":
		return ai{13, true, true, true, true}, true
	case "10", "21", "22", "254":
		return ai{most: 20}, true
	case "235":
		return ai{most: 28}, true
	case "11", "13", "15", "16", "17":
		return ai{6, true, true, false, true}, true
	case "37":
		return ai{most: 8, digits: true}, true
	}
	if len(code) == 4 && strings.HasPrefix(code, "310") && code[3] <= '5' && code[3] >= '0' { // net weight in kg
		return ai{6, true, true, false, true}, true
	}
	if len(code) == 4 && strings.HasPrefix(code, "703") && digitsOnly(code) { // processor
		return ai{most: 30}, true
	}
	if len(code) == 2 && code >= "90" && code <= "99" {
		return ai{most: 90}, true
	}
	return ai{}, false
}

// qualifiers are the identifiers that may follow a key in a Digital Link's
// path, in their order (GS1 Digital Link URI Syntax 1.3, 4.9).
var qualifiers = map[string][]string{"00": nil, "01": {"22", "10", "21", "235"}, "414": {"254"}, "417": nil}

// gs1Set are the characters of GS1's set 82.
const gs1Set = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`

func (e Element) check() error {
	a, ok := aiOf(e.AI)
	switch {
	case !ok:
		return fmt.Errorf("application identifier (%s) is not known here", e.AI)
	case e.Value == "":
		return fmt.Errorf("(%s) has no value", e.AI)
	case len(e.Value) > a.most || a.fixed && len(e.Value) != a.most:
		return fmt.Errorf("(%s) %s has %d characters; %d is right", e.AI, e.Value, len(e.Value), a.most)
	case a.digits && !digitsOnly(e.Value):
		return fmt.Errorf("(%s) %s is not all digits", e.AI, e.Value)
	case strings.ContainsFunc(e.Value, func(r rune) bool { return !strings.ContainsRune(gs1Set, r) }):
		return fmt.Errorf("(%s) %q holds a character that GS1 does not have", e.AI, e.Value)
	case a.check && !CheckDigit(e.Value):
		return fmt.Errorf("(%s) %s: the check digit does not agree; is it misread?", e.AI, e.Value)
	}
	return nil
}

// ParseElements reads the form that is printed under a bar code,
// "(01)09521234543213(10)ABC".
func ParseElements(text string) ([]Element, error) {
	if len(text) > 500 || !strings.HasPrefix(text, "(") {
		return nil, fmt.Errorf("%.40q is not written like (01)09521234543213(10)ABC", text)
	}
	var out []Element
	// A value may hold brackets; only what looks like an AI in them begins a new one.
	for text != "" {
		code, rest, ok := strings.Cut(text[1:], ")")
		if !ok {
			return nil, fmt.Errorf("%.40q: a bracket is not closed", text)
		}
		end := len(rest)
		for i := range rest {
			if rest[i] != '(' {
				continue
			}
			if next, _, closed := strings.Cut(rest[i+1:], ")"); closed && digitsOnly(next) && len(next) >= 2 && len(next) <= 4 {
				end = i
				break
			}
		}
		e := Element{code, rest[:end]}
		if err := e.check(); err != nil {
			return nil, err
		}
		out, text = append(out, e), rest[end:]
	}
	return out, nil
}

// ElementString writes elements as a scanner transmits them, with ^ for FNC1.
func ElementString(elements []Element) string {
	var out strings.Builder
	separate := true // FNC1 opens it
	for _, e := range elements {
		if separate {
			out.WriteByte('^')
		}
		out.WriteString(e.AI + e.Value)
		a, _ := aiOf(e.AI)
		separate = !a.known
	}
	return out.String()
}

// Link writes elements as a GS1 Digital Link under a stem such as
// https://id.gs1.org: the key and its qualifiers in the path, the rest behind.
// There must be exactly one key.
func Link(stem string, elements []Element) (string, error) {
	var key Element
	var path, query []Element
	for i, e := range elements {
		if err := e.check(); err != nil {
			return "", err
		}
		if slices.ContainsFunc(elements[:i], func(before Element) bool { return before.AI == e.AI }) {
			return "", fmt.Errorf("(%s) is there twice", e.AI)
		}
		if _, isKey := qualifiers[e.AI]; isKey {
			if key.AI != "" {
				return "", fmt.Errorf("(%s) and (%s) are both keys: a link is of one thing", key.AI, e.AI)
			}
			key = e
		}
	}
	if key.AI == "" {
		return "", fmt.Errorf("no GTIN, SSCC or GLN is among %q", ElementString(elements))
	}
	order := qualifiers[key.AI]
	for _, e := range elements {
		switch {
		case e.AI == key.AI:
		case slices.Contains(order, e.AI):
			path = append(path, e)
		default:
			query = append(query, e)
		}
	}
	slices.SortStableFunc(path, func(a, b Element) int { return cmp.Compare(slices.Index(order, a.AI), slices.Index(order, b.AI)) })
	out := strings.TrimSuffix(stem, "/") + "/" + key.AI + "/" + key.Value
	for _, e := range path {
		out += "/" + e.AI + "/" + escape(strings.ReplaceAll(e.Value, "%", "%25"))
	}
	for i, e := range query {
		out += string("?&"[min(i, 1)]) + e.AI + "=" + escape(strings.ReplaceAll(e.Value, "%", "%25"))
	}
	return out, nil
}

// ParseLink reads a GS1 Digital Link URI, the key first. It is strict: what is
// not exactly one (a name instead of a number, an empty value, a slash too
// many) is an error, so that a misread label never becomes a batch.
func ParseLink(uri string) ([]Element, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || !slices.Contains([]string{"http", "https", "HTTP", "HTTPS"}, scheme) || len(uri) > 2000 {
		return nil, fmt.Errorf("%.80q is no GS1 Digital Link: it does not begin with https://", uri)
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	segments := strings.Split(rest, "/")
	for i := 1; i < len(segments); i++ {
		order, isKey := qualifiers[segments[i]]
		if !isKey || segments[0] == "" {
			continue
		}
		elements, err := pairs(segments[i:])
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", uri, err)
		}
		at := -1
		for _, e := range elements[1:] {
			next := slices.Index(order, e.AI)
			if next <= at {
				return nil, fmt.Errorf("%.80q: (%s) does not belong there behind (%s)", uri, e.AI, elements[0].AI)
			}
			at = next
		}
		return attributes(elements, query)
	}
	return nil, fmt.Errorf("%.80q is no GS1 Digital Link: no GTIN, SSCC or GLN is in its path", uri)
}

func pairs(segments []string) ([]Element, error) {
	if len(segments)%2 != 0 {
		return nil, fmt.Errorf("(%s) has no value", segments[len(segments)-1])
	}
	var out []Element
	for i := 0; i < len(segments); i += 2 {
		value, err := url.PathUnescape(segments[i+1])
		if err != nil {
			return nil, fmt.Errorf("(%s): %w", segments[i], err)
		}
		e := Element{segments[i], value}
		if err := e.check(); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// attributes adds what stands behind the question mark. What is not a number
// there is another's and says nothing about the goods.
func attributes(elements []Element, query string) ([]Element, error) {
	for part := range strings.SplitSeq(query, "&") {
		code, text, _ := strings.Cut(part, "=")
		if !digitsOnly(code) {
			continue
		}
		value, err := url.PathUnescape(text)
		if err != nil {
			return nil, fmt.Errorf("(%s): %w", code, err)
		}
		e := Element{code, value}
		if err := e.check(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(elements, func(before Element) bool { return before.AI == code }) {
			return nil, fmt.Errorf("(%s) is there twice", code)
		}
		elements = append(elements, e)
	}
	return elements, nil
}

// CheckDigit reports whether the last digit of a GTIN, GLN or SSCC agrees with
// those before it (GS1 General Specifications, 7.9.1).
func CheckDigit(number string) bool {
	if len(number) < 2 || !digitsOnly(number) {
		return false
	}
	last := len(number) - 1
	return batch.GS1Digit(number[:last]) == number[last]
}
