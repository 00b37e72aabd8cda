package install

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

// Records is where calibration records stand and are entered.
type Records interface {
	// InForce returns the number of the record that holds for a point now; 0
	// for none.
	InForce(p sensors.PointID, at time.Time) (int, error)
	// Enter saves a record for good.
	Enter(r calibration.Record, actor string, at time.Time) (calibration.Entry, error)
}

// File is Records in a file, as the agent reads them.
type File string

// InForce looks the file up.
func (f File) InForce(p sensors.PointID, at time.Time) (int, error) {
	b, err := calibration.Load(string(f))
	if err != nil {
		return 0, err
	}
	e, expired, ok := b.At(p, at)
	if !ok || expired {
		return 0, nil
	}
	return e.Seq, nil
}

// Enter appends to the file.
func (f File) Enter(r calibration.Record, actor string, at time.Time) (calibration.Entry, error) {
	return calibration.Append(string(f), r, actor, at)
}

// Session is what holds for a whole walk through a site.
type Session struct {
	By    string // who compares
	Place string // where the site is, as it is to stand on the record
}

// Step is one point to be commissioned.
type Step struct {
	Point    sensors.PointID
	Quantity sensors.Quantity
	Device   string
	// Working is the temperature its zone works at (°C), where the limits
	// tell; nil otherwise.
	Working *float64

	sensor sensors.Sensor
	err    error // why it cannot be read
}

// Guide is the person who walks from probe to probe, or a file of answers.
type Guide interface {
	// Begin asks who and where.
	Begin(ctx context.Context) (Session, error)
	// Take asks whether the point is to be commissioned and, for a
	// temperature, what its zone works at.
	Take(ctx context.Context, s Step) (working float64, take bool, err error)
	// Ready has the probe brought to where the comparison is made. false leaves
	// it out.
	Ready(ctx context.Context, s Step, need calibration.Need) (bool, error)
	// Shown tells what the probe shows while it settles.
	Shown(s Step, r sensors.Reading, inRow int)
	// Reference asks what the reference shows now that the probe has settled at
	// indicated.
	Reference(ctx context.Context, s Step, need calibration.Need, indicated float64) (Reference, error)
	// Again asks whether a comparison that was refused is to be repeated.
	Again(ctx context.Context, s Step, why Text) (bool, error)
	// Finish asks for the photo of the probe's position: a file's path, or "".
	Finish(ctx context.Context, s Step) (photo string, err error)
	// Say tells what came of it.
	Say(text Text, args ...any)
}

// Reference is what the instrument, or melting ice, showed.
type Reference struct {
	Value       float64
	Instrument  string // make, type, serial number; "ice point"
	Certificate string // of the instrument; for ice that of the probe, or why there is none
}

// Comparison is one comparison as it was made.
type Comparison struct {
	Need      calibration.Need
	Indicated float64
	Reference Reference
	At        time.Time
}

// Deviation is what the probe shows too much (°C or %RH).
func (c Comparison) Deviation() float64 {
	return math.Round((c.Indicated-c.Reference.Value)*1000) / 1000
}

// Outcome is what came of one point.
type Outcome struct {
	Step        Step
	Working     float64
	Comparisons []Comparison
	Missing     []calibration.Need
	Refused     Text // why there is no record, when something was refused
	Skipped     bool
	Photo       string // path
	Entry       *calibration.Entry
}

// Done reports a point that has its record.
func (o Outcome) Done() bool { return o.Entry != nil }

// CommissionOptions are the times of a walk.
type CommissionOptions struct {
	Records  Records
	Interval time.Duration // between two readings; default 2 s
	Limit    time.Duration // for a probe to settle; default 30 min
	Valid    time.Duration // of the record; default a year
	Now      func() time.Time
	// Working is the temperature that a zone works at, by "site/zone".
	Working map[string]float64
}

// The defaults of a walk.
const (
	DefaultReadInterval = 2 * time.Second
	DefaultSettleLimit  = 30 * time.Minute
	DefaultValidity     = 365 * 24 * time.Hour
	oneReading          = 10 * time.Second
)

// What stands on a record for melting ice.
const (
	IcePoint      = "ice point"             // the instrument
	NoCertificate = "none: ice point alone" // where the probe has none of its own
)

// Commission walks through the temperature and humidity points of the devices,
// in their order. Each point that has all its comparisons gets its record at
// once, so that a walk that is broken off keeps what was done. On error it
// returns the outcomes until then.
func Commission(ctx context.Context, devices []Device, g Guide, o CommissionOptions) (Session, []Outcome, error) {
	c := &commission{guide: g, o: o.defaults()}
	session, err := g.Begin(ctx)
	if err != nil {
		return session, nil, err
	}
	c.session = session
	var out []Outcome
	for _, s := range c.steps(devices) {
		one, err := c.point(ctx, s)
		out = append(out, one)
		if err != nil {
			return session, out, fmt.Errorf("commission %s: %w", s.Point, err)
		}
	}
	return session, out, nil
}

func (o CommissionOptions) defaults() CommissionOptions {
	if o.Interval <= 0 {
		o.Interval = DefaultReadInterval
	}
	if o.Limit <= 0 {
		o.Limit = DefaultSettleLimit
	}
	if o.Valid <= 0 {
		o.Valid = DefaultValidity
	}
	return o
}

type commission struct {
	guide   Guide
	o       CommissionOptions
	session Session
}

// steps are the points that can be compared.
func (c *commission) steps(devices []Device) []Step {
	var out []Step
	for _, d := range devices {
		if d.Sensor == nil {
			for _, p := range d.Points {
				out = append(out, Step{Point: p, Device: d.Name, err: d.Err})
			}
			continue
		}
		points := d.Sensor.Points()
		slices.SortFunc(points, func(a, b sensors.Point) int { return strings.Compare(string(a.ID), string(b.ID)) })
		for _, p := range points {
			if p.Quantity != sensors.Temperature && p.Quantity != sensors.Humidity {
				continue
			}
			s := Step{Point: p.ID, Quantity: p.Quantity, Device: d.Name, sensor: d.Sensor}
			if w, ok := c.o.Working[p.ID.Zone()]; ok && p.Quantity == sensors.Temperature {
				s.Working = &w
			}
			out = append(out, s)
		}
	}
	return out
}

// point does one point.
func (c *commission) point(ctx context.Context, s Step) (Outcome, error) {
	out := Outcome{Step: s}
	if s.sensor == nil {
		out.Refused = Text{fmt.Sprintf("读不到：%v", s.err), fmt.Sprintf("cannot be read: %v", s.err)}
		c.guide.Say(Text{"%s：%s", "%s: %s"}, s.Point, out.Refused)
		return out, nil
	}
	working, take, err := c.guide.Take(ctx, s)
	if err != nil || !take {
		out.Skipped = true
		return out, err
	}
	out.Working = working
	for _, need := range needs(s.Quantity, working) {
		if err := c.compare(ctx, &out, need); err != nil {
			return out, err
		}
	}
	out.Missing = missing(s.Quantity, working, out.pairs())
	if len(out.Missing) > 0 {
		lack := needWords(out.Missing)
		why := out.Refused
		if why != (Text{}) {
			why = Text{why.ZH + "；", why.EN + "; "}
		}
		out.Refused = Text{why.ZH + "还缺：" + lack.ZH, why.EN + "still missing: " + lack.EN}
		c.guide.Say(Text{"%s 未完成。%s", "%s is not complete: %s"}, s.Point, out.Refused)
		return out, nil
	}
	if out.Photo, err = c.guide.Finish(ctx, s); err != nil {
		return out, err
	}
	if err := c.enter(&out); err != nil {
		// The walk goes on: what was compared stands on the sheet.
		out.Refused = Text{fmt.Sprintf("没有存下：%v", err), fmt.Sprintf("not saved: %v", err)}
		c.guide.Say(Text{"%s %s", "%s %s"}, s.Point, out.Refused)
	}
	return out, nil
}

// enter saves the record of a point that has all its comparisons.
func (c *commission) enter(out *Outcome) error {
	now := c.o.Now()
	earlier, err := c.o.Records.InForce(out.Step.Point, now)
	if err != nil {
		return err
	}
	from := now.UTC().Truncate(time.Second)
	r := calibration.Record{
		Point: out.Step.Point, Quantity: out.Step.Quantity, Pairs: out.pairs(),
		Certificate: certificates(out.Comparisons),
		Reference:   each(out.Comparisons, func(c Comparison) string { return c.Reference.Instrument }),
		Place:       c.session.Place, By: c.session.By,
		From: from, Until: from.Add(c.o.Valid), Photo: baseName(out.Photo), Supersedes: earlier,
	}
	e, err := c.o.Records.Enter(r, c.session.By, now)
	if err != nil {
		return err
	}
	out.Entry = &e
	c.guide.Say(Text{"%s 已记录，编号 %d，有效至 %s", "%s is recorded as number %d, valid until %s"}, out.Step.Point, e.Seq, e.Until.Format(time.DateOnly))
	return nil
}

// certificates joins the certificates; that there is none for the ice point is
// said only when there is no other.
func certificates(list []Comparison) string {
	own := func(c Comparison) string {
		if c.Reference.Certificate == NoCertificate {
			return ""
		}
		return c.Reference.Certificate
	}
	if s := each(list, own); s != "" {
		return s
	}
	return NoCertificate
}

// each joins what the comparisons say, each thing once.
func each(list []Comparison, of func(Comparison) string) string {
	var out []string
	for _, c := range list {
		if s := of(c); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; ")
}

// ErrIncomplete says that a point was left without a record.
var ErrIncomplete = errors.New("not every point has its record")

// Complete reports whether every point that was taken has its record.
func Complete(list []Outcome) error {
	for _, o := range list {
		if !o.Done() && !o.Skipped {
			return ErrIncomplete
		}
	}
	return nil
}
