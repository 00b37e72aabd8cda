// Package tool is the person's command line: scan, probe and commission a site,
// check a configuration, run the demo county, simulate slaves, try the ways to
// reach people, and book batches. It guarantees that a mistake gives one clear
// line on standard error and a non-zero exit status.
package tool

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

// errReported ends the program with status 1 after its own lines have said why.
var errReported = errors.New("")

// Run carries out one command line and returns the exit status.
func Run(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "coldchain",
		Short:         "The cold-chain gateway's tool",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(demoCommand(version), simulateCommand(), checkCommand(), batchCommand(), recallCommand(), epcisCommand(), certificateCommand(), channelsCommand(), exportCommand(), rehearseCommand(),
		scanCommand(), probeCommand(), commissionCommand(version), journalCommand(), backupCommand(version), restoreCommand(), frozenCommand(), notifyCommand(), pinCommand(), userCommand(),
		modelCommand(), assessCommand(), verifyCommand(), keysCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errReported) {
			root.PrintErrln("coldchain:", err)
		}
		return 1
	}
	return 0
}
