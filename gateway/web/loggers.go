package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/files"
	"coldchain/gateway/logger"
	"coldchain/gateway/pin"
	"coldchain/sensors"
)

// Attachment is a logger's file with its values of the time for which it counts.
type Attachment struct {
	batch.LoggerFile
	Values []batch.LoggerValue // in order of time
}

// loggerForm is what is sent with a logger's file.
type loggerForm struct {
	who      actorInput
	check    bool // only read it and say what was found
	from, to string
	zone     string
	ask      logger.Options
	out      batch.LoggerFile
	body     []byte
	given    bool
}

// attachLogger reads a logger's file and attaches it to a batch: a form with
// actor, pin, check, from, to, method, unit, zone, dates, column, encoding,
// replaces, reason and file. With check it only says what it finds; what the
// file leaves open is then part of the answer, with the choices.
func (s *Server) attachLogger(r *http.Request) (any, error) {
	key, err := requestKey(r)
	if err != nil {
		return nil, err
	}
	id, err := pathBatch(r)
	if err != nil {
		return nil, err
	}
	form, err := s.readLoggerForm(r)
	if err != nil {
		return nil, err
	}
	d, err := s.deps.Custody.Dossier(r.Context(), id)
	if err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	a, found, err := s.loggerRead(&form, d.Dossier)
	var open *logger.Undecided
	switch {
	case form.check && errors.As(err, &open):
		return loggerAnswer{Now: stamp(s.opt.Now()), Undecided: choicesOf(open)}, nil
	case errors.As(err, &open):
		c := choicesOf(open)
		return nil, &apiError{http.StatusUnprocessableEntity, "undecided", c.ZH + fmt.Sprintf("：请写明 %s，可选 %v", c.What, c.Choices), open.Error()}
	case err != nil:
		return nil, err
	case form.check:
		if _, err := batch.CheckLogger(d.Dossier, a.LoggerFile); err != nil {
			return nil, loggerFault(err)
		}
		return loggerAnswer{Now: stamp(s.opt.Now()), Found: found}, nil
	}
	if form.given {
		if _, err := s.deps.Files.PutLog(r.Context(), form.body); err != nil {
			return nil, fmt.Errorf("keep a logger's file: %w", err)
		}
	}
	if err := s.deps.Custody.Enter(r.Context(), form.who.by(r), key, id, a); err != nil {
		return nil, stateError(err, "批次 "+id, "batch "+id)
	}
	answer, err := s.dossierOf(r.Context(), id)
	return created{answer}, err
}

func loggerFault(err error) error {
	var f *batch.Fault
	if errors.As(err, &f) {
		return badInput(f.ZH, f.EN)
	}
	return err
}

// loggerAnswer says what was found in a file that is only looked at.
type loggerAnswer struct {
	Now       stamp          `json:"now"`
	Found     *loggerFound   `json:"found,omitempty"`
	Undecided *loggerChoices `json:"undecided,omitempty"`
}

// loggerFound is what a file holds, and what of it would count.
type loggerFound struct {
	Start  stamp            `json:"start"` // of the whole file
	End    stamp            `json:"end"`
	Points int              `json:"points"`
	Zoned  bool             `json:"zoned"` // the file says its time zone; else read_as.zone was taken
	Notes  []logger.Note    `json:"notes"`
	Counts batch.LoggerFile `json:"counts"`
}

// loggerChoices is what a file leaves open.
type loggerChoices struct {
	What    string   `json:"what"` // unit, dates, column, encoding
	ZH      string   `json:"zh"`
	EN      string   `json:"en"`
	Choices []string `json:"choices"`
}

func choicesOf(u *logger.Undecided) *loggerChoices {
	zh := map[string]string{"unit": "文件没有写明温度的单位", "dates": "分不清日期是日/月还是月/日", "column": "有几列都可能是温度", "encoding": "分不清文字的编码"}[u.What]
	return &loggerChoices{What: u.What, ZH: zh, EN: u.Why, Choices: u.Choices}
}

// loggerRead reads the file of a form and takes what lies in its time. Without a
// time it is all of it that lies after the batch first came somewhere.
func (s *Server) loggerRead(form *loggerForm, d batch.Dossier) (a Attachment, found *loggerFound, err error) {
	a.LoggerFile = form.out
	if form.check { // where it lay is said later
		a.Method = cmp.Or(a.Method, "air")
	}
	if !form.given {
		return a, nil, nil
	}
	log, err := logger.Read(bytes.NewReader(form.body), form.ask)
	var open *logger.Undecided
	if errors.As(err, &open) {
		return a, nil, err
	}
	if err != nil {
		return a, nil, badInput(unreadable(err), "this file cannot be read: "+err.Error())
	}
	sum := sha256.Sum256(form.body)
	a.File = hex.EncodeToString(sum[:])
	a.ReadAs = batch.ReadAs{Unit: string(log.Unit), Zone: form.zone, Dates: string(log.Dates), Column: clip(log.Column), Encoding: string(log.Encoding)}
	if log.Zoned {
		a.ReadAs.Zone = ""
	}
	values := valuesOf(log)
	first, last := values[0].At, values[len(values)-1].At
	if a.From, a.To, err = form.time(first, last, d); err != nil {
		return a, nil, err
	}
	for _, v := range values {
		if !v.At.Before(a.From) && !v.At.After(a.To) {
			a.Values = append(a.Values, v)
		}
	}
	batch.SumUp(&a.LoggerFile, a.Values)
	return a, &loggerFound{Start: stamp(first), End: stamp(last), Points: len(log.Readings), Zoned: log.Zoned, Notes: append([]logger.Note{}, log.Notes...), Counts: a.LoggerFile}, nil
}

// time is the time for which a file counts, cut to what the file holds.
func (form *loggerForm) time(first, last time.Time, d batch.Dossier) (from, to time.Time, err error) {
	from, to = first, last
	if len(d.Stays) > 0 && from.Before(d.Stays[0].From) {
		from = d.Stays[0].From
	}
	for text, at := range map[string]*time.Time{form.from: &from, form.to: &to} {
		if text == "" {
			continue
		}
		t, err := parseTime("from, to", text)
		if err != nil {
			return from, to, err
		}
		if at == &from && t.After(first) || at == &to && t.Before(last) {
			*at = t
		}
	}
	if !from.Before(to) {
		say := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
		return from, to, badInput("文件从 "+say(first)+" 到 "+say(last)+"，与这段时间没有重叠", "the file goes from "+say(first)+" to "+say(last)+", and has nothing in common with that time")
	}
	return from, to, nil
}

// valuesOf joins readings and lines without a value, in order of time.
func valuesOf(log logger.Log) []batch.LoggerValue {
	out := make([]batch.LoggerValue, 0, len(log.Readings)+len(log.Missing))
	missing := log.Missing
	for i := range log.Readings {
		r := &log.Readings[i]
		for len(missing) > 0 && missing[0].At.Before(r.At) {
			out = append(out, batch.LoggerValue{At: missing[0].At.UTC()})
			missing = missing[1:]
		}
		out = append(out, batch.LoggerValue{At: r.At.UTC(), C: &r.C})
	}
	for _, m := range missing {
		out = append(out, batch.LoggerValue{At: m.At.UTC()})
	}
	return out
}

func (s *Server) readLoggerForm(r *http.Request) (form loggerForm, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return form, badInput("请用表单上传：actor、pin、from、to、method、file", "send a form (multipart/form-data) with actor, pin, from, to, method and file")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = form.take(part)
		}
		var known *apiError
		if err != nil && !errors.As(err, &known) {
			err = badInput("文件没有收完整，请重传", "the file did not arrive whole; send it again")
		}
		if err != nil {
			return form, err
		}
	}
	if form.zone == "" {
		form.zone = s.deps.County.Timezone
	}
	if form.ask.Zone, err = time.LoadLocation(form.zone); err != nil || form.zone == "Local" {
		return form, badInput("时区应写 Asia/Shanghai 或 UTC 这样的名字", "the time zone is a name such as Asia/Shanghai or UTC")
	}
	if !form.given && (form.out.Replaces == 0 || form.check) {
		return form, badInput("没有收到记录仪文件（file）", "there is no logger's file (file)")
	}
	return form, form.who.check(!form.check)
}

func (form *loggerForm) take(part *multipart.Part) (err error) {
	name := part.FormName()
	if name == "file" {
		form.given, form.out.Name = true, clip(part.FileName())
		if form.body, err = io.ReadAll(io.LimitReader(part, files.MaxSize+1)); err != nil {
			return err
		}
		if len(form.body) > files.MaxSize {
			return &apiError{http.StatusRequestEntityTooLarge, "too-large", "文件超过 12 MiB，请分成几份", files.ErrTooLarge.Error() + "; divide it"}
		}
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(part, 2000))
	if err != nil {
		return err
	}
	text := string(body)
	switch name {
	case "actor":
		form.who.Actor = text
	case "pin":
		form.who.PIN = pin.PIN(text)
	case "check":
		form.check = text == "true"
	case "from":
		form.from = text
	case "to":
		form.to = text
	case "method":
		form.out.Method = text
	case "unit":
		form.ask.Unit = logger.Unit(text)
	case "zone":
		form.zone = text
	case "dates":
		form.ask.Dates = logger.Order(text)
	case "column":
		form.ask.Column = text
	case "encoding":
		form.ask.Encoding = logger.Encoding(text)
	case "reason":
		form.out.Reason = text
	case "replaces":
		if form.out.Replaces, err = strconv.Atoi(text); text != "" && (err != nil || form.out.Replaces < 1) {
			return badInput("replaces 应为要更正的那一份的号：1、2、3…", "replaces is the number of the file that was wrong: 1, 2, 3, ...")
		}
		err = nil
	default:
		return badInput("表单里不认识 "+clip(name), "the form has a field that is not known: "+clip(name))
	}
	return nil
}

// loggerBuckets is how finely the values of a file are told: a page's width.
const loggerBuckets = 600

type loggerValuesAnswer struct {
	Now    stamp            `json:"now"`
	File   batch.LoggerFile `json:"file"`
	Values envelopeJSON     `json:"values"`
}

// loggerValues tells the values of a file that was attached.
func (s *Server) loggerValues(r *http.Request) (any, error) {
	id, err := pathBatch(r)
	number, numberErr := strconv.Atoi(r.PathValue("number"))
	if err := firstError(onlyParams(r), err); err != nil {
		return nil, err
	}
	if numberErr != nil || number < 1 {
		return nil, badInput("记录仪文件的号应为 1、2、3…", "a logger file's number is 1, 2, 3, ...")
	}
	a, err := s.deps.Custody.LoggerValues(r.Context(), id, number)
	if err != nil {
		return nil, stateError(err, fmt.Sprintf("批次 %s 的第 %d 份记录仪文件", id, number), fmt.Sprintf("logger file %d of batch %s", number, id))
	}
	step, n := fitStep(a.To.Sub(a.From)+time.Millisecond, loggerBuckets, time.Duration(a.IntervalS*float64(time.Second)))
	e := newEnvelope(a.From, step, n)
	for _, v := range a.Values {
		if v.C != nil {
			e.add(sensors.NewGood("", v.At, *v.C))
		}
	}
	return loggerValuesAnswer{stamp(s.opt.Now()), a.LoggerFile, e.json()}, nil
}
