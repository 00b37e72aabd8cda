package epcis

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// place is an element in the canonical order of CBV 2.0, 8.9, with the order of
// what is below it.
type place struct {
	name  string
	below []place
}

func leaves(names ...string) []place {
	out := make([]place, len(names))
	for i, n := range names {
		out[i] = place{name: n}
	}
	return out
}

// canonical returns the order in which an event's elements are hashed. The
// lists of business transactions, sources and destinations are not in it: the
// published hashes have them behind, among what is left over.
func canonical() []place {
	epcs, id := leaves("epc"), leaves("id")
	quantities := []place{{"quantityElement", leaves("epcClass", "quantity", "uom")}}
	sensors := []place{{"sensorElement", []place{
		{"sensorMetadata", leaves("time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")},
		{"sensorReport", leaves("type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time",
			"microorganism", "chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue",
			"minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem")},
	}}}
	return slices.Concat(leaves("eventTime", "eventTimeZoneOffset", "certificationInfo", "parentID"),
		[]place{
			{"epcList", epcs}, {"inputEPCList", epcs}, {"childEPCs", epcs},
			{"quantityList", quantities}, {"childQuantityList", quantities}, {"inputQuantityList", quantities},
			{"outputEPCList", epcs}, {"outputQuantityList", quantities},
		},
		leaves("action", "transformationID", "bizStep", "disposition"),
		[]place{
			{"persistentDisposition", leaves("set", "unset")}, {"readPoint", id}, {"bizLocation", id}, {"sensorElementList", sensors},
		})
}

// notHashed is what says something about the record of an event, not about the
// event.
func notHashed(name string) bool {
	return name == "recordTime" || name == "eventID" || name == "type" || name == "errorDeclaration"
}

// HashID returns the CBV 2.0 event hash id of an event: a name that whoever has
// the event can compute again. context is the @context of its document, from
// which prefixes of user extensions are expanded. Numbers must have been decoded
// with json.Decoder.UseNumber.
func HashID(event map[string]any, context any) (string, error) {
	text, err := prehash(event, context)
	if err != nil {
		return "", err
	}
	return idOf(text), nil
}

// idOf names an event by its prehash (RFC 6920).
func idOf(prehash string) string {
	sum := sha256.Sum256([]byte(prehash))
	return "ni:///sha-256;" + hex.EncodeToString(sum[:]) + "?ver=CBV2.0"
}

func prehash(event map[string]any, context any) (string, error) {
	kind, ok := event["type"].(string)
	if !ok {
		return "", errors.New("event hash: the event has no type")
	}
	below, err := tree{namespacesOf(context)}.children("", event)
	if err != nil {
		return "", fmt.Errorf("event hash: %w", err)
	}
	text, err := prehashOf(node{name: kind, below: below})
	if err != nil {
		return "", fmt.Errorf("event hash: %w", err)
	}
	return text, nil
}

// prehashOf is the text that is hashed: what has a place in the canonical order,
// then the rest, sorted. "ilmd" comes before extensions because "{" sorts behind
// all letters.
func prehashOf(event node) (string, error) {
	var taken []node
	for _, n := range event.below {
		if !notHashed(n.name) {
			taken = append(taken, n)
		}
	}
	text, rest, err := inOrder(taken, canonical())
	if err != nil {
		return "", err
	}
	return "eventType=" + event.name + text + sorted(rest), nil
}

// inOrder writes elements in a canonical order and returns what had no place.
func inOrder(elements []node, order []place) (text string, rest []node, err error) {
	var out strings.Builder
	for _, p := range order {
		var same []string
		for _, n := range elements {
			if n.name != p.name {
				continue
			}
			one, left, err := placed(n, p)
			if err != nil {
				return "", nil, err
			}
			if one != "" {
				same = append(same, one)
			}
			if len(left) > 0 {
				rest = append(rest, node{name: n.name, below: left})
			}
		}
		slices.Sort(same)
		out.WriteString(strings.Join(same, ""))
	}
	for _, n := range elements {
		if !slices.ContainsFunc(order, func(p place) bool { return p.name == n.name }) {
			rest = append(rest, n)
		}
	}
	return out.String(), rest, nil
}

// placed writes one element and what is below it. Its user extensions follow
// its own fields; what the standard has no place for there is returned.
func placed(n node, p place) (text string, rest []node, err error) {
	value, err := canonicalValue(n)
	if err != nil {
		return "", nil, err
	}
	below, left, err := inOrder(n.below, p.below)
	if err != nil {
		return "", nil, err
	}
	var extensions []node
	for _, l := range left {
		if l.extension() {
			extensions = append(extensions, l)
		} else {
			rest = append(rest, l)
		}
	}
	below += sorted(extensions)
	if value == "" && below == "" {
		return "", rest, nil
	}
	return n.name + value + below, rest, nil
}

// sorted writes elements that have no order of their own.
func sorted(elements []node) string {
	out := make([]string, 0, len(elements))
	for _, n := range elements {
		text := n.name
		if v := strings.TrimSpace(n.value); v != "" {
			text += "=" + canonicalText(v)
		}
		out = append(out, text+members(n))
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// members writes what is below an element without an order. A transaction, a
// source or a destination is the exception: its type comes first.
func members(n node) string {
	if n.name != "bizTransactionList" && n.name != "sourceList" && n.name != "destinationList" {
		return sorted(n.below)
	}
	var out []string
	for _, item := range n.below {
		var kind, rest []node
		for _, field := range item.below {
			if field.name == "type" {
				kind = append(kind, field)
			} else {
				rest = append(rest, field)
			}
		}
		out = append(out, sorted(kind)+sorted(rest))
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// canonicalValue is an element's value behind an equals sign; nothing when it
// has none.
func canonicalValue(n node) (string, error) {
	v := strings.TrimSpace(n.value)
	if v == "" {
		return "", nil
	}
	lower := strings.ToLower(n.name)
	if strings.Contains(lower, "time") && !strings.Contains(lower, "offset") {
		at, err := time.Parse(time.RFC3339Nano, v)
		if err != nil {
			return "", fmt.Errorf("%s %q is no time with an offset (RFC 3339)", n.name, v)
		}
		return "=" + hashTime(at), nil
	}
	return "=" + canonicalText(v), nil
}

// hashTime is a time as it is hashed: UTC, milliseconds, halves up.
func hashTime(at time.Time) string {
	return at.UTC().Add(500 * time.Microsecond).Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}

// canonicalText writes the many ways to say the same in one way.
func canonicalText(v string) string {
	for urn, uri := range map[string]string{
		"urn:epcglobal:cbv:bizstep:": cbv + "BizStep-", "urn:epcglobal:cbv:disp:": cbv + "Disp-", "urn:epcglobal:cbv:btt:": cbv + "BTT-",
		"urn:epcglobal:cbv:sdt:": cbv + "SDT-", "urn:epcglobal:cbv:er:": cbv + "ER-",
	} {
		if word, ok := strings.CutPrefix(v, urn); ok {
			return uri + word
		}
	}
	if number, ok := canonicalNumber(v); ok {
		return number
	}
	if uri, ok := CanonicalURI(v); ok {
		return uri
	}
	return v
}

// canonicalNumber writes a number without what does not change it: 26.0 is 26.
// Whole numbers are written out, as the published hashes have them.
func canonicalNumber(v string) (string, bool) {
	if strings.ContainsFunc(v, func(r rune) bool { return !strings.ContainsRune("+-.0123456789eE", r) }) {
		return "", false // "Inf", "0x1p4" and "1_000" are words, not quantities
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return "", false
	}
	if text := strconv.FormatFloat(f, 'f', -1, 64); strings.Contains(text, ".") {
		return text, true
	}
	if text := strconv.FormatFloat(f, 'f', 0, 64); text != "-0" {
		return text, true
	}
	return "0", true
}

// decode reads a JSON document as the functions here take it.
func decode(document []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("EPCIS document: %w", err)
	}
	return out, nil
}
