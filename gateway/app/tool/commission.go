package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"coldchain/gateway/app"
	"coldchain/gateway/config"
	"coldchain/gateway/install"
	"coldchain/sensors"
)

// commissioning is what the commission command can be asked for.
type commissioning struct {
	config, answers, sheet, records, lang, level string
	interval, limit                              time.Duration
	months                                       int
	version                                      string
}

func commissionCommand(version string) *cobra.Command {
	c := commissioning{version: version}
	cmd := &cobra.Command{
		Use:   "commission --config FILE",
		Short: "Compare each point with a reference, point by point, and keep the proof",
		Long: "Walks through the temperature and humidity points of an edge agent's configuration. Each shows its live value until it\n" +
			"has settled; then the reference's reading is asked for: the ice point (0 °C) for every temperature point, and a certified\n" +
			"instrument at working temperature for points of frozen zones. Each complete point gets its calibration record at once;\n" +
			"at the end a sheet to print and sign is written. Nothing is overwritten, and a probe that is too far off is refused.",
		Example: "  coldchain commission --config /etc/coldchain/edge.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&c.config, "config", "", "the edge agent's configuration file")
	f.StringVar(&c.answers, "answers", "", "file (.yaml) with the answers, instead of asking")
	f.StringVar(&c.sheet, "sheet", "", "new file for the sheet (default: commission-SITE-TIME.html)")
	f.StringVar(&c.records, "records", "", "file of calibration records (default: calibration of the configuration)")
	f.DurationVar(&c.interval, "interval", install.DefaultReadInterval, "between two readings while a probe settles")
	f.DurationVar(&c.limit, "settle", install.DefaultSettleLimit, "longest time for a probe to settle")
	f.IntVar(&c.months, "valid-months", 12, "how long the records are valid")
	f.StringVar(&c.lang, "lang", "", "zh or en (default: the terminal's)")
	f.StringVar(&c.level, "log", "error", "debug, info, warn or error")
	_ = cmd.MarkFlagRequired("config") // exists: defined above
	return cmd
}

func (c *commissioning) run(cmd *cobra.Command) (err error) {
	ctx, lang := cmd.Context(), language(c.lang)
	cfg, err := c.load()
	if err != nil {
		return err
	}
	s, err := openSite(ctx, cfg, app.Logger(cmd.ErrOrStderr(), c.level))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	guide, err := c.guide(ctx, cmd, s.devices, lang)
	if err != nil {
		return err
	}
	now := time.Now()
	session, outcomes, walked := install.Commission(ctx, s.devices, guide, install.CommissionOptions{
		Records: install.File(c.records), Interval: c.interval, Limit: c.limit,
		Valid: now.AddDate(0, c.months, 0).Sub(now), Now: time.Now, Working: working(cfg),
	})
	// What was done is printed even when the walk was broken off.
	if err := c.write(cmd.OutOrStdout(), cfg, session, outcomes, lang); err != nil {
		return errors.Join(walked, err)
	}
	switch {
	case errors.Is(walked, context.Canceled):
		fmt.Fprintln(cmd.ErrOrStderr(), lang.Of(install.Text{
			ZH: "\n已中止。已完成的测点的记录都在，其余没有。",
			EN: "\nGiven up. The points that were complete have their records, the others have none."}))
		return errReported
	case walked != nil:
		return walked
	}
	return install.Complete(outcomes)
}

// load reads the configuration and refuses what would fail at the end.
func (c *commissioning) load() (*config.Edge, error) {
	cfg, err := parseEdge(c.config)
	if err != nil {
		return nil, err
	}
	if c.records == "" {
		c.records = cfg.Calibration
	}
	switch {
	case c.records == "":
		return nil, fmt.Errorf("%s names no file of calibration records: add calibration: %s/calibration.jsonl", c.config, cfg.Data)
	case c.months < 1 || c.months > 60:
		return nil, fmt.Errorf("--valid-months %d: want 1 to 60", c.months)
	}
	if _, err := calibrations(&config.Edge{Calibration: c.records}); err != nil {
		return nil, err
	}
	if c.sheet == "" {
		c.sheet = fmt.Sprintf("commission-%s-%s.html", cfg.Site, time.Now().Format("20060102-150405"))
	}
	return cfg, install.CanCreate(c.sheet)
}

func (c *commissioning) guide(ctx context.Context, cmd *cobra.Command, devices []install.Device, lang install.Language) (install.Guide, error) {
	out := cmd.OutOrStdout()
	if c.answers == "" {
		f, isFile := out.(*os.File)
		return &install.Walk{
			Terminal: install.NewTerminal(ctx, cmd.InOrStdin(), out, lang),
			Live:     isFile && isatty.IsTerminal(f.Fd()),
		}, nil
	}
	a, err := install.LoadAnswers(c.answers, out, lang)
	if err != nil {
		return nil, err
	}
	return a, a.Check(devices)
}

// working is what the zones work at, as far as their limits tell: the middle,
// or the only one.
func working(cfg *config.Edge) map[string]float64 {
	out := map[string]float64{}
	for _, l := range cfg.Limits {
		zone := cfg.Site + "/" + l.Zone
		switch {
		case sensors.Quantity(l.Quantity) != sensors.Temperature:
		case l.High != nil && l.Low != nil:
			out[zone] = (*l.High + *l.Low) / 2
		case l.High != nil:
			out[zone] = *l.High
		case l.Low != nil:
			out[zone] = *l.Low
		}
	}
	return out
}

// countyZone is the zone of the times on a sheet: the field's, whatever the box
// on site is set to.
func countyZone() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }

func (c *commissioning) write(w io.Writer, cfg *config.Edge, session install.Session, outcomes []install.Outcome, lang install.Language) error {
	taken := 0
	for _, o := range outcomes {
		if !o.Skipped {
			taken++
		}
	}
	if taken == 0 {
		return nil
	}
	s := install.Sheet{
		County: cfg.County, Site: cfg.Site, Session: session, Outcomes: outcomes, At: time.Now(),
		Zone: countyZone(), Version: c.version, Records: c.records,
	}
	if err := s.Write(c.sheet); err != nil {
		return err
	}
	fmt.Fprintf(w, lang.Of(install.Text{ZH: "记录单：%s\n", EN: "sheet: %s\n"}), c.sheet)
	return nil
}
