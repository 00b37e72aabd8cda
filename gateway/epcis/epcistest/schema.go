// Package epcistest holds documents against the official EPCIS schemas. They are
// GS1's and no open source: they are looked for beside the project, and a test
// without them is skipped and says so.
package epcistest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/dlclark/regexp2"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schemas are the official schemas' names.
func Schemas() []string {
	return []string{
		"gs1-EPCIS/EPCIS-JSON-Schema.json",            // 2.0.0
		"openepcis-validation/epcis-json-schema.json", // 2.0.1
	}
}

// Schema judges documents.
type Schema struct{ compiled *jsonschema.Schema }

// Official compiles one of Schemas, or skips the test where it is not there.
func Official(t testing.TB, name string) Schema {
	t.Helper()
	file := filepath.Join(root(t), "..", "shared", "epcis", name)
	if _, err := os.Stat(file); err != nil {
		t.Skip("the official schema is not here: ", name)
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(compilePerl)
	c.AssertFormat()
	schema, err := c.Compile(file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return Schema{schema}
}

// Validate returns what the schema finds wrong.
func (s Schema) Validate(document []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	return s.compiled.Validate(v)
}

// root is the folder of the module, above the package that is tested.
func root(t testing.TB) string {
	t.Helper()
	at, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		up := filepath.Dir(at)
		if up == at {
			t.Fatal("no go.mod above the test")
		}
		at = up
	}
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
