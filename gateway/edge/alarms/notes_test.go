package alarms

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// village is a site with a modem: three people are told, two minutes after the
// county is out of reach.
func village(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.o.Telling = &Telling{After: 2 * time.Minute, PerHour: 6, Place: time.FixedZone("", 8*3600),
		Who:    []Person{{Name: "其其格", Phone: "8613800000001"}, {Name: "巴图", Phone: "8613800000002"}, {Name: "Sarah", Phone: "447700900123", English: true}},
		Labels: map[string]page.Label{"balagong": {ZH: "巴拉贡", EN: "Balagong"}, "mutton": {ZH: "羊肉库", EN: "mutton room"}}}
	s.start()
	return s
}

// second lets a second pass, writes down what is to be, and sends what is due. It
// returns what the modem took, or would have taken had it not failed.
func (s *site) second(up bool, modem error) (out []notify.Message) {
	s.t.Helper()
	s.pass(time.Second)
	s.look()
	s.j.Reach(up)
	if err := s.j.Save(false); err != nil {
		s.t.Fatal(err)
	}
	for {
		m, ok := s.j.NextMessage()
		if !ok {
			return out
		}
		out = append(out, m)
		s.j.Sent(m, modem)
	}
}

// lasting reads the room once a minute and looks each second.
func (s *site) lasting(d time.Duration, up bool, values map[sensors.PointID]float64) (out []notify.Message) {
	s.t.Helper()
	for i := range int(d / time.Second) {
		if i%60 == 0 {
			s.read(values)
		}
		out = append(out, s.second(up, nil)...)
	}
	return out
}

var (
	dark = map[sensors.PointID]float64{air: 2, core: 2, mains: 0}
	fine = map[sensors.PointID]float64{air: 2, core: 2, mains: 1}
	warm = map[sensors.PointID]float64{air: 9, core: 2, mains: 1}
)

func addressees(list []notify.Message) (out []string) {
	for _, m := range list {
		out = append(out, m.To.Name)
	}
	return out
}

// The power goes, and the network with it: two minutes later each has one SMS,
// and no second one, however long it lasts and however serious it becomes.
func TestEachIsToldOnceWhileTheCountyIsAway(t *testing.T) {
	s := village(t)
	if got := s.lasting(5*time.Minute, true, fine); len(got) != 0 {
		t.Fatalf("told %v of nothing", addressees(got))
	}
	if got := s.lasting(2*time.Minute-time.Second, false, dark); len(got) != 0 {
		t.Errorf("told %v before two minutes had passed", addressees(got))
	}
	got := s.lasting(10*time.Second, false, dark)
	if !slices.Equal(addressees(got), []string{"其其格", "巴图", "Sarah"}) {
		t.Fatalf("told %v", addressees(got))
	}
	if want := "巴拉贡停电，08:05起，已2分钟，知道了请回1"; !strings.HasPrefix(got[0].Short, want) || notify.UCS2(got[0].Short) > 70 {
		t.Errorf("%q; want it to begin with %q", got[0].Short, want)
	}
	if want := "Balagong power cut, since 08:05, for 2 min, reply 1 if you know"; !strings.HasPrefix(got[2].Short, want) {
		t.Errorf("%q; want it to begin with %q", got[2].Short, want)
	}
	if again := s.lasting(3*time.Hour, false, dark); len(again) != 0 {
		t.Errorf("told again: %v", addressees(again))
	}
	var told []string
	for _, r := range s.said {
		if r.Event.Name == wire.EventAlarmTold {
			told = append(told, r.Event.Detail["by"]+" "+r.Event.Detail["rule"])
		}
	}
	if !slices.Equal(told, []string{"其其格 mains-lost", "巴图 mains-lost", "Sarah mains-lost"}) {
		t.Errorf("the county learns of %v", told)
	}
	if alarms, _ := s.j.Show(); len(alarms) != 1 || !slices.Equal(alarms[0].Told, []string{"其其格", "巴图", "Sarah"}) {
		t.Errorf("the page shows %+v", alarms)
	}
}

// Of a warning nobody is told; when it grows to an excursion while the county has
// been away for long, at once.
func TestAnExcursionIsToldAtOnceWhenTheCountyHasBeenAway(t *testing.T) {
	s := village(t)
	s.lasting(5*time.Minute, false, fine)
	at := time.Time{}
	for range 120 {
		if got := s.lasting(time.Minute, false, warm); len(got) > 0 {
			at = s.wall
			if !strings.HasPrefix(got[0].Short, "巴拉贡羊肉库 9 °C，超过上限7 °C") {
				t.Errorf("%q", got[0].Short)
			}
			break
		}
	}
	i := slices.IndexFunc(s.said, func(r wire.Record) bool {
		return r.Event.Name != wire.EventAlarmTold && r.Event.Detail["level"] == "excursion"
	})
	if i < 0 || at.IsZero() {
		t.Fatalf("no excursion, or nobody was told: %v", s.told())
	}
	if late := at.Sub(s.said[i].Event.At); late > time.Minute {
		t.Errorf("told %s after the excursion", late)
	}
}

// hears lets the county say that it looks after what is there.
func (s *site) hears() {
	s.t.Helper()
	var b wire.SiteBook
	for _, p := range s.j.sorted() {
		b.Heard = append(b.Heard, wire.AlarmHeard{Rule: string(p.Rule), Object: p.Object, StartMS: p.Start.UnixMilli()})
	}
	var err error
	if b.Version, err = wire.BookVersion(b); err != nil {
		s.t.Fatal(err)
	}
	if err := s.j.Heed(b); err != nil {
		s.t.Fatal(err)
	}
}

// What the county looks after the site tells nobody of, also when the link goes
// afterwards. What it says nothing of for two minutes the site tells, link or not.
func TestTheCountyTells(t *testing.T) {
	for name, county := range map[string]bool{"it says that it does": true, "it says nothing": false} {
		t.Run(name, func(t *testing.T) {
			s := village(t)
			s.lasting(time.Minute, true, fine)
			s.lasting(time.Minute, true, dark)
			if county {
				s.hears()
			}
			got := s.lasting(2*time.Minute, true, dark)
			got = append(got, s.lasting(20*time.Minute, false, dark)...)
			if told := len(got) == 3; told == county {
				t.Errorf("told %v", addressees(got))
			}
			s.restart(true, time.Minute)
			if got := s.lasting(20*time.Minute, false, dark); len(got) != 0 {
				t.Errorf("after a power cut told %v", addressees(got))
			}
		})
	}
}

// An answer holds the other messages back; "1" silences the siren and the county
// learns whose it was. Strangers and other words are let go.
func TestAnAnswerBySMS(t *testing.T) {
	s := village(t)
	s.lasting(5*time.Minute, false, fine)
	var got []notify.Message
	for len(got) == 0 {
		s.read(dark)
		s.pass(time.Second)
		s.look()
		s.j.Reach(false)
		if err := s.j.Save(false); err != nil {
			t.Fatal(err)
		}
		if m, ok := s.j.NextMessage(); ok { // the first of the three
			got = append(got, m)
			s.j.Sent(m, nil)
		}
	}
	if siren, _ := s.j.Outputs(); !siren {
		t.Fatal("no siren half a minute after the power went")
	}
	for _, r := range []notify.Reply{
		{From: "8613900000009", Text: "1", At: s.wall}, {From: "8613800000001", Text: "退订", At: s.wall},
		{From: "8613800000002", Text: "1", At: s.wall},                     // who was not told yet
		{From: "8613800000001", Text: "1", At: s.wall.Add(-2 * time.Hour)}, // to an older one
	} {
		s.j.Reply(r)
		if siren, _ := s.j.Outputs(); !siren {
			t.Errorf("%+v silences the siren", r)
		}
	}
	s.j.Reply(notify.Reply{From: "8613800000001", Text: " 1 ", At: s.wall})
	if siren, beacon := s.j.Outputs(); siren || !beacon {
		t.Errorf("after the answer siren %v, beacon %v", siren, beacon)
	}
	if more := s.second(false, nil); len(more) != 0 {
		t.Errorf("told %v although it was answered", addressees(more))
	}
	if alarms, _ := s.j.Show(); len(alarms) != 1 || alarms[0].AnsweredBy != "其其格" || !alarms[0].BySMS {
		t.Errorf("the page shows %+v", alarms)
	}
	last := s.said[len(s.said)-1].Event
	if last.Name != wire.EventAlarmSilenced || last.Detail["by"] != "SMS, 其其格" {
		t.Errorf("the county learns of %+v", last)
	}
	// He did not come: a quarter of an hour later the others are told.
	if later := s.lasting(16*time.Minute, false, dark); !slices.Equal(addressees(later), []string{"巴图", "Sarah"}) {
		t.Errorf("afterwards told %v", addressees(later))
	}
}

// A modem that fails is tried again, ever more rarely; a number that is none is
// not; a restart at every second changes neither and doubles nothing.
func TestTriesOutliveRestarts(t *testing.T) {
	for name, restarts := range map[string]bool{"one run": false, "restarts": true} {
		t.Run(name, func(t *testing.T) {
			s := village(t)
			s.o.Telling.Who = s.o.Telling.Who[:2]
			s.start()
			s.lasting(5*time.Minute, false, fine)
			none := &notify.Error{Class: notify.BadRecipient, Err: errors.New("no such number")}
			var tries []string
			began := s.wall
			for i := range 600 {
				if i%60 == 0 {
					s.read(dark)
				}
				s.pass(time.Second)
				s.look()
				s.j.Reach(false)
				if err := s.j.Save(false); err != nil {
					t.Fatal(err)
				}
				for {
					m, ok := s.j.NextMessage()
					if !ok {
						break
					}
					var err error
					switch {
					case m.To.Name == "巴图":
						err = none
					case s.wall.Sub(began) < 2*time.Minute:
						err = errors.New("no network")
					}
					tries = append(tries, fmt.Sprint(m.To.Name, " ", s.wall.Sub(began).Round(5*time.Second), " ", err == nil))
					s.j.Sent(m, err)
				}
				if restarts && i%7 == 0 {
					s.restart(false, 0)
				}
			}
			want := []string{"其其格 30s false", "巴图 30s false", "其其格 45s false", "其其格 1m15s false", "其其格 2m15s true"}
			if !slices.Equal(tries, want) {
				t.Errorf("tries %q; want %q", tries, want)
			}
		})
	}
}

// A note goes out only when a restart would know of it; a disk that takes
// nothing holds it up for ten seconds.
func TestANoteIsWrittenDownBeforeItIsSent(t *testing.T) {
	s := village(t)
	s.lasting(5*time.Minute, false, fine)
	s.read(dark)
	for range 31 {
		s.pass(time.Second)
		s.look()
		s.j.Reach(false)
	}
	if _, ok := s.j.NextMessage(); ok {
		t.Fatal("a message that no restart would know of")
	}
	if err := s.j.Save(false); err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(s.o.File)
	if _, ok := s.j.NextMessage(); err != nil || !ok || !strings.Contains(string(state), `"phone":"8613800000001"`) {
		t.Errorf("written down (%v) and not sent", err)
	}
	s = village(t)
	s.lasting(5*time.Minute, false, fine)
	s.read(dark)
	waited := 0
	for ok := false; !ok && waited < 60; waited++ { // nothing is ever written down
		s.pass(time.Second)
		s.look()
		s.j.Reach(false)
		_, ok = s.j.NextMessage()
	}
	if waited != 40 {
		t.Errorf("without a disk sent after %d s; want ten more than thirty", waited)
	}
}

// What comes and goes is not told each time, one person gets so many an hour, and
// what waited goes together.
func TestACapAndADigest(t *testing.T) {
	s := village(t)
	s.o.Telling.Who, s.o.Telling.PerHour = s.o.Telling.Who[:1], 1
	s.start()
	s.lasting(5*time.Minute, false, fine)
	var got []notify.Message
	for range 5 { // the supply flickers
		got = append(got, s.lasting(time.Minute, false, dark)...)
		got = append(got, s.lasting(2*time.Minute, false, fine)...)
	}
	if len(got) != 1 {
		t.Fatalf("a supply that flickers for a quarter of an hour was told %d times", len(got))
	}
	both := map[sensors.PointID]float64{air: 9, core: 2, mains: 0}
	for range 40 {
		got = append(got, s.lasting(time.Minute, false, both)...)
	}
	if len(got) != 1 {
		t.Errorf("%d messages within an hour; the cap is one", len(got))
	}
	got = append(got, s.lasting(30*time.Minute, false, both)...)
	if len(got) != 2 || !strings.HasPrefix(got[1].Short, "2个报警：") || len(got[1].Alarms) != 2 || notify.UCS2(got[1].Short) > 70 {
		t.Errorf("after the hour: %d messages, the newest %+v", len(got), got[len(got)-1])
	}
}

// What is over before anybody was told is not told.
func TestWhatIsOverIsNotTold(t *testing.T) {
	s := village(t)
	s.lasting(5*time.Minute, true, fine)
	s.lasting(45*time.Second, false, dark) // and a minute until it is believed to be back
	if got := s.lasting(30*time.Minute, false, fine); len(got) != 0 {
		t.Errorf("told %v of a power cut of less than a minute", addressees(got))
	}
}
