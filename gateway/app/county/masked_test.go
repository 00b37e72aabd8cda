package county

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
)

// TestARoomsAlarmsSayForHowLongTheyWereHeldBack: in the list that its page asks
// for, as each alarm by itself.
func TestARoomsAlarmsSayForHowLongTheyWereHeldBack(t *testing.T) {
	c := run(t, settings(t, config.Influx{}))
	start := time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)
	for i, masked := range []time.Duration{25 * time.Minute, 0} {
		at := start.Add(time.Duration(i) * time.Minute)
		rule := []alerting.RuleName{alerting.HighLimit, alerting.LowLimit}[i]
		a := alerting.Alarm{ID: alerting.AlarmID(rule, "balagong/mutton/air", at), Rule: rule, Object: "balagong/mutton/air", Zone: "balagong/mutton", Level: alerting.Excursion, Class: alerting.Live,
			State: alerting.Unacknowledged, Start: at, Raised: at, LastSeen: at, Limit: -15, Peak: -9, LastValue: -9, HasValue: true, Masked: masked}
		if _, err := c.app.State().Apply(t.Context(), state.Actor{Kind: state.System, ID: "engine"}, []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: at}}); err != nil {
			t.Fatal(err)
		}
	}
	_, answer := c.get("/api/v1/alarms?state=all&zone=balagong/mutton")
	got := map[string]any{}
	for _, a := range answer["alarms"].([]any) {
		a := a.(map[string]any)
		got[a["rule"].(string)] = a["masked_s"]
		_, one := c.get("/api/v1/alarms/" + a["id"].(string))
		if whole := one["alarm"].(map[string]any)["masked_s"]; whole != a["masked_s"] {
			t.Errorf("%v by itself says %v, in the list %v", a["rule"], whole, a["masked_s"])
		}
	}
	if got["high-limit"] != 1500.0 || got["low-limit"] != nil || len(got) != 2 {
		t.Errorf("%v", got)
	}
}
