package duty

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/notify"
	"coldchain/sensors"
)

// Duration is a time.Duration that is written as people do, "15m", in JSON
// and YAML alike.
type Duration time.Duration

// MarshalText writes "15m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Of is the duration itself.
func (d Duration) Of() time.Duration { return time.Duration(d) }

// Stage is a step of an escalation: after Delay everybody who serves the site
// in one of Roles and is on duty is told.
type Stage struct {
	Delay Duration `json:"delay" yaml:"delay"`
	Roles []Role   `json:"roles" yaml:"roles"`
}

// Chain is who is told one after another, and how.
type Chain struct {
	Stages []Stage  `json:"stages" yaml:"stages"`
	Round  Duration `json:"round" yaml:"round"` // after this the chain begins again, at least 30 min
	// Channels in the order in which they are tried, and how many of them have
	// to take the message: a call and a short message, for what is critical.
	Channels []string `json:"channels" yaml:"channels"`
	Take     int      `json:"take" yaml:"take"`
}

// Medium is what a channel needs to reach a person.
type Medium string

// The media.
const (
	Voice Medium = "voice" // telephone number
	SMS   Medium = "sms"   // telephone number
	Mail  Medium = "mail"  // address
	Robot Medium = "robot" // handle to mention
)

// Channel is one way to a person, as far as deciding needs to know it.
type Channel struct {
	Name   string        `json:"name" yaml:"name"`
	Medium Medium        `json:"medium" yaml:"medium"`
	Rates  []notify.Rate `json:"-" yaml:"-"` // the far end's; those per recipient decide whom to dial
}

// Reaches reports whether the person can be reached by the channel at all.
func (c Channel) Reaches(p Person) bool {
	switch c.Medium {
	case Voice, SMS:
		return p.Phone != ""
	case Mail:
		return p.Email != ""
	}
	return p.Handle[c.Name] != ""
}

// Plan is how a county tells its people. Every number is a default somebody
// may edit.
type Plan struct {
	Critical Chain     `json:"critical" yaml:"critical"` // excursions and power cuts
	Warning  Chain     `json:"warning" yaml:"warning"`
	Channels []Channel `json:"channels" yaml:"channels"`

	AckPause   Duration `json:"ack_pause" yaml:"ack_pause"`     // an answer holds the escalation for so long
	OnSite     Duration `json:"on_site" yaml:"on_site"`         // somebody on site, for at most so long
	Fold       Duration `json:"fold" yaml:"fold"`               // how long a silence or fault waits for its cause
	Unfold     Duration `json:"unfold" yaml:"unfold"`           // how long what was folded is held after its cause is gone
	Flap       Duration `json:"flap" yaml:"flap"`               // raised again within this, it is the same incident
	Repeat     Duration `json:"repeat" yaml:"repeat"`           // least time between messages of one incident to one person
	Cap        int      `json:"cap" yaml:"cap"`                 // messages per person and hour
	Reserve    int      `json:"reserve" yaml:"reserve"`         // of those, kept for what is critical
	Digest     Duration `json:"digest" yaml:"digest"`           // beyond the cap: one message in each slot of this length
	Merge      int      `json:"merge" yaml:"merge"`             // more than this at once for one person become one message
	WideSites  int      `json:"wide_sites" yaml:"wide_sites"`   // so many sites at once are the county's matter ...
	WideShare  float64  `json:"wide_share" yaml:"wide_share"`   // ... or this share of all, 0 to 1
	LeastNamed int      `json:"least_named" yaml:"least_named"` // people whom a critical alarm reaches in the end
	Trouble    Duration `json:"trouble" yaml:"trouble"`         // between messages that a channel fails

	Severe  Severe  `json:"severe" yaml:"severe"`
	Morning Morning `json:"morning" yaml:"morning"`
	Drill   Weekly  `json:"drill" yaml:"drill"`
}

// DefaultPlan is what a county starts with. Marks: [S] source seen, [E]
// experience of the trade. The names of channels are to be filled in.
func DefaultPlan() Plan {
	minutes := func(n int) Duration { return Duration(time.Duration(n) * time.Minute) }
	return Plan{
		Critical: Chain{ // [E]
			Stages: []Stage{
				{0, []Role{Keeper, Driver}}, {minutes(5), []Role{Deputy}},
				{minutes(10), []Role{CountyDuty}}, {minutes(20), []Role{Repairer, Manager}},
			},
			Round: minutes(30), Take: 2,
		},
		Warning: Chain{ // [E]: a warning is no reason to wake a manager
			Stages: []Stage{{0, []Role{Keeper, Driver}}, {minutes(10), []Role{Deputy}}, {minutes(30), []Role{CountyDuty}}},
			Round:  minutes(240), Take: 1,
		},
		AckPause: minutes(15), OnSite: minutes(240), // [E]
		Fold: Duration(10 * time.Second), Unfold: minutes(5), // [E]
		Flap: minutes(30), Repeat: minutes(30), // [E]
		Cap: 12, Reserve: 4, Digest: minutes(15), Merge: 3, // [E]
		WideSites: 3, WideShare: 0.3, // [E]
		LeastNamed: 3, // [S China GSP Appendix 3: short messages to at least three named people]
		Trouble:    minutes(60),
		Severe:     Severe{Lasted: minutes(120), Beyond: 5, Batches: true}, // [E]
		Morning:    Morning{At: 7*60 + 30},
		Drill:      Weekly{Day: "wed", At: 10 * 60, Answer: minutes(30)},
	}
}

// channel finds one by name.
func (p Plan) channel(name string) (Channel, bool) {
	i := slices.IndexFunc(p.Channels, func(c Channel) bool { return c.Name == name })
	if i < 0 {
		return Channel{}, false
	}
	return p.Channels[i], true
}

// Check returns what is wrong with the plan, each mistake with its field.
func (p Plan) Check() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}
	for i, c := range p.Channels {
		if !sensors.IsSlug(c.Name) {
			bad(fmt.Sprintf("channels[%d].name", i), "%q is not a name of lower-case letters, digits and hyphens", c.Name)
		}
		if !slices.Contains([]Medium{Voice, SMS, Mail, Robot}, c.Medium) {
			bad(fmt.Sprintf("channels[%d].medium", i), "%q is not voice, sms, mail or robot", c.Medium)
		}
	}
	p.checkChain("critical", p.Critical, bad)
	p.checkChain("warning", p.Warning, bad)
	for field, d := range map[string]Duration{"ack_pause": p.AckPause, "on_site": p.OnSite, "flap": p.Flap,
		"digest": p.Digest, "trouble": p.Trouble, "drill.answer": p.Drill.Answer} {
		if d.Of() < time.Minute || d.Of() > 24*time.Hour {
			bad(field, "%s: want 1m to 24h", d.Of())
		}
	}
	if p.Repeat.Of() < 5*time.Minute || p.Repeat.Of() > 24*time.Hour {
		bad("repeat", "%s: want 5m to 24h", p.Repeat.Of())
	}
	if p.Fold < 0 || p.Fold.Of() > 5*time.Minute || p.Unfold < 0 || p.Unfold.Of() > time.Hour {
		bad("fold", "want 0s to 5m, and unfold 0s to 1h; they are %s and %s", p.Fold.Of(), p.Unfold.Of())
	}
	if p.Cap < 1 || p.Cap > 120 || p.Reserve < 0 || p.Reserve >= p.Cap {
		bad("cap", "%d with %d in reserve: want 1 to 120, and a reserve below it", p.Cap, p.Reserve)
	}
	if p.Merge < 1 || p.WideSites < 2 || !(p.WideShare > 0 && p.WideShare <= 1) {
		bad("wide_sites", "want merge at least 1, wide_sites at least 2, wide_share above 0 and at most 1")
	}
	if p.LeastNamed < 1 || p.LeastNamed > 20 {
		bad("least_named", "%d: want 1 to 20", p.LeastNamed)
	}
	if !slices.Contains(weekdays[:], p.Drill.Day) {
		bad("drill.day", "%q is not a day: mon, tue, wed, thu, fri, sat or sun", p.Drill.Day)
	}
	slices.SortFunc(errs, func(x, y error) int { return strings.Compare(x.Error(), y.Error()) })
	return errors.Join(errs...)
}

func (p Plan) checkChain(name string, c Chain, bad func(field, format string, args ...any)) {
	if len(c.Stages) == 0 {
		bad(name+".stages", "want at least one: an alarm that nobody is told is none")
	}
	for i, s := range c.Stages {
		field := fmt.Sprintf("%s.stages[%d]", name, i)
		if s.Delay < 0 || s.Delay >= c.Round || i > 0 && s.Delay <= c.Stages[i-1].Delay {
			bad(field+".delay", "%s: want more than the stage before it and less than the round of %s", s.Delay.Of(), c.Round.Of())
		}
		for _, r := range s.Roles {
			if !slices.Contains(Roles(), r) {
				bad(field+".roles", "%q is none of %v", r, Roles())
			}
		}
	}
	if c.Round < p.Repeat {
		bad(name+".round", "%s is shorter than repeat, %s", c.Round.Of(), p.Repeat.Of())
	}
	for i, n := range c.Channels {
		if _, ok := p.channel(n); !ok {
			bad(fmt.Sprintf("%s.channels[%d]", name, i), "there is no channel %q", n)
		}
	}
	if c.Take < 1 {
		bad(name+".take", "%d: want at least 1", c.Take)
	}
}
