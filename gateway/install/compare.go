package install

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
)

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
