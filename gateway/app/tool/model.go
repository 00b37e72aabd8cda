package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"coldchain/alerting/spoilage"
)

// modelCommand shows the models of spoilage and works with one by hand.
func modelCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "model",
		Short: "List the models of spoilage; say a model's rate at a temperature, or what a log of temperatures did",
		Long: `Without a command it lists every model: name, unit of its rate, range of
temperature, how sure we are of it (S seen in the source cited, C computed and
cross-checked, G general knowledge: verify before relying on it), and its name.

With --json: a list of objects with name, label (zh, en), kind, formula, unit,
sum_unit, range (min_c, max_c), fitted, citation, sureness, parameters (name,
unit, meaning, value, min, max, source) and notes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listModels(cmd.OutOrStdout(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(modelRate(), modelRun())
	return cmd
}

func listModels(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, spoilage.Models())
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "name\trate in\t°C\tsure\tlabel")
	for _, m := range spoilage.Models() {
		fmt.Fprintf(t, "%s\t%s\t%g to %g\t%s\t%s / %s\n", m.Name, m.Unit, m.Range.MinC, m.Range.MaxC, m.Sureness, m.Label.ZH, m.Label.EN)
	}
	return t.Flush()
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // USP <1160> is read by people too
	return e.Encode(v)
}

// setModel finds a model and gives it the parameters of --set.
func setModel(name string, set []string) (spoilage.Model, error) {
	m, err := spoilage.Find(name)
	if err != nil {
		return m, err
	}
	values := map[string]float64{}
	for _, list := range set {
		for _, s := range strings.Split(list, ",") {
			key, text, ok := strings.Cut(s, "=")
			key = strings.TrimSpace(key)
			v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if !ok || err != nil {
				return m, fmt.Errorf("--set %.40q: want a parameter and a number, such as ph=5.7", s)
			}
			if _, twice := values[key]; twice {
				return m, fmt.Errorf("--set %.40s is there twice", key)
			}
			values[key] = v
		}
	}
	return m.With(values)
}

// about is what is printed of a model beside every result of it.
type about struct {
	Model      string             `json:"model"`
	Label      spoilage.Label     `json:"label"`
	Formula    string             `json:"formula"`
	Unit       string             `json:"unit"`
	Range      spoilage.Range     `json:"range"`
	Fitted     string             `json:"fitted"`
	Citation   string             `json:"citation"`
	Sureness   spoilage.Sureness  `json:"sureness"`
	Says       spoilage.Label     `json:"sureness_says"`
	Parameters map[string]float64 `json:"parameters"`
	Notes      []string           `json:"notes"`
}

func aboutModel(m spoilage.Model) about {
	a := about{m.Name, m.Label, m.Formula, m.Unit, m.Range, m.Fitted, m.Citation, m.Sureness, m.Sureness.Says(), map[string]float64{}, append([]string{}, m.Notes...)}
	for _, p := range m.Params {
		if p.Value != nil {
			a.Parameters[p.Name] = *p.Value
		}
	}
	return a
}

func (a about) print(w io.Writer, m spoilage.Model) {
	fmt.Fprintf(w, "%s  %s / %s\n", a.Model, a.Label.ZH, a.Label.EN)
	fmt.Fprintf(w, "formula   %s\n", a.Formula)
	fmt.Fprintf(w, "range     %g to %g °C (%s)\n", a.Range.MinC, a.Range.MaxC, a.Fitted)
	fmt.Fprintf(w, "citation  %s\n", a.Citation)
	fmt.Fprintf(w, "sureness  %s: %s / %s\n", a.Sureness, a.Says.ZH, a.Says.EN)
	for _, p := range m.Params {
		if p.Value != nil {
			fmt.Fprintf(w, "set       %s = %s\n", p.Name, strings.TrimSpace(fmt.Sprintf("%g %s", *p.Value, p.Unit)))
		}
	}
	for _, n := range a.Notes {
		fmt.Fprintf(w, "note      %s\n", n)
	}
}

// ratedAt is a model's rate at one temperature.
type ratedAt struct {
	TempC    float64  `json:"temp_c"`
	Rate     *float64 `json:"rate"` // nil: outside the range
	LifeDays *float64 `json:"life_days,omitempty"`
	Outside  bool     `json:"outside"`
}

func modelRate() *cobra.Command {
	var temps string
	var set []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "rate NAME --temps 0,4,10 [--set ph=5.7] [--json]",
		Short: "Print a model's rate at temperatures",
		Long: `Prints the model's rate, with its unit, at each temperature in °C. Outside the
model's range it says so and extrapolates nothing.

With --json: model, label, formula, unit, range (min_c, max_c), fitted, citation,
sureness (S, C or G), sureness_says, parameters (by name), notes, and rates: a
list of temp_c, rate (null when outside), outside, and where the model tells a
shelf life life_days.`,
		Example: "  coldchain model rate pseudomonas-meat --temps 0,4,10 --set ph=5.9\n  coldchain model rate rrs-arrhenius --temps -1,0,5 --set ref_c=5,life_days=21",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := setModel(args[0], set)
			if err != nil {
				return err
			}
			rates, err := rateAt(m, temps)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), struct {
					about
					Rates []ratedAt `json:"rates"`
				}{aboutModel(m), rates})
			}
			return printRates(cmd.OutOrStdout(), m, rates)
		},
	}
	cmd.Flags().StringVar(&temps, "temps", "", "temperatures, °C, with commas between")
	cmd.Flags().StringArrayVar(&set, "set", nil, "a parameter, such as ph=5.7; several with commas or again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("temps") // exists: defined above
	return cmd
}

func rateAt(m spoilage.Model, temps string) ([]ratedAt, error) {
	var out []ratedAt
	for _, text := range strings.Split(temps, ",") {
		c, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return nil, fmt.Errorf("--temps %.40q: want temperatures in °C such as 0,4,10", text)
		}
		r := ratedAt{TempC: c}
		rate, err := m.Rate(c)
		switch {
		case errors.Is(err, spoilage.ErrOutside):
			r.Outside = true
		case err != nil:
			return nil, fmt.Errorf("--temps: %w", err)
		default:
			r.Rate = &rate
			r.LifeDays = lifeDays(m, rate)
		}
		out = append(out, r)
	}
	return out, nil
}

// lifeDays is the shelf life at a rate, nil when the model tells none.
func lifeDays(m spoilage.Model, rate float64) *float64 {
	if !(rate > 0) {
		return nil
	}
	if m.Kind == spoilage.LifeShare {
		days := 1 / (24 * rate)
		return &days
	}
	if days, ok := aboutModel(m).Parameters["life_days"]; ok && m.Kind == spoilage.Relative {
		days /= rate
		return &days
	}
	return nil
}

func printRates(w io.Writer, m spoilage.Model, rates []ratedAt) error {
	aboutModel(m).print(w, m)
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "°C\trate, %s\n", m.Unit)
	for _, r := range rates {
		switch {
		case r.Outside:
			fmt.Fprintf(t, "%g\t超出范围 outside %g to %g °C\n", r.TempC, m.Range.MinC, m.Range.MaxC)
		case r.LifeDays != nil:
			fmt.Fprintf(t, "%g\t%.6g\t%.4g d\n", r.TempC, *r.Rate, *r.LifeDays)
		default:
			fmt.Fprintf(t, "%g\t%.6g\n", r.TempC, *r.Rate)
		}
	}
	return t.Flush()
}

// ran is what a model says of a log.
type ran struct {
	about
	Log          string                `json:"log"`
	Method       string                `json:"method"`
	Points       int                   `json:"points"`
	Hours        float64               `json:"hours"`
	LongestStep  float64               `json:"longest_step_hours"`
	OutsideHours float64               `json:"outside_hours"`
	ColdestC     float64               `json:"coldest_c"`
	WarmestC     float64               `json:"warmest_c"`
	Sum          float64               `json:"sum"`
	SumUnit      string                `json:"sum_unit"`
	Results      map[string]resultItem `json:"results"`

	order []spoilage.Value // of Results, as the model gives them
}

type resultItem struct {
	Value float64        `json:"value"`
	Unit  string         `json:"unit"`
	Label spoilage.Label `json:"label"`
}

func modelRun() *cobra.Command {
	var file, method string
	var set []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run NAME --log FILE.csv [--set ph=5.7] [--json]",
		Short: "Print what a log of temperatures did, by a model",
		Long: `Sums the model over a log: a CSV with a header and the columns temp_c (°C) and
either hours (since any beginning) or time (RFC 3339, or 2026-11-23 08:00:00 for
all rows), in order; other columns are ignored. Each temperature holds until the
next row, so the last row only says when the log ends; with --method trapezoid
the rate goes straight from each row to the next. Time outside the model's range
is in no sum, and is told. A hole in the log is bridged by the row before it:
longest_step_hours shows it. For logs with holes and limits use coldchain assess.

With --json: as of rate, and log, method, points, hours, longest_step_hours,
outside_hours, coldest_c, warmest_c, sum with sum_unit, and results: by name
(growth_log10, generations, count_log10, hours_at_reference, mean_rate, life_used,
remaining_days_at_reference, mkt_c, mean_c, refrigeration_index, lag_generations,
degree_hours_below, coldest_c, threshold_c, as the model has them) objects of
value, unit and label.`,
		Example: "  coldchain model run refrigeration-index --log carcass.csv\n  coldchain model run baranyi-roberts --log milk.csv --set y0=2.5,h0=1 --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := setModel(args[0], set)
			if err != nil {
				return err
			}
			r, err := runModel(m, file, method)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), r)
			}
			return r.print(cmd.OutOrStdout(), m)
		},
	}
	cmd.Flags().StringVar(&file, "log", "", "the log, CSV with hours or time, and temp_c")
	cmd.Flags().StringVar(&method, "method", methodStep, "between rows: step or trapezoid")
	cmd.Flags().StringArrayVar(&set, "set", nil, "a parameter, such as ph=5.7; several with commas or again")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = cmd.MarkFlagRequired("log") // exists: defined above
	return cmd
}

// The ways from row to row.
const (
	methodStep      = "step"
	methodTrapezoid = "trapezoid"
)

func runModel(m spoilage.Model, file, method string) (ran, error) {
	if method != methodStep && method != methodTrapezoid {
		return ran{}, fmt.Errorf("--method %.20q: want %s or %s", method, methodStep, methodTrapezoid)
	}
	f, err := os.Open(file)
	if err != nil {
		return ran{}, fmt.Errorf("--log: %w", err)
	}
	defer f.Close()
	rows, err := readCourse(filepath.Base(file), f)
	if err != nil {
		return ran{}, err
	}
	r := ran{about: aboutModel(m), Log: file, Method: method, Points: len(rows), SumUnit: m.SumUnit, Results: map[string]resultItem{}}
	p := m.Progress()
	for i, row := range rows[1:] {
		before := rows[i]
		step := row.hours - before.hours
		r.LongestStep = max(r.LongestStep, step)
		if method == methodTrapezoid {
			err = errors.Join(p.Add(step/2, before.tempC), p.Add(step/2, row.tempC))
		} else {
			err = p.Add(step, before.tempC)
		}
		if err != nil {
			return ran{}, fmt.Errorf("%s:%d: %w", filepath.Base(file), before.line, err)
		}
	}
	o, err := p.Outcome()
	if err != nil {
		return ran{}, fmt.Errorf("%s: %w", filepath.Base(file), err)
	}
	r.Hours, r.OutsideHours, r.ColdestC, r.WarmestC, r.Sum, r.order = o.Hours, o.OutsideHours, o.ColdestC, o.WarmestC, o.Sum, o.Values
	r.Notes = append(r.Notes, o.Notes...)
	for _, v := range o.Values {
		r.Results[v.Name] = resultItem{v.Value, v.Unit, v.Label}
	}
	return r, nil
}

func (r ran) print(w io.Writer, m spoilage.Model) error {
	r.about.print(w, m)
	fmt.Fprintf(w, "log       %s: %d rows, %.6g h, longest step %.4g h, %g to %g °C, %s\n", r.Log, r.Points, r.Hours, r.LongestStep, r.ColdestC, r.WarmestC, r.Method)
	fmt.Fprintf(w, "sum       %.6g %s\n\n", r.Sum, r.SumUnit)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, v := range r.order {
		fmt.Fprintf(t, "%s\t%.6g\t%s\t%s / %s\n", v.Name, v.Value, v.Unit, v.Label.ZH, v.Label.EN)
	}
	return t.Flush()
}
