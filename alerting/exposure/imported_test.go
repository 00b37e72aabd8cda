package exposure

import (
	"math"
	"testing"
	"time"
)

func minute(m int) time.Time { return at(float64(m)) }

// logOf is a log of one value each ten minutes of from..to, in minutes.
func logOf(t *testing.T, from, to int, c float64) LoggerFile {
	t.Helper()
	high := 4.0
	course, err := NewCourse(Options{Interval: 10 * time.Minute, HoleFactor: 2, Limits: Limits{High: &high}}, minute(from), minute(to), nil)
	if err != nil {
		t.Fatal(err)
	}
	for m := from; m < to; m += 10 {
		if err := course.Add(Sample{At: minute(m), Value: c}); err != nil {
			t.Fatal(err)
		}
	}
	return LoggerFile{Batch: "A", Number: 1, Summary: course.Summary()}
}

func measuredCourse(t *testing.T, from, to, silentFrom, silentTo int, c float64) *Course {
	t.Helper()
	course, err := NewCourse(Options{Interval: time.Minute}, minute(from), minute(to), nil)
	if err != nil {
		t.Fatal(err)
	}
	for m := from; m < to; m++ {
		if m >= silentFrom && m < silentTo {
			continue
		}
		if err := course.Add(Sample{At: minute(m), Value: c}); err != nil {
			t.Fatal(err)
		}
	}
	return course
}

// TestALogBoundsAndDoesNotCover: its minutes are counted where nothing was
// measured, and nothing that was measured changes by them.
func TestALogBoundsAndDoesNotCover(t *testing.T) {
	var without, with History
	for _, h := range []*History{&without, &with} {
		where, shop := Interval{Zone: "s/room", Kind: Store}, Interval{Zone: "小卖部", From: minute(120), To: minute(240)}
		if h == &with {
			where.Imported = []LoggerFile{logOf(t, 0, 120, 3)}
			shop.Imported = []LoggerFile{logOf(t, 120, 180, 9), logOf(t, 150, 210, 1)}
		}
		h.Stay(where, measuredCourse(t, 0, 120, 30, 61, 2), nil) // silent from minute 29 to 61
		h.Unmonitored(shop)
	}
	a, b := without.Batch("A", "", minute(240), 1), with.Batch("A", "", minute(240), 1)
	if a.Imported != nil {
		t.Errorf("without a log: %+v", a.Imported)
	}
	if a.Total.Coverage != b.Total.Coverage || a.Total.Points != b.Total.Points || a.UnmonitoredS != b.UnmonitoredS || len(a.Total.Gaps) != len(b.Total.Gaps) || *a.Total.MaxC != *b.Total.MaxC {
		t.Errorf("a log changed what was measured: %+v and %+v", a.Total, b.Total)
	}
	gap := b.Total.Gaps[0].Seconds
	if got := b.Intervals[0].ImportedS; got != gap || gap != 32*60 {
		t.Errorf("bounded %g s of a gap of %g s", got, gap)
	}
	if got := b.Intervals[1].ImportedS; got != 90*60 {
		t.Errorf("two logs that overlap bound %g s, want 90 minutes once", got)
	}
	x := b.Imported
	if x == nil || x.Seconds != gap+90*60 || x.Points != 12+6+6 || *x.MinC != 1 || *x.MaxC != 9 || x.AboveS != 3600 {
		t.Errorf("%+v", x)
	}
}

func TestPartsInheritWhatALogSaidAndMixturesTheWorst(t *testing.T) {
	parent := func(c float64, minutes int) History {
		var h History
		h.Unmonitored(Interval{Zone: "渡口", From: minute(0), To: minute(60), Imported: []LoggerFile{logOf(t, 0, minutes, c)}})
		return h
	}
	var part History
	part.Inherit([]string{"A"}, parent(9, 60))
	if x := part.Batch("B", "", minute(60), 1).Imported; x == nil || x.Seconds != 3600 || *x.MaxC != 9 {
		t.Errorf("%+v", x)
	}
	var mixed History
	mixed.Inherit([]string{"A", "C"}, parent(9, 30), parent(-3, 60))
	if x := mixed.Batch("D", "", minute(60), 1).Imported; x == nil || x.Seconds != 3600 || *x.MaxC != 9 || *x.MinC != -3 || x.AboveS != 1800 {
		t.Errorf("%+v", x)
	}
}

// TestALogThatContradictsIsShown: it is said how often, by how much, and when.
func TestALogThatContradictsIsShown(t *testing.T) {
	log := []Sample{{At: minute(-10), Value: 50}, {At: minute(0), Value: 3}, {At: minute(10), Value: 4.5}, {At: minute(20), Value: -1}, {At: minute(40), Value: 70}, {At: minute(61), Value: 8}}
	c := NewComparison(log, 3*time.Minute)
	for m := range 21 {
		c.Measured(Sample{At: minute(m), Value: 2})
	}
	c.Missed(minute(21)) // what the log says at minute 40 has nothing beside it
	c.Measured(Sample{At: minute(60), Value: 2})
	b := c.Beside(minute(90))
	if b == nil || b.Points != 4 || b.Apart != 3 || b.FarthestC != 6 || !b.FarthestAt.Equal(minute(61)) || math.Abs(b.MeanC-(1+2.5-3+6)/4) > 1e-12 {
		t.Errorf("%+v", b)
	}
	if b := NewComparison(log, time.Minute).Beside(minute(90)); b != nil {
		t.Errorf("nothing was measured: %+v", b)
	}
}
