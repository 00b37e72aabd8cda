package tool

import (
	"fmt"

	"github.com/spf13/cobra"

	"coldchain/gateway/config"
)

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Say what is wrong in configuration files, line by line",
		Args:  cobra.MinimumNArgs(1),
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
			if bad {
				return errReported
			}
			return nil
		},
	}
}
