// Package feishu sends to a signed 飞书 (Lark) group robot. It guarantees that
// a message is taken only when code says so, and that a body is within 20 KB.
//
// https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
package feishu

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
)

// Endpoint is where 飞书's robots are; Lark's is LarkEndpoint.
const (
	Endpoint     = "https://open.feishu.cn/open-apis/bot/v2/hook"
	LarkEndpoint = "https://open.larksuite.com/open-apis/bot/v2/hook"
)

// maxText leaves room in the 20 KB of a body for what is around it.
const maxText = 19_000

const who = "Feishu"

var meanings = map[string]far.Meaning{
	"11232": {Class: notify.Muted, RetryAfter: 10 * time.Second}, // more than 5 in a second or 100 in a minute
	"9499":  {Class: notify.Configuration, Advice: "the robot is not there or does not take text"},
	"19001": {Class: notify.Configuration, Advice: "the robot's id is wrong or the robot was removed from its group"},
	"19002": {Class: notify.Refused},
	"19007": {Class: notify.Configuration, Advice: "the robot is switched off"},
	"19021": {Class: notify.Configuration, Advice: far.CheckClock},
	"19022": {Class: notify.Configuration, Advice: "this machine's address is not in the robot's white list"},
	"19024": {Class: notify.Configuration, Advice: "the robot demands a keyword: remove that setting, the signature is enough"},
}

// Options configure a Robot. All but Endpoint are required.
type Options struct {
	Endpoint string        // default: Endpoint
	Hook     notify.Secret // the last part of the robot's address; who knows it can send
	Secret   notify.Secret // of the security setting 签名校验
	Client   *http.Client  // with a time-out
	Now      func() time.Time
}

// Robot is one group's robot.
type Robot struct {
	o Options
}

// New checks the options.
func New(o Options) (*Robot, error) {
	if o.Endpoint == "" {
		o.Endpoint = Endpoint
	}
	if err := far.CheckEndpoint(o.Endpoint); err != nil {
		return nil, fmt.Errorf("feishu: %w", err)
	}
	if o.Hook.Reveal() == "" || o.Secret.Reveal() == "" || o.Client == nil || o.Now == nil {
		return nil, errors.New("feishu: hook, secret, client and clock are needed")
	}
	return &Robot{o}, nil
}

// Rates returns the robot's limits: 5 in a second, 100 in a minute.
func (r *Robot) Rates() []notify.Rate {
	return []notify.Rate{{Count: 5, Per: time.Second}, {Count: 100, Per: time.Minute}}
}

type content struct {
	Text string `json:"text"`
}

// Notify sends the message as text, and mentions its recipient by the open id
// in Handle["feishu"]; phone numbers cannot be mentioned. The robot gives no
// receipt and knows no repetitions.
func (r *Robot) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	tail := ""
	if id := m.To.Handle["feishu"]; id != "" {
		tail = fmt.Sprintf("\n<at user_id=%q>%s</at>", id, m.To.Name)
	}
	text := m.Full(maxText-notify.JSONBytes(tail), notify.JSONBytes) + tail
	hook := url.PathEscape(r.o.Hook.Reveal())
	secrets := []notify.Secret{r.o.Hook, r.o.Secret, notify.NewSecret(hook)}
	at := r.o.Now()
	req, err := far.PostJSON(r.o.Endpoint+"/"+hook, struct {
		Timestamp string  `json:"timestamp"`
		Sign      string  `json:"sign"`
		Type      string  `json:"msg_type"`
		Content   content `json:"content"`
	}{strconv.FormatInt(at.Unix(), 10), sign(at, r.o.Secret.Reveal()), "text", content{text}})
	if err != nil {
		return notify.Receipt{}, err
	}
	a, err := far.Exchange(ctx, r.o.Client, req, at, secrets...)
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{}, judge(a, secrets)
}

// sign is the robot's signature: time and secret are the key, the message is
// empty; the reverse of DingTalk's.
func sign(at time.Time, secret string) string {
	h := hmac.New(sha256.New, fmt.Appendf(nil, "%d\n%s", at.Unix(), secret))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// judge returns nil when the robot took the message.
func judge(a far.Answer, secrets []notify.Secret) error {
	var said struct {
		Code    *int   `json:"code"`
		Text    string `json:"msg"`
		OldCode *int   `json:"StatusCode"` // what some answers hold instead
		OldText string `json:"StatusMessage"`
	}
	err := json.Unmarshal(a.Body, &said)
	if said.Code == nil {
		said.Code, said.Text = said.OldCode, said.OldText
	}
	if err != nil || said.Code == nil {
		return a.Unreadable(who, secrets...)
	}
	switch {
	case *said.Code != 0:
		return a.Coded(who, strconv.Itoa(*said.Code), said.Text, meanings, secrets...)
	case !a.OK():
		return a.Refusal(who, secrets...)
	}
	return nil
}
