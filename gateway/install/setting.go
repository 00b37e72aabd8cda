package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Setting is how a serial port is set.
type Setting struct {
	Baud     int    `json:"baud"`
	Parity   string `json:"parity"` // none, even or odd
	StopBits int    `json:"stop_bits"`
}

// String is the setting as people write it: 9600 8N1.
func (s Setting) String() string {
	letter := "N"
	switch s.Parity {
	case "even":
		letter = "E"
	case "odd":
		letter = "O"
	}
	return fmt.Sprintf("%d 8%s%d", s.Baud, letter, s.StopBits)
}

// on puts the setting before a text, where there is one.
func (s Setting) on(text string) string {
	if s.Baud == 0 {
		return text
	}
	return s.String() + " " + text
}

// Settings are those that are tried, likeliest first: what sensors leave the
// factory with, then the standard's even parity, then the rest.
func Settings() []Setting {
	var out []Setting
	for _, frame := range []struct {
		parity string
		stop   int
	}{{"none", 1}, {"even", 1}, {"odd", 1}, {"none", 2}} {
		for _, baud := range []int{9600, 4800, 19200, 38400, 115200, 2400, 57600, 1200} {
			out = append(out, Setting{Baud: baud, Parity: frame.parity, StopBits: frame.stop})
		}
	}
	// 9600 and 19200 8E1 are the next likeliest after 9600, 4800, 19200 8N1.
	slices.SortStableFunc(out, func(a, b Setting) int { return a.rarity() - b.rarity() })
	return out
}

// rarity is 0 for the settings that devices are sold with.
func (s Setting) rarity() int {
	usual := s.Baud == 9600 || s.Baud == 4800 || s.Baud == 19200
	switch {
	case usual && s.StopBits == 1 && s.Parity == "none":
		return 0
	case usual && s.Parity == "even":
		return 1
	case usual:
		return 2
	}
	return 3
}

// LineCloser is a line that was opened for a scan.
type LineCloser interface {
	Line
	io.Closer
}

// quick are the numbers that are tried in every setting before all numbers are:
// factories ship 1, and few lines leave the first four unused.
func quick(ids []uint8) (first, rest []uint8) {
	if len(ids) <= 8 {
		return ids, nil
	}
	return ids[:4], ids[4:]
}

// LongestSerial is Longest for a serial port of unknown settings.
func LongestSerial(o Options, settings []Setting, each time.Duration) time.Duration {
	return time.Duration(len(settings)) * Longest(o, each)
}

// ScanSerial tries settings until something answers, and scans the line with
// that one; with all it goes on through all of them. A few numbers are tried
// in every setting before all numbers are. Garbled answers alone are the sign of
// a wrong setting: they are told only when nothing else was heard. On error it
// returns what was found until then.
func ScanSerial(ctx context.Context, settings []Setting, all bool, open func(Setting) (LineCloser, error), o Options) ([]Found, error) {
	o.defaults()
	first, rest := quick(o.IDs)
	total := len(settings) * len(o.IDs)
	var found, noisy []Found
	heard := map[Setting]bool{}
	done := 0
	// In the setting where a first number answered, the rest is asked at once.
	pass := func(ids, then []uint8) error {
		for _, at := range settings {
			if heard[at] {
				continue
			}
			f, n, err := scanSetting(ctx, at, ids, then, open, o, progressOf{done, total})
			done += n
			switch {
			case len(f.Slaves) > 0:
				heard[at] = true
				found = append(found, f)
			case len(f.Garbled) > 0:
				noisy = append(noisy, f)
			}
			if err != nil || len(f.Slaves) > 0 && !all {
				return err
			}
		}
		return nil
	}
	err := pass(first, rest)
	if err == nil && len(rest) > 0 && (all || len(found) == 0) {
		err = pass(rest, nil)
	}
	if len(found) == 0 { // noise is all there is to tell
		return noisy, err
	}
	return found, err
}

// progressOf is where one setting stands in a scan of several.
type progressOf struct{ done, total int }

func scanSetting(ctx context.Context, at Setting, ids, then []uint8, open func(Setting) (LineCloser, error), o Options, p progressOf) (f Found, done int, err error) {
	line, err := open(at)
	if err != nil {
		return Found{}, 0, err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	s := &scan{o: o, asker: &asker{line: line, pause: o.Pause}, done: p.done, total: p.total}
	err = s.find(ctx, at, ids)
	if len(s.heard) > 0 && err == nil {
		err = s.find(ctx, at, then)
	}
	if err == nil {
		err = s.examine(ctx, at)
	}
	f = s.result()
	f.Setting = &at
	return f, s.done - p.done, err
}
