package batch

import (
	"math"
	"slices"
	"strings"
	"time"
)

// LoggerFile is the file of a logger that travelled with a batch and came back,
// as somebody attached it for a stretch of the batch's way. It bounds what
// happened there and never counts as measured coverage. One that was wrong is
// replaced by a later one, and stays.
type LoggerFile struct {
	Number int    `json:"number"` // of the batch's files, 1 and up
	File   string `json:"file"`   // SHA-256 in hexadecimal; empty: it only takes back the one that it replaces
	Name   string `json:"name"`   // of the file, for people
	// From to To is what of the file counts, both inclusive.
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Method string    `json:"method"` // where the logger lay, see Methods
	ReadAs ReadAs    `json:"read_as"`
	// What the file holds of that time.
	Points    int     `json:"points"`
	Missing   int     `json:"missing"` // lines without a value
	IntervalS float64 `json:"interval_s"`
	MinC      float64 `json:"min_c"`
	MaxC      float64 `json:"max_c"`
	Sum       string  `json:"sum"` // SHA-256 over its values, see gateway/state

	By string    `json:"by"`
	At time.Time `json:"at"` // when it was attached

	Replaces   int    `json:"replaces,omitempty"` // number of the one that was wrong
	Reason     string `json:"reason,omitempty"`   // why, of one that replaces
	ReplacedBy int    `json:"replaced_by,omitempty"`
}

// ReadAs is how a logger's file was read: what it said itself, or what somebody
// chose.
type ReadAs struct {
	Unit     string `json:"unit"`            // c or f
	Zone     string `json:"zone"`            // of its clock; empty: the file says it with each time
	Dates    string `json:"dates,omitempty"` // dmy, mdy, ymd; empty: each date says it itself
	Column   string `json:"column"`          // header of the temperatures
	Encoding string `json:"encoding"`        // of the text
}

// LoggerValue is one line of a logger's file; a nil C: the logger had no value.
type LoggerValue struct {
	At time.Time `json:"at"`
	C  *float64  `json:"c"`
}

// MostLoggerValues bounds what is kept of one file: a year of readings every
// two minutes.
const MostLoggerValues = 262_800

// InForce reports whether a file counts: it holds something, and none replaced
// it.
func (l LoggerFile) InForce() bool { return l.ReplacedBy == 0 && l.File != "" }

// SumUp fills in what the values of a file come to; they are in order of time.
func SumUp(l *LoggerFile, values []LoggerValue) {
	l.Points, l.Missing, l.IntervalS, l.MinC, l.MaxC = 0, 0, 0, 0, 0
	var steps []time.Duration
	var last time.Time
	for _, v := range values {
		if v.C == nil {
			l.Missing++
			continue
		}
		if l.Points++; l.Points == 1 {
			l.MinC, l.MaxC = *v.C, *v.C
		} else {
			steps = append(steps, v.At.Sub(last))
		}
		last = v.At
		l.MinC, l.MaxC = min(l.MinC, *v.C), max(l.MaxC, *v.C)
	}
	if n := len(steps); n > 0 { // the median
		slices.Sort(steps)
		l.IntervalS = ((steps[(n-1)/2] + steps[n/2]) / 2).Seconds()
	}
}

// CheckLogger returns what is wrong with attaching a file to a batch, a *Fault,
// or nil; same reports that this very file counts already for the same time.
func CheckLogger(d Dossier, l LoggerFile) (same bool, err error) {
	if l.Replaces != 0 {
		i := slices.IndexFunc(d.Loggers, func(x LoggerFile) bool { return x.Number == l.Replaces && x.InForce() })
		if i < 0 {
			return false, fault("没有可更正的第 %[1]d 份记录仪文件：没有这一份，或已被更正", "logger file %[1]d cannot be replaced: there is none, or it was replaced before", l.Replaces)
		}
		if strings.TrimSpace(l.Reason) == "" {
			return false, fault("更正第 %[1]d 份记录仪文件，请写明原因", "say why logger file %[1]d is replaced", l.Replaces)
		}
		if l.File == "" {
			return false, nil
		}
	}
	if err := checkLoggerTime(d, l); err != nil {
		return false, err
	}
	switch {
	case !slices.Contains(Methods(), l.Method):
		return false, fault("记录仪放在哪里：%[1]q 不对，应为 %[2]v 之一", "where the logger lay: %[1]q; want one of %[2]v", l.Method, Methods())
	case l.Points < 2:
		return false, fault("文件在这段时间里只有 %[1]d 个读数，至少要两个", "the file has %[1]d readings in that time; want at least two", l.Points)
	case l.Points+l.Missing > MostLoggerValues:
		return false, fault("文件在这段时间里有 %[1]d 行，最多 %[2]d 行；请分段导入", "the file has %[1]d lines in that time, at most %[2]d are kept; attach it in pieces", l.Points+l.Missing, MostLoggerValues)
	case math.IsNaN(l.MinC) || l.MinC < -100 || l.MaxC > 150 || l.MinC > l.MaxC:
		return false, fault("文件的温度 %[1]g 到 %[2]g °C 不可能", "temperatures of %[1]g to %[2]g °C cannot be", l.MinC, l.MaxC)
	}
	return sameFile(d, l)
}

// checkLoggerTime holds a file's time against the batch's way.
func checkLoggerTime(d Dossier, l LoggerFile) error {
	if !l.From.Before(l.To) {
		return fault("记录仪的时段应先开始后结束", "the logger's time has to begin before it ends")
	}
	if len(d.Stays) == 0 || l.From.Before(d.Stays[0].From) {
		return fault("记录仪的时段从 %[1]s 起，那时这一批还没有入库", "the logger's time begins at %[1]s, before the batch was anywhere", rfc3339(l.From))
	}
	end := d.Stays[len(d.Stays)-1].To
	if d.Closed.After(end) {
		end = d.Closed
	}
	if !d.Closed.IsZero() && l.To.After(end) {
		return fault("记录仪的时段到 %[1]s，而这一批在 %[2]s 已经用完", "the logger's time ends at %[1]s, and nothing was left of the batch since %[2]s", rfc3339(l.To), rfc3339(end))
	}
	return nil
}

func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// sameFile looks for the same file among those that count.
func sameFile(d Dossier, l LoggerFile) (bool, error) {
	for _, x := range d.Loggers {
		if !x.InForce() || x.File != l.File || x.Number == l.Replaces || x.To.Before(l.From) || l.To.Before(x.From) {
			continue
		}
		if l.Replaces == 0 && x.From.Equal(l.From) && x.To.Equal(l.To) && x.Sum == l.Sum && x.Method == l.Method {
			return true, nil
		}
		return false, fault("这份文件已作为第 %[1]d 份记在这段时间上；要改动，请更正那一份", "this file counts already for that time, as number %[1]d; to change it, replace that one", x.Number)
	}
	return false, nil
}
