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

// Bar is what stands above a page on a screen and not on paper.
type Bar struct {
	Print string // the button that prints; empty: none
	Links []Link
}

// Link leads to another form of the page.
type Link struct{ Text, Href string }

// HTML writes a sheet as one page that needs nothing else, for reading and for
// printing on A4. nonce allows its style under a content security policy; empty
// without one.
func HTML(w io.Writer, s Sheet, nonce string) error { return HTMLWith(w, s, nonce, Bar{}) }

// HTMLWith is HTML with a bar. Its button needs a script, which the nonce has to
// allow as well.
func HTMLWith(w io.Writer, s Sheet, nonce string, bar Bar) error {
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
		Bar         Bar
	}{s, lang, nonce, bar}); err != nil {
		return fmt.Errorf("report page %s: %w", s.Stem, err)
	}
	return nil
}
