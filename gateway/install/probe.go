package install

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"coldchain/sensors"
)

// Device is one configured device as probe and commission read it.
type Device struct {
	Name, Bus string
	Kind      string // profile or driver
	// Sensor is nil when the bus could not be opened; Points and Err then say
	// what is missing and why.
	Sensor sensors.Sensor
	Points []sensors.PointID
	Err    error
	// Patience is how long a device that listens by itself is given to hear
	// something, as a satellite receiver is; 0: it is read once.
	Patience time.Duration
}

// Row is one point as it was read.
type Row struct {
	Point    sensors.PointID
	Device   string
	Bus      string
	Quantity sensors.Quantity // empty when the bus could not be opened
	Reading  sensors.Reading
	Latency  time.Duration // of the device's whole answer
	Detail   string        // what the bus said when it could not be opened
}

// ProbeOptions are the collaborators of Probe.
type ProbeOptions struct {
	Limit time.Duration // for one device; default 10 s, the agent's own
	Now   func() time.Time
	// Correct makes of a device's reading what the agent would journal; nil
	// leaves it as it is.
	Correct func(sensors.Reading) sensors.Reading
}

// DefaultProbeLimit is how long one device may take.
const DefaultProbeLimit = 10 * time.Second

// Probe reads every point of the devices once. Buses are read at the same
// time, the devices of one bus one after the other, as the agent does. The rows
// come in the order of the devices, points by name.
func Probe(ctx context.Context, devices []Device, o ProbeOptions) []Row {
	if o.Limit <= 0 {
		o.Limit = DefaultProbeLimit
	}
	rows := make([][]Row, len(devices))
	byBus := map[string][]int{}
	for i, d := range devices {
		byBus[d.Bus] = append(byBus[d.Bus], i)
	}
	var wg sync.WaitGroup
	for _, list := range byBus {
		wg.Go(func() {
			for _, i := range list {
				rows[i] = o.device(ctx, devices[i])
			}
		})
	}
	wg.Wait()
	return slices.Concat(rows...)
}

func (o ProbeOptions) device(ctx context.Context, d Device) []Row {
	if d.Sensor == nil {
		return d.missing(o.Now())
	}
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	points := d.Sensor.Points()
	slices.SortFunc(points, func(a, b sensors.Point) int { return strings.Compare(string(a.ID), string(b.ID)) })
	due := make([]sensors.PointID, len(points))
	for i, p := range points {
		due[i] = p.ID
	}
	began := o.Now()
	readings := d.Sensor.Read(ctx, due)
	for d.Patience > 0 && o.Now().Sub(began) < d.Patience && slices.ContainsFunc(readings, bad) && sleep(ctx, 250*time.Millisecond) {
		readings = d.Sensor.Read(ctx, due)
	}
	latency := o.Now().Sub(began)
	if o.Correct != nil {
		for i, r := range readings {
			readings[i] = o.Correct(r)
		}
	}
	rows := make([]Row, 0, len(points))
	for _, p := range points {
		rows = append(rows, Row{Point: p.ID, Device: d.Name, Bus: d.Bus, Quantity: p.Quantity, Reading: reading(readings, p.ID, o.Now()), Latency: latency})
	}
	return rows
}

func bad(r sensors.Reading) bool { return r.Quality == sensors.Bad }

// reading finds a point's reading; a sensor that gave none has failed.
func reading(list []sensors.Reading, p sensors.PointID, at time.Time) sensors.Reading {
	if i := slices.IndexFunc(list, func(r sensors.Reading) bool { return r.Point == p }); i >= 0 {
		return list[i]
	}
	return sensors.NewBad(p, at, sensors.DeviceFault)
}

// missing are the rows of a device whose bus is not there.
func (d Device) missing(at time.Time) []Row {
	points := slices.Sorted(slices.Values(d.Points))
	rows := make([]Row, 0, len(points))
	for _, p := range points {
		r := Row{Point: p, Device: d.Name, Bus: d.Bus, Reading: sensors.NewBad(p, at, sensors.Unreachable)}
		if d.Err != nil {
			r.Detail = d.Err.Error()
		}
		rows = append(rows, r)
	}
	return rows
}

// AllGood reports whether there is nothing to look at.
func AllGood(rows []Row) bool {
	return !slices.ContainsFunc(rows, func(r Row) bool { return r.Reading.Quality != sensors.Good })
}

// WriteProbe shows the rows as a table for a terminal.
func WriteProbe(w io.Writer, rows []Row, l Language) {
	t := table{}
	head := []Text{{"测点", "point"}, {"数值", "value"}, {"质量", "quality"}, {"原始值", "raw"}, {"耗时", "latency"}, {"设备", "device"}, {"总线", "bus"}, {"原因", "reason"}}
	cells := make([]string, len(head))
	for i, h := range head {
		cells[i] = l.Of(h)
	}
	t.row(cells...)
	for _, r := range rows {
		value, raw := "—", ""
		if v, ok := r.Reading.Value(); ok {
			value = strings.TrimSpace(number(v) + " " + Unit(r.Quantity))
		}
		if v, ok := r.Reading.Raw(); ok {
			raw = number(v)
		}
		why := l.Of(Reason(r.Reading.Reason))
		if r.Detail != "" {
			why = r.Detail
		}
		t.row(string(r.Point), value, l.Of(Quality(r.Reading.Quality)), raw, fmt.Sprintf("%d ms", r.Latency.Milliseconds()), r.Device, r.Bus, why)
	}
	t.write(w, "")
	good := 0
	for _, r := range rows {
		if r.Reading.Quality == sensors.Good {
			good++
		}
	}
	fmt.Fprintf(w, l.Of(Text{"%d 个测点，%d 个正常\n", "%d points, %d good\n"}), len(rows), good)
}

// MarshalJSON writes a row with its words in both languages.
func (r Row) MarshalJSON() ([]byte, error) {
	out := struct {
		Point    sensors.PointID  `json:"point"`
		Device   string           `json:"device"`
		Bus      string           `json:"bus"`
		Quantity sensors.Quantity `json:"quantity,omitempty"`
		Time     string           `json:"time"`
		Value    *json.Number     `json:"value,omitempty"`
		Unit     string           `json:"unit,omitempty"`
		Quality  string           `json:"quality"`
		Reason   sensors.Reason   `json:"reason,omitempty"`
		Words    *Text            `json:"reason_text,omitempty"`
		Raw      *json.Number     `json:"raw,omitempty"`
		Latency  float64          `json:"latency_ms"`
		Detail   string           `json:"detail,omitempty"`
	}{
		Point: r.Point, Device: r.Device, Bus: r.Bus, Quantity: r.Quantity, Unit: Unit(r.Quantity),
		Time:    r.Reading.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		Quality: r.Reading.Quality.String(), Reason: r.Reading.Reason,
		Latency: float64(r.Latency.Microseconds()) / 1000, Detail: r.Detail,
	}
	if v, ok := r.Reading.Value(); ok {
		out.Value = exact(v)
	}
	if v, ok := r.Reading.Raw(); ok {
		out.Raw = exact(v)
	}
	if r.Reading.Reason != sensors.NoReason {
		words := Reason(r.Reading.Reason)
		out.Words = &words
	}
	return json.Marshal(out)
}

func exact(v float64) *json.Number {
	n := json.Number(strconv.FormatFloat(v, 'f', -1, 64))
	return &n
}
