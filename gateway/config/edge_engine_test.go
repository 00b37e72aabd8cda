package config

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// What an edge's file says of limits is what the site's engine judges by.
func TestTheLimitsOfAnEdgeFile(t *testing.T) {
	high, low, hysteresis := 4.0, -1.0, 0.8
	e := Edge{Site: "balagong", Limits: []EdgeLimits{
		{Zone: "mutton", Quantity: "temperature", High: &high, Low: &low, Hysteresis: &hysteresis,
			Lines: []Limit{{Side: "high", Level: "excursion", Value: 7, Delay: 10 * time.Minute}}},
		{Zone: "mutton", Quantity: "humidity", Low: &high},
	}}
	zones := e.EngineZones()
	if len(zones) != 2 || zones[0].ID != "balagong/mutton" || zones[0].Hysteresis[sensors.Temperature] != 0.8 || zones[1].Hysteresis[sensors.Humidity] != DefaultHumidityMargin {
		t.Fatalf("%+v", zones)
	}
	want := []alerting.Limit{
		{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: 15 * time.Minute},
		{Side: alerting.Low, Level: alerting.Warning, Value: -1, Delay: 15 * time.Minute},
		{Side: alerting.High, Level: alerting.Excursion, Value: 7, Delay: 10 * time.Minute},
	}
	for i, l := range zones[0].Limits[sensors.Temperature] {
		if l != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, l, want[i])
		}
	}
}
