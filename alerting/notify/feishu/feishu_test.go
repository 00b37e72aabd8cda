package feishu

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
	hook   = "6d4a5c1e-9a2b+41b1/86fcb"
	secret = "kQ37d1a5b9+hunter2"
)

// TestSign: worked out with
//
//	printf '' | openssl dgst -sha256 -hmac "$(printf '1599360473\ndemo')" -binary | base64
func TestSign(t *testing.T) {
	if got := sign(time.Unix(1599360473, 0), "demo"); got != "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=" {
		t.Errorf("signature %s", got)
	}
}

// signature follows the documentation's words, apart from the package's code:
// nothing under the key "timestamp\nsecret".
func signature(timestamp string) string {
	mac := hmac.New(sha256.New, []byte(timestamp+"\n"+secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func check(r *http.Request, body []byte) (notifytest.Got, error) {
	var m struct {
		Timestamp string `json:"timestamp"`
		Sign      string `json:"sign"`
		Type      string `json:"msg_type"`
		Content   struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return notifytest.Got{}, err
	}
	switch at := fmt.Sprint(notifytest.At.Unix()); {
	case r.Method != http.MethodPost || r.URL.Path != "/open-apis/bot/v2/hook/"+hook || r.Header.Get("Content-Type") != "application/json; charset=utf-8":
		return notifytest.Got{}, fmt.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	case m.Timestamp != at || m.Sign != signature(at):
		return notifytest.Got{}, fmt.Errorf("timestamp %s, signature %s", m.Timestamp, m.Sign)
	case m.Type != "text":
		return notifytest.Got{}, fmt.Errorf("type %q", m.Type)
	case len(body) > 20<<10:
		return notifytest.Got{}, fmt.Errorf("%d bytes", len(body))
	}
	return notifytest.Got{Text: m.Content.Text}, nil
}

func TestConformance(t *testing.T) {
	const mention = "\n<at user_id=\"ou_18eac8\">巴特尔</at>"
	h := notifytest.HTTP{
		New: func(t *testing.T, endpoint string, client *http.Client) notify.Channel {
			r, err := New(Options{Endpoint: endpoint + "/open-apis/bot/v2/hook", Hook: notify.NewSecret(hook), Secret: notify.NewSecret(secret), Client: client, Now: notifytest.Now})
			if err != nil {
				t.Fatal(err)
			}
			return r
		},
		Check: check,
		Right: `{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}`,
		Codes: []notifytest.Code{
			{Body: `{"code":11232,"data":{},"msg":"frequency limited ECHO"}`, Want: notify.Muted, Code: "11232", RetryAfter: 10 * time.Second},
			{Body: `{"code":19021,"msg":"sign match fail or timestamp is not within one hour from current time ECHO"}`, Want: notify.Configuration, Code: "19021", Says: "check this machine's clock"},
			{Body: `{"code":19024,"msg":"Key Words Not Found"}`, Want: notify.Configuration, Code: "19024", Says: "keyword"},
			{Body: `{"code":19001,"msg":"param invalid: incoming webhook access token invalid ECHO"}`, Want: notify.Configuration, Code: "19001"},
			{Status: 400, Body: `{"code":9499,"msg":"Bad Request","data":{}}`, Want: notify.Configuration, Code: "9499"},
			{Body: `{"StatusCode":9499,"StatusMessage":"Bad Request"}`, Want: notify.Configuration, Code: "9499"},
			{Status: 500, Body: `{"code":2200,"msg":"internal error"}`, Want: notify.Temporary, Code: "2200"},
		},
	}
	notifytest.Run(t, h.Fill(notifytest.Channel{
		To:      notify.Recipient{Person: "bater", Name: "巴特尔", Handle: map[string]string{"feishu": "ou_18eac8"}},
		Secrets: []string{hook, secret},
		Text:    func(m notify.Message) string { return m.Title + "\n" + m.Text + "\n" + m.Link + mention },
		Fits: func(text string) error {
			if !strings.HasSuffix(text, mention) {
				return errors.New("the mention was cut off")
			}
			return nil
		},
	}))
}

// TestOldAnswer: some robots still answer in the first version's form.
func TestOldAnswer(t *testing.T) {
	if err := judge(far.Answer{Status: 200, Body: []byte(`{"Extra":null,"StatusCode":0,"StatusMessage":"success"}`)}, nil); err != nil {
		t.Error(err)
	}
}

// FuzzJudge: whatever comes back, the message counts as taken only with a
// code of 0.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{`{"code":0}`, `{"StatusCode":0}`, `{"code":19021}`, ``, `<html>`, `{"code":null}`} {
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
