package exposure

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// course is a season of readings as the store has them: some hours missing, some
// without a value, some outside the model's range.
type courseReading struct {
	at  time.Time
	v   float64
	bad bool
}

func season(r *rand.Rand, n int) (out []courseReading) {
	at := noon
	for range n {
		at = at.Add(time.Duration(40+r.IntN(50)) * time.Second)
		switch r.IntN(60) {
		case 0:
			at = at.Add(time.Duration(r.IntN(300)) * time.Minute)
		case 1:
			out = append(out, courseReading{at: at, bad: true})
			continue
		}
		out = append(out, courseReading{at: at, v: 4 + 5*r.Float64()})
	}
	return out
}

// feedOf adds the readings that a store would give for a course.
func feedOf(list []courseReading, from, to time.Time) func(*Course) error {
	return func(c *Course) error {
		for _, x := range list {
			if x.at.Before(from.Add(-3*time.Minute)) || !x.at.Before(to) {
				continue
			}
			if x.bad {
				c.Miss(x.at, "no-answer")
			} else if err := c.Add(Sample{At: x.at, Value: x.v}); err != nil {
				return err
			}
		}
		return nil
	}
}

func curveOptions() Options {
	return Options{Interval: time.Minute, HoleFactor: 3, Model: &Model{Name: "test", Ager: arrhenius{}, ReferenceC: 4}}
}

// wholeCourse is what a Course says of a stretch: the other way to the same.
func wholeCourse(t *testing.T, list []courseReading, from, to, until time.Time) Life {
	t.Helper()
	c, err := NewCourse(curveOptions(), from, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := feedOf(list, from, until)(c); err != nil {
		t.Fatal(err)
	}
	return *c.Life()
}

// TestACurveSaysWhatACourseSays: in however many steps it was made, and whatever
// came late.
func TestACurveSaysWhatACourseSays(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		list := season(r, 3000)
		end := list[len(list)-1].at.Add(time.Duration(r.IntN(20)) * time.Minute)
		withheld := r.IntN(len(list) - 20)
		early := append(append([]courseReading{}, list[:withheld]...), list[withheld+20:]...)
		c, err := NewCurve(curveOptions(), noon)
		if err != nil {
			t.Fatal(err)
		}
		for at := noon; at.Before(end); {
			at = at.Add(time.Duration(1+r.IntN(400)) * time.Minute)
			if at.After(end) {
				at = end
			}
			if err := c.Extend(at, feedOf(early, c.Resume(), at)); err != nil {
				t.Fatal(err)
			}
		}
		c.Cut(list[withheld].at)
		if err := c.Extend(end, feedOf(list, c.Resume(), end)); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			i := r.IntN(len(list) - 100)
			from, to := list[i].at, list[i+50+r.IntN(50)].at
			if r.IntN(3) == 0 {
				from, to = noon, end
			}
			u, err := c.Between(from, to)
			if err != nil {
				t.Fatal(err)
			}
			want, got := wholeCourse(t, list, from, to, end), curveOptions().Model.Life(u)
			// A cell of half an hour at each end, at the warmest in the season.
			rate, _ := arrhenius{}.Rate(9)
			tolerance := 2 * rate * CurveCell.Hours()
			if from.Equal(noon) && to.Equal(end) {
				tolerance = 1e-9
			}
			if math.Abs(got.Used-want.Used) > tolerance || math.Abs(got.UsedMax-want.UsedMax) > tolerance+1e-9 {
				t.Fatalf("seed %d, %s to %s: used %g to %g, and a course says %g to %g", seed, from, to, got.Used, got.UsedMax, want.Used, want.UsedMax)
			}
		}
	}
}

func TestACurveThatCouldNotBeReadIsAsItWas(t *testing.T) {
	list := season(rand.New(rand.NewPCG(1, 2)), 500)
	c, err := NewCurve(curveOptions(), noon)
	if err != nil {
		t.Fatal(err)
	}
	half := list[250].at
	if err := c.Extend(half, feedOf(list, noon, half)); err != nil {
		t.Fatal(err)
	}
	before, _ := c.Between(noon, half)
	away := errors.New("the store is away")
	if err := c.Extend(list[400].at, func(x *Course) error {
		return errors.Join(feedOf(list, c.Resume(), list[300].at)(x), away)
	}); !errors.Is(err, away) {
		t.Fatal(err)
	}
	if after, err := c.Between(noon, half); err != nil || after != before || !c.End().Equal(half) {
		t.Errorf("%v, %v to %s; want %v to %s", after, err, c.End(), before, half)
	}
	if _, err := c.Between(noon, half.Add(time.Second)); err == nil {
		t.Error("it tells of a time that it has not seen")
	}
	if err := c.Extend(list[400].at, feedOf(list, c.Resume(), list[400].at)); err != nil {
		t.Fatal(err)
	}
	u, _ := c.Between(noon, list[400].at)
	if want := wholeCourse(t, list, noon, list[400].at, list[400].at); math.Abs(u.Used-want.Used) > 1e-12 {
		t.Errorf("used %g, want %g", u.Used, want.Used)
	}
}

func TestWhatWasMixedHasTheWorseOfEach(t *testing.T) {
	a, b := Use{Used: 0.3, Blind: 0.1}, Use{Used: 0.2, Blind: 0.4, UnknownH: 2}
	if got := a.Worse(b); got.Used != 0.3 || math.Abs(got.Blind-0.3) > 1e-15 || got.UnknownH != 2 {
		t.Errorf("%+v", got)
	}
	if got, other := a.Worse(b), b.Worse(a); got != other {
		t.Errorf("%+v and %+v", got, other)
	}
}
