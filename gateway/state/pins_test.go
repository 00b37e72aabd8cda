package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/duty"
)

var wall = Actor{Kind: System, ID: "page", Device: "aa11"}

func withPeople(t *testing.T, ids ...string) county {
	t.Helper()
	c := open(t)
	var r duty.Roster
	for _, id := range ids {
		r.Persons = append(r.Persons, duty.Person{ID: id, Name: id, Roles: []duty.Role{duty.Keeper}})
	}
	_, err := c.PutPeople(t.Context(), decider, 0, r, duty.DefaultPlan(), nil)
	must(t, err)
	return c
}

func (c county) kept(t *testing.T, person, device string) KeptPIN {
	t.Helper()
	out, err := c.PIN(t.Context(), person, device)
	must(t, err)
	return out
}

// TestWrongPINsCountForADeviceThatIsKnownAndForAllOthersTogether: a stranger
// gains nothing by a new device, and holds up nobody on his own.
func TestWrongPINsCountForADeviceThatIsKnownAndForAllOthersTogether(t *testing.T) {
	c, ctx := withPeople(t, "qiqige", "batu"), t.Context()
	must(t, c.SetPIN(ctx, keeper, "qiqige", "$hash"))
	must(t, c.PINTried(ctx, wall, "qiqige", "hers", true))
	for _, device := range []string{"new-1", "new-2", "", "new-3"} {
		must(t, c.PINTried(ctx, wall, "qiqige", device, false))
	}
	if k := c.kept(t, "qiqige", "new-9"); k.Known || k.Wrong != 4 || !k.Last.Equal(noon) || k.Hash != "$hash" {
		t.Errorf("a stranger: %+v", k)
	}
	if k := c.kept(t, "qiqige", "hers"); !k.Known || k.Wrong != 0 {
		t.Errorf("her own device: %+v", k)
	}
	c.set(noon.Add(time.Minute))
	must(t, c.PINTried(ctx, wall, "qiqige", "hers", false))
	if k := c.kept(t, "qiqige", "hers"); k.Wrong != 1 || !k.Last.Equal(noon.Add(time.Minute)) {
		t.Errorf("her own device after a wrong one: %+v", k)
	}
	must(t, c.PINTried(ctx, wall, "qiqige", "hers", true))
	if k := c.kept(t, "qiqige", "hers"); k.Wrong != 0 {
		t.Errorf("after the right one: %+v", k)
	}
	if k := c.kept(t, "qiqige", ""); k.Wrong != 4 {
		t.Errorf("the strangers' count: %+v", k)
	}
	var rows int
	must(t, other(t, c.path).QueryRow("SELECT count(*) FROM pin_tries").Scan(&rows))
	if rows != 2 {
		t.Errorf("%d rows: strangers can fill the file", rows)
	}
	must(t, c.PINTried(ctx, wall, "batu", "x", false)) // has none
	if k := c.kept(t, "batu", "x"); k.Hash != "" || k.Wrong != 0 {
		t.Errorf("%+v", k)
	}
}

// TestAPINEndsWithItsResetAndWithItsPerson: the next one under the same id is
// somebody else.
func TestAPINEndsWithItsResetAndWithItsPerson(t *testing.T) {
	c, ctx := withPeople(t, "qiqige", "batu"), t.Context()
	wantKind(t, c.SetPIN(ctx, keeper, "nobody", "$hash"), ErrNotFound)
	for _, id := range []string{"qiqige", "batu"} {
		must(t, c.SetPIN(ctx, keeper, id, "$hash"))
		must(t, c.PINTried(ctx, wall, id, "", false))
	}
	must(t, c.ForgetPIN(ctx, repairer, "qiqige"))
	must(t, c.ForgetPIN(ctx, repairer, "qiqige"))
	if got, err := c.PINs(ctx); err != nil || !slices.Equal(got, []string{"batu"}) {
		t.Errorf("%v, %v", got, err)
	}
	_, err := c.PutPeople(ctx, decider, 1, duty.Roster{Persons: []duty.Person{{ID: "qiqige", Name: "x", Roles: []duty.Role{duty.Keeper}}}}, duty.DefaultPlan(), nil)
	must(t, err)
	if got, err := c.PINs(ctx); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if k := c.kept(t, "batu", ""); k != (KeptPIN{}) {
		t.Errorf("%+v", k)
	}
}

// TestTheAuditNamesTheDevice: of every change by a person, and of every wrong
// PIN; a PIN's hash is not in it.
func TestTheAuditNamesTheDevice(t *testing.T) {
	c, ctx := withPeople(t, "qiqige"), t.Context()
	by := keeper
	by.Device = "aa11"
	must(t, c.SetPIN(ctx, by, "qiqige", "$hash"))
	must(t, c.PINTried(ctx, wall, "qiqige", "x", false))
	must(t, c.PINTried(ctx, wall, "qiqige", "x", true))
	must(t, c.ForgetPIN(ctx, by, "qiqige"))
	rows, err := c.Audit(ctx, AuditFilter{})
	must(t, err)
	must(t, c.VerifyAudit(ctx))
	var got []string
	for _, r := range rows {
		if strings.HasPrefix(r.Action, "pin.") {
			got = append(got, r.Actor.ID+" "+r.Action+" "+r.Object+" "+withoutRows(r.Detail))
		}
	}
	slices.Sort(got)
	want := []string{`page pin.wrong qiqige {"device":"aa11","wrong":1}`, `qiqige pin.reset qiqige {"device":"aa11"}`, `qiqige pin.set qiqige {"device":"aa11"}`}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
