package exposure

import (
	"errors"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/logger"
)

// tenDays is a model for tests: ten days of life at any temperature up to 8 °C.
type tenDays struct{}

func (tenDays) Rate(c float64) (float64, error) {
	if c > 8 {
		return 0, errors.New("valid up to 8 °C")
	}
	return 1.0 / 240, nil
}

func hourly(t *testing.T, values ...string) logger.Log {
	t.Helper()
	text := "time,°C\n"
	for i, v := range values {
		text += time.Date(2026, 11, 1, i, 0, 0, 0, time.UTC).Format("2006-01-02 15:04:05,") + v + "\n"
	}
	log, err := logger.Read(strings.NewReader(text), logger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func repeat(n int, v string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func mutton(t *testing.T) *profile.Profile {
	t.Helper()
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p := set["mutton-chilled"]
	return &p
}

func TestTheHintKnowsTheLife(t *testing.T) {
	model := &exposure.Model{Name: "ten-days", Ager: tenDays{}, ReferenceC: 4}
	gap := append(repeat(200, "2"), repeat(60, "###")...)
	gap = append(gap, "2", "2")
	for _, c := range []struct {
		name   string
		values []string
		want   batch.Decision
		reason string
	}{
		{"fresh", repeat(24, "2"), batch.Released, ""},
		{"used up", repeat(242, "2"), batch.Rejected, "100 % of the shelf life"},
		{"used up, counting the gap", gap, batch.OnHold, "up to 109 %"},
		{"outside the model", append(repeat(23, "2"), "12", "2"), batch.OnHold, "outside the model"},
	} {
		a, err := Assess(hourly(t, c.values...), AssessOptions{Profile: mutton(t), Model: model})
		if err != nil {
			t.Fatal(err)
		}
		var reasons []string
		for _, r := range a.Hint.Reasons {
			if r.ZH == "" {
				t.Errorf("%s: no Chinese for %q", c.name, r.EN)
			}
			reasons = append(reasons, r.EN)
		}
		if a.Hint.Decision != c.want || !strings.Contains(strings.Join(reasons, "; "), c.reason) {
			t.Errorf("%s: %s, %q; want %s, %s", c.name, a.Hint.Decision, reasons, c.want, c.reason)
		}
	}
}

// How much may be unknown is the profile's to say; one that says nothing has the
// usual rule.
func TestTheHintAsksForTheProfilesCoverage(t *testing.T) {
	gap := append(repeat(90, "2"), append(repeat(10, "###"), "2", "2")...)
	for _, c := range []struct {
		rule *profile.Release
		want batch.Decision
	}{{nil, batch.OnHold}, {&profile.Release{Coverage: 0.8}, batch.Released}, {&profile.Release{Coverage: 0.95}, batch.OnHold}} {
		p := mutton(t)
		p.Release, p.Life = c.rule, nil
		a, err := Assess(hourly(t, gap...), AssessOptions{Profile: p})
		if err != nil {
			t.Fatal(err)
		}
		if a.Hint.Decision != c.want {
			t.Errorf("%+v: %s %+v, coverage %g", c.rule, a.Hint.Decision, a.Hint.Reasons, a.Summary.Coverage)
		}
	}
}

func TestLimitsAreTheStrictestOfAProfile(t *testing.T) {
	l := LimitsOf(*mutton(t))
	if l.High == nil || *l.High != 4 || l.Low == nil || *l.Low != -1 || Frozen(l) {
		t.Errorf("%+v", l)
	}
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range set.Names() {
		if got, want := Frozen(LimitsOf(set[name])), strings.HasSuffix(name, "-frozen"); got != want {
			t.Errorf("%s counts as frozen: %v", name, got)
		}
	}
	if l := LimitsOf(profile.Profile{Limits: []profile.Limit{{Limit: alerting.Limit{Side: alerting.Low, Value: 1}}}}); l.High != nil || *l.Low != 1 {
		t.Errorf("%+v", l)
	}
}

func TestTheIntervalIsTheMedian(t *testing.T) {
	log := hourly(t, "1", "2", "3")
	a, err := Assess(log, AssessOptions{})
	if err != nil || a.Summary.IntervalS != 3600 || a.Hint != nil || a.Life != nil {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err = Assess(log, AssessOptions{Interval: 20 * time.Minute}); err != nil || a.Summary.Coverage != 0 || len(a.Summary.Gaps) != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}
