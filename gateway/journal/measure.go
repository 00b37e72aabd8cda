package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Measured is what a journal costs on a disk.
type Measured struct {
	Records              uint64
	BytesPerRecord       float64 // of pages in use, as the file is
	Batch                int
	RecordsPerSecond     float64 // appended durably
	PerCommit            time.Duration
	NewBytesPerRecord    float64
	CheckpointsPerMinute float64 // at one commit of Batch a second: the log is put away every 512 pages, with two syncs
}

// measureRecords bounds what is written to measure.
const measureRecords = 20_000

// Measure counts a file and appends records of its kind (its first readings, or
// made ones if it has none) to a temporary journal in the folder for temporary
// files. now times it.
func Measure(ctx context.Context, path string, batch int, now func() time.Time) (m Measured, err error) {
	if batch < 1 || batch > measureRecords {
		return m, fmt.Errorf("measure journal: %d records in a commit; want 1 to %d", batch, measureRecords)
	}
	r, err := OpenReader(ctx, path)
	if err != nil {
		return m, err
	}
	defer r.Close()
	s, err := r.Summary(ctx)
	if err != nil {
		return m, err
	}
	m.Records, m.Batch = s.Kept, batch
	if s.Kept > 0 {
		m.BytesPerRecord = float64(s.Bytes) / float64(s.Kept)
	}
	var sample []wire.Record
	err = r.Records(ctx, "", time.Time{}, time.Time{}, func(e Entry) bool {
		e.Seq = 0
		sample = append(sample, e.Record)
		return len(sample) < measureRecords
	})
	if err != nil {
		return m, err
	}
	if len(sample) == 0 {
		sample = []wire.Record{{Clock: wire.ClockRTC, Unit: sensors.Celsius, Reading: sensors.NewGood("site/zone/point", now(), -18.5)}}
	}
	for i := 0; len(sample) < batch; i++ {
		sample = append(sample, sample[i])
	}
	return m, m.append(ctx, sample, now)
}

// append times appends for about two seconds, or until measureRecords are in.
func (m *Measured) append(ctx context.Context, sample []wire.Record, now func() time.Time) (err error) {
	folder, err := os.MkdirTemp("", "coldchain-measure-")
	if err != nil {
		return fmt.Errorf("measure journal: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	j, err := Open(ctx, filepath.Join(folder, "journal.db"), Options{Boot: "measure"})
	if err != nil {
		return err
	}
	defer j.Close()
	began, commits, at := now(), 0, 0
	for written := 0; written < measureRecords && (now().Sub(began) < 2*time.Second || commits == 0); written += m.Batch {
		if at+m.Batch > len(sample) {
			at = 0
		}
		if _, err := j.Append(ctx, sample[at:at+m.Batch]); err != nil {
			return err
		}
		at += m.Batch
		commits++
	}
	took := now().Sub(began)
	records := float64(commits * m.Batch)
	inUse, _, err := j.used(ctx)
	if err != nil {
		return err
	}
	m.PerCommit = took / time.Duration(commits)
	m.RecordsPerSecond = records / took.Seconds()
	m.NewBytesPerRecord = float64(inUse) / records
	pagesPerCommit := 1 + float64(m.Batch)*m.NewBytesPerRecord/4096
	m.CheckpointsPerMinute = 2 * 60 * pagesPerCommit / 512
	return nil
}
