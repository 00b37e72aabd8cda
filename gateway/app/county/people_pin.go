package county

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/access"
	"coldchain/gateway/pin"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// who is the actor whom the audit shall name. A user is himself, by his password;
// a name or id of the roster is that person, if the PIN proves it; any other name
// is what the request claims, and nobody on a shared device.
func (f *office) who(ctx context.Context, r duty.Roster, by web.Actor) (state.Actor, error) {
	p, known := acting(r, by)
	switch {
	case known && by.Person == p.ID:
		return f.proved(p, by), nil
	case known:
		return f.proved(p, by), f.prove(ctx, r, p, by)
	case by.Kind == access.ByDevice:
		return state.Actor{}, &web.Refused{Code: web.NameNeeded, Status: http.StatusForbidden,
			ZH: "这是公用设备：请先选您的名字（要在人员名单里）", EN: "this is a shared device: choose your name first, one of the roster"}
	}
	return actorOf(by), nil
}

// acting is the person of the roster who acts: whom the request names, else the
// one whom the user is.
func acting(r duty.Roster, by web.Actor) (duty.Person, bool) {
	if p, known := personOf(r, by.Name); known || by.Person == "" {
		return p, known
	}
	return r.Person(by.Person)
}

func (f *office) proved(p duty.Person, by web.Actor) state.Actor {
	return state.Actor{Kind: state.Person, ID: p.ID, Device: by.Device}
}

// prove returns nil when the PIN is the person's. One try is made at a time: two
// at once must not count as one, and the hash is meant to be slow.
func (f *office) prove(ctx context.Context, r duty.Roster, p duty.Person, by web.Actor) error {
	f.proving.Lock()
	defer f.proving.Unlock()
	kept, err := f.state.PIN(ctx, p.ID, by.Device)
	if err != nil {
		return err
	}
	wait, now := pin.Wait(kept.Wrong), f.now()
	if kept.Last.Sub(now) > time.Hour {
		wait = 0 // the clock was ahead when it was noted, and nobody waits for years
	}
	switch until := kept.Last.Add(wait); {
	case kept.Hash == "":
		return &web.Refused{Code: web.PINUnset, Status: http.StatusForbidden, ZH: p.Name + "还没有密码，请先定一个四位密码", EN: p.Name + " has no PIN yet; choose four digits first"}
	case wait > 0 && now.Before(until):
		return f.tooMany(r, p, until)
	case by.PIN == "":
		return &web.Refused{Code: web.PINNeeded, Status: http.StatusForbidden, ZH: "请输入" + p.Name + "的四位密码", EN: "the four digits of " + p.Name + " are needed"}
	}
	right, err := pin.Match(kept.Hash, by.PIN)
	if err != nil {
		return fmt.Errorf("check the PIN of %s: %w", p.ID, err)
	}
	if right && kept.Known && kept.Wrong == 0 {
		return nil // nothing new to note
	}
	if err := f.state.PINTried(ctx, state.Actor{Kind: state.System, ID: "page", Device: by.Device}, p.ID, by.Device, right); err != nil {
		return err
	}
	if right {
		return nil
	}
	if wait := pin.Wait(kept.Wrong + 1); wait > 0 {
		return f.tooMany(r, p, now.Add(wait))
	}
	return &web.Refused{Code: web.PINWrong, Status: http.StatusForbidden, ZH: "密码不对，请再输一次。忘了密码：" + f.resetters(r, p, false), EN: "wrong PIN, type it again. Forgotten: " + f.resetters(r, p, true)}
}

func (f *office) tooMany(r duty.Roster, p duty.Person, until time.Time) error {
	at := until.In(f.location).Format("15:04:05")
	return &web.Refused{Code: web.PINWait, Status: http.StatusTooManyRequests,
		ZH: "密码错得太多，" + at + " 以后再试。急事请打电话或回短信“1”。忘了密码：" + f.resetters(r, p, false),
		EN: "too many wrong PINs; try again after " + at + ". If it is urgent call somebody, or answer the short message with 1. Forgotten: " + f.resetters(r, p, true)}
}

// mayReset reports whether a person looks after the roster.
func mayReset(p duty.Person) bool { return p.Has(duty.Manager) || p.Has(duty.CountyDuty) }

// resetters says who can help somebody who has forgotten his PIN.
func (f *office) resetters(r duty.Roster, but duty.Person, english bool) string {
	const most = 3
	var names []string
	for _, p := range r.Persons {
		if mayReset(p) && p.ID != but.ID && len(names) < most {
			names = append(names, p.Name)
		}
	}
	switch {
	case len(names) == 0 && english:
		return "whoever keeps the county's token can reset it (coldchain pin reset)"
	case len(names) == 0:
		return "请保管旗县口令的人重设（coldchain pin reset）"
	case english:
		return strings.Join(names, ", ") + " can reset it on the people page"
	}
	return "请" + strings.Join(names, "、") + "在人员页面重设"
}

// SetPIN implements web.People.
func (f *office) SetPIN(ctx context.Context, by web.Actor, id string, fresh pin.PIN) error {
	people, p, err := f.personNamed(ctx, id)
	if err != nil {
		return err
	}
	if err := mayChoose(p, fresh); err != nil {
		return err
	}
	self, known := acting(people.Roster, by)
	// A user chooses his own; on a shared device the first one is for who comes.
	if !known || self.ID != id || by.Kind == access.ByUser && by.Person != id {
		who, err := f.resetter(ctx, people.Roster, by, id)
		if err != nil {
			return err
		}
		return f.keepPIN(ctx, who, id, fresh)
	}
	if kept, err := f.state.PIN(ctx, id, by.Device); err != nil || kept.Hash == "" {
		if err != nil {
			return err
		}
		return f.keepPIN(ctx, f.proved(self, by), id, fresh) // the first one is his to choose
	}
	if by.Person != id { // a user has proved himself by his password
		if err := f.prove(ctx, people.Roster, self, by); err != nil {
			return err
		}
	}
	return f.keepPIN(ctx, f.proved(self, by), id, fresh)
}

func mayChoose(p duty.Person, fresh pin.PIN) error {
	switch err := pin.Choose(fresh, p.Phone); err {
	case nil:
		return nil
	case pin.ErrSimple:
		return &web.Refused{Code: "pin-simple", Invalid: true, ZH: "这四位太好猜（连号、重复、手机尾号），请换一个", EN: err.Error()}
	default:
		return &web.Refused{Code: "pin-form", Invalid: true, ZH: "密码要四位数字", EN: err.Error()}
	}
}

func (f *office) keepPIN(ctx context.Context, who state.Actor, id string, fresh pin.PIN) error {
	f.proving.Lock()
	hash := pin.Hash(fresh)
	f.proving.Unlock()
	if err := f.state.SetPIN(ctx, who, id, hash); err != nil {
		return refused(err)
	}
	f.hub.Publish(web.PeopleEvent, "roster")
	return nil
}

// ForgetPIN implements web.People.
func (f *office) ForgetPIN(ctx context.Context, by web.Actor, id string) error {
	people, _, err := f.personNamed(ctx, id)
	if err != nil {
		return err
	}
	who, err := f.resetter(ctx, people.Roster, by, id)
	if err != nil {
		return err
	}
	if err := f.state.ForgetPIN(ctx, who, id); err != nil {
		return refused(err)
	}
	f.hub.Publish(web.PeopleEvent, "roster")
	return nil
}

func (f *office) personNamed(ctx context.Context, id string) (state.People, duty.Person, error) {
	people, err := f.state.People(ctx)
	if err != nil {
		return people, duty.Person{}, err
	}
	p, known := people.Roster.Person(id)
	if !known {
		return people, p, fmt.Errorf("person %s: %w", id, web.ErrNotFound)
	}
	return people, p, nil
}

// resetter proves that an actor may reset a person's PIN: somebody who looks
// after the roster, by his own PIN. Where nobody else could, whoever holds the
// county's token may, under a name that is not in the roster: else one forgotten
// PIN would lock the roster for good.
func (f *office) resetter(ctx context.Context, r duty.Roster, by web.Actor, id string) (state.Actor, error) {
	p, known := acting(r, by)
	if known && mayReset(p) {
		return f.who(ctx, r, by)
	}
	if by.Keeper {
		return f.who(ctx, r, by)
	}
	if !known && by.Kind != access.ByDevice && by.Kind != access.ByUser {
		set, err := f.state.PINs(ctx)
		if err != nil {
			return state.Actor{}, err
		}
		others := false
		for _, other := range set {
			q, there := r.Person(other)
			others = others || there && other != id && mayReset(q)
		}
		if !others {
			return actorOf(by), nil
		}
	}
	subject, _ := r.Person(id)
	return state.Actor{}, &web.Refused{Code: "may-not", Status: http.StatusForbidden,
		ZH: "只有负责人或旗县值班能重设别人的密码：" + f.resetters(r, subject, false), EN: "only a manager or county duty may reset a PIN: " + f.resetters(r, subject, true)}
}

// ChoosePIN implements web.Messages. Of anybody else than whom the message was
// for, and of somebody who has a PIN, nothing is changed: the answer wants it.
func (f *office) ChoosePIN(ctx context.Context, key string, by web.Actor) error {
	o, err := f.state.Message(ctx, key)
	if err != nil {
		return translate(err)
	}
	people, err := f.state.People(ctx)
	if err != nil {
		return err
	}
	p, known := people.Roster.Person(o.Intent.Person)
	if other, _ := personOf(people.Roster, by.Name); !known || by.Name != "" && other.ID != p.ID {
		return nil
	}
	kept, err := f.state.PIN(ctx, p.ID, by.Device)
	if err != nil || kept.Hash != "" {
		return err
	}
	if err := mayChoose(p, by.PIN); err != nil {
		return err
	}
	return f.keepPIN(ctx, f.proved(p, by), p.ID, by.PIN)
}
