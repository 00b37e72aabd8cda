package county

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"coldchain/gateway/access"
	"coldchain/gateway/epcis"
	"coldchain/gateway/web"
)

// outsider is a program of somebody who has the county's address, a token and
// /api/v1/openapi.json, and knows operations by their ids. Where parameters go,
// what has to be there and what comes back it reads in the document.
type outsider struct {
	t           *testing.T
	base, token string
	operations  map[string]outsiderOperation
	schemas     *jsonschema.Compiler
}

type outsiderOperation struct {
	method, path, at string
	Parameters       []struct {
		Name, In string
		Required bool
	}
	RequestBody *struct {
		Content map[string]json.RawMessage
	}
	Security  []map[string][]string
	Responses map[string]struct {
		Content map[string]struct{ Schema json.RawMessage }
	}
}

const platformDocument = "https://platform.example/document.json"

func newOutsider(t *testing.T, base, token string) *outsider {
	t.Helper()
	p := &outsider{t: t, base: base, token: token, operations: map[string]outsiderOperation{}, schemas: jsonschema.NewCompiler()}
	res, err := http.Get(base + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = p.schemas.AddResource(platformDocument, whole)
	}
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range document.Paths {
		for method, raw := range methods {
			var o outsiderOperation
			var id struct{ OperationID string }
			if json.Unmarshal(raw, &o) != nil || json.Unmarshal(raw, &id) != nil {
				t.Fatalf("%s %s: %s", method, path, raw)
			}
			o.method, o.path = strings.ToUpper(method), path
			o.at = "/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + method
			p.operations[id.OperationID] = o
		}
	}
	return p
}

func (p *outsider) judge(place string, text []byte) {
	p.t.Helper()
	schema, err := p.schemas.Compile(platformDocument + "#" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(place))
	if err != nil {
		p.t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = schema.Validate(v)
	}
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", place, err, text)
	}
}

// call carries out an operation. given are parameters by name, wherever they go.
func (p *outsider) call(id string, given map[string]string, body map[string]any) (status int, media string, text []byte) {
	p.t.Helper()
	o, ok := p.operations[id]
	if !ok {
		p.t.Fatalf("the document has no operation %s", id)
	}
	path, query, header := o.path, url.Values{}, http.Header{}
	for _, param := range o.Parameters {
		value, ok := given[param.Name]
		if !ok && param.Required {
			p.t.Fatalf("%s needs %s", id, param.Name)
		}
		switch {
		case param.In == "path":
			path = strings.ReplaceAll(path, "{"+param.Name+"}", url.PathEscape(value))
		case ok && param.In == "query":
			query.Set(param.Name, value)
		case ok && param.In == "header":
			header.Set(param.Name, value)
		}
	}
	var sent io.Reader
	if o.RequestBody != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		p.judge(o.at+"/requestBody/content/application~1json/schema", raw)
		sent = bytes.NewReader(raw)
		header.Set("Content-Type", "application/json")
	}
	if slices.ContainsFunc(o.Security, func(s map[string][]string) bool { _, ok := s["token"]; return ok }) {
		header.Set("Authorization", "Bearer "+p.token)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), o.method, p.base+path+"?"+query.Encode(), sent)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err = io.ReadAll(res.Body); err != nil {
		p.t.Fatal(err)
	}
	media, _, _ = strings.Cut(res.Header.Get("Content-Type"), ";")
	if res.StatusCode >= 400 {
		p.judge("/components/responses/Problem/content/application~1problem+json/schema", text)
		return res.StatusCode, media, text
	}
	content, ok := o.Responses[fmt.Sprint(res.StatusCode)].Content[media]
	if !ok {
		p.t.Fatalf("%s answers %d as %s, which the document does not say", id, res.StatusCode, media)
	}
	if content.Schema != nil {
		p.judge(fmt.Sprintf("%s/responses/%d/content/%s/schema", o.at, res.StatusCode, strings.ReplaceAll(media, "/", "~1")), text)
	}
	return res.StatusCode, media, text
}

// get is call of what has to succeed with JSON.
func (p *outsider) get(id string, given map[string]string, into any) {
	p.t.Helper()
	status, _, text := p.call(id, given, nil)
	if status != http.StatusOK {
		p.t.Fatalf("%s: %d %s", id, status, text)
	}
	if err := json.Unmarshal(text, into); err != nil {
		p.t.Fatal(err)
	}
}

// TestATraceabilityPlatformConnectsFromTheDocumentAlone goes through what such a
// platform does, against a whole county.
func TestATraceabilityPlatformConnectsFromTheDocumentAlone(t *testing.T) {
	r := newUseRig(t)
	from := time.Now().UTC().Truncate(time.Minute).Add(-2 * time.Hour)
	r.keep(from, slices.Repeat([]float64{-19}, 60)...)
	for i := range 5 {
		r.must("/api/v1/batches", map[string]any{"id": fmt.Sprint("M", i), "product": "冻羊肉", "profile": "mutton-frozen", "quantity": "100 kg", "owner": "演示牧业合作社", "zone": "centre/mutton", "at": from.Add(time.Duration(i) * time.Minute)})
	}
	r.must("/api/v1/batches/M0/certificates", map[string]any{})
	_, secret, err := r.app.door.MakeToken(t.Context(), web.Actor{Via: "test"},
		web.Token{Name: "platform", Grants: []access.Grant{{Role: access.Manager}}, Until: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	p := newOutsider(t, r.app.URL(), string(secret))

	var batches []string
	for page := map[string]string{"limit": "2"}; ; {
		var list struct {
			Batches []struct{ ID string }
			Next    string
		}
		p.get("listBatches", page, &list)
		for _, b := range list.Batches {
			batches = append(batches, b.ID)
		}
		if list.Next == "" {
			break
		}
		page["cursor"] = list.Next
	}
	if !slices.Equal(batches, []string{"M4", "M3", "M2", "M1", "M0"}) {
		t.Errorf("page by page: %v", batches)
	}

	var went struct {
		Batch string
		Total struct{ Points int }
	}
	p.get("getExposure", map[string]string{"id": "M0"}, &went)
	if went.Batch != "M0" || went.Total.Points != 60 {
		t.Errorf("exposure: %+v", went)
	}
	var certificates struct{ Certificates []struct{ Number string } }
	p.get("listCertificates", map[string]string{"id": "M0"}, &certificates)
	if len(certificates.Certificates) != 1 {
		t.Fatalf("certificates: %+v", certificates)
	}
	status, _, paper := p.call("getCertificate", map[string]string{"number": certificates.Certificates[0].Number, "form": "json"}, nil)
	if status != http.StatusOK || !bytes.Contains(paper, []byte(certificates.Certificates[0].Number)) || !bytes.Contains(paper, []byte(`"document"`)) {
		t.Errorf("certificate: %d %.300s", status, paper)
	}
	status, media, events := p.call("getEPCIS", map[string]string{"id": "M0"}, nil)
	if err := epcis.Check(events); status != http.StatusOK || media != "application/ld+json" || err != nil {
		t.Errorf("EPCIS: %d %s %v", status, media, err)
	}

	booking := map[string]any{"id": "PLATFORM-1", "product": "冻羊肉", "profile": "mutton-frozen", "zone": "centre/mutton", "actor": "trace-platform"}
	for range 2 { // the answer may have been lost: the key makes it one
		status, _, text := p.call("createBatch", map[string]string{"Idempotency-Key": "platform-1"}, booking)
		if status != http.StatusCreated {
			t.Fatalf("booking: %d %s", status, text)
		}
	}
	var booked struct{ Batch struct{ Zone string } }
	p.get("getBatch", map[string]string{"id": "PLATFORM-1"}, &booked)
	if booked.Batch.Zone != "centre/mutton" {
		t.Errorf("%+v", booked)
	}
	if status, _, text := p.call("getBatch", map[string]string{"id": "NOBODY"}, nil); status != http.StatusNotFound || !bytes.Contains(text, []byte(`"not-found"`)) {
		t.Errorf("%d %s", status, text)
	}
}
