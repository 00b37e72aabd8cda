package output

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Each row is an hour at a site, in seconds: what is observed and done, and
// what the outputs do at each second that is asked about.
func TestAlarm(t *testing.T) {
	tests := []struct {
		name, story, want string
	}{
		{"all well", "at 0, at 3600", "0 -; 3600 -"},
		{"the beacon shines at once, the siren after its delay",
			"0 room out, at 0, at 299, at 300, at 3000", "0 B next 300; 299 B next 300; 300 SB; 3000 SB"},
		{"back in time: no siren", "0 room out, at 299, 299 room in, at 299, at 600", "299 B next 300; 299 -; 600 -"},
		{"back later: both end, acknowledged or not", "0 room out, at 400, 500 room in, at 500", "400 SB; 500 -"},
		{"an acknowledgement silences the siren for a while, the beacon shines on",
			"0 room out, at 400, 400 ack, at 400, at 1299, at 1300", "400 SB; 400 B next 1300; 1299 B next 1300; 1300 SB"},
		{"another room is not silenced",
			"0 room out, 400 ack, 500 dairy out, at 799, at 800", "799 B next 800; 800 SB next 1300"},
		{"acknowledged again", "0 room out, 400 ack, at 1300, 1310 ack, at 1310, at 2210", "1300 SB; 1310 B next 2210; 2210 SB"},
		{"acknowledged before the delay was over", "0 room out, 200 ack, at 300, at 1100", "300 B next 1100; 1100 SB"},
		{"a room that returns after it was well counts from anew",
			"0 room out, 400 ack, 500 room in, 600 room out, at 600, at 899, at 900", "600 B next 900; 899 B next 900; 900 SB"},
		{"the mains are due sooner", "0 mains out, at 29, at 30", "29 B next 30; 30 SB"},
		{"mains back within the delay", "0 mains out, 20 mains in, at 30", "30 -"},
		{"mains and then the room", "0 mains out, 0 room out, 31 ack, at 31, at 300, at 931", "31 B next 931; 300 B next 931; 931 SB"},
		{"missing data ends nothing", "0 room out, 100 room lost, at 300", "300 SB"},
		{"missing data begins nothing", "0 room lost, at 3600", "3600 -"},
		{"said again, counted from the first time", "0 room out, 200 room out, at 300", "300 SB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := NewAlarm(Timing{})
			var got []string
			for _, step := range strings.Split(tt.story, ", ") {
				if s, ok := strings.CutPrefix(step, "at "); ok {
					now := second(t, s)
					got = append(got, s+" "+desiredText(a.Advance(now)))
					continue
				}
				f := strings.Fields(step)
				now := second(t, f[0])
				if f[1] == "ack" {
					a.Acknowledge(now)
					continue
				}
				c := Cause{Outside, f[1]}
				if f[1] == "mains" {
					c = Cause{MainsLost, "mains-l1"}
				}
				a.Observe(now, c, map[string]Presence{"out": Present, "in": Absent, "lost": Unknown}[f[2]])
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("got\n%s\nwant\n%s", s, tt.want)
			}
		})
	}
}

func second(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.ParseDuration(s + "s")
	if err != nil {
		t.Fatal(err)
	}
	return noon.Add(d)
}

func desiredText(d Desired) string {
	s := ""
	if d.Siren {
		s += "S"
	}
	if d.Beacon {
		s += "B"
	}
	if s == "" {
		s = "-"
	}
	if !d.Next.IsZero() {
		s += fmt.Sprint(" next ", d.Next.Sub(noon).Seconds())
	}
	return s
}

func TestAlarmNamesItsCauses(t *testing.T) {
	a := NewAlarm(Timing{Outside: time.Minute})
	for _, name := range []string{"b/mutton", "a/dairy"} {
		a.Observe(noon, Cause{Outside, name}, Present)
	}
	if n := a.Acknowledge(noon.Add(2 * time.Minute)); n != 2 {
		t.Errorf("acknowledged %d", n)
	}
	a.Observe(noon, Cause{MainsLost, "c/mains"}, Present)
	d := a.Advance(noon.Add(3 * time.Minute))
	if got := fmt.Sprint(d.Sounding, d.Silenced); got != "[{1 c/mains}] [{0 a/dairy} {0 b/mutton}]" {
		t.Errorf("%s", got)
	}
	if n := NewAlarm(Timing{}).Acknowledge(noon); n != 0 {
		t.Errorf("acknowledged %d of nothing", n)
	}
}
