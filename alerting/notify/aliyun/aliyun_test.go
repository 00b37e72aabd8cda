package aliyun

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
	"coldchain/alerting/notify/notifytest"
)

// TestSign is the worked example of the documentation, "V3 请求结构和签名",
// section 固定参数示例.
func TestSign(t *testing.T) {
	c := call{
		host: "ecs.cn-shanghai.aliyuncs.com", action: "RunInstances", version: "2014-05-26",
		query: url.Values{"RegionId": {"cn-shanghai"}, "ImageId": {"win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}},
		at:    time.Date(2023, 10, 26, 10, 22, 32, 0, time.UTC), nonce: "3156853299f313e23d1673dc12e1703d",
	}
	const want = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := c.sign("YourAccessKeyId", notify.NewSecret("YourAccessKeySecret")).Get("Authorization"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestCanonicalQuery: RFC 3986, section 2.3: letters, digits, - . _ ~ stand
// for themselves.
func TestCanonicalQuery(t *testing.T) {
	c := call{query: url.Values{"b": {`{"k":"羊 肉+*~/'-._"}`}, "A": {""}}}
	if got, want := c.canonicalQuery(), "A=&b=%7B%22k%22%3A%22%E7%BE%8A%20%E8%82%89%2B%2A~%2F%27-._%22%7D"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

const (
	keyID  = "LTAI5tExample"
	secret = "hunter2+AccessKey/Secret"
)

// verify works the signature out from what arrived, as the far end does.
func verify(r *http.Request, body []byte) error {
	digest := sha256.Sum256(body)
	if got := r.Header.Get("x-acs-content-sha256"); got != hex.EncodeToString(digest[:]) {
		return fmt.Errorf("body's digest %s", got)
	}
	if at, err := time.Parse("2006-01-02T15:04:05Z", r.Header.Get("x-acs-date")); err != nil || !at.Equal(notifytest.At) {
		return fmt.Errorf("date %q", r.Header.Get("x-acs-date"))
	}
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	signed, signature, _ := strings.Cut(rest, ",Signature=")
	names := strings.Split(signed, ";")
	lines := []string{r.Method, r.URL.Path, r.URL.RawQuery}
	for _, n := range names {
		value := r.Header.Get(n)
		if n == "host" {
			value = r.Host
		}
		lines = append(lines, n+":"+value)
	}
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-acs-") && !slices.Contains(names, n) {
			return fmt.Errorf("%s is not signed", n)
		}
	}
	lines = append(lines, "", signed, hex.EncodeToString(digest[:]))
	canonical := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "ACS3-HMAC-SHA256\n%x", canonical)
	if want := hex.EncodeToString(mac.Sum(nil)); signature != want || !strings.Contains(r.Header.Get("Authorization"), "Credential="+keyID+",") {
		return fmt.Errorf("authorization %q, want signature %s over %q", r.Header.Get("Authorization"), want, lines)
	}
	return nil
}

// check returns a checker of one action; nonces must differ.
func check(action string, want map[string]string) func(*http.Request, []byte) (notifytest.Got, error) {
	var mu sync.Mutex
	nonces := map[string]bool{}
	return func(r *http.Request, body []byte) (notifytest.Got, error) {
		if err := verify(r, body); err != nil {
			return notifytest.Got{}, err
		}
		mu.Lock()
		defer mu.Unlock()
		nonce := r.Header.Get("x-acs-signature-nonce")
		if r.Header.Get("x-acs-action") != action || r.Header.Get("x-acs-version") != "2017-05-25" || len(nonce) < 16 || nonces[nonce] {
			return notifytest.Got{}, fmt.Errorf("%v", r.Header)
		}
		nonces[nonce] = true
		q := r.URL.Query()
		for k, v := range want {
			if q.Get(k) != v {
				return notifytest.Got{}, fmt.Errorf("%s is %q, want %q", k, q.Get(k), v)
			}
		}
		var variables map[string]string
		if err := json.Unmarshal([]byte(q.Get("TemplateParam")+q.Get("TtsParam")), &variables); err != nil {
			return notifytest.Got{}, err
		}
		for k, v := range variables {
			if utf8.RuneCountInString(v) > 35 {
				return notifytest.Got{}, fmt.Errorf("variable %s has %d characters", k, utf8.RuneCountInString(v))
			}
		}
		return notifytest.Got{Text: variables["where"] + "|" + variables["what"] + "|" + variables["none"], Key: q.Get("OutId")}, nil
	}
}

var codes = []notifytest.Code{
	{Body: `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发分钟级流控Permits:1 ECHO"}`, Want: notify.Muted, Code: "isv.BUSINESS_LIMIT_CONTROL", RetryAfter: time.Minute, PerRecipient: true, Says: "分钟级"},
	{Body: `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发小时级流控Permits:5"}`, Want: notify.Muted, Code: "isv.BUSINESS_LIMIT_CONTROL", RetryAfter: time.Hour, PerRecipient: true, Says: "小时级"},
	{Body: `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发天级流控Permits:10"}`, Want: notify.Muted, Code: "isv.BUSINESS_LIMIT_CONTROL", RetryAfter: 12 * time.Hour, PerRecipient: true, Says: "天级"},
	{Body: `{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"非法手机号"}`, Want: notify.BadRecipient, Code: "isv.MOBILE_NUMBER_ILLEGAL"},
	{Body: `{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"账户余额不足"}`, Want: notify.Configuration, Code: "isv.AMOUNT_NOT_ENOUGH", Says: "top up"},
	{Body: `{"Code":"isv.BLACK_KEY_CONTROL_LIMIT","Message":"x"}`, Want: notify.Refused, Code: "isv.BLACK_KEY_CONTROL_LIMIT"},
	{Status: 400, Body: `{"RequestId":"1","Code":"SignatureDoesNotMatch","Message":"Specified signature is not matched. ECHO"}`, Want: notify.Configuration, Code: "SignatureDoesNotMatch"},
	{Status: 400, Body: `{"Code":"InvalidTimeStamp.Expired","Message":"Specified time stamp or date value is expired."}`, Want: notify.Configuration, Code: "InvalidTimeStamp.Expired", Says: "check this machine's clock"},
	{Status: 404, Body: `{"Code":"InvalidAccessKeyId.NotFound","Message":"Specified access key is not found."}`, Want: notify.Configuration, Code: "InvalidAccessKeyId.NotFound"},
	{Status: 400, Body: `{"Code":"Throttling.User","Message":"Request was denied due to user flow control."}`, Want: notify.Muted, Code: "Throttling.User", RetryAfter: time.Second},
	{Status: 503, Body: `{"Code":"ServiceUnavailable","Message":"x"}`, Want: notify.Temporary, Code: "ServiceUnavailable"},
	{Body: `{"Code":"isv.NEW_AND_UNKNOWN","Message":"x"}`, Want: notify.Temporary, Code: "isv.NEW_AND_UNKNOWN"},
	{Status: 403, Body: `{"Code":"New.And.Unknown","Message":"x"}`, Want: notify.Configuration, Code: "New.And.Unknown"},
}

func channel() notifytest.Channel {
	return notifytest.Channel{
		To: notify.Recipient{Person: "bater", Name: "巴特尔", Phone: "8613812345678"}, Needs: true, Secrets: []string{secret}, HasKey: true, HasID: true,
		Text: func(m notify.Message) string { return m.Fields["place"] + "|" + m.Fields["what"] + "|无" },
		Fits: func(text string) error { return nil },
	}
}

func options(endpoint, template string, client *http.Client) Options {
	return Options{
		Endpoint: endpoint, KeyID: keyID, Secret: notify.NewSecret(secret), Template: template, Client: client, Now: notifytest.Now,
		Variables: map[string]string{"where": "place", "what": "what", "none": "not-there"},
	}
}

func TestSMS(t *testing.T) {
	h := notifytest.HTTP{
		New: func(t *testing.T, endpoint string, client *http.Client) notify.Channel {
			s, err := NewSMS(options(endpoint, "SMS_1", client), "杭锦冷链")
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Check: check("SendSms", map[string]string{"PhoneNumbers": "13812345678", "SignName": "杭锦冷链", "TemplateCode": "SMS_1"}),
		Right: `{"Message":"OK","RequestId":"873043ac","Code":"OK","BizId":"134523^4351232"}`,
		Codes: codes,
	}
	notifytest.Run(t, h.Fill(channel()))
}

func TestVoice(t *testing.T) {
	h := notifytest.HTTP{
		New: func(t *testing.T, endpoint string, client *http.Client) notify.Channel {
			v, err := NewVoice(options(endpoint, "TTS_1", client), "")
			if err != nil {
				t.Fatal(err)
			}
			return v
		},
		Check: check("SingleCallByTts", map[string]string{"CalledNumber": "13812345678", "CalledShowNumber": "", "TtsCode": "TTS_1", "PlayTimes": "2"}),
		Right: `{"Code":"OK","Message":"OK","RequestId":"D9CB3933","CallId":"116012354148^10281378****"}`,
		Codes: codes,
	}
	notifytest.Run(t, h.Fill(channel()))
}

// FuzzJudge: whatever comes back, the message counts as taken only with OK.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{`{"Code":"OK"}`, `{"code":"OK"}`, `{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"触发天级流控"}`, ``, `<html>`, `{"Code":null}`} {
		f.Add(200, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got, err := judge(far.Answer{Status: status, Body: body}, notify.NewSecret(secret))
		if err == nil && (got.Code != "OK" || status/100 != 2) {
			t.Errorf("%d %q counts as taken", status, body)
		}
	})
}
