package web_test

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/evidence/evidencetest"
	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/gateway/web/webtest/chromium"
)

var wallHours = flag.Int("wall.hours", 0, "how much of the wall display's accelerated day is run; 0: six hours in CI, else two")

func hoursOfWall() int {
	switch {
	case *wallHours > 0:
		return *wallHours
	case os.Getenv("CI") == "true":
		return 6 // a whole day under the race detector takes too long there: -wall.hours 24
	}
	return 2
}

// builtPage ends a test that needs the page where it has not been built.
func builtPage(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("dist/app/index.html"); err != nil {
		evidencetest.Lacks(t, "the page is not built: run `make page`")
	}
}

// wallRig is a made-up county whose clock is the test's.
type wallRig struct {
	scene *webtest.Scene
	hub   *web.Hub
	http  *httptest.Server
	clock atomic.Int64 // ms
}

func newWallRig(t *testing.T) *wallRig {
	t.Helper()
	r := &wallRig{hub: web.NewHub()}
	r.clock.Store(noon.UnixMilli())
	scene, err := webtest.NewScene(webtest.Demo, noon)
	if err != nil {
		t.Fatal(err)
	}
	r.scene = scene
	scene.Clock = r.now
	withUsers(t, scene.Fake, r.now)
	s, err := web.New(scene.Deps(scene.County, r.hub), web.Options{Now: r.now, Flush: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	r.http = httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		s.Close()
		r.http.Close()
	})
	return r
}

func (r *wallRig) now() time.Time { return time.UnixMilli(r.clock.Load()).UTC() }

// minute lets a minute pass: every point is read, gateways report, and each
// tenth minute an alarm comes while the one before it goes.
func (r *wallRig) minute(n int) {
	now := r.now().Add(time.Minute)
	r.clock.Store(now.UnixMilli())
	r.scene.Step(now, r.hub)
	if n%10 == 0 {
		r.scene.Do(func(f *webtest.Fake) {
			for i := range f.AlarmList {
				if a := &f.AlarmList[i]; len(a.ID) > 4 && a.ID[:4] == "day-" && a.Returned.IsZero() {
					a.State, a.Returned = alerting.Normal, now
					a.Acknowledged = &web.Acknowledgement{At: now}
					r.hub.Publish(web.AlarmEvent, a.ID)
				}
			}
			a := f.AlarmList[0]
			a.ID, a.Start, a.Raised, a.Returned, a.State, a.Acknowledged = fmt.Sprint("day-", n), now, now, time.Time{}, alerting.Unacknowledged, nil
			f.AlarmList = append([]web.Alarm{a}, f.AlarmList[:min(len(f.AlarmList), 40)]...)
			r.hub.Publish(web.AlarmEvent, a.ID)
		})
	}
	if n%60 == 0 {
		r.hub.Publish(web.PeopleEvent, "roster")
		r.hub.Publish(web.BatchEvent, r.scene.Lots[0].ID) // the page asks for everything again
	}
}

// shows waits until the wall has drawn the county at the present minute.
func (r *wallRig) shows(p *chromium.Browser) {
	at := r.now().Add(8 * time.Hour).Format("15:04") // Asia/Shanghai
	p.Await("the wall at "+at, `document.querySelector('.wall-body') && document.querySelector('.wall-clock b')?.textContent === '`+at+`'`)
}

// enter opens the wall as who only looks.
func (r *wallRig) enter(p *chromium.Browser) {
	p.Go(r.http.URL + "/wall")
	p.Await("the sign-in", `document.querySelector('.door')`)
	p.Await("the viewer signed in", signIn("viewer")+`.then(s => s === '201')`)
	p.Go(r.http.URL + "/wall")
}

// TestWallIsFlatOverADay shows a day of events to the wall in a real Chromium, a
// minute at a time, each drawn before the next, with broken streams in between.
// What it holds after it must be what it held at the beginning.
func TestWallIsFlatOverADay(t *testing.T) {
	builtPage(t)
	r := newWallRig(t)
	p := chromium.OpenWide(t, 1920, 1080)
	r.enter(p)
	r.minute(1)
	r.shows(p)
	for n := 2; n < 90; n++ { // what is made once is made: lists are full, code is compiled
		r.minute(n)
		r.shows(p)
	}
	begin := p.Weigh()
	started := time.Now()
	for n := range hoursOfWall() * 60 {
		r.minute(90 + n)
		if n%240 == 120 {
			r.http.CloseClientConnections()
		}
		r.shows(p)
		if (n+1)%180 == 0 {
			t.Logf("after %2d h: %v", (n+1)/60, p.Weigh())
		}
	}
	end := p.Weigh()
	t.Logf("%d h were shown in %v; begin: %v; end: %v", hoursOfWall(), time.Since(started).Round(time.Second), begin, end)
	if end.Heap > 1.35*begin.Heap {
		t.Errorf("the heap has grown from %.2f to %.2f MB", begin.Heap/1e6, end.Heap/1e6)
	}
	if end.Nodes > 1.3*begin.Nodes+200 {
		t.Errorf("nodes have grown from %.0f to %.0f", begin.Nodes, end.Nodes)
	}
	if end.Listeners > begin.Listeners+20 {
		t.Errorf("listeners have grown from %.0f to %.0f", begin.Listeners, end.Listeners)
	}
}

// TestWallSaysThatItIsLost at once, large, and since when; nothing on it ages on as
// if it were now.
func TestWallSaysThatItIsLost(t *testing.T) {
	builtPage(t)
	r := newWallRig(t)
	p := chromium.OpenWide(t, 1920, 1080)
	r.enter(p)
	r.minute(1)
	r.shows(p)
	since := r.now().Add(8 * time.Hour).Format("15:04")
	r.http.CloseClientConnections()
	r.http.Listener.Close()
	p.Await("the word", `document.querySelector('.wall-lost')?.textContent.includes('`+since+`')`)
	for what, expression := range map[string]string{
		"the word is not a tenth of the screen's height": `parseFloat(getComputedStyle(document.querySelector('.wall-lost strong')).fontSize) >= innerHeight / 13`,
		"the picture is not greyed":                      `getComputedStyle(document.querySelector('.wall-body')).filter.includes('grayscale')`,
		"some letters are too small for ten metres": `[...document.querySelectorAll('.wall *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
			.every(e => parseFloat(getComputedStyle(e).fontSize) >= innerHeight / 40)`,
		"the page scrolls": `document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth`,
	} {
		p.Await("the end of \""+what+"\"", expression) // looks change by and by
	}
}
