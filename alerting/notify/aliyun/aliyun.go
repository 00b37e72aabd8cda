// Package aliyun sends SMS (短信服务) and speaks on the telephone (语音服务) by
// 阿里云. It guarantees that a message is taken only when Code is OK, and that
// the message's key goes with it as OutId.
package aliyun

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
)

// The services' endpoints.
const (
	SMSEndpoint   = "https://dysmsapi.aliyuncs.com"
	VoiceEndpoint = "https://dyvmsapi.aliyuncs.com"
)

const version = "2017-05-25" // of both APIs

// maxVariable is how long a template's variable may be, in characters.
const maxVariable = 35

// Options configure an SMS or a Voice. Endpoint and Number may be empty.
type Options struct {
	Endpoint string // default: SMSEndpoint or VoiceEndpoint
	KeyID    string // AccessKey ID, of a RAM user that may do nothing else
	Secret   notify.Secret
	Template string // SMS_… or TTS_…, approved beforehand
	// Variables are the template's, each with what fills it: a key of
	// notify.Message.Fields, or title or short. A field that is not there or
	// empty is filled with 无, because a variable must not be empty.
	Variables map[string]string
	Client    *http.Client // with a time-out
	Now       func() time.Time
}

// api is what both services share.
type api struct {
	Options
	host string
}

func newAPI(o Options) (api, error) {
	if err := far.CheckEndpoint(o.Endpoint); err != nil {
		return api{}, err
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Path != "" && u.Path != "/" {
		return api{}, errors.New("the endpoint is not of the form https://HOST")
	}
	if o.KeyID == "" || o.Secret.Reveal() == "" || o.Template == "" || o.Client == nil || o.Now == nil {
		return api{}, errors.New("key id, secret, template, client and clock are needed")
	}
	return api{o, u.Host}, nil
}

// variables fills the template's variables.
func (a api) variables(m notify.Message) (string, error) {
	out := map[string]string{}
	for variable, field := range a.Variables {
		text := m.Fields[field]
		switch field {
		case "title":
			text = m.Title
		case "short":
			text = m.Short
		}
		if text = strings.TrimSpace(strings.ToValidUTF8(text, "?")); text == "" {
			text = "无"
		}
		out[variable] = notify.Cut(text, maxVariable, notify.Runes)
	}
	b, err := notify.JSON(out)
	return string(b), err
}

// said is the answer of every action.
type said struct {
	Code    string
	Message string
	BizId   string // of SendSms
	CallId  string // of SingleCallByTts
}

// do sends the action and returns its answer when Code is OK.
func (a api) do(ctx context.Context, action string, query url.Values) (said, error) {
	c := call{host: a.host, action: action, version: version, query: query, at: a.Now(), nonce: rand.Text()}
	req, err := http.NewRequest(http.MethodPost, strings.TrimSuffix(a.Endpoint, "/")+"/?"+c.canonicalQuery(), http.NoBody)
	if err != nil {
		return said{}, notify.Failed(notify.Configuration, "the address cannot be used")
	}
	req.Header = c.sign(a.KeyID, a.Secret)
	req.Header.Del("Host") // the client writes it from the address
	req.Header.Set("Accept", "application/json")
	answer, err := far.Exchange(ctx, a.Client, req, a.Now(), a.Secret)
	if err != nil {
		return said{}, err
	}
	return judge(answer, a.Secret)
}

// judge returns what was said when it means that the message was taken.
func judge(a far.Answer, secret notify.Secret) (said, error) {
	var s said
	if err := json.Unmarshal(a.Body, &s); err != nil || s.Code == "" {
		return said{}, a.Unreadable(who, secret)
	}
	switch {
	case s.Code != "OK":
		return said{}, a.Coded(who, s.Code, s.Message, meaning(s), secret)
	case !a.OK():
		return said{}, a.Refusal(who, secret)
	}
	return s, nil
}

// SMS sends by SendSms.
type SMS struct {
	api
	sign string
}

// NewSMS checks the options. sign is the approved signature (签名), such as the
// company's short name.
func NewSMS(o Options, sign string) (*SMS, error) {
	if o.Endpoint == "" {
		o.Endpoint = SMSEndpoint
	}
	a, err := newAPI(o)
	if err == nil && sign == "" {
		err = errors.New("the signature is needed")
	}
	if err != nil {
		return nil, fmt.Errorf("aliyun sms: %w", err)
	}
	return &SMS{a, sign}, nil
}

// Rates returns the limit for one signature, template and number: 50 a day.
func (s *SMS) Rates() []notify.Rate {
	return []notify.Rate{{Count: 50, Per: 24 * time.Hour, PerRecipient: true}}
}

// Notify sends the template with its variables to the recipient's number.
func (s *SMS) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	phone, err := m.To.Dial()
	if err != nil {
		return notify.Receipt{}, err
	}
	variables, err := s.variables(m)
	if err != nil {
		return notify.Receipt{}, notify.Failed(notify.Refused, "aliyun sms: %w", err)
	}
	got, err := s.do(ctx, "SendSms", url.Values{
		"PhoneNumbers": {phone}, "SignName": {s.sign}, "TemplateCode": {s.Template}, "TemplateParam": {variables}, "OutId": {m.Key},
	})
	return notify.Receipt{ID: got.BizId}, err
}

// Voice calls by SingleCallByTts and reads the template aloud, twice.
type Voice struct {
	api
	shown string
}

// NewVoice checks the options. shown is the number that the called person
// sees; empty in the public mode.
func NewVoice(o Options, shown string) (*Voice, error) {
	if o.Endpoint == "" {
		o.Endpoint = VoiceEndpoint
	}
	a, err := newAPI(o)
	if err != nil {
		return nil, fmt.Errorf("aliyun voice: %w", err)
	}
	return &Voice{a, shown}, nil
}

// Rates returns the limits for one callee: 1 a minute, 5 an hour, 20 a day.
func (v *Voice) Rates() []notify.Rate {
	return []notify.Rate{
		{Count: 1, Per: time.Minute, PerRecipient: true},
		{Count: 5, Per: time.Hour, PerRecipient: true},
		{Count: 20, Per: 24 * time.Hour, PerRecipient: true},
	}
}

// Notify calls the recipient's number. That the call was taken by 阿里云 does
// not say that anybody answered it.
func (v *Voice) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	phone, err := m.To.Dial()
	if err != nil {
		return notify.Receipt{}, err
	}
	variables, err := v.variables(m)
	if err != nil {
		return notify.Receipt{}, notify.Failed(notify.Refused, "aliyun voice: %w", err)
	}
	query := url.Values{
		"CalledNumber": {phone}, "TtsCode": {v.Template}, "TtsParam": {variables}, "PlayTimes": {"2"}, "Volume": {"100"}, "OutId": {m.Key},
	}
	if v.shown != "" {
		query.Set("CalledShowNumber", v.shown)
	}
	got, err := v.do(ctx, "SingleCallByTts", query)
	return notify.Receipt{ID: got.CallId}, err
}
