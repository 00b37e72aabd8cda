package certificate

import (
	"bytes"
	"crypto/ed25519"
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"coldchain/gateway/evidence"
)

//go:embed certificate.html
var certificateHTML string

// Pages draws certificates as pages.
type Pages struct {
	certificate *template.Template
	public      *template.Template
}

// NewPages reads the templates, once.
func NewPages() (*Pages, error) {
	whole, err := template.New("certificate").Funcs(template.FuncMap{"add": func(a, b int) int { return a + b }}).Parse(certificateHTML)
	if err != nil {
		return nil, fmt.Errorf("template of the certificate: %w", err)
	}
	public, err := template.New("public").Parse(publicHTML)
	if err != nil {
		return nil, fmt.Errorf("template of the public page: %w", err)
	}
	return &Pages{whole, public}, nil
}

// sheetView is what the template sees.
type sheetView struct {
	view
	Nonce                    string
	Chart, QR                template.HTML
	StatementZH, StatementEN string
	Made, SupersededDay      string
	StaysShown, RunsShown    [][]string
}

// HTML draws a signed certificate as a page that prints on A4. nonce goes into
// its style element, for a content security policy; the page has no script.
func (p *Pages) HTML(w io.Writer, d evidence.Document, key ed25519.PublicKey, nonce string) error {
	v, err := viewOf(d, key)
	if err != nil {
		return err
	}
	c, err := zoneOf(d)
	if err != nil {
		return err
	}
	var q code
	if d.Page != "" {
		if q, err = codeOf(d.Page); err != nil {
			return err
		}
	}
	s := sheetView{view: v, Nonce: nonce, Chart: chartSVG(v, c), QR: codeSVG(q), StatementZH: StatementZH, StatementEN: StatementEN, Made: c.at(d.Made),
		StaysShown: v.Stays.Rows[:min(5, len(v.Stays.Rows))], RunsShown: v.Excursions.Rows[:min(3, len(v.Excursions.Rows))]}
	if d.Supersedes != nil {
		s.SupersededDay = c.day(d.Supersedes.Made)
	}
	var out bytes.Buffer // so that a broken one is never sent
	if err := p.certificate.Execute(&out, s); err != nil {
		return fmt.Errorf("page of %s: %w", d.Number, err)
	}
	_, err = out.WriteTo(w)
	return err
}
