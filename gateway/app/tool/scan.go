package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"coldchain/gateway/install"
	"coldchain/sensors"
	"coldchain/sensors/modbus"
)

// scanning is what the scan command can be asked for.
type scanning struct {
	ids, registers, lang  string
	profiles, muxes       []string
	bauds                 []int
	frames                []string
	pause, timeout        time.Duration
	all, show, yes, json  bool
	write                 string
	county, site, gateway string
	zone                  string
}

func scanCommand() *cobra.Command {
	var s scanning
	cmd := &cobra.Command{
		Use:   "scan [BUS]",
		Short: "Find what hangs on a bus, and draft its configuration",
		Long: "Looks for Modbus slaves or I2C chips and says what they may be. Slaves are only read from.\n" +
			"Without BUS it lists the serial ports and I2C buses of this machine.\n\n" +
			"BUS is one of\n" +
			"  tcp://HOST:PORT       a Modbus TCP device or gateway\n" +
			"  rtutcp://HOST:PORT    a serial server that passes RTU frames through\n" +
			"  /dev/serial/by-id/... a serial port; its settings are tried until something answers\n" +
			"  /dev/i2c-1            an I2C bus",
		Example: "  coldchain scan tcp://192.168.1.50:502 --ids 1-20\n" +
			"  coldchain scan /dev/ttyUSB0 --write edge.yaml",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listBuses(cmd.OutOrStdout(), language(s.lang))
			}
			return s.run(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.ids, "ids", "1-247", "slave numbers to look for, e.g. 1-20,33")
	f.DurationVar(&s.pause, "pause", install.DefaultPause, "wait before each question, to leave a live line room")
	f.DurationVar(&s.timeout, "timeout", 0, "wait for each answer (default: 1s over tcp, 250ms on a serial line)")
	f.BoolVar(&s.all, "all", false, "on a serial port, try all settings even when something has answered")
	f.IntSliceVar(&s.bauds, "baud", nil, "on a serial port, try only these, e.g. 9600,4800")
	f.StringSliceVar(&s.frames, "frame", nil, "on a serial port, try only these, e.g. 8N1,8E1")
	f.StringVar(&s.registers, "registers", "0-31", "registers that are shown of an unknown device")
	f.StringSliceVar(&s.muxes, "mux", nil, "on an I2C bus, look behind these multiplexers too, e.g. 0x70,0x71")
	f.BoolVar(&s.show, "show-registers", false, "show the registers of known devices too")
	f.StringSliceVar(&s.profiles, "profile", nil, "device profiles of your own (.yaml) to try beside the built-in ones")
	f.StringVar(&s.write, "write", "", "write a configuration for an edge agent to this new file")
	f.BoolVarP(&s.yes, "yes", "y", false, "with --write: take the best match of each device without asking")
	f.StringVar(&s.county, "county", "my-county", "with --write: the county's name")
	f.StringVar(&s.site, "site", "my-site", "with --write: the site's name")
	f.StringVar(&s.gateway, "gateway", "", "with --write: the gateway's name (default: SITE-gw)")
	f.StringVar(&s.zone, "zone", "room-1", "with --write: the zone that is proposed for each device")
	f.BoolVar(&s.json, "json", false, "print what was found as JSON")
	f.StringVar(&s.lang, "lang", "", "zh or en (default: the terminal's)")
	return cmd
}

// language is the one asked for, or the terminal's.
func language(asked string) install.Language {
	if asked != "" {
		return install.LanguageOf(asked)
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return install.LanguageOf(v)
		}
	}
	return install.English
}

func (s *scanning) check() error {
	if s.write == "" {
		return nil
	}
	if s.gateway == "" {
		s.gateway = s.site + "-gw"
	}
	for flag, name := range map[string]string{"county": s.county, "site": s.site, "gateway": s.gateway, "zone": s.zone} {
		if !sensors.IsSlug(name) {
			return fmt.Errorf("--%s %q is not a name of lower-case letters, digits and hyphens", flag, name)
		}
	}
	return install.CanCreate(s.write) // before the installer has waited for the scan
}

func (s *scanning) options() (o install.Options, err error) {
	if o.IDs, err = install.ParseIDs(s.ids); err != nil {
		return o, fmt.Errorf("--ids: %w", err)
	}
	if o.From, o.To, err = install.ParseRegisters(s.registers); err != nil {
		return o, fmt.Errorf("--registers: %w", err)
	}
	if o.Profiles, err = modbus.Builtin(); err != nil {
		return o, err
	}
	for _, file := range s.profiles {
		p, err := modbus.LoadProfile(file)
		if err != nil {
			return o, fmt.Errorf("--profile: %w", err)
		}
		o.Profiles = append(o.Profiles, p)
	}
	o.Registers, o.Pause = s.show, s.pause
	if s.pause <= 0 {
		o.Pause = -1
	}
	return o, nil
}

func (s *scanning) run(cmd *cobra.Command, bus string) error {
	if err := s.check(); err != nil {
		return err
	}
	o, err := s.options()
	if err != nil {
		return err
	}
	target, err := parseBus(bus)
	if err != nil {
		return err
	}
	lang := language(s.lang)
	bar := newBar(cmd.ErrOrStderr(), time.Now)
	o.Progress = bar.update
	result := install.Scan{Bus: bus, Key: target.key, Value: target.value}
	err = target.scan(cmd.Context(), s, o, &result, func(longest time.Duration) {
		fmt.Fprintf(cmd.ErrOrStderr(), lang.Of(install.Text{
			ZH: "只读，不写设备。查找最长约 %v，之后每台设备再几秒。Ctrl-C 可随时停止。\n",
			EN: "Reading only. The search takes at most about %v, then some seconds for each device found. Ctrl-C ends it at any time.\n"}), round(longest))
	})
	bar.end()
	result.Complete = err == nil
	if err := s.print(cmd.OutOrStdout(), result, lang); err != nil {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return errReported // the report says so
	case err != nil:
		return fmt.Errorf("scan %s: %w", bus, err)
	case s.write == "":
		return nil
	}
	return s.draft(cmd, result, lang)
}

func (s *scanning) print(w io.Writer, result install.Scan, lang install.Language) error {
	if !s.json {
		result.Write(w, lang)
		return nil
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(result)
}

// draft asks for the installer's choice and writes the configuration.
func (s *scanning) draft(cmd *cobra.Command, result install.Scan, lang install.Language) error {
	if result.Devices() == 0 {
		return fmt.Errorf("nothing was found: %s is not written", s.write)
	}
	c := install.Chooser{County: s.county, Site: s.site, Gateway: s.gateway, Zone: s.zone}
	if !s.yes {
		c.Terminal = install.NewTerminal(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), lang)
	}
	d, err := c.Draft(cmd.Context(), result)
	if err != nil {
		return fmt.Errorf("%s is not written: %w", s.write, err)
	}
	if len(d.Devices) == 0 {
		return fmt.Errorf("no device was chosen: %s is not written", s.write)
	}
	files, err := d.WriteFiles(s.write)
	for _, file := range files {
		fmt.Fprintf(cmd.ErrOrStderr(), lang.Of(install.Text{ZH: "已写入 %s\n", EN: "wrote %s\n"}), file)
	}
	return err
}

// round leaves of a duration what a person waits by.
func round(d time.Duration) time.Duration {
	if d > time.Minute {
		return d.Round(10 * time.Second)
	}
	return d.Round(time.Second)
}
