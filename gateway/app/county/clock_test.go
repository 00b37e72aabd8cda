package county

import (
	"testing"
	"time"
)

// A county whose clock has just been set wrong must not judge one message by
// what the clock was worth before.
func TestTheClockIsAskedAgainAfterAStep(t *testing.T) {
	for name, c := range map[string]struct {
		mono, wall time.Duration
		want       bool
	}{
		"at once":            {time.Millisecond, time.Millisecond, false},
		"a second later":     {time.Second, time.Second, true},
		"slewed":             {900 * time.Millisecond, 900*time.Millisecond + 400*time.Microsecond, false},
		"set an hour ahead":  {time.Millisecond, time.Hour, true},
		"set back to 1970":   {time.Millisecond, -56 * 365 * 24 * time.Hour, true},
		"set a little ahead": {time.Millisecond, 60 * time.Millisecond, true},
	} {
		if got := askAgain(c.mono, c.wall); got != c.want {
			t.Errorf("%s: ask again %v, want %v", name, got, c.want)
		}
	}
}
