package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"coldchain/alerting/duty"
)

// AnswerLink is the path and query by which one message can be answered until a
// moment without signing in. Whoever holds it can answer that message and
// nothing else.
func AnswerLink(key []byte, message string, expires time.Time) string {
	e := strconv.FormatInt(expires.Unix(), 10)
	return "/answer?" + url.Values{"m": {message}, "e": {e}, "s": {hex.EncodeToString(linkSum(key, message, e))}}.Encode()
}

func linkSum(key []byte, message, expires string) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "answer\n%d\n%s\n%s", len(message), message, expires) // never fails
	return h.Sum(nil)
}

// link is what a request to /answer holds.
type link struct{ message, expires, sum string }

func (l link) query() string {
	return url.Values{"m": {l.message}, "e": {l.expires}, "s": {l.sum}}.Encode()
}

// check verifies the signature, in constant time, and then the time.
func (s *Server) check(l link) error {
	sum, err := hex.DecodeString(l.sum)
	if err != nil || len(l.message) > 400 || len(l.expires) > 20 || !hmac.Equal(sum, linkSum(s.opt.AnswerKey, l.message, l.expires)) {
		return &apiError{http.StatusForbidden, "bad-link", "这个链接不完整或不对，请从短信里重新打开", "this link is not whole or not right; open it again from the message"}
	}
	e, err := strconv.ParseInt(l.expires, 10, 64)
	if err != nil || s.opt.Now().After(time.Unix(e, 0)) {
		return &apiError{http.StatusGone, "link-expired", "这个链接已过期，请打开网页处理", "this link has expired; use the page"}
	}
	return nil
}

// answerPage shows what a message was about and asks for an answer. It changes
// nothing: programs that look at links before people do must not answer.
func (s *Server) answerPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	l := link{q.Get("m"), q.Get("e"), q.Get("s")}
	if err := s.check(l); err != nil {
		s.showAnswer(w, r, answerView{}, err)
		return
	}
	m, err := s.deps.Messages.Message(r.Context(), l.message)
	s.showAnswer(w, r, s.answerView(l, m), err)
}

// takeAnswer is the button of the page. The signature in the form is what lets
// it in: no other site can know it.
func (s *Server) takeAnswer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	if err := r.ParseForm(); err != nil {
		s.showAnswer(w, r, answerView{}, badInput("请求没有收完整，请再按一次", "the request did not arrive whole; press again"))
		return
	}
	get := r.PostForm.Get
	l := link{get("m"), get("e"), get("s")}
	step := duty.Answer(get("step"))
	err := firstError(s.check(l), checkStep(step), checkText("name", get("name"), 40, false))
	if err == nil {
		err = s.deps.Messages.AnswerMessage(r.Context(), l.message, get("name"), step)
	}
	if err != nil {
		s.showAnswer(w, r, answerView{}, err)
		return
	}
	http.Redirect(w, r, "/answer?"+l.query(), http.StatusSeeOther)
}

type answerView struct {
	Nonce, Title, Text, Name, Wrong string
	Link                            link
	Answered                        []answeredView
}

type answeredView struct{ Word, By, At string }

// M, E and S are the parts of the link, for the form.
func (v answerView) M() string { return v.Link.message }
func (v answerView) E() string { return v.Link.expires }
func (v answerView) S() string { return v.Link.sum }

func (s *Server) answerView(l link, m Message) answerView {
	v := answerView{Link: l, Title: m.Title, Text: m.Text, Name: m.Name}
	zone, err := time.LoadLocation(s.deps.County.Timezone)
	if err != nil {
		zone = time.UTC // New has loaded it before
	}
	for _, step := range m.Answered {
		v.Answered = append(v.Answered, answeredView{stepWord(step.Step), step.By, step.At.In(zone).Format("01-02 15:04")})
	}
	return v
}

func stepWord(a duty.Answer) string {
	switch a {
	case duty.Acknowledged:
		return "知道了 Acknowledged"
	case duty.OnTheWay:
		return "在路上 On the way"
	case duty.OnSite:
		return "已到场 On site"
	case duty.Handled:
		return "已处理 Handled"
	}
	return string(a)
}

func (s *Server) showAnswer(w http.ResponseWriter, r *http.Request, v answerView, err error) {
	status := http.StatusOK
	if err != nil {
		v, status = s.wrongAnswer(r, err)
	}
	v.Nonce = rand.Text()
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+v.Nonce+"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := s.answer.Execute(w, v); err != nil && r.Context().Err() == nil {
		s.opt.Logger.Error("the answer page was not written whole", "err", err)
	}
}

func (s *Server) wrongAnswer(r *http.Request, err error) (answerView, int) {
	var e *apiError
	switch {
	case errors.As(err, &e):
	case errors.Is(err, ErrNotFound):
		e = &apiError{Status: http.StatusNotFound, ZH: "找不到这条消息，请打开网页处理", EN: "there is no such message any more; use the page"}
	default:
		s.opt.Logger.Error("answering a message failed", "method", r.Method, "err", err)
		e = &apiError{Status: http.StatusInternalServerError, ZH: "服务器内部出错，没有记录，请再试一次", EN: "the server failed and nothing was recorded; try again"}
	}
	return answerView{Wrong: e.ZH + "\n" + e.EN}, e.Status
}

func newAnswerTemplate() (*template.Template, error) {
	return template.New("answer").Parse(`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{if .Wrong}}冷链报警{{else}}{{.Title}}{{end}}</title>
<style nonce="{{.Nonce}}">
body { font: 18px/1.5 sans-serif; margin: 0 auto; max-width: 32em; padding: 1em; color: #111; background: #fff }
p, li { white-space: pre-line }
button { font: inherit; font-weight: bold; display: block; width: 100%; min-height: 3em; margin: .7em 0; border: 2px solid #111; border-radius: .4em; background: #fff; color: #111 }
button.first { background: #b00020; border-color: #b00020; color: #fff }
input[type=text] { font: inherit; width: 100%; box-sizing: border-box; padding: .4em }
</style>
</head>
<body>
{{if .Wrong}}<h1>冷链报警</h1><p role="alert">{{.Wrong}}</p>{{else}}<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{if .Answered}}<ul aria-label="已回答 Answered">{{range .Answered}}<li>{{.At}} {{.By}}：{{.Word}}</li>{{end}}</ul>{{end}}
<form method="post" action="/answer">
<input type="hidden" name="m" value="{{.M}}"><input type="hidden" name="e" value="{{.E}}"><input type="hidden" name="s" value="{{.S}}">
<label>我是 I am <input type="text" name="name" value="{{.Name}}" maxlength="40" autocomplete="name"></label>
<button class="first" name="step" value="acknowledged">知道了 Acknowledge</button>
<button name="step" value="on-the-way">在路上 On the way</button>
</form>{{end}}
</body>
</html>
`)
}
