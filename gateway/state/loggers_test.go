package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// log is a value each ten minutes since from; NaN-free: nil is a line without one.
func log(from time.Time, values ...any) (out []batch.LoggerValue) {
	for i, v := range values {
		x := batch.LoggerValue{At: from.Add(time.Duration(i) * 10 * time.Minute)}
		if c, ok := v.(float64); ok {
			x.C = &c
		}
		out = append(out, x)
	}
	return out
}

func TestALoggersFileIsAttachedOnceAndCorrectedByALaterOne(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	from := noon.Add(-time.Hour)
	c.book(t, batch.Batch{ID: "A"}, room, from)
	file := strings.Repeat("ab", 32)
	l := batch.LoggerFile{File: file, Name: "回来的.csv", From: from, To: noon, Method: "between-packs", ReadAs: batch.ReadAs{Unit: "c", Zone: "Asia/Shanghai", Column: "Temp"}}
	values := log(from, 2.5, nil, -1.25, 9.0)
	k := key()
	for range 2 {
		must(t, c.AttachLogger(ctx, keeper, k, "A", l, values))
	}
	must(t, c.AttachLogger(ctx, keeper, key(), "A", l, values)) // another key, the same file and time
	d := c.dossier(t, "A")
	if len(d.Loggers) != 1 {
		t.Fatalf("attached %d times", len(d.Loggers))
	}
	got := d.Loggers[0]
	if got.Number != 1 || got.Points != 3 || got.Missing != 1 || got.MinC != -1.25 || got.MaxC != 9 || got.IntervalS != 900 || got.By != keeper.ID || !got.At.Equal(noon) || got.ReadAs != l.ReadAs || !got.InForce() {
		t.Errorf("%+v", got)
	}
	back, err := c.LoggerValues(ctx, got.Sum)
	must(t, err)
	if !slices.EqualFunc(back, values, func(a, b batch.LoggerValue) bool {
		return a.At.Equal(b.At) && (a.C == nil) == (b.C == nil) && (a.C == nil || *a.C == *b.C)
	}) {
		t.Errorf("%v came back as %v", values, back)
	}
	// The clock was an hour wrong: another entry stands for it, and the first stays.
	later := l
	later.To, later.Replaces, later.Reason = noon.Add(-20*time.Minute), 1, "记录仪时钟快一小时"
	must(t, c.AttachLogger(ctx, quality, key(), "A", later, values[:3]))
	must(t, c.AttachLogger(ctx, quality, key(), "A", batch.LoggerFile{Replaces: 2, Reason: "不是这一批的"}, nil))
	d = c.dossier(t, "A")
	if len(d.Loggers) != 3 || d.Loggers[0].ReplacedBy != 2 || d.Loggers[1].ReplacedBy != 3 || d.Loggers[2].InForce() || d.Loggers[0].Points != 3 {
		t.Errorf("%+v", d.Loggers)
	}
	if got := c.actions(t, "A"); !slices.Equal(got, []string{"batch.created", "batch.logger", "batch.logger", "batch.logger"}) {
		t.Error(got)
	}
	must(t, c.VerifyAudit(ctx))
}

func TestALoggersFileThatIsRefusedLeavesNothing(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	from := noon.Add(-time.Hour)
	c.book(t, batch.Batch{ID: "A"}, room, from)
	rows, l := c.rows(t, "audit"), batch.LoggerFile{File: strings.Repeat("ab", 32), From: from, To: noon, Method: "air"}
	refused(t, "a value outside", c.AttachLogger(ctx, keeper, key(), "A", l, log(from.Add(-time.Hour), 1.0, 2.0)), ErrInvalid, "outside its time")
	refused(t, "out of order", c.AttachLogger(ctx, keeper, key(), "A", l, append(log(noon, 1.0), log(from, 1.0)...)), ErrInvalid, "out of order")
	refused(t, "no batch", c.AttachLogger(ctx, keeper, key(), "B", l, log(from, 1.0, 2.0)), ErrUnknownBatch, "create it first")
	refused(t, "no file", c.AttachLogger(ctx, keeper, key(), "A", batch.LoggerFile{From: from, To: noon, Method: "air"}, log(from, 1.0, 2.0)), ErrInvalid, "send the logger's file")
	refused(t, "no method", c.AttachLogger(ctx, keeper, key(), "A", batch.LoggerFile{File: l.File, From: from, To: noon}, log(from, 1.0, 2.0)), ErrInvalid, "want one of")
	early := l
	early.From = from.Add(-time.Hour)
	refused(t, "before it was there", c.AttachLogger(ctx, keeper, key(), "A", early, log(from, 1.0, 2.0)), ErrInvalid, "before the batch was anywhere")
	ahead := l
	ahead.To = noon.Add(time.Hour)
	refused(t, "a time that has not come", c.AttachLogger(ctx, keeper, key(), "A", ahead, log(from, 1.0, 2.0)), ErrInFuture, "not come yet")
	if n := c.rows(t, "audit"); n != rows || c.rows(t, "logger_values") != 0 || len(c.dossier(t, "A").Loggers) != 0 {
		t.Errorf("%d rows of audit for what was refused", n-rows)
	}
	_, err := c.LoggerValues(ctx, "nothing")
	refused(t, "values", err, ErrNotFound, "no logger's file")
}

func TestDamagedValuesAreNoValues(t *testing.T) {
	whole := encodeLoggerValues(log(noon, 1.5, nil))
	for n := range whole {
		if back, err := decodeLoggerValues(whole[:n]); err == nil && n != 0 && n != 17 {
			t.Errorf("%d bytes of %d are %v", n, len(whole), back)
		}
	}
	whole[8] = 2
	if _, err := decodeLoggerValues(whole); err == nil {
		t.Error("a mark that is neither 0 nor 1 is taken")
	}
}
