package config

import (
	"strings"
	"testing"
)

// TestTimestampAuthority: none is fine; one needs an address and a root to check
// its answers by.
func TestTimestampAuthority(t *testing.T) {
	for _, c := range []struct {
		a    TimestampAuthority
		want string
	}{
		{TimestampAuthority{}, ""},
		{TimestampAuthority{URL: "http://tsa.example/tsr", CAFile: "/etc/root.pem"}, ""},
		{TimestampAuthority{URL: "http://tsa.example/tsr"}, "timestamp_authority.ca_file"},
		{TimestampAuthority{CAFile: "/etc/root.pem"}, "timestamp_authority.url"},
		{TimestampAuthority{URL: "ftp://tsa.example", CAFile: "/etc/root.pem"}, "timestamp_authority.url"},
	} {
		r := &report{}
		(&County{TimestampAuthority: c.a}).checkTimestampAuthority(r)
		var said []string
		for _, p := range r.problems {
			said = append(said, p.String())
		}
		if text := strings.Join(said, "; "); (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%+v: %q, want %q", c.a, text, c.want)
		}
	}
}
