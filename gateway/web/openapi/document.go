package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Text is in two languages.
type Text struct{ ZH, EN string }

// Param is a parameter of the path, the query or a header.
type Param struct {
	Name   string
	In     string // query (default), path or header
	Text   Text
	Needed bool
	Schema Schema // default: a string
}

// Answer is one way to answer.
type Answer struct {
	Status int            // default 200
	Type   reflect.Type   // of JSON; nil: by Media alone
	OneOf  []reflect.Type // instead of Type
	Media  []string       // default application/json
	Text   Text
}

// Body is what a request sends.
type Body struct {
	Type   reflect.Type // of JSON; nil: by Media alone
	Needed []string     // fields that have to be there
	Schema Schema       // instead of Type
	Media  string       // default application/json
	// Optional: the body may be left out.
	Optional bool
}

// Route describes one operation.
type Route struct {
	Method, Path string // the path as net/http's ServeMux has it
	ID           string // operationId
	Tag          string
	Text         Text // what it does, in a sentence
	Params       []Param
	Body         *Body
	Answers      []Answer // good ones
	Errors       []int    // beside those that every route has
	Open         bool     // for everybody: no session and no token
	// Scopes are the roles that may use it, for people and programs alike.
	Scopes []string
}

// API is all that a document tells.
type API struct {
	Title, Version string
	Text           Text
	Server         string // address that paths are added to; "/" when it is who serves the document
	Cookies        []string
	Tags           map[string]Text
	Problem        reflect.Type // of every error
	Schemas        *Schemas
	Routes         []Route
}

var braces = regexp.MustCompile(`\{([a-z]+)\}`)

// Write writes the document. The error names what is described wrongly.
func (a API) Write() ([]byte, error) {
	paths, ids := map[string]map[string]any{}, map[string]bool{}
	problem := a.Schemas.Answered(a.Problem)
	for _, r := range a.Routes {
		if ids[r.ID] || r.ID == "" || r.Text.ZH == "" || r.Text.EN == "" {
			return nil, fmt.Errorf("openapi: %s %s needs an id of its own and a text in both languages", r.Method, r.Path)
		}
		ids[r.ID] = true
		if paths[r.Path] == nil {
			paths[r.Path] = map[string]any{}
		}
		paths[r.Path][strings.ToLower(r.Method)] = a.operation(r)
	}
	tags := []any{}
	for _, name := range slices.Sorted(mapKeys(a.Tags)) {
		tags = append(tags, map[string]any{"name": name, "description": a.Tags[name].EN, "x-zh": a.Tags[name].ZH})
	}
	security := map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer",
		"description": "A token of POST /api/v1/tokens, with roles (scopes), sites and an end.", "x-zh": "口令，由管理员在“用户”页或用 POST /api/v1/tokens 发给程序"}}
	for i, cookie := range a.Cookies {
		security["session"+strconv.Itoa(i+1)] = map[string]any{"type": "apiKey", "in": "cookie", "name": cookie,
			"description": "The session of whoever signed in by POST /api/v1/session.", "x-zh": "登录后的会话 Cookie"}
	}
	document := map[string]any{
		"openapi": "3.1.0",
		"info":    map[string]any{"title": a.Title, "version": a.Version, "description": a.Text.EN, "x-zh": a.Text.ZH},
		"servers": []any{map[string]any{"url": a.Server}},
		"tags":    tags, "paths": paths,
		"components": map[string]any{
			"securitySchemes": security,
			"responses": map[string]any{"Problem": map[string]any{"description": "What is wrong and what to do, as RFC 9457 has it; `code` is for programs.",
				"x-zh": "哪里不对、该怎么办（RFC 9457）；code 供程序判断", "content": map[string]any{"application/problem+json": map[string]any{"schema": problem}}}},
			"schemas": a.Schemas.named,
		},
	}
	if a.Schemas.fault != nil {
		return nil, fmt.Errorf("openapi: %w", a.Schemas.fault)
	}
	return json.Marshal(document)
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func (a API) operation(r Route) map[string]any {
	out := map[string]any{"operationId": r.ID, "tags": []string{r.Tag}, "summary": r.Text.EN, "x-summary-zh": r.Text.ZH}
	if params := parametersOf(r); len(params) > 0 {
		out["parameters"] = params
	}
	if b := r.Body; b != nil {
		schema, media := b.Schema, b.Media
		if b.Type != nil {
			schema = a.Schemas.Asked(b.Type, b.Needed...)
		}
		if media == "" {
			media = "application/json"
		}
		out["requestBody"] = map[string]any{"required": !b.Optional, "content": map[string]any{media: map[string]any{"schema": schema}}}
	}
	answers := map[string]any{}
	for _, answer := range r.Answers {
		status := answer.Status
		if status == 0 {
			status = http.StatusOK
		}
		answers[strconv.Itoa(status)] = a.answer(r, answer)
	}
	errors := append([]int{http.StatusBadRequest, http.StatusTooManyRequests}, r.Errors...)
	if !r.Open {
		errors = append(errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	if braces.MatchString(r.Path) {
		errors = append(errors, http.StatusNotFound)
	}
	for _, status := range errors {
		answers[strconv.Itoa(status)] = map[string]any{"$ref": "#/components/responses/Problem"}
	}
	answers["default"] = map[string]any{"$ref": "#/components/responses/Problem"}
	out["responses"] = answers
	security := []any{}
	if !r.Open {
		scopes := append([]string{}, r.Scopes...)
		for i := range a.Cookies {
			security = append(security, map[string]any{"session" + strconv.Itoa(i+1): scopes})
		}
		security = append(security, map[string]any{"token": scopes})
	}
	out["security"] = security
	return out
}

func (a API) answer(r Route, answer Answer) map[string]any {
	text := answer.Text
	if text.EN == "" {
		text = r.Text
	}
	var schema Schema
	if answer.Type != nil {
		schema = a.Schemas.Answered(answer.Type)
	}
	if len(answer.OneOf) > 0 {
		any := []Schema{}
		for _, t := range answer.OneOf {
			any = append(any, a.Schemas.Answered(t))
		}
		schema = Schema{"anyOf": any}
	}
	media := answer.Media
	if len(media) == 0 {
		media = []string{"application/json"}
	}
	if answer.Status == http.StatusNotModified {
		return map[string]any{"description": text.EN, "x-zh": text.ZH}
	}
	content := map[string]any{}
	for _, m := range media {
		one := map[string]any{}
		if schema != nil {
			one["schema"] = schema
		}
		content[m] = one
	}
	return map[string]any{"description": text.EN, "x-zh": text.ZH, "content": content}
}

func parametersOf(r Route) []any {
	out := []any{}
	said := map[string]bool{}
	add := func(p Param) {
		in, schema := p.In, p.Schema
		if in == "" {
			in = "query"
		}
		if schema == nil {
			schema = Schema{"type": "string"}
		}
		said[in+p.Name] = true
		out = append(out, map[string]any{"name": p.Name, "in": in, "required": p.Needed || in == "path", "description": p.Text.EN, "x-zh": p.Text.ZH, "schema": schema})
	}
	for _, p := range r.Params {
		add(p)
	}
	for _, m := range braces.FindAllStringSubmatch(r.Path, -1) {
		if !said["path"+m[1]] {
			add(Param{Name: m[1], In: "path"})
		}
	}
	return out
}
