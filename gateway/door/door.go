// Package door lets people, shared devices and programs in: it checks passwords,
// begins and ends sessions, and keeps users and tokens in county.db. It
// guarantees that nobody learns from an answer whether there is a user, that at
// most two passwords are hashed at once, and that no secret is kept or logged.
package door

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"coldchain/gateway/access"
	"coldchain/gateway/slowhash"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// Door implements web.Door and web.Accounts over county.db.
type Door struct {
	state *state.DB
	now   func() time.Time
	log   *slog.Logger
	cost  slowhash.Cost

	mu       sync.Mutex
	throttle access.Throttle
	used     map[string]time.Time // sessions and tokens: when their use was written down

	hashing chan struct{} // one place for each hash that may be computed at once
	waiting chan struct{} // and for each that may wait for one
	nobody  func() string // the hash that a name is checked against that is no user's
}

var (
	_ web.Door     = (*Door)(nil)
	_ web.Accounts = (*Door)(nil)
)

// Options are what a Door needs.
type Options struct {
	State  *state.DB
	Now    func() time.Time
	Logger *slog.Logger
	Cost   slowhash.Cost // of a password; zero: access.Cost
}

// atOnce is how many hashes are computed at the same time, 19 MiB each, and
// mostWaiting how many more requests may wait for their turn.
const (
	atOnce      = 2
	mostWaiting = 16
)

// New makes a door.
func New(o Options) *Door {
	if o.Cost == (slowhash.Cost{}) {
		o.Cost = access.Cost()
	}
	d := &Door{state: o.State, now: o.Now, log: o.Logger, cost: o.Cost, used: map[string]time.Time{},
		hashing: make(chan struct{}, atOnce), waiting: make(chan struct{}, atOnce+mostWaiting)}
	d.nobody = sync.OnceValue(func() string { return slowhash.Hash(rand.Text(), o.Cost) })
	return d
}

// hash computes something slow when it is its turn.
func (d *Door) hash(ctx context.Context, do func()) error {
	select {
	case d.waiting <- struct{}{}:
		defer func() { <-d.waiting }()
	default:
		return &web.Refused{Code: "busy", Status: http.StatusServiceUnavailable, ZH: "现在登录的人太多，请过几秒再试", EN: "too many are signing in just now; try again in a few seconds"}
	}
	select {
	case d.hashing <- struct{}{}:
		defer func() { <-d.hashing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	do()
	return nil
}

// SignIn implements web.Door.
func (d *Door) SignIn(ctx context.Context, s web.SigningIn) (access.Who, access.Secret, error) {
	id := strings.ToLower(strings.TrimSpace(s.User))
	u, err := d.prove(ctx, id, s.Password, s.Caller)
	if err != nil {
		return access.Who{}, "", err
	}
	x := state.Session{ID: sessionID(), User: u.ID, Device: s.Device, Agent: s.Agent}
	secret := access.NewSecret()
	if err := d.state.BeginSession(ctx, state.Actor{Kind: state.Person, ID: auditName(u), Device: s.Device}, x, secret.Sum()); err != nil {
		return access.Who{}, "", err
	}
	d.noted(x.ID)
	return whoOf(x, u), secret, nil
}

// prove returns the user whose password it is. Every try is counted as wrong
// before it is made, so that many at once cannot all be free.
func (d *Door) prove(ctx context.Context, id string, p access.Password, from web.Caller) (state.User, error) {
	known, err := d.state.KnowsDevice(ctx, id, from.Device)
	if err != nil {
		return state.User{}, err
	}
	try := access.Try{User: id, Address: from.Address, Device: from.Device, Known: known}
	d.mu.Lock()
	wait := d.throttle.Wait(try, d.now())
	if wait <= 0 {
		d.throttle.Tried(try, false, d.now())
	}
	d.mu.Unlock()
	if wait > 0 {
		return state.User{}, tooMany(wait)
	}
	u, kept, err := d.state.User(ctx, id)
	there := err == nil && u.Disabled.IsZero()
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return state.User{}, err
	}
	var right bool
	if turn := d.hash(ctx, func() {
		if !there {
			kept = d.nobody() // takes as long
		}
		right, err = slowhash.Match(kept, string(p))
	}); turn != nil {
		return state.User{}, turn
	}
	if err != nil {
		return state.User{}, fmt.Errorf("check the password of user %s: %w", id, err)
	}
	if !there || !right {
		d.log.Warn("sign-in refused", "user", clip(id), "address", from.Address)
		return state.User{}, &web.Refused{Code: "wrong-password", Status: http.StatusUnauthorized, ZH: "用户名或密码不对", EN: "the user name or the password is wrong"}
	}
	d.mu.Lock()
	d.throttle.Tried(try, true, d.now())
	d.mu.Unlock()
	return u, nil
}

func tooMany(wait time.Duration) error {
	seconds := int(wait.Seconds()) + 1
	return &web.Refused{Code: "login-wait", Status: http.StatusTooManyRequests,
		ZH: fmt.Sprintf("试错太多次，请等 %d 秒再试", seconds), EN: fmt.Sprintf("too many wrong tries; wait %d s", seconds)}
}

// clip shortens what somebody typed for the log.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func sessionID() string { return "s-" + strings.ToLower(rand.Text()[:12]) }

// auditName is how the audit calls a user: the person of the roster whom he is.
func auditName(u state.User) string {
	if u.Person != "" {
		return u.Person
	}
	return u.Name + " (user " + u.ID + ")"
}

func whoOf(s state.Session, u state.User) access.Who {
	if s.Kind() == access.ByDevice {
		return access.Who{Kind: access.ByDevice, ID: s.ID, Name: s.Name, Session: s.ID, Grants: []access.Grant{{Role: access.Device, Sites: []string{s.Site}}}}
	}
	return access.Who{Kind: access.ByUser, ID: u.ID, Name: u.Name, Person: u.Person, Session: s.ID, Grants: u.Grants, MustChange: u.OneTime}
}

// Session implements web.Door.
func (d *Door) Session(ctx context.Context, secret access.Secret) (access.Who, error) {
	s, u, err := d.state.SessionBy(ctx, secret.Sum())
	if err != nil {
		return access.Who{}, missing(err)
	}
	who := whoOf(s, u)
	if access.LifeOf(who.Kind, who.Grants).Over(s.Made, s.Used, d.now()) {
		return access.Who{}, fmt.Errorf("session %s is over: %w", s.ID, web.ErrNotFound)
	}
	return who, d.noteUse(ctx, s.ID)
}

// Token implements web.Door.
func (d *Door) Token(ctx context.Context, secret access.Secret) (access.Who, error) {
	t, err := d.state.TokenBy(ctx, secret.Sum(), d.now())
	if err != nil {
		return access.Who{}, missing(err)
	}
	return access.Who{Kind: access.ByToken, ID: t.ID, Name: t.Name, Grants: t.Grants, ReadOnly: t.ReadOnly}, d.noteUse(ctx, t.ID)
}

func missing(err error) error {
	if errors.Is(err, state.ErrNotFound) {
		return fmt.Errorf("%w: %w", web.ErrNotFound, err)
	}
	return err
}

// noteUse writes down that a session or token is used, seldom enough not to wear
// the disk.
func (d *Door) noteUse(ctx context.Context, id string) error {
	now := d.now()
	d.mu.Lock()
	due := now.Sub(d.used[id]) >= access.UsedEvery
	if due {
		d.used[id] = now
	}
	d.mu.Unlock()
	if !due {
		return nil
	}
	return d.state.NoteUse(ctx, id, now)
}

func (d *Door) noted(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.used) > 10_000 { // all are written down: forgetting costs a write each
		clear(d.used)
	}
	d.used[id] = d.now()
}

// SignOut implements web.Door.
func (d *Door) SignOut(ctx context.Context, w access.Who) error {
	return refused(d.state.EndSession(ctx, selfOf(w), w.Session))
}

// selfOf is somebody as the audit names him.
func selfOf(w access.Who) state.Actor {
	if w.Kind == access.ByDevice {
		return state.Actor{Kind: state.System, ID: "door", Device: w.Session}
	}
	return state.Actor{Kind: state.Person, ID: auditName(state.User{ID: w.ID, Name: w.Name, Person: w.Person})}
}

// ChangePassword implements web.Door.
func (d *Door) ChangePassword(ctx context.Context, w access.Who, from web.Caller, old, fresh access.Password) error {
	if err := access.Choose(fresh, w.ID); err != nil {
		return unfit(err)
	}
	if old == fresh {
		return &web.Refused{Code: "password-same", Invalid: true, ZH: "新密码和旧密码一样", EN: "the new password is the old one"}
	}
	if _, err := d.prove(ctx, w.ID, old, from); err != nil {
		var r *web.Refused
		if errors.As(err, &r) && r.Status == http.StatusUnauthorized {
			return &web.Refused{Code: r.Code, Status: http.StatusForbidden, ZH: "旧密码不对", EN: "the old password is wrong"}
		}
		return err
	}
	var kept string
	if err := d.hash(ctx, func() { kept = slowhash.Hash(string(fresh), d.cost) }); err != nil {
		return err
	}
	return refused(d.state.SetPassword(ctx, selfOf(w), w.ID, kept, false, w.Session))
}

// unfit is why a password may not be chosen, in both languages.
func unfit(err error) error {
	zh := map[error]string{access.ErrShort: "密码至少 10 个字符", access.ErrLong: "密码太长（最多 200 字节）", access.ErrText: "密码里有控制字符",
		access.ErrSimple: "这个密码太好猜，请用几个互不相干的词"}[err]
	return &web.Refused{Code: "password-unfit", Invalid: true, ZH: zh, EN: err.Error()}
}

// refused puts a refusal of county.db into the page's terms.
func refused(err error) error {
	var r *state.Refusal
	if !errors.As(err, &r) {
		return err
	}
	if errors.Is(err, state.ErrNotFound) {
		return missing(err)
	}
	zh := r.ZH
	if zh == "" {
		zh = r.Text
	}
	return &web.Refused{Code: string(r.Kind), Invalid: r.Kind == state.ErrInvalid, ZH: zh, EN: r.Text}
}
