package openapi

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page.html
var pageText string

// Page is a document for people, as one HTML page without a script.
type Page struct {
	parsed   document
	template *template.Template
}

// Example is a command to try.
type Example struct {
	Text    Text
	Command string
}

type document struct {
	Info struct {
		Title, Description string
		ZH                 string `json:"x-zh"`
	}
	Tags []struct {
		Name, Description string
		ZH                string `json:"x-zh"`
	}
	Paths      map[string]map[string]pageOperation
	Components struct{ Schemas map[string]pageSchema }
}

type pageOperation struct {
	Method, Path string // where it stands
	OperationID  string
	Tags         []string
	Summary      string
	ZH           string `json:"x-summary-zh"`
	Parameters   []struct {
		Name, In, Description string
		Required              bool
		ZH                    string `json:"x-zh"`
	}
	RequestBody *struct {
		Content map[string]struct{ Schema pageSchema }
	}
	Responses map[string]struct {
		Ref     string `json:"$ref"`
		Content map[string]struct{ Schema pageSchema }
	}
	Security []map[string][]string
}

// Roles are those who may use it; nil: everybody.
func (o pageOperation) Roles() []string {
	for _, s := range o.Security {
		for _, roles := range s {
			return roles
		}
	}
	return nil
}

type pageSchema struct {
	Ref        string `json:"$ref"`
	Type       any
	Properties map[string]pageSchema
	Required   []string
	Items      *pageSchema
	AnyOf      []pageSchema
	Enum       []string
}

// Name is the schema that it refers to, somewhere; empty: none.
func (s pageSchema) Name() string {
	if s.Ref != "" {
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	}
	for _, x := range s.AnyOf {
		if n := x.Name(); n != "" {
			return n
		}
	}
	if s.Items != nil {
		return s.Items.Name()
	}
	return ""
}

// Kind is what it is in a word or two.
func (s pageSchema) Kind() string {
	switch kind := s.Type.(type) {
	case string:
		if len(s.Enum) > 0 {
			return strings.Join(s.Enum, " | ")
		}
		return kind
	case []any:
		words := make([]string, len(kind))
		for i, k := range kind {
			words[i] = fmt.Sprint(k)
		}
		return strings.Join(words, " | ")
	}
	return ""
}

// Needs reports whether a field has to be there, or always is.
func (s pageSchema) Needs(field string) bool { return slices.Contains(s.Required, field) }

// NewPage prepares the page of a document that Write has made.
func NewPage(text []byte) (Page, error) {
	var p Page
	if err := json.Unmarshal(text, &p.parsed); err != nil {
		return p, fmt.Errorf("openapi: read the document again: %w", err)
	}
	var err error
	p.template, err = template.New("page").Parse(pageText)
	return p, err
}

type pageChapter struct {
	Name, Title string
	Operations  []pageOperation
}

// Write writes the page in a language, zh or en. nonce goes into its style.
func (p Page) Write(w io.Writer, lang, nonce string, examples []Example) error {
	chapters := []pageChapter{}
	for _, tag := range p.parsed.Tags {
		c := pageChapter{Name: tag.Name, Title: tag.Description}
		if lang == "zh" {
			c.Title = tag.ZH
		}
		for path, methods := range p.parsed.Paths {
			for method, o := range methods {
				if slices.Contains(o.Tags, tag.Name) {
					o.Method, o.Path = strings.ToUpper(method), path
					c.Operations = append(c.Operations, o)
				}
			}
		}
		slices.SortFunc(c.Operations, func(a, b pageOperation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		chapters = append(chapters, c)
	}
	return p.template.Execute(w, map[string]any{"ZH": lang == "zh", "Nonce": nonce, "Info": p.parsed.Info, "Chapters": chapters,
		"Schemas": p.parsed.Components.Schemas, "Examples": examples})
}
