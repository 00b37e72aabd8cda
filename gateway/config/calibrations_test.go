package config

import (
	"strings"
	"testing"
	"time"
)

func TestCalibrations(t *testing.T) {
	sites := []Site{{ID: "centre", Zones: []Zone{{ID: "mutton", Points: map[string]string{"air": "temperature"}}}}}
	good := Calibration{Point: "centre/mutton/air", Certificate: "RZ-1", From: "2026-03-01", Until: "2027-02-28"}
	with := func(change func(*Calibration)) Calibration { c := good; change(&c); return c }
	for _, c := range []struct {
		x    Calibration
		want string
	}{
		{good, ""},
		{with(func(c *Calibration) { c.Point = "centre/mutton/core" }), "calibrations[0].point"},
		{with(func(c *Calibration) { c.Certificate = "" }), "calibrations[0].certificate"},
		{with(func(c *Calibration) { c.From = "1.3.2026" }), "are no days in order"},
		{with(func(c *Calibration) { c.Until = "2026-02-27" }), "are no days in order"},
	} {
		r := &report{}
		(&County{Sites: sites, Calibrations: []Calibration{c.x}}).checkCalibrations(r)
		var said []string
		for _, p := range r.problems {
			said = append(said, p.String())
		}
		if text := strings.Join(said, "; "); (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%+v: %q, want %q", c.x, text, c.want)
		}
	}
	if from, until, err := good.Day(time.UTC); err != nil || from.Day() != 1 || until.Format(time.DateOnly) != "2027-03-01" {
		t.Errorf("%s %s %v", from, until, err)
	}
}
