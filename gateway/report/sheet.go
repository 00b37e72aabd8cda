package report

import (
	"cmp"
	"math"
	"time"

	"coldchain/alerting/wording"
	"coldchain/gateway/config"
)

// Sheet is a report as tables, in one language: what every way of showing it
// draws.
type Sheet struct {
	Language wording.Language
	Title    string
	Subtitle string
	// Stamp is printed across every page: a demonstration, a draft.
	Stamp  string
	Facts  []Fact
	Tables []Table
	Notes  []string // how the numbers came about
	Signed []string // lines to sign on, such as 记录人
	Stem   string   // a file's name without its ending
	Made   time.Time
}

// Fact is a line of a sheet's head.
type Fact struct{ Name, Value string }

// Table is rows under a heading.
type Table struct {
	Title string
	// About is a line under the heading.
	About   string
	Columns []Column
	Rows    []Row
	// Empty is what is said where there is no row.
	Empty string
	// Page begins a new page; Dense asks for narrow lines.
	Page, Dense bool
}

// Percents are the widths of the columns.
func (t Table) Percents() []int {
	sum := 0.0
	for _, c := range t.Columns {
		sum += cmp.Or(c.Wide, 1)
	}
	out := make([]int, 0, len(t.Columns))
	for _, c := range t.Columns {
		out = append(out, int(math.Round(100*cmp.Or(c.Wide, 1)/sum)))
	}
	return out
}

// Column heads a column. Numbers stand to the right.
type Column struct {
	Name, Unit string
	Number     bool
	// Wide is how wide it is, as a share of the others' sum; 0 is 1.
	Wide float64
}

// Row is cells; a Sum closes a table.
type Row struct {
	Cells []Cell
	Sum   bool
}

// Mark is what is special about a cell. It is shown by a sign in the text, and
// by a colour where there are colours.
type Mark string

// The marks.
const (
	Plain   Mark = ""
	High    Mark = "high"    // above the limit
	Low     Mark = "low"     // below it
	Missing Mark = "missing" // no reading
	Unsure  Mark = "unsure"  // a reading in doubt
	Unused  Mark = "unused"  // out of use
	Ahead   Mark = "ahead"   // has not come yet
)

// Cell is a text; Value is its number where it is one, for a workbook.
type Cell struct {
	Text     string
	Value    *float64
	Decimals int
	Mark     Mark
}

// text is a cell of words.
func text(s string) Cell { return Cell{Text: s} }

// in is a label in a language; Chinese serves where there is no English.
func in(l wording.Language, label config.Label) string {
	if l == wording.English && label.EN != "" {
		return label.EN
	}
	return label.ZH
}

// Report is what can be shown.
type Report interface {
	// Sheet lays the report out in a language.
	Sheet(l wording.Language) Sheet
}
