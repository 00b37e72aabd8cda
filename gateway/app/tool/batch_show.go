package tool

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/ageing"
	"coldchain/alerting/batch"
)

// shownBatch is what the collector answers of one batch.
type shownBatch struct {
	bookedBatch
	Place  string
	Owner  string
	Closed *time.Time
	Ages   *ageing.Outlook
}

func (a *api) show() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a batch: where it lies, how much of its life is used, until when it is to be delivered",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := "/api/v1/batches/" + url.PathEscape(args[0])
			var answer struct{ Batch shownBatch }
			if err := a.do(cmd.Context(), http.MethodGet, path, nil, &answer); err != nil {
				return err
			}
			var file dossier
			err := a.do(cmd.Context(), http.MethodGet, path+"/dossier", nil, &file)
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, line := range answer.Batch.lines(file.Dossier.Details, batch.Verdict{Decision: batch.Decision(file.Verdict.Decision)}) {
				fmt.Fprintln(w, line)
			}
			err = errors.Join(w.Flush(), err) // what is known is shown all the same
			file.standing(cmd.OutOrStdout())
			return err
		},
	}
}

// lines are a name and a value each.
func (b shownBatch) lines(d batch.Details, v batch.Verdict) (out []string) {
	add := func(name, format string, values ...any) {
		out = append(out, name+"\t"+strings.TrimSpace(fmt.Sprintf(format, values...)))
	}
	add("batch", "%s", b.ID)
	add("product", "%s %s", b.Product, b.Quantity)
	add("owner", "%s", b.Owner)
	where := b.Zone + b.Place
	switch {
	case b.Closed != nil:
		where = "closed " + minuteOf(*b.Closed)
	case where == "":
		where = "left"
	case len(b.Custody) > 0:
		where += " since " + minuteOf(b.Custody[len(b.Custody)-1].From)
	}
	add("where", "%s", where)
	if v.Decision != "" {
		add("verdict", "%s", v.Decision)
	}
	if !d.DeliverBy.IsZero() {
		add("deliver by", "%s", minuteOf(d.DeliverBy))
	}
	if o := b.Ages; o != nil {
		add("life used", "%.1f %% (at most %.1f %%); told at %.0f %%", 100*o.Used, 100*o.UsedMax, 100*o.AlarmAt)
		if o.PresentC != nil && o.RemainingDays != nil && o.RemainingDaysMin != nil {
			add("remaining", "%s to %s days at the present %.1f °C", oneDecimal(*o.RemainingDaysMin), oneDecimal(*o.RemainingDays), *o.PresentC)
		}
		for _, r := range o.Reasons {
			add("attention", "%s", r)
		}
	}
	return out
}

func minuteOf(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

func oneDecimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
