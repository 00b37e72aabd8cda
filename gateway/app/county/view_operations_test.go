package county

import (
	"testing"
	"time"

	"coldchain/gateway/collector"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func TestAGatewaysReportTellsItsSkewAsTheClocksOwn(t *testing.T) {
	at := time.UnixMilli(1_795_000_000_000)
	g := collector.GatewayState{Status: wire.Status{Gateway: "g", Site: "s", Online: true, At: at, Oldest: 90, Next: 100, Kept: 70, Held: 3, Alarm: true},
		Received: at, Skew: -90 * time.Second, SkewKnown: true,
		Shown: []collector.Shown{{Reading: sensors.NewGood("s/z/air", at, -3), Outside: true}}}
	r := gatewayReport(g)
	if r.SkewS == nil || *r.SkewS != 90 {
		t.Errorf("skew %v; want 90 s ahead: its records come before they can have been made", r.SkewS)
	}
	if r.Depth == nil || *r.Depth != 70 {
		t.Errorf("depth %v; want all that the journal keeps, not what is undelivered", r.Depth)
	}
	if r.Held != 3 || !r.Alarm || len(r.Provisional) != 1 || !r.Provisional[0].Outside {
		t.Errorf("report %+v; want what the gateway holds", r.Gateway)
	}
	g.SkewKnown = false
	if r := gatewayReport(g); r.SkewS != nil {
		t.Errorf("skew %v though nothing live has come", *r.SkewS)
	}
}
