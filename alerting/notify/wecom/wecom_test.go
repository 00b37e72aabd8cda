package wecom

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
	"coldchain/alerting/notify/notifytest"
)

const key = "693a91f6-7xxx+4bc4/97a0=0ec2sifa5aaa"

func check(r *http.Request, body []byte) (notifytest.Got, error) {
	var m struct {
		Type string `json:"msgtype"`
		Text struct {
			Content string   `json:"content"`
			Mobiles []string `json:"mentioned_mobile_list"`
		} `json:"text"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return notifytest.Got{}, err
	}
	if r.Method != http.MethodPost || r.URL.Path != "/cgi-bin/webhook/send" || r.URL.Query().Get("key") != key || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		return notifytest.Got{}, fmt.Errorf("%s %s %v", r.Method, r.URL, r.Header)
	}
	if m.Type != "text" || fmt.Sprint(m.Text.Mobiles) != "[13812345678]" {
		return notifytest.Got{}, fmt.Errorf("type %q, mentions %v", m.Type, m.Text.Mobiles)
	}
	return notifytest.Got{Text: m.Text.Content}, nil
}

func TestConformance(t *testing.T) {
	h := notifytest.HTTP{
		New: func(t *testing.T, endpoint string, client *http.Client) notify.Channel {
			r, err := New(Options{Endpoint: endpoint + "/cgi-bin/webhook/send", Key: notify.NewSecret(key), Client: client, Now: notifytest.Now})
			if err != nil {
				t.Fatal(err)
			}
			return r
		},
		Check: check,
		Right: `{"errcode":0,"errmsg":"ok"}`,
		Codes: []notifytest.Code{
			{Body: `{"errcode":45009,"errmsg":"api freq out of limit ECHO"}`, Want: notify.Muted, Code: "45009", RetryAfter: time.Minute},
			{Body: `{"errcode":93000,"errmsg":"invalid webhook url ECHO, hint: [1]"}`, Want: notify.Configuration, Code: "93000", Says: "key is wrong"},
			{Body: `{"errcode":-1,"errmsg":"system busy"}`, Want: notify.Temporary, Code: "-1"},
			{Body: `{"errcode":40058,"errmsg":"content exceed max length"}`, Want: notify.Refused, Code: "40058"},
			{Body: `{"errcode":99999,"errmsg":"what is this"}`, Want: notify.Temporary, Code: "99999"},
			{Status: 403, Body: `{"errcode":99999,"errmsg":"what is this"}`, Want: notify.Configuration, Code: "99999"},
		},
	}
	notifytest.Run(t, h.Fill(notifytest.Channel{
		To:      notify.Recipient{Person: "bater", Name: "巴特尔", Phone: "8613812345678"},
		Secrets: []string{key},
		Text:    func(m notify.Message) string { return m.Title + "\n" + m.Text + "\n" + m.Link },
		Fits: func(text string) error {
			if len(text) > 2048 {
				return fmt.Errorf("%d bytes", len(text))
			}
			return nil
		},
	}))
}

// FuzzJudge: whatever comes back, the message counts as taken only with an
// errcode of 0.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{`{"errcode":0,"errmsg":"ok"}`, `{"errcode":93000}`, ``, `<html>`, `{"errcode":null}`, `{"errcode":1e400}`} {
		f.Add(200, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := judge(far.Answer{Status: status, Body: body}, []notify.Secret{notify.NewSecret(key)})
		var said map[string]any
		if err == nil && (json.Unmarshal(body, &said) != nil || status/100 != 2) {
			t.Errorf("%d %q counts as taken", status, body)
		}
	})
}
