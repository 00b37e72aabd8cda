package demo

import (
	"fmt"
	"time"
)

// StoryTemperature is what the probe of the story's room shows at a time, °C.
func (c *County) StoryTemperature(at time.Time) (float64, error) {
	site := c.Story.Point.Site()
	edge, _ := c.edge(site) // the story plays at a site of the county
	for _, d := range edge.Devices {
		if _, ok := d.Points[c.Story.Point.Name()]; !ok || site+"/"+d.Zone != c.Story.Point.Zone() {
			continue
		}
		m, err := c.Sim.Measure(site, d.Slave, at)
		return m.Temperature, err
	}
	return 0, fmt.Errorf("demo: no device measures %s", c.Story.Point)
}
