package dingtalk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
	"coldchain/alerting/notify/notifytest"
)

const (
	token  = "566cc69da782ec+41b1/86fcb"
	secret = "SEC37d1a5b9+hunter2"
)

// TestSign: worked out with
//
//	printf '%s\n%s' 1700000000000 $S | openssl dgst -sha256 -hmac $S -binary | base64
func TestSign(t *testing.T) {
	if got := sign(time.UnixMilli(1700000000000), "SEC000000000000000000000"); got != "1zJ/w34EOSVAYr7cu7Vo8LnebmK2/GrCgegtr8mQrqM=" {
		t.Errorf("signature %s", got)
	}
}

// signature follows the documentation's words, apart from the package's code:
// the string "timestamp\nsecret" under the secret.
func signature(timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func check(r *http.Request, body []byte) (notifytest.Got, error) {
	var m struct {
		Type string `json:"msgtype"`
		Text struct {
			Content string `json:"content"`
		} `json:"text"`
		At struct {
			Mobiles []string `json:"atMobiles"`
		} `json:"at"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return notifytest.Got{}, err
	}
	q := r.URL.Query()
	switch at := fmt.Sprint(notifytest.At.UnixMilli()); {
	case r.Method != http.MethodPost || r.URL.Path != "/robot/send" || q.Get("access_token") != token || r.Header.Get("Content-Type") != "application/json; charset=utf-8":
		return notifytest.Got{}, fmt.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	case q.Get("timestamp") != at || q.Get("sign") != signature(at):
		return notifytest.Got{}, fmt.Errorf("timestamp %s, signature %s", q.Get("timestamp"), q.Get("sign"))
	case m.Type != "text" || fmt.Sprint(m.At.Mobiles) != "[13812345678]":
		return notifytest.Got{}, fmt.Errorf("type %q, mentions %v", m.Type, m.At.Mobiles)
	case len(body) > 20_000:
		return notifytest.Got{}, fmt.Errorf("%d bytes", len(body))
	}
	return notifytest.Got{Text: m.Text.Content}, nil
}

func TestConformance(t *testing.T) {
	h := notifytest.HTTP{
		New: func(t *testing.T, endpoint string, client *http.Client) notify.Channel {
			r, err := New(Options{Endpoint: endpoint + "/robot/send", Token: notify.NewSecret(token), Secret: notify.NewSecret(secret), Client: client, Now: notifytest.Now})
			if err != nil {
				t.Fatal(err)
			}
			return r
		},
		Check: check,
		Right: `{"errcode":0,"errmsg":"ok"}`,
		Codes: []notifytest.Code{
			{Body: `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute ECHO"}`, Want: notify.Muted, Code: "130101", RetryAfter: 10 * time.Minute},
			{Body: `{"errcode":310000,"errmsg":"invalid timestamp ECHO"}`, Want: notify.Configuration, Code: "310000", Says: "check this machine's clock"},
			{Body: `{"errcode":310000,"errmsg":"sign not match"}`, Want: notify.Configuration, Code: "310000", Says: "sign not match"},
			{Body: `{"errcode":300001,"errmsg":"token is not exist ECHO"}`, Want: notify.Configuration, Code: "300001"},
			{Body: `{"errcode":-1,"errmsg":"系统繁忙"}`, Want: notify.Temporary, Code: "-1", Says: "系统繁忙"},
			{Body: `{"errcode":460101,"errmsg":"message too long, exceed 20000 bytes"}`, Want: notify.Refused, Code: "460101"},
			{Body: `{"errcode":123456,"errmsg":""}`, Want: notify.Temporary, Code: "123456"},
		},
	}
	notifytest.Run(t, h.Fill(notifytest.Channel{
		To:      notify.Recipient{Person: "bater", Name: "巴特尔", Phone: "8613812345678"},
		Secrets: []string{token, secret},
		Text:    func(m notify.Message) string { return m.Title + "\n" + m.Text + "\n" + m.Link + "\n@13812345678" },
		Fits: func(text string) error {
			if !strings.HasSuffix(text, "\n@13812345678") {
				return errors.New("the mention was cut off")
			}
			return nil
		},
	}))
}

// FuzzJudge: whatever comes back, the message counts as taken only with an
// errcode of 0.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{`{"errcode":0,"errmsg":"ok"}`, `{"errcode":310000}`, ``, `<html>`, `{"errcode":null}`, `{"status":1111,"wait":5,"punish":"deny"}`} {
		f.Add(200, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := judge(far.Answer{Status: status, Body: body}, []notify.Secret{notify.NewSecret(secret)})
		var said map[string]any
		if err == nil && (json.Unmarshal(body, &said) != nil || status/100 != 2) {
			t.Errorf("%d %q counts as taken", status, body)
		}
	})
}
