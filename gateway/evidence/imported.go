package evidence

import (
	"time"

	"coldchain/alerting/exposure"
)

// LoggerRow is one line of what the file of a logger says that travelled along:
// a stretch of an interval. It is no measured reading, and is frozen by being
// here.
type LoggerRow struct {
	Batch  string `json:"batch"` // that the file was attached to
	Number int    `json:"number"`
	Row
}

// loggerRows cuts what loggers' files say as the table of temperatures is cut.
// logs holds their values by the sum of exposure.LoggerFile.
func loggerRows(intervals []exposure.Interval, logs map[string][]exposure.Sample, zone *time.Location) (out []LoggerRow) {
	var whole time.Duration
	for _, i := range intervals {
		for _, l := range i.Imported {
			whole += l.Summary.End.Sub(l.Summary.Start)
		}
	}
	step := rowStep(whole)
	for _, i := range intervals {
		for _, l := range i.Imported {
			var samples []exposure.Sample
			for _, s := range logs[l.Sum] {
				if !s.At.Before(l.Summary.Start) && s.At.Before(l.Summary.End) {
					samples = append(samples, s)
				}
			}
			for _, r := range rowsOf(i.Zone, l.Summary.Start, l.Summary.End, samples, step, zone) {
				out = append(out, LoggerRow{l.Batch, l.Number, r})
			}
		}
	}
	return out
}
