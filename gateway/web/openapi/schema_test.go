package openapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Hidden string `json:"-"`
	Name   string `json:"name"`
	secret string
}

type sample struct {
	inner
	Name  string            `json:"name"` // hides inner's
	At    time.Time         `json:"at"`
	Later *time.Time        `json:"later"`
	Left  *float64          `json:"left,omitempty"`
	Many  []inner           `json:"many"`
	By    map[string]uint64 `json:"by"`
	Bytes []byte            `json:"bytes"`
	Self  *sample           `json:"self"`
}

type odd struct{}

func (odd) MarshalJSON() ([]byte, error) { return []byte(`1`), nil }

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestSchemasAreWhatGoWrites(t *testing.T) {
	s := &Schemas{Filled: func(string) bool { return false }}
	if got := text(t, s.Answered(reflect.TypeFor[sample]())); got != `{"$ref":"#/components/schemas/OpenapiSample"}` {
		t.Fatal(got)
	}
	want := `{"properties":{"at":{"format":"date-time","type":"string"},"by":{"additionalProperties":{"minimum":0,"type":"integer"},"type":["object","null"]},` +
		`"bytes":{"contentEncoding":"base64","type":"string"},"later":{"format":"date-time","type":["string","null"]},"left":{"type":"number"},` +
		`"many":{"items":{"$ref":"#/components/schemas/OpenapiInner"},"type":["array","null"]},"name":{"type":"string"},` +
		`"self":{"anyOf":[{"$ref":"#/components/schemas/OpenapiSample"},{"type":"null"}]}},"required":["at","by","bytes","many","name","later","self"],"type":"object"}`
	var a, b any
	if json.Unmarshal([]byte(text(t, s.named["OpenapiSample"])), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		t.Fatal("no JSON")
	}
	sorted(a)
	sorted(b)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got %s\nwant %s", text(t, a), text(t, b))
	}
	if asked := s.Asked(reflect.TypeFor[inner](), "name"); asked["additionalProperties"] != false || text(t, asked["required"]) != `["name"]` {
		t.Error(text(t, asked))
	}
	_ = inner{}.secret
}

// sorted leaves the order of what is required out of it.
func sorted(v any) {
	m := v.(map[string]any)
	set := map[string]any{}
	for _, name := range m["required"].([]any) {
		set[name.(string)] = true
	}
	m["required"] = set
}

func TestWhatCannotBeDescribedMakesNoDocument(t *testing.T) {
	route := func(of reflect.Type) Route {
		return Route{Method: http.MethodGet, Path: "/x", ID: "x", Text: Text{"一", "one"}, Answers: []Answer{{Type: of}}}
	}
	tests := map[string]struct {
		routes []Route
		want   string
	}{
		"writes itself": {[]Route{route(reflect.TypeFor[odd]())}, "writes itself"},
		"no JSON":       {[]Route{route(reflect.TypeFor[chan int]())}, "has no JSON"},
		"twice":         {[]Route{route(reflect.TypeFor[int]()), route(reflect.TypeFor[int]())}, "id of its own"},
		"one language":  {[]Route{{Method: http.MethodGet, Path: "/x", ID: "x", Text: Text{EN: "one"}}}, "both languages"},
		"no such field": {[]Route{{Method: http.MethodPost, Path: "/x", ID: "x", Text: Text{"一", "one"}, Body: &Body{Type: reflect.TypeFor[inner](), Needed: []string{"size"}}}}, "no field size"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := API{Problem: reflect.TypeFor[inner](), Schemas: &Schemas{}, Routes: tt.routes}.Write()
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}
