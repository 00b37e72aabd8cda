package county

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
	"coldchain/alerting/wording"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

var _ web.Usage = view{}

// UseOf implements web.Usage.
func (v view) UseOf(zone string) web.ZoneUse {
	u := v.goods.usage
	use := u.uses(u.now())[zone]
	if use.Disuse != nil {
		d := *use.Disuse
		d.By = v.office.places.Person(d.By)
		use.Disuse = &d
	}
	if use.Truck != nil {
		use.Truck.By = v.office.places.Person(use.Truck.By)
	}
	return use
}

// Disuses implements web.Usage.
func (v view) Disuses(ctx context.Context) ([]duty.Disuse, error) {
	now := v.goods.usage.now()
	list, err := v.state.Disuses(ctx, now)
	if err != nil {
		return nil, err
	}
	out := list[:0]
	for _, d := range list {
		if d.Until.After(now) {
			d.By = v.office.places.Person(d.By)
			out = append(out, d)
		}
	}
	return out, nil
}

// TakeOutOfUse implements web.Usage.
func (v view) TakeOutOfUse(ctx context.Context, by web.Actor, d duty.Disuse) (made duty.Disuse, err error) {
	if d.Kind == duty.StandsEmpty && v.goods.usage.isBox(d.Zone) {
		return d, &web.Refused{Code: "truck", Invalid: true, ZH: "车厢是不是空的，看过之后按“看过了，车是空的”；以后开过门要再看",
			EN: "whether a truck's box is empty is said after a look (POST /trucks/{site}/empty), and again once it was opened"}
	}
	err = v.use(ctx, by, func(who state.Actor) error {
		made, err = v.state.TakeOutOfUse(ctx, who, d)
		return err
	})
	made.By = v.office.places.Person(made.By)
	return made, err
}

// BringIntoUse implements web.Usage.
func (v view) BringIntoUse(ctx context.Context, by web.Actor, id string) error {
	return v.use(ctx, by, func(who state.Actor) error { return v.state.BringIntoUse(ctx, who, id) })
}

// SayOfTruck implements web.Usage.
func (v view) SayOfTruck(ctx context.Context, by web.Actor, truck string, s trip.Say) error {
	u := v.goods.usage
	t := u.trucks[truck]
	if t == nil {
		return fmt.Errorf("truck %s is not followed: %w", truck, web.ErrNotFound)
	}
	if s.Phase != "" {
		s.Inferred = u.uses(u.now())[t.box].Truck.Inferred
	}
	return v.use(ctx, by, func(who state.Actor) error { return v.state.SayOfTruck(ctx, who, truck, t.box, s) })
}

// use finds out who acts, does it, and has limits and alarms follow.
func (v view) use(ctx context.Context, by web.Actor, do func(state.Actor) error) error {
	p, err := v.office.state.People(ctx)
	if err != nil {
		return err
	}
	who, err := v.office.who(ctx, p.Roster, by)
	if err != nil {
		return err
	}
	before := v.goods.usage.uses(v.goods.usage.now())
	if err := do(who); err != nil {
		return v.usageWords(err)
	}
	v.goods.follow(ctx)
	v.goods.look(ctx, before)
	v.office.changed()
	return nil
}

// usageWords puts a refusal about use into words for people.
func (v view) usageWords(err error) error {
	var off *state.OutOfUse
	var r *state.Refusal
	switch {
	case errors.As(err, &off):
		what := "空库"
		if off.Kind == duty.SwitchedOff {
			what = "停用"
		}
		return &web.Refused{Code: string(state.ErrOutOfUse), EN: off.Error(),
			ZH: fmt.Sprintf("%s已标为%s，到 %s（%s）：先恢复使用，或者选别的库", v.zoneName(off.Zone), what, off.Until.In(v.office.location).Format("1月2日 15:04"), off.Reason)}
	case errors.As(err, &r) && r.Kind == state.ErrHoldsGoods:
		return &web.Refused{Code: string(r.Kind), EN: r.Text, ZH: "账上里面还有货：先把货登记到实际所在的地方，再标为空"}
	}
	return refused(err)
}

// zoneName is a zone as people call it.
func (v view) zoneName(zone string) string {
	site, _, _ := strings.Cut(zone, "/")
	name, _ := v.office.places.Zone(zone, wording.Chinese)
	if text := v.office.places.Site(site, wording.Chinese) + name; text != "" {
		return text
	}
	return zone
}
