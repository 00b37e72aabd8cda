package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/access"
	"coldchain/gateway/config"
	"coldchain/gateway/pin"
)

type stepJSON struct {
	Step duty.Answer `json:"step"`
	By   string      `json:"by"`
	At   stamp       `json:"at"`
	Note string      `json:"note"`
}

type closingJSON struct {
	Cause    duty.Cause   `json:"cause"`
	Action   duty.Action  `json:"action"`
	Outcome  duty.Outcome `json:"outcome"`
	Note     string       `json:"note"`
	By       string       `json:"by"`
	At       stamp        `json:"at"`
	Severe   bool         `json:"severe"`
	SignedBy string       `json:"signed_by"`
	SignedAt stamp        `json:"signed_at"`
}

type shelvedJSON struct {
	Until  stamp  `json:"until"`
	Reason string `json:"reason"`
	By     string `json:"by"`
}

type lookedJSON struct {
	By    string `json:"by"`
	At    stamp  `json:"at"`
	Note  string `json:"note"`
	Grown bool   `json:"grown"`
}

type contactJSON struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// peopleJSON is what people have to do with an alarm.
type peopleJSON struct {
	Steps    []stepJSON     `json:"steps"`
	Folded   int            `json:"folded"`
	Standing alerting.State `json:"standing"` // state, or shelved, suppressed, out-of-service
	Todo     []config.Label `json:"todo"`
	Closing  *closingJSON   `json:"closing"`
	Looked   *lookedJSON    `json:"looked"`
	Shelved  *shelvedJSON   `json:"shelved"`
	Repairer *contactJSON   `json:"repairer"`
}

func (s *Server) peopleOf(a Alarm) peopleJSON {
	out := peopleJSON{Steps: stepsOf(a.Steps), Folded: a.Folded, Standing: cmp.Or(a.Standing, a.State), Todo: []config.Label{}}
	kind := ""
	if z, ok := s.index.zones[a.Zone]; ok {
		kind = string(z.Kind)
	}
	zh, en := wording.Chinese.Todo(a.Rule, kind), wording.English.Todo(a.Rule, kind)
	for i := range zh {
		if zh[i] != "" {
			out.Todo = append(out.Todo, config.Label{ZH: zh[i], EN: en[i]})
		}
	}
	if c := a.Closing; c != nil {
		out.Closing = &closingJSON{c.Cause, c.Action, c.Outcome, c.Note, c.By, stamp(c.At), c.Severe, c.Signed, stamp(c.SignAt)}
	}
	if l := a.Looked; l != nil {
		out.Looked = &lookedJSON{l.By, stamp(l.At), l.Note, l.Grown}
	}
	if h := a.Shelved; h != nil {
		out.Shelved = &shelvedJSON{stamp(h.Until), h.Reason, h.By}
	}
	if r := a.Repairer; r != nil {
		out.Repairer = &contactJSON{r.Name, r.Phone}
	}
	return out
}

func stepsOf(steps []Step) []stepJSON {
	out := make([]stepJSON, 0, len(steps))
	for _, step := range steps {
		out = append(out, stepJSON{step.Step, step.By, stamp(step.At), step.Note})
	}
	return out
}

type toldJSON struct {
	Person  string       `json:"person"`
	Name    string       `json:"name"`
	Channel string       `json:"channel"`
	Kind    notify.Kind  `json:"kind"`
	At      stamp        `json:"at"`
	State   TellingState `json:"state"`
	Why     string       `json:"why"`
}

type nextJSON struct {
	At  stamp    `json:"at"`
	Who []string `json:"who"`
}

// siteEventJSON is what the alarm's site said of it.
type siteEventJSON struct {
	Event string         `json:"event"`
	At    stamp          `json:"at"`
	Level alerting.Level `json:"level"`
	Since stamp          `json:"since"`
	By    string         `json:"by"`
	Same  bool           `json:"same"` // by the same readings and limits as here
}

// wholeJSON is one alarm with who was told of it.
type wholeJSON struct {
	alarmJSON
	Told   []toldJSON      `json:"told"`
	Next   *nextJSON       `json:"next"`
	AtSite []siteEventJSON `json:"at_site"`
}

type wholeAnswer struct {
	Now   stamp     `json:"now"`
	Alarm wholeJSON `json:"alarm"`
}

// whole answers with one alarm as it is now.
func (s *Server) whole(ctx context.Context, id string) (any, error) {
	a, err := s.deps.Steps.Whole(ctx, id)
	if err != nil {
		return nil, alarmError(err, id)
	}
	out := wholeJSON{alarmJSON: s.alarm(a), Told: make([]toldJSON, 0, len(a.Told))}
	for _, t := range a.Told {
		out.Told = append(out.Told, toldJSON{t.Person, t.Name, t.Channel, t.Kind, stamp(t.At), t.State, t.Why})
	}
	out.AtSite = make([]siteEventJSON, 0, len(a.AtSite))
	for _, e := range a.AtSite {
		out.AtSite = append(out.AtSite, siteEventJSON{e.Name, stamp(e.At), e.Level, stamp(e.Since), e.By, e.Same})
	}
	if n := a.Next; n != nil {
		out.Next = &nextJSON{stamp(n.At), n.Who}
	}
	return wholeAnswer{stamp(s.opt.Now()), out}, nil
}

func alarmError(err error, id string) error { return stateError(err, "报警 "+id, "alarm "+id) }

// pathAlarm is the alarm that a request is about.
func pathAlarm(r *http.Request) (string, error) {
	if err := onlyParams(r); err != nil {
		return "", err
	}
	id := r.PathValue("id")
	if !alarmID.MatchString(id) {
		return "", badInput("报警编号不对", "that is no alarm id")
	}
	return id, nil
}

func (s *Server) oneAlarm(r *http.Request) (any, error) {
	id, err := pathAlarm(r)
	if err != nil {
		return nil, err
	}
	return s.whole(r.Context(), id)
}

// alter carries out what a request wants done to an alarm, and answers with
// the alarm. in is decoded from the body; who finds the actor in it.
func alter[T any](s *Server, r *http.Request, who func(T) actorInput, do func(ctx context.Context, id string, by Actor, in T) error) (any, error) {
	id, err := pathAlarm(r)
	if err != nil {
		return nil, err
	}
	var in T
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	by := who(in)
	if err := by.check(true); err != nil {
		return nil, err
	}
	if err := do(r.Context(), id, by.by(r), in); err != nil {
		return nil, alarmError(err, id)
	}
	return s.whole(r.Context(), id)
}

// actorInput is who a request says it comes from. A name of the roster is proved
// by its PIN.
type actorInput struct {
	Actor string  `json:"actor"`
	PIN   pin.PIN `json:"pin"`
}

func (a actorInput) self() actorInput { return a }

func (a actorInput) check(needed bool) error {
	if len(a.PIN) > 20 { // what is no PIN is refused by who knows the person
		return badInput("密码是四位数字", "a PIN is four digits")
	}
	return checkText("actor", a.Actor, 40, needed)
}

// by is the actor of a request that was let in.
func (a actorInput) by(r *http.Request) Actor {
	who := whoOf(r)
	by := Actor{Name: a.Actor, Via: actsAs(who), PIN: a.PIN, Device: deviceOf(r), Kind: who.Kind}
	switch who.Kind {
	case access.ByUser:
		by.User, by.Person, by.Keeper = who.Name, who.Person, who.Has(access.Admin, access.Manager)
	case access.ByDevice:
		by.Device = who.Session
	}
	return by
}

// stepInput is a step towards an alarm.
type stepInput struct {
	actorInput
	Step duty.Answer `json:"step"`
	Note string      `json:"note"`
	At   string      `json:"at"` // when it was taken; default now
}

func (s *Server) takeStep(r *http.Request) (any, error) {
	return alter(s, r, stepInput.self, func(ctx context.Context, id string, by Actor, in stepInput) error {
		at, err := s.timeOf(in.At)
		if err := firstError(err, checkStep(in.Step), checkText("note", in.Note, 500, false)); err != nil {
			return err
		}
		return s.deps.Steps.TakeStep(ctx, id, by, in.Step, in.Note, at)
	})
}

func checkStep(step duty.Answer) error {
	for _, known := range duty.Answers() {
		if step == known {
			return nil
		}
	}
	return badInput(fmt.Sprintf("step 只能是 %v", duty.Answers()), fmt.Sprintf("step must be one of %v", duty.Answers()))
}

type closingInput struct {
	actorInput
	Cause   duty.Cause   `json:"cause"`
	Action  duty.Action  `json:"action"`
	Outcome duty.Outcome `json:"outcome"`
	Note    string       `json:"note"`
}

func (s *Server) closeAlarm(r *http.Request) (any, error) {
	return alter(s, r, closingInput.self, func(ctx context.Context, id string, by Actor, in closingInput) error {
		c := duty.Closing{Cause: in.Cause, Action: in.Action, Outcome: in.Outcome, Note: in.Note}
		if err := checkText("note", in.Note, 500, false); err != nil {
			return err
		}
		if err := c.Check(); err != nil {
			return badInput("关闭报警的内容不对："+clip(err.Error()), "the closing is not right: "+clip(err.Error()))
		}
		return s.deps.Steps.CloseAlarm(ctx, id, by, c)
	})
}

func (s *Server) signAlarm(r *http.Request) (any, error) {
	return alter(s, r, actorInput.self, func(ctx context.Context, id string, by Actor, _ actorInput) error {
		return s.deps.Steps.Sign(ctx, id, by)
	})
}

type shelfInput struct {
	actorInput
	Until  string `json:"until"`
	Reason string `json:"reason"`
}

func (s *Server) shelve(r *http.Request) (any, error) {
	return alter(s, r, shelfInput.self, func(ctx context.Context, id string, by Actor, in shelfInput) error {
		until, err := parseTime("until", in.Until)
		if err := firstError(err, checkText("reason", in.Reason, 200, true)); err != nil {
			return err
		}
		if d := until.Sub(s.opt.Now()); d <= 0 || d > duty.MaxShelf {
			return badInput("until 应在现在之后、72 小时之内", "until must be after now and within 72 hours")
		}
		return s.deps.Steps.Shelve(ctx, id, by, until, in.Reason)
	})
}

type lookInput struct {
	actorInput
	Note string `json:"note"`
}

// lookAt is the quality officer's: a late alarm wakes nobody and waits for him.
func (s *Server) lookAt(r *http.Request) (any, error) {
	return alter(s, r, lookInput.self, func(ctx context.Context, id string, by Actor, in lookInput) error {
		if err := checkText("note", in.Note, 500, true); err != nil {
			return err
		}
		return s.deps.Steps.LookAt(ctx, id, by, in.Note)
	})
}

func (s *Server) unshelve(r *http.Request) (any, error) {
	return alter(s, r, actorInput.self, func(ctx context.Context, id string, by Actor, _ actorInput) error {
		return s.deps.Steps.Unshelve(ctx, id, by)
	})
}

// queue lists what wakes nobody and waits for the quality officer.
func (s *Server) queue(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	found, err := s.deps.Steps.Queue(r.Context(), defaultList+1)
	if err != nil {
		return nil, fmt.Errorf("list late alarms: %w", err)
	}
	found = inReach(r, found, func(a Alarm) string { return placeOfAlarm(a).Sites[0] })
	return s.alarmList(r, found, defaultList), nil
}

type closingWordsAnswer struct {
	Now      stamp         `json:"now"`
	Causes   []closingWord `json:"causes"`
	Actions  []closingWord `json:"actions"`
	Outcomes []closingWord `json:"outcomes"`
}

func (s *Server) closingWords(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	return closingWordsAnswer{stamp(s.opt.Now()), closingWordsOf(duty.Causes()), closingWordsOf(duty.Actions()), closingWordsOf(duty.Outcomes())}, nil
}

// refusal turns a *Refused into an answer; nil when err is none.
func refusal(err error) error {
	var r *Refused
	if !errors.As(err, &r) {
		return nil
	}
	return &apiError{refusedStatus(r), r.Code, r.ZH, r.EN}
}

func refusedStatus(r *Refused) int {
	switch {
	case r.Status != 0:
		return r.Status
	case r.Invalid:
		return http.StatusBadRequest
	}
	return http.StatusConflict
}
