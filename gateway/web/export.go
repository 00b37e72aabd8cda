package web

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"coldchain/gateway/store"
)

// exportPause is how long a slow reader may keep one write waiting.
const exportPause = 30 * time.Second

// exportFlush is after how many lines what was written is sent on.
const exportFlush = 500

// export streams a point's readings as CSV, raw and whole, in constant memory:
// the store is read no faster than the caller takes it. An answer that breaks
// off ends without its last line "# complete", so that half of an export is
// not taken for all of it.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	q, err := s.exportQuestion(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(string(q.point.ID), "/", "_")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	out := csv.NewWriter(w)
	begun, n := false, 0
	begin := func() {
		begun = true
		_ = out.Write([]string{"point", "time_utc", "value", "unit", "quality", "reason", "raw", "flags", "gateway", "epoch", "sequence"})
	}
	err = s.deps.Readings.Read(r.Context(), q.store(0), func(rec store.Record) bool {
		if !begun {
			begin()
		}
		_ = out.Write(exportLine(rec)) // the writer keeps its first error, which Flush below shows
		if n++; n%exportFlush == 0 {
			_ = control.SetWriteDeadline(time.Now().Add(exportPause)) // a server without deadlines waits for the context
			out.Flush()
		}
		return out.Error() == nil
	})
	if err != nil {
		if !begun {
			s.fail(w, r, storeError(err))
			return
		}
		if !errors.Is(err, context.Canceled) {
			s.opt.Logger.Error("export broke off", "point", q.point.ID, "lines", n, "err", err)
		}
		out.Flush()
		return
	}
	if !begun {
		begin()
	}
	_ = out.Write([]string{"# complete", strconv.Itoa(n)})
	out.Flush()
}

func (s *Server) exportQuestion(r *http.Request) (readingsQuestion, error) {
	if err := onlyParams(r, "point", "from", "to", "format"); err != nil {
		return readingsQuestion{}, err
	}
	query := r.URL.Query()
	if f := query.Get("format"); f != "" && f != "csv" {
		return readingsQuestion{}, badInput("format 只有 csv", "format can only be csv")
	}
	if query.Get("from") == "" || query.Get("to") == "" {
		return readingsQuestion{}, badInput("请给出 from 和 to，例如 from=2026-11-23T00:00:00Z", "give from and to, such as from=2026-11-23T00:00:00Z")
	}
	query.Del("format")
	plain := r.Clone(r.Context())
	plain.URL.RawQuery = query.Encode()
	return s.readingsQuestion(plain)
}

func exportLine(rec store.Record) []string {
	number := func(v float64, ok bool) string {
		if !ok {
			return ""
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	flags := ""
	if rec.Reconstructed {
		flags = "reconstructed"
	}
	if _, foreign := rec.Source(); foreign {
		flags = thirdParty // which no gateway's clock has reconstructed
	}
	return []string{
		string(rec.Point), rec.Time.UTC().Format(stampLayout), number(rec.Value()), string(rec.Quantity.Unit()),
		rec.Quality.String(), harmless(string(rec.Reason)), number(rec.Raw()), flags,
		harmless(rec.Gateway), strconv.FormatUint(rec.Epoch, 10), strconv.FormatUint(rec.Seq, 10),
	}
}

// harmless keeps a spreadsheet from taking text from outside for a formula:
// what begins like one gets an apostrophe, which spreadsheets do not show.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r|", rune(s[0])) {
		return "'" + s
	}
	return s
}
