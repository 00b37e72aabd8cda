package web

import (
	"context"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/pin"
)

// Steps is what people do about alarms. Whoever acts is named by the request;
// a name or id of the roster is that person.
type Steps interface {
	// Whole returns one alarm with who was told of it and who is told next, or
	// an error that is ErrNotFound.
	Whole(ctx context.Context, id string) (Alarm, error)
	// TakeStep records a step. The same step of the same person is no error.
	TakeStep(ctx context.Context, id string, by Actor, step duty.Answer, note string, at time.Time) error
	// CloseAlarm records how it ended; Sign is a second person's signature.
	CloseAlarm(ctx context.Context, id string, by Actor, c duty.Closing) error
	Sign(ctx context.Context, id string, by Actor) error
	// Shelve puts the alarm aside until a moment; Unshelve ends that now.
	Shelve(ctx context.Context, id string, by Actor, until time.Time, reason string) error
	Unshelve(ctx context.Context, id string, by Actor) error
	// LookAt records that somebody has looked at a late alarm, and what he found.
	LookAt(ctx context.Context, id string, by Actor, note string) error
	// Queue returns at most limit late alarms that wait for the quality officer.
	Queue(ctx context.Context, limit int) ([]Alarm, error)
}

// People is the roster, the plan, and how telling people goes.
type People interface {
	People(ctx context.Context) (Roster, error)
	// PutPeople writes a new version; a *Refused says what is wrong with it, or
	// that somebody else was quicker.
	PutPeople(ctx context.Context, by Actor, version int, r duty.Roster, p duty.Plan) (Roster, error)
	// Drills returns at most so many exercises, newest first.
	Drills(ctx context.Context, most int) ([]Drill, error)
	// SetPIN gives a person of the roster a PIN: the first one is the person's
	// to choose, a later one wants the PIN of before; who may reset it may set
	// it too. A *Refused says why not.
	SetPIN(ctx context.Context, by Actor, person string, fresh pin.PIN) error
	// ForgetPIN takes it away, so that the person can choose another one.
	ForgetPIN(ctx context.Context, by Actor, person string) error
	// Channels says which ways to people have proved that they work.
	Channels(ctx context.Context) ([]Channel, error)
}

// Outages are what is planned.
type Outages interface {
	// Outages returns those that have not ended.
	Outages(ctx context.Context) ([]duty.Outage, error)
	PlanOutage(ctx context.Context, by Actor, o duty.Outage) (duty.Outage, error)
	EndOutage(ctx context.Context, by Actor, id string) error
}

// Messages are answered by their link, without signing in.
type Messages interface {
	// Message returns what was sent under a key, or an error that is ErrNotFound.
	Message(ctx context.Context, key string) (Message, error)
	// AnswerMessage takes a step for all that the message told of, in the name
	// of whom it was for, or of another name if one is given. Whoever is in the
	// roster proves it with his PIN.
	AnswerMessage(ctx context.Context, key string, by Actor, step duty.Answer) error
	// ChoosePIN is the first PIN of whom a message was for: that it came to his
	// telephone is what he has to show.
	ChoosePIN(ctx context.Context, key string, by Actor) error
}

// Refused is why a change was understood and not carried out.
type Refused struct {
	Code    string // a fixed word
	Invalid bool   // the request is wrong; else it contradicts what is recorded
	Status  int    // of the answer, if it is neither of these; 0: it is
	ZH, EN  string
}

func (r *Refused) Error() string { return r.EN }

// Step is one answer to an alarm.
type Step struct {
	Step duty.Answer
	By   string
	At   time.Time
	Note string
}

// Told is one message about an alarm to one person by one channel.
type Told struct {
	Person, Name, Channel string
	Kind                  notify.Kind
	At                    time.Time
	State                 TellingState
	Why                   string // what went wrong
}

// SiteModem is the channel of what a site's own modem told, by the name that the
// page knows.
const SiteModem = "site-modem"

// TellingState is what has become of a message.
type TellingState string

// The states of a message.
const (
	Taken   TellingState = "taken"   // the far end has it
	Waiting TellingState = "waiting" // it is still being tried
	Failed  TellingState = "failed"  // no channel can succeed any more
	Expired TellingState = "expired" // too old to be tried again
	// Cancelled: it was over, or back, before a channel had taken it.
	Cancelled TellingState = "cancelled"
)

// Next is who is told next if nobody answers.
type Next struct {
	At  time.Time
	Who []string
}

// Closing is how an alarm was closed. Names are as people say them.
type Closing struct {
	duty.Closing
	Severe bool // needs a second person
}

// Look is that somebody has looked at a late alarm.
type Look struct {
	By, Note string
	At       time.Time
	Grown    bool // it has become longer or worse since then
}

// Contact is somebody to call.
type Contact struct{ Name, Phone string } // Phone: +8613…

// Roster is one version of who is told and how.
type Roster struct {
	Version int
	Roster  duty.Roster
	Plan    duty.Plan
	PINs    []string // ids of those who have one
	Telling bool     // false: no channel is configured, nobody is told
	Lacks   []Lack
}

// Lack is something that the roster cannot do for a site; empty: for all.
type Lack struct{ Site, ZH, EN string }

// Drill is one weekly exercise.
type Drill struct {
	At      time.Time
	Persons []Drilled
}

// Drilled is how one person did.
type Drilled struct {
	Person, Name   string
	Told, Answered time.Time // zero: not
}

// Channel is one way to people.
type Channel struct {
	Name, Kind    string
	Proved        time.Time // when it last took a message; zero: not within the week
	Taken, Failed int64     // in the last seven days
	LastError     string
}

// Message is what somebody was sent.
type Message struct {
	Person, Name string
	Title, Text  string
	At           time.Time
	Answered     []Step   // of its alarms, or of the drill
	Names        []string // who may answer it, whose sites it is about first; empty: nobody is in the roster
	First        bool     // whom it was for has no PIN yet
}
