package alarms

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/watch"
	"coldchain/gateway/edge"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	carcassAir = sensors.PointID("balagong/carcass/air")
	humid      = sensors.PointID("balagong/carcass/humidity")
	machine    = sensors.PointID("balagong/carcass/compressor")
	gate       = sensors.PointID("balagong/carcass/door")
)

// chillingBook is what the county says of a room where carcasses are chilled: 7 °C
// within four hours.
func chillingBook(stays ...wire.BookStay) wire.SiteBook {
	lines, _, _ := alerting.DefaultLimits("chilling")
	room := wire.ZoneBook{Zone: "balagong/carcass", Stays: stays, Watch: &wire.BookRules{
		Rise: &wire.BookRise{Rise: 4, WithinMS: 1_200_000}, PullDown: &wire.BookPullDown{Target: 7, WithinMS: 4 * 3_600_000},
		Condensation: &wire.BookCondensation{Margin: 1, DelayMS: 900_000, WarmingMS: 7_200_000}, Compressor: &wire.BookCompressor{SetPoint: 2, Differential: 3, SilentMS: 1_800_000}}}
	for _, l := range lines {
		room.Usual = append(room.Usual, wire.LimitLine{Side: string(l.Side), Level: string(l.Level), Value: l.Value, DelayMS: l.Delay.Milliseconds()})
	}
	return wire.SiteBook{Zones: []wire.ZoneBook{room}}
}

func newChillingSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.o.Zones = nil
	s.o.Points = nil
	for p, q := range map[sensors.PointID]sensors.Quantity{carcassAir: sensors.Temperature, humid: sensors.Humidity, machine: sensors.Compressor, gate: sensors.Door} {
		s.o.Points = append(s.o.Points, Point{Point: sensors.Point{ID: p, Quantity: q}, Bus: "rs485", Device: "probe", Period: time.Minute})
	}
	slices.SortFunc(s.o.Points, func(a, b Point) int { return strings.Compare(string(a.ID), string(b.ID)) })
	s.start()
	return s
}

// chill reads the room once a minute.
func (s *site) chill(minutes int, celsius, compressor float64) {
	for range minutes {
		s.pass(time.Minute)
		var records []wire.Record
		for _, p := range s.o.Points {
			v := map[sensors.PointID]float64{carcassAir: celsius, humid: 85, machine: compressor, gate: 0}[p.ID]
			records = append(records, s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(p.ID, s.wall, v)}))
		}
		s.j.Observe(records)
		s.look()
	}
}

// The same readings, rules and bookings give the watch here and the county's the
// same alarms with the same identity, with a restart here and there.
func TestTheSameWatchAsTheCounty(t *testing.T) {
	total := 0
	for seed := range uint64(12) {
		s := newChillingSite(t)
		s.chill(1, 3, 1)
		book := chillingBook(wire.BookStay{Batch: "HJQ-1", FromMS: s.wall.Add(5 * time.Minute).UnixMilli()})
		s.heed(book)
		var points []sensors.Point
		for _, p := range s.o.Points {
			points = append(points, p.Point)
		}
		county, err := watch.New(watch.Config{Zones: []watch.Zone{{ID: "balagong/carcass", Points: points, Rules: rulesOf(book.Zones[0].Watch)}}})
		if err != nil {
			t.Fatal(err)
		}
		county.SetGoods("balagong/carcass", []watch.Stay{{Batch: "HJQ-1", From: time.UnixMilli(book.Zones[0].Stays[0].FromMS).UTC()}})
		names := map[alerting.Change]string{alerting.Raised: wire.EventAlarmRaised, alerting.Escalated: wire.EventAlarmEscalated, alerting.Returned: wire.EventAlarmReturned}
		var want, got []string
		note := func(list []alerting.Transition) {
			for _, c := range list {
				if name := names[c.Change]; name != "" && c.Alarm.Class != alerting.Late {
					want = append(want, fmt.Sprint(name, " ", c.Alarm.Rule, " ", c.Alarm.ID, " ", c.Alarm.Level))
				}
			}
		}
		random := rand.New(rand.NewPCG(seed, 7))
		v, on := 9.0, 1.0
		for i := range 500 {
			s.pass(time.Minute)
			if random.IntN(60) == 0 {
				on = 1 - on
			}
			v = min(max(v+random.Float64()*0.5-0.2-0.15*on, -1), 16)
			for _, p := range s.o.Points {
				r := sensors.NewGood(p.ID, s.wall, map[sensors.PointID]float64{carcassAir: float64(int(v*10)) / 10, humid: 85, machine: on, gate: 0}[p.ID])
				s.j.Observe([]wire.Record{s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: r})})
				note(county.Observe(r, s.wall))
			}
			s.look()
			note(county.Advance(s.wall))
			if i%97 == 0 {
				s.restart(false, 0)
			}
		}
		for _, e := range s.said {
			a, err := wire.ParseAlarm(e.Event.Detail)
			if err != nil {
				t.Fatal(err)
			}
			if watched := a.Rule == string(alerting.PullDown) || a.Rule == string(alerting.RateOfRise) || a.Rule == string(alerting.CompressorSilent) || a.Rule == string(alerting.Condensation); watched {
				got = append(got, fmt.Sprint(e.Event.Name, " ", a.Rule, " ", a.ID, " ", a.Level))
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: site\n  %s\ncounty\n  %s", seed, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
		total += len(got)
	}
	if total < 12 {
		t.Errorf("%d changes of alarms over all days: nothing was compared", total)
	}
}

// While warm goods are cooled the high limits do not count, and do again by
// themselves when that is over, with nobody to ask.
func TestHighLimitsRestWhileGoodsAreCooledAndComeBack(t *testing.T) {
	s := newChillingSite(t)
	s.chill(1, 3, 1)
	s.heed(chillingBook(wire.BookStay{Batch: "HJQ-1", FromMS: s.wall.UnixMilli()}))
	key := edge.LimitKey{Zone: "balagong/carcass", Quantity: sensors.Temperature}
	s.chill(1, 12, 1)
	if b, _ := s.j.Bounds(key); b.High != nil || b.Low == nil {
		t.Errorf("while goods are cooled outside is %+v", b)
	}
	s.chill(40, 11, 1)
	for _, told := range s.told() {
		if strings.Contains(told, "high-limit") {
			t.Errorf("warm goods that were just loaded ring: %s", told)
		}
	}
	s.restart(true, time.Minute)
	if b, _ := s.j.Bounds(key); b.High != nil {
		t.Errorf("after a restart outside is %+v", b)
	}
	s.chill(70, 5, 1) // cold air for an hour: reached
	if b, _ := s.j.Bounds(key); b.High == nil || *b.High != 7 {
		t.Fatalf("when the goods are cold outside is %+v", b)
	}
	s.said = nil
	s.chill(40, 9, 1)
	if got := s.told(); len(got) == 0 || !strings.Contains(strings.Join(got, " "), "alarm-raised high-limit") {
		t.Errorf("warm again, and told %v", got)
	}
}

// A compressor that stands still while cooling is called for is told here with no
// county to tell it; the beacon shines, and the page says what it is.
func TestASilentCompressorIsToldHere(t *testing.T) {
	s := newChillingSite(t)
	s.chill(1, 3, 1)
	s.heed(chillingBook())
	s.chill(40, 6, 0)
	if got := s.told(); !slices.Equal(got, []string{"alarm-raised compressor-silent warning 00:02"}) {
		t.Fatalf("told %v", got)
	}
	if id := s.said[0].Event.Detail["id"]; id != alerting.AlarmID(alerting.CompressorSilent, string(machine), morning.Add(2*time.Minute)) {
		t.Errorf("identity %q is not the county's", id)
	}
	if siren, beacon := s.j.Outputs(); siren || !beacon {
		t.Errorf("siren %v, beacon %v", siren, beacon)
	}
	s.restart(true, time.Minute)
	s.chill(10, 6, 1)
	if got := s.told(); len(got) != 2 || !strings.HasPrefix(got[1], "alarm-returned compressor-silent") {
		t.Errorf("told %v", got)
	}
}

// A door that stands open excuses a warning here as it does at the county, and
// never an excursion; without a book by the defaults.
func TestADoorExcusesAWarningHere(t *testing.T) {
	s := newChillingSite(t)
	chilled, _, _ := alerting.DefaultLimits("chilled")
	s.o.Zones = []alerting.Zone{{ID: "balagong/carcass", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: chilled}}}
	s.o.Points = slices.DeleteFunc(s.o.Points, func(p Point) bool { return p.ID != carcassAir && p.ID != gate })
	s.start()
	s.chill(5, 3, 1)
	open := func(minutes int, celsius, door float64) {
		for range minutes {
			s.pass(time.Minute)
			s.j.Observe([]wire.Record{s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(gate, s.wall, door)}),
				s.stamp(wire.Record{Kind: wire.ReadingRecord, Reading: sensors.NewGood(carcassAir, s.wall, celsius)})})
			s.look()
		}
	}
	open(1, 3, 1)
	open(14, 4.8, 1)
	open(5, 4.8, 0)
	s.want() // 19 min above the warning's 4 °C, of which 14 and more were excused
	open(40, 4.8, 0)
	if got := s.told(); len(got) != 1 || !strings.Contains(got[0], "high-limit warning") {
		t.Errorf("told %v", got)
	}
	if alarms, _ := s.j.Show(); len(alarms) != 1 || alarms[0].Masked < 10*time.Minute {
		t.Errorf("the page does not say what was held back: %+v", alarms)
	}
}

// What somebody has answered at the county silences the siren here: for that
// alarm, as serious as it was, as long as it is in his hands; the page names him.
func TestAnAnswerAtTheCountySilencesTheSiren(t *testing.T) {
	s := newSite(t)
	s.minutes(3, 2)
	s.minutes(20, 4.6) // above 4 °C: a warning
	sounds := func(want bool, by string) {
		t.Helper()
		siren, beacon := s.j.Outputs()
		alarms, _ := s.j.Show()
		if siren != want || !beacon || len(alarms) != 1 || alarms[0].AnsweredBy != by {
			t.Errorf("at %s siren %v, beacon %v, %+v; want %v, answered by %q", s.wall.Format("15:04"), siren, beacon, alarms, want, by)
		}
	}
	sounds(true, "")
	start := morning.Add(4 * time.Minute)
	answer := func(change func(*wire.AlarmAnswer)) wire.SiteBook {
		a := wire.AlarmAnswer{Rule: "high-limit", Object: string(air), StartMS: start.UnixMilli() + 60_000, Level: "warning", By: "其其格", AtMS: s.wall.UnixMilli(), UntilMS: s.wall.Add(15 * time.Minute).UnixMilli()}
		change(&a)
		return wire.SiteBook{Answers: []wire.AlarmAnswer{a}}
	}
	s.heed(answer(func(a *wire.AlarmAnswer) { a.Object = string(core) }))
	s.heed(answer(func(a *wire.AlarmAnswer) { a.StartMS -= 600_000 })) // the one before
	s.heed(answer(func(a *wire.AlarmAnswer) { a.Rule = "low-limit" }))
	s.minutes(1, 4.6)
	sounds(true, "")
	s.heed(answer(func(*wire.AlarmAnswer) {}))
	s.minutes(1, 4.6)
	sounds(false, "其其格")
	s.restart(true, time.Minute)
	s.minutes(1, 4.6)
	sounds(false, "其其格")
	s.minutes(12, 4.6)
	sounds(true, "") // it was in his hands for fifteen minutes
	s.heed(answer(func(a *wire.AlarmAnswer) { a.UntilMS = s.wall.Add(4 * time.Hour).UnixMilli() }))
	s.minutes(1, 4.6)
	sounds(false, "其其格")
	s.minutes(40, 5.5) // more serious than what he answered
	sounds(true, "")
}
