package output

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// A day of an output, in seconds: what is wanted, what an attempt gave, and
// when the next is due. "want on|off", "ok", "fail" (an attempt at that second).
func TestKeeper(t *testing.T) {
	tests := []struct {
		name  string
		steps string
		want  string
	}{
		{"off is made sure of at the start", "0 ok", "0 due off; 0 confirmed, next 30"},
		{"and again later, for a module that lost power", "0 ok, 30 ok", "0 due off; 0 confirmed, next 30; 30 confirmed, next 60"},
		{"something else is due at once", "0 ok, 10 want on, 10 ok", "0 due off; 0 confirmed, next 30; 10 due on; 10 confirmed, next 40"},
		{"failures are told once and tried again, ever later",
			"0 fail, 1 fail, 3 fail, 7 fail, 15 fail, 31 fail, 63 fail, 123 fail",
			"0 due off; 0 failed, next 1; 1 next 3; 3 next 7; 7 next 15; 15 next 31; 31 next 63; 63 next 123; 123 next 183"},
		{"recovery is told", "0 fail, 1 fail, 3 ok", "0 due off; 0 failed, next 1; 1 next 3; 3 recovered, confirmed, next 33"},
		{"a new wish is tried soon however long the output fails",
			"0 fail, 1 fail, 3 fail, 7 fail, 8 want on, 8 fail, 10 ok",
			"0 due off; 0 failed, next 1; 1 next 3; 3 next 7; 7 next 15; 8 next 8; 8 next 10; 10 recovered, confirmed, next 40"},
		{"a wish that changed during the attempt is due at once", "0 ok, 5 want on, 6 ok off",
			"0 due off; 0 confirmed, next 30; 5 due on; 6 due on"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := NewKeeper(Schedule{})
			got := []string{"0 " + dueText(k, noon)}
			for _, step := range strings.Split(tt.steps, ", ") {
				var s int
				var what string
				if _, err := fmt.Sscan(step, &s, &what); err != nil {
					t.Fatal(err)
				}
				now := noon.Add(time.Duration(s) * time.Second)
				text := ""
				switch what {
				case "want":
					k.Want(strings.HasSuffix(step, "on"))
				case "ok":
					on := k.State().Wanted && !strings.HasSuffix(step, "off")
					text = changeText(k.Done(now, on, nil))
				case "fail":
					text = changeText(k.Done(now, k.State().Wanted, errors.New("no answer")))
				}
				if k.State().Confirmed {
					text += "confirmed, "
				}
				got = append(got, fmt.Sprint(s, " ", text, dueText(k, now)))
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

func changeText(c Change) string {
	if c == NoChange {
		return ""
	}
	return c.String() + ", "
}

func dueText(k *Keeper, now time.Time) string {
	on, at := k.Due()
	if !at.After(now) && !k.State().Failing {
		return "due " + word(on)
	}
	return fmt.Sprint("next ", at.Sub(noon).Seconds())
}

func TestStateOfAFailingOutput(t *testing.T) {
	k := NewKeeper(Schedule{})
	if s := k.State(); s.Confirmed || s.Failing {
		t.Errorf("before anything was tried: %+v", s)
	}
	k.Want(true)
	k.Done(noon, true, nil)
	if s := k.State(); !s.Confirmed || s.Failing || !s.Since.Equal(noon) {
		t.Errorf("confirmed: %+v", s)
	}
	k.Want(false)
	if s := k.State(); s.Confirmed {
		t.Errorf("confirmed on is not confirmed off: %+v", s)
	}
	no := errors.New("no answer")
	k.Done(noon.Add(time.Second), false, no)
	k.Done(noon.Add(2*time.Second), false, no)
	if s := k.State(); s.Confirmed || !s.Failing || s.Failures != 2 || !s.Since.Equal(noon.Add(time.Second)) || s.Err != no {
		t.Errorf("failing: %+v", s)
	}
	k.Want(true)
	if s := k.State(); s.Confirmed {
		t.Errorf("after a failure nothing is known: %+v", s)
	}
}
