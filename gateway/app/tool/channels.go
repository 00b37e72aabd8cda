package tool

import (
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// channelsCommand shows which ways to people work, as `coldchain check --server`
// does after the files.
func channelsCommand() *cobra.Command {
	a := &api{}
	cmd := &cobra.Command{
		Use:   "channels",
		Short: "Show which ways to reach people proved delivery this week",
		Long:  "Asks the collector which of notify.channels have handed a message to their far end in the last seven days. It fails when one has not: a channel that was not proved is not to be relied on.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.showChannels(cmd) },
	}
	cmd.Flags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	return cmd
}

// showChannels prints the channels of a running county and fails when one has
// not proved delivery.
func (a *api) showChannels(cmd *cobra.Command) error {
	var answer struct{ Channels []provedChannel }
	if err := a.do(cmd.Context(), http.MethodGet, "/api/v1/channels", nil, &answer); err != nil {
		return err
	}
	if len(answer.Channels) == 0 {
		return errors.New("nobody is told: no channel is configured; add notify.channels to the county's file")
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	unproved := 0
	for _, c := range answer.Channels {
		fmt.Fprintln(w, c)
		if c.Proved.IsZero() {
			unproved++
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if unproved > 0 {
		return fmt.Errorf("%d of %d channels have not proved delivery this week; try each with: coldchain notify test CHANNEL", unproved, len(answer.Channels))
	}
	return nil
}

type provedChannel struct {
	Name, Kind string
	Proved     time.Time `json:"proved_at"`
	Taken      int64     `json:"taken_7d"`
	Failed     int64     `json:"failed_7d"`
	LastError  string    `json:"last_error"`
}

func (c provedChannel) String() string {
	proved := "not proved"
	if !c.Proved.IsZero() {
		proved = "proved " + c.Proved.Local().Format("2006-01-02 15:04")
	}
	line := fmt.Sprintf("%s\t%s\t%s\t%d taken\t%d failed", c.Name, c.Kind, proved, c.Taken, c.Failed)
	if c.LastError != "" {
		line += "\t" + c.LastError
	}
	return line
}
