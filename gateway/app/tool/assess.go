package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	county "coldchain/gateway/exposure"
	"coldchain/gateway/logger"
)

// shownZone is the zone that times are shown in when neither the file nor the
// person says one.
const shownZone = "Asia/Shanghai"

// assessing is one command line of assess.
type assessing struct {
	low, high                           float64
	profile, unit, zone, method         string
	dates, column, encoding, lang, file string
	interval                            time.Duration
	json                                bool
}

// assessCommand judges a logger's file without a server.
func assessCommand() *cobra.Command {
	a := &assessing{}
	cmd := &cobra.Command{
		Use:   "assess FILE.csv",
		Short: "Say what a logger's file means for the goods that it travelled with",
		Long: `Judges the CSV that any temperature logger exported, without a server: how warm and
how cold, for how long, how far beyond the limits, mean kinetic temperature, gaps
and coverage. Limits are in °C, and the limit itself is inside. What the file
leaves open, such as its unit or the order of day and month, is asked for and
never guessed. Readings further apart than twice the interval have a gap between
them, of which nothing is said. Frozen goods (a high limit of -10 °C or less) have
no mean kinetic temperature.`,
		Example: "  coldchain assess fridge.csv --low 2 --high 8\n  coldchain assess log.csv --unit f --tz America/New_York --profile mutton-chilled --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.file = args[0]
			return a.run(cmd)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&a.low, "low", 0, "lowest temperature that is inside, °C (default: the profile's)")
	f.Float64Var(&a.high, "high", 0, "highest temperature that is inside, °C (default: the profile's)")
	f.StringVar(&a.profile, "profile", "", "product profile: its limits, its shelf life, and what it would say")
	f.StringVar(&a.unit, "unit", "", "unit of the file's temperatures when it does not say: c or f")
	f.StringVar(&a.zone, "tz", "", "time zone of the file's clock when it does not say, such as Asia/Shanghai; times are shown in it")
	f.DurationVar(&a.interval, "interval", 0, "the logger's interval, such as 10m (default: the median)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	f.StringVar(&a.method, "method", string(exposure.Step), "step: a reading holds until the next; trapezoid: a straight line between them")
	f.StringVar(&a.dates, "dates", "", "order of numeric dates when the file does not decide: dmy or mdy")
	f.StringVar(&a.column, "column", "", "header or number of the temperature's column, when there are several")
	f.StringVar(&a.encoding, "encoding", "", "utf-8, utf-16le, utf-16be, latin-1 or gb18030, when the file does not decide")
	f.StringVar(&a.lang, "lang", "", "zh or en (default: the terminal's)")
	return cmd
}

func (a *assessing) run(cmd *cobra.Command) error {
	o, ask, zone, err := a.options(cmd)
	if err != nil {
		return err
	}
	f, err := os.Open(a.file)
	if err != nil {
		return fmt.Errorf("assess: %w", err)
	}
	defer f.Close() // read only
	log, err := logger.Read(f, ask)
	if err != nil {
		return fmt.Errorf("assess %s: %w", a.file, withFlag(err))
	}
	out, err := county.Assess(log, o)
	if err != nil {
		return fmt.Errorf("assess %s: %w", a.file, err)
	}
	if !log.Zoned && a.zone == "" {
		log.Notes = append(log.Notes, logger.Note{ZH: "文件未说明时区，按 " + zone.String() + " 计；可用 --tz 指定",
			EN: "the file does not say its time zone: taken as " + zone.String() + "; name another with --tz"})
	}
	if a.json {
		for _, n := range log.Notes {
			cmd.PrintErrln("coldchain: assess " + a.file + ": " + n.EN)
		}
		e := json.NewEncoder(cmd.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(assessedJSON(out, zone))
	}
	return a.print(cmd.OutOrStdout(), log, out, zone)
}

// options reads the flags. zone is the one that times are shown in.
func (a *assessing) options(cmd *cobra.Command) (o county.AssessOptions, ask logger.Options, zone *time.Location, err error) {
	name := a.zone
	if name == "" {
		name = shownZone
	}
	if zone, err = time.LoadLocation(name); err != nil || strings.EqualFold(name, "local") {
		return o, ask, nil, fmt.Errorf("--tz %q: want a name such as Asia/Shanghai or UTC", a.zone)
	}
	if a.interval < 0 {
		return o, ask, nil, fmt.Errorf("--interval %s: want a time such as 10m", a.interval)
	}
	switch m := exposure.Method(a.method); m {
	case exposure.Step, exposure.Trapezoid:
		o.Method = m
	default:
		return o, ask, nil, fmt.Errorf("--method %q: want step or trapezoid", a.method)
	}
	o.Interval = a.interval
	if cmd.Flags().Changed("low") {
		o.Limits.Low = &a.low
	}
	if cmd.Flags().Changed("high") {
		o.Limits.High = &a.high
	}
	if a.profile != "" {
		set, err := profile.Builtin()
		if err != nil {
			return o, ask, nil, err
		}
		p, ok := set[a.profile]
		if !ok {
			return o, ask, nil, fmt.Errorf("--profile %q: there are %s", a.profile, strings.Join(set.Names(), ", "))
		}
		o.Profile = &p
	}
	ask = logger.Options{Unit: logger.Unit(strings.ToLower(a.unit)), Dates: logger.Order(a.dates), Column: a.column, Encoding: logger.Encoding(a.encoding), Zone: zone}
	return o, ask, zone, nil
}

// withFlag says with which flag a choice is made.
func withFlag(err error) error {
	var u *logger.Undecided
	if !errors.As(err, &u) {
		return err
	}
	flags := make([]string, 0, len(u.Choices))
	for _, c := range u.Choices {
		flags = append(flags, "--"+u.What+" "+c)
	}
	return fmt.Errorf("%s: say %s", u.Why, strings.Join(flags, " or "))
}

// assessed is what the command prints with --json.
type assessed struct {
	Points    int             `json:"points"`
	Start     string          `json:"start"` // RFC 3339
	End       string          `json:"end"`
	DurationS float64         `json:"duration_s"`
	IntervalS float64         `json:"interval_s"`
	MinC      *float64        `json:"min_c"`
	MaxC      *float64        `json:"max_c"`
	MeanC     *float64        `json:"mean_c"`
	SDC       *float64        `json:"sd_c"`
	MKTC      *float64        `json:"mkt_c"`
	Above     *assessedSide   `json:"above"` // null: no high limit
	Below     *assessedSide   `json:"below"`
	Gaps      []assessedGap   `json:"gaps"`
	Coverage  float64         `json:"coverage"`
	Method    exposure.Method `json:"method"`
	*assessedGoods
}

type assessedSide struct {
	Seconds       float64  `json:"seconds"`
	Events        int      `json:"events"`
	LongestS      float64  `json:"longest_s"`
	DegreeMinutes float64  `json:"degree_minutes"`
	PeakC         *float64 `json:"peak_c"`
}

type assessedGap struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Seconds float64 `json:"seconds"`
}

// assessedGoods are there with a profile; null where it has no shelf life.
type assessedGoods struct {
	LifeUsed      *float64 `json:"life_used"`
	RemainingDays *float64 `json:"remaining_days_at_reference"`
	VerdictHint   string   `json:"verdict_hint"`
}

func assessedJSON(a county.Assessment, zone *time.Location) assessed {
	stamp := func(t time.Time) string { return t.In(zone).Format(time.RFC3339Nano) }
	s := a.Summary
	out := assessed{Points: s.Points, Start: stamp(s.Start), End: stamp(s.End), DurationS: s.DurationS, IntervalS: s.IntervalS,
		MinC: s.MinC, MaxC: s.MaxC, MeanC: s.MeanC, SDC: s.SDC, MKTC: s.MKTC, Above: sideJSON(s.Above), Below: sideJSON(s.Below),
		Gaps: []assessedGap{}, Coverage: s.Coverage, Method: s.Method}
	for _, g := range s.Gaps {
		out.Gaps = append(out.Gaps, assessedGap{stamp(g.From), stamp(g.To), g.Seconds})
	}
	if a.Hint != nil {
		out.assessedGoods = &assessedGoods{VerdictHint: string(a.Hint.Decision)}
		if a.Life != nil {
			out.LifeUsed, out.RemainingDays = &a.Life.Used, a.Life.RemainingDays
		}
	}
	return out
}

func sideJSON(s *exposure.Side) *assessedSide {
	if s == nil {
		return nil
	}
	return &assessedSide{s.Seconds, s.Events, s.LongestS, s.DegreeMinutes, s.PeakC}
}

// print tells people, in their language.
func (a *assessing) print(w io.Writer, log logger.Log, out county.Assessment, zone *time.Location) error {
	return writeAssessment(w, language(a.lang), a.file, log, out, zone)
}
