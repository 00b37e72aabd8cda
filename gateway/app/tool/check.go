package tool

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
)

func checkCommand() *cobra.Command {
	a := &api{}
	cmd := &cobra.Command{
		Use:   "check [--server URL] [FILE...]",
		Short: "Say what is wrong in configuration files, line by line, and of a running county which channels proved delivery this week",
		Args: func(cmd *cobra.Command, files []string) error {
			if a.server == "" && len(files) == 0 {
				return errors.New("name a configuration file, or a running county by --server")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			bad := false
			for _, file := range files {
				problems := config.Check(file)
				for _, p := range problems {
					fmt.Fprintln(cmd.ErrOrStderr(), p)
				}
				if config.Refusal(problems) != nil {
					bad = true
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", file)
			}
			if a.server != "" {
				if err := a.showChannels(cmd); err != nil {
					return err
				}
			}
			if bad {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&a.server, "server", "", "a running county's page, e.g. http://127.0.0.1:8080: say also which channels proved delivery this week")
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "file that holds a token: one of your own, or that of web.token_file")
	return cmd
}
