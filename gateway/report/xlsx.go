package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// XLSX writes a sheet as a workbook: numbers stay numbers, and each table that
// begins a page has a worksheet of its own.
func XLSX(w io.Writer, s Sheet) (err error) {
	f := excelize.NewFile()
	defer func() { err = joined(err, f.Close()) }()
	b := book{file: f, styles: map[string]int{}}
	b.sheet(s.Title)
	b.line(s.Title, "title")
	b.line(s.Subtitle, "")
	if s.Stamp != "" {
		b.line(s.Stamp, "high")
	}
	for _, fact := range s.Facts {
		b.line(fact.Name+" "+fact.Value, "")
	}
	for _, t := range s.Tables {
		if t.Page {
			b.sheet(t.Title)
		}
		b.row++
		b.table(t)
	}
	b.row++
	for _, n := range s.Notes {
		b.line(n, "")
	}
	for _, n := range s.Signed {
		b.line(n+"：", "")
	}
	if b.err != nil {
		return fmt.Errorf("report workbook %s: %w", s.Stem, b.err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("report workbook %s: %w", s.Stem, err)
	}
	return nil
}

func joined(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// book writes from top to bottom and keeps the first error.
type book struct {
	file   *excelize.File
	name   string
	row    int
	sheets int
	styles map[string]int
	err    error
}

func (b *book) try(err error) {
	if b.err == nil {
		b.err = err
	}
}

// sheet begins a worksheet. Excel allows 31 characters, and some it does not.
func (b *book) sheet(title string) {
	b.sheets++
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return ' '
		}
		return r
	}, title)
	if r := []rune(clean); len(r) > 26 {
		clean = string(r[:26])
	}
	name := fmt.Sprintf("%d %s", b.sheets, clean)
	if b.sheets == 1 {
		b.try(b.file.SetSheetName("Sheet1", name))
	} else {
		_, err := b.file.NewSheet(name)
		b.try(err)
	}
	b.name, b.row = name, 0
	size, fit, tall := 9, 1, 0 // A4, one page wide, as tall as it needs
	b.try(b.file.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &size, FitToWidth: &fit, FitToHeight: &tall}))
	yes := true
	b.try(b.file.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &yes}))
	b.try(b.file.SetColWidth(name, "A", "L", 15))
}

func (b *book) line(s, style string) {
	b.row++
	b.put(1, Cell{Text: s}, style, false)
}

// put writes one cell. Text is always text: what begins like a formula is none.
func (b *book) put(column int, c Cell, style string, border bool) {
	at, err := excelize.CoordinatesToCellName(column, b.row)
	b.try(err)
	if c.Value != nil && strings.TrimLeft(c.Text, "↑↓") == number(*c.Value, c.Decimals) {
		b.try(b.file.SetCellFloat(b.name, at, *c.Value, c.Decimals, 64))
	} else {
		b.try(b.file.SetCellStr(b.name, at, c.Text))
	}
	if style == "" {
		style = string(c.Mark)
	}
	id, err := b.style(style, border, c)
	b.try(err)
	b.try(b.file.SetCellStyle(b.name, at, at, id))
}

var fills = map[string]string{"high": "FFE1DE", "low": "DBEAFE", "unsure": "FFF4CE", "head": "EEF1F4", "sum": "F6F8FA"}

func (b *book) style(name string, border bool, c Cell) (int, error) {
	decimals := -1
	if c.Value != nil {
		decimals = c.Decimals
	}
	key := fmt.Sprint(name, border, decimals)
	if id, ok := b.styles[key]; ok {
		return id, nil
	}
	s := &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: border}}
	if color, ok := fills[name]; ok {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	switch name {
	case "title":
		s.Font = &excelize.Font{Bold: true, Size: 16}
	case "heading", "head", "sum", "high", "low":
		s.Font = &excelize.Font{Bold: true}
	}
	if border {
		for _, side := range []string{"left", "right", "top", "bottom"} {
			s.Border = append(s.Border, excelize.Border{Type: side, Color: "8C959F", Style: 1})
		}
	}
	if decimals > 0 {
		format := "0." + strings.Repeat("0", decimals)
		s.CustomNumFmt = &format
	}
	id, err := b.file.NewStyle(s)
	b.styles[key] = id
	return id, err
}

func (b *book) table(t Table) {
	b.line(t.Title, "heading")
	if t.About != "" {
		b.line(t.About, "")
	}
	if len(t.Rows) == 0 {
		b.line(t.Empty, "")
		return
	}
	b.row++
	for i, c := range t.Columns {
		name := c.Name
		if c.Unit != "" {
			name += " (" + c.Unit + ")"
		}
		b.put(i+1, Cell{Text: name}, "head", true)
	}
	for _, r := range t.Rows {
		b.row++
		for i, c := range r.Cells {
			style := ""
			if r.Sum {
				style = "sum"
			}
			b.put(i+1, c, style, true)
		}
	}
}
