package edge

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/edge/page"
	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func TestTheBoardHoldsTheNewestOfEveryPoint(t *testing.T) {
	high := -18.0
	b := newBoard([]Device{{Name: "probe", Bus: "line", Profile: "p", Sensor: steady(air, 0), Interval: time.Minute}},
		FixedBounds{{Zone: air.Zone(), Quantity: sensors.Temperature}: {High: &high}})
	points, devices := b.show()
	if points[0].Seen || points[0].High != &high || devices[0].Polls != 0 || !devices[0].LastGood.IsZero() {
		t.Fatalf("before the first poll: %+v %+v", points, devices)
	}
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	poll := func(after, took time.Duration, r sensors.Reading) {
		end := at.Add(after)
		r.Time = end
		b.polled("probe", end.Add(-took), end, []sensors.Reading{r})
	}
	poll(0, 40*time.Millisecond, sensors.NewGood(air, at, -18.5))
	poll(time.Minute, 48*time.Millisecond, sensors.NewGood(air, at, -18.5))
	poll(2*time.Minute, time.Second, sensors.NewBad(air, at, sensors.Timeout))
	poll(3*time.Minute, time.Second, sensors.NewBad(air, at, sensors.CRCError))
	poll(4*time.Minute, time.Second, sensors.NewBad(air, at, sensors.Timeout))
	points, devices = b.show()
	p, d := points[0], devices[0]
	if v, ok := p.Valued.Value(); !ok || v != -18.5 || !p.Valued.Time.Equal(at.Add(time.Minute)) || !p.Since.Equal(at) {
		t.Errorf("newest value %v since %s", p.Valued, p.Since)
	}
	if p.Last.Reason != sensors.Timeout || !p.At.Equal(at.Add(4*time.Minute)) {
		t.Errorf("newest reading %v at %s", p.Last, p.At)
	}
	if d.Polls != 5 || d.Failed != 3 || fmt.Sprint(d.Failures) != "[{timeout 2} {crc 1}]" || d.Now != sensors.Timeout ||
		!d.LastGood.Equal(at.Add(time.Minute)) || d.Latency != time.Second || d.Usual <= 40*time.Millisecond || d.Usual >= time.Second {
		t.Errorf("%+v", d)
	}
	poll(5*time.Minute, 40*time.Millisecond, sensors.NewUncertain(air, at, -18.4, sensors.FlatLine))
	if _, devices = b.show(); devices[0].Now != sensors.NoReason || devices[0].Failed != 3 {
		t.Errorf("a doubtful value is a failure: %+v", devices[0])
	}
}

func TestTheBoardDoesNotGrow(t *testing.T) {
	b := newBoard([]Device{{Name: "probe", Sensor: steady(air, 0), Interval: time.Minute}}, FixedBounds(nil))
	for i := range 1000 {
		made := sensors.PointID(fmt.Sprintf("balagong/mutton/made-up-%d", i))
		b.polled("probe", time.Time{}, time.Time{}, []sensors.Reading{
			sensors.NewBad(air, time.Time{}, sensors.Reason(fmt.Sprintf("made-up-%d", i))), sensors.NewGood(made, time.Time{}, 1)})
		b.polled(fmt.Sprintf("made-up-%d", i), time.Time{}, time.Time{}, nil)
	}
	points, devices := b.show()
	if len(points) != 1 || len(devices) != 1 || len(devices[0].Failures) != maxReasons+1 || devices[0].Failures[0].Reason != otherReason {
		t.Errorf("%d points, %d devices, %d reasons, first %v", len(points), len(devices), len(devices[0].Failures), devices[0].Failures[0])
	}
}

func TestManyLookWhileItIsWritten(t *testing.T) {
	b := newBoard([]Device{{Name: "probe", Sensor: steady(air, 0), Interval: time.Minute}}, FixedBounds(nil))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				points, devices := b.show()
				points[0].Seen, devices[0].Failures = false, append(devices[0].Failures, page.Failure{})
			}
		})
	}
	for range 500 {
		b.polled("probe", time.Time{}, time.Time{}, []sensors.Reading{sensors.NewBad(air, time.Time{}, sensors.Timeout)})
	}
	wg.Wait()
	if points, devices := b.show(); !points[0].Seen || devices[0].Failures[0].Count != 500 {
		t.Errorf("%+v %+v", points, devices)
	}
}

// The page of a running agent, through the handler that ListenStatus serves.
func TestThePageFollowsTheAgent(t *testing.T) {
	inBubble(t, func(r *rig) {
		s := steady(air, 0)
		s.read = func(_ ctxT, n int) sensors.Reading {
			if n > 3 {
				return sensors.NewBad(air, time.Now(), sensors.Unreachable)
			}
			return sensors.NewGood(air, time.Now(), -18.5)
		}
		r.options.Devices[0].Sensor = s
		r.options.Labels = map[string]page.Label{"mutton": {ZH: "羊肉库"}}
		r.start()
		start := time.Now()
		pass(2*time.Minute + 10*time.Second)
		handler, err := r.agent.page(func() bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		ask := func(path string, into any) string {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if into != nil {
				if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
					t.Fatal(path, err)
				}
			}
			return w.Body.String()
		}
		var points struct {
			Points []struct {
				Value  *float64
				AgeS   float64 `json:"age_s"`
				Stale  bool
				Reason string
			}
		}
		ask("/api/points", &points)
		if p := points.Points[0]; p.Value == nil || *p.Value != -18.5 || p.AgeS != 10 || p.Stale {
			t.Errorf("after 130 s: %+v", p)
		}
		html := ask("/", nil)
		for _, want := range []string{"羊肉库", "−18.5", "10 秒前", "没有网络", "待送 3 条", "2 分 10 秒前"} {
			if !strings.Contains(html, want) {
				t.Errorf("the page lacks %q:\n%s", want, html)
			}
		}
		pass(time.Minute)
		ask("/api/points", &points)
		if p := points.Points[0]; p.Value != nil || p.Reason != "unreachable" {
			t.Errorf("after the probe went: %+v", p)
		}
		var status struct {
			Undelivered uint64
			Oldest      time.Time `json:"oldest_undelivered"`
			Faults      []string
		}
		ask("/status", &status)
		if status.Undelivered != 4 || !status.Oldest.Equal(start.Truncate(time.Millisecond)) || fmt.Sprint(status.Faults) != "[probe: unreachable]" {
			t.Errorf("status %+v; want 4 undelivered since %s", status, start)
		}
		r.connect(wire.Hello{Generation: "g1"})
		r.ack(r.journal.Epoch(), stored(1, 2))
		pass(3 * time.Second)
		ask("/status", &status)
		if want := start.Add(2 * time.Minute); status.Undelivered != 2 || !status.Oldest.Equal(want.Truncate(time.Millisecond)) {
			t.Errorf("after two were delivered: %+v; want the oldest of %s", status, want)
		}
	})
}

func TestAStuckDeviceTurnsGreyByItself(t *testing.T) {
	inBubble(t, func(r *rig) {
		s := steady(air, 0)
		s.read = func(ctx ctxT, n int) sensors.Reading {
			if n > 1 {
				time.Sleep(time.Hour) // heeds no context
			}
			return sensors.NewGood(air, time.Now(), -18.5)
		}
		r.options.Devices[0].Sensor = s
		r.start()
		pass(4 * time.Minute)
		points, _ := r.agent.board.show()
		if !points[0].Seen || time.Since(points[0].Last.Time) != 4*time.Minute {
			t.Fatalf("%+v", points[0])
		}
		handler, err := r.agent.page(func() bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/live/zones", nil))
		if !strings.Contains(w.Body.String(), `class="big old"`) || !strings.Contains(w.Body.String(), "4 分 00 秒前") {
			t.Error(w.Body)
		}
	})
}

func TestThePageAnswersOnItsAddress(t *testing.T) {
	j, err := journal.Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	log := slog.New(slog.DiscardHandler)
	agent, err := New(Options{Address: here, Journal: j, Logger: log, Clock: SystemClock(),
		Devices: []Device{{Name: "probe", Bus: "line", Sensor: steady(air, -18.5), Interval: time.Minute}}})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := ListenStatus("127.0.0.1:0", agent, func() bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(log)
	}()
	for path, want := range map[string]string{"/": "<html", "/healthz": "ok", "/status": `"site":"balagong"`} {
		res, err := http.Get("http://" + srv.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s %v", path, res.StatusCode, body, err)
		}
	}
	if _, err := ListenStatus(srv.Addr(), agent, nil); err == nil || !strings.Contains(err.Error(), "status.listen") {
		t.Errorf("a taken address: %v", err)
	}
	if err := srv.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestFewReadersAtATime(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	h := fewReaders(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-release }))
	var wg sync.WaitGroup
	for range maxReaders {
		wg.Go(func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
		<-inside
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("one more: %d", w.Code)
	}
	close(release)
	wg.Wait()
}
