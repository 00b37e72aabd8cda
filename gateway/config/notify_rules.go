package config

import (
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

const channelKinds = "aliyun_voice, aliyun_sms, sms_modem, wecom, dingtalk, feishu, email, webhook or mqtt"

// messageParts are what a template's variable can be filled with.
var messageParts = []string{"place", "what", "since", "left", "batches", "todo", "title", "short"}

func (n *Notify) validate(r *report) {
	for _, name := range slices.Sorted(maps.Keys(n.Channels)) {
		c, p := n.Channels[name], place("notify").key("channels").key(name)
		r.name(p, name)
		switch kinds := c.kinds(); {
		case len(kinds) == 0:
			r.bad(p, "add one of "+channelKinds, "channel %.60q says nothing about how it sends", name)
		case len(kinds) > 1:
			r.bad(p, "make a channel of each", "channel %.60q sends by %s", name, strings.Join(kinds, " and "))
		default:
			c.validate(r, p.key(kinds[0]))
		}
	}
}

// validate checks the one field that is given, at p.
func (c Channel) validate(r *report, p place) {
	switch {
	case c.AliyunVoice != nil:
		c.AliyunVoice.validate(r, p, "TTS_")
		r.without(p.key("sign"), c.AliyunVoice.Sign, "a call has no signature")
	case c.AliyunSMS != nil:
		c.AliyunSMS.validate(r, p, "SMS_")
		r.required(p.key("sign"), c.AliyunSMS.Sign, "杭锦冷链")
		r.without(p.key("shown_number"), c.AliyunSMS.ShownNumber, "an SMS has no number of its own")
	case c.SMSModem != nil:
		c.SMSModem.validate(r, p)
	case c.WeCom != nil:
		r.endpoint(p.key("endpoint"), c.WeCom.Endpoint)
		r.needSecret(p.key("key_file"), c.WeCom.KeyFile)
	case c.DingTalk != nil:
		r.endpoint(p.key("endpoint"), c.DingTalk.Endpoint)
		r.needSecret(p.key("token_file"), c.DingTalk.TokenFile)
		r.needSecret(p.key("secret_file"), c.DingTalk.SecretFile)
	case c.Feishu != nil:
		r.endpoint(p.key("endpoint"), c.Feishu.Endpoint)
		r.needSecret(p.key("hook_file"), c.Feishu.HookFile)
		r.needSecret(p.key("secret_file"), c.Feishu.SecretFile)
	case c.Email != nil:
		c.Email.validate(r, p)
	case c.Webhook != nil:
		r.needSecret(p.key("url_file"), c.Webhook.URLFile)
		r.secretForm(p.key("secret_file"), c.Webhook.SecretFile)
		if c.Webhook.SecretFile == "" {
			r.warn(p.key("secret_file"), "add it unless the receiver cannot check a signature", "what this webhook sends is not signed")
		}
	case c.MQTT != nil:
		if t := p.key("topic"); r.required(t, c.MQTT.Topic, "coldchain/alarms") && strings.ContainsAny(c.MQTT.Topic, "+#\x00") {
			r.bad(t, "write one topic, e.g. coldchain/alarms", "%s %.60q has a wildcard", t, c.MQTT.Topic)
		}
	}
}

func (a *Aliyun) validate(r *report, p place, prefix string) {
	r.endpoint(p.key("endpoint"), a.Endpoint)
	r.required(p.key("key_id"), a.KeyID, "LTAI5t…, of a RAM user that may do nothing else")
	r.needSecret(p.key("secret_file"), a.SecretFile)
	if t := p.key("template"); r.required(t, a.Template, prefix+"154950909") && !strings.HasPrefix(a.Template, prefix) {
		r.bad(t, "want the code of an approved template, e.g. "+prefix+"154950909", "%s %.60q is not such a template", t, a.Template)
	}
	for _, v := range slices.Sorted(maps.Keys(a.Variables)) {
		r.oneOf(p.key("variables").key(v), a.Variables[v], messageParts...)
	}
	if len(a.Variables) == 0 {
		r.warn(p.key("variables"), "e.g. variables: {place: place, what: what}", "the template says the same whatever happens: it has no variables")
	}
}

func (m *SMSModem) validate(r *report, p place) {
	if t := p.key("port"); r.required(t, m.Port, "/dev/serial/by-id/usb-…-if02-port0") && !strings.HasPrefix(m.Port, "/") {
		r.bad(t, "write its path, e.g. /dev/ttyUSB2", "%s %.60q is no path", t, m.Port)
	}
	if b := p.key("baud"); m.Baud < 1200 || m.Baud > 4_000_000 {
		r.bad(b, "want 1200 to 4000000; 115200 is usual", "%s %d is out of range", b, m.Baud)
	}
	if m.Parts < 1 || m.Parts > 4 {
		r.bad(p.key("parts"), "want 1 to 4", "%s %d is out of range", p.key("parts"), m.Parts)
	}
}

func (e *Email) validate(r *report, p place) {
	r.required(p.key("host"), e.Host, "smtp.qq.com")
	if a, err := mail.ParseAddress(e.From); r.required(p.key("from"), e.From, "alarm@example.com") && (err != nil || a.Address != e.From) {
		r.bad(p.key("from"), "write one address, e.g. alarm@example.com", "%s %.100q is not an address", p.key("from"), e.From)
	}
	tls := r.oneOf(p.key("tls"), e.TLS, "implicit", "starttls", "none")
	if tls && e.TLS == "none" && e.Host != "" && (!loopback(e.Host) || e.PasswordFile != "") {
		r.bad(p.key("tls"), "use implicit (port 465) or starttls (port 587)", "without TLS only a server on this machine is allowed, without a password")
	}
	if e.Username != "" && e.PasswordFile == "" {
		r.bad(p.key("password_file"), "name a file that holds it alone; QQ and 163 want the 授权码", "%s is missing while username is given", p.key("password_file"))
	}
	if e.PasswordFile != "" && e.Username == "" {
		r.bad(p.key("username"), "add the mailbox's user", "%s is missing while password_file is given", p.key("username"))
	}
	r.secretForm(p.key("password_file"), e.PasswordFile)
}

// needSecret demands a *_file key.
func (r *report) needSecret(p place, s string) {
	if r.required(p, s, "/etc/coldchain/secrets/NAME, a file that holds the secret alone") {
		r.secretForm(p, s)
	}
}

// without refuses a key that means nothing here.
func (r *report) without(p place, s, why string) {
	if s != "" {
		r.bad(p, "remove it", "%s has no effect: %s", p, why)
	}
}

// endpoint checks an address that replaces a service's own: a secret goes
// there, so it is https or this machine.
func (r *report) endpoint(p place, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.bad(p, "write for example https://proxy.example/path, without a key", "%s is not an address of the form https://HOST/PATH", p)
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		r.bad(p, "use https://", "%s would send a secret unencrypted", p)
	}
}

// checkFiles looks at the files that the channels name.
func (n *Notify) checkFiles(r *report) {
	for _, name := range slices.Sorted(maps.Keys(n.Channels)) {
		c := n.Channels[name]
		p := place("notify").key("channels").key(name).key(c.Kind())
		for _, a := range []*Aliyun{c.AliyunVoice, c.AliyunSMS} {
			if a != nil {
				r.secret(p.key("secret_file"), a.SecretFile)
			}
		}
		if w := c.WeCom; w != nil {
			r.secret(p.key("key_file"), w.KeyFile)
		}
		if d := c.DingTalk; d != nil {
			r.secret(p.key("token_file"), d.TokenFile)
			r.secret(p.key("secret_file"), d.SecretFile)
		}
		if f := c.Feishu; f != nil {
			r.secret(p.key("hook_file"), f.HookFile)
			r.secret(p.key("secret_file"), f.SecretFile)
		}
		if e := c.Email; e != nil {
			r.secret(p.key("password_file"), e.PasswordFile)
			r.file(p.key("ca_file"), e.CAFile)
		}
		if w := c.Webhook; w != nil {
			r.secret(p.key("url_file"), w.URLFile)
			r.secret(p.key("secret_file"), w.SecretFile)
			r.file(p.key("template_file"), w.TemplateFile)
		}
	}
}
