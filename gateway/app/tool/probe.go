package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/app"
	edgeapp "coldchain/gateway/app/edge"
	"coldchain/gateway/config"
	"coldchain/gateway/edge"
	"coldchain/gateway/install"
	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

// receiverPatience is how long a satellite receiver is listened to: it speaks
// once a second, and the first words may be cut.
const receiverPatience = 5 * time.Second

func probeCommand() *cobra.Command {
	var file, lang, level string
	var asJSON bool
	var repeat int
	var interval, timeout time.Duration
	cmd := &cobra.Command{
		Use:   "probe --config FILE",
		Short: "Read each configured point once, as the agent would",
		Long: "Opens the buses of an edge agent's configuration and reads each point once: value, quality, reason, raw, latency.\n" +
			"Stop the agent first where it holds a serial port. The exit status is 1 when a point is not good.",
		Example: "  coldchain probe --config /etc/coldchain/edge.yaml --repeat 10",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := parseEdge(file)
			if err != nil {
				return err
			}
			records, err := calibrations(cfg)
			if err != nil {
				return err
			}
			s, err := openSite(cmd.Context(), cfg, app.Logger(cmd.ErrOrStderr(), level))
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			good := true
			for round := range repeat {
				if round > 0 && !pass(cmd.Context(), interval) {
					break
				}
				rows := install.Probe(cmd.Context(), s.devices, install.ProbeOptions{Limit: timeout, Now: time.Now, Correct: records.Apply})
				good = good && install.AllGood(rows)
				if asJSON {
					e := json.NewEncoder(cmd.OutOrStdout())
					e.SetIndent("", "  ")
					if err := e.Encode(rows); err != nil {
						return err
					}
					continue
				}
				if round > 0 {
					fmt.Fprintln(cmd.OutOrStdout())
				}
				install.WriteProbe(cmd.OutOrStdout(), rows, language(lang))
			}
			if !good || cmd.Context().Err() != nil {
				return errReported
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "config", "", "the edge agent's configuration file")
	f.BoolVar(&asJSON, "json", false, "print JSON, one list a round")
	f.IntVar(&repeat, "repeat", 1, "how often everything is read")
	f.DurationVar(&interval, "interval", time.Second, "pause between two rounds")
	f.DurationVar(&timeout, "timeout", install.DefaultProbeLimit, "longest time for one device")
	f.StringVar(&lang, "lang", "", "zh or en (default: the terminal's)")
	f.StringVar(&level, "log", "error", "debug, info, warn or error")
	_ = cmd.MarkFlagRequired("config") // exists: defined above
	return cmd
}

// parseEdge reads a configuration without looking for the secrets that it
// names: an installer's laptop does not have them, and no broker is reached.
func parseEdge(file string) (*config.Edge, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return config.ParseEdge(file, text)
}

// calibrations are the site's records; none where the configuration names no
// file.
func calibrations(cfg *config.Edge) (*calibration.Book, error) {
	if cfg.Calibration == "" {
		return &calibration.Book{}, nil
	}
	return calibration.Load(cfg.Calibration)
}

// pass lets d pass, or reports false when the work was given up.
func pass(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// site is the devices of a configuration with the buses they hang on.
type site struct {
	devices []install.Device
	closers app.Closers
}

// openSite opens each bus by itself, so that one that is not there does not
// hide the others: its devices are there without a sensor.
func openSite(ctx context.Context, cfg *config.Edge, log *slog.Logger) (*site, error) {
	s := &site{}
	opened := map[string]install.Device{}
	for _, bus := range cfg.Buses {
		part := *cfg
		part.Buses = []config.Bus{bus}
		part.Devices = slices.DeleteFunc(slices.Clone(cfg.Devices), func(d config.Device) bool { return d.Bus != bus.Name })
		h, err := edgeapp.OpenHardware(&part, edge.SystemClock(), log)
		if err != nil {
			for _, d := range part.Devices {
				points, perr := pointsOf(cfg.Site, d)
				if perr != nil {
					return nil, errors.Join(perr, s.close())
				}
				opened[d.Name] = install.Device{Name: d.Name, Bus: d.Bus, Points: points, Err: err}
			}
			continue
		}
		s.run(ctx, bus.Name, h)
		for _, d := range h.Devices {
			one := install.Device{Name: d.Name, Bus: d.Bus, Kind: d.Profile, Sensor: d.Sensor}
			if bus.GPSD != "" || bus.NMEA != "" {
				one.Patience = receiverPatience
			}
			opened[d.Name] = one
		}
	}
	for _, d := range cfg.Devices {
		s.devices = append(s.devices, opened[d.Name])
	}
	return s, nil
}

// run keeps up what listens by itself until the site is closed.
func (s *site) run(ctx context.Context, bus string, h *edgeapp.Hardware) {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	s.closers.Add("bus "+bus, func() error {
		stop()
		wg.Wait()
		return h.Close()
	})
}

func (s *site) close() error { return s.closers.Close() }

func pointsOf(siteName string, d config.Device) ([]sensors.PointID, error) {
	var out []sensors.PointID
	for name := range d.Points {
		id, err := sensors.ParsePointID(siteName + "/" + d.Zone + "/" + name)
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", d.Name, err)
		}
		out = append(out, id)
	}
	return out, nil
}
