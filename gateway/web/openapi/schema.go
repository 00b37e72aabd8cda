package openapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Schema is a JSON Schema of draft 2020-12, the one that OpenAPI 3.1 uses.
type Schema map[string]any

// Schemas makes schemas of Go types as encoding/json reads and writes them, and
// keeps those of named structs.
type Schemas struct {
	// Known are types that write themselves, and those with a better schema than
	// their Go type tells.
	Known map[reflect.Type]Schema
	// Filled tells of whose structs a list or a map is never null.
	Filled func(pkg string) bool

	named map[string]Schema
	names map[reflect.Type]string
	fault error
}

// Answered is the schema of what is written from a type.
func (s *Schemas) Answered(t reflect.Type) Schema { return s.of(t, false, true) }

// Asked is the schema of what is read into a type: nothing is needed but what the
// route says, and no other field is taken.
func (s *Schemas) Asked(t reflect.Type, needed ...string) Schema {
	out := s.object(t, true)
	for _, field := range needed {
		if _, there := out["properties"].(map[string]any)[field]; !there {
			s.fail(fmt.Errorf("%s has no field %s", t, field))
		}
	}
	if len(needed) > 0 {
		out["required"] = needed
	}
	return out
}

func (s *Schemas) fail(err error) {
	if s.fault == nil {
		s.fault = err
	}
}

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	moment        = reflect.TypeFor[time.Time]()
)

func (s *Schemas) of(t reflect.Type, asked, filled bool) Schema {
	if known, ok := s.Known[t]; ok {
		return maps.Clone(known)
	}
	switch {
	case t == moment:
		return Schema{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return nullable(s.of(t.Elem(), asked, filled))
	case t.Implements(textMarshaler):
		return Schema{"type": "string"}
	case t.Implements(marshaler):
		s.fail(fmt.Errorf("%s writes itself: say how in Schemas.Known", t))
	}
	switch t.Kind() {
	case reflect.Bool:
		return Schema{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Schema{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Schema{"type": "integer", "minimum": 0}
	case reflect.Float32, reflect.Float64:
		return Schema{"type": "number"}
	case reflect.String:
		return Schema{"type": "string"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Kind() == reflect.Slice {
			return Schema{"type": "string", "contentEncoding": "base64"}
		}
		list := Schema{"type": "array", "items": s.of(t.Elem(), asked, filled)}
		if !filled && t.Kind() == reflect.Slice {
			return nullable(list)
		}
		return list
	case reflect.Map:
		table := Schema{"type": "object", "additionalProperties": s.of(t.Elem(), asked, filled)}
		if !filled {
			return nullable(table)
		}
		return table
	case reflect.Struct:
		return s.reference(t, asked)
	case reflect.Interface:
		return Schema{}
	}
	s.fail(fmt.Errorf("%s has no JSON", t))
	return Schema{}
}

// nullable is a schema that also takes null.
func nullable(s Schema) Schema {
	switch kind := s["type"].(type) {
	case string:
		s["type"] = []string{kind, "null"}
		return s
	case []string:
		return s
	}
	if len(s) == 0 {
		return s
	}
	return Schema{"anyOf": []Schema{s, {"type": "null"}}}
}

// reference names a struct's schema, or writes an unnamed one where it stands.
func (s *Schemas) reference(t reflect.Type, asked bool) Schema {
	if t.Name() == "" || asked { // what is asked has no null and no other field: a schema of its own
		return s.object(t, asked)
	}
	name, ok := s.names[t]
	if !ok {
		name = s.name(t)
		if s.names == nil {
			s.names, s.named = map[reflect.Type]string{}, map[string]Schema{}
		}
		s.names[t] = name
		s.named[name] = nil // a type may hold itself
		s.named[name] = s.object(t, false)
	}
	return Schema{"$ref": "#/components/schemas/" + name}
}

func (s *Schemas) name(t reflect.Type) string {
	pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
	name := strings.TrimSuffix(t.Name(), "JSON")
	name = strings.ToUpper(name[:1]) + name[1:]
	if s.Filled == nil || !s.Filled(t.PkgPath()) {
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	for _, taken := s.named[name]; taken; _, taken = s.named[name] {
		name += "_"
	}
	return name
}

// object is a struct's schema, with the fields of those that it embeds.
func (s *Schemas) object(t reflect.Type, asked bool) Schema {
	properties, required := map[string]any{}, []string{}
	filled := s.Filled == nil || s.Filled(t.PkgPath()) || t.PkgPath() == ""
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if _, known := s.Known[f.Type]; f.Anonymous && name == "" && !known && f.Type.Kind() == reflect.Struct {
			inner := s.object(f.Type, asked)
			for field, schema := range inner["properties"].(map[string]any) {
				if _, hidden := properties[field]; !hidden {
					properties[field] = schema
				}
			}
			more, _ := inner["required"].([]string)
			required = append(required, more...)
			continue
		}
		if name == "" {
			name = f.Name
		}
		schema := s.of(f.Type, asked, filled)
		optional := slices.ContainsFunc(strings.Split(options, ","), func(o string) bool { return o == "omitempty" || o == "omitzero" })
		if optional && (f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map) {
			schema = s.of(f.Type, asked, true) // left out when there is none
		}
		if optional && f.Type.Kind() == reflect.Pointer {
			schema = s.of(f.Type.Elem(), asked, filled)
		}
		properties[name] = schema
		if !optional {
			required = append(required, name)
		}
	}
	out := Schema{"type": "object", "properties": properties}
	if asked {
		out["additionalProperties"] = false
		return out
	}
	if slices.Sort(required); len(required) > 0 {
		out["required"] = slices.Compact(required)
	}
	return out
}
