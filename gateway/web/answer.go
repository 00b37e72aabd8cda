package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"coldchain/gateway/store"
)

// maxBody bounds what a request may send.
const maxBody = 64 << 10

// apiError is an answer that is not a success, in words that say what to do.
type apiError struct {
	Status int    `json:"-"`
	Code   string `json:"code"`
	ZH     string `json:"message_zh"`
	EN     string `json:"message_en"`
}

func (e *apiError) Error() string { return e.Code + ": " + e.EN }

func badInput(zh, en string) error {
	return &apiError{http.StatusBadRequest, "bad-input", zh, en}
}

func notFound(zh, en string) error {
	return &apiError{http.StatusNotFound, "not-found", zh, en}
}

func conflict(zh, en string) error {
	return &apiError{http.StatusConflict, "conflict", zh, en}
}

// apiFunc answers a request with something that becomes JSON, or an error.
type apiFunc func(*http.Request) (any, error)

// api makes a handler of f. Errors that are not apiErrors are logged and shown
// without their text, which may name files or addresses.
func (s *Server) api(f apiFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := f(r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		status := http.StatusOK
		if c, ok := answer.(created); ok {
			status, answer = http.StatusCreated, c.what
		}
		linkNext(w.Header(), r, answer)
		body, err := json.Marshal(answer)
		if err != nil {
			s.fail(w, r, err) // our own types
			return
		}
		if status == http.StatusOK && same(w, r, body) {
			return
		}
		writeBody(w, "application/json; charset=utf-8", status, body)
	})
}

// created marks an answer as 201.
type created struct{ what any }

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		if r.Context().Err() != nil {
			return // nobody is listening any more
		}
		s.opt.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		e = &apiError{http.StatusInternalServerError, "internal",
			"服务器内部出错，请稍后再试；若仍不行，请看采集程序的日志",
			"the server failed; try again, and if it stays so look into the collector's log"}
	}
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeProblem(w, e)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	writeAs(w, "application/json; charset=utf-8", status, v)
}

func writeAs(w http.ResponseWriter, kind string, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // only a programming mistake can bring us here
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message_zh":"服务器内部出错","message_en":"the server failed"}}`)
	}
	writeBody(w, kind, status, body)
}

func writeBody(w http.ResponseWriter, kind string, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

// methods chooses a handler by method; "*" is any. HEAD is answered as GET.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h, ok := m["*"]; ok {
		h.ServeHTTP(w, r)
		return
	}
	if h, ok := m[method]; ok {
		h.ServeHTTP(w, r)
		return
	}
	allow := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	w.Header().Set("Allow", allow)
	writeProblem(w, &apiError{http.StatusMethodNotAllowed, "method-not-allowed", "这个地址只接受 " + allow, "this address takes only " + allow})
}

// readBody decodes a request's JSON strictly: at most maxBody bytes, one
// value, no unknown field. An empty body leaves v as it is when optional.
func readBody(r *http.Request, v any, optional bool) error {
	return readUpTo(maxBody, r, v, optional)
}

// readUpTo is readBody with a bound of its own, in bytes.
func readUpTo(most int, r *http.Request, v any, optional bool) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(most)+1))
	if err != nil {
		return badInput("请求没有收完整，请重发", "the request did not arrive whole; send it again")
	}
	if len(body) > most {
		return &apiError{http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("请求超过 %d KiB", most>>10), fmt.Sprintf("the request is larger than %d KiB", most>>10)}
	}
	if optional && len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return badInput("请求内容不对："+clip(err.Error()), "the request's JSON is not right: "+clip(err.Error()))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badInput("请求里只能有一个 JSON 对象", "the request must hold exactly one JSON object")
	}
	return nil
}

// onlyParams refuses a query parameter that the route does not know, because a
// misspelt one would quietly change the answer.
func onlyParams(r *http.Request, known ...string) error {
	for name, values := range r.URL.Query() {
		if !slices.Contains(known, name) {
			return badInput(fmt.Sprintf("不认识参数 %q（可用：%s）", clip(name), strings.Join(known, "、")),
				fmt.Sprintf("parameter %q is not known (there are: %s)", clip(name), strings.Join(known, ", ")))
		}
		if len(values) > 1 {
			return badInput(fmt.Sprintf("参数 %s 出现了多次", name), fmt.Sprintf("parameter %s is given more than once", name))
		}
	}
	return nil
}

// checkText bounds what people write; the field's name goes into the error.
func checkText(field, text string, max int, needed bool) error {
	switch {
	case needed && strings.TrimSpace(text) == "":
		return badInput(field+" 不能为空", field+" must not be empty")
	case len([]rune(text)) > max:
		return badInput(fmt.Sprintf("%s 最多 %d 个字", field, max), fmt.Sprintf("%s may have at most %d characters", field, max))
	case strings.ContainsFunc(text, unicode.IsControl):
		return badInput(field+" 里有控制字符", field+" holds a control character")
	}
	return nil
}

// clip shortens text that came from outside before it is shown again.
func clip(s string) string {
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}

// stamp is a time as it leaves: RFC 3339, UTC, milliseconds; null when zero.
type stamp time.Time

const stampLayout = "2006-01-02T15:04:05.000Z"

// MarshalJSON implements json.Marshaler.
func (t stamp) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + time.Time(t).UTC().Format(stampLayout) + `"`), nil
}

// parseTime reads an RFC 3339 time from a request.
func parseTime(field, s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, badInput(fmt.Sprintf("%s 不是时间，应写成 2026-11-23T08:00:00Z", field),
			fmt.Sprintf("%s is not a time; write it like 2026-11-23T08:00:00Z", field))
	}
	return t.UTC().Truncate(time.Millisecond), nil
}

// storeError keeps a store that is down apart from one that is broken.
func storeError(err error) error {
	if errors.Is(err, store.ErrTemporary) || errors.Is(err, context.DeadlineExceeded) {
		return &apiError{http.StatusServiceUnavailable, "store-unavailable",
			"历史数据暂时读不出来，当前数值不受影响，请稍后再试",
			"the history cannot be read for now, present values are not affected; try again later"}
	}
	return err
}
