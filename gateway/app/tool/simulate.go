package tool

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/demo"
	"coldchain/sensors/sim"
	"coldchain/sensors/sim/slave"
)

// simulation is what the simulate command can be asked for.
type simulation struct {
	season, faults, replay, column, log, record string
	seed                                        uint64
	port                                        int
	scale, hours                                float64
}

func simulateCommand() *cobra.Command {
	var s simulation
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Serve simulated devices as Modbus TCP slaves, without the county",
		Long: "Serves every site of the demonstration county as a Modbus TCP server with its slaves,\n" +
			"or one slave that replays a recorded log (--replay), or writes a simulated room to a file (--record).",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case s.replay != "" && s.record != "":
				return errors.New("--replay and --record exclude each other")
			case s.replay != "":
				return s.runReplay(cmd)
			case s.record != "":
				return s.runRecord()
			}
			return s.runCounty(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.season, "season", string(sim.Autumn), "autumn, summer or winter")
	f.StringVar(&s.faults, "faults", "", "YAML file of further faults: what fails where and when")
	f.Uint64Var(&s.seed, "seed", 1, "of the simulated physics")
	f.IntVar(&s.port, "port", 0, "first TCP port; 0 takes free ones")
	f.StringVar(&s.replay, "replay", "", "CSV file to replay, one row for each answered block")
	f.StringVar(&s.column, "column", "temperature", "column to replay")
	f.Float64Var(&s.scale, "scale", 0.01, "what one step of the replayed register means, °C")
	f.StringVar(&s.log, "log", "", "file for the replay's row,value,answered_at")
	f.StringVar(&s.record, "record", "", "write a simulated room's temperature to this CSV file and end")
	f.Float64Var(&s.hours, "hours", 6, "how long a room is recorded")
	return cmd
}

func (s *simulation) build() (*demo.County, error) {
	season, err := sim.ParseSeason(s.season)
	if err != nil {
		return nil, fmt.Errorf("--season: %w", err)
	}
	faults, err := readFaults(s.faults)
	if err != nil {
		return nil, err
	}
	return demo.Build(demo.Options{Seed: s.seed, Start: time.Now().UTC(), Season: season, Faults: faults})
}

func (s *simulation) runCounty(cmd *cobra.Command) error {
	c, err := s.build()
	if err != nil {
		return err
	}
	return slave.Serve(cmd.Context(), c.Sim, slave.Options{Port: s.port, Now: time.Now}, func(addresses map[string]string) {
		for _, site := range slices.Sorted(maps.Keys(addresses)) {
			fmt.Fprintf(cmd.OutOrStdout(), "%s listening %s\n", site, addresses[site])
		}
	})
}

func (s *simulation) runReplay(cmd *cobra.Command) (err error) {
	in, err := os.Open(s.replay)
	if err != nil {
		return fmt.Errorf("--replay: %w", err)
	}
	defer in.Close()
	o := slave.ReplayOptions{Options: slave.Options{Port: s.port, Now: time.Now}, Column: s.column, Scale: s.scale}
	if s.log != "" {
		out, err := os.Create(s.log)
		if err != nil {
			return fmt.Errorf("--log: %w", err)
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		o.Log = out
	}
	server, player, err := slave.Replay(in, o)
	if err != nil {
		return fmt.Errorf("--replay %s: %w", s.replay, err)
	}
	_, all := player.Rows()
	fmt.Fprintf(cmd.OutOrStdout(), "listening %s\n%d rows of %s, slave 1, input register 1\n", server.Address(), all, s.column)
	select {
	case <-cmd.Context().Done():
	case <-player.Done():
		fmt.Fprintln(cmd.OutOrStdout(), "the last row was answered; the slave is busy now")
		<-cmd.Context().Done()
	}
	answered, _ := player.Rows()
	fmt.Fprintf(cmd.OutOrStdout(), "%d of %d rows were answered\n", answered, all)
	return errors.Join(player.Err(), server.Close())
}

// runRecord writes the demonstration's story room, minute by minute.
func (s *simulation) runRecord() (err error) {
	c, err := s.build()
	if err != nil {
		return err
	}
	f, err := os.Create(s.record)
	if err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	if err := w.Write([]string{"timestamp", "temperature"}); err != nil {
		return fmt.Errorf("--record %s: %w", s.record, err)
	}
	end := time.Now().UTC().Truncate(time.Second)
	for at := end.Add(-time.Duration(s.hours * float64(time.Hour))); at.Before(end); at = at.Add(time.Minute) {
		celsius, err := c.StoryTemperature(at)
		if err != nil {
			return fmt.Errorf("--record: %w", err)
		}
		if err := w.Write([]string{at.Format(time.RFC3339), strconv.FormatFloat(celsius, 'f', 2, 64)}); err != nil {
			return fmt.Errorf("--record %s: %w", s.record, err)
		}
	}
	w.Flush()
	return w.Error()
}
