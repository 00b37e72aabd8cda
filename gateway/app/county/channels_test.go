package county

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/notifytest"
	"coldchain/alerting/notify/smsmodem/modemtest"
	"coldchain/gateway/config"
)

const secret = "hunter2-do-not-print"

func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

type nowhere struct{}

func (nowhere) Publish(context.Context, string, []byte) error { return nil }

// TestEveryKindIsBuilt: what the configuration knows, the list knows.
func TestEveryKindIsBuilt(t *testing.T) {
	file := secretFile(t, secret)
	cloud := &config.Aliyun{KeyID: "LTAI5tExample", SecretFile: file, Sign: "冷链", Template: "SMS_1"}
	all := map[string]config.Channel{
		"call": {AliyunVoice: cloud}, "sms": {AliyunSMS: cloud}, "modem": {SMSModem: &config.SMSModem{Port: "/dev/ttyUSB2", Baud: 115200, Parts: 1}},
		"wecom": {WeCom: &config.WeCom{KeyFile: file}}, "dingtalk": {DingTalk: &config.DingTalk{TokenFile: file, SecretFile: file}},
		"feishu": {Feishu: &config.Feishu{HookFile: file, SecretFile: file}},
		"mail":   {Email: &config.Email{Host: "smtp.example.com", TLS: "implicit", From: "a@example.com", Username: "a", PasswordFile: file}},
		"hook":   {Webhook: &config.Webhook{URLFile: secretFile(t, "https://h.example/"+secret)}},
		"mqtt":   {MQTT: &config.Topic{Topic: "coldchain/alarms"}},
	}
	c, err := NewChannels(config.Notify{Channels: all}, ChannelOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Publisher: nowhere{}})
	if err != nil || len(c.ByName) != len(all) {
		t.Fatalf("%d channels, %v", len(c.ByName), err)
	}
	if printed := fmt.Sprintf("%+v", c.ByName); strings.Contains(printed, secret) {
		t.Errorf("a secret is printed: %s", printed)
	}
}

func TestChannelWithoutItsSecret(t *testing.T) {
	all := map[string]config.Channel{"wecom": {WeCom: &config.WeCom{KeyFile: "/nowhere/key"}}}
	_, err := NewChannels(config.Notify{Channels: all}, ChannelOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "notify.channels.wecom: read secret file /nowhere/key") {
		t.Errorf("%v", err)
	}
}

// TestModemOnASerialPort: an SMS and its answer by the port as the collector
// opens it.
func TestModemOnASerialPort(t *testing.T) {
	sim := modemtest.New(t)
	replies := make(chan notify.Reply, 1)
	cfg := config.Notify{Channels: map[string]config.Channel{"modem": {SMSModem: &config.SMSModem{Port: sim.Path, Baud: 115200, Parts: 1}}}}
	c, err := NewChannels(cfg, ChannelOptions{Now: time.Now, Logger: slog.New(slog.DiscardHandler), Reply: func(_ context.Context, r notify.Reply) error {
		replies <- r
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { c.Run(ctx) })
	defer group.Wait()
	defer cancel()
	m := notifytest.Message(notify.Recipient{Phone: "8613812345678"})
	if _, err := c.ByName["modem"].Notify(ctx, m); err != nil {
		t.Fatal(err)
	}
	if sent, err := sim.Sent(); err != nil || len(sent) != 1 || sent[0].To != "8613812345678" || sent[0].Text != m.Short {
		t.Errorf("%+v, %v", sent, err)
	}
	sim.Receive("+8613812345678", "1", notifytest.At)
	if r := <-replies; r.From != "8613812345678" || r.Text != "1" {
		t.Errorf("%+v", r)
	}
}
