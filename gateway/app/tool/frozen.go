package tool

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
	"coldchain/gateway/retention"
	"coldchain/gateway/state"
	readings "coldchain/gateway/store"
)

func frozenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "frozen",
		Short: "Show the readings that signed certificates used, which retention never removes",
	}
	cmd.AddCommand(frozenList(), frozenShow())
	return cmd
}

func frozenList() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "list --config FILE",
		Short: "List what is frozen and verify each evidence file against the county's record",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.LoadCounty(file)
			if err != nil {
				return err
			}
			all, err := state.ListFrozen(cmd.Context(), filepath.Join(cfg.Data, countyFile))
			if err != nil {
				return err
			}
			bad := false
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, f := range all {
				says := "no copy yet"
				if f.Evidence != nil {
					says = fmt.Sprintf("%d readings, %s, ok", f.Evidence.Readings, hexBytes(f.Evidence.SHA256))
					if err := retention.Verify(filepath.Join(cfg.Data, retention.Folder), f); err != nil {
						bad, says = true, err.Error()
					}
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d ranges\t%s\n", f.Reference, f.At.Local().Format("2006-01-02 15:04"), f.By, len(f.Ranges), says)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if bad {
				return errors.New("an evidence file is not what was frozen; restore it from a backup")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the collector's configuration file")
	_ = cmd.MarkFlagRequired("config") // exists: defined above
	return cmd
}

func frozenShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show FILE",
		Short:   "Write an evidence file's readings as CSV; needs neither store nor county",
		Example: "  coldchain frozen show /var/lib/coldchain-collector/frozen/CC-2026-0001.cbor.zst",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer in.Close() // only read
			return showEvidence(in, args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
}

func showEvidence(in io.Reader, name string, out, say io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"point", "quantity", "time", "value", "raw", "unit", "quality", "reason", "reconstructed", "gateway", "epoch", "sequence"}); err != nil {
		return err
	}
	n := 0
	h, err := retention.ReadEvidence(in, func(r readings.Record) bool {
		n++
		_ = w.Write([]string{string(r.Point), string(r.Quantity), r.Time.Format(time.RFC3339Nano), text(r.Value()), text(r.Raw()), string(r.Quantity.Unit()),
			r.Quality.String(), string(r.Reason), strconv.FormatBool(r.Reconstructed), r.Gateway, strconv.FormatUint(r.Epoch, 10), strconv.FormatUint(r.Seq, 10)}) // Error below has it
		return w.Error() == nil
	})
	w.Flush()
	if err = errors.Join(err, w.Error()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(say, "%s: %d readings of %d ranges, frozen %s by %s\n", h.Reference, n, len(h.Ranges), h.Frozen.Local().Format("2006-01-02 15:04"), h.By)
	return nil
}

// text is a number as CSV has it; nothing when there is none.
func text(v float64, ok bool) string {
	if !ok {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
