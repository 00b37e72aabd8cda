package evidence

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/state"
)

// Input is what a certificate is made of.
type Input struct {
	// Document is what the caller has gathered. Format, Chart, Table and Audit are
	// filled in by Build.
	Document Document
	Courses  []Course // of the frozen readings, see ReadFrozen
	// Logs are the values of the loggers' files that the exposure names, by their
	// sum, in order of time.
	Logs map[string][]exposure.Sample
	// Rows are the batch's rows of the audit, Head the chain's end, read after them.
	Rows []state.AuditRow
	Head state.AuditHead
}

// A number is also the name of a file and of what is frozen.
var numberForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$`)

// Build puts a certificate together: in one order, with its chart and its rows
// of the audit. It refuses a document that contradicts itself, with a sentence
// for each contradiction.
func Build(in Input) (Document, error) {
	d := in.Document
	d.Format = Format
	d.Made = d.Made.UTC().Truncate(time.Millisecond)
	order(&d)
	d.Chart = chartOf(d.Exposure.Intervals, in.Courses)
	zone, err := time.LoadLocation(d.County.Zone)
	if err != nil || d.County.Zone == "" {
		return Document{}, fmt.Errorf("certificate %.80q: the county's time zone %q is not known", d.Number, d.County.Zone)
	}
	d.Table = tableOf(d.Exposure.Intervals, in.Courses, zone)
	d.Imported = loggerRows(d.Exposure.Intervals, in.Logs, zone)
	d.Audit = auditOf(in.Rows, in.Head)
	if err := check(d); err != nil {
		return Document{}, fmt.Errorf("certificate %.80q: %w", d.Number, err)
	}
	return d, nil
}

// order makes one document of whatever order the caller read things in, and
// empty lists of those that are not there.
func order(d *Document) {
	byTime := func(a, b time.Time) int { return a.Compare(b) }
	d.Parties = list(d.Parties, func(a, b Party) int {
		return cmp.Or(cmp.Compare(rank(a.Role), rank(b.Role)), strings.Compare(a.Name, b.Name))
	})
	d.Profile.Limits = list(d.Profile.Limits, nil)
	d.Standards = list(d.Standards, func(a, b Standard) int { return strings.Compare(a.Number, b.Number) })
	d.Places = list(d.Places, func(a, b Place) int { return strings.Compare(a.Zone, b.Zone) })
	d.Exposure.Intervals = list(d.Exposure.Intervals, func(a, b exposure.Interval) int { return byTime(a.From, b.From) })
	d.Alarms = list(d.Alarms, func(a, b Alarm) int { return cmp.Or(byTime(a.Start, b.Start), strings.Compare(a.ID, b.ID)) })
	for i := range d.Alarms {
		d.Alarms[i].Steps = list(d.Alarms[i].Steps, func(a, b Step) int { return byTime(a.At, b.At) })
	}
	d.Handovers = list(d.Handovers, func(a, b batch.Handover) int { return byTime(a.At, b.At) })
	d.Documents = list(d.Documents, func(a, b batch.Document) int {
		return cmp.Or(byTime(a.Date, b.Date), strings.Compare(a.Number, b.Number))
	})
	d.Inspections = list(d.Inspections, func(a, b batch.Inspection) int {
		return cmp.Or(byTime(a.At, b.At), strings.Compare(a.Item, b.Item))
	})
	d.Links = list(d.Links, func(a, b batch.Link) int {
		return cmp.Or(byTime(a.At, b.At), strings.Compare(a.Parent+"\n"+a.Child, b.Parent+"\n"+b.Child))
	})
	d.Verdicts = list(d.Verdicts, func(a, b batch.Verdict) int { return cmp.Compare(a.Version, b.Version) })
	d.Probes = list(d.Probes, func(a, b Probe) int { return strings.Compare(a.Point, b.Point) })
	d.Methods = list(d.Methods, func(a, b Method) int { return strings.Compare(a.Name, b.Name) })
	d.Readings.Ranges = list(d.Readings.Ranges, nil)
}

// list is a sorted copy that is never nil: null and [] would sign differently.
func list[T any](of []T, by func(a, b T) int) []T {
	out := append([]T{}, of...)
	if by != nil {
		slices.SortStableFunc(out, by)
	}
	return out
}

func rank(r Role) int { return slices.Index([]Role{Owner, Keeper, Carrier}, r) }

// check collects what contradicts itself.
func check(d Document) error {
	var wrong []error
	bad := func(format string, a ...any) { wrong = append(wrong, fmt.Errorf(format, a...)) }
	if !numberForm.MatchString(d.Number) {
		bad("want a number of letters, digits, dots, hyphens and underscores, at most 80")
	}
	switch {
	case d.Version < 1:
		bad("version %d: want 1 and up", d.Version)
	case d.Version > 1 && d.Supersedes == nil:
		bad("version %d does not say what it supersedes", d.Version)
	case d.Version == 1 && d.Supersedes != nil:
		bad("the first version supersedes nothing")
	}
	if s := d.Supersedes; s != nil && (s.Version != d.Version-1 || len(s.SHA256) != 64 || s.Reason == "") {
		bad("what it supersedes needs the version before, its SHA-256 and a reason")
	}
	if d.Made.IsZero() || d.By == "" {
		bad("it does not say when it was made and by whom")
	}
	if d.Batch.Code == "" || d.Batch.Product == "" {
		bad("the batch has no code or no product")
	}
	if d.Exposure.Batch != d.Batch.Code {
		bad("the exposure is of batch %q, the certificate of %q", d.Exposure.Batch, d.Batch.Code)
	}
	if len(d.Exposure.Intervals) == 0 {
		bad("it has no stay: the batch lay nowhere")
	}
	checkStays(d, bad)
	checkLogs(d, bad)
	for i, v := range d.Verdicts {
		if v.Batch != d.Batch.Code || v.Version != i+1 {
			bad("verdict %d: want version %d of %q, it is version %d of %q", i+1, i+1, d.Batch.Code, v.Version, v.Batch)
		}
	}
	for _, r := range brokenRows(d.Audit) {
		bad("audit: %s", r)
	}
	return errors.Join(wrong...)
}

// checkLogs looks that what loggers' files say is here.
func checkLogs(d Document, bad func(string, ...any)) {
	for _, i := range d.Exposure.Intervals {
		for _, l := range i.Imported {
			if !slices.ContainsFunc(d.Imported, func(r LoggerRow) bool { return r.Batch == l.Batch && r.Number == l.Number }) {
				bad("logger file %d of %s has %d values in %s, and none of them is here", l.Number, l.Batch, l.Summary.Points, i.Zone)
			}
		}
	}
}

// checkStays holds the exposure against the readings that were frozen for it.
func checkStays(d Document, bad func(string, ...any)) {
	for n, i := range d.Exposure.Intervals {
		name := fmt.Sprintf("stay %d in %s", n+1, i.Zone)
		if !i.To.After(i.From) {
			bad("%s does not end after it begins", name)
		}
		if i.Kind == exposure.Unmonitored || i.Summary.Points == 0 {
			continue
		}
		frozen := slices.ContainsFunc(d.Readings.Ranges, func(r Range) bool {
			return r.Point == i.Point && r.From.Before(i.To) && r.To.After(i.From)
		})
		if !frozen {
			bad("%s uses %d readings of %q, and none of that time are frozen", name, i.Summary.Points, i.Point)
		}
	}
}
