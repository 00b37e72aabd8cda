package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"coldchain/gateway/web"
)

// contract holds real answers against the server's own document. It is stricter
// than the document: a field that is not described is wrong as well.
type contract struct {
	mux      *http.ServeMux // finds the operation of a request
	compiler *jsonschema.Compiler
	document openAPIDocument

	mu      sync.Mutex
	schemas map[string]*jsonschema.Schema
	held    map[string]bool // operations of which a good answer was held
}

type openAPIDocument struct {
	Paths map[string]map[string]operation `json:"paths"`
}

type operation struct {
	OperationID string   `json:"operationId"`
	Responses   contents `json:"responses"`
	RequestBody struct {
		Content map[string]struct{ Schema json.RawMessage }
	} `json:"requestBody"`
}

type contents map[string]struct {
	Content map[string]struct{ Schema json.RawMessage }
}

const documentURL = "https://county.example/openapi.json"

// contracts are shared by all rigs of the package whose documents are the same,
// because to compile schemas takes time.
var contracts sync.Map

func contractOf(s *web.Server) (*contract, error) {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/openapi.json", nil))
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("the document: %d %s", w.Code, w.Body)
	}
	if known, ok := contracts.Load(w.Body.String()); ok {
		return known.(*contract), nil
	}
	c, err := newContract(w.Body.Bytes())
	if err != nil {
		return nil, err
	}
	kept, _ := contracts.LoadOrStore(w.Body.String(), c)
	return kept.(*contract), nil
}

func newContract(document []byte) (*contract, error) {
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	closed(whole)
	c := &contract{mux: http.NewServeMux(), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, held: map[string]bool{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(documentURL, whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document, &c.document); err != nil {
		return nil, err
	}
	for path, operations := range c.document.Paths {
		for method, o := range operations {
			c.mux.Handle(strings.ToUpper(method)+" "+path, found{"/paths/" + escaped(path) + "/" + method, o})
		}
	}
	return c, nil
}

// closed takes a field that is not described for wrong.
func closed(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, said := v["additionalProperties"]; v["type"] == "object" && v["properties"] != nil && !said {
			v["additionalProperties"] = false
		}
		for _, x := range v {
			closed(x)
		}
	case []any:
		for _, x := range v {
			closed(x)
		}
	}
}

func escaped(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

// found is an operation and where it stands in the document.
type found struct {
	at string
	operation
}

func (found) ServeHTTP(http.ResponseWriter, *http.Request) {}

func (c *contract) judge(place string, text []byte) error {
	c.mu.Lock()
	s, ok := c.schemas[place]
	if !ok {
		var err error
		if s, err = c.compiler.Compile(documentURL + "#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(place)); err != nil {
			c.mu.Unlock()
			return err
		}
		c.schemas[place] = s
	}
	c.mu.Unlock()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if err := s.Validate(v); err != nil {
		return fmt.Errorf("%w\n%.600s", err, text)
	}
	return nil
}

// hold returns what an answer, and the request of a good one, have that the
// document does not say. sent is the request's body.
func (c *contract) hold(r *http.Request, sent string, w *httptest.ResponseRecorder) error {
	h, _ := c.mux.Handler(r.Clone(r.Context())) // the other mux has left its own marks in r
	f, ok := h.(found)
	if !ok || r.Method == http.MethodHead || w.Code == http.StatusNotModified {
		return nil // no route of the API, or an answer without a body
	}
	media, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	if w.Code >= 400 {
		if media != "application/problem+json" {
			return fmt.Errorf("%s: an error %d as %s", f.OperationID, w.Code, media)
		}
		return c.judge("/components/responses/Problem/content/application~1problem+json/schema", w.Body.Bytes())
	}
	status := strconv.Itoa(w.Code)
	content, ok := f.Responses[status].Content[media]
	if !ok {
		return fmt.Errorf("%s answers %s as %s, which is not described", f.OperationID, status, media)
	}
	c.mu.Lock()
	c.held[f.OperationID] = true
	c.mu.Unlock()
	if content.Schema == nil {
		return nil // a paper
	}
	body := w.Body.Bytes()
	if err := c.judge(f.at+"/responses/"+status+"/content/"+escaped(media)+"/schema", body); err != nil {
		return fmt.Errorf("%s: %w", f.OperationID, err)
	}
	if _, asked := f.RequestBody.Content["application/json"]; asked && strings.TrimSpace(sent) != "" {
		if err := c.judge(f.at+"/requestBody/content/application~1json/schema", []byte(sent)); err != nil {
			return fmt.Errorf("the request of %s: %w", f.OperationID, err)
		}
	}
	return nil
}
