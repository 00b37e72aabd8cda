package tool

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"
)

func pinCommand() *cobra.Command {
	a := &api{}
	cmd := &cobra.Command{Use: "pin", Short: "Help somebody who has forgotten his PIN"}
	cmd.PersistentFlags().StringVar(&a.server, "server", "http://127.0.0.1:8080", "the collector's page")
	cmd.PersistentFlags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	cmd.PersistentFlags().StringVar(&a.actor, "actor", "", "who does this, for the audit")
	reset := &cobra.Command{
		Use:   "reset PERSON",
		Short: "Take a person's PIN away, so that he chooses another one",
		Long: `Takes a person's PIN away; the next time the person acts he chooses another one.

A manager or who is on duty at the county does this on the people page. This
command is for when none of them can: it is refused while another one of them
has a PIN.`,
		Example: "  coldchain pin reset wangzhuren --token-file /etc/coldchain/web.token --actor 'the county office'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.key = rand.Text()
			var answer struct{ PINs []string }
			if err := a.do(cmd.Context(), http.MethodDelete, "/api/v1/people/"+url.PathEscape(args[0])+"/pin", map[string]any{"actor": a.actor}, &answer); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s has no PIN now and chooses one the next time; %d others have one\n", args[0], len(answer.PINs))
			return nil
		},
	}
	_ = cmd.MarkPersistentFlagRequired("actor") // exists: defined above
	cmd.AddCommand(reset)
	return cmd
}
