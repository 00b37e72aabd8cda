package web_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"coldchain/alerting/duty"
	"coldchain/gateway/access"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

// TestTelephoneNumbersAreForWhoKeepsTheRoster: the page reads the roster without
// one, and what it sends back leaves the numbers that it did not see as they
// were.
func TestTelephoneNumbersAreForWhoKeepsTheRoster(t *testing.T) {
	r := newDoorRig(t, web.Options{Token: "let-me"})
	kept := duty.Roster{Persons: []duty.Person{
		{ID: "qiqige", Name: "其其格", Phone: "8613812345678", Email: "qiqige@example.com", Handle: map[string]string{"wecom": "QiQiGe"}, Roles: []duty.Role{duty.Keeper}},
		{ID: "batu", Name: "巴图", Phone: "8613912345678", Roles: []duty.Role{duty.Deputy}},
	}}
	r.Do(func(f *webtest.Fake) {
		f.List = web.Roster{Version: 3, Telling: true, Roster: kept, Plan: duty.DefaultPlan()}
	})
	type people struct {
		Version int
		Roster  duty.Roster
		Plan    duty.Plan
	}
	r.user(t, "looker", access.Grant{Role: access.Viewer})
	open := r.signedIn(t, "looker").do("GET", "/api/v1/people", "")
	for _, secret := range []string{"8613812345678", "qiqige@example.com", "QiQiGe"} {
		if strings.Contains(open.Body.String(), secret) {
			t.Errorf("%s is shown to who only looks", secret)
		}
	}
	seen := decode[people](t, open)
	if p := seen.Roster.Persons[0]; p.Phone != "86138****5678" || p.Name != "其其格" {
		t.Errorf("%+v", p)
	}
	if whole := decode[people](t, r.do(request{path: "/api/v1/people", token: "let-me"})); !reflect.DeepEqual(whole.Roster, kept) {
		t.Errorf("with the token: %+v", whole.Roster)
	}
	seen.Roster.Persons[1].Phone = "8613712345678" // the one who has a new number
	body, err := json.Marshal(map[string]any{"version": 3, "actor": "王主任", "roster": seen.Roster, "plan": seen.Plan})
	if err != nil {
		t.Fatal(err)
	}
	if w := r.do(request{method: "PUT", path: "/api/v1/people", body: string(body), token: "let-me"}); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	want := kept
	want.Persons[1].Phone = "8613712345678"
	r.Do(func(f *webtest.Fake) {
		if !reflect.DeepEqual(f.List.Roster, want) {
			t.Errorf("kept %+v", f.List.Roster)
		}
	})
}
