package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// readCSV reads lines of CSV with their numbers.
func readCSV(body []byte) ([]line, error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	if !utf8.Valid(body) { // Excel in Chinese saves CSV like this
		var err error
		if body, err = simplifiedchinese.GB18030.NewDecoder().Bytes(body); err != nil || bytes.ContainsRune(body, utf8.RuneError) {
			return nil, problem("文件编码看不懂，请存成 UTF-8 或 GB18030", "the encoding is not readable; save it as UTF-8 or GB 18030")
		}
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma, r.FieldsPerRecord = separator(body), -1
	var out []line
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			return nil, problem("第 %[1]d 行的引号不成对", "line %[1]d: the quotes are not in pairs", wrong.Line)
		}
		if err != nil {
			return nil, fmt.Errorf("read the list: %w", err)
		}
		number, _ := r.FieldPos(0)
		out = append(out, line{number, trimmed(cells)})
		if len(out) > MaxRows+headerWithin {
			return nil, problem("超过 %[1]d 行，请分成几份", "more than %[1]d lines; divide the list", MaxRows)
		}
	}
}

// separator is the one of comma, semicolon and tab that the first lines have
// most of.
func separator(body []byte) rune {
	head := string(body[:min(len(body), 4<<10)])
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t'} {
		if n := strings.Count(head, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

func trimmed(cells []string) []string {
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}

// readXLSX reads the first sheet of a workbook. What it unpacks to is bounded: a
// small file can hold very much of nothing.
func readXLSX(body []byte) (out []line, err error) {
	const unpacked = 64 << 20
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{UnzipSizeLimit: unpacked, UnzipXMLSizeLimit: unpacked})
	if err != nil {
		return nil, problem("不是可以读的 .xlsx 表格", "this is no readable .xlsx")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return nil, problem("表格里没有工作表", "there is no sheet in the workbook")
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return nil, problem("工作表“%[1]s”读不出来", "sheet %[1]q is not readable", sheets[0])
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, problem("第 %[1]d 行读不出来", "line %[1]d is not readable", number)
		}
		out = append(out, line{number, trimmed(cells)})
		if len(out) > MaxRows+headerWithin {
			return nil, problem("超过 %[1]d 行，请分成几份", "more than %[1]d lines; divide the list", MaxRows)
		}
	}
	return out, rows.Error()
}

// Template is an empty list to fill in, as XLSX with a comment at each column that says what
// belongs there, or as CSV with the header alone.
func Template(w io.Writer, xlsx bool) (err error) {
	var header, hints []any
	for _, c := range columns() {
		header, hints = append(header, c.words[0]), append(hints, strings.Trim(c.hint.ZH+" "+c.hint.EN, " "))
	}
	if !xlsx {
		if _, err := io.WriteString(w, "\xEF\xBB\xBF"); err != nil { // else Excel takes it for GB 18030
			return err
		}
		c := csv.NewWriter(w)
		line := make([]string, len(header))
		for i, h := range header {
			line[i] = h.(string) // from words
		}
		err := c.Write(line)
		c.Flush()
		return errors.Join(err, c.Error())
	}
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	const sheet = "批次 batches"
	if err := errors.Join(f.SetSheetName("Sheet1", sheet), f.SetSheetRow(sheet, "A1", &header)); err != nil {
		return err
	}
	for i, h := range hints {
		if h == "" {
			continue
		}
		cell, err := excelize.CoordinatesToCellName(i+1, 1)
		if err != nil {
			return err
		}
		if err := f.AddComment(sheet, excelize.Comment{Cell: cell, Author: "coldchain", Text: h.(string)}); err != nil { // a line of hints would be read as a batch
			return err
		}
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // text: an ear tag has more digits than a number keeps
	if err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(len(header))
	if err != nil {
		return err
	}
	if err := errors.Join(f.SetColStyle(sheet, "A:"+last, text), f.SetColWidth(sheet, "A", last, 18)); err != nil {
		return err
	}
	return f.Write(w)
}
