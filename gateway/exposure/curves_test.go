package exposure

import (
	"math"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// both tells the reader and the curves of a batch.
func (r *rig) both(lots map[string]*state.AgeingLot, l state.AgeingLot) {
	l.Profile = "mutton-chilled"
	lots[l.ID] = &l
	lot := Lot{Code: l.ID, Profile: l.Profile, Parents: l.Parents}
	for _, s := range l.Stays {
		x := Stay{Zone: s.Zone, From: s.From, To: s.To}
		if s.Zone == "" {
			x.Zone, x.Kind = s.Place, exposure.Unmonitored
		}
		lot.Stays = append(lot.Stays, x)
	}
	r.county.lots[l.ID] = lot
}

// warmth writes readings of a point, one a minute, as a function of the minute;
// NaN: none.
func (r *rig) warmth(p sensors.PointID, from, to int, of func(minute int) float64) {
	r.Helper()
	var list []sensors.Reading
	for m := from; m < to; m++ {
		if v := of(m); !math.IsNaN(v) {
			list = append(list, sensors.NewGood(p, at(m), v))
		}
	}
	r.write(sensors.Temperature, list...)
}

// agree compares what the curves say with the exposures of the same batches.
func (r *rig) agree(c *Curves, lots map[string]*state.AgeingLot, now time.Time) {
	r.Helper()
	for id, l := range lots {
		if !l.Held {
			continue
		}
		want, err := r.Batch(r.Context(), id, now)
		if err != nil {
			r.Fatal(err)
		}
		u, ok := c.Used(l, now)
		if !ok || want.Life == nil {
			r.Fatalf("%s: known %v, and its exposure says %v", id, ok, want.Life)
		}
		got := c.Model(l.Profile).Life(u)
		// Half an hour of life at each of four ends, of what is used in a day at most.
		if math.Abs(got.Used-want.Life.Used) > 0.005 || math.Abs(got.UsedMax-want.Life.UsedMax) > 0.005 {
			r.Errorf("%s: used %.4f to %.4f, and its exposure says %.4f to %.4f", id, got.Used, got.UsedMax, want.Life.Used, want.Life.UsedMax)
		}
	}
}

func TestCurvesSayWhatExposuresSay(t *testing.T) {
	for name, rig := range map[string]func(*testing.T) *rig{"the embedded store": newRig, "InfluxDB": newInfluxRig} {
		t.Run(name, func(t *testing.T) { curvesSayWhatExposuresSay(t, rig(t)) })
	}
}

func curvesSayWhatExposuresSay(t *testing.T, r *rig) {
	lots := map[string]*state.AgeingLot{}
	stay := func(id, zone string, from, to int) batch.Custody {
		c := batch.Custody{Batch: id, Zone: zone, From: at(from)}
		if to > 0 {
			c.To = at(to)
		}
		return c
	}
	hours := 60
	r.both(lots, state.AgeingLot{ID: "STAYS", Held: true, Stays: []batch.Custody{stay("STAYS", "s/room", 7, 0)}})
	r.both(lots, state.AgeingLot{ID: "DRIVEN", Held: true, Stays: []batch.Custody{stay("DRIVEN", "s/room", 3, 11*hours), stay("DRIVEN", "t/box", 11*hours, 15*hours), stay("DRIVEN", "s/room", 15*hours, 0)}})
	r.both(lots, state.AgeingLot{ID: "WHOLE", Stays: []batch.Custody{stay("WHOLE", "t/box", 5, 9*hours)}})
	r.both(lots, state.AgeingLot{ID: "PART", Held: true, Stays: []batch.Custody{stay("PART", "s/room", 9*hours, 0)}, Parents: []batch.Link{{Parent: "WHOLE", Child: "PART", Relation: batch.Split, At: at(9 * hours)}}})
	r.both(lots, state.AgeingLot{ID: "MIXED", Held: true, Stays: []batch.Custody{stay("MIXED", "s/room", 12*hours, 0)},
		Parents: []batch.Link{{Parent: "WHOLE", Child: "MIXED", Relation: batch.Merge, At: at(9 * hours)}, {Parent: "DRIVEN", Child: "MIXED", Relation: batch.Merge, At: at(12 * hours)}}})
	shop := stay("SHOP", "", 12*hours, 0)
	shop.Place = "村店"
	r.both(lots, state.AgeingLot{ID: "SHOP", Held: true, Stays: []batch.Custody{stay("SHOP", "s/room", 60, 12*hours), shop}})
	lost := math.NaN()
	room := func(m int) float64 {
		if m > 5*hours && m < 6*hours || m > 20*hours && m < 21*hours {
			return lost
		}
		return 4 + 3*math.Sin(float64(m)/400)
	}
	box := func(m int) float64 { return 8 + 2*math.Sin(float64(m)/90) }
	c := NewCurves(r.Reader)
	for h := 0; h < 30; h += 5 {
		r.warmth("s/room/air", h*hours, (h+5)*hours, room)
		r.warmth("t/box/core", h*hours, (h+5)*hours, box)
		now := at((h + 5) * hours)
		if behind, err := c.Round(t.Context(), now, lots); err != nil || behind {
			t.Fatal(behind, err)
		}
		for id, l := range lots { // what is there by then
			if len(l.Stays) > 0 && l.Stays[0].From.Before(now) && h > 10 {
				r.agree(c, map[string]*state.AgeingLot{id: l}, now)
			}
		}
	}
	now := at(30 * hours)
	if v, ok := c.PresentC("s/room", "mutton-chilled"); !ok || math.Abs(v-room(30*hours-30)) > 0.2 {
		t.Errorf("%.2f °C now, %v", v, ok)
	}
	if _, ok := c.PresentC("v/shop", "mutton-chilled"); ok {
		t.Error("it is known how warm a shop without a probe is")
	}
	// A reading that was lost comes late, and warm: everything is what readings say.
	r.warmth("s/room/air", 5*hours+1, 6*hours, func(int) float64 { return 19 })
	c.Late("s/room/air", at(5*hours+1), now)
	if _, err := c.Round(t.Context(), now.Add(time.Minute), lots); err != nil {
		t.Fatal(err)
	}
	r.agree(c, lots, now.Add(time.Minute))
	// And so does a county that starts anew.
	again := NewCurves(r.Reader)
	if _, err := again.Round(t.Context(), now.Add(time.Minute), lots); err != nil {
		t.Fatal(err)
	}
	r.agree(again, lots, now.Add(time.Minute))
	u, _ := again.Used(lots["STAYS"], now)
	reached, ok := again.Reached(lots["STAYS"], u.Used/2)
	if half, known := again.Used(lots["STAYS"], reached); !ok || !known || math.Abs(half.Used-u.Used/2) > 0.001 {
		t.Errorf("half of it was used at %s: %.4f of %.4f", reached, half.Used, u.Used)
	}
	if _, ok := again.Reached(lots["STAYS"], u.Used*2); ok {
		t.Error("twice as much was used")
	}
}

// TestARoundIsBounded: what is not read in one is read in the next ones, and
// until then nothing is said.
func TestARoundIsBounded(t *testing.T) {
	r := newRig(t)
	lots := map[string]*state.AgeingLot{}
	r.both(lots, state.AgeingLot{ID: "A", Held: true, Stays: []batch.Custody{{Batch: "A", Zone: "s/room", From: at(0)}}})
	days := 22
	r.warmth("s/room/air", 0, days*24*60, func(int) float64 { return 4 })
	c := NewCurves(r.Reader)
	c.most = 5000
	now := at(days * 24 * 60)
	rounds := 0
	for behind := true; behind; rounds++ {
		var err error
		if behind, err = c.Round(t.Context(), now, lots); err != nil || rounds > 10 {
			t.Fatal(rounds, err)
		}
		if _, ok := c.Used(lots["A"], now); ok == behind {
			t.Errorf("round %d: behind %v, and something is said: %v", rounds, behind, ok)
		}
	}
	if rounds != 4 {
		t.Errorf("%d rounds for %d days", rounds, days)
	}
	r.agree(c, lots, now)
}
