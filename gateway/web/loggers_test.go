package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/files"
	"coldchain/gateway/web"
)

const loggers = lotPath + "/loggers"

// form sends a form whose file, if there is a text, is the last part.
func (r *rig) form(t *testing.T, path, key, authorisation, text string, fields map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	f := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := f.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if text != "" {
		p, err := f.CreateFormFile("file", "回来的.csv")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(p, text)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest("POST", path, &body)
	req.Header.Set("Content-Type", f.FormDataContentType())
	req.Header.Set("Idempotency-Key", key)
	if authorisation != "" {
		req.Header.Set("Authorization", "Bearer "+authorisation)
	}
	w := httptest.NewRecorder()
	r.server.Handler().ServeHTTP(w, req)
	return w
}

type loggerFound struct {
	Found *struct {
		Start, End time.Time
		Points     int
		Zoned      bool
		Counts     batch.LoggerFile
	}
	Undecided *struct {
		What, ZH, EN string
		Choices      []string
	}
}

// returned is a logger's file on county time, of which the batch came in at 15:00.
const returned = "Date,Temperature (°C)\n2026-11-23 14:50,20.5\n2026-11-23 15:10,4.5\n2026-11-23 15:20,---\n2026-11-23 15:30,5.25\n2026-11-23 15:40,3\n"

func TestALoggersFileIsLookedAtThenAttached(t *testing.T) {
	kept := files.New(t.TempDir())
	r := newRigWith(t, web.Options{Token: token}, kept)
	w := r.form(t, loggers, "look", token, returned, map[string]string{"check": "true"})
	got := decode[loggerFound](t, w).Found
	if w.Code != http.StatusOK || got == nil || got.Points != 4 || got.Zoned || got.Counts.ReadAs.Zone != "Asia/Shanghai" || !got.Start.Equal(noon.Add(-5*time.Hour-10*time.Minute)) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if c := got.Counts; c.Points != 3 || c.Missing != 1 || c.MinC != 3 || c.MaxC != 5.25 || !c.From.Equal(noon.Add(-5*time.Hour)) {
		t.Errorf("what lay before the batch came in counts: %+v", c)
	}
	if d := decode[loggerDossier](t, r.do(request{path: lotPath + "/dossier"})); len(d.Dossier.Loggers) != 0 {
		t.Error("looking at a file attached it")
	}
	fields := map[string]string{"actor": "其其格", "method": "between-packs", "to": "2026-11-23T15:30:00+08:00"}
	for range 2 {
		if w = r.form(t, loggers, "attach", token, returned, fields); w.Code != http.StatusCreated {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	d := decode[loggerDossier](t, w).Dossier
	if len(d.Loggers) != 1 || d.Loggers[0].Points != 2 || d.Loggers[0].Name != "回来的.csv" || d.Loggers[0].By != "其其格" {
		t.Fatalf("%+v", d.Loggers)
	}
	f, about, err := kept.Open(d.Loggers[0].File)
	if err != nil || about.Type != files.TypeLog {
		t.Fatal(err, about)
	}
	f.Close()
	values := decode[struct {
		File   batch.LoggerFile
		Values struct{ Max []*float64 }
	}](t, r.do(request{path: loggers + "/1"}))
	var highest float64
	for _, v := range values.Values.Max {
		if v != nil {
			highest = max(highest, *v)
		}
	}
	if values.File.Number != 1 || highest != 5.25 {
		t.Errorf("%+v, highest %g", values.File, highest)
	}
	// A wrong clock: the next entry stands in its place.
	fields["zone"], fields["replaces"], fields["reason"], fields["to"] = "Asia/Tokyo", "1", "记录仪是东京时间", ""
	if w = r.form(t, loggers, "attach-2", token, strings.ReplaceAll(returned, " 15:", " 17:"), fields); w.Code != http.StatusCreated {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	d = decode[loggerDossier](t, w).Dossier
	if len(d.Loggers) != 2 || d.Loggers[0].ReplacedBy != 2 || !d.Loggers[1].From.Equal(noon.Add(-5*time.Hour)) {
		t.Errorf("%+v", d.Loggers)
	}
	if w = r.form(t, loggers, "back", token, "", map[string]string{"actor": "其其格", "replaces": "2", "reason": "不是这一批的"}); w.Code != http.StatusCreated {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type loggerDossier struct {
	Dossier struct{ Loggers []batch.LoggerFile }
}

func TestWhatALoggersFileLeavesOpenIsAskedFor(t *testing.T) {
	r := newRigWith(t, web.Options{Token: token}, files.New(t.TempDir()))
	open := "Time,Value\n2026-11-23 16:00,4.5\n2026-11-23 16:10,5\n"
	got := decode[loggerFound](t, r.form(t, loggers, "a", token, open, map[string]string{"check": "true"}))
	if got.Found != nil || got.Undecided == nil || got.Undecided.What != "unit" || got.Undecided.ZH == "" || len(got.Undecided.Choices) != 2 {
		t.Fatalf("%+v", got)
	}
	if w := r.form(t, loggers, "b", token, open, map[string]string{"actor": "x", "method": "air"}); w.Code != http.StatusUnprocessableEntity || decode[failure](t, w).Error.Code != "undecided" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	got = decode[loggerFound](t, r.form(t, loggers, "c", token, open, map[string]string{"check": "true", "unit": "f"}))
	if got.Found == nil || got.Found.Counts.ReadAs.Unit != "f" || got.Found.Counts.MaxC != -15 {
		t.Errorf("%+v", got.Found)
	}
	days := "Time,Temperature °C\n01/12/2025 16:00,4.5\n02/12/2025 16:10,5\n"
	if got = decode[loggerFound](t, r.form(t, loggers, "d", token, days, map[string]string{"check": "true"})); got.Undecided == nil || got.Undecided.What != "dates" {
		t.Errorf("%+v", got)
	}
}

func TestWhatALoggersFormRefuses(t *testing.T) {
	r := newRigWith(t, web.Options{Token: token}, files.New(t.TempDir()))
	ok := map[string]string{"actor": "x", "method": "air"}
	with := func(name, value string) map[string]string {
		out := map[string]string{"actor": "x", "method": "air"}
		out[name] = value
		return out
	}
	for name, c := range map[string]struct {
		text   string
		fields map[string]string
		status int
		want   string
	}{
		"no file":            {"", ok, 400, "no logger's file"},
		"a picture":          {"\xff\xd8\xff\xe0 a photo", ok, 400, "cannot be read"},
		"no actor":           {returned, map[string]string{"method": "air"}, 400, "actor"},
		"lying nowhere":      {returned, map[string]string{"actor": "x"}, 400, "want one of"},
		"no such zone":       {returned, with("zone", "Mars/Olympus"), 400, "time zone"},
		"another time":       {returned, with("from", "2026-11-23T18:00:00+08:00"), 400, "nothing in common"},
		"no time":            {returned, with("to", "yesterday"), 400, ""},
		"in place of none":   {returned, map[string]string{"actor": "x", "method": "air", "replaces": "4", "reason": "x"}, 400, "cannot be replaced"},
		"in place of a word": {returned, with("replaces", "one"), 400, "number"},
		"an unknown field":   {returned, with("colour", "red"), 400, "not known"},
		"too large":          {strings.Repeat("a", files.MaxSize+1), ok, 413, "12 MiB"},
		"a mistake in it":    {returned + "2026-11-23 15:50,warm\n", ok, 400, "line 7"},
	} {
		w := r.form(t, loggers, "k-"+strings.ReplaceAll(name, " ", "-"), token, c.text, c.fields)
		f := decode[failure](t, w)
		if w.Code != c.status || !strings.Contains(f.Error.Message_en, c.want) || f.Error.Message_zh == "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := r.form(t, loggers, "k", "", returned, ok); w.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", w.Code)
	}
	if w := r.form(t, "/api/v1/batches/NONE/loggers", "k", token, returned, ok); w.Code != http.StatusNotFound {
		t.Errorf("of no batch: %d", w.Code)
	}
	for _, path := range []string{loggers + "/1", loggers + "/0", loggers + "/x"} {
		if w := r.do(request{path: path}); w.Code != http.StatusNotFound && w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestAFileThatCannotBeReadIsSaidInChinese: the kind of file, or the line.
func TestAFileThatCannotBeReadIsSaidInChinese(t *testing.T) {
	r := newRigWith(t, web.Options{Token: token}, files.New(t.TempDir()))
	for text, want := range map[string]string{
		"PK\x03\x04 a workbook":              "另存为 CSV",
		"%PDF-1.7 a report":                  "导出 CSV",
		" \n":                                "文件是空的",
		returned + "2026-11-23 15:50,warm\n": "第 7 行",
		returned + "2026-11-23 15:40,9\n":    "对不上",
		returned + "2026-11-23 15:05,9\n":    "时间倒着走",
	} {
		f := decode[failure](t, r.form(t, loggers, "k", token, text, map[string]string{"check": "true"}))
		if !strings.Contains(f.Error.Message_zh, want) {
			t.Errorf("%.20q: %s, want %s", text, f.Error.Message_zh, want)
		}
	}
}
