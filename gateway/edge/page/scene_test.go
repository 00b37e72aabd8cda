package page

import (
	"context"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/sensors"
)

// morning is when the tests look at the page.
var morning = time.Date(2026, 11, 23, 7, 30, 0, 0, time.FixedZone("", 8*3600))

func number(v float64) *float64 { return &v }

// measured is a point that was read some time ago.
func measured(id sensors.PointID, q sensors.Quantity, ago time.Duration, v float64) Point {
	r := sensors.NewGood(id, morning.Add(-ago), v)
	return Point{ID: id, Quantity: q, Device: "probe-1", Interval: time.Minute, Seen: true, Last: r, At: r.Time, Since: morning.Add(-204 * time.Second), Valued: r}
}

func (p Point) limited(low, high *float64) Point {
	p.Low, p.High = low, high
	return p
}

// failed is the point after one more poll, which gave nothing.
func (p Point) failed(ago time.Duration, why sensors.Reason) Point {
	p.Last = sensors.NewBad(p.ID, morning.Add(-ago), why)
	p.Seen, p.At = true, p.Last.Time
	return p
}

// doubted is the point with a reason not to believe it.
func (p Point) doubted(why sensors.Reason) Point {
	v, _ := p.Last.Value()
	p.Last = sensors.NewUncertain(p.ID, p.Last.Time, v, why)
	p.Valued = p.Last
	return p
}

// store is a site on a bad morning: one room of every kind.
func store() Snapshot {
	raw := measured("balagong/mutton/air-door", sensors.Temperature, 12*time.Second, -19.1).limited(nil, number(-18))
	raw.Last = raw.Last.WithRaw(-19.3)
	return Snapshot{
		Now: morning, Site: "balagong", Gateway: "balagong-gw", Version: "v0.3.0", Clock: "ntp",
		Points: []Point{
			measured("balagong/veg/air", sensors.Temperature, 8*time.Second, 2.1).limited(number(0), number(8)),
			measured("balagong/beef/air", sensors.Temperature, 8*time.Minute, -18.8).limited(nil, number(-18)),
			measured("balagong/dairy/air", sensors.Temperature, 6*time.Minute, 3.9).limited(number(0), number(6)).failed(9*time.Second, sensors.Timeout),
			measured("balagong/potato/air", sensors.Temperature, 30*time.Second, 4.2).limited(number(1), number(8)),
			measured("balagong/potato/humidity", sensors.Humidity, 30*time.Second, 88).limited(nil, number(95)).doubted(sensors.FlatLine),
			raw,
			measured("balagong/mutton/air", sensors.Temperature, 12*time.Second, -15.94).limited(nil, number(-18)),
			measured("balagong/mutton/door", sensors.Door, 4*time.Second, 1),
			measured("balagong/mutton/defrost", sensors.Defrost, 4*time.Second, 0),
			measured("balagong/mutton/compressor", sensors.Compressor, 4*time.Second, 1),
			measured("balagong/mutton/mains", sensors.Mains, 4*time.Second, 1),
			{ID: "balagong/new/air", Quantity: sensors.Temperature, Device: "probe-2", Interval: time.Minute},
		},
		Devices: []Device{
			{Name: "probe-1", Bus: "rs485-1", Profile: "rs-wsn01", Interval: time.Minute, Polls: 1440, Failed: 12,
				Failures: []Failure{{sensors.Timeout, 10}, {sensors.CRCError, 3}}, Now: sensors.Timeout,
				LastPoll: morning, LastGood: morning.Add(-6 * time.Minute), Latency: time.Second, Usual: 41 * time.Millisecond},
			{Name: "chip-1", Bus: "i2c-1", Profile: "hdc302x", Interval: time.Minute, Polls: 1440,
				LastPoll: morning, LastGood: morning, Latency: 3200 * time.Microsecond, Usual: 3100 * time.Microsecond},
			{Name: "probe-2", Bus: "rs485-1", Profile: "rs-wsn01", Interval: time.Minute},
		},
		Link:   Link{Connected: false, Undelivered: 1432, Oldest: morning.Add(-95 * time.Minute), Epoch: 1, Next: 90210},
		Faults: []string{"probe-1: timeout"},
		Limits: Limits{County: true, At: morning.Add(-time.Hour)},
		Alarms: []Alarm{
			{Rule: alerting.HighLimit, Object: "balagong/mutton/air", Quantity: sensors.Temperature, Level: alerting.Excursion, Since: morning.Add(-72 * time.Minute), Lasts: 72 * time.Minute,
				Value: -15.94, Limit: -18, HasValue: true, Silenced: true},
			{Rule: duty.DeviceFault, Object: "balagong/rs485-1/probe-1", Level: alerting.Warning, Lasts: 11 * time.Minute, Folded: 2},
		},
	}
}

func labels() map[string]Label {
	return map[string]Label{"balagong": {"巴拉贡冷库", "Balagong store"}, "mutton": {"羊肉库", "Mutton room"}, "balagong/potato": {"土豆窖", "Potato cellar"}, "dairy": {ZH: "奶品库"}}
}

// horn is a siren that writes down who silenced it.
type horn struct {
	mu     sync.Mutex
	sounds bool
	by     []string
	at     []time.Time
}

func (h *horn) Active() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sounds
}

func (h *horn) Acknowledge(at time.Time, by string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sounds, h.by, h.at = false, append(h.by, by), append(h.at, at)
}

func showing(s Snapshot) func(context.Context) Snapshot {
	return func(context.Context) Snapshot { return s }
}
