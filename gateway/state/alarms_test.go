package state

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
)

const room = "balagong/mutton-1"

func alarmAt(start time.Time) alerting.Alarm {
	object := room + "/air"
	return alerting.Alarm{ID: alerting.AlarmID(alerting.HighLimit, object, start), Rule: alerting.HighLimit, Object: object, Zone: room,
		Level: alerting.Warning, Class: alerting.Live, State: alerting.Unacknowledged,
		Start: start, Raised: start.Add(10 * time.Minute), LastSeen: start.Add(10 * time.Minute),
		Limit: 4, Delay: 10 * time.Minute, Peak: 5, LastValue: 5, HasValue: true}
}

func raised(start time.Time) alerting.Transition {
	a := alarmAt(start)
	return alerting.Transition{Change: alerting.Raised, Alarm: a, At: a.Raised}
}

// story is what an engine tells of one excursion: raised as a warning, worse,
// an excursion, and over after an hour.
func story(start time.Time) []alerting.Transition {
	a := alarmAt(start)
	out := []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: a.Raised}}
	say := func(c alerting.Change, minutes int, peak, last float64) {
		a.LastSeen, a.Peak, a.LastValue = start.Add(time.Duration(minutes)*time.Minute), peak, last
		out = append(out, alerting.Transition{Change: c, Alarm: a, At: a.LastSeen})
	}
	say(alerting.Updated, 20, 7, 7)
	a.Level, a.Limit, a.Delay = alerting.Excursion, 6, 15*time.Minute
	say(alerting.Escalated, 30, 9.5, 9.5)
	say(alerting.Updated, 50, 9.5, 6)
	a.Returned, a.State = start.Add(time.Hour), alerting.ReturnedUnacknowledged
	say(alerting.Returned, 60, 9.5, 3)
	return out
}

func TestAlarmStateIsAFunctionOfPresenceAndAnswer(t *testing.T) {
	for _, c := range []struct {
		present, answered bool
		want              alerting.State
	}{
		{true, false, alerting.Unacknowledged},
		{true, true, alerting.Acknowledged},
		{false, false, alerting.ReturnedUnacknowledged},
		{false, true, alerting.Normal},
	} {
		db := open(t)
		s := story(noon)
		if c.present {
			s = s[:len(s)-1]
		}
		a := db.apply(t, s...)[0]
		if c.answered {
			var err error
			a, err = db.Acknowledge(t.Context(), keeper, a.ID, "门没关好", noon)
			must(t, err)
		}
		if a.State != c.want {
			t.Errorf("present %t answered %t: %s, want %s", c.present, c.answered, a.State, c.want)
		}
		listed, err := db.Alarms(t.Context(), AlarmFilter{Open: true})
		must(t, err)
		if open := len(listed) == 1; open != (c.want != alerting.Normal) {
			t.Errorf("%s: listed as open: %t", c.want, open)
		}
	}
}

func TestAlarmKeepsEveryField(t *testing.T) {
	db := open(t)
	for _, a := range []alerting.Alarm{
		alarmAt(noon),
		{ID: "s1", Rule: alerting.Silence, Object: room + "/air", Zone: room, Level: alerting.Warning, Class: alerting.Late, State: alerting.ReturnedUnacknowledged,
			Reason: "timeout", Start: noon, Raised: noon.Add(time.Minute), Returned: noon.Add(time.Hour), LastSeen: noon.Add(time.Hour), Delay: 90 * time.Second},
	} {
		db.apply(t, alerting.Transition{Change: alerting.Raised, Alarm: a, At: a.Raised})
		got, err := db.Alarm(t.Context(), a.ID)
		must(t, err)
		if got.Alarm != a {
			t.Errorf("got  %+v\nwant %+v", got.Alarm, a)
		}
	}
}

// TestReplayChangesNothing tells any part of a story again, any number of
// times and in the story's order, after the alarm was answered: nothing moves,
// not even the audit.
func TestReplayChangesNothing(t *testing.T) {
	db := open(t)
	whole := story(noon)
	for told := 1; told <= len(whole); told++ {
		start := noon.Add(time.Duration(told) * 24 * time.Hour)
		s := story(start)[:told]
		id := db.apply(t, s...)[0].ID
		_, err := db.Acknowledge(t.Context(), keeper, id, "在路上", start.Add(time.Minute))
		must(t, err)
		want, err := db.Alarm(t.Context(), id)
		must(t, err)
		head, err := db.AuditHead(t.Context())
		must(t, err)
		r := rand.New(rand.NewPCG(1, uint64(told)))
		for range 20 {
			from := r.IntN(told)
			to := from + 1 + r.IntN(told-from)
			got := db.apply(t, s[from:to]...)
			if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
				t.Fatalf("after %d steps, telling %d to %d again:\ngot  %+v\nwant %+v", told, from, to, got, want)
			}
		}
		after, err := db.AuditHead(t.Context())
		must(t, err)
		if !reflect.DeepEqual(after, head) {
			t.Errorf("a replay after %d steps wrote %d audit rows", told, after.Seq-head.Seq)
		}
	}
}

func TestStepByStepEqualsAllAtOnce(t *testing.T) {
	one, all := open(t), open(t)
	for _, s := range story(noon) {
		one.apply(t, s)
	}
	all.apply(t, story(noon)...)
	a, err := one.Alarms(t.Context(), AlarmFilter{})
	must(t, err)
	b, err := all.Alarms(t.Context(), AlarmFilter{})
	must(t, err)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestUpdatedWritesNoAuditRowTheOthersDo(t *testing.T) {
	db := open(t)
	s := story(noon)
	id := s[0].Alarm.ID
	var want []string
	for i, step := range []string{"alarm.raised", "", "alarm.escalated", "", "alarm.returned"} {
		db.apply(t, s[i])
		if step != "" {
			want = append(want, step)
		}
		if got := db.actions(t, id); !slices.Equal(got, want) {
			t.Errorf("after step %d (%s): %v, want %v", i, s[i].Change, got, want)
		}
	}
}

func TestLateDataThatMovesTheStartIsAudited(t *testing.T) {
	db := open(t)
	tr := raised(noon)
	db.apply(t, tr)
	tr.Change, tr.Alarm.Start = alerting.Updated, noon.Add(-20*time.Minute)
	a := db.apply(t, tr)[0]
	if !a.Start.Equal(tr.Alarm.Start) {
		t.Error("start is", a.Start)
	}
	if got := db.actions(t, a.ID); !slices.Equal(got, []string{"alarm.raised", "alarm.extended"}) {
		t.Error(got)
	}
}

func TestExcursionOnlyGrows(t *testing.T) {
	db := open(t)
	s := story(noon)
	db.apply(t, s...)
	weaker := s[0] // as judged again from fewer readings: a late, milder, shorter one
	weaker.Alarm.Class, weaker.Alarm.Start, weaker.Alarm.Raised = alerting.Late, noon.Add(time.Minute), noon.Add(20*time.Minute)
	weaker.Alarm.Returned, weaker.Alarm.Peak = noon.Add(30*time.Minute), 4.5
	a := db.apply(t, weaker)[0]
	last := s[len(s)-1].Alarm
	if a.Class != alerting.Live || !a.Start.Equal(noon) || !a.Raised.Equal(s[0].Alarm.Raised) || !a.Returned.Equal(last.Returned) || a.Peak != 9.5 || a.Level != alerting.Excursion || a.Limit != 6 {
		t.Errorf("%+v", a)
	}
}

func TestPeakOfALowLimitIsTheLowest(t *testing.T) {
	db := open(t)
	tr := raised(noon)
	tr.Alarm.Rule, tr.Alarm.Limit, tr.Alarm.Peak, tr.Alarm.LastValue = alerting.LowLimit, 2, -1.5, -1.5
	db.apply(t, tr)
	tr.Alarm.Peak = 1
	if a := db.apply(t, tr)[0]; a.Peak != -1.5 {
		t.Error("peak is", a.Peak)
	}
}

func TestTheAuditSaysHowLongAnAlarmWasMasked(t *testing.T) {
	db := open(t)
	tr := raised(noon)
	tr.Alarm.Masked = 25 * time.Minute
	db.apply(t, tr)
	var detail string
	if err := db.reader.QueryRow("SELECT detail FROM audit WHERE action = ?", alarmRaised).Scan(&detail); err != nil || !strings.Contains(detail, `"masked":"25m0s"`) {
		t.Errorf("audit %s: %v; want masked for 25m0s", detail, err)
	}
	if m, err := db.MaskedFor(t.Context(), tr.Alarm.ID); err != nil || m != 25*time.Minute {
		t.Errorf("read back %s, %v", m, err)
	}
	if all, err := db.MaskedOf(t.Context(), "another", tr.Alarm.ID); err != nil || len(all) != 1 || all[tr.Alarm.ID] != 25*time.Minute {
		t.Errorf("of several %v, %v", all, err)
	}
	if m, err := db.MaskedFor(t.Context(), "another"); err != nil || m != 0 {
		t.Errorf("of another alarm %s, %v", m, err)
	}
}

func TestReturnedAlarmReopensOnlyByANewerReading(t *testing.T) {
	db := open(t)
	s := story(noon)
	db.apply(t, s...)
	tr := s[3]
	tr.Alarm.LastSeen = noon.Add(time.Hour) // as new as the newest known: a replay
	if a := db.apply(t, tr)[0]; a.Returned.IsZero() {
		t.Error("a replay reopened a returned alarm")
	}
	tr.Alarm.LastSeen = noon.Add(time.Hour + time.Minute)
	a := db.apply(t, tr)[0]
	if !a.Returned.IsZero() || a.State != alerting.Unacknowledged {
		t.Errorf("a newer reading outside is hidden: %s", a.State)
	}
	if got := db.actions(t, a.ID); got[len(got)-1] != "alarm.reopened" {
		t.Error(got)
	}
}

func TestAcknowledgingTwiceIsHarmlessTheFirstStands(t *testing.T) {
	db := open(t)
	id := db.apply(t, raised(noon))[0].ID
	first, err := db.Acknowledge(t.Context(), keeper, id, "去看", noon.Add(time.Minute))
	must(t, err)
	if first.AckedBy != keeper || !first.AckedAt.Equal(noon.Add(time.Minute)) || first.Note != "去看" || first.State != alerting.Acknowledged {
		t.Errorf("%+v", first)
	}
	second, err := db.Acknowledge(t.Context(), counter, id, "别的", noon.Add(time.Hour))
	must(t, err)
	if !reflect.DeepEqual(first, second) {
		t.Errorf("the second answer changed the alarm: %+v", second)
	}
	if got := db.actions(t, id); !slices.Equal(got, []string{"alarm.raised", "alarm.acknowledged"}) {
		t.Error(got)
	}
	_, err = db.Acknowledge(t.Context(), keeper, "0123456789abcdef", "", noon)
	wantKind(t, err, ErrNotFound)
	_, err = db.Alarm(t.Context(), "0123456789abcdef")
	wantKind(t, err, ErrNotFound)
}

func TestAlarmThatGrowsMoreSeriousAsksAgain(t *testing.T) {
	db := open(t)
	s := story(noon)
	id := db.apply(t, s[:2]...)[0].ID
	_, err := db.Acknowledge(t.Context(), keeper, id, "一级", noon)
	must(t, err)
	if a := db.apply(t, s[2])[0]; a.State != alerting.Unacknowledged || a.AckedBy != keeper || a.AckedLevel != alerting.Warning {
		t.Errorf("%+v", a)
	}
	a, err := db.Acknowledge(t.Context(), counter, id, "二级", noon)
	must(t, err)
	if a.State != alerting.Acknowledged || a.AckedBy != counter || a.AckedLevel != alerting.Excursion {
		t.Errorf("%+v", a)
	}
	if a := db.apply(t, s...)[0]; a.State != alerting.Normal || a.AckedBy != counter {
		t.Errorf("after a replay: %+v", a)
	}
}

func TestAlarmThatIsNoAlarmIsRefusedWhole(t *testing.T) {
	db := open(t)
	nan := raised(noon)
	nan.Alarm.Peak = math.NaN()
	nameless := raised(noon)
	nameless.Alarm.ID = ""
	for _, bad := range []alerting.Transition{nan, nameless} {
		_, err := db.Apply(t.Context(), engine, []alerting.Transition{raised(noon.Add(time.Hour)), bad})
		wantKind(t, err, ErrInvalid)
	}
	if all, err := db.Alarms(t.Context(), AlarmFilter{}); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}

func TestAlarmsAreFilteredAndTheOpenOnesComeFirst(t *testing.T) {
	db := open(t)
	old := db.apply(t, story(noon.Add(-48*time.Hour))...)[0]
	over := db.apply(t, story(noon.Add(-24*time.Hour))...)[0]
	elsewhere := raised(noon.Add(-72 * time.Hour))
	elsewhere.Alarm.ID, elsewhere.Alarm.Zone = "elsewhere", "hq/room-1"
	db.apply(t, elsewhere)
	_, err := db.Acknowledge(t.Context(), keeper, over.ID, "", noon)
	must(t, err)
	db.mustCreate(t, "M1", room, noon.Add(-48*time.Hour))
	db.mustMove(t, "M1", "", noon.Add(-47*time.Hour-30*time.Minute))
	for name, c := range map[string]struct {
		f    AlarmFilter
		want []string
	}{
		"all":               {AlarmFilter{}, []string{old.ID, "elsewhere", over.ID}},
		"open":              {AlarmFilter{Open: true}, []string{old.ID, "elsewhere"}},
		"zone":              {AlarmFilter{Zone: room}, []string{old.ID, over.ID}},
		"since":             {AlarmFilter{Since: noon.Add(-23 * time.Hour)}, []string{"elsewhere", over.ID}},
		"limit":             {AlarmFilter{Limit: 1}, []string{old.ID}},
		"after the first":   {AlarmFilter{After: &Mark{true, old.Start, old.ID}}, []string{"elsewhere", over.ID}},
		"after the open":    {AlarmFilter{After: &Mark{true, elsewhere.Alarm.Start, "elsewhere"}}, []string{over.ID}},
		"after one of them": {AlarmFilter{After: &Mark{true, old.Start, "0"}, Limit: 1}, []string{old.ID}},
		"after the last":    {AlarmFilter{After: &Mark{false, over.Start, over.ID}}, []string{}},
		"batch":             {AlarmFilter{Batch: "M1"}, []string{old.ID}},
	} {
		got, err := db.Alarms(t.Context(), c.f)
		must(t, err)
		ids := []string{}
		for _, a := range got {
			ids = append(ids, a.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
}

// TestAlarmNamesExactlyTheBatchesThatOverlap asks SQL and batch.Overlaps the
// same question about many random custodies.
func TestAlarmNamesExactlyTheBatchesThatOverlap(t *testing.T) {
	db := open(t)
	r := rand.New(rand.NewPCG(7, 7))
	minute := func() time.Time { return noon.Add(time.Duration(r.IntN(180)-180) * time.Minute) }
	zones := []string{room, "balagong/mutton-10", "balagong-2/mutton-1"}
	for i := range 60 {
		id := "B" + string(rune('A'+i/26)) + string(rune('A'+i%26))
		at := minute()
		db.mustCreate(t, id, zones[r.IntN(3)], at)
		for range r.IntN(3) {
			at = at.Add(time.Duration(1+r.IntN(60)) * time.Minute)
			if b, _ := db.Batch(t.Context(), id); at.Before(noon) {
				if to := zones[r.IntN(3)]; to != b.Where() {
					db.mustMove(t, id, to, at)
				}
			}
		}
	}
	all, err := db.Batches(t.Context(), BatchFilter{})
	must(t, err)
	for i := range 40 {
		a := alarmAt(minute())
		if a.LastSeen = a.Start; i%3 > 0 {
			a.Returned = a.Start.Add(time.Duration(r.IntN(90)) * time.Minute)
		}
		if i%5 == 0 {
			a.ID, a.Rule, a.Object, a.Zone = alerting.AlarmID(alerting.SiteSilent, "balagong", a.Start), alerting.SiteSilent, "balagong", ""
		}
		got := db.apply(t, alerting.Transition{Change: alerting.Raised, Alarm: a})[0]
		end := a.Returned
		if end.IsZero() {
			end = noon
		}
		want, stays := []string{}, []batch.Custody{}
		in := func(zone string) bool { return zone == a.Zone || a.Zone == "" && zone[:9] == "balagong/" }
		for _, b := range all {
			for _, c := range b.Custody {
				if in(c.Zone) && c.Overlaps(a.Start, end) {
					want, stays = append(want, b.ID), append(stays, c)
				}
			}
		}
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(got.Batches, want) || len(got.Exposed) != len(stays) {
			t.Errorf("%s from %s to %s: %v (%d stays), want %v (%d)", a.Object, a.Start, a.Returned, got.Batches, len(got.Exposed), want, len(stays))
		}
		for _, e := range got.Exposed {
			if !slices.Contains(stays, e.Custody) || e.Batch.Product == "" {
				t.Errorf("stay %+v is not one of the batch's", e)
			}
		}
		if a.Zone != "" {
			in, err := db.BatchesIn(t.Context(), a.Zone, a.Start, a.Returned)
			must(t, err)
			if len(in) != len(want) {
				t.Errorf("BatchesIn gives %d batches, want %d", len(in), len(want))
			}
		}
	}
}

func TestBatchThatHadLeftOrCameAfterIsNotNamed(t *testing.T) {
	db := open(t)
	start, end := noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	db.mustCreate(t, "STAYED", room, start.Add(-time.Hour))
	db.mustCreate(t, "LEFT-AT-START", room, start.Add(-time.Hour))
	db.mustMove(t, "LEFT-AT-START", "hq/room-1", start)
	db.mustCreate(t, "LEFT-JUST-AFTER", room, start.Add(-time.Hour))
	db.mustMove(t, "LEFT-JUST-AFTER", "", start.Add(time.Millisecond))
	db.mustCreate(t, "CAME-AT-END", room, end)
	db.mustCreate(t, "CAME-AFTER", room, end.Add(time.Millisecond))
	db.mustCreate(t, "ELSEWHERE", "hq/room-1", start.Add(-time.Hour))
	a := db.apply(t, story(start)...)[0]
	if !a.Returned.Equal(end) {
		t.Fatal(a.Returned)
	}
	if want := []string{"CAME-AT-END", "LEFT-JUST-AFTER", "STAYED"}; !slices.Equal(a.Batches, want) {
		t.Errorf("%v, want %v", a.Batches, want)
	}
}

func TestLateCustodyCorrectionShows(t *testing.T) {
	db := open(t)
	db.mustCreate(t, "M1", room, noon.Add(-5*time.Hour))
	id := db.apply(t, raised(noon.Add(-time.Hour)))[0].ID
	if a, _ := db.Alarm(t.Context(), id); !slices.Equal(a.Batches, []string{"M1"}) {
		t.Error(a.Batches)
	}
	db.mustMove(t, "M1", "hq/room-1", noon.Add(-2*time.Hour)) // told now, happened before the alarm
	if a, _ := db.Alarm(t.Context(), id); len(a.Batches) != 0 {
		t.Error("a batch that had left is named:", a.Batches)
	}
}
