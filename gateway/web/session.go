package web

import (
	"errors"
	"net/http"
	"strings"

	"coldchain/gateway/access"
)

// doorRoutes are those of signing in, and of those who may.
func (s *Server) doorRoutes(add func(string, methods), read func(apiFunc) methods) {
	if s.deps.Door == nil {
		return
	}
	add("/api/v1/session", methods{
		"POST": s.remembering(http.HandlerFunc(s.signIn)), "GET": s.api(s.session), "DELETE": http.HandlerFunc(s.signOut)})
	add("/api/v1/session/password", methods{"PUT": s.write(s.changePassword)})
	if s.deps.Accounts == nil {
		return
	}
	add("/api/v1/users", methods{"GET": s.api(s.users), "POST": s.write(s.addUser)})
	add("/api/v1/users/{id}", methods{"PUT": s.write(s.changeUser)})
	add("/api/v1/users/{id}/password", methods{"POST": s.write(s.newPassword)})
	add("/api/v1/sessions", read(s.sessions))
	add("/api/v1/sessions/{id}", methods{"DELETE": s.write(s.endSession)})
	add("/api/v1/tokens", methods{"GET": s.api(s.tokens), "POST": s.write(s.makeToken)})
	add("/api/v1/tokens/{id}", methods{"DELETE": s.write(s.endToken)})
	add("/api/v1/devices", methods{"POST": s.remembering(http.HandlerFunc(s.makeDevice))})
}

// sessionJSON is who is signed in, and what he may.
type sessionJSON struct {
	Now        stamp          `json:"now"`
	Kind       access.Kind    `json:"kind"`
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Person     string         `json:"person"` // of the roster; empty: none
	Session    string         `json:"session"`
	MustChange bool           `json:"must_change"`
	Grants     []access.Grant `json:"grants"`
	// May holds what his roles let him use, as "METHOD /path" of this API, and
	// where: the sites, or null for all of the county.
	May map[string]maySites `json:"may"`
}

// maySites are sites; nil is all of the county.
type maySites []string

func (s *Server) sessionOf(w access.Who) sessionJSON {
	out := sessionJSON{stamp(s.opt.Now()), w.Kind, w.ID, w.Name, w.Person, w.Session, w.MustChange, append([]access.Grant{}, w.Grants...), map[string]maySites{}}
	for _, rule := range access.Table() {
		if rule.Open || rule.Object == access.Self || rule.Role(w) != access.Allowed {
			continue
		}
		reach := w.Reach(rule.Roles...)
		var sites []string
		if !reach.All {
			sites = append([]string{}, reach.Sites...)
		}
		out.May[rule.Method+" "+strings.TrimPrefix(rule.Pattern, "/api/v1")] = sites
	}
	return out
}

// session says who asks.
func (s *Server) session(r *http.Request) (any, error) {
	return s.sessionOf(whoOf(r)), onlyParams(r)
}

type signInInput struct {
	Name     string          `json:"name"`
	Password access.Password `json:"password"`
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	var in signInInput
	err := firstError(onlyParams(r), readBody(r, &in, false))
	if err == nil && (len(in.Name) > 100 || in.Password.Long()) {
		err = badInput("用户名或密码太长", "the user name or the password is too long")
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	who, secret, err := s.deps.Door.SignIn(r.Context(), SigningIn{User: in.Name, Password: in.Password, Caller: s.caller(r)})
	if err != nil {
		s.fail(w, r, stateError(err, "用户", "such user"))
		return
	}
	s.letIn(w, r, who, secret)
	writeJSON(w, http.StatusCreated, s.sessionOf(who))
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	who := whoOf(r)
	if who.Session != "" {
		if err := s.deps.Door.SignOut(r.Context(), who); err != nil && !errors.Is(err, ErrNotFound) {
			s.fail(w, r, err)
			return
		}
	}
	s.setSession(w, r, "", 0)
	writeJSON(w, http.StatusOK, nowAnswer{stamp(s.opt.Now())})
}

type passwordInput struct {
	Old   access.Password `json:"old"`
	Fresh access.Password `json:"new"`
}

func (s *Server) changePassword(r *http.Request) (any, error) {
	var in passwordInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	who := whoOf(r)
	if who.Kind != access.ByUser {
		return nil, badInput("只有用户有密码", "only a user has a password")
	}
	if in.Old.Long() || in.Fresh.Long() {
		return nil, badInput("密码太长", "the password is too long")
	}
	if err := s.deps.Door.ChangePassword(r.Context(), who, s.caller(r), in.Old, in.Fresh); err != nil {
		return nil, stateError(err, "用户 "+who.ID, "user "+who.ID)
	}
	who.MustChange = false
	return s.sessionOf(who), nil
}
