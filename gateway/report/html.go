package report

import (
	_ "embed" // for go:embed
	"fmt"
	"html/template"
	"io"

	"coldchain/alerting/wording"
)

//go:embed sheet.html
var sheetHTML string

// HTML writes a sheet as one page that needs nothing else, for reading and for
// printing on A4. nonce allows its style under a content security policy; empty
// without one.
func HTML(w io.Writer, s Sheet, nonce string) error {
	t, err := template.New("sheet").Parse(sheetHTML)
	if err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	lang := "zh-CN"
	if s.Language == wording.English {
		lang = "en"
	}
	if err := t.Execute(w, struct {
		Sheet
		Lang, Nonce string
	}{s, lang, nonce}); err != nil {
		return fmt.Errorf("report page %s: %w", s.Stem, err)
	}
	return nil
}
