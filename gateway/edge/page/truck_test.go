package page

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/trip"
	"coldchain/sensors"
)

// cab is a truck that writes down what its driver says.
type cab struct {
	t    Truck
	err  error
	said []Word
	took []Goods
}

func (c *cab) Load(g Goods) error {
	c.took = append(c.took, g)
	return c.err
}

func (c *cab) Truck() Truck { return c.t }

func (c *cab) Say(w Word) error {
	if c.err == nil {
		c.said = append(c.said, w)
	}
	return c.err
}

func truckServer(t *testing.T, c *cab) *Server {
	t.Helper()
	s := Snapshot{Now: morning, Site: "truck-1", Gateway: "truck-1-gw", Version: "v0.3.0", Clock: "gnss",
		Points: []Point{measured("truck-1/box/air", sensors.Temperature, 7e9, -6.2).limited(nil, number(-15)), measured("truck-1/box/door", sensors.Door, 7e9, 0)}}
	srv, err := New(Options{Source: showing(s), Cab: c, Labels: map[string]Label{"truck-1": {"1号车", "Truck 1"}, "box": {"车厢", "Box"}}})
	if err != nil {
		t.Fatal(err)
	}
	srv.token, srv.assets = "TOKEN", "ASSETS"
	return srv
}

func TestTheDriversCardAsItWasLookedAt(t *testing.T) {
	for name, c := range map[string]Truck{
		"cab-empty-warm-zh": {Box: "truck-1/box", Phase: trip.Idle, Inferred: trip.Idle, Since: morning.Add(-3600e9), Load: trip.Empty, HasBand: true, Measured: true, Air: -6.2, High: number(-15)},
		"cab-ready-zh":      {Phase: trip.Conditioning, Inferred: trip.Conditioning, Load: trip.Empty, HasBand: true, Ready: true, Measured: true, Air: -18, High: number(-15)},
		"cab-loaded-en":     {Phase: trip.InTransit, Inferred: trip.Idle, By: "site page, 192.168.1.7", Load: trip.Loaded, Armed: true, Contradicted: true, HasBand: true, High: number(-15)},
		"cab-unknown-en":    {Phase: trip.Idle, Inferred: trip.Idle, Load: trip.LoadUnknown, Armed: true, HasBand: true, Low: number(0), High: number(4)},
	} {
		path := "/"
		if strings.HasSuffix(name, "en") {
			path = "/?lang=en"
		}
		golden(t, name+".html", get(t, truckServer(t, &cab{t: c}), path).Body.String())
	}
}

// A word is taken from the page's own form alone, as the siren's button is, and
// what is in its way is said.
func TestTheDriversWord(t *testing.T) {
	for _, tt := range []struct {
		name, host, body string
		refuses          error
		status           int
		want             Word
	}{
		{"a phase", "192.168.1.20", "token=TOKEN&phase=unloading", nil, 303, Word{Phase: trip.Unloading, By: "site page, 192.168.1.77"}},
		{"empty", "192.168.1.20", "token=TOKEN&empty=1", nil, 303, Word{Empty: true, By: "site page, 192.168.1.77"}},
		{"loaded with a reason", "192.168.1.20", "token=TOKEN&phase=loading&reason=x", nil, 303, Word{Phase: trip.Loading, Reason: "x", By: "site page, 192.168.1.77"}},
		{"a long reason is cut", "192.168.1.20", "token=TOKEN&phase=loading&reason=" + strings.Repeat("a", 300), nil, 303, Word{Phase: trip.Loading, Reason: strings.Repeat("a", maxReason), By: "site page, 192.168.1.77"}},
		{"not ready", "192.168.1.20", "token=TOKEN&phase=loading", ErrNotReady, 409, Word{}},
		{"no phase", "192.168.1.20", "token=TOKEN&phase=x", ErrNoPhase, 400, Word{}},
		{"no token", "192.168.1.20", "phase=idle", nil, 403, Word{}},
		{"a public name", "evil.example", "token=TOKEN&phase=idle", nil, 403, Word{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &cab{err: tt.refuses}
			r := httptest.NewRequest("POST", "/truck/say", strings.NewReader(tt.body))
			r.Host, r.RemoteAddr = tt.host, "192.168.1.77:50123"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			truckServer(t, c).ServeHTTP(w, r)
			if w.Code != tt.status || (len(c.said) == 1) != (tt.status == 303) || len(c.said) == 1 && c.said[0] != tt.want {
				t.Errorf("%d %s, said %+v; want %d %+v", w.Code, w.Body, c.said, tt.status, tt.want)
			}
		})
	}
	w := httptest.NewRecorder()
	server(t, store(), nil).ServeHTTP(w, httptest.NewRequest("POST", "/truck/say", nil))
	if w.Code != 404 {
		t.Errorf("a site that stands still: %d", w.Code)
	}
}

func TestTruckJSON(t *testing.T) {
	c := &cab{t: Truck{Phase: trip.Idle, Inferred: trip.Loading, By: "x", Load: trip.LoadUnknown, Armed: true, HasBand: true, Measured: true}}
	if got, want := strings.TrimSpace(get(t, truckServer(t, c), "/api/truck").Body.String()), `{"phase":"idle","inferred":"loading","since":null,"by":"x","load":"unknown","armed":true,"ready":false}`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// An alarm of the watch is told in its own words, for its numbers are no value
// over a limit; who has answered it at the county, and what was held back, too.
func TestAnAlarmOfTheWatchHasItsOwnWords(t *testing.T) {
	s := store()
	s.Alarms = []Alarm{
		{Rule: alerting.RateOfRise, Object: "balagong/mutton/air", Quantity: sensors.Temperature, Level: alerting.Warning, Lasts: 300e9, Value: 5.2, Limit: 3, HasValue: true, Delay: 1200e9, AnsweredBy: "其其格"},
		{Rule: alerting.MainsLost, Object: "balagong/mutton/mains", Quantity: sensors.Mains, Level: alerting.Excursion, Lasts: 300e9, Silenced: true, AnsweredBy: "巴图", BySMS: true, Told: []string{"其其格", "巴图"}},
		{Rule: alerting.HighLimit, Object: "balagong/veg/air", Quantity: sensors.Temperature, Level: alerting.Warning, Lasts: 3000e9, Value: 9, Limit: 8, HasValue: true, Masked: 720e9},
	}
	html := wordsOf(get(t, server(t, s, nil), "/").Body.String())
	for _, want := range []string{"20分钟升5.2 °C", "其其格 已应答（旗县），先不响", "巴图 短信已应答，先不响", "已短信告知：其其格、巴图", "其中除霜、开门 12 分钟"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q:\n%s", want, html)
		}
	}
	if strings.Contains(html, "5.2 °C · 超过上限") {
		t.Error("a rise is told as a temperature")
	}
}

// The one button leads through a trip; with goods left it leads on to the next stop.
func TestTheOneButton(t *testing.T) {
	for _, tt := range []struct {
		phase trip.Phase
		load  trip.Load
		want  trip.Phase
	}{
		{trip.Idle, trip.Empty, trip.Conditioning}, {trip.Returning, trip.Empty, trip.Conditioning}, {trip.Conditioning, trip.Empty, trip.Loading}, {trip.Loading, trip.Loaded, trip.InTransit},
		{trip.InTransit, trip.Loaded, trip.Unloading}, {trip.Unloading, trip.Loaded, trip.InTransit}, {trip.Unloading, trip.Empty, trip.Idle},
	} {
		c := Truck{Box: "truck-1/box", Phase: tt.phase, Load: tt.load, Ready: true, Measured: true}
		if body := get(t, truckServer(t, &cab{t: c}), "/").Body.String(); !strings.Contains(body, `id="next" class="next" type="submit" name="phase" value="`+string(tt.want)+`"`) {
			t.Errorf("after %s, %s: not %s", tt.phase, tt.load, tt.want)
		}
	}
}

// The cab's display holds what the driver looks at, is dark at night by the
// site's clock, and its buttons lead back to it.
func TestTheCabsDisplay(t *testing.T) {
	s := truckServer(t, &cab{t: Truck{Box: "truck-1/box", Phase: trip.InTransit, Load: trip.Loaded, Armed: true}})
	body := get(t, s, "/cab").Body.String()
	for _, want := range []string{`data-look="cab"`, `id="zone-truck-1/box"`, `id="next"`, `name="back" value="/cab"`, `data-live="/live/cab?lang=zh"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not there", want)
		}
	}
	for clock, want := range map[string]string{"2026-11-23T13:00:00Z": "cab night", "2026-11-23T22:30:00Z": "cab night", "2026-11-23T23:30:00Z": "cab"} { // 21:00, 06:30, 07:30
		now, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			t.Fatal(err)
		}
		v := view{place: time.FixedZone("", 8*3600), s: Snapshot{Now: now, Clock: "gnss"}}
		if got := v.look(tab{cab: true}); got[1] != want {
			t.Errorf("at %s it looks %q, want %q", clock, got[1], want)
		}
		if v.s.Clock = "none"; v.look(tab{cab: true})[1] != "cab night" {
			t.Errorf("without a clock it is bright")
		}
	}
	r := httptest.NewRequest("POST", "/truck/say", strings.NewReader("token=TOKEN&phase=unloading&back=/cab"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "192.168.1.20"
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 303 || w.Header().Get("Location") != "/cab" {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	still, err := New(Options{Source: showing(Snapshot{Now: morning, Site: "balagong"})})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(get(t, still, "/").Body.String(), `href="/cab"`) {
		t.Error("a store has a cab")
	}
}
