package spoilage

import (
	"errors"
	"math"
)

// node is a shelf life at a temperature.
type node struct{ tempC, days float64 }

// daysAMonth is a year's twelfth; tables of frozen goods are in months.
const daysAMonth = 365.25 / 12

// lifeTable is the share of life used an hour, by a table, coldest first.
// Between two nodes the logarithm of the life is a straight line; beyond the
// ends there is nothing.
func lifeTable(nodes []node) (func(float64) float64, Range, error) {
	for i, n := range nodes[1:] {
		if n.days > nodes[i].days {
			return nil, Range{}, errors.New("a warmer temperature cannot have the longer life")
		}
	}
	rate := func(t float64) float64 {
		i := 1
		for i < len(nodes)-1 && t > nodes[i].tempC {
			i++
		}
		a, b := nodes[i-1], nodes[i]
		at := (t - a.tempC) / (b.tempC - a.tempC)
		return math.Exp(-(1-at)*math.Log(a.days)-at*math.Log(b.days)) / 24
	}
	return rate, Range{nodes[0].tempC, nodes[len(nodes)-1].tempC}, nil
}

const shareAnHour = "share of life/h"

func tellTable(_ values, t Tally) []Value { return tellLife(t.Sum, 0, t) }

func milkLife() Model {
	life := func(name string, days float64, at string) Parameter {
		return preset(name, "d", "shelf life at "+at+" °C", days, 0.1, 400)
	}
	return Model{
		Name: "milk-life", Label: Label{"巴氏杀菌乳货架期表", "Pasteurised milk, table of shelf life"}, Kind: LifeShare,
		Formula: "rate = 1/(24 L(T)), ln L straight between the nodes", Unit: shareAnHour, SumUnit: "share of life", Sureness: Seen,
		Citation: "Petrus et al. 2010: 43, 36, 8, 5, 3 d at 2, 4, 9, 14, 16 °C in HDPE bottles (LDPE pouches 37, 35, 7, 3, 2 d)",
		Fitted:   "2 to 16 °C, the table's ends [S]; seen at second hand (scite.ai)",
		Params:   []Parameter{life("days_2", 43, "2"), life("days_4", 36, "4"), life("days_9", 8, "9"), life("days_14", 5, "14"), life("days_16", 3, "16")},
		Notes:    []string{"a hygienic plant's milk: labels of fresh milk in China say 7 to 15 d at 2 to 6 °C [G]. The knee between 4 and 9 °C is why no single Q10 is used"},
		bind: func(v values) (func(float64) float64, Range, error) {
			return lifeTable([]node{{2, v["days_2"]}, {4, v["days_4"]}, {9, v["days_9"]}, {14, v["days_14"]}, {16, v["days_16"]}})
		},
		tell: tellTable,
	}
}

func months(name string, value float64, at, source string) Parameter {
	return preset(name, "months", "practical storage life at "+at+" °C", value, 0.1, 120).from(source)
}

func frozenLife() Model {
	const iir1986, iir1972 = "IIR 1986/2006 [G]", "IIR 1972 says 24 months at -30 °C [S2]"
	return Model{
		Name: "frozen-life", Label: Label{"冻肉 TTT/PPP", "Frozen meat, TTT/PPP"}, Kind: LifeShare,
		Formula: "share used = Σ h / (24 PSL(T)), ln PSL straight between the nodes; a month is 30.4375 d", Unit: shareAnHour, SumUnit: "share of life", Sureness: General,
		Citation: "International Institute of Refrigeration 1986/2006, practical storage life of beef cuts",
		Fitted:   "-30 to -12 °C, the table's ends",
		Params: []Parameter{
			months("psl_30", 24, "-30", iir1972), months("psl_24", 24, "-24", iir1986), months("psl_18", 18, "-18", iir1986), months("psl_12", 8, "-12", iir1986),
		},
		Notes: []string{"published lives of lamb at -18 °C spread from 9 to 36 months: set the parameters to what the goods are known for"},
		bind: func(v values) (func(float64) float64, Range, error) {
			return lifeTable([]node{{-30, v["psl_30"] * daysAMonth}, {-24, v["psl_24"] * daysAMonth}, {-18, v["psl_18"] * daysAMonth}, {-12, v["psl_12"] * daysAMonth}})
		},
		tell: tellTable,
	}
}

func frozenLife1972() Model {
	const source = "IIR 1972 as quoted [S2]"
	return Model{
		Name: "frozen-life-iir-1972", Label: Label{"冻肉 PPP（IIR 1972）", "Frozen meat, PPP by IIR 1972"}, Kind: LifeShare,
		Formula: "share used = Σ h / (24 PSL(T)), ln PSL straight between the nodes; a month is 30.4375 d", Unit: shareAnHour, SumUnit: "share of life", Sureness: General,
		Citation: "International Institute of Refrigeration 1972, beef carcasses and packed cuts, as quoted at second hand [S2]; lamb carcasses 9, 12, 24 months",
		Fitted:   "-30 to -18 °C, the table's ends [S2]",
		Params:   []Parameter{months("psl_30", 24, "-30", source), months("psl_25", 18, "-25", source), months("psl_18", 12, "-18", source)},
		Notes:    []string{"it ends at -18 °C: whatever was warmer is outside. For goods that were warmer see frozen-life"},
		bind: func(v values) (func(float64) float64, Range, error) {
			return lifeTable([]node{{-30, v["psl_30"] * daysAMonth}, {-25, v["psl_25"] * daysAMonth}, {-18, v["psl_18"] * daysAMonth}})
		},
		tell: tellTable,
	}
}
