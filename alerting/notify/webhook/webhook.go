// Package webhook posts a message to any HTTP address: as Alertmanager would
// (webhook version 4), or as a template says. It guarantees that a body is
// complete (a template that asks for what is not there sends nothing) and
// signed with its time, so that it can be checked and not be played again.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/far"
)

// The headers of a request. The signature is "sha256=" and the hexadecimal
// HMAC-SHA256 of the timestamp's text, a full stop and the body.
const (
	TimestampHeader = "X-Coldchain-Timestamp" // seconds since 1970
	SignatureHeader = "X-Coldchain-Signature"
	KeyHeader       = "Idempotency-Key" // the message's, the same at every try
)

const maxBody = 256 << 10

const who = "the webhook"

// Options configure a Hook. Address, Client and Now are required.
type Options struct {
	Address notify.Secret // http or https; who knows it can often send
	Secret  notify.Secret // signs; empty: no signature
	// Template is the body (text/template over notify.Message, with a function
	// json); empty: Alertmanager's. A key that is not there is an error.
	Template    string
	ContentType string // default application/json; a JSON body is checked
	Receiver    string // Alertmanager's "receiver"; default coldchain
	ExternalURL string // Alertmanager's "externalURL": the county's page
	Client      *http.Client
	Now         func() time.Time
}

// Hook is one address.
type Hook struct {
	o       Options
	body    *template.Template
	secrets []notify.Secret
}

// New checks the options and parses the template.
func New(o Options) (*Hook, error) {
	u, err := url.Parse(o.Address.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "" {
		return nil, errors.New("webhook: the address is not of the form https://HOST/PATH")
	}
	if o.Client == nil || o.Now == nil {
		return nil, errors.New("webhook: client and clock are needed")
	}
	if o.ContentType == "" {
		o.ContentType = "application/json"
	}
	if o.Receiver == "" {
		o.Receiver = "coldchain"
	}
	h := &Hook{o: o, secrets: append(parts(u), o.Address, o.Secret)}
	if o.Template != "" {
		h.body, err = template.New("body").Option("missingkey=error").Funcs(template.FuncMap{"json": inJSON}).Parse(o.Template)
		if err != nil {
			return nil, fmt.Errorf("webhook: %w", err)
		}
		// What a message never has is found now, not at night.
		if _, err := h.render(notify.Message{Fields: map[string]string{}}); err != nil && strings.Contains(err.Error(), "can't evaluate field") {
			return nil, fmt.Errorf("webhook: %w", err)
		}
	}
	return h, nil
}

// parts are the pieces of an address in which keys are hidden.
func parts(u *url.URL) []notify.Secret {
	out := []notify.Secret{notify.NewSecret(u.RequestURI())}
	if len(u.Path) > 1 {
		out = append(out, notify.NewSecret(u.Path))
	}
	if u.RawQuery != "" {
		out = append(out, notify.NewSecret(u.RawQuery))
	}
	for _, values := range u.Query() {
		for _, v := range values {
			out = append(out, notify.NewSecret(v), notify.NewSecret(url.QueryEscape(v)))
		}
	}
	for _, step := range strings.Split(u.Path, "/") {
		if len(step) >= 8 { // shorter ones are words
			out = append(out, notify.NewSecret(step))
		}
	}
	if password, ok := u.User.Password(); ok {
		out = append(out, notify.NewSecret(password))
	}
	return out
}

// inJSON is the template's function json: a value as it stands in JSON, a
// text with its quotes.
func inJSON(v any) (string, error) {
	b, err := notify.JSON(v)
	return string(b), err
}

// Rates returns none: the limits of an unknown far end are not known.
func (h *Hook) Rates() []notify.Rate { return nil }

// Notify posts the message. Any answer of 2xx says that it was taken.
func (h *Hook) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	body, err := h.render(m)
	if err != nil {
		return notify.Receipt{}, notify.Failed(notify.Configuration, "%s: %w", who, err)
	}
	req, err := http.NewRequest(http.MethodPost, h.o.Address.Reveal(), bytes.NewReader(body))
	if err != nil {
		return notify.Receipt{}, notify.Failed(notify.Configuration, "%s: the address cannot be used", who)
	}
	at := h.o.Now()
	timestamp := strconv.FormatInt(at.Unix(), 10)
	req.Header.Set("Content-Type", h.o.ContentType)
	req.Header.Set(TimestampHeader, timestamp)
	req.Header.Set(KeyHeader, m.Key)
	if secret := h.o.Secret.Reveal(); secret != "" {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(timestamp + "."))
		mac.Write(body)
		req.Header.Set(SignatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	a, err := far.Exchange(ctx, h.o.Client, req, at, h.secrets...)
	if err != nil {
		return notify.Receipt{}, err
	}
	if !a.OK() {
		return notify.Receipt{}, a.Refusal(who, h.secrets...)
	}
	return notify.Receipt{}, nil
}

// render builds the body.
func (h *Hook) render(m notify.Message) ([]byte, error) {
	if h.body == nil {
		return notify.JSON(alertmanager(m, h.o.Receiver, h.o.ExternalURL))
	}
	var b bounded
	if err := h.body.Execute(&b, m); err != nil {
		return nil, fmt.Errorf("fill the template: %s", notify.FarText(err.Error(), h.secrets...))
	}
	if strings.HasPrefix(h.o.ContentType, "application/json") && !json.Valid(b.Bytes()) {
		return nil, fmt.Errorf("the template does not give JSON: write texts as {{json .Title}}, without quotes around: %.100q", b.String())
	}
	return b.Bytes(), nil
}

// bounded is a buffer that a template cannot fill without end.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxBody {
		return 0, fmt.Errorf("more than %d bytes", maxBody)
	}
	return b.Buffer.Write(p)
}
