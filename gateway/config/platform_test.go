package config

import (
	"strings"
	"testing"
)

// TestPlatform: an address that is missing is a mistake, a missing signature a
// warning, no platform at all is fine.
func TestPlatform(t *testing.T) {
	for _, c := range []struct {
		p    Platform
		want string
	}{
		{Platform{}, ""},
		{Platform{URLFile: "/etc/u"}, "not signed"},
		{Platform{SecretFile: "/etc/s"}, "platform.url_file"},
		{Platform{URLFile: "/etc/u", SecretFile: "/etc/s"}, ""},
	} {
		r := &report{}
		(&County{Platform: c.p}).checkPlatform(r)
		var said []string
		for _, p := range r.problems {
			said = append(said, p.String())
		}
		if text := strings.Join(said, "; "); (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%+v: %q, want %q", c.p, text, c.want)
		}
	}
}
