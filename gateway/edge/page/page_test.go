package page

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

var update = flag.Bool("update", false, "write the golden files anew")

func server(t *testing.T, s Snapshot, siren Siren) *Server {
	t.Helper()
	srv, err := New(Options{Source: showing(s), Siren: siren, Labels: labels()})
	if err != nil {
		t.Fatal(err)
	}
	srv.token, srv.assets = "TOKEN", "ASSETS"
	return srv
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestPagesAsTheyWereLookedAt(t *testing.T) {
	broken := store()
	broken.Health = errors.New("journal: not-writable")
	truck := Snapshot{Now: morning, Site: "truck-1", Gateway: "truck-1-gw", Version: "v0.3.0", Clock: "gnss", Link: Link{Connected: true},
		Points: []Point{measured("truck-1/box/air", sensors.Temperature, 7*time.Second, -18.4).limited(nil, number(-15)),
			measured("truck-1/cab/lat", sensors.Latitude, 7*time.Second, 40.123456), measured("truck-1/cab/lon", sensors.Longitude, 7*time.Second, 108.7)}}
	for _, tt := range []struct {
		name, path string
		s          Snapshot
		siren      Siren
	}{
		{"zones-zh", "/", store(), &horn{sounds: true}},
		{"zones-en", "/?lang=en", broken, nil},
		{"devices-zh", "/devices", store(), &horn{}},
		{"devices-en", "/devices?lang=en", store(), nil},
		{"truck-zh", "/", truck, nil},
		{"nothing-zh", "/", Snapshot{Now: morning, Site: "bare", Clock: "none"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := get(t, server(t, tt.s, tt.siren), tt.path)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Fatalf("%d %s", w.Code, w.Header())
			}
			golden(t, tt.name+".html", w.Body.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s line %d (go test -update writes it anew)\ngot  %s\nwant %s", name, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s has %d lines, want %d", name, len(a), len(b))
}

var tags = regexp.MustCompile(`<[^>]*>`)

// words are the page's text without its markup.
func wordsOf(html string) string {
	return strings.Join(strings.Fields(tags.ReplaceAllString(html, " ")), " ")
}

func TestEveryValueHasItsAgeAndAnOldOneIsGrey(t *testing.T) {
	p := measured("s/z/air", sensors.Temperature, 0, -18.5)
	for _, tt := range []struct {
		age  time.Duration
		grey bool
		want string
	}{
		{0, false, "−18.5 °C 0 秒前"},
		{3 * time.Minute, false, "−18.5 °C 3 分 00 秒前"},
		{3*time.Minute + time.Second, true, "−18.5 °C 旧 3 分 01 秒前"},
		{50 * time.Hour, true, "−18.5 °C 旧 2 天 2 小时前"},
		{-time.Hour, false, "−18.5 °C 0 秒前"}, // measured "in an hour", taken over now
	} {
		p.Last = sensors.NewGood(p.ID, morning.Add(-tt.age), -18.5)
		p.Valued, p.At = p.Last, p.Last.Time
		if tt.age < 0 {
			p.At = morning
		}
		html := get(t, server(t, Snapshot{Now: morning, Points: []Point{p}}, nil), "/live/zones").Body.String()
		if !strings.Contains(wordsOf(html), tt.want) || strings.Contains(html, `class="big old"`) != tt.grey {
			t.Errorf("%s old: %s\nwant %q, grey %t", tt.age, html, tt.want, tt.grey)
		}
	}
}

func TestADeviceClockAheadMakesNothingYoung(t *testing.T) {
	p := measured("s/z/air", sensors.Temperature, -time.Hour, -18.5)
	p.At = morning.Add(-10 * time.Minute)
	if s := judge(p, morning); s.age != 10*time.Minute || !s.stale {
		t.Errorf("age %s, stale %t; want the 10 min since it was taken over", s.age, s.stale)
	}
}

func TestAFailedReadShowsNoNumberAsPresent(t *testing.T) {
	p := measured("s/z/air", sensors.Temperature, time.Minute, -18.5).failed(time.Second, sensors.SensorFault)
	html := get(t, server(t, Snapshot{Now: morning, Points: []Point{p}}, nil), "/live/zones?lang=en").Body.String()
	digits := regexp.MustCompile(`class="digits">([^<]*)<`).FindStringSubmatch(html)
	if digits == nil || digits[1] != "––" {
		t.Errorf("huge digits %q; want ––", digits)
	}
	if want := "bad: probe open, shorted or missing · last −18.5 °C, 1 min 00 s ago"; !strings.Contains(wordsOf(html), want) {
		t.Errorf("%s\nwant %q", wordsOf(html), want)
	}
}

// named is a snapshot in which everything that can come from outside is name.
func named(name string) Snapshot {
	s := store()
	s.Site, s.Gateway, s.Version, s.Clock, s.Faults, s.Health = name, name, name, name, []string{name}, errors.New(name)
	s.Points = []Point{
		measured(sensors.PointID(name+"/"+name+"/"+name), sensors.Quantity(name+"-q"), time.Second, 1),
		measured("s/z/p", sensors.Temperature, time.Second, 1).failed(0, sensors.Reason(name)),
	}
	s.Points[0].Device = name
	s.Devices = []Device{{Name: name, Bus: name, Profile: name, Polls: 1, Now: sensors.Reason(name), Failures: []Failure{{sensors.Reason(name), 1}}}}
	return s
}

// skeleton is a document's elements and attributes without their contents, as
// a parser sees it that is not ours.
func skeleton(t *testing.T, html string) (out []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader("<all>" + html + "</all>"))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta", "link", "input"}, xml.HTMLEntity
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out
		} else if err != nil {
			t.Fatalf("%v in %s", err, html)
		}
		switch e := token.(type) {
		case xml.StartElement:
			name := "<" + e.Name.Local
			for _, a := range e.Attr {
				name += " " + a.Name.Local
			}
			out = append(out, name)
		case xml.EndElement:
			out = append(out, ">")
		}
	}
}

func TestHostileNamesStayText(t *testing.T) {
	const evil = `"' onload='a'><script>alert(1)</script><img src=x onerror="a">&lt;<!--`
	page := func(name, path string) string {
		srv := server(t, named(name), &horn{sounds: true})
		srv.o.Labels = map[string]Label{name: {name, name}, "z": {name, name}}
		return get(t, srv, path).Body.String()
	}
	for _, path := range []string{"/", "/?lang=en", "/devices", "/devices?lang=%22%3E%3Cscript%3E", "/live/zones", "/live/devices?lang=en"} {
		got, want := skeleton(t, page(evil, path)), skeleton(t, page("tame", path))
		if !slices.Equal(got, want) {
			t.Errorf("%s: a name became markup:\n%q\nwant\n%q", path, got, want)
		}
		if len(want) < 20 {
			t.Errorf("%s: only %d tags were seen", path, len(want))
		}
	}
	for _, path := range []string{"/api/points", "/api/devices", "/status"} {
		if body := page(evil, path); strings.Contains(body, "<") {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestWithoutAScriptThePageRenewsItself(t *testing.T) {
	html := get(t, server(t, store(), &horn{sounds: true}), "/").Body.String()
	for _, want := range []string{
		`<noscript><meta http-equiv="refresh" content="5">`,
		`method="post" action="/siren/acknowledge"`,
		`<button id="silence" type="submit">`,
		"−15.9", "羊肉库",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if regexp.MustCompile(`<script[^>]*>[^<]|<style| style=| on[a-z]+=|javascript:|https?://`).MatchString(html) {
		t.Error("something inline or from elsewhere is in the page")
	}
}

func TestTheLanguageIsRemembered(t *testing.T) {
	srv := server(t, store(), nil)
	w := get(t, srv, "/?lang=en")
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Value != "en" || !cookies[0].HttpOnly {
		t.Fatalf("cookies %v", cookies)
	}
	ask := func(path, cookie string) string {
		r := httptest.NewRequest("GET", path, nil)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: cookie})
		}
		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		return regexp.MustCompile(`<html lang="([^"]*)"`).FindStringSubmatch(w.Body.String())[1]
	}
	for _, tt := range []struct{ path, cookie, want string }{
		{"/", "", "zh-CN"}, {"/", "en", "en"}, {"/devices", "en", "en"}, {"/?lang=zh", "en", "zh-CN"}, {"/", "mn", "zh-CN"}, {"/?lang=xx", "en", "zh-CN"},
	} {
		if got := ask(tt.path, tt.cookie); got != tt.want {
			t.Errorf("%s with cookie %q is in %s, want %s", tt.path, tt.cookie, got, tt.want)
		}
	}
}
