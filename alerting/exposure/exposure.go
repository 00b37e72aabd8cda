// Package exposure works out what goods went through: from the readings of the
// zones that held them, interval by interval, how warm and how cold, for how
// long, how far beyond their limits, and for how much of the time nobody knows.
// It is pure, and guarantees that nothing is filled in: time without a good
// reading is a gap, never a value.
package exposure

import "time"

// Method is how a series of readings becomes a course of temperature; it
// changes minutes and areas, so every result names it.
type Method string

// The two methods.
const (
	// Step: a reading holds until the next one.
	Step Method = "step"
	// Trapezoid: a straight line from each reading to the next.
	Trapezoid Method = "trapezoid"
)

// Class is where a value comes from. Only what was measured by an installed
// probe counts as coverage.
type Class string

// The source classes.
const (
	Measured Class = "measured"
	Manual   Class = "manual"   // read off a thermometer by a person
	Imported Class = "imported" // the file of a logger that travelled along
)

// Flags are what makes a good reading less than plain.
type Flags uint8

// The flags.
const (
	Uncertain          Flags = 1 << iota // its quality or its time is
	Masked                               // a defrost or an open door held a warning back; it counts like any other
	CalibrationExpired                   // the probe's certificate had run out
	Learned                              // with Masked: no switch told of the defrost, it was learned from the air
)

// Sample is one good or uncertain reading. A bad one is none: it leaves a gap.
type Sample struct {
	At    time.Time
	Value float64 // °C, or %RH of a humidity series
	Flags Flags
}

// Side is the time spent beyond one limit. Warm and cold are never netted.
type Side struct {
	LimitC        float64 `json:"limit_c"`
	Seconds       float64 `json:"seconds"`
	Events        int     `json:"events"` // runs beyond the limit; a gap ends a run
	LongestS      float64 `json:"longest_s"`
	DegreeMinutes float64 `json:"degree_minutes"` // area beyond the limit
	// PeakC is the value farthest beyond the limit; nil when there is none.
	PeakC *float64 `json:"peak_c"`
	// Runs are the events, oldest first, at most MaxRuns of them: the longest.
	Runs []Run `json:"runs,omitempty"`
}

// MaxRuns bounds the runs that a side lists. Its counts and sums are of all.
const MaxRuns = 1000

// Run is one stretch beyond a limit.
type Run struct {
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
	PeakC         float64   `json:"peak_c"`
	DegreeMinutes float64   `json:"degree_minutes"`
}

// Gap is a stretch of time for which there is no good reading.
type Gap struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Seconds float64   `json:"seconds"`
	// Cause is a word such as restart, disk-limit, gateway-silent or
	// sensor-fault; "unknown" when nothing says why.
	Cause string `json:"cause"`
}

// Summary is the statistics of one stretch of time. All but the gaps are over
// the covered time alone, and values are nil when nothing was covered.
type Summary struct {
	Points    int       `json:"points"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end"`
	DurationS float64   `json:"duration_s"`
	IntervalS float64   `json:"interval_s"` // between readings: asked for, or the median
	MinC      *float64  `json:"min_c"`
	MaxC      *float64  `json:"max_c"`
	MeanC     *float64  `json:"mean_c"` // weighted by time
	SDC       *float64  `json:"sd_c"`   // weighted by time
	// MKTC is the mean kinetic temperature; nil for frozen goods, of which it
	// says nothing (USP <1079.2>).
	MKTC     *float64 `json:"mkt_c"`
	Above    *Side    `json:"above"` // nil: no high limit
	Below    *Side    `json:"below"` // nil: no low limit
	Gaps     []Gap    `json:"gaps"`
	Coverage float64  `json:"coverage"` // share of the duration with good readings, 0 to 1; uncertain time is none
	Method   Method   `json:"method"`

	UncertainS          float64 `json:"uncertain_s"`
	MaskedS             float64 `json:"masked_s"`
	CalibrationExpiredS float64 `json:"calibration_expired_s"`
	// MaskedLearnedS is the part of MaskedS of which no switch told: the defrost
	// was learned from the air.
	MaskedLearnedS float64 `json:"masked_learned_s,omitempty"`
}

// Humidity is the relative humidity of a stretch of time, in %RH.
type Humidity struct {
	Points   int     `json:"points"`
	Min      float64 `json:"min_rh"`
	Max      float64 `json:"max_rh"`
	Mean     float64 `json:"mean_rh"` // weighted by time
	Coverage float64 `json:"coverage"`
}

// Kind is what kind of stay an interval is.
type Kind string

// The kinds of intervals.
const (
	Store Kind = "store"
	Truck Kind = "truck"
	// Unmonitored by design: a village shop, a ramp, a courier. It is no gap
	// and never counts as covered.
	Unmonitored Kind = "unmonitored"
)

// Interval is what a batch went through in one stay.
type Interval struct {
	Zone string    `json:"zone"` // "site/zone"; of an unmonitored stay a place in words
	Kind Kind      `json:"kind"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Basis is what the temperature is of: "air", "product" (a probe in the
	// goods), or "estimate".
	Basis    string    `json:"basis"`
	Point    string    `json:"point"` // the point whose readings were taken; the warmest where several agree to none
	Summary  Summary   `json:"summary"`
	Humidity *Humidity `json:"humidity,omitempty"`
	// Hand are temperatures measured by hand within it; they bound, and do not
	// cover.
	Hand []Hand `json:"hand,omitempty"`
	// Imported are the files of loggers that travelled along; ImportedS is for how
	// much of the time without a measured value they bound what happened.
	Imported  []LoggerFile `json:"imported,omitempty"`
	ImportedS float64      `json:"imported_s,omitempty"`
}

// Hand is a temperature that a person measured, or a single imported value; whole
// files are LoggerFile.
type Hand struct {
	At     time.Time `json:"at"`
	ValueC float64   `json:"value_c"`
	Class  Class     `json:"class"`
	By     string    `json:"by"`
	Method string    `json:"method"` // surface, between-packs, core
}

// Life is how much of its shelf life a batch has used, with bounds.
type Life struct {
	Model string `json:"model"` // of the profile, see package spoilage
	// Used is the share of life used in the covered time, 0 and up; UsedMax
	// counts the time without readings as if it had been as warm as the warmest
	// reading beside each gap.
	Used    float64 `json:"life_used"`
	UsedMax float64 `json:"life_used_max"`
	// RemainingDays is what is left at ReferenceC, at least 0. Nil when the
	// model was outside its range for part of the time.
	RemainingDays *float64 `json:"remaining_days_at_reference"`
	ReferenceC    float64  `json:"reference_c"`
	// OutsideS is how long the temperature was outside the model's range; that
	// time is in no sum, and Notes say so.
	OutsideS float64  `json:"outside_model_s"`
	Notes    []string `json:"notes,omitempty"`
}

// Batch is the exposure of a batch over all its stays.
type Batch struct {
	Batch   string `json:"batch"`
	Profile string `json:"profile"`
	// AsOf is until when readings were taken; Version grows by one whenever a
	// late reading or a corrected stay changes what was said before.
	AsOf      time.Time  `json:"as_of"`
	Version   int        `json:"version"`
	Intervals []Interval `json:"intervals"`
	Total     Summary    `json:"total"` // over the monitored intervals
	// UnmonitoredS is the time unmonitored by design, MonitoredUntil the end of
	// the last covered time.
	UnmonitoredS   float64   `json:"unmonitored_s"`
	MonitoredUntil time.Time `json:"monitored_until,omitzero"`
	Life           *Life     `json:"life,omitempty"`
	// Imported is what loggers' files say, apart from all of the above; nil: there
	// is none.
	Imported  *ImportedTotal `json:"imported,omitempty"`
	Inherited []string       `json:"inherited,omitempty"` // batches it was split from or made of, whose exposure is counted
}
