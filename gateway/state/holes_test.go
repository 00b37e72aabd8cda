package state

import (
	"reflect"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/gateway/wire"
)

func TestWhyThereAreNoReadings(t *testing.T) {
	c := open(t)
	c.load(t)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	gap := func(seq uint64, site, scope, cause string, from, to int) JournalEntry {
		return JournalEntry{Site: site, Gateway: "gw", Epoch: 1, Record: wire.Record{Seq: seq, Kind: wire.GapRecord, Boot: "b",
			Gap: wire.Gap{Scope: scope, From: minute(from), To: minute(to), Cause: cause}}}
	}
	silence := func(rule alerting.RuleName, object, zone string, from, to int) alerting.Transition {
		a := alerting.Alarm{ID: alerting.AlarmID(rule, object, minute(from)), Rule: rule, Object: object, Zone: zone, Level: alerting.Warning, Class: alerting.Live,
			State: alerting.Unacknowledged, Start: minute(from), Raised: minute(from), LastSeen: minute(to)}
		return alerting.Transition{Change: alerting.Raised, Alarm: a, At: a.Raised}
	}
	over := func(tr alerting.Transition, at int) alerting.Transition {
		tr.Change, tr.Alarm.Returned, tr.Alarm.State, tr.At = alerting.Returned, minute(at), alerting.ReturnedUnacknowledged, minute(at)
		return tr
	}
	site := silence(alerting.SiteSilent, "balagong", "", 0, 60)
	point := silence(alerting.Silence, room+"/air", room, 80, 90)
	point.Alarm.Reason = "timeout"
	must(t, c.Commit(t.Context(), Commit{Generation: "store-1", Entries: []JournalEntry{
		gap(1, "balagong", "balagong-gw", "restart", 10, 20),
		gap(2, "balagong", room+"/air", "sensor-fault", 100, 110),
		gap(3, "balagong", room+"/other", "sensor-fault", 0, 200),
		gap(4, "elsewhere", "gw", "restart", 0, 200),
	}}))
	c.apply(t, site, over(site, 60), point, silence(alerting.Silence, room+"/other", room, 0, 0))
	got, err := c.Holes(t.Context(), room+"/air", minute(5), minute(105))
	must(t, err)
	want := []exposure.Hole{
		{From: minute(5), To: minute(10), Cause: CauseGatewaySilent}, {From: minute(10), To: minute(20), Cause: "restart"}, {From: minute(20), To: minute(60), Cause: CauseGatewaySilent},
		{From: minute(80), To: minute(100), Cause: "timeout"}, {From: minute(100), To: minute(105), Cause: "sensor-fault"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
