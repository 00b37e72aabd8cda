package demo

import (
	"time"

	"coldchain/gateway/config"
	"coldchain/sensors"
	"coldchain/sensors/sim"
)

// Story is the one thing that goes wrong.
type Story struct {
	Name    string // "default" or "winter"
	Zone    string // the room that will alarm
	Point   sensors.PointID
	Limit   float64   // °C
	FaultAt time.Time // when the machine failed or the mains were cut
	Crosses time.Time // about when the limit is crossed
	Text    config.Label
}

// The limit is crossed this long after the start. A second of the fault's time
// moves the crossing by several, so it is met within a few seconds; a
// demonstration starts even when it is not.
const (
	crossAfter  = 30 * time.Second
	crossWithin = 15 * time.Second
)

// tell adds the season's story to the plan. When exactly the fault happened is
// worked out from the physics, so that the limit is crossed soon after the
// start at whatever time of day that is.
func tell(p *sim.Plan) (Story, error) {
	s := Story{
		Name: "default", Zone: "balagong/mutton-1", Limit: -17,
		Text: label("巴拉贡镇羊肉库压缩机停机", "The compressor of Balagong's mutton store has failed"),
	}
	ask := sim.Crossing{Fault: sim.Fault{Kind: sim.CompressorFailure, Zone: s.Zone}}
	if p.Season == sim.Winter {
		s = Story{
			Name: "winter", Zone: "jirigalangtu/potato-1", Limit: 2,
			Text: label("吉日嘎朗图镇停电，土豆库降温", "Mains cut at Jirigalangtu: the potato store is getting too cold"),
		}
		ask = sim.Crossing{Fault: sim.Fault{Kind: sim.MainsCut, Site: "jirigalangtu"}, Low: true}
	}
	s.Point = sensors.PointID(s.Zone + "/air")
	s.Crosses = p.Start.Add(crossAfter)
	// Nobody enters the room in these hours: an opened door would hide the slow
	// warming that the story is about.
	p.Faults = append(p.Faults, sim.Fault{Kind: sim.DoorShut, Zone: s.Zone, At: sim.After(-8 * time.Hour), Until: sim.After(30 * time.Minute)})

	ask.Zone, ask.Device = s.Zone, s.Point.Zone()[len(s.Point.Site())+1:]+"-controller"
	ask.Limit, ask.At, ask.Tolerance = s.Limit, s.Crosses, crossWithin
	at, err := sim.FaultTime(*p, ask)
	if err != nil {
		return Story{}, err
	}
	s.FaultAt = at
	ask.Fault.At = sim.On(at)
	p.Faults = append(p.Faults, ask.Fault)
	return s, nil
}
