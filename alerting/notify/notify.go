// Package notify says what a message to a person is and how a channel delivers
// it: one folder a channel, all under the conformance suite in notifytest. It
// guarantees that what went wrong has a class, so that whoever tries again
// knows whether trying again can help, and that no secret is in an error.
package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coldchain/alerting"
)

// Kind is what a message is for.
type Kind string

// The kinds.
const (
	Raised   Kind = "raised"   // an alarm, for the first time to this person
	Grown    Kind = "grown"    // the same alarm has become more serious
	Reminder Kind = "reminder" // nobody has answered, or nobody is on site yet
	Returned Kind = "returned" // what was told of is over
	Digest   Kind = "digest"   // several alarms in one message, beyond a person's cap
	AllWell  Kind = "all-well" // the morning's message of a site
	Review   Kind = "review"   // a report was drafted and waits for somebody to review it
	Drill    Kind = "drill"    // the weekly exercise
	Trouble  Kind = "trouble"  // of this system itself: a channel fails, a drill was missed
	Trial    Kind = "trial"    // the test button
)

// Recipient is one person, or one group's robot, as a channel reaches it. A
// field that is empty is not known: the channel that needs it fails with class
// BadRecipient.
type Recipient struct {
	Person string            `json:"person"`           // slug in the roster; empty for a group
	Name   string            `json:"name"`             // as people say it
	Phone  string            `json:"phone,omitempty"`  // digits with country code: 8613812345678
	Email  string            `json:"email,omitempty"`  // one address
	Handle map[string]string `json:"handle,omitempty"` // by channel: the user id to mention
}

// Message is one thing to be said to one recipient. Its texts are finished: a
// channel cuts what does not fit, and changes nothing else.
type Message struct {
	Key   string // the outbox's: the same at every try, so that the far end can tell a repetition
	Kind  Kind
	Level alerting.Level
	To    Recipient
	At    time.Time // when it was decided that this is to be said

	Title string // one line
	Short string // at most 70 characters: an SMS, or what a voice reads out
	Text  string // a few short lines
	Link  string // where it can be answered without signing in; empty when there is none

	// Fields are the parts of the text, for channels whose text is a template
	// that was approved beforehand: place, what, since, left, batches, todo.
	Fields map[string]string
	Alarms []alerting.Alarm // for machines
	Files  []File           // for channels that carry files: e-mail
}

// File is sent along with a message.
type File struct {
	Name string // with its ending
	Type string // media type
	Body []byte
}

// Receipt is what the far end said when it took a message.
type Receipt struct {
	ID string // the far end's own name for it; empty when it gives none
}

// Notifier hands a message to one channel. It returns when the far end has
// taken or refused it, or when ctx ends; it neither waits nor tries again. A
// nil error means that the far end says that it has the message. It may be called
// for several messages at once.
type Notifier interface {
	Notify(ctx context.Context, m Message) (Receipt, error)
}

// Limited is a Notifier whose far end has limits. The caller keeps them: a
// channel counts nothing.
type Limited interface {
	Rates() []Rate
}

// Channel is what each folder of this package provides.
type Channel interface {
	Notifier
	Limited
}

// Reply is a message from a person to a channel, such as the "1" that
// acknowledges.
type Reply struct {
	From string    // digits with country code, as in Recipient.Phone
	Text string    // as it was sent, without surrounding space
	At   time.Time // when the person's network took it, as it says
}

// Rate is one of the far end's limits: at most Count messages in Per.
type Rate struct {
	Count        int
	Per          time.Duration
	PerRecipient bool // counted for each recipient apart
}

// Class says what can be done about a failure.
type Class string

// The classes.
const (
	Temporary     Class = "temporary"     // the same again may succeed: network, 5xx, too busy
	Muted         Class = "muted"         // too many messages: nothing goes before RetryAfter
	BadRecipient  Class = "recipient"     // this recipient cannot be reached by this channel
	Configuration Class = "configuration" // key, signature, template, address: a person must mend it
	Refused       Class = "refused"       // this message will never be taken
)

// Error is why a message was not taken.
type Error struct {
	Class      Class
	Code       string        // the far end's, as it gave it
	RetryAfter time.Duration // not before; 0 when the far end did not say
	// PerRecipient says that Muted concerns this recipient alone; else it is
	// the whole channel that has to wait.
	PerRecipient bool
	Err          error // what was tried and what is wrong; never with a secret in it
}

func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: %v", e.Class, e.Err)
	}
	return fmt.Sprintf("%s (code %s): %v", e.Class, e.Code, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Failed builds an Error; format and args are those of fmt.Errorf.
func Failed(class Class, format string, args ...any) *Error {
	return &Error{Class: class, Err: fmt.Errorf(format, args...)}
}

// ClassOf returns the class of an error from Notify; what has none, such as a
// context that ended, is temporary.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Temporary
}
