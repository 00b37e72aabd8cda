package web

import (
	"context"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The bounds of a question about operations.
const (
	gapsOver      = 7 * 24 * time.Hour // what /operations adds up
	maxQuarantine = 200
	maxGaps       = 500
	maxExcerpt    = 160 // characters shown of a refused message
)

// Operations tells how the county's own machinery is.
type Operations interface {
	// Report is the whole of it; gaps are those that touch from..to, events the
	// newest since from, also those that a clock has put into the future. It
	// waits at most some seconds for a store that does not answer.
	Report(ctx context.Context, from, to time.Time) (OperationsReport, error)
	// Quarantine returns the newest limit entries, newest first.
	Quarantine(ctx context.Context, limit int) ([]QuarantineEntry, error)
	// Gaps returns at most f.Limit declared gaps, newest first.
	Gaps(ctx context.Context, f GapFilter) ([]DeclaredGap, error)
}

// OperationsReport is the county's machinery at one moment.
type OperationsReport struct {
	Gateways   []GatewayReport
	Sources    []SourceReport
	Quarantine []QuarantineCount
	Gaps       []GapTotal
	Events     []GatewayEntry // newest first
	Store      StoreReport
	Backup     *BackupReport // nil: never
	Retention  RetentionReport
}

// GatewayReport is what is known of the box at a site. A nil field is
// something that this gateway's program, or this collector, does not tell.
type GatewayReport struct {
	Gateway
	OfflineSince time.Time // zero while online
	Version      string
	Boot         string
	Clock        string // "gnss", "ntp", "rtc", "none"; empty: not told
	Backlog      *uint64
	BytesToday   *uint64
	BytesPerDay  *uint64  // the budget
	SkewS        *float64 // its clock less the county's, seconds; below 0 also by what a record is on its way
	Depth        *uint64  // records its journal reaches back, delivered or not
}

// QuarantineCount is what was refused for one reason since the county began.
type QuarantineCount struct {
	Reason                   string
	Total, Repeated, Dropped int64
}

// QuarantineEntry is something that was kept apart. Its texts are whatever a
// hostile sender chose.
type QuarantineEntry struct {
	At, LastAt      time.Time
	Seen            int
	Gateway, Topic  string
	Epoch, Sequence string // decimal; Sequence is empty when there is none
	Point           string
	Reason, Detail  string
	Payload         []byte // its beginning
	PayloadSize     int
}

// GapFilter narrows a list of gaps.
type GapFilter struct {
	Site     string // empty: all
	From, To time.Time
	Limit    int // always positive
}

// DeclaredGap is a stretch of time that a gateway says it has no readings of.
type DeclaredGap struct {
	Site, Gateway, Scope, Cause string
	From, To                    time.Time
	Readings                    uint64 // dropped; 0 also when it does not know
}

// GapTotal is what was declared missing for one cause.
type GapTotal struct {
	Cause                    string
	Gaps, Gateways, Readings int64
	Length                   time.Duration
}

// GatewayEntry is something that a gateway has journaled about itself, as a
// step of its clock. Its texts are the gateway's.
type GatewayEntry struct {
	At                  time.Time
	Site, Gateway, Name string
	Detail              map[string]string
}

// StoreReport is the store of readings. An empty Failure is a healthy one.
type StoreReport struct{ Kind, Failure string }

// BackupReport is the newest verified copy of the county's state.
type BackupReport struct {
	At    time.Time
	Where string
}

type gatewayReportJSON struct {
	gatewayJSON
	OfflineSince stamp    `json:"offline_since"`
	Version      string   `json:"version,omitempty"`
	Boot         string   `json:"boot,omitempty"`
	Clock        string   `json:"clock,omitempty"`
	Backlog      *uint64  `json:"backlog,omitempty"`
	BytesToday   *uint64  `json:"bytes_today,omitempty"`
	BytesPerDay  *uint64  `json:"bytes_per_day,omitempty"`
	SkewS        *float64 `json:"skew_s,omitempty"`
	Depth        *uint64  `json:"depth,omitempty"`
}

type quarantineCountJSON struct {
	Reason   string `json:"reason"`
	Total    int64  `json:"total"`
	Repeated int64  `json:"repeated"`
	Dropped  int64  `json:"dropped"`
}

type gapTotalJSON struct {
	Cause    string  `json:"cause"`
	Gaps     int64   `json:"gaps"`
	Gateways int64   `json:"gateways"`
	Readings int64   `json:"readings"`
	LengthS  float64 `json:"length_s"`
}

type entryJSON struct {
	At      stamp             `json:"at"`
	Site    string            `json:"site"`
	Gateway string            `json:"gateway"`
	Name    string            `json:"name"`
	Detail  map[string]string `json:"detail"`
}

type storeJSON struct {
	Kind    string `json:"kind"`
	OK      bool   `json:"ok"`
	Failure string `json:"failure,omitempty"`
}

type backupJSON struct {
	At    stamp  `json:"at"`
	Where string `json:"where"`
}

type operationsAnswer struct {
	Now        stamp                 `json:"now"`
	Health     string                `json:"health"` // "ok", or what has stopped
	Gateways   []gatewayReportJSON   `json:"gateways"`
	Sources    []sourceReportJSON    `json:"sources"`
	Quarantine []quarantineCountJSON `json:"quarantine"`
	GapsFrom   stamp                 `json:"gaps_from"`
	Gaps       []gapTotalJSON        `json:"gaps"`
	Events     []entryJSON           `json:"events"`
	Store      storeJSON             `json:"store"`
	Backup     *backupJSON           `json:"backup"`
	Retention  retentionJSON         `json:"retention"`
}

func (s *Server) operations(r *http.Request) (any, error) {
	if err := s.hasOperations(r); err != nil {
		return nil, err
	}
	now := s.opt.Now()
	from := now.Add(-gapsOver)
	report, err := s.deps.Operations.Report(r.Context(), from, now)
	if err != nil {
		return nil, err
	}
	out := operationsAnswer{stamp(now), "ok", s.gatewayReports(report.Gateways), sourceReports(report.Sources), []quarantineCountJSON{}, stamp(from), []gapTotalJSON{}, []entryJSON{},
		storeJSON{report.Store.Kind, report.Store.Failure == "", report.Store.Failure}, nil, report.Retention.json()}
	if err := s.deps.Health.Health(); err != nil {
		out.Health = err.Error()
	}
	for _, q := range report.Quarantine {
		out.Quarantine = append(out.Quarantine, quarantineCountJSON(q))
	}
	for _, g := range report.Gaps {
		out.Gaps = append(out.Gaps, gapTotalJSON{g.Cause, g.Gaps, g.Gateways, g.Readings, g.Length.Seconds()})
	}
	for _, e := range report.Events {
		detail := map[string]string{}
		for key, text := range e.Detail {
			detail[plainText(key)] = plainText(text)
		}
		out.Events = append(out.Events, entryJSON{stamp(e.At), e.Site, e.Gateway, plainText(e.Name), detail})
	}
	if report.Backup != nil {
		out.Backup = &backupJSON{stamp(report.Backup.At), report.Backup.Where}
	}
	return out, nil
}

// gatewayReports lists those of the configuration, in its order, with or
// without anything known of them, and then others that have been heard of.
func (s *Server) gatewayReports(known []GatewayReport) []gatewayReportJSON {
	by := map[string]GatewayReport{}
	for _, g := range known {
		by[g.Name] = g
	}
	out := []gatewayReportJSON{}
	add := func(g GatewayReport) {
		out = append(out, gatewayReportJSON{gatewayOf(g.Gateway), stamp(g.OfflineSince), g.Version, g.Boot, g.Clock,
			g.Backlog, g.BytesToday, g.BytesPerDay, g.SkewS, g.Depth})
		delete(by, g.Name)
	}
	for _, site := range s.deps.County.Sites {
		if site.Gateway == "" {
			continue
		}
		g, ok := by[site.Gateway]
		if !ok {
			g = GatewayReport{Gateway: Gateway{Name: site.Gateway, Site: site.ID}}
		}
		add(g)
	}
	for _, g := range known {
		if _, left := by[g.Name]; left {
			add(g)
		}
	}
	return out
}

// hasOperations refuses parameters that the route does not know, and everything
// where the county's machinery is not connected.
func (s *Server) hasOperations(r *http.Request, params ...string) error {
	if s.deps.Operations == nil {
		return notFound("这个采集程序没有运维信息", "this collector tells nothing of its operations")
	}
	return onlyParams(r, params...)
}

// wholeNumber reads a parameter from 1 to most.
func wholeNumber(r *http.Request, name string, otherwise, most int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badInput(name+" 应为 1 到 "+strconv.Itoa(most)+" 的整数", name+" must be a whole number from 1 to "+strconv.Itoa(most))
	}
	return n, nil
}

type quarantineJSON struct {
	At          stamp  `json:"at"`
	LastAt      stamp  `json:"last_at"`
	Seen        int    `json:"seen"`
	Gateway     string `json:"gateway"`
	Topic       string `json:"topic"`
	Epoch       string `json:"epoch,omitempty"`
	Sequence    string `json:"sequence,omitempty"`
	Point       string `json:"point,omitempty"`
	Reason      string `json:"reason"`
	Detail      string `json:"detail"`
	Excerpt     string `json:"excerpt"`
	PayloadSize int    `json:"payload_size"`
}

type quarantineAnswer struct {
	Now     stamp            `json:"now"`
	Entries []quarantineJSON `json:"entries"`
}

func (s *Server) quarantine(r *http.Request) (any, error) {
	if err := s.hasOperations(r, "limit"); err != nil {
		return nil, err
	}
	limit, err := wholeNumber(r, "limit", 50, maxQuarantine)
	if err != nil {
		return nil, err
	}
	found, err := s.deps.Operations.Quarantine(r.Context(), limit)
	if err != nil {
		return nil, err
	}
	list := make([]quarantineJSON, 0, len(found))
	for _, e := range found {
		list = append(list, quarantineJSON{stamp(e.At), stamp(e.LastAt), e.Seen, plainText(e.Gateway), plainText(e.Topic), e.Epoch, e.Sequence,
			plainText(e.Point), e.Reason, plainText(e.Detail), excerpt(e.Payload), e.PayloadSize})
	}
	return quarantineAnswer{stamp(s.opt.Now()), list}, nil
}

// plainText takes out of foreign text what could draw over a page or a
// terminal: control characters and marks that turn the writing direction.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// excerpt is the beginning of a message for people: its text, or its bytes.
func excerpt(payload []byte) string {
	begin := payload[:min(len(payload), 4*maxExcerpt)]
	for cut := 0; cut < utf8.UTFMax && len(begin) > 0 && !utf8.Valid(begin); cut++ {
		begin = begin[:len(begin)-1] // the last character may be cut through
	}
	readable := len(begin) > 0 && utf8.Valid(begin) && !strings.ContainsFunc(string(begin), func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) })
	if !readable {
		return hex.EncodeToString(payload[:min(len(payload), maxExcerpt/2)])
	}
	text := []rune(plainText(strings.Join(strings.Fields(string(begin)), " ")))
	return string(text[:min(len(text), maxExcerpt)])
}

type gapJSON struct {
	Site     string `json:"site"`
	Gateway  string `json:"gateway"`
	Scope    string `json:"scope"`
	Cause    string `json:"cause"`
	From     stamp  `json:"from"`
	To       stamp  `json:"to"`
	Readings uint64 `json:"readings"`
}

type gapsAnswer struct {
	Now       stamp     `json:"now"`
	From      stamp     `json:"from"`
	To        stamp     `json:"to"`
	Gaps      []gapJSON `json:"gaps"`
	Truncated bool      `json:"truncated"`
}

func (s *Server) gaps(r *http.Request) (any, error) {
	if err := s.hasOperations(r, "site", "from", "to", "limit"); err != nil {
		return nil, err
	}
	f, err := s.gapFilter(r)
	if err != nil {
		return nil, err
	}
	limit := f.Limit
	f.Limit++ // one more tells whether that is all
	found, err := s.deps.Operations.Gaps(r.Context(), f)
	if err != nil {
		return nil, err
	}
	list := []gapJSON{}
	for _, g := range found[:min(len(found), limit)] {
		list = append(list, gapJSON{g.Site, g.Gateway, plainText(g.Scope), plainText(g.Cause), stamp(g.From), stamp(g.To), g.Readings})
	}
	return gapsAnswer{stamp(s.opt.Now()), stamp(f.From), stamp(f.To), list, len(found) > limit}, nil
}

func (s *Server) gapFilter(r *http.Request) (f GapFilter, err error) {
	get := r.URL.Query().Get
	if f.Site = get("site"); f.Site != "" && !s.hasSite(f.Site) {
		return f, notFound("没有这个站点："+clip(f.Site), "there is no such site: "+clip(f.Site))
	}
	f.To = s.opt.Now().UTC()
	if get("to") != "" {
		if f.To, err = parseTime("to", get("to")); err != nil {
			return f, err
		}
	}
	f.From = f.To.Add(-gapsOver)
	if get("from") != "" {
		if f.From, err = parseTime("from", get("from")); err != nil {
			return f, err
		}
	}
	switch {
	case !f.From.Before(f.To):
		return f, badInput("from 必须早于 to", "from must be before to")
	case f.To.Sub(f.From) > maxWindow:
		return f, badInput("时间范围最多 400 天", "the window may span at most 400 days")
	}
	f.Limit, err = wholeNumber(r, "limit", 100, maxGaps)
	return f, err
}

func (s *Server) hasSite(id string) bool {
	for _, site := range s.deps.County.Sites {
		if site.ID == id {
			return true
		}
	}
	return false
}
