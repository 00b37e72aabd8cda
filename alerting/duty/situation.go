package duty

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// Situation is everything that is known at a moment. The same situation gives
// the same messages.
type Situation struct {
	// Alarms are those that are present, and those that returned within
	// Memory: what was told has to be taken back, and a flapping one is known
	// by its past.
	Alarms   []Alarm
	Shelves  []Shelf
	Outages  []Outage
	Disuses  []Disuse // of zones that hold nothing
	Roster   Roster
	Plan     Plan
	Told     []Told // intents of the last Memory, in any order
	Sites    int    // how many the county has, for its share
	Location *time.Location
	Stores   []Store   // for the morning's message: needed only while Morning.Told
	Filing   *Filing   // the report that was drafted last; nil: none is
	Began    time.Time // since when the county has this: no drill before it was missed
}

// Memory is how far back Situation.Alarms and Situation.Told must reach.
const Memory = 8 * 24 * time.Hour

// Alarm is an alarm with what people did about it.
type Alarm struct {
	alerting.Alarm
	Rung    time.Time // when the county first had it, live and at its present level
	Place   Place
	Steps   []Step
	Batches []string
	Closed  time.Time // zero: nobody has closed it
	Looked  time.Time // zero: it is late, and nobody has looked at it as it is now
}

// Place says under what an alarm's object hangs. What is empty is not known,
// and folds nothing.
type Place struct{ Gateway, Bus, Device string }

// Site is the site that the alarm is about.
func (a Alarm) Site() string {
	site, _, _ := strings.Cut(a.Object, "/")
	return site
}

func (a Alarm) present() bool { return a.Returned.IsZero() && a.Closed.IsZero() }

// over is when the alarm ended; zero while it is present.
func (a Alarm) over() time.Time {
	if a.Returned.IsZero() {
		return a.Closed
	}
	return a.Returned
}

// Intent is one message to one person, decided once. What it says is composed
// when it is put into the outbox.
type Intent struct {
	// Key is the same whenever the same message is decided: alarm, level,
	// person, kind and round.
	Key    string         `json:"key"`
	Kind   notify.Kind    `json:"kind"`
	Level  alerting.Level `json:"level"`
	Person string         `json:"person"`
	At     time.Time      `json:"at"` // when it was decided
	// Channels are to be tried in this order until Take of them have taken it.
	Channels []string `json:"channels"`
	Take     int      `json:"take"`
	Critical bool     `json:"critical"`       // breaks through quiet hours
	Covers   []Cover  `json:"covers"`         // most serious first
	Folded   int      `json:"folded"`         // further alarms behind those
	Sites    int      `json:"sites"`          // more than 1: of so many sites
	Wide     Family   `json:"wide,omitempty"` // not empty: the county's message of this family
	Count    int      `json:"count"`          // how often the incident was raised
	// What a message that is about no alarm is about: the day of a morning's
	// message or a drill, the channel that fails.
	Subject string   `json:"subject,omitempty"`
	Reports []Report `json:"reports,omitempty"` // of the morning's message
	Missed  []string `json:"missed,omitempty"`  // persons who did not answer the drill
}

// Cover is one alarm that an intent tells of.
type Cover struct {
	Alarm  string            `json:"alarm"`
	Rule   alerting.RuleName `json:"rule"`
	Object string            `json:"object"`
	Level  alerting.Level    `json:"level"`
}

// Site is the site of the alarm.
func (c Cover) Site() string { return Alarm{Alarm: alerting.Alarm{Object: c.Object}}.Site() }

// Told is an intent of the past with what has become of it.
type Told struct {
	Intent
	Attempts []Attempt
	Steps    []Step // answers to a drill
	// Cancelled is when it was given up because what it says was not true any
	// more; zero: it was not.
	Cancelled time.Time
}

// unheard reports whether it was given up before any channel had taken it: the
// person knows nothing of it.
func (t Told) unheard() bool {
	return !t.Cancelled.IsZero() && !slices.ContainsFunc(t.Attempts, Attempt.OK)
}

// Attempt is one try to hand an intent to a channel.
type Attempt struct {
	Channel string       `json:"channel"`
	At      time.Time    `json:"at"`
	Class   notify.Class `json:"class,omitempty"` // empty: it was taken
	Code    string       `json:"code,omitempty"`
	Error   string       `json:"error,omitempty"`
	Until   time.Time    `json:"until,omitzero"` // the far end takes nothing before this
}

// OK reports whether the far end has taken the message.
func (a Attempt) OK() bool { return a.Class == "" }

// Report is what the morning's message says of one site.
type Report struct {
	Site     string   `json:"site"`
	Well     bool     `json:"well"`
	Alarms   int      `json:"alarms"` // incidents that are present
	Fresh    bool     `json:"fresh"`
	Problems []string `json:"problems,omitempty"`
}

// Store is a site as the morning's message sees it. Problems are what is not
// well beside alarms, most serious first: a code, and a number where one says
// more, as "silent:2": offline, silent, fault, device, gap (minutes since
// yesterday), backlog (readings), clock.
type Store struct {
	Site     string
	Fresh    bool // every point has a young, usable reading
	Problems []string
}

// Problem takes a problem of a Store apart; n is 0 where it has no number.
func Problem(text string) (code string, n int) {
	code, number, _ := strings.Cut(text, ":")
	n, err := strconv.Atoi(number)
	if err != nil {
		return code, 0
	}
	return code, n
}

// IncidentOf names what a cover is told as: covers with one name are one thing
// to people.
func IncidentOf(c Cover) string { return string(incidentOf(c.Rule, c.Object)) }

// AboutDrill reports whether a trouble is about the weekly exercise and not
// about a channel.
func AboutDrill(i Intent) bool { return strings.HasPrefix(i.Subject, drillSubject) }

const drillSubject = "drill/"
