package web

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"coldchain/gateway/report"
)

// Filing is who reviewed and who sent a report. Whoever acts is named by the
// request.
type Filing interface {
	// Marks returns what was done about the report of a kind whose period begins at
	// from; nil where nothing was.
	Marks(ctx context.Context, kind report.Kind, from time.Time) (reviewed, sent *report.Answer, err error)
	// MarkReport records a step, reviewed or sent. The same again changes nothing.
	// A *Refused says why not.
	MarkReport(ctx context.Context, by Actor, kind report.Kind, from time.Time, step, note string) error
}

type filedJSON struct {
	By   string `json:"by"`
	At   stamp  `json:"at"`
	Note string `json:"note"`
}

func filedOf(a *report.Answer) *filedJSON {
	if a == nil {
		return nil
	}
	return &filedJSON{a.By, stamp(a.At), a.Note}
}

// filingAnswer is how the newest monthly report that is drafted stands.
type filingAnswer struct {
	Now   stamp  `json:"now"`
	From  string `json:"from"` // the period's first day
	To    string `json:"to"`   // and its last
	Ready stamp  `json:"ready"`
	Due   stamp  `json:"due"`
	// State is draft, reviewed or sent; Late says that it should have been sent.
	State    string     `json:"state"`
	Late     bool       `json:"late"`
	Reviewed *filedJSON `json:"reviewed"`
	Sent     *filedJSON `json:"sent"`
	PDF      bool       `json:"pdf"` // reports can be had as PDF
}

func (s *Server) filing(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	return s.filed(r.Context())
}

func (s *Server) filed(ctx context.Context) (filingAnswer, error) {
	from, to, due, err := report.Drafted(s.opt.Now(), s.local())
	if err != nil {
		return filingAnswer{}, err
	}
	reviewed, sent, err := s.deps.Filing.Marks(ctx, report.Monthly, from)
	if err != nil {
		return filingAnswer{}, fmt.Errorf("how the monthly report stands: %w", err)
	}
	out := filingAnswer{Now: stamp(s.opt.Now()), From: from.Format(time.DateOnly), To: to.AddDate(0, 0, -1).Format(time.DateOnly), Ready: stamp(to), Due: stamp(due), State: "draft",
		Late: sent == nil && !s.opt.Now().Before(due), Reviewed: filedOf(reviewed), Sent: filedOf(sent), PDF: s.deps.ReportPDF != nil}
	switch {
	case sent != nil:
		out.State = "sent"
	case reviewed != nil:
		out.State = "reviewed"
	}
	return out, nil
}

type reportStepInput struct {
	From string `json:"from"`
	Step string `json:"step"`
	Note string `json:"note"`
	actorInput
}

// markReport takes a step about the report that is drafted now: the request says
// which one it saw.
func (s *Server) markReport(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	var in reportStepInput
	if err := readBody(r, &in, false); err != nil {
		return nil, err
	}
	if kind := r.PathValue("kind"); kind != string(report.Monthly) {
		return nil, notFound("只有月通报要审核和报送", "only the monthly report is reviewed and sent")
	}
	if in.Step != "reviewed" && in.Step != "sent" {
		return nil, badInput("step 只能是 reviewed（已审核）或 sent（已报送）", "step must be reviewed or sent")
	}
	if err := firstError(checkText("note", in.Note, 200, false), in.check(true)); err != nil {
		return nil, err
	}
	from, _, _, err := report.Drafted(s.opt.Now(), s.local())
	if err != nil {
		return nil, err
	}
	if in.From != from.Format(time.DateOnly) {
		return nil, conflict("现在出稿的是从 "+from.Format(time.DateOnly)+" 开始的月通报", "the monthly report that is drafted now begins on "+from.Format(time.DateOnly))
	}
	if err := s.deps.Filing.MarkReport(r.Context(), in.by(r), report.Monthly, from, in.Step, in.Note); err != nil {
		return nil, stateError(err, "月通报", "monthly report")
	}
	return s.filed(r.Context())
}
