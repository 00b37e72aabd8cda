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

// needs are the comparisons that a point wants.
func needs(q sensors.Quantity, working float64) []calibration.Need { return missing(q, working, nil) }

// missing are those not made yet. A humidity point wants one, wherever it
// hangs.
func missing(q sensors.Quantity, working float64, done []calibration.Pair) []calibration.Need {
	if q == sensors.Temperature {
		return calibration.Missing(working, done)
	}
	if len(done) > 0 {
		return nil
	}
	return []calibration.Need{humidityNeed()}
}

// humidityNeed is a comparison with a certified hygrometer at any humidity.
func humidityNeed() calibration.Need { return calibration.Need{At: 50, Within: 50, Certified: true} }

func isHumidity(n calibration.Need) bool { return n == humidityNeed() }

// NeedWords says what is to be compared.
func NeedWords(n calibration.Need) Text {
	switch {
	case isHumidity(n):
		return Text{"与有证书的湿度计对比", "a comparison with a certified hygrometer"}
	case !n.Certified:
		return Text{"冰水混合物 0 °C 冰点", "the ice point, 0 °C in melting ice"}
	}
	return Text{
		fmt.Sprintf("工作温度 %s °C（± %s °C）与有证书的标准器对比", number(n.At), number(n.Within)),
		fmt.Sprintf("%s °C (± %s °C), working temperature, against a certified reference", number(n.At), number(n.Within))}
}

func needWords(list []calibration.Need) Text {
	var zh, en []string
	for _, n := range list {
		w := NeedWords(n)
		zh, en = append(zh, w.ZH), append(en, w.EN)
	}
	return Text{strings.Join(zh, "；"), strings.Join(en, "; ")}
}

func (o Outcome) pairs() []calibration.Pair {
	out := make([]calibration.Pair, 0, len(o.Comparisons))
	for _, c := range o.Comparisons {
		out = append(out, calibration.Pair{Reference: c.Reference.Value, Indicated: c.Indicated})
	}
	return out
}

// compare makes one comparison, again and again until it is good or left out.
func (c *commission) compare(ctx context.Context, out *Outcome, need calibration.Need) error {
	before := out.Refused
	for {
		ready, err := c.guide.Ready(ctx, out.Step, need)
		if err != nil || !ready {
			return err
		}
		one, why, err := c.try(ctx, out.Step, need)
		if err != nil {
			return err
		}
		if why == (Text{}) {
			out.Comparisons = append(out.Comparisons, one)
			out.Refused = before // a repetition makes good its own refusal alone
			return nil
		}
		out.Refused = why
		again, err := c.guide.Again(ctx, out.Step, why)
		if err != nil || !again {
			return err
		}
	}
}

// try makes one comparison; why says what is wrong with it.
func (c *commission) try(ctx context.Context, s Step, need calibration.Need) (one Comparison, why Text, err error) {
	indicated, why, err := c.settle(ctx, s, need)
	if err != nil || why != (Text{}) {
		return one, why, err
	}
	ref, err := c.guide.Reference(ctx, s, need, indicated)
	if err != nil {
		return one, why, err
	}
	one = Comparison{Need: need, Indicated: indicated, Reference: ref, At: c.o.Now()}
	return one, refuse(s.Quantity, one), nil
}

// refuse says why a comparison cannot stand.
func refuse(q sensors.Quantity, c Comparison) Text {
	unit := Unit(q)
	if math.Abs(c.Reference.Value-c.Need.At) > c.Need.Within+1e-9 {
		return Text{
			fmt.Sprintf("标准器 %s %s 离要求的 %s %s 超过 %s %s", number(c.Reference.Value), unit, number(c.Need.At), unit, number(c.Need.Within), unit),
			fmt.Sprintf("the reference at %s %s is more than %s %s from the %s %s wanted", number(c.Reference.Value), unit, number(c.Need.Within), unit, number(c.Need.At), unit)}
	}
	bound := calibration.MaxTemperatureCorrection
	if q == sensors.Humidity {
		bound = calibration.MaxHumidityCorrection
	}
	if math.Abs(c.Deviation()) > bound+1e-9 {
		return Text{
			fmt.Sprintf("偏差 %+.3g %s 超过 %s %s：换探头，不能修正", c.Deviation(), unit, number(bound), unit),
			fmt.Sprintf("a deviation of %+.3g %s is beyond %s %s: replace the probe, it cannot be corrected", c.Deviation(), unit, number(bound), unit)}
	}
	return Text{}
}

// spread is how far the last readings may lie apart when a probe has settled:
// ice does not move, a room's compressor comes and goes.
func spread(need calibration.Need) float64 {
	switch {
	case isHumidity(need):
		return 1
	case need.Certified:
		return 0.2
	}
	return 0.1
}

// settle reads the probe until it has come to rest. A bad reading begins the
// row anew.
func (c *commission) settle(ctx context.Context, s Step, need calibration.Need) (float64, Text, error) {
	began := c.o.Now()
	var row []float64
	for {
		r := c.read(ctx, s)
		if err := ctx.Err(); err != nil {
			return 0, Text{}, err
		}
		if v, ok := r.Value(); ok {
			row = append(row, v)
		} else {
			row = nil
		}
		c.guide.Shown(s, r, len(row))
		if mean, ok := calibration.Settled(row, spread(need)); ok {
			return mean, Text{}, nil
		}
		if c.o.Now().Sub(began) >= c.o.Limit {
			return 0, unsettled(r, c.o.Limit), nil
		}
		if !sleep(ctx, c.o.Interval) {
			return 0, Text{}, ctx.Err()
		}
	}
}

func unsettled(last sensors.Reading, limit time.Duration) Text {
	if _, ok := last.Value(); !ok {
		w := Reason(last.Reason)
		return Text{"读不到：" + w.ZH, "cannot be read: " + w.EN}
	}
	return Text{fmt.Sprintf("%v 内未稳定", limit), fmt.Sprintf("not settled within %v", limit)}
}

func (c *commission) read(ctx context.Context, s Step) sensors.Reading {
	ctx, cancel := context.WithTimeout(ctx, oneReading)
	defer cancel()
	return reading(s.sensor.Read(ctx, []sensors.PointID{s.Point}), s.Point, c.o.Now())
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
