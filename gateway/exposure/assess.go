package exposure

import (
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/engine"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/alerting/rehearsal"
	"coldchain/gateway/logger"
	"coldchain/sensors"
)

// fileHole is how many intervals may pass between two lines of a logger's file:
// it writes at its interval or not at all, so one line that is missing is a gap.
const fileHole = 2.0

// causeNoValue is the cause of a gap where the logger wrote that it had none.
const causeNoValue = "no-value"

// AssessOptions say how a log is judged.
type AssessOptions struct {
	Limits   exposure.Limits // when nil on a side, the profile's
	Profile  *profile.Profile
	Model    *exposure.Model
	Interval time.Duration // asked for; 0: the median of the log
	Method   exposure.Method
}

// Assessment is what a log comes to.
type Assessment struct {
	Summary exposure.Summary
	Life    *exposure.Life
	Hint    *Hint // nil without a profile
}

// Hint is what the profile would say of the goods, had nobody else a say. A
// verdict is a person's.
type Hint struct {
	Decision batch.Decision
	Reasons  []profile.Label
}

// Assess judges a log.
func Assess(log logger.Log, o AssessOptions) (Assessment, error) {
	if n := len(log.Readings); n < 2 {
		return Assessment{}, fmt.Errorf("line %d: one reading says nothing about a time: want at least two", log.Readings[0].Line)
	}
	if o.Interval == 0 {
		o.Interval = median(log.Readings)
	}
	limits := o.Limits
	if o.Profile != nil {
		own := LimitsOf(*o.Profile)
		if limits.High == nil {
			limits.High = own.High
		}
		if limits.Low == nil {
			limits.Low = own.Low
		}
		if o.Model == nil {
			o.Model = ModelOf(*o.Profile)
		}
	}
	c, err := fileCourse(log, exposure.Options{Method: o.Method, Limits: limits, Interval: o.Interval, HoleFactor: fileHole, Frozen: Frozen(limits), Model: o.Model})
	if err != nil {
		return Assessment{}, err
	}
	out := Assessment{Summary: c.Summary(), Life: c.Life()}
	if o.Profile != nil {
		if out.Hint, err = hint(log, *o.Profile, out, o.Interval); err != nil {
			return Assessment{}, err
		}
	}
	return out, nil
}

func fileCourse(log logger.Log, o exposure.Options) (*exposure.Course, error) {
	first, last := log.Readings[0].At, log.Readings[len(log.Readings)-1].At
	if n := len(log.Missing); n > 0 { // a log may begin and end with a probe that is not plugged in
		if m := log.Missing[0].At; m.Before(first) {
			first = m
		}
		if m := log.Missing[n-1].At; m.After(last) {
			last = m
		}
	}
	c, err := exposure.NewCourse(o, first, last, nil)
	if err != nil {
		return nil, err
	}
	c.Closed()
	missing := log.Missing
	for _, r := range log.Readings {
		for len(missing) > 0 && missing[0].At.Before(r.At) {
			c.Miss(missing[0].At, causeNoValue)
			missing = missing[1:]
		}
		if err := c.Add(exposure.Sample{At: r.At, Value: r.C}); err != nil {
			return nil, fmt.Errorf("line %d: %w", r.Line, err)
		}
	}
	for _, m := range missing {
		c.Miss(m.At, causeNoValue)
	}
	return c, nil
}

// median is the median of the times between readings; of an even number the
// mean of the middle two.
func median(readings []logger.Reading) time.Duration {
	steps := make([]time.Duration, 0, len(readings)-1)
	for i := 1; i < len(readings); i++ {
		steps = append(steps, readings[i].At.Sub(readings[i-1].At))
	}
	slices.Sort(steps)
	n := len(steps)
	return (steps[(n-1)/2] + steps[n/2]) / 2
}

// hint plays the log through the alarm engine with the profile's own lines and
// delays: what would have rung there, a warning too, holds the goods back here
// until a person has looked.
func hint(log logger.Log, p profile.Profile, a Assessment, interval time.Duration) (*Hint, error) {
	h := &Hint{Decision: batch.Released}
	hold := func(zh, en string) {
		if h.Decision == batch.Released {
			h.Decision = batch.OnHold
		}
		h.Reasons = append(h.Reasons, profile.Label{ZH: zh, EN: en})
	}
	alarms, err := wouldRing(log, p, interval)
	if err != nil {
		return nil, err
	}
	for _, x := range alarms {
		if x.HasValue { // a warning as well: goods have been harmed below every excursion line, and some profiles have none
			since := x.Start.UTC().Format(time.RFC3339)
			hold(fmt.Sprintf("自 %s 起超过 %g °C，最远 %.1f °C", since, x.Limit, x.Peak), fmt.Sprintf("beyond %g °C from %s, at worst %.1f °C", x.Limit, since, x.Peak))
		}
	}
	// What a batch is held back for holds a file back too: nobody has seen what a
	// person must decide about.
	rule := p.ReleaseRule()
	if a.Summary.Coverage < rule.Coverage {
		hold(fmt.Sprintf("只有 %.1f %% 的时间有读数", 100*a.Summary.Coverage), fmt.Sprintf("only %.1f %% of the time is covered", 100*a.Summary.Coverage))
	}
	switch l := a.Life; {
	case l == nil:
	case l.Used >= 1:
		hold(fmt.Sprintf("货架期已用 %.0f %%", 100*l.Used), fmt.Sprintf("%.0f %% of the shelf life is used", 100*l.Used))
		h.Decision = batch.Rejected
	case l.UsedMax >= 1:
		hold(fmt.Sprintf("计入缺口，货架期最多已用 %.0f %%", 100*l.UsedMax), fmt.Sprintf("up to %.0f %% of the shelf life is used, counting the gaps", 100*l.UsedMax))
	case l.RemainingDays == nil:
		hold("部分时间超出模型范围，货架期无法计算", "the shelf life cannot be told: part of the time is outside the model")
	}
	return h, nil
}

func wouldRing(log logger.Log, p profile.Profile, interval time.Duration) ([]alerting.Alarm, error) {
	const zone, point = "log/goods", sensors.PointID("log/goods/air")
	limits := make([]alerting.Limit, 0, len(p.Limits))
	for _, l := range p.Limits {
		limits = append(limits, l.Limit)
	}
	cfg := engine.Config{
		Zones:  []alerting.Zone{{ID: zone, Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: limits}}},
		Points: []engine.Point{{ID: point, Quantity: sensors.Temperature, Zone: zone, Site: "log", Period: interval}},
		Sites:  []engine.Site{{ID: "log", SilentAfter: 24 * time.Hour}},
	}
	first, last := log.Readings[0].At, log.Readings[len(log.Readings)-1].At
	return rehearsal.Play(rehearsal.Rules{Engine: cfg}, rehearsal.Past{}, first, last.Add(time.Second), func(yield func(sensors.Reading, error) bool) {
		for _, r := range log.Readings {
			if !yield(sensors.NewGood(point, r.At, r.C), nil) {
				return
			}
		}
	})
}
