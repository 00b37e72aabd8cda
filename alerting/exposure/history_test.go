package exposure

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// arrhenius stands for a model: ten days at 4 °C, 80 kJ/mol, valid from -2 to
// 25 °C. It is no product's.
type arrhenius struct{}

var errOutside = errors.New("valid from -2 to 25 °C")

func (arrhenius) Rate(c float64) (float64, error) {
	if c < -2 || c > 25 {
		return 0, errOutside
	}
	return math.Exp(80000/8.314*(1/277.15-1/(c+273.15))) / 240, nil
}

func aged() Options {
	o := minutely(Step, nil, of(8))
	o.Model = &Model{Name: "test", Ager: arrhenius{}, ReferenceC: 4}
	return o
}

func TestLifeUsedAndLeft(t *testing.T) {
	l := course(t, aged(), 0, 3, nil, reading{0, 4}, reading{1, 4}, reading{2, 4}).Life()
	if l.Model != "test" || !near(l.Used, 3.0/60/240) || l.UsedMax != l.Used || l.OutsideS != 0 || l.ReferenceC != 4 {
		t.Errorf("%+v", l)
	}
	wantNear(t, "remaining days", l.RemainingDays, 10*(1-3.0/60/240))
}

// TestAGapCountsAsItsWarmestNeighbourInTheUpperBoundAlone: 60 minutes between
// 4 and 10 °C.
func TestAGapCountsAsItsWarmestNeighbourInTheUpperBoundAlone(t *testing.T) {
	l := course(t, aged(), 0, 62, nil, reading{0, 4}, reading{1, 4}, reading{61, 10}).Life()
	at4, _ := arrhenius{}.Rate(4)
	at10, _ := arrhenius{}.Rate(10)
	if !near(l.Used, (at4+at10)/60) || !near(l.UsedMax, (at4+at10)/60+at10) || len(l.Notes) != 0 {
		t.Errorf("%+v", l)
	}
	if l := course(t, aged(), 0, 60, nil).Life(); l.Used != 0 || l.UsedMax != 0 || len(l.Notes) != 1 || !strings.Contains(l.Notes[0], "1.0 h without readings") {
		t.Errorf("without any reading: %+v", l)
	}
}

func TestOutsideTheModelIsSaidAndNotGuessed(t *testing.T) {
	l := course(t, aged(), 0, 4, nil, reading{0, 4}, reading{1, 26}, reading{2, 26}, reading{3, 4}).Life()
	if !near(l.OutsideS, 120) || l.RemainingDays != nil || !near(l.Used, 2.0/60/240) || len(l.Notes) != 1 || !strings.Contains(l.Notes[0], errOutside.Error()) {
		t.Errorf("%+v", l)
	}
}

func TestUsedUpLeavesNothingAndNotLess(t *testing.T) {
	o := aged()
	o.Interval = time.Hour
	o.HoleFactor = 1000
	l := course(t, o, 0, 60*24*11, nil, reading{0, 4}).Life()
	if !near(l.Used, 1.1) || *l.RemainingDays != 0 {
		t.Errorf("%+v", l)
	}
}

func stay(t *testing.T, o Options, zone string, from, to float64, readings ...reading) (Interval, *Course, *Course) {
	t.Helper()
	return Interval{Zone: zone, Kind: Store, Basis: "air", Point: zone + "/air"}, course(t, o, from, to, nil, readings...), nil
}

// TestThreeStaysOfABatch: a store, an hour at a ramp that nobody watches, a
// truck.
func TestThreeStaysOfABatch(t *testing.T) {
	o := aged()
	var h History
	h.Stay(stay(t, o, "balagong/mutton", 0, 2, reading{0, 9}, reading{1, 9}))
	hand := []Hand{{At: at(30), ValueC: 6, Class: Manual, By: "bao", Method: "surface"}}
	h.Unmonitored(Interval{Zone: "装车台", From: at(2), To: at(62), Hand: hand})
	h.Stay(stay(t, o, "truck-1/box", 62, 72, reading{62, 9}, reading{63, 5}, reading{64, 5}))
	b := h.Batch("HJQ261123-TLG-007", "mutton-chilled", at(72), 3)
	if b.Batch != "HJQ261123-TLG-007" || b.Version != 3 || len(b.Intervals) != 3 || b.UnmonitoredS != 3600 || !b.AsOf.Equal(at(72)) {
		t.Errorf("%+v", b)
	}
	if !reflect.DeepEqual(b.Intervals[1].Hand, hand) || b.Intervals[1].Kind != Unmonitored || b.Intervals[1].Summary.Coverage != 0 || len(b.Intervals[1].Summary.Gaps) != 0 {
		t.Errorf("the unmonitored stay: %+v", b.Intervals[1])
	}
	// 9 °C on both sides of the ramp: two excursions, nobody knows what was between.
	if b.Total.DurationS != 12*60 || b.Total.Above.Events != 2 || b.Total.Above.Seconds != 3*60 || b.Total.Points != 5 {
		t.Errorf("%+v above %+v", b.Total, b.Total.Above)
	}
	if !near(b.Total.Coverage, 4.0/12) || len(b.Total.Gaps) != 1 || !b.MonitoredUntil.Equal(at(64)) {
		t.Errorf("coverage %v, gaps %+v, until %s", b.Total.Coverage, b.Total.Gaps, b.MonitoredUntil)
	}
	if !b.Intervals[2].From.Equal(at(62)) || b.Intervals[2].Summary.Above.Events != 1 {
		t.Errorf("%+v", b.Intervals[2])
	}
	sum := 0.0
	for _, i := range b.Intervals {
		sum += i.Summary.DurationS
	}
	if sum != b.Total.DurationS+b.UnmonitoredS {
		t.Error("durations", sum)
	}
}

func TestOneExcursionOverAChangeOfCustodyIsOne(t *testing.T) {
	o := aged()
	var h History
	h.Stay(stay(t, o, "a/1", 0, 2, reading{0, 5}, reading{1, 9}))
	h.Stay(stay(t, o, "a/2", 2, 4, reading{2, 11}, reading{3, 5}))
	b := h.Batch("b", "", at(4), 1)
	if s := b.Total.Above; s.Events != 1 || s.Seconds != 120 || s.LongestS != 120 || *s.PeakC != 11 || s.DegreeMinutes != 1+3 || len(s.Runs) != 1 {
		t.Errorf("%+v", s)
	}
	if first := b.Intervals[0].Summary.Above; first.Events != 1 || first.Seconds != 60 || *first.PeakC != 9 {
		t.Errorf("the first stay was changed by joining: %+v", first)
	}
}

func TestASplitBatchInheritsUpToTheSplit(t *testing.T) {
	o := aged()
	parent := func() (h History) {
		h.Stay(stay(t, o, "a/1", 0, 3, reading{0, 9}, reading{1, 9}, reading{2, 5}))
		return h
	}
	var child History
	child.Inherit([]string{"P"}, parent())
	child.Stay(stay(t, o, "a/2", 3, 5, reading{3, 5}, reading{4, 5}))
	b := child.Batch("C", "", at(5), 1)
	if len(b.Intervals) != 2 || !reflect.DeepEqual(b.Inherited, []string{"P"}) || b.Total.DurationS != 300 || b.Total.Above.Seconds != 120 || b.Total.Coverage != 1 {
		t.Errorf("%+v", b)
	}
	var whole History
	whole.Stay(stay(t, o, "a/1", 0, 5, reading{0, 9}, reading{1, 9}, reading{2, 5}, reading{3, 5}, reading{4, 5}))
	want := whole.Batch("P", "", at(5), 1)
	if !near(b.Life.Used, want.Life.Used) || !near(*b.Total.MKTC, *want.Total.MKTC) {
		t.Errorf("life %v, mkt %v; one batch that was not split has %v, %v", b.Life.Used, *b.Total.MKTC, want.Life.Used, *want.Total.MKTC)
	}
}

// TestAMergedBatchTakesTheWorst: one parent was too warm, the other too cold
// and less watched; the mixture was all of it.
func TestAMergedBatchTakesTheWorst(t *testing.T) {
	o := aged()
	o.Limits.Low = of(2)
	build := func(zone string, readings ...reading) (h History) {
		h.Stay(stay(t, o, zone, 0, 6, readings...))
		return h
	}
	warm := func() History {
		return build("a/1", reading{0, 12}, reading{1, 12}, reading{2, 5}, reading{3, 5}, reading{4, 5}, reading{5, 5})
	}
	cold := func() History { return build("b/1", reading{0, 1}, reading{1, 1}) }
	for _, parents := range [][]History{{warm(), cold()}, {cold(), warm()}} {
		var m History
		m.Inherit([]string{"W", "K"}, parents...)
		m.Stay(stay(t, o, "a/2", 6, 7, reading{6, 5}))
		b := m.Batch("M", "", at(7), 1)
		if !reflect.DeepEqual(b.Inherited, []string{"K", "W"}) || len(b.Intervals) != 3 {
			t.Errorf("inherited %v, %d intervals", b.Inherited, len(b.Intervals))
		}
		s := b.Total
		if *s.MinC != 1 || *s.MaxC != 12 || s.Above.DegreeMinutes != 8 || s.Below.DegreeMinutes != 1 {
			t.Errorf("%v to %v, above %+v, below %+v", *s.MinC, *s.MaxC, s.Above, s.Below)
		}
		if s.DurationS != 420 || !near(s.Coverage, 2.0/7) || len(s.Gaps) != 1 {
			t.Errorf("%v s, coverage %v, gaps %+v", s.DurationS, s.Coverage, s.Gaps)
		}
		at12, _ := arrhenius{}.Rate(12)
		at5, _ := arrhenius{}.Rate(5)
		if want := (2*at12 + 4*at5 + at5) / 60; !near(b.Life.Used, want) || b.Life.UsedMax < b.Life.Used {
			t.Errorf("life %+v, want %v used", b.Life, want)
		}
		alone := warm()
		if warmMKT := *alone.Batch("W", "", at(6), 1).Total.MKTC; *s.MKTC >= warmMKT || *s.MKTC < warmMKT-1 {
			t.Errorf("mkt %v: want the warm parent's %v, and a minute of 5 °C", *s.MKTC, warmMKT)
		}
	}
}

func TestGoodsThatWereNowhere(t *testing.T) {
	var h History
	b := h.Batch("b", "", at(0), 1)
	if b.Intervals == nil || b.Total.Gaps == nil || b.Life != nil || !b.MonitoredUntil.IsZero() {
		t.Errorf("%+v", b)
	}
}
