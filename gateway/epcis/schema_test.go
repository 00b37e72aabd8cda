package epcis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coldchain/gateway/epcis/epcistest"
)

func TestDocumentsAreValidByTheOfficialSchema(t *testing.T) {
	withCode, noExposure, young := story(), story(), story()
	withCode.Codes = map[string]Code{withCode.Batch.ID: {GTIN: "09521234543213", Lot: "L-7"}}
	noExposure.Exposure = nil
	noExposure.Alarms = []Alarm{{Zone: "truck-2/box", Point: "truck-2/box/air", From: at("11:00"), PeakC: 7, LimitC: 4}}
	young.Stays, young.Links, young.Handovers, young.Exposure, young.Verdicts = nil, nil, nil, nil, nil
	for _, file := range epcistest.Schemas() {
		t.Run(filepath.Base(file), func(t *testing.T) {
			schema := epcistest.Official(t, file)
			for name, in := range map[string]Input{"story": story(), "with a GTIN": withCode, "without exposure": noExposure, "only just there": young} {
				_, text := built(t, in)
				if err := schema.Validate(text); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
			// The schema does judge.
			_, text := built(t, story())
			for was, bad := range map[string]string{
				`"bizStep": "storing"`: `"bizStep": "keeping"`, `"disposition": "conformant"`: `"disposition": "fine"`, `"action": "OBSERVE",`: ``,
				`"exception": "ALARM_CONDITION"`: `"exception": "TOO_WARM"`, `"eventTimeZoneOffset": "+08:00"`: `"eventTimeZoneOffset": "8"`,
				`"type": "Temperature"`: `"type": "Warmth"`, `"coldchain:coverage"`: `"coverage"`,
			} {
				if !strings.Contains(string(text), was) {
					t.Fatalf("the document has no %s", was)
				}
				if err := schema.Validate([]byte(strings.Replace(string(text), was, bad, 1))); err == nil {
					t.Errorf("%s instead of %s is valid", bad, was)
				}
			}
		})
	}
}

// What others publish passes our own check: it refuses nothing that is right.
func TestCheckOfPublishedExamples(t *testing.T) {
	files, err := filepath.Glob("../../../shared/epcis/gs1-EPCIS/JSON/*/*.jsonld")
	if err != nil || len(files) == 0 {
		t.Skip("GS1's examples are not here")
	}
	// The ids of most are of a time before the hash was settled, and those with
	// all possible fields have some that exclude each other: of these the check
	// complains, and rightly. It must not of anything else.
	same := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		err = Check(text)
		if err == nil {
			same++
			continue
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.Contains(line, "eventID") && !strings.Contains(file, "all_possible_fields") {
				t.Errorf("%s: %s", filepath.Base(file), line)
			}
		}
	}
	t.Logf("%d of %d files agree to the last id", same, len(files))
}
