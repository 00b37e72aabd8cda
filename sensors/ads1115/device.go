package ads1115

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/analog"
	"coldchain/sensors/i2cchip"
)

// leastReference is the voltage over a divider below which its supply has
// failed.
const leastReference = 1.0 // V

// grace is what a conversion may take beyond twice its time before it is given
// up.
const grace = 20 * time.Millisecond

// Device is one chip as a sensor.
type Device struct {
	name    string
	address uint16
	rate    int
	now     func() time.Time
	bus     i2c.Bus
	inputs  map[string]*input
	points  map[sensors.PointID]string
}

var _ sensors.Sensor = (*Device)(nil)

// tap is a voltage that the chip can measure.
type tap struct {
	name      string
	fullScale float64 // V
}

// input is a channel that is set up.
type input struct {
	own        tap
	reference  *tap // or nil
	conversion *analog.Conversion
}

// voltage is what became of measuring a tap.
type voltage struct {
	volts     float64
	saturated bool
	at        time.Time
	err       error
}

// String names the device for messages.
func (d *Device) String() string { return fmt.Sprintf("%s (ads1115, 0x%02x)", d.name, d.address) }

// Points lists what the device measures, sorted by name.
func (d *Device) Points() []sensors.Point {
	list := make([]sensors.Point, 0, len(d.points))
	for _, id := range slices.Sorted(maps.Keys(d.points)) {
		list = append(list, sensors.Point{ID: id, Quantity: d.inputs[d.points[id]].conversion.Quantity()})
	}
	return list
}

// Read converts the inputs of the points that are due one after the other, each
// once, and their references. An input that fails spoils its own points; a chip
// that does not answer is not asked for the rest.
func (d *Device) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	due = slices.Compact(slices.Sorted(slices.Values(due)))
	out := make([]sensors.Reading, 0, len(due))
	p := poll{device: d, ctx: ctx, measured: map[tap]voltage{}}
	for _, id := range due {
		if channel, ok := d.points[id]; ok {
			out = append(out, p.reading(id, d.inputs[channel]))
		} else {
			out = append(out, sensors.NewBad(id, d.now(), sensors.NotImplemented))
		}
	}
	return out
}

// poll is one Read: each tap is measured once.
type poll struct {
	device   *Device
	ctx      context.Context
	measured map[tap]voltage
	dead     error // the bus or chip does not answer
}

func (p *poll) reading(id sensors.PointID, in *input) sensors.Reading {
	own := p.measure(in.own)
	if own.err != nil {
		return sensors.NewBad(id, own.at, i2cchip.ReasonOf(own.err))
	}
	if own.saturated {
		return sensors.NewBad(id, own.at, sensors.SensorFault).WithRaw(own.volts)
	}
	if in.reference == nil {
		return in.conversion.Reading(id, own.at, own.volts)
	}
	whole := p.measure(*in.reference)
	switch {
	case whole.err != nil:
		return sensors.NewBad(id, whole.at, i2cchip.ReasonOf(whole.err))
	case whole.saturated || whole.volts < leastReference:
		return sensors.NewBad(id, own.at, sensors.SensorFault).WithRaw(own.volts)
	}
	return in.conversion.Reading(id, own.at, own.volts/whole.volts)
}

// measure converts a tap, unless that was done in this poll already.
func (p *poll) measure(t tap) voltage {
	if v, ok := p.measured[t]; ok {
		return v
	}
	v := voltage{err: p.dead}
	if p.dead == nil {
		v = p.device.convert(p.ctx, t)
	}
	v.at = p.device.now()
	if v.err != nil {
		switch i2cchip.ReasonOf(v.err) {
		case sensors.NoAck, sensors.Timeout, sensors.Unreachable, sensors.Cancelled:
			p.dead = v.err
		}
	}
	p.measured[t] = v
	return v
}

// convert tries twice when a transaction was garbled or the chip restarted.
func (d *Device) convert(ctx context.Context, t tap) (v voltage) {
	code, err := d.attempt(ctx, t)
	if err != nil {
		switch i2cchip.ReasonOf(err) {
		case sensors.BadAnswer, sensors.ShortRead, sensors.CRCError, sensors.NoAck:
			code, err = d.attempt(ctx, t)
		}
	}
	if err != nil {
		return voltage{err: fmt.Errorf("%s: %s: %w", d, t.name, err)}
	}
	// "The output clips at these codes" (datasheet, "Data Format").
	return voltage{volts: float64(code) * t.fullScale / (math.MaxInt16 + 1), saturated: code == math.MaxInt16 || code == math.MinInt16}
}

// attempt converts a tap once, and reads back all that was written and said.
func (d *Device) attempt(ctx context.Context, t tap) (code int16, err error) {
	want := setting(t.name, t.fullScale, d.rate)
	if err := d.rest(ctx, want); err != nil {
		return 0, err
	}
	if err := d.write(ctx, want|bitStart); err != nil {
		return 0, err
	}
	if err := d.done(ctx, want); err != nil {
		return 0, err
	}
	first, err := d.read(ctx, regConversion)
	if err != nil {
		return 0, err
	}
	if _, err := d.settled(ctx, want); err != nil {
		return 0, err
	}
	second, err := d.read(ctx, regConversion)
	if err != nil {
		return 0, err
	}
	if first != second {
		return 0, i2cchip.Faultf(sensors.BadAnswer, "result read as 0x%04x and at once as 0x%04x", first, second)
	}
	return int16(second), nil
}

// rest makes sure that no conversion is under way: the chip would ignore the
// start and give the result of the input before. One is when the last poll was
// given up, or another program left the chip converting without end.
func (d *Device) rest(ctx context.Context, want uint16) error {
	now, err := d.read(ctx, regConfig)
	if err != nil || now&bitStart != 0 {
		return err
	}
	if err := d.write(ctx, want); err != nil { // single, without a start
		return err
	}
	// The conversion under way may be one at the lowest rate.
	return d.idle(ctx, want, time.Duration(float64(period(8))/slowest)+grace)
}

// done waits for a conversion that was started.
func (d *Device) done(ctx context.Context, want uint16) error {
	if err := wait(ctx, period(d.rate)); err != nil {
		return err
	}
	return d.idle(ctx, want, period(d.rate)+grace)
}

// idle asks until the chip has finished, at most for limit.
func (d *Device) idle(ctx context.Context, want uint16, limit time.Duration) error {
	const steps = 16
	for range steps {
		finished, err := d.settled(ctx, want)
		if err != nil || finished {
			return err
		}
		if err := wait(ctx, limit/steps); err != nil {
			return err
		}
	}
	return i2cchip.Faultf(sensors.Timeout, "the conversion does not end")
}

// settled reads the configuration back. Another one means that the chip lost
// its power, that somebody else uses it, or that the wire is not to be trusted.
func (d *Device) settled(ctx context.Context, want uint16) (finished bool, err error) {
	got, err := d.read(ctx, regConfig)
	if err != nil {
		return false, err
	}
	if got&^bitStart != want {
		return false, i2cchip.Faultf(sensors.BadAnswer, "configuration is 0x%04x, want 0x%04x", got&^bitStart, want)
	}
	return got&bitStart != 0, nil
}

func (d *Device) read(ctx context.Context, register byte) (uint16, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var r [2]byte
	err := d.bus.Tx(d.address, []byte{register}, r[:])
	return binary.BigEndian.Uint16(r[:]), err
}

func (d *Device) write(ctx context.Context, v uint16) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.bus.Tx(d.address, binary.BigEndian.AppendUint16([]byte{regConfig}, v), nil)
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
