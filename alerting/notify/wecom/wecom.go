// Package wecom sends to a 企业微信 group robot. It guarantees that a message
// is taken only when errcode says so, and that text is within 2048 bytes.
//
// https://developer.work.weixin.qq.com/document/path/91770
package wecom

import (
	"context"
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
const Endpoint = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"

// maxText is the limit of a text in bytes of UTF-8.
const maxText = 2048

const who = "WeCom"

var meanings = map[string]far.Meaning{
	"-1":    {Class: notify.Temporary},
	"45009": {Class: notify.Muted, RetryAfter: time.Minute}, // more than 20 in a minute
	"45033": {Class: notify.Temporary},                      // too many at once
	"93000": {Class: notify.Configuration, Advice: "the robot's key is wrong or the robot was removed from its group"},
	"93004": {Class: notify.Configuration, Advice: "the robot is switched off"},
	"93008": {Class: notify.Configuration, Advice: "the robot is not in the group"},
	"40001": {Class: notify.Configuration, Advice: "the robot's key is wrong"},
	"40008": {Class: notify.Refused},
	"40058": {Class: notify.Refused},
	"44004": {Class: notify.Refused, Advice: "the text is empty"},
	"45002": {Class: notify.Refused, Advice: "the text is too long"},
}

// Options configure a Robot. Key, Client and Now are required.
type Options struct {
	Endpoint string        // default: Endpoint
	Key      notify.Secret // what stands behind key= in the robot's address
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
		return nil, fmt.Errorf("wecom: %w", err)
	}
	if o.Key.Reveal() == "" || o.Client == nil || o.Now == nil {
		return nil, errors.New("wecom: key, client and clock are needed")
	}
	return &Robot{o}, nil
}

// Rates returns the robot's limit: 20 in a minute.
func (r *Robot) Rates() []notify.Rate { return []notify.Rate{{Count: 20, Per: time.Minute}} }

type text struct {
	Content string   `json:"content"`
	Users   []string `json:"mentioned_list,omitempty"`
	Mobiles []string `json:"mentioned_mobile_list,omitempty"`
}

// Notify sends the message as text, and mentions its recipient by user id
// (Handle["wecom"]) or else by phone number. The robot gives no receipt and
// knows no repetitions.
func (r *Robot) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	t := text{Content: m.Full(maxText, notify.Bytes)}
	if id := m.To.Handle["wecom"]; id != "" {
		t.Users = []string{id}
	} else if m.To.Phone != "" {
		t.Mobiles = []string{strings.TrimPrefix(m.To.Phone, "86")}
	}
	key := r.o.Key.Reveal()
	secrets := []notify.Secret{r.o.Key, notify.NewSecret(url.QueryEscape(key))}
	req, err := far.PostJSON(r.o.Endpoint+"?key="+url.QueryEscape(key), struct {
		Type string `json:"msgtype"`
		Text text   `json:"text"`
	}{"text", t})
	if err != nil {
		return notify.Receipt{}, err
	}
	a, err := far.Exchange(ctx, r.o.Client, req, r.o.Now(), secrets...)
	if err != nil {
		return notify.Receipt{}, err
	}
	return notify.Receipt{}, judge(a, secrets)
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
