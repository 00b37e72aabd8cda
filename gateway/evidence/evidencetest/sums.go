package evidencetest

import (
	"math"
	"slices"
	"time"

	"coldchain/alerting/exposure"
)

// summary is a plain count by the minute: the fixture's numbers need to look
// right, and are compared with nothing.
func summary(samples []exposure.Sample, s stay, from, to time.Time, low, high float64) exposure.Summary {
	out := exposure.Summary{Points: len(samples), Start: from, End: to, DurationS: to.Sub(from).Seconds(), IntervalS: 60, Method: exposure.Step}
	for _, g := range s.holes {
		a, b := from.Add(hours(g.at)), from.Add(hours(g.at+g.hours))
		out.Gaps = append(out.Gaps, exposure.Gap{From: a, To: b, Seconds: b.Sub(a).Seconds(), Cause: g.cause})
	}
	out.Coverage = math.Min(1, float64(len(samples))*60/out.DurationS)
	out.Above = side(samples, high, 1)
	if !math.IsNaN(low) {
		out.Below = side(samples, low, -1)
	}
	finish(&out, samples, low)
	return out
}

func finish(out *exposure.Summary, samples []exposure.Sample, low float64) {
	if len(samples) == 0 {
		return
	}
	least, most, sum, square, rate := math.Inf(1), math.Inf(-1), 0.0, 0.0, 0.0
	for _, x := range samples {
		least, most = math.Min(least, x.Value), math.Max(most, x.Value)
		sum += x.Value
		square += x.Value * x.Value
		rate += math.Exp(-10000 / (x.Value + 273.15))
	}
	n := float64(len(samples))
	mean := sum / n
	sd := math.Sqrt(math.Max(0, square/n-mean*mean))
	mkt := 10000/-math.Log(rate/n) - 273.15
	out.MinC, out.MaxC, out.MeanC, out.SDC = &least, &most, &mean, &sd
	if !math.IsNaN(low) { // not for frozen goods
		out.MKTC = &mkt
	}
}

func side(samples []exposure.Sample, limit, sign float64) *exposure.Side {
	s := &exposure.Side{LimitC: limit}
	var run *exposure.Run
	for i, x := range samples {
		over := (x.Value - limit) * sign
		if run != nil && (over <= 0 || x.At.Sub(samples[i-1].At) > 2*time.Minute) {
			run = nil
		}
		if over <= 0 {
			continue
		}
		if run == nil {
			s.Runs = append(s.Runs, exposure.Run{From: x.At, PeakC: x.Value})
			run = &s.Runs[len(s.Runs)-1]
			s.Events++
		}
		run.To = x.At.Add(time.Minute)
		run.DegreeMinutes += over
		if (x.Value-run.PeakC)*sign > 0 {
			run.PeakC = x.Value
		}
		s.Seconds += 60
		s.DegreeMinutes += over
		s.LongestS = math.Max(s.LongestS, run.To.Sub(run.From).Seconds())
		if s.PeakC == nil || (x.Value-*s.PeakC)*sign > 0 {
			peak := x.Value
			s.PeakC = &peak
		}
	}
	return s
}

// add sums stays; what needs the readings is done by finish.
func add(total *exposure.Summary, s exposure.Summary) {
	if total.Points == 0 {
		total.Start, total.IntervalS, total.Method = s.Start, s.IntervalS, s.Method
	}
	covered := total.Coverage*total.DurationS + s.Coverage*s.DurationS
	total.Points += s.Points
	total.End = s.End
	total.DurationS += s.DurationS
	total.Coverage = covered / total.DurationS
	total.Gaps = append(total.Gaps, s.Gaps...)
	total.Above, total.Below = both(total.Above, s.Above), both(total.Below, s.Below)
}

func both(a, b *exposure.Side) *exposure.Side {
	if a == nil || b == nil {
		if a == nil && b != nil {
			c := *b
			c.Runs = slices.Clone(b.Runs)
			return &c
		}
		return a
	}
	a.Seconds += b.Seconds
	a.Events += b.Events
	a.LongestS = math.Max(a.LongestS, b.LongestS)
	a.DegreeMinutes += b.DegreeMinutes
	a.Runs = append(a.Runs, b.Runs...)
	if a.PeakC == nil || b.PeakC != nil && math.Abs(*b.PeakC-a.LimitC) > math.Abs(*a.PeakC-a.LimitC) {
		a.PeakC = b.PeakC
	}
	return a
}
