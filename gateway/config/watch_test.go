package config

import (
	"reflect"
	"testing"
	"time"

	"coldchain/alerting/watch"
	"coldchain/sensors"
)

// TestWatchZones: a zone's own rules come before its kind's, and these before
// the defaults; what is off is off; the weather is nobody's air.
func TestWatchZones(t *testing.T) {
	c, err := LoadCounty("testdata/watch-good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	zones := c.WatchZones()
	chilling, frozen := watch.DefaultRules("chilling"), watch.DefaultRules("frozen")
	chilling.PullDown = &watch.PullDown{Target: 4, Within: 12 * time.Hour}
	chilling.Compressor.Silent = 45 * time.Minute
	frozen.RateOfRise, frozen.Condensation = nil, nil
	frozen.PullDown = &watch.PullDown{Target: -18, Within: 48 * time.Hour}
	want := []watch.Zone{
		{ID: "balagong/hang", Product: "balagong/hang/core", Rules: chilling, Points: []sensors.Point{
			{ID: "balagong/hang/air", Quantity: "temperature"}, {ID: "balagong/hang/core", Quantity: "temperature"}, {ID: "balagong/hang/door", Quantity: "door"},
		}},
		{ID: "balagong/frozen", Rules: frozen, Points: []sensors.Point{
			{ID: "balagong/frozen/air", Quantity: "temperature"}, {ID: "balagong/frozen/compressor", Quantity: "compressor"},
		}},
		{ID: "balagong/yard"},
	}
	if !reflect.DeepEqual(zones, want) {
		t.Errorf("got\n%+v\nwant\n%+v", zones, want)
	}
	if _, err := watch.New(watch.Config{Zones: zones}); err != nil {
		t.Errorf("what is configured cannot be watched: %v", err)
	}
	if c.Watch["frozen"].RateOfRise == nil || *watch.DefaultRules("frozen").RateOfRise != (watch.RateOfRise{Rise: 5, Within: 20 * time.Minute}) {
		t.Error("resolving changes what it is made from")
	}
}

// TestEveryKindOfZoneCanBeWatched by its defaults.
func TestEveryKindOfZoneCanBeWatched(t *testing.T) {
	for _, kind := range zoneKinds {
		if err := watch.DefaultRules(string(kind)).Check(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if has, rooms := watch.DefaultRules(string(kind)) != (watch.Rules{}), kind != Technical && kind != FrozenBox && kind != ChilledBox; has != rooms {
			t.Errorf("%s: has rules: %v", kind, has)
		}
	}
}
