package edge

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio/gpioreg"
	host "periph.io/x/host/v3"

	"coldchain/alerting"
	"coldchain/gateway/config"
	"coldchain/gateway/edge"
	"coldchain/gateway/edge/alarms"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
	"coldchain/sensors"
	"coldchain/sensors/output"
)

// localAlarm drives the site's siren and beacon by what the site's own judge
// says, with or without the county. Nothing else can be switched.
type localAlarm struct {
	judge   *alarms.Judge
	drivers map[output.Kind]*output.Driver
	now     func() time.Time
	log     *slog.Logger
	hurry   chan struct{} // something is to be written down now: a second later it could happen twice
}

func newLocalAlarm(h *Hardware) (*localAlarm, error) {
	a := &localAlarm{drivers: map[output.Kind]*output.Driver{}, now: h.clock.Now, log: h.log, hurry: make(chan struct{}, 1)}
	var err error
	if a.judge, err = alarms.New(judgeOptions(h)); err != nil {
		return nil, err
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

// judgeOptions say what the site measures and, until the county says otherwise,
// by what it judges: the limits of its file and those of switches.
func judgeOptions(h *Hardware) alarms.Options {
	o := alarms.Options{Site: h.cfg.Site, Zones: h.cfg.EngineZones(), SilentAfter: config.DefaultSilentAfter,
		File: filepath.Join(h.cfg.Data, "alarms.state"), Telling: telling(h.cfg), Logger: h.log}
	moves := false
	for _, d := range h.Devices {
		for _, p := range d.Sensor.Points() {
			o.Points = append(o.Points, alarms.Point{Point: p, Bus: d.Bus, Device: d.Name, Period: d.Interval})
			moves = moves || p.Quantity == sensors.Latitude
		}
		o.SilentAfter = max(o.SilentAfter, 3*d.Interval)
	}
	if moves { // what knows where it is drives
		o.SilentAfter = max(o.SilentAfter, config.DefaultTruckSilentAfter)
		o.Box = boxOf(o.Points)
	}
	for _, p := range o.Points {
		if lines := alerting.SwitchLimits(p.Quantity, moves); len(lines) > 0 {
			o.Zones = append(o.Zones, alerting.Zone{ID: p.ID.Zone(), Limits: map[sensors.Quantity][]alerting.Limit{p.Quantity: lines}})
		}
	}
	return o
}

// boxOf is the box of a truck: the one zone whose temperature is measured. A truck
// with several, or none, has no box that is followed: its limits hold always.
func boxOf(points []alarms.Point) string {
	box := ""
	for _, p := range points {
		switch zone := p.ID.Zone(); {
		case p.Quantity != sensors.Temperature || zone == box:
		case box != "":
			return ""
		default:
			box = zone
		}
	}
	return box
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

// Run moves the alarms on and keeps the outputs as they ought to be, until ctx
// ends. moment is a record of now; reached says whether the broker can be.
func (a *localAlarm) Run(ctx context.Context, moment func() wire.Record, reached func() bool) {
	var wg sync.WaitGroup
	for _, d := range a.drivers {
		wg.Go(func() { d.Run(ctx) })
	}
	wg.Go(func() { a.remember(ctx) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		a.judge.Advance(moment())
		a.judge.Reach(reached())
		siren, beacon := a.judge.Outputs()
		for kind, d := range a.drivers {
			d.Want(kind == output.Siren && siren || kind == output.Beacon && beacon)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	wg.Wait()
}

// remember writes down what a restart must not forget. It has a goroutine of its
// own: a disk that hangs must not hold up the siren.
func (a *localAlarm) remember(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	failing := false
	for {
		ended := ctx.Err() != nil
		err := a.judge.Save(ended)
		if err != nil && !failing { // once, not every second of a weekend
			a.log.Error("a restart would forget alarms of this site; trying again", "error", err)
		}
		failing = err != nil
		if ended {
			return
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-a.hurry:
		}
	}
}

// keep has what has just happened written down without waiting for it.
func (a *localAlarm) keep() {
	select {
	case a.hurry <- struct{}{}:
	default:
	}
}

// siren is what the site's page may silence; nil without one, so that the page
// offers no button for a sound that nothing makes.
func (a *localAlarm) siren() page.Siren {
	if a.drivers[output.Siren] == nil {
		return nil
	}
	return a.judge
}

// cab is what takes the driver's word; nil where the site is no truck.
func (a *localAlarm) cab() page.Cab {
	if !a.judge.IsTruck() {
		return nil
	}
	return a.judge
}

var _ edge.Judge = (*alarms.Judge)(nil)
