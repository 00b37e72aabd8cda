package access

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table into DESIGN.md")

func known(site string) bool { return site == "balagong" || site == "truck-1" }

func TestWhatAGrantMayBe(t *testing.T) {
	for _, c := range []struct {
		grant Grant
		bad   string // part of the error; empty: good
	}{
		{Grant{Role: Viewer}, ""},
		{Grant{Role: Driver, Sites: []string{"truck-1"}}, ""},
		{Grant{Role: Owner, Party: "示例合作社"}, ""},
		{Grant{Role: Owner}, "party"},
		{Grant{Role: Owner, Party: "x", Sites: []string{"balagong"}}, "of no sites"},
		{Grant{Role: Admin, Sites: []string{"balagong"}}, "of no sites"},
		{Grant{Role: Manager, Party: "示例合作社"}, "belongs to an owner"},
		{Grant{Role: Manager, Sites: []string{"nowhere"}}, "no site"},
		{Grant{Role: Manager, Sites: []string{"balagong", "balagong"}}, "twice"},
		{Grant{Role: Device, Sites: []string{"balagong"}}, "is none of"},
		{Grant{Role: "root"}, "is none of"},
	} {
		err := c.grant.Check(known)
		if (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%+v: %v, want %q", c.grant, err, c.bad)
		}
	}
}

func TestWhoMayWhere(t *testing.T) {
	rule := Rule{Method: "POST", Roles: []Role{Manager, Owner, Driver}, Object: Body}
	here, there, mine := Place{Sites: []string{"balagong"}}, Place{Sites: []string{"truck-1"}}, Place{Sites: []string{"truck-1"}, Owners: []string{"示例合作社"}}
	manager := Who{Grants: []Grant{{Role: Manager, Sites: []string{"balagong"}}, {Role: Viewer}}}
	for name, c := range map[string]struct {
		who    Who
		places []Place
		want   Refusal
	}{
		"his site":                      {manager, []Place{here}, Allowed},
		"another":                       {manager, []Place{there}, OutOfReach}, // though he may look everywhere
		"one of two":                    {manager, []Place{here, there}, OutOfReach},
		"where it was is his":           {manager, []Place{{Sites: []string{"truck-1", "balagong"}}}, Allowed},
		"the county's":                  {manager, []Place{{County: true}}, OutOfReach},
		"the county's, for who has all": {Who{Grants: []Grant{{Role: Manager}}}, []Place{{County: true}}, Allowed},
		"no place":                      {manager, nil, Allowed},
		"of nobody":                     {manager, []Place{{}}, OutOfReach},
		"an owner's":                    {Who{Grants: []Grant{{Role: Owner, Party: "示例合作社"}}}, []Place{mine}, Allowed},
		"another owner's":               {Who{Grants: []Grant{{Role: Owner, Party: "别的合作社"}}}, []Place{mine}, OutOfReach},
		"an owner and the county":       {Who{Grants: []Grant{{Role: Owner, Party: "示例合作社"}}}, []Place{{County: true}}, OutOfReach},
		"another role":                  {Who{Grants: []Grant{{Role: Viewer}}}, []Place{here}, WrongRole},
		"nobody":                        {Who{}, []Place{here}, WrongRole},
		"one-time password":             {Who{Grants: []Grant{{Role: Manager}}, MustChange: true}, []Place{here}, ChangeFirst},
		"token that reads":              {Who{Grants: []Grant{{Role: Manager}}, ReadOnly: true}, []Place{here}, ReadOnlyOnly},
	} {
		if got := rule.May(c.who, c.places...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	self := Rule{Method: "PUT", Object: Self}
	if got := self.May(Who{MustChange: true}); got != Allowed {
		t.Errorf("changing a one-time password: %q", got)
	}
}

// TestTheTable holds what every row has to be.
func TestTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Table() {
		name := r.Method + " " + r.Pattern
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		switch {
		case r.Open && (len(r.Roles) > 0 || r.Object != ""):
			t.Errorf("%s: open, and for roles", name)
		case !r.Open && r.Object == "":
			t.Errorf("%s: of what is it?", name)
		case !r.Open && r.Object != Self && len(r.Roles) == 0:
			t.Errorf("%s: for nobody", name)
		case !r.Open && r.Object != Self && !slices.Contains(r.Roles, Admin):
			t.Errorf("%s: not even for an admin", name)
		}
		for i, role := range r.Roles {
			if slices.Contains(r.Roles[:i], role) {
				t.Errorf("%s: %s twice", name, role)
			}
		}
		// Who only looks changes nothing, and an owner has no rooms.
		for _, role := range []Role{Viewer, Inspector, Owner} {
			if r.Writes() && slices.Contains(r.Roles, role) {
				t.Errorf("%s: a %s changes something", name, role)
			}
		}
	}
	if _, ok := Find("GET", "/api/v1/nothing"); ok {
		t.Error("a route without a row was found")
	}
}

// TestTheTableIsInTheDesign: the document shows the table as it is.
func TestTheTableIsInTheDesign(t *testing.T) {
	const begin, end = "<!-- table -->\n", "<!-- /table -->\n"
	b, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("DESIGN.md has no %q and %q", begin, end)
	}
	want := before + begin + drawn() + end + after
	if want == string(b) {
		return
	}
	if *update {
		if err := os.WriteFile("DESIGN.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the table in DESIGN.md is not the one of table.go; run go test ./gateway/access -update")
}

func drawn() string {
	var b strings.Builder
	roles := append(Roles(), Device)
	b.WriteString("| route | of |")
	for _, r := range roles {
		fmt.Fprintf(&b, " %s |", r)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(roles)) + "\n")
	for _, r := range Table() {
		fmt.Fprintf(&b, "| `%s %s` | %s |", r.Method, strings.TrimPrefix(r.Pattern, "/api/v1"), r.Object)
		for _, role := range roles {
			mark := ""
			switch {
			case r.Open:
				mark = "open"
			case r.Object == Self || slices.Contains(r.Roles, role):
				mark = "x"
			}
			fmt.Fprintf(&b, " %s |", mark)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestWhatAPasswordMayBe(t *testing.T) {
	for p, want := range map[Password]error{
		"blue kettle nine rivers": nil, "tR7#kqv9Lm": nil, "一匹白马走过了秋天的草原": nil, NewOneTime(): nil,
		"": ErrShort, "tR7#kqv9L": ErrShort, "白马过草原": ErrShort,
		"aaaaaaaaaaaa": ErrSimple, "1234567890": ErrSimple, "password123": ErrSimple, "Coldchain123456": ErrSimple, "abababababab": ErrSimple, "Qiqige12345": ErrSimple,
		"tR7#kqv9Lm\n": ErrText, "tR7#kqv9Lm\xff": ErrText,
		Password(strings.Repeat("蒙", 67)): ErrLong,
	} {
		if err := Choose(p, "qiqige"); err != want {
			t.Errorf("%q: %v, want %v", string(p), err, want)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	s, p := NewSecret(), NewOneTime()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		text := fmt.Sprintf(verb, struct {
			S Secret
			P Password
		}{s, p})
		if strings.Contains(text, string(s)) || strings.Contains(text, string(p)) {
			t.Errorf("%s shows it", verb)
		}
	}
	if !s.Formed() || Secret("x").Formed() || Secret(string(s)+"A").Formed() {
		t.Error("what a secret looks like")
	}
}

func TestHowLongASessionLasts(t *testing.T) {
	made := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	keeper, admin, device := LifeOf(ByUser, []Grant{{Role: Manager}}), LifeOf(ByUser, []Grant{{Role: Viewer}, {Role: Admin}}), LifeOf(ByDevice, nil)
	for name, c := range map[string]struct {
		life          Life
		unused, life2 time.Duration
		over          bool
	}{
		"a keeper's, in the night":    {keeper, 12 * time.Hour, 40 * 24 * time.Hour, false},
		"a keeper's, on holiday":      {keeper, 14 * 24 * time.Hour, 40 * 24 * time.Hour, true},
		"a keeper's, at its end":      {keeper, time.Minute, 90 * 24 * time.Hour, true},
		"an admin's, at lunch":        {admin, time.Hour, 2 * 24 * time.Hour, false},
		"an admin's, next day":        {admin, 12 * time.Hour, 2 * 24 * time.Hour, true},
		"a device's, after a month":   {device, 30 * 24 * time.Hour, 300 * 24 * time.Hour, false},
		"a device's, in a drawer":     {device, 60 * 24 * time.Hour, 300 * 24 * time.Hour, true},
		"the clock was set back by 1": {keeper, -time.Hour, -time.Hour, false},
	} {
		now := made.Add(c.life2)
		if got := c.life.Over(made, now.Add(-c.unused), now); got != c.over {
			t.Errorf("%s: over %v", name, got)
		}
	}
}

func try(user, address string) Try { return Try{User: user, Address: netip.MustParseAddr(address)} }

// TestAStrangerHoldsUpHimself: whoever guesses waits longer and longer, and the
// person whose name he tries is let in at once, from his own telephone and from
// a new one.
func TestAStrangerHoldsUpHimself(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	stranger := try("batu", "203.0.113.9")
	tried := 0
	for range 24 * 60 * 6 { // a day, each ten seconds
		if th.Wait(stranger, now) == 0 {
			th.Tried(stranger, false, now)
			tried++
		}
		now = now.Add(10 * time.Second)
	}
	if tried < 50 || tried > 110 {
		t.Errorf("%d tries in a day", tried)
	}
	if wait := th.Wait(stranger, now); wait < time.Minute {
		t.Errorf("the stranger waits %s", wait)
	}
	known := Try{User: "batu", Address: netip.MustParseAddr("203.0.113.9"), Device: "d1", Known: true}
	if wait := th.Wait(known, now); wait != 0 {
		t.Errorf("at his own telephone he waits %s", wait)
	}
	if wait := th.Wait(try("batu", "198.51.100.7"), now); wait > 5*time.Second {
		t.Errorf("from a new one he waits %s", wait)
	}
	if wait := th.Wait(try("narisu", "198.51.100.7"), now); wait != 0 {
		t.Errorf("another waits %s", wait)
	}
}

func TestOneAddressTriesManyNames(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	for i := range 20 {
		one := try(fmt.Sprint("u", i), "2001:db8::"+fmt.Sprint(i+1)) // one /64
		if wait := th.Wait(one, now); wait != 0 {
			t.Fatalf("try %d waits %s", i, wait)
		}
		th.Tried(one, false, now)
	}
	if th.Wait(try("u99", "2001:db8::ffff"), now) == 0 {
		t.Error("the twenty-first name costs nothing")
	}
	// His own password right gives him no free tries of others'.
	mine := try("mine", "2001:db8::1")
	now = now.Add(time.Minute)
	th.Tried(mine, true, now)
	th.Tried(try("u1", "2001:db8::1"), false, now)
	if th.Wait(try("u98", "2001:db8::2"), now) == 0 {
		t.Error("a right one of another name made the address good again")
	}
}

func TestARightPasswordForgetsTheWrongOnes(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	me := try("batu", "203.0.113.9")
	for range 5 {
		th.Tried(me, false, now)
	}
	if th.Wait(me, now) != 30*time.Second {
		t.Errorf("waits %s", th.Wait(me, now))
	}
	th.Tried(me, true, now)
	if th.Wait(me, now) != 0 {
		t.Error("still waits")
	}
	th.Tried(me, false, now.Add(90*24*time.Hour))
	if th.Wait(me, now) != 0 {
		t.Error("a clock that was ahead makes him wait")
	}
}

func TestTheMemoryOfTriesIsBounded(t *testing.T) {
	var th Throttle
	now := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	for i := range 100_000 {
		th.Tried(try(fmt.Sprint("u", i), "203.0.113.9"), false, now)
	}
	if n := len(th.tries); n > mostCounters+3 {
		t.Errorf("%d counters", n)
	}
}
