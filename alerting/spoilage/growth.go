package spoilage

import (
	"errors"
	"math"
)

const (
	perHour     = "1/h"
	generations = "generations/h"
	inLn        = "ln"
	inGen       = "generations"
)

// perE and perDoubling are what one unit of summed growth is in log10 of the
// count. Papers use either unit and seldom say it loudly; taking one for the
// other is off by 1.44, and a rate in log10 for one in ln by 2.30.
func perE() float64        { return 1 / math.Ln10 }
func perDoubling() float64 { return math.Log10(2) }

// counts are the parameters that turn growth into a count by Baranyi and
// Roberts; without y0 there is no count.
func counts() []Parameter {
	return []Parameter{
		optional("y0", "log10 CFU/g", "count at the start; with it the count at the end is told", -2, 9),
		preset("ymax", "log10 CFU/g", "highest count", 9, 1, 12).from("[G]"),
		preset("h0", "", "work to be done before growth, rate × lag; 0: no lag, the worst case", 0, 0, 30),
	}
}

// tellGrowth is what summed growth means; log10PerUnit is 0 where the source
// does not tell whether it is in ln or in generations.
func tellGrowth(log10PerUnit float64) func(values, Tally) []Value {
	return func(v values, t Tally) []Value {
		if log10PerUnit == 0 {
			return []Value{{"growth", t.Sum, "units of the source", Label{"生长（来源单位）", "growth in the source's unit"}}}
		}
		decades := t.Sum * log10PerUnit
		out := []Value{
			{"growth_log10", decades, "log10", Label{"无迟滞生长量", "growth without lag or ceiling"}},
			{"generations", decades / perDoubling(), "generations", Label{"世代数", "generations"}},
		}
		y0, known := v["y0"]
		if !known {
			return out
		}
		b := Baranyi{Y0: y0, YMax: v["ymax"], H0: v["h0"]}
		return append(out, Value{"count_log10", b.Count(decades * math.Ln10), "log10 CFU/g", Label{"终点菌数", "count at the end, with lag and ceiling"}})
	}
}

func ratkowsky2() Model {
	return Model{
		Name: "ratkowsky-2", Label: Label{"Ratkowsky 平方根模型（二参数）", "Ratkowsky, two parameters"}, Kind: Growth,
		Formula: "√mu = b (T - tmin)", Unit: perHour, SumUnit: inLn, Sureness: Seen,
		Citation: "Ratkowsky et al. 1982, Journal of Bacteriology 149:1; defaults Fu, Taoukis and Labuza 1991, Journal of Food Science 56:1209",
		Fitted:   "min_c and max_c; the defaults are those of P. fragi in milk [S]",
		Params: append(append([]Parameter{
			preset("b", "1/(√h °C)", "slope; for a rate in 1/h, natural logarithm", 0.0306, 1e-4, 1),
			preset("tmin", "°C", "temperature at which growth would cease", -7.85, -30, 20),
		}, within(0, 12, -10, 45, "")...), counts()...),
		bind: func(v values) (func(float64) float64, Range, error) {
			r, err := v.holds()
			if err == nil && v["tmin"] >= r.MinC {
				err = errors.New("tmin must be below min_c")
			}
			b, tmin := v["b"], v["tmin"]
			return func(t float64) float64 { return square(b * (t - tmin)) }, r, err
		},
		tell: tellGrowth(perE()),
	}
}

func ratkowsky4() Model {
	return Model{
		Name: "ratkowsky-4", Label: Label{"Ratkowsky 平方根模型（四参数）", "Ratkowsky, four parameters"}, Kind: Growth,
		Formula: "√mu = b (T - tmin) (1 - exp(c (T - tmax)))", Unit: perHour, SumUnit: "units of b", Sureness: Seen,
		Citation: "Ratkowsky et al. 1983, Journal of Bacteriology 154:1222; defaults Neumeyer, Ross and McMeekin 1997, International Journal of Food Microbiology 38:45",
		Fitted:   "min_c and max_c; the defaults are those of spoilage pseudomonads in broth [S]",
		Params: append([]Parameter{
			preset("b", "1/(√h °C)", "slope", 0.03772, 1e-4, 1),
			preset("tmin", "°C", "lower temperature at which growth would cease", -6.1, -30, 20),
			preset("c", "1/°C", "bend at the warm side", 0.1719, 0.01, 5),
			preset("tmax", "°C", "upper temperature at which growth ceases", 41.2, 20, 90),
		}, within(0, 39, -10, 80, "")...),
		Notes: []string{"whether the rate is in ln or in generations depends on b; growth is told in its unit"},
		bind: func(v values) (func(float64) float64, Range, error) {
			r, err := v.holds()
			if err == nil && (v["tmin"] >= r.MinC || v["tmax"] <= r.MaxC) {
				err = errors.New("tmin must be below min_c and tmax above max_c")
			}
			return suboptimal(v["b"], v["tmin"], v["c"], v["tmax"]), r, err
		},
		tell: tellGrowth(0),
	}
}

func suboptimal(b, tmin, c, tmax float64) func(float64) float64 {
	return func(t float64) float64 { return square(b * (t - tmin) * (1 - math.Exp(c*(t-tmax)))) }
}

func fragiMilk() Model {
	return Model{
		Name: "fragi-milk", Label: Label{"牛奶中莓实假单胞菌", "Pseudomonas fragi in milk"}, Kind: Growth,
		Formula: "mu = (0.0306 (T + 7.85))²", Unit: perHour, SumUnit: inLn, Sureness: Seen,
		Citation: "Fu, Taoukis and Labuza 1991, Journal of Food Science 56:1209 (GroPIN 428)",
		Fitted:   "0 to 12 °C, the paper's [S]",
		Params:   counts(),
		bind: fixed(0, 12, func(values) func(float64) float64 {
			return func(t float64) float64 { return square(0.0306 * (t + 7.85)) }
		}),
		tell: tellGrowth(perE()),
	}
}

func gillJones() Model {
	return Model{
		Name: "gill-jones-1992", Label: Label{"胴体表面假单胞菌", "Pseudomonads on carcasses"}, Kind: Growth,
		Formula: "rate = (0.033 T + 0.27)²", Unit: generations, SumUnit: inGen, Sureness: General,
		Citation: "Gill and Jones 1992, Food Microbiology 9:335 (GroPIN 435)",
		Fitted:   "-2 to 25 °C, the paper's [S]",
		Params:   counts(),
		Notes:    []string{"formula and range seen [S]; that the unit is generations is general knowledge [G], a catalogue calls it mu_max. Shares of life do not depend on it, counts do"},
		bind:     fixed(-2, 25, func(values) func(float64) float64 { return func(t float64) float64 { return square(0.033*t + 0.27) } }),
		tell:     tellGrowth(perDoubling()),
	}
}

const neumeyer = "Neumeyer, Ross and McMeekin 1997, International Journal of Food Microbiology 38:45"

func neumeyerNotes() []string {
	return []string{"the source seen does not tell whether the rate is in ln or in generations: growth is told in its unit and made into no count"}
}

func neumeyer2() Model {
	return Model{
		Name: "neumeyer-1997-2", Label: Label{"腐败假单胞菌（肉汤，二参数）", "Spoilage pseudomonads in broth, two parameters"}, Kind: Growth,
		Formula: "√k = 0.03346 (T + 7.7)", Unit: perHour, SumUnit: "units of k", Sureness: Seen,
		Citation: neumeyer + " (GroPIN 429)", Fitted: "0 to 28 °C, the paper's [S]", Notes: neumeyerNotes(),
		bind: fixed(0, 28, func(values) func(float64) float64 {
			return func(t float64) float64 { return square(0.03346 * (t + 7.7)) }
		}),
		tell: tellGrowth(0),
	}
}

func neumeyer4() Model {
	return Model{
		Name: "neumeyer-1997-4", Label: Label{"腐败假单胞菌（肉汤，四参数）", "Spoilage pseudomonads in broth, four parameters"}, Kind: Growth,
		Formula: "√k = 0.03772 (T + 6.1) (1 - exp(0.1719 (T - 41.2)))", Unit: perHour, SumUnit: "units of k", Sureness: Seen,
		Citation: neumeyer + " (GroPIN 431)", Fitted: "0 to 39 °C, the paper's [S]", Notes: neumeyerNotes(),
		bind: fixed(0, 39, func(values) func(float64) float64 { return suboptimal(0.03772, -6.1, 0.1719, 41.2) }),
		tell: tellGrowth(0),
	}
}
