package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"coldchain/gateway/intake"
	"coldchain/gateway/pin"
)

// Intake books lists of batches.
type Intake interface {
	// Import books the rows of a list in their order and tells how many are done
	// after some of them. Rows that cannot be booked are in the report and hold
	// up no other. The same list under the same key is booked once. An error is
	// of the whole: whoever acts may not, or the books cannot be written; what was
	// booked before stays.
	Import(ctx context.Context, by Actor, key string, rows []intake.Row, tell func(done int)) (ImportReport, error)
}

// ImportReport is what came of a list.
type ImportReport struct {
	Created int              `json:"created"`
	Already int              `json:"already"` // were there, and the same
	Refused []intake.Refusal `json:"refused"` // by line
}

// importForm is what is sent with a list.
type importForm struct {
	who   actorInput
	check bool // only read it and say what is wrong
	list  intake.List
	given bool
}

// importProgress is one line of the answer while rows are booked.
type importProgress struct {
	Done int `json:"done"`
	Of   int `json:"of"`
}

// importEnd is its last line.
type importEnd struct {
	Now    stamp         `json:"now"`
	Rows   int           `json:"rows"`
	Report *ImportReport `json:"report,omitempty"`
	Error  *apiError     `json:"error,omitempty"` // it broke off; what is in the report stands
}

// importBatches books a list: a form with actor, pin, check and, last, the file.
// The answer is lines of JSON, the last of which is an importEnd; an answer
// without one broke off, and the same list may be sent under the same key.
func (s *Server) importBatches(w http.ResponseWriter, r *http.Request) {
	form, key, err := s.readImport(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	report := ImportReport{Refused: form.list.Refused}
	out := &ndjson{w: w, c: http.NewResponseController(w), within: writeWithin}
	rows := form.list.Rows
	if !form.check && len(rows) > 0 {
		booked, err := s.deps.Intake.Import(r.Context(), form.who.by(r), key, rows, func(done int) { out.write(importProgress{done, len(rows)}) })
		if err != nil && !out.begun {
			s.fail(w, r, stateError(err, "批次", "such batch"))
			return
		}
		report.Created, report.Already = booked.Created, booked.Already
		report.Refused = append(report.Refused, booked.Refused...)
		if err != nil {
			out.write(importEnd{stamp(s.opt.Now()), len(rows), &report, s.brokenOff(err)})
			return
		}
	}
	if report.Refused == nil {
		report.Refused = []intake.Refusal{}
	}
	out.write(importEnd{stamp(s.opt.Now()), len(rows), &report, nil})
}

func (s *Server) brokenOff(err error) *apiError {
	var e *apiError
	if errors.As(stateError(err, "批次", "such batch"), &e) {
		return e
	}
	s.opt.Logger.Error("an import broke off", "err", err)
	return &apiError{Code: "internal", ZH: "导入中断了，请把同一份表格再传一次", EN: "the import broke off; send the same list again"}
}

func (s *Server) readImport(w http.ResponseWriter, r *http.Request) (form importForm, key string, err error) {
	if key, err = requestKey(r); err != nil {
		return form, "", err
	}
	r.Body = http.MaxBytesReader(w, r.Body, intake.MaxSize+maxBody)
	parts, err := r.MultipartReader()
	if err != nil {
		return form, "", badInput("请用表单上传：actor、pin、file", "send a form (multipart/form-data) with actor, pin and file")
	}
	location, err := time.LoadLocation(s.deps.County.Timezone)
	if err != nil {
		return form, "", fmt.Errorf("timezone: %w", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = form.take(part, location)
		}
		if err != nil {
			return form, "", importError(err)
		}
	}
	if !form.given {
		return form, "", badInput("没有收到表格（file）", "there is no list (file)")
	}
	for _, row := range form.list.Rows {
		if err := reaches(r, row.Zone); err != nil {
			return form, "", err
		}
	}
	return form, key, form.who.check(!form.check)
}

func (f *importForm) take(part *multipart.Part, location *time.Location) error {
	if name := part.FormName(); name == "file" {
		if f.given {
			return badInput("一次只传一份表格", "send one list at a time")
		}
		f.given = true
		var err error
		f.list, err = intake.Read(part, location)
		return err
	}
	text, err := io.ReadAll(io.LimitReader(part, 200))
	if err != nil {
		return err
	}
	switch part.FormName() {
	case "actor":
		f.who.Actor = string(text)
	case "pin":
		f.who.PIN = pin.PIN(text)
	case "check":
		f.check = string(text) == "true"
	default:
		return badInput("表单里不认识 "+clip(part.FormName()), "the form has a field that is not known: "+clip(part.FormName()))
	}
	return nil
}

func importError(err error) error {
	var p *intake.Problem
	var e *apiError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &e):
		return err
	case errors.As(err, &p):
		return badInput(p.ZH, p.EN)
	case errors.As(err, &large):
		return &apiError{http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("表格超过 %d MiB，请分成几份", intake.MaxSize>>20), fmt.Sprintf("the list is larger than %d MiB; divide it", intake.MaxSize>>20)}
	}
	return badInput("表格没有收完整，请重传", "the list did not arrive whole; send it again")
}

// ndjson writes lines of JSON, each at once.
type ndjson struct {
	w      http.ResponseWriter
	c      *http.ResponseController
	within time.Duration
	begun  bool
}

// write sends a line. Whether somebody reads it is not its business: the request
// ends with who sent it.
func (n *ndjson) write(v any) {
	if !n.begun {
		n.begun = true
		h := n.w.Header()
		h.Set("Content-Type", "application/x-ndjson; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // a proxy that gathers would hide the progress
	}
	body, err := json.Marshal(v)
	if err != nil {
		return // our own types
	}
	_ = n.c.SetWriteDeadline(time.Now().Add(n.within)) // not every writer has one
	_, _ = n.w.Write(append(body, '\n'))
	_ = n.c.Flush()
}

// importTemplate is an empty list to fill in.
func (s *Server) importTemplate(w http.ResponseWriter, r *http.Request) {
	if err := onlyParams(r, "format"); err != nil {
		s.fail(w, r, err)
		return
	}
	format := r.URL.Query().Get("format")
	if format != "" && format != "xlsx" && format != "csv" {
		s.fail(w, r, badInput("format 只能是 xlsx 或 csv", "format must be xlsx or csv"))
		return
	}
	kind, name := "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "batches.xlsx"
	if format == "csv" {
		kind, name = "text/csv; charset=utf-8", "batches.csv"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if err := intake.Template(w, format != "csv"); err != nil {
		s.opt.Logger.Error("write the import's template", "err", err)
	}
}
