package state

import (
	"errors"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/access"
)

var (
	boss    = Actor{Kind: System, ID: "county"}
	admin   = User{ID: "admin", Name: "管理员", Grants: []access.Grant{{Role: access.Admin}}}
	keeping = User{ID: "qiqige", Name: "其其格", Person: "qiqige", Grants: []access.Grant{{Role: access.Manager, Sites: []string{"balagong"}}}}
)

func withUsers(t *testing.T) county {
	t.Helper()
	c := open(t)
	made, err := c.FirstAdmin(t.Context(), boss, admin, "hash-1")
	if must(t, err); !made {
		t.Fatal("no first admin")
	}
	must(t, c.AddUser(t.Context(), boss, keeping, "hash-2"))
	return c
}

func TestTheFirstAdminIsMadeOnce(t *testing.T) {
	c := withUsers(t)
	if made, err := c.FirstAdmin(t.Context(), boss, User{ID: "other", Name: "x", Grants: admin.Grants}, "hash"); err != nil || made {
		t.Errorf("made again: %v, %v", made, err)
	}
	u, hash, err := c.User(t.Context(), "admin")
	if err != nil || hash != "hash-1" || !u.OneTime || len(u.Grants) != 1 || u.Grants[0].Role != access.Admin || !u.Made.Equal(noon) {
		t.Errorf("%+v, %q, %v", u, hash, err)
	}
}

func TestWhatUsersRefuse(t *testing.T) {
	c := withUsers(t)
	for name, u := range map[string]struct {
		user User
		want Kind
	}{
		"taken":         {keeping, ErrTaken},
		"no slug":       {User{ID: "其其格", Name: "x", Grants: admin.Grants}, ErrInvalid},
		"no name":       {User{ID: "a", Grants: admin.Grants}, ErrInvalid},
		"no role":       {User{ID: "a", Name: "x"}, ErrInvalid},
		"a device role": {User{ID: "a", Name: "x", Grants: []access.Grant{{Role: access.Device, Sites: []string{"balagong"}}}}, ErrInvalid},
	} {
		if err := c.AddUser(t.Context(), boss, u.user, "hash"); !errors.Is(err, u.want) {
			t.Errorf("%s: %v, want %s", name, err, u.want)
		}
	}
	less := admin
	less.Grants = []access.Grant{{Role: access.Viewer}}
	off := admin
	off.Disabled = noon
	for name, u := range map[string]User{"demoted": less, "disabled": off} {
		if err := c.ChangeUser(t.Context(), boss, u); !errors.Is(err, ErrLastAdmin) {
			t.Errorf("the last admin is %s: %v", name, err)
		}
	}
	if u, _, _ := c.User(t.Context(), "admin"); !u.Disabled.IsZero() || u.Grants[0].Role != access.Admin {
		t.Errorf("a refused change is there: %+v", u)
	}
}

func TestASessionAndWhatEndsIt(t *testing.T) {
	c := withUsers(t)
	begin := func(id, user string) {
		must(t, c.BeginSession(t.Context(), Actor{Kind: Person, ID: user}, Session{ID: id, User: user, Device: "d1", Agent: "Firefox\x1b"}, []byte(id)))
	}
	there := func(id string) bool {
		_, _, err := c.SessionBy(t.Context(), []byte(id))
		if err != nil && !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
		return err == nil
	}
	begin("s1", "qiqige")
	begin("s2", "qiqige")
	begin("s3", "admin")
	if s, u, err := c.SessionBy(t.Context(), []byte("s1")); err != nil || u.ID != "qiqige" || s.Made != noon || s.Kind() != access.ByUser {
		t.Errorf("%+v %+v %v", s, u, err)
	}
	must(t, c.NoteUse(t.Context(), "s1", noon.Add(time.Hour)))
	if s, _, _ := c.SessionBy(t.Context(), []byte("s1")); !s.Used.Equal(noon.Add(time.Hour)) {
		t.Errorf("used %s", s.Used)
	}
	must(t, c.EndSession(t.Context(), boss, "s1"))
	if there("s1") || !there("s2") {
		t.Error("one was ended, and not the other")
	}
	if err := c.EndSession(t.Context(), boss, "s1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("ended twice: %v", err)
	}
	begin("s4", "qiqige")
	must(t, c.SetPassword(t.Context(), boss, "qiqige", "hash-3", false, "s4"))
	if there("s2") || !there("s4") || !there("s3") {
		t.Error("a new password ends the user's other sessions, and nobody else's")
	}
	off := keeping
	off.Disabled = noon
	must(t, c.ChangeUser(t.Context(), boss, off))
	if there("s4") {
		t.Error("a disabled user goes on")
	}
	if known, err := c.KnowsDevice(t.Context(), "qiqige", "d1"); err != nil || !known {
		t.Errorf("d1: %v, %v", known, err)
	}
	for _, d := range []string{"d2", ""} {
		if known, _ := c.KnowsDevice(t.Context(), "qiqige", d); known {
			t.Errorf("%q is known", d)
		}
	}
	if left, err := c.Sessions(t.Context()); err != nil || len(left) != 1 || left[0].ID != "s3" {
		t.Errorf("%+v, %v", left, err)
	}
}

func TestOldSessionsAreForgotten(t *testing.T) {
	c := withUsers(t)
	must(t, c.BeginSession(t.Context(), boss, Session{ID: "s1", User: "qiqige", Device: "d1"}, []byte("s1")))
	must(t, c.BeginSession(t.Context(), boss, Session{ID: "s2", Site: "balagong", Name: "平板"}, []byte("s2")))
	c.set(noon.Add(50 * 24 * time.Hour))
	must(t, c.NoteUse(t.Context(), "s2", c.clock.now()))
	c.set(noon.Add(100 * 24 * time.Hour))
	must(t, c.BeginSession(t.Context(), boss, Session{ID: "s3", User: "admin"}, []byte("s3")))
	if left, err := c.Sessions(t.Context()); err != nil || len(left) != 2 || left[1].ID != "s2" || left[1].Kind() != access.ByDevice {
		t.Errorf("%+v, %v", left, err)
	}
	if r := verifiedRows(t, atRest(t, c.path)); len(r.Wrong) != 0 {
		t.Errorf("%+v", r.Wrong)
	}
}

func TestATokenAndItsEnd(t *testing.T) {
	c := withUsers(t)
	good := APIToken{ID: "t1", Name: "平台", Grants: []access.Grant{{Role: access.Viewer}}, ReadOnly: true, Until: noon.Add(24 * time.Hour)}
	for name, change := range map[string]func(*APIToken){
		"no name": func(x *APIToken) { x.Name = " " }, "no role": func(x *APIToken) { x.Grants = nil },
		"over": func(x *APIToken) { x.Until = noon }, "for ever": func(x *APIToken) { x.Until = noon.Add(MaxTokenLife + time.Hour) },
	} {
		x := good
		change(&x)
		if _, err := c.MakeToken(t.Context(), boss, x, []byte("t")); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := c.MakeToken(t.Context(), boss, good, []byte("t1"))
	must(t, err)
	must(t, c.NoteUse(t.Context(), "t1", noon))
	if got, err := c.TokenBy(t.Context(), []byte("t1"), noon); err != nil || got.Name != "平台" || !got.ReadOnly || !got.Used.Equal(noon) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.TokenBy(t.Context(), []byte("t1"), noon.Add(24*time.Hour)); !errors.Is(err, ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	if _, err := c.TokenBy(t.Context(), []byte("t2"), noon); !errors.Is(err, ErrNotFound) {
		t.Errorf("another: %v", err)
	}
	must(t, c.EndToken(t.Context(), boss, "t1"))
	if _, err := c.TokenBy(t.Context(), []byte("t1"), noon); !errors.Is(err, ErrNotFound) {
		t.Errorf("taken back: %v", err)
	}
	if err := c.EndToken(t.Context(), boss, "t1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("taken back twice: %v", err)
	}
}

func TestUsersAreInTheAuditAndTheirRowsCovered(t *testing.T) {
	c := withUsers(t)
	must(t, c.BeginSession(t.Context(), boss, Session{ID: "s1", User: "qiqige"}, []byte("s1")))
	path := atRest(t, c.path)
	if r := verifiedRows(t, path); len(r.Wrong) != 0 {
		t.Errorf("%+v", r.Wrong)
	}
	run(t, other(t, path), `UPDATE users SET grants = '[{"role":"admin"}]' WHERE id = 'qiqige'`)
	if r := verifiedRows(t, path); len(r.Wrong) != 1 {
		t.Errorf("somebody made himself an admin with a SQLite shell, and it shows %+v", r.Wrong)
	}
}

func TestOpenBesideARunningCounty(t *testing.T) {
	c := withUsers(t)
	beside, err := OpenBeside(t.Context(), c.path[:len(c.path)-len("/county.db")], c.clock.now)
	must(t, err)
	must(t, beside.SetPassword(t.Context(), Actor{Kind: Person, ID: "root"}, "qiqige", "hash-9", true, ""))
	must(t, beside.Close())
	if _, hash, err := c.User(t.Context(), "qiqige"); err != nil || hash != "hash-9" {
		t.Errorf("%q, %v", hash, err)
	}
	must(t, c.AddUser(t.Context(), boss, User{ID: "b", Name: "b", Grants: admin.Grants}, "hash")) // the chain goes on
	if r := verifiedRows(t, atRest(t, c.path)); len(r.Wrong) != 0 {
		t.Errorf("%+v", r.Wrong)
	}
}

// TestListsWithinReach: sites where it lay, or whose it is.
func TestListsWithinReach(t *testing.T) {
	c := open(t)
	for id, owner := range map[string]string{"A": "甲", "B": "乙"} {
		_, err := c.CreateBatch(t.Context(), keeper, IdempotencyKey(id), batch.Batch{ID: id, Product: "x", Quantity: "1 kg", Owner: owner, Created: noon.Add(-time.Hour)},
			&batch.Custody{Batch: id, Zone: map[string]string{"A": "balagong/mutton-1", "B": "sirin/mutton-1"}[id], From: noon.Add(-time.Hour)})
		must(t, err)
	}
	for name, x := range map[string]struct {
		reach *access.Reach
		want  int
	}{
		"everything": {nil, 2}, "the county": {&access.Reach{All: true}, 2}, "nothing": {&access.Reach{}, 0}, "a site": {&access.Reach{Sites: []string{"sirin"}}, 1},
		"a part of its name": {&access.Reach{Sites: []string{"siri", "balagong/mutton-1"}}, 0}, "an owner": {&access.Reach{Parties: []string{"甲"}}, 1}, "both": {&access.Reach{Sites: []string{"sirin"}, Parties: []string{"甲"}}, 2},
	} {
		if got, err := c.Batches(t.Context(), BatchFilter{Reach: x.reach}); err != nil || len(got) != x.want {
			t.Errorf("%s: %d batches, want %d (%v)", name, len(got), x.want, err)
		}
	}
}
