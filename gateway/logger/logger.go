// Package logger reads the file that a temperature logger exported: any
// maker's CSV, in any of the usual encodings, delimiters and ways to write a
// date. It guarantees that it never guesses: what the file does not decide is
// an error that names the choices, a mistake has its line, and what is no
// measurement is a gap and never a value.
package logger

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// The bounds of a file.
const (
	MaxBytes = 64 << 20
	MaxLines = 2_000_000
	maxLine  = 64 << 10
)

// The temperatures that a logger can have measured, °C. Numbers beyond are what
// instruments write for a probe that is not there: -127, -999.9, 3276.7.
const (
	LowestC  = -100.0
	HighestC = 150.0
)

// Options decide what a file leaves open; a zero field is decided by the file.
type Options struct {
	Unit     Unit           // of the temperatures
	Zone     *time.Location // of times without an offset; nil: UTC
	Dates    Order          // of dates in numbers
	Column   string         // header of the temperature's column, or its number, from 1
	Encoding Encoding
}

// Unit is a unit of temperature.
type Unit string

// The units.
const (
	Celsius    Unit = "c"
	Fahrenheit Unit = "f"
)

// Reading is one measured temperature.
type Reading struct {
	Line int // in the file, from 1
	At   time.Time
	C    float64
}

// Missing is a line whose logger had no value to write.
type Missing struct {
	Line int
	At   time.Time
	Text string // what stood there
}

// Log is what a file holds, in order of time.
type Log struct {
	Readings []Reading
	Missing  []Missing

	// How the file was read, for people.
	Encoding  Encoding
	Delimiter rune
	Column    string
	Unit      Unit
	Dates     Order // empty when every date said by itself what is the month
	// Zoned says that the file's times have an offset. When false they were read
	// in the zone of Options.
	Zoned bool
	Notes []Note
}

// Note is something that people should know of a file, in Chinese and English.
type Note struct{ ZH, EN string }

// Undecided is an error: the file can be read in several ways that differ.
type Undecided struct {
	What    string // unit, dates, column, encoding
	Why     string
	Choices []string
}

func (u *Undecided) Error() string {
	return fmt.Sprintf("%s: say which %s: %s", u.Why, u.What, strings.Join(u.Choices, " or "))
}

// Read reads a file. An error is of one line where there is one, and an
// *Undecided where a choice is missing.
func Read(r io.Reader, o Options) (Log, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Log{}, fmt.Errorf("read the log: %w", err)
	}
	if len(b) > MaxBytes {
		return Log{}, fmt.Errorf("more than %d MB: no logger writes that much; cut it into pieces", MaxBytes>>20)
	}
	if err := otherKind(b); err != nil {
		return Log{}, err
	}
	text, encoding, err := decode(b, o.Encoding)
	if err != nil {
		return Log{}, err
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if len(lines) == 1 && strings.Contains(text, "\r") {
		lines = strings.Split(text, "\r")
	}
	if len(lines) > MaxLines {
		return Log{}, fmt.Errorf("more than %d lines: cut it into pieces", MaxLines)
	}
	for i, l := range lines {
		if len(l) > maxLine {
			return Log{}, fmt.Errorf("line %d is longer than %d bytes: is this a logger's CSV?", i+1, maxLine)
		}
	}
	t, err := tableOf(lines)
	if err != nil {
		return Log{}, err
	}
	log := Log{Encoding: encoding, Delimiter: t.delimiter}
	if err := t.read(&log, o); err != nil {
		return Log{}, err
	}
	return log, nil
}

// otherKind says what a file is when it is no text at all, or a report.
func otherKind(b []byte) error {
	head := b[:min(len(b), 4096)]
	switch {
	case len(bytes.TrimSpace(b)) == 0:
		return fmt.Errorf("the file is empty")
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		return fmt.Errorf("this is a spreadsheet or an archive: save the sheet as CSV")
	case bytes.HasPrefix(b, []byte("\xD0\xCF\x11\xE0")):
		return fmt.Errorf("this is an old spreadsheet: save the sheet as CSV")
	case bytes.HasPrefix(b, []byte("%PDF")):
		return fmt.Errorf("this is a PDF: export the readings as CSV")
	case bytes.Contains(head, []byte("Fridge-tag")) && bytes.Contains(b, []byte("Hist:")):
		return fmt.Errorf("this is a Fridge-tag's report, with the lowest and highest of each day, and no series of readings: nothing between can be judged from it")
	}
	return nil
}
