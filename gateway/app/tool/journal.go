package tool

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/journal"
)

// journalCommand reads an edge's journal file: one in use, and one from a dead
// box's card. It never changes the file.
func journalCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "journal", Short: "Look into an edge's journal file, also of a dead box's card"}
	cmd.AddCommand(journalInspect(), journalVerify(), journalExport(), journalMeasure())
	return cmd
}

func journalInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what it holds: epochs, times, points, what is not delivered, gaps",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := journal.OpenReader(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			s, err := r.Summary(cmd.Context())
			if err != nil {
				return whatToDo(err, args[0])
			}
			printSummary(cmd.OutOrStdout(), s)
			return nil
		},
	}
}

// whatToDo says what a damaged file is still good for.
func whatToDo(err error, path string) error {
	if !errors.Is(err, journal.ErrCorrupt) {
		return err
	}
	return fmt.Errorf("%w; where it is damaged says coldchain journal verify %s, and what is readable gives coldchain journal export %s", err, path, path)
}

func printSummary(w io.Writer, s journal.Summary) {
	fmt.Fprintf(w, "format %d, %d bytes, %d of them in use\n", s.Format, s.FileBytes, s.Bytes)
	fmt.Fprintf(w, "epoch %d, delivered to store %q\n", s.Epoch, s.Generation)
	fmt.Fprintf(w, "%d records, %d not delivered, %d set apart by the county, %d dropped at the size limit\n", s.Kept, s.Undelivered, s.Quarantined, s.Dropped)
	if s.Kept == 0 {
		return
	}
	fmt.Fprintf(w, "from %s to %s\n\n", clockTime(s.First), clockTime(s.Last))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EPOCH\tFIRST\tLAST\tRECORDS")
	for _, e := range s.Epochs {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\n", e.Epoch, e.First, e.Last, e.Records)
	}
	fmt.Fprintln(t, "\nPOINT\tUNIT\tREADINGS\tFROM\tTO")
	for _, p := range s.Points {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", p.Point, p.Unit, p.Records, clockTime(p.First), clockTime(p.Last))
	}
	if s.GapCount > 0 {
		fmt.Fprintf(t, "\nGAP OF\tCAUSE\tREADINGS\tFROM\tTO\n")
	}
	for _, g := range s.Gaps {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", g.Scope, g.Cause, g.Count, clockTime(g.From), clockTime(g.To))
	}
	if more := s.GapCount - uint64(len(s.Gaps)); more > 0 {
		fmt.Fprintf(t, "and %d older gaps\n", more)
	}
	_ = t.Flush() // into a terminal or pipe: its error is the program's last
}

func clockTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func journalVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE",
		Short: "Check every page, every record's sum, the sequence and the order of times; status 1 on damage",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := journal.OpenReader(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			found, err := r.Verify(cmd.Context())
			if err != nil {
				return err
			}
			damage := 0
			for _, f := range found {
				kind := "note"
				if f.Damage {
					kind = "DAMAGE"
					damage++
				}
				if f.Seq > 0 {
					kind += fmt.Sprintf(" at record %d", f.Seq)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", kind, f.What)
			}
			if damage > 0 {
				return fmt.Errorf("%s is damaged in %d places; keep it as it is, and take what is readable with coldchain journal export", args[0], damage)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", args[0])
			return nil
		},
	}
}

func journalMeasure() *cobra.Command {
	var batch int
	cmd := &cobra.Command{
		Use:   "measure FILE",
		Short: "Measure bytes per record, and on a copy of its readings rows and commits per second of this disk",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := journal.Measure(cmd.Context(), args[0], batch, time.Now)
			if err != nil {
				return whatToDo(err, args[0])
			}
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%d records, %.1f bytes a record\n", m.Records, m.BytesPerRecord)
			fmt.Fprintf(w, "%.0f records/s at %d a commit; %.1f ms a commit; %.1f bytes a record written anew\n",
				m.RecordsPerSecond, m.Batch, float64(m.PerCommit.Microseconds())/1000, m.NewBytesPerRecord)
			fmt.Fprintf(w, "one sync of the log a commit and about %.1f more a minute for checkpoints: %.0f syncs a minute at one commit a second\n",
				m.CheckpointsPerMinute, 60+m.CheckpointsPerMinute)
			return nil
		},
	}
	cmd.Flags().IntVar(&batch, "batch", 60, "records in a commit")
	return cmd
}
