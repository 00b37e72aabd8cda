package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/web"
	"coldchain/gateway/web/webtest"
	"coldchain/sensors"
)

// listening is an open event stream over a real connection.
type listening struct {
	lines *bufio.Scanner
	close func()
}

func listen(t *testing.T, srv *httptest.Server) listening { return listenAgain(t, srv, "") }

// listenAgain is listen of who has heard an event with an id before.
func listenAgain(t *testing.T, srv *httptest.Server, last string) listening {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", srv.URL+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultTransport.RoundTrip(byToken(req))
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type %q", got)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return listening{bufio.NewScanner(resp.Body), cancel}
}

// next returns the next event of a kind and its data, passing over the others.
func (l listening) next(t *testing.T, kind string) map[string]any {
	t.Helper()
	for l.lines.Scan() {
		if l.lines.Text() != "event: "+kind {
			continue
		}
		l.lines.Scan()
		var data map[string]any
		if err := json.Unmarshal([]byte(strings.TrimPrefix(l.lines.Text(), "data: ")), &data); err != nil {
			t.Fatal(err)
		}
		return data
	}
	t.Fatalf("the stream ended before a %s event", kind)
	return nil
}

// first returns the named list's first element.
func first(t *testing.T, data map[string]any, list string) map[string]any {
	t.Helper()
	items, _ := data[list].([]any)
	if len(items) == 0 {
		t.Fatalf("no %s in %v", list, data)
	}
	return items[0].(map[string]any)
}

func TestEventsTellWhatIsTrueNow(t *testing.T) {
	r := newRig(t, web.Options{Flush: time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	defer l.close()
	if hello := l.next(t, "hello"); hello["now"] != "2026-11-23T12:00:00.000Z" {
		t.Errorf("hello: %v", hello)
	}

	r.Put(sensors.NewGood(air, noon, 6.5), sensors.Temperature, web.PointOut, noon)
	r.hub.Publish(web.ReadingEvent, string(air), "no/such/point")
	p := first(t, l.next(t, "reading"), "points")
	if v := p["reading"].(map[string]any)["v"]; p["id"] != string(air) || v != 6.5 {
		t.Errorf("reading: %v", p)
	}

	r.hub.Publish(web.AlarmEvent, "ffffffffffffffff", r.alarmID)
	if a := first(t, l.next(t, "alarm"), "alarms"); a["id"] != r.alarmID {
		t.Errorf("alarm: %v", a)
	}
	r.hub.Publish(web.BatchEvent, "HJQ261123-TLG-007")
	if b := first(t, l.next(t, "batch"), "batches"); b["zone"] != "balagong/mutton-1" {
		t.Errorf("batch: %v", b)
	}
	r.hub.Publish(web.GatewayEvent, "gw-balagong")
	if g := first(t, l.next(t, "gateway"), "gateways"); g["undelivered"] != 3.0 {
		t.Errorf("gateway: %v", g)
	}
}

func TestEventsChangedOftenAreSentOnce(t *testing.T) {
	r := newRig(t, web.Options{Flush: 200 * time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	defer l.close()
	l.next(t, "hello")
	for i := range 100 {
		r.Put(sensors.NewGood(air, noon.Add(time.Duration(i)*time.Millisecond), float64(i)), sensors.Temperature, web.PointOK, noon)
		r.hub.Publish(web.ReadingEvent, string(air))
	}
	r.hub.Publish(web.BatchEvent, "HJQ261123-TLG-007")
	data := l.next(t, "reading")
	if n := len(data["points"].([]any)); n != 1 {
		t.Errorf("%d points in one event, want 1", n)
	}
	if v := first(t, data, "points")["reading"].(map[string]any)["v"]; v != 99.0 {
		t.Errorf("value %v, want the newest", v)
	}
}

// A backlog that drains publishes points whose newest value stays what it was.
func TestEventsDoNotRepeatWhatIsKnown(t *testing.T) {
	r := newRig(t, web.Options{Flush: time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	defer l.close()
	l.next(t, "hello")
	r.hub.Publish(web.ReadingEvent, string(air))
	l.next(t, "reading")
	r.hub.Publish(web.ReadingEvent, string(air)) // nothing new: not sent
	r.hub.Publish(web.BatchEvent, "HJQ261123-TLG-007")
	l.next(t, "batch")
	r.Put(sensors.NewGood(air, noon.Add(time.Minute), 9), sensors.Temperature, web.PointOut, noon)
	r.hub.Publish(web.ReadingEvent, string(air))
	if v := first(t, l.next(t, "reading"), "points")["reading"].(map[string]any)["v"]; v != 9.0 {
		t.Errorf("value %v: an unchanged point was sent again", v)
	}
}

func TestSilentStreamShowsThatItLives(t *testing.T) {
	r := newRig(t, web.Options{Heartbeat: 5 * time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	defer l.close()
	l.next(t, "hello")
	if alive := l.next(t, "alive"); alive["now"] == nil {
		t.Errorf("%v: the server's clock is not in it", alive)
	}
}

func TestCloseEndsStreams(t *testing.T) {
	r := newRig(t, web.Options{})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	l.next(t, "hello")
	r.server.Close()
	r.server.Close() // again is harmless
	for l.lines.Scan() {
	}
	if err := l.lines.Err(); err != nil {
		t.Errorf("the stream broke instead of ending: %v", err)
	}
}

func TestListenerLeavesTheHub(t *testing.T) {
	r := newRig(t, web.Options{Flush: time.Millisecond, Heartbeat: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	req := byToken(byToken(httptest.NewRequest("GET", "/api/v1/events", nil))).WithContext(ctx)
	w := &gate{ResponseRecorder: httptest.NewRecorder(), wrote: make(chan struct{}, 1000)}
	go func() { defer close(done); r.server.Handler().ServeHTTP(w, req) }()
	<-w.wrote
	if n := r.hub.Len(); n != 1 {
		t.Errorf("%d listeners", n)
	}
	cancel()
	<-done
	if n := r.hub.Len(); n != 0 {
		t.Errorf("%d listeners after it left", n)
	}
}

// A reader that never reads must not hold up those who publish, and is cut off
// when too much waits for it.
func TestStuckReaderDelaysNobody(t *testing.T) {
	r := newRig(t, web.Options{Flush: time.Millisecond})
	release := make(chan struct{})
	w := &gate{ResponseRecorder: httptest.NewRecorder(), wrote: make(chan struct{}, 1000), release: release}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.server.Handler().ServeHTTP(w, byToken(httptest.NewRequest("GET", "/api/v1/events", nil)))
	}()
	<-w.wrote // it is now stuck in its first write
	for i := range 200 {
		ids := make([]string, 200)
		for j := range ids {
			ids[j] = fmt.Sprintf("a/b/p%d-%d", i, j)
		}
		r.hub.Publish(web.ReadingEvent, ids...)
	}
	if n := r.hub.Len(); n != 0 {
		t.Errorf("%d listeners: the stuck one was not dropped", n)
	}
	close(release)
	<-done
}

// gate is a writer that tells when it is written to and may hold the write.
type gate struct {
	*httptest.ResponseRecorder
	wrote   chan struct{}
	release chan struct{}
}

func (g *gate) Write(b []byte) (int, error) {
	select {
	case g.wrote <- struct{}{}:
	default:
	}
	if g.release != nil {
		<-g.release
	}
	return g.ResponseRecorder.Write(b)
}

func TestEventsNeedNoState(t *testing.T) {
	r := newRig(t, web.Options{Flush: time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	defer srv.Close()
	l := listen(t, srv)
	defer l.close()
	l.next(t, "hello")
	r.Do(func(f *webtest.Fake) { f.StateDown = context.DeadlineExceeded })
	r.hub.Publish(web.AlarmEvent, r.alarmID)
	if got := l.next(t, "alarm")["alarms"].([]any); len(got) != 0 {
		t.Errorf("an alarm that could not be read was sent: %v", got)
	}
}

// id returns the next id that is told.
func (l listening) id(t *testing.T) string {
	t.Helper()
	for l.lines.Scan() {
		if id, ok := strings.CutPrefix(l.lines.Text(), "id: "); ok {
			return id
		}
	}
	t.Fatal("the stream ended before an id")
	return ""
}

// first returns the kind of the next event.
func (l listening) first(t *testing.T) string {
	t.Helper()
	for l.lines.Scan() {
		if kind, ok := strings.CutPrefix(l.lines.Text(), "event: "); ok {
			return kind
		}
	}
	t.Fatal("the stream ended")
	return ""
}

// TestAStreamGoesOnWhereItWas: who comes again hears what he missed, once, and
// nothing that he has heard; who cannot is told to ask afresh.
func TestAStreamGoesOnWhereItWas(t *testing.T) {
	r := newRig(t, web.Options{Flush: time.Millisecond})
	srv := httptest.NewServer(r.server.Handler())
	t.Cleanup(srv.Close)
	t.Cleanup(r.server.Close)
	l := listen(t, srv)
	l.next(t, "hello")
	start := l.id(t)
	r.hub.Publish(web.BatchEvent, ownBatch)
	l.next(t, "batch")
	heard := l.id(t)
	l.close()
	if start == heard {
		t.Fatalf("the id stays %s", heard)
	}

	r.hub.Publish(web.AlarmEvent, r.alarmID)
	r.hub.Publish(web.AlarmEvent, r.alarmID)
	again := listenAgain(t, srv, heard)
	if kind := again.first(t); kind != "resumed" {
		t.Fatalf("it begins with %s", kind)
	}
	if kind := again.first(t); kind != "trouble" { // what was wrong may be over
		t.Fatalf("then %s", kind)
	}
	if kind := again.first(t); kind != "alarm" {
		t.Errorf("what was missed is an alarm, and it hears of a %s", kind)
	}
	now := again.id(t)
	again.close()

	nothing := listenAgain(t, srv, now)
	for _, want := range []string{"resumed", "trouble"} {
		if kind := nothing.first(t); kind != want {
			t.Errorf("%s, want %s", kind, want)
		}
	}
	r.hub.Publish(web.PeopleEvent, "x")
	if kind := nothing.first(t); kind != "people" {
		t.Errorf("nothing was missed, and it hears of a %s", kind)
	}
	nothing.close()
	for _, unknown := range []string{"another.1", "x", now + "9", "", strings.Repeat("9", 500)} {
		l := listenAgain(t, srv, unknown)
		if kind := l.first(t); kind != "hello" {
			t.Errorf("after %q it begins with %s", unknown, kind)
		}
		l.close()
	}
	ids := make([]string, 20_001)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	r.hub.Publish(web.ReadingEvent, ids...)
	l = listenAgain(t, srv, now)
	if kind := l.first(t); kind != "hello" {
		t.Errorf("after more than is remembered it begins with %s", kind)
	}
	l.close()
}
