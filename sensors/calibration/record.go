package calibration

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coldchain/sensors"
)

// Pair is one comparison: what the reference showed and what the probe showed
// at the same place and time, in the quantity's unit.
type Pair struct {
	Reference float64 `json:"reference"`
	Indicated float64 `json:"indicated"`
}

// Record is one calibration of one point.
type Record struct {
	Point    sensors.PointID  `json:"point"`
	Quantity sensors.Quantity `json:"quantity"` // temperature or humidity
	// Certificate is the number of the probe's certificate or, when it was
	// compared on site, of the reference instrument's.
	Certificate string    `json:"certificate"`
	Reference   string    `json:"reference"` // instrument: make, type, serial number; "ice point" for melting ice
	Pairs       []Pair    `json:"pairs"`
	Place       string    `json:"place"` // where it was done
	By          string    `json:"by"`    // who did it
	From        time.Time `json:"from"`
	Until       time.Time `json:"until"`           // the first instant at which it is no longer valid
	Photo       string    `json:"photo,omitempty"` // file name of the probe's position
	// Supersedes is the sequence number of an earlier record of the same point
	// that ends when this one begins; 0 for none.
	Supersedes int `json:"supersedes,omitempty"`
}

// Entry is a record as it stands in the book.
type Entry struct {
	Seq     int       `json:"seq"`     // from 1
	Entered time.Time `json:"entered"` // when it was written
	Actor   string    `json:"actor"`   // who wrote it
	Record
	Prev string `json:"prev"` // Hash of the entry before; 64 zeros for the first
	Hash string `json:"hash"` // SHA-256 of this line up to here, hexadecimal
}

// Effective is when the correction begins: From, but never before the record
// was entered, because readings before that have been judged without it.
func (e Entry) Effective() time.Time {
	if e.Entered.After(e.From) {
		return e.Entered
	}
	return e.From
}

// The bounds of what can be a calibration. A probe that is further off is to be
// replaced, not corrected.
const (
	MaxTemperatureCorrection = 2.0  // °C
	MaxHumidityCorrection    = 10.0 // %RH
	maxPairs                 = 32
	maxText                  = 120
	maxValidity              = 5 * 366 * 24 * time.Hour
)

// maxCorrection is the bound for a quantity; ok is false for one that has no
// calibration.
func maxCorrection(q sensors.Quantity) (bound float64, ok bool) {
	switch q {
	case sensors.Temperature:
		return MaxTemperatureCorrection, true
	case sensors.Humidity:
		return MaxHumidityCorrection, true
	}
	return 0, false
}

// check reports every mistake of a record by itself.
func (r Record) check() error {
	var all []error
	bad := func(format string, a ...any) { all = append(all, fmt.Errorf(format, a...)) }
	if _, err := sensors.ParsePointID(string(r.Point)); err != nil {
		all = append(all, err)
	}
	for _, f := range []struct{ name, text string }{
		{"certificate", r.Certificate}, {"reference", r.Reference}, {"place", r.Place}, {"by", r.By},
	} {
		if !plain(f.text) {
			bad("%s %.40q: want 1 to %d printable characters", f.name, f.text, maxText)
		}
	}
	if r.Photo != "" && (!plain(r.Photo) || strings.ContainsAny(r.Photo, `/\`) || r.Photo[0] == '.') {
		bad("photo %.40q: want a file's name without its folder", r.Photo)
	}
	switch {
	case !second(r.From) || !second(r.Until):
		bad("from and until: want whole seconds in UTC between the years 2000 and 2199")
	case !r.Until.After(r.From):
		bad("until %s is not after from %s", r.Until.Format(time.RFC3339), r.From.Format(time.RFC3339))
	case r.Until.Sub(r.From) > maxValidity:
		bad("valid for more than five years; certificates are for one or two")
	}
	if r.Supersedes < 0 {
		bad("supersedes %d: want the number of an earlier record", r.Supersedes)
	}
	return errors.Join(append(all, r.checkPairs())...)
}

func (r Record) checkPairs() error {
	bound, ok := maxCorrection(r.Quantity)
	if !ok {
		return fmt.Errorf("quantity %.40q: want temperature or humidity", string(r.Quantity))
	}
	if len(r.Pairs) == 0 || len(r.Pairs) > maxPairs {
		return fmt.Errorf("%d pairs: want 1 to %d", len(r.Pairs), maxPairs)
	}
	low, high := r.Quantity.Range()
	for i, p := range r.Pairs {
		if !(p.Reference >= low && p.Reference <= high && p.Indicated >= low && p.Indicated <= high) {
			return fmt.Errorf("pair %d: %g and %g: want %g to %g", i+1, p.Reference, p.Indicated, low, high)
		}
		if off := p.Reference - p.Indicated; math.Abs(off) > bound+1e-9 {
			return fmt.Errorf("pair %d: a correction of %+.3g is more than %g; replace the probe", i+1, off, bound)
		}
		if i > 0 && !(p.Indicated > r.Pairs[i-1].Indicated && p.Reference > r.Pairs[i-1].Reference) {
			return fmt.Errorf("pair %d: reference and indicated must both rise from pair to pair", i+1)
		}
	}
	return nil
}

// second reports whether t survives being written: UTC, whole seconds, a year
// of four digits in which this program can live.
func second(t time.Time) bool {
	return t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() >= 2000 && t.Year() < 2200
}

func plain(s string) bool {
	return s != "" && s == strings.TrimSpace(s) && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxText &&
		strings.IndexFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) < 0
}

// tidy returns the record as it is written: pairs in order, times in UTC and
// whole seconds.
func (r Record) tidy() Record {
	r.Pairs = slices.SortedStableFunc(slices.Values(r.Pairs), func(a, b Pair) int {
		switch {
		case a.Indicated < b.Indicated:
			return -1
		case a.Indicated > b.Indicated:
			return 1
		}
		return 0
	})
	r.From, r.Until = r.From.UTC().Truncate(time.Second), r.Until.UTC().Truncate(time.Second)
	return r
}

// line writes an entry in its one form. The hash is over everything before it.
func (e Entry) line(hash func([]byte) string) ([]byte, error) {
	e.Hash = ""
	text, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	text = text[:len(text)-len(`""}`)] // it ends in "hash":""}
	return append(text, `"`+hash(text)+`"}`...), nil
}
