package install

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"strings"
	"time"

	_ "embed"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

//go:embed sheet.html
var sheetHTML string

// Sheet is the printable record of a walk through a site.
type Sheet struct {
	County, Site string
	Session      Session
	Outcomes     []Outcome
	At           time.Time
	Zone         *time.Location // of the times printed
	Version      string
	Records      string // file of the records
}

// HTML is the sheet as one file without any reference to another: A4, Chinese
// and English, with the photos in it and room for signatures.
func (s Sheet) HTML() ([]byte, error) {
	t, err := template.New("sheet").Funcs(template.FuncMap{
		"number": number,
		"signed": func(v float64) string { return fmt.Sprintf("%+.3g", v) },
		"when":   func(t time.Time) string { return t.In(s.Zone).Format("2006-01-02 15:04 MST") },
		"unit":   Unit,
		"bound":  bound,
		"within": within,
		"photo":  photo,
		"short":  func(hash string) string { return hash[:min(len(hash), 16)] },
	}).Parse(sheetHTML)
	if err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, s); err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	return []byte(b.String()), nil
}

// Write writes the sheet to a new file.
func (s Sheet) Write(file string) error {
	text, err := s.HTML()
	if err != nil {
		return err
	}
	return create(file, text)
}

// bound is the largest error that a probe may show uncorrected.
func bound(q sensors.Quantity, reference float64) string {
	b, _ := calibration.MaxError(q, reference)
	return "±" + number(b)
}

func within(q sensors.Quantity, c Comparison) bool {
	b, ok := calibration.MaxError(q, c.Reference.Value)
	return ok && c.Deviation() <= b+1e-9 && c.Deviation() >= -b-1e-9
}

// photo is a picture as part of the page.
func photo(path string) (template.URL, error) {
	kind, err := pictureType(path)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("photo: %w", err)
	}
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(text)), nil
}

// pictureType looks at the file's first bytes, not at its name.
func pictureType(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("photo: %w", err)
	}
	defer f.Close()
	head := make([]byte, 512)
	n, _ := f.Read(head) // an empty file has no type either
	switch kind := http.DetectContentType(head[:n]); kind {
	case "image/jpeg", "image/png", "image/webp":
		return kind, nil
	default:
		return "", fmt.Errorf("photo %s: want a JPEG, PNG or WebP picture, not %s", path, kind)
	}
}
