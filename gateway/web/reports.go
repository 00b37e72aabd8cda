package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"coldchain/alerting/wording"
	"coldchain/gateway/report"
)

// Reports makes the papers of the county.
type Reports interface {
	// Daily is a site's record of the day that has a moment in it; an unknown
	// site is report.ErrNoSite.
	Daily(ctx context.Context, site string, day, now time.Time) (report.DailyRecord, error)
	// Summary is the county's report whose period has a moment in it.
	Summary(ctx context.Context, kind report.Kind, day, now time.Time) (report.Summary, error)
	// Shipment is what one batch went through; of one that is not there the error
	// is ErrNotFound.
	Shipment(ctx context.Context, batch string, now time.Time) (report.Shipment, error)
	// Trip is one trip of a truck, and Load the shipments of all that was aboard;
	// of one that is not there the error is ErrNotFound. They are asked where
	// Deps.Trips is there.
	Trip(ctx context.Context, id string, now time.Time) (report.TripReport, error)
	Load(ctx context.Context, id string, now time.Time) (report.Load, error)
}

// ReportPDF draws a sheet as PDF.
type ReportPDF func(w io.Writer, s report.Sheet) error

// reportQuestion is what a request for a report asks.
type reportQuestion struct {
	kind     report.Kind
	site     string
	batch    string // of a shipment
	trip     string // of a trip or load
	day      time.Time
	format   string
	language wording.Language
}

func (s *Server) reportQuestion(r *http.Request) (q reportQuestion, err error) {
	if err := onlyParams(r, "site", "batch", "trip", "date", "format", "lang"); err != nil {
		return q, err
	}
	get := r.URL.Query().Get
	q = reportQuestion{kind: report.Kind(r.PathValue("kind")), site: get("site"), batch: get("batch"), trip: get("trip"), format: get("format"), language: wording.LanguageOf(get("lang"))}
	ofTrip := s.deps.Trips != nil && (q.kind == report.OfTrip || q.kind == report.OfLoad)
	if q.kind != report.OfShipment && !ofTrip && !slices.Contains(report.Kinds(), q.kind) {
		return q, notFound("没有这种报表："+clip(string(q.kind))+"（有 daily、weekly、monthly、half-year、shipment、trip、load）", "there is no such report: "+clip(string(q.kind))+" (there are daily, weekly, monthly, half-year, shipment, trip, load)")
	}
	if q.format == "" {
		q.format = "html"
	}
	formats := []string{"html", "xlsx", "json"}
	if s.deps.ReportPDF != nil {
		formats = append(formats, "pdf")
	}
	if !slices.Contains(formats, q.format) {
		return q, badInput(fmt.Sprintf("format 只能是 %v", formats), fmt.Sprintf("format must be one of %v", formats))
	}
	if lang := get("lang"); lang != "" && lang != "zh" && lang != "en" {
		return q, badInput("lang 只能是 zh 或 en", "lang must be zh or en")
	}
	if ofTrip || q.trip != "" {
		switch {
		case !ofTrip || q.site != "" || q.batch != "" || get("date") != "":
			return q, badInput("trip（行程）只用于 trip 和 load，而它们只要 trip", "trip belongs to the reports trip and load, and they take nothing else")
		case !tripID.MatchString(q.trip):
			return q, badInput("要给出 trip（行程号）："+clip(q.trip), "this report needs a trip: "+clip(q.trip))
		}
		return q, nil
	}
	if shipment := q.kind == report.OfShipment; shipment || q.batch != "" {
		switch {
		case !shipment || q.site != "" || get("date") != "":
			return q, badInput("batch（批次）只用于 shipment，而 shipment 只要 batch", "batch belongs to a shipment, and a shipment takes nothing else")
		case !batchID.MatchString(q.batch):
			return q, badInput("shipment 要给出 batch（批次号）："+clip(q.batch), "a shipment needs a batch: "+clip(q.batch))
		}
		return q, nil
	}
	if (q.kind == report.Daily) != (q.site != "") {
		return q, badInput("daily 要给出 site（站点），其他报表是全旗县的，不要给 site", "daily needs a site; the other reports are of the whole county and take none")
	}
	zone, err := time.LoadLocation(s.deps.County.Timezone)
	if err != nil {
		return q, fmt.Errorf("timezone: %w", err)
	}
	now := s.opt.Now()
	q.day = now
	if date := get("date"); date != "" {
		if q.day, err = time.ParseInLocation(time.DateOnly, date, zone); err != nil {
			return q, badInput("date 应写成 2026-11-23", "write the date like 2026-11-23")
		}
	}
	if from, _, err := q.kind.Period(q.day, zone); err != nil || from.After(now) || q.day.Before(now.Add(-maxReportAge)) {
		return q, badInput("date 不能在将来，也不能早于 5 年前", "date must not lie in the future or more than 5 years back")
	}
	return q, nil
}

// maxReportAge is how far back a report may reach.
const maxReportAge = 5 * 366 * 24 * time.Hour

// report makes a paper and gives it out in the form that was asked for.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	q, err := s.reportQuestion(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	made, err := s.make(r.Context(), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if q.format == "json" {
		writeJSON(w, http.StatusOK, made)
		return
	}
	s.writeSheet(w, r, made.Sheet(q.language), q.format, report.Bar{})
}

// writeSheet draws a sheet in a form, html if none is named.
func (s *Server) writeSheet(w http.ResponseWriter, r *http.Request, sheet report.Sheet, format string, bar report.Bar) {
	// Drawn whole before the first byte leaves, so that half a paper is none.
	var out bytes.Buffer
	h := w.Header()
	var err error
	switch format {
	case "html", "":
		nonce := rand.Text()
		script := ""
		if bar.Print != "" {
			script = "script-src 'nonce-" + nonce + "'; "
		}
		h.Set("Content-Security-Policy", "default-src 'none'; "+script+"style-src 'nonce-"+nonce+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("Content-Type", "text/html; charset=utf-8")
		err = report.HTMLWith(&out, sheet, nonce, bar)
	case "xlsx":
		h.Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		h.Set("Content-Disposition", `attachment; filename="`+sheet.Stem+`.xlsx"`)
		err = report.XLSX(&out, sheet)
	case "pdf":
		h.Set("Content-Type", "application/pdf")
		h.Set("Content-Disposition", `inline; filename="`+sheet.Stem+`.pdf"`)
		err = s.deps.ReportPDF(&out, sheet)
	}
	if err != nil {
		h.Del("Content-Disposition")
		s.fail(w, r, err)
		return
	}
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes()) // who goes away in the middle has been told by his own side
}

func (s *Server) make(ctx context.Context, q reportQuestion) (made report.Report, err error) {
	now := s.opt.Now()
	switch q.kind {
	case report.OfShipment:
		if made, err = s.deps.Reports.Shipment(ctx, q.batch, now); err != nil {
			return nil, stateError(err, "批次 "+q.batch, "batch "+q.batch)
		}
	case report.OfTrip:
		if made, err = s.deps.Reports.Trip(ctx, q.trip, now); err != nil {
			return nil, storeError(stateError(err, "行程 "+q.trip, "trip "+q.trip))
		}
	case report.OfLoad:
		if made, err = s.deps.Reports.Load(ctx, q.trip, now); errors.Is(err, report.ErrTooMany) {
			return nil, badInput("这次行程的批次太多，请逐批打印运输报告", "this trip carried too many batches: ask for the shipment of each")
		} else if err != nil {
			return nil, storeError(stateError(err, "行程 "+q.trip, "trip "+q.trip))
		}
	case report.Daily:
		made, err = s.deps.Reports.Daily(ctx, q.site, q.day, now)
	default:
		made, err = s.deps.Reports.Summary(ctx, q.kind, q.day, now)
	}
	if errors.Is(err, report.ErrNoSite) {
		return nil, notFound("没有这个站点："+clip(q.site), "there is no such site: "+clip(q.site))
	}
	if err != nil {
		return nil, storeError(fmt.Errorf("report %s: %w", q.kind, err))
	}
	return made, nil
}
