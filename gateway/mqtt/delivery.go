package mqtt

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Held asks for a session that the broker keeps: what comes at QoS 1 while the
// client is away waits there, and what was not acknowledged comes again.
//
// MQTT 3.1.1 knows no negative acknowledgement, and a broker sends again at
// the next connection only. So what cannot be taken now costs the connection:
// Delivery.Refuse ends it, and all that is unacknowledged comes again on the
// next one.
type Held struct {
	Filters []string // subscribed at each connection, also when the session has them
	// Forget are filters of an earlier configuration, which the session may
	// still have.
	Forget []string
	// Deliver takes each message, of whatever filter, also what the broker sends
	// before the first subscription. It must return at once.
	Deliver func(Delivery)
}

// Delivery is a message that the broker keeps until it is acknowledged. Of Ack
// and Refuse only the first call counts, and none after the connection has
// ended: then the message comes again anyway. An acknowledgement on the way
// when the connection ends may be lost, too. Both return at once.
type Delivery struct {
	Message
	QoS   byte // 0: the broker does not keep it, whatever is done here
	Again bool // it was sent before and not acknowledged
	// Ack tells the broker to forget the message.
	Ack func()
	// Refuse leaves it with the broker: the connection ends, and the next one is
	// made after the pause, or the usual back-off when that is longer.
	Refuse func(why error, pause time.Duration)
}

// maxAnswers bounds acknowledgements on their way to the connection. Brokers
// send far fewer messages ahead of them.
const maxAnswers = 4096

// hold is what the deliveries of one connection share.
type hold struct {
	ctx     context.Context // the connection's
	end     func(why error, pause time.Duration)
	answers chan func()
}

// deliver is the handler of everything that comes on a held session.
func (h *hold) deliver(to func(Delivery)) paho.MessageHandler {
	return func(_ paho.Client, m paho.Message) {
		var answered atomic.Bool
		to(Delivery{
			Message: Message{Topic: m.Topic(), Payload: m.Payload(), Retained: m.Retained()}, QoS: m.Qos(), Again: m.Duplicate(),
			Ack: func() {
				if !answered.Swap(true) {
					h.ack(m.Ack)
				}
			},
			Refuse: func(why error, pause time.Duration) {
				if !answered.Swap(true) {
					h.refuse(why, pause)
				}
			},
		})
	}
}

func (h *hold) ack(answer func()) {
	select {
	case h.answers <- answer:
	default:
		// Never expected. An acknowledgement that is not sent would keep a place
		// in the broker's window for good.
		h.refuse(errors.New("too many acknowledgements wait for the connection"), 0)
	}
}

func (h *hold) refuse(why error, pause time.Duration) {
	if h.ctx.Err() == nil {
		h.end(fmt.Errorf("left with the broker: %w", why), pause)
	}
}

// answerLoop hands acknowledgements to the connection, which may be slow, and
// ends with it. What waits at an orderly end still goes.
func (h *hold) answerLoop() {
	for {
		select {
		case answer := <-h.answers:
			answer()
			continue
		default:
		}
		select {
		case answer := <-h.answers:
			answer()
		case <-h.ctx.Done():
			if len(h.answers) == 0 {
				return
			}
		}
	}
}

// resubscribe makes a held session's subscriptions what they should be. There
// are no routes: everything goes to the one handler.
func resubscribe(ctx context.Context, client paho.Client, held *Held, answer time.Duration) error {
	for _, filter := range held.Filters {
		if err := subscribe(ctx, client, filter, nil, answer); err != nil {
			return err
		}
	}
	if len(held.Forget) == 0 {
		return nil
	}
	if err := await(ctx, client.Unsubscribe(held.Forget...), answer); err != nil {
		return fmt.Errorf("give up subscriptions of before: %w", err)
	}
	return nil
}
