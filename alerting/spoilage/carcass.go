package spoilage

import (
	"errors"
	"math"
)

// indexFrom is where the Refrigeration Index begins to count, °C: at 7 °C
// E. coli and Salmonella stop growing.
const indexFrom = 7

// indexLag is what the index takes off a hot start, in generations.
const indexLag = 5

// refrigerationIndex is about chilling after slaughter, and about breakdowns
// above 7 °C. It is no shelf life: below 7 °C it says nothing.
func refrigerationIndex() Model {
	return Model{
		Name: "refrigeration-index", Label: Label{"冷却指数 RI（大肠杆菌）", "Refrigeration Index (E. coli)"}, Kind: Index,
		Formula: "√r = c (T - Tmin)(1 - exp(d (T - Tmax))) √(aw - awmin) √(1 - 10^(pHmin-ph)) √(1 - 10^(ph-pHmax)) √(1 - lac/(Umin (1 + 10^(ph-pKa)))) √(1 - lac/(Dmin (1 + 10^(pKa-ph)))); " +
			"RI = max(0, Σ r·h where T ≥ 7 °C - lag) log10 2, lag 5 generations for a hot start",
		Unit: generations, SumUnit: inGen, Sureness: General,
		Citation: "Ross et al. 2003, International Journal of Food Microbiology 82:33; lag, 7 °C and criteria: Meat and Livestock Australia 2004",
		Fitted:   "the paper's data are of 7.63 to 47.43 °C, aw 0.951 to 0.999, pH 4.02 to 8.28, lactate to 500 mM [S]; at 4.14 °C and below and at 49.55 °C and above there is no growth. The coefficients are general knowledge [G]",
		Params: []Parameter{
			preset("ph", "", "pH of the meat", 6.5, 4.02, 8.28).from("hot-boned lean [S]"),
			preset("aw", "", "water activity", 0.993, 0.951, 0.999).from("hot-boned lean [S]"),
			preset("lactate_mm", "mM", "lactate", 51.7, 0, 500).from("hot-boned lean [S]"),
			optional("hot_start", "", "1: the meat came hot from slaughter, 5 generations of lag; 0: it was cold, none; left out: hot when the log begins above 7 °C", 0, 1),
		},
		Notes: []string{
			"an index, not a prediction of the number of E. coli; a set of indices is accepted when the mean is at most 1.5, 80 % are at most 2.0, and none is above 2.5 (MLA 2004)",
			"for meat that was cold and got warm set hot_start=0",
		},
		bind: func(v values) (rate func(float64) float64, holds Range, err error) {
			if hot := v["hot_start"]; hot != 0 && hot != 1 {
				err = errors.New("hot_start is 0 or 1")
			}
			return ross2003(v["ph"], v["aw"], v["lactate_mm"]), Range{-2, 60}, err
		},
		tell: tellIndex,
	}
}

func ross2003(ph, aw, lactate float64) func(float64) float64 {
	const (
		c, tmin, d, tmax = 0.2345, 4.14, 0.2636, 49.55
		awmin            = 0.9508
		phmin, phmax     = 3.909, 8.860
		umin, dmin, pka  = 10.43, 995.5, 3.86 // mM
	)
	rest := []float64{
		aw - awmin, 1 - math.Pow(10, phmin-ph), 1 - math.Pow(10, ph-phmax),
		1 - lactate/(umin*(1+math.Pow(10, ph-pka))), 1 - lactate/(dmin*(1+math.Pow(10, pka-ph))),
	}
	factor := c * c
	for _, x := range rest {
		factor *= max(0, x) // beyond what E. coli bears there is no growth
	}
	return func(t float64) float64 {
		if t <= tmin || t >= tmax {
			return 0
		}
		return factor * square((t-tmin)*(1-math.Exp(d*(t-tmax))))
	}
}

func tellIndex(v values, t Tally) []Value {
	hot, said := v["hot_start"]
	if !said && t.FirstC > indexFrom {
		hot = 1
	}
	lag := 0.0
	if hot != 0 {
		lag = indexLag
	}
	return []Value{
		{"refrigeration_index", max(0, t.Sum-lag) * perDoubling(), "log10", Label{"冷却指数", "Refrigeration Index"}},
		{"generations", t.Sum, "generations", Label{"世代数（≥ 7 °C）", "generations at 7 °C and above"}},
		{"lag_generations", lag, "generations", Label{"扣除的迟滞", "lag taken off"}},
	}
}

// Chilled is how a set of Refrigeration Indices meets MLA's criteria.
type Chilled struct {
	Count     int     `json:"count"`
	Mean      float64 `json:"mean"` // at most 1.5: MeanOK
	MeanOK    bool    `json:"mean_ok"`
	ShareTo2  float64 `json:"share_to_2"` // of indices at most 2.0; at least 0.8: ShareOK
	ShareOK   bool    `json:"share_ok"`
	Highest   float64 `json:"highest"` // at most 2.5: HighestOK
	HighestOK bool    `json:"highest_ok"`
	Passes    bool    `json:"passes"` // all three
}

// JudgeIndices holds a set of Refrigeration Indices against MLA's criteria of
// 2004. ErrEmpty without any; an index that is no number, or negative, is
// ErrOutside.
func JudgeIndices(indices []float64) (Chilled, error) {
	if len(indices) == 0 {
		return Chilled{}, ErrEmpty
	}
	j := Chilled{Count: len(indices)}
	total, to2 := 0.0, 0
	for _, ri := range indices {
		if !(ri >= 0) || math.IsInf(ri, 0) {
			return Chilled{}, ErrOutside
		}
		total += ri
		if ri <= 2.0 {
			to2++
		}
		j.Highest = max(j.Highest, ri)
	}
	j.Mean, j.ShareTo2 = total/float64(j.Count), float64(to2)/float64(j.Count)
	const dust = 1e-9 // five tenths do not add up to a half in binary
	j.MeanOK, j.ShareOK, j.HighestOK = j.Mean <= 1.5+dust, 5*to2 >= 4*j.Count, j.Highest <= 2.5
	j.Passes = j.MeanOK && j.ShareOK && j.HighestOK
	return j, nil
}

// gillColi is an independent curve of the same organism, to check the index by.
func gillColi() Model {
	return Model{
		Name: "gill-ecoli-1991", Label: Label{"肉上大肠杆菌（Gill 1991）", "E. coli on meat, Gill 1991"}, Kind: Growth,
		Formula: "7 to 30 °C (0.0513 T - 0.17)²; 30 to 40 (0.027 T + 0.55)²; 40 to 47 2.66; else 0", Unit: generations, SumUnit: inGen, Sureness: General,
		Citation: "Gill et al. 1991",
		Fitted:   "-2 to 60 °C: outside 7 to 47 °C the model itself says that there is no growth",
		Params:   counts(),
		Notes:    []string{"cross model of refrigeration-index"},
		bind: fixed(-2, 60, func(values) func(float64) float64 {
			return func(t float64) float64 {
				switch {
				case t < 7 || t > 47:
					return 0
				case t <= 30:
					return square(0.0513*t - 0.17)
				case t <= 40:
					return square(0.027*t + 0.55)
				default:
					return 2.66
				}
			}
		}),
		tell: tellGrowth(perDoubling()),
	}
}
