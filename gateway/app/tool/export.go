package tool

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
)

// exportCommand writes a point's readings as CSV, as the collector streams
// them.
func exportCommand() *cobra.Command {
	a := &api{}
	var point, from, to, file string
	cmd := &cobra.Command{
		Use:     "export --point SITE/ZONE/POINT --from TIME --to TIME [--csv FILE]",
		Short:   "Write a point's stored readings as CSV",
		Example: "  coldchain export --point balagong/mutton-1/air --from 2026-11-01T00:00:00+08:00 --to 2026-12-01T00:00:00+08:00 --csv air.csv",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			out := cmd.OutOrStdout()
			if file != "" {
				// What is there already may be the only copy of something.
				f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
				if err != nil {
					return fmt.Errorf("--csv: %w", err)
				}
				if err := errors.Join(a.export(cmd, point, from, to, f), f.Close()); err != nil {
					return errors.Join(err, os.Remove(file))
				}
				return nil
			}
			return a.export(cmd, point, from, to, out)
		},
	}
	cmd.Flags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.Flags().StringVar(&point, "point", "", "site/zone/point")
	cmd.Flags().StringVar(&from, "from", "", "first moment (RFC 3339)")
	cmd.Flags().StringVar(&to, "to", "", "first moment no more (RFC 3339)")
	cmd.Flags().StringVar(&file, "csv", "", "new file to write (default: standard output)")
	for _, needed := range []string{"point", "from", "to"} {
		_ = cmd.MarkFlagRequired(needed) // exists: defined above
	}
	return cmd
}

// export copies the answer line by line and fails unless it is complete.
func (a *api) export(cmd *cobra.Command, point, from, to string, out io.Writer) error {
	query := url.Values{"point": {point}, "from": {from}, "to": {to}, "format": {"csv"}}
	res, err := a.get(cmd.Context(), "/api/v1/export?"+query.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // the status says enough without it
		return refusedBy(res.Status, text)
	}
	lines := bufio.NewScanner(res.Body)
	w := bufio.NewWriter(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "# complete,") {
			return w.Flush()
		}
		fmt.Fprintln(w, lines.Text())
	}
	return errors.Join(errors.New("the export broke off: ask again"), lines.Err(), w.Flush())
}

// get asks the collector; the caller closes the answer's body.
func (a *api) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(a.server, "/")+path, nil)
	if err != nil {
		return nil, fmt.Errorf("--server %s: %w", a.server, err)
	}
	if a.tokenFile != "" {
		token, err := config.ReadSecret(a.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the collector: %w", err)
	}
	return res, nil
}
