package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"coldchain/gateway/access"
)

// Accounts are those who may come in, for an admin. Whoever changes something is
// named by by.
type Accounts interface {
	Users(ctx context.Context) ([]User, error)
	// AddUser makes a user and returns his one-time password. *Refused, as the others.
	AddUser(ctx context.Context, by Actor, u User) (access.Password, error)
	// ChangeUser replaces name, person, grants and whether he is disabled.
	ChangeUser(ctx context.Context, by Actor, u User) error
	// NewPassword gives a user another one-time password and ends his sessions.
	NewPassword(ctx context.Context, by Actor, id string) (access.Password, error)
	Sessions(ctx context.Context) ([]Session, error)
	EndSession(ctx context.Context, by Actor, id string) error
	Tokens(ctx context.Context) ([]Token, error)
	// MakeToken makes a token; its ID is set. The secret is not kept.
	MakeToken(ctx context.Context, by Actor, t Token) (Token, access.Secret, error)
	EndToken(ctx context.Context, by Actor, id string) error
	// MakeDevice lets a shared device in at a site, in the place of the session by
	// which somebody asks for it there.
	MakeDevice(ctx context.Context, by Actor, instead access.Who, site, name string, from Caller) (access.Who, access.Secret, error)
}

// User is somebody who may sign in.
type User struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Person   string         `json:"person"` // of the roster; empty: none
	Grants   []access.Grant `json:"grants"`
	Disabled bool           `json:"disabled"`
	OneTime  bool           `json:"one_time"` // has not changed his first password
}

// Session is somebody's, or a shared device's, that goes on.
type Session struct {
	ID    string
	User  string // empty: a device's
	Name  string
	Site  string // of a device
	Agent string // what the browser says it is
	By    string // who let a device in
	Made  time.Time
	Used  time.Time // give or take minutes
	Until time.Time // when it ends at the latest
}

// Token lets a program in.
type Token struct {
	ID       string
	Name     string
	Grants   []access.Grant
	ReadOnly bool
	By       string
	Made     time.Time
	Until    time.Time
	Used     time.Time // zero: never
}

// admin is the actor of what an admin does: himself, or who holds a token.
func (s *Server) admin(r *http.Request) Actor {
	who := whoOf(r)
	return actorInput{Actor: who.Name}.by(r)
}

type usersAnswer struct {
	Now   stamp  `json:"now"`
	Users []User `json:"users"`
	// Password is the one-time password of who was made, or got another one. It is
	// shown this once.
	Password string `json:"password,omitempty"`
	paging
}

func (s *Server) userList(ctx context.Context, fresh access.Password) (usersAnswer, error) {
	found, err := s.deps.Accounts.Users(ctx)
	if err != nil {
		return usersAnswer{}, fmt.Errorf("list users: %w", err)
	}
	return usersAnswer{stamp(s.opt.Now()), append([]User{}, found...), string(fresh), paging{}}, nil
}

func (s *Server) users(r *http.Request) (any, error) {
	if err := onlyParams(r, "limit", "cursor"); err != nil {
		return nil, err
	}
	out, err := s.userList(r.Context(), "")
	if err == nil {
		out.Users, out.paging, err = pageOf(r, out.Users, func(u User) string { return u.ID })
	}
	return out, err
}

type userInput struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Person   string         `json:"person"`
	Grants   []access.Grant `json:"grants"`
	Disabled bool           `json:"disabled"`
}

// checkGrants refuses roles for what is not there.
func (s *Server) checkGrants(grants []access.Grant) error {
	for _, g := range grants {
		if err := g.Check(s.hasSite); err != nil {
			return badInput("角色不对："+clip(err.Error()), "the roles are not right: "+clip(err.Error()))
		}
	}
	return nil
}

func (s *Server) addUser(r *http.Request) (any, error) {
	var in userInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if err := firstError(checkText("name", in.Name, 40, true), s.checkGrants(in.Grants)); err != nil {
		return nil, err
	}
	fresh, err := s.deps.Accounts.AddUser(r.Context(), s.admin(r), User{ID: in.ID, Name: in.Name, Person: in.Person, Grants: in.Grants})
	if err != nil {
		return nil, stateError(err, "用户 "+clip(in.ID), "user "+clip(in.ID))
	}
	answer, err := s.userList(r.Context(), fresh)
	return created{answer}, err
}

func (s *Server) changeUser(r *http.Request) (any, error) {
	var in userInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if in.ID != "" && in.ID != id {
		return nil, badInput("用户名不能改", "a user name cannot be changed")
	}
	if err := firstError(checkText("name", in.Name, 40, true), s.checkGrants(in.Grants)); err != nil {
		return nil, err
	}
	err := s.deps.Accounts.ChangeUser(r.Context(), s.admin(r), User{ID: id, Name: in.Name, Person: in.Person, Grants: in.Grants, Disabled: in.Disabled})
	if err != nil {
		return nil, stateError(err, "用户 "+clip(id), "user "+clip(id))
	}
	return s.userList(r.Context(), "")
}

func (s *Server) newPassword(r *http.Request) (any, error) {
	id := r.PathValue("id")
	fresh, err := s.deps.Accounts.NewPassword(r.Context(), s.admin(r), id)
	if err != nil {
		return nil, stateError(err, "用户 "+clip(id), "user "+clip(id))
	}
	return s.userList(r.Context(), fresh)
}

type openSession struct {
	ID    string `json:"id"`
	User  string `json:"user"` // empty: a shared device
	Name  string `json:"name"`
	Site  string `json:"site"`
	Agent string `json:"agent"`
	By    string `json:"by"`
	Made  stamp  `json:"made"`
	Used  stamp  `json:"used"`
	Until stamp  `json:"until"`
	Mine  bool   `json:"mine"`
}

type sessionsAnswer struct {
	Now      stamp         `json:"now"`
	Sessions []openSession `json:"sessions"`
	paging
}

func (s *Server) sessions(r *http.Request) (any, error) {
	if err := onlyParams(r, "limit", "cursor"); err != nil {
		return nil, err
	}
	found, err := s.deps.Accounts.Sessions(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	out := sessionsAnswer{stamp(s.opt.Now()), []openSession{}, paging{}}
	for _, x := range found {
		out.Sessions = append(out.Sessions, openSession{x.ID, x.User, x.Name, x.Site, x.Agent, x.By, stamp(x.Made), stamp(x.Used), stamp(x.Until), x.ID == whoOf(r).Session})
	}
	out.Sessions, out.paging, err = pageOf(r, out.Sessions, func(x openSession) string { return x.ID })
	return out, err
}

func (s *Server) endSession(r *http.Request) (any, error) {
	if err := s.deps.Accounts.EndSession(r.Context(), s.admin(r), r.PathValue("id")); err != nil {
		return nil, stateError(err, "这次登录", "such session")
	}
	return s.sessions(r)
}

type tokenJSON struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Grants   []access.Grant `json:"grants"`
	ReadOnly bool           `json:"read_only"`
	By       string         `json:"by"`
	Made     stamp          `json:"made"`
	Until    stamp          `json:"until"`
	Used     stamp          `json:"used"` // null: never
}

type tokensAnswer struct {
	Now    stamp       `json:"now"`
	Tokens []tokenJSON `json:"tokens"`
	// Secret is the token that was made. It is shown this once.
	Secret string `json:"secret,omitempty"`
	paging
}

func (s *Server) tokenList(ctx context.Context, fresh access.Secret) (tokensAnswer, error) {
	found, err := s.deps.Accounts.Tokens(ctx)
	if err != nil {
		return tokensAnswer{}, fmt.Errorf("list tokens: %w", err)
	}
	out := tokensAnswer{stamp(s.opt.Now()), []tokenJSON{}, string(fresh), paging{}}
	for _, t := range found {
		out.Tokens = append(out.Tokens, tokenJSON{t.ID, t.Name, t.Grants, t.ReadOnly, t.By, stamp(t.Made), stamp(t.Until), stamp(t.Used)})
	}
	return out, nil
}

func (s *Server) tokens(r *http.Request) (any, error) {
	if err := onlyParams(r, "limit", "cursor"); err != nil {
		return nil, err
	}
	out, err := s.tokenList(r.Context(), "")
	if err == nil {
		out.Tokens, out.paging, err = pageOf(r, out.Tokens, func(t tokenJSON) string { return t.ID })
	}
	return out, err
}

type tokenInput struct {
	Name     string         `json:"name"`
	Grants   []access.Grant `json:"grants"`
	ReadOnly bool           `json:"read_only"`
	Until    string         `json:"until"`
}

func (s *Server) makeToken(r *http.Request) (any, error) {
	var in tokenInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	until, err := parseTime("until", in.Until)
	if err := firstError(err, checkText("name", in.Name, 40, true), s.checkGrants(in.Grants)); err != nil {
		return nil, err
	}
	_, secret, err := s.deps.Accounts.MakeToken(r.Context(), s.admin(r), Token{Name: in.Name, Grants: in.Grants, ReadOnly: in.ReadOnly, Until: until})
	if err != nil {
		return nil, stateError(err, "口令", "the token")
	}
	answer, err := s.tokenList(r.Context(), secret)
	return created{answer}, err
}

func (s *Server) endToken(r *http.Request) (any, error) {
	if err := s.deps.Accounts.EndToken(r.Context(), s.admin(r), r.PathValue("id")); err != nil {
		return nil, stateError(err, "这个口令", "such token")
	}
	return s.tokenList(r.Context(), "")
}

type deviceInput struct {
	Site string `json:"site"`
	Name string `json:"name"`
}

// makeDevice signs the browser that asks for it in as a shared device of a site,
// and whoever asks out of it.
func (s *Server) makeDevice(w http.ResponseWriter, r *http.Request) {
	var in deviceInput
	err := firstError(onlyParams(r), readBody(r, &in, false))
	if err == nil {
		err = checkText("name", in.Name, 30, true)
	}
	if err == nil && !s.hasSite(in.Site) {
		err = notFound("没有这个站点："+clip(in.Site), "there is no such site: "+clip(in.Site))
	}
	if err == nil && whoOf(r).Kind != access.ByUser {
		err = badInput("请先在这台设备上登录，再让它留在登录状态", "sign in on the device first, and then leave it signed in")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	who, secret, err := s.deps.Accounts.MakeDevice(r.Context(), s.admin(r), whoOf(r), in.Site, in.Name, s.caller(r))
	if err != nil {
		s.fail(w, r, stateError(err, "这台设备", "the device"))
		return
	}
	s.letIn(w, r, who, secret)
	writeJSON(w, http.StatusCreated, s.sessionOf(who))
}
