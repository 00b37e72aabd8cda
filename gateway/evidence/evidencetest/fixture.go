// Package evidencetest makes certificates to try signing, verifying and drawing
// with. All people and firms in them are made up. It guarantees that the same
// call gives the same document.
package evidencetest

import (
	"crypto/ed25519"
	"fmt"
	"math"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/evidence"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

// Start is when the batch of every fixture was born.
var Start = time.Date(2026, 11, 23, 2, 30, 0, 0, time.UTC)

// Key is a county's key that everybody knows.
func Key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("coldchain evidencetest, no secret"[:ed25519.SeedSize]))
}

// Names of the fixtures.
const (
	Calm      = "calm"       // no excursion, released
	Eventful  = "eventful"   // many stays, gaps and excursions, a corrected version, long names
	Undecided = "no-verdict" // one stay, nobody has decided, no probe certificate
	Frozen    = "frozen"     // a high limit alone, no MKT, rejected
)

// All are the names.
func All() []string { return []string{Calm, Eventful, Undecided, Frozen} }

// stay is a stay of a fixture: a course of temperature with its holes.
type stay struct {
	zone  string
	kind  exposure.Kind
	hours float64
	mean  float64
	bumps []bump
	holes []hole
}

type bump struct{ at, hours, height float64 }

type hole struct {
	at, hours float64
	cause     string
}

const (
	slaughter = "dugui/chill-1"
	truck     = "truck-1/box"
	centre    = "hq/chill-2"
	village   = "village-07/fridge"
)

// Input is the input of a fixture.
func Input(name string) evidence.Input {
	switch name {
	case Calm:
		return build(calm(), []stay{
			{slaughter, exposure.Store, 20, 1.6, nil, nil},
			{truck, exposure.Truck, 4.5, 2.1, nil, nil},
			{centre, exposure.Store, 47, 1.9, []bump{{20, 0.5, 1.4}}, nil},
		}, -1, 4)
	case Undecided:
		d := calm()
		d.Number, d.Verdicts, d.Inspections, d.Handovers = "CC-2026-0009", nil, nil, nil
		d.Probes[0].Until, d.Probes[0].From, d.Probes[0].Certificate, d.Probes[0].Laboratory, d.Probes[0].UncertaintyC = time.Time{}, time.Time{}, "", "", nil
		return build(d, []stay{{slaughter, exposure.Store, 9, 1.6, nil, nil}}, -1, 4)
	case Frozen:
		d := calm()
		d.Number, d.Batch.Product, d.Profile = "CC-2026-0010", "杭锦旗羊肉卷（冻）", evidence.Profile{Name: "mutton-frozen", ZH: "冻羊肉", EN: "frozen mutton"}
		d.Verdicts = []batch.Verdict{{Batch: d.Batch.Code, Version: 1, Decision: batch.Rejected, Reason: "−15 ℃ 以上超过 6 小时，表面有融化后再冻的霜", By: "其其格", At: Start.Add(80 * time.Hour), Severe: true, Second: "巴雅尔", SecondAt: Start.Add(81 * time.Hour), Exposure: 1}}
		return build(d, []stay{{centre, exposure.Store, 60, -19.5, []bump{{22, 9, 7}}, nil}}, math.NaN(), -15)
	}
	return build(eventful(), eventfulStays(), -1, 4)
}

// Document is a fixture, built.
func Document(name string) evidence.Document {
	d, err := evidence.Build(Input(name))
	if err != nil {
		panic(fmt.Sprintf("evidencetest %s: %v", name, err))
	}
	return d
}

// Envelope is a fixture, signed.
func Envelope(name string) []byte {
	text, err := evidence.Sign(Document(name), Key())
	if err != nil {
		panic(fmt.Sprintf("evidencetest %s: %v", name, err))
	}
	return text
}

// build lays the stays behind one another and works out their sums.
func build(d evidence.Document, stays []stay, low, high float64) evidence.Input {
	in := evidence.Input{}
	at := Start
	limits(&d, low, high)
	d.Exposure = exposure.Batch{Batch: d.Batch.Code, Profile: d.Profile.Name, Version: d.Version}
	var all []exposure.Sample
	var total exposure.Summary
	for _, s := range stays {
		i := exposure.Interval{Zone: s.zone, Kind: s.kind, From: at, To: at.Add(hours(s.hours)), Basis: "air"}
		at = i.To
		if s.kind == exposure.Unmonitored {
			d.Exposure.UnmonitoredS += i.To.Sub(i.From).Seconds()
			i.Summary = exposure.Summary{Start: i.From, End: i.To, DurationS: i.To.Sub(i.From).Seconds(), Method: exposure.Step}
			i.Hand = []exposure.Hand{{At: i.From.Add(5 * time.Minute), ValueC: 3.4, Class: exposure.Manual, By: "苏日娜", Method: "between-packs"}}
			d.Exposure.Intervals = append(d.Exposure.Intervals, i)
			continue
		}
		i.Point = s.zone + "/air"
		samples := s.samples(i.From)
		i.Summary = summary(samples, s, i.From, i.To, low, high)
		i.Humidity = &exposure.Humidity{Points: len(samples), Min: 78, Max: 91, Mean: 85.2, Coverage: i.Summary.Coverage}
		all = append(all, samples...)
		add(&total, i.Summary)
		d.Exposure.MonitoredUntil, d.Exposure.AsOf = i.To, i.To
		d.Exposure.Intervals = append(d.Exposure.Intervals, i)
		in.Courses = append(in.Courses, evidence.Course{Point: i.Point, Quantity: sensors.Temperature, From: i.From, To: i.To, Samples: samples})
		d.Readings.Ranges = append(d.Readings.Ranges, evidence.Range{Point: i.Point, Quantity: "temperature", From: i.From, To: i.To, Count: len(samples),
			Digest: fmt.Sprintf("%064x", len(samples)*7919)})
	}
	finish(&total, all, low)
	d.Exposure.Total = total
	remaining := 6.5
	d.Exposure.Life = &exposure.Life{Model: "pseudomonads-meat", Used: 0.38, UsedMax: 0.41, RemainingDays: &remaining, ReferenceC: 2}
	if high < -10 {
		d.Exposure.Life = nil
	}
	d.Readings.Format, d.Readings.File, d.Readings.Digest, d.Readings.Count = evidence.ReadingsFormat, d.Number+".cbor.zst", fmt.Sprintf("%064x", len(all)), len(all)
	in.Document = d
	in.Rows, in.Head = rows(d)
	return in
}

func limits(d *evidence.Document, low, high float64) {
	source := "GB 20799-2016；facts of the county"
	if !math.IsNaN(low) {
		d.Profile.LowC = &evidence.Limit{Side: "low", Level: "excursion", ValueC: low, DelayS: 900, Source: source}
		d.Profile.Limits = append(d.Profile.Limits, *d.Profile.LowC)
	}
	d.Profile.HighC = &evidence.Limit{Side: "high", Level: "excursion", ValueC: high, DelayS: 900, Source: source}
	d.Profile.Limits = append(d.Profile.Limits, *d.Profile.HighC)
}

func hours(h float64) time.Duration {
	return time.Duration(h * float64(time.Hour)).Truncate(time.Millisecond)
}

func (s stay) samples(from time.Time) (out []exposure.Sample) {
	for m := 0.0; m < s.hours*60; m++ {
		h := m / 60
		open := false
		for _, g := range s.holes {
			open = open || h >= g.at && h < g.at+g.hours
		}
		if open {
			continue
		}
		v := s.mean + 0.6*math.Sin(h*2*math.Pi/1.3) + 0.1*math.Sin(m*1.7)
		for _, b := range s.bumps {
			if h >= b.at && h < b.at+b.hours {
				v += b.height * math.Sin(math.Pi*(h-b.at)/b.hours)
			}
		}
		out = append(out, exposure.Sample{At: from.Add(time.Duration(m) * time.Minute), Value: math.Round(v*100) / 100})
	}
	return out
}

// rows is an audit as gateway/state chains it, made of rows that were hashed by
// a county: a fixture has none to ask, so it has no rows and a head alone.
func rows(evidence.Document) ([]state.AuditRow, state.AuditHead) {
	return nil, state.AuditHead{Seq: 4711, Hash: make([]byte, 32)}
}
