package duty

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
)

// Answer is a step of a person towards the end of an alarm.
type Answer string

// The steps. None of them cools the room: acknowledging only says that
// somebody knows.
const (
	Acknowledged Answer = "acknowledged" // 知道了
	OnTheWay     Answer = "on-the-way"   // 在路上
	OnSite       Answer = "on-site"      // 已到场
	Handled      Answer = "handled"      // 已处理
)

// Answers are the steps in their order. Any may be taken at any time: nobody
// who is on site is asked to say first that he was on the way.
func Answers() []Answer { return []Answer{Acknowledged, OnTheWay, OnSite, Handled} }

// Step is one step of one person.
type Step struct {
	Answer Answer         `json:"answer"`
	Person string         `json:"person"` // slug in the roster, or another actor's name
	At     time.Time      `json:"at"`
	Level  alerting.Level `json:"level"` // of the alarm when it was answered: a more serious one asks again
}

// pauses returns the stretches of time in which an alarm of the level is in
// somebody's hands, sorted, not overlapping.
func (p Plan) pauses(steps []Step, level alerting.Level) []stretch {
	steps = slices.Clone(steps)
	slices.SortFunc(steps, func(x, y Step) int {
		if c := x.At.Compare(y.At); c != 0 {
			return c
		}
		return strings.Compare(x.Person+string(x.Answer), y.Person+string(y.Answer))
	})
	var out []stretch
	done := map[Step]bool{}
	for i, s := range steps {
		// Saying the same again holds nothing up: otherwise a thumb could keep
		// everybody else asleep all night.
		again := Step{Answer: s.Answer, Person: s.Person}
		if done[again] || level.MoreSevere(s.Level) {
			continue
		}
		done[again] = true
		until := s.At.Add(p.AckPause.Of())
		if s.Answer == OnSite {
			until = s.At.Add(p.OnSite.Of())
			for _, later := range steps[i:] { // who has dealt with it may leave
				if later.Answer == Handled && later.Person == s.Person {
					until = earliest(until, later.At)
				}
			}
		}
		out = append(out, stretch{s.At, until})
	}
	return union(out)
}

// InHands says until when an alarm of the level is in somebody's hands, and whose
// step was the last that counts; ok is false when it is in nobody's. A step may
// lie in the past of the moment that is asked about: until says so.
func (p Plan) InHands(steps []Step, level alerting.Level) (until time.Time, last Step, ok bool) {
	pauses := p.pauses(steps, level)
	if len(pauses) == 0 {
		return time.Time{}, Step{}, false
	}
	for _, s := range steps {
		if !level.MoreSevere(s.Level) && !s.At.Before(last.At) {
			last = s
		}
	}
	return pauses[len(pauses)-1].to, last, true
}

// stretch is a stretch of time, from inclusive, to exclusive.
type stretch struct{ from, to time.Time }

func union(list []stretch) []stretch {
	slices.SortFunc(list, func(x, y stretch) int { return x.from.Compare(y.from) })
	var out []stretch
	for _, s := range list {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			out[n-1].to = latest(out[n-1].to, s.to)
		} else if s.to.After(s.from) {
			out = append(out, s)
		}
	}
	return out
}

// after returns the moment at which so much time has passed since base, the
// pauses not counted.
func after(base time.Time, d time.Duration, pauses []stretch) time.Time {
	at := base.Add(d)
	for _, p := range pauses {
		if !p.to.After(base) {
			continue
		}
		from := latest(p.from, base)
		if from.After(at) {
			break
		}
		at = at.Add(p.to.Sub(from))
	}
	return at
}

// Cause is why an alarm was, as the person who closes it says.
type Cause string

// Action is what was done about it.
type Action string

// Outcome is how it ended for the goods.
type Outcome string

// The codes that can be chosen; a note says the rest.
const (
	Defrost      Cause = "defrost"
	Loading      Cause = "loading"
	PowerCut     Cause = "power-cut"
	DoorLeftOpen Cause = "door-open"
	Compressor   Cause = "compressor"
	Refrigerant  Cause = "refrigerant"
	Controller   Cause = "controller"
	ColdWeather  Cause = "cold-weather"
	SensorFailed Cause = "sensor"
	LinkFailed   Cause = "link"
	FalseAlarm   Cause = "false-alarm"
	OtherCause   Cause = "other"

	Waited      Action = "waited"
	ClosedDoor  Action = "closed-door"
	Restarted   Action = "restarted"
	Repaired    Action = "repaired"
	Generator   Action = "generator"
	MovedGoods  Action = "moved-goods"
	Heated      Action = "heated"
	Replaced    Action = "replaced-sensor"
	OtherAction Action = "other"

	GoodsFine   Outcome = "goods-fine"
	GoodsHeld   Outcome = "goods-held"
	GoodsMoved  Outcome = "goods-moved"
	GoodsLost   Outcome = "goods-lost"
	NoGoods     Outcome = "no-goods"
	SensorLost  Outcome = "sensor-lost" // it can neither end nor be measured: the minutes become a gap
	NoExcursion Outcome = "no-excursion"
)

// Closing is the end of an alarm: cause, then what was done, then how it ended.
type Closing struct {
	Cause   Cause     `json:"cause"`
	Action  Action    `json:"action"`
	Outcome Outcome   `json:"outcome"`
	Note    string    `json:"note,omitempty"` // needed with "other" and "sensor-lost"
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Signed  string    `json:"signed,omitempty"` // a second person, for a severe one
	SignAt  time.Time `json:"signed_at,omitzero"`
}

// Causes, Actions and Outcomes are the codes in the order of a list to choose from.
func Causes() []Cause {
	return []Cause{Defrost, Loading, PowerCut, DoorLeftOpen, Compressor, Refrigerant, Controller, ColdWeather, SensorFailed, LinkFailed, FalseAlarm, OtherCause}
}

// Actions are what can be said to have been done.
func Actions() []Action {
	return []Action{Waited, ClosedDoor, Restarted, Repaired, Generator, MovedGoods, Heated, Replaced, OtherAction}
}

// Outcomes are how it can have ended.
func Outcomes() []Outcome {
	return []Outcome{GoodsFine, GoodsHeld, GoodsMoved, GoodsLost, NoGoods, SensorLost, NoExcursion}
}

// Check returns what is missing, naming the field.
func (c Closing) Check() error {
	switch {
	case !slices.Contains(Causes(), c.Cause):
		return fmt.Errorf("cause: %q is none of %v", c.Cause, Causes())
	case !slices.Contains(Actions(), c.Action):
		return fmt.Errorf("action: %q is none of %v", c.Action, Actions())
	case !slices.Contains(Outcomes(), c.Outcome):
		return fmt.Errorf("outcome: %q is none of %v", c.Outcome, Outcomes())
	case strings.TrimSpace(c.Note) == "" && (c.Cause == OtherCause || c.Action == OtherAction || c.Outcome == SensorLost):
		return fmt.Errorf("note: say what it was")
	case len([]rune(c.Note)) > 500:
		return fmt.Errorf("note: at most 500 characters")
	}
	return nil
}

// MayClose reports, as a reason, why an alarm cannot be closed yet; nil when it
// can. A condition that is still there is not over, unless its sensor is lost:
// then it can never end by itself.
func MayClose(a alerting.Alarm, c Closing) error {
	if err := c.Check(); err != nil {
		return err
	}
	if a.Returned.IsZero() && c.Outcome != SensorLost {
		return fmt.Errorf("the alarm is still present: it can be closed when it is over, or with the outcome %s", SensorLost)
	}
	return nil
}

// Severe says which closings need a second person's signature: an excursion
// that lasted longer, went further beyond its limit, or had goods in the room.
type Severe struct {
	Lasted  Duration `json:"lasted" yaml:"lasted"`
	Beyond  float64  `json:"beyond" yaml:"beyond"` // °C or %RH beyond the limit
	Batches bool     `json:"batches" yaml:"batches"`
}

// Is applies the rule to an alarm as it stands now.
func (s Severe) Is(a alerting.Alarm, batches int, now time.Time) bool {
	if a.Level != alerting.Excursion {
		return false
	}
	end := a.Returned
	if end.IsZero() {
		end = now
	}
	beyond := a.Peak - a.Limit
	if beyond < 0 {
		beyond = -beyond
	}
	return end.Sub(a.Start) > s.Lasted.Of() || a.HasValue && beyond > s.Beyond || s.Batches && batches > 0
}
