package web

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/pin"
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
	in := actorInput{Actor: get("name"), PIN: pin.PIN(get("pin"))}
	step := duty.Answer(get("step"))
	err := firstError(s.check(l), checkStep(step), in.check(false))
	if err == nil {
		by := in.by(r)
		by.Via = "link"
		err = s.answerBy(r, l.message, by, step, pin.PIN(get("again")))
	}
	if err != nil {
		s.refuseAnswer(w, r, l, in.Actor, err)
		return
	}
	http.Redirect(w, r, "/answer?"+l.query(), http.StatusSeeOther)
}

// answerBy takes the answer; of somebody who chooses his first PIN on this page
// it is given twice.
func (s *Server) answerBy(r *http.Request, message string, by Actor, step duty.Answer, again pin.PIN) error {
	if again != "" {
		if again != by.PIN {
			return &Refused{Code: PINWrong, Status: http.StatusBadRequest, ZH: "两次输入的密码不一样，请重新输入", EN: "the two PINs are not the same; type them again"}
		}
		if err := s.deps.Messages.ChoosePIN(r.Context(), message, by); err != nil {
			return err
		}
	}
	return s.deps.Messages.AnswerMessage(r.Context(), message, by, step)
}

// refuseAnswer shows why an answer was not taken: with the form when only the
// PIN is to be typed again.
func (s *Server) refuseAnswer(w http.ResponseWriter, r *http.Request, l link, name string, err error) {
	var refused *Refused
	if !errors.As(err, &refused) {
		s.showAnswer(w, r, answerView{}, err)
		return
	}
	m, readErr := s.deps.Messages.Message(r.Context(), l.message)
	if readErr != nil {
		s.showAnswer(w, r, answerView{}, readErr)
		return
	}
	v := s.answerView(l, m)
	v.Refused, v.Status = refused.ZH+"\n"+refused.EN, refusedStatus(refused)
	if slices.Contains(m.Names, name) {
		v.Name = name
	}
	s.showAnswer(w, r, v, nil)
}

type answerView struct {
	Nonce, Title, Text, Name, Wrong string
	Refused                         string // why the last answer was not taken
	Status                          int    // 0: 200
	Names                           []string
	First                           bool // chooses his first PIN here
	Link                            link
	Answered                        []answeredView
}

type answeredView struct{ Word, By, At string }

// M, E and S are the parts of the link, for the form.
func (v answerView) M() string { return v.Link.message }
func (v answerView) E() string { return v.Link.expires }
func (v answerView) S() string { return v.Link.sum }

func (s *Server) answerView(l link, m Message) answerView {
	v := answerView{Link: l, Title: m.Title, Text: m.Text, Name: m.Name, Names: m.Names, First: m.First}
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
	status := cmp.Or(v.Status, http.StatusOK)
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
	var refused *Refused
	switch {
	case errors.As(err, &e):
	case errors.As(err, &refused):
		e = &apiError{Status: refusedStatus(refused), ZH: refused.ZH, EN: refused.EN}
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
input[type=text], input[type=password], select { font: inherit; width: 100%; min-height: 3em; box-sizing: border-box; padding: .4em; border: 2px solid #111; border-radius: .4em; background: #fff; color: #111 }
input[type=password] { font-size: 1.6em; letter-spacing: .5em; text-align: center }
label { display: block; margin: .7em 0 }
[role=alert] { border: 2px solid #b00020; border-radius: .4em; padding: .5em; color: #b00020; font-weight: bold }
</style>
</head>
<body>
{{if .Wrong}}<h1>冷链报警</h1><p role="alert">{{.Wrong}}</p>{{else}}<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{if .Refused}}<p role="alert">{{.Refused}}</p>{{end}}
{{if .Answered}}<ul aria-label="已回答 Answered">{{range .Answered}}<li>{{.At}} {{.By}}：{{.Word}}</li>{{end}}</ul>{{end}}
<form method="post" action="/answer">
<input type="hidden" name="m" value="{{.M}}"><input type="hidden" name="e" value="{{.E}}"><input type="hidden" name="s" value="{{.S}}">
{{if .Names}}<label>我是 I am <select name="name">{{$me := .Name}}{{range .Names}}<option{{if eq . $me}} selected{{end}}>{{.}}</option>{{end}}</select></label>
<label>{{if .First}}第一次：给自己定一个四位密码 First time: choose four digits{{else}}四位密码 PIN{{end}} <input type="password" name="pin" inputmode="numeric" pattern="[0-9]{4}" minlength="4" maxlength="4" autocomplete="off" required></label>
{{if .First}}<label>再输一次 Once more <input type="password" name="again" inputmode="numeric" pattern="[0-9]{4}" minlength="4" maxlength="4" autocomplete="off" required></label>{{end}}
{{else}}<label>我是 I am <input type="text" name="name" value="{{.Name}}" maxlength="40" autocomplete="name"></label>{{end}}
<button class="first" name="step" value="acknowledged">知道了 Acknowledge</button>
<button name="step" value="on-the-way">在路上 On the way</button>
</form>{{end}}
</body>
</html>
`)
}
