package county

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/notify"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
)

// letters is a mailbox that refuses whom it is told to.
type letters struct {
	refuses map[string]bool
	sent    []notify.Message
}

func (l *letters) Notify(_ context.Context, m notify.Message) (notify.Receipt, error) {
	if l.refuses[m.To.Email] {
		return notify.Receipt{}, errors.New("451 busy")
	}
	l.sent = append(l.sent, m)
	return notify.Receipt{ID: "1"}, nil
}

// TestTheMonthlyReportIsSentOnceItWasReviewed plays the days from the 22nd: what is
// drafted waits for a person; what is reviewed goes to each address once, also when
// one of them does not take it at first; then it is marked, with the audit.
func TestTheMonthlyReportIsSentOnceItWasReviewed(t *testing.T) {
	zone := time.FixedZone("CST", 8*60*60)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, zone)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	box := &letters{refuses: map[string]bool{"b@example.com": true}}
	drawn := 0
	m := &reportMail{to: []string{"a@example.com", "b@example.com"}, mailbox: box, filed: db, zone: zone, now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler),
		draw: func(_ context.Context, day, _ time.Time) (string, notify.File, error) {
			drawn++
			return "冷链月通报", notify.File{Name: day.Format(time.DateOnly) + ".pdf", Type: "application/pdf", Body: []byte("%PDF")}, nil
		}}
	look := func(wantErr string) {
		t.Helper()
		if err := m.look(t.Context()); (err == nil) != (wantErr == "") || err != nil && !strings.Contains(err.Error(), wantErr) {
			t.Errorf("%s: %v, want %q", now, err, wantErr)
		}
	}
	look("")
	if len(box.sent) != 0 || drawn != 0 {
		t.Fatal("a draft was sent")
	}
	from, _, due, err := report.Drafted(now, zone)
	if err != nil || from.Format(time.DateOnly) != "2026-10-22" || due.In(zone).Format(time.DateTime) != "2026-11-24 00:00:00" {
		t.Fatalf("%s %s %v", from, due, err)
	}
	officer := state.Actor{Kind: state.Person, ID: "qin"}
	if err := db.MarkReport(t.Context(), officer, string(report.Monthly), from, state.ReportReviewed, ""); err != nil {
		t.Fatal(err)
	}
	look("to b@example.com: 451 busy")
	look("") // not again at once
	if len(box.sent) != 1 || box.sent[0].Files[0].Name != "2026-10-22.pdf" || box.sent[0].To.Email != "a@example.com" || drawn != 1 {
		t.Fatalf("%+v, drawn %d times", box.sent, drawn)
	}
	now = now.Add(time.Minute)
	look("451")
	now = now.Add(time.Minute)
	look("") // after two failures it is two minutes
	box.refuses = nil
	now = now.Add(time.Minute)
	look("")
	if len(box.sent) != 2 || box.sent[1].To.Email != "b@example.com" {
		t.Fatalf("%+v", box.sent)
	}
	marks, err := db.ReportMarks(t.Context(), string(report.Monthly), from)
	if err != nil || len(marks) != 2 || marks[1].Step != state.ReportSent || marks[1].By != "report" || !strings.Contains(marks[1].Note, "a@example.com, b@example.com") {
		t.Fatalf("%+v %v", marks, err)
	}
	now = now.Add(24 * time.Hour)
	look("")
	if len(box.sent) != 2 {
		t.Error("it was sent again")
	}
	// Next month's is another one.
	now = time.Date(2026, 12, 22, 9, 0, 0, 0, zone)
	look("")
	if len(box.sent) != 2 {
		t.Error("a draft was sent")
	}
}

// The program cannot review for a person.
func TestTheProgramDoesNotReview(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	from := time.Date(2026, 10, 22, 0, 0, 0, 0, time.UTC)
	if err := db.MarkReport(t.Context(), mailer, "monthly", from, state.ReportReviewed, ""); !errors.Is(err, state.ErrSecondPerson) {
		t.Error(err)
	}
	if err := db.MarkReport(t.Context(), mailer, "monthly", from, state.ReportSent, ""); !errors.Is(err, state.ErrStale) {
		t.Error(err)
	}
}
