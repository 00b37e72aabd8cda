package demo

import (
	"testing"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/config"
	"coldchain/sensors/sim"
)

// The trucks' day makes trips that carried something; the one that stands idle
// makes none.
func TestTrucksMakeTrips(t *testing.T) {
	start := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	c, err := Build(Options{Seed: 1, Start: start, Season: sim.Autumn, Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var places []trip.Place
	for _, s := range c.Config.Sites {
		if s.Kind != config.Truck {
			places = append(places, trip.Place{ID: s.ID, Latitude: *s.Latitude, Longitude: *s.Longitude, Radius: s.Radius})
		}
	}
	for _, s := range c.Config.Sites {
		if s.Kind != config.Truck {
			continue
		}
		f := trip.Facts{Until: start, Door: true, Places: places, Home: s.Home}
		for at := start.Add(-Past); at.Before(start); at = at.Add(time.Minute) {
			lat, lon, _, _ := c.Sim.Position(s.ID, at)
			f.Fixes = append(f.Fixes, trip.Fix{At: at, Latitude: lat, Longitude: lon})
		}
		for _, k := range c.Custody {
			if k.Zone == s.ID+"/box" {
				f.Aboard = append(f.Aboard, trip.Aboard{Batch: k.Batch, From: k.From, To: k.To})
			}
		}
		trips, carried := trip.Trips(f), 0
		for _, x := range trips {
			t.Logf("%s %s – %s: %d stops, %d batches", s.ID, x.From.Format("15:04"), x.To.Format("15:04"), len(x.Stops), len(x.Cargo))
			carried += len(x.Cargo)
			for _, stop := range x.Stops {
				if stop.Place == "" && s.ID != "truck-3" { // which goes to a town beyond the county
					t.Errorf("%s stops at no place: %+v", s.ID, stop)
				}
			}
		}
		if idle := s.ID == idleTruck; idle && len(trips) > 0 || !idle && (len(trips) < 2 || carried == 0) {
			t.Errorf("%s: %d trips with %d batches", s.ID, len(trips), carried)
		}
	}
}
