// Package mqtt publishes messages as JSON, for a display, a siren or another
// system of the county. It guarantees that no telephone number, address or
// link goes with them: a topic may have any reader.
package mqtt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// Publisher hands a payload to a broker, and returns when the broker has it.
type Publisher interface {
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Topic publishes to one topic.
type Topic struct {
	topic     string
	publisher Publisher
}

// New checks the topic, which must hold no wildcard.
func New(topic string, p Publisher) (*Topic, error) {
	if topic == "" || len(topic) > 1000 || strings.ContainsAny(topic, "+#\x00") {
		return nil, fmt.Errorf("mqtt: %.60q is no topic to publish to: no +, no #, e.g. coldchain/alarms", topic)
	}
	if p == nil {
		return nil, errors.New("mqtt: a publisher is needed")
	}
	return &Topic{topic, p}, nil
}

// Rates returns none: the broker is the county's own.
func (t *Topic) Rates() []notify.Rate { return nil }

// Payload is what is published. Key is the same when a message is repeated.
type Payload struct {
	Key    string            `json:"key"`
	Kind   notify.Kind       `json:"kind"`
	Level  alerting.Level    `json:"level,omitempty"`
	At     time.Time         `json:"at"`
	Person string            `json:"person,omitempty"`
	Title  string            `json:"title"`
	Short  string            `json:"short,omitempty"`
	Text   string            `json:"text,omitempty"`
	Fields map[string]string `json:"fields,omitempty"`
	Alarms []alerting.Alarm  `json:"alarms,omitempty"`
}

// Notify publishes the message. A failure to publish is temporary.
func (t *Topic) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	body, err := notify.JSON(Payload{m.Key, m.Kind, m.Level, m.At.UTC(), m.To.Person, m.Title, m.Short, m.Text, m.Fields, m.Alarms})
	if err != nil {
		return notify.Receipt{}, notify.Failed(notify.Refused, "encode the message: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return notify.Receipt{}, notify.Failed(notify.Temporary, "publish to %s: %w", t.topic, context.Cause(ctx))
	}
	if err := t.publisher.Publish(ctx, t.topic, body); err != nil {
		return notify.Receipt{}, notify.Failed(notify.Temporary, "publish to %s: %w", t.topic, err)
	}
	return notify.Receipt{}, nil
}
