package duty

import (
	"fmt"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// Filing is how the county's report stands that was drafted last.
type Filing struct {
	Period   string    // its first day, "2026-10-22"
	Ready    time.Time // when it was drafted: local midnight
	Due      time.Time // before this it has to be sent
	Reviewed bool
	Sent     bool
}

// reportSubject begins the subject of what is said of a report.
const reportSubject = "report/"

// AboutReport reports whether a trouble is about a report that was not sent, and
// the first day of which.
func AboutReport(i Intent) (period string, is bool) {
	return strings.CutPrefix(i.Subject, reportSubject)
}

// filings reminds those who review of a report that was drafted: on its morning,
// and on the next one if nobody has reviewed it by then. Nobody is woken for it.
// What was not sent in time is told as a trouble of this system.
func (e *evaluation) filings() {
	f := e.s.Filing
	if f == nil || f.Sent {
		return
	}
	morning := func(of time.Time, day int) time.Time { return e.s.Plan.Morning.At.at(of.In(e.s.Location), day) }
	for _, p := range e.people { // who sleeps is told when he is up
		if d := e.today[p.ID]; !d.changes.IsZero() {
			e.reached(d.changes)
		}
	}
	if e.reached(morning(f.Due, 0)) {
		// Once for each person: no news of it comes later.
		e.trouble(reportSubject+f.Period, "report-late/"+f.Period, nil, f.Due, "")
		return
	}
	if f.Reviewed {
		return
	}
	day := 2
	for day > 0 && !e.reached(morning(f.Ready, day-1)) {
		day--
	}
	if day == 0 {
		return
	}
	for _, p := range e.reviewers() {
		key := fmt.Sprintf("report/%s/%d/%s", f.Period, day, p.ID)
		if e.has(p, key) || !e.mayBeTold(p, false) {
			continue
		}
		if channels := e.channels(p, e.s.Plan.Warning, false); len(channels) > 0 {
			e.out = append(e.out, Intent{Key: key, Kind: notify.Review, Level: alerting.Warning, Person: p.ID, At: e.now, Take: 1, Subject: f.Period, Channels: channels})
		}
	}
}

// reviewers are who reviews reports: the quality officers, and where a county has
// none its managers.
func (e *evaluation) reviewers() (out []Person) {
	for _, role := range []Role{Quality, Manager} {
		for _, p := range e.people {
			if p.Has(role) {
				out = append(out, p)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// unsent is the alarm about a report that was not sent in time.
func (f *Filing) unsent(now time.Time) (alerting.Alarm, bool) {
	if f == nil || f.Sent || now.Before(f.Due) {
		return alerting.Alarm{}, false
	}
	return alerting.Alarm{ID: alerting.AlarmID(ReportLate, "county", f.Due), Rule: ReportLate, Object: "county", Level: alerting.Warning,
		Class: alerting.Live, State: alerting.Unacknowledged, Start: f.Due, Raised: f.Due, LastSeen: f.Due}, true
}
