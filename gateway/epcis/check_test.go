package epcis

import (
	"strings"
	"testing"
)

const good = `{"@context": [], "epcisBody": {"eventList": [{
  "type": "ObjectEvent", "eventTime": "2026-11-23T08:00:00+08:00", "eventTimeZoneOffset": "+08:00", "action": "ADD", "ilmd": {"x:a": "b"},
  "quantityList": [{"epcClass": "https://id.gs1.org/01/09521234543213/10/A", "quantity": 1, "uom": "KGM"}, {"epcClass": "https://county.example/id/batch/01"}],
  "readPoint": {"id": "https://county.example/id/place/a/b"},
  "sensorElementList": [{"sensorMetadata": {"startTime": "2026-11-23T00:00:00Z", "endTime": "2026-11-23T01:00:00Z", "deviceID": "https://county.example/id/point/a/b/air"},
    "sensorReport": [{"type": "Temperature", "minValue": -1, "meanValue": 0, "maxValue": 2, "sDev": 0.1, "uom": "CEL"}, {"type": "RelativeHumidity", "value": 85, "uom": "P1"}, {"type": "x:ice", "value": 3}]}]
}]}}`

func TestCheckFindsWhatTheSchemaLetsThrough(t *testing.T) {
	if err := Check([]byte(good)); err != nil {
		t.Fatalf("the good document: %v", err)
	}
	for was, c := range map[string]struct{ bad, says string }{
		`"uom": "CEL"`:                      {`"uom": "°C"`, "no word of UN/ECE"},
		`"uom": "P1"`:                       {`"uom": "CEL"`, "no unit of RelativeHumidity"},
		`"sDev": 0.1, "uom": "CEL"`:         {`"sDev": 0.1`, "no uom"},
		`"sDev": 0.1`:                       {`"sDev": -0.1`, "standard deviation"},
		`/01/09521234543213/`:               {`/01/09521234543214/`, "check digit"},
		`"quantity": 1`:                     {`"quantity": -1`, "quantity -1"},
		`"quantity": 1, `:                   {``, "no quantity"},
		`"action": "ADD"`:                   {`"action": "OBSERVE"`, "goes with ADD"},
		`"meanValue": 0`:                    {`"meanValue": 7`, "wrong order"},
		`"endTime": "2026-11-23T01:00:00Z"`: {`"endTime": "2026-11-22T01:00:00Z"`, "before it starts"},
		`"value": 85`:                       {`"value": 85, "deviceID": "https://county.example/id/point/a/b/rh"`, "belongs in one"},
		`"type": "ObjectEvent"`:             {`"type": "ObjectEvent", "eventID": "ni:///sha-256;00?ver=CBV2.0"`, "not the hash"},
	} {
		if !strings.Contains(good, was) {
			t.Fatalf("the good document has no %s", was)
		}
		if err := Check([]byte(strings.Replace(good, was, c.bad, 1))); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s instead of %s: %v; want it to say %q", c.bad, was, err, c.says)
		}
	}
}

func TestCheckOfWhatIsNoDocument(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"epcisBody": {"eventList": {}}}`, `{"epcisBody": {"eventList": [1]}}`} {
		if err := Check([]byte(text)); err == nil {
			t.Errorf("%q passed", text)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(ownEvent))
	f.Fuzz(func(_ *testing.T, document []byte) { _ = Check(document) })
}
