// Package i2cchip is what all drivers of measuring chips on an I2C bus share:
// points and channels, when a chip is set up again, what is tried twice, the
// reason a failure gets, and rounding. It guarantees that a reading has a value
// only when one attempt went through from its first to its last transaction,
// and that a chip that lost its power is set up again before it is believed.
package i2cchip

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
)

// The channels that more than one chip has.
const (
	Temperature = "temperature" // °C
	Humidity    = "humidity"    // %RH
)

// resetAfter is how many polls in a row must fail before a chip is reset.
const resetAfter = 3

// Config says what to read of one chip.
type Config struct {
	Name    string                     // for messages
	Address uint16                     // 7 bits
	Points  map[sensors.PointID]string // the channel of each point
	Now     func() time.Time
	Log     *slog.Logger // told once when a chip is reset and when it is back; may be nil
}

// Channel is one quantity that a chip measures.
type Channel struct {
	Quantity sensors.Quantity
	// Low and High are the datasheet's measuring range in the canonical unit; a
	// value outside is bad, with the number kept as raw.
	Low, High float64
	// Overshoot is how far beyond Low and High the chip's formula goes by
	// itself, as that of a humidity probe in fog: such a value is given as the
	// limit, as the datasheet wants it, with the number kept as raw.
	Overshoot float64
	// Places is how many decimal places a value is rounded to: a tenth of the
	// accuracy or the chip's own step, whichever says more.
	Places int
}

// Values are the results of one measurement by channel.
type Values map[string]float64

// Model is what a driver knows about its chip.
type Model struct {
	Name      string // as in configurations: "tmp102"
	Addresses []uint16
	Channels  map[string]Channel
	// Setup makes sure that the right chip is there and makes it ready. It runs
	// before the first measurement and again after every failure; nil if there
	// is nothing to do.
	Setup func(c *Conn) error
	// Measure takes one measurement of all channels. A chip that has lost what
	// Setup wrote must make it fail.
	Measure func(c *Conn) (Values, error)
	// Reset is the chip's soft reset with the wait after it; nil if it has none.
	Reset func(c *Conn) error
}

// Device is one chip as a sensor.
type Device struct {
	cfg    Config
	model  Model
	bus    i2c.Bus
	ready  bool // Setup went through and nothing has failed since
	failed int  // polls in a row that failed in a way that a reset may help
	reset  bool // a reset was told in this run of failures
}

var _ sensors.Sensor = (*Device)(nil)

// New checks the configuration and returns the device. It does not touch the
// bus: a chip that is away must not keep an agent from starting.
//
// The bus must end its transactions in time by itself; periph's interface has
// no context.
func New(cfg Config, model Model, bus i2c.Bus) (*Device, error) {
	if bus == nil || cfg.Now == nil {
		return nil, fmt.Errorf("%s %s: bus and clock are required", model.Name, cfg.Name)
	}
	if !slices.Contains(model.Addresses, cfg.Address) {
		return nil, fmt.Errorf("%s %s: address 0x%02x is not one of the chip's: %s", model.Name, cfg.Name, cfg.Address, hex(model.Addresses))
	}
	channels := strings.Join(slices.Sorted(maps.Keys(model.Channels)), " or ")
	if len(cfg.Points) == 0 {
		return nil, fmt.Errorf("%s %s: no points: map a point's name to %s", model.Name, cfg.Name, channels)
	}
	for _, id := range slices.Sorted(maps.Keys(cfg.Points)) {
		if _, ok := model.Channels[cfg.Points[id]]; !ok {
			return nil, fmt.Errorf("%s %s: point %s: no channel %q (%s)", model.Name, cfg.Name, id, cfg.Points[id], channels)
		}
	}
	cfg.Points = maps.Clone(cfg.Points)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Device{cfg: cfg, model: model, bus: bus}, nil
}

func hex(addresses []uint16) string {
	var list []string
	for _, a := range addresses {
		list = append(list, fmt.Sprintf("0x%02x", a))
	}
	return strings.Join(list, ", ")
}

// String names the device for messages.
func (d *Device) String() string {
	return fmt.Sprintf("%s (%s, 0x%02x)", d.cfg.Name, d.model.Name, d.cfg.Address)
}

// Points lists what the device measures, sorted by name.
func (d *Device) Points() []sensors.Point {
	list := make([]sensors.Point, 0, len(d.cfg.Points))
	for _, id := range slices.Sorted(maps.Keys(d.cfg.Points)) {
		list = append(list, sensors.Point{ID: id, Quantity: d.model.Channels[d.cfg.Points[id]].Quantity})
	}
	return list
}

// Read measures once for all points that are due.
func (d *Device) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	due = slices.Compact(slices.Sorted(slices.Values(due)))
	out := make([]sensors.Reading, 0, len(due))
	var known []sensors.PointID
	for _, id := range due {
		if _, ok := d.cfg.Points[id]; ok {
			known = append(known, id)
		} else {
			out = append(out, sensors.NewBad(id, d.cfg.Now(), sensors.NotImplemented))
		}
	}
	if len(known) == 0 {
		return out
	}
	values, err := d.poll(ctx)
	at := d.cfg.Now()
	for _, id := range known {
		if err != nil {
			out = append(out, sensors.NewBad(id, at, ReasonOf(err)))
			continue
		}
		channel := d.cfg.Points[id]
		v, ok := values[channel]
		out = append(out, d.model.Channels[channel].reading(id, at, v, ok))
	}
	return out
}

// poll measures, with a second try where one can help, and resets a chip that
// keeps failing.
func (d *Device) poll(ctx context.Context) (Values, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.failed >= resetAfter && d.model.Reset != nil {
		d.softReset(ctx)
	}
	values, err := d.attempt(ctx)
	if err != nil && secondTryHelps(ReasonOf(err)) {
		values, err = d.attempt(ctx)
	}
	switch {
	case err == nil:
		if d.reset {
			d.cfg.Log.Info("I2C chip measures again after a reset", "device", d.String())
		}
		d.failed, d.reset = 0, false
	case secondTryHelps(ReasonOf(err)):
		d.failed++
	}
	return values, err
}

// attempt sets the chip up if that is due and measures.
func (d *Device) attempt(ctx context.Context) (Values, error) {
	c := &Conn{ctx: ctx, bus: d.bus, address: d.cfg.Address}
	if !d.ready && d.model.Setup != nil {
		if err := d.model.Setup(c); err != nil {
			return nil, err
		}
	}
	values, err := d.model.Measure(c)
	d.ready = err == nil
	return values, err
}

// softReset resets the chip and says so, once in a run of failures. Its own
// failure says nothing new: the measurement that follows fails too.
func (d *Device) softReset(ctx context.Context) {
	d.ready = false
	err := d.model.Reset(&Conn{ctx: ctx, bus: d.bus, address: d.cfg.Address})
	if d.reset || err != nil {
		return
	}
	d.reset = true
	d.cfg.Log.Warn("I2C chip was reset because it keeps failing", "device", d.String(), "polls", d.failed)
}

// secondTryHelps tells a chip that stumbled, or lost its setting with its
// power, from a bus on which another transaction would only cost time again.
func secondTryHelps(why sensors.Reason) bool {
	switch why {
	case sensors.NoAck, sensors.ShortRead, sensors.CRCError, sensors.BadAnswer, sensors.ConfigFault, sensors.DeviceBusy, sensors.SensorFault, sensors.DeviceFault:
		return true
	}
	return false
}

// Climate are the two channels of a temperature and humidity chip, rounded to
// 0.01 °C and 0.01 %RH: a tenth of the best chips' accuracy. Low and high are
// the limits of its temperature in °C; overshoot is as in Channel, in %RH.
func Climate(low, high, overshoot float64) map[string]Channel {
	return map[string]Channel{
		Temperature: {Quantity: sensors.Temperature, Low: low, High: high, Places: 2},
		Humidity:    {Quantity: sensors.Humidity, Low: 0, High: 100, Overshoot: overshoot, Places: 2},
	}
}

// reading refuses what the chip cannot measure and rounds the rest.
func (c Channel) reading(id sensors.PointID, at time.Time, v float64, measured bool) sensors.Reading {
	if !measured || math.IsNaN(v) || math.IsInf(v, 0) {
		return sensors.NewBad(id, at, sensors.SensorFault)
	}
	v = round(v, c.Places)
	switch inside := min(max(v, c.Low), c.High); {
	case inside == v:
		return sensors.NewGood(id, at, v)
	case math.Abs(v-inside) <= c.Overshoot:
		return sensors.NewGood(id, at, inside).WithRaw(v)
	}
	return sensors.NewBad(id, at, sensors.OutOfRange).WithRaw(v)
}

// round goes through a whole number, so that 4.56 is the float64 nearest to
// 4.56 and there is no minus zero.
func round(v float64, places int) float64 {
	unit := math.Pow10(places)
	return float64(int64(math.Round(v*unit))) / unit
}
