package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting/wording"
	"coldchain/gateway/report"
)

// Inspections are the links by which inspectors read (检查模式). Whoever makes or
// revokes one is named by the request.
type Inspections interface {
	// MakeInspection makes a link; ID, By and Made are set. A *Refused says why not.
	MakeInspection(ctx context.Context, by Actor, l Inspection) (Inspection, error)
	// Inspections returns the links that have not ended, newest first.
	Inspections(ctx context.Context) ([]Inspection, error)
	// RevokeInspection ends one now; ErrNotFound when there is none.
	RevokeInspection(ctx context.Context, by Actor, id string) error
	// OpenInspection returns a link that holds, and has it audited that it was
	// opened by a device. One that is unknown, expired or revoked is ErrNotFound.
	OpenInspection(ctx context.Context, id, device string) (Inspection, error)
	// Inspect makes what the link shows, and nothing else.
	Inspect(ctx context.Context, l Inspection, now time.Time) (report.Inspection, error)
}

// Inspection is a link: some rooms of some days, until a moment.
type Inspection struct {
	ID       string
	Zones    []string  // "site/zone"
	From, To time.Time // midnights of the county: From inside, To outside
	Until    time.Time
	By       string
	Made     time.Time
	Opened   time.Time // last; zero: never
}

// InspectionLink is the path and query of a link. Whoever holds it reads what it
// is for, until it expires or is revoked, and can change nothing.
func InspectionLink(key []byte, id string, until time.Time) string {
	e := strconv.FormatInt(until.Unix(), 10)
	return "/inspect?" + url.Values{"l": {id}, "e": {e}, "s": {inspectionSum(key, id, e)}}.Encode()
}

// inspectionSum begins with another word than that of answers: neither link is
// good for the other.
func inspectionSum(key []byte, id, expires string) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "inspect\n%d\n%s\n%s", len(id), id, expires) // never fails
	return hex.EncodeToString(h.Sum(nil))
}

type inspectionJSON struct {
	ID     string   `json:"id"`
	Zones  []string `json:"zones"`
	From   string   `json:"from"` // the first day
	To     string   `json:"to"`   // the last day
	Until  stamp    `json:"until"`
	By     string   `json:"by"`
	Made   stamp    `json:"made"`
	Opened stamp    `json:"opened"` // null: never
}

// inspectionsAnswer lists the links that hold, and inspectionLinkAnswer is a new one
// with its address, which is shown this once.
type inspectionsAnswer struct {
	Now   stamp            `json:"now"`
	Links []inspectionJSON `json:"links"`
	paging
}

type inspectionLinkAnswer struct {
	Now  stamp          `json:"now"`
	Link inspectionJSON `json:"link"`
	Path string         `json:"path"`
	URL  string         `json:"url"`
}

func (s *Server) inspectionOf(l Inspection) inspectionJSON {
	zone := s.local()
	return inspectionJSON{l.ID, l.Zones, l.From.In(zone).Format(time.DateOnly), l.To.In(zone).AddDate(0, 0, -1).Format(time.DateOnly), stamp(l.Until), l.By, stamp(l.Made), stamp(l.Opened)}
}

// local is the county's time zone; New has loaded it before.
func (s *Server) local() *time.Location {
	zone, err := time.LoadLocation(s.deps.County.Timezone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// inspections lists links without their addresses: to read does not let one in.
func (s *Server) inspections(r *http.Request) (any, error) {
	if err := onlyParams(r, "limit", "cursor"); err != nil {
		return nil, err
	}
	found, err := s.deps.Inspections.Inspections(r.Context())
	if err != nil {
		return nil, fmt.Errorf("list the links of inspectors: %w", err)
	}
	out := []inspectionJSON{}
	for _, l := range found {
		out = append(out, s.inspectionOf(l))
	}
	out, page, err := pageOf(r, out, func(l inspectionJSON) string { return l.ID })
	return inspectionsAnswer{stamp(s.opt.Now()), out, page}, err
}

type inspectionLinkInput struct {
	Zones []string `json:"zones"`
	From  string   `json:"from"`
	To    string   `json:"to"`
	Until string   `json:"until"`
	actorInput
}

func (s *Server) makeInspection(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	var in inspectionLinkInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	l := Inspection{Zones: in.Zones}
	zone := s.local()
	from, err1 := time.ParseInLocation(time.DateOnly, in.From, zone)
	to, err2 := time.ParseInLocation(time.DateOnly, in.To, zone)
	if err1 != nil || err2 != nil || to.Before(from) {
		return nil, badInput("from 和 to 是第一天和最后一天，应写成 2026-11-23", "from and to are the first and the last day; write them like 2026-11-23")
	}
	until, err := parseTime("until", in.Until)
	if err := firstError(err, in.check(true)); err != nil {
		return nil, err
	}
	if len(in.Zones) == 0 {
		return nil, badInput("zones 至少要有一个库房", "zones needs at least one room")
	}
	for _, z := range in.Zones {
		if err := s.goodsZone(z); err != nil {
			return nil, err
		}
	}
	if from.After(s.opt.Now()) {
		return nil, badInput("from 不能在将来", "from must not lie in the future")
	}
	l.From, l.To, l.Until = from, to.AddDate(0, 0, 1), until
	made, err := s.deps.Inspections.MakeInspection(r.Context(), in.by(r), l)
	if err != nil {
		return nil, stateError(err, "检查链接", "link for an inspector")
	}
	path := InspectionLink(s.opt.AnswerKey, made.ID, made.Until)
	return created{inspectionLinkAnswer{stamp(s.opt.Now()), s.inspectionOf(made), path, s.address(r) + path}}, nil
}

// address is what the page is called outside; without one in the configuration,
// as this request called it.
func (s *Server) address(r *http.Request) string {
	if s.opt.PublicURL != "" {
		return strings.TrimSuffix(s.opt.PublicURL, "/")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

func (s *Server) revokeInspection(r *http.Request) (any, error) {
	id := r.PathValue("id")
	var in actorInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if err := firstError(onlyParams(r), checkText("id", id, 64, true), in.check(true)); err != nil {
		return nil, err
	}
	if err := s.deps.Inspections.RevokeInspection(r.Context(), in.by(r), id); err != nil {
		return nil, stateError(err, "这个检查链接", "such link for an inspector")
	}
	return s.inspections(r)
}

// inspect is the page behind a link. A link that is not whole, altered, expired
// or revoked gets one and the same answer.
func (s *Server) inspect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	l, err := s.openInspection(r)
	if errors.Is(err, ErrNotFound) {
		s.noInspection(w)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	made, err := s.deps.Inspections.Inspect(r.Context(), l, s.opt.Now())
	if err != nil {
		s.fail(w, r, storeError(fmt.Errorf("inspection: %w", err)))
		return
	}
	get := r.URL.Query().Get
	language := wording.LanguageOf(get("lang"))
	s.writeSheet(w, r, made.Sheet(language), get("format"), s.inspectionBar(r, language))
}

func (s *Server) openInspection(r *http.Request) (Inspection, error) {
	q := r.URL.Query()
	id, expires := q.Get("l"), q.Get("e")
	for name, values := range q { // lang and format choose a form; the signature is over what may be read
		known := name == "l" || name == "e" || name == "s" || name == "lang" && (values[0] == "zh" || values[0] == "en") || name == "format" && s.drawn(values[0])
		if !known || len(values) != 1 {
			return Inspection{}, ErrNotFound
		}
	}
	if len(id) > 64 || len(expires) > 20 || !hmac.Equal([]byte(q.Get("s")), []byte(inspectionSum(s.opt.AnswerKey, id, expires))) {
		return Inspection{}, ErrNotFound
	}
	l, err := s.deps.Inspections.OpenInspection(r.Context(), id, deviceOf(r))
	if err != nil {
		return Inspection{}, err
	}
	if strconv.FormatInt(l.Until.Unix(), 10) != expires || !s.opt.Now().Before(l.Until) {
		return Inspection{}, ErrNotFound
	}
	return l, nil
}

// drawn reports whether a sheet can be had in a form.
func (s *Server) drawn(format string) bool {
	return format == "html" || format == "xlsx" || format == "pdf" && s.deps.ReportPDF != nil
}

func (s *Server) inspectionBar(r *http.Request, l wording.Language) report.Bar {
	with := func(name, value string) string {
		q := r.URL.Query()
		q.Del("format")
		q.Set(name, value)
		return "/inspect?" + q.Encode()
	}
	bar := report.Bar{Print: "打印", Links: []report.Link{{Text: "English", Href: with("lang", "en")}}}
	if l == wording.English {
		bar = report.Bar{Print: "Print", Links: []report.Link{{Text: "中文", Href: with("lang", "zh")}}}
	}
	if s.deps.ReportPDF != nil {
		bar.Links = append(bar.Links, report.Link{Text: "PDF", Href: with("format", "pdf")})
	}
	bar.Links = append(bar.Links, report.Link{Text: "Excel", Href: with("format", "xlsx")})
	return bar
}

// noInspection answers every link that does not hold.
func (s *Server) noInspection(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte(`<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>检查模式</title></head>
<body><h1>打不开这个链接</h1><p>链接不完整、已过期或已被撤销。请向出具链接的人再要一个。</p>
<p lang="en">This link does not open: it is not whole, has expired or was revoked. Ask whoever gave it to you for another one.</p></body></html>
`))
}
