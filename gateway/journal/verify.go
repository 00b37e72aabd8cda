package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Finding is something that is not as it should be in a journal file.
type Finding struct {
	Damage bool   // false: worth knowing, and not the file's fault
	Seq    uint64 // 0: of the file as a whole
	What   string
}

// maxFindings bounds a report: a card that fails has too much to tell.
const maxFindings = 1000

// Verify looks at the whole file: SQLite's integrity check, every record's sum,
// numbers that are missing though nothing explains it (not delivered and
// trimmed, not declared as taken by the size limit), and times that go back
// within a point, which only a step of the clock explains.
func (r *Reader) Verify(ctx context.Context) ([]Finding, error) {
	v := &verifier{r: r, newest: map[sensors.PointID]time.Time{}}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{{"integrity check", v.integrity}, {"epoch and generation", v.identity}, {"delivery", v.delivery}, {"records", v.records}} {
		if err := step.do(ctx); err != nil {
			if ctx.Err() != nil {
				return v.found, fmt.Errorf("verify journal %s: %w", r.j.path, err)
			}
			v.add(Finding{Damage: true, What: fmt.Sprintf("%s: %v", step.what, err)})
		}
	}
	return v.found, nil
}

type verifier struct {
	r       *Reader
	found   []Finding
	dropped spans
	newest  map[sensors.PointID]time.Time
	expect  uint64
}

func (v *verifier) add(f Finding) {
	if len(v.found) < maxFindings {
		v.found = append(v.found, f)
	}
}

func (v *verifier) integrity(ctx context.Context) error {
	return v.r.j.each(ctx, "PRAGMA integrity_check(100)", func(rows *sql.Rows) error {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			v.add(Finding{Damage: true, What: line})
		}
		return nil
	})
}

func (v *verifier) identity(ctx context.Context) error {
	var s Summary
	return v.r.identity(ctx, &s)
}

func (v *verifier) delivery(ctx context.Context) error {
	if err := v.r.readDelivered(ctx); err != nil || v.r.j.unsummed {
		return err
	}
	return v.r.j.each(ctx, "SELECT first, last FROM dropped", func(rows *sql.Rows) error {
		var s span
		err := rows.Scan(&s.first, &s.last)
		if err == nil && s.first <= s.last {
			v.dropped, _ = v.dropped.add(s)
		}
		return err
	})
}

// records reads them one by one, so that one that is damaged does not hide the
// next.
func (v *verifier) records(ctx context.Context) error {
	j := v.r.j
	query := selectRecords
	if j.unsummed {
		query = selectUnsummed
	}
	one := scan{unsummed: j.unsummed}
	return j.each(ctx, query+" ORDER BY seq", func(rows *sql.Rows) error {
		e, err := one.entry(rows)
		if errors.Is(err, errRow) {
			v.add(Finding{Damage: true, What: err.Error()})
			return nil
		}
		v.hole(one.seq)
		if err != nil {
			v.add(Finding{Damage: true, Seq: one.seq, What: err.Error()})
			return nil
		}
		if !j.delivered.contains(e.Seq) && e.Epoch != j.epoch {
			v.add(Finding{Damage: true, Seq: e.Seq, What: fmt.Sprintf("it is not delivered and belongs to epoch %d, not %d", e.Epoch, j.epoch)})
		}
		v.order(e)
		return nil
	})
}

func (v *verifier) hole(seq uint64) {
	if v.expect != 0 && seq > v.expect {
		for _, part := range v.r.j.delivered.without(span{v.expect, seq - 1}) {
			for _, lost := range v.dropped.without(part) {
				v.add(Finding{Damage: true, Seq: lost.first, What: fmt.Sprintf("%d records from here on are missing, and nothing explains it", lost.last-lost.first+1)})
			}
		}
	}
	v.expect = seq + 1
}

func (v *verifier) order(e Entry) {
	if e.Kind != wire.ReadingRecord {
		return
	}
	p := e.Reading.Point
	if last, ok := v.newest[p]; ok && !e.Time().After(last) {
		v.add(Finding{Seq: e.Seq, What: fmt.Sprintf("%s goes back from %s to %s; want a step of the clock among the events",
			p, last.Format(time.RFC3339Nano), e.Time().Format(time.RFC3339Nano))})
	}
	v.newest[p] = e.Time()
}
