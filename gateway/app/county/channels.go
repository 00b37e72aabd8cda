package county

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/aliyun"
	"coldchain/alerting/notify/dingtalk"
	"coldchain/alerting/notify/email"
	"coldchain/alerting/notify/feishu"
	notifymqtt "coldchain/alerting/notify/mqtt"
	"coldchain/alerting/notify/smsmodem"
	"coldchain/alerting/notify/webhook"
	"coldchain/alerting/notify/wecom"
	"coldchain/firmware-bridge/serial"
	"coldchain/gateway/app"
	"coldchain/gateway/config"
	"coldchain/gateway/mqtt"
)

// farPatience is how long an HTTP service may take for one message.
const farPatience = 15 * time.Second

// ChannelOptions are what the configuration does not say.
type ChannelOptions struct {
	Now       func() time.Time
	Logger    *slog.Logger
	Publisher notifymqtt.Publisher                      // for mqtt channels
	Reply     func(context.Context, notify.Reply) error // takes answers by SMS; nil: they are not read
}

// Channels are the county's ways to reach people, by name.
type Channels struct {
	ByName map[string]notify.Channel
	modems []*smsmodem.Modem
	client *http.Client
}

// NewChannels builds every channel of the configuration. It reads secrets and
// opens nothing.
func NewChannels(cfg config.Notify, o ChannelOptions) (*Channels, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: farPatience, IdleConnTimeout: time.Minute}
	c := &Channels{ByName: map[string]notify.Channel{}, client: &http.Client{Timeout: farPatience, Transport: transport}}
	for _, name := range slices.Sorted(maps.Keys(cfg.Channels)) {
		channel, err := c.build(cfg.Channels[name], o)
		if err != nil {
			return nil, fmt.Errorf("notify.channels.%s: %w", name, err)
		}
		c.ByName[name] = channel
	}
	return c, nil
}

// Run serves the modems until ctx ends.
func (c *Channels) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, m := range c.modems {
		group.Go(func() { m.Run(ctx) })
	}
	group.Wait()
	<-ctx.Done()
	c.client.CloseIdleConnections()
}

// build is the list of channels: a new one is a case here.
func (c *Channels) build(cfg config.Channel, o ChannelOptions) (notify.Channel, error) {
	s := secrets{}
	switch {
	case cfg.AliyunVoice != nil:
		a := cfg.AliyunVoice
		return built(aliyun.NewVoice(c.aliyun(a, s.read(a.SecretFile), o), a.ShownNumber))(s.err)
	case cfg.AliyunSMS != nil:
		a := cfg.AliyunSMS
		return built(aliyun.NewSMS(c.aliyun(a, s.read(a.SecretFile), o), a.Sign))(s.err)
	case cfg.SMSModem != nil:
		return c.modem(*cfg.SMSModem, o)
	case cfg.WeCom != nil:
		return built(wecom.New(wecom.Options{Endpoint: cfg.WeCom.Endpoint, Key: s.read(cfg.WeCom.KeyFile), Client: c.client, Now: o.Now}))(s.err)
	case cfg.DingTalk != nil:
		d := cfg.DingTalk
		return built(dingtalk.New(dingtalk.Options{Endpoint: d.Endpoint, Token: s.read(d.TokenFile), Secret: s.read(d.SecretFile), Client: c.client, Now: o.Now}))(s.err)
	case cfg.Feishu != nil:
		f := cfg.Feishu
		return built(feishu.New(feishu.Options{Endpoint: f.Endpoint, Hook: s.read(f.HookFile), Secret: s.read(f.SecretFile), Client: c.client, Now: o.Now}))(s.err)
	case cfg.Email != nil:
		return mailbox(*cfg.Email, o)
	case cfg.Webhook != nil:
		return c.webhook(*cfg.Webhook, o)
	case cfg.MQTT != nil:
		return built(notifymqtt.New(cfg.MQTT.Topic, o.Publisher))(nil)
	}
	return nil, errors.New("it says nothing about how it sends")
}

// built turns what a constructor returned into a channel. An error before it,
// such as a secret that cannot be read, comes first: it is the cause.
func built[C notify.Channel](c C, err error) func(before error) (notify.Channel, error) {
	return func(before error) (notify.Channel, error) {
		if before != nil {
			return nil, before
		}
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

// secrets reads secrets and keeps the first error.
type secrets struct{ err error }

func (s *secrets) read(file string) notify.Secret {
	if file == "" {
		return notify.Secret{}
	}
	text, err := config.ReadSecret(file)
	if err != nil && s.err == nil {
		s.err = err
	}
	return notify.NewSecret(text.Reveal())
}

func (c *Channels) aliyun(a *config.Aliyun, secret notify.Secret, o ChannelOptions) aliyun.Options {
	return aliyun.Options{Endpoint: a.Endpoint, KeyID: a.KeyID, Secret: secret, Template: a.Template, Variables: a.Variables, Client: c.client, Now: o.Now}
}

func mailbox(e config.Email, o ChannelOptions) (notify.Channel, error) {
	s := secrets{}
	settings := email.Options{
		Host: e.Host, Port: int(e.Port), TLS: email.TLS(e.TLS), Username: e.Username, Password: s.read(e.PasswordFile), From: e.From, Now: o.Now,
	}
	if e.CAFile != "" {
		pem, err := os.ReadFile(e.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		settings.Roots = x509.NewCertPool()
		if !settings.Roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s holds no certificate", e.CAFile)
		}
	}
	return built(email.New(settings))(s.err)
}

func (c *Channels) webhook(w config.Webhook, o ChannelOptions) (notify.Channel, error) {
	s, template := secrets{}, []byte(nil)
	if w.TemplateFile != "" {
		var err error
		if template, err = os.ReadFile(w.TemplateFile); err != nil {
			return nil, fmt.Errorf("template_file: %w", err)
		}
	}
	return built(webhook.New(webhook.Options{
		Address: s.read(w.URLFile), Secret: s.read(w.SecretFile), Template: string(template), ContentType: w.ContentType, Client: c.client, Now: o.Now,
	}))(s.err)
}

func (c *Channels) modem(m config.SMSModem, o ChannelOptions) (notify.Channel, error) {
	settings := serial.Config{Path: m.Port, Baud: int(m.Baud)}
	if err := settings.Check(); err != nil {
		return nil, err
	}
	modem, err := smsmodem.New(smsmodem.Options{
		Open:  func() (io.ReadWriteCloser, error) { return app.OpenModemPort(settings) },
		Reply: o.Reply, Parts: int(m.Parts), Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	c.modems = append(c.modems, modem)
	return modem, nil
}

// LinkPublisher publishes over the county's connection to its broker.
type LinkPublisher struct{ Link *mqtt.Link }

// Publish hands the payload to the broker and waits for its receipt.
func (p LinkPublisher) Publish(ctx context.Context, topic string, payload []byte) error {
	return p.Link.Publish(ctx, mqtt.Message{Topic: topic, Payload: payload})
}
