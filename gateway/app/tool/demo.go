package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"coldchain/gateway/app"
	"coldchain/gateway/demo"
	"coldchain/sensors/sim"
)

func demoCommand(version string) *cobra.Command {
	o := demo.RunOptions{Version: version}
	var season, level, faults string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a whole simulated county on this machine",
		Long: "Runs broker, store, collector, page, 50 edge agents and the simulated county in this process,\n" +
			"with the last 24 hours filled in. People and firms are fictitious.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Season, err = sim.ParseSeason(season); err != nil {
				return fmt.Errorf("--season: %w", err)
			}
			if o.Faults, err = readFaults(faults); err != nil {
				return err
			}
			o.Say = cmd.ErrOrStderr()
			o.Logger = app.Logger(cmd.ErrOrStderr(), level)
			summary, err := demo.Run(cmd.Context(), o)
			if errors.Is(err, demo.ErrInterrupted) {
				return nil
			}
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				if err := encoder.Encode(summary); err != nil {
					return err
				}
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "%d sites, %d points: %d prefilled, %d served, %d stored, %d lost, %d doubled, %d quarantined, %d alarms\n",
					summary.Sites, summary.Points, summary.Prefilled, summary.Served, summary.Stored, summary.Lost, summary.Doubled, summary.Quarantined, len(summary.Alarms))
			}
			if o.For > 0 || summary.Lost+summary.Doubled > 0 {
				return summary.Err()
			}
			return nil // ended by hand, perhaps before the alarm
		},
	}
	f := cmd.Flags()
	f.DurationVar(&o.For, "for", 0, "stop after this long, e.g. 90s (default: at Ctrl-C)")
	f.BoolVar(&asJSON, "json", false, "print the summary as JSON")
	f.StringVar(&season, "season", string(sim.Autumn), "autumn, summer or winter: the story that is told")
	f.StringVar(&faults, "faults", "", "YAML file of further faults: what fails where and when")
	f.Uint64Var(&o.Seed, "seed", 1, "of the simulated physics")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address of the page")
	f.StringVar(&o.Data, "data", "", "folder to keep the data in, or one that an earlier run kept and this goes on with (default: a temporary one)")
	f.StringVar(&level, "log", "error", "debug, info, warn or error")
	return cmd
}

// readFaults reads a schedule of faults; no file is no faults.
func readFaults(file string) ([]sim.Fault, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--faults: %w", err)
	}
	faults, err := sim.ParseFaults(text)
	if err != nil {
		return nil, fmt.Errorf("--faults %s: %w", file, err)
	}
	return faults, nil
}
