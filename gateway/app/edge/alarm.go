package edge

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio/gpioreg"
	host "periph.io/x/host/v3"

	"coldchain/gateway/config"
	"coldchain/gateway/edge"
	"coldchain/gateway/edge/page"
	"coldchain/sensors"
	"coldchain/sensors/output"
)

// localAlarm drives the site's siren and beacon from what the site itself
// measures, with or without the county. Nothing else can be switched.
type localAlarm struct {
	limits     map[edge.LimitKey]edge.Limits
	quantities map[sensors.PointID]sensors.Quantity
	drivers    map[output.Kind]*output.Driver
	now        func() time.Time
	log        *slog.Logger

	mu    sync.Mutex
	alarm *output.Alarm
	last  output.Desired
}

func newLocalAlarm(h *Hardware, limits map[edge.LimitKey]edge.Limits) (*localAlarm, error) {
	a := &localAlarm{
		limits: limits, quantities: map[sensors.PointID]sensors.Quantity{}, drivers: map[output.Kind]*output.Driver{},
		now: h.clock.Now, log: h.log, alarm: output.NewAlarm(output.Timing{}),
	}
	for _, d := range h.Devices {
		for _, p := range d.Sensor.Points() {
			a.quantities[p.ID] = p.Quantity
		}
	}
	if err := output.CheckApart(outputsOf(h.cfg), h.slaves); err != nil {
		return nil, err
	}
	for _, o := range h.cfg.Outputs {
		out, err := openOutput(h, o)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", o.Name, err)
		}
		a.drivers[output.Kind(o.Name)] = output.NewDriver(out, output.DriverConfig{Now: a.now, Tell: a.tell})
	}
	return a, nil
}

func outputsOf(cfg *config.Edge) (out []output.Config) {
	for _, o := range cfg.Outputs {
		c := output.Config{Kind: output.Kind(o.Name)}
		if o.GPIO != "" {
			c.Pin = &output.Pin{Name: o.GPIO}
		} else {
			c.Coil = &output.Coil{Bus: o.Bus, Slave: o.Slave, Address: *o.Coil}
		}
		out = append(out, c)
	}
	return out
}

func openOutput(h *Hardware, o config.Output) (output.Output, error) {
	kind := output.Kind(o.Name)
	if o.GPIO == "" {
		return output.NewCoil(kind, output.Coil{Bus: o.Bus, Slave: o.Slave, Address: *o.Coil}, h.lines[o.Bus])
	}
	if _, err := host.Init(); err != nil {
		return nil, fmt.Errorf("open this machine's GPIO lines: %w", err)
	}
	line := gpioreg.ByName(o.GPIO)
	if line == nil {
		return nil, fmt.Errorf("this machine has no GPIO line %q", o.GPIO)
	}
	return output.NewPin(kind, output.Pin{Name: o.GPIO}, line)
}

func (a *localAlarm) tell(e output.Event) {
	a.log.Info("output", "output", e.Output, "change", e.Change, "state", fmt.Sprintf("%+v", e.State))
}

// see takes a reading into account. A reading without a value freezes its
// cause: missing data neither raises nor ends an alarm.
func (a *localAlarm) see(r sensors.Reading) {
	cause, presence, ok := a.meaning(r)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alarm.Observe(r.Time, cause, presence)
}

func (a *localAlarm) meaning(r sensors.Reading) (output.Cause, output.Presence, bool) {
	q := a.quantities[r.Point]
	v, measured := r.Value()
	presence := output.Unknown
	if q == sensors.Mains {
		if measured {
			presence = presentIf(v == 0)
		}
		return output.Cause{Trouble: output.MainsLost, Name: string(r.Point)}, presence, true
	}
	l, limited := a.limits[edge.LimitKey{Zone: r.Point.Zone(), Quantity: q}]
	if !limited {
		return output.Cause{}, output.Unknown, false
	}
	if measured {
		presence = presentIf(l.High != nil && v > *l.High || l.Low != nil && v < *l.Low)
	}
	return output.Cause{Trouble: output.Outside, Name: string(r.Point)}, presence, true
}

func presentIf(there bool) output.Presence {
	if there {
		return output.Present
	}
	return output.Absent
}

// Run moves the alarm on and keeps the outputs as they ought to be, until ctx
// ends.
func (a *localAlarm) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, d := range a.drivers {
		wg.Go(func() { d.Run(ctx) })
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		a.mu.Lock()
		a.last = a.alarm.Advance(a.now())
		want := a.last
		a.mu.Unlock()
		for kind, d := range a.drivers {
			d.Want(kind == output.Siren && want.Siren || kind == output.Beacon && want.Beacon)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	wg.Wait()
}

// siren is what the site's page may silence; nil without one, so that the page
// offers no button for a sound that nothing makes.
func (a *localAlarm) siren() page.Siren {
	if a.drivers[output.Siren] == nil {
		return nil
	}
	return a
}

// Active reports whether the siren sounds or ought to.
func (a *localAlarm) Active() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last.Siren
}

// Acknowledge silences the siren for what is wrong now; the beacon shines on.
func (a *localAlarm) Acknowledge(at time.Time, by string) {
	a.mu.Lock()
	n := a.alarm.Acknowledge(at)
	a.last = a.alarm.Advance(at)
	a.mu.Unlock()
	a.log.Info("siren silenced", "causes", n, "by", by)
}
