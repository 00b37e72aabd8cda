package edge

import (
	"context"
	"fmt"
	"sync"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/calibration"
	"coldchain/sensors/plausible"
)

// screened is a device whose readings pass the site's doubts before anybody
// sees them: driver, calibration, plausibility; then the agent's: times, local alarm,
// journal.
type screened struct {
	sensors.Sensor
	screen *screen
}

// Read implements sensors.Sensor.
func (s screened) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	readings := s.Sensor.Read(ctx, due)
	s.screen.look(readings)
	return readings
}

// screen is shared by all lines of a site: siblings are compared across them.
type screen struct {
	calibrations *calibration.Book

	mu      sync.Mutex
	checker *plausible.Checker
}

// newScreen expects of every configured point what its quantity's defaults are.
// A probe whose point is named core or product sits in goods, where standing
// still is normal.
func newScreen(h *Hardware) (*screen, error) {
	var cfg plausible.Config
	for _, d := range h.Devices {
		for _, p := range d.Sensor.Points() {
			name := p.ID.Name()
			cfg.Points = append(cfg.Points, plausible.Point{Point: p, Device: d.Name, Bus: d.Bus, Product: name == "core" || name == "product"})
		}
	}
	checker, err := plausible.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("plausibility: %w", err)
	}
	s := &screen{calibrations: &calibration.Book{}, checker: checker}
	if h.cfg.Calibration != "" {
		if s.calibrations, err = calibration.Load(h.cfg.Calibration); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// until is when the calibration of a point ends.
func (s *screen) until(p sensors.PointID, now time.Time) (time.Time, bool) {
	e, _, ok := s.calibrations.At(p, now)
	return e.Until, ok
}

func (s *screen) look(readings []sensors.Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range readings {
		readings[i] = s.checker.Observe(s.calibrations.Apply(r))
	}
}
