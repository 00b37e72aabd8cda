package state

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// ReportStep is what a person does about a report that is drafted.
type ReportStep string

// The steps, in their order.
const (
	ReportReviewed ReportStep = "reviewed"
	ReportSent     ReportStep = "sent"
)

// ReportMark is a step that was taken.
type ReportMark struct {
	Step ReportStep
	By   string
	At   time.Time
	Note string
}

// MarkReport records that a person has reviewed or sent the report of a kind
// whose period begins at from. The same step again changes nothing: the first
// stands. Refusals: ErrInvalid, ErrStale for sending what nobody has reviewed,
// ErrSecondPerson for who is no person; only sending may be the program's own.
func (db *DB) MarkReport(ctx context.Context, actor Actor, kind string, from time.Time, step ReportStep, note string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		// The program may send what a person has reviewed.
		if actor.Kind != Person && (actor.Kind != System || step != ReportSent) {
			return &Refusal{Kind: ErrSecondPerson, Text: fmt.Sprintf("a %s cannot answer for a report; a person of the roster has to", actor.Kind), ZH: "报表要由人员名单里的人审核和报送"}
		}
		if step != ReportReviewed && step != ReportSent {
			return refuse(ErrInvalid, "step %.20q is neither reviewed nor sent", string(step))
		}
		if err := checkText("note", note, 200); err != nil {
			return err
		}
		taken, err := readReportMarks(ctx, tx.Tx, kind, from)
		if err != nil {
			return err
		}
		for _, m := range taken {
			if m.Step == step {
				return errUnchanged
			}
		}
		if step == ReportSent && len(taken) == 0 {
			return &Refusal{Kind: ErrStale, Text: "nobody has reviewed it yet: review it first, then send it", ZH: "还没有人审核：先审核，再报送"}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO report_steps (kind, from_ms, step, note, actor_kind, actor_id, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
			kind, from.UnixMilli(), string(step), note, string(actor.Kind), actor.ID, tx.at.UnixMilli()); err != nil {
			return err
		}
		return tx.audit("report."+string(step), kind+" "+stamp(from), detail{"note": note})
	})
	if err != nil {
		return fmt.Errorf("mark the %s report as %.20s: %w", kind, step, err)
	}
	return nil
}

// ReportMarks returns what was done about a report, oldest first.
func (db *DB) ReportMarks(ctx context.Context, kind string, from time.Time) (out []ReportMark, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readReportMarks(ctx, tx, kind, from)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was done about the %s report: %w", kind, err)
	}
	return out, nil
}

func readReportMarks(ctx context.Context, tx *sql.Tx, kind string, from time.Time) ([]ReportMark, error) {
	out := []ReportMark{}
	rows, err := tx.QueryContext(ctx, "SELECT step, actor_id, at_ms, note FROM report_steps WHERE kind = ? AND from_ms = ? ORDER BY at_ms, step", kind, from.UnixMilli())
	return out, each(rows, err, func() error {
		var m ReportMark
		var at int64
		err := rows.Scan(&m.Step, &m.By, &at, &m.Note)
		m.At = time.UnixMilli(at).UTC()
		out = append(out, m)
		return err
	})
}
