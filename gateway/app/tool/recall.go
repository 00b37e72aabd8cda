package tool

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/batch"
)

func recallCommand() *cobra.Command {
	a, asJSON := &api{}, false
	cmd := &cobra.Command{
		Use: "recall BATCH", Short: "List where every part of a batch went",
		Long: `Lists a batch and everything that came of it: parts, merged lots, products and
containers, nearest first, each with where it is now or how it left, who took it,
and what was decided of it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var answer struct {
				Now   time.Time    `json:"now"`
				Parts []batch.Part `json:"parts"`
			}
			if err := a.do(cmd.Context(), http.MethodGet, "/api/v1/batches/"+url.PathEscape(args[0])+"/recall", nil, &answer); err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(cmd.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(answer)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(w, "BATCH\tPRODUCT\tHOW MUCH\tHOW\tWHERE\tLAST TAKEN BY\tVERDICT")
			for _, p := range answer.Parts {
				fmt.Fprintln(w, partLine(p))
			}
			return w.Flush()
		},
	}
	cmd.Flags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON, with every stay and handover")
	return cmd
}

func partLine(p batch.Part) string {
	how := string(p.Relation)
	if p.From != "" {
		how += " of " + p.From
	}
	if p.Mixed {
		how += ", with others"
	}
	where := p.Where
	switch {
	case where != "":
	case !p.Left.IsZero():
		where = "left " + p.Left.Local().Format("2006-01-02 15:04")
	default:
		where = "never booked"
	}
	if p.Courier != nil {
		where += " by courier " + p.Courier.Firm + " " + p.Courier.Waybill
	}
	much := p.Took
	if much == "" {
		much = p.Quantity
	}
	taken := ""
	if n := len(p.Handovers); n > 0 {
		taken = p.Handovers[n-1].To
	}
	return strings.Join([]string{strings.Repeat("  ", p.Depth) + p.Batch, p.Product, much, how, where, taken, string(p.Decision)}, "\t")
}
