package door

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"coldchain/gateway/access"
	"coldchain/gateway/slowhash"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// actor is who the audit shall name for what an admin does.
func actor(by web.Actor) state.Actor {
	switch {
	case by.Kind != access.ByUser:
		return state.Actor{Kind: state.Token, ID: by.Via, Device: by.Device}
	case by.Person != "":
		return state.Actor{Kind: state.Person, ID: by.Person, Device: by.Device}
	}
	return state.Actor{Kind: state.Person, ID: by.User + " (" + by.Via + ")", Device: by.Device}
}

// Users implements web.Accounts.
func (d *Door) Users(ctx context.Context) ([]web.User, error) {
	found, err := d.state.Users(ctx)
	out := make([]web.User, 0, len(found))
	for _, u := range found {
		out = append(out, web.User{ID: u.ID, Name: u.Name, Person: u.Person, Grants: u.Grants, Disabled: !u.Disabled.IsZero(), OneTime: u.OneTime})
	}
	return out, err
}

// oneTime draws a one-time password and its hash.
func (d *Door) oneTime(ctx context.Context) (p access.Password, kept string, err error) {
	p = access.NewOneTime()
	err = d.hash(ctx, func() { kept = slowhash.Hash(string(p), d.cost) })
	return p, kept, err
}

// AddUser implements web.Accounts.
func (d *Door) AddUser(ctx context.Context, by web.Actor, u web.User) (access.Password, error) {
	return d.add(ctx, actor(by), state.User{ID: u.ID, Name: u.Name, Person: u.Person, Grants: u.Grants})
}

func (d *Door) add(ctx context.Context, who state.Actor, u state.User) (access.Password, error) {
	p, kept, err := d.oneTime(ctx)
	if err != nil {
		return "", err
	}
	if err := d.state.AddUser(ctx, who, u, kept); err != nil {
		return "", refused(err)
	}
	return p, nil
}

// FirstAdmin makes the user "admin" of a county that has no users, and returns his
// one-time password; the empty one where there are users.
func (d *Door) FirstAdmin(ctx context.Context) (access.Password, error) {
	found, err := d.state.Users(ctx)
	if err != nil || len(found) > 0 {
		return "", err
	}
	p, kept, err := d.oneTime(ctx)
	if err != nil {
		return "", err
	}
	made, err := d.state.FirstAdmin(ctx, state.Actor{Kind: state.System, ID: "county"},
		state.User{ID: "admin", Name: "管理员", Grants: []access.Grant{{Role: access.Admin}}}, kept)
	if err != nil || !made {
		return "", err
	}
	return p, nil
}

// ChangeUser implements web.Accounts.
func (d *Door) ChangeUser(ctx context.Context, by web.Actor, u web.User) error {
	x := state.User{ID: u.ID, Name: u.Name, Person: u.Person, Grants: u.Grants}
	if u.Disabled {
		x.Disabled = d.now()
	}
	return refused(d.state.ChangeUser(ctx, actor(by), x))
}

// NewPassword implements web.Accounts.
func (d *Door) NewPassword(ctx context.Context, by web.Actor, id string) (access.Password, error) {
	p, kept, err := d.oneTime(ctx)
	if err != nil {
		return "", err
	}
	return p, refused(d.state.SetPassword(ctx, actor(by), id, kept, true, ""))
}

// Sessions implements web.Accounts.
func (d *Door) Sessions(ctx context.Context) ([]web.Session, error) {
	found, err := d.state.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	users, err := d.state.Users(ctx)
	if err != nil {
		return nil, err
	}
	by := map[string]state.User{}
	for _, u := range users {
		by[u.ID] = u
	}
	var out []web.Session
	for _, s := range found {
		who := whoOf(s, by[s.User])
		life := access.LifeOf(who.Kind, who.Grants)
		if life.Over(s.Made, s.Used, d.now()) {
			continue
		}
		until := s.Made.Add(life.All)
		if idle := s.Used.Add(life.Idle); idle.Before(until) {
			until = idle
		}
		out = append(out, web.Session{ID: s.ID, User: s.User, Name: who.Name, Site: s.Site, Agent: s.Agent, By: s.By.ID, Made: s.Made, Used: s.Used, Until: until})
	}
	return out, nil
}

// EndSession implements web.Accounts.
func (d *Door) EndSession(ctx context.Context, by web.Actor, id string) error {
	return refused(d.state.EndSession(ctx, actor(by), id))
}

// Tokens implements web.Accounts.
func (d *Door) Tokens(ctx context.Context) ([]web.Token, error) {
	found, err := d.state.Tokens(ctx)
	out := make([]web.Token, 0, len(found))
	for _, t := range found {
		out = append(out, tokenOf(t))
	}
	return out, err
}

func tokenOf(t state.APIToken) web.Token {
	return web.Token{ID: t.ID, Name: t.Name, Grants: t.Grants, ReadOnly: t.ReadOnly, By: t.By.ID, Made: t.Made, Until: t.Until, Used: t.Used}
}

// MakeToken implements web.Accounts.
func (d *Door) MakeToken(ctx context.Context, by web.Actor, t web.Token) (web.Token, access.Secret, error) {
	secret := access.NewSecret()
	made, err := d.state.MakeToken(ctx, actor(by), state.APIToken{ID: "t-" + strings.ToLower(rand.Text()[:12]), Name: t.Name, Grants: t.Grants, ReadOnly: t.ReadOnly, Until: t.Until}, secret.Sum())
	if err != nil {
		return web.Token{}, "", refused(err)
	}
	return tokenOf(made), secret, nil
}

// EndToken implements web.Accounts.
func (d *Door) EndToken(ctx context.Context, by web.Actor, id string) error {
	return refused(d.state.EndToken(ctx, actor(by), id))
}

// MakeDevice implements web.Accounts.
func (d *Door) MakeDevice(ctx context.Context, by web.Actor, instead access.Who, site, name string, from web.Caller) (access.Who, access.Secret, error) {
	s := state.Session{ID: "d-" + strings.ToLower(rand.Text()[:12]), Site: site, Name: name, Device: from.Device, Agent: from.Agent}
	secret := access.NewSecret()
	if err := d.state.BeginSession(ctx, actor(by), s, secret.Sum()); err != nil {
		return access.Who{}, "", refused(err)
	}
	d.noted(s.ID)
	// Whoever signed the device in must not stay signed in on it.
	if err := d.state.EndSession(ctx, actor(by), instead.Session); err != nil {
		return access.Who{}, "", refused(err)
	}
	return whoOf(s, state.User{}), secret, nil
}

// AddBy makes a user on behalf of an actor and returns his one-time password.
func (d *Door) AddBy(ctx context.Context, who state.Actor, u state.User) (access.Password, error) {
	return d.add(ctx, who, u)
}

// NewPasswordBy gives a user another one-time password on behalf of an actor.
func (d *Door) NewPasswordBy(ctx context.Context, who state.Actor, id string) (access.Password, error) {
	p, kept, err := d.oneTime(ctx)
	if err != nil {
		return "", err
	}
	return p, refused(d.state.SetPassword(ctx, who, id, kept, true, ""))
}

// Disable keeps a user out, or lets him in again, on behalf of an actor.
func (d *Door) Disable(ctx context.Context, who state.Actor, id string, off bool) error {
	u, _, err := d.state.User(ctx, id)
	if err != nil {
		return refused(err)
	}
	u.Disabled = time.Time{}
	if off {
		u.Disabled = d.now()
	}
	return refused(d.state.ChangeUser(ctx, who, u))
}
