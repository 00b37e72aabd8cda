package epcis

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The official schemas, when they are there. GS1's is not open source: it is
// tested against and not copied.
var schemas = []string{
	"../../../shared/epcis/gs1-EPCIS/EPCIS-JSON-Schema.json",            // 2.0.0
	"../../../shared/epcis/openepcis-validation/epcis-json-schema.json", // 2.0.1
}

// perl compiles the schema's patterns, which look ahead: Go's own do not.
type perl struct{ *regexp2.Regexp }

func (p perl) MatchString(s string) bool {
	ok, err := p.Regexp.MatchString(s)
	return ok && err == nil
}

func compilePerl(pattern string) (jsonschema.Regexp, error) {
	re, err := regexp2.Compile(pattern, regexp2.ECMAScript)
	if err != nil {
		return nil, err
	}
	return perl{re}, nil
}

func officialSchema(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	if _, err := os.Stat(file); err != nil {
		t.Skip("the official schema is not here: ", file)
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(compilePerl)
	c.AssertFormat()
	schema, err := c.Compile(file)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, document []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func TestDocumentsAreValidByTheOfficialSchema(t *testing.T) {
	withCode, noExposure, young := story(), story(), story()
	withCode.Codes = map[string]Code{withCode.Batch.ID: {GTIN: "09521234543213", Lot: "L-7"}}
	noExposure.Exposure = nil
	noExposure.Alarms = []Alarm{{Zone: "truck-2/box", Point: "truck-2/box/air", From: at("11:00"), PeakC: 7, LimitC: 4}}
	young.Stays, young.Links, young.Handovers, young.Exposure, young.Verdicts = nil, nil, nil, nil, nil
	for _, file := range schemas {
		t.Run(filepath.Base(file), func(t *testing.T) {
			schema := officialSchema(t, file)
			for name, in := range map[string]Input{"story": story(), "with a GTIN": withCode, "without exposure": noExposure, "only just there": young} {
				_, text := built(t, in)
				if err := validate(schema, text); err != nil {
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
				if err := validate(schema, []byte(strings.Replace(string(text), was, bad, 1))); err == nil {
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
