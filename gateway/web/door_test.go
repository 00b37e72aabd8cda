package web_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/access"
	"coldchain/gateway/config"
	"coldchain/gateway/door"
	"coldchain/gateway/files"
	"coldchain/gateway/slowhash"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/sensors"
)

// doorRig is a county of two sites with a real door over a real county.db: at
// balagong lies a batch of 示例合作社 and an alarm is open, and so at sirin, of
// another owner.
type doorRig struct {
	*rig
	state *state.DB
	door  *door.Door
	now   time.Time
	other string // the alarm at sirin
}

const (
	ownBatch   = "HJQ261123-TLG-007"
	otherBatch = "HJQ261123-TLG-999"
	password   = "blue kettle nine rivers"
)

// cheap is a hash that costs tests nothing.
var cheap = slowhash.Cost{Memory: 64, Passes: 1, Threads: 1}

func newDoorRig(t *testing.T, opt web.Options) *doorRig {
	t.Helper()
	d := &doorRig{now: noon}
	clock := func() time.Time { return d.now }
	var err error
	if d.state, err = state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), clock); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.state.Close() })
	d.door = door.New(door.Options{State: d.state, Now: clock, Logger: slog.New(slog.DiscardHandler), Cost: cheap})
	c := county()
	truck := web.Site{ID: "sirin", Kind: config.Truck, Name: config.Label{ZH: "车", EN: "Truck"}, Gateway: "gw-sirin", Zones: []web.Zone{
		{ID: "sirin/mutton-1", Kind: config.ChilledBox, Points: []sensors.Point{{ID: "sirin/mutton-1/air", Quantity: sensors.Temperature}}}}}
	c.Sites = append(c.Sites, truck)
	opt.AnswerKey = []byte("key")
	d.rig = newRigIn(t, c, opt, files.New(t.TempDir()), func(f *webtest.Fake) {
		f.Door, f.Accounts = d.door, d.door
		lot := batch.Batch{ID: otherBatch, Product: "牛肉", Quantity: "10 kg", Owner: "别的合作社", Created: noon.Add(-time.Hour)}
		held := batch.Custody{Batch: lot.ID, Zone: "sirin/mutton-1", From: lot.Created}
		f.Lots = append(f.Lots, web.BatchHistory{Batch: lot, Custody: []batch.Custody{held}})
		a := f.AlarmList[0]
		a.Object, a.Zone = "sirin/mutton-1/air", "sirin/mutton-1"
		a.ID, a.Batches = alerting.AlarmID(a.Rule, a.Object, a.Start), []web.ExposedBatch{{Batch: lot, Custody: held}}
		d.other = a.ID
		f.AlarmList = append(f.AlarmList, a)
	})
	return d
}

// user makes one with a password that he need not change.
func (d *doorRig) user(t *testing.T, id string, grants ...access.Grant) {
	t.Helper()
	by := state.Actor{Kind: state.System, ID: "test"}
	if _, err := d.door.AddBy(t.Context(), by, state.User{ID: id, Name: id, Grants: grants}); err != nil {
		t.Fatal(err)
	}
	if err := d.state.SetPassword(t.Context(), by, id, slowhash.Hash(password, cheap), false, ""); err != nil {
		t.Fatal(err)
	}
}

// browser keeps cookies.
type browser struct {
	handler http.Handler
	cookies map[string]*http.Cookie
	header  map[string]string
	address string
	rig     *rig
}

func (d *doorRig) browser() *browser {
	return &browser{handler: d.server.Handler(), cookies: map[string]*http.Cookie{}, header: map[string]string{}, rig: d.rig}
}

func (b *browser) do(method, path, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	for k, v := range b.header {
		req.Header.Set(k, v)
	}
	if b.address != "" {
		req.RemoteAddr = b.address
	}
	req.Header.Set("Idempotency-Key", "k")
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, req)
	if err := b.rig.contract.hold(req, body, w); err != nil {
		b.rig.t.Errorf("%s %s is not as described: %v", method, path, err)
	}
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return w
}

func (b *browser) signIn(user, secret string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]string{"name": user, "password": secret})
	return b.do("POST", "/api/v1/session", string(body))
}

// signedIn is a browser in which somebody has signed in.
func (d *doorRig) signedIn(t *testing.T, user string) *browser {
	t.Helper()
	b := d.browser()
	if w := b.signIn(user, password); w.Code != http.StatusCreated {
		t.Fatalf("sign in as %s: %d %s", user, w.Code, w.Body)
	}
	return b
}

type session struct {
	Kind, ID, Name, Person string
	Must_change            bool
	May                    map[string][]string
}

func TestFromTheFirstPasswordToWork(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	first, err := d.door.FirstAdmin(t.Context())
	if err != nil || first == "" {
		t.Fatal(err)
	}
	if again, err := d.door.FirstAdmin(t.Context()); err != nil || again != "" {
		t.Errorf("a second first admin: %v", err)
	}
	b := d.browser()
	if w := b.do("GET", "/api/v1/zones", ""); w.Code != 401 || decode[failure](t, w).Error.Code != web.SignInNeeded {
		t.Errorf("nobody: %d %s", w.Code, w.Body)
	}
	w := b.signIn("Admin ", string(first)) // as telephones write names
	if s := decode[session](t, w); w.Code != 201 || s.ID != "admin" || !s.Must_change || len(s.May) != 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c := b.cookies["coldchain_session"]
	if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure {
		t.Errorf("cookie %+v", c)
	}
	if w := b.do("GET", "/api/v1/zones", ""); w.Code != 403 || decode[failure](t, w).Error.Code != string(access.ChangeFirst) {
		t.Errorf("before the password is changed: %d %s", w.Code, w.Body)
	}
	for body, code := range map[string]string{
		`{"old":"` + string(first) + `","new":"short"}`:                 "password-unfit",
		`{"old":"` + string(first) + `","new":"` + string(first) + `"}`: "password-same",
		`{"old":"wrong wrong wrong","new":"` + password + `"}`:          "wrong-password",
	} {
		if w := b.do("PUT", "/api/v1/session/password", body); decode[failure](t, w).Error.Code != code || w.Code == 401 {
			t.Errorf("%s: %d %s", code, w.Code, w.Body)
		}
	}
	if w := b.do("PUT", "/api/v1/session/password", `{"old":"`+string(first)+`","new":"`+password+`"}`); w.Code != 200 || decode[session](t, w).Must_change {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := b.do("GET", "/api/v1/zones", ""); w.Code != 200 {
		t.Errorf("after it: %d %s", w.Code, w.Body)
	}
	if w := b.do("DELETE", "/api/v1/session", ""); w.Code != 200 || b.cookies["coldchain_session"] != nil {
		t.Errorf("sign out: %d %v", w.Code, b.cookies)
	}
	b.cookies["coldchain_session"] = c // somebody has kept it
	if w := b.do("GET", "/api/v1/zones", ""); w.Code != 401 || decode[failure](t, w).Error.Code != web.SessionOver {
		t.Errorf("an old cookie: %d %s", w.Code, w.Body)
	}
	if w := d.browser().signIn("admin", string(first)); w.Code != 401 {
		t.Errorf("the one-time password again: %d", w.Code)
	}
}

func TestASessionEnds(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "boss", access.Grant{Role: access.Admin})
	d.user(t, "qiqige", access.Grant{Role: access.Manager, Sites: []string{"balagong"}})
	in := func(b *browser) bool { return b.do("GET", "/api/v1/session", "").Code == 200 }
	keeper, boss := d.signedIn(t, "qiqige"), d.signedIn(t, "boss")
	d.now = noon.Add(11 * time.Hour)
	if !in(keeper) || !in(boss) {
		t.Fatal("over too early")
	}
	d.now = noon.Add(24 * time.Hour)
	if !in(keeper) || in(boss) {
		t.Error("next morning the keeper is still in, and the admin is not")
	}
	for range 9 {
		d.now = d.now.Add(10 * 24 * time.Hour)
		in(keeper)
	}
	if in(keeper) {
		t.Error("a session that is used lasts for ever")
	}
	// What an admin ends is over at once.
	keeper, boss = d.signedIn(t, "qiqige"), d.signedIn(t, "boss")
	list := decode[struct{ Sessions []struct{ ID, User string } }](t, boss.do("GET", "/api/v1/sessions", ""))
	for _, s := range list.Sessions {
		if s.User == "qiqige" {
			if w := boss.do("DELETE", "/api/v1/sessions/"+s.ID, ""); w.Code != 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
	}
	if in(keeper) || !in(boss) {
		t.Error("ended by the admin")
	}
	keeper = d.signedIn(t, "qiqige")
	if w := boss.do("PUT", "/api/v1/users/qiqige", `{"name":"其其格","grants":[{"role":"viewer"}],"disabled":true}`); w.Code != 200 || in(keeper) {
		t.Errorf("disabled: %d", w.Code)
	}
	if w := d.browser().signIn("qiqige", password); w.Code != 401 {
		t.Errorf("a disabled user signs in: %d", w.Code)
	}
}

func TestGuessingIsSlow(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "qiqige", access.Grant{Role: access.Viewer})
	own := d.signedIn(t, "qiqige") // her telephone is known from now on
	own.address = "203.0.113.5:1"
	stranger := d.browser()
	stranger.address = "203.0.113.9:1"
	var last *httptest.ResponseRecorder
	for i := range 6 {
		last = stranger.signIn("qiqige", fmt.Sprint("wrong password ", i))
	}
	if last.Code != 429 || decode[failure](t, last).Error.Code != "login-wait" {
		t.Errorf("the sixth: %d %s", last.Code, last.Body)
	}
	if w := stranger.signIn("qiqige", password); w.Code != 429 {
		t.Errorf("even the right one has to wait: %d", w.Code)
	}
	if w := own.signIn("qiqige", password); w.Code != 201 {
		t.Errorf("at her own telephone: %d %s", w.Code, w.Body)
	}
	d.now = d.now.Add(time.Minute)
	if w := stranger.signIn("qiqige", password); w.Code != 201 {
		t.Errorf("after the wait: %d %s", w.Code, w.Body)
	}
	wrong, nobody := stranger.signIn("qiqige", "another wrong one"), stranger.signIn("no-such-user", "another wrong one")
	if wrong.Code != nobody.Code || wrong.Body.String() != nobody.Body.String() {
		t.Errorf("an answer tells whether there is a user:\n%s\n%s", wrong.Body, nobody.Body)
	}
}

func TestTheWordOfAProxyIsBelievedOfATrustedOneAlone(t *testing.T) {
	d := newDoorRig(t, web.Options{TrustedProxies: prefixes(t, "10.0.0.0/8")})
	d.user(t, "qiqige", access.Grant{Role: access.Viewer})
	b := d.browser()
	b.header["X-Forwarded-Proto"], b.address = "https", "203.0.113.9:1"
	if w := b.signIn("qiqige", password); w.Header().Get("Strict-Transport-Security") != "" || b.cookies["coldchain_session"] == nil {
		t.Errorf("a caller says he is a proxy: %v %v", w.Header(), b.cookies)
	}
	b = d.browser()
	b.header["X-Forwarded-Proto"], b.address = "https", "10.1.2.3:1"
	w := b.signIn("qiqige", password)
	if c := b.cookies["__Host-coldchain"]; w.Header().Get("Strict-Transport-Security") == "" || c == nil || !c.Secure {
		t.Errorf("a trusted proxy: %v %v", w.Header(), b.cookies)
	}
	// Guesses are counted for who sits behind the proxy, whatever he writes.
	for i := range 6 {
		g := d.browser()
		g.address, g.header["X-Forwarded-For"] = "10.1.2.3:1", fmt.Sprintf("198.51.100.%d, 203.0.113.77, 10.9.9.9", i)
		w = g.signIn("qiqige", "wrong wrong wrong")
	}
	if w.Code != 429 {
		t.Errorf("a guesser who invents addresses: %d", w.Code)
	}
	g := d.browser()
	g.address, g.header["X-Forwarded-For"] = "10.1.2.3:1", "203.0.113.78"
	if w := g.signIn("qiqige", password); w.Code != 201 {
		t.Errorf("his neighbour: %d", w.Code)
	}
}

func TestAnotherSiteChangesNothing(t *testing.T) {
	d := newDoorRig(t, web.Options{PublicURL: "https://cold.example"})
	d.user(t, "qiqige", access.Grant{Role: access.Manager})
	b := d.signedIn(t, "qiqige")
	step := func(header map[string]string) *httptest.ResponseRecorder {
		b.header = header
		return b.do("POST", "/api/v1/alarms/"+d.alarmID+"/steps", `{"step":"acknowledged","actor":"qiqige"}`)
	}
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
		if w := step(h); w.Code != 403 || decode[failure](t, w).Error.Code != "cross-origin" {
			t.Errorf("%v: %d %s", h, w.Code, w.Body)
		}
	}
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://cold.example"}, {"Origin": "http://example.com"}} {
		if w := step(h); w.Code != 200 {
			t.Errorf("%v: %d %s", h, w.Code, w.Body)
		}
	}
}

func TestATokenIsShownOnceAndEnds(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "boss", access.Grant{Role: access.Admin})
	boss := d.signedIn(t, "boss")
	w := boss.do("POST", "/api/v1/tokens", `{"name":"平台","grants":[{"role":"manager","sites":["balagong"]}],"read_only":true,"until":"2026-12-23T12:00:00Z"}`)
	made := decode[struct {
		Secret string
		Tokens []struct{ ID, Name string }
	}](t, w)
	if w.Code != 201 || made.Secret == "" || len(made.Tokens) != 1 || strings.Contains(boss.do("GET", "/api/v1/tokens", "").Body.String(), made.Secret) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, c := range []struct {
		q    request
		want int
	}{
		{request{path: "/api/v1/batches/" + ownBatch, token: made.Secret}, 200},
		{request{path: "/api/v1/batches/" + otherBatch, token: made.Secret}, 403},
		{request{method: "POST", path: "/api/v1/alarms/" + d.alarmID + "/steps", token: made.Secret, body: `{"step":"handled","actor":"x"}`}, 403},
	} {
		if w := d.do(c.q); w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.q.method, c.q.path, w.Code, c.want)
		}
	}
	d.now = noon.AddDate(0, 0, 30)
	if w := d.do(request{path: "/api/v1/sites", token: made.Secret}); w.Code != 401 {
		t.Errorf("after its end: %d", w.Code)
	}
	d.now = noon
	if w := boss.do("DELETE", "/api/v1/tokens/"+made.Tokens[0].ID, ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := d.do(request{path: "/api/v1/sites", token: made.Secret}); w.Code != 401 {
		t.Errorf("taken back: %d", w.Code)
	}
	if _, err := d.state.Sessions(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestASharedDevice(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "qiqige", access.Grant{Role: access.Manager, Sites: []string{"balagong"}})
	b := d.signedIn(t, "qiqige")
	before := *b.cookies["coldchain_session"]
	if w := b.do("POST", "/api/v1/devices", `{"site":"sirin","name":"平板"}`); w.Code != 403 {
		t.Errorf("a device of another site: %d", w.Code)
	}
	w := b.do("POST", "/api/v1/devices", `{"site":"balagong","name":"一号平板"}`)
	if s := decode[session](t, w); w.Code != 201 || s.Kind != "device" || s.Name != "一号平板" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	old := d.browser()
	old.cookies["coldchain_session"] = &before
	if w := old.do("GET", "/api/v1/session", ""); w.Code != 401 {
		t.Errorf("who signed the device in is still signed in on it: %d", w.Code)
	}
	d.now = noon.AddDate(0, 0, 50)
	if w := b.do("GET", "/api/v1/zones?sparkline=0", ""); w.Code != 200 || strings.Contains(w.Body.String(), "sirin") || !strings.Contains(w.Body.String(), "balagong/mutton-1") {
		t.Errorf("weeks later: %d %s", w.Code, w.Body)
	}
}

// TestListsHoldWhatLiesInReach: what somebody may not ask for by name is in no
// list of his either.
func TestListsHoldWhatLiesInReach(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "keeper", access.Grant{Role: access.Manager, Sites: []string{"balagong"}})
	d.user(t, "owner", access.Grant{Role: access.Owner, Party: "示例合作社"})
	d.user(t, "county", access.Grant{Role: access.Quality})
	for user, c := range map[string]struct {
		has, hasNot map[string][]string // by path, what the answer holds
	}{
		"keeper": {map[string][]string{"sites": {"balagong"}, "zones?sparkline=0": {"balagong/mutton-1"}, "points": {"balagong/mutton-1/air"}, "alarms": {d.alarmID}, "batches": {ownBatch}},
			map[string][]string{"sites": {"sirin"}, "zones?sparkline=0": {"sirin"}, "points": {"sirin"}, "alarms": {d.other, otherBatch}, "batches": {otherBatch}}},
		"owner": {map[string][]string{"sites": {"balagong"}, "alarms": {d.alarmID}, "batches": {ownBatch}},
			map[string][]string{"sites": {"balagong/mutton-1", "gw-balagong"}, "zones?sparkline=0": {"balagong"}, "points": {"balagong"}, "alarms": {d.other, otherBatch}, "batches": {otherBatch}}},
		"county": {map[string][]string{"sites": {"balagong", "sirin"}, "alarms": {d.alarmID, d.other}, "batches": {ownBatch, otherBatch}}, nil},
	} {
		b := d.signedIn(t, user)
		for _, want := range []bool{true, false} {
			texts := map[bool]map[string][]string{true: c.has, false: c.hasNot}[want]
			for path, all := range texts {
				w := b.do("GET", "/api/v1/"+path, "")
				for _, text := range all {
					if w.Code != 200 || strings.Contains(w.Body.String(), text) != want {
						t.Errorf("%s, %s: %q there is %v (%d)", user, path, text, !want, w.Code)
					}
				}
			}
		}
	}
}

// TestAnOwnerSeesOfASharedRoomHisOwnGoods: the alarm of a room names only his.
func TestAnOwnerSeesOfASharedRoomHisOwnGoods(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.Do(func(f *webtest.Fake) {
		f.AlarmList[0].Batches = append(f.AlarmList[0].Batches, f.AlarmList[1].Batches...)
	})
	d.user(t, "owner", access.Grant{Role: access.Owner, Party: "示例合作社"})
	w := d.signedIn(t, "owner").do("GET", "/api/v1/alarms", "")
	if !strings.Contains(w.Body.String(), ownBatch) || strings.Contains(w.Body.String(), otherBatch) || strings.Contains(w.Body.String(), "别的合作社") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func prefixes(t *testing.T, texts ...string) (out []netip.Prefix) {
	t.Helper()
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// TestAStreamEndsWithItsSession: whoever is signed out hears nothing more.
func TestAStreamEndsWithItsSession(t *testing.T) {
	d := newDoorRig(t, web.Options{Heartbeat: time.Millisecond})
	d.user(t, "qiqige", access.Grant{Role: access.Manager, Sites: []string{"balagong"}})
	b := d.signedIn(t, "qiqige")
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/events", nil)
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	w := &gate{ResponseRecorder: httptest.NewRecorder(), wrote: make(chan struct{}, 1000)}
	done := make(chan struct{})
	go func() { defer close(done); d.server.Handler().ServeHTTP(w, req) }()
	<-w.wrote
	if out := b.do("DELETE", "/api/v1/session", ""); out.Code != 200 {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	<-done
}

// TestAStreamTellsWhatLiesInReach: a change elsewhere is not heard.
func TestAStreamTellsWhatLiesInReach(t *testing.T) {
	d := newDoorRig(t, web.Options{Flush: time.Millisecond})
	d.user(t, "keeper", access.Grant{Role: access.Manager, Sites: []string{"balagong"}})
	b := d.signedIn(t, "keeper")
	srv := httptest.NewServer(d.server.Handler())
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "event: hello") {
	}
	d.hub.Publish(web.AlarmEvent, d.other)
	d.hub.Publish(web.BatchEvent, otherBatch)
	d.hub.Publish(web.ReadingEvent, "sirin/mutton-1/air")
	d.hub.Publish(web.PeopleEvent, "roster") // the end of what is told together
	for lines.Scan() {
		if strings.Contains(lines.Text(), "sirin") || strings.Contains(lines.Text(), otherBatch) {
			t.Errorf("heard %s", lines.Text())
		}
		if strings.HasPrefix(lines.Text(), "event: people") {
			return
		}
	}
	t.Error("the stream ended")
}

// TestABodyThatSaysTwoPlaces: what the door looks at is what is carried out.
func TestABodyThatSaysTwoPlaces(t *testing.T) {
	d := newDoorRig(t, web.Options{})
	d.user(t, "keeper", access.Grant{Role: access.Manager, Sites: []string{"balagong"}})
	b := d.signedIn(t, "keeper")
	for _, body := range []string{
		`{"id":"X-1","product":"x","zone":"balagong/mutton-1","zone":"sirin/mutton-1","actor":"x"}`,
		`{"id":"X-1","product":"x","zone":"balagong/mutton-1","ZONE":"sirin/mutton-1","actor":"x"}`,
		`{"id":"X-1","product":"x","zone":"sirin/mutton-1","zones":["balagong/mutton-1"],"actor":"x"}`,
		`{"id":"X-1","product":"x","zone":"sirin/mutton-1","site":7,"actor":"x"}`,
		`{"id":"X-1","product":"x","actor":"x"}`,
	} {
		if w := b.do("POST", "/api/v1/batches", body); w.Code != 403 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	if w := b.do("POST", "/api/v1/batches", `{"id":"X-1","product":"x","zone":"sirin/mutton-1","zone":"balagong/mutton-1","actor":"x"}`); w.Code != 201 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.Do(func(f *webtest.Fake) {
		for _, lot := range f.Lots {
			if lot.ID == "X-1" && lot.Custody[0].Zone != "balagong/mutton-1" {
				t.Errorf("it lies in %s", lot.Custody[0].Zone)
			}
		}
	})
}
