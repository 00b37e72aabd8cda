package exposure

import (
	"math"
	"testing"
	"time"

	"coldchain/sensors"
)

// defrosting writes days of a room that defrosts four times a day for half an
// hour, at -20 °C and up to -14: from..to in minutes.
func (r *rig) defrosting(p sensors.PointID, from, to int) {
	r.Helper()
	var list []sensors.Reading
	for m := from; m < to; m++ {
		c := -20 + 0.2*math.Sin(float64(m)/3)
		if in := ((m % 360) + 360) % 360; in < 15 {
			c += 6 * (1 - math.Exp(-float64(in)/4))
		} else {
			c += 6 * math.Exp(-float64(in-15)/6)
		}
		list = append(list, sensors.NewGood(p, at(m), math.Round(c*10)/10))
	}
	r.write(sensors.Temperature, list...)
}

// Defrosts that no switch tells of are named in what a batch went through, apart
// and as part of what was masked, as far as the room had been learned by then;
// they count like any other time.
func TestLearnedDefrostsAreNamed(t *testing.T) {
	const day = 24 * 60
	r := newRig(t)
	r.defrosting("s/room/air", -6*day, day)
	r.county.lots["B"] = Lot{Code: "B", Profile: "mutton-frozen", Stays: []Stay{{Zone: "s/room", From: at(0), To: at(day)}}}
	now := at(day).Add(time.Hour)
	plain := r.exposure("B", now).Total
	if plain.MaskedLearnedS != 0 || plain.MaskedS != 0 {
		t.Fatalf("a room that is not learned: %+v", plain)
	}
	z := r.Zones["s/room"]
	z.Learns = true
	r.Zones["s/room"] = z
	s := r.exposure("B", now).Total
	if s.MaskedLearnedS < 4*15*60 || s.MaskedLearnedS > 4*45*60 || s.MaskedS != s.MaskedLearnedS {
		t.Errorf("four defrosts of half an hour: masked %v s, of these learned %v s", s.MaskedS, s.MaskedLearnedS)
	}
	if s.Above == nil || s.Above.Seconds == 0 || s.Above.Seconds != plain.Above.Seconds || *s.MeanC != *plain.MeanC || s.Coverage != plain.Coverage {
		t.Errorf("they count: %+v; without having been learned %+v", s, plain)
	}
	// What a switch told needs not be learned.
	r.write(sensors.Door, sensors.NewGood("s/room/door", at(-1), 0), sensors.NewGood("s/room/door", at(0), 1), sensors.NewGood("s/room/door", at(15), 0))
	with := r.exposure("B", now).Total
	if with.MaskedLearnedS >= s.MaskedLearnedS || with.MaskedS < s.MaskedS {
		t.Errorf("with a switch masked %v s, of these learned %v s; without %v and %v", with.MaskedS, with.MaskedLearnedS, s.MaskedS, s.MaskedLearnedS)
	}
	// A batch of the room's second day: nothing was learned by then.
	r.county.lots["C"] = Lot{Code: "C", Profile: "mutton-frozen", Stays: []Stay{{Zone: "s/room", From: at(-5 * day), To: at(-4 * day)}}}
	if c := r.exposure("C", now).Total; c.MaskedLearnedS != 0 {
		t.Errorf("before the room was learned: %v s", c.MaskedLearnedS)
	}
}
