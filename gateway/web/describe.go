package web

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"coldchain/alerting/batch"
	"coldchain/gateway/access"
	"coldchain/gateway/pin"
	"coldchain/gateway/web/openapi"
)

// knownTypes are those whose JSON is more, or other, than their Go type tells.
func knownTypes() map[reflect.Type]openapi.Schema {
	words := func(all ...string) openapi.Schema { return openapi.Schema{"type": "string", "enum": all} }
	return map[reflect.Type]openapi.Schema{
		typ[stamp]():           {"type": []string{"string", "null"}, "format": "date-time"},
		typ[maySites]():        {"type": []string{"array", "null"}, "items": openapi.Schema{"type": "string"}},
		typ[curve]():           {"type": []string{"array", "null"}, "items": openapi.Schema{"type": []string{"number", "null"}}},
		typ[json.RawMessage](): {"description": "Any JSON."},
		typ[pin.PIN]():         {"type": "string", "description": "Four digits; needed where the actor is a person of the roster."},
		typ[access.Password](): {"type": "string", "maxLength": 1000},
		typ[PointStatus]():     words(string(PointOK), string(PointOut), string(PointUnknown), string(PointFault)),
		typ[batch.Decision](): words("", string(batch.Undecided), string(batch.OnHold), string(batch.Released),
			string(batch.PartiallyReleased), string(batch.Rejected)),
	}
}

// problemJSON is an error as RFC 9457 has it; error is the same in the form of
// before, which the page reads.
type problemJSON struct {
	Type     string   `json:"type"` // about:blank: code tells more
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Detail   string   `json:"detail"`
	DetailZH string   `json:"detail_zh"`
	Code     string   `json:"code"`
	Error    apiError `json:"error"`
}

// writeProblem answers with an error.
func writeProblem(w http.ResponseWriter, e *apiError) {
	writeAs(w, "application/problem+json", e.Status, problemJSON{"about:blank", http.StatusText(e.Status), e.Status, e.EN, e.ZH, e.Code, *e})
}

// describe writes the document of the server's routes, once.
func (s *Server) describe() error {
	text, err := s.written(s.has)
	if err != nil {
		return fmt.Errorf("web: describe the API: %w", err)
	}
	s.openAPI, err = newFile("openapi.json", text)
	s.openAPI.kind = "application/json; charset=utf-8"
	if err != nil {
		return err
	}
	s.apiPage, err = openapi.NewPage(text)
	return err
}

// showDocument is the document for people, at /api.
func (s *Server) showDocument(w http.ResponseWriter, r *http.Request) {
	lang := r.URL.Query().Get("lang")
	if lang == "" && strings.HasPrefix(r.Header.Get("Accept-Language"), "en") {
		lang = "en"
	}
	if lang != "en" {
		lang = "zh"
	}
	if err := onlyParams(r, "lang"); err != nil {
		s.fail(w, r, err)
		return
	}
	var out bytes.Buffer
	nonce := rand.Text()
	if err := s.apiPage.Write(&out, lang, nonce, examples(s.address(r))); err != nil {
		s.fail(w, r, fmt.Errorf("the page of the API: %w", err))
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(out.Bytes()) // who goes away in the middle has been told by his own side
}

// examples are commands that work where the server is reached at an address.
func examples(at string) []openapi.Example {
	curl := func(rest string) string {
		return `curl -sS --fail-with-body -H "Authorization: Bearer $TOKEN" ` + strings.ReplaceAll(rest, "@", at+"/api/v1")
	}
	return []openapi.Example{
		{Text: openapi.Text{ZH: "批次，每页 20 条", EN: "Batches, 20 on a page"}, Command: curl(`'@/batches?limit=20'`)},
		{Text: openapi.Text{ZH: "需要人处理的报警", EN: "Alarms that need somebody"}, Command: curl(`'@/alarms?state=open'`)},
		{Text: openapi.Text{ZH: "库区现在怎样", EN: "Zones as they are now"}, Command: curl(`'@/zones?sparkline=0'`)},
		{Text: openapi.Text{ZH: "登记一个批次（把库区换成您的）", EN: "Book a batch in (with a zone of yours)"}, Command: curl(`-H 'Content-Type: application/json' -H 'Idempotency-Key: example-1' \
  --data '{"id":"EXAMPLE-1","product":"冻羊肉","zone":"balagong/mutton-1","actor":"example"}' '@/batches'`)},
	}
}

func (s *Server) giveDocument(w http.ResponseWriter, r *http.Request) {
	if err := onlyParams(r); err != nil {
		s.fail(w, r, err)
		return
	}
	s.openAPI.write(w, r)
}

// written is the OpenAPI document of the routes that a server has, as
// "METHOD /pattern".
func (s *Server) written(has []string) ([]byte, error) {
	api := openapi.API{Title: "Cold chain gateway", Version: "1", Server: "/", Cookies: []string{sessionCookie, secureSessionCookie}, Problem: typ[problemJSON](),
		Text:    openapi.Text{ZH: "一个旗县的冷链：库房、车辆、批次、报警与证明。时间为 UTC（RFC 3339），温度为 °C。", EN: "The cold chain of one county: rooms, trucks, batches, alarms and certificates. Times are UTC (RFC 3339), temperatures °C."},
		Tags:    describedTags(),
		Schemas: &openapi.Schemas{Known: knownTypes(), Filled: func(pkg string) bool { return pkg == typ[Server]().PkgPath() }}}
	for _, d := range describedRoutes() {
		method, path, _ := strings.Cut(d.route, " ")
		path = "/api/v1" + path
		if slices.Contains(has, method+" "+path) {
			api.Routes = append(api.Routes, d.of(method, path))
		}
	}
	return api.Write()
}

func (d described) of(method, path string) openapi.Route {
	rule, _ := access.Find(method, path) // a server has no route without one
	r := openapi.Route{Method: method, Path: path, ID: d.id, Tag: tagOf(path), Text: openapi.Text{ZH: d.zh, EN: d.en}, Open: rule.Open}
	for _, role := range rule.Roles {
		r.Scopes = append(r.Scopes, string(role))
	}
	for name := range strings.FieldsSeq(d.params) {
		name, needed := strings.CutSuffix(name, "!")
		p := parameters()[name]
		p.Name, p.Needed = name, needed
		r.Params = append(r.Params, p)
	}
	if keyed(method, path) {
		r.Params = append(r.Params, openapi.Param{Name: "Idempotency-Key", In: "header", Needed: true, Schema: openapi.Schema{"type": "string", "minLength": 1, "maxLength": 100},
			Text: openapi.Text{ZH: "不重复的编号；重发时保持不变", EN: "Unique; keep it when the request is sent again"}})
		r.Errors = append(r.Errors, http.StatusConflict)
	}
	switch {
	case d.in != nil:
		r.Body = &openapi.Body{Type: d.in, Needed: strings.Fields(d.needs), Optional: d.in == typ[acknowledgeInput]()}
	case d.id == "sendFile":
		r.Body = &openapi.Body{Media: "application/octet-stream", Schema: openapi.Schema{}}
	case d.id == "importBatches":
		r.Body = formOf("actor file", "actor", "pin", "check")
	case d.id == "attachLogger":
		r.Body = formOf("", "actor", "pin", "check", "from", "to", "method", "unit", "zone", "dates", "column", "encoding", "replaces", "reason")
		r.Answers = append(r.Answers, openapi.Answer{Type: typ[loggerAnswer]()})
		r.Errors = append(r.Errors, http.StatusUnprocessableEntity)
	}
	a := openapi.Answer{Type: d.out, Media: strings.Fields(d.media), Status: http.StatusOK}
	if d.out == typ[rawAnswer]() {
		a.Type, a.OneOf = nil, []reflect.Type{typ[rawAnswer](), typ[envelopeAnswer]()}
	}
	if makes(method, path) {
		a.Status = http.StatusCreated
	}
	r.Answers = append(r.Answers, a)
	if method == http.MethodGet && d.out != nil {
		r.Answers = append(r.Answers, openapi.Answer{Status: http.StatusNotModified, Text: openapi.Text{ZH: "与 If-None-Match 所指的相同", EN: "The same as If-None-Match names"}})
	}
	return r
}

// formOf is a form of texts with a file.
func formOf(needed string, texts ...string) *openapi.Body {
	fields := map[string]any{"file": openapi.Schema{"type": "string", "contentMediaType": "application/octet-stream"}}
	for _, name := range texts {
		fields[name] = openapi.Schema{"type": "string"}
	}
	schema := openapi.Schema{"type": "object", "properties": fields}
	if needed != "" {
		schema["required"] = strings.Fields(needed)
	}
	return &openapi.Body{Media: "multipart/form-data", Schema: schema}
}

// keyed reports whether a request is repeated safely under a key, which it needs.
func keyed(method, path string) bool {
	part := partOf(path)
	return method == "POST" && (part == "batches" || part == "derivations" || part == "temperatures" || part == "import")
}

// makes reports whether a route's good answer is 201.
func makes(method, path string) bool {
	switch partOf(path) {
	case "alarms", "trucks", "reports", "import":
		return false
	}
	return method == "POST" && path != "/api/v1/users/{id}/password"
}

func partOf(path string) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	return part
}

// tagOf is the chapter of a route.
func tagOf(path string) string {
	switch partOf(path) {
	case "alarms", "queue", "closing-words":
		return "alarms"
	case "batches", "derivations", "temperatures", "files", "import":
		return "batches"
	case "certificates", "keys", "reports", "inspections-links":
		return "papers"
	case "people", "drills", "channels", "outages", "disuses", "usage", "trucks", "contacts":
		return "people"
	case "session", "users", "sessions", "tokens", "devices":
		return "access"
	}
	return "present"
}

func describedTags() map[string]openapi.Text {
	return map[string]openapi.Text{
		"present": {ZH: "现在与过去", EN: "What is true now, and was"}, "alarms": {ZH: "报警", EN: "Alarms"}, "batches": {ZH: "批次", EN: "Batches"},
		"papers": {ZH: "证明与报表", EN: "Papers"}, "people": {ZH: "人员与停用", EN: "People, and what is out of use"}, "access": {ZH: "登录与口令", EN: "Signing in"},
	}
}

// parameters are those of queries, by name.
func parameters() map[string]openapi.Param {
	type text = openapi.Text
	word := func(all ...string) openapi.Schema { return openapi.Schema{"type": "string", "enum": all} }
	number := func(most int) openapi.Schema {
		return openapi.Schema{"type": "integer", "minimum": 1, "maximum": most}
	}
	moment := openapi.Schema{"type": "string", "format": "date-time"}
	return map[string]openapi.Param{
		"limit":     {Text: text{ZH: "最多几条", EN: "At most so many"}, Schema: number(maxList)},
		"cursor":    {Text: text{ZH: "上一页答复里的 next", EN: "`next` of the page before"}},
		"sparkline": {Text: text{ZH: "0：不要 24 小时曲线", EN: "0: without curves of 24 h"}, Schema: word("0", "1")},
		"zone":      {Text: text{ZH: "库区，写成 站点/库区", EN: "A zone, as site/zone"}},
		"site":      {Text: text{ZH: "站点", EN: "A site"}},
		"batch":     {Text: text{ZH: "批次号", EN: "A batch's id"}},
		"short":     {Text: text{ZH: "标签上的六位数字", EN: "The six digits of a label"}, Schema: openapi.Schema{"type": "string", "pattern": "^[0-9]{6}$"}},
		"truck":     {Text: text{ZH: "车辆", EN: "A truck"}},
		"trip":      {Text: text{ZH: "行程号，用于 trip 和 load", EN: "A trip's id, of the reports trip and load"}},
		"open":      {Text: text{ZH: "true：还在路上的；false：已结束的", EN: "true: that go on; false: that are over"}, Schema: word("true", "false")},
		"before":    {Text: text{ZH: "上一次答复里的 next", EN: "`next` of the answer before"}, Schema: openapi.Schema{"type": "integer", "minimum": 1}},
		"who":       {Text: text{ZH: "谁，或其中一部分", EN: "Who, or a part of it"}},
		"action":    {Text: text{ZH: "做了什么，从头写起，如 batch.", EN: "The beginning of what was done, such as batch."}},
		"object":    {Text: text{ZH: "对什么，或其中一部分", EN: "To what, or a part of it"}},
		"point":     {Text: text{ZH: "测点，写成 站点/库区/测点", EN: "A point, as site/zone/point"}},
		"from":      {Text: text{ZH: "从何时起", EN: "From when"}, Schema: moment},
		"to":        {Text: text{ZH: "到何时止", EN: "Until when"}, Schema: moment},
		"buckets":   {Text: text{ZH: "分成几桶；不写则为原始读数", EN: "In how many buckets; without it raw readings"}, Schema: number(maxBuckets)},
		"state":     {Text: text{ZH: "open：还需要人处理的", EN: "open: those that need somebody"}, Schema: word("open", "all")},
		"search":    {Text: text{ZH: "批次号、品名、货主的一部分，或编码", EN: "Part of id, product or owner, or a code"}},
		"verdict": {Text: text{ZH: "现行判定", EN: "The verdict in force"}, Schema: word(string(batch.Undecided), string(batch.OnHold),
			string(batch.Released), string(batch.PartiallyReleased), string(batch.Rejected))},
		"alarms": {Text: text{ZH: "有未了报警的，或出现过超限的", EN: "With an open alarm, or with an excursion"}, Schema: word("open", "excursion")},
		"date":   {Text: text{ZH: "报表期内的一天", EN: "A day of the period"}, Schema: openapi.Schema{"type": "string", "format": "date"}},
		"format": {Text: text{ZH: "格式", EN: "The form"}},
		"lang":   {Text: text{ZH: "语言", EN: "The language"}, Schema: word("zh", "en")},
	}
}
