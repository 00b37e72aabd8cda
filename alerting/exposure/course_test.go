package exposure

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time {
	return noon.Add(time.Duration(minutes * float64(time.Minute)))
}

func of(c float64) *float64 { return &c }

// minutely are the usual options: a reading a minute, gaps over three minutes.
func minutely(m Method, low, high *float64) Options {
	return Options{Method: m, Interval: time.Minute, Limits: Limits{Low: low, High: high}}
}

type reading struct {
	minute, value float64
}

func course(t testing.TB, o Options, from, to float64, holes []Hole, readings ...reading) *Course {
	t.Helper()
	c, err := NewCourse(o, at(from), at(to), holes)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readings {
		if err := c.Add(Sample{At: at(r.minute), Value: r.value}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func wantNear(t testing.TB, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || !near(*got, want) {
		t.Errorf("%s: got %v, want %v", what, show(got), want)
	}
}

func show(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

// TestEveryFieldOfASummaryByHand: ten minutes, worked out on paper.
//
//	minute  0  1  2  3  4       9  (10 is the end)
//	°C      4  5  9 10  3  gap  1
//
// Step: 4 holds a minute, 5 one, 9 one, 10 one; 3 is followed by a gap of five
// minutes; 1 holds the last one. Covered 5 of 10 minutes.
func TestEveryFieldOfASummaryByHand(t *testing.T) {
	c := course(t, minutely(Step, of(2), of(8)), 0, 10, nil,
		reading{0, 4}, reading{1, 5}, reading{2, 9}, reading{3, 10}, reading{4, 3}, reading{9, 1})
	got := c.Summary()
	if got.Points != 6 || got.DurationS != 600 || got.IntervalS != 60 || got.Coverage != 0.5 || got.Method != Step {
		t.Errorf("%+v", got)
	}
	if !got.Start.Equal(noon) || !got.End.Equal(at(10)) {
		t.Error(got.Start, got.End)
	}
	wantNear(t, "min", got.MinC, 1)
	wantNear(t, "max", got.MaxC, 10)
	wantNear(t, "mean", got.MeanC, (4+5+9+10+1)/5.0)
	mean := 29.0 / 5
	variance := 0.0
	for _, v := range []float64{4, 5, 9, 10, 1} {
		variance += (v - mean) * (v - mean) / 5
	}
	wantNear(t, "sd", got.SDC, math.Sqrt(variance))
	high := Side{LimitC: 8, Seconds: 120, Events: 1, LongestS: 120, DegreeMinutes: 1 + 2, PeakC: of(10),
		Runs: []Run{{From: at(2), To: at(4), PeakC: 10, DegreeMinutes: 3}}}
	if !reflect.DeepEqual(*got.Above, high) {
		t.Errorf("above: %+v, want %+v", *got.Above, high)
	}
	low := Side{LimitC: 2, Seconds: 60, Events: 1, LongestS: 60, DegreeMinutes: 1, PeakC: of(1),
		Runs: []Run{{From: at(9), To: at(10), PeakC: 1, DegreeMinutes: 1}}}
	if !reflect.DeepEqual(*got.Below, low) {
		t.Errorf("below: %+v, want %+v", *got.Below, low)
	}
	if want := []Gap{{From: at(4), To: at(9), Seconds: 300, Cause: CauseUnknown}}; !reflect.DeepEqual(got.Gaps, want) {
		t.Errorf("gaps: %+v", got.Gaps)
	}
}

// TestTheVectorOfACrossing: ST-03.
func TestTheVectorOfACrossing(t *testing.T) {
	o := Options{Method: Trapezoid, Interval: time.Hour, Limits: Limits{High: of(8)}}
	s := course(t, o, 0, 60, nil, reading{0, 4}, reading{60, 10}).Summary()
	if !near(s.Above.Seconds, 20*60) || !near(s.Above.DegreeMinutes, 20) || s.Above.Events != 1 || *s.Above.PeakC != 10 {
		t.Errorf("%+v", s.Above)
	}
	if !s.Above.Runs[0].From.Equal(at(40)) || !s.Above.Runs[0].To.Equal(at(60)) {
		t.Errorf("the run is from %s to %s", s.Above.Runs[0].From, s.Above.Runs[0].To)
	}
	wantNear(t, "mean", s.MeanC, 7)
	wantNear(t, "sd", s.SDC, 6/math.Sqrt(12)) // of a straight line
	o.Method = Step
	if s := course(t, o, 0, 60, nil, reading{0, 4}, reading{60, 10}).Summary(); s.Above.Seconds != 0 || s.Method != Step {
		t.Errorf("step: %+v", s.Above)
	}
}

// TestTheLimitItselfIsInside: ST-06.
func TestTheLimitItselfIsInside(t *testing.T) {
	for _, m := range []Method{Step, Trapezoid} {
		s := course(t, minutely(m, of(2), of(8)), 0, 3, nil, reading{0, 2}, reading{1, 8}, reading{2, 8}).Summary()
		if s.Above.Seconds != 0 || s.Above.Events != 0 || s.Above.PeakC != nil || s.Below.Events != 0 || s.Below.Seconds != 0 {
			t.Errorf("%s: above %+v, below %+v", m, s.Above, s.Below)
		}
		s = course(t, minutely(m, of(2), of(8)), 0, 3, nil, reading{0, 1.99}, reading{1, 8.01}, reading{2, 8.01}).Summary()
		if s.Above.Events != 1 || s.Below.Events != 1 || s.Above.Seconds <= 60 || s.Below.Seconds <= 0 {
			t.Errorf("%s: above %+v, below %+v", m, s.Above, s.Below)
		}
	}
}

// TestMKTVectors: the rows MKT-01 to MKT-11 of the vectors that are of this
// formula with ΔH/R = 10 000 K; equal weights.
func TestMKTVectors(t *testing.T) {
	long := make([]float64, 0, 1006)
	for range 1000 {
		long = append(long, 25)
	}
	for range 6 {
		long = append(long, 35)
	}
	for _, c := range []struct {
		id        string
		values    []float64
		want      float64
		tolerance float64
	}{
		{"MKT-01", []float64{2, 25}, 19.4659466, 1e-6},
		{"MKT-03", []float64{23, 25}, 24.053151, 1e-5},
		{"MKT-04", []float64{4, 4, 4, 4, 16}, 8.108857, 1e-5},
		{"MKT-06", long, 25.103853, 1e-5},
		{"MKT-08", []float64{-70, -68.5, -71.2, -69.9}, -69.793146, 1e-5},
		{"MKT-09", []float64{21.0, 24.5, 30.0, 18.2, 27.7, 22.1}, 24.768181, 1e-5},
		{"MKT-11 at -20", []float64{-20, -20}, -20, 1e-9},
		{"MKT-11 at 2", []float64{2, 2, 2}, 2, 1e-9},
		{"MKT-11 at 5", []float64{5}, 5, 1e-9},
		{"MKT-11 at 8", []float64{8, 8}, 8, 1e-9},
		{"MKT-11 at 25", []float64{25, 25}, 25, 1e-9},
		{"MKT-11 at 40", []float64{40, 40}, 40, 1e-9},
	} {
		x := course(t, minutely(Step, nil, nil), 0, float64(len(c.values)), nil)
		for i, v := range c.values {
			if err := x.Add(Sample{At: at(float64(i)), Value: v}); err != nil {
				t.Fatal(err)
			}
		}
		got := x.Summary().MKTC
		if got == nil || math.Abs(*got-c.want) > c.tolerance {
			t.Errorf("%s: got %v, want %v", c.id, show(got), c.want)
		}
	}
}

func TestFrozenGoodsHaveNoMKT(t *testing.T) {
	o := minutely(Step, nil, of(-18))
	o.Frozen = true
	s := course(t, o, 0, 2, nil, reading{0, -20}, reading{1, -15}).Summary()
	if s.MKTC != nil || s.MeanC == nil || s.Above.DegreeMinutes != 3 {
		t.Errorf("%+v", s)
	}
}

// TestAnExcursionOnlyAtTheVeryEnd: the box is opened on arrival, and the last
// line of the log shows it. It lasts no time that anybody knows, and is told.
func TestAnExcursionOnlyAtTheVeryEnd(t *testing.T) {
	c, err := NewCourse(minutely(Step, nil, of(8)), at(0), at(2), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Closed()
	for i, v := range []float64{4, 4, 21} {
		if err := c.Add(Sample{At: at(float64(i)), Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	s := c.Summary()
	if s.Points != 3 || *s.MaxC != 21 || s.Above.Events != 1 || s.Above.Seconds != 0 || *s.Above.PeakC != 21 || s.Coverage != 1 {
		t.Errorf("%+v, above %+v", s, s.Above)
	}
}

func TestAGapEndsARunAndHasItsCause(t *testing.T) {
	holes := []Hole{
		{at(12), at(20), "disk-limit"},
		{at(1.5), at(5), "restart"}, // the readings beside it are at 1 and 6
	}
	c := course(t, minutely(Step, nil, of(8)), 0, 40, holes,
		reading{0, 9}, reading{1, 9}, reading{6, 9}, reading{7, 9})
	c.Miss(at(25), "timeout")
	c.Miss(at(26), "sensor-fault")
	c.Miss(at(27), "sensor-fault")
	for _, r := range []reading{{38, 9}, {39, 9}} {
		if err := c.Add(Sample{At: at(r.minute), Value: r.value}); err != nil {
			t.Fatal(err)
		}
	}
	s := c.Summary()
	want := []Gap{
		{at(1), at(6), 300, "restart"},
		{at(7), at(12), 300, "sensor-fault"},
		{at(12), at(20), 480, "disk-limit"},
		{at(20), at(38), 18 * 60, "sensor-fault"},
	}
	if !reflect.DeepEqual(s.Gaps, want) {
		t.Errorf("gaps %+v", s.Gaps)
	}
	if s.Above.Events != 3 || s.Above.Seconds != 60+60+60+60 || !near(s.Coverage, 4.0/40) {
		t.Errorf("above %+v, coverage %v", s.Above, s.Coverage)
	}
}

// TestAReadingBetweenTwoGapsKeepsThemApart: a gap is a time without a reading.
func TestAReadingBetweenTwoGapsKeepsThemApart(t *testing.T) {
	s := course(t, minutely(Step, nil, of(8)), 0, 20, nil, reading{0, 5}, reading{10, 9}).Summary()
	want := []Gap{{at(0), at(10), 600, CauseUnknown}, {at(10), at(20), 600, CauseUnknown}}
	if !reflect.DeepEqual(s.Gaps, want) || s.Coverage != 0 || s.Points != 2 || s.Above.Events != 1 || s.MeanC != nil {
		t.Errorf("%+v above %+v", s, s.Above)
	}
}

// TestAFailedPollEndsWhatTheReadingBeforeSaid: at minute 2 and 3 nobody knows.
func TestAFailedPollEndsWhatTheReadingBeforeSaid(t *testing.T) {
	for m, want := range map[Method]Gap{Step: {at(2), at(4), 120, "timeout"}, Trapezoid: {at(1), at(4), 180, "timeout"}} {
		c := course(t, minutely(m, nil, of(8)), 0, 6, nil, reading{0, 9}, reading{1, 9})
		c.Miss(at(2), "timeout")
		c.Miss(at(3), "timeout")
		for _, r := range []reading{{4, 9}, {5, 9}} {
			if err := c.Add(Sample{At: at(r.minute), Value: r.value}); err != nil {
				t.Fatal(err)
			}
		}
		s := c.Summary()
		if !reflect.DeepEqual(s.Gaps, []Gap{want}) || s.Above.Events != 2 || s.Above.Seconds != 360-want.Seconds {
			t.Errorf("%s: gaps %+v, above %+v", m, s.Gaps, s.Above)
		}
	}
	// At the end, and before the stretch begins.
	c := course(t, minutely(Step, nil, nil), 0, 3, nil, reading{-1, 4})
	c.Miss(at(-0.5), "crc")
	if s := c.Summary(); s.Coverage != 0 || len(s.Gaps) != 1 || s.Gaps[0].Cause != "crc" {
		t.Errorf("%+v", s)
	}
	c = course(t, minutely(Step, nil, nil), 0, 3, nil, reading{0, 4})
	c.Miss(at(1), "crc")
	if s := c.Summary(); !near(s.Coverage, 1.0/3) || len(s.Gaps) != 1 || !s.Gaps[0].From.Equal(at(1)) {
		t.Errorf("%+v", s)
	}
}

func TestWithoutReadingsEverythingIsAGap(t *testing.T) {
	c := course(t, minutely(Step, of(0), of(8)), 0, 10, nil)
	c.Miss(at(1), "bus-stuck")
	s := c.Summary()
	if s.Points != 0 || s.Coverage != 0 || s.MinC != nil || s.MeanC != nil || s.SDC != nil || s.MKTC != nil || s.Above.PeakC != nil {
		t.Errorf("%+v", s)
	}
	if want := []Gap{{at(0), at(10), 600, "bus-stuck"}}; !reflect.DeepEqual(s.Gaps, want) {
		t.Errorf("%+v", s.Gaps)
	}
}

// TestTheReadingBeforeHoldsIntoTheStretch: goods that came between two readings
// were at the temperature of the first, and it is not counted as theirs.
func TestTheReadingBeforeHoldsIntoTheStretch(t *testing.T) {
	s := course(t, minutely(Step, nil, of(8)), 0.5, 2.5, nil, reading{0, 9}, reading{1, 5}, reading{2, 7}, reading{3, 99}).Summary()
	if s.Points != 2 || s.Coverage != 1 || *s.MaxC != 9 || s.Above.Seconds != 30 || s.Above.Events != 1 {
		t.Errorf("%+v above %+v", s, s.Above)
	}
	// One that is too old says nothing.
	s = course(t, minutely(Step, nil, of(8)), 0, 2, nil, reading{-3, 9}, reading{1, 5}).Summary()
	if len(s.Gaps) != 1 || s.Coverage != 0.5 || *s.MaxC != 5 {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsLessThanPlainIsShownApart(t *testing.T) {
	c := course(t, minutely(Step, nil, of(8)), 0, 4, nil)
	for i, f := range []Flags{Uncertain, Masked, CalibrationExpired | Masked, 0} {
		if err := c.Add(Sample{At: at(float64(i)), Value: 9, Flags: f}); err != nil {
			t.Fatal(err)
		}
	}
	s := c.Summary()
	if s.UncertainS != 60 || s.MaskedS != 120 || s.CalibrationExpiredS != 60 {
		t.Errorf("%+v", s)
	}
	if s.Coverage != 0.75 || s.Above.Seconds != 240 {
		t.Errorf("doubtful time is no coverage and is not thrown away: coverage %v, above %+v", s.Coverage, s.Above)
	}
}

func TestASampleThatCannotBeIsRefused(t *testing.T) {
	c := course(t, minutely(Step, nil, nil), 0, 9, nil, reading{1, 4})
	for _, s := range []Sample{{At: at(1), Value: 4}, {At: at(0), Value: 4}, {At: at(2), Value: math.NaN()}, {At: at(2), Value: math.Inf(1)}, {At: at(2), Value: -273.15}} {
		if c.Add(s) == nil {
			t.Errorf("%+v was taken", s)
		}
	}
	if got := c.Summary(); got.Points != 1 {
		t.Errorf("%d points", got.Points)
	}
}

func TestOptionsThatContradictThemselvesAreRefused(t *testing.T) {
	for what, o := range map[string]Options{
		"interval":         {},
		"method":           {Interval: time.Minute, Method: "spline"},
		"hole factor":      {Interval: time.Minute, HoleFactor: 0.5},
		"above the high":   {Interval: time.Minute, Limits: Limits{Low: of(9), High: of(8)}},
		"a limit of":       {Interval: time.Minute, Limits: Limits{Low: of(-300)}},
		"a model of life ": {Interval: time.Minute, Model: &Model{}},
	} {
		if _, err := NewCourse(o, at(0), at(1), nil); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := NewCourse(minutely(Step, nil, nil), at(1), at(1), nil); err == nil {
		t.Error("an empty stretch was taken")
	}
}

func TestAtMostTheLongestRunsAreListedAndAllAreCounted(t *testing.T) {
	c := course(t, minutely(Step, nil, of(8)), 0, 3*1200, nil)
	for i := range 1200 { // every run a minute, but for the last, of two
		second := 4.0
		if i == 1199 {
			second = 9
		}
		for j, v := range []float64{9, second, 4} {
			if err := c.Add(Sample{At: at(float64(3*i + j)), Value: v}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := c.Summary().Above
	if s.Events != 1200 || len(s.Runs) != MaxRuns || s.Seconds != 1201*60 || s.LongestS != 120 || !s.Runs[MaxRuns-1].From.Equal(at(3*1199)) {
		t.Errorf("%d events, %d runs, %v s, longest %v", s.Events, len(s.Runs), s.Seconds, s.LongestS)
	}
}

func TestHumidityOfAStretch(t *testing.T) {
	h := course(t, minutely(Step, nil, nil), 0, 4, nil, reading{0, 80}, reading{1, 90}, reading{2, 85}).Humidity()
	if h == nil || *h != (Humidity{Points: 3, Min: 80, Max: 90, Mean: (80 + 90 + 2*85) / 4.0, Coverage: 1}) {
		t.Errorf("%+v", h)
	}
	if h := course(t, minutely(Step, nil, nil), 0, 4, nil).Humidity(); h != nil {
		t.Errorf("without readings: %+v", h)
	}
}
