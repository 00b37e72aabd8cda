package county

import (
	"maps"
	"reflect"
	"testing"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// TestAllIsWellOnlyWhereDataIsThere: a site is well when every point of its rooms
// has a value and nothing is amiss with what brings it; the machine room does
// not count, and a site without rooms is not in the message.
func TestAllIsWellOnlyWhereDataIsThere(t *testing.T) {
	rooms := []config.Zone{{ID: "room", Kind: "chilled", Points: map[string]string{"air": "temperature", "door": "switch"}},
		{ID: "plant", Kind: config.Technical, Points: map[string]string{"mains": "switch"}}}
	cfg := &config.County{Sites: []config.Site{{ID: "well", Gateway: "g1", Zones: rooms}, {ID: "village", Gateway: "g2"}, {ID: "logger", Zones: rooms}}}
	usual := map[sensors.PointID]web.PointStatus{"well/room/air": web.PointOK, "well/room/door": web.PointOut, "logger/room/air": web.PointOK, "logger/room/door": web.PointOK}
	g := func(change func(*collector.GatewayState)) []collector.GatewayState {
		x := collector.GatewayState{Status: wire.Status{Gateway: "g1", Site: "well", Online: true, Undelivered: 19}}
		change(&x)
		return []collector.GatewayState{x}
	}
	nothing := func(*collector.GatewayState) {}
	for name, c := range map[string]struct {
		gateways []collector.GatewayState
		missing  time.Duration
		points   map[sensors.PointID]web.PointStatus
		fresh    bool
		problems []string
	}{
		"all is well":           {g(nothing), 0, nil, true, nil},
		"a short gap":           {g(nothing), 4 * time.Minute, nil, true, nil},
		"a point is silent":     {g(nothing), 0, map[sensors.PointID]web.PointStatus{"well/room/air": web.PointUnknown}, false, []string{"silent:1"}},
		"a probe is broken":     {g(nothing), 0, map[sensors.PointID]web.PointStatus{"well/room/air": web.PointFault, "well/room/door": web.PointUnknown}, false, []string{"silent:1", "fault:1"}},
		"the plant is silent":   {g(nothing), 0, map[sensors.PointID]web.PointStatus{"well/plant/mains": web.PointUnknown}, true, nil},
		"the gateway is gone":   {g(func(x *collector.GatewayState) { x.Online = false }), 0, nil, true, []string{"offline"}},
		"never heard of":        {nil, 0, nil, true, []string{"offline"}},
		"a gap":                 {g(nothing), 40 * time.Minute, nil, true, []string{"gap:40"}},
		"a backlog":             {g(func(x *collector.GatewayState) { x.Undelivered = 1200 }), 0, nil, true, []string{"backlog:1200"}},
		"devices":               {g(func(x *collector.GatewayState) { x.Faults = []string{"a", "b"} }), 0, nil, true, []string{"device:2"}},
		"no clock, and a fault": {g(func(x *collector.GatewayState) { x.Held, x.Faults = 5, []string{"a"} }), 0, nil, true, []string{"device:1", "clock"}},
	} {
		status := maps.Clone(usual)
		maps.Copy(status, c.points)
		got := storesOf(cfg, c.gateways, map[string]time.Duration{"well": c.missing}, func(p sensors.PointID) web.PointStatus { return status[p] }, func(string) bool { return false })
		want := []duty.Store{{Site: "well", Fresh: c.fresh, Problems: c.problems}, {Site: "logger", Fresh: true}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// TestWhatIsMissingTwiceCountsOnce: two points over the same minutes, a gap that
// began before yesterday, one that goes on.
func TestWhatIsMissingTwiceCountsOnce(t *testing.T) {
	now := time.Now()
	gap := func(site string, from, to time.Duration) state.JournalEntry {
		return state.JournalEntry{Site: site, Record: wire.Record{Kind: wire.GapRecord, Gap: wire.Gap{From: now.Add(-from), To: now.Add(-to)}}}
	}
	got := lengths([]state.JournalEntry{gap("a", time.Hour, 30*time.Minute), gap("a", 50*time.Minute, 20*time.Minute), gap("a", 45*time.Minute, 40*time.Minute),
		gap("b", 30*time.Hour, 23*time.Hour), gap("c", time.Hour, -time.Hour), gap("d", 30*time.Hour, 29*time.Hour)}, now.Add(-24*time.Hour), now)
	want := map[string]time.Duration{"a": 40 * time.Minute, "b": time.Hour, "c": time.Hour}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
