package epcis

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// units are the words of UN/ECE Recommendation 20 for what this system
// measures: the official schema takes any text there.
var units = map[string][]string{
	"Temperature": {"CEL", "FAH", "KEL"}, "RelativeHumidity": {"P1"}, "AbsoluteHumidity": {"A93", "GM3"}, "Time": {"SEC", "MIN", "HUR", "DAY"},
	"Mass": {"KGM", "GRM", "TNE"}, "Speed": {"MTS", "KMH"}, "Illuminance": {"LUX"}, "Voltage": {"VLT"}, "Angle": {"DD", "C81"},
}

var unitWord = regexp.MustCompile(`^[A-Z0-9]{2,3}$`)

// Check finds what the official JSON schema lets through and a partner's system
// would stumble over or, worse, believe: units that are no words or of another
// quantity, wrong check digits of GS1 keys, what is said both in a sensor's
// metadata and in its report, times that run backwards, means outside their
// bounds, ILMD where nothing begins, and event hash ids that do not fit their
// events. It does not repeat the schema. The error joins one per finding.
func Check(document []byte) error {
	doc, err := decode(document)
	if err != nil {
		return err
	}
	body, _ := doc["epcisBody"].(map[string]any)
	list, ok := body["eventList"].([]any)
	if !ok {
		return errors.New("EPCIS document: epcisBody has no eventList")
	}
	var found []error
	seen := map[string]int{}
	for i, e := range list {
		event, ok := e.(map[string]any)
		if !ok {
			found = append(found, fmt.Errorf("event %d: is no object", i+1))
			continue
		}
		c := checker{}
		c.event(event, doc["@context"])
		if id, _ := event["eventID"].(string); id != "" {
			if first, twice := seen[id]; twice {
				c.wrong("eventID", "is also that of event %d", first)
			}
			seen[id] = i + 1
		}
		for _, err := range c.found {
			found = append(found, fmt.Errorf("event %d: %w", i+1, err))
		}
	}
	return errors.Join(found...)
}

type checker struct{ found []error }

func (c *checker) wrong(field, format string, args ...any) {
	c.found = append(c.found, fmt.Errorf("%s %w", field, fmt.Errorf(format, args...)))
}

func (c *checker) event(event map[string]any, context any) {
	c.keys("", event)
	id, _ := event["eventID"].(string)
	if strings.HasPrefix(id, "ni:///sha-256;") {
		if want, err := HashID(event, context); err != nil {
			c.wrong("eventID", "cannot be checked: %w", err)
		} else if id != want {
			c.wrong("eventID", "%s is not the hash of the event, which is %s: one of the two was changed", id, want)
		}
	}
	if _, has := event["ilmd"]; has && event["type"] != "TransformationEvent" && event["action"] != "ADD" {
		c.wrong("ilmd", "is there with action %v; it goes with ADD", event["action"])
	}
	sensors, _ := event["sensorElementList"].([]any)
	for _, s := range sensors {
		if sensor, ok := s.(map[string]any); ok {
			c.sensor(sensor)
		}
	}
	for _, name := range []string{"quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"} {
		for _, q := range objects(event[name]) {
			if q["uom"] != nil && q["quantity"] == nil {
				c.wrong(name, "has a unit and no quantity")
			}
			if v, ok := number(q["quantity"]); ok && v < 0 {
				c.wrong(name, "has the quantity %v", v)
			}
		}
	}
}

func objects(list any) (out []map[string]any) {
	members, _ := list.([]any)
	for _, m := range members {
		if o, ok := m.(map[string]any); ok {
			out = append(out, o)
		}
	}
	return out
}

func (c *checker) sensor(s map[string]any) {
	metadata, _ := s["sensorMetadata"].(map[string]any)
	start, end := timeOf(metadata["startTime"]), timeOf(metadata["endTime"])
	if !start.IsZero() && !end.IsZero() && end.Before(start) {
		c.wrong("sensorMetadata", "ends at %v before it starts at %v", metadata["endTime"], metadata["startTime"])
	}
	for _, r := range objects(s["sensorReport"]) {
		kind := fmt.Sprint(r["type"])
		for _, field := range []string{"time", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod"} {
			if metadata[field] != nil && r[field] != nil {
				c.wrong("sensorReport "+kind, "and sensorMetadata both have %s: it belongs in one", field)
			}
		}
		c.unit(kind, r)
		low, hasLow := number(r["minValue"])
		high, hasHigh := number(r["maxValue"])
		mean, hasMean := number(r["meanValue"])
		if hasLow && hasHigh && low > high || hasMean && (hasLow && mean < low || hasHigh && mean > high) {
			c.wrong("sensorReport "+kind, "has minimum, mean and maximum in the wrong order: %v, %v, %v", r["minValue"], r["meanValue"], r["maxValue"])
		}
		if sd, ok := number(r["sDev"]); ok && sd < 0 {
			c.wrong("sensorReport "+kind, "has the standard deviation %v", sd)
		}
	}
}

func (c *checker) unit(kind string, r map[string]any) {
	kind = strings.TrimPrefix(strings.TrimPrefix(kind, "gs1:"), voc)
	uom, has := r["uom"]
	word, _ := uom.(string)
	right, known := units[kind]
	switch {
	case has && !unitWord.MatchString(word):
		c.wrong("uom", "%v of %s is no word of UN/ECE Recommendation 20, such as CEL", uom, kind)
	case has && known && !slices.Contains(right, word):
		c.wrong("uom", "%s is no unit of %s; right are %s", word, kind, strings.Join(right, ", "))
	case !has && known && slices.ContainsFunc([]string{"value", "minValue", "maxValue", "meanValue"}, func(f string) bool { return r[f] != nil }):
		c.wrong("sensorReport "+kind, "has a value and no uom")
	}
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func timeOf(v any) time.Time {
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{} // the schema's business
	}
	return at
}

// keys looks at every text for a GS1 key with a check digit.
func (c *checker) keys(field string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			c.keys(name, v[name])
		}
	case []any:
		for _, m := range v {
			c.keys(field, m)
		}
	case string:
		uri, ok := CanonicalURI(v)
		if !ok || strings.HasPrefix(v, "urn:") { // which have none
			return
		}
		segments := strings.Split(strings.TrimPrefix(uri, canonicalStem+"/"), "/")
		if a, known := aiOf(segments[0]); known && a.check && (len(segments[1]) != a.most || !CheckDigit(segments[1])) {
			c.wrong(field, "%s: the check digit of (%s) %s does not agree", v, segments[0], segments[1])
		}
	}
}
