package spoilage

import "math"

// Baranyi is the growth curve of Baranyi and Roberts (1994): lag, growth,
// ceiling. In
//
//	dQ/dt = mu(T) Q        dN/dt = Q/(1+Q) mu(T) (1 - N/Nmax) N
//
// time enters as mu dt alone, so that for a temperature that changes the count
// depends on the temperatures through ∫mu dt only, and the closed form for a
// constant temperature holds for every course. Nothing is integrated step by
// step; the tests do, by Runge and Kutta.
type Baranyi struct {
	Y0   float64 // log10 of the count at the start
	YMax float64 // log10 of the highest count
	H0   float64 // work to be done before growth: rate × lag; 0 for no lag
}

// Count is log10 of the count once growth, the natural rate summed over the
// hours, is done.
func (b Baranyi) Count(growth float64) float64 {
	// With q = exp(-h0), A = ln(1 - q + q exp(s)); written so that a long time
	// does not overflow.
	q := math.Exp(-b.H0)
	a := growth + math.Log(q+(1-q)*math.Exp(-growth))
	room := (b.YMax - b.Y0) * math.Ln10
	// ln(1 + (exp(A)-1)/exp(room)), with exp(A-room) factored out when large.
	crowd := math.Log1p(math.Expm1(a) / math.Exp(room))
	if a > room {
		crowd = a - room + math.Log(math.Exp(room-a)+(-math.Expm1(-a)))
	}
	return b.Y0 + (a-crowd)/math.Ln10
}

func baranyi() Model {
	m := ratkowsky2()
	m.Name, m.Label = "baranyi-roberts", Label{"Baranyi-Roberts 动态生长", "Baranyi and Roberts, dynamic with lag"}
	m.Formula = "dQ/dt = mu Q, dN/dt = Q/(1+Q) mu (1 - N/Nmax) N, Q0 = 1/(exp(h0) - 1), √mu = b (T - tmin); in closed form over s = Σ mu·h"
	m.Citation = "Baranyi and Roberts 1994, International Journal of Food Microbiology 23:277; rate by Ratkowsky et al. 1982, defaults Fu, Taoukis and Labuza 1991"
	m.Params = append(m.Params[:len(m.Params)-len(counts())],
		preset("y0", "log10 CFU/g", "count at the start", 3, -2, 9).from("an example: measure it"),
		preset("ymax", "log10 CFU/g", "highest count", 9, 1, 12).from("[G]"),
		preset("h0", "", "work to be done before growth, rate × lag", 2, 0, 30).from("an example: rate 0.2/h and a lag of 10 h"),
	)
	m.Notes = []string{"every growth model here takes y0, ymax and h0 and then tells the count in the same way, where its unit is known"}
	return m
}
