package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/sensors"
)

// The rules here are shared by both files. Each takes the place of the value
// and reports at most one problem.

const slugForm = "lower-case letters, digits and hyphens, at most 40, e.g. balagong"

// name demands a slug.
func (r *report) name(p place, s string) bool {
	switch {
	case s == "":
		r.bad(p, "add it: "+slugForm, "%s is missing", p)
	case !sensors.IsSlug(s):
		want := "use " + slugForm
		if better := slugOf(s); better != "" {
			want = "write " + better
		}
		r.bad(p, want, "%s %.60q is not a name", p, s)
	default:
		return true
	}
	return false
}

// slugOf returns the slug that s is nearly, or "".
func slugOf(s string) string {
	better := strings.NewReplacer("_", "-", " ", "-", ".", "-").Replace(strings.ToLower(strings.TrimSpace(s)))
	if better == s || !sensors.IsSlug(better) {
		return ""
	}
	return better
}

// required demands text.
func (r *report) required(p place, s, example string) bool {
	if s == "" {
		r.bad(p, "add it, e.g. "+example, "%s is missing", p)
	}
	return s != ""
}

// oneOf demands one of a few words.
func (r *report) oneOf(p place, s string, words ...string) bool {
	if slices.Contains(words, s) {
		return true
	}
	list := "one of " + strings.Join(words, ", ")
	if s == "" {
		r.bad(p, "add it: "+list, "%s is missing", p)
		return false
	}
	if near := nearest(s, words); near != "" {
		list = fmt.Sprintf("did you mean %s? (%s)", near, list)
	}
	r.bad(p, list, "%s %.60q is not known", p, s)
	return false
}

// between demands a duration from lowest to highest.
func (r *report) between(p place, d, lowest, highest time.Duration) bool {
	if d >= lowest && d <= highest {
		return true
	}
	r.bad(p, fmt.Sprintf("want %s to %s", duration(lowest), duration(highest)), "%s %s is out of range", p, duration(d))
	return false
}

// hostPort takes host:port apart.
func (r *report) hostPort(p place, s, example string) (host string, ok bool) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		r.bad(p, "write HOST:PORT, e.g. "+example, "%s %.100q is not an address", p, s)
		return "", false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && port != "0" {
		r.bad(p, "want 1 to 65535, e.g. "+example, "%s %.100q has no usable port", p, s)
		return "", false
	}
	return host, true
}

// loopback reports whether only this machine can reach the host.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// server demands a URL of one of the schemes, with host and port. The text is
// repeated only when it holds no user or password.
func (r *report) server(p place, s, example string, schemes ...string) (u *url.URL, ok bool) {
	if strings.Contains(s, "@") {
		r.bad(p, "keep user and password out of it, e.g. "+example, "%s holds a user or a password", p)
		return nil, false
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme) {
		r.bad(p, "write for example "+example, "%s %.100q is not an address of the form %s://HOST:PORT", p, s, strings.Join(schemes, ":// or "))
		return nil, false
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
		r.bad(p, "name the port, e.g. "+example, "%s %.100q has no usable port", p, s)
		return nil, false
	}
	return u, true
}

// label refuses text that would break a line of a page or a log; a file's is
// checked while it is read.
func (r *report) label(p place, l Label) {
	for _, text := range []struct{ key, s string }{{"zh", l.ZH}, {"en", l.EN}} {
		if n := len([]rune(text.s)); n > 60 {
			r.bad(p.key(text.key), "at most 60, so that it fits a phone", "%s has %d characters", p.key(text.key), n)
		}
	}
}

// mqtt checks how the broker is reached.
func (r *report) mqtt(p place, m MQTT) {
	if m.Server == "" {
		r.bad(p.key("server"), "add it, e.g. ssl://broker.example:8883", "%s is missing", p.key("server"))
	} else if u, ok := r.server(p.key("server"), m.Server, "ssl://broker.example:8883 or tcp://127.0.0.1:1883", "tcp", "ssl"); ok {
		if u.Scheme == "tcp" && m.CAFile != "" {
			r.bad(p.key("ca_file"), "use ssl:// in server, or remove ca_file", "%s has no effect with tcp://", p.key("ca_file"))
		}
		if u.Scheme == "tcp" && m.PasswordFile != "" && !loopback(u.Hostname()) {
			r.warn(p.key("server"), "use ssl:// where the line is not your own", "the password travels unencrypted to %.60s", u.Hostname())
		}
	}
	if m.PasswordFile != "" && m.Username == "" {
		r.bad(p.key("username"), "add the broker's user of that password", "%s is missing while password_file is given", p.key("username"))
	}
	if m.Username != "" && m.PasswordFile == "" {
		r.bad(p.key("password_file"), "name a file that holds the password alone, or env:NAME", "%s is missing while username is given", p.key("password_file"))
	}
	r.secretForm(p.key("password_file"), m.PasswordFile)
}

// secretForm checks the form of a *_file key without touching the file.
func (r *report) secretForm(p place, s string) {
	if s != "" && !secretRef(s) {
		r.bad(p, "write /a/path, env:NAME or credential:NAME, never the secret itself", "%s does not look like a path", p)
	}
}

// secretRef reports whether s can say where a secret is.
func secretRef(s string) bool {
	return strings.HasPrefix(s, fromEnvironment) || strings.HasPrefix(s, fromCredentials) || strings.Contains(s, "/")
}

// unique finds the second use of a name.
type unique[K comparable] map[K]place

// take reports that k was taken before, and where.
func (u unique[K]) take(k K, p place) (before place, taken bool) {
	if before, taken = u[k]; !taken {
		u[k] = p
	}
	return before, taken
}

// at describes an earlier place: its line in a file, else its key.
func (r *report) at(p place) string {
	if r.src != nil {
		return fmt.Sprintf("on line %d", r.src.line(p))
	}
	return "at " + p.String()
}
