package analog

import (
	"math"

	"coldchain/sensors"
)

// kelvin is 0 °C in K.
const kelvin = 273.15

// Element is a resistor that changes with temperature.
type Element interface {
	// Celsius returns the temperature at a resistance in Ω. A resistance that
	// the element cannot have is a SensorFault, and then t is 0 and means
	// nothing.
	Celsius(ohms float64) (t float64, why sensors.Reason)
	// Ohms is the inverse: the resistance at t °C.
	Ohms(t float64) (ohms float64, why sensors.Reason)
}

// Beta is an NTC thermistor by the two-parameter equation
// R = R0·exp(B·(1/T − 1/T0)), T in K (IEC 60539-1, "B-value"). Between 0 and
// 50 °C it is good to some tenths of a K, at −30 °C to 1 or 2 K: prefer
// SteinhartHart for frozen goods.
type Beta struct {
	R0 float64 // Ω at T0
	T0 float64 // °C, usually 25
	B  float64 // K
}

// Celsius returns the temperature at a resistance in Ω.
func (e Beta) Celsius(ohms float64) (t float64, why sensors.Reason) {
	if !(ohms > 0) || math.IsInf(ohms, 0) {
		return 0, sensors.SensorFault
	}
	return inverseKelvin(1/(e.T0+kelvin) + math.Log(ohms/e.R0)/e.B)
}

// Ohms returns the resistance at t °C.
func (e Beta) Ohms(t float64) (ohms float64, why sensors.Reason) {
	if !(t > -kelvin) || math.IsInf(t, 0) {
		return 0, sensors.OutOfRange
	}
	return e.R0 * math.Exp(e.B*(1/(t+kelvin)-1/(e.T0+kelvin))), sensors.NoReason
}

// SteinhartHart is an NTC thermistor by 1/T = A + B·ln R + C·(ln R)³, T in K, R
// in Ω (Steinhart and Hart, Deep-Sea Research 15, 1968, page 497).
type SteinhartHart struct{ A, B, C float64 }

// Celsius returns the temperature at a resistance in Ω.
func (e SteinhartHart) Celsius(ohms float64) (t float64, why sensors.Reason) {
	if !(ohms > 0) || math.IsInf(ohms, 0) {
		return 0, sensors.SensorFault
	}
	l := math.Log(ohms)
	return inverseKelvin(e.A + e.B*l + e.C*l*l*l)
}

// Ohms returns the resistance at t °C: the only real root of the cubic in ln R,
// which rises with ln R because B is positive and C not negative.
func (e SteinhartHart) Ohms(t float64) (ohms float64, why sensors.Reason) {
	if !(t > -kelvin) || math.IsInf(t, 0) {
		return 0, sensors.OutOfRange
	}
	d := e.A - 1/(t+kelvin)
	if e.C == 0 {
		return math.Exp(-d / e.B), sensors.NoReason
	}
	p, q := e.B/e.C, d/e.C // l³ + p·l + q = 0
	s := math.Sqrt(q*q/4 + p*p*p/27)
	return math.Exp(math.Cbrt(-q/2+s) - math.Cbrt(q/2+s)), sensors.NoReason
}

// inverseKelvin turns 1/T into °C.
func inverseKelvin(y float64) (t float64, why sensors.Reason) {
	if t = 1/y - kelvin; !(y > 0) || math.IsNaN(t) || math.IsInf(t, 0) {
		return 0, sensors.SensorFault
	}
	return t, sensors.NoReason
}

// The Callendar–Van Dusen coefficients of industrial platinum (IEC 60751:2022,
// clause 4.2).
const (
	platinumA = 3.9083e-3  // 1/K
	platinumB = -5.775e-7  // 1/K²
	platinumC = -4.183e-12 // 1/K⁴, below 0 °C only
)

// The range of IEC 60751's equations, °C.
const (
	platinumLowest  = -200
	platinumHighest = 850
)

// Platinum is a resistance thermometer after IEC 60751.
type Platinum struct {
	R0 float64 // Ω at 0 °C: 100 for a Pt100
}

// Ohms returns the resistance at t °C, −200 to 850.
func (e Platinum) Ohms(t float64) (ohms float64, why sensors.Reason) {
	if !(t >= platinumLowest && t <= platinumHighest) {
		return 0, sensors.OutOfRange
	}
	return e.R0 * ratio(t), sensors.NoReason
}

// ratio is R(t)/R0.
func ratio(t float64) float64 {
	w := 1 + platinumA*t + platinumB*t*t
	if t < 0 {
		w += platinumC * (t - 100) * t * t * t
	}
	return w
}

// Celsius returns the temperature at a resistance in Ω. Outside the equations'
// range, 18.52 to 390.48 Ω for a Pt100, the element is shorted or open.
func (e Platinum) Celsius(ohms float64) (t float64, why sensors.Reason) {
	w := ohms / e.R0
	if !(w >= ratio(platinumLowest) && w <= ratio(platinumHighest)) {
		return 0, sensors.SensorFault
	}
	t = (-platinumA + math.Sqrt(platinumA*platinumA-4*platinumB*(1-w))) / (2 * platinumB)
	if w >= 1 {
		return t, sensors.NoReason
	}
	// Below 0 °C there is no closed form. The quadratic's root is at most
	// 2.4 K off, from where Newton's method gains digits twice as fast with
	// each step: four are enough for 10⁻⁹ K.
	for range 6 {
		slope := platinumA + 2*platinumB*t + platinumC*(4*t*t*t-300*t*t)
		t -= (ratio(t) - w) / slope
	}
	return t, sensors.NoReason
}
