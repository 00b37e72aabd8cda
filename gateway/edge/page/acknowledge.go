package page

import (
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
)

// maxForm bounds every body the page takes but a photo's.
const maxForm = 4 << 10

// acknowledge silences the siren for somebody who looks at this page. It is
// asked for by our own form alone: the request must come from the same origin,
// by an address that is not a name of the public internet (which could have
// been pointed here by somebody else's page), with this process's token.
func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request) {
	l := languageOf(r)
	if s.o.Siren == nil {
		refuse(w, l, http.StatusNotFound, "no-siren")
		return
	}
	if !s.ours(w, r) {
		return
	}
	s.o.Siren.Acknowledge(s.o.Source(r.Context()).Now, "site page, "+client(r))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// ours reports whether a request comes from this page's own form, and refuses it
// where it does not.
func (s *Server) ours(w http.ResponseWriter, r *http.Request) bool { return s.oursUpTo(maxForm, w, r) }

func (s *Server) oursUpTo(most int64, w http.ResponseWriter, r *http.Request) bool {
	l := languageOf(r)
	if !localName(r.Host) {
		refuse(w, l, http.StatusForbidden, "host")
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if s.cross.Check(r) != nil || subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(s.token)) != 1 {
		refuse(w, l, http.StatusForbidden, "forbidden")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, l lang, status int, why string) {
	http.Error(w, l.say(why), status)
}

// client is the address somebody asked from: the page knows no names.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown address"
	}
	return host
}

// localName reports whether a Host header is an address or a name that only a
// local network gives.
func localName(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if net.ParseIP(host) != nil {
		return true
	}
	if host == "" || strings.ContainsAny(host, "/@ ") {
		return false
	}
	i := strings.LastIndexByte(host, '.')
	if i < 0 {
		return true // localhost, gateway
	}
	switch host[i+1:] {
	case "local", "lan", "home", "internal", "arpa":
		return true
	}
	return false
}
