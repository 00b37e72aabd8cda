package alarms

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/gateway/edge"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	air   = sensors.PointID("balagong/mutton/air")
	core  = sensors.PointID("balagong/mutton/core")
	mains = sensors.PointID("balagong/plant/mains")
)

var morning = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC) // 08:00 at the site

// site is a judge with a clock in its hands.
type site struct {
	t    *testing.T
	o    Options
	j    *Judge
	boot string
	mono time.Duration
	wall time.Time // what the clock says
	none bool      // nobody believes it
	said []wire.Record
}

func newSite(t *testing.T) *site {
	t.Helper()
	chilled, _, _ := alerting.DefaultLimits("chilled")
	s := &site{t: t, boot: "first", mono: time.Minute, wall: morning}
	s.o = Options{Site: "balagong", SilentAfter: 10 * time.Minute, File: filepath.Join(t.TempDir(), "alarms.state"), Logger: slog.New(slog.DiscardHandler),
		Points: []Point{
			{Point: sensors.Point{ID: air, Quantity: sensors.Temperature}, Bus: "rs485", Device: "probe", Period: time.Minute},
			{Point: sensors.Point{ID: core, Quantity: sensors.Temperature}, Bus: "rs485", Device: "probe", Period: time.Minute},
			{Point: sensors.Point{ID: mains, Quantity: sensors.Mains}, Bus: "rs485", Device: "inputs", Period: time.Minute},
		},
		Zones: []alerting.Zone{{ID: air.Zone(), Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: chilled}},
			{ID: mains.Zone(), Limits: map[sensors.Quantity][]alerting.Limit{sensors.Mains: alerting.SwitchLimits(sensors.Mains, false)}}}}
	s.start()
	return s
}

func (s *site) start() {
	s.t.Helper()
	j, err := New(s.o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.j = j
}

// restart ends the program in order, or by a power cut after which another boot
// begins; off is how long it was away.
func (s *site) restart(powerCut bool, off time.Duration) {
	s.t.Helper()
	if err := s.j.Save(!powerCut); err != nil {
		s.t.Fatal(err)
	}
	s.pass(off)
	if powerCut {
		s.boot, s.mono = s.boot+"x", time.Second
	}
	s.start()
}

func (s *site) pass(d time.Duration) { s.mono, s.wall = s.mono+d, s.wall.Add(d) }

func (s *site) stamp(r wire.Record) wire.Record {
	r.Boot, r.Mono, r.Clock = s.boot, s.mono, wire.ClockNTP
	if s.none {
		r.Clock = wire.ClockNone
	}
	return r
}

// read gives the judge readings of now and then lets it look at the time.
func (s *site) read(values map[sensors.PointID]float64) {
	var records []wire.Record
	for _, p := range []sensors.PointID{air, core, mains} {
		if v, measured := values[p]; measured {
			records = append(records, s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(p, s.wall, v)}))
		}
	}
	s.j.Observe(records)
	s.look()
}

func (s *site) look() {
	s.j.Advance(s.stamp(wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: s.wall}}))
	s.said = append(s.said, s.j.Events()...)
}

// minutes reads the room once a minute.
func (s *site) minutes(n int, v float64) {
	for range n {
		s.pass(time.Minute)
		s.read(map[sensors.PointID]float64{air: v, core: 2, mains: 1})
	}
}

// told is what the journal gets: name, rule, and when it began by its age.
func (s *site) told() []string {
	out := make([]string, len(s.said))
	for i, r := range s.said {
		a, err := wire.ParseAlarm(r.Event.Detail)
		if err != nil {
			s.t.Fatal(err)
		}
		out[i] = fmt.Sprintf("%s %s %s %s", r.Event.Name, a.Rule, a.Level, r.Event.At.Add(-a.Age).Format("15:04"))
	}
	return out
}

func (s *site) want(list ...string) {
	s.t.Helper()
	if got := s.told(); !slices.Equal(got, list) {
		s.t.Errorf("told\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(list, "\n  "))
	}
}

// The same readings give the county and the site the same alarms, with the same
// identity and at the same readings, whatever the room does.
func TestTheSameAlarmsAsTheCounty(t *testing.T) {
	for seed := range uint64(40) {
		s := newSite(t)
		county, err := engine.New(s.j.config(nil), morning)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(seed, 1))
		v, names := 3.0, map[alerting.Change]string{alerting.Raised: wire.EventAlarmRaised, alerting.Escalated: wire.EventAlarmEscalated, alerting.Returned: wire.EventAlarmReturned}
		var want, got []string
		for range 400 {
			s.pass(time.Duration(50_000+random.IntN(20_000)) * time.Millisecond)
			v = min(max(v+random.Float64()*2-1, -3), 9)
			r := sensors.NewGood(air, s.wall, float64(int(v*10))/10)
			if random.IntN(20) == 0 {
				r = sensors.NewBad(air, s.wall, sensors.Timeout)
			}
			s.j.Observe([]wire.Record{s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: r})})
			for _, c := range county.Observe(r, s.wall) {
				if name := names[c.Change]; name != "" {
					want = append(want, fmt.Sprint(name, c.Alarm.ID, c.Alarm.Level, s.wall.UnixMilli()))
				}
			}
		}
		for _, e := range s.j.Events() {
			got = append(got, fmt.Sprint(e.Event.Name, e.Event.Detail["id"], e.Event.Detail["level"], e.Event.At.UnixMilli()))
		}
		if !slices.Equal(got, want) || len(want) == 0 && seed == 0 {
			t.Fatalf("seed %d: site\n%v\ncounty\n%v", seed, got, want)
		}
	}
}

// Without a clock the delay runs all the same. When one comes, people learn when
// it began.
func TestWithoutAClock(t *testing.T) {
	s := newSite(t)
	s.none, s.wall = true, time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC)
	s.minutes(3, 2)
	s.minutes(16, 6)
	alarms, _ := s.j.Show()
	if len(alarms) != 1 || !alarms[0].Since.IsZero() || alarms[0].Lasts != 15*time.Minute {
		t.Fatalf("without a clock: %+v", alarms)
	}
	if e := s.said[0]; e.Clock != wire.ClockNone || e.Mono != s.mono || e.Event.Detail["id"] != "" || e.Event.Detail["age_ms"] != "900000" {
		t.Errorf("event %+v; want one that the journal can place", e)
	}
	s.none, s.wall = false, morning
	s.minutes(1, 6)
	alarms, _ = s.j.Show()
	if want := morning.Add(-15 * time.Minute); len(alarms) != 1 || !alarms[0].Since.Equal(want) || alarms[0].Lasts != 16*time.Minute {
		t.Errorf("when a clock has come: %+v; want since %s", alarms, want)
	}
	s.minutes(20, 2)
	if got := s.said[len(s.said)-1]; got.Event.Name != wire.EventAlarmReturned || got.Event.Detail["id"] != alerting.AlarmID(alerting.HighLimit, string(air), morning.Add(-15*time.Minute)) {
		t.Errorf("the end %+v", got)
	}
}

// A clock that goes to 2036 and back neither raises nor ends anything.
func TestAClockThatSteps(t *testing.T) {
	s := newSite(t)
	s.minutes(3, 2)
	s.minutes(8, 6)
	step := 10 * 365 * 24 * time.Hour
	s.wall, s.none = s.wall.Add(step), true // held until it has stood
	s.minutes(4, 6)
	s.wall, s.none = s.wall.Add(-step), false
	s.minutes(4, 6)
	s.want("alarm-raised high-limit warning 00:04")
	s.wall = s.wall.Add(time.Hour) // a step that is believed at once
	s.minutes(30, 6)
	alarms, _ := s.j.Show()
	if len(alarms) != 1 || alarms[0].Lasts != 45*time.Minute || alarms[0].Since.Format("15:04") != "00:04" {
		t.Errorf("after the steps: %+v", alarms)
	}
}

// A power cut in the middle of a delay and of an alarm: both go on. What was off
// counts only where the clock can say how long it was; the siren that was
// silenced stays so.
func TestAPowerCut(t *testing.T) {
	for name, noClock := range map[string]bool{"with a clock": false, "without one afterwards": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.minutes(3, 2)
			s.minutes(10, 6)
			if s.said != nil {
				t.Fatal(s.told())
			}
			s.restart(true, 4*time.Minute)
			s.none = noClock
			s.minutes(2, 6)
			if raised := len(s.said) == 1; raised == noClock {
				t.Errorf("two minutes after the power is back: %v", s.told())
			}
			s.minutes(8, 6)
			if len(s.said) != 1 {
				t.Fatalf("%v; want the alarm", s.told())
			}
			s.j.Acknowledge(s.wall, "keeper")
			s.restart(true, time.Minute)
			s.minutes(2, 6)
			alarms, _ := s.j.Show()
			if siren, beacon := s.j.Outputs(); siren || !beacon || len(alarms) != 1 || !alarms[0].Silenced {
				t.Errorf("after another power cut siren %v, beacon %v, %+v", siren, beacon, alarms)
			}
		})
	}
}

// The same day with a restart after every look is the same day.
func TestRestartsChangeNothing(t *testing.T) {
	day := func(restarts bool) []string {
		s := newSite(t)
		for _, x := range []struct {
			n int
			v float64
		}{{5, 2}, {20, 6}, {12, 8}, {40, 2}, {3, 6}, {30, 3}} {
			for range x.n {
				s.minutes(1, x.v)
				if restarts {
					s.restart(false, 0)
				}
			}
		}
		return s.told()
	}
	plain, again := day(false), day(true)
	if !slices.Equal(plain, again) || len(plain) < 3 {
		t.Errorf("%v\nwith restarts %v", plain, again)
	}
}

func TestTheSirenSoundsForWhatSomebodyCanMend(t *testing.T) {
	s := newSite(t)
	sounds := func(siren, beacon bool) {
		t.Helper()
		if a, b := s.j.Outputs(); a != siren || b != beacon {
			t.Errorf("at %s siren %v, beacon %v; want %v, %v", s.wall.Format("15:04:05"), a, b, siren, beacon)
		}
	}
	s.minutes(1, 2)
	s.pass(time.Second)
	s.read(map[sensors.PointID]float64{mains: 0})
	sounds(false, true)
	s.pass(29 * time.Second)
	s.look()
	sounds(false, true)
	s.pass(time.Second)
	s.look()
	sounds(true, true)
	s.j.Acknowledge(s.wall, "site page, 192.168.1.7")
	sounds(false, true)
	// Three minutes without supply are more serious: it sounds again.
	s.pass(150 * time.Second)
	s.look()
	sounds(true, true)
	s.j.Acknowledge(s.wall, "site page, 192.168.1.7")
	sounds(false, true)
	for range 14 {
		s.pass(time.Minute)
		s.read(map[sensors.PointID]float64{mains: 0, air: 2, core: 2})
		sounds(false, true)
	}
	s.pass(time.Minute)
	s.look()
	sounds(true, true)
	for range 2 { // back for a minute
		s.read(map[sensors.PointID]float64{mains: 1, air: 2, core: 2})
		s.pass(time.Minute)
	}
	sounds(false, false)
	s.want("alarm-raised mains-lost warning 00:01", "alarm-silenced mains-lost warning 00:01", "alarm-escalated mains-lost excursion 00:01",
		"alarm-silenced mains-lost excursion 00:01", "alarm-returned mains-lost excursion 00:01")
	if by := s.said[1].Event.Detail["by"]; by != "site page, 192.168.1.7" {
		t.Errorf("silenced by %q", by)
	}
}

// A device that answers nothing: the beacon, no siren, and one alarm on the page.
func TestADeadDeviceIsOneAlarm(t *testing.T) {
	s := newSite(t)
	s.minutes(2, 2)
	for range 11 {
		s.pass(time.Minute)
		s.j.Observe([]wire.Record{s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewBad(air, s.wall, sensors.Timeout)}),
			s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewBad(core, s.wall, sensors.Timeout)})})
		s.read(map[sensors.PointID]float64{mains: 1})
	}
	alarms, _ := s.j.Show()
	if len(alarms) != 1 || alarms[0].Rule != duty.DeviceFault || alarms[0].Folded != 2 {
		t.Errorf("%+v; want the device with two points behind it", alarms)
	}
	if siren, beacon := s.j.Outputs(); siren || !beacon {
		t.Errorf("siren %v, beacon %v", siren, beacon)
	}
}

// countyLimits is what a county may send: offal lies among the mutton.
func countyLimits(t *testing.T, high float64) wire.SiteLimits {
	t.Helper()
	l := wire.SiteLimits{SilentAfterS: 600, Zones: []wire.ZoneLimits{
		{Zone: "balagong/mutton", Quantity: "temperature", Hysteresis: 0.5, Lines: []wire.LimitLine{{Side: "high", Level: "excursion", Value: high, DelayMS: 60_000}}},
		{Zone: "balagong/elsewhere", Quantity: "temperature", Lines: []wire.LimitLine{{Side: "high", Level: "warning", Value: 1}}},
	}}
	var err error
	if l.Version, err = wire.VersionOf(l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheCountysLimits(t *testing.T) {
	s := newSite(t)
	s.minutes(3, 2.5)
	if _, limits := s.j.Show(); limits.County || limits.None {
		t.Errorf("limits %+v before the county spoke", limits)
	}
	l := countyLimits(t, 2)
	if err := s.j.Follow(l); err != nil {
		t.Fatal(err)
	}
	if b, known := s.j.Bounds(edge.LimitKey{Zone: "balagong/mutton", Quantity: sensors.Temperature}); !known || b.High == nil || *b.High != 2 || b.Low != nil {
		t.Errorf("outside is %+v %v", b, known)
	}
	s.minutes(2, 2.5)
	s.want("alarm-raised high-limit excursion 00:04")
	s.restart(true, time.Minute)
	if _, limits := s.j.Show(); s.j.Version() != l.Version || !limits.County || limits.At.Format("15:04") != "00:03" {
		t.Errorf("after a restart version %q, limits %+v", s.j.Version(), limits)
	}
	// An alarm goes on by the limits it was raised by.
	if err := s.j.Follow(countyLimits(t, 5)); err != nil {
		t.Fatal(err)
	}
	s.minutes(5, 2.5)
	if alarms, _ := s.j.Show(); len(alarms) != 1 || alarms[0].Limit != 2 {
		t.Errorf("%+v", alarms)
	}
	bad := countyLimits(t, 5)
	bad.Zones[0].Lines[0].Value = 4000
	if err := s.j.Follow(wire.SiteLimits{Version: "x", SilentAfterS: 1, Zones: bad.Zones}); err == nil {
		t.Error("limits that the quantity cannot reach were taken")
	}
	s.minutes(1, 2.5)
	if b, _ := s.j.Bounds(edge.LimitKey{Zone: "balagong/mutton", Quantity: sensors.Temperature}); b.High == nil || *b.High != 5 {
		t.Errorf("after a refusal outside is %+v", b)
	}
}

// What is durable and delivered at once: what is beyond the mildest line, and
// the loss of the supply; no door.
func TestWhatIsOutside(t *testing.T) {
	s := newSite(t)
	for q, want := range map[sensors.Quantity][2]float64{sensors.Temperature: {4, -1}, sensors.Door: {}} {
		l, known := s.j.Bounds(edge.LimitKey{Zone: "balagong/mutton", Quantity: q})
		if known != (want != [2]float64{}) || known && (*l.High != want[0] || *l.Low != want[1]) {
			t.Errorf("%s: %+v %v", q, l, known)
		}
	}
	if l, known := s.j.Bounds(edge.LimitKey{Zone: "balagong/plant", Quantity: sensors.Mains}); !known || l.High != nil || *l.Low != 0.5 {
		t.Errorf("mains: %+v %v", l, known)
	}
}

func TestADamagedFileIsSetAside(t *testing.T) {
	s := newSite(t)
	s.minutes(20, 6)
	if err := s.j.Save(true); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.o.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, len(head) + 3, len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(s.o.File, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
		if alarms, _ := s.j.Show(); len(alarms) != 0 {
			t.Errorf("cut at %d: %+v", n, alarms)
		}
		if aside, err := os.ReadFile(s.o.File + ".damaged"); err != nil || len(aside) != n {
			t.Errorf("cut at %d: set aside %d bytes, %v", n, len(aside), err)
		}
	}
	flipped := slices.Clone(whole)
	flipped[len(flipped)-20] ^= 1
	if err := os.WriteFile(s.o.File, flipped, 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.minutes(3, 2)
	s.minutes(16, 6)
	if alarms, _ := s.j.Show(); len(alarms) != 1 {
		t.Errorf("alarms end with a damaged file: %+v", alarms)
	}
}

// What is not configured any more has no alarm that nothing could end.
func TestATakenOutProbe(t *testing.T) {
	s := newSite(t)
	s.minutes(20, 6)
	s.o.Points = s.o.Points[1:]
	s.restart(true, time.Minute)
	if _, beacon := s.j.Outputs(); beacon {
		t.Error("the beacon shines for a probe that is not there")
	}
}

// The file is written at once when an alarm changes, else rarely.
func TestHowOftenTheFileIsWritten(t *testing.T) {
	s := newSite(t)
	writes := func(minutes int, v float64) (n int) {
		for range minutes {
			s.minutes(1, v)
			before, _ := os.Stat(s.o.File)
			if err := s.j.Save(false); err != nil {
				t.Fatal(err)
			}
			if after, err := os.Stat(s.o.File); err == nil && (before == nil || !os.SameFile(before, after)) {
				n++
			}
		}
		return n
	}
	writes(1, 2)
	if n := writes(60, 2); n != 6 {
		t.Errorf("%d writes in a calm hour", n)
	}
	if n := writes(60, 6); n != 60 {
		t.Errorf("%d writes in an hour outside", n)
	}
	info, err := os.Stat(s.o.File)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes for %d points", info.Size(), len(s.o.Points))
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(head + "00000000\n{}"))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = decode(b) })
}
