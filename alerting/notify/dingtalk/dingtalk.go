// Package dingtalk sends to a signed 钉钉 group robot. It guarantees that a
// message is taken only when errcode says so.
//
// https://open.dingtalk.com/document/robots/custom-robot-access
package dingtalk

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
	"strings"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
)

// Endpoint is where robots are.
const Endpoint = "https://oapi.dingtalk.com/robot/send"

// maxText leaves room in the 20,000 bytes of a message for what is around it.
const maxText = 19_000

// mute is how long a robot is silent after more than 20 messages in a minute.
const mute = 10 * time.Minute

const who = "DingTalk"

var meanings = map[string]far.Meaning{
	"-1":     {Class: notify.Temporary},
	"130101": {Class: notify.Muted, RetryAfter: mute},
	"410100": {Class: notify.Muted, RetryAfter: mute},
	// keyword, signature, time or address: errmsg says which
	"310000": {Class: notify.Configuration, Advice: "keyword, signature or address: " + far.CheckClock + ", then the robot's security settings"},
	"300001": {Class: notify.Configuration, Advice: "the robot's access token is wrong"},
	"300005": {Class: notify.Configuration, Advice: "the robot's access token is wrong"},
	"400101": {Class: notify.Configuration, Advice: "the robot's access token is wrong or the robot was removed"},
	"400102": {Class: notify.Configuration, Advice: "the robot is switched off"},
	"400013": {Class: notify.Configuration, Advice: "the group has been dissolved"},
	"404":    {Class: notify.Configuration, Advice: "the endpoint is wrong"},
	"40035":  {Class: notify.Refused},
	"43004":  {Class: notify.Refused},
	"460101": {Class: notify.Refused, Advice: "the text is too long"},
	"430101": {Class: notify.Refused, Advice: "the text holds an address that is not allowed"},
	"430102": {Class: notify.Refused, Advice: "the text holds words that are not allowed"},
	"430103": {Class: notify.Refused, Advice: "the text holds words that are not allowed"},
	"430104": {Class: notify.Refused, Advice: "the text holds words that are not allowed"},
}

// Options configure a Robot. All but Endpoint are required.
type Options struct {
	Endpoint string        // default: Endpoint
	Token    notify.Secret // what stands behind access_token= in the robot's address
	Secret   notify.Secret // of the security setting 加签, begins with SEC
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
		return nil, fmt.Errorf("dingtalk: %w", err)
	}
	if o.Token.Reveal() == "" || o.Secret.Reveal() == "" || o.Client == nil || o.Now == nil {
		return nil, errors.New("dingtalk: token, secret, client and clock are needed")
	}
	return &Robot{o}, nil
}

// Rates returns 15 in a minute: at 21 the robot is muted for ten minutes, and
// its minute is not ours.
func (r *Robot) Rates() []notify.Rate { return []notify.Rate{{Count: 15, Per: time.Minute}} }

type at struct {
	Mobiles []string `json:"atMobiles,omitempty"`
	Users   []string `json:"atUserIds,omitempty"`
	All     bool     `json:"isAtAll"`
}

type text struct {
	Content string `json:"content"`
}

// Notify sends the message as text, and mentions its recipient by user id
// (Handle["dingtalk"]) or else by phone number; a mention shows only when the
// text holds it too. The robot gives no receipt and knows no repetitions.
func (r *Robot) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	var mention at
	tail := ""
	if id := m.To.Handle["dingtalk"]; id != "" {
		mention.Users, tail = []string{id}, "\n@"+id
	} else if m.To.Phone != "" {
		mobile := strings.TrimPrefix(m.To.Phone, "86")
		mention.Mobiles, tail = []string{mobile}, "\n@"+mobile
	}
	content := m.Full(maxText-notify.JSONBytes(tail), notify.JSONBytes) + tail
	token, secret := r.o.Token.Reveal(), r.o.Secret.Reveal()
	at := r.o.Now()
	address := fmt.Sprintf("%s?access_token=%s&timestamp=%d&sign=%s", r.o.Endpoint, url.QueryEscape(token), at.UnixMilli(), url.QueryEscape(sign(at, secret)))
	secrets := []notify.Secret{r.o.Token, r.o.Secret, notify.NewSecret(url.QueryEscape(token))}
	req, err := far.PostJSON(address, struct {
		Type string `json:"msgtype"`
		Text text   `json:"text"`
		At   any    `json:"at"`
	}{"text", text{content}, mention})
	if err != nil {
		return notify.Receipt{}, err
	}
	a, err := far.Exchange(ctx, r.o.Client, req, at, secrets...)
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{}, judge(a, secrets)
}

// sign is the robot's signature: the secret is the key and stands in the
// message too.
func sign(at time.Time, secret string) string {
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(h, "%d\n%s", at.UnixMilli(), secret)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// judge returns nil when the robot took the message.
func judge(a far.Answer, secrets []notify.Secret) error {
	var said struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if err := json.Unmarshal(a.Body, &said); err != nil || said.Code == nil {
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
