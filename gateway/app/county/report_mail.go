package county

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
)

// filings is where it stands what was done about a report.
type filings interface {
	ReportMarks(ctx context.Context, kind string, from time.Time) ([]state.ReportMark, error)
	MarkReport(ctx context.Context, actor state.Actor, kind string, from time.Time, step state.ReportStep, note string) error
}

// reportMail sends the monthly report by e-mail once it was reviewed, and records
// that. Nil: no recipients are configured, and a person marks it as sent.
type reportMail struct {
	to      []string
	mailbox notify.Notifier
	filed   filings
	// draw makes the report that was drafted: its title and the file.
	draw func(ctx context.Context, day, now time.Time) (title string, file notify.File, err error)
	zone *time.Location
	now  func() time.Time
	log  *slog.Logger

	// Who has taken the report of a period, and how often sending failed: run's
	// own. A program that starts anew may send a letter twice, under one
	// Message-ID.
	period time.Time
	took   map[string]bool
	tries  int
	again  time.Time
}

// mailer sends reports; nobody else stands behind the mark.
var mailer = state.Actor{Kind: state.System, ID: "report"}

// reportLook is how often it is looked whether a report was reviewed.
const reportLook = time.Minute

// newReportMail is nil without recipients.
func (a *App) newReportMail(cfg config.MonthlyReport, maker report.Maker, now func() time.Time) (*reportMail, error) {
	if len(cfg.To) == 0 {
		return nil, nil
	}
	box := a.office.channels.ByName[cfg.Channel]
	if box == nil || a.cfg.Notify.Channels[cfg.Channel].Email == nil {
		return nil, fmt.Errorf("monthly_report.channel: %q is no e-mail channel of notify.channels", cfg.Channel)
	}
	return &reportMail{to: cfg.To, mailbox: box, filed: a.state, draw: drawn(maker, a.reportPDF()), zone: maker.County.Zone, now: now, log: a.log}, nil
}

// drawn makes the file: a PDF, or a workbook where the program has no font.
func drawn(maker report.Maker, pdf func(io.Writer, report.Sheet) error) func(context.Context, time.Time, time.Time) (string, notify.File, error) {
	return func(ctx context.Context, day, now time.Time) (string, notify.File, error) {
		s, err := maker.Summary(ctx, report.Monthly, day, now)
		if err != nil {
			return "", notify.File{}, err
		}
		sheet := s.Sheet(wording.Chinese)
		var out bytes.Buffer
		f := notify.File{Name: sheet.Stem + ".xlsx", Type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
		if pdf != nil {
			f.Name, f.Type = sheet.Stem+".pdf", "application/pdf"
			err = pdf(&out, sheet)
		} else {
			err = report.XLSX(&out, sheet)
		}
		f.Body = out.Bytes()
		return sheet.Title, f, err
	}
}

// run sends until ctx ends.
func (m *reportMail) run(ctx context.Context) {
	if m == nil {
		return
	}
	tick := time.NewTicker(reportLook)
	defer tick.Stop()
	for {
		if err := m.look(ctx); err != nil && ctx.Err() == nil {
			m.log.Error("the monthly report was not sent; trying again", "error", err, "try", m.tries)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look sends the report that was drafted last, if it was reviewed and not sent.
func (m *reportMail) look(ctx context.Context) error {
	now := m.now()
	from, to, _, err := report.Drafted(now, m.zone)
	if err != nil {
		return err
	}
	marks, err := m.filed.ReportMarks(ctx, string(report.Monthly), from)
	if err != nil {
		return err
	}
	var reviewed bool
	for _, x := range marks {
		reviewed = reviewed || x.Step == state.ReportReviewed
		if x.Step == state.ReportSent {
			return nil
		}
	}
	if !m.period.Equal(from) {
		m.period, m.took, m.tries, m.again = from, map[string]bool{}, 0, time.Time{}
	}
	if !reviewed || now.Before(m.again) {
		return nil
	}
	if err := m.send(ctx, from, to, now); err != nil {
		m.again = now.Add(retryIn(m.tries))
		m.tries++
		return err
	}
	return m.filed.MarkReport(ctx, mailer, string(report.Monthly), from, state.ReportSent, sentNote(m.to))
}

// send hands it to everybody who has not taken it yet.
func (m *reportMail) send(ctx context.Context, from, to, now time.Time) error {
	title, file, err := m.draw(ctx, from, now)
	if err != nil {
		return fmt.Errorf("draw the monthly report: %w", err)
	}
	text := fmt.Sprintf("%s 至 %s 的月通报见附件，已审核。\nThe monthly report of %s to %s is attached; it was reviewed.",
		from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly), from.Format(time.DateOnly), to.AddDate(0, 0, -1).Format(time.DateOnly))
	var failed []error
	for _, address := range m.to {
		if m.took[address] {
			continue
		}
		_, err := m.mailbox.Notify(ctx, notify.Message{
			Key: "monthly-report/" + from.Format(time.DateOnly) + "/" + address, Kind: notify.Review, Level: alerting.Warning, At: now,
			To: notify.Recipient{Name: address, Email: address}, Title: title, Short: title, Text: text, Files: []notify.File{file},
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("to %s: %w", address, err))
			continue
		}
		m.took[address] = true
	}
	return errors.Join(failed...)
}

// sentNote says to whom, within what a note may have.
func sentNote(to []string) string {
	note := []rune("邮件 e-mail: " + strings.Join(to, ", "))
	if len(note) > 200 {
		note = append(note[:199], '…')
	}
	return string(note)
}
