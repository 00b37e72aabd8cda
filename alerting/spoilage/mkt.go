package spoilage

import (
	"errors"
	"math"

	"coldchain/alerting/sums"
)

// The activation energy and gas constant of USP <1160>. Their quotient is
// 10,000 K exactly.
const (
	USPActivation  = 83.144    // kJ/mol
	USPGasConstant = 8.3144e-3 // kJ/(mol K)
)

// MKT adds up a mean kinetic temperature: the constant temperature that would
// have moved a first-order reaction as far. Weights are durations in any unit.
//
// It says nothing of frozen goods (USP <1079.2>), whatever it computes: whoever
// shows it must not show it of them.
type MKT struct {
	theta float64 // activation energy over gas constant, K
	mean  sums.LogMean
}

// NewMKT begins a mean kinetic temperature with an activation energy, kJ/mol,
// and a gas constant, kJ/(mol K); USPActivation and USPGasConstant unless more
// is known.
func NewMKT(activation, gasConstant float64) (MKT, error) {
	theta := activation / gasConstant
	if !(activation > 0 && gasConstant > 0) || math.IsInf(theta, 0) {
		return MKT{}, errors.New("a mean kinetic temperature takes a positive activation energy and gas constant")
	}
	return MKT{theta: theta}, nil
}

func newMKT(v values) MKT { return MKT{theta: v["dh_kj"] / v["r_kj"]} }

// Add counts a temperature, °C, for as long as weight says.
func (m *MKT) Add(weight, tempC float64) error {
	if err := checkTemperature(tempC); err != nil {
		return err
	}
	if !(weight >= 0) || math.IsInf(weight, 0) {
		return errors.New("a weight is a duration: 0 or more")
	}
	m.mean.Add(-m.theta/kelvin(tempC), weight)
	return nil
}

// Value is the mean kinetic temperature, °C. ErrEmpty when nothing was added.
func (m MKT) Value() (float64, error) {
	x, ok := m.mean.Value()
	if !ok {
		return 0, ErrEmpty
	}
	return m.theta/-x + absoluteZero, nil
}

// meanKinetic is the MKT as a model; its rate is that of the reaction, 1 at the
// reference temperature.
func meanKinetic() Model {
	return Model{
		Name: "mkt", Label: Label{"平均动力学温度", "Mean kinetic temperature"}, Kind: Statistic,
		Formula: "T_K = (dH/R) / -ln(Σ w exp(-dH/(R T)) / Σ w), T in K; rate: exp((dH/R)(1/T_ref - 1/T))",
		Unit:    "1 at ref_c", SumUnit: "h at ref_c", Sureness: Seen,
		Citation: "USP <1160>; unequal weights: Tong and Lock 2015, JSM Biopharmaceuticals",
		Fitted:   "the range is ours [G]: not frozen, and no warmer than goods are",
		Params: []Parameter{
			preset("dh_kj", "kJ/mol", "activation energy", USPActivation, 20, 250).from("USP <1160>: unless more accurate information is available [S]"),
			preset("r_kj", "kJ/(mol K)", "gas constant", USPGasConstant, 8.3e-3, 8.32e-3).from("USP <1160> [S]; CODATA 8.314462618e-3"),
			preset("ref_c", "°C", "where the rate is 1; does not change the MKT", 5, -2, 60),
		},
		Notes: []string{
			"a statistic of thermal exposure for chilled goods and medicines, no shelf life; 83.144 kJ/mol is a convention for medicines",
			"not for frozen goods (USP <1079.2>): they have frozen-life",
		},
		bind: fixed(-2, 60, func(v values) func(float64) float64 { return kinetics(v["dh_kj"]/v["r_kj"], kelvin(v["ref_c"])) }),
		tell: func(_ values, t Tally) []Value {
			return []Value{
				{"mkt_c", t.MKTC, "°C", Label{"平均动力学温度", "mean kinetic temperature"}},
				{"mean_c", t.MeanC, "°C", Label{"时间加权平均温度", "mean weighted by time"}},
			}
		},
	}
}

// kinetics is the rate of a reaction relative to that at a reference, by
// Arrhenius: theta is the activation energy over the gas constant.
func kinetics(theta, refK float64) func(float64) float64 {
	return func(tempC float64) float64 { return math.Exp(theta * (1/refK - 1/kelvin(tempC))) }
}
