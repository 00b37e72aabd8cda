package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"coldchain/gateway/access"
)

// Door lets people, shared devices and programs in.
type Door interface {
	// Session returns whose session a secret is of, and notes its use; ErrNotFound
	// when there is none, it has ended or is over.
	Session(ctx context.Context, secret access.Secret) (access.Who, error)
	// Token returns whose token a secret is; ErrNotFound as for Session.
	Token(ctx context.Context, secret access.Secret) (access.Who, error)
	// SignIn begins a session. A *Refused says why not: never whether there is such
	// a user.
	SignIn(ctx context.Context, s SigningIn) (access.Who, access.Secret, error)
	// SignOut ends the session of somebody.
	SignOut(ctx context.Context, w access.Who) error
	// ChangePassword changes a user's own. A *Refused says why not.
	ChangePassword(ctx context.Context, w access.Who, from Caller, old, fresh access.Password) error
}

// SigningIn is somebody who wants in.
type SigningIn struct {
	User     string
	Password access.Password
	Caller
}

// Caller is from where a request comes.
type Caller struct {
	Address netip.Addr
	Device  string // the name of the browser's device cookie
	Agent   string // what the browser says it is
}

// The codes of what keeps somebody out. The page shows its sign-in by them.
const (
	SignInNeeded = "sign-in"
	SessionOver  = "session-over"
)

// The names of the session's cookie. The prefix makes a browser refuse one that
// did not come over TLS from this very host.
const (
	sessionCookie       = "coldchain_session"
	secureSessionCookie = "__Host-coldchain"
)

type whoKey struct{}

// whoOf is who sent a request that was let in; of an open route nobody.
func whoOf(r *http.Request) access.Who {
	w, _ := r.Context().Value(whoKey{}).(access.Who)
	return w
}

// actsAs is how the audit calls who was let in, beside the name that is claimed.
func actsAs(w access.Who) string {
	switch {
	case w.Kind == access.ByToken && w.ID == "":
		return string(access.ByToken) // web.token_file
	case w.Kind == "":
		return string(access.ByToken) // a signed link
	}
	return string(w.Kind) + " " + w.ID
}

// guard lets through who may, by the one table of who may what.
func (s *Server) guard(rule access.Rule, next http.Handler) http.Handler {
	if rule.Open {
		return s.limit(rule.Pattern, next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := s.identify(r)
		if limited(rule.Pattern) {
			if many := s.within(w, r, who); many != nil {
				err = many
			}
		}
		if err == nil {
			err = s.permit(r, who, rule)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		ctx := context.WithValue(r.Context(), whoKey{}, who)
		ctx = context.WithValue(ctx, reachKey{}, who.Reach(rule.Roles...))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// identify finds out who sends a request.
func (s *Server) identify(r *http.Request) (access.Who, error) {
	if r.Header.Get("Authorization") != "" {
		return s.byToken(r)
	}
	c, err := r.Cookie(s.sessionCookie(r))
	if err != nil || s.deps.Door == nil {
		return access.Who{}, &apiError{http.StatusUnauthorized, SignInNeeded, "请先登录", "sign in first"}
	}
	secret := access.Secret(c.Value)
	if !secret.Formed() {
		return access.Who{}, sessionOver()
	}
	who, err := s.deps.Door.Session(r.Context(), secret)
	if errors.Is(err, ErrNotFound) {
		err = sessionOver()
	}
	return who, err
}

func sessionOver() error {
	return &apiError{http.StatusUnauthorized, SessionOver, "登录已结束，请重新登录", "you are signed out; sign in again"}
}

func (s *Server) byToken(r *http.Request) (access.Who, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return access.Who{}, &apiError{http.StatusUnauthorized, "no-token",
			"请求头应写成 Authorization: Bearer …",
			"write the header as Authorization: Bearer ..."}
	}
	// Hashes are compared so that neither content nor length shows in time.
	want, got := sha256.Sum256([]byte(s.opt.Token)), sha256.Sum256([]byte(token))
	if s.opt.Token != "" && subtle.ConstantTimeCompare(want[:], got[:]) == 1 {
		return access.Who{Kind: access.ByToken, Name: "web.token_file", Grants: []access.Grant{{Role: access.Admin}}}, nil
	}
	err := ErrNotFound
	if secret := access.Secret(token); s.deps.Door != nil && secret.Formed() {
		var who access.Who
		if who, err = s.deps.Door.Token(r.Context(), secret); err == nil {
			return who, nil
		}
	}
	if errors.Is(err, ErrNotFound) {
		err = &apiError{http.StatusUnauthorized, "wrong-token", "口令不对或已到期，请核对", "the token is wrong or over; check it"}
	}
	return access.Who{}, err
}

// permit returns why somebody may not do what a request asks for.
func (s *Server) permit(r *http.Request, who access.Who, rule access.Rule) error {
	no := rule.Role(who)
	if no == access.Allowed {
		places, err := s.places(r, rule)
		if err != nil {
			return err
		}
		no = rule.May(who, places...)
	}
	switch no {
	case access.Allowed:
		return nil
	case access.ChangeFirst:
		return &apiError{http.StatusForbidden, string(no), "请先把一次性密码换成您自己的", "change the one-time password first"}
	case access.ReadOnlyOnly:
		return &apiError{http.StatusForbidden, string(no), "这个口令只能读，不能改", "this token reads, and changes nothing"}
	case access.OutOfReach:
		return &apiError{http.StatusForbidden, string(no), "这不在您负责的地点或货物范围内", "this is not among your sites or goods"}
	}
	return &apiError{http.StatusForbidden, string(no), "您的角色不能做这件事，请找管理员", "your role may not do this; ask an admin"}
}

// secureRequest reports whether a request came over TLS, to here or to a proxy
// that is trusted.
func (s *Server) secureRequest(r *http.Request) bool {
	return r.TLS != nil || s.fromProxy(r) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

func (s *Server) fromProxy(r *http.Request) bool {
	return s.proxy(remote(r.RemoteAddr))
}

func (s *Server) proxy(a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(s.opt.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

func remote(text string) netip.Addr {
	if p, err := netip.ParseAddrPort(text); err == nil {
		return p.Addr().Unmap()
	}
	return netip.Addr{}
}

// caller is from where a request comes. What a proxy says is believed of one that
// is trusted alone, from its end: whoever calls can write the beginning.
func (s *Server) caller(r *http.Request) Caller {
	c := Caller{Address: remote(r.RemoteAddr), Device: deviceOf(r), Agent: r.UserAgent()}
	if !s.proxy(c.Address) {
		return c
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return c
		}
		c.Address = a.Unmap()
		if !s.proxy(c.Address) {
			return c
		}
	}
	return c
}

func (s *Server) sessionCookie(r *http.Request) string {
	if s.secureRequest(r) {
		return secureSessionCookie
	}
	return sessionCookie
}

// letIn gives a browser the cookie of a session.
func (s *Server) letIn(w http.ResponseWriter, r *http.Request, who access.Who, secret access.Secret) {
	s.setSession(w, r, string(secret), access.LifeOf(who.Kind, who.Grants).All)
}

func (s *Server) setSession(w http.ResponseWriter, r *http.Request, value string, lasts time.Duration) {
	c := &http.Cookie{Name: s.sessionCookie(r), Value: value, Path: "/", MaxAge: int(lasts.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secureRequest(r)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
