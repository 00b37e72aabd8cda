package web

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// Audit looks through what was changed, by whom.
type Audit interface {
	// SearchAudit returns at most q.Limit entries, newest first, and q.Before of the
	// rest; 0 when there is none. It may find fewer, or nothing, and still have a rest:
	// one look passes over a bounded stretch.
	SearchAudit(ctx context.Context, q AuditQuery) (found []AuditEntry, next int64, err error)
}

// AuditQuery narrows a look; its zero fields mean all.
type AuditQuery struct {
	Before   int64 // only entries with a lower number
	Who      string
	Action   string // its beginning
	Object   string
	From, To time.Time
	Limit    int // always positive
}

// AuditEntry is one change of state.
type AuditEntry struct {
	Seq    int64
	At     time.Time
	Kind   string // person, token or system
	Who    string
	Action string // "noun.verb"
	Object string
	Detail string // canonical JSON
	Hash   []byte
}

// Calibrations says until when the probes of the county are calibrated.
type Calibrations interface {
	// Calibrations lists every point that gateways have named in their inventories.
	Calibrations(ctx context.Context) ([]Calibration, error)
}

// Calibration is when the validity of a point's newest calibration ends.
type Calibration struct {
	Point   string
	Gateway string
	Device  string
	Until   time.Time // zero: it has none, or its gateway does not say
}

// The bounds of a look through the audit.
const (
	auditPage    = 100
	maxAuditPage = 500
	maxAuditText = 100 // characters of a filter
)

// deskRoutes are those of who answers for the county.
func (s *Server) deskRoutes(add func(string, methods), read func(apiFunc) methods) {
	if s.deps.Audit != nil {
		add("/api/v1/audit", methods{"GET": s.api(s.audit)})
	}
	if s.deps.Calibrations != nil {
		add("/api/v1/calibrations", read(s.calibrations))
	}
}

type auditJSON struct {
	Seq    int64           `json:"seq"`
	At     stamp           `json:"at"`
	Kind   string          `json:"kind"`
	Who    string          `json:"who"`
	Action string          `json:"action"`
	Object string          `json:"object"`
	Detail json.RawMessage `json:"detail"`
	Hash   string          `json:"hash"`
}

type auditAnswer struct {
	Now     stamp       `json:"now"`
	Entries []auditJSON `json:"entries"`
	Next    *int64      `json:"next"` // before= of what is older; null at the end
}

func (s *Server) audit(r *http.Request) (any, error) {
	q, err := auditQuery(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.deps.Audit.SearchAudit(r.Context(), q)
	if err != nil {
		return nil, err
	}
	list := make([]auditJSON, 0, len(found))
	for _, e := range found {
		detail := json.RawMessage(e.Detail)
		if !json.Valid(detail) {
			detail = json.RawMessage("null") // a damaged row must not hide the others
		}
		list = append(list, auditJSON{e.Seq, stamp(e.At), e.Kind, plainText(e.Who), plainText(e.Action), plainText(e.Object), detail, hex.EncodeToString(e.Hash)})
	}
	var rest *int64
	if next > 0 {
		rest = &next
	}
	return auditAnswer{stamp(s.opt.Now()), list, rest}, nil
}

func auditQuery(r *http.Request) (q AuditQuery, err error) {
	if err := onlyParams(r, "before", "who", "action", "object", "from", "to", "limit"); err != nil {
		return q, err
	}
	get := r.URL.Query().Get
	if text := get("before"); text != "" {
		if q.Before, err = strconv.ParseInt(text, 10, 64); err != nil || q.Before < 1 {
			return q, badInput("before 应为正整数", "before must be a positive whole number")
		}
	}
	for name, into := range map[string]*string{"who": &q.Who, "action": &q.Action, "object": &q.Object} {
		if *into = get(name); utf8.RuneCountInString(*into) > maxAuditText || plainText(*into) != *into {
			return q, badInput(name+" 最多 100 个字，不能有控制字符", name+" may have at most 100 characters, and no control characters")
		}
	}
	for name, into := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if text := get(name); text != "" {
			if *into, err = parseTime(name, text); err != nil {
				return q, err
			}
		}
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, badInput("from 必须早于 to", "from must be before to")
	}
	q.Limit, err = wholeNumber(r, "limit", auditPage, maxAuditPage)
	return q, err
}

type calibrationJSON struct {
	Point   string `json:"point"`
	Gateway string `json:"gateway"`
	Device  string `json:"device"`
	Until   stamp  `json:"until"` // null: none, or the gateway does not say
}

type calibrationsAnswer struct {
	Now    stamp             `json:"now"`
	Points []calibrationJSON `json:"points"`
}

func (s *Server) calibrations(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	found, err := s.deps.Calibrations.Calibrations(r.Context())
	if err != nil {
		return nil, err
	}
	list := make([]calibrationJSON, 0, len(found))
	for _, c := range found {
		list = append(list, calibrationJSON{plainText(c.Point), plainText(c.Gateway), plainText(c.Device), stamp(c.Until)})
	}
	return calibrationsAnswer{stamp(s.opt.Now()), list}, nil
}
