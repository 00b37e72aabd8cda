package spoilage

import (
	"errors"
	"math"
)

// gasConstant is the molar gas constant, kJ/(mol K), as it is used by those
// who published these models.
const gasConstant = 8.314e-3

const (
	sssp      = "SSSP/FSSP, Relative rate of spoilage models, DTU Aqua"
	handbook  = "Saltveit, in USDA Agriculture Handbook 66 (The Commercial Storage of Fruits, Vegetables, and Florist and Nursery Stocks)"
	atRef     = "1 at ref_c"
	hoursRef  = "h at ref_c"
	relativeT = "temperature at which the rate is 1 and life_days is meant"
)

// reference are the parameters that relative models share.
func reference(refC, least, most float64) []Parameter {
	return []Parameter{
		preset("ref_c", "°C", relativeT, refC, least, most),
		optional("life_days", "d", "shelf life at ref_c; without it the result is hours at ref_c", 0.01, 3660),
	}
}

// tellRelative is what hours at the reference mean.
func tellRelative(v values, t Tally) []Value {
	out := []Value{
		{"hours_at_reference", t.Sum, "h", Label{"折合参考温度下的小时数", "hours at the reference temperature that age as much"}},
		{"mean_rate", t.Sum / (t.Hours - t.OutsideHours), atRef, Label{"平均相对速率", "mean relative rate"}},
	}
	days, known := v["life_days"]
	if !known {
		return out
	}
	return append(out, tellLife(t.Sum/(24*days), days, t)...)
}

// tellLife says how much of a life is used. What is left is not said when part
// of the time is in no sum: it would be too much.
func tellLife(used, daysAtRef float64, t Tally) []Value {
	out := []Value{{"life_used", used, "1", Label{"已用货架期份额", "share of shelf life used"}}}
	if t.OutsideHours > 0 || daysAtRef == 0 {
		return out
	}
	return append(out, Value{"remaining_days_at_reference", max(0, 1-used) * daysAtRef, "d", Label{"在参考温度下剩余天数", "days left at the reference temperature"}})
}

func squareRoot() Model {
	return Model{
		Name: "rrs-square-root", Label: Label{"相对腐败速率（平方根）", "Relative rate of spoilage, square root"}, Kind: Relative,
		Formula: "RRS = ((T - tmin) / (ref_c - tmin))²", Unit: atRef, SumUnit: hoursRef,
		Citation: sssp, Sureness: General,
		Fitted: "min_c and max_c; the defaults are general knowledge of fresh fish from temperate waters [G]",
		Params: append(append([]Parameter{preset("tmin", "°C", "temperature at which ageing would cease", -10, -40, 10).from("temperate waters: (1 + 0.1 T)² [G]")},
			reference(0, -10, 40)...), within(-3, 15, -10, 40, "[G]")...),
		bind: func(v values) (func(float64) float64, Range, error) {
			r, err := v.holds()
			if err == nil && (v["tmin"] >= r.MinC || v["tmin"] >= v["ref_c"]) {
				err = errors.New("tmin must be below min_c and ref_c")
			}
			tmin, span := v["tmin"], v["ref_c"]-v["tmin"]
			return func(t float64) float64 { return square((t - tmin) / span) }, r, err
		},
		tell: tellRelative,
	}
}

func exponential() Model {
	return Model{
		Name: "rrs-exponential", Label: Label{"相对腐败速率（指数）", "Relative rate of spoilage, exponential"}, Kind: Relative,
		Formula: "ln RRS = a (T - ref_c)", Unit: atRef, SumUnit: hoursRef,
		Citation: sssp, Sureness: Seen,
		Fitted: "0 to 25 °C for the two products with a published a [S]",
		Params: append(append([]Parameter{preset("a", "1/°C", "growth of the rate per degree", 0.15, 0.01, 0.5).
			from("0.15 cooked and brined shrimp in modified atmosphere, 0.089 cold-smoked salmon [S]; 0.12 tropical fish [G]")},
			reference(0, -10, 40)...), within(0, 25, -10, 40, "[S]")...),
		bind: func(v values) (func(float64) float64, Range, error) {
			r, err := v.holds()
			a, ref := v["a"], v["ref_c"]
			return func(t float64) float64 { return math.Exp(a * (t - ref)) }, r, err
		},
		tell: tellRelative,
	}
}

func arrhenius() Model {
	return Model{
		Name: "rrs-arrhenius", Label: Label{"相对腐败速率（阿伦尼乌斯）", "Relative rate of spoilage, Arrhenius"}, Kind: Relative,
		Formula: "ln RRS = (ea/R)(1/T_ref - 1/T), T in K, R = 8.314e-3 kJ/(mol K)", Unit: atRef, SumUnit: hoursRef,
		Citation: sssp, Sureness: Seen,
		Fitted: "min_c and max_c; the defaults are general knowledge [G]",
		Params: append(append([]Parameter{preset("ea", "kJ/mol", "activation energy", 100, 10, 250).from("the example of the source's help page [S]")},
			reference(0, -10, 40)...), within(-3, 25, -10, 40, "[G]")...),
		bind: func(v values) (func(float64) float64, Range, error) {
			r, err := v.holds()
			return kinetics(v["ea"]/gasConstant, kelvin(v["ref_c"])), r, err
		},
		tell: tellRelative,
	}
}

func yoghurt() Model {
	return Model{
		Name: "yoghurt-arrhenius", Label: Label{"酸奶酸度（阿伦尼乌斯）", "Yoghurt, acidity by Arrhenius"}, Kind: Relative,
		Formula: "ln rate = (ea/R)(1/T_ref - 1/T), T in K, R = 8.314e-3 kJ/(mol K)", Unit: atRef, SumUnit: hoursRef,
		Citation: "Yin et al. 2023, Journal of Dairy Science and Technology 46(5):40", Sureness: Seen,
		Fitted: "the paper's own temperatures were not seen; 0 to 25 °C is general knowledge [G]",
		Params: append([]Parameter{preset("ea", "kJ/mol", "activation energy of acidity", 67.5, 10, 250)}, reference(4, 0, 25)...),
		bind:   fixed(0, 25, func(v values) func(float64) float64 { return kinetics(v["ea"]/gasConstant, kelvin(v["ref_c"])) }),
		tell:   tellRelative,
	}
}

// handbook66 is a Q10 for each ten degrees. One for the whole range would make
// a warm day too harmless or a cool one too harmful.
func handbook66() Model {
	return Model{
		Name: "hb66-q10", Label: Label{"蔬菜（HB-66 分段 Q10）", "Vegetables, HB-66 piecewise Q10"}, Kind: Relative,
		Formula: "rate = Π Q10_i^(degrees in the ten of i / 10), 1 at ref_c", Unit: atRef, SumUnit: hoursRef,
		Citation: handbook, Sureness: Seen,
		Fitted: "0 to 40 °C [S]; min_c is the chilling threshold of crops that chilling injures, below which it does not hold [S]",
		Params: append(append([]Parameter{
			preset("q_0_10", "", "Q10 from 0 to 10 °C", 3, 1, 6).from("2.5 to 4.0 [S]"),
			preset("q_10_20", "", "Q10 from 10 to 20 °C", 2.5, 1, 6).from("2.0 to 2.5 [S]"),
			preset("q_20_30", "", "Q10 from 20 to 30 °C", 2, 1, 6).from("1.5 to 2.0 [S]"),
			preset("q_30_40", "", "Q10 from 30 to 40 °C", 1.5, 1, 6).from("1.0 to 1.5 [S]"),
		}, reference(0, 0, 40)...), within(0, 40, 0, 40, "[S]")...),
		Notes: []string{"chilling and freezing injury is exposure below a threshold and not in it: chilling-injury, freezing-injury"},
		bind: func(v values) (func(float64) float64, Range, error) {
			r, err := v.holds()
			logs := [4]float64{math.Log(v["q_0_10"]), math.Log(v["q_10_20"]), math.Log(v["q_20_30"]), math.Log(v["q_30_40"])}
			sinceZero := func(t float64) (ln float64) {
				for i, q := range logs {
					ln += q * min(1, max(0, t/10-float64(i)))
				}
				return ln
			}
			at := sinceZero(v["ref_c"])
			return func(t float64) float64 { return math.Exp(sinceZero(t) - at) }, r, err
		},
		tell: tellRelative,
	}
}
