package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/notifytest"
)

type publish func(ctx context.Context, topic string, payload []byte) error

func (p publish) Publish(ctx context.Context, topic string, payload []byte) error {
	return p(ctx, topic, payload)
}

func topic(t *testing.T, p publish) *Topic {
	t.Helper()
	c, err := New("coldchain/alarms", p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConformance(t *testing.T) {
	to := notify.Recipient{Person: "bater", Name: "巴特尔", Phone: "8613812345678", Email: "bater@example.com"}
	notifytest.Run(t, notifytest.Channel{
		To: to, HasKey: true, Secrets: []string{to.Phone, to.Email},
		Text: func(m notify.Message) string { return m.Title + "|" + m.Short + "|" + m.Text },
		Right: func(t *testing.T) (notify.Channel, func() ([]notifytest.Got, error)) {
			var mu sync.Mutex
			var took []notifytest.Got
			var wrong error
			c := topic(t, func(_ context.Context, topic string, payload []byte) error {
				mu.Lock()
				defer mu.Unlock()
				var p Payload
				err := json.Unmarshal(payload, &p)
				switch text := string(payload); {
				case err != nil || topic != "coldchain/alarms" || len(p.Alarms) != 1 || p.Person != "bater" || !p.At.Equal(notifytest.At):
					wrong = fmt.Errorf("%s: %s (%w)", topic, payload, err)
				case strings.Contains(text, to.Phone) || strings.Contains(text, to.Email) || strings.Contains(text, "/a/k7Jq"):
					wrong = fmt.Errorf("a number, address or link for one person is published: %s", text)
				}
				took = append(took, notifytest.Got{Text: p.Title + "|" + p.Short + "|" + p.Text, Key: p.Key})
				return nil
			})
			return c, func() ([]notifytest.Got, error) { return took, wrong }
		},
		Hanging: []notifytest.Hanging{{Name: "no receipt", Start: func(t *testing.T) (notify.Channel, <-chan struct{}) {
			arrived := make(chan struct{})
			return topic(t, func(ctx context.Context, _ string, _ []byte) error {
				close(arrived)
				<-ctx.Done()
				return context.Cause(ctx)
			}), arrived
		}}},
		Wrong: []notifytest.Wrong{{Name: "no connection", Want: notify.Temporary, Says: "not connected", Start: func(t *testing.T) notify.Channel {
			return topic(t, func(context.Context, string, []byte) error { return errors.New("not connected to the broker") })
		}}},
	})
}

func TestTopicWithoutWildcard(t *testing.T) {
	for _, name := range []string{"", "a/#", "a/+/b", "a\x00"} {
		if _, err := New(name, publish(nil)); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

// TestPayload is what a reader may rely on.
func TestPayload(t *testing.T) {
	b, err := notify.JSON(Payload{Key: "k", Kind: notify.Raised, Level: "excursion", At: time.Unix(0, 0).UTC(), Title: "<羊肉库>"})
	if want := `{"key":"k","kind":"raised","level":"excursion","at":"1970-01-01T00:00:00Z","title":"<羊肉库>"}`; err != nil || string(b) != want {
		t.Errorf("%s (%v), want %s", b, err, want)
	}
}
