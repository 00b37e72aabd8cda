package web_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/access"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asked is a row of the table as a request about something at a site.
func (d *doorRig) asked(rule access.Rule, site string) (method, path, body string) {
	alarm, batch, batches := d.alarmID, ownBatch, "/api/v1/batches/{id}"
	if site == "sirin" {
		alarm, batch = d.other, otherBatch
	}
	id := map[string]string{"/api/v1/alarms/{id}": alarm, batches: batch, "/api/v1/outages/{id}": "out-" + site, "/api/v1/disuses/{id}": "use-" + site, "/api/v1/trips/{id}": site + "-20261128T010000Z"}
	path = rule.Pattern
	for prefix, of := range id {
		if strings.HasPrefix(path, prefix) {
			path = strings.Replace(path, "{id}", of, 1)
		}
	}
	path = strings.NewReplacer("{id}", "some-one", "{site}", site, "{number}", batch+".1.abcdef", "{form}", "pdf", "{kind}", "daily", "{sum}", strings.Repeat("a", 64), "{version}", "1").Replace(path)
	switch rule.Object {
	case access.Point:
		path += "?point=" + site + "/mutton-1/air"
	case access.Question:
		path += "?site=" + site
	}
	body = `{"zone":"` + site + `/mutton-1"}`
	switch rule.Pattern {
	case "/api/v1/derivations":
		body = `{"inputs":[{"id":"` + batch + `"}]}`
	case "/api/v1/outages":
		body = `{"object":"` + site + `"}`
	case "/api/v1/devices":
		body = `{"site":"` + site + `"}`
	case "/api/v1/inspections-links":
		body = `{"zones":["` + site + `/mutton-1"]}`
	case "/api/v1/batches/{id}/moves": // out of the county: the room that it comes into would do as well
		body = `{"place":"x"}`
	}
	method = rule.Method
	if rule.Pattern == "/api/v1/events" {
		method = http.MethodHead // a stream does not end
	}
	return method, path, body
}

// matrixRig has somebody of each role at balagong.
func matrixRig(t *testing.T) (*doorRig, map[string]*browser) {
	t.Helper()
	d := newDoorRig(t, web.Options{})
	d.Do(func(f *webtest.Fake) {
		f.Uses = map[string]web.ZoneUse{}
		for _, site := range []string{"balagong", "sirin"} {
			f.Planned = append(f.Planned, duty.Outage{ID: "out-" + site, Object: site, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)})
			f.Uses[site+"/mutton-1"] = web.ZoneUse{Disuse: &duty.Disuse{ID: "use-" + site, Zone: site + "/mutton-1", Kind: duty.SwitchedOff, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}}
		}
	})
	who := map[string]*browser{}
	for _, role := range access.Roles() {
		g := access.Grant{Role: role, Sites: []string{"balagong"}}
		switch role {
		case access.Owner:
			g = access.Grant{Role: role, Party: "示例合作社"}
		case access.Admin:
			g.Sites = nil
		}
		d.user(t, string(role), g)
		who[string(role)] = d.signedIn(t, string(role))
	}
	who["device"] = d.signedIn(t, "manager")
	if w := who["device"].do("POST", "/api/v1/devices", `{"site":"balagong","name":"平板"}`); w.Code != 201 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d.user(t, "county-manager", access.Grant{Role: access.Manager})
	who["county manager"] = d.signedIn(t, "county-manager")
	return d, who
}

// TestEveryRouteWithEveryRole asks every route as everybody, about what is at
// his site and at another. The golden file says who gets in; beside it what must
// hold of every row.
func TestEveryRouteWithEveryRole(t *testing.T) {
	d, who := matrixRig(t)
	names := append(slices.Collect(func(yield func(string) bool) {
		for _, r := range append(access.Roles(), access.Device) {
			if !yield(string(r)) {
				return
			}
		}
	}), "county manager")
	expired := d.browser()
	for k, c := range d.signedIn(t, "viewer").cookies {
		expired.cookies[k] = c
	}
	var got strings.Builder
	fmt.Fprintf(&got, "# in: let in, whatever the answer then was; else its status. At balagong, where they have their role; at sirin.\n")
	for _, rule := range access.Table() {
		if rule.Open || rule.Pattern == "/api/v1/session" && rule.Method == "DELETE" { // would end the test's own
			continue
		}
		name := rule.Method + " " + rule.Pattern
		fmt.Fprintf(&got, "%s\n", name)
		method, path, body := d.asked(rule, "balagong")
		if w := d.browser().do(method, path, body); w.Code != 401 {
			t.Errorf("%s: nobody gets %d", name, w.Code)
		}
		for _, role := range names {
			var in [2]string
			for i, site := range []string{"balagong", "sirin"} {
				method, path, body := d.asked(rule, site)
				w := who[role].do(method, path, body)
				if strings.Contains(w.Body.String(), "no such route") {
					t.Fatalf("%s: the server has no such route", name)
				}
				in[i] = outcome(w.Code, w.Body.String())
			}
			fmt.Fprintf(&got, "\t%-15s %s %s\n", role, in[0], in[1])
			checkRow(t, rule, role, in)
		}
	}
	d.now = noon.AddDate(0, 0, 15) // what was signed in is over
	for _, rule := range access.Table() {
		if method, path, body := d.asked(rule, "balagong"); !rule.Open {
			if w := expired.do(method, path, body); w.Code != 401 {
				t.Errorf("%s %s: a session that is over gets %d", rule.Method, rule.Pattern, w.Code)
			}
		}
	}
	const golden = "testdata/access.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got.String() {
		t.Errorf("who gets in has changed; look at it, and run go test ./gateway/web -run TestEveryRouteWithEveryRole -update:\n%s", firstDifference(string(want), got.String()))
	}
}

// outcome is what the door said; what comes after it is another test's.
func outcome(status int, body string) string {
	switch {
	case status == 401:
		return "401"
	case status == 403 && (strings.Contains(body, string(access.WrongRole)) || strings.Contains(body, string(access.OutOfReach))):
		return "403"
	}
	return "in"
}

// checkRow is what has to hold of every route, without the golden file.
func checkRow(t *testing.T, rule access.Rule, role string, in [2]string) {
	t.Helper()
	name := rule.Method + " " + rule.Pattern + " as " + role
	of := access.Role(strings.TrimPrefix(role, "county "))
	anywhere := role == "county manager" || role == "admin"
	switch {
	case rule.Object == access.Self:
		if in != [2]string{"in", "in"} {
			t.Errorf("%s: %v", name, in)
		}
	case !slices.Contains(rule.Roles, of):
		if in != [2]string{"403", "403"} {
			t.Errorf("%s, who has no part in it: %v", name, in)
		}
	case anywhere || slices.Contains([]access.Object{access.Nothing, access.Lists, access.Form}, rule.Object):
		if in != [2]string{"in", "in"} {
			t.Errorf("%s: %v", name, in)
		}
	case rule.Object == access.County:
		if in != [2]string{"403", "403"} {
			t.Errorf("%s: the county's, of one site: %v", name, in)
		}
	case of == access.Owner && rule.Object == access.Question:
	case in != [2]string{"in", "403"}:
		t.Errorf("%s: %v, want it at his site alone", name, in)
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\n got %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
