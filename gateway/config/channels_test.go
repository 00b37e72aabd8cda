package config

import (
	"slices"
	"testing"

	"coldchain/sensors/hdc302x"
)

// TestDriversHaveTheirChannels holds the list here against the driver itself.
func TestDriversHaveTheirChannels(t *testing.T) {
	want := []string{hdc302x.ChannelHumidity, hdc302x.ChannelTemperature}
	if got := drivers()["hdc302x"].names(); !slices.Equal(got, want) {
		t.Errorf("got %v, the driver has %v", got, want)
	}
}

// TestCatalogKnowsTheProfiles: a build without its profiles would refuse every
// Modbus device.
func TestCatalogKnowsTheProfiles(t *testing.T) {
	if c := newCatalog(); c.profiles["xy-md02"]["temperature"] != "temperature" || len(c.profiles) < 5 {
		t.Errorf("got %v", c.profiles)
	}
}
