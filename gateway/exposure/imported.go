package exposure

import (
	"fmt"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/store"
)

// Log is the file of a logger that travelled with a batch, as far as it counts.
type Log struct {
	batch.LoggerFile
	Values []batch.LoggerValue // in order of time
}

// end is the moment before which the log speaks: To is inclusive.
func (l Log) end() time.Time { return l.To.Add(time.Millisecond) }

// samples are the values of a log.
func (l Log) samples() []exposure.Sample {
	out := make([]exposure.Sample, 0, len(l.Values))
	for _, v := range l.Values {
		if v.C != nil {
			out = append(out, exposure.Sample{At: v.At, Value: *v.C})
		}
	}
	return out
}

// heard is a log in one interval, with what was measured beside it.
type heard struct {
	exposure.LoggerFile
	beside *exposure.Comparison
}

// logs works out what the logs of a batch say of from <= t < to. Each speaks as
// a file does that is judged by itself: a line that is missing is a gap.
func (b *building) logs(lot Lot, from, to time.Time) (out []heard, err error) {
	for _, l := range lot.Logs {
		a, z := later(from, l.From), earlier(to, l.end())
		if a.UnixMilli() >= z.UnixMilli() {
			continue
		}
		c, err := exposure.NewCourse(exposure.Options{Method: b.o.Method, Limits: b.o.Limits, Model: b.o.Model, Frozen: b.o.Frozen,
			Interval: time.Duration(l.IntervalS * float64(time.Second)), HoleFactor: fileHole}, a, z, nil)
		if err != nil {
			return nil, fmt.Errorf("logger file %d: %w", l.Number, err)
		}
		for _, v := range l.Values {
			if v.C == nil {
				c.Miss(v.At, causeNoValue)
			} else if err := c.Add(exposure.Sample{At: v.At, Value: *v.C}); err != nil {
				return nil, fmt.Errorf("logger file %d: %w", l.Number, err)
			}
		}
		s := c.Summary()
		if s.Points == 0 {
			continue
		}
		out = append(out, heard{beside: exposure.NewComparison(l.samples(), store.CoverFor),
			LoggerFile: exposure.LoggerFile{Batch: lot.Code, Number: l.Number, File: l.File, Sum: l.Sum, Name: l.Name, Method: l.Method, By: l.By, Summary: s, Life: c.Life()}})
	}
	return out, nil
}

// told closes the comparisons at the end of their interval.
func told(list []heard, end time.Time) (out []exposure.LoggerFile) {
	for _, x := range list {
		x.Beside = x.beside.Beside(earlier(end, x.Summary.End))
		out = append(out, x.LoggerFile)
	}
	return out
}

// unwatched adds a stretch that nothing watched, with the logs that speak of it.
func (b *building) unwatched(h *exposure.History, lot Lot, where exposure.Interval) error {
	list, err := b.logs(lot, where.From, where.To)
	if err != nil {
		return err
	}
	where.Imported = told(list, where.To)
	h.Unmonitored(where)
	return nil
}

// afterwards is until when logs speak of goods that have left: a courier's way
// is known by what came back in the box. Zero: none does.
func afterwards(lot Lot, left time.Time) (until time.Time) {
	for _, l := range lot.Logs {
		if l.end().After(left) && l.end().After(until) {
			until = l.end()
		}
	}
	return until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
