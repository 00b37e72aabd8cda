package sensors

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzIsSlug holds the loop against the rule as its comment states it.
func FuzzIsSlug(f *testing.F) {
	for _, s := range []string{"", "a", "-", "a-", "-a", "a-b", "A", "a_b", "a b", "0", "é", "a\n", strings.Repeat("a", 40), strings.Repeat("a", 41)} {
		f.Add(s)
	}
	rule := regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$`)
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := IsSlug(s), rule.MatchString(s); got != want {
			t.Errorf("IsSlug(%q) is %t, want %t", s, got, want)
		}
	})
}
