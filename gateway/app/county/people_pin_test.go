package county

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/gateway/pin"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// pinRig is an office whose clock the test sets, with an alarm that is waiting.
type pinRig struct {
	*deskRig
	view  view
	clock time.Time
	alarm string
}

func newPINs(t *testing.T) *pinRig {
	r := &pinRig{deskRig: newDesk(t, 1, false), clock: time.Now()}
	r.staff()
	r.office.now = func() time.Time { return r.clock }
	r.view = view{state: r.db, hub: r.hub, office: r.office}
	a := warm("site-0")
	r.raise(a)
	r.alarm = alerting.AlarmID(a.Rule, a.Object, a.Start)
	return r
}

func (r *pinRig) step(name string, p pin.PIN, device string) error {
	return r.view.TakeStep(r.t.Context(), r.alarm, web.Actor{Name: name, Via: "token", PIN: p, Device: device}, duty.OnTheWay, "", time.Time{})
}

func (r *pinRig) choose(by, id string, old, fresh pin.PIN) error {
	return r.SetPIN(r.t.Context(), web.Actor{Name: by, Via: "token", PIN: old, Device: "d"}, id, fresh)
}

// wantCode checks why something was refused, in both languages.
func wantCode(t *testing.T, err error, code string) *web.Refused {
	t.Helper()
	var r *web.Refused
	if !errors.As(err, &r) || r.Code != code || r.ZH == "" || r.EN == "" {
		t.Fatalf("%v (%+v), want %s", err, r, code)
	}
	return r
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestANameOfTheRosterIsProvedByItsPIN: chosen by the person first; then nobody
// answers under the name without it. Names that nobody has need none.
func TestANameOfTheRosterIsProvedByItsPIN(t *testing.T) {
	r := newPINs(t)
	wantCode(t, r.step("库管0", "", "d"), web.PINUnset)
	wantCode(t, r.choose("库管0", "keeper-0", "", "1111"), "pin-simple")
	wantCode(t, r.choose("库管0", "keeper-0", "", "47"), "pin-form")
	ok(t, r.choose("库管0", "keeper-0", "", "4711"))
	wantCode(t, r.choose("库管0", "keeper-0", "", "5822"), web.PINNeeded) // the first one is the person's to choose, not the second
	wantCode(t, r.step("库管0", "", "d"), web.PINNeeded)
	wantCode(t, r.step("keeper-0", "4712", "d"), web.PINWrong)
	answers, err := r.db.AnswersTo(t.Context(), r.alarm)
	if err != nil || len(answers) != 0 {
		t.Fatalf("answered without the PIN: %+v, %v", answers, err)
	}
	ok(t, r.step("库管0", "4711", "d"))
	ok(t, r.step("过路人", "", "d"))
	answers, err = r.db.AnswersTo(t.Context(), r.alarm)
	if steps := answers[r.alarm].Steps; err != nil || len(steps) != 3 || steps[1].Person != "keeper-0" || steps[2].Person != "过路人 (token)" {
		t.Errorf("%+v, %v", answers, err)
	}
	rows, err := r.db.Audit(t.Context(), state.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rows, func(a state.AuditRow) bool { return a.Action == "alarm.step" && a.Actor.ID == "keeper-0" })
	if i < 0 || !strings.Contains(rows[i].Detail, `"device":"d"`) {
		t.Errorf("the audit does not name the device: %+v", rows)
	}
	for _, row := range rows {
		if strings.Contains(row.Detail, "4711") || strings.Contains(row.Detail, "argon2") {
			t.Errorf("the audit holds a PIN or its hash: %+v", row)
		}
	}
}

// TestWrongPINsHaveToWait: longer each time, said with the moment and with who
// can help; the right one does not count meanwhile. The person's own device goes
// on.
func TestWrongPINsHaveToWait(t *testing.T) {
	r := newPINs(t)
	ok(t, r.choose("库管0", "keeper-0", "", "4711"))
	ok(t, r.step("库管0", "4711", "hers"))
	for range 2 {
		said := wantCode(t, r.step("库管0", "0001", ""), web.PINWrong)
		if !strings.Contains(said.ZH, "那日苏") || !strings.Contains(said.EN, "那日苏") {
			t.Errorf("nobody is named who can help: %s / %s", said.ZH, said.EN)
		}
	}
	for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		said := wantCode(t, r.step("库管0", "0001", "another each time"+wait.String()), web.PINWait)
		until := r.clock.Add(wait).In(r.location).Format("15:04:05")
		if !strings.Contains(said.ZH, until) || !strings.Contains(said.ZH, "那日苏") {
			t.Errorf("%s does not say %s and who can help", said.ZH, until)
		}
		wantCode(t, r.step("库管0", "4711", "stranger"), web.PINWait)
		ok(t, r.step("库管0", "4711", "hers"))
		// The file's clock is the machine's: the wait is counted from its time.
		r.clock = time.Now().Add(wait + time.Second)
	}
	ok(t, r.step("库管0", "4711", "stranger"))
	wantCode(t, r.step("库管0", "0001", ""), web.PINWait) // what is known now is one device
}

// TestWhoResetsAPIN: a manager or who is on duty at the county, by the own PIN;
// the person then chooses anew. Nobody else, unless nobody else could.
func TestWhoResetsAPIN(t *testing.T) {
	r, ctx := newPINs(t), t.Context()
	forget := func(by string, p pin.PIN, id string) error {
		return r.ForgetPIN(ctx, web.Actor{Name: by, Via: "token", PIN: p, Device: "d"}, id)
	}
	ok(t, r.choose("库管0", "keeper-0", "", "4711"))
	ok(t, forget("管口令的人", "", "keeper-0")) // nobody in the roster could
	ok(t, r.choose("库管0", "keeper-0", "", "4711"))
	ok(t, r.choose("那日苏", "narisu", "", "2580"))
	wantCode(t, forget("管口令的人", "", "keeper-0"), "may-not")
	wantCode(t, forget("库管0", "4711", "narisu"), "may-not")
	wantCode(t, forget("那日苏", "", "keeper-0"), web.PINNeeded)
	wantCode(t, forget("那日苏", "2581", "keeper-0"), web.PINWrong)
	ok(t, forget("那日苏", "2580", "keeper-0"))
	wantCode(t, r.step("库管0", "4711", "d"), web.PINUnset)
	ok(t, r.choose("那日苏", "keeper-0", "2580", "5822")) // or sets one
	ok(t, r.step("库管0", "5822", "d"))
	if err := forget("那日苏", "2580", "nobody"); !errors.Is(err, web.ErrNotFound) {
		t.Errorf("%v", err)
	}
	ok(t, forget("管口令的人", "", "narisu")) // the only one who could has forgotten his own
	p, err := r.People(ctx)
	if err != nil || !slices.Equal(p.PINs, []string{"keeper-0"}) {
		t.Errorf("%v, %v", p.PINs, err)
	}
}

// TestTheQueueIsLookedAt: by a proved name; the page then has who said what.
func TestTheQueueIsLookedAt(t *testing.T) {
	r, ctx := newPINs(t), t.Context()
	ok(t, r.choose("那日苏", "narisu", "", "2580"))
	a := warm("site-0")
	a.Start = a.Start.Add(-48 * time.Hour)
	a.ID, a.Class, a.State, a.Raised, a.Returned, a.LastSeen = alerting.AlarmID(a.Rule, a.Object, a.Start), alerting.Late, alerting.ReturnedUnacknowledged, time.Now(), a.Start.Add(time.Hour), a.Start.Add(time.Hour)
	if _, err := r.db.Apply(ctx, tester, []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: a.Raised}}); err != nil {
		t.Fatal(err)
	}
	r.changed()
	queue := func() []web.Alarm {
		t.Helper()
		out, err := r.view.Queue(ctx, 10)
		ok(t, err)
		return out
	}
	if got := queue(); len(got) != 1 || got[0].ID != a.ID {
		t.Fatalf("%+v", got)
	}
	by := web.Actor{Name: "那日苏", Via: "token", Device: "d"}
	wantCode(t, r.view.LookAt(ctx, a.ID, by, "看过"), web.PINNeeded)
	by.PIN = "2580"
	wantCode(t, r.view.LookAt(ctx, r.alarm, by, "看过"), string(state.ErrInvalid)) // it is live
	ok(t, r.view.LookAt(ctx, a.ID, by, "看过"))
	if got := queue(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	filled := []web.Alarm{{Alarm: a}}
	ok(t, r.fill(ctx, filled))
	if l := filled[0].Looked; l == nil || l.By != "那日苏" || l.Note != "看过" || l.Grown {
		t.Errorf("%+v", l)
	}
}

// TestASignatureIsSomebodyOfTheRoster: else one person could close and sign.
func TestASignatureIsSomebodyOfTheRoster(t *testing.T) {
	r := newPINs(t)
	wantCode(t, r.view.Sign(t.Context(), r.alarm, web.Actor{Name: "过路人", Via: "token"}), string(state.ErrSecondPerson))
	wantCode(t, r.view.Sign(t.Context(), r.alarm, web.Actor{Name: "那日苏", Via: "token"}), web.PINUnset)
}

// TestAForwardedLinkAsksForThePIN: whom it was for may choose the first one
// there; whoever else opens it answers under the own name, or not at all.
func TestAForwardedLinkAsksForThePIN(t *testing.T) {
	r, ctx := newPINs(t), t.Context()
	const key = "raised/x/keeper-0"
	i := duty.Intent{Key: key, Kind: "raised", Person: "keeper-0", At: time.Now(), Channels: []string{"hook"},
		Covers: []duty.Cover{{Alarm: r.alarm, Rule: alerting.HighLimit, Object: "site-0/room/air", Level: alerting.Excursion}}}
	if _, err := r.db.AddIntents(ctx, tester, []state.Outgoing{{Intent: i}}); err != nil {
		t.Fatal(err)
	}
	link := func(name string, p pin.PIN) web.Actor { return web.Actor{Name: name, Via: "link", PIN: p} }
	m, err := r.Message(ctx, key)
	if err != nil || !m.First || !slices.Equal(m.Names, []string{"库管0", "那日苏"}) {
		t.Fatalf("%+v, %v", m, err)
	}
	wantCode(t, r.AnswerMessage(ctx, key, link("", ""), duty.OnTheWay), web.PINUnset)
	ok(t, r.ChoosePIN(ctx, key, link("那日苏", "2580"))) // not his link: nothing is changed
	wantCode(t, r.AnswerMessage(ctx, key, link("那日苏", "2580"), duty.OnTheWay), web.PINUnset)
	ok(t, r.ChoosePIN(ctx, key, link("库管0", "4711")))
	ok(t, r.ChoosePIN(ctx, key, link("库管0", "0099"))) // there is one: it stays
	if m, err := r.Message(ctx, key); err != nil || m.First {
		t.Errorf("%+v, %v", m, err)
	}
	wantCode(t, r.AnswerMessage(ctx, key, link("库管0", "0099"), duty.OnTheWay), web.PINWrong)
	ok(t, r.AnswerMessage(ctx, key, link("库管0", "4711"), duty.OnTheWay))
	if m, err := r.Message(context.Background(), key); err != nil || len(m.Answered) != 2 || m.Answered[1].By != "库管0" {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestBookingTakesThePIN: a name of the roster books goods by its PIN; a program
// that calls itself something else goes on as before.
func TestBookingTakesThePIN(t *testing.T) {
	r := newPINs(t)
	ok(t, r.choose("库管0", "keeper-0", "", "4711"))
	g, err := newGoods(r.office.cfg, newUsage(r.office.cfg, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	ok(t, err)
	g.state, g.usage.state, g.usage.now = r.db, r.db, r.office.now
	g.usage.judging = func(func(*engine.Engine) error) error { return nil }
	ok(t, g.all(t.Context(), heard{}, told{}, nil))
	r.view.goods = g
	book := func(name string, p pin.PIN, id string) error {
		_, err := r.view.CreateBatch(t.Context(), web.Actor{Name: name, Via: "token", PIN: p, Device: "d"}, "k"+id, batch.Batch{ID: id, Product: "羊肉"}, "site-0/room", time.Time{}, "")
		return err
	}
	wantCode(t, book("库管0", "", "A"), web.PINNeeded)
	wantCode(t, book("keeper-0", "4712", "A"), web.PINWrong)
	if _, err := r.db.Batch(t.Context(), "A"); !errors.Is(err, state.ErrNotFound) {
		t.Fatalf("booked without the PIN: %v", err)
	}
	ok(t, book("库管0", "4711", "A"))
	ok(t, book("配货程序", "", "B"))
	_, err = r.view.MoveBatch(t.Context(), web.Actor{Name: "库管0", Via: "token", Device: "d"}, "m", "A", web.Move{})
	wantCode(t, err, web.PINNeeded)
	wantCode(t, r.view.Enter(t.Context(), web.Actor{Name: "库管0", Via: "token", Device: "d"}, "v", "A", batch.Verdict{Decision: batch.Rejected, Reason: "x"}), web.PINNeeded)
	rows, err := r.db.Audit(t.Context(), state.AuditFilter{Object: "A"})
	if err != nil || len(rows) != 1 || rows[0].Actor.ID != "keeper-0" {
		t.Errorf("%+v %v", rows, err)
	}
}
