package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/batch"
	"coldchain/gateway/files"
)

func (a *api) logger() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use: "logger ID [FILE.csv] --method surface|between-packs|core|air", Short: "Attach the file of a logger that travelled with a batch",
		Long: `Attaches the CSV of any temperature logger to a batch, for a courier's way or a
stay that nothing watched. What it says is shown apart: it bounds what happened
and is never measured coverage. What the file leaves open is asked for. The same
file for the same time is attached once; one that was wrong is replaced by a
later one, or taken back without a file, and stays in the records.`,
		Example: `  coldchain batch logger HJQ-1 returned.csv --check
  coldchain batch logger HJQ-1 returned.csv --method between-packs --from 2026-11-23T08:00:00+08:00 --to 2026-11-23T16:00:00+08:00 --actor 萨仁
  coldchain batch logger HJQ-1 --replaces 1 --reason 不是这一批的 --actor 萨仁`,
		Args: cobra.RangeArgs(1, 2),
	}
	fields := texts(cmd, map[string]string{"method": "where the logger lay: surface, between-packs, core or air",
		"from": "since when it counts (RFC 3339; default: since it or the batch began)", "to": "until when it counts (default: its end)",
		"unit": "c or f, when the file does not say", "dates": "dmy or mdy, when the file does not decide", "column": "header or number of the temperatures, when there are several",
		"encoding": "utf-8, utf-16le, utf-16be, latin-1 or gb18030, when the file does not decide",
		"replaces": "number of the batch's logger file that was wrong", "reason": "why it was"})
	fields["zone"] = cmd.Flags().String("tz", "", "time zone of the logger's clock, when the file does not say (default: the county's)")
	cmd.Flags().BoolVar(&check, "check", false, "only say what is in the file")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		form := map[string]any{}
		for name, text := range fields {
			if *text != "" {
				form[name] = *text
			}
		}
		return a.attachLogger(cmd, args, form, check)
	}
	return cmd
}

// loggerLook is what the collector found in a file.
type loggerLook struct {
	Found *struct {
		Start, End time.Time
		Points     int
		Zoned      bool
		Notes      []struct{ ZH, EN string }
		Counts     batch.LoggerFile
	}
	Undecided *struct {
		What, ZH, EN string
		Choices      []string
	}
	dossier
}

func (a *api) attachLogger(cmd *cobra.Command, args []string, form map[string]any, check bool) (err error) {
	var name string
	var body []byte
	if len(args) > 1 {
		if name, body, err = loggerFile(args[1]); err != nil {
			return err
		}
	}
	if form["check"] = check; !check {
		if form, err = a.named(form); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Minute)
	defer cancel()
	req, err := a.form(ctx, "/api/v1/batches/"+url.PathEscape(args[0])+"/loggers", form, name, body)
	if err != nil {
		return err
	}
	var answer loggerLook
	if err := a.send(req, &answer); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	switch u, f := answer.Undecided, answer.Found; {
	case u != nil:
		return fmt.Errorf("%s: say --%s %s\n%s", u.EN, u.What, strings.Join(u.Choices, " or --"+u.What+" "), u.ZH)
	case f != nil:
		fmt.Fprintf(out, "the file: %d readings, %s to %s\n", f.Points, f.Start.Format(time.RFC3339), f.End.Format(time.RFC3339))
		for _, n := range f.Notes {
			fmt.Fprintln(out, n.EN, "/", n.ZH)
		}
		fmt.Fprint(out, "would count: ")
		printLogger(out, f.Counts)
		return nil
	}
	for _, l := range answer.Dossier.Loggers {
		if l.InForce() {
			fmt.Fprintf(out, "logger file %d: ", l.Number)
			printLogger(out, l)
		}
	}
	return a.showDossier(cmd, answer.dossier)
}

// printLogger prints what of a file counts, and as what it was read.
func printLogger(out io.Writer, l batch.LoggerFile) {
	parts := []string{fmt.Sprintf("%d readings", l.Points)}
	if l.Missing > 0 {
		parts = append(parts, fmt.Sprintf("%d lines without a value", l.Missing))
	}
	parts = append(parts, fmt.Sprintf("%s to %s", l.From.Format(time.RFC3339), l.To.Format(time.RFC3339)), fmt.Sprintf("%.1f to %.1f °C", l.MinC, l.MaxC))
	read := []string{"column " + l.ReadAs.Column, "°" + strings.ToUpper(l.ReadAs.Unit), l.ReadAs.Encoding, l.ReadAs.Dates, l.ReadAs.Zone}
	read = slices.DeleteFunc(read, func(s string) bool { return s == "" })
	fmt.Fprintf(out, "%s (read as %s)\n", strings.Join(parts, ", "), strings.Join(read, ", "))
}

func loggerFile(path string) (name string, body []byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nil, err
	}
	if info.Size() > files.MaxSize {
		return "", nil, errors.New(path + " is larger than 12 MiB: divide it")
	}
	body, err = os.ReadFile(path)
	return filepath.Base(path), body, err
}
