package tool

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func journalExport() *cobra.Command {
	var format, point, from, to string
	cmd := &cobra.Command{
		Use:     "export FILE",
		Short:   "Write its records to standard output as SenML (JSON) or CSV",
		Example: "  coldchain journal export journal.db --format csv --point balagong/mutton/air --from 2026-01-05T00:00:00Z > air.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin, end, err := timeRange(from, to)
			if err != nil {
				return err
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			var w exporter
			switch format {
			case "senml":
				w = &senml{out: out}
			case "csv":
				w = &table{out: csv.NewWriter(out)}
			default:
				return fmt.Errorf("--format %.20q: want senml or csv", format)
			}
			r, err := journal.OpenReader(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			return errors.Join(export(cmd.Context(), r, w, sensors.PointID(point), begin, end), out.Flush())
		},
	}
	cmd.Flags().StringVar(&format, "format", "senml", "senml (RFC 8428, JSON) or csv")
	cmd.Flags().StringVar(&point, "point", "", "only this point's readings: site/zone/point")
	cmd.Flags().StringVar(&from, "from", "", "not before (RFC 3339)")
	cmd.Flags().StringVar(&to, "to", "", "before (RFC 3339)")
	return cmd
}

func timeRange(from, to string) (begin, end time.Time, err error) {
	for _, p := range []struct {
		flag, text string
		to         *time.Time
	}{{"--from", from, &begin}, {"--to", to, &end}} {
		if p.text == "" {
			continue
		}
		if *p.to, err = time.Parse(time.RFC3339, p.text); err != nil {
			return begin, end, fmt.Errorf("%s %.40q: want a time like 2026-01-05T03:00:00Z", p.flag, p.text)
		}
	}
	return begin, end, nil
}

// exporter writes records one by one.
type exporter interface {
	begin() error
	write(journal.Entry) error
	end() error
}

func export(ctx context.Context, r *journal.Reader, w exporter, point sensors.PointID, begin, end time.Time) error {
	if err := w.begin(); err != nil {
		return err
	}
	var failed error
	err := r.Records(ctx, point, begin, end, func(e journal.Entry) bool {
		failed = w.write(e)
		return failed == nil
	})
	if err == nil && failed == nil {
		return w.end()
	}
	return errors.Join(err, failed, w.end()) // what came before the damage is whole
}

// table is CSV with a line a record; the columns of a gap and an event are
// empty where they say nothing.
type table struct{ out *csv.Writer }

func (t *table) begin() error {
	return t.out.Write([]string{"epoch", "sequence", "time", "kind", "point", "value", "unit", "raw", "quality", "reason", "clock", "reconstructed", "detail"})
}

func (t *table) write(e journal.Entry) error {
	row := []string{strconv.FormatUint(e.Epoch, 10), strconv.FormatUint(e.Seq, 10), clockTime(e.Time()),
		"", "", "", "", "", "", "", string(e.Clock), strconv.FormatBool(e.Reconstructed), ""}
	switch e.Kind {
	case wire.ReadingRecord:
		row[3], row[4], row[6] = "reading", string(e.Reading.Point), string(e.Unit)
		row[8], row[9] = e.Reading.Quality.String(), string(e.Reading.Reason)
		if v, ok := e.Reading.Value(); ok {
			row[5] = strconv.FormatFloat(v, 'g', -1, 64)
		}
		if v, ok := e.Reading.Raw(); ok {
			row[7] = strconv.FormatFloat(v, 'g', -1, 64)
		}
	case wire.GapRecord:
		row[3], row[4], row[9] = "gap", e.Gap.Scope, e.Gap.Cause
		row[12] = fmt.Sprintf("from %s, %d readings", clockTime(e.Gap.From), e.Gap.Count)
	case wire.EventRecord:
		row[3], row[4], row[9] = "event", e.Event.Object, e.Event.Name
		if len(e.Event.Detail) > 0 {
			b, err := json.Marshal(e.Event.Detail)
			if err != nil {
				return err
			}
			row[12] = string(b)
		}
	}
	return t.out.Write(row)
}

func (t *table) end() error { t.out.Flush(); return t.out.Error() }

// senml is one SenML pack for each run of an epoch, each a JSON array on lines
// of its own: epochs number their records apart.
type senml struct {
	out   io.Writer
	epoch uint64
	held  []wire.Record
}

// senmlPack is how many records are put into one pack: the most that a reader
// of this wire format takes.
const senmlPack = 500

func (s *senml) begin() error { return nil }

func (s *senml) write(e journal.Entry) error {
	if len(s.held) > 0 && (e.Epoch != s.epoch || len(s.held) >= senmlPack) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.epoch = e.Epoch
	s.held = append(s.held, e.Record)
	return nil
}

func (s *senml) flush() error {
	if len(s.held) == 0 {
		return nil
	}
	next := s.held[len(s.held)-1].Seq + 1
	b, err := wire.EncodePack(wire.Pack{Epoch: s.epoch, Oldest: s.held[0].Seq, Next: next, Records: s.held}, wire.JSON)
	if err != nil {
		return fmt.Errorf("records %d to %d as SenML: %w; export them with --format csv", s.held[0].Seq, next-1, err)
	}
	s.held = s.held[:0]
	_, err = s.out.Write(append(bytes.TrimSpace(b), '\n'))
	return err
}

func (s *senml) end() error { return s.flush() }
