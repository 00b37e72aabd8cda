package webtest

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"coldchain/alerting/duty"
	"coldchain/gateway/pin"
	"coldchain/gateway/web"
)

// prove refuses whoever is in the roster and does not know the PIN; after three
// wrong ones for good.
func (f *Fake) prove(by web.Actor) error {
	if f.Saw != nil {
		f.Saw(by)
	}
	i := slices.IndexFunc(f.List.Roster.Persons, func(p duty.Person) bool { return p.Name == by.Name || p.ID == by.Name })
	if i < 0 {
		return nil
	}
	p := f.List.Roster.Persons[i]
	if by.Person == p.ID { // by his password
		return nil
	}
	if f.Wrong == nil {
		f.Wrong = map[string]int{}
	}
	switch kept := f.PINs[p.ID]; {
	case kept == "":
		return &web.Refused{Code: web.PINUnset, Status: http.StatusForbidden, ZH: p.Name + "还没有密码", EN: p.Name + " has no PIN yet"}
	case f.Wrong[p.ID] >= 3:
		return &web.Refused{Code: web.PINWait, Status: http.StatusTooManyRequests, ZH: "密码错得太多，12:05:30 以后再试。忘了密码：请王主任在人员页面重设", EN: "too many wrong PINs; try again after 12:05:30. Forgotten: 王主任 can reset it on the people page"}
	case by.PIN == "":
		return &web.Refused{Code: web.PINNeeded, Status: http.StatusForbidden, ZH: "请输入四位密码", EN: "the four digits are needed"}
	case by.PIN != kept:
		f.Wrong[p.ID]++
		return &web.Refused{Code: web.PINWrong, Status: http.StatusForbidden, ZH: "密码不对，请再输一次。忘了密码：请王主任在人员页面重设", EN: "wrong PIN, type it again. Forgotten: 王主任 can reset it on the people page"}
	}
	f.Wrong[p.ID] = 0
	return nil
}

// changeBy is change by somebody who has to prove who he is.
func (f *Fake) changeBy(by web.Actor, id string, do func(a *web.Alarm) error) error {
	return f.change(id, func(a *web.Alarm) error {
		if err := f.prove(by); err != nil {
			return err
		}
		return do(a)
	})
}

// SetPIN implements web.People.
func (f *Fake) SetPIN(_ context.Context, by web.Actor, person string, fresh pin.PIN) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, known := f.List.Roster.Person(person)
	if !known {
		return fmt.Errorf("person %s: %w", person, web.ErrNotFound)
	}
	if err := pin.Choose(fresh, p.Phone); err != nil {
		return &web.Refused{Code: "pin-simple", Invalid: true, ZH: "这四位太好猜（连号、重复、手机尾号），请换一个", EN: err.Error()}
	}
	if f.PINs[person] != "" || by.Name != p.Name {
		if err := f.prove(by); err != nil {
			return err
		}
	}
	if f.PINs == nil {
		f.PINs = map[string]pin.PIN{}
	}
	f.PINs[person], f.Wrong = fresh, nil
	return f.StateDown
}

// ForgetPIN implements web.People.
func (f *Fake) ForgetPIN(_ context.Context, by web.Actor, person string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return err
	}
	delete(f.PINs, person)
	f.Wrong = nil
	return f.StateDown
}

// ChoosePIN implements web.Messages.
func (f *Fake) ChoosePIN(_ context.Context, key string, by web.Actor) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.Sent[key]
	if !ok {
		return fmt.Errorf("message %s: %w", key, web.ErrNotFound)
	}
	if f.PINs == nil {
		f.PINs = map[string]pin.PIN{}
	}
	if f.PINs[m.Person] == "" && m.Name == by.Name {
		f.PINs[m.Person] = by.PIN
	}
	return f.StateDown
}
