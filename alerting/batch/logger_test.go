package batch

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheckLogger(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	hour := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
	attached := LoggerFile{Number: 1, File: "f1", Sum: "s1", From: hour(1), To: hour(3), Method: "air"}
	d := Dossier{Stays: []Custody{{Zone: "s/room", From: hour(0), To: hour(1)}, {Place: "渡口", From: hour(1), To: hour(4)}}, Loggers: []LoggerFile{attached}}
	base := LoggerFile{File: "f2", Sum: "s2", From: hour(1), To: hour(2), Method: "core", Points: 12, MinC: 1, MaxC: 9}
	with := func(change func(*LoggerFile)) LoggerFile { l := base; change(&l); return l }
	for name, c := range map[string]struct {
		l    LoggerFile
		want string // of the refusal; empty: none
		same bool
	}{
		"another logger in the same time":      {base, "", false},
		"after it left, with a courier":        {with(func(l *LoggerFile) { l.From, l.To = hour(4), hour(9) }), "", false},
		"before the batch was anywhere":        {with(func(l *LoggerFile) { l.From = hour(-1) }), "before the batch was anywhere", false},
		"backwards":                            {with(func(l *LoggerFile) { l.To = l.From }), "begin before it ends", false},
		"lying nowhere":                        {with(func(l *LoggerFile) { l.Method = "" }), "want one of", false},
		"one reading":                          {with(func(l *LoggerFile) { l.Points = 1 }), "at least two", false},
		"too many":                             {with(func(l *LoggerFile) { l.Points = MostLoggerValues + 1 }), "in pieces", false},
		"no temperatures":                      {with(func(l *LoggerFile) { l.MaxC = 327 }), "cannot be", false},
		"the same again":                       {with(func(l *LoggerFile) { *l = attached; l.Number, l.Points = 0, 12 }), "", true},
		"the same file for a part of it":       {with(func(l *LoggerFile) { l.File = "f1" }), "as number 1", false},
		"the same file afterwards":             {with(func(l *LoggerFile) { l.File = "f1"; l.From, l.To = hour(5), hour(6) }), "", false},
		"in place of the first":                {with(func(l *LoggerFile) { l.File, l.Replaces, l.Reason = "f1", 1, "时区错了" }), "", false},
		"in place of the first, and no reason": {with(func(l *LoggerFile) { l.Replaces = 1 }), "say why", false},
		"in place of none":                     {with(func(l *LoggerFile) { l.Replaces, l.Reason = 2, "x" }), "there is none", false},
		"taken back":                           {LoggerFile{Replaces: 1, Reason: "不是这一批的"}, "", false},
	} {
		same, err := CheckLogger(d, c.l)
		if same != c.same || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, same, err)
		}
		var f *Fault
		if err != nil && (!errors.As(err, &f) || f.ZH == "") {
			t.Errorf("%s: no Chinese words", name)
		}
	}
	d.Closed = hour(4)
	if _, err := CheckLogger(d, with(func(l *LoggerFile) { l.To = hour(5) })); err == nil || !strings.Contains(err.Error(), "nothing was left") {
		t.Errorf("of a batch that is used up: %v", err)
	}
	d.Loggers[0].ReplacedBy = 2
	if _, err := CheckLogger(d, with(func(l *LoggerFile) { l.Replaces, l.Reason = 1, "x" })); err == nil {
		t.Error("what was replaced is replaced again")
	}
}
